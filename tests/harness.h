/* SPDX-License-Identifier: MIT */
/* harness owns what every test needs: cmocka, random numbers with a seed, memory that is counted
 * and can fail, files and output as text. It knows nothing of the library but netpol/base.h. */
#ifndef NP_HARNESS_H
#define NP_HARNESS_H

#include "netpol/base.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* ---- random numbers ---- */

/* Say `seed` in the message of every law that fails: NETPOL_SEED=<seed> repeats it. */
typedef struct np_rand {
    uint64_t seed;
    uint64_t state;
} np_rand;

np_rand np_rand_of(uint64_t seed);
/* The seed is the environment variable's, or 1. */
np_rand np_rand_from_env(const char *name);
uint64_t np_rand_next(np_rand *r);
/* Evenly from 0 to n - 1; n must not be 0. */
uint32_t np_rand_below(np_rand *r, uint32_t n);
/* True once in n times. */
bool np_rand_once_in(np_rand *r, uint32_t n);

/* How many rounds of a law to run: `n`, or fewer where the run is slow by itself (valgrind), as
 * NETPOL_SLOW=<factor> says. Never 0. */
int np_rounds(int n);
/* By how much to advance where every step is tried: 1, or NETPOL_SLOW's factor. */
size_t test_stride(void);

/* ---- memory ---- */

/* An allocator that counts, checks the sizes it is told, fills new memory with junk, and can fail.
 *   test_memory m;
 *   test_memory_ready(&m);
 *   netpol_options o = {.size = sizeof o, .allocator = &m.allocator};
 *   … test_memory_expect_empty(&m); */
typedef struct test_memory {
    netpol_allocator allocator;
    size_t live_blocks;
    size_t live_bytes;
    size_t most_bytes;
    size_t calls;   /* that asked for memory, since test_memory_fail_at */
    size_t fail_at; /* the call that gets none, from 1; 0: none fails */
} test_memory;

/* Makes it ready. It must not be moved afterwards. */
void test_memory_ready(test_memory *m);
/* From now on the n-th call that asks for memory fails (once); 0: none. */
void test_memory_fail_at(test_memory *m, size_t n);
/* Whether the failure has happened. */
bool test_memory_has_failed(const test_memory *m);
/* Fails the test if anything is still allocated. */
void test_memory_expect_empty(const test_memory *m);

/* Runs `work` once without failure and then with its 1st, 2nd, … allocation failing, until it gets
 * through, and demands that nothing stays allocated each time. `work` makes all its roots with `o`,
 * frees them, and returns its status: NETPOL_OK, or NETPOL_NO_MEMORY if (and only if) an allocation
 * failed. A failure that the work can do without (a diagnostic dropped, say) may also give
 * NETPOL_OK. Returns how many allocations the work makes. */
size_t test_every_allocation_fails(netpol_status (*work)(const netpol_options *o, void *ctx),
                                   void *ctx);

/* ---- text ---- */

/* `before`, `times` pieces, `after`; *n its length. Freed by the caller. */
char *test_repeated(const char *before, const char *piece, size_t times, const char *after,
                    size_t *n);

/* A whole file, NUL-terminated; give it back with free(). Fails the test if it cannot be read. */
char *test_read_file(const char *path, size_t *n);
/* As test_read_file, but NULL if there is no such file. */
char *test_read_file_if_any(const char *path, size_t *n);

/* Output collected as NUL-terminated text.
 *   test_text out = {0};
 *   netpol_sink to = test_text_sink(&out); … test_text_free(&out); */
typedef struct test_text {
    char *p; /* NULL until something is written */
    size_t n;
    size_t room;
} test_text;

netpol_sink test_text_sink(test_text *t);
void test_text_free(test_text *t);
/* What was written, "" if nothing. */
const char *test_text_of(const test_text *t);

/* Holds text against a golden file. With NETPOL_BLESS set (`make bless`) the file is rewritten
 * instead; the change is then reviewed like code. */
void test_expect_golden(const char *path, const char *text);

#endif
