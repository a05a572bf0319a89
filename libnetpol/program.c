/* SPDX-License-Identifier: MIT */
#include "program.h"

#include "reference.h"

/* The way of most flows is one piece of code without calls. */
#define INLINE static inline __attribute__((always_inline))

/* ---- one flow ---- */

/* What is asked, beside the two classes. */
typedef struct question {
    const np_program *g;
    const netpol_flow *flow;
    uint32_t key;
    const np_class *there; /* the destination */
} question;

/* The answer of one direction: whether it allows, whether it does under the other choice of
 * NETPOL_IP_BLOCK_… for pods; or that the reference must tell. */
enum { ALLOW = 1, ALLOW_OTHER = 2, BOTH = 3, SLOW = 4 };

INLINE const np_class *class_at(const np_program *g, uint32_t ref)
{
    const uint32_t bytes = (uint32_t)sizeof(np_class) << NP_CLASS_SHIFT;
    const char *page = g->classes.page[ref / bytes];
    return (const np_class *)(const void *)(page + ref % bytes);
}

static bool is_open_more(const question *q, const np_ports *p)
{
    if (p->n_more && np_ports_has_more(p, q->key))
        return true;
    const np_port_map *map = np_pages_at(&q->g->port_maps, q->there->ports);
    return p->n_names && np_ports_has_named(p, q->key, map);
}

INLINE bool is_open(const question *q, uint32_t set)
{
    const np_ports *p = &q->g->ports[set];
    return q->key - p->lo <= p->span || ((p->n_more | p->n_names) && is_open_more(q, p));
}

INLINE const void *behind(const void *from, uint32_t offset)
{
    return (const char *)from + offset;
}

/* Whether a class has a local bit of its namespace. */
static bool has_local_bit(const np_program *g, const np_class *c, uint32_t bit)
{
    const void *const *at = np_pages_at(&g->spaces, c->space);
    const np_space *s = *at;
    if (bit < 64)
        return ((const uint64_t *)behind(s, s->bits))[c->row] >> bit & 1;
    if (!s->wide)
        return false;
    const uint32_t *first = behind(s, s->wide);
    const uint32_t *list = first + s->n_classes + 1;
    for (uint32_t i = first[c->row]; i < first[c->row + 1]; i++)
        if (list[i] == bit)
            return true;
    return false;
}

static bool in_entries(const question *q, const np_rules *r, const np_class *peer)
{
    const np_program *g = q->g;
    if (is_open(q, r->any))
        return true;
    const np_broad *broad = behind(r, r->broad);
    for (uint32_t i = 0; i < r->n_broad; i++)
        if (np_rows_has(&g->space_rows, peer->space, broad[i].spaces) &&
            np_rows_has(&g->signature_rows, peer->signature, broad[i].pods) &&
            is_open(q, broad[i].ports))
            return true;
    const np_narrow *narrow = behind(r, r->narrow);
    for (uint32_t i = 0; i < r->n_narrow; i++)
        if (narrow[i].space == peer->space &&
            (narrow[i].bit == 0 || has_local_bit(g, peer, narrow[i].bit)) &&
            is_open(q, narrow[i].ports))
            return true;
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
    uint32_t n = t->n4;
    if (n == 0)
        return NP_PORTS_NONE;
    for (; n > 1; n -= n / 2)
        first += first[n / 2] <= ip ? n / 2 : 0;
    return first[t->n4]; /* the port sets stand behind the beginnings */
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
    return t->n6 ? np_ip_table_ports6(t)[at] : NP_PORTS_NONE;
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

/* The address of a pod that is given by its number. False: it is not known. */
static bool pod_address(const question *q, int direction, np_ip *out)
{
    np_packet packet;
    (void)np_packet_of_flow(q->g->snapshot, q->flow, &packet);
    const np_side *side = direction == NP_IN ? &packet.src : &packet.dst;
    *out = side->ip;
    return side->known;
}

/* What a table has for the peer; UINT32_MAX: its address is not known. */
static uint32_t find_address(const question *q, const np_ip_table *t, int direction)
{
    const netpol_flow *f = q->flow;
    const uint8_t *b = direction == NP_IN ? f->src : f->dst;
    np_ip ip;
    if ((direction == NP_IN ? f->src_kind : f->dst_kind) != NETPOL_BY_ADDRESS) {
        if (!pod_address(q, direction, &ip))
            return UINT32_MAX;
        b = ip.b;
    }
    return is_v4(b) ? find4(t, load4(b + 12)) : find6(t, np_u128_of(b));
}

static unsigned judge_address(const question *q, const np_rules *r, const np_class *peer,
                              int direction)
{
    if (r->flags & NP_RULES_SLOW_IP)
        return SLOW;
    uint32_t set = find_address(q, behind(r, r->ip), direction);
    if (set == UINT32_MAX)
        return SLOW;
    if (!is_open(q, set))
        return 0;
    if (!(peer->flags & NP_CLASS_POD))
        return BOTH;
    return q->g->how.ip_block_pods == NETPOL_IP_BLOCK_MATCH ? ALLOW : ALLOW_OTHER;
}

/* ---- NetworkPolicies ---- */

/* `subject` is isolated. The question comes by value, so that it lies in memory only where a call
 * needs it. */
INLINE unsigned judge_policies(question q, const np_class *subject, const np_class *peer,
                               int direction)
{
    const np_rules *r = subject->rules[direction];
    uint64_t bits = np_port_bits(q.key);
    if (subject->space == peer->space && r->row) {
        const uint16_t *row = behind(r, r->row);
        const np_ports *p = &q.g->ports[row[peer->row]];
        if (q.key - p->lo <= p->span)
            return BOTH;
        question copy = q;
        if (p->n_more && is_open_more(&copy, p)) /* names are resolved in rows */
            return BOTH;
    } else if (r->bits & bits) {
        question copy = q;
        if (in_entries(&copy, r, peer))
            return BOTH;
    }
    if (!(r->ip_bits & bits))
        return 0;
    question copy = q;
    return judge_address(&copy, r, peer, direction);
}

/* A verdict in a register. */
typedef uint64_t packed;

INLINE packed pack(netpol_verdict v)
{
    packed p;
    memcpy(&p, &v, sizeof p);
    return p;
}

INLINE netpol_verdict unpack(packed p)
{
    netpol_verdict v;
    memcpy(&v, &p, sizeof v);
    return v;
}

/* The answer and the tier that gave it. */
typedef struct answer {
    unsigned allow;
    unsigned tier;
} answer;

/* ---- the other tiers ---- */

static bool entry_matches(const question *q, const np_tier_entry *e, const np_class *peer,
                          int direction, bool *slow)
{
    bool pod = (peer->flags & NP_CLASS_POD) != 0;
    switch (e->kind) {
    case NP_ENTRY_PODS:
        return np_rows_has(&q->g->space_rows, peer->space, e->spaces) &&
               np_rows_has(&q->g->signature_rows, peer->signature, e->pods);
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
static unsigned ask_tier(const question *q, const np_tier_list *l, const np_class *peer,
                         int direction)
{
    if (!l || !(l->bits & np_port_bits(q->key)))
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
static unsigned ask_groups(const question *q, const np_tiers *t, size_t group, const np_class *peer,
                           int direction)
{
    unsigned action = ask_tier(q, t->list[direction][group], peer, direction);
    if (action == NP_ACTION_NONE || action == NP_ACTION_PASS)
        action = ask_tier(q, t->list[direction][group + 1], peer, direction);
    return action == NP_ACTION_PASS ? NP_ACTION_NONE : action;
}

/* A NetworkPolicy of the other direction may or may not keep this tier from the pod (settled.md
 * 1.6), which matters only where the tier denies. */
static answer judge_baseline(const question *q, const np_tiers *t, const np_class *subject,
                             const np_class *peer, int direction)
{
    unsigned action = ask_groups(q, t, NP_GROUP_BASELINE, peer, direction);
    bool shielded = subject->rules[!direction] != 0;
    if (action == SLOW << 8 || (shielded && action != NP_ACTION_NONE))
        return (answer){SLOW, 0};
    if (action == NP_ACTION_NONE)
        return (answer){BOTH, NETPOL_TIER_NONE};
    return (answer){action == NP_ACTION_ACCEPT ? BOTH : 0, NETPOL_TIER_BASELINE};
}

static answer judge(const question *q, const np_class *subject, const np_class *peer, int direction)
{
    const np_tiers *t = np_pages_at(&q->g->tiers, subject->tiers);
    unsigned action = ask_groups(q, t, NP_GROUP_ADMIN, peer, direction);
    if (action == SLOW << 8)
        return (answer){SLOW, 0};
    if (action != NP_ACTION_NONE)
        return (answer){action == NP_ACTION_ACCEPT ? BOTH : 0, NETPOL_TIER_ADMIN};
    if (subject->rules[direction])
        return (answer){judge_policies(*q, subject, peer, direction), NETPOL_TIER_NETWORK_POLICY};
    return judge_baseline(q, t, subject, peer, direction);
}

/* ---- verdicts ---- */

static packed ask_reference(const np_program *g, const netpol_flow *flow)
{
    return pack(np_reference_verdict(g->snapshot, &g->how, flow));
}

static uint32_t class_of_address(const np_program *g, const uint8_t b[16])
{
    return is_v4(b) ? np_ip4_find(&g->ip4, b + 12) : np_ip6_find(&g->ip6, b);
}

/* The lower of two tiers, none being the highest. */
static unsigned stronger(unsigned a, unsigned b)
{
    return (a - 1 < b - 1 ? a - 1 : b - 1) + 1;
}

static netpol_verdict combine(const np_program *g, answer out, answer in)
{
    unsigned both = out.allow & in.allow;
    const answer *denied = out.allow & ALLOW ? &in : &out;
    netpol_verdict v = {.allowed = both & ALLOW, .depends = g->depends};
    if (!v.allowed)
        v.direction = denied == &out ? NETPOL_EGRESS : NETPOL_INGRESS;
    v.tier = (uint8_t)(v.allowed ? stronger(out.tier, in.tier) : denied->tier);
    if ((both & ALLOW) != (both >> 1 & ALLOW))
        v.depends |= NETPOL_DEPENDS_IP_BLOCK_POD;
    if (v.depends && g->how.undefined != NETPOL_UNDEFINED_REPORT)
        v.allowed = g->how.undefined == NETPOL_UNDEFINED_ALLOW;
    return v;
}

/* From NP_PORT_KEY(NP_PORT_OTHER, 0) on it is a protocol that rules cannot speak of. */
INLINE uint32_t key_of(const netpol_flow *f)
{
    if (f->protocol == NETPOL_TCP)
        return NP_PORT_KEY(NP_PORT_TCP, f->port);
    if (f->protocol == NETPOL_UDP)
        return NP_PORT_KEY(NP_PORT_UDP, f->port);
    return f->protocol == NETPOL_SCTP ? NP_PORT_KEY(NP_PORT_SCTP, f->port)
                                      : NP_PORT_KEY(NP_PORT_OTHER, f->port);
}

/* All tiers, and whatever is left open. */
static packed judge_tiers(const np_program *g, const netpol_flow *f, const np_class *src,
                          const np_class *dst)
{
    question q = {g, f, key_of(f), dst};
    if (src->flags & NP_CLASS_SLOW || dst->flags & (NP_CLASS_SLOW | NP_CLASS_NAMES) ||
        q.key >= NP_PORT_KEY(NP_PORT_OTHER, 0))
        return ask_reference(g, f);
    answer out = judge(&q, src, dst, NP_OUT);
    answer in = judge(&q, dst, src, NP_IN);
    if ((out.allow | in.allow) & SLOW)
        return ask_reference(g, f);
    return pack(combine(g, out, in));
}

/* NetworkPolicies alone, if nothing is left open. */
INLINE packed judge_classes(const np_program *g, const netpol_flow *f, const np_class *src,
                            const np_class *dst)
{
    question q = {g, f, key_of(f), dst};
    if ((src->flags | dst->flags) & (NP_CLASS_SLOW | NP_CLASS_NAMES | NP_CLASS_TIERS) ||
        q.key >= NP_PORT_KEY(NP_PORT_OTHER, 0))
        return judge_tiers(g, f, src, dst);
    unsigned out = BOTH;
    unsigned in = BOTH;
    if (src->rules[NP_OUT]) {
        out = judge_policies(q, src, dst, NP_OUT);
        if (out == 0)
            return pack(
                (netpol_verdict){.direction = NETPOL_EGRESS, .tier = NETPOL_TIER_NETWORK_POLICY});
    }
    if (dst->rules[NP_IN]) {
        in = judge_policies(q, dst, src, NP_IN);
        if (in == 0 && out == BOTH)
            return pack(
                (netpol_verdict){.direction = NETPOL_INGRESS, .tier = NETPOL_TIER_NETWORK_POLICY});
    }
    if ((out & in) != BOTH)
        return judge_tiers(g, f, src, dst);
    uint8_t tier =
        src->rules[NP_OUT] || dst->rules[NP_IN] ? NETPOL_TIER_NETWORK_POLICY : NETPOL_TIER_NONE;
    return pack((netpol_verdict){.allowed = 1, .tier = tier});
}

static packed judge_rare(const np_program *g, const netpol_flow *f, const np_class *src,
                         const np_class *dst)
{
    return judge_classes(g, f, src, dst);
}

/* A pod cannot be cut off from itself, or it is judged as any other, as is chosen: the verdict
 * depends on that if the rules deny. */
static packed judge_self(const np_program *g, const netpol_flow *f, const np_class *class)
{
    netpol_verdict v = unpack(judge_rare(g, f, class, class));
    if (!(class->flags & NP_CLASS_POD) || class->flags & (NP_CLASS_SLOW | NP_CLASS_NAMES) ||
        g->how.undefined != NETPOL_UNDEFINED_REPORT || (v.depends & ~g->depends))
        return ask_reference(g, f);
    if (!v.allowed)
        v.depends |= NETPOL_DEPENDS_SELF;
    if (g->how.self == NETPOL_SELF_ALLOW)
        v = (netpol_verdict){.allowed = 1, .depends = v.depends};
    return pack(v);
}

static uint32_t class_of_pod(const np_program *g, const uint8_t b[16])
{
    uint32_t pod;
    memcpy(&pod, b, sizeof pod);
    if (pod >= g->pods.n)
        return NP_CLASS_REF(NP_NODE); /* which is for the reference, as a wrong number is */
    return *(const uint32_t *)np_pages_at(&g->pods, pod);
}

static bool pod_has_address(const np_program *g, const uint8_t number[16], const uint8_t b[16])
{
    uint32_t pod;
    memcpy(&pod, number, sizeof pod);
    const np_ip *ip = np_pod_ip(np_pod_at(g->snapshot, pod), is_v4(b) ? NP_FAMILY_4 : NP_FAMILY_6);
    return ip && memcmp(ip->b, b, 16) == 0;
}

/* Whether both sides are one pod, of which at least one is given by its number. */
static bool is_self(const np_program *g, const netpol_flow *f)
{
    if (f->src_kind && f->dst_kind)
        return memcmp(f->src, f->dst, sizeof(uint32_t)) == 0;
    return f->src_kind ? pod_has_address(g, f->src, f->dst) : pod_has_address(g, f->dst, f->src);
}

/* At least one side is given by the number of a pod. */
static packed judge_pods(const np_program *g, const netpol_flow *f)
{
    if (f->src_kind > NETPOL_BY_POD || f->dst_kind > NETPOL_BY_POD)
        return ask_reference(g, f);
    uint32_t src = f->src_kind ? class_of_pod(g, f->src) : class_of_address(g, f->src);
    uint32_t dst = f->dst_kind ? class_of_pod(g, f->dst) : class_of_address(g, f->dst);
    if (src == NP_CLASS_REF(NP_NODE) || dst == NP_CLASS_REF(NP_NODE))
        return ask_reference(g, f);
    if (is_self(g, f))
        return judge_self(g, f, class_at(g, src));
    return judge_rare(g, f, class_at(g, src), class_at(g, dst));
}

/* Addresses that are not both IPv4 in a tree. */
static packed judge_addresses(const np_program *g, const netpol_flow *f)
{
    /* A pod may be known by an address of each family, so flows between families may be its own. */
    if (is_v4(f->src) != is_v4(f->dst))
        return ask_reference(g, f);
    const np_class *src = class_at(g, class_of_address(g, f->src));
    if (memcmp(f->src, f->dst, sizeof f->src) == 0)
        return judge_self(g, f, src);
    return judge_rare(g, f, src, class_at(g, class_of_address(g, f->dst)));
}

/* Whatever is not a question by two IPv4 addresses that are found in the tree. */
static packed judge_others(const np_program *g, const netpol_flow *f)
{
    return f->src_kind | f->dst_kind ? judge_pods(g, f) : judge_addresses(g, f);
}

INLINE packed judge_flow(const np_program *g, const netpol_flow *f)
{
    if (f->src_kind | f->dst_kind | g->without_tree || !is_v4(f->src) || !is_v4(f->dst))
        return judge_others(g, f);
    const np_class *from = class_at(g, np_ip4_tree_find(&g->ip4, f->src + 12));
    if (memcmp(f->src + 12, f->dst + 12, 4) == 0)
        return judge_self(g, f, from);
    return judge_classes(g, f, from, class_at(g, np_ip4_tree_find(&g->ip4, f->dst + 12)));
}

netpol_verdict np_program_verdict(const np_program *g, const netpol_flow *flow)
{
    return unpack(judge_flow(g, flow));
}

void np_program_verdicts(const np_program *g, const netpol_flow *flows, size_t n,
                         netpol_verdict *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = unpack(judge_flow(g, &flows[i]));
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
