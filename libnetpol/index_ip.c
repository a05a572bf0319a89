/* SPDX-License-Identifier: MIT */
#include "index_ip.h"

#include <string.h>

/* Slots per address when a map is made, in eighths, and the load at which it grows. Two slots an
 * address keep a search near one cache line; the memory goal counts on it. */
#define ROOM_EIGHTHS 16u
#define MAX_LOAD(n) ((n) / 8 * 5)

/* An address of the process, so that nobody can prepare addresses that collide. */
static uint32_t seed_of(const np_store *s)
{
    uint64_t x = (uint64_t)(uintptr_t)s >> 4;
    return (uint32_t)((x * 0x9E3779B97F4A7C15u) >> 32);
}

static uint32_t slots_for(uint32_t expected, unsigned shift)
{
    uint64_t wanted = ((uint64_t)expected * ROOM_EIGHTHS) / 8;
    uint64_t page = (uint64_t)1 << shift;
    uint64_t pages = wanted / page + 1;
    uint64_t most = ((uint64_t)1 << 31) / page;
    return (uint32_t)((pages < most ? pages : most) * page);
}

/* ---- IPv4: the tree ---- */

/* What the tree may take before the hash takes its place. A hash takes 16 bytes an address. */
#define TREE_BYTES_AN_ADDRESS 20u
#define TREE_BYTES ((uint64_t)1 << 16)

static void *new_node(np_store *s, np_ip4_map *m, size_t bytes)
{
    void *node = np_store_block(s, bytes);
    if (node)
        m->bytes += bytes;
    return node;
}

static np_ip4_node *node_of(np_store *s, np_ip4_map *m, const void *next)
{
    np_ip4_node *node = new_node(s, m, sizeof *node);
    for (size_t i = 0; node && i < 256; i++)
        node->next[i] = next;
    return node;
}

bool np_ip4_init(np_store *s, np_ip4_map *m, uint32_t expected)
{
    *m = (np_ip4_map){
        .slots = NP_PAGES(np_ip4_slot, NP_IP4_SHIFT), .seed = seed_of(s), .expected = expected};
    np_ip4_leaf *none3 = new_node(s, m, sizeof *none3);
    m->none3 = none3;
    if (none3) {
        memset(none3, 0, sizeof *none3);
        m->none2 = node_of(s, m, none3);
        m->none1 = m->none2 ? node_of(s, m, m->none2) : NULL;
        m->root = m->none1 ? node_of(s, m, m->none1) : NULL;
    }
    if (m->root)
        return true;
    np_ip4_drop(s, m);
    return false;
}

/* A node that the writer may change. */
static np_ip4_node *own(const void *node)
{
    return (np_ip4_node *)(uintptr_t)node;
}

static void drop_block(np_store *s, const void *block)
{
    np_store_drop(s, (void *)(uintptr_t)block);
}

static void drop_tree(np_store *s, np_ip4_map *m)
{
    for (size_t i = 0; m->root && i < 256; i++) {
        const np_ip4_node *node1 = m->root->next[i];
        if (node1 == m->none1)
            continue;
        for (size_t k = 0; k < 256; k++) {
            const np_ip4_node *node2 = node1->next[k];
            if (node2 == m->none2)
                continue;
            for (size_t j = 0; j < 256; j++)
                if (node2->next[j] != m->none3)
                    drop_block(s, node2->next[j]);
            drop_block(s, node2);
        }
        drop_block(s, node1);
    }
    const void *rest[] = {m->root, m->none1, m->none2, m->none3};
    for (size_t i = 0; i < 4; i++)
        drop_block(s, rest[i]);
    m->root = m->none1 = m->none2 = NULL;
    m->none3 = NULL;
    m->bytes = 0;
}

void np_ip4_drop(np_store *s, np_ip4_map *m)
{
    drop_tree(s, m);
    np_pages_drop(s, &m->slots);
    m->used = 0;
}

/* A node that the writer may change, in place of one that it may not. NULL: no memory. */
static void *own_node(np_store *s, np_ip4_map *m, const void **at, const void *none, size_t bytes)
{
    const void *old = *at;
    if (old != none && np_store_owns(s, old))
        return (void *)(uintptr_t)old;
    void *copy = np_store_block(s, bytes);
    if (!copy)
        return NULL;
    memcpy(copy, old, bytes);
    if (old != none)
        drop_block(s, old);
    else
        m->bytes += bytes;
    *at = copy;
    return copy;
}

/* The place of an address, for changing. NULL: no memory. */
static uint32_t *tree_place(np_store *s, np_ip4_map *m, uint32_t ip)
{
    const void *root = m->root;
    np_ip4_node *node = own_node(s, m, &root, NULL, sizeof *node);
    m->root = root;
    if (node)
        node = own_node(s, m, &node->next[ip >> 24], m->none1, sizeof *node);
    if (node)
        node = own_node(s, m, &node->next[ip >> 16 & 255], m->none2, sizeof *node);
    np_ip4_leaf *leaf =
        node ? own_node(s, m, &node->next[ip >> 8 & 255], m->none3, sizeof *leaf) : NULL;
    return leaf ? &leaf->value[ip & 255] : NULL;
}

static uint32_t find_host(const np_ip4_map *m, uint32_t ip)
{
    const uint8_t b[4] = {(uint8_t)(ip >> 24), (uint8_t)(ip >> 16), (uint8_t)(ip >> 8),
                          (uint8_t)ip};
    return np_ip4_find(m, b);
}

/* ---- IPv4: the hash ---- */

static uint32_t start4(uint32_t ip, uint32_t seed, uint32_t n)
{
    uint32_t h = (ip ^ seed) * 0x9E3779B1u;
    return (uint32_t)((uint64_t)h * n >> 32);
}

static const np_ip4_slot *slot4(const np_ip4_map *m, uint32_t i)
{
    return np_pages_at(&m->slots, i);
}

/* Where the address is, or the free slot where it belongs. */
static uint32_t place4(const np_ip4_map *m, uint32_t ip)
{
    uint32_t n = m->slots.n;
    uint32_t i = start4(ip, m->seed, n);
    while (slot4(m, i)->value != 0 && slot4(m, i)->ip != ip)
        i = i + 1 == n ? 0 : i + 1;
    return i;
}

static bool set4(np_store *s, np_ip4_map *m, uint32_t i, uint32_t ip, uint32_t value)
{
    np_ip4_slot *slot = np_pages_edit(s, &m->slots, i);
    if (!slot)
        return false;
    slot->ip = ip;
    slot->value = value;
    return true;
}

static bool make_slots(np_store *s, np_pages *slots, uint32_t expected)
{
    *slots = NP_PAGES(np_ip4_slot, NP_IP4_SHIFT);
    if (np_pages_grow(s, slots, slots_for(expected, NP_IP4_SHIFT)))
        return true;
    np_pages_drop(s, slots);
    return false;
}

/* Adds what is not there; fresh pages are the writer's own, so this cannot fail. */
static void enter4(np_store *s, np_ip4_map *m, uint32_t ip, uint32_t value)
{
    (void)set4(s, m, place4(m, ip), ip, value);
}

static bool grow4(np_store *s, np_ip4_map *m)
{
    np_pages old = m->slots;
    if (!make_slots(s, &m->slots, m->used + m->used / 4 + 1)) {
        m->slots = old;
        return false;
    }
    for (uint32_t i = 0; i < old.n; i++) {
        np_ip4_slot slot = *(const np_ip4_slot *)np_pages_at(&old, i);
        if (slot.value)
            enter4(s, m, slot.ip, slot.value);
    }
    np_pages_drop(s, &old);
    return true;
}

static void enter_tree(np_store *s, np_ip4_map *m)
{
    for (uint32_t a = 0; a < 256; a++)
        for (uint32_t b = 0; m->root->next[a] != m->none1 && b < 256; b++) {
            const np_ip4_node *node2 = ((const np_ip4_node *)m->root->next[a])->next[b];
            for (uint32_t c = 0; node2 != m->none2 && c < 256; c++) {
                const np_ip4_leaf *leaf = node2->next[c];
                for (uint32_t d = 0; leaf != m->none3 && d < 256; d++)
                    if (leaf->value[d])
                        enter4(s, m, a << 24 | b << 16 | c << 8 | d, leaf->value[d]);
            }
        }
}

static bool tree_to_hash(np_store *s, np_ip4_map *m)
{
    if (!make_slots(s, &m->slots, m->used + m->used / 4 + 1))
        return false;
    enter_tree(s, m);
    drop_tree(s, m);
    return true;
}

static bool put_tree(np_store *s, np_ip4_map *m, uint32_t ip, uint32_t value)
{
    uint32_t *at = tree_place(s, m, ip);
    if (!at)
        return false;
    m->used += *at == 0;
    *at = value;
    uint64_t n = m->used > m->expected ? m->used : m->expected;
    if (m->bytes > TREE_BYTES + TREE_BYTES_AN_ADDRESS * n)
        return tree_to_hash(s, m);
    return true;
}

/* Gives back a node of which no path leads to a value any more. All nodes of the path are the
 * writer's own. */
static bool prune(np_store *s, np_ip4_map *m, const void **at, const void *none, size_t bytes)
{
    if (memcmp(*at, none, bytes) != 0)
        return false;
    drop_block(s, *at);
    m->bytes -= bytes;
    *at = none;
    return true;
}

static void prune_path(np_store *s, np_ip4_map *m, uint32_t ip)
{
    np_ip4_node *root = own(m->root);
    np_ip4_node *node1 = own(root->next[ip >> 24]);
    np_ip4_node *node2 = own(node1->next[ip >> 16 & 255]);
    if (prune(s, m, &node2->next[ip >> 8 & 255], m->none3, sizeof *m->none3) &&
        prune(s, m, &node1->next[ip >> 16 & 255], m->none2, sizeof *m->none2))
        (void)prune(s, m, &root->next[ip >> 24], m->none1, sizeof *m->none1);
}

static bool remove_tree(np_store *s, np_ip4_map *m, uint32_t ip)
{
    if (!find_host(m, ip))
        return true;
    uint32_t *at = tree_place(s, m, ip);
    if (!at)
        return false;
    *at = 0;
    m->used--;
    prune_path(s, m, ip);
    return true;
}

uint32_t np_ip4_hash_find(const np_ip4_map *m, const uint8_t b[4])
{
    uint32_t ip = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
    return slot4(m, place4(m, ip))->value;
}

bool np_ip4_put(np_store *s, np_ip4_map *m, uint32_t ip, uint32_t value)
{
    if (m->root)
        return put_tree(s, m, ip, value);
    uint32_t i = place4(m, ip);
    if (slot4(m, i)->value)
        return set4(s, m, i, ip, value);
    if (m->used + 1 > MAX_LOAD(m->slots.n)) {
        if (!grow4(s, m))
            return false;
        i = place4(m, ip);
    }
    if (!set4(s, m, i, ip, value))
        return false;
    m->used++;
    return true;
}

/* Closes the gap: every address behind it that cannot be found past a free slot moves into it. The
 * pages are copied before anything moves, so that a failure leaves the map whole. */
static bool own_run4(np_store *s, np_ip4_map *m, uint32_t i)
{
    do {
        if (!np_pages_edit(s, &m->slots, i))
            return false;
        i = i + 1 == m->slots.n ? 0 : i + 1;
    } while (slot4(m, i)->value);
    return true;
}

static bool reachable(uint32_t home, uint32_t gap, uint32_t at)
{
    return gap <= at ? gap < home && home <= at : gap < home || home <= at;
}

bool np_ip4_remove(np_store *s, np_ip4_map *m, uint32_t ip)
{
    if (m->root)
        return remove_tree(s, m, ip);
    uint32_t gap = place4(m, ip);
    if (!slot4(m, gap)->value)
        return true;
    if (!own_run4(s, m, gap))
        return false;
    uint32_t n = m->slots.n;
    for (uint32_t at = gap + 1 == n ? 0 : gap + 1; slot4(m, at)->value;
         at = at + 1 == n ? 0 : at + 1) {
        np_ip4_slot moved = *slot4(m, at);
        if (reachable(start4(moved.ip, m->seed, n), gap, at))
            continue;
        (void)set4(s, m, gap, moved.ip, moved.value);
        gap = at;
    }
    (void)set4(s, m, gap, 0, 0);
    m->used--;
    return true;
}

/* ---- IPv6 ---- */

static uint32_t start6(const uint32_t w[4], uint32_t seed, uint32_t n)
{
    uint64_t a = ((uint64_t)w[0] << 32 | w[1]) ^ seed;
    uint64_t b = (uint64_t)w[2] << 32 | w[3];
    uint64_t h = (a * 0x9E3779B97F4A7C15u) ^ (a >> 29);
    h = (h ^ b) * 0xD6E8FEB86659FD93u;
    h = (h ^ (h >> 32)) * 0x9E3779B97F4A7C15u;
    return (uint32_t)((h >> 32) * n >> 32);
}

static const np_ip6_slot *slot6(const np_ip6_map *m, uint32_t i)
{
    return np_pages_at(&m->slots, i);
}

static uint32_t place6(const np_ip6_map *m, const uint32_t w[4])
{
    uint32_t n = m->slots.n;
    uint32_t i = start6(w, m->seed, n);
    while (slot6(m, i)->value != 0 && memcmp(slot6(m, i)->ip, w, 16) != 0)
        i = i + 1 == n ? 0 : i + 1;
    return i;
}

bool np_ip6_init(np_store *s, np_ip6_map *m, uint32_t expected)
{
    *m = (np_ip6_map){.slots = NP_PAGES(np_ip6_slot, NP_IP6_SHIFT), .seed = seed_of(s)};
    if (np_pages_grow(s, &m->slots, slots_for(expected, NP_IP6_SHIFT)))
        return true;
    np_ip6_drop(s, m);
    return false;
}

void np_ip6_drop(np_store *s, np_ip6_map *m)
{
    np_pages_drop(s, &m->slots);
    m->used = 0;
}

static bool set6(np_store *s, np_ip6_map *m, uint32_t i, const uint32_t w[4], uint32_t value)
{
    np_ip6_slot *slot = np_pages_edit(s, &m->slots, i);
    if (!slot)
        return false;
    memcpy(slot->ip, w, sizeof slot->ip);
    slot->value = value;
    return true;
}

static bool grow6(np_store *s, np_ip6_map *m)
{
    np_ip6_map bigger;
    if (!np_ip6_init(s, &bigger, m->used + m->used / 4 + 1))
        return false;
    for (uint32_t i = 0; i < m->slots.n; i++) {
        np_ip6_slot slot = *slot6(m, i);
        if (slot.value)
            (void)set6(s, &bigger, place6(&bigger, slot.ip), slot.ip, slot.value);
    }
    bigger.used = m->used;
    np_ip6_drop(s, m);
    *m = bigger;
    return true;
}

bool np_ip6_put(np_store *s, np_ip6_map *m, const uint8_t ip[16], uint32_t value)
{
    uint32_t w[4];
    memcpy(w, ip, sizeof w);
    uint32_t i = place6(m, w);
    if (slot6(m, i)->value)
        return set6(s, m, i, w, value);
    if (m->used + 1 > MAX_LOAD(m->slots.n)) {
        if (!grow6(s, m))
            return false;
        i = place6(m, w);
    }
    if (!set6(s, m, i, w, value))
        return false;
    m->used++;
    return true;
}

static bool own_run6(np_store *s, np_ip6_map *m, uint32_t i)
{
    do {
        if (!np_pages_edit(s, &m->slots, i))
            return false;
        i = i + 1 == m->slots.n ? 0 : i + 1;
    } while (slot6(m, i)->value);
    return true;
}

bool np_ip6_remove(np_store *s, np_ip6_map *m, const uint8_t ip[16])
{
    static const uint32_t none[4] = {0, 0, 0, 0};
    uint32_t w[4];
    memcpy(w, ip, sizeof w);
    uint32_t gap = place6(m, w);
    if (!slot6(m, gap)->value)
        return true;
    if (!own_run6(s, m, gap))
        return false;
    uint32_t n = m->slots.n;
    for (uint32_t at = gap + 1 == n ? 0 : gap + 1; slot6(m, at)->value;
         at = at + 1 == n ? 0 : at + 1) {
        np_ip6_slot moved = *slot6(m, at);
        if (reachable(start6(moved.ip, m->seed, n), gap, at))
            continue;
        (void)set6(s, m, gap, moved.ip, moved.value);
        gap = at;
    }
    (void)set6(s, m, gap, none, 0);
    m->used--;
    return true;
}

uint32_t np_ip6_find(const np_ip6_map *m, const uint8_t ip[16])
{
    uint32_t w[4];
    memcpy(w, ip, sizeof w);
    return slot6(m, place6(m, w))->value;
}
