/* SPDX-License-Identifier: MIT */
/* index owns hash tables from keys to numbers. It keeps no keys: its user compares. */
#ifndef NP_INDEX_H
#define NP_INDEX_H

#include "str.h"

#define NP_NONE UINT32_MAX /* no such number */

typedef struct np_index_slot {
    uint32_t hash;
    uint32_t number; /* NP_NONE: free */
} np_index_slot;

/* Zeroed memory with `alloc` set is an empty index. Equal keys may be added; the first found wins.
 */
typedef struct np_index {
    netpol_allocator alloc;
    np_index_slot *slots;
    size_t room; /* 0 or a power of two */
    size_t used;
} np_index;

/* Whether the key belongs to this number. */
typedef bool (*np_index_same)(const void *context, const void *key, uint32_t number);

void np_index_init(np_index *x, const netpol_allocator *alloc);
void np_index_free(np_index *x);
/* Makes room for this many entries in all, so that as many can be added without failing. */
bool np_index_reserve(np_index *x, size_t entries);

/* The number of a key, or NP_NONE. */
uint32_t np_index_find(const np_index *x, uint32_t hash, np_index_same same, const void *context,
                       const void *key);
/* False: no memory, nothing changed. */
bool np_index_add(np_index *x, uint32_t hash, uint32_t number);
/* Takes one entry out; false if it is not there. */
bool np_index_remove(np_index *x, uint32_t hash, uint32_t number);

/* SipHash-1-3 under a key that differs from process to process where addresses do, so that nobody
 * can prepare keys that collide. What comes out never depends on it. */
uint32_t np_hash(np_slice s);
/* Hash of several texts as one key. */
uint32_t np_hash_texts(const char *const *texts, size_t n);

#endif
