/* SPDX-License-Identifier: MIT */
/* What the files of the room reference share: the judge, and what matches what. */
#ifndef NP_REFERENCE_MATCH_H
#define NP_REFERENCE_MATCH_H

#include "reference.h"

/* Maybe: it rests on the assumption that is doubted just now. */
typedef enum np_match { NP_NO = 0, NP_YES = 1, NP_MAYBE = 2 } np_match;

np_match np_and(np_match a, np_match b);
np_match np_or(np_match a, np_match b);

/* One packet under one set of choices. */
typedef struct np_judge {
    const np_snapshot *s;
    const np_packet *packet;
    netpol_semantics is;
    uint32_t doubt; /* NETPOL_DEPENDS_… of the assumption doubted; 0: none */
} np_judge;

/* What a tier can say; several bits only where something is doubted. */
enum { NP_SAYS_NOTHING = 1, NP_SAYS_ACCEPT = 2, NP_SAYS_DENY = 4, NP_SAYS_PASS = 8 };

/* The end that policies of this direction are about, and the other one. */
const np_side *np_subject_side(const np_judge *j, int32_t direction);
const np_side *np_peer_side(const np_judge *j, int32_t direction);
/* The pod that a side is to selectors; NULL: none, or one that counts as its node. */
const np_pod *np_judged_pod(const np_judge *j, const np_side *side);

/* A NULL selector selects everything here: every caller has dealt with what "not set" means. */
np_match np_select_pod(const np_judge *j, const netpol_label_selector *s, const np_pod *p);
np_match np_select_namespace(const np_judge *j, const netpol_label_selector *s, uint32_t space);

/* Whether an address block matches a side. */
np_match np_block_matches(const np_judge *j, const char *cidr, const char *const *exceptions,
                          size_t n_exceptions, const np_side *side, bool spare_pods,
                          bool spare_nodes);

/* The same of a NetworkPolicy's ipBlock, which spares pods and nodes where that is the choice. */
np_match np_ip_block_matches(const np_judge *j, const netpol_ip_block *b, const np_side *side);

/* Whether the destination has a container port of this name with the packet's port and protocol;
 * `protocol` must be the name's too, 0: whatever it has. */
np_match np_named_port_matches(const np_judge *j, const char *name, uint8_t protocol);
/* Whether the packet goes to this port of a NetworkPolicy. */
np_match np_port_matches(const np_judge *j, const netpol_port *p);

/* What the cluster-scoped policies of one group say of a direction. */
unsigned np_admin_says(const np_judge *j, size_t group, int32_t direction, np_why *why);

#endif
