/* SPDX-License-Identifier: MIT */
#include "port.h"

#include "harness.h"

enum { REFUSED = -1 };

static const struct {
    const char *why;
    const char *text;
    int number;
    const char *name;
} protocols[] = {
    {"as policies write it", "TCP", 6, "TCP"},
    {"lower case", "udp", 17, "UDP"},
    {"mixed case", "Sctp", 132, "SCTP"},
    {"ICMP", "icmp", 1, "ICMP"},
    {"ICMP of IPv6", "ICMPV6", 58, "ICMPv6"},
    {"a number with a name", "6", 6, "TCP"},
    {"a number without a name", "47", 47, "47"},
    {"the largest number", "255", 255, "255"},
    {"zero", "0", 0, "0"},
    {"beyond one byte", "256", REFUSED, NULL},
    {"far beyond", "99999999999999999999", REFUSED, NULL},
    {"a sign", "+6", REFUSED, NULL},
    {"nothing", "", REFUSED, NULL},
    {"a longer name", "TCPX", REFUSED, NULL},
    {"a shorter name", "TC", REFUSED, NULL},
};

static void protocols_follow_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(protocols); i++) {
        uint8_t number = 0;
        bool good = np_protocol_parse(np_slice_of(protocols[i].text), &number);
        if (good != (protocols[i].number != REFUSED) || (good && number != protocols[i].number))
            fail_msg("%s: %s is %d", protocols[i].why, protocols[i].text, number);
        char room[4];
        if (good && strcmp(np_protocol_name(number, room), protocols[i].name) != 0)
            fail_msg("%s: %s", protocols[i].why, np_protocol_name(number, room));
    }
}

static const struct {
    const char *why;
    const char *text;
    int number;
} in_policies[] = {
    {"absent", NULL, 6},
    {"TCP", "TCP", 6},
    {"UDP", "UDP", 17},
    {"SCTP", "SCTP", 132},
    {"lower case", "tcp", REFUSED},
    {"empty", "", REFUSED},
    {"ICMP", "ICMP", REFUSED},
    {"a number", "6", REFUSED},
};

static void protocols_of_policies_are_exact(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(in_policies); i++) {
        uint8_t number = 0;
        bool good = np_protocol_of_policy(in_policies[i].text, &number);
        if (good != (in_policies[i].number != REFUSED) || (good && number != in_policies[i].number))
            fail_msg("%s", in_policies[i].why);
        if (good && !np_protocol_has_ports(number))
            fail_msg("%s has no ports", in_policies[i].why);
    }
    assert_false(np_protocol_has_ports(1));
}

static const struct {
    const char *why;
    const char *text;
    int port;
} ports[] = {
    {"a port", "80", 80},
    {"zero is a number", "0", 0},
    {"leading zeros are decimal", "00443", 443},
    {"the largest", "65535", 65535},
    {"one more", "65536", REFUSED},
    {"a number that would overflow", "4294967376", REFUSED},
    {"nothing", "", REFUSED},
    {"a sign", "-1", REFUSED},
    {"a blank", "80 ", REFUSED},
    {"a name", "http", REFUSED},
};

static void ports_follow_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(ports); i++) {
        uint16_t port = 0;
        bool good = np_port_parse(np_slice_of(ports[i].text), &port);
        if (good != (ports[i].port != REFUSED) || (good && port != ports[i].port))
            fail_msg("%s: %s is %d", ports[i].why, ports[i].text, port);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(protocols_follow_the_table),
        cmocka_unit_test(protocols_of_policies_are_exact),
        cmocka_unit_test(ports_follow_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
