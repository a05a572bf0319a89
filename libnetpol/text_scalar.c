/* SPDX-License-Identifier: MIT */
/* What a scalar means. The rules are those of Kubernetes' YAML decoder (YAML 1.1 with its own
 * turns: spec section 4, "plain scalar"), and JSON's for events of the JSON scanner. */
#include "text.h"
#include "text_inside.h"

#define TAG "tag:yaml.org,2002:"

static np_scalar scalar_of(np_scalar_kind kind)
{
    return (np_scalar){.kind = kind};
}

static np_scalar scalar_text(np_slice text)
{
    return (np_scalar){.kind = NP_SCALAR_STRING, .text = text};
}

static np_scalar scalar_bad(const char *why)
{
    return (np_scalar){.kind = NP_SCALAR_BAD, .why = why};
}

static np_scalar scalar_float(double value)
{
    return (np_scalar){.kind = NP_SCALAR_FLOAT, .as.real = value};
}

static np_scalar scalar_uint(uint64_t value)
{
    if (value <= INT64_MAX)
        return (np_scalar){.kind = NP_SCALAR_INT, .as.integer = (int64_t)value};
    return (np_scalar){.kind = NP_SCALAR_UINT, .as.natural = value};
}

/* ---- words ---- */

typedef struct word {
    char text[6];
    uint8_t kind; /* np_scalar_kind; BAD: infinity or not a number */
    bool truth;
} word;

/* By length. */
static const word words[] = {
    {"", NP_SCALAR_NULL, false},      {"y", NP_SCALAR_BOOL, true},
    {"Y", NP_SCALAR_BOOL, true},      {"n", NP_SCALAR_BOOL, false},
    {"N", NP_SCALAR_BOOL, false},     {"~", NP_SCALAR_NULL, false},
    {"on", NP_SCALAR_BOOL, true},     {"On", NP_SCALAR_BOOL, true},
    {"ON", NP_SCALAR_BOOL, true},     {"no", NP_SCALAR_BOOL, false},
    {"No", NP_SCALAR_BOOL, false},    {"NO", NP_SCALAR_BOOL, false},
    {"yes", NP_SCALAR_BOOL, true},    {"Yes", NP_SCALAR_BOOL, true},
    {"YES", NP_SCALAR_BOOL, true},    {"off", NP_SCALAR_BOOL, false},
    {"Off", NP_SCALAR_BOOL, false},   {"OFF", NP_SCALAR_BOOL, false},
    {"true", NP_SCALAR_BOOL, true},   {"True", NP_SCALAR_BOOL, true},
    {"TRUE", NP_SCALAR_BOOL, true},   {"null", NP_SCALAR_NULL, false},
    {"Null", NP_SCALAR_NULL, false},  {"NULL", NP_SCALAR_NULL, false},
    {".nan", NP_SCALAR_BAD, false},   {".NaN", NP_SCALAR_BAD, false},
    {".NAN", NP_SCALAR_BAD, false},   {".inf", NP_SCALAR_BAD, false},
    {".Inf", NP_SCALAR_BAD, false},   {".INF", NP_SCALAR_BAD, false},
    {"false", NP_SCALAR_BOOL, false}, {"False", NP_SCALAR_BOOL, false},
    {"FALSE", NP_SCALAR_BOOL, false}, {"+.inf", NP_SCALAR_BAD, false},
    {"+.Inf", NP_SCALAR_BAD, false},  {"+.INF", NP_SCALAR_BAD, false},
    {"-.inf", NP_SCALAR_BAD, false},  {"-.Inf", NP_SCALAR_BAD, false},
    {"-.INF", NP_SCALAR_BAD, false},
};
/* Where the words of each length begin, and where the last end. */
static const uint8_t word_starts[] = {0, 1, 6, 12, 18, 30, 39};

static const word *word_find(np_slice s)
{
    if (s.n > 5)
        return NULL;
    char first = s.n ? s.p[0] : '\0';
    for (size_t i = word_starts[s.n]; i < word_starts[s.n + 1]; i++)
        if (words[i].text[0] == first && memcmp(words[i].text, s.n ? s.p : "", s.n) == 0)
            return &words[i];
    return NULL;
}

/* ---- integers ---- */

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
}

/* Digits of a base up to 64 bits; underscores are passed over. */
static bool read_digits(np_slice s, unsigned base, uint64_t *out)
{
    uint64_t value = 0;
    bool any = false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '_')
            continue;
        unsigned d = (unsigned)digit_of(s.p[i]);
        bool large = value >> 59; /* only then may the next digit be too much */
        if (d >= base || (large && value > (UINT64_MAX - d) / base))
            return false;
        value = value * base + d;
        any = true;
    }
    *out = value;
    return any;
}

static np_slice slice_from(np_slice s, size_t at)
{
    return (np_slice){s.p + at, s.n - at};
}

/* The next character at or after *at that is no underscore, or 0; *at then stands behind it. */
static char next_plain(np_slice s, size_t *at)
{
    while (*at < s.n && s.p[*at] == '_')
        ++*at;
    return *at < s.n ? s.p[(*at)++] : '\0';
}

static unsigned base_of(char letter)
{
    switch (letter) {
    case 'x':
    case 'X':
        return 16;
    case 'o':
    case 'O':
        return 8;
    case 'b':
    case 'B':
        return 2;
    default:
        return 0;
    }
}

/* Digits after a prefix: 0x, 0o, 0b, a bare 0 (octal), or none (decimal). */
static bool read_prefixed(np_slice s, uint64_t *out)
{
    size_t at = 0;
    if (next_plain(s, &at) != '0')
        return read_digits(s, 10, out);
    size_t after_zero = at;
    unsigned base = base_of(next_plain(s, &at));
    if (base)
        return read_digits(slice_from(s, at), base, out);
    *out = 0;
    size_t rest = after_zero;
    return next_plain(s, &rest) == '\0' || read_digits(slice_from(s, after_zero), 8, out);
}

static bool integer_of(uint64_t size, bool minus, np_scalar *out)
{
    if (minus && size > (uint64_t)INT64_MAX + 1)
        return false;
    if (!minus)
        *out = scalar_uint(size);
    else
        *out = (np_scalar){.kind = NP_SCALAR_INT,
                           .as.integer = size > INT64_MAX ? INT64_MIN : -(int64_t)size};
    return true;
}

static bool is_sign(char c)
{
    return c == '+' || c == '-';
}

/* `0b-1`: upstream reads a sign after the prefix, though only after an unsigned one. */
static bool read_inner_sign(np_slice s, np_scalar *out)
{
    size_t at = 0;
    if (next_plain(s, &at) != '0' || next_plain(s, &at) != 'b')
        return false;
    char sign = next_plain(s, &at);
    uint64_t size;
    return is_sign(sign) && read_digits(slice_from(s, at), 2, &size) &&
           (sign == '-' || size <= (uint64_t)INT64_MAX) && integer_of(size, sign == '-', out);
}

static bool read_integer(np_slice s, np_scalar *out)
{
    size_t at = s.n && is_sign(s.p[0]);
    uint64_t size;
    if (!read_prefixed(slice_from(s, at), &size))
        return read_inner_sign(s, out);
    /* An explicit plus belongs to int64 alone. */
    if (at && s.p[0] == '+' && size > INT64_MAX)
        return false;
    return integer_of(size, at && s.p[0] == '-', out);
}

/* ---- the scalars of the core schema ---- */

/* How a float may look. DIGITS: `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?` after all
 * underscores are gone. POINT: it begins with a point, and an underscore must stand between digits.
 */
typedef enum float_form { FLOAT_DIGITS, FLOAT_POINT } float_form;

static bool underscores_between_digits(np_slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '_' && (i == 0 || i + 1 == s.n || (unsigned)digit_of(s.p[i - 1]) > 9 ||
                              (unsigned)digit_of(s.p[i + 1]) > 9))
            return false;
    return true;
}

static bool read_float(np_slice s, float_form form, np_scalar *out)
{
    double value;
    if (form == FLOAT_POINT && !underscores_between_digits(s))
        return false;
    if (!np_decimal_read(s, true, &value))
        return false;
    *out = scalar_float(value);
    return true;
}

const char np_scalar_hints[256] = {
    ['y'] = 'W', ['Y'] = 'W', ['n'] = 'W', ['N'] = 'W', ['t'] = 'W', ['T'] = 'W',
    ['f'] = 'W', ['F'] = 'W', ['o'] = 'W', ['O'] = 'W', ['~'] = 'W', ['+'] = 'D',
    ['-'] = 'D', ['0'] = 'D', ['1'] = 'D', ['2'] = 'D', ['3'] = 'D', ['4'] = 'D',
    ['5'] = 'D', ['6'] = 'D', ['7'] = 'D', ['8'] = 'D', ['9'] = 'D', ['.'] = '.',
};

const bool np_scalar_seconds[256] = {
    ['n'] = true, ['N'] = true, ['o'] = true, ['O'] = true, ['e'] = true,
    ['E'] = true, ['f'] = true, ['F'] = true, ['r'] = true, ['R'] = true,
    ['u'] = true, ['U'] = true, ['a'] = true, ['A'] = true,
};

static np_scalar resolve_word(const word *w)
{
    if (w->kind == NP_SCALAR_BAD)
        return scalar_bad("infinity and not-a-number have no form in JSON");
    np_scalar s = scalar_of(w->kind);
    if (w->kind == NP_SCALAR_BOOL)
        s.as.boolean = w->truth;
    return s;
}

static np_scalar resolve_plain(np_slice text)
{
    if (np_plain_is_text(text))
        return scalar_text(text);
    char hint = text.n ? np_scalar_hints[(unsigned char)text.p[0]] : 'W';
    np_scalar out;
    if (hint == 'D' && (read_integer(text, &out) || read_float(text, FLOAT_DIGITS, &out)))
        return out;
    const word *w = word_find(text);
    if (w)
        return resolve_word(w);
    if (hint == '.' && read_float(text, FLOAT_POINT, &out))
        return out;
    return scalar_text(text);
}

static np_scalar resolve_json(np_slice text)
{
    if (text.p[0] == 'n')
        return scalar_of(NP_SCALAR_NULL);
    if (text.p[0] == 't' || text.p[0] == 'f')
        return (np_scalar){.kind = NP_SCALAR_BOOL, .as.boolean = text.p[0] == 't'};
    bool minus = text.p[0] == '-';
    uint64_t size;
    np_scalar out;
    if (read_digits(slice_from(text, minus), 10, &size) && integer_of(size, minus, &out))
        return out;
    double value;
    if (!np_decimal_read(text, false, &value))
        return scalar_bad("the number is too large");
    return scalar_float(value);
}

/* ---- tags ---- */

static int base64_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Standard base64 with padding; line ends are passed over. Returns the bytes, or SIZE_MAX. */
static size_t base64_read(np_slice s, char *out)
{
    uint32_t bits = 0;
    size_t n = 0, in_quad = 0, pads = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\n' || s.p[i] == '\r')
            continue;
        int v = base64_of(s.p[i]);
        if (s.p[i] == '=' && in_quad + pads >= 2 && in_quad + pads < 4 && in_quad >= 2)
            pads++;
        else if (v < 0 || pads)
            return SIZE_MAX;
        else
            in_quad++;
        bits = bits << 6 | (uint32_t)(v < 0 ? 0 : v);
        if (in_quad + pads < 4)
            continue;
        for (size_t k = 0; k < 3 - pads; k++)
            out[n++] = (char)(bits >> (16 - 8 * k) & 0xff);
        if (pads)
            pads = 4; /* nothing but line ends may follow */
        else
            in_quad = 0;
    }
    return in_quad == 0 || pads == 4 ? n : SIZE_MAX;
}

static np_scalar resolve_binary(np_slice text, np_arena *arena)
{
    if (!arena)
        return scalar_bad("!!binary cannot stand here");
    char *bytes = np_arena_alloc(arena, text.n + 1, 1);
    size_t n = bytes ? base64_read(text, bytes) : 0;
    if (n == SIZE_MAX)
        return scalar_bad("!!binary is not valid base64");
    char *utf8 = bytes ? np_arena_alloc(arena, n * NP_MEND_GROWTH + 1, 1) : NULL;
    if (!utf8)
        return scalar_bad("out of memory");
    return scalar_text((np_slice){utf8, np_utf8_mend(bytes, n, utf8)});
}

static np_scalar cast_float(np_scalar s)
{
    if (s.kind == NP_SCALAR_INT)
        return scalar_float((double)s.as.integer);
    return s.kind == NP_SCALAR_FLOAT ? s : scalar_bad("!!float on something that is no number");
}

/* A tag of the core schema demands that the text resolves to that type; every other tag makes it a
 * string. `name` is what follows the schema's prefix. */
static np_scalar resolve_core(np_slice name, np_slice text, np_arena *arena)
{
    if (np_slice_is(name, "binary"))
        return resolve_binary(text, arena);
    if (np_slice_is(name, "timestamp"))
        return np_timestamp_is(text) ? scalar_text(text)
                                     : scalar_bad("!!timestamp on something that is no date");
    np_scalar s = resolve_plain(text);
    if (np_slice_is(name, "float"))
        return s.kind == NP_SCALAR_BAD ? s : cast_float(s);
    if (np_slice_is(name, "int"))
        return s.kind == NP_SCALAR_INT || s.kind == NP_SCALAR_UINT
                   ? s
                   : scalar_bad("!!int on something that is no integer");
    if (np_slice_is(name, "bool"))
        return s.kind == NP_SCALAR_BOOL ? s : scalar_bad("!!bool on something that is no boolean");
    if (np_slice_is(name, "null"))
        return s.kind == NP_SCALAR_NULL ? s : scalar_bad("!!null on something that is not null");
    return scalar_text(text);
}

np_scalar np_scalar_resolve(const np_event *e, np_arena *arena)
{
    const size_t prefix = sizeof TAG - 1;
    if (e->tag.n == 0)
        return e->style != NP_STYLE_PLAIN ? scalar_text(e->value)
               : e->json                  ? resolve_json(e->value)
                                          : resolve_plain(e->value);
    if (e->tag.n <= prefix || memcmp(e->tag.p, TAG, prefix) != 0)
        return scalar_text(e->value);
    return resolve_core(slice_from(e->tag, prefix), e->value, arena);
}

bool np_scalar_needs_quotes(np_slice text)
{
    return resolve_plain(text).kind != NP_SCALAR_STRING || np_timestamp_is(text) ||
           np_base60_is(text);
}
