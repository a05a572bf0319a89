/* SPDX-License-Identifier: MIT */
#include "index.h"

void np_index_init(np_index *x, const netpol_allocator *alloc)
{
    *x = (np_index){.alloc = *alloc};
}

void np_index_free(np_index *x)
{
    np_release(&x->alloc, x->slots, x->room * sizeof *x->slots);
    x->slots = NULL;
    x->room = x->used = 0;
}

static void place(np_index *x, np_index_slot entry)
{
    size_t at = entry.hash & (x->room - 1);
    while (x->slots[at].number != NP_NONE)
        at = (at + 1) & (x->room - 1);
    x->slots[at] = entry;
}

bool np_index_reserve(np_index *x, size_t entries)
{
    size_t room = x->room ? x->room : 16;
    while (entries > room / 2) {
        if (room > SIZE_MAX / sizeof *x->slots / 2)
            return false;
        room *= 2;
    }
    if (room == x->room)
        return true;
    np_index bigger = {.alloc = x->alloc, .room = room, .used = x->used};
    bigger.slots = np_resize(&x->alloc, NULL, 0, room * sizeof *x->slots);
    if (!bigger.slots)
        return false;
    for (size_t i = 0; i < room; i++)
        bigger.slots[i] = (np_index_slot){0, NP_NONE};
    for (size_t i = 0; i < x->room; i++)
        if (x->slots[i].number != NP_NONE)
            place(&bigger, x->slots[i]);
    np_release(&x->alloc, x->slots, x->room * sizeof *x->slots);
    *x = bigger;
    return true;
}

uint32_t np_index_find(const np_index *x, uint32_t hash, np_index_same same, const void *context,
                       const void *key)
{
    if (x->room == 0)
        return NP_NONE;
    for (size_t at = hash & (x->room - 1); x->slots[at].number != NP_NONE;
         at = (at + 1) & (x->room - 1))
        if (x->slots[at].hash == hash && same(context, key, x->slots[at].number))
            return x->slots[at].number;
    return NP_NONE;
}

bool np_index_add(np_index *x, uint32_t hash, uint32_t number)
{
    if (!np_index_reserve(x, x->used + 1))
        return false;
    place(x, (np_index_slot){hash, number});
    x->used++;
    return true;
}

/* Closes the gap at `hole`: an entry further on moves back if its own place is not behind the hole.
 */
static void close_gap(np_index *x, size_t hole)
{
    size_t mask = x->room - 1;
    for (size_t at = (hole + 1) & mask; x->slots[at].number != NP_NONE; at = (at + 1) & mask) {
        size_t home = x->slots[at].hash & mask;
        if (((at - home) & mask) < ((at - hole) & mask))
            continue;
        x->slots[hole] = x->slots[at];
        hole = at;
    }
    x->slots[hole] = (np_index_slot){0, NP_NONE};
}

bool np_index_remove(np_index *x, uint32_t hash, uint32_t number)
{
    if (x->room == 0)
        return false;
    for (size_t at = hash & (x->room - 1); x->slots[at].number != NP_NONE;
         at = (at + 1) & (x->room - 1)) {
        if (x->slots[at].hash != hash || x->slots[at].number != number)
            continue;
        close_gap(x, at);
        x->used--;
        return true;
    }
    return false;
}

/* ---- SipHash-1-3 ---- */

typedef struct sip {
    uint64_t v[4];
} sip;

static const char key_place = 0;

static uint64_t rotate(uint64_t x, unsigned n)
{
    return x << n | x >> (64 - n);
}

static void sip_round(sip *s)
{
    uint64_t *v = s->v;
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] = rotate(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] = rotate(v[2], 32);
}

static sip sip_begin(void)
{
    uint64_t k = (uint64_t)(uintptr_t)&key_place * 0x9e3779b97f4a7c15u;
    return (sip){{k ^ 0x736f6d6570736575u, ~k ^ 0x646f72616e646f6du, k ^ 0x6c7967656e657261u,
                  ~k ^ 0x7465646279746573u}};
}

static void sip_word(sip *s, uint64_t m)
{
    s->v[3] ^= m;
    sip_round(s);
    s->v[0] ^= m;
}

static void sip_text(sip *s, np_slice text)
{
    while (text.n >= 8) {
        uint64_t m;
        memcpy(&m, text.p, sizeof m);
        sip_word(s, m);
        text = (np_slice){text.p + 8, text.n - 8};
    }
    uint64_t last = 0;
    if (text.n)
        memcpy(&last, text.p, text.n);
    sip_word(s, last ^ (uint64_t)(text.n + 1) << 56);
}

static uint32_t sip_end(sip *s)
{
    s->v[2] ^= 0xff;
    for (int i = 0; i < 3; i++)
        sip_round(s);
    uint64_t h = s->v[0] ^ s->v[1] ^ s->v[2] ^ s->v[3];
    return (uint32_t)(h ^ h >> 32);
}

uint32_t np_hash(np_slice s)
{
    sip state = sip_begin();
    sip_text(&state, s);
    return sip_end(&state);
}

uint32_t np_hash_texts(const char *const *texts, size_t n)
{
    sip state = sip_begin();
    for (size_t i = 0; i < n; i++)
        sip_text(&state, np_slice_of(texts[i]));
    return sip_end(&state);
}
