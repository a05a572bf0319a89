/* SPDX-License-Identifier: MIT */
#include "pages.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

/* Blocks are aligned so that what is as large never crosses a cache line. */
#define ALIGN ((size_t)64)
#define POOL_BLOCK ((size_t)4000)

/* Stands right before its block. */
typedef struct np_head {
    struct np_head *next; /* on a dead list */
    uint64_t born;        /* the version that made it */
    size_t size;          /* of the allocation */
    uint32_t offset;      /* of the block in the allocation */
    void (*leave)(void *block);
} np_head;

typedef struct np_dead {
    np_head *first;
    np_head **last;
} np_dead;

struct np_version {
    np_store *store;
    np_version *prev;
    np_version *next;
    uint64_t number;
    np_dead dead; /* blocks of the version before that this one does not have */
};

struct np_store {
    netpol_allocator alloc;
    pthread_mutex_t lock; /* over the list of versions and their dead lists */
    np_version *head;     /* the last of the list: what the writer works on */
    uint64_t number;      /* the head's, read without the lock by the writer */
    uint64_t max;
    _Atomic uint64_t held;
    size_t leaving; /* versions off the list that still give blocks back; under the lock */
    bool limited;
    bool closed;
};

static np_head *head_of(const void *block)
{
    return (np_head *)((char *)(uintptr_t)block - sizeof(np_head));
}

static void release_block(np_store *s, np_head *h)
{
    char *block = (char *)h + sizeof(np_head);
    char *whole = block - h->offset;
    size_t size = h->size;
    if (h->leave)
        h->leave(block);
    atomic_fetch_sub_explicit(&s->held, size, memory_order_relaxed);
    np_release(&s->alloc, whole, size);
}

static void dead_init(np_dead *d)
{
    d->first = NULL;
    d->last = &d->first;
}

static void dead_add(np_dead *d, np_head *h)
{
    h->next = NULL;
    *d->last = h;
    d->last = &h->next;
}

static void dead_move(np_dead *from, np_dead *to)
{
    if (from->first) {
        *to->last = from->first;
        to->last = from->last;
    }
    dead_init(from);
}

static np_version *new_version(np_store *s, uint64_t number)
{
    np_version *v = np_resize(&s->alloc, NULL, 0, sizeof *v);
    if (v) {
        *v = (np_version){.store = s, .number = number};
        dead_init(&v->dead);
    }
    return v;
}

np_store *np_store_new(const netpol_allocator *alloc, uint64_t max_bytes)
{
    np_store *s = np_resize(alloc, NULL, 0, sizeof *s);
    if (!s)
        return NULL;
    memset(s, 0, sizeof *s);
    s->alloc = *alloc;
    s->max = max_bytes;
    s->number = 1;
    atomic_init(&s->held, 0);
    s->head = new_version(s, 1);
    if (!s->head || pthread_mutex_init(&s->lock, NULL) != 0) {
        np_release(alloc, s->head, sizeof *s->head);
        np_release(alloc, s, sizeof *s);
        return NULL;
    }
    return s;
}

static void destroy(np_store *s)
{
    netpol_allocator alloc = s->alloc;
    pthread_mutex_destroy(&s->lock);
    np_release(&alloc, s->head, sizeof *s->head);
    np_release(&alloc, s, sizeof *s);
}

/* Whoever sees this first, under the lock, ends the store. */
static bool is_over(const np_store *s)
{
    return s->closed && !s->head->prev && s->leaving == 0;
}

void np_store_close(np_store *s)
{
    if (!s)
        return;
    pthread_mutex_lock(&s->lock);
    s->closed = true;
    bool last = is_over(s);
    pthread_mutex_unlock(&s->lock);
    if (last)
        destroy(s);
}

void *np_store_block(np_store *s, size_t size)
{
    size_t whole = size + sizeof(np_head) + ALIGN - 8;
    uint64_t held = atomic_load_explicit(&s->held, memory_order_relaxed);
    if (whole < size || (s->max && held + whole > s->max)) {
        s->limited = true;
        return NULL;
    }
    char *p = np_resize(&s->alloc, NULL, 0, whole);
    if (!p)
        return NULL;
    atomic_fetch_add_explicit(&s->held, whole, memory_order_relaxed);
    uintptr_t first = (uintptr_t)p + sizeof(np_head);
    uintptr_t at = (first + ALIGN - 1) & ~(uintptr_t)(ALIGN - 1);
    size_t offset = (size_t)(at - (uintptr_t)p);
    *head_of(p + offset) = (np_head){.born = s->number, .size = whole, .offset = (uint32_t)offset};
    return p + offset;
}

void *np_store_record(np_store *s, size_t size, void (*leave)(void *block))
{
    void *block = np_store_block(s, size);
    if (block)
        head_of(block)->leave = leave;
    return block;
}

bool np_store_owns(const np_store *s, const void *block)
{
    return head_of(block)->born == s->number;
}

void np_store_drop(np_store *s, void *block)
{
    if (!block)
        return;
    np_head *h = head_of(block);
    if (h->born == s->number) {
        release_block(s, h);
        return;
    }
    pthread_mutex_lock(&s->lock);
    bool shared = s->head->prev && s->head->prev->number >= h->born;
    if (shared)
        dead_add(&s->head->dead, h);
    pthread_mutex_unlock(&s->lock);
    if (!shared)
        release_block(s, h);
}

np_version *np_store_publish(np_store *s)
{
    np_version *next = new_version(s, s->number + 1);
    if (!next)
        return NULL;
    pthread_mutex_lock(&s->lock);
    np_version *frozen = s->head;
    next->prev = frozen;
    frozen->next = next;
    s->head = next;
    s->number++;
    pthread_mutex_unlock(&s->lock);
    return frozen;
}

/* Takes out what no version but the released one needs: blocks that the next version lacks and that
 * were born after the version before. */
static np_head *take_unneeded(np_version *v)
{
    uint64_t before = v->prev ? v->prev->number : 0;
    np_dead keep;
    dead_init(&keep);
    np_head *unneeded = NULL;
    for (np_head *h = v->next->dead.first; h;) {
        np_head *next = h->next;
        if (h->born > before) {
            h->next = unneeded;
            unneeded = h;
        } else {
            dead_add(&keep, h);
        }
        h = next;
    }
    dead_init(&v->next->dead);
    dead_move(&keep, &v->next->dead);
    dead_move(&v->dead, &v->next->dead);
    return unneeded;
}

void np_version_release(np_version *v)
{
    if (!v)
        return;
    np_store *s = v->store;
    pthread_mutex_lock(&s->lock);
    np_head *unneeded = take_unneeded(v);
    v->next->prev = v->prev;
    if (v->prev)
        v->prev->next = v->next;
    s->leaving++;
    pthread_mutex_unlock(&s->lock);
    while (unneeded) {
        np_head *h = unneeded;
        unneeded = h->next;
        release_block(s, h);
    }
    np_release(&s->alloc, v, sizeof *v);
    pthread_mutex_lock(&s->lock);
    s->leaving--;
    bool last = is_over(s);
    pthread_mutex_unlock(&s->lock);
    if (last)
        destroy(s);
}

const netpol_allocator *np_store_allocator(const np_store *s)
{
    return &s->alloc;
}

uint64_t np_store_held(const np_store *s)
{
    return atomic_load_explicit(&s->held, memory_order_relaxed);
}

bool np_store_limited(const np_store *s)
{
    return s->limited;
}

static uint32_t pages_for(const np_pages *p, uint32_t n)
{
    return (uint32_t)(((uint64_t)n + (1u << p->shift) - 1) >> p->shift);
}

static size_t page_bytes(const np_pages *p)
{
    return (size_t)p->size << p->shift;
}

/* Makes the list of pages the writer's own, with room for at least `wanted`. */
static bool own_list(np_store *s, np_pages *p, uint32_t wanted)
{
    if (p->page && np_store_owns(s, p->page) && wanted <= p->room)
        return true;
    uint32_t room = wanted <= p->room ? p->room : wanted < 8 ? 8 : wanted + wanted / 2;
    void **list = np_store_block(s, room * sizeof *list);
    if (!list)
        return false;
    uint32_t have = pages_for(p, p->n);
    if (have)
        memcpy(list, p->page, have * sizeof *list);
    np_store_drop(s, p->page);
    p->page = list;
    p->room = room;
    return true;
}

bool np_pages_grow(np_store *s, np_pages *p, uint32_t n)
{
    uint32_t have = pages_for(p, p->n);
    uint32_t wanted = pages_for(p, n);
    if (n <= p->n)
        return true;
    if (wanted > have && !own_list(s, p, wanted))
        return false;
    for (uint32_t i = have; i < wanted; i++) {
        void *page = np_store_block(s, page_bytes(p));
        if (!page)
            return false;
        memset(page, 0, page_bytes(p));
        p->page[i] = page;
        uint64_t full = (uint64_t)(i + 1) << p->shift;
        p->n = full < n ? (uint32_t)full : n;
    }
    p->n = n;
    return true;
}

void *np_pages_edit(np_store *s, np_pages *p, uint32_t i)
{
    assert(i < p->n);
    uint32_t at = i >> p->shift;
    if (!np_store_owns(s, p->page[at])) {
        void *copy = np_store_block(s, page_bytes(p));
        if (!copy)
            return NULL;
        if (!own_list(s, p, at + 1)) {
            np_store_drop(s, copy);
            return NULL;
        }
        memcpy(copy, p->page[at], page_bytes(p));
        np_store_drop(s, p->page[at]);
        p->page[at] = copy;
    }
    return (char *)p->page[at] + (size_t)(i & ((1u << p->shift) - 1)) * p->size;
}

void np_pages_drop(np_store *s, np_pages *p)
{
    uint32_t have = pages_for(p, p->n);
    for (uint32_t i = 0; i < have; i++)
        np_store_drop(s, p->page[i]);
    np_store_drop(s, p->page);
    *p = (np_pages){.size = p->size, .shift = p->shift};
}

void *np_pool_alloc(np_store *s, np_pool *p, size_t size)
{
    size = (size + 7) & ~(size_t)7;
    if (size > (size_t)(p->end - p->at)) {
        if (!np_grow(&s->alloc, (void **)&p->block, &p->room, p->n + 1, sizeof *p->block))
            return NULL;
        size_t bytes = size > POOL_BLOCK ? size : POOL_BLOCK;
        char *block = np_store_block(s, bytes);
        if (!block)
            return NULL;
        p->block[p->n++] = block;
        p->at = block;
        p->end = block + bytes;
    }
    void *piece = p->at;
    p->at += size;
    return piece;
}

void np_pool_drop(np_store *s, np_pool *p)
{
    for (uint32_t i = 0; i < p->n; i++)
        np_store_drop(s, p->block[i]);
    np_release(&s->alloc, p->block, p->room * sizeof *p->block);
    *p = (np_pool){0};
}
