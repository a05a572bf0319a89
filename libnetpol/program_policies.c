/* SPDX-License-Identifier: MIT */
/* What one programme opens to a peer. */
#include "program_inside.h"

#include "reference.h"

bool np_is_open_more(const np_question *q, const np_ports *p)
{
    if (p->n_more && np_ports_has_more(p, q->key))
        return true;
    const np_port_map *map = np_pages_at(&q->g->port_maps, q->there->ports);
    return p->n_names && np_ports_has_named(p, q->key, map);
}

bool np_rows_lists(const np_rows *r, uint32_t row, uint32_t bit)
{
    const uint32_t *list = r->lists + r->first[row];
    uint32_t n = r->first[row + 1] - r->first[row];
    if (n == 0)
        return false;
    for (; n > 1; n -= n / 2)
        list += list[n / 2] <= bit ? n / 2 : 0;
    return *list == bit;
}

/* ---- pods ---- */

/* Whether a class has a local bit of its namespace. */
static bool has_local_bit(const np_program *g, const np_class *c, uint32_t bit)
{
    const void *const *at = np_pages_at(&g->spaces, c->space);
    const np_space *s = *at;
    if (bit < 64)
        return ((const uint64_t *)np_behind(s, s->bits))[c->row] >> bit & 1;
    if (!s->wide)
        return false;
    const uint32_t *first = np_behind(s, s->wide);
    const uint32_t *list = first + s->n_classes + 1;
    for (uint32_t i = first[c->row]; i < first[c->row + 1]; i++)
        if (list[i] == bit)
            return true;
    return false;
}

bool np_in_entries(const np_question *q, const np_rules *r, const np_class *peer)
{
    const np_program *g = q->g;
    const np_admits *e = np_behind(r, r->admits);
    if (np_is_open(q, e->any))
        return true;
    const np_broad *broad = (const np_broad *)(const void *)(e + 1);
    for (uint32_t i = 0; i < e->n_broad; i++)
        if (np_rows_has(&g->space_rows, peer->space, broad[i].spaces) &&
            np_rows_tells(&g->signature_rows, peer->signature, broad[i].pods) &&
            np_is_open(q, broad[i].ports))
            return true;
    const np_narrow *narrow = (const np_narrow *)(const void *)(broad + e->n_broad);
    for (uint32_t i = 0; i < e->n_narrow; i++)
        if (narrow[i].space == peer->space &&
            (narrow[i].bit == 0 || has_local_bit(g, peer, narrow[i].bit)) &&
            np_is_open(q, narrow[i].ports))
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
    uint32_t at = 0;
    if (t->n4 == 0)
        return NP_PORTS_NONE;
    for (uint32_t n = t->n4; n > 1; n -= n / 2)
        at += first[at + n / 2] <= ip ? n / 2 : 0;
    return np_ip_table_set(np_ip_table_sets4(t), t->coding4, at);
}

static uint32_t find6(const np_ip_table *t, np_u128 ip)
{
    const np_u128 *first = np_ip_table_first6(t);
    uint32_t at = 0;
    if (t->n6 == 0)
        return NP_PORTS_NONE;
    for (uint32_t n = t->n6; n > 1; n -= n / 2)
        at += np_u128_less(ip, first[at + n / 2]) ? 0 : n / 2;
    return np_ip_table_set(np_ip_table_sets6(t), t->coding6, at);
}

/* The side that a pod's number stands for; its address may not be known. */
static np_side side_of(const np_question *q, int direction)
{
    np_packet packet;
    (void)np_packet_of_flow(q->g->snapshot, q->flow, &packet);
    return direction == NP_IN ? packet.src : packet.dst;
}

NP_INLINE uint32_t find_bytes(const np_ip_table *t, const uint8_t b[16])
{
    return np_not_v4(b) ? find6(t, np_u128_of(b)) : find4(t, load4(b + 12));
}

NP_INLINE const uint8_t *bytes_of(const np_question *q, int direction)
{
    return direction == NP_IN ? q->flow->src : q->flow->dst;
}

NP_INLINE bool is_by_address(const np_question *q, int direction)
{
    return (direction == NP_IN ? q->flow->src_kind : q->flow->dst_kind) == NETPOL_BY_ADDRESS;
}

uint32_t np_find_address(const np_question *q, const np_ip_table *t, int direction)
{
    if (is_by_address(q, direction))
        return find_bytes(t, bytes_of(q, direction));
    np_side side = side_of(q, direction);
    return side.known ? find_bytes(t, side.ip.b) : UINT32_MAX;
}

/* Settled.md 2.1: of an address that is not known it is certain only that a whole family has it. */
static np_by_address judge_unknown(const np_question *q, const np_ip_table *t, uint8_t family)
{
    uint32_t n = family == NP_FAMILY_4 ? t->n4 : t->n6;
    const uint32_t *sets = family == NP_FAMILY_4 ? np_ip_table_sets4(t) : np_ip_table_sets6(t);
    if (n == 0)
        return NP_ADDRESS_NO;
    if (np_is_open(q, sets[NP_SET_WHOLE]))
        return NP_ADDRESS_YES;
    return np_is_open(q, sets[NP_SET_SOME]) ? NP_ADDRESS_MAYBE : NP_ADDRESS_NO;
}

/* A pod that is given by its number. */
static np_by_address judge_pod(const np_question *q, const np_ip_table *t, int direction)
{
    np_side side = side_of(q, direction);
    if (!side.known)
        return judge_unknown(q, t, side.family);
    return np_is_open(q, find_bytes(t, side.ip.b)) ? NP_ADDRESS_YES : NP_ADDRESS_NO;
}

np_by_address np_opens_to_address(const np_question *q, const np_rules *r, int direction)
{
    const np_admits *e = np_behind(r, r->admits);
    if (e->flags & NP_RULES_SLOW_IP)
        return NP_ADDRESS_SLOW;
    const np_ip_table *t = np_behind(r, e->ip);
    if (!is_by_address(q, direction))
        return judge_pod(q, t, direction);
    uint32_t set = find_bytes(t, bytes_of(q, direction));
    return np_is_open(q, set) ? NP_ADDRESS_YES : NP_ADDRESS_NO;
}
