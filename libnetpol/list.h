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
    uint32_t kind;   /* parties of one kind have the same connections with all others */
    uint32_t pod;    /* the first; NP_NONE: addresses */
    uint32_t owner;  /* of the pods */
    uint32_t n_pods; /* that it stands for */
    uint8_t families;
    bool source;      /* addresses: as sources, … */
    bool destination; /* … as destinations; pods are both */
    bool free[2];     /* [0] ingress, [1] egress: no policy is or may be about it */
    bool in_focus;
    bool first_of_owner;
    np_ip ip; /* of addresses: the first */
} np_party;

typedef struct np_parties {
    np_party *at;
    size_t n;
    size_t room;
    size_t n_kinds;
    uint32_t *party_of_pod;
    uint32_t *next_of_owner; /* by party: the next one of the same owner; NP_NONE: the last */
} np_parties;

/* Who is there: pods first. NETPOL_OK, _NOT_FOUND (the focus), _NO_MEMORY. */
netpol_status np_parties_make(const netpol_engine *e, const netpol_list_options *how,
                              np_arena *arena, np_parties *out, netpol_diagnostics *diags);

/* A party as one end of a packet of a family that it has. */
np_side np_side_of_party(const np_snapshot *s, const np_party *p, uint8_t family);

/* ---- list_focus.c ---- */

/* Marks the parties that the list is about: all pods, or those of how->focus. NETPOL_OK;
 * NETPOL_NOT_FOUND, _INVALID (said in diags), _NO_MEMORY. */
netpol_status np_parties_focus(const netpol_engine *e, const netpol_list_options *how,
                               np_arena *arena, np_parties *parties, netpol_diagnostics *diags);

/* ---- list_matrix.c ---- */

/* The table: the number of a set of connections for each pair of kinds of parties, and for each
 * party with itself, by family. */
typedef struct np_matrix {
    const netpol_engine *e;
    netpol_list_options how;
    np_arena arena;
    np_parties parties;
    uint32_t *pairs[2]; /* NULL: the family is not used; NP_NONE: not judged */
    uint32_t *alone[2];
    np_end_cuts *cuts[2]; /* by kind: as source, as destination; at[0] NULL: not made yet */
    np_conns *sets;       /* every different one once; the first is "everything" */
    size_t n_sets;
    size_t sets_room;
    uint32_t last_set; /* that was found */
    np_index set_index;
    uint32_t depends;
} np_matrix;

/* Finds the parties and judges every pair that will be shown. Free it in any case. */
netpol_status np_matrix_make(np_matrix *t, const netpol_engine *e, const netpol_list_options *how,
                             netpol_diagnostics *diags);
void np_matrix_free(np_matrix *t);
/* The number of a set; NP_NONE: the pair is not in the table. */
uint32_t np_matrix_cell(const np_matrix *t, size_t family, size_t src, size_t dst);

#endif
