/* SPDX-License-Identifier: MIT */
/* Numbers of the form 6.x are sections of the specification of NetworkPolicy; settled.md wins. */
#include "reference.h"

#include "port.h"
#include "reference_match.h"

#include <stddef.h>

/* ---- from flows to packets ---- */

np_side np_side_of_ip(const np_snapshot *s, const np_ip *ip)
{
    np_side side = {.ip = *ip, .pod = NP_NONE, .node = NP_NONE, .known = true};
    side.family = ip->v4 ? NP_FAMILY_4 : NP_FAMILY_6;
    side.pod = np_snapshot_pod_of_ip(s, ip);
    if (side.pod == NP_NONE)
        side.node = np_snapshot_node_of_ip(s, ip);
    return side;
}

np_side np_side_of_pod(const np_snapshot *s, uint32_t pod, uint8_t family)
{
    const np_pod *p = np_pod_at(s, pod);
    const np_ip *ip = np_pod_ip(p, family);
    np_side side = {.pod = pod, .node = NP_NONE, .family = family, .known = ip != NULL};
    if (ip)
        side.ip = *ip;
    if (p->host_network)
        side.node = p->node;
    return side;
}

/* One side of a flow before its family is chosen. */
typedef struct given {
    np_ip ip;
    uint32_t pod; /* NP_NONE: by address */
    uint8_t families;
} given;

static bool read_side(const np_snapshot *s, const uint8_t bytes[16], uint8_t kind, given *out)
{
    *out = (given){.pod = NP_NONE};
    if (kind != NETPOL_BY_POD) {
        out->ip = np_ip_of_bytes(bytes);
        out->families = out->ip.v4 ? NP_FAMILY_4 : NP_FAMILY_6;
        return kind == NETPOL_BY_ADDRESS;
    }
    memcpy(&out->pod, bytes, sizeof out->pod);
    if (out->pod >= s->n_pods || !np_pod_at(s, out->pod))
        return false;
    out->families = bytes[4] == 4   ? NP_FAMILY_4
                    : bytes[4] == 6 ? NP_FAMILY_6
                                    : np_pod_at(s, out->pod)->families;
    return true;
}

/* The first family that both have, else the first that it has. */
static np_side choose(const np_snapshot *s, const given *g, uint8_t others)
{
    if (g->pod == NP_NONE)
        return np_side_of_ip(s, &g->ip);
    uint8_t common = g->families & others ? g->families & others : g->families;
    return np_side_of_pod(s, g->pod, common & NP_FAMILY_4 ? NP_FAMILY_4 : NP_FAMILY_6);
}

int32_t np_packet_of_flow(const np_snapshot *s, const netpol_flow *flow, np_packet *out)
{
    given src;
    given dst;
    if (!read_side(s, flow->src, flow->src_kind, &src))
        return NETPOL_EGRESS;
    if (!read_side(s, flow->dst, flow->dst_kind, &dst))
        return NETPOL_INGRESS;
    *out = (np_packet){.src = choose(s, &src, dst.families),
                       .dst = choose(s, &dst, src.families),
                       .port = flow->port,
                       .protocol = flow->protocol};
    return 0;
}

/* ---- NetworkPolicy ---- */

/* 6.5: pods of the policy's namespace; all pods of matching namespaces; or both. */
static np_match selectors_match(const np_judge *j, const np_policy *p, const netpol_peer *peer,
                                const np_side *side)
{
    const np_pod *pod = np_judged_pod(j, side);
    if (!pod || (!peer->pod_selector && !peer->namespace_selector))
        return NP_NO;
    np_match there = pod->space == p->space ? NP_YES : NP_NO;
    if (peer->namespace_selector)
        there = np_select_namespace(j, peer->namespace_selector, pod->space);
    return np_and(there, np_select_pod(j, peer->pod_selector, pod));
}

/* 6.5, 6.6: an ipBlock is about the address, also of pods and nodes unless chosen otherwise. */
static np_match peer_matches(const np_judge *j, const np_policy *p, const netpol_peer *peer,
                             const np_side *side)
{
    const netpol_ip_block *block = peer->ip_block;
    if (!block)
        return selectors_match(j, p, peer, side);
    return np_ip_block_matches(j, block, side);
}

/* 6.4: no peers are all peers. */
static np_match peers_match(const np_judge *j, const np_policy *p, const netpol_rule *r,
                            const np_side *side, int32_t *index)
{
    if (r->n_peers == 0)
        return NP_YES;
    np_match any = NP_NO;
    for (size_t i = 0; i < r->n_peers && any != NP_YES; i++) {
        np_match m = peer_matches(j, p, r->peers[i], side);
        if (m != NP_NO)
            *index = (int32_t)i;
        any = np_or(any, m);
    }
    return any;
}

/* 6.4: no ports are all ports of all protocols. 6.12: of protocols that rules cannot speak of, only
 * such a rule can mean any, or none does. */
static np_match ports_match(const np_judge *j, const netpol_rule *r, int32_t *index)
{
    if (!np_protocol_has_ports(j->packet->protocol))
        return r->n_ports == 0 && j->is.other_protocols != NETPOL_OTHER_PROTOCOLS_NONE ? NP_YES
                                                                                       : NP_NO;
    if (r->n_ports == 0)
        return NP_YES;
    np_match any = NP_NO;
    for (size_t i = 0; i < r->n_ports && any != NP_YES; i++) {
        np_match m = np_port_matches(j, r->ports[i]);
        if (m != NP_NO)
            *index = (int32_t)i;
        any = np_or(any, m);
    }
    return any;
}

/* 6.2: whether some rule of one policy matches; the first that does is the reason. */
static np_match rules_match(const np_judge *j, const np_policy *p, int32_t direction, np_why *why)
{
    bool egress = direction == NETPOL_EGRESS;
    const netpol_rule *const *rules = egress ? p->spec->egress : p->spec->ingress;
    size_t n = egress ? p->spec->n_egress : p->spec->n_ingress;
    np_match any = NP_NO;
    for (size_t i = 0; i < n && any != NP_YES; i++) {
        np_why here = *why;
        here.peer = here.port = -1;
        np_match m = peers_match(j, p, rules[i], np_peer_side(j, direction), &here.peer);
        if (m != NP_NO)
            m = np_and(m, ports_match(j, rules[i], &here.port));
        any = np_or(any, m);
        if (m != NP_YES)
            continue;
        here.reason = "rule";
        here.policy = p->object;
        here.rule = (int32_t)i;
        *why = here;
    }
    return any;
}

np_is_own_node np_own_node(const np_pod *pod, const np_side *side)
{
    if (side->node == NP_NONE && side->pod == NP_NONE)
        return NP_OWN_NODE_NO;
    if (side->node == NP_EVERY_NODE)
        return NP_OWN_NODE_YES;
    if (side->node == NP_NONE || pod->node == NP_NONE)
        return NP_OWN_NODE_MAYBE;
    return side->node == pod->node ? NP_OWN_NODE_YES : NP_OWN_NODE_NO;
}

/* 6.8, settled.md 1.1: traffic with the pod's own node. Where it is not told on which node one of
 * the two is, it may be the same. */
static np_match is_own_node(const np_judge *j, int32_t direction)
{
    if (j->is.own_node == NETPOL_OWN_NODE_NONE ||
        (j->is.own_node == NETPOL_OWN_NODE_INGRESS && direction == NETPOL_EGRESS))
        return NP_NO;
    const np_side *peer = np_peer_side(j, direction);
    if (np_judged_pod(j, peer))
        return NP_NO;
    switch (np_own_node(np_judged_pod(j, np_subject_side(j, direction)), peer)) {
    case NP_OWN_NODE_YES:
        return NP_YES;
    case NP_OWN_NODE_MAYBE:
        return j->doubt == NETPOL_DEPENDS_OWN_NODE ? NP_MAYBE : NP_NO;
    case NP_OWN_NODE_NO:
        break;
    }
    return NP_NO;
}

/* 6.12: under a choice, protocols that rules cannot speak of pass by NetworkPolicies. */
static bool passes_by(const np_judge *j)
{
    return !np_protocol_has_ports(j->packet->protocol) &&
           j->is.other_protocols == NETPOL_OTHER_PROTOCOLS_FREE;
}

/* What became of a pod among the NetworkPolicies of its namespace. */
typedef struct union_of_rules {
    np_match isolated;
    np_match allowed;
    np_match other_direction; /* isolated in that */
} union_of_rules;

/* 6.1, 6.2: the union of all policies that apply; order never matters. */
static union_of_rules unite(const np_judge *j, int32_t direction, np_why *why)
{
    const np_pod *subject = np_judged_pod(j, np_subject_side(j, direction));
    const np_namespace *n = np_namespace_at(j->s, subject->space);
    union_of_rules u = {NP_NO, NP_NO, NP_NO};
    for (uint32_t i = 0; i < n->n_policies; i++) {
        const np_policy *p = np_policy_of(j->s, n, i);
        np_match applies = np_select_pod(j, p->spec->pod_selector, subject);
        if (applies == NP_NO)
            continue;
        if (!(p->directions & direction)) {
            u.other_direction = np_or(u.other_direction, applies);
            continue;
        }
        if (u.isolated == NP_NO)
            *why = (np_why){"no-rule", p->object,      -1, -1,
                            -1,        why->direction, 0,  NETPOL_TIER_NETWORK_POLICY};
        u.isolated = np_or(u.isolated, applies);
        if (u.allowed != NP_YES)
            u.allowed = np_or(u.allowed, np_and(applies, rules_match(j, p, direction, why)));
    }
    return u;
}

static unsigned network_policies_say(const np_judge *j, int32_t direction, np_why *why,
                                     np_match *other_direction)
{
    *other_direction = NP_NO;
    if (passes_by(j))
        return NP_SAYS_NOTHING;
    union_of_rules u = unite(j, direction, why);
    np_match own = is_own_node(j, direction);
    if (u.isolated != NP_NO && u.allowed != NP_YES && own == NP_YES)
        why->reason = "own-node";
    u.allowed = np_or(u.allowed, own);
    *other_direction = u.other_direction;
    unsigned says = u.isolated == NP_YES ? 0 : NP_SAYS_NOTHING;
    if (u.isolated != NP_NO && u.allowed != NP_NO)
        says |= NP_SAYS_ACCEPT;
    if (u.isolated != NP_NO && u.allowed != NP_YES)
        says |= NP_SAYS_DENY;
    return says;
}

/* ---- tiers ---- */

/* Adds what a tier decided; true if it may be that it decided nothing and the next one is asked. */
static bool goes_on(unsigned *all, unsigned says)
{
    *all |= says & (NP_SAYS_ACCEPT | NP_SAYS_DENY);
    return (says & (NP_SAYS_NOTHING | NP_SAYS_PASS)) != 0;
}

/* Settled.md 1.6: NetworkPolicies keep the Baseline tier from a pod per direction, or altogether.
 */
static unsigned baseline_says(const np_judge *j, int32_t direction, np_match other_direction,
                              np_why *why)
{
    unsigned all = 0;
    if (j->is.baseline_shield == NETPOL_BASELINE_SHIELD_DIRECTION)
        other_direction = NP_NO;
    if (other_direction != NP_NO)
        all |= NP_SAYS_ACCEPT;
    if (other_direction == NP_YES) {
        why->reason = "other-direction";
        return all;
    }
    if (goes_on(&all, np_admin_says(j, NP_GROUP_BASELINE, direction, why)) &&
        goes_on(&all, np_admin_says(j, NP_GROUP_BASELINE_V1, direction, why)))
        all |= NP_SAYS_ACCEPT; /* the cluster's default */
    return all;
}

/* clusternetworkpolicy.md 2: Admin, NetworkPolicy, Baseline; v1alpha2 before v1alpha1. Gives
 * NP_SAYS_ACCEPT or _DENY, both only where something is doubted. */
static unsigned judge_direction(const np_judge *j, int32_t direction, np_why *why)
{
    *why = (np_why){"not-isolated", NULL, -1, -1, -1, (uint8_t)direction, 1, NETPOL_TIER_NONE};
    if (!np_judged_pod(j, np_subject_side(j, direction))) {
        why->reason = "not-a-pod";
        return NP_SAYS_ACCEPT;
    }
    unsigned all = 0;
    np_match other_direction;
    if (goes_on(&all, np_admin_says(j, NP_GROUP_ADMIN, direction, why)) &&
        goes_on(&all, np_admin_says(j, NP_GROUP_ADMIN_V1, direction, why)) &&
        goes_on(&all, network_policies_say(j, direction, why, &other_direction)))
        all |= baseline_says(j, direction, other_direction, why);
    why->allowed = all != NP_SAYS_DENY;
    return all;
}

/* 6.8: a pod cannot be cut off from itself. */
static bool is_self(const np_judge *j)
{
    const np_packet *q = j->packet;
    return j->is.self == NETPOL_SELF_ALLOW && q->src.pod != NP_NONE && q->src.pod == q->dst.pod &&
           !q->two_replicas && np_judged_pod(j, &q->src);
}

/* 6.3: egress at the source and ingress at the destination. */
static unsigned judge(const np_judge *j, np_why *egress, np_why *ingress)
{
    if (is_self(j)) {
        *egress = (np_why){"self", NULL, -1, -1, -1, NETPOL_EGRESS, 1, NETPOL_TIER_NONE};
        *ingress = (np_why){"self", NULL, -1, -1, -1, NETPOL_INGRESS, 1, NETPOL_TIER_NONE};
        return NP_SAYS_ACCEPT;
    }
    unsigned out = judge_direction(j, NETPOL_EGRESS, egress);
    unsigned in = judge_direction(j, NETPOL_INGRESS, ingress);
    return ((out | in) & NP_SAYS_DENY) | (out & in & NP_SAYS_ACCEPT);
}

/* ---- what the verdict depends on (settled.md 1.11) ---- */

/* Choices that upstream leaves to the network plug-in: another one changes the verdict. */
static const struct {
    uint32_t bit;
    size_t at; /* offset in netpol_semantics */
    uint8_t last;
} choices[] = {
    {NETPOL_DEPENDS_IP_BLOCK_POD, offsetof(netpol_semantics, ip_block_pods),
     NETPOL_IP_BLOCK_EXEMPT},
    {NETPOL_DEPENDS_IP_BLOCK_NODE, offsetof(netpol_semantics, ip_block_nodes),
     NETPOL_IP_BLOCK_EXEMPT},
    {NETPOL_DEPENDS_OWN_NODE, offsetof(netpol_semantics, own_node), NETPOL_OWN_NODE_BOTH},
    {NETPOL_DEPENDS_SELF, offsetof(netpol_semantics, self), NETPOL_SELF_JUDGE},
    {NETPOL_DEPENDS_HOST_NETWORK, offsetof(netpol_semantics, host_network),
     NETPOL_HOST_NETWORK_POD},
    {NETPOL_DEPENDS_PROTOCOL, offsetof(netpol_semantics, other_protocols),
     NETPOL_OTHER_PROTOCOLS_FREE},
    {NETPOL_DEPENDS_NP_OTHER_DIRECTION, offsetof(netpol_semantics, baseline_shield),
     NETPOL_BASELINE_SHIELD_POD},
};

/* Assumptions made for want of knowledge: if they are wrong, the verdict may be another. */
static const uint32_t assumptions[] = {
    NETPOL_DEPENDS_TIE,
    NETPOL_DEPENDS_ADDRESS_UNKNOWN,
    NETPOL_DEPENDS_NAMESPACE_ASSUMED,
    NETPOL_DEPENDS_TEMPLATE_LABELS,
    NETPOL_DEPENDS_SIDECAR_PORT,
    NETPOL_DEPENDS_DNS_UNKNOWN,
    NETPOL_DEPENDS_OWN_NODE,
};

static unsigned judge_again(const np_judge *j)
{
    np_why egress;
    np_why ingress;
    return judge(j, &egress, &ingress);
}

static uint8_t *choice_at(np_judge *j, size_t i)
{
    return (uint8_t *)&j->is + choices[i].at;
}

static bool hangs_on_choice(const np_judge *j, size_t i, unsigned opposite)
{
    np_judge other = *j;
    uint8_t *choice = choice_at(&other, i);
    uint8_t made = *choice;
    for (*choice = 0; *choice <= choices[i].last; (*choice)++)
        if (*choice != made && judge_again(&other) & opposite)
            return true;
    return false;
}

static bool has_sidecar_port(const np_pod *p)
{
    for (size_t i = 0; i < p->n_ports; i++)
        if (p->ports[i].sidecar)
            return true;
    return false;
}

/* What a side could make the verdict depend on at all, so that the rest need not be tried. */
static uint32_t possible_for(const np_snapshot *s, const np_side *side)
{
    uint32_t bits = side->known ? 0 : NETPOL_DEPENDS_ADDRESS_UNKNOWN;
    if (side->node != NP_NONE)
        bits |= NETPOL_DEPENDS_IP_BLOCK_NODE | NETPOL_DEPENDS_OWN_NODE;
    if (side->pod == NP_NONE)
        return bits | NETPOL_DEPENDS_DNS_UNKNOWN;
    const np_pod *p = np_pod_at(s, side->pod);
    bits |= NETPOL_DEPENDS_IP_BLOCK_POD | NETPOL_DEPENDS_SELF;
    if (p->host_network)
        bits |=
            NETPOL_DEPENDS_HOST_NETWORK | NETPOL_DEPENDS_IP_BLOCK_NODE | NETPOL_DEPENDS_OWN_NODE;
    if (np_namespace_at(s, p->space)->assumed && s->asks_namespace_labels)
        bits |= NETPOL_DEPENDS_NAMESPACE_ASSUMED;
    if (p->missing_keys & s->asked_keys)
        bits |= NETPOL_DEPENDS_TEMPLATE_LABELS;
    if (has_sidecar_port(p))
        bits |= NETPOL_DEPENDS_SIDECAR_PORT;
    return bits;
}

static uint32_t possible(const np_judge *j)
{
    const np_packet *q = j->packet;
    uint32_t bits = possible_for(j->s, &q->src) | possible_for(j->s, &q->dst);
    if (q->src.pod != q->dst.pod)
        bits &= ~(uint32_t)NETPOL_DEPENDS_SELF;
    if (!np_protocol_has_ports(q->protocol))
        bits |= NETPOL_DEPENDS_PROTOCOL;
    if (j->s->n_cluster_policies)
        bits |= NETPOL_DEPENDS_NP_OTHER_DIRECTION | NETPOL_DEPENDS_TIE;
    return bits;
}

static uint32_t depends(const np_judge *j, unsigned verdict)
{
    unsigned opposite = verdict == NP_SAYS_ACCEPT ? NP_SAYS_DENY : NP_SAYS_ACCEPT;
    uint32_t worth = possible(j);
    uint32_t bits = j->s->foreign ? NETPOL_DEPENDS_FOREIGN_POLICY : 0;
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++)
        if (worth & choices[i].bit && hangs_on_choice(j, i, opposite))
            bits |= choices[i].bit;
    for (size_t i = 0; i < sizeof assumptions / sizeof *assumptions; i++) {
        np_judge doubting = *j;
        doubting.doubt = assumptions[i];
        if (worth & assumptions[i] && judge_again(&doubting) & opposite)
            bits |= assumptions[i];
    }
    return bits;
}

/* ---- verdicts ---- */

static np_judge judge_of(const np_snapshot *s, const netpol_semantics *is, const np_packet *packet)
{
    return (np_judge){.s = s, .packet = packet, .is = *is};
}

static uint8_t stronger(uint8_t a, uint8_t b)
{
    if (a == NETPOL_TIER_NONE || b == NETPOL_TIER_NONE)
        return a | b;
    return a < b ? a : b;
}

/* What is left open denies or allows, if that is chosen; that something was translated is no doubt.
 */
static void settle(netpol_verdict *v, const netpol_semantics *is)
{
    if (is->undefined == NETPOL_UNDEFINED_REPORT || v->depends == 0)
        return;
    v->allowed = is->undefined == NETPOL_UNDEFINED_ALLOW;
}

netpol_verdict np_reference_judge(const np_snapshot *s, const netpol_semantics *is,
                                  const np_packet *packet)
{
    np_judge j = judge_of(s, is, packet);
    np_why egress;
    np_why ingress;
    unsigned says = judge(&j, &egress, &ingress);
    netpol_verdict v = {.allowed = says == NP_SAYS_ACCEPT};
    const np_why *denied = egress.allowed ? &ingress : &egress;
    v.direction = v.allowed ? 0 : denied->direction;
    v.tier = v.allowed ? stronger(egress.tier, ingress.tier) : denied->tier;
    v.depends = depends(&j, says);
    settle(&v, is);
    return v;
}

netpol_verdict np_reference_verdict(const np_snapshot *s, const netpol_semantics *is,
                                    const netpol_flow *flow)
{
    np_packet packet;
    int32_t bad = np_packet_of_flow(s, flow, &packet);
    if (bad)
        return (netpol_verdict){.direction = (uint8_t)bad};
    return np_reference_judge(s, is, &packet);
}

void np_reference_why(const np_snapshot *s, const netpol_semantics *is, const np_packet *packet,
                      np_why *egress, np_why *ingress)
{
    np_judge j = judge_of(s, is, packet);
    (void)judge(&j, egress, ingress);
}

bool np_reference_isolates(const np_snapshot *s, const netpol_semantics *is,
                           const np_packet *packet, int32_t direction, const np_policy *policy)
{
    np_judge j = judge_of(s, is, packet);
    const np_pod *subject = np_judged_pod(&j, np_subject_side(&j, direction));
    return subject && !passes_by(&j) && subject->space == policy->space &&
           policy->directions & direction &&
           np_select_pod(&j, policy->spec->pod_selector, subject) != NP_NO;
}
