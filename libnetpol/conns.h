/* SPDX-License-Identifier: MIT */
/* conns owns what is asked about many ports at once: the classes of ports between two ends that no
 * policy tells apart, and sets of connections. It judges nothing itself. */
#ifndef NP_CONNS_H
#define NP_CONNS_H

#include "engine.h"

#define NP_MAX_PORT 65535u

/* The ports at which anything that policies say between two ends can change: bit p is port p. */
typedef struct np_port_cuts {
    uint64_t bits[(NP_MAX_PORT + 1) / 64];
} np_port_cuts;

/* For a protocol that has ports; the packet's port does not matter. */
void np_port_cuts_between(const np_snapshot *s, const np_packet *packet, uint8_t protocol,
                          np_port_cuts *out);
/* The last port of the class that begins at `first`. */
uint16_t np_port_cuts_last(const np_port_cuts *cuts, uint16_t first);

typedef struct np_conn_range {
    uint16_t first;
    uint16_t last;
} np_conn_range;

/* "80" or "80-90". */
void np_conn_range_text(np_buffer *b, const np_conn_range *r);

/* Index of a protocol in a set: in the order of text. */
enum { NP_CONN_SCTP = 0, NP_CONN_TCP = 1, NP_CONN_UDP = 2, NP_CONN_PROTOCOLS = 3 };
extern const uint8_t np_conn_protocols[NP_CONN_PROTOCOLS];

/* What may pass from one end to another. */
typedef struct np_conns {
    bool all; /* every port of TCP, UDP and SCTP, and other protocols */
    np_conn_range *ranges[NP_CONN_PROTOCOLS]; /* ascending, apart */
    size_t n[NP_CONN_PROTOCOLS];
    uint32_t depends; /* over everything that was judged, denied ports too */
} np_conns;

/* The ports at which what policies say of one end can change: where classes begin, but for the one
 * of port 1; ascending. */
typedef struct np_end_cuts {
    const uint16_t *at[NP_CONN_PROTOCOLS];
    uint32_t n[NP_CONN_PROTOCOLS];
} np_end_cuts;

/* Of a packet's source (NETPOL_EGRESS), or of its destination with all cluster-scoped policies
 * (NETPOL_INGRESS). False: no memory. */
bool np_end_cuts_make(const np_snapshot *s, const np_packet *packet, int32_t direction,
                      np_arena *arena, np_end_cuts *out);
/* As np_conns_between, with the cuts of both ends. */
bool np_conns_judge(const netpol_engine *e, const np_packet *packet, const np_end_cuts *src,
                    const np_end_cuts *dst, np_arena *arena, np_conns *out);
/* A copy whose ranges are in another arena. False: no memory. */
bool np_conns_copy(const np_conns *c, np_arena *arena, np_conns *out);

/* Judges every class of ports between two ends. False: no memory. */
bool np_conns_between(const netpol_engine *e, const np_packet *packet, np_arena *arena,
                      np_conns *out);
bool np_conns_empty(const np_conns *c);
bool np_conns_equal(const np_conns *a, const np_conns *b);
/* "All Connections", or "TCP 80,443-444,UDP 53". */
void np_conns_text(np_buffer *b, const np_conns *c);
/* {"all":true}, or {"TCP":[[80,80]],"UDP":[[53,53]]} in the order TCP, UDP, SCTP. */
void np_conns_json(np_buffer *b, const np_conns *c);

#endif
