/* SPDX-License-Identifier: MIT */
/* The way of most flows. */
#include "program_inside.h"

#include "reference.h"

#include <stddef.h>

/* ---- at a glance ---- */

/* What a programme says of a peer as far as a row and its pictures of ports tell. */
enum { CLOSED, OPEN, UNCLEAR };

NP_INLINE unsigned glance(const np_program *g, uint32_t key, const np_rules *r,
                          const np_class *subject, const np_class *peer)
{
    if (subject->space == peer->space && r->row) {
        const uint16_t *row = np_behind(r, r->row);
        const np_ports *p = &g->ports[row[peer->row]]; /* names are resolved in rows */
        if (key - p->lo <= p->span)
            return OPEN;
        return p->n_more || r->ip_bits & np_port_bits(key) ? UNCLEAR : CLOSED;
    }
    return (r->bits | r->ip_bits) & np_port_bits(key) ? UNCLEAR : CLOSED;
}

/* The same when all is looked at. UNCLEAR: it depends on a choice. */
NP_INLINE unsigned look(const np_question *q, const np_rules *r, const np_class *subject,
                        const np_class *peer, int direction)
{
    if (np_opens_to_pod(q, r, subject, peer))
        return OPEN;
    if (!(r->ip_bits & np_port_bits(q->key)))
        return CLOSED;
    np_by_address by = np_opens_to_address(q, r, direction);
    if (by == NP_ADDRESS_NO)
        return CLOSED;
    return by == NP_ADDRESS_YES && !(peer->flags & NP_CLASS_POD) ? OPEN : UNCLEAR;
}

NP_INLINE np_packed denied(uint8_t direction)
{
    return np_pack((netpol_verdict){.direction = direction, .tier = NETPOL_TIER_NETWORK_POLICY});
}

NP_INLINE np_packed allowed(const np_class *src, const np_class *dst)
{
    bool isolated = src->rules[NP_OUT] || dst->rules[NP_IN];
    return np_pack((netpol_verdict){
        .allowed = 1, .tier = isolated ? NETPOL_TIER_NETWORK_POLICY : NETPOL_TIER_NONE});
}

/* ---- NetworkPolicies alone, if nothing is left open ---- */

/* Each step ends by calling the next one or by the verdict, so that most flows need no stack. */

static np_packed look_in(const np_program *g, const netpol_flow *f, const np_class *src,
                         const np_class *dst)
{
    np_question q = {g, f, np_key_of(f), dst};
    switch (look(&q, dst->rules[NP_IN], dst, src, NP_IN)) {
    case OPEN:
        return allowed(src, dst);
    case CLOSED:
        return denied(NETPOL_INGRESS);
    default:
        return np_judge_all(g, f, src, dst);
    }
}

NP_INLINE np_packed judge_in(const np_program *g, const netpol_flow *f, uint32_t key,
                             const np_class *src, const np_class *dst)
{
    const np_rules *r = dst->rules[NP_IN];
    unsigned says = r ? glance(g, key, r, dst, src) : OPEN;
    if (says == OPEN)
        return allowed(src, dst);
    return says == CLOSED ? denied(NETPOL_INGRESS) : look_in(g, f, src, dst);
}

static np_packed look_out(const np_program *g, const netpol_flow *f, const np_class *src,
                          const np_class *dst)
{
    np_question q = {g, f, np_key_of(f), dst};
    switch (look(&q, src->rules[NP_OUT], src, dst, NP_OUT)) {
    case OPEN:
        return judge_in(g, f, q.key, src, dst);
    case CLOSED:
        return denied(NETPOL_EGRESS);
    default:
        return np_judge_all(g, f, src, dst);
    }
}

#define RARE (NP_CLASS_SLOW | NP_CLASS_NAMES | NP_CLASS_TIERS | NP_CLASS_HOST)

NP_INLINE np_packed judge_classes(const np_program *g, const netpol_flow *f, const np_class *src,
                                  const np_class *dst)
{
    uint32_t key = np_key_of(f);
    if ((src->flags | dst->flags) & RARE || key >= NP_PORT_KEY(NP_PORT_OTHER, 0))
        return np_judge_all(g, f, src, dst);
    const np_rules *r = src->rules[NP_OUT];
    if (r) {
        unsigned says = glance(g, key, r, src, dst);
        if (says != OPEN)
            return says == CLOSED ? denied(NETPOL_EGRESS) : look_out(g, f, src, dst);
    }
    return judge_in(g, f, key, src, dst);
}

/* ---- other questions ---- */

static uint32_t class_of_address(const np_program *g, const uint8_t b[16])
{
    return np_not_v4(b) ? np_ip6_find(&g->ip6, b) : np_ip4_find(&g->ip4, b + 12);
}

/* Whether both sides are one pod, which may be given by its number and by an address, or by one of
 * each family. */
static bool is_self(const np_program *g, const netpol_flow *f)
{
    np_packet p;
    if (f->src_kind && f->dst_kind)
        return memcmp(f->src, f->dst, sizeof(uint32_t)) == 0;
    if (memcmp(f->src, f->dst, sizeof f->src) == 0)
        return !f->src_kind && !f->dst_kind;
    return (f->src_kind | f->dst_kind || !np_not_v4(f->src) != !np_not_v4(f->dst)) &&
           np_packet_of_flow(g->snapshot, f, &p) == 0 && p.src.pod != NP_NONE &&
           p.src.pod == p.dst.pod;
}

/* Where the class of a pod is that is given by its number; NULL: there is no such pod. */
NP_INLINE const uint32_t *place_of_pod(const np_program *g, const uint8_t b[16])
{
    uint32_t pod;
    memcpy(&pod, b, sizeof pod);
    return pod < g->pods.n ? np_pages_at(&g->pods, pod) : NULL;
}

/* Both sides are of one class, and may be one pod. */
static np_packed judge_alike(const np_program *g, const netpol_flow *f, const np_class *class)
{
    if (class->flags & NP_CLASS_POD && is_self(g, f))
        return np_judge_self(g, f, class);
    return judge_classes(g, f, class, class);
}

NP_INLINE np_packed judge_pair(const np_program *g, const netpol_flow *f, const np_class *src,
                               const np_class *dst)
{
    return src == dst ? judge_alike(g, f, src) : judge_classes(g, f, src, dst);
}

/* A side by its address or number. NULL: there is no such pod. */
static const np_class *class_of_side(const np_program *g, const uint8_t b[16], uint8_t kind)
{
    if (kind == NETPOL_BY_ADDRESS)
        return np_class_at(g, class_of_address(g, b));
    const uint32_t *place = kind == NETPOL_BY_POD ? place_of_pod(g, b) : NULL;
    return place ? np_class_at(g, *place) : NULL;
}

/* 0: both sides are IPv4 addresses, and those are in the tree. */
NP_INLINE uint64_t is_other(const np_program *g, const netpol_flow *f)
{
    uint16_t kinds; /* of both sides at once */
    _Static_assert(offsetof(netpol_flow, dst_kind) == offsetof(netpol_flow, src_kind) + 1, "");
    memcpy(&kinds, (const char *)f + offsetof(netpol_flow, src_kind), sizeof kinds);
    return (uint64_t)(kinds | g->without_tree) | np_not_v4(f->src) | np_not_v4(f->dst);
}

NP_INLINE bool is_by_pods(const netpol_flow *f)
{
    return f->src_kind == NETPOL_BY_POD && f->dst_kind == NETPOL_BY_POD;
}

static np_packed judge_pods(const np_program *g, const netpol_flow *f)
{
    const uint32_t *src = place_of_pod(g, f->src);
    const uint32_t *dst = place_of_pod(g, f->dst);
    if (!src || !dst)
        return np_ask_reference(g, f);
    return judge_pair(g, f, np_class_at(g, *src), np_class_at(g, *dst));
}

/* Whatever is not a question by two IPv4 addresses that are found in the tree. */
static np_packed judge_others(const np_program *g, const netpol_flow *f)
{
    if (is_by_pods(f))
        return judge_pods(g, f);
    const np_class *src = class_of_side(g, f->src, f->src_kind);
    const np_class *dst = class_of_side(g, f->dst, f->dst_kind);
    return src && dst ? judge_pair(g, f, src, dst) : np_ask_reference(g, f);
}

NP_INLINE np_packed judge_flow(const np_program *g, const netpol_flow *f)
{
    if (is_other(g, f))
        return judge_others(g, f);
    return judge_pair(g, f, np_class_at(g, np_ip4_tree_find(&g->ip4, f->src + 12)),
                      np_class_at(g, np_ip4_tree_find(&g->ip4, f->dst + 12)));
}

netpol_verdict np_program_verdict(const np_program *g, const netpol_flow *flow)
{
    return np_unpack(judge_flow(g, flow));
}

/* ---- many flows ---- */

/* Flows go by in groups, and a group goes step by step, so that what its flows read from memory is
 * on its way at the same time. */
#define GROUP ((size_t)64)

typedef struct group {
    const netpol_flow *flow;
    size_t n;
    const uint32_t *place[GROUP][2]; /* where the tree has the class of each side */
    const np_class *class[GROUP][2];
    uint64_t others; /* bits: flows that are judged one by one */
} group;

NP_INLINE void fetch(const void *p)
{
#if defined(__GNUC__)
    __builtin_prefetch(p);
#else
    (void)p;
#endif
}

/* Where the class of a side is; NULL: it is looked up later. */
NP_INLINE const uint32_t *place_of(const np_program *g, const uint8_t b[16], uint8_t kind)
{
    if (kind == NETPOL_BY_ADDRESS)
        return np_ip4_tree_place(&g->ip4, b + 12);
    return place_of_pod(g, b);
}

NP_INLINE void find_places(const np_program *g, group *x)
{
    static const uint32_t outside = NP_CLASS_REF(NP_OUTSIDE);
    x->others = 0;
    for (size_t i = 0; i < x->n; i++) {
        const netpol_flow *f = &x->flow[i];
        const uint32_t *src = place_of(g, f->src, f->src_kind);
        const uint32_t *dst = place_of(g, f->dst, f->dst_kind);
        bool other = is_other(g, f) && !(is_by_pods(f) && src && dst);
        x->others |= (uint64_t)other << i;
        x->place[i][0] = src ? src : &outside;
        x->place[i][1] = dst ? dst : &outside;
        fetch(x->place[i][0]);
        fetch(x->place[i][1]);
    }
}

NP_INLINE void find_classes(const np_program *g, group *x)
{
    for (size_t i = 0; i < x->n; i++)
        for (size_t side = 0; side < 2; side++) {
            x->class[i][side] = np_class_at(g, *x->place[i][side]);
            fetch(x->class[i][side]);
        }
}

static void fetch_rules(const group *x)
{
    for (size_t i = 0; i < x->n; i++) {
        fetch(x->class[i][0] -> rules[NP_OUT]);
        fetch(x->class[i][1] -> rules[NP_IN]);
    }
}

NP_INLINE void fetch_row(const np_rules *r, const np_class *subject, const np_class *peer)
{
    static const np_rules none;
    r = r ? r : &none;
    bool row = r->row && subject->space == peer->space;
    fetch(row ? (const uint16_t *)np_behind(r, r->row) + peer->row : np_behind(r, r->admits));
}

static void fetch_rows(const group *x)
{
    for (size_t i = 0; i < x->n; i++) {
        const np_class *src = x->class[i][0];
        const np_class *dst = x->class[i][1];
        fetch_row(src->rules[NP_OUT], src, dst);
        fetch_row(dst->rules[NP_IN], dst, src);
    }
}

static void judge_group(const np_program *g, const group *x, netpol_verdict *out)
{
    for (size_t i = 0; i < x->n; i++)
        out[i] = np_unpack(x->others >> i & 1
                               ? judge_others(g, &x->flow[i])
                               : judge_pair(g, &x->flow[i], x->class[i][0], x -> class[i][1]));
}

/* So few are not worth the steps. */
#define FEW ((size_t)8)

void np_program_verdicts(const np_program *g, const netpol_flow *flows, size_t n,
                         netpol_verdict *out)
{
    group x;
    if (g->without_tree || n < FEW) {
        for (size_t i = 0; i < n; i++)
            out[i] = np_unpack(judge_flow(g, &flows[i]));
        return;
    }
    for (size_t i = 0; i < n; i += x.n) {
        x.flow = flows + i;
        x.n = n - i < GROUP ? n - i : GROUP;
        find_places(g, &x);
        find_classes(g, &x);
        if (g->large) {
            fetch_rules(&x);
            fetch_rows(&x);
        }
        judge_group(g, &x, out + i);
    }
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
