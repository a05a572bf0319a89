/* SPDX-License-Identifier: MIT */
/* reference owns the meaning of policies: the rules read one by one, slowly and literally, beside
 * the specification. What is compiled is held against it. It allocates nothing and prints nothing.
 */
#ifndef NP_REFERENCE_H
#define NP_REFERENCE_H

#include "selector.h"
#include "snapshot.h"

/* One end of a packet, as far as anybody can know it. */
typedef struct np_side {
    np_ip ip;     /* valid if known */
    uint32_t pod; /* NP_NONE: not a pod */
    uint32_t
        node; /* whose address it is; of a pod: only on the host network. NP_NONE, NP_EVERY_NODE */
    uint8_t family; /* NP_FAMILY_4 or _6 */
    bool known;     /* the address is */
} np_side;

typedef struct np_packet {
    np_side src;
    np_side dst;
    uint16_t port;
    uint8_t protocol;
    bool two_replicas; /* both sides are one number, but two replicas or one reached through a
                          service */
} np_packet;

/* Why one direction came out as it did. */
typedef struct np_why {
    const char *reason; /* as in netpol_decision; static */
    const netpol_object *policy;
    int32_t rule;
    int32_t peer;
    int32_t port;
    uint8_t direction;
    uint8_t allowed;
    uint8_t tier;
} np_why;

/* An address: whose it is is looked up. */
np_side np_side_of_ip(const np_snapshot *s, const np_ip *ip);
/* A pod in a family; NP_FAMILY_4 or _6. */
np_side np_side_of_pod(const np_snapshot *s, uint32_t pod, uint8_t family);

/* Whether a side that is judged as no pod is the node that a pod runs on. MAYBE: the node of one of
 * the two is not told. */
typedef enum np_is_own_node { NP_OWN_NODE_NO, NP_OWN_NODE_YES, NP_OWN_NODE_MAYBE } np_is_own_node;
np_is_own_node np_own_node(const np_pod *pod, const np_side *side);

/* 0; or, if a pod number is out of range, the direction of that side. */
int32_t np_packet_of_flow(const np_snapshot *s, const netpol_flow *flow, np_packet *out);

netpol_verdict np_reference_verdict(const np_snapshot *s, const netpol_semantics *is,
                                    const netpol_flow *flow);
netpol_verdict np_reference_judge(const np_snapshot *s, const netpol_semantics *is,
                                  const np_packet *packet);
/* The reasons, as the choices stand (NETPOL_UNDEFINED_… is not applied). */
void np_reference_why(const np_snapshot *s, const netpol_semantics *is, const np_packet *packet,
                      np_why *egress, np_why *ingress);
/* Whether a NetworkPolicy isolates the packet's end in a direction. */
bool np_reference_isolates(const np_snapshot *s, const netpol_semantics *is,
                           const np_packet *packet, int32_t direction, const np_policy *policy);

/* ---- reference_miss.c: the rules that allow, or came nearest to allowing ---- */

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
bool np_nearest_miss(const np_snapshot *s, const netpol_semantics *is, const np_packet *packet,
                     int32_t direction, np_miss *out);
/* How many rules of NetworkPolicies allow the packet, and the first `room` of them. */
size_t np_allowing_rules(const np_snapshot *s, const netpol_semantics *is, const np_packet *packet,
                         int32_t direction, np_miss *out, size_t room);
/* The first NetworkPolicy by name that isolates the packet's end; NULL: none. */
const np_policy *np_first_isolating(const np_snapshot *s, const netpol_semantics *is,
                                    const np_packet *packet, int32_t direction);

/* The pod that a side is to selectors; NULL: none, or one that counts as its node. */
const np_pod *np_side_judged_as_pod(const np_snapshot *s, const netpol_semantics *is,
                                    const np_side *side);

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
