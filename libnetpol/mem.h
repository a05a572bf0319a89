/* SPDX-License-Identifier: MIT */
/* mem owns memory: the allocator and arenas. It knows nothing of what is kept in them. */
#ifndef NP_MEM_H
#define NP_MEM_H

#include "netpol/base.h"

/* The libc allocator. */
extern const netpol_allocator np_libc_allocator;

/* Copies the caller's options over the defaults and checks their size. All limits are set after it. */
bool np_options_read(const netpol_options *given, netpol_options *out);

/* Reads a caller's size-first struct: copies what both know, and demands zero of an unknown tail.
 * `out` must hold the defaults; out_size is this library's size. False: misuse. */
bool np_sized_read(const void *given, void *out, size_t out_size);

void *np_resize(const netpol_allocator *a, void *old, size_t old_size, size_t new_size);
void np_release(const netpol_allocator *a, void *old, size_t old_size);

/* Makes room for one more element in a growable array; false: no memory, nothing changed.
 *   if (!np_grow(&a, (void **)&v.at, &v.room, v.n + 1, sizeof *v.at)) … */
bool np_grow_more(const netpol_allocator *a, void **at, size_t *room, size_t wanted, size_t element);
static inline bool np_grow(const netpol_allocator *a, void **at, size_t *room, size_t wanted,
                           size_t element)
{
    return wanted <= *room || np_grow_more(a, at, room, wanted, element);
}

/* An arena: many small pieces, freed together. `failed` is sticky, so callers may check once. */
typedef struct np_chunk np_chunk;
typedef struct np_arena {
    netpol_allocator alloc;
    np_chunk *chunks;
    char *at;
    char *end;
    size_t next_chunk; /* bytes of the next chunk */
    size_t held;       /* bytes taken from the allocator */
    size_t max;        /* refuse to hold more; 0: no limit */
    bool failed;
    bool over_limit; /* failed because of max */
} np_arena;

void np_arena_init(np_arena *a, const netpol_allocator *alloc, size_t first_chunk);
void np_arena_free(np_arena *a);
/* Forgets what was allocated but keeps one chunk for reuse. */
void np_arena_reset(np_arena *a);
/* NULL: no memory. Contents are undefined. align: a power of two up to 16. size 0 gives a valid pointer. */
void *np_arena_alloc(np_arena *a, size_t size, size_t align);
/* As np_arena_alloc, zeroed. */
void *np_arena_zero(np_arena *a, size_t size, size_t align);
/* A NUL-terminated copy of n bytes. */
char *np_arena_text(np_arena *a, const char *p, size_t n);

#define NP_NEW(arena, type) ((type *)np_arena_zero((arena), sizeof(type), _Alignof(type)))
#define NP_NEW_ARRAY(arena, type, n)                                                               \
    ((type *)np_arena_zero_array((arena), (n), sizeof(type), _Alignof(type)))
void *np_arena_zero_array(np_arena *a, size_t n, size_t size, size_t align);

#endif
