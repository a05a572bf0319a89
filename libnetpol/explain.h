/* SPDX-License-Identifier: MIT */
/* explain owns the reasons of a verdict: which policy and rule decided, and where they stand. It
 * knows no words for people. */
#ifndef NP_EXPLAIN_H
#define NP_EXPLAIN_H

#include "engine.h"

/* What a rule's line is, and the other fields that a decision shows, from a reason. */
netpol_decision np_decision_of(const np_why *why);

/* How many NetworkPolicies isolate the packet's end in a direction, and, if `out` is not NULL,
 * which: in order of name. */
size_t np_isolating(const netpol_engine *e, const np_packet *packet, int32_t direction,
                    const netpol_object **out);

#endif
