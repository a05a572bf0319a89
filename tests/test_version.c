/* SPDX-License-Identifier: MIT */
#include "harness.h"

static void number_and_text_say_the_same(void **state)
{
    (void)state;
    uint32_t v = netpol_version();
    char text[32];
    snprintf(text, sizeof text, "%u.%u.%u", v >> 16, v >> 8 & 255, v & 255);
    assert_string_equal(netpol_version_text(), text);
    assert_int_equal(v, NETPOL_VERSION);
}

static void features_can_be_asked_for(void **state)
{
    (void)state;
    assert_true(netpol_has_feature("networkpolicy"));
    assert_false(netpol_has_feature("of the future"));
    assert_false(netpol_has_feature(""));
    assert_false(netpol_has_feature(NULL));
}

static void every_status_has_a_name(void **state)
{
    (void)state;
    for (netpol_status s = NETPOL_OK; s <= NETPOL_CANCELLED; s++)
        assert_string_not_equal(netpol_status_name(s), "unknown");
    assert_string_equal(netpol_status_name(NETPOL_OK), "ok");
    assert_string_equal(netpol_status_name(NETPOL_CANCELLED), "cancelled");
    assert_string_equal(netpol_status_name(NETPOL_CANCELLED + 1), "unknown");
    assert_string_equal(netpol_status_name(-1), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(number_and_text_say_the_same),
        cmocka_unit_test(features_can_be_asked_for),
        cmocka_unit_test(every_status_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
