/* SPDX-License-Identifier: MIT */
/* spans owns the addresses outside the cluster: the ranges of them that no policy tells apart. */
#ifndef NP_SPANS_H
#define NP_SPANS_H

#include "snapshot.h"

typedef struct np_span {
    np_ip first;
    np_ip last;
} np_span;

typedef struct np_spans {
    np_span *at; /* ascending */
    size_t n;
} np_spans;

/* Cuts the addresses of one family where a block of the policies of one direction begins or ends
 * (NETPOL_EGRESS: addresses as destinations). A node's address that a policy may mean is a span of
 * its own. False: no memory. */
bool np_spans_make(const np_snapshot *s, uint8_t family, int32_t direction, np_arena *arena,
                   np_spans *out);

/* As np_spans_make, but public addresses only: no private, link-local, loopback or multicast ones.
 */
bool np_spans_internet(const np_snapshot *s, uint8_t family, int32_t direction, np_arena *arena,
                       np_spans *out);

/* "10.0.0.0-10.0.0.255". */
void np_span_text(np_buffer *b, const np_span *span);

#endif
