/* SPDX-License-Identifier: MIT */
/* shown owns texts as one line: what reading gives, in a form that a table can hold. It knows the
 * text room. */
#ifndef NP_SHOWN_H
#define NP_SHOWN_H

#include "text.h"

#include "harness.h"

/* How reading went. Documents are shown as in: `{ a 'b' } ; [ c ] ; error NP0101 2:1`. Scalars show
 * their style as ' " | >, plain ones as they are and empty plain ones as ~; a key that came through
 * a merge has a < before it, and a tag stands before what it is on. */
typedef struct test_reading {
    np_buffer shown;
    uint32_t documents;
    netpol_status end; /* of the last np_text_next */
    netpol_diagnostics *diags;
} test_reading;

/* Reads all of a text. `options` may be NULL. */
test_reading test_read_shown(const char *bytes, size_t n, const netpol_options *options);
void test_reading_free(test_reading *r);

typedef struct test_shown_case {
    const char *why;
    const char *text;
    const char *shown;
} test_shown_case;

void test_expect_shown(const test_shown_case *cases, size_t n, const netpol_options *o);

#endif
