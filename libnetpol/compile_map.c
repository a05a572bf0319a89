/* SPDX-License-Identifier: MIT */
#include "compile_map.h"

#include <stdlib.h>
#include <string.h>

/* ---- lists that grow ---- */

bool np_numbers_add(const netpol_allocator *a, np_numbers *list, uint32_t x)
{
    if (!np_grow(a, (void **)&list->at, &list->room, list->n + 1, sizeof *list->at))
        return false;
    list->at[list->n++] = x;
    return true;
}

bool np_numbers_resize(const netpol_allocator *a, np_numbers *list, size_t n)
{
    if (!np_grow(a, (void **)&list->at, &list->room, n, sizeof *list->at))
        return false;
    if (n > list->n)
        memset(list->at + list->n, 0, (n - list->n) * sizeof *list->at);
    list->n = n;
    return true;
}

void np_numbers_free(const netpol_allocator *a, np_numbers *list)
{
    np_release(a, list->at, list->room * sizeof *list->at);
    *list = (np_numbers){0};
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

void np_numbers_sort(uint32_t *at, size_t *n)
{
    if (*n == 0)
        return;
    qsort(at, *n, sizeof *at, by_number);
    size_t kept = 0;
    for (size_t i = 1; i < *n; i++)
        if (at[i] != at[kept])
            at[++kept] = at[i];
    *n = kept + 1;
}

/* ---- from keys to numbers ---- */

static size_t start(const np_map *m, uint64_t key)
{
    uint64_t h = (key ^ (uint64_t)(uintptr_t)m) * 0x9E3779B97F4A7C15u;
    return (size_t)(h ^ h >> 32) & (m->n_slots - 1);
}

static size_t find_slot(const np_map *m, uint64_t key)
{
    size_t i = start(m, key);
    while (m->value[i] && m->key[i] != key)
        i = (i + 1) & (m->n_slots - 1);
    return i;
}

uint32_t np_map_find(const np_map *m, uint64_t key)
{
    return m->n_slots ? m->value[find_slot(m, key)] : 0;
}

static bool grow(np_map *m)
{
    np_map bigger = {.alloc = m->alloc, .n_slots = m->n_slots ? m->n_slots * 2 : 64};
    np_map old = *m;
    bigger.key = np_resize(&m->alloc, NULL, 0, bigger.n_slots * sizeof *bigger.key);
    bigger.value = np_resize(&m->alloc, NULL, 0, bigger.n_slots * sizeof *bigger.value);
    if (!bigger.key || !bigger.value) {
        np_map_free(&bigger);
        return false;
    }
    memset(bigger.value, 0, bigger.n_slots * sizeof *bigger.value);
    bigger.used = m->used;
    *m = bigger;
    for (size_t i = 0; i < old.n_slots; i++) {
        if (!old.value[i])
            continue;
        size_t to = find_slot(m, old.key[i]);
        m->key[to] = old.key[i];
        m->value[to] = old.value[i];
    }
    np_map_free(&old);
    return true;
}

bool np_map_add(np_map *m, uint64_t key, uint32_t value)
{
    if (m->used >= m->n_slots / 2 && !grow(m))
        return false;
    size_t i = find_slot(m, key);
    m->key[i] = key;
    m->value[i] = value;
    m->used++;
    return true;
}

void np_map_free(np_map *m)
{
    np_release(&m->alloc, m->key, m->n_slots * sizeof *m->key);
    np_release(&m->alloc, m->value, m->n_slots * sizeof *m->value);
    m->key = NULL;
    m->value = NULL;
    m->n_slots = m->used = 0;
}

/* ---- interned lists ---- */

void np_lists_init(np_lists *l, const netpol_allocator *alloc)
{
    *l = (np_lists){.alloc = *alloc};
}

void np_lists_free(np_lists *l)
{
    np_numbers_free(&l->alloc, &l->pool);
    np_numbers_free(&l->alloc, &l->first);
    np_numbers_free(&l->alloc, &l->hash);
    np_release(&l->alloc, l->slot, l->n_slots * sizeof *l->slot);
    *l = (np_lists){.alloc = l->alloc};
}

void np_lists_clear(np_lists *l)
{
    bool roomy = l->n_slots > 256 && (size_t)l->n * 16 < l->n_slots;
    l->pool.n = l->hash.n = l->n = 0;
    if (l->first.n)
        l->first.n = 1;
    if (roomy) { /* what one large use needed shall not cost every later one */
        np_release(&l->alloc, l->slot, l->n_slots * sizeof *l->slot);
        l->slot = NULL;
        l->n_slots = 0;
    }
    if (l->n_slots)
        memset(l->slot, 0, l->n_slots * sizeof *l->slot);
}

static uint32_t hash_list(const np_lists *l, const uint32_t *at, size_t n)
{
    uint64_t h = n ^ (uint64_t)(uintptr_t)l;
    for (size_t i = 0; i < n; i++) {
        h = (h ^ at[i]) * 0x9E3779B97F4A7C15u;
        h ^= h >> 32;
    }
    return (uint32_t)(h ^ h >> 29);
}

static bool same_list(const np_lists *l, uint32_t number, const uint32_t *at, size_t n)
{
    size_t have;
    const uint32_t *list = np_lists_at(l, number, &have);
    return have == n && (n == 0 || memcmp(list, at, n * sizeof *at) == 0);
}

static void enter(uint32_t *slot, size_t n_slots, uint32_t hash, uint32_t number)
{
    size_t i = hash & (n_slots - 1);
    while (slot[i])
        i = (i + 1) & (n_slots - 1);
    slot[i] = number + 1;
}

static bool grow_slots(np_lists *l)
{
    size_t n = l->n_slots ? l->n_slots * 2 : 64;
    uint32_t *slot = np_resize(&l->alloc, NULL, 0, n * sizeof *slot);
    if (!slot)
        return false;
    memset(slot, 0, n * sizeof *slot);
    for (uint32_t i = 0; i < l->n; i++)
        enter(slot, n, l->hash.at[i], i);
    np_release(&l->alloc, l->slot, l->n_slots * sizeof *slot);
    l->slot = slot;
    l->n_slots = n;
    return true;
}

static bool add_list(np_lists *l, const uint32_t *at, size_t n, uint32_t hash)
{
    if (l->first.n == 0 && !np_numbers_add(&l->alloc, &l->first, 0))
        return false;
    if (!np_grow(&l->alloc, (void **)&l->pool.at, &l->pool.room, l->pool.n + n, sizeof *at) ||
        !np_grow(&l->alloc, (void **)&l->first.at, &l->first.room, l->first.n + 1, sizeof *at) ||
        !np_numbers_add(&l->alloc, &l->hash, hash))
        return false;
    if (n)
        memcpy(l->pool.at + l->pool.n, at, n * sizeof *at);
    l->pool.n += n;
    l->first.at[l->first.n++] = (uint32_t)l->pool.n;
    return true;
}

uint32_t np_lists_intern(np_lists *l, const uint32_t *at, size_t n)
{
    if (l->n >= l->n_slots / 2 && !grow_slots(l))
        return NP_NO_LIST;
    uint32_t hash = hash_list(l, at, n);
    for (size_t i = hash & (l->n_slots - 1); l->slot[i]; i = (i + 1) & (l->n_slots - 1))
        if (l->hash.at[l->slot[i] - 1] == hash && same_list(l, l->slot[i] - 1, at, n))
            return l->slot[i] - 1;
    if (!add_list(l, at, n, hash))
        return NP_NO_LIST;
    enter(l->slot, l->n_slots, hash, l->n);
    return l->n++;
}
