/* SPDX-License-Identifier: MIT */
/* explain owns the reasons of a verdict: which policy and rule decided, where they stand, and which
 * rule came nearest. It knows no words for people. */
#ifndef NP_EXPLAIN_H
#define NP_EXPLAIN_H

#include "engine.h"
#include "selector.h"

/* What a rule's line is, and the other fields that a decision shows, from a reason. */
netpol_decision np_decision_of(const np_why *why);

/* How many NetworkPolicies isolate the packet's end in a direction, and, if `out` is not NULL,
 * which: in order of name. */
size_t np_isolating(const netpol_engine *e, const np_packet *packet, int32_t direction,
                    const netpol_object **out);

/* ---- explain_miss.c ---- */

/* How a rule met a packet. */
typedef struct np_miss {
    const np_policy *policy;
    const netpol_rule *of;
    int32_t rule;
    int32_t peer; /* the one that came nearest; -1: the rule has none, and needs none */
    bool peer_fits;
    bool ports_fit;
} np_miss;

/* The rule with the fewest failed conditions among those of the NetworkPolicies that isolate the
 * packet's end. False: there is no rule. */
bool np_nearest_miss(const netpol_engine *e, const np_packet *packet, int32_t direction,
                     np_miss *out);
/* How many rules of NetworkPolicies allow the packet, and the first `room` of them. */
size_t np_allowing_rules(const netpol_engine *e, const np_packet *packet, int32_t direction,
                         np_miss *out, size_t room);
/* The first NetworkPolicy by name that isolates the packet's end; NULL: none. */
const np_policy *np_first_isolating(const netpol_engine *e, const np_packet *packet,
                                    int32_t direction);

typedef struct np_labels_of {
    const netpol_label *labels; /* sorted */
    size_t n;
} np_labels_of;

typedef void (*np_failed_requirement)(void *ctx, const netpol_label_selector *one);
/* How many requirements of a selector (NULL: none) do not hold; each is given to `f`, unless that
 * is NULL, as a selector of its own. */
size_t np_selector_failures(const netpol_label_selector *s, np_labels_of of,
                            np_failed_requirement f, void *ctx);

#endif
