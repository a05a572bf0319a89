/* SPDX-License-Identifier: MIT */
/* Reading can be cancelled, takes any bytes, and survives want of memory. */
#include "shown.h"

/* ---- cancelling ---- */

typedef struct patience {
    size_t questions;
    size_t stop_at; /* 0: never */
} patience;

static bool ask(void *ctx)
{
    patience *p = ctx;
    return ++p->questions != p->stop_at;
}

static const struct {
    const char *why;
    const char *before, *piece, *after;
} long_texts[] = {
    {"YAML", "", "- abcdefgh\n", ""},
    {"many documents", "", "a\n---\n", ""},
    {"blank documents", "", "# comment\n---\n", ""},
    {"aliases", "- &a [1, 2, 3, 4, 5, 6, 7, 8, 9]\n", "- *a\n", ""},
    {"one long value", "a: '", "abcdefghij ", "'\n"},
    {"a JSON list", "{\"a\":[", "1,", "1]}"},
    {"JSON values", "", "{} ", ""},
};

static void long_reading_can_be_cancelled(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(long_texts); i++) {
        size_t n;
        char *text = test_repeated(long_texts[i].before, long_texts[i].piece, 60000,
                                   long_texts[i].after, &n);
        patience p = {0};
        netpol_options o = {.size = sizeof o, .keep_going = ask, .ctx = &p};
        test_reading r = test_read_shown(text, n, &o);
        if (p.questions == 0)
            fail_msg("%s: never asked", long_texts[i].why);
        assert_int_equal(r.end, NETPOL_NOT_FOUND);
        test_reading_free(&r);
        p = (patience){.stop_at = 1};
        netpol_diagnostics *diags = netpol_diagnostics_new(NULL);
        assert_true(np_options_read(&o, &o));
        np_text *t = NULL;
        np_document doc;
        assert_int_equal(np_text_open(&t, &o, "in", text, n, diags), NETPOL_OK);
        netpol_status s;
        while ((s = np_text_next(t, &doc)) == NETPOL_OK)
            while (np_text_peek(t)->type < NP_EVENT_END)
                np_text_take(t);
        if (s != NETPOL_CANCELLED || np_text_next(t, &doc) != NETPOL_CANCELLED)
            fail_msg("%s: %s", long_texts[i].why, netpol_status_name(s));
        assert_int_equal(p.questions, 1);
        assert_int_equal(netpol_diagnostics_count(diags), 0);
        np_text_close(t);
        netpol_diagnostics_free(diags);
        free(text);
    }
}

static void transcoding_can_be_cancelled(void **state)
{
    (void)state;
    enum { SIZE = 200002 };
    char *text = malloc(SIZE);
    memset(text, 'a', SIZE);
    memcpy(text, "\xff\xfe", 2);
    patience p = {.stop_at = 2};
    netpol_options o = {.size = sizeof o, .keep_going = ask, .ctx = &p};
    assert_true(np_options_read(&o, &o));
    np_text *t = NULL;
    assert_int_equal(np_text_open(&t, &o, "in", text, SIZE, NULL), NETPOL_CANCELLED);
    assert_null(t);
    assert_int_equal(p.questions, 2);
    free(text);
}

/* ---- any bytes ---- */

static const char *const seeds[] = {
    "a: &x {b: 1, c: [2]}\nd: *x\ne:\n  <<: [*x, {b: 5}]\n  g: \"q\\n\"\n---\nx: |\n  t\ny: >\n",
    "{\"a\": {\"b\": [1, 2.5, true, null, \"x\\u00e9\"]}, \"c\": {}} {\"d\": \"\"}\n",
    "%YAML 1.1\n---\n!!str a: !<x> 'b'\n...\n--- # c\n? k\n: - v\n  - &a\n",
};

static void any_bytes_are_read_or_refused(void **state)
{
    (void)state;
    static const char bits[] =
        "\n\n\n---: :,-#{}[]&*!|>'\"%@`a0\t\r \\\xef\xbb\xbf\xff\xfe\xc3\xa9";
    np_rand r = np_rand_from_env("NETPOL_SEED");
    netpol_options o = {.size = sizeof o, .max_depth = 8, .max_scalar = 64, .max_documents = 16};
    for (int round = np_rounds(6000); round > 0; round--) {
        char text[512];
        size_t n = 0;
        if (np_rand_once_in(&r, 2)) {
            const char *seed = seeds[np_rand_below(&r, COUNT(seeds))];
            n = strlen(seed);
            memcpy(text, seed, n);
        } else {
            n = np_rand_below(&r, 100);
            for (size_t i = 0; i < n; i++)
                text[i] = np_rand_once_in(&r, 3) ? bits[np_rand_below(&r, sizeof bits)]
                                                 : (char)np_rand_below(&r, 256);
        }
        for (uint32_t k = np_rand_below(&r, 6); k > 0 && n > 0; k--)
            text[np_rand_below(&r, (uint32_t)n)] = bits[np_rand_below(&r, sizeof bits)];
        o.flags = np_rand_once_in(&r, 2) ? NETPOL_LENIENT : 0;
        test_reading got = test_read_shown(text, n, &o);
        if (got.end != NETPOL_NOT_FOUND && got.end != NETPOL_LIMIT)
            fail_msg("seed %" PRIu64 ": %s", r.seed, netpol_status_name(got.end));
        test_reading_free(&got);
    }
}

/* ---- no memory ---- */

static netpol_status read_all(const netpol_options *o, void *ctx)
{
    const char *text = ctx;
    static const char *const keys[] = {"kind"};
    netpol_options full;
    if (!np_options_read(o, &full))
        return NETPOL_MISUSE;
    np_text *t = NULL;
    np_document doc;
    netpol_status s = np_text_open(&t, &full, "in", text, strlen(text), NULL);
    if (s)
        return s;
    while ((s = np_text_next(t, &doc)) == NETPOL_OK) {
        np_arena arena;
        np_arena_init(&arena, full.allocator, 256);
        const char *value = NULL;
        np_text_record(t);
        (void)np_text_skip(t);
        np_text_rewind(t);
        np_text_scout(t, keys, &value, 1, &arena);
        np_arena_free(&arena);
        while (np_text_peek(t)->type < NP_EVENT_END)
            np_text_take(t);
    }
    np_text_close(t);
    return s == NETPOL_NOT_FOUND ? NETPOL_OK : s;
}

static void every_failing_allocation_is_told(void **state)
{
    (void)state;
    char yaml[] = "a: &x {b: &y [c, d], e: *y}\nf: *x\n<<: [*x, {g: !!str h}]\nk: &z 1\nl: *z\n"
                  "kind: A\n---\n[[[[[[[[[[[[m]]]]]]]]]]]]\n---\nn: [&a1 o, &a2 o, &a3 o, &a4 o, "
                  "&a5 o, &a6 o, &a7 o, &a8 o, &a9 o, &b1 o, &b2 o, &b3 o, &b4 o, &b5 o, &b6 o, "
                  "&b7 o, &b8 o, *a1]\n";
    char json[] = "{\"a\":[[[[[[[[[[1]]]]]]]]]],\"b\":\"\\u00e9\",\"c\":\"\\n\",\"kind\":\"A\"}";
    assert_true(test_every_allocation_fails(read_all, yaml) > 10);
    assert_true(test_every_allocation_fails(read_all, json) > 5);
}

static void utf16_needs_memory_too(void **state)
{
    (void)state;
    test_memory m;
    test_memory_ready(&m);
    for (size_t i = 1; i <= 2; i++) {
        netpol_options o = {.size = sizeof o, .allocator = &m.allocator};
        assert_true(np_options_read(&o, &o));
        test_memory_fail_at(&m, i);
        np_text *t = NULL;
        assert_int_equal(np_text_open(&t, &o, "in",
                                      "\xff\xfe"
                                      "a\0",
                                      4, NULL),
                         NETPOL_NO_MEMORY);
        assert_null(t);
        test_memory_expect_empty(&m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(long_reading_can_be_cancelled),
        cmocka_unit_test(transcoding_can_be_cancelled),
        cmocka_unit_test(any_bytes_are_read_or_refused),
        cmocka_unit_test(every_failing_allocation_is_told),
        cmocka_unit_test(utf16_needs_memory_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
