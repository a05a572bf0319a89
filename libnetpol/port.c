/* SPDX-License-Identifier: MIT */
#include "port.h"

#include "netpol/engine.h"

#include <stdio.h>

static const struct {
    const char *name;
    uint8_t number;
} protocols[] = {
    {"TCP", NETPOL_TCP},   {"UDP", NETPOL_UDP},       {"SCTP", NETPOL_SCTP},
    {"ICMP", NETPOL_ICMP}, {"ICMPv6", NETPOL_ICMPV6},
};
#define N_PROTOCOLS (sizeof protocols / sizeof *protocols)

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool equal_in_any_case(np_slice a, const char *b)
{
    if (a.n != strlen(b))
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (lower(a.p[i]) != lower(b[i]))
            return false;
    return true;
}

static bool parse_number(np_slice text, unsigned max, unsigned *out)
{
    unsigned v = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return false;
        v = v * 10 + (unsigned)(text.p[i] - '0');
        if (v > max)
            return false;
    }
    *out = v;
    return text.n > 0;
}

bool np_protocol_parse(np_slice text, uint8_t *protocol)
{
    for (size_t i = 0; i < N_PROTOCOLS; i++) {
        if (equal_in_any_case(text, protocols[i].name)) {
            *protocol = protocols[i].number;
            return true;
        }
    }
    unsigned number;
    if (!parse_number(text, UINT8_MAX, &number))
        return false;
    *protocol = (uint8_t)number;
    return true;
}

const char *np_protocol_name(uint8_t protocol, char room[4])
{
    for (size_t i = 0; i < N_PROTOCOLS; i++)
        if (protocols[i].number == protocol)
            return protocols[i].name;
    (void)snprintf(room, 4, "%u", protocol);
    return room;
}

bool np_protocol_of_policy(const char *text, uint8_t *protocol)
{
    if (!text)
        text = "TCP";
    for (size_t i = 0; i < N_PROTOCOLS; i++) {
        if (np_protocol_has_ports(protocols[i].number) && strcmp(protocols[i].name, text) == 0) {
            *protocol = protocols[i].number;
            return true;
        }
    }
    return false;
}

bool np_protocol_has_ports(uint8_t protocol)
{
    return protocol == NETPOL_TCP || protocol == NETPOL_UDP || protocol == NETPOL_SCTP;
}

bool np_port_parse(np_slice text, uint16_t *port)
{
    unsigned number;
    if (!parse_number(text, UINT16_MAX, &number))
        return false;
    *port = (uint16_t)number;
    return true;
}
