/* SPDX-License-Identifier: MIT */
/* Arrays in a tree of pages. */
#include "pages.h"

#include <assert.h>
#include <string.h>

#define NODE_SHIFT 5
#define NODE_CHILDREN (1u << NODE_SHIFT)
#define NODE_BYTES (NODE_CHILDREN * sizeof(void *))

static size_t page_bytes(const np_tree *t)
{
    return (size_t)t->size << t->shift;
}

static uint64_t capacity(const np_tree *t)
{
    return (uint64_t)1 << (t->shift + NODE_SHIFT * t->depth);
}

/* Makes a node or page the writer's own; a missing one is made, of zeros. NULL: no memory. */
static void *own(np_store *s, void **at, size_t bytes)
{
    if (*at && np_store_owns(s, *at))
        return *at;
    void *copy = np_store_block(s, bytes);
    if (!copy)
        return NULL;
    if (*at)
        memcpy(copy, *at, bytes);
    else
        memset(copy, 0, bytes);
    np_store_drop(s, *at);
    *at = copy;
    return copy;
}

/* One level more, of which all that is there becomes the first child. */
static bool heighten(np_store *s, np_tree *t)
{
    void **node = t->root ? np_store_block(s, NODE_BYTES) : NULL;
    if (t->root && !node)
        return false;
    if (node) {
        memset(node, 0, NODE_BYTES);
        node[0] = t->root;
        t->root = node;
    }
    t->depth++;
    return true;
}

bool np_tree_grow(np_store *s, np_tree *t, uint32_t n)
{
    while (capacity(t) < n)
        if (!heighten(s, t))
            return false;
    uint64_t page = (uint64_t)1 << t->shift;
    for (uint64_t i = (t->n + page - 1) / page * page; i < n; i += page)
        if (!np_tree_edit(s, t, (uint32_t)i))
            return false;
    t->n = n > t->n ? n : t->n;
    return true;
}

static uint32_t child_of(const np_tree *t, uint32_t level, uint32_t i)
{
    return (uint32_t)((uint64_t)i >> (t->shift + NODE_SHIFT * (level - 1))) & (NODE_CHILDREN - 1);
}

static size_t place_in_page(const np_tree *t, uint32_t i)
{
    return (size_t)(i & ((1u << t->shift) - 1)) * t->size;
}

void *np_tree_edit(np_store *s, np_tree *t, uint32_t i)
{
    void **at = &t->root;
    for (uint32_t level = t->depth; level > 0; level--) {
        void **node = own(s, at, NODE_BYTES);
        if (!node)
            return NULL;
        at = &node[child_of(t, level, i)];
    }
    char *page = own(s, at, page_bytes(t));
    return page ? page + place_in_page(t, i) : NULL;
}

const void *np_tree_at(const np_tree *t, uint32_t i)
{
    assert(i < t->n);
    const void *p = t->root;
    for (uint32_t level = t->depth; level > 0; level--)
        p = ((void *const *)p)[child_of(t, level, i)];
    return (const char *)p + place_in_page(t, i);
}

static void drop_below(np_store *s, void *node, uint32_t level)
{
    for (uint32_t i = 0; node && level > 0 && i < NODE_CHILDREN; i++)
        drop_below(s, ((void **)node)[i], level - 1);
    np_store_drop(s, node);
}

void np_tree_drop(np_store *s, np_tree *t)
{
    drop_below(s, t->root, t->depth);
    *t = (np_tree){.size = t->size, .shift = t->shift};
}
