/* SPDX-License-Identifier: MIT */
/* Rows of bits of namespaces and signatures. */
#include "compile_inside.h"

/* With more bits a row of words would mostly hold zeros. */
#define MOST_BITS 4096u

np_rows np_compile_no_rows(size_t n, bool lists)
{
    return (np_rows){.words = lists && n > MOST_BITS ? 0 : (uint32_t)(n / 64 + 1)};
}

/* A block for more of what a block holds, which the head alone then has. NULL: no memory. */
static void *grow(np_compiler *c, void *old, size_t used, size_t room)
{
    void *at = np_store_block(c->store, room);
    if (!at)
        return NULL;
    if (used)
        memcpy(at, old, used);
    np_store_drop(c->store, old);
    return at;
}

static uint32_t room_for(uint32_t n)
{
    return n < 16 ? 16 : n + n / 2;
}

bool np_compile_rows(np_compiler *c, np_rows *rows, uint32_t n)
{
    size_t bytes = rows->words * sizeof(uint64_t);
    if (n > rows->room) {
        uint64_t *at = grow(c, rows->at, rows->n * bytes, room_for(n) * bytes);
        if (!at)
            return false;
        rows->at = at;
        rows->room = room_for(n);
    }
    memset(rows->at + (size_t)rows->n * rows->words, 0, (n - rows->n) * bytes);
    rows->n = n;
    return true;
}

static bool grow_lists(np_compiler *c, np_rows *rows, uint32_t used, uint32_t n)
{
    if (rows->n + 2 > rows->room) {
        uint32_t room = room_for(rows->n + 2);
        uint32_t *at =
            grow(c, rows->first, (rows->n + 1) * (rows->first ? sizeof *at : 0), room * sizeof *at);
        if (!at)
            return false;
        rows->first = at;
        rows->room = room;
    }
    if (used + n > rows->lists_room) {
        uint32_t room = room_for(used + n);
        uint32_t *at = grow(c, rows->lists, used * sizeof *at, room * sizeof *at);
        if (!at)
            return false;
        rows->lists = at;
        rows->lists_room = room;
    }
    return true;
}

static bool add_list(np_compiler *c, np_rows *rows, const uint32_t *bits, size_t n)
{
    uint32_t used = rows->n ? rows->first[rows->n] : 0;
    if (n > UINT32_MAX / 2 - used || !grow_lists(c, rows, used, (uint32_t)n))
        return false;
    if (rows->n == 0)
        rows->first[0] = 0;
    rows->first[++rows->n] = used + (uint32_t)n; /* what is there may be read just now */
    if (n)
        memcpy(rows->lists + used, bits, n * sizeof *bits);
    return true;
}

bool np_compile_add_row(np_compiler *c, np_rows *rows, const uint32_t *bits, size_t n)
{
    if (rows->words == 0)
        return add_list(c, rows, bits, n);
    if (!np_compile_rows(c, rows, rows->n + 1))
        return false;
    uint64_t *row = rows->at + (size_t)(rows->n - 1) * rows->words;
    for (size_t i = 0; i < n; i++)
        row[bits[i] / 64] |= (uint64_t)1 << bits[i] % 64;
    return true;
}

void np_compile_drop_rows(np_compiler *c, np_rows *rows)
{
    np_store_drop(c->store, rows->at);
    np_store_drop(c->store, rows->first);
    np_store_drop(c->store, rows->lists);
}
