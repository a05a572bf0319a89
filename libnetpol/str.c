/* SPDX-License-Identifier: MIT */
#include "str.h"

#include <stdio.h>

int np_slice_compare(np_slice a, np_slice b)
{
    size_t both = a.n < b.n ? a.n : b.n;
    int c = both ? memcmp(a.p, b.p, both) : 0;
    if (c)
        return c;
    return a.n < b.n ? -1 : a.n > b.n;
}

void np_buffer_init(np_buffer *b, const netpol_allocator *alloc)
{
    *b = (np_buffer){.alloc = *alloc};
}

void np_buffer_free(np_buffer *b)
{
    np_release(&b->alloc, b->p, b->room);
    b->p = NULL;
    b->n = b->room = 0;
}

bool np_buffer_grow(np_buffer *b, size_t n)
{
    if (n > SIZE_MAX - b->n || !np_grow(&b->alloc, (void **)&b->p, &b->room, b->n + n, 1))
        b->failed = true;
    return !b->failed;
}

void np_buffer_add(np_buffer *b, const char *p, size_t n)
{
    if (n == 0 || !np_buffer_reserve(b, n))
        return;
    memcpy(b->p + b->n, p, n);
    b->n += n;
}

void np_buffer_text(np_buffer *b, const char *text)
{
    np_buffer_add(b, text, strlen(text));
}

void np_buffer_repeat(np_buffer *b, char c, size_t n)
{
    if (n == 0 || !np_buffer_reserve(b, n))
        return;
    memset(b->p + b->n, c, n);
    b->n += n;
}

void np_buffer_vformat(np_buffer *b, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    if (n >= 0 && np_buffer_reserve(b, (size_t)n + 1)) {
        (void)vsnprintf(b->p + b->n, (size_t)n + 1, format, again);
        b->n += (size_t)n;
    }
    va_end(again);
}

void np_buffer_format(np_buffer *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    np_buffer_vformat(b, format, args);
    va_end(args);
}

size_t np_utf8_read(const char *p, size_t n, uint32_t *rune)
{
    if (n == 0)
        return 0;
    const unsigned char *u = (const unsigned char *)p;
    static const struct {
        unsigned char mask, lead;
        uint32_t least;
    } forms[] = {{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
    for (size_t extra = 0; extra < 4; extra++) {
        if ((u[0] & forms[extra].mask) != forms[extra].lead)
            continue;
        uint32_t r = extra ? u[0] & (0x3fu >> extra) : u[0];
        if (extra >= n)
            return 0;
        for (size_t i = 1; i <= extra; i++) {
            if ((u[i] & 0xc0) != 0x80)
                return 0;
            r = r << 6 | (u[i] & 0x3fu);
        }
        if (r < forms[extra].least || r > 0x10ffff || (r >= 0xd800 && r <= 0xdfff))
            return 0;
        *rune = r;
        return extra + 1;
    }
    return 0;
}

/* Escapes of one byte that JSON and Go's %q share; 0 if there is none. */
static char short_escape(unsigned char c)
{
    switch (c) {
    case '"':
    case '\\':
        return (char)c;
    case '\b':
        return 'b';
    case '\f':
        return 'f';
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    default:
        return 0;
    }
}

void np_buffer_json(np_buffer *b, np_slice s)
{
    np_buffer_char(b, '"');
    size_t plain = 0; /* bytes before i that need no escape and are not yet written */
    size_t i = 0;
    while (i < s.n) {
        unsigned char c = (unsigned char)s.p[i];
        if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\') {
            i++;
            plain++;
            continue;
        }
        uint32_t rune = 0;
        size_t n = np_utf8_read(s.p + i, s.n - i, &rune);
        if (c >= 0x80 && n && rune != 0x2028 && rune != 0x2029) {
            i += n;
            plain += n;
            continue;
        }
        np_buffer_add(b, s.p + i - plain, plain);
        plain = 0;
        char e = short_escape(c);
        if (!n)
            np_buffer_text(b, "\\ufffd");
        else if (e)
            np_buffer_format(b, "\\%c", e);
        else
            np_buffer_format(b, "\\u%04x", (unsigned)rune);
        i += n ? n : 1;
    }
    np_buffer_add(b, s.p + i - plain, plain);
    np_buffer_char(b, '"');
}

void np_buffer_quote(np_buffer *b, np_slice s)
{
    np_buffer_char(b, '"');
    for (size_t i = 0; i < s.n;) {
        uint32_t r = 0;
        size_t n = np_utf8_read(s.p + i, s.n - i, &r);
        unsigned char c = (unsigned char)s.p[i];
        char e = short_escape(c);
        if (!n)
            np_buffer_format(b, "\\x%02x", c);
        else if (e)
            np_buffer_format(b, "\\%c", e);
        else if (r == 0x07 || r == 0x0b)
            np_buffer_text(b, r == 0x07 ? "\\a" : "\\v");
        else if (np_rune_prints(r))
            np_buffer_add(b, s.p + i, n);
        else if (r < 0x80)
            np_buffer_format(b, "\\x%02x", (unsigned)r);
        else
            np_buffer_format(b, r < 0x10000 ? "\\u%04x" : "\\U%08x", (unsigned)r);
        i += n ? n : 1;
    }
    np_buffer_char(b, '"');
}

netpol_status np_buffer_flush(np_buffer *b, const netpol_sink *to)
{
    if (b->failed)
        return NETPOL_NO_MEMORY;
    netpol_status s = b->n ? to->write(to->ctx, b->p, b->n) : NETPOL_OK;
    b->n = 0;
    return s;
}

#define NEAR_MAX 64

unsigned np_edit_distance(np_slice a, np_slice b, unsigned most)
{
    if (a.n > NEAR_MAX || b.n > NEAR_MAX)
        return most + 1;
    unsigned rows[3][NEAR_MAX + 1]; /* two rows back, one row back, this row */
    unsigned *before = rows[0], *last = rows[1], *now = rows[2];
    for (size_t j = 0; j <= b.n; j++)
        last[j] = (unsigned)j;
    for (size_t i = 1; i <= a.n; i++) {
        now[0] = (unsigned)i;
        for (size_t j = 1; j <= b.n; j++) {
            unsigned best = last[j - 1] + (a.p[i - 1] != b.p[j - 1]);
            if (last[j] + 1 < best)
                best = last[j] + 1;
            if (now[j - 1] + 1 < best)
                best = now[j - 1] + 1;
            if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1] &&
                before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            now[j] = best;
        }
        unsigned *spare = before;
        before = last;
        last = now;
        now = spare;
    }
    return last[b.n] <= most ? last[b.n] : most + 1;
}
