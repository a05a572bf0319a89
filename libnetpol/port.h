/* SPDX-License-Identifier: MIT */
/* port owns protocol names and port numbers as text. It knows no policy. */
#ifndef NP_PORT_H
#define NP_PORT_H

#include "str.h"

/* "TCP", "udp", "SCTP", "ICMP", "ICMPv6" in any case, or a decimal 0–255. False: neither. */
bool np_protocol_parse(np_slice text, uint8_t *protocol);
/* "TCP", "UDP", "SCTP", "ICMP", "ICMPv6"; other numbers in decimal. `room` serves those. */
const char *np_protocol_name(uint8_t protocol, char room[4]);
/* As policies write it, exactly "TCP", "UDP", "SCTP"; NULL is TCP. False: another text. */
bool np_protocol_of_policy(const char *text, uint8_t *protocol);
/* TCP, UDP, SCTP: the protocols whose ports rules speak of. */
bool np_protocol_has_ports(uint8_t protocol);
/* Decimal 0–65535, digits only. */
bool np_port_parse(np_slice text, uint16_t *port);

#endif
