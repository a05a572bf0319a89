/* SPDX-License-Identifier: MIT */
/* JSON text as a plain value: for fields that the model keeps as text (managedFields[].fieldsV1).
 */
#include "text.h"
#include "write.h"

#include <stdlib.h>

#define DEEPEST 1000

typedef struct reader {
    np_arena *arena;
    const char *p;
    const char *end;
    unsigned depth;
} reader;

static const np_value *read_value(reader *r);

static void skip_blanks(reader *r)
{
    while (r->p < r->end && (*r->p == ' ' || *r->p == '\t' || *r->p == '\n' || *r->p == '\r'))
        r->p++;
}

static bool take(reader *r, char c)
{
    skip_blanks(r);
    if (r->p == r->end || *r->p != c)
        return false;
    r->p++;
    return true;
}

static bool hex4(const reader *r, const char *p, uint32_t *out)
{
    *out = 0;
    for (int i = 0; i < 4; i++) {
        const char *digits = "0123456789abcdef";
        const char *at =
            r->end - p > i && p[i] ? strchr(digits, p[i] | (p[i] > '9' ? 0x20 : 0)) : NULL;
        if (!at)
            return false;
        *out = *out << 4 | (uint32_t)(at - digits);
    }
    return true;
}

static size_t put_utf8(char *out, uint32_t r)
{
    if (r < 0x80) {
        out[0] = (char)r;
        return 1;
    }
    size_t n = r < 0x800 ? 2 : r < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, r >>= 6)
        out[i] = (char)(0x80 | (r & 0x3f));
    out[0] = (char)((0xf00u >> n & 0xf0u) | r);
    return n;
}

/* After "\u": one character, which may take two escapes. A lone surrogate is U+FFFD. */
static size_t read_unicode(reader *r, char *out)
{
    uint32_t high;
    uint32_t low;
    if (!hex4(r, r->p, &high))
        return 0;
    r->p += 4;
    if (high < 0xd800 || high > 0xdfff)
        return put_utf8(out, high);
    bool pair = high < 0xdc00 && r->end - r->p >= 6 && r->p[0] == '\\' && r->p[1] == 'u' &&
                hex4(r, r->p + 2, &low) && low >= 0xdc00 && low <= 0xdfff;
    if (!pair)
        return put_utf8(out, 0xfffd);
    r->p += 6;
    return put_utf8(out, 0x10000 + ((high & 0x3ff) << 10 | (low & 0x3ff)));
}

static size_t read_escape(reader *r, char *out)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    char c = *r->p++;
    if (c == 'u')
        return read_unicode(r, out);
    const char *at = c ? strchr(letters, c) : NULL;
    if (!at)
        return 0;
    *out = meanings[at - letters];
    return 1;
}

/* No text is longer than its escaped form. */
static bool read_string(reader *r, np_slice *out)
{
    const char *close = r->p;
    while (close < r->end && *close != '"')
        close += *close == '\\' && close + 1 < r->end ? 2 : 1;
    char *text = np_arena_alloc(r->arena, (size_t)(close - r->p), 1);
    if (!text || close == r->end)
        return false;
    size_t n = 0;
    while (r->p < close) {
        if (*r->p != '\\') {
            text[n++] = *r->p++;
            continue;
        }
        r->p++;
        size_t more = read_escape(r, text + n);
        if (!more)
            return false;
        n += more;
    }
    r->p = close + 1;
    *out = (np_slice){text, n};
    return true;
}

static int by_key(const void *a, const void *b)
{
    return np_slice_compare(((const np_entry *)a)->key, ((const np_entry *)b)->key);
}

/* Items grow by doubling in the arena, which is temporary. NULL: no memory. */
static void *one_more(reader *r, void *at, size_t n, size_t size)
{
    if (n & (n - 1) || (n == 0 && at))
        return at;
    char *more = np_arena_alloc(r->arena, (n ? 2 * n : 1) * size, 16);
    if (more && n)
        memcpy(more, at, n * size);
    return more;
}

static bool read_entry(reader *r, np_entry *out)
{
    np_entry e = {.key = {NULL, 0}};
    if (!take(r, '"') || !read_string(r, &e.key) || !take(r, ':'))
        return false;
    e.value = read_value(r);
    *out = e;
    return e.value != NULL;
}

static bool read_map(reader *r, np_value *v)
{
    np_entry *at = NULL;
    if (take(r, '}'))
        return true;
    do {
        at = one_more(r, at, v->n, sizeof *at);
        if (!at || !read_entry(r, &at[v->n]))
            return false;
        v->n++;
    } while (take(r, ','));
    qsort(at, v->n, sizeof *at, by_key);
    v->as.map = at;
    return take(r, '}');
}

static bool read_list(reader *r, np_value *v)
{
    const np_value **at = NULL;
    if (take(r, ']'))
        return true;
    do {
        at = one_more(r, at, v->n, sizeof *at);
        if (!at || !(at[v->n] = read_value(r)))
            return false;
        v->n++;
    } while (take(r, ','));
    v->as.list = at;
    return take(r, ']');
}

static bool read_word(reader *r, np_value *v)
{
    const char *from = r->p;
    while (r->p<r->end && * r->p> ' ' && !strchr(",]}", *r->p))
        r->p++;
    np_event e = {.type = NP_EVENT_SCALAR, .style = NP_STYLE_PLAIN, .json = true};
    e.value = (np_slice){from, (size_t)(r->p - from)};
    np_scalar s = np_scalar_resolve(&e, NULL);
    static const uint8_t types[] = {[NP_SCALAR_NULL] = NP_VALUE_NULL,
                                    [NP_SCALAR_BOOL] = NP_VALUE_BOOL,
                                    [NP_SCALAR_INT] = NP_VALUE_INT,
                                    [NP_SCALAR_UINT] = NP_VALUE_UINT,
                                    [NP_SCALAR_FLOAT] = NP_VALUE_FLOAT,
                                    [NP_SCALAR_STRING] = 0,
                                    [NP_SCALAR_BAD] = 0};
    v->type = types[s.kind];
    if (v->type == NP_VALUE_BOOL)
        v->as.boolean = s.as.boolean;
    else if (v->type == NP_VALUE_INT)
        v->as.integer = s.as.integer;
    else if (v->type == NP_VALUE_UINT)
        v->as.natural = s.as.natural;
    else
        v->as.real = s.as.real;
    return v->type != 0;
}

static bool read_any(reader *r, np_value *v)
{
    if (take(r, '"')) {
        v->type = NP_VALUE_STRING;
        return read_string(r, &v->as.text);
    }
    if (take(r, '{')) {
        v->type = NP_VALUE_MAP;
        return read_map(r, v);
    }
    if (take(r, '[')) {
        v->type = NP_VALUE_LIST;
        return read_list(r, v);
    }
    return read_word(r, v);
}

static const np_value *read_value(reader *r)
{
    np_value *v = NP_NEW(r->arena, np_value);
    if (!v || r->depth == DEEPEST)
        return NULL;
    r->depth++;
    bool ok = read_any(r, v);
    r->depth--;
    return ok ? v : NULL;
}

const np_value *np_json_text_read(np_arena *arena, np_slice text)
{
    reader r = {arena, text.p, text.p + text.n, 0};
    const np_value *v = read_value(&r);
    skip_blanks(&r);
    return r.p == r.end ? v : NULL;
}
