/* SPDX-License-Identifier: MIT */
#include "mem.h"

#include <stdlib.h>
#include <string.h>

#define MAX_ALIGN 16u
#define CHUNK_GROWTH_CAP ((size_t)1 << 20)

static void *libc_resize(void *ctx, void *old, size_t old_size, size_t new_size, size_t align)
{
    (void)ctx;
    (void)old_size;
    (void)align; /* malloc's alignment is at least MAX_ALIGN on every platform we build for */
    if (new_size == 0) {
        free(old);
        return NULL;
    }
    return realloc(old, new_size);
}

const netpol_allocator np_libc_allocator = {libc_resize, NULL};

bool np_sized_read(const void *given, void *out, size_t out_size)
{
    if (!given)
        return true;
    size_t size;
    memcpy(&size, given, sizeof size);
    if (size < sizeof size)
        return false;
    for (size_t i = out_size; i < size; i++)
        if (((const unsigned char *)given)[i] != 0)
            return false;
    size_t both = size < out_size ? size : out_size;
    memcpy((char *)out + sizeof size, (const char *)given + sizeof size, both - sizeof size);
    return true;
}

/* Every bit of netpol_options.flags that this library knows. */
enum {
    KNOWN_FLAGS = NETPOL_LENIENT | NETPOL_KEEP_OTHERS | NETPOL_TOLERANT_CIDR | NETPOL_KEEP_GOING |
                  NETPOL_KEEP_TEXT | NETPOL_STANDARD_CHANNEL | NETPOL_ONLY_LIBYAML
};

bool np_options_read(const netpol_options *given, netpol_options *out)
{
    netpol_options o = {.size = sizeof o};
    if (!np_sized_read(given, &o, sizeof o) || (o.flags & ~(uint32_t)KNOWN_FLAGS) ||
        (o.allocator && !o.allocator->resize))
        return false;
    if (!o.allocator)
        o.allocator = &np_libc_allocator;
    if (!o.max_bytes)
        o.max_bytes = (uint64_t)1 << 30;
    if (!o.max_memory)
        o.max_memory = (uint64_t)8 << 30;
    if (!o.max_depth)
        o.max_depth = 64;
    if (!o.max_documents)
        o.max_documents = 1000000;
    if (!o.max_scalar)
        o.max_scalar = 16u << 20;
    if (!o.max_diagnostics)
        o.max_diagnostics = 4096;
    *out = o;
    return true;
}

void *np_resize(const netpol_allocator *a, void *old, size_t old_size, size_t new_size)
{
    return a->resize(a->ctx, old, old_size, new_size, MAX_ALIGN);
}

void np_release(const netpol_allocator *a, void *old, size_t old_size)
{
    if (old)
        (void)a->resize(a->ctx, old, old_size, 0, MAX_ALIGN);
}

bool np_grow_more(const netpol_allocator *a, void **at, size_t *room, size_t wanted, size_t element)
{
    size_t first = element > 64 ? 2 : 8; /* of what is large few may be all */
    size_t more = *room < first ? first : *room + *room / 2; /* little stays unused */
    if (more < wanted)
        more = wanted;
    if (more > SIZE_MAX / element)
        return false;
    void *p = np_resize(a, *at, *room * element, more * element);
    if (!p)
        return false;
    *at = p;
    *room = more;
    return true;
}

struct np_chunk {
    np_chunk *next;
    size_t size; /* whole block, this header included */
};

/* The header is padded so that the first piece is aligned for anything. */
#define CHUNK_HEAD ((sizeof(np_chunk) + MAX_ALIGN - 1) / MAX_ALIGN * MAX_ALIGN)

void np_arena_init(np_arena *a, const netpol_allocator *alloc, size_t first_chunk)
{
    *a = (np_arena){.alloc = *alloc, .next_chunk = first_chunk < 256 ? 256 : first_chunk};
}

void np_arena_free(np_arena *a)
{
    np_chunk *c = a->chunks;
    while (c) {
        np_chunk *next = c->next;
        np_release(&a->alloc, c, c->size);
        c = next;
    }
    a->chunks = NULL;
    a->at = a->end = NULL;
    a->held = 0;
}

void np_arena_reset(np_arena *a)
{
    np_chunk *keep = a->chunks;
    if (!keep)
        return;
    np_chunk *rest = keep->next;
    while (rest) {
        np_chunk *next = rest->next;
        np_release(&a->alloc, rest, rest->size);
        rest = next;
    }
    keep->next = NULL;
    a->held = keep->size;
    a->at = (char *)keep + CHUNK_HEAD;
    a->end = (char *)keep + keep->size;
    a->failed = a->over_limit = false;
}

static bool arena_more(np_arena *a, size_t size)
{
    size_t want = a->next_chunk;
    if (size > SIZE_MAX - CHUNK_HEAD - MAX_ALIGN)
        return false;
    if (want < size + CHUNK_HEAD + MAX_ALIGN)
        want = size + CHUNK_HEAD + MAX_ALIGN;
    if (a->max && (want > a->max || a->held > a->max - want)) {
        a->over_limit = true;
        return false;
    }
    np_chunk *c = np_resize(&a->alloc, NULL, 0, want);
    if (!c)
        return false;
    c->next = a->chunks;
    c->size = want;
    a->chunks = c;
    a->held += want;
    a->at = (char *)c + CHUNK_HEAD;
    a->end = (char *)c + want;
    if (a->next_chunk < CHUNK_GROWTH_CAP)
        a->next_chunk *= 2;
    return true;
}

/* NULL: it does not fit into the chunk at hand. */
static inline char *take(np_arena *a, size_t size, size_t align)
{
    size_t pad = (size_t)(0 - (uintptr_t)a->at) & (align - 1);
    size_t left = (size_t)(a->end - a->at);
    if (!a->at || left < pad || left - pad < size)
        return NULL;
    char *p = a->at + pad;
    a->at = p + size;
    return p;
}

static void *alloc_more(np_arena *a, size_t size, size_t align)
{
    if (!a->failed && arena_more(a, size))
        return take(a, size, align);
    a->failed = true;
    return NULL;
}

void *np_arena_alloc(np_arena *a, size_t size, size_t align)
{
    char *p = a->failed ? NULL : take(a, size, align);
    return p ? p : alloc_more(a, size, align);
}

void *np_arena_zero(np_arena *a, size_t size, size_t align)
{
    void *p = np_arena_alloc(a, size, align);
    return p ? memset(p, 0, size) : NULL;
}

void *np_arena_zero_array(np_arena *a, size_t n, size_t size, size_t align)
{
    if (size && n > SIZE_MAX / size) {
        a->failed = true;
        return NULL;
    }
    return np_arena_zero(a, n * size, align);
}

char *np_arena_text(np_arena *a, const char *p, size_t n)
{
    char *copy = a->at;
    if ((size_t)(a->end - a->at) > n && !a->failed)
        a->at += n + 1;
    else
        copy = n < SIZE_MAX ? np_arena_alloc(a, n + 1, 1) : NULL;
    if (!copy)
        return NULL;
    if (n)
        memcpy(copy, p, n);
    copy[n] = '\0';
    return copy;
}
