/* SPDX-License-Identifier: MIT */
/* What we drive libyaml with is held against libyaml driven as its manual says: the same events at
 * the same places, and nothing that it refuses. */
#include "text.h"
#include "text_inside.h"

#include "mutants.h"

#include <yaml.h>

/* ---- one document through both ---- */

/* The manual's way to read a document: of a text whose last line has its line feed. */
typedef struct direct {
    yaml_parser_t parser;
    yaml_event_t event;
    bool good; /* `event` is there; else the parser refused the text */
} direct;

static void direct_next(direct *d)
{
    if (d->good)
        yaml_event_delete(&d->event);
    d->good = yaml_parser_parse(&d->parser, &d->event);
}

static void direct_open(direct *d, const char *text, size_t n)
{
    d->good = false;
    assert_true(yaml_parser_initialize(&d->parser));
    yaml_parser_set_encoding(&d->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&d->parser, (const unsigned char *)text, n);
    do
        direct_next(d);
    while (d->good && (d->event.type == YAML_STREAM_START_EVENT ||
                       d->event.type == YAML_DOCUMENT_START_EVENT));
}

static void direct_close(direct *d)
{
    if (d->good)
        yaml_event_delete(&d->event);
    yaml_parser_delete(&d->parser);
}

static uint8_t type_of(const yaml_event_t *e)
{
    switch ((int)e->type) {
    case YAML_SCALAR_EVENT:
        return NP_EVENT_SCALAR;
    case YAML_SEQUENCE_START_EVENT:
        return NP_EVENT_SEQ_START;
    case YAML_SEQUENCE_END_EVENT:
        return NP_EVENT_SEQ_END;
    case YAML_MAPPING_START_EVENT:
        return NP_EVENT_MAP_START;
    case YAML_MAPPING_END_EVENT:
        return NP_EVENT_MAP_END;
    default:
        return NP_EVENT_END;
    }
}

static bool same_event(const np_event *a, const yaml_event_t *b)
{
    bool scalar = a->type == NP_EVENT_SCALAR;
    if (a->type != type_of(b))
        return false;
    if (a->type == NP_EVENT_END)
        return true;
    return a->line == b->start_mark.line + 1 && a->column == b->start_mark.column + 1 &&
           (!scalar || np_slice_equal(a->value, (np_slice){(const char *)b->data.scalar.value,
                                                           b->data.scalar.length}));
}

/* Whether our reading ends with a refusal. */
static bool refuses(np_text *t)
{
    while (np_text_peek(t)->type < NP_EVENT_END)
        np_text_take(t);
    return np_text_status(t) == NETPOL_INVALID;
}

/* Whether the two say the same; what we refuse alone (`\/`, a second document…) is left out. The
 * manual's way reads further ahead, so it may refuse earlier what both refuse. */
static bool agree(np_text *t, direct *d)
{
    for (; d->good; direct_next(d)) {
        const np_event *e = np_text_peek(t);
        if (e->type == NP_EVENT_ERROR)
            return true;
        if (!same_event(e, &d->event))
            return false;
        if (e->type == NP_EVENT_END)
            return true;
        np_text_take(t);
    }
    return refuses(t);
}

/* What only our events follow: aliases and merge keys. Marks of bytes are no characters to us. */
static bool is_ours_alone(np_slice s)
{
    return memchr(s.p, '*', s.n) || memchr(s.p, '<', s.n) ||
           (s.n >= 3 && memcmp(s.p, "\xef\xbb\xbf", 3) == 0);
}

static np_text *open_text(const char *p, size_t n)
{
    netpol_options o;
    np_text *t = NULL;
    assert_true(np_options_read(NULL, &o));
    o.flags = NETPOL_ONLY_LIBYAML | NETPOL_LENIENT;
    assert_int_equal(np_text_open(&t, &o, "in", p, n, NULL), NETPOL_OK);
    return t;
}

/* The first document of a text; *read: both read it to its end. */
static bool is_read_alike(const char *p, size_t n, bool *read)
{
    np_document doc;
    np_text *t = open_text(p, n);
    netpol_status s = np_text_next(t, &doc);
    bool alike = true;
    *read = false;
    bool first = t->piece.line == 1 && t->piece.column == 1 && t->fed > 0;
    if (s == NETPOL_OK && first && !is_ours_alone(t->piece.text)) {
        size_t m = t->piece.text.n;
        char *text = malloc(m + 1);
        memcpy(text, t->piece.text.p, m);
        text[m] = '\n';
        direct d;
        direct_open(&d, text, m + (text[m - 1] != '\n'));
        alike = agree(t, &d);
        *read = np_text_status(t) == NETPOL_OK;
        direct_close(&d);
        free(text);
    }
    np_text_close(t);
    return alike;
}

/* ---- the laws ---- */

static void mutants_are_read_as_libyaml_reads_them(void **state)
{
    (void)state;
    np_rand r = np_rand_from_env("NETPOL_SEED");
    test_corpus c = {0};
    test_corpus_add_manifests(&c);
    int all = test_mutants_wanted(50000), n_read = 0;
    for (int round = 0; round < all; round++) {
        test_mutant m;
        bool read;
        test_mutant_make(&m, &c, &r);
        if (!is_read_alike(m.p, m.n, &read))
            fail_msg("seed %" PRIu64 " round %d\n%.*s", r.seed, round, (int)m.n, m.p);
        n_read += read;
    }
    assert_true(n_read > all / 8); /* or the law would say little: about a quarter is read */
    test_corpus_free(&c);
}

/* Bytes are handed over by the thousand: anything may stand where one run ends. */
static void odd_bytes_may_stand_anywhere(void **state)
{
    static const char *const odd[] = {
        "\xc3\xa9", "\xf0\x9f\x98\x80", "\xe2\x80\xa8", "\xc2\x85", "\r\n", "\x7f", "\xff", "\t"};
    enum { FAR = 4096, AROUND = 8 };
    (void)state;
    for (size_t i = 0; i < COUNT(odd); i++)
        for (size_t at = FAR - AROUND; at < FAR + AROUND; at++) {
            char text[2 * FAR + 64];
            int n = snprintf(text, sizeof text, "a: \"%0*d%s%0*d%s\"\nb: c\n", (int)at - 4, 0,
                             odd[i], FAR, 0, odd[i]);
            bool read;
            if (!is_read_alike(text, (size_t)n, &read))
                fail_msg("odd bytes %zu at %zu", i, at);
            assert_int_equal(read, odd[i][0] != '\x7f' && odd[i][0] != '\xff');
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mutants_are_read_as_libyaml_reads_them),
        cmocka_unit_test(odd_bytes_may_stand_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
