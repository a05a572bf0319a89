/* SPDX-License-Identifier: MIT */
#include "spans.h"

#include <stdlib.h>

/* Where spans begin, in any order, with repetitions. */
typedef struct cuts {
    np_arena *arena;
    np_ip *at;
    size_t n;
    size_t room;
    bool v4;
} cuts;

static np_ip lowest(bool v4)
{
    np_ip ip = {.v4 = v4};
    if (v4)
        ip.b[10] = ip.b[11] = 0xff;
    return ip;
}

static np_ip highest(bool v4)
{
    np_ip ip = lowest(v4);
    memset(ip.b + (v4 ? 12 : 0), 0xff, v4 ? 4 : 16);
    return ip;
}

static int compare(const np_ip *a, const np_ip *b)
{
    return memcmp(a->b, b->b, sizeof a->b);
}

/* The address after this one; false if it is the last of its family. */
static bool next(np_ip *ip)
{
    np_ip last = highest(ip->v4);
    if (compare(ip, &last) == 0)
        return false;
    for (size_t i = sizeof ip->b; i-- > 0;)
        if (++ip->b[i] != 0)
            break;
    return true;
}

static void previous(np_ip *ip)
{
    for (size_t i = sizeof ip->b; i-- > 0;)
        if (ip->b[i]-- != 0)
            break;
}

static np_span span_of(const np_cidr *block)
{
    np_span span = {.first = {.v4 = block->v4}, .last = {.v4 = block->v4}};
    memcpy(span.first.b, block->addr, sizeof block->addr);
    memcpy(span.last.b, block->addr, sizeof block->addr);
    for (unsigned bit = block->bits; bit < 128; bit++)
        span.last.b[bit / 8] |= (uint8_t)(0x80u >> (bit % 8));
    return span;
}

static void cut(cuts *c, const np_ip *at)
{
    if (c->n == c->room) {
        size_t room = c->room ? c->room * 2 : 64;
        np_ip *bigger = NP_NEW_ARRAY(c->arena, np_ip, room);
        if (!bigger)
            return; /* the arena remembers */
        if (c->n)
            memcpy(bigger, c->at, c->n * sizeof *bigger);
        c->at = bigger;
        c->room = room;
    }
    c->at[c->n++] = *at;
}

static void cut_span(cuts *c, const np_span *span)
{
    np_ip after = span->last;
    cut(c, &span->first);
    if (next(&after))
        cut(c, &after);
}

static int by_first(const void *a, const void *b)
{
    return compare(&((const np_span *)a)->first, &((const np_span *)b)->first);
}

static int by_address(const void *a, const void *b)
{
    return compare(a, b);
}

/* Cuts at the ends of what a block has left between its holes: borders inside a hole mean nothing.
 */
static void cut_block(cuts *c, const char *cidr, const char *const *exceptions, size_t n)
{
    np_cidr block;
    if (!cidr || !np_cidr_parse(np_slice_of(cidr), &block) || block.nothing || block.v4 != c->v4)
        return;
    np_span whole = span_of(&block);
    np_span *holes = NP_NEW_ARRAY(c->arena, np_span, n);
    size_t n_holes = 0;
    for (size_t i = 0; holes && i < n; i++) {
        np_cidr hole;
        if (np_cidr_parse(np_slice_of(exceptions[i]), &hole) && !hole.nothing && hole.v4 == c->v4)
            holes[n_holes++] = span_of(&hole);
    }
    if (n_holes)
        qsort(holes, n_holes, sizeof *holes, by_first);
    for (size_t i = 0; i < n_holes; i++) {
        np_span left = {whole.first, holes[i].first};
        if (compare(&holes[i].first, &whole.first) > 0) {
            previous(&left.last);
            cut_span(c, &left);
        }
        if (compare(&holes[i].last, &whole.first) >= 0) {
            whole.first = holes[i].last;
            if (!next(&whole.first))
                return;
        }
    }
    if (compare(&whole.first, &whole.last) <= 0)
        cut_span(c, &whole);
}

static void cut_rules(cuts *c, const netpol_rule *const *rules, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < rules[i]->n_peers; k++) {
            const netpol_ip_block *block = rules[i]->peers[k]->ip_block;
            if (block)
                cut_block(c, block->cidr, block->exceptions, block->n_exceptions);
        }
}

static void cut_address(cuts *c, const np_ip *ip)
{
    if (ip->v4 == c->v4)
        cut_span(c, &(np_span){*ip, *ip});
}

static void cut_nodes(cuts *c, const np_snapshot *s)
{
    for (uint32_t i = 0; i < s->n_nodes; i++)
        for (uint32_t k = 0; k < np_node_at(s, i)->n_ips; k++)
            cut_address(c, &np_node_at(s, i)->ips[k].ip);
    for (size_t i = 0; i < s->n_locals; i++)
        cut_address(c, &s->locals[i]);
}

/* Only egress rules of cluster-scoped policies speak of addresses. */
static void cut_cluster_policy(cuts *c, const np_snapshot *s, const netpol_cluster_policy *p)
{
    for (size_t i = 0; i < p->n_egress; i++)
        for (size_t k = 0; k < p->egress[i]->n_peers; k++) {
            const netpol_cluster_peer *peer = p->egress[i]->peers[k];
            for (size_t j = 0; j < peer->n_networks; j++)
                cut_block(c, peer->networks[j], NULL, 0);
            if (peer->nodes)
                cut_nodes(c, s);
            for (size_t j = 0; peer->n_domain_names && j < s->n_resolved; j++)
                cut_address(c, &s->resolved[j].ip);
        }
}

static void cut_policies(cuts *c, const np_snapshot *s, int32_t direction)
{
    bool egress = direction == NETPOL_EGRESS;
    for (np_policy_walk w = np_policies(s); w.policy; np_policies_next(&w)) {
        const netpol_policy_spec *spec = w.policy->spec;
        if (egress)
            cut_rules(c, spec->egress, spec->n_egress);
        else
            cut_rules(c, spec->ingress, spec->n_ingress);
    }
    for (size_t i = 0; egress && i < s->n_cluster_policies; i++)
        cut_cluster_policy(c, s, s->cluster_policies[i].tree);
}

/* From every cut to the next. */
static bool between_cuts(cuts *c, np_spans *out)
{
    np_span *spans = NP_NEW_ARRAY(c->arena, np_span, c->n);
    if (!spans || c->arena->failed)
        return false;
    size_t n = 0;
    qsort(c->at, c->n, sizeof *c->at, by_address);
    for (size_t i = 0; i < c->n; i++) {
        if (i && compare(&c->at[i], &c->at[i - 1]) == 0)
            continue;
        if (n) {
            spans[n - 1].last = c->at[i];
            previous(&spans[n - 1].last);
        }
        spans[n++] = (np_span){c->at[i], highest(c->v4)};
    }
    *out = (np_spans){spans, n};
    return true;
}

/* What policies cut in a family, from its first address on. */
static cuts cuts_by_policies(const np_snapshot *s, uint8_t family, int32_t direction,
                             np_arena *arena)
{
    cuts c = {.arena = arena, .v4 = family == NP_FAMILY_4};
    np_ip first = lowest(c.v4);
    cut(&c, &first);
    cut_policies(&c, s, direction);
    return c;
}

bool np_spans_make(const np_snapshot *s, uint8_t family, int32_t direction, np_arena *arena,
                   np_spans *out)
{
    cuts c = cuts_by_policies(s, family, direction, arena);
    return !arena->failed && between_cuts(&c, out);
}

/* ---- the internet ---- */

/* IANA's special-purpose blocks that are not reached through the internet; those for documentation
 * are left in, since examples are written with them. */
static const char *const not_public[] = {
    "0.0.0.0/8",      "10.0.0.0/8",    "100.64.0.0/10",  "127.0.0.0/8",
    "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/3",
    "::/3",           "4000::/2",      "8000::/1",
};

#define N_NOT_PUBLIC (sizeof not_public / sizeof *not_public)

static bool is_public(const np_ip *ip)
{
    for (size_t i = 0; i < N_NOT_PUBLIC; i++) {
        np_cidr block;
        if (np_cidr_parse(np_slice_of(not_public[i]), &block) && np_cidr_contains(&block, ip))
            return false;
    }
    return true;
}

bool np_spans_internet(const np_snapshot *s, uint8_t family, int32_t direction, np_arena *arena,
                       np_spans *out)
{
    cuts c = cuts_by_policies(s, family, direction, arena);
    for (size_t i = 0; i < N_NOT_PUBLIC; i++)
        cut_block(&c, not_public[i], NULL, 0);
    np_spans all;
    if (arena->failed || !between_cuts(&c, &all))
        return false;
    *out = (np_spans){all.at, 0};
    for (size_t i = 0; i < all.n; i++)
        if (is_public(&all.at[i].first))
            out->at[out->n++] = all.at[i];
    return true;
}

void np_span_text(np_buffer *b, const np_span *span)
{
    char first[NP_IP_TEXT];
    char last[NP_IP_TEXT];
    (void)np_ip_format(&span->first, first);
    (void)np_ip_format(&span->last, last);
    np_buffer_format(b, "%s-%s", first, last);
}
