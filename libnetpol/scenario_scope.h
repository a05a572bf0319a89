/* SPDX-License-Identifier: MIT */
/* What the files of invariants share. */
#ifndef NP_SCENARIO_SCOPE_H
#define NP_SCENARIO_SCOPE_H

#include "list.h"
#include "scenario.h"

/* What an invariant is about. */
typedef struct np_scope {
    np_run *r;
    const netpol_engine *e;
    np_arena arena;
    np_arena of_party; /* of one party that is looked at */
    np_arena scratch;  /* of one pair of ends */
    np_parties parties;
    uint32_t *pods;  /* of each party one that is not left out; NP_NONE: none */
    bool *left_out;  /* pods, by `except` */
    bool *chosen;    /* namespaces */
    uint8_t *known;  /* by kind of party: what came of the first one */
    np_party *peers; /* the other ends of what is forbidden */
    size_t n_peers;
    size_t peers_room;
    np_end_cuts *peer_cuts[2]; /* of each peer, as source, as destination; made when needed */
} np_scope;

/* Makes the list of peers. NETPOL_OK, _NO_MEMORY. */
netpol_status np_forbid_prepare(np_scope *c);
/* Looks for a flow of a party that must not be; tells it if there is one. NETPOL_OK, _NO_MEMORY. */
netpol_status np_forbid(np_scope *c, size_t party, bool *holds);

#endif
