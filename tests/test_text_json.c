/* SPDX-License-Identifier: MIT */
/* The JSON scanner: what it takes for JSON, and what the events hold. */
#include "text.h"
#include "text_inside.h"

#include "harness.h"

/* ---- what is JSON ---- */

/* Reads `bytes` as the third value of a stream, where JSON cannot turn into YAML. */
static bool is_json(const char *bytes, size_t n, netpol_diagnostics *diags)
{
    char *text = malloc(n + 4);
    memcpy(text, "{}{}", 4);
    memcpy(text + 4, bytes, n);
    netpol_options o = {.size = sizeof o, .max_depth = 1000000};
    assert_true(np_options_read(&o, &o));
    np_text *t = NULL;
    np_document doc;
    assert_int_equal(np_text_open(&t, &o, "in", text, n + 4, diags), NETPOL_OK);
    netpol_status s;
    while ((s = np_text_next(t, &doc)) == NETPOL_OK) {
        assert_true(doc.json);
        while (np_text_peek(t)->type < NP_EVENT_END)
            np_text_take(t);
        assert_int_equal(np_text_peek(t)->type, NP_EVENT_END);
    }
    np_text_close(t);
    free(text);
    return s == NETPOL_NOT_FOUND;
}

static const struct {
    const char *text;
    bool valid;
} syntax[] = {
    {"{}", true},
    {"[]", true},
    {" [ ] ", true},
    {"{\"a\":1}", true},
    {"{ \"a\" : 1 , \"b\" : 2 }", true},
    {"{\"\":{}}", true},
    {"[1,2,[3,{\"a\":[]}]]", true},
    {"{\"a\":1,\"a\":2}", true},
    {"true", true},
    {"null", true},
    {"0", true},
    {"-0", true},
    {"10", true},
    {"1.5", true},
    {"1e5", true},
    {"1E+5", true},
    {"1.25e-5", true},
    {"1 2", true},
    {"1[2]", true},
    {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00aF\"", true},
    {"\"\xff\"", true},
    {"\"\x7f\"", true},
    {"\t\r\n []", true},
    {"{", false},
    {"[", false},
    {"}", false},
    {"]", false},
    {"[1", false},
    {"[1,", false},
    {"[1,]", false},
    {"[,1]", false},
    {"[1 2]", false},
    {"[1}", false},
    {"{]", false},
    {"{\"a\"}", false},
    {"{\"a\":}", false},
    {"{\"a\" 1}", false},
    {"{\"a\":1,}", false},
    {"{,}", false},
    {"{a:1}", false},
    {"{1:1}", false},
    {"{'a':1}", false},
    {"{\"a\":1 \"b\":2}", false},
    {"01", true}, /* 0, then 1 */
    {"-", false},
    {"+1", false},
    {".5", false},
    {"1.", false},
    {"1.e5", false},
    {"1e", false},
    {"1e+", false},
    {"- 1", false},
    {"0x1", false},
    {"tru", false},
    {"truex", false},
    {"True", false},
    {"nul", false},
    {"NaN", false},
    {"\"", false},
    {"\"a", false},
    {"\"\\\"", false},
    {"\"\\x\"", false},
    {"\"\\u12\"", false},
    {"\"\\u12g4\"", false},
    {"\"\\", false},
    {"\"\\u", false},
    {"\"a\nb\"", false},
    {"\"a\tb\"", false},
    {"\"\x1f\"", false},
    {"// c\n1", false},
    {"[1]#", false},
    {"\v[]", false},
    {"\xc2\xa0[]", false},
};

static void json_is_rfc_8259(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(syntax); i++) {
        netpol_diagnostics *diags = netpol_diagnostics_new(NULL);
        bool valid = is_json(syntax[i].text, strlen(syntax[i].text), diags);
        if (valid != syntax[i].valid)
            fail_msg("%s", syntax[i].text);
        assert_int_equal(netpol_diagnostics_count(diags), !valid);
        netpol_diagnostics_free(diags);
    }
    assert_false(is_json("[\0]", 3, NULL));
    assert_false(is_json("\"\0\"", 3, NULL));
    assert_false(is_json("\"\\\0\"", 4, NULL));
}

static const struct {
    const char *text; /* after {}{} */
    uint32_t line, column;
    const char *words;
} faults[] = {
    {" [1,\n 2", 2, 3, "ends in the middle"},
    {" [1,\n ]", 2, 2, "value"},
    {"{\"\xc3\xa9\":x}", 1, 10, "value"},
    {"{\"a\":1,\n}", 2, 1, "key in double quotes"},
    {"{\"a\"\n 1}", 2, 2, "':'"},
    {"{\"a\":1]", 1, 11, "',' or '}'"},
    {"[1}", 1, 7, "',' or ']'"},
    {"\"\\x\"", 1, 7, "escape"},
    {"\"\\u1x\"", 1, 9, "four hexadecimal"},
    {"\"a\tb\"", 1, 7, "control character"},
    {"1.x", 1, 7, "digit"},
    {"1ex", 1, 7, "digit"},
};

static void faults_have_a_place_and_a_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(faults); i++) {
        netpol_diagnostics *diags = netpol_diagnostics_new(NULL);
        assert_false(is_json(faults[i].text, strlen(faults[i].text), diags));
        const netpol_diagnostic *d = netpol_diagnostics_at(diags, 0);
        if (d->line != faults[i].line || d->column != faults[i].column ||
            !strstr(d->message, faults[i].words) || d->code != NP_CODE_JSON_SYNTAX)
            fail_msg("%s: %u:%u %s", faults[i].text, d->line, d->column, d->message);
        netpol_diagnostics_free(diags);
    }
}

/* ---- strings ---- */

static const struct {
    const char *why;
    const char *text; /* without the quotes */
    const char *value;
    size_t n; /* of value */
} strings[] = {
#define BYTES(s) s, sizeof(s) - 1
    {"plain", "abc", BYTES("abc")},
    {"empty", "", BYTES("")},
    {"escapes", "\\\"\\\\\\/\\b\\f\\n\\r\\t", BYTES("\"\\/\b\f\n\r\t")},
    {"an escape at the end", "a\\n", BYTES("a\n")},
    {"a character", "\\u0041\\u00e9\\u20AC", BYTES("A\xc3\xa9\xe2\x82\xac")},
    {"NUL", "a\\u0000b", BYTES("a\0b")},
    {"a surrogate pair", "\\ud83d\\ude00", BYTES("\xf0\x9f\x98\x80")},
    {"the last pair", "\\udbff\\udfff", BYTES("\xf4\x8f\xbf\xbf")},
    {"a lone high surrogate", "\\ud83d", BYTES("\xef\xbf\xbd")},
    {"a high surrogate and text", "\\ud83dx", BYTES("\xef\xbf\xbdx")},
    {"a high surrogate and a character", "\\ud83d\\u0041",
     BYTES("\xef\xbf\xbd"
           "A")},
    {"two high surrogates and a low one", "\\ud83d\\ud83d\\ude00",
     BYTES("\xef\xbf\xbd\xf0\x9f\x98\x80")},
    {"a lone low surrogate", "\\ude00", BYTES("\xef\xbf\xbd")},
    {"UTF-8", "\xc3\xa9\xf0\x9f\x98\x80", BYTES("\xc3\xa9\xf0\x9f\x98\x80")},
    {"no UTF-8", "a\xff\xc3z", BYTES("a\xef\xbf\xbd\xef\xbf\xbdz")},
    {"an encoded surrogate", "\xed\xa0\x80", BYTES("\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd")},
    {"no UTF-8 and an escape", "\xff\\n", BYTES("\xef\xbf\xbd\n")},
    {"brackets", "{[}],:", BYTES("{[}],:")},
};

static void strings_are_decoded_as_go_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(strings); i++) {
        char text[128];
        (void)snprintf(text, sizeof text, "{\"%s\":[\"%s\",\"x\"]}", strings[i].text,
                       strings[i].text);
        netpol_options o;
        assert_true(np_options_read(NULL, &o));
        np_text *t = NULL;
        np_document doc;
        assert_int_equal(np_text_open(&t, &o, "in", text, strlen(text), NULL), NETPOL_OK);
        assert_int_equal(np_text_next(t, &doc), NETPOL_OK);
        np_text_take(t);
        np_slice expected = {strings[i].value, strings[i].n};
        if (!np_slice_equal(np_text_peek(t)->value, expected))
            fail_msg("%s: a key", strings[i].why);
        np_text_take(t);
        np_text_take(t);
        const np_event *e = np_text_peek(t);
        if (!np_slice_equal(e->value, expected))
            fail_msg("%s", strings[i].why);
        assert_int_equal(e->style, NP_STYLE_DOUBLE);
        np_text_take(t);
        assert_true(np_slice_is(np_text_peek(t)->value, "x"));
        uint32_t column = np_text_peek(t)->column;
        assert_int_equal(column, np_utf8_count(text, strlen(text)) - 4);
        np_text_close(t);
    }
}

static void strings_without_escapes_are_not_copied(void **state)
{
    (void)state;
    static const char text[] = "{\"key\":\"value\"}";
    netpol_options o;
    assert_true(np_options_read(NULL, &o));
    np_text *t = NULL;
    np_document doc;
    assert_int_equal(np_text_open(&t, &o, "in", text, sizeof text - 1, NULL), NETPOL_OK);
    assert_int_equal(np_text_next(t, &doc), NETPOL_OK);
    np_text_take(t);
    assert_ptr_equal(np_text_peek(t)->value.p, text + 2);
    np_text_close(t);
}

/* ---- passing over values ---- */

static void skipping_and_reading_meet(void **state)
{
    (void)state;
    static const char text[] =
        "{\"a\":{\"x\":[1,\"]}\\\"\xc3\xa9\",{\"y\":[]}],\n\"z\":\"\\\\\"},\n"
        "\"\xc3\xa9\":[[],{}],\"b\":\"}\",\"c\":{}}";
    for (unsigned skipped = 0; skipped < 16; skipped++) {
        netpol_options o;
        assert_true(np_options_read(NULL, &o));
        np_text *t = NULL;
        np_document doc;
        assert_int_equal(np_text_open(&t, &o, "in", text, sizeof text - 1, NULL), NETPOL_OK);
        assert_int_equal(np_text_next(t, &doc), NETPOL_OK);
        np_text_take(t);
        static const uint32_t places[4][2] = {{1, 2}, {3, 1}, {3, 13}, {3, 21}};
        for (unsigned i = 0; i < 4; i++) {
            assert_int_equal(np_text_peek(t)->line, places[i][0]);
            assert_int_equal(np_text_peek(t)->column, places[i][1]);
            np_text_take(t);
            if (skipped >> i & 1) {
                assert_true(np_text_skip(t));
                continue;
            }
            int depth = 0;
            do {
                uint8_t type = np_text_peek(t)->type;
                depth += type == NP_EVENT_MAP_START || type == NP_EVENT_SEQ_START;
                depth -= type == NP_EVENT_MAP_END || type == NP_EVENT_SEQ_END;
                np_text_take(t);
            } while (depth);
        }
        assert_int_equal(np_text_peek(t)->type, NP_EVENT_MAP_END);
        np_text_take(t);
        assert_int_equal(np_text_peek(t)->type, NP_EVENT_END);
        np_text_close(t);
    }
}

/* ---- any bytes ---- */

static void any_bytes_are_json_or_not(void **state)
{
    (void)state;
    static const char bits[] = "{}[],:\"\\u0e1-+.tfn \n\xc3\xff";
    static const char *const seeds[] = {
        "{\"a\":[1,2.5e3,true,null,\"x\\u00e9\"],\"b\":{}}",
        "[[[[{\"k\":\"v\"}]]],-0.5]",
    };
    np_rand r = np_rand_from_env("NETPOL_SEED");
    size_t valid = 0;
    for (int round = np_rounds(20000); round > 0; round--) {
        char text[64];
        const char *seed = seeds[np_rand_below(&r, COUNT(seeds))];
        size_t n = strlen(seed);
        memcpy(text, seed, n);
        for (uint32_t k = np_rand_below(&r, 3); k > 0; k--)
            text[np_rand_below(&r, (uint32_t)n)] = bits[np_rand_below(&r, sizeof bits)];
        valid += is_json(text, n, NULL);
    }
    assert_true(valid > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_is_rfc_8259),
        cmocka_unit_test(faults_have_a_place_and_a_reason),
        cmocka_unit_test(strings_are_decoded_as_go_does),
        cmocka_unit_test(strings_without_escapes_are_not_copied),
        cmocka_unit_test(skipping_and_reading_meet),
        cmocka_unit_test(any_bytes_are_json_or_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
