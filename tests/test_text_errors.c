/* SPDX-License-Identifier: MIT */
/* What is no YAML is told with its place and with words that help. */
#include "shown.h"

/* ---- errors ---- */

static const struct {
    const char *why;
    const char *text;
    const char *code;
    uint32_t line, column;
    const char *words; /* in the message */
    const char *hint;  /* words in the hint, or NULL */
} errors[] = {
    {"a tab as indentation", "a:\n\tb: c\n", "NP0101", 2, 1, "tab", "spaces"},
    {"a tab in a block text", "a: |\n  b\n\tc\n", "NP0101", 3, 1, "tab", "spaces"},
    {"a template value", "a: {{ .Values.x }}\n", "NP0106", 1, 4, "template", "helm"},
    {"a template value and more", "a: {{ .Values.x }}-y\n", "NP0106", 1, 4, "template", "helm"},
    {"a template line", "a:\n  {{- with .x }}\n  b: c\n  {{- end }}\n", "NP0106", 2, 3, "template",
     "helm"},
    {"braces that are text", "a: '{{ x }}'\nb: [c\n", "NP0108", 3, 1, "begins at 2:4", NULL},
    {"a merge conflict", "a: 1\n<<<<<<< HEAD\nb: 2\n=======\nb: 3\n>>>>>>> x\n", "NP0107", 2, 1,
     "conflict", "resolve"},
    {"a conflict without labels", "a: 1\n<<<<<<<\nb: 2\n=======\nb: 3\n>>>>>>>\n", "NP0107", 2, 1,
     "conflict", "resolve"},
    {"the second half of a conflict", "a: 1\n=======\r\nb: 3\r\n", "NP0107", 2, 1, "conflict",
     "resolve"},
    {"what was there before a conflict", "a: 1\n||||||| base\nb: 3\n", "NP0107", 2, 1, "conflict",
     "resolve"},
    {"a text that begins with a conflict", "<<<<<<< HEAD\na: 1\n=======\na: 2\n>>>>>>> x\n",
     "NP0107", 1, 1, "conflict", "resolve"},
    {"a conflict after a map in brackets", "{a: 1}\n<<<<<<< HEAD\n", "NP0107", 2, 1, "conflict",
     "resolve"},
    {"a conflict among JSON values", "{}\n{}\n<<<<<<< HEAD\n{}\n", "NP0107", 3, 1, "conflict",
     "resolve"},
    {"as many signs in a value", "a: =======\nb: <<<<<<< c\nd: [\n", "NP0108", 4, 1, "bracket",
     NULL},
    {"more signs than a marker has", "a: [\n========\n", "NP0108", 3, 1, "list", NULL},
    {"an unclosed quote", "a: 'b\nc: d\n", "NP0108", 1, 4, "quote", NULL},
    {"an unclosed double quote", "a: \"b\n", "NP0108", 1, 4, "quote", NULL},
    {"an unclosed list", "a: [b,\n  c\n", "NP0108", 3, 1,
     "',' or ']' is expected here; the list begins at 1:4", NULL},
    {"an unclosed empty list", "a: [\n", "NP0108", 2, 1, "closing bracket", NULL},
    {"an unclosed map", "a: {b: c\nd: e\n", "NP0108", 2, 2, "the map begins at 1:4", NULL},
    {"too little indentation", "a:\n  b: 1\n c: 2\n", "NP0109", 3, 2, "next key", NULL},
    {"a list entry among keys", "a: 1\n- b\n", "NP0109", 2, 1, "next key", NULL},
    {"a key among list entries", "- a\nb: 1\n", "NP0109", 2, 1, "list entry", NULL},
    {"a list entry after a key", "a: - b\n", "NP0109", 1, 4, "'-'", "line of its own"},
    {"a colon in a value", "a: b: c\n", "NP0100", 1, 5, "':'", "quote"},
    {"a line without colon", "a: b\nc\nd: e\n", "NP0100", 2, 1, "without ':'", NULL},
    {"a reserved character", "a: @b\n", "NP0100", 1, 4, "cannot begin", "quote"},
    {"an unknown escape", "a: \"\\q\"\n", "NP0110", 1, 5, "escape", "single quotes"},
    {"a slash that is escaped", "a: '\\/'\nb: \"\xc3\xa9\\/\"\n", "NP0110", 2, 6, "escape", "/"},
    {"too few digits", "a: \"\\u00\"\n", "NP0110", 1, 7, "hexadecimal", NULL},
    {"a surrogate", "a: \"\\ud800\"\n", "NP0110", 1, 7, "Unicode", NULL},
    {"a tag without prefix", "a: !x!y b\n", "NP0116", 1, 4, "handle", NULL},
    {"a broken tag", "a: !<x\n", "NP0116", 1, 4, "tag", NULL},
    {"an anchor without name", "a: & b\n", "NP0100", 1, 4, "anchor", NULL},
    {"an alias without name", "a: *\n", "NP0100", 1, 4, "alias", NULL},
    {"text after |", "a: |x\n  b\n", "NP0117", 1, 5, "comment", NULL},
    {"indentation 0", "a: |0\n  b\n", "NP0117", 1, 5, "1 to 9", NULL},
    {"a question mark in brackets", "a: [b?c]\n", "NP0100", 1, 5, "'?'", "quote"},
    {"a colon before a bracket", "a: [b:]\n", "NP0100", 1, 6, "':'", "quote"},
    {"a control character", "a: b\nc: \x01\n", "NP0102", 2, 4, "U+0001", "binary"},
    {"delete", "a: \x7f\n", "NP0102", 1, 4, "U+007F", NULL},
    {"a control character in a comment", "# \x01\n", "NP0102", 1, 3, "U+0001", NULL},
    {"a byte that is no UTF-8", "a: \xff\n", "NP0102", 1, 4, "UTF-8", NULL},
    {"a character cut short", "a: \xc3", "NP0102", 1, 4, "UTF-8", NULL},
    {"an overlong character", "a: \xc0\x80\n", "NP0102", 1, 4, "UTF-8", NULL},
    {"an encoded surrogate", "a: \xed\xa0\x80\n", "NP0102", 1, 4, "UTF-8", NULL},
    {"text after a quote", "- a: 'it's'\n", "NP0100", 1, 10, "cannot follow", "quote"},
    {"a bracket too many", "a: [b, ]c]\n", "NP0100", 1, 9, "cannot follow", NULL},
};

static void errors_say_where_and_what_to_do(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(errors); i++) {
        test_reading r = test_read_shown(errors[i].text, strlen(errors[i].text), NULL);
        const netpol_diagnostic *d = netpol_diagnostics_at(r.diags, 0);
        assert_int_equal(netpol_diagnostics_count(r.diags), 1);
        const char *code = netpol_code_name(d->code);
        if (strcmp(code, errors[i].code) != 0 || d->line != errors[i].line ||
            d->column != errors[i].column || !strstr(d->message, errors[i].words) ||
            (errors[i].hint && !(d->hint && strstr(d->hint, errors[i].hint))))
            fail_msg("%s: %s %u:%u %s (%s)", errors[i].why, code, d->line, d->column, d->message,
                     d->hint ? d->hint : "");
        assert_string_equal(d->source, "in");
        test_reading_free(&r);
    }
}

static void one_broken_document_does_not_break_the_next(void **state)
{
    (void)state;
    static const char text[] = "a: {{ x }}\n---\nb\n---\nc: {{ y }}\n---\nd: [\n---\ne\n";
    test_reading r = test_read_shown(text, sizeof text - 1, NULL);
    assert_string_equal(r.shown.p, "{ a { error NP0106 1:4 ; b ; { c { error NP0106 5:4 ; "
                                   "{ d [ error NP0108 8:1 ; e");
    assert_non_null(netpol_diagnostics_at(r.diags, 0)->hint);
    assert_null(netpol_diagnostics_at(r.diags, 1)->hint);
    assert_int_equal(netpol_diagnostics_at(r.diags, 1)->document, 2);
    assert_int_equal(netpol_diagnostics_at(r.diags, 2)->document, 3);
    test_reading_free(&r);
}

static void a_nul_byte_is_an_error(void **state)
{
    (void)state;
    static const char text[] = "a: b\0c\n---\nd\n";
    test_reading r = test_read_shown(text, sizeof text - 1, NULL);
    assert_string_equal(r.shown.p, "error NP0102 1:5 ; d");
    assert_non_null(strstr(netpol_diagnostics_at(r.diags, 0)->message, "NUL"));
    test_reading_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_say_where_and_what_to_do),
        cmocka_unit_test(one_broken_document_does_not_break_the_next),
        cmocka_unit_test(a_nul_byte_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
