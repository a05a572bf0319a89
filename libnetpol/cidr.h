/* SPDX-License-Identifier: MIT */
/* cidr owns addresses and address blocks: parsing, printing, containment. It knows no policy and
 * allocates nothing. */
#ifndef NP_CIDR_H
#define NP_CIDR_H

#include "str.h"

/* IPv4 is held as ::ffff:a.b.c.d, so one comparison serves both families. */
typedef struct np_ip {
    uint8_t b[16]; /* network order */
    bool v4;
} np_ip;

typedef struct np_cidr {
    uint8_t addr[16]; /* network order; bits beyond the prefix are zero */
    uint8_t bits;     /* prefix length out of 128 (an IPv4 /8 is 104) */
    bool v4;
    bool nothing; /* a form that the tolerant reading accepts and that matches no address */
} np_cidr;

#define NP_IP_TEXT 46 /* room for any address as text, NUL included */

/* Dotted quad or IPv6, no zone, no length, no leading zeros; ::ffff:a.b.c.d is unmapped to IPv4. */
bool np_ip_parse(np_slice text, np_ip *out);
/* RFC 5952 form; IPv4 as dotted quad. Returns the length. */
size_t np_ip_format(const np_ip *ip, char out[NP_IP_TEXT]);
np_ip np_ip_of_bytes(const uint8_t b[16]); /* ::ffff:0:0/96 is IPv4 */
bool np_ip_equal(const np_ip *a, const np_ip *b);

/* The tolerant reading, for verdicts (settled.md 1.9): host bits are masked, leading zeros are
 * decimal, an IPv4-mapped block of /96 or longer is the IPv4 block, a shorter one matches nothing.
 */
bool np_cidr_parse(np_slice text, np_cidr *out);
bool np_cidr_contains(const np_cidr *block, const np_ip *ip);
/* Whether every address of inner is in outer (families do not mix; nothing is in everything). */
bool np_cidr_covers(const np_cidr *outer, const np_cidr *inner);

/* A block as it was written, for those who judge the writing. */
typedef struct np_cidr_form {
    uint8_t addr[16];   /* as written, host bits too; IPv4 as ::ffff:a.b.c.d */
    uint8_t length;     /* the prefix length as written, out of 32 or 128 */
    bool v6;            /* written as IPv6, IPv4-mapped included */
    bool mapped;        /* IPv4-mapped IPv6 */
    bool leading_zeros; /* in an octet, a group or the length */
    bool host_bits;     /* bits are set beyond the prefix */
} np_cidr_form;

/* What every version of Kubernetes takes for a CIDR; false: not one at all. */
bool np_cidr_read(np_slice text, np_cidr_form *out);
/* The first address of the block; IPv4 if it is mapped even without the host bits. */
np_ip np_cidr_first(const np_cidr_form *form);
/* The usual writing of the block ("10.0.0.0/8", "2001:db8::/32"). Returns the length. */
size_t np_cidr_format(const np_cidr_form *form, char out[NP_IP_TEXT + 4]);

#endif
