/* SPDX-License-Identifier: MIT */
/* list owns the table of who can talk to whom. It does not know how a flow is judged. */
#ifndef NP_LIST_H
#define NP_LIST_H

#include "conns.h"
#include "engine.h"
#include "spans.h"

#include "netpol/question.h"

/* A row and a column of the table: pods that nothing tells apart, or a range of addresses. */
typedef struct np_party {
    const char *name;
    uint32_t pod;    /* the first; NP_NONE: addresses */
    uint32_t owner;  /* of the pods */
    uint32_t n_pods; /* that it stands for */
    uint8_t families;
    bool source;      /* addresses: as sources, … */
    bool destination; /* … as destinations; pods are both */
    bool free[2];     /* [0] ingress, [1] egress: no policy is or may be about it */
    bool in_focus;
    np_ip ip; /* of addresses: the first */
} np_party;

typedef struct np_parties {
    np_party *at;
    size_t n;
    size_t room;
    uint32_t *party_of_pod;
} np_parties;

/* Who is there: pods first. NETPOL_OK, _NOT_FOUND (the focus), _NO_MEMORY. */
netpol_status np_parties_make(const netpol_engine *e, const netpol_list_options *how,
                              np_arena *arena, np_parties *out, netpol_diagnostics *diags);

#endif
