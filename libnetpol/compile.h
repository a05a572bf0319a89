/* SPDX-License-Identifier: MIT */
/* compile owns the way from a snapshot to a program. It judges nothing. */
#ifndef NP_COMPILE_H
#define NP_COMPILE_H

#include "program.h"

/* NETPOL_OK; NETPOL_LIMIT, _NO_MEMORY, _CANCELLED. The program borrows the snapshot. */
netpol_status np_compile(const np_snapshot *s, const netpol_semantics *how,
                         const netpol_options *options, np_program **out);

#endif
