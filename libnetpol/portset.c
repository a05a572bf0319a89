/* SPDX-License-Identifier: MIT */
#include "portset.h"

#include <stdlib.h>

/* A range of so many ports more or less fills the picture of a set. */
#define WIDE_RANGE 128u
#define MEMO_SLOTS 4096u
#define SEARCH_FROM 16u

bool np_ports_has_more(const np_ports *p, uint32_t key)
{
    const np_port_range *r = p->more;
    uint32_t low = 0;
    uint32_t high = p->n_more;
    while (high - low > SEARCH_FROM) {
        uint32_t mid = low + (high - low) / 2;
        if (r[mid].lo <= key)
            low = mid;
        else
            high = mid;
    }
    for (; low < high; low++)
        if (key - r[low].lo <= r[low].hi - r[low].lo)
            return true;
    return false;
}

bool np_ports_has_named(const np_ports *p, uint32_t key, const np_port_map *map)
{
    const np_port_name *names = np_ports_names(p);
    for (uint32_t k = 0; k < map->n; k++) {
        if (map->at[k].key != key)
            continue;
        for (uint32_t i = 0; i < p->n_names; i++)
            if (names[i].name == map->at[k].name &&
                (names[i].protocol == NP_PORT_ANY || names[i].protocol == key >> 16))
                return true;
    }
    return false;
}

static int by_range(const void *a, const void *b)
{
    const np_port_range *x = a;
    const np_port_range *y = b;
    return x->lo < y->lo ? -1 : x->lo > y->lo;
}

static int by_name(const void *a, const void *b)
{
    const np_port_name *x = a;
    const np_port_name *y = b;
    if (x->name != y->name)
        return x->name < y->name ? -1 : 1;
    return x->protocol < y->protocol ? -1 : x->protocol > y->protocol;
}

/* Sorts and joins what touches; ranges stay inside their protocol's keys or run on, it is the same.
 */
static size_t normal_ranges(np_port_range *r, size_t n)
{
    if (n == 0)
        return 0;
    qsort(r, n, sizeof *r, by_range);
    size_t kept = 0;
    for (size_t i = 1; i < n; i++) {
        if (r[i].lo <= r[kept].hi + 1)
            r[kept].hi = r[i].hi > r[kept].hi ? r[i].hi : r[kept].hi;
        else
            r[++kept] = r[i];
    }
    return kept + 1;
}

static size_t normal_names(np_port_name *names, size_t n)
{
    if (n == 0)
        return 0;
    qsort(names, n, sizeof *names, by_name);
    size_t kept = 0;
    for (size_t i = 1; i < n; i++)
        if (by_name(&names[kept], &names[i]) != 0)
            names[++kept] = names[i];
    return kept + 1;
}

static uint64_t picture(const np_port_range *r, size_t n, size_t n_names)
{
    uint64_t bits = n_names ? UINT64_MAX : 0;
    for (size_t i = 0; i < n; i++) {
        if (r[i].hi - r[i].lo >= WIDE_RANGE)
            return UINT64_MAX;
        for (uint32_t key = r[i].lo; key <= r[i].hi; key++)
            bits |= np_port_bits(key);
    }
    return bits;
}

static uint64_t mix(uint64_t h, uint64_t x)
{
    h = (h ^ x) * 0x9E3779B97F4A7C15u;
    return h ^ (h >> 29);
}

static uint64_t hash_set(const np_port_range *r, size_t n, const np_port_name *names,
                         size_t n_names)
{
    uint64_t h = mix(n, n_names);
    for (size_t i = 0; i < n; i++)
        h = mix(h, (uint64_t)r[i].lo << 32 | r[i].hi);
    for (size_t i = 0; i < n_names; i++)
        h = mix(h, (uint64_t)names[i].name << 32 | names[i].protocol);
    return h ^ (h >> 32);
}

static size_t ranges_of(const np_ports *p, np_port_range *out)
{
    size_t n = 0;
    if (p->lo != UINT32_MAX)
        out[n++] = (np_port_range){p->lo, p->lo + p->span};
    for (uint32_t i = 0; i < p->n_more; i++)
        out[n++] = p->more[i];
    return n;
}

static size_t count_ranges(const np_ports *p)
{
    return (p->lo != UINT32_MAX) + (size_t)p->n_more;
}

static bool same_set(const np_ports *p, const np_port_range *r, size_t n, const np_port_name *names,
                     size_t n_names)
{
    if (count_ranges(p) != n || p->n_names != n_names)
        return false;
    if (n && (p->lo != r[0].lo || p->span != r[0].hi - r[0].lo))
        return false;
    if (p->n_more && memcmp(p->more, r + 1, p->n_more * sizeof *r) != 0)
        return false;
    return n_names == 0 || memcmp(np_ports_names(p), names, n_names * sizeof *names) == 0;
}

/* Where the set is or belongs. */
static size_t find_slot(const np_port_table *t, uint64_t hash, const np_port_range *r, size_t n,
                        const np_port_name *names, size_t n_names)
{
    size_t i = (size_t)hash & (t->n_slots - 1);
    while (t->slot[i]) {
        uint32_t id = t->slot[i] - 1;
        if (t->note[id].hash == hash && same_set(np_port_table_at(t, id), r, n, names, n_names))
            return i;
        i = (i + 1) & (t->n_slots - 1);
    }
    return i;
}

static bool grow_slots(np_port_table *t)
{
    const netpol_allocator *a = np_store_allocator(t->store);
    size_t n = t->n_slots ? t->n_slots * 2 : 64;
    uint32_t *slot = np_resize(a, NULL, 0, n * sizeof *slot);
    if (!slot)
        return false;
    memset(slot, 0, n * sizeof *slot);
    for (uint32_t id = 0; id < t->n; id++) {
        size_t i = (size_t)t->note[id].hash & (n - 1);
        while (slot[i])
            i = (i + 1) & (n - 1);
        slot[i] = id + 1;
    }
    np_release(a, t->slot, t->n_slots * sizeof *slot);
    t->slot = slot;
    t->n_slots = n;
    return true;
}

static bool write_set(np_port_table *t, np_ports *p, const np_port_range *r, size_t n,
                      const np_port_name *names, size_t n_names)
{
    *p = (np_ports){.lo = UINT32_MAX, .n_names = (uint32_t)n_names};
    if (n) {
        p->lo = r[0].lo;
        p->span = r[0].hi - r[0].lo;
        p->n_more = (uint32_t)n - 1;
    }
    size_t bytes = p->n_more * sizeof *r + n_names * sizeof *names;
    if (bytes == 0)
        return true;
    np_port_range *more = np_pool_alloc(t->store, &t->pool, bytes);
    if (!more)
        return false;
    if (p->n_more)
        memcpy(more, r + 1, p->n_more * sizeof *r);
    if (n_names)
        memcpy(more + p->n_more, names, n_names * sizeof *names);
    p->more = more;
    return true;
}

/* Readers of older versions never look behind what they know, so the block may be added to. */
static bool grow_sets(np_port_table *t)
{
    uint32_t room = t->room ? t->room * 2 : 64;
    np_ports *sets = np_store_block(t->store, room * sizeof *sets);
    if (!sets)
        return false;
    if (t->n)
        memcpy(sets, t->sets, t->n * sizeof *sets);
    np_store_drop(t->store, t->sets);
    t->sets = sets;
    t->room = room;
    return true;
}

static uint32_t add_set(np_port_table *t, uint64_t hash, const np_port_range *r, size_t n,
                        const np_port_name *names, size_t n_names)
{
    const netpol_allocator *a = np_store_allocator(t->store);
    uint32_t id = t->n;
    if ((id == t->room && !grow_sets(t)) ||
        !np_grow(a, (void **)&t->note, &t->note_room, id + 1, sizeof *t->note) ||
        !write_set(t, &t->sets[id], r, n, names, n_names))
        return NP_PORTS_FAILED;
    t->note[id] = (np_port_note){.bits = picture(r, n, n_names), .hash = hash};
    t->n++;
    return id;
}

uint32_t np_port_table_intern(np_port_table *t, np_port_range *ranges, size_t n,
                              np_port_name *names, size_t n_names)
{
    if (t->n >= t->n_slots / 2 && !grow_slots(t))
        return NP_PORTS_FAILED;
    n = normal_ranges(ranges, n);
    n_names = normal_names(names, n_names);
    uint64_t hash = hash_set(ranges, n, names, n_names);
    size_t i = find_slot(t, hash, ranges, n, names, n_names);
    if (t->slot[i])
        return t->slot[i] - 1;
    uint32_t id = add_set(t, hash, ranges, n, names, n_names);
    if (id != NP_PORTS_FAILED)
        t->slot[i] = id + 1;
    return id;
}

/* Room in the scratch lists. */
static bool scratch_for(np_port_table *t, size_t n, size_t names)
{
    const netpol_allocator *a = np_store_allocator(t->store);
    return np_grow(a, (void **)&t->ranges, &t->ranges_room, n, sizeof *t->ranges) &&
           np_grow(a, (void **)&t->names, &t->names_room, names, sizeof *t->names);
}

static uint32_t make_union(np_port_table *t, uint32_t a, uint32_t b)
{
    const np_ports *x = np_port_table_at(t, a);
    const np_ports *y = np_port_table_at(t, b);
    if (!scratch_for(t, count_ranges(x) + count_ranges(y), (size_t)x->n_names + y->n_names))
        return NP_PORTS_FAILED;
    size_t n = ranges_of(x, t->ranges);
    n += ranges_of(y, t->ranges + n);
    if (x->n_names)
        memcpy(t->names, np_ports_names(x), x->n_names * sizeof *t->names);
    if (y->n_names)
        memcpy(t->names + x->n_names, np_ports_names(y), y->n_names * sizeof *t->names);
    return np_port_table_intern(t, t->ranges, n, t->names, (size_t)x->n_names + y->n_names);
}

uint32_t np_port_table_union(np_port_table *t, uint32_t a, uint32_t b)
{
    if (a > b) {
        uint32_t swap = a;
        a = b;
        b = swap;
    }
    if (a == b || a == NP_PORTS_NONE)
        return b;
    if (a == NP_PORTS_ALL) /* the empty set is below it */
        return a;
    np_port_memo *m = &t->memo[mix((uint64_t)a << 32 | b, 0) % MEMO_SLOTS];
    if (m->both && m->a == a && m->b == b)
        return m->both;
    uint32_t both = make_union(t, a, b);
    if (both != NP_PORTS_FAILED)
        *m = (np_port_memo){a, b, both};
    return both;
}

static bool named(const np_port_name *name, const np_named_key *port)
{
    return name->name == port->name &&
           (name->protocol == NP_PORT_ANY || name->protocol == port->key >> 16);
}

uint32_t np_port_table_resolve(np_port_table *t, uint32_t set, const np_port_map *map)
{
    const np_ports *p = np_port_table_at(t, set);
    if (p->n_names == 0)
        return set;
    if (!scratch_for(t, count_ranges(p) + map->n, 0))
        return NP_PORTS_FAILED;
    size_t n = ranges_of(p, t->ranges);
    for (uint32_t k = 0; k < map->n; k++)
        for (uint32_t i = 0; i < p->n_names; i++)
            if (named(&np_ports_names(p)[i], &map->at[k])) {
                t->ranges[n++] = (np_port_range){map->at[k].key, map->at[k].key};
                break;
            }
    return np_port_table_intern(t, t->ranges, n, NULL, 0);
}

bool np_port_table_init(np_port_table *t, np_store *s)
{
    *t = (np_port_table){.store = s};
    np_port_range all = {0, NP_PORT_KEYS - 1};
    t->memo = np_resize(np_store_allocator(s), NULL, 0, MEMO_SLOTS * sizeof *t->memo);
    if (t->memo) {
        memset(t->memo, 0, MEMO_SLOTS * sizeof *t->memo);
        if (np_port_table_intern(t, NULL, 0, NULL, 0) == NP_PORTS_NONE &&
            np_port_table_intern(t, &all, 1, NULL, 0) == NP_PORTS_ALL)
            return true;
    }
    np_port_table_drop(t);
    return false;
}

void np_port_table_drop(np_port_table *t)
{
    const netpol_allocator *a = np_store_allocator(t->store);
    np_store_drop(t->store, t->sets);
    np_pool_drop(t->store, &t->pool);
    np_release(a, t->note, t->note_room * sizeof *t->note);
    np_release(a, t->slot, t->n_slots * sizeof *t->slot);
    np_release(a, t->memo, MEMO_SLOTS * sizeof *t->memo);
    np_release(a, t->ranges, t->ranges_room * sizeof *t->ranges);
    np_release(a, t->names, t->names_room * sizeof *t->names);
    *t = (np_port_table){.store = t->store};
}
