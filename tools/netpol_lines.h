/* SPDX-License-Identifier: MIT */
/* lines owns reading a stream line by line, with a bound on the length of one. It knows no JSON. */
#ifndef NETPOL_LINES_H
#define NETPOL_LINES_H

#include <stdbool.h>
#include <stddef.h>

enum { LINE_MAX_BYTES = 1 << 20, LINE_GIVE_UP_BYTES = 16 << 20 };

typedef enum line_result {
    LINE_OK = 1,
    LINE_END,
    LINE_TOO_LONG, /* the line is passed over; the next one can be read */
    LINE_ENDLESS,  /* so long that no more is read */
    LINE_NO_MEMORY,
    LINE_FAILED /* errno says why */
} line_result;

typedef struct lines {
    int fd;
    char *buffer;
    size_t begin; /* of what is not yet given out */
    size_t end;
    size_t room;
    size_t number; /* of the line given last, from 1 */
    bool at_end;
} lines;

/* "-" is standard input. False: errno says why. */
bool lines_open(lines *l, const char *path);
void lines_close(lines *l);
/* Whether the next line must be waited for: the moment to hand over what was answered. */
bool lines_would_wait(const lines *l);
/* The next line without its line feed; it stays until the next call. */
line_result lines_next(lines *l, const char **line, size_t *n);

#endif
