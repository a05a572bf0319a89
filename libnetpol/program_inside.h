/* SPDX-License-Identifier: MIT */
/* What the files of the room program share. */
#ifndef NP_PROGRAM_INSIDE_H
#define NP_PROGRAM_INSIDE_H

#include "program.h"

#include <stddef.h>

/* The way of most flows is one piece of code without calls. */
#if defined(__GNUC__)
#define NP_INLINE static inline __attribute__((always_inline))
#else
#define NP_INLINE static inline
#endif

/* What is asked, beside the two classes. */
typedef struct np_question {
    const np_program *g;
    const netpol_flow *flow;
    uint32_t key;
    const np_class *there; /* the destination, whose port names count */
} np_question;

/* A verdict in a register. */
typedef uint64_t np_packed;

NP_INLINE np_packed np_pack(netpol_verdict v)
{
    np_packed p;
    memcpy(&p, &v, sizeof p);
    return p;
}

NP_INLINE netpol_verdict np_unpack(np_packed p)
{
    netpol_verdict v;
    memcpy(&v, &p, sizeof v);
    return v;
}

NP_INLINE const void *np_behind(const void *from, ptrdiff_t offset)
{
    return (const char *)from + offset;
}

/* NP_CLASS_REF to class. */
NP_INLINE const np_class *np_class_at(const np_program *g, uint32_t ref)
{
    const uint32_t bytes = (uint32_t)sizeof(np_class) << NP_CLASS_SHIFT;
    const char *page = g->classes.page[ref / bytes];
    return (const np_class *)(const void *)(page + ref % bytes);
}

/* Whether an address is IPv4 in IPv6's clothes. Addresses of two sides can be asked at once by
 * joining what is returned: 0 means yes. */
NP_INLINE uint64_t np_not_v4(const uint8_t b[16])
{
    static const uint8_t mapped[4] = {0, 0, 0xff, 0xff};
    uint64_t high;
    uint32_t low;
    uint32_t expected;
    memcpy(&high, b, sizeof high);
    memcpy(&low, b + 8, sizeof low);
    memcpy(&expected, mapped, sizeof expected);
    return high | (low ^ expected);
}

/* From NP_PORT_KEY(NP_PORT_OTHER, 0) on it is a protocol that rules cannot speak of. */
NP_INLINE uint32_t np_key_of(const netpol_flow *f)
{
    if (f->protocol == NETPOL_TCP)
        return NP_PORT_KEY(NP_PORT_TCP, f->port);
    if (f->protocol == NETPOL_UDP)
        return NP_PORT_KEY(NP_PORT_UDP, f->port);
    return f->protocol == NETPOL_SCTP ? NP_PORT_KEY(NP_PORT_SCTP, f->port)
                                      : NP_PORT_KEY(NP_PORT_OTHER, f->port);
}

/* Whether a port set holds the question's port; the rest of it: more than one range, and names. */
bool np_is_open_more(const np_question *q, const np_ports *p);
NP_INLINE bool np_is_open(const np_question *q, uint32_t set)
{
    const np_ports *p = &q->g->ports[set];
    return q->key - p->lo <= p->span || ((p->n_more | p->n_names) && np_is_open_more(q, p));
}

/* Whether a programme opens the port to the peer as a pod: by entries, or to everybody, if its
 * pictures let that be; by the row of the namespace, or else by those. */
bool np_in_entries(const np_question *q, const np_rules *r, const np_class *peer);
NP_INLINE bool np_opens_to_pod(const np_question *q, const np_rules *r, const np_class *subject,
                               const np_class *peer)
{
    if (subject->space == peer->space && r->row) {
        const uint16_t *row = np_behind(r, r->row);
        return np_is_open(q, row[peer->row]);
    }
    return r->bits & np_port_bits(q->key) &&
           r->peers & np_peer_bits(&q->g->space_rows, peer->space) && np_in_entries(q, r, peer);
}

/* Whether it opens it to the peer's address, of which the picture of its ports says that it may.
 * MAYBE: that is not known, and one it may have is let in. */
typedef enum np_by_address {
    NP_ADDRESS_NO,
    NP_ADDRESS_YES,
    NP_ADDRESS_MAYBE,
    NP_ADDRESS_SLOW /* the reference must tell */
} np_by_address;
np_by_address np_opens_to_address(const np_question *q, const np_rules *r, int direction);

/* What a table has for the peer's address; UINT32_MAX: it is not known. */
uint32_t np_find_address(const np_question *q, const np_ip_table *t, int direction);

/* All tiers under all choices, or the reference. */
np_packed np_judge_all(const np_program *g, const netpol_flow *f, const np_class *src,
                       const np_class *dst);
/* The same of a pod and itself. */
np_packed np_judge_self(const np_program *g, const netpol_flow *f, const np_class *class);
np_packed np_ask_reference(const np_program *g, const netpol_flow *flow);

#endif
