/* SPDX-License-Identifier: MIT */
/* Going through the events of a document: skipping, going back, looking ahead. */
#include "text.h"

#include "harness.h"

static np_text *open_at_first(const char *text, netpol_diagnostics *diags)
{
    netpol_options o;
    assert_true(np_options_read(NULL, &o));
    np_text *t = NULL;
    np_document doc;
    assert_int_equal(np_text_open(&t, &o, "in", text, strlen(text), diags), NETPOL_OK);
    assert_int_equal(np_text_next(t, &doc), NETPOL_OK);
    return t;
}

static void expect_scalar(np_text *t, const char *value)
{
    const np_event *e = np_text_peek(t);
    assert_int_equal(e->type, NP_EVENT_SCALAR);
    if (!np_slice_is(e->value, value))
        fail_msg("%.*s instead of %s", (int)e->value.n, e->value.p, value);
    np_text_take(t);
}

static void take_type(np_text *t, np_event_type type)
{
    assert_int_equal(np_text_peek(t)->type, type);
    np_text_take(t);
}

/* The same walk through YAML and through JSON. */
static const char *const both_forms[] = {
    "a: [1, 2, {x: y}]\nb: 3\nc: d\n",
    "{\"a\": [1, 2, {\"x\": \"y\"}], \"b\": 3, \"c\": \"d\"}",
};

static void a_node_is_skipped_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(both_forms); i++) {
        np_text *t = open_at_first(both_forms[i], NULL);
        take_type(t, NP_EVENT_MAP_START);
        expect_scalar(t, "a");
        assert_true(np_text_skip(t));
        expect_scalar(t, "b");
        assert_true(np_text_skip(t));
        expect_scalar(t, "c");
        expect_scalar(t, "d");
        assert_false(np_text_skip(t)); /* the map's end is no node */
        take_type(t, NP_EVENT_MAP_END);
        assert_false(np_text_skip(t));
        assert_int_equal(np_text_peek(t)->type, NP_EVENT_END);
        np_text_close(t);
    }
}

static void a_whole_document_is_skipped(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(both_forms); i++) {
        np_text *t = open_at_first(both_forms[i], NULL);
        assert_true(np_text_skip(t));
        assert_int_equal(np_text_peek(t)->type, NP_EVENT_END);
        np_document doc;
        assert_int_equal(np_text_next(t, &doc), NETPOL_NOT_FOUND);
        assert_int_equal(np_text_next(t, &doc), NETPOL_NOT_FOUND);
        np_text_close(t);
    }
}

static void recorded_events_come_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(both_forms); i++) {
        np_text *t = open_at_first(both_forms[i], NULL);
        np_text_record(t);
        take_type(t, NP_EVENT_MAP_START);
        expect_scalar(t, "a");
        assert_true(np_text_skip(t));
        expect_scalar(t, "b");
        assert_int_equal(np_text_peek(t)->type, NP_EVENT_SCALAR); /* at hand, not taken */
        np_text_rewind(t);
        take_type(t, NP_EVENT_MAP_START);
        expect_scalar(t, "a");
        np_text_record(t); /* while events are still to come again */
        take_type(t, NP_EVENT_SEQ_START);
        expect_scalar(t, "1");
        np_text_rewind(t);
        assert_true(np_text_skip(t));
        expect_scalar(t, "b");
        (void)np_text_peek(t);
        np_text_record(t); /* with an event at hand */
        expect_scalar(t, "3");
        expect_scalar(t, "c");
        np_text_rewind(t);
        expect_scalar(t, "3");
        expect_scalar(t, "c");
        np_text_record(t);
        expect_scalar(t, "d");
        np_text_forget(t);
        np_text_rewind(t); /* nothing is recorded */
        take_type(t, NP_EVENT_MAP_END);
        assert_int_equal(np_text_peek(t)->type, NP_EVENT_END);
        np_text_close(t);
    }
}

static void the_end_can_be_rewound(void **state)
{
    (void)state;
    np_text *t = open_at_first("a: &x [1]\nb: *x\n", NULL);
    for (int round = 0; round < 3; round++) {
        np_text_record(t);
        assert_true(np_text_skip(t));
        assert_int_equal(np_text_peek(t)->type, NP_EVENT_END);
        np_text_rewind(t);
    }
    take_type(t, NP_EVENT_MAP_START);
    expect_scalar(t, "a");
    np_text_close(t);
}

static void after_an_error_nothing_comes_again(void **state)
{
    (void)state;
    netpol_diagnostics *diags = netpol_diagnostics_new(NULL);
    np_text *t = open_at_first("a: [1]\nb: ]\n", diags);
    np_text_record(t);
    assert_false(np_text_skip(t));
    assert_int_equal(np_text_peek(t)->type, NP_EVENT_ERROR);
    np_text_rewind(t);
    assert_int_equal(np_text_peek(t)->type, NP_EVENT_ERROR);
    assert_int_equal(np_text_status(t), NETPOL_INVALID);
    assert_int_equal(netpol_diagnostics_count(diags), 1);
    np_text_close(t);
    netpol_diagnostics_free(diags);
}

static void a_key_stays_valid_while_its_value_is_at_hand(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "x: &x {m: n}\nlong key: long value\n<<: [*x, {o: p}]\nq: *x\n",
        "{\"long \\u006bey\": \"long \\u0076alue\", \"a\": {\"b\": \"\\u0063\"}}",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        np_text *t = open_at_first(texts[i], NULL);
        np_event last = {0};
        char text[64] = "";
        while (np_text_peek(t)->type < NP_EVENT_END) {
            const np_event *e = np_text_peek(t);
            assert_memory_equal(last.value.p ? last.value.p : "", text, last.value.n);
            np_text_take(t);
            last = *e;
            assert_true(last.value.n < sizeof text);
            memcpy(text, last.value.p ? last.value.p : "", last.value.n);
        }
        np_text_close(t);
    }
}

static const struct {
    const char *why;
    const char *text;
    const char *kind;
    const char *version;
} scouting[] = {
    {"YAML", "items: [{kind: x}]\napiVersion: v1\nkind: List\n", "List", "v1"},
    {"JSON", "{\"items\":[{\"kind\":\"x\"}],\"apiVersion\":\"v1\",\"kind\":\"L\\u0069st\"}", "List",
     "v1"},
    {"absent", "items: []\nkind: List\n", "List", NULL},
    {"no string", "apiVersion: 1\nkind: [List]\n", NULL, NULL},
    {"an alias", "a: &a List\nkind: *a\n", "List", NULL},
    {"merged", "<<: {kind: List}\n", "List", NULL},
    {"no map", "- kind: List\n", NULL, NULL},
    {"before an error", "kind: List\na: ]\n", "List", NULL},
    {"after an error", "a: ]\nkind: List\n", NULL, NULL},
};

static void a_scout_looks_ahead(void **state)
{
    (void)state;
    static const char *const keys[] = {"kind", "apiVersion"};
    for (size_t i = 0; i < COUNT(scouting); i++) {
        np_arena arena;
        np_arena_init(&arena, &np_libc_allocator, 256);
        np_text *t = open_at_first(scouting[i].text, NULL);
        np_event before = *np_text_peek(t);
        const char *values[] = {NULL, NULL};
        np_text_scout(t, keys, values, 2, &arena);
        const char *expected[] = {scouting[i].kind, scouting[i].version};
        for (size_t k = 0; k < 2; k++)
            if (!values[k] != !expected[k] || (values[k] && strcmp(values[k], expected[k]) != 0))
                fail_msg("%s: %s is %s", scouting[i].why, keys[k],
                         values[k] ? values[k] : "absent");
        assert_int_equal(np_text_peek(t)->type, before.type);
        assert_int_equal(np_text_peek(t)->line, before.line);
        np_text_close(t);
        np_arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_is_skipped_whole),
        cmocka_unit_test(a_whole_document_is_skipped),
        cmocka_unit_test(recorded_events_come_again),
        cmocka_unit_test(the_end_can_be_rewound),
        cmocka_unit_test(after_an_error_nothing_comes_again),
        cmocka_unit_test(a_key_stays_valid_while_its_value_is_at_hand),
        cmocka_unit_test(a_scout_looks_ahead),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
