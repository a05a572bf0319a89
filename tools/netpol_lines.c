/* SPDX-License-Identifier: MIT */
#include "netpol_lines.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FIRST_ROOM = 64 * 1024 };

bool lines_open(lines *l, const char *path)
{
    *l = (lines){.fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)};
    return l->fd >= 0;
}

void lines_close(lines *l)
{
    if (l->fd > STDIN_FILENO)
        close(l->fd);
    free(l->buffer);
    *l = (lines){.fd = -1};
}

bool lines_would_wait(const lines *l)
{
    return !l->at_end &&
           (l->begin == l->end || !memchr(l->buffer + l->begin, '\n', l->end - l->begin));
}

/* Moves what is left to the front and makes room behind it. */
static bool make_room(lines *l)
{
    size_t left = l->end - l->begin;
    if (l->begin)
        memmove(l->buffer, l->buffer + l->begin, left);
    l->begin = 0;
    l->end = left;
    if (left < l->room)
        return true;
    size_t room = l->room ? 2 * l->room : FIRST_ROOM;
    char *buffer = realloc(l->buffer, room);
    if (!buffer)
        return false;
    l->buffer = buffer;
    l->room = room;
    return true;
}

static line_result fill(lines *l)
{
    if (!make_room(l))
        return LINE_NO_MEMORY;
    ssize_t got;
    do
        got = read(l->fd, l->buffer + l->end, l->room - l->end);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return LINE_FAILED;
    l->at_end = got == 0;
    l->end += (size_t)got;
    return LINE_OK;
}

/* Drops bytes up to and with the next line feed. What has none for long is no file of lines. */
static line_result pass_over(lines *l)
{
    for (size_t passed = 0;; passed += l->end - l->begin) {
        char *feed = memchr(l->buffer + l->begin, '\n', l->end - l->begin);
        l->begin = feed ? (size_t)(feed - l->buffer) + 1 : l->end;
        if (feed || l->at_end)
            return LINE_TOO_LONG;
        if (passed > LINE_GIVE_UP_BYTES)
            return LINE_ENDLESS;
        line_result r = fill(l);
        if (r != LINE_OK)
            return r;
    }
}

line_result lines_next(lines *l, const char **line, size_t *n)
{
    size_t seen = 0; /* bytes known to hold no line feed */
    l->number++;
    for (;;) {
        char *from = l->buffer + l->begin;
        size_t left = l->end - l->begin;
        char *feed = left > seen ? memchr(from + seen, '\n', left - seen) : NULL;
        if (feed || (l->at_end && left)) {
            *line = from;
            *n = feed ? (size_t)(feed - from) : left;
            l->begin += *n + (feed != NULL);
            return *n <= LINE_MAX_BYTES ? LINE_OK : LINE_TOO_LONG;
        }
        if (l->at_end)
            return LINE_END;
        if (left > LINE_MAX_BYTES)
            return pass_over(l);
        seen = left;
        line_result r = fill(l);
        if (r != LINE_OK)
            return r;
    }
}
