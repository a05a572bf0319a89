/* SPDX-License-Identifier: MIT */
/* pages owns the memory of engines: blocks that several versions of an engine share, and arrays and
 * hash tables in pages, which are changed by copying what changes. It knows nothing of what is kept
 * in them.
 *
 * One thread writes (makes, changes, drops blocks of the head); any thread may release a published
 * version. A block that the head no longer needs is kept on the dead list of the head until no
 * version between its birth and its death is left. */
#ifndef NP_PAGES_H
#define NP_PAGES_H

#include "mem.h"

typedef struct np_store np_store;
typedef struct np_version np_version;

/* NULL: no memory. max_bytes 0: no limit. */
np_store *np_store_new(const netpol_allocator *alloc, uint64_t max_bytes);
/* The writer goes away; it has dropped all of its blocks. The store goes with the last version. */
void np_store_close(np_store *s);

/* A block of the head, 32-aligned; contents undefined. NULL: no memory (see np_store_limited).
 */
void *np_store_block(np_store *s, size_t size);
/* The same with a farewell: once no version has the block, and before its memory goes, `leave` is
 * called with it, by whatever thread that is. */
void *np_store_record(np_store *s, size_t size, void (*leave)(void *block));
/* The head no longer refers to the block. Never fails. NULL is allowed. */
void np_store_drop(np_store *s, void *block);
/* Whether the block was made since the last publication, so that the writer may change it. */
bool np_store_owns(const np_store *s, const void *block);
/* The head is frozen as a version, and a new head with the same contents begins. NULL: no memory,
 * nothing changed. */
np_version *np_store_publish(np_store *s);
/* No reader is left in this version. Threads: any. */
void np_version_release(np_version *v);

const netpol_allocator *np_store_allocator(const np_store *s);
uint64_t np_store_held(const np_store *s); /* bytes now, of all versions */
bool np_store_limited(const np_store *s);  /* a block was refused because of max_bytes */

/* An array in pages of 2^shift elements, all of them blocks of a store; so is the list of pages. */
typedef struct np_pages {
    void **page;
    uint32_t n;     /* elements */
    uint32_t room;  /* pages that the list has room for */
    uint32_t size;  /* bytes of an element */
    uint32_t shift; /* log2 of the elements of a page */
} np_pages;

#define NP_PAGES(type, log2) ((np_pages){.size = (uint32_t)sizeof(type), .shift = (log2)})

/* Grows to n elements; new ones are zero. False: no memory; what is there stays usable. */
bool np_pages_grow(np_store *s, np_pages *p, uint32_t n);
/* The element for changing: its page is copied first if a version shares it. NULL: no memory. */
void *np_pages_edit(np_store *s, np_pages *p, uint32_t i);
void np_pages_drop(np_store *s, np_pages *p);

static inline const void *np_pages_at(const np_pages *p, uint32_t i)
{
    const char *page = p->page[i >> p->shift];
    return page + (size_t)(i & ((1u << p->shift) - 1)) * p->size;
}

/* An array whose pages hang in a tree, so that a change copies a few small nodes however long the
 * array is; np_pages is faster to read. */
typedef struct np_tree {
    void *root;
    uint32_t n;     /* elements */
    uint32_t size;  /* bytes of an element */
    uint16_t shift; /* log2 of the elements of a page */
    uint16_t depth; /* levels of nodes above the pages */
} np_tree;

#define NP_TREE(type, log2) ((np_tree){.size = (uint32_t)sizeof(type), .shift = (log2)})

/* Makes the array n elements long; new ones are zero. False: no memory; what is there stays. */
bool np_tree_grow(np_store *s, np_tree *t, uint32_t n);
/* The element for changing; see np_pages_edit. */
void *np_tree_edit(np_store *s, np_tree *t, uint32_t i);
/* The element; i < n. */
const void *np_tree_at(const np_tree *t, uint32_t i);
void np_tree_drop(np_store *s, np_tree *t);

/* A hash table from keys to numbers as np_index is one, in nodes of a tree of the hash. It keeps no
 * keys: its user compares. One key may have several numbers. */
typedef struct np_dict {
    void *root;
    uint32_t n;
} np_dict;

typedef bool np_dict_same(const void *context, const void *key, uint32_t number);

/* The number of an entry that `same` says yes to; UINT32_MAX: there is none. */
uint32_t np_dict_find(const np_dict *d, uint32_t hash, np_dict_same *same, const void *context,
                      const void *key);
/* 0: no memory, the entries are as they were; 2: added, and another entry has the same hash; 1:
 * added. */
int np_dict_add(np_store *s, np_dict *d, uint32_t hash, uint32_t number);
/* Takes one entry out, if it is there. False: no memory, nothing changed. */
bool np_dict_remove(np_store *s, np_dict *d, uint32_t hash, uint32_t number);
void np_dict_drop(np_store *s, np_dict *d);

/* Small pieces that never change once written and live as long as the whole pool. */
typedef struct np_pool {
    void **block;
    uint32_t n;
    size_t room; /* of the list; it belongs to the writer alone */
    char *at;
    char *end;
} np_pool;

/* 8-aligned; NULL: no memory. */
void *np_pool_alloc(np_store *s, np_pool *p, size_t size);
void np_pool_drop(np_store *s, np_pool *p);

#endif
