/* SPDX-License-Identifier: MIT */
/* str owns text in memory: slices, growing buffers, small text helpers. It knows no syntax. */
#ifndef NP_STR_H
#define NP_STR_H

#include "mem.h"

#include <stdarg.h>
#include <string.h>

typedef struct np_slice {
    const char *p; /* not NUL-terminated */
    size_t n;
} np_slice;

#define NP_SLICE(literal) ((np_slice){(literal), sizeof(literal) - 1})

static inline np_slice np_slice_of(const char *text)
{
    return (np_slice){text, text ? strlen(text) : 0};
}
/* As memcmp for short texts, which most names are, without a call. */
static inline bool np_same_bytes(const char *a, const char *b, size_t n)
{
    uint64_t x[2], y[2];
    uint32_t u[2], v[2];
    if (n < 4 || n > 16)
        return memcmp(a, b, n) == 0;
    if (n < 8) {
        memcpy(&u[0], a, 4);
        memcpy(&u[1], a + n - 4, 4);
        memcpy(&v[0], b, 4);
        memcpy(&v[1], b + n - 4, 4);
        return u[0] == v[0] && u[1] == v[1];
    }
    memcpy(&x[0], a, 8);
    memcpy(&x[1], a + n - 8, 8);
    memcpy(&y[0], b, 8);
    memcpy(&y[1], b + n - 8, 8);
    return x[0] == y[0] && x[1] == y[1];
}
static inline bool np_slice_is(np_slice s, const char *text)
{
    return strlen(text) == s.n && np_same_bytes(s.p, text, s.n);
}
static inline bool np_slice_equal(np_slice a, np_slice b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}
/* Byte order, a prefix first. */
int np_slice_compare(np_slice a, np_slice b);

/* A text that grows. `failed` is sticky: append freely, check once at the end. */
typedef struct np_buffer {
    netpol_allocator alloc;
    char *p;
    size_t n;
    size_t room;
    bool failed;
} np_buffer;

void np_buffer_init(np_buffer *b, const netpol_allocator *alloc);
void np_buffer_free(np_buffer *b);
/* Makes room for n more bytes, of which the caller writes some at p + n and then counts them. */
bool np_buffer_grow(np_buffer *b, size_t n);
static inline bool np_buffer_reserve(np_buffer *b, size_t n)
{
    return !b->failed && (n <= b->room - b->n || np_buffer_grow(b, n));
}
void np_buffer_add(np_buffer *b, const char *p, size_t n);
void np_buffer_text(np_buffer *b, const char *text);
static inline void np_buffer_char(np_buffer *b, char c)
{
    if (np_buffer_reserve(b, 1))
        b->p[b->n++] = c;
}
void np_buffer_repeat(np_buffer *b, char c, size_t n);
void np_buffer_format(np_buffer *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void np_buffer_vformat(np_buffer *b, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
/* JSON string with quotes, as Go's encoding/json writes it without HTML escaping. */
void np_buffer_json(np_buffer *b, np_slice s);
/* Go's %q: what Kubernetes' messages use. */
void np_buffer_quote(np_buffer *b, np_slice s);
/* As netpol_visible: one line for people, whatever is in it. */
void np_buffer_visible(np_buffer *b, np_slice s);
static inline void np_buffer_shown(np_buffer *b, const char *text)
{
    np_buffer_visible(b, np_slice_of(text));
}
/* The bytes of the character at p, and how it is shown if not as it is (*length 0: as it is). */
enum { NP_VISIBLE_FORM = 12 };
size_t np_visible_form(const char *p, size_t n, char out[NP_VISIBLE_FORM], size_t *length);
/* "1 policy", "2 policies". */
void np_buffer_count(np_buffer *b, size_t n, const char *one, const char *many);
/* Hands all of it to a sink and empties it; NETPOL_NO_MEMORY if it failed. */
netpol_status np_buffer_flush(np_buffer *b, const netpol_sink *to);

/* Go's unicode.IsPrint: letters, marks, numbers, punctuation, symbols and the ASCII blank. */
bool np_rune_prints(uint32_t rune);
/* Reads one UTF-8 character; returns its bytes and sets *rune, or returns 0 if it is not valid UTF-8. */
size_t np_utf8_read(const char *p, size_t n, uint32_t *rune);

/* Edits that turn one into the other (insert, delete, replace, swap neighbours), at most `most`;
 * most + 1 if more. Texts longer than 64 bytes are never near. */
unsigned np_edit_distance(np_slice a, np_slice b, unsigned most);

#endif
