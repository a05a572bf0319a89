/* SPDX-License-Identifier: MIT */
/* file owns reading a whole file, and putting another text in its place so that nothing is lost on
 * the way. It knows no YAML. */
#ifndef NETPOL_FILE_H
#define NETPOL_FILE_H

#include <stdbool.h>
#include <stddef.h>

typedef struct file_bytes {
    char *p; /* free() it */
    size_t n;
} file_bytes;

/* "-" is standard input. TOOL_YES, or TOOL_BAD_INPUT when it has said why. */
int file_read(const char *path, file_bytes *out);

/* Puts a text in the place of `old`, what the file holds: owner, group, permissions, links and
 * other names of the file stay. A new file takes the old one's place at once, if it can be just
 * like it; else the old one is written over, and `old` put back should that fail. TOOL_YES, or
 * TOOL_FAILED when it has said why. */
int file_replace(const char *path, const file_bytes *old, const char *p, size_t n);

#endif
