/* SPDX-License-Identifier: MIT */
/* How values lie in Arrow's arrays, whatever they mean. */
#include "arrow.h"

#include <stdlib.h>

enum { V4_BYTES = 4, V6_BYTES = 16, VIEW_BYTES = 16, VIEW_INLINE = 12 };

/* ---- types ---- */

const char *np_arrow_type_name(const char *format)
{
    static const struct {
        const char *start;
        const char *name;
    } names[] = {
        {"n", "null"},
        {"b", "bool"},
        {"e", "float16"},
        {"f", "float32"},
        {"g", "float64"},
        {"d:", "decimal"},
        {"tt", "time"},
        {"ts", "timestamp"},
        {"td", "date"},
        {"tD", "duration"},
        {"ti", "interval"},
        {"+l", "list"},
        {"+L", "list"},
        {"+v", "list"},
        {"+w", "list"},
        {"+s", "struct"},
        {"+m", "map"},
        {"+u", "union"},
        {"+r", "run-end encoded"},
        {"c", "int8"},
        {"C", "uint8"},
        {"s", "int16"},
        {"S", "uint16"},
        {"i", "int32"},
        {"I", "uint32"},
        {"l", "int64"},
        {"L", "uint64"},
        {"w:", "fixed_size_binary"},
        {"u", "string"},
        {"U", "large_string"},
        {"vu", "string_view"},
        {"z", "binary"},
        {"Z", "large_binary"},
        {"vz", "binary_view"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strncmp(format, names[i].start, strlen(names[i].start)) == 0)
            return names[i].name;
    return format;
}

static bool int_type(const char *format, np_arrow_type *out)
{
    static const char letters[] = "cCsSiIlL";
    const char *at = format[0] && !format[1] ? strchr(letters, format[0]) : NULL;
    if (!at)
        return false;
    size_t i = (size_t)(at - letters);
    *out = (np_arrow_type){NP_ARROW_INTS, (size_t)1 << i / 2, i % 2 == 0, false};
    return true;
}

static bool fixed_type(const char *format, np_arrow_type *out)
{
    char *end;
    if (strncmp(format, "w:", 2) != 0)
        return false;
    unsigned long width = strtoul(format + 2, &end, 10);
    *out = (np_arrow_type){NP_ARROW_FIXED, width, false, false};
    return !*end && (width == V4_BYTES || width == V6_BYTES);
}

static bool text_type(const char *format, np_arrow_type *out)
{
    static const struct {
        const char *format;
        np_arrow_type type;
    } types[] = {
        {"u", {NP_ARROW_TEXT, sizeof(int32_t), false, true}},
        {"U", {NP_ARROW_TEXT, sizeof(int64_t), false, true}},
        {"vu", {NP_ARROW_VIEWS, VIEW_BYTES, false, true}},
        {"z", {NP_ARROW_TEXT, sizeof(int32_t), false, false}},
        {"Z", {NP_ARROW_TEXT, sizeof(int64_t), false, false}},
        {"vz", {NP_ARROW_VIEWS, VIEW_BYTES, false, false}},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(format, types[i].format) == 0) {
            *out = types[i].type;
            return true;
        }
    return false;
}

bool np_arrow_type_of(const char *format, np_arrow_type *out)
{
    if (strcmp(format, "n") == 0) {
        *out = (np_arrow_type){NP_ARROW_NULLS, 0, false, false};
        return true;
    }
    return int_type(format, out) || text_type(format, out) || fixed_type(format, out);
}

/* ---- values in memory ---- */

const uint8_t *np_arrow_validity(const np_arrow_array *a)
{
    return a->null_count != 0 && a->n_buffers > 0 ? a->buffers[0] : NULL;
}

static int64_t buffers_of(const np_arrow_type *t)
{
    if (t->layout == NP_ARROW_NULLS)
        return 0;
    return t->layout == NP_ARROW_TEXT || t->layout == NP_ARROW_VIEWS ? 3 : 2;
}

bool np_arrow_has_shape(const np_arrow_array *a, const np_arrow_type *t, int64_t rows)
{
    int64_t n = buffers_of(t);
    return a && a->offset >= 0 && a->length >= rows && a->length <= INT64_MAX - a->offset &&
           a->n_buffers >= n && (n == 0 || (a->buffers && (a->buffers[1] || a->length == 0)));
}

void np_arrow_ints(const np_arrow_type *t, const void *at, int64_t first, size_t n, int64_t *out)
{
    const char *p = (const char *)at + (size_t)first * t->width;
#define NP_WIDEN(type)                                                                             \
    for (size_t i = 0; i < n; i++) {                                                               \
        type x;                                                                                    \
        memcpy(&x, p + i * sizeof x, sizeof x);                                                    \
        out[i] = (int64_t)x;                                                                       \
    }
    switch (t->width * 2 + t->is_signed) {
    case 2:
        NP_WIDEN(uint8_t) break;
    case 3:
        NP_WIDEN(int8_t) break;
    case 4:
        NP_WIDEN(uint16_t) break;
    case 5:
        NP_WIDEN(int16_t) break;
    case 8:
        NP_WIDEN(uint32_t) break;
    case 9:
        NP_WIDEN(int32_t) break;
    default:
        NP_WIDEN(int64_t) break; /* beyond 63 bits becomes negative: out of range, too */
    }
#undef NP_WIDEN
}

static np_slice text_at(const np_arrow_type *t, const np_arrow_array *a, int64_t i)
{
    int64_t ends[2];
    if (t->width == sizeof(int32_t)) {
        int32_t narrow[2];
        memcpy(narrow, (const char *)a->buffers[1] + (size_t)i * sizeof *narrow, sizeof narrow);
        ends[0] = narrow[0];
        ends[1] = narrow[1];
    } else {
        memcpy(ends, (const char *)a->buffers[1] + (size_t)i * sizeof *ends, sizeof ends);
    }
    if (ends[1] <= ends[0] || !a->buffers[2])
        return (np_slice){"", 0};
    return (np_slice){(const char *)a->buffers[2] + ends[0], (size_t)(ends[1] - ends[0])};
}

/* Short values stand in the view itself, long ones at an offset of one of several buffers. */
static np_slice view_at(const np_arrow_array *a, int64_t i)
{
    const char *view = (const char *)a->buffers[1] + (size_t)i * VIEW_BYTES;
    int32_t n;
    int32_t at[2];
    memcpy(&n, view, sizeof n);
    if (n <= VIEW_INLINE)
        return (np_slice){view + sizeof n, n > 0 ? (size_t)n : 0};
    memcpy(at, view + 2 * sizeof n, sizeof at);
    if (at[0] < 0 || at[1] < 0 || at[0] >= a->n_buffers - 3)
        return (np_slice){"", 0};
    return (np_slice){(const char *)a->buffers[2 + at[0]] + at[1], (size_t)n};
}

np_slice np_arrow_bytes(const np_arrow_type *t, const np_arrow_array *a, int64_t i)
{
    if (t->layout == NP_ARROW_TEXT)
        return text_at(t, a, i);
    if (t->layout == NP_ARROW_VIEWS)
        return view_at(a, i);
    return (np_slice){(const char *)a->buffers[1] + (size_t)i * t->width, t->width};
}
