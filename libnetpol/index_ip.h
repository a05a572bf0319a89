/* SPDX-License-Identifier: MIT */
/* index_ip owns what finds a number by an address: a tree or a hash for IPv4, a hash for IPv6, and
 * tables of intervals for address blocks. It knows no pods and no policies.
 *
 * The tree of IPv4 has a level for each byte of the address and a number at the end of every path,
 * so finding is four loads without a question. Addresses of pods lie together, since each node has
 * a block of them; where they do not, the tree would be large, and a hash takes its place.
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

/* A node of the tree: of the first three levels nodes, then values. */
typedef struct np_ip4_node {
    const void *next[256];
} np_ip4_node;
typedef struct np_ip4_leaf {
    uint32_t value[256];
} np_ip4_leaf;

typedef struct np_ip4_map {
    const np_ip4_node *root;  /* NULL: the hash is in use */
    const np_ip4_node *none1; /* where all paths without a value go */
    const np_ip4_node *none2;
    const np_ip4_leaf *none3;
    uint64_t bytes;    /* of the tree */
    uint32_t expected; /* addresses that the tree is made for */
    np_pages slots;    /* slots.n of them, a whole number of pages */
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

/* `expected` addresses will come, in any order. False: no memory, nothing made. */
bool np_ip4_init(np_store *s, np_ip4_map *m, uint32_t expected);
bool np_ip4_put(np_store *s, np_ip4_map *m, uint32_t ip, uint32_t value); /* adds or replaces */
bool np_ip4_remove(np_store *s, np_ip4_map *m, uint32_t ip);              /* false: no memory */
void np_ip4_drop(np_store *s, np_ip4_map *m);

/* Room for `expected` addresses without growing. False: no memory, nothing made. */
bool np_ip6_init(np_store *s, np_ip6_map *m, uint32_t expected);
bool np_ip6_put(np_store *s, np_ip6_map *m, const uint8_t ip[16], uint32_t value);
bool np_ip6_remove(np_store *s, np_ip6_map *m, const uint8_t ip[16]);
void np_ip6_drop(np_store *s, np_ip6_map *m);

uint32_t np_ip4_hash_find(const np_ip4_map *m, const uint8_t ip[4]);

/* Where the value of an address is, if the tree is in use. */
static inline const uint32_t *np_ip4_tree_place(const np_ip4_map *m, const uint8_t ip[4])
{
    const np_ip4_node *node1 = m->root->next[ip[0]];
    const np_ip4_node *node2 = node1->next[ip[1]];
    const np_ip4_leaf *leaf = node2->next[ip[2]];
    return &leaf->value[ip[3]];
}

/* As np_ip4_find, if the tree is in use. */
static inline uint32_t np_ip4_tree_find(const np_ip4_map *m, const uint8_t ip[4])
{
    return *np_ip4_tree_place(m, ip);
}

/* The value of an address in the order of its bytes, 0 if it has none. */
static inline uint32_t np_ip4_find(const np_ip4_map *m, const uint8_t ip[4])
{
    return m->root ? np_ip4_tree_find(m, ip) : np_ip4_hash_find(m, ip);
}

uint32_t np_ip6_find(const np_ip6_map *m, const uint8_t ip[16]);
/* ---- intervals ---- */

/* One block with holes, and what it stands for (never 0). */
typedef struct np_interval_block {
    np_cidr block;
    const np_cidr *exceptions;
    uint32_t n_exceptions;
    uint32_t payload;
    bool some; /* an address that is not known may be in it */
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

/* One interval that is everything, with the payload 0. False: no memory. */
bool np_intervals_add_nothing(np_interval_list *out);

np_u128 np_u128_of(const uint8_t b[16]);
static inline bool np_u128_less(np_u128 a, np_u128 b)
{
    return a.hi != b.hi ? a.hi < b.hi : a.lo < b.lo;
}

#endif
