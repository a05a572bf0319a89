/* SPDX-License-Identifier: MIT */
/* All tiers, and all that upstream leaves open. A verdict says what it depends on, so it is judged
 * under every choice at once: each choice that could have been made is a world, a set of worlds is
 * a word of bits. Where something is assumed for want of knowledge, a world doubts it: there both
 * answers may be possible. What is left to the reference: equal priorities, names to be resolved,
 * labels that are not told, sidecars. */
#include "program_inside.h"

#include "reference.h"

#include "netpol/selector.h"

enum {
    AS_CHOSEN,
    PODS,  /* the other choice of NETPOL_IP_BLOCK_… for pods */
    NODES, /* and for nodes */
    OWN_1, /* the other choices of NETPOL_OWN_NODE_… */
    OWN_2,
    PROTOCOL_1, /* of NETPOL_OTHER_PROTOCOLS_… */
    PROTOCOL_2,
    SHIELD,      /* of NETPOL_BASELINE_SHIELD_… */
    NO_ADDRESS,  /* doubts that an unknown address is in no block */
    NO_OWN_NODE, /* doubts that the sides of unknown nodes are on different ones */
    N_WORLDS
};
#define BIT(world) ((uint32_t)1 << (world))
#define ALL (BIT(N_WORLDS) - 1)

static const uint32_t depends_of[N_WORLDS] = {
    [PODS] = NETPOL_DEPENDS_IP_BLOCK_POD,
    [NODES] = NETPOL_DEPENDS_IP_BLOCK_NODE,
    [OWN_1] = NETPOL_DEPENDS_OWN_NODE,
    [OWN_2] = NETPOL_DEPENDS_OWN_NODE,
    [PROTOCOL_1] = NETPOL_DEPENDS_PROTOCOL,
    [PROTOCOL_2] = NETPOL_DEPENDS_PROTOCOL,
    [SHIELD] = NETPOL_DEPENDS_NP_OTHER_DIRECTION,
    [NO_ADDRESS] = NETPOL_DEPENDS_ADDRESS_UNKNOWN,
    [NO_OWN_NODE] = NETPOL_DEPENDS_OWN_NODE,
};

static uint8_t turn(uint8_t choice, uint8_t by, uint8_t choices)
{
    return (uint8_t)((choice + by) % choices);
}

static netpol_semantics choices_in(const netpol_semantics *how, int world)
{
    netpol_semantics s = *how;
    if (world == PODS)
        s.ip_block_pods = turn(s.ip_block_pods, 1, 2);
    if (world == NODES)
        s.ip_block_nodes = turn(s.ip_block_nodes, 1, 2);
    if (world == OWN_1 || world == OWN_2)
        s.own_node = turn(s.own_node, world == OWN_1 ? 1 : 2, 3);
    if (world == PROTOCOL_1 || world == PROTOCOL_2)
        s.other_protocols = turn(s.other_protocols, world == PROTOCOL_1 ? 1 : 2, 3);
    if (world == SHIELD)
        s.baseline_shield = turn(s.baseline_shield, 1, 2);
    return s;
}

void np_worlds_make(np_worlds *w, const netpol_semantics *how)
{
    *w = (np_worlds){0};
    for (int i = 0; i < N_WORLDS; i++) {
        netpol_semantics s = choices_in(how, i);
        bool own_in = s.own_node != NETPOL_OWN_NODE_NONE;
        bool own_out = s.own_node == NETPOL_OWN_NODE_BOTH;
        w->blocks_of_pods |= s.ip_block_pods == NETPOL_IP_BLOCK_MATCH ? BIT(i) : 0;
        w->blocks_of_nodes |= s.ip_block_nodes == NETPOL_IP_BLOCK_MATCH ? BIT(i) : 0;
        w->own_node[NP_IN] |= own_in ? BIT(i) : 0;
        w->own_node[NP_OUT] |= own_out ? BIT(i) : 0;
        w->no_protocols |= s.other_protocols == NETPOL_OTHER_PROTOCOLS_NONE ? BIT(i) : 0;
        w->free_protocols |= s.other_protocols == NETPOL_OTHER_PROTOCOLS_FREE ? BIT(i) : 0;
        w->shield |= s.baseline_shield == NETPOL_BASELINE_SHIELD_POD ? BIT(i) : 0;
    }
}

/* What one direction says: the worlds in which it may accept, and in which it may deny. */
typedef struct says {
    uint32_t accept;
    uint32_t deny;
    uint8_t tier; /* as chosen */
    bool slow;    /* the reference must tell */
} says;

static bool has_other_protocol(const np_question *q)
{
    return q->key >= NP_PORT_KEY(NP_PORT_OTHER, 0);
}

/* ---- NetworkPolicies ---- */

/* The worlds in which the peer's address is subject to blocks. */
static uint32_t blocks_of(const np_program *g, const np_class *peer)
{
    if (peer->flags & NP_CLASS_POD)
        return g->worlds.blocks_of_pods;
    return peer->flags & NP_CLASS_NODE ? g->worlds.blocks_of_nodes : ALL;
}

/* Traffic with the pod's own node: whether the peer is that. Worlds in which it is let in, and may
 * be. */
static void add_own_node(const np_question *q, const np_class *peer, int direction, uint32_t *sure,
                         uint32_t *maybe)
{
    uint32_t applies = q->g->worlds.own_node[direction];
    if (!(peer->flags & NP_CLASS_NODE) || !(applies & ~*sure))
        return;
    np_packet packet;
    (void)np_packet_of_flow(q->g->snapshot, q->flow, &packet);
    const np_side *subject = direction == NP_IN ? &packet.dst : &packet.src;
    const np_side *other = direction == NP_IN ? &packet.src : &packet.dst;
    switch (np_own_node(np_pod_at(q->g->snapshot, subject->pod), other)) {
    case NP_OWN_NODE_YES:
        *sure |= applies;
        break;
    case NP_OWN_NODE_MAYBE:
        *maybe |= applies & BIT(NO_OWN_NODE);
        break;
    case NP_OWN_NODE_NO:
        break;
    }
}

/* Adds what the policies that isolate the subject say; where they say nothing is left in `asks`. */
static void ask_policies(const np_question *q, const np_class *subject, const np_class *peer,
                         int direction, uint32_t *asks, says *all)
{
    const np_worlds *w = &q->g->worlds;
    const np_rules *r = subject->rules[direction];
    uint32_t free_worlds = has_other_protocol(q) ? w->free_protocols : 0;
    uint32_t rules = has_other_protocol(q) ? ALL & ~w->no_protocols : ALL;
    uint32_t sure = 0;
    uint32_t maybe = 0;
    if (np_opens_to_pod(q, r, subject, peer))
        sure = rules;
    if (rules & ~sure && r->ip_bits & np_port_bits(q->key))
        switch (np_opens_to_address(q, r, direction)) {
        case NP_ADDRESS_YES:
            sure |= rules & blocks_of(q->g, peer);
            break;
        case NP_ADDRESS_MAYBE:
            maybe |= rules & blocks_of(q->g, peer) & BIT(NO_ADDRESS);
            break;
        case NP_ADDRESS_SLOW:
            all->slow = true;
            return;
        case NP_ADDRESS_NO:
            break;
        }
    add_own_node(q, peer, direction, &sure, &maybe);
    uint32_t here = *asks & ~free_worlds;
    all->accept |= here & (sure | maybe);
    all->deny |= here & ~sure;
    if (here & BIT(AS_CHOSEN))
        all->tier = NETPOL_TIER_NETWORK_POLICY;
    *asks &= free_worlds;
}

/* ---- the other tiers ---- */

#define SLOW 0x100u /* in place of an action */

/* `nodes` match the addresses of nodes. Those that are each node's own have no labels. */
static bool is_node_of(const np_question *q, const netpol_label_selector *s, int direction,
                       bool *slow)
{
    np_packet packet;
    (void)np_packet_of_flow(q->g->snapshot, q->flow, &packet);
    uint32_t node = direction == NP_IN ? packet.src.node : packet.dst.node;
    *slow = node == NP_NONE; /* a pod on the host network of which no more is told */
    if (*slow)
        return true;
    if (node == NP_EVERY_NODE)
        return s->n_match_labels + s->n_match_expressions == 0;
    const np_node *n = np_node_at(q->g->snapshot, node);
    return netpol_label_selector_matches(s, n->labels, n->n_labels);
}

static bool has_address(const np_question *q, const np_tier_entry *e, int direction, bool *slow)
{
    uint32_t found = np_find_address(q, e->table, direction);
    *slow = found == UINT32_MAX;
    return found != 0;
}

static bool entry_matches(const np_question *q, const np_tier_entry *e, const np_class *peer,
                          int direction, bool *slow)
{
    switch (e->kind) {
    case NP_ENTRY_PODS:
        return !(peer->flags & NP_CLASS_HOST) &&
               np_rows_has(&q->g->space_rows, peer->space, e->spaces) &&
               np_rows_tells(&q->g->signature_rows, peer->signature, e->pods);
    case NP_ENTRY_ADDRESS:
        return has_address(q, e, direction, slow);
    case NP_ENTRY_NODES:
        return peer->flags & (NP_CLASS_NODE | NP_CLASS_HOST) &&
               is_node_of(q, e->nodes, direction, slow);
    case NP_ENTRY_ANY:
        return true;
    case NP_ENTRY_DOUBT:
        *slow = true;
        return !(peer->flags & NP_CLASS_POD);
    }
    return false;
}

/* NP_ACTION_…, or SLOW. */
static unsigned ask_list(const np_question *q, const np_tier_list *l, const np_class *peer,
                         int direction)
{
    if (!l || !(l->bits & np_port_bits(q->key)))
        return NP_ACTION_NONE;
    for (uint32_t i = 0; i < l->n; i++) {
        const np_tier_entry *e = &l->entry[i];
        bool slow = false;
        if (np_is_open(q, e->ports) && entry_matches(q, e, peer, direction, &slow))
            return slow || e->rival ? SLOW : e->action;
    }
    return NP_ACTION_NONE;
}

/* The two groups of a tier, one after the other: NP_ACTION_ACCEPT or _DENY, _NONE to go on. */
static unsigned ask_groups(const np_question *q, const np_class *subject, size_t group,
                           const np_class *peer, int direction)
{
    if (subject->flags & NP_CLASS_HOST) /* never a subject of these tiers */
        return NP_ACTION_NONE;
    const np_tiers *t = np_pages_at(&q->g->tiers, subject->tiers);
    unsigned action = ask_list(q, t->list[direction][group], peer, direction);
    if (action == NP_ACTION_NONE || action == NP_ACTION_PASS)
        action = ask_list(q, t->list[direction][group + 1], peer, direction);
    return action == NP_ACTION_PASS ? NP_ACTION_NONE : action;
}

/* Adds what a tier decided in the worlds that ask it. False: it has decided nothing. */
static bool decides(unsigned action, uint32_t asks, uint8_t tier, says *all)
{
    if (action == NP_ACTION_NONE)
        return false;
    all->slow = action == SLOW;
    *(action == NP_ACTION_ACCEPT ? &all->accept : &all->deny) |= asks;
    if (asks & BIT(AS_CHOSEN))
        all->tier = tier;
    return true;
}

/* Settled.md 1.6: policies of the other direction may keep this tier from the pod. Protocols that
 * pass by NetworkPolicies pass by that shield, too. */
static void ask_baseline(const np_question *q, const np_class *subject, const np_class *peer,
                         int direction, uint32_t asks, says *all)
{
    const np_worlds *w = &q->g->worlds;
    uint32_t shielded = subject->rules[!direction] ? asks & w->shield : 0;
    if (has_other_protocol(q))
        shielded &= ~w->free_protocols;
    all->accept |= shielded;
    asks &= ~shielded;
    unsigned action = ask_groups(q, subject, NP_GROUP_BASELINE, peer, direction);
    if (!decides(action, asks, NETPOL_TIER_BASELINE, all))
        all->accept |= asks; /* the cluster's default */
}

/* clusternetworkpolicy.md 2: Admin, NetworkPolicy, Baseline. */
static says judge(const np_question *q, const np_class *subject, const np_class *peer,
                  int direction)
{
    says all = {.tier = NETPOL_TIER_NONE};
    uint32_t asks = ALL;
    if (!(subject->flags & NP_CLASS_POD)) {
        all.accept = ALL;
        return all;
    }
    unsigned action = ask_groups(q, subject, NP_GROUP_ADMIN, peer, direction);
    if (decides(action, asks, NETPOL_TIER_ADMIN, &all))
        return all;
    if (subject->rules[direction])
        ask_policies(q, subject, peer, direction, &asks, &all);
    if (asks && !all.slow)
        ask_baseline(q, subject, peer, direction, asks, &all);
    return all;
}

/* ---- verdicts ---- */

np_packed np_ask_reference(const np_program *g, const netpol_flow *flow)
{
    return np_pack(np_reference_verdict(g->snapshot, &g->how, flow));
}

/* The lower of two tiers, none being the highest. */
static uint8_t stronger(uint8_t a, uint8_t b)
{
    if (a == NETPOL_TIER_NONE || b == NETPOL_TIER_NONE)
        return a | b;
    return a < b ? a : b;
}

/* Both directions must accept; a world with another answer than the chosen one is what the verdict
 * depends on. */
static netpol_verdict combine(const np_program *g, const says *out, const says *in)
{
    uint32_t accept = out->accept & in->accept;
    uint32_t deny = out->deny | in->deny;
    const says *denied = out->accept & BIT(AS_CHOSEN) ? in : out;
    netpol_verdict v = {.allowed = accept & BIT(AS_CHOSEN), .depends = g->depends};
    if (!v.allowed)
        v.direction = denied == out ? NETPOL_EGRESS : NETPOL_INGRESS;
    v.tier = v.allowed ? stronger(out->tier, in->tier) : denied->tier;
    uint32_t others = (v.allowed ? deny : accept) & ~BIT(AS_CHOSEN);
    for (uint32_t i = 0; others >> i; i++)
        v.depends |= others >> i & 1 ? depends_of[i] : 0;
    return v;
}

/* What is left open denies or allows, if that is chosen. */
static np_packed settle(const np_program *g, netpol_verdict v)
{
    if (v.depends && g->how.undefined != NETPOL_UNDEFINED_REPORT)
        v.allowed = g->how.undefined == NETPOL_UNDEFINED_ALLOW;
    return np_pack(v);
}

static bool judge_both(const np_program *g, const netpol_flow *f, const np_class *src,
                       const np_class *dst, netpol_verdict *v)
{
    np_question q = {g, f, np_key_of(f), dst};
    if (src->flags & NP_CLASS_SLOW || dst->flags & (NP_CLASS_SLOW | NP_CLASS_NAMES))
        return false;
    says out = judge(&q, src, dst, NP_OUT);
    says in = judge(&q, dst, src, NP_IN);
    if (out.slow || in.slow)
        return false;
    *v = combine(g, &out, &in);
    return true;
}

/* What a pod on the host network is to policies under a choice. */
static const np_class *seen_as(const np_program *g, const np_class *class, uint8_t choice)
{
    return class->flags & NP_CLASS_HOST && choice == NETPOL_HOST_NETWORK_NODE
               ? np_class_at(g, NP_CLASS_REF(NP_NODE))
               : class;
}

static bool judge_as(const np_program *g, const netpol_flow *f, const np_class *src,
                     const np_class *dst, uint8_t choice, netpol_verdict *v)
{
    return judge_both(g, f, seen_as(g, src, choice), seen_as(g, dst, choice), v);
}

static bool judge_hosts(const np_program *g, const netpol_flow *f, const np_class *src,
                        const np_class *dst, netpol_verdict *v)
{
    netpol_verdict other;
    if (!judge_as(g, f, src, dst, g->how.host_network, v) ||
        !judge_as(g, f, src, dst, turn(g->how.host_network, 1, 2), &other))
        return false;
    if (other.allowed != v->allowed)
        v->depends |= NETPOL_DEPENDS_HOST_NETWORK;
    return true;
}

np_packed np_judge_all(const np_program *g, const netpol_flow *f, const np_class *src,
                       const np_class *dst)
{
    netpol_verdict v;
    bool host = (src->flags | dst->flags) & NP_CLASS_HOST;
    bool told = host ? judge_hosts(g, f, src, dst, &v) : judge_both(g, f, src, dst, &v);
    return told ? settle(g, v) : np_ask_reference(g, f);
}

/* 6.8: a pod cannot be cut off from itself, or it is judged as any other, as is chosen: the verdict
 * depends on that if the rules deny. Where they are spared, nothing else matters. */
np_packed np_judge_self(const np_program *g, const netpol_flow *f, const np_class *class)
{
    netpol_verdict v;
    if (class->flags & NP_CLASS_HOST || !judge_both(g, f, class, class, &v))
        return np_ask_reference(g, f);
    if (g->how.self == NETPOL_SELF_ALLOW)
        v = (netpol_verdict){.allowed = 1,
                             .depends = g->depends | (v.allowed ? 0 : NETPOL_DEPENDS_SELF)};
    else if (!v.allowed)
        v.depends |= NETPOL_DEPENDS_SELF;
    return settle(g, v);
}
