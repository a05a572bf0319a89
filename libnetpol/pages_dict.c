/* SPDX-License-Identifier: MIT */
/* Hash tables in a tree: nodes have a child for each five bits of the hash, leaves hold entries in
 * no order. There is no moment when everything must be hashed again. */
#include "pages.h"

#include <string.h>

#define NODE_SHIFT 5u
#define NODE_CHILDREN (1u << NODE_SHIFT)
#define NODE_BYTES (NODE_CHILDREN * sizeof(void *))
#define LEAF_ROOM 24u /* a leaf with more entries becomes a node … */
#define HASH_BITS 32u /* … unless their hashes are equal */

typedef struct entry {
    uint32_t hash;
    uint32_t number;
} entry;

typedef struct leaf {
    uint32_t n;
    uint32_t room;
    entry at[];
} leaf;

/* Blocks are aligned, so the lowest bit of a pointer to a leaf is free to say so. */
static bool is_leaf(const void *p)
{
    return ((uintptr_t)p & 1) != 0;
}

static leaf *leaf_of(const void *p)
{
    return (leaf *)((uintptr_t)p & ~(uintptr_t)1);
}

static void *tagged(const leaf *l)
{
    return (void *)((uintptr_t)l | 1);
}

static uint32_t child_of(uint32_t hash, uint32_t shift)
{
    return hash >> shift & (NODE_CHILDREN - 1);
}

uint32_t np_dict_find(const np_dict *d, uint32_t hash, np_dict_same *same, const void *context,
                      const void *key)
{
    const void *p = d->root;
    for (uint32_t shift = 0; p && !is_leaf(p); shift += NODE_SHIFT)
        p = ((void *const *)p)[child_of(hash, shift)];
    const leaf *l = leaf_of(p);
    for (uint32_t i = 0; l && i < l->n; i++)
        if (l->at[i].hash == hash && same(context, key, l->at[i].number))
            return l->at[i].number;
    return UINT32_MAX;
}

/* A leaf of the writer's own with room for so many entries in place of the one that is there. */
static leaf *own_leaf(np_store *s, void **at, uint32_t wanted)
{
    leaf *old = leaf_of(*at);
    if (old && np_store_owns(s, old) && wanted <= old->room)
        return old;
    uint32_t room = old && np_store_owns(s, old) ? wanted * 2 : (wanted + 3) & ~3u;
    leaf *copy = np_store_block(s, sizeof *copy + room * sizeof(entry));
    if (!copy)
        return NULL;
    copy->room = room;
    copy->n = old ? old->n : 0;
    if (copy->n)
        memcpy(copy->at, old->at, copy->n * sizeof(entry));
    np_store_drop(s, old);
    *at = tagged(copy);
    return copy;
}

static void **own_node(np_store *s, void **at)
{
    if (np_store_owns(s, *at))
        return *at;
    void **copy = np_store_block(s, NODE_BYTES);
    if (!copy)
        return NULL;
    memcpy(copy, *at, NODE_BYTES);
    np_store_drop(s, *at);
    *at = copy;
    return copy;
}

static void drop_below(np_store *s, void *p)
{
    for (uint32_t i = 0; p && !is_leaf(p) && i < NODE_CHILDREN; i++)
        drop_below(s, ((void **)p)[i]);
    np_store_drop(s, is_leaf(p) ? (void *)leaf_of(p) : p);
}

/* Puts a node with the same entries in place of a full leaf. */
static bool split(np_store *s, void **at, uint32_t shift)
{
    leaf *old = leaf_of(*at);
    void **node = np_store_block(s, NODE_BYTES);
    if (!node)
        return false;
    memset(node, 0, NODE_BYTES);
    for (uint32_t i = 0; i < old->n; i++) {
        void **child = &node[child_of(old->at[i].hash, shift)];
        leaf *l = own_leaf(s, child, *child ? leaf_of(*child)->n + 1 : 1);
        if (!l) {
            drop_below(s, node);
            return false;
        }
        l->at[l->n++] = old->at[i];
    }
    np_store_drop(s, old);
    *at = node;
    return true;
}

static bool has_hash(const leaf *l, uint32_t hash)
{
    for (uint32_t i = 0; i < l->n; i++)
        if (l->at[i].hash == hash)
            return true;
    return false;
}

int np_dict_add(np_store *s, np_dict *d, uint32_t hash, uint32_t number)
{
    void **at = &d->root;
    uint32_t shift = 0;
    for (; *at; shift += NODE_SHIFT) {
        bool full = is_leaf(*at) && leaf_of(*at)->n >= LEAF_ROOM && shift < HASH_BITS;
        if (full && !split(s, at, shift))
            return 0;
        if (is_leaf(*at))
            break;
        void **node = own_node(s, at);
        if (!node)
            return 0;
        at = &node[child_of(hash, shift)];
    }
    leaf *l = own_leaf(s, at, *at ? leaf_of(*at)->n + 1 : 1);
    if (!l)
        return 0;
    int added = has_hash(l, hash) ? 2 : 1;
    l->at[l->n++] = (entry){hash, number};
    d->n++;
    return added;
}

/* Takes the i-th entry out of a leaf. An empty leaf goes. */
static bool take_out(np_store *s, void **at, uint32_t i)
{
    leaf *l = leaf_of(*at);
    if (l->n == 1) {
        np_store_drop(s, l);
        *at = NULL;
        return true;
    }
    l = own_leaf(s, at, l->n);
    if (!l)
        return false;
    l->at[i] = l->at[--l->n];
    return true;
}

static bool is_wanted(const void *context, const void *key, uint32_t number)
{
    (void)context;
    return *(const uint32_t *)key == number;
}

bool np_dict_remove(np_store *s, np_dict *d, uint32_t hash, uint32_t number)
{
    void **at = &d->root;
    if (np_dict_find(d, hash, is_wanted, NULL, &number) == UINT32_MAX)
        return true;
    for (uint32_t shift = 0; !is_leaf(*at); shift += NODE_SHIFT) {
        void **node = own_node(s, at);
        if (!node)
            return false;
        at = &node[child_of(hash, shift)];
    }
    const leaf *l = leaf_of(*at);
    uint32_t i = 0;
    while (l->at[i].hash != hash || l->at[i].number != number)
        i++;
    if (!take_out(s, at, i))
        return false;
    d->n--;
    return true;
}

void np_dict_drop(np_store *s, np_dict *d)
{
    drop_below(s, d->root);
    *d = (np_dict){0};
}
