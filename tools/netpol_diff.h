/* SPDX-License-Identifier: MIT */
/* diff owns the difference of two texts, line by line. It knows no YAML. */
#ifndef NETPOL_DIFF_H
#define NETPOL_DIFF_H

#include "netpol_out.h"

/* Writes a unified diff with three lines of context; nothing if the texts are equal. */
netpol_status diff_write(output *out, const char *name, const char *before, size_t n_before,
                         const char *after, size_t n_after);

#endif
