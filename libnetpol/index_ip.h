/* SPDX-License-Identifier: MIT */
/* index_ip owns what finds a number by an address: a hash for IPv4, one for IPv6, and tables of
 * intervals for address blocks. It knows no pods and no policies.
 *
 * The hashes probe linearly over one ring of slots that lies in pages, so a version of an engine
 * shares all pages but the changed ones. The value 0 means "none". Slots are found by multiplying
 * with the hash as a fraction, so their number need not be a power of two. */
#ifndef NP_INDEX_IP_H
#define NP_INDEX_IP_H

#include "cidr.h"
#include "pages.h"

typedef struct np_ip4_slot {
    uint32_t ip; /* host order */
    uint32_t value;
} np_ip4_slot;

#define NP_IP4_SHIFT 9 /* 4 KiB pages */

typedef struct np_ip4_map {
    np_pages slots; /* slots.n of them, a whole number of pages */
    uint32_t used;
    uint32_t seed;
} np_ip4_map;

typedef struct np_ip6_slot {
    uint32_t ip[4]; /* in the order of the bytes */
    uint32_t value;
} np_ip6_slot;

#define NP_IP6_SHIFT 8

typedef struct np_ip6_map {
    np_pages slots;
    uint32_t used;
    uint32_t seed;
} np_ip6_map;

/* Room for `expected` addresses without growing. False: no memory, nothing made. */
bool np_ip4_init(np_store *s, np_ip4_map *m, uint32_t expected);
bool np_ip4_put(np_store *s, np_ip4_map *m, uint32_t ip, uint32_t value); /* adds or replaces */
bool np_ip4_remove(np_store *s, np_ip4_map *m, uint32_t ip);              /* false: no memory */
void np_ip4_drop(np_store *s, np_ip4_map *m);

bool np_ip6_init(np_store *s, np_ip6_map *m, uint32_t expected);
bool np_ip6_put(np_store *s, np_ip6_map *m, const uint8_t ip[16], uint32_t value);
bool np_ip6_remove(np_store *s, np_ip6_map *m, const uint8_t ip[16]);
void np_ip6_drop(np_store *s, np_ip6_map *m);

static inline uint32_t np_ip4_start(uint32_t ip, uint32_t seed, uint32_t n)
{
    uint32_t h = (ip ^ seed) * 0x9E3779B1u;
    return (uint32_t)((uint64_t)h * n >> 32);
}

/* The value of an address, 0 if it has none. */
static inline uint32_t np_ip4_find(const np_ip4_map *m, uint32_t ip)
{
    uint32_t n = m->slots.n;
    uint32_t i = np_ip4_start(ip, m->seed, n);
    for (;;) {
        const np_ip4_slot *page = m->slots.page[i >> NP_IP4_SHIFT];
        const np_ip4_slot *slot = &page[i & ((1u << NP_IP4_SHIFT) - 1)];
        if (slot->ip == ip || slot->value == 0)
            return slot->value;
        if (++i == n)
            i = 0;
    }
}

uint32_t np_ip6_find(const np_ip6_map *m, const uint8_t ip[16]);
/* The page slot where the search of an address begins: what a batch fetches ahead. */
static inline const void *np_ip4_first(const np_ip4_map *m, uint32_t ip)
{
    return np_pages_at(&m->slots, np_ip4_start(ip, m->seed, m->slots.n));
}

/* ---- intervals ---- */

/* One block with holes, and what it stands for (never 0). */
typedef struct np_interval_block {
    np_cidr block;
    const np_cidr *exceptions;
    uint32_t n_exceptions;
    uint32_t payload;
} np_interval_block;

typedef struct np_u128 {
    uint64_t hi;
    uint64_t lo;
} np_u128;

/* From `first` up to the next one's, an address has the payload; 0: in no block. */
typedef struct np_interval {
    np_u128 first;
    uint32_t payload;
} np_interval;

typedef struct np_interval_list {
    netpol_allocator alloc;
    np_interval *at;
    size_t n;
    size_t room;
} np_interval_list;

/* What several payloads are together. 0: no memory. `payloads` is sorted and without duplicates. */
typedef uint32_t np_join(void *ctx, const uint32_t *payloads, size_t n);

typedef enum np_intervals_result {
    NP_INTERVALS_OK,
    NP_INTERVALS_NO_MEMORY,
    NP_INTERVALS_TANGLED /* blocks with so many different payloads overlap that the table is not
                            made */
} np_intervals_result;

/* Cuts one family's address space by the blocks of that family: appends intervals in order, the
 * first at address 0, neighbours with different payloads; nothing if no block has an address. */
np_intervals_result np_intervals_make(np_interval_list *out, bool v4,
                                      const np_interval_block *blocks, size_t n, np_join *join,
                                      void *ctx);

np_u128 np_u128_of(const uint8_t b[16]);
static inline bool np_u128_less(np_u128 a, np_u128 b)
{
    return a.hi != b.hi ? a.hi < b.hi : a.lo < b.lo;
}

#endif
