/* SPDX-License-Identifier: MIT */
#include "program.h"

#include "reference.h"

/* ---- one flow ---- */

/* What is asked, beside the two classes. */
typedef struct question {
    const np_program *g;
    const netpol_flow *flow;
    uint32_t key;
    uint64_t bits;         /* coarse picture of the key */
    const np_class *there; /* the destination */
    np_packet packet;      /* of flows by pods, once an address is needed */
    bool has_packet;
} question;

/* The answer of one direction: whether it allows, whether it does under the other choice of
 * NETPOL_IP_BLOCK_… for pods, the tier that decided; or that the reference must tell. */
enum { ALLOW = 1, ALLOW_OTHER = 2, BOTH = 3, SLOW = 4, TIER_SHIFT = 3 };

static inline unsigned answer(unsigned allow, unsigned tier)
{
    return allow | tier << TIER_SHIFT;
}

static inline const np_class *class_at(const np_program *g, uint32_t number)
{
    const np_class *page = g->classes.page[number >> NP_CLASS_SHIFT];
    return &page[number & ((1u << NP_CLASS_SHIFT) - 1)];
}

static inline const char *space_at(const np_program *g, uint32_t number)
{
    const void *const *page = g->spaces.page[number >> NP_SPACE_SHIFT];
    return page[number & ((1u << NP_SPACE_SHIFT) - 1)];
}

static inline const np_ports *ports_at(const np_program *g, uint32_t set)
{
    const np_ports *page = g->ports.page[set >> NP_PORTS_SHIFT];
    return &page[set & ((1u << NP_PORTS_SHIFT) - 1)];
}

static bool has_named(const question *q, const np_ports *p)
{
    const np_port_map *map = np_pages_at(&q->g->port_maps, q->there->ports);
    return np_ports_has_named(p, q->key, map);
}

static inline bool is_open(const question *q, uint32_t set)
{
    const np_ports *p = ports_at(q->g, set);
    return np_ports_has(p, q->key) || (p->n_names && has_named(q, p));
}

static inline bool has_bit(const np_pages *rows, uint32_t row, uint32_t bit)
{
    const uint64_t *words = np_pages_at(rows, row);
    return words[bit >> 6] >> (bit & 63) & 1;
}

static bool has_wide_bit(const np_program *g, const np_class *peer, uint32_t bit)
{
    const char *space = space_at(g, peer->space);
    const np_space *s = (const np_space *)(const void *)space;
    if (!s->wide)
        return false;
    const uint32_t *first = (const uint32_t *)(const void *)(space + s->wide);
    const uint32_t *list = first + s->n_classes + 1;
    for (uint32_t i = first[peer->row]; i < first[peer->row + 1]; i++)
        if (list[i] == bit)
            return true;
    return false;
}

static bool in_entries(const question *q, const char *space, const np_rules *r,
                       const np_class *peer)
{
    const np_program *g = q->g;
    const np_broad *broad = (const np_broad *)(const void *)(space + r->broad);
    for (uint32_t i = 0; i < r->n_broad; i++)
        if (has_bit(&g->space_rows, peer->space, broad[i].spaces) &&
            has_bit(&g->signature_rows, peer->signature, broad[i].pods) &&
            is_open(q, broad[i].ports))
            return true;
    const np_narrow *narrow = (const np_narrow *)(const void *)(space + r->narrow);
    for (uint32_t i = 0; i < r->n_narrow; i++) {
        if (narrow[i].space != peer->space)
            continue;
        uint32_t bit = narrow[i].bit;
        if ((bit < 64 ? peer->bits >> bit & 1 : has_wide_bit(g, peer, bit)) &&
            is_open(q, narrow[i].ports))
            return true;
    }
    return false;
}

/* ---- addresses ---- */

static inline uint32_t load4(const uint8_t b[4])
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static uint32_t find4(const np_ip_table *t, uint32_t ip)
{
    const uint32_t *first = np_ip_table_first4(t);
    uint32_t at = 0;
    for (uint32_t n = t->n4; n > 1;) {
        uint32_t half = n / 2;
        at += first[at + half] <= ip ? half : 0;
        n -= half;
    }
    return t->n4 ? np_ip_table_ports4(t)[at] : 0;
}

static uint32_t find6(const np_ip_table *t, np_u128 ip)
{
    const np_u128 *first = np_ip_table_first6(t);
    uint32_t at = 0;
    for (uint32_t n = t->n6; n > 1;) {
        uint32_t half = n / 2;
        at += np_u128_less(ip, first[at + half]) ? 0 : half;
        n -= half;
    }
    return t->n6 ? np_ip_table_ports6(t)[at] : 0;
}

static inline bool is_v4(const uint8_t b[16])
{
    uint64_t high;
    uint32_t low;
    memcpy(&high, b, sizeof high);
    memcpy(&low, b + 8, sizeof low);
    static const uint8_t mapped[4] = {0, 0, 0xff, 0xff};
    uint32_t expected;
    memcpy(&expected, mapped, sizeof expected);
    return high == 0 && low == expected;
}

/* The address of the peer; NULL: it is not known. */
static const uint8_t *peer_address(question *q, int direction)
{
    const netpol_flow *f = q->flow;
    if ((direction == NP_IN ? f->src_kind : f->dst_kind) == NETPOL_BY_ADDRESS)
        return direction == NP_IN ? f->src : f->dst;
    if (!q->has_packet) {
        (void)np_packet_of_flow(q->g->snapshot, f, &q->packet);
        q->has_packet = true;
    }
    const np_side *side = direction == NP_IN ? &q->packet.src : &q->packet.dst;
    return side->known ? side->ip.b : NULL;
}

/* What a table has for the peer; UINT32_MAX: its address is not known. */
static uint32_t find_address(question *q, const np_ip_table *t, int direction)
{
    const uint8_t *b = peer_address(q, direction);
    if (!b)
        return UINT32_MAX;
    return is_v4(b) ? find4(t, load4(b + 12)) : find6(t, np_u128_of(b));
}

static unsigned judge_address(question *q, const char *space, const np_rules *r,
                              const np_class *peer, int direction)
{
    const np_ip_table *t = (const np_ip_table *)(const void *)(space + r->ip);
    if (r->flags & NP_RULES_SLOW_IP)
        return SLOW;
    uint32_t set = find_address(q, t, direction);
    if (set == UINT32_MAX)
        return SLOW;
    if (!is_open(q, set))
        return 0;
    if (!(peer->flags & NP_CLASS_POD))
        return BOTH;
    return q->g->how.ip_block_pods == NETPOL_IP_BLOCK_MATCH ? ALLOW : ALLOW_OTHER;
}

/* ---- NetworkPolicies ---- */

static inline unsigned judge_policies(question *q, const np_class *subject, const np_class *peer,
                                      int direction)
{
    const char *space = space_at(q->g, subject->space);
    const np_rules *r = (const np_rules *)(const void *)(space + subject->rules[direction]);
    if (subject->space == peer->space && r->row) {
        const uint16_t *row = (const uint16_t *)(const void *)(space + r->row);
        if (is_open(q, row[peer->row]))
            return BOTH;
    } else if (r->bits & q->bits) {
        if (is_open(q, r->any) || in_entries(q, space, r, peer))
            return BOTH;
    }
    return r->ip_bits & q->bits ? judge_address(q, space, r, peer, direction) : 0;
}

/* ---- the other tiers ---- */

static bool entry_matches(question *q, const np_tier_entry *e, const np_class *peer, int direction,
                          bool *slow)
{
    bool pod = (peer->flags & NP_CLASS_POD) != 0;
    switch (e->kind) {
    case NP_ENTRY_PODS:
        return has_bit(&q->g->space_rows, peer->space, e->spaces) &&
               has_bit(&q->g->signature_rows, peer->signature, e->pods);
    case NP_ENTRY_ADDRESS: {
        if (e->spare && pod)
            return false;
        uint32_t found = find_address(q, e->table, direction);
        *slow = found == UINT32_MAX;
        return found != 0;
    }
    case NP_ENTRY_ANY:
        return true;
    case NP_ENTRY_DOUBT:
        *slow = true;
        return !pod;
    }
    return false;
}

/* NP_ACTION_…, or SLOW << 8. */
static unsigned ask_tier(question *q, const np_tier_list *l, const np_class *peer, int direction)
{
    if (!l || !(l->bits & q->bits))
        return NP_ACTION_NONE;
    for (uint32_t i = 0; i < l->n; i++) {
        const np_tier_entry *e = &l->entry[i];
        bool slow = e->rival;
        if (is_open(q, e->ports) && entry_matches(q, e, peer, direction, &slow))
            return slow || e->rival ? SLOW << 8 : e->action;
    }
    return NP_ACTION_NONE;
}

/* The two groups of a tier, one after the other: NP_ACTION_ACCEPT or _DENY, _NONE to go on. */
static unsigned ask_groups(question *q, const np_tiers *t, size_t group, const np_class *peer,
                           int direction)
{
    unsigned action = ask_tier(q, t->list[direction][group], peer, direction);
    if (action == NP_ACTION_NONE || action == NP_ACTION_PASS)
        action = ask_tier(q, t->list[direction][group + 1], peer, direction);
    return action == NP_ACTION_PASS ? NP_ACTION_NONE : action;
}

/* A NetworkPolicy of the other direction may or may not keep this tier from the pod
 * (settled.md 1.6), which matters only where the tier denies. */
static unsigned judge_baseline(question *q, const np_tiers *t, const np_class *subject,
                               const np_class *peer, int direction)
{
    unsigned action = ask_groups(q, t, NP_GROUP_BASELINE, peer, direction);
    bool shielded = subject->rules[!direction] != 0;
    if (action == SLOW << 8 || (shielded && action != NP_ACTION_NONE))
        return SLOW;
    if (action == NP_ACTION_NONE)
        return answer(BOTH, NETPOL_TIER_NONE);
    return answer(action == NP_ACTION_ACCEPT ? BOTH : 0, NETPOL_TIER_BASELINE);
}

static unsigned judge_tiers(question *q, const np_class *subject, const np_class *peer,
                            int direction)
{
    const np_tiers *t = np_pages_at(&q->g->tiers, subject->tiers);
    unsigned action = ask_groups(q, t, NP_GROUP_ADMIN, peer, direction);
    if (action == SLOW << 8)
        return SLOW;
    if (action != NP_ACTION_NONE)
        return answer(action == NP_ACTION_ACCEPT ? BOTH : 0, NETPOL_TIER_ADMIN);
    if (subject->rules[direction])
        return answer(judge_policies(q, subject, peer, direction), NETPOL_TIER_NETWORK_POLICY);
    return judge_baseline(q, t, subject, peer, direction);
}

static inline unsigned judge(question *q, const np_class *subject, const np_class *peer,
                             int direction)
{
    if (subject->tiers)
        return judge_tiers(q, subject, peer, direction);
    if (subject->rules[direction])
        return answer(judge_policies(q, subject, peer, direction), NETPOL_TIER_NETWORK_POLICY);
    return answer(BOTH, NETPOL_TIER_NONE);
}

/* ---- verdicts ---- */

static netpol_verdict ask_reference(const np_program *g, const netpol_flow *flow)
{
    return np_reference_verdict(g->snapshot, &g->how, flow);
}

static inline uint32_t class_of_address(const np_program *g, const uint8_t b[16])
{
    return is_v4(b) ? np_ip4_find(&g->ip4, load4(b + 12)) : np_ip6_find(&g->ip6, b);
}

static inline unsigned stronger(unsigned a, unsigned b)
{
    if (a == NETPOL_TIER_NONE || b == NETPOL_TIER_NONE)
        return a | b;
    return a < b ? a : b;
}

static inline netpol_verdict combine(const np_program *g, unsigned out, unsigned in)
{
    unsigned both = out & in;
    netpol_verdict v = {.allowed = both & ALLOW};
    if (v.allowed) {
        v.tier = (uint8_t)stronger(out >> TIER_SHIFT, in >> TIER_SHIFT);
    } else {
        bool egress = !(out & ALLOW);
        v.direction = egress ? NETPOL_EGRESS : NETPOL_INGRESS;
        v.tier = (uint8_t)((egress ? out : in) >> TIER_SHIFT);
    }
    v.depends = g->depends;
    if ((both & ALLOW) != (both >> 1 & ALLOW))
        v.depends |= NETPOL_DEPENDS_IP_BLOCK_POD;
    if (v.depends && g->how.undefined != NETPOL_UNDEFINED_REPORT)
        v.allowed = g->how.undefined == NETPOL_UNDEFINED_ALLOW;
    return v;
}

static inline uint32_t key_of(const netpol_flow *f)
{
    uint32_t protocol = f->protocol == NETPOL_TCP    ? NP_PORT_TCP
                        : f->protocol == NETPOL_UDP  ? NP_PORT_UDP
                        : f->protocol == NETPOL_SCTP ? NP_PORT_SCTP
                                                     : NP_PORT_OTHER;
    return NP_PORT_KEY(protocol, f->port);
}

static inline netpol_verdict judge_classes(const np_program *g, const netpol_flow *f,
                                           const np_class *src, const np_class *dst)
{
    question q = {.g = g, .flow = f, .key = key_of(f), .there = dst};
    if (src->flags & NP_CLASS_SLOW || dst->flags & (NP_CLASS_SLOW | NP_CLASS_NAMES) ||
        q.key >= NP_PORT_KEY(NP_PORT_OTHER, 0))
        return ask_reference(g, f);
    q.bits = np_port_bits(q.key);
    unsigned out = judge(&q, src, dst, NP_OUT);
    unsigned in = judge(&q, dst, src, NP_IN);
    if ((out | in) & SLOW)
        return ask_reference(g, f);
    return combine(g, out, in);
}

static uint32_t class_of_pod(const np_program *g, const uint8_t b[16])
{
    uint32_t pod;
    memcpy(&pod, b, sizeof pod);
    if (pod >= g->pods.n)
        return NP_NODE; /* which is for the reference, as a wrong number is */
    return *(const uint32_t *)np_pages_at(&g->pods, pod);
}

static bool pod_has_address(const np_program *g, const uint8_t number[16], const uint8_t b[16])
{
    uint32_t pod;
    memcpy(&pod, number, sizeof pod);
    const np_ip *ip = np_pod_ip(&g->snapshot->pods[pod], is_v4(b) ? NP_FAMILY_4 : NP_FAMILY_6);
    return ip && memcmp(ip->b, b, 16) == 0;
}

/* At least one side is given by the number of a pod. */
static netpol_verdict judge_pods(const np_program *g, const netpol_flow *f)
{
    bool src_pod = f->src_kind == NETPOL_BY_POD;
    bool dst_pod = f->dst_kind == NETPOL_BY_POD;
    if (f->src_kind > NETPOL_BY_POD || f->dst_kind > NETPOL_BY_POD)
        return ask_reference(g, f);
    uint32_t src = src_pod ? class_of_pod(g, f->src) : class_of_address(g, f->src);
    uint32_t dst = dst_pod ? class_of_pod(g, f->dst) : class_of_address(g, f->dst);
    bool self = src == NP_NODE || dst == NP_NODE;
    if (!self && src_pod && dst_pod)
        self = memcmp(f->src, f->dst, 4) == 0;
    else if (!self)
        self = src_pod ? pod_has_address(g, f->src, f->dst) : pod_has_address(g, f->dst, f->src);
    return self ? ask_reference(g, f) : judge_classes(g, f, class_at(g, src), class_at(g, dst));
}

static inline bool same_address(const netpol_flow *f)
{
    return memcmp(f->src, f->dst, sizeof f->src) == 0;
}

static inline netpol_verdict judge_flow(const np_program *g, const netpol_flow *f)
{
    if (f->src_kind | f->dst_kind)
        return judge_pods(g, f);
    /* A pod may be known by an address of each family, so flows between families may be its own. */
    if (same_address(f) || is_v4(f->src) != is_v4(f->dst))
        return ask_reference(g, f);
    const np_class *src = class_at(g, class_of_address(g, f->src));
    const np_class *dst = class_at(g, class_of_address(g, f->dst));
    return judge_classes(g, f, src, dst);
}

netpol_verdict np_program_verdict(const np_program *g, const netpol_flow *flow)
{
    return judge_flow(g, flow);
}

void np_program_verdicts(const np_program *g, const netpol_flow *flows, size_t n,
                         netpol_verdict *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = judge_flow(g, &flows[i]);
}

/* ---- the end ---- */

uint64_t np_program_bytes(const np_program *g)
{
    return np_store_held(g->store);
}

void np_program_free(np_program *g)
{
    if (!g)
        return;
    netpol_allocator alloc = g->alloc;
    np_version_release(g->version);
    np_release(&alloc, g, sizeof *g);
}
