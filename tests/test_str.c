/* SPDX-License-Identifier: MIT */
#include "harness.h"
#include "str.h"

#include <netpol.h>

/* ---- text for people ---- */

static const struct {
    const char *why;
    const char *text;
    const char *shown;
} visible[] = {
    {"letters stay", "a/b-c \\ \"d\"", "a/b-c \\ \"d\""},
    {"other scripts too", "schöön/データ/🙂", "schöön/データ/🙂"},
    {"joiners are letters' business", "\u0915\u094d\u200d\u0937", "\u0915\u094d\u200d\u0937"},
    {"a tab is a blank", "a\tb", "a\tb"},
    {"a line feed would begin a line of its own", "a\nb", "a\\x0ab"},
    {"so would a carriage return", "a\rb", "a\\x0db"},
    {"escape drives a terminal", "\x1b[31mred", "\\x1b[31mred"},
    {"delete", "a\x7f", "a\\x7f"},
    {"controls of 8 bits",
     "a\xc2\x9b"
     "31m",
     "a\\u009b31m"},
    {"no UTF-8", "a\xff\xc3", "a\\xff\\xc3"},
    {"the first half of a pair", "\xed\xa0\x80", "\\xed\\xa0\\x80"},
    {"text that runs the other way", "\u202egnp.yaml", "\\u202egnp.yaml"},
    {"isolates", "a\u2066b\u2069", "a\\u2066b\\u2069"},
    {"line ends of Unicode", "a\u2028b\xc2\x85", "a\\u2028b\\u0085"},
    {"what is not seen", "a\u200bb\ufeff", "a\\u200bb\\ufeff"},
    {"tags beyond the first plane", "a\U000e0041", "a\\U000e0041"},
    {"nothing", "", ""},
};

static void what_people_read_is_one_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(visible); i++) {
        test_text out = {0};
        netpol_sink to = test_text_sink(&out);
        assert_int_equal(netpol_visible(visible[i].text, strlen(visible[i].text), &to), NETPOL_OK);
        if (strcmp(test_text_of(&out), visible[i].shown) != 0)
            fail_msg("%s: '%s', not '%s'", visible[i].why, test_text_of(&out), visible[i].shown);
        test_text_free(&out);
    }
}

static netpol_status refuse(void *ctx, const char *bytes, size_t n)
{
    (void)ctx;
    (void)bytes;
    (void)n;
    return NETPOL_IO;
}

static void what_the_sink_says_counts(void **state)
{
    (void)state;
    netpol_sink to = {refuse, NULL};
    assert_int_equal(netpol_visible("a", 1, &to), NETPOL_IO);
    assert_int_equal(netpol_visible("\n", 1, &to), NETPOL_IO);
    assert_int_equal(netpol_visible(NULL, 0, &to), NETPOL_OK);
    assert_int_equal(netpol_visible(NULL, 1, &to), NETPOL_MISUSE);
    assert_int_equal(netpol_visible("a", 1, NULL), NETPOL_MISUSE);
}

static void things_are_counted_in_words(void **state)
{
    (void)state;
    np_buffer b;
    np_buffer_init(&b, &np_libc_allocator);
    np_buffer_count(&b, 0, "policy", "policies");
    np_buffer_char(&b, ',');
    np_buffer_count(&b, 1, "policy", "policies");
    np_buffer_char(&b, ',');
    np_buffer_count(&b, 2, "policy", "policies");
    assert_int_equal(b.n, strlen("0 policies,1 policy,2 policies"));
    assert_memory_equal(b.p, "0 policies,1 policy,2 policies", b.n);
    np_buffer_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_people_read_is_one_line),
        cmocka_unit_test(what_the_sink_says_counts),
        cmocka_unit_test(things_are_counted_in_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
