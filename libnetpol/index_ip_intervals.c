/* SPDX-License-Identifier: MIT */
/* Tables of intervals: address blocks with holes, cut into pieces. */
#include "index_ip.h"

#include <stdlib.h>
#include <string.h>

/* Different payloads that may overlap, summed over all intervals. */
#define TANGLE_LIMIT ((size_t)1 << 20)

np_u128 np_u128_of(const uint8_t b[16])
{
    np_u128 x = {0, 0};
    for (unsigned i = 0; i < 8; i++) {
        x.hi = x.hi << 8 | b[i];
        x.lo = x.lo << 8 | b[i + 8];
    }
    return x;
}

/* The first address after a block; `end` is false if the block reaches the end of the family. */
static np_u128 after(const np_cidr *c, bool *end)
{
    np_u128 x = np_u128_of(c->addr);
    unsigned host = 128u - c->bits;
    *end = false;
    if (host >= 128) {
        *end = true;
    } else if (host >= 64) {
        uint64_t step = (uint64_t)1 << (host - 64);
        *end = x.hi > UINT64_MAX - step;
        x.hi += step;
        x.lo = 0;
    } else {
        uint64_t step = (uint64_t)1 << host;
        x.lo += step;
        if (x.lo < step)
            x.hi++;
        *end = x.hi == 0 && x.lo == 0;
    }
    if (c->v4 && (x.hi != 0 || x.lo >> 32 != 0xffff))
        *end = true;
    return x;
}

/* A piece of a block begins (+1) or ends (-1). */
typedef struct edge {
    np_u128 at;
    uint32_t payload;
    int32_t step;
} edge;

typedef struct edges {
    netpol_allocator alloc;
    edge *at;
    size_t n;
    size_t room;
} edges;

static bool add_edge(edges *e, np_u128 at, uint32_t payload, int32_t step)
{
    if (!np_grow(&e->alloc, (void **)&e->at, &e->room, e->n + 1, sizeof *e->at))
        return false;
    e->at[e->n++] = (edge){at, payload, step};
    return true;
}

static bool add_piece(edges *e, np_u128 from, np_u128 to, bool to_end, uint32_t payload)
{
    if (!to_end && !np_u128_less(from, to))
        return true;
    return add_edge(e, from, payload, 1) && (to_end || add_edge(e, to, payload, -1));
}

static int by_address(const void *a, const void *b)
{
    const np_cidr *x = a;
    const np_cidr *y = b;
    int c = memcmp(x->addr, y->addr, 16);
    return c ? c : (int)x->bits - (int)y->bits;
}

/* The pieces of a block that its exceptions leave. Exceptions are blocks, so one lies in another or
 * apart from it: in the order of addresses each begins at or after the end of what came before. */
static bool add_block(edges *e, const np_interval_block *b, np_cidr *holes)
{
    size_t n = 0;
    for (uint32_t i = 0; i < b->n_exceptions; i++) {
        const np_cidr *x = &b->exceptions[i];
        if (x->nothing || x->v4 != b->block.v4)
            continue;
        if (np_cidr_covers(x, &b->block))
            return true;
        if (np_cidr_covers(&b->block, x))
            holes[n++] = *x;
    }
    if (n)
        qsort(holes, n, sizeof *holes, by_address);
    np_u128 at = np_u128_of(b->block.addr);
    for (size_t i = 0; i < n; i++) {
        np_u128 hole = np_u128_of(holes[i].addr);
        if (np_u128_less(hole, at))
            continue;
        if (!add_piece(e, at, hole, false, b->payload))
            return false;
        bool end;
        at = after(&holes[i], &end);
        if (end)
            return true;
    }
    bool end;
    np_u128 to = after(&b->block, &end);
    return add_piece(e, at, to, end, b->payload);
}

static int by_edge(const void *a, const void *b)
{
    const edge *x = a;
    const edge *y = b;
    if (np_u128_less(x->at, y->at))
        return -1;
    return np_u128_less(y->at, x->at);
}

/* The payloads of the blocks around the sweep's address, sorted, with how many blocks have each. */
typedef struct sweep {
    netpol_allocator alloc;
    uint32_t *payload;
    size_t payload_room;
    size_t *count;
    size_t count_room;
    size_t n;
    size_t work;
} sweep;

static bool sweep_step(sweep *w, const edge *e)
{
    size_t low = 0;
    for (size_t high = w->n; low < high;) {
        size_t mid = low + (high - low) / 2;
        if (w->payload[mid] < e->payload)
            low = mid + 1;
        else
            high = mid;
    }
    size_t rest = w->n - low;
    if (low < w->n && w->payload[low] == e->payload) {
        w->count[low] += (size_t)e->step;
        if (w->count[low] == 0) {
            memmove(w->payload + low, w->payload + low + 1, (rest - 1) * sizeof *w->payload);
            memmove(w->count + low, w->count + low + 1, (rest - 1) * sizeof *w->count);
            w->n--;
        }
        return true;
    }
    if (!np_grow(&w->alloc, (void **)&w->payload, &w->payload_room, w->n + 1, sizeof *w->payload) ||
        !np_grow(&w->alloc, (void **)&w->count, &w->count_room, w->n + 1, sizeof *w->count))
        return false;
    memmove(w->payload + low + 1, w->payload + low, rest * sizeof *w->payload);
    memmove(w->count + low + 1, w->count + low, rest * sizeof *w->count);
    w->payload[low] = e->payload;
    w->count[low] = 1;
    w->n++;
    return true;
}

static bool add_interval(np_interval_list *out, size_t start, np_u128 first, uint32_t payload)
{
    if (out->n > start && out->at[out->n - 1].payload == payload)
        return true;
    if (!np_grow(&out->alloc, (void **)&out->at, &out->room, out->n + 1, sizeof *out->at))
        return false;
    out->at[out->n++] = (np_interval){first, payload};
    return true;
}

static np_intervals_result run_sweep(np_interval_list *out, const edges *e, sweep *w, np_join *join,
                                     void *ctx)
{
    size_t start = out->n;
    for (size_t i = 0; i < e->n;) {
        np_u128 at = e->at[i].at;
        /* Beginnings before endings, so that a count never drops below zero on the way. */
        for (int32_t step = 1; step >= -1; step -= 2)
            for (size_t k = i; k < e->n && !np_u128_less(at, e->at[k].at); k++)
                if (e->at[k].step == step && !sweep_step(w, &e->at[k]))
                    return NP_INTERVALS_NO_MEMORY;
        while (i < e->n && !np_u128_less(at, e->at[i].at))
            i++;
        w->work += w->n;
        if (w->work > TANGLE_LIMIT)
            return NP_INTERVALS_TANGLED;
        uint32_t payload = w->n == 0 ? 0 : w->n == 1 ? w->payload[0] : join(ctx, w->payload, w->n);
        if (w->n && payload == 0)
            return NP_INTERVALS_NO_MEMORY;
        if (!add_interval(out, start, at, payload))
            return NP_INTERVALS_NO_MEMORY;
    }
    return NP_INTERVALS_OK;
}

static bool all_edges(edges *e, bool v4, const np_interval_block *blocks, size_t n, np_cidr *holes)
{
    for (size_t i = 0; i < n; i++)
        if (!blocks[i].block.nothing && blocks[i].block.v4 == v4 &&
            !add_block(e, &blocks[i], holes))
            return false;
    return true;
}

np_intervals_result np_intervals_make(np_interval_list *out, bool v4,
                                      const np_interval_block *blocks, size_t n, np_join *join,
                                      void *ctx)
{
    size_t start = out->n;
    size_t most = 0;
    for (size_t i = 0; i < n; i++)
        most = blocks[i].n_exceptions > most ? blocks[i].n_exceptions : most;
    np_cidr *holes = most ? np_resize(&out->alloc, NULL, 0, most * sizeof *holes) : NULL;
    edges e = {.alloc = out->alloc};
    sweep w = {.alloc = out->alloc};
    np_intervals_result result = NP_INTERVALS_NO_MEMORY;
    np_u128 zero = {0, 0};
    if ((most && !holes) || !all_edges(&e, v4, blocks, n, holes))
        goto done;
    result = NP_INTERVALS_OK;
    if (e.n == 0)
        goto done;
    qsort(e.at, e.n, sizeof *e.at, by_edge);
    if ((e.at[0].at.hi || e.at[0].at.lo) && !add_interval(out, start, zero, 0))
        result = NP_INTERVALS_NO_MEMORY;
    else
        result = run_sweep(out, &e, &w, join, ctx);
done:
    if (result != NP_INTERVALS_OK)
        out->n = start;
    np_release(&out->alloc, holes, most * sizeof *holes);
    np_release(&out->alloc, e.at, e.room * sizeof *e.at);
    np_release(&out->alloc, w.payload, w.payload_room * sizeof *w.payload);
    np_release(&out->alloc, w.count, w.count_room * sizeof *w.count);
    return result;
}

bool np_intervals_add_nothing(np_interval_list *out)
{
    np_u128 zero = {0, 0};
    return add_interval(out, out->n, zero, 0);
}
