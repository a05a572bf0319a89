/* SPDX-License-Identifier: MIT */
/* The plain scanner is held against libyaml: the same events at the same places, or no events. */
#include "text.h"
#include "text_inside.h"

#include "mutants.h"

#include <dirent.h>

/* ---- one text through both ---- */

static np_text *open_text(const char *p, size_t n, uint32_t flags, netpol_diagnostics *diags)
{
    netpol_options o;
    np_text *t = NULL;
    assert_true(np_options_read(NULL, &o));
    o.flags = flags;
    assert_int_equal(np_text_open(&t, &o, "in", p, n, diags), NETPOL_OK);
    return t;
}

static bool same_event(const np_event *a, const np_event *b)
{
    return a->type == b->type && a->style == b->style && a->json == b->json && a->flow == b->flow &&
           a->merged == b->merged && a->line == b->line && a->column == b->column &&
           np_slice_equal(a->value, b->value) && np_slice_equal(a->tag, b->tag);
}

static void show_event(char *out, size_t room, const np_event *e)
{
    (void)snprintf(out, room, "type %u style %u flow %d at %u:%u \"%.*s\"", e->type, e->style,
                   e->flow, e->line, e->column, (int)(e->value.n < 60 ? e->value.n : 60),
                   e->value.p ? e->value.p : "");
}

/* NULL, or how the two differ (in a static buffer). */
static const char *difference_of_events(np_text *a, np_text *b)
{
    static char why[512];
    char shown[2][200];
    for (;;) {
        const np_event *x = np_text_peek(a), *y = np_text_peek(b);
        if (!same_event(x, y)) {
            show_event(shown[0], sizeof shown[0], x);
            show_event(shown[1], sizeof shown[1], y);
            (void)snprintf(why, sizeof why, "%s, libyaml: %s", shown[0], shown[1]);
            return why;
        }
        if (x->type >= NP_EVENT_END)
            return np_text_status(a) == np_text_status(b) ? NULL : "the statuses differ";
        np_text_take(a);
        np_text_take(b);
    }
}

static const char *difference_of_texts(np_text *a, np_text *b)
{
    for (;;) {
        np_document x = {0}, y = {0};
        netpol_status s = np_text_next(a, &x);
        if (s != np_text_next(b, &y))
            return "the statuses of the documents differ";
        if (s != NETPOL_OK && s != NETPOL_INVALID)
            return NULL;
        if (x.index != y.index || x.line != y.line || !np_slice_equal(x.text, y.text))
            return "the documents differ";
        const char *why = difference_of_events(a, b);
        if (why)
            return why;
    }
}

static const char *difference_of_diagnostics(const netpol_diagnostics *a,
                                             const netpol_diagnostics *b)
{
    size_t n = netpol_diagnostics_count(a);
    if (n != netpol_diagnostics_count(b))
        return "the numbers of diagnostics differ";
    for (size_t i = 0; i < n; i++) {
        const netpol_diagnostic *x = netpol_diagnostics_at(a, i), *y = netpol_diagnostics_at(b, i);
        if (x->code != y->code || x->line != y->line || x->column != y->column ||
            strcmp(x->message, y->message) != 0)
            return "the diagnostics differ";
    }
    return NULL;
}

/* *taken: documents that the plain scanner read. */
static const char *difference(const char *p, size_t n, uint32_t flags, uint32_t *taken)
{
    netpol_diagnostics *said[2] = {netpol_diagnostics_new(NULL), netpol_diagnostics_new(NULL)};
    np_text *a = open_text(p, n, flags, said[0]);
    np_text *b = open_text(p, n, flags | NETPOL_ONLY_LIBYAML, said[1]);
    const char *why = difference_of_texts(a, b);
    if (!why)
        why = difference_of_diagnostics(said[0], said[1]);
    *taken = a->plain_documents;
    assert_int_equal(b->plain_documents, 0);
    np_text_close(a);
    np_text_close(b);
    netpol_diagnostics_free(said[0]);
    netpol_diagnostics_free(said[1]);
    return why;
}

/* Whether the scanner takes the first document. */
static bool is_taken(const char *p, size_t n)
{
    np_text *t = open_text(p, n, 0, NULL);
    bool taken = np_cut_next(t) == NETPOL_OK && !t->piece.json && np_plain_start(t);
    np_text_close(t);
    return taken;
}

/* ---- tables ---- */

typedef struct plain_case {
    const char *why;
    const char *text;
} plain_case;

static const plain_case taken_texts[] = {
    {"maps in maps", "a:\n  b: c\n  d:\n    e: f\ng: h\n"},
    {"a list deeper than its key", "a:\n  - b\n  - c\nd: e\n"},
    {"a list right below its key", "a:\n- b\n- c\nd: e\n"},
    {"a list right below its key, in a list", "- a:\n  - b\n  c: d\n- e\n"},
    {"a key without a value before the list around it goes on", "- a:\n- b\n"},
    {"lists in lists", "- - a\n  - - b\n    - c\n- d\n"},
    {"maps in lists", "- a: b\n  c: d\n-   e: f\n    g: h\n"},
    {"dashes alone", "-\n  a: b\n-\n  - c\n-\n-\n"},
    {"keys alone", "a:\nb:\n  c:\nd:\n"},
    {"a key and dashes alone at the end", "- a:\n  - b:\n    -\n"},
    {"values on the line after their keys", "a:\n  b\nc:\n  'd'\ne:\n  {}\n"},
    {"values on the line after their dashes", "-\n  b\n-\n  [c]\n"},
    {"an indented root", "  a: b\n  c: d\n"},
    {"quotes", "a: 'b c'\n'd': \"e: # f\"\n\"\": ''\n"},
    {"a backslash in single quotes", "a: 'b\\c'\n"},
    {"quotes inside a plain value", "a: b\"c'd\n"},
    {"signs inside a plain value", "a: b:c#d[e]{f},g&*!|>%@`?-\n"},
    {"signs that begin one", "a: -b\nc: --- d\ne: /f\ng: ~\nh: .i\nj: (k)\nl: =\n"},
    {"blanks inside and after it", "a: b  c   \nd e: f\n"},
    {"comments", "# a\na: b # c\n  # d\nc: # e\n  d: 'e' # f\n# \tg\n"},
    {"a comment between a key and its value", "a:\n# b\n  c: d\n"},
    {"blank lines", "\n  \na:\n\n  b: c\n   \n\nd: e\n\n"},
    {"carriage returns", "a: b\r\nc:\r\n- d\r\n- 'e' # f\r\n\r\ng: {}\r\n"},
    {"no line feed at the end", "a:\n  b: c"},
    {"a single line without a line feed", "a: b"},
    {"a comment at the end without one", "a: b\n# c"},
    {"a carriage return at the end", "a: b\r"},
    {"brackets", "a: []\nb: {}\nc: [d, e]\nf: {g: h, \"i\": 'j'}\nk: [{l: [m,n]}, {} ]\n"},
    {"brackets in lists", "- {}\n- [ ]\n- {a: {b: c}} # d\n"},
    {"separators", "---\na: b\n--- # c\nd: e\n---\nf: g\n"},
    {"characters of several bytes in front of others", "äö: b\n'ü': {\"€\": d, e: f}\n"},
    {"characters of several bytes in comments", "# \xe2\x86\x92 \xf0\x9f\x98\x80\na: b\n"},
    {"a merge key that is none, in quotes", "\"<<\": b\n"},
};

static void the_plain_subset_is_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(taken_texts); i++) {
        const plain_case *c = &taken_texts[i];
        uint32_t taken = 0;
        const char *why = difference(c->text, strlen(c->text), 0, &taken);
        if (why)
            fail_msg("%s: %s", c->why, why);
        if (!taken)
            fail_msg("%s: given up", c->why);
    }
}

static const plain_case other_texts[] = {
    {"an anchor", "a: &b c\n"},
    {"an alias", "a: *b\n"},
    {"a tag", "a: !!str b\n"},
    {"a merge key", "<<: {a: b}\n"},
    {"literal text", "a: |\n  b\n"},
    {"folded text", "a: >\n  b\n"},
    {"a value on two lines", "a: b\n  c\n"},
    {"a value on two lines with a dash", "a: b\n  - c\n"},
    {"a value on two lines with a blank one between", "a:\n  b\n\n  c\n"},
    {"quotes over two lines", "a: 'b\n  c'\n"},
    {"brackets over two lines", "a: [b,\n  c]\n"},
    {"an escape", "a: \"\\n\"\n"},
    {"a quote in quotes", "a: 'b''c'\n"},
    {"something after quotes", "a: 'b' c\n"},
    {"a comment right after quotes", "a: 'b'#c\n"},
    {"a comment right after brackets", "a: []#c\n"},
    {"a directive", "%YAML 1.1\na: b\n"},
    {"an end of the document", "a: b\n...\n"},
    {"a question mark as key", "? a\n: b\n"},
    {"a tab before a value", "a:\tb\n"},
    {"a tab as indentation", "a:\n\tb: c\n"},
    {"a tab in a value", "a: b\tc\n"},
    {"a lone carriage return", "a: b\rc: d\n"},
    {"an end of line of Unicode", "a: b\xe2\x80\xa8"
                                  "c: d\n"},
    {"an end of line of Unicode in a comment", "a: b # \xc2\x85\n"},
    {"a byte order mark inside", "a: b # \xef\xbb\xbf\n"},
    {"bytes that are no characters", "a: b # \xff\n"},
    {"half a character", "a: b # \xe2\x80\n"},
    {"a control character", "a: b\x01\n"},
    {"a delete character", "a: b # \x7f\n"},
    {"a value that is all of the document", "a\n"},
    {"brackets that are all of the document", "[a]\n"},
    {"nothing", "# a\n"},
    {"a map in a value", "a: b: c\n"},
    {"a list in a value", "a: - b\n"},
    {"a dash as value", "a: -\n"},
    {"a key deeper than the map", "a: b\n  c: d\n"},
    {"a key between two maps", "a:\n    b: c\n  d: e\n"},
    {"a key before the root", "  a: b\nc: d\n"},
    {"a dash in a map", "a: b\n- c\n"},
    {"a key in a list", "- a\nb: c\n"},
    {"a value at the indentation of a map", "a: b\nc\n"},
    {"brackets as key", "a:\n  {b: c}: d\n"},
    {"pairs in a list of brackets", "a: [b: c]\n"},
    {"a comma too many", "a: [b,]\n"},
    {"a key alone in brackets", "a: {b}\n"},
    {"a question mark in brackets", "a: [b?]\n"},
    {"brackets that are not closed", "a: [b\n"},
    {"the wrong bracket", "a: [b}\n"},
    {"a blank before a colon", "a : b\n"},
};

static void anything_else_is_libyaml_s(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(other_texts); i++) {
        const plain_case *c = &other_texts[i];
        uint32_t taken = 0;
        const char *why = difference(c->text, strlen(c->text), 0, &taken);
        if (why)
            fail_msg("%s: %s", c->why, why);
        if (taken)
            fail_msg("%s: taken", c->why);
    }
}

static void a_broken_document_is_libyaml_s_alone(void **state)
{
    (void)state;
    static const char text[] = "a: b\n---\nc: d\n e: f\n---\ng: h\n";
    uint32_t taken = 0;
    assert_null(difference(text, strlen(text), 0, &taken));
    assert_int_equal(taken, 2);
}

/* ---- long documents ---- */

static const struct {
    const char *why;
    const char *before;
    const char *piece;
    size_t times;
    bool taken;
} long_texts[] = {
    {"more events than a window has", "", "- a: b\n  c: [d, e]\n", 3000, true},
    {"a window that ends before a tail", "a:\n", "- b\n", 253, true},
    {"some comments", "a: b\n", "# a comment of twenty-eight\n", 1000, true},
    {"as many comments as libyaml might refuse", "a: b\n", "# a comment of twenty-eight\n", 1200,
     false},
    {"lists as deep as they may be", "", "- ", 63, true},
    {"lists that are deeper", "", "- ", 80, false},
    {"many values in brackets", "a: [b", ", c", 100, false},
    {"a key of a thousand bytes", "", "kkkkkkkkkk", 101, false},
    {"a long value", "a: ", "vvvvvvvvvv", 3000, false},
};

static void long_documents_are_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(long_texts); i++) {
        size_t n;
        char *text =
            test_repeated(long_texts[i].before, long_texts[i].piece, long_texts[i].times, "", &n);
        uint32_t taken = 0;
        const char *why = difference(text, n, 0, &taken);
        if (why)
            fail_msg("%s: %s", long_texts[i].why, why);
        if ((taken > 0) != long_texts[i].taken)
            fail_msg("%s: taken %u", long_texts[i].why, taken);
        free(text);
    }
}

/* Also where a new window begins between the two. */
static void an_event_is_valid_until_the_next_is_taken(void **state)
{
    (void)state;
    size_t n;
    char *text = test_repeated("", "- a: b\n  c: [d, e]\n", 3000, "", &n);
    np_text *t = open_text(text, n, 0, NULL);
    np_document doc;
    assert_int_equal(np_text_next(t, &doc), NETPOL_OK);
    assert_int_equal(t->plain_documents, 1);
    while (np_text_peek(t)->type < NP_EVENT_END) {
        const np_event *before = np_text_peek(t);
        np_event copy = *before;
        np_text_take(t);
        (void)np_text_peek(t);
        assert_true(same_event(before, &copy));
    }
    assert_int_equal(np_text_peek(t)->type, NP_EVENT_END);
    np_text_close(t);
    free(text);
}

/* ---- records ---- */

/* Walks n events on, each held against the one that is to stand there; not beyond the last. */
static void walk(np_text *t, const np_event *expected, size_t *at, size_t n)
{
    for (; n > 0; n--) {
        const np_event *e = np_text_peek(t);
        const np_event *x = &expected[*at];
        if (e->type == NP_EVENT_END && x->type == NP_EVENT_END)
            return;
        if (e->type != x->type || e->line != x->line || e->column != x->column)
            fail_msg("event %zu: type %u at %u:%u", *at, e->type, e->line, e->column);
        np_text_take(t);
        ++*at;
    }
}

static void record_here_and_there(np_text *t, const np_event *expected, np_rand *r)
{
    enum { FAR = 900, RECORDS = 12 };
    size_t at = 0;
    for (int i = 0; i < RECORDS; i++) {
        walk(t, expected, &at, np_rand_below(r, FAR / 4));
        if (np_rand_once_in(r, 2))
            (void)np_text_peek(t);
        size_t from = at;
        np_text_record(t);
        walk(t, expected, &at, np_rand_below(r, np_rand_once_in(r, 2) ? FAR : 8));
        if (np_rand_once_in(r, 4)) {
            np_text_forget(t);
            continue;
        }
        np_text_rewind(t);
        at = from;
    }
    walk(t, expected, &at, SIZE_MAX);
    assert_int_equal(expected[at].type, NP_EVENT_END);
}

/* A record may lie in one window, or go on through several. */
static void records_come_again_wherever_they_begin(void **state)
{
    enum { TIMES = 400, EVENTS = TIMES * 9 + 3 };
    (void)state;
    np_rand r = np_rand_from_env("NETPOL_SEED");
    size_t n;
    np_document doc;
    char *text = test_repeated("", "- a: b\n  c: [d, e]\n", TIMES, "", &n);
    np_event *expected = malloc(EVENTS * sizeof *expected);
    np_text *t = open_text(text, n, NETPOL_ONLY_LIBYAML, NULL);
    assert_int_equal(np_text_next(t, &doc), NETPOL_OK);
    size_t events = 0;
    do
        expected[events++] = *np_text_peek(t);
    while (np_text_take(t), expected[events - 1].type != NP_EVENT_END);
    assert_int_equal(events, EVENTS);
    np_text_close(t);
    for (int round = np_rounds(300); round > 0; round--) {
        t = open_text(text, n, 0, NULL);
        assert_int_equal(np_text_next(t, &doc), NETPOL_OK);
        record_here_and_there(t, expected, &r);
        np_text_close(t);
    }
    free(expected);
    free(text);
}

static netpol_status read_all(const netpol_options *given, void *ctx)
{
    netpol_options o;
    np_text *t = NULL;
    np_document doc;
    assert_true(np_options_read(given, &o));
    netpol_status s = np_text_open(&t, &o, "in", ctx, strlen(ctx), NULL);
    if (s)
        return s;
    while ((s = np_text_next(t, &doc)) == NETPOL_OK)
        while (np_text_peek(t)->type < NP_EVENT_END)
            np_text_take(t);
    np_text_close(t);
    return s == NETPOL_NOT_FOUND ? NETPOL_OK : s;
}

static void memory_may_fail(void **state)
{
    (void)state;
    char text[] = "a: b\n---\nc: [d]\n";
    assert_true(test_every_allocation_fails(read_all, text) > 0);
}

static bool stop(void *ctx)
{
    return ++*(int *)ctx < 3;
}

static void scanning_asks_whether_to_go_on(void **state)
{
    (void)state;
    size_t n;
    char *text = test_repeated("", "- a: b\n", 100000, "", &n);
    int asked = 0;
    netpol_options o = {.size = sizeof o, .keep_going = stop, .ctx = &asked};
    assert_int_equal(read_all(&o, text), NETPOL_CANCELLED);
    assert_int_equal(asked, 3);
    free(text);
}

/* ---- mutants ---- */

static test_corpus corpus_of_all(void)
{
    test_corpus c = {0};
    for (size_t i = 0; i < COUNT(taken_texts); i++)
        test_corpus_add(&c, taken_texts[i].text, strlen(taken_texts[i].text));
    for (size_t i = 0; i < COUNT(other_texts); i++)
        test_corpus_add(&c, other_texts[i].text, strlen(other_texts[i].text));
    test_corpus_add_manifests(&c);
    return c;
}

static void mutants_give_the_events_of_libyaml(void **state)
{
    (void)state;
    np_rand r = np_rand_from_env("NETPOL_SEED");
    test_corpus c = corpus_of_all();
    int all = test_mutants_wanted(200000);
    uint64_t n_taken = 0;
    for (int round = 0; round < all; round++) {
        test_mutant m;
        test_mutant_make(&m, &c, &r);
        if (!is_taken(m.p, m.n))
            continue;
        uint32_t taken;
        const char *why = difference(m.p, m.n, round % 2 ? NETPOL_LENIENT : 0, &taken);
        n_taken++;
        if (why)
            fail_msg("seed %" PRIu64 " round %d: %s\n%.*s", r.seed, round, why, (int)m.n, m.p);
    }
    print_message("%d mutants, %" PRIu64 " taken\n", all, n_taken);
    assert_true(n_taken > (uint64_t)all / 10);
    test_corpus_free(&c);
}

/* ---- real policies ---- */

static void count_file(const char *path, uint32_t *policies, uint32_t *taken)
{
    size_t n;
    char *text = test_read_file(path, &n);
    np_text *t = open_text(text, n, 0, NULL);
    np_document doc;
    for (uint32_t before = 0; np_text_next(t, &doc) == NETPOL_OK; before = t->plain_documents) {
        bool policy = false;
        for (const np_event *e; (e = np_text_peek(t))->type < NP_EVENT_END; np_text_take(t))
            policy |= np_slice_is(e->value, "NetworkPolicy");
        *policies += policy;
        *taken += policy && t->plain_documents > before;
        if (policy && t->plain_documents == before)
            print_message("not plain: %s:%u\n", path, doc.line);
    }
    np_text_close(t);
    free(text);
}

static void count_folder(const char *folder, uint32_t *policies, uint32_t *taken)
{
    char path[1024];
    DIR *d = opendir(folder);
    for (struct dirent *e; d && (e = readdir(d));) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (test_is_yaml(e->d_name))
            count_file(path, policies, taken);
        else if (e->d_name[0] != '.')
            count_folder(path, policies, taken);
    }
    if (d)
        closedir(d);
}

static void most_real_policies_are_plain(void **state)
{
    (void)state;
    uint32_t policies = 0, taken = 0;
    count_folder("../shared/cases/thirdparty/manifests/real-world", &policies, &taken);
    if (policies == 0) {
        print_message("skipped: there are no manifests beside this tree\n");
        skip();
    }
    print_message("%u of %u real policies\n", taken, policies);
    assert_true(taken * 100 >= policies * 95);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_plain_subset_is_taken),
        cmocka_unit_test(anything_else_is_libyaml_s),
        cmocka_unit_test(a_broken_document_is_libyaml_s_alone),
        cmocka_unit_test(long_documents_are_the_same),
        cmocka_unit_test(an_event_is_valid_until_the_next_is_taken),
        cmocka_unit_test(records_come_again_wherever_they_begin),
        cmocka_unit_test(memory_may_fail),
        cmocka_unit_test(scanning_asks_whether_to_go_on),
        cmocka_unit_test(mutants_give_the_events_of_libyaml),
        cmocka_unit_test(most_real_policies_are_plain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
