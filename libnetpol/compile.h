/* SPDX-License-Identifier: MIT */
/* compile owns the way from a snapshot to a program. It judges nothing. */
#ifndef NP_COMPILE_H
#define NP_COMPILE_H

#include "program.h"

/* What made a program, kept to make the next one of what changed. One thread. It borrows `how` and
 * `options`. */
typedef struct np_compiler np_compiler;

/* Makes a program. NETPOL_OK; NETPOL_LIMIT, _NO_MEMORY, _CANCELLED. The program borrows the
 * snapshot. */
netpol_status np_compiler_new(const np_snapshot *s, const netpol_semantics *how,
                              const netpol_options *options, np_compiler **out,
                              np_program **program);
/* Programs made with it live on. NULL is allowed. */
void np_compiler_free(np_compiler *c);

/* Makes the program of a snapshot that differs from the last one as delta says. NETPOL_NOT_FOUND: so
 * much is out of use that everything should be made anew; after this and after any failure the
 * compiler can only be freed. */
netpol_status np_compiler_change(np_compiler *c, const np_snapshot *s, const np_delta *delta,
                                 np_program **program);

#endif
