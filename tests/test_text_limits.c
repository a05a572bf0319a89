/* SPDX-License-Identifier: MIT */
/* Hostile texts: each is refused, or read with work in proportion to its length. Work is counted in
 * raw events and in bytes that libyaml was given, never in time. */
#include "text.h"
#include "text_inside.h"

#include "harness.h"

typedef struct count {
    uint64_t events; /* raw ones, and those given again */
    uint64_t fed;    /* bytes that libyaml saw */
    size_t documents;
    netpol_status end;
    netpol_diagnostics *diags;
    size_t most_bytes; /* of our memory */
} count;

static count read_counted(const char *text, size_t n, const netpol_options *given)
{
    test_memory m;
    test_memory_ready(&m);
    netpol_options o;
    assert_true(np_options_read(given, &o));
    o.allocator = &m.allocator;
    count c = {.diags = netpol_diagnostics_new(NULL)};
    np_text *t = NULL;
    np_document doc;
    c.end = np_text_open(&t, &o, "in", text, n, c.diags);
    if (c.end)
        return c;
    while ((c.end = np_text_next(t, &doc)) == NETPOL_OK || c.end == NETPOL_INVALID) {
        c.documents++;
        for (; np_text_peek(t)->type < NP_EVENT_END; np_text_take(t))
            c.events++;
        c.events += t->source_events;
    }
    c.fed = t->fed;
    np_text_close(t);
    c.most_bytes = m.most_bytes;
    test_memory_expect_empty(&m);
    return c;
}

#define ALL UINT64_MAX /* as much as the text has */

static const struct {
    const char *why;
    const char *before, *piece;
    size_t times;
    const char *after;
    const char *code; /* of the diagnostic; NULL: it is read */
    uint64_t most_fed;
    uint64_t most_events;
} hostile[] = {
    {"open lists", "", "[", 200000, "", "NP0003", 8192, 200},
    {"open maps", "", "{a: ", 50000, "", "NP0003", 8192, 300},
    {"open maps as keys", "", "{", 200000, "", "NP0106", 8192, 200},
    {"open lists as in JSON", "{\"a\":", "[", 200000, "", "NP0003", 8192, 200},
    {"a deep JSON value", "{\"a\":[", "[", 1000, "", "NP0003", 8192, 200},
    {"block lists in a line", "", "- ", 100000, "a\n", "NP0003", 8192, 300},
    {"keys in a line", "", "? ", 100000, "a\n", "NP0114", 8192, 100},
    {"a list that is a key", "", "[a]: ", 40000, "", "NP0114", 8192, 100},
    {"directives", "", "%TAG !a! x\n", 40000, "---\na\n", "NP0105", 8192, 10},
    {"directives behind the document", "a: 1\n", "%TAG !a! x\n", 20000, "", "NP0104", 8192, 20},
    {"directives behind its end", "a: 1\n...\n", "%TAG !a! x\n", 20000, "", "NP0104", 8192, 20},
    {"an alias in itself", "a: &a\n", "- *a\n", 40000, "", "NP0112", 8192, 20},
    {"a long value", "a: ", "x", 20 << 20, "\n", "NP0003", (17u << 20), 20},
    {"a long quoted value", "a: \"", "x ", 10 << 20, "\"\n", "NP0003", (17u << 20), 20},
    {"a long block text", "a: |\n", "  x\n", 5 << 20, "", "NP0003", (17u << 20), 20},
    {"a long JSON string", "{\"a\":\"", "x", 20 << 20, "\"}", "NP0003", 0, 20},
    {"a long comment in a document", "a: 1\n#", "x", 20 << 20, "\nb: 2\n", "NP0003", (17u << 20),
     20},
    {"a long comment alone", "#", "x", 20 << 20, "\n", NULL, 0, 20},
    {"many keys", "", "a: b\n", 40000, "", NULL, ALL, 200000},
    {"many anchors", "", "- &a x\n- *a\n", 16000, "", NULL, ALL, 200000},
    {"many tags", "", "- !a b\n", 28000, "", NULL, ALL, 200000},
    {"an anchor with a long name", "- &a", "a", 200000, " x\n", NULL, ALL, 20},
    {"pairs in brackets", "[", "a: , ", 40000, "]", NULL, ALL, 500000},
    {"many documents", "", "a\n---\n", 30000, "", NULL, ALL, 500000},
    {"many separators", "", "---\n", 50000, "", NULL, 0, 10},
    {"lone CRs", "a: |\r", "  x\r", 50000, "", NULL, ALL, 20},
    {"lines in quotes", "a: \"", "\n", 200000, "\"\n", NULL, ALL, 20},
    {"escapes", "a: \"", "\\u0041", 33000, "\"\n", NULL, ALL, 20},
    {"escapes that upstream lacks", "", "- \"a/b\"\n", 20000, "- \"\\/\"\n", "NP0110", ALL, 200000},
    {"many JSON values", "", "{} ", 60000, "", NULL, 0, 500000},
    {"many JSON numbers", "{\"a\":[", "1,", 100000, "1]}", NULL, 0, 300000},
};

static void hostile_texts_are_bounded_work(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(hostile); i++) {
        size_t n;
        char *text = test_repeated(hostile[i].before, hostile[i].piece, hostile[i].times,
                                   hostile[i].after, &n);
        count c = read_counted(text, n, NULL);
        const char *why = hostile[i].why;
        const netpol_diagnostic *d = netpol_diagnostics_at(c.diags, 0);
        if (!d != !hostile[i].code ||
            (d && strcmp(netpol_code_name(d->code), hostile[i].code) != 0))
            fail_msg("%s: %s", why, d ? d->message : "read");
        assert_in_range(netpol_diagnostics_count(c.diags), 0, 1);
        if (c.end != NETPOL_NOT_FOUND)
            fail_msg("%s: %s", why, netpol_status_name(c.end));
        uint64_t most = hostile[i].most_fed == ALL ? n + c.documents + 1 : hostile[i].most_fed;
        if (c.fed > most || c.events > hostile[i].most_events)
            fail_msg("%s: %" PRIu64 " bytes, %" PRIu64 " events", why, c.fed, c.events);
        if (c.most_bytes > 16 * n + 65536)
            fail_msg("%s: %zu bytes of memory", why, c.most_bytes);
        netpol_diagnostics_free(c.diags);
        free(text);
    }
}

static void many_deep_documents_end_the_text(void **state)
{
    (void)state;
    char deep[1100];
    memset(deep, '[', 1000);
    memcpy(deep + 1000, "\n---\n", 6);
    size_t n;
    char *text = test_repeated("", deep, 200, "a\n", &n);
    count c = read_counted(text, n, NULL);
    assert_int_equal(c.end, NETPOL_LIMIT);
    assert_in_range(c.documents, 2, 32);
    assert_int_equal(netpol_diagnostics_count(c.diags), c.documents + 1);
    assert_true(c.fed < n / 5);
    netpol_diagnostics_free(c.diags);
    free(text);
}

/* Each line has nine aliases of the line before. */
static void bombs_do_not_explode(void **state)
{
    (void)state;
    for (int merges = 0; merges <= 1; merges++) {
        char text[2048] = "a: &a {k: v}\n";
        for (char c = 'b'; c <= 'l'; c++) {
            char last = (char)(c - 1);
            char *end = text + strlen(text);
            (void)snprintf(end, sizeof text - (size_t)(end - text),
                           merges ? "%c: &%c {<<: [*%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c]}\n"
                                  : "%c: &%c [*%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c]\n",
                           c, c, last, last, last, last, last, last, last, last, last);
        }
        count c = read_counted(text, strlen(text), NULL);
        assert_int_equal(netpol_diagnostics_count(c.diags), 1);
        assert_string_equal(netpol_code_name(netpol_diagnostics_at(c.diags, 0)->code), "NP0003");
        assert_true(c.events < 20000);
        assert_true(c.most_bytes < 4u << 20);
        netpol_diagnostics_free(c.diags);
    }
}

static void ordinary_aliases_are_no_bomb(void **state)
{
    (void)state;
    size_t n;
    char *text = test_repeated("- &a [1, 2, 3, 4, 5, 6, 7, 8]\n", "- *a\n", 20000, "", &n);
    count c = read_counted(text, n, NULL);
    assert_int_equal(netpol_diagnostics_count(c.diags), 0);
    assert_true(c.events > 200000);
    netpol_diagnostics_free(c.diags);
    free(text);
}

/* ---- the limits of options, one below and one at each ---- */

static const struct {
    const char *why;
    netpol_options options;
    const char *text;
    const char *code; /* NULL: it is read */
    netpol_status end;
} limits[] = {
    {"bytes, at the limit", {.max_bytes = 4}, "a: 1", NULL, NETPOL_NOT_FOUND},
    {"bytes, beyond", {.max_bytes = 4}, "a: 12", "NP0003", NETPOL_LIMIT},
    {"depth, at the limit", {.max_depth = 2}, "[[a]]", NULL, NETPOL_NOT_FOUND},
    {"depth, beyond", {.max_depth = 2}, "[[[a]]]", "NP0003", NETPOL_NOT_FOUND},
    {"depth of JSON, at the limit", {.max_depth = 2}, "{\"a\":[1]}", NULL, NETPOL_NOT_FOUND},
    {"depth of JSON, beyond", {.max_depth = 2}, "{\"a\":[[]]}", "NP0003", NETPOL_NOT_FOUND},
    {"depth by an alias", {.max_depth = 2}, "[&x [a], [*x]]", "NP0003", NETPOL_NOT_FOUND},
    {"depth by merges", {.max_depth = 2}, "{<<: {<<: {a: b}}}", "NP0003", NETPOL_NOT_FOUND},
    {"depth in a merge list", {.max_depth = 3}, "{<<: [{a: [[[b]]]}]}", "NP0003", NETPOL_NOT_FOUND},
    {"documents, at the limit", {.max_documents = 2}, "a\n---\n---\nb\n", NULL, NETPOL_NOT_FOUND},
    {"documents, beyond", {.max_documents = 2}, "a\n---\nb\n---\nc\n", "NP0003", NETPOL_LIMIT},
    {"JSON documents, beyond", {.max_documents = 2}, "{}{}{}", "NP0003", NETPOL_LIMIT},
    {"a value, at the limit", {.max_scalar = 3}, "a: bcd\n", NULL, NETPOL_NOT_FOUND},
    {"a value, beyond", {.max_scalar = 3}, "a: bcde\n", "NP0003", NETPOL_NOT_FOUND},
    {"a key, beyond", {.max_scalar = 3}, "bcde: a\n", "NP0003", NETPOL_NOT_FOUND},
    {"a JSON value, at the limit", {.max_scalar = 3}, "{\"a\":\"bcd\"}", NULL, NETPOL_NOT_FOUND},
    {"a JSON value, beyond", {.max_scalar = 3}, "{\"a\":\"bcde\"}", "NP0003", NETPOL_NOT_FOUND},
    {"memory of anchors",
     {.max_memory = 512},
     "&x [a, b, c, d, e, f, g, h]",
     "NP0003",
     NETPOL_NOT_FOUND},
    {"memory of a merge list",
     {.max_memory = 512},
     "<<: [{a: b, c: d, e: f, g: h}]",
     "NP0003",
     NETPOL_NOT_FOUND},
    {"no memory for a short text",
     {.max_memory = 512},
     "[a, b, c, d, e, f, g, h]",
     NULL,
     NETPOL_NOT_FOUND},
};

static void limits_of_options_hold(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(limits); i++) {
        netpol_options o = limits[i].options;
        o.size = sizeof o;
        count c = read_counted(limits[i].text, strlen(limits[i].text), &o);
        const netpol_diagnostic *d = netpol_diagnostics_at(c.diags, 0);
        if (!d != !limits[i].code || c.end != limits[i].end ||
            (d && strcmp(netpol_code_name(d->code), limits[i].code) != 0))
            fail_msg("%s: %s, %s", limits[i].why, netpol_status_name(c.end),
                     d ? d->message : "no diagnostic");
        netpol_diagnostics_free(c.diags);
    }
}

static void utf16_is_limited_by_memory(void **state)
{
    (void)state;
    netpol_options o = {.size = sizeof o, .max_memory = 8};
    count c = read_counted("\xff\xfe"
                           "a\0b\0c\0d\0e\0",
                           12, &o);
    assert_int_equal(c.end, NETPOL_LIMIT);
    assert_int_equal(netpol_diagnostics_count(c.diags), 1);
    netpol_diagnostics_free(c.diags);
}

static void directives_are_limited_leniently(void **state)
{
    (void)state;
    netpol_options o = {.size = sizeof o, .flags = NETPOL_LENIENT};
    for (size_t lines = 31; lines <= 33; lines++) {
        char text[1024] = "";
        for (size_t i = 0; i < lines; i++) {
            size_t n = strlen(text);
            (void)snprintf(text + n, sizeof text - n, "%%TAG !a%zu! x\n", i);
        }
        strcat(text, "---\na\n");
        count c = read_counted(text, strlen(text), &o);
        assert_int_equal(netpol_diagnostics_count(c.diags), lines > 32);
        netpol_diagnostics_free(c.diags);
    }
}

/* Recording a long document is memory too. */
static void recording_is_limited(void **state)
{
    (void)state;
    netpol_options o = {.size = sizeof o, .max_memory = 4096};
    assert_true(np_options_read(&o, &o));
    size_t n;
    char *text = test_repeated("", "- a\n", 1000, "", &n);
    np_text *t = NULL;
    np_document doc;
    netpol_diagnostics *diags = netpol_diagnostics_new(NULL);
    assert_int_equal(np_text_open(&t, &o, "in", text, n, diags), NETPOL_OK);
    assert_int_equal(np_text_next(t, &doc), NETPOL_OK);
    np_text_record(t);
    assert_false(np_text_skip(t));
    assert_int_equal(np_text_status(t), NETPOL_LIMIT);
    assert_int_equal(netpol_diagnostics_count(diags), 1);
    np_text_close(t);
    netpol_diagnostics_free(diags);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_texts_are_bounded_work),
        cmocka_unit_test(many_deep_documents_end_the_text),
        cmocka_unit_test(bombs_do_not_explode),
        cmocka_unit_test(ordinary_aliases_are_no_bomb),
        cmocka_unit_test(limits_of_options_hold),
        cmocka_unit_test(utf16_is_limited_by_memory),
        cmocka_unit_test(directives_are_limited_leniently),
        cmocka_unit_test(recording_is_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
