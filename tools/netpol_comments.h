/* SPDX-License-Identifier: MIT */
/* comments owns the question whether a YAML text has comments, for canonical output loses them. It
 * builds no tree: quotes and block scalars are all that it must know. */
#ifndef NETPOL_COMMENTS_H
#define NETPOL_COMMENTS_H

#include <stdbool.h>
#include <stddef.h>

bool has_comments(const char *text, size_t n);

#endif
