/* SPDX-License-Identifier: MIT */
/* What the compiler keeps numbers in: lists that grow, a table from 64-bit keys to numbers, and
 * interned lists. */
#ifndef NP_COMPILE_MAP_H
#define NP_COMPILE_MAP_H

#include "mem.h"

typedef struct np_numbers {
    uint32_t *at;
    size_t n;
    size_t room;
} np_numbers;

/* False: no memory. */
bool np_numbers_add(const netpol_allocator *a, np_numbers *list, uint32_t x);
/* Sets the length; new ones are zero. */
bool np_numbers_resize(const netpol_allocator *a, np_numbers *list, size_t n);
void np_numbers_free(const netpol_allocator *a, np_numbers *list);
/* Sorts and takes out duplicates. */
void np_numbers_sort(uint32_t *at, size_t *n);

typedef struct np_map {
    netpol_allocator alloc;
    uint64_t *key;
    uint32_t *value; /* 0: free */
    size_t n_slots;
    size_t used;
} np_map;

void np_map_free(np_map *m);
/* 0: not there. */
uint32_t np_map_find(const np_map *m, uint64_t key);
/* Adds a key that is not there. False: no memory. */
bool np_map_add(np_map *m, uint64_t key, uint32_t value);

/* Equal lists have one number, from 0 in the order of arrival. */
typedef struct np_lists {
    netpol_allocator alloc;
    np_numbers pool;
    np_numbers first; /* of each list, and one more: where the pool ends */
    np_numbers hash;
    uint32_t *slot; /* number + 1 */
    size_t n_slots;
    uint32_t n;
} np_lists;

#define NP_NO_LIST UINT32_MAX

void np_lists_init(np_lists *l, const netpol_allocator *alloc);
void np_lists_free(np_lists *l);
/* Forgets all lists but keeps the memory. */
void np_lists_clear(np_lists *l);
/* NP_NO_LIST: no memory. */
uint32_t np_lists_intern(np_lists *l, const uint32_t *at, size_t n);
static inline const uint32_t *np_lists_at(const np_lists *l, uint32_t number, size_t *n)
{
    *n = l->first.at[number + 1] - l->first.at[number];
    return l->pool.at + l->first.at[number];
}

#endif
