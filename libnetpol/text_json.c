/* SPDX-License-Identifier: MIT */
/* JSON by RFC 8259, in two passes without recursion: the first finds where a value ends and that it
 * is valid, so that the second, which gives the events, need not look out for errors. */
#include "text.h"
#include "text_inside.h"

/* ---- characters ---- */

enum { BLANK = 1, BETWEEN = 2, NUMBER = 4, HEX = 8, DIGIT = 16 };

/* What a byte can be outside strings. */
static const uint8_t classes[256] = {
    ['\t'] = BLANK | BETWEEN,
    ['\n'] = BLANK | BETWEEN,
    ['\r'] = BLANK | BETWEEN,
    [' '] = BLANK | BETWEEN,
    [','] = BETWEEN,
    [':'] = BETWEEN,
    ['+'] = NUMBER,
    ['-'] = NUMBER,
    ['.'] = NUMBER,
    ['0'] = NUMBER | HEX | DIGIT,
    ['1'] = NUMBER | HEX | DIGIT,
    ['2'] = NUMBER | HEX | DIGIT,
    ['3'] = NUMBER | HEX | DIGIT,
    ['4'] = NUMBER | HEX | DIGIT,
    ['5'] = NUMBER | HEX | DIGIT,
    ['6'] = NUMBER | HEX | DIGIT,
    ['7'] = NUMBER | HEX | DIGIT,
    ['8'] = NUMBER | HEX | DIGIT,
    ['9'] = NUMBER | HEX | DIGIT,
    ['a'] = HEX,
    ['b'] = HEX,
    ['c'] = HEX,
    ['d'] = HEX,
    ['e'] = NUMBER | HEX,
    ['f'] = HEX,
    ['A'] = HEX,
    ['B'] = HEX,
    ['C'] = HEX,
    ['D'] = HEX,
    ['E'] = NUMBER | HEX,
    ['F'] = HEX,
};

static bool is(char c, unsigned class)
{
    return classes[(unsigned char)c] & class;
}

/* Counts the bytes passed since *asked as work. */
static bool goes_on(np_text *t, const char **asked, const char *at)
{
    ptrdiff_t passed = at - *asked;
    *asked = at;
    return np_text_goes_on(t, (uint64_t)passed);
}

/* ---- the first pass ---- */

typedef struct extent {
    const char *at;
    const char *end;
    const char *why;
    const char *asked;
    size_t depth;
    np_buffer *nesting; /* a bit for each open collection: 1 is a map */
} extent;

static bool fault(extent *x, const char *why)
{
    x->why = x->at < x->end ? why : "it ends in the middle";
    return false;
}

static const char *string_run(const char *p, const char *end)
{
    while (p < end && (unsigned char)*p >= 0x20 && *p != '"' && *p != '\\')
        p++;
    return p;
}

static bool skip_escape(extent *x)
{
    x->at++;
    if (x->at < x->end && *x->at == 'u') {
        for (int i = 0; i < 4; i++)
            if (++x->at >= x->end || !is(*x->at, HEX))
                return fault(x, "\\u must be followed by four hexadecimal digits");
    } else if (x->at >= x->end || *x->at == '\0' || !strchr("\"\\/bfnrt", *x->at)) {
        return fault(x, "an escape that JSON does not have");
    }
    x->at++;
    return true;
}

static bool skip_string(extent *x)
{
    if (x->at >= x->end || *x->at != '"')
        return fault(x, "a key in double quotes is expected");
    x->at++;
    for (;;) {
        x->at = string_run(x->at, x->end);
        if (x->at < x->end && *x->at == '"') {
            x->at++;
            return true;
        }
        if (x->at >= x->end || *x->at != '\\')
            return fault(x, "a control character in a string; write it as an escape");
        if (!skip_escape(x))
            return false;
    }
}

static size_t skip_digits(extent *x)
{
    const char *start = x->at;
    while (x->at < x->end && is(*x->at, DIGIT))
        x->at++;
    return (size_t)(x->at - start);
}

static bool skip_number(extent *x)
{
    x->at += *x->at == '-';
    bool zero = x->at < x->end && *x->at == '0';
    if (zero)
        x->at++;
    else if (!skip_digits(x))
        return fault(x, "a value is expected");
    if (x->at < x->end && *x->at == '.') {
        x->at++;
        if (!skip_digits(x))
            return fault(x, "a digit is expected after the point");
    }
    if (x->at < x->end && (*x->at == 'e' || *x->at == 'E')) {
        x->at++;
        x->at += x->at < x->end && (*x->at == '+' || *x->at == '-');
        if (!skip_digits(x))
            return fault(x, "a digit is expected in the exponent");
    }
    return true;
}

static bool skip_word(extent *x, const char *word)
{
    for (; *word; word++, x->at++)
        if (x->at >= x->end || *x->at != *word)
            return fault(x, "a value is expected");
    return true;
}

static void skip_blanks(extent *x)
{
    while (x->at < x->end && is(*x->at, BLANK))
        x->at++;
}

static bool in_map(const extent *x)
{
    size_t bit = x->depth - 1;
    return (unsigned char)x->nesting->p[bit / 8] >> bit % 8 & 1;
}

static bool open_collection(np_text *t, extent *x)
{
    bool map = *x->at == '{';
    if (x->depth / 8 >= x->nesting->n)
        np_buffer_char(x->nesting, 0);
    if (x->nesting->failed)
        return np_text_stop(t, NETPOL_NO_MEMORY);
    char *byte = &x->nesting->p[x->depth / 8];
    unsigned bit = 1u << x->depth % 8;
    *byte = (char)(map ? (unsigned char)*byte | bit : (unsigned char)*byte & ~bit);
    x->depth++;
    x->at++;
    return true;
}

/* A value up to its end, or a collection up to its first entry. */
static bool begin_value(np_text *t, extent *x)
{
    skip_blanks(x);
    if (x->at >= x->end)
        return fault(x, "");
    switch (*x->at) {
    case '{':
    case '[':
        return open_collection(t, x);
    case '"':
        return skip_string(x);
    case 't':
        return skip_word(x, "true");
    case 'f':
        return skip_word(x, "false");
    case 'n':
        return skip_word(x, "null");
    default:
        return skip_number(x);
    }
}

static bool skip_key(extent *x)
{
    skip_blanks(x);
    if (!skip_string(x))
        return false;
    skip_blanks(x);
    if (x->at >= x->end || *x->at != ':')
        return fault(x, "':' is expected after a key");
    x->at++;
    return true;
}

/* Closes all collections that end here, and goes on to the next entry if there is one. `fresh`: a
 * collection was opened just now, so an entry needs no comma before it. */
static bool end_value(extent *x, bool fresh)
{
    while (x->depth) {
        bool map = in_map(x);
        skip_blanks(x);
        if (x->at < x->end && *x->at == (map ? '}' : ']')) {
            x->at++;
            x->depth--;
            fresh = false;
            continue;
        }
        if (!fresh && (x->at >= x->end || *x->at != ','))
            return fault(x, map ? "',' or '}' is expected" : "',' or ']' is expected");
        x->at += !fresh;
        return map ? skip_key(x) : true;
    }
    return true;
}

bool np_json_extent(np_text *t, const char *p, const char *end, const char **at, const char **why)
{
    extent x = {.at = p, .end = end, .asked = p, .nesting = &t->cut.nesting};
    x.nesting->n = 0;
    bool good;
    do {
        size_t depth = x.depth;
        good = begin_value(t, &x) && end_value(&x, x.depth > depth) && goes_on(t, &x.asked, x.at);
    } while (good && x.depth);
    *at = x.at;
    *why = x.why;
    return good;
}

/* ---- the second pass ---- */

void np_json_free(np_text *t)
{
    for (size_t i = 0; i < 2; i++)
        np_buffer_free(&t->scan.decoded[i]);
}

/* Commas and colons say nothing that the order of events does not say. */
static void skip_between(np_json *s)
{
    for (; s->at < s->end && is(*s->at, BETWEEN); s->at++)
        if (*s->at == '\n') {
            s->line++;
            s->line_start = s->at + 1;
            s->column = 1;
            s->hidden = 0;
        }
}

static uint32_t hex4(const char *p)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) {
        unsigned c = (unsigned char)p[i];
        value = value << 4 | (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return value;
}

static void put_rune(np_buffer *b, uint32_t r)
{
    char utf8[4];
    np_buffer_add(b, utf8, np_utf8_put(r, utf8));
}

/* An escape; a surrogate without its partner becomes U+FFFD. Returns what follows. */
static const char *decode_escape(const char *p, const char *end, np_buffer *out)
{
    static const char letters[] = "bfnrt", meant[] = "\b\f\n\r\t";
    const char *letter = strchr(letters, p[1]);
    if (p[1] != 'u') {
        np_buffer_char(out, letter ? meant[letter - letters] : p[1]);
        return p + 2;
    }
    uint32_t r = hex4(p + 2);
    p += 6;
    if (r < 0xd800 || r > 0xdfff) {
        put_rune(out, r);
        return p;
    }
    bool paired = r < 0xdc00 && end - p >= 6 && p[0] == '\\' && p[1] == 'u';
    uint32_t low = paired ? hex4(p + 2) : 0;
    if ((low & 0xfc00) != 0xdc00) {
        put_rune(out, 0xfffd);
        return p;
    }
    put_rune(out, 0x10000 + ((r & 0x3ff) << 10) + (low & 0x3ff));
    return p + 6;
}

static void decode_string(const char *p, const char *end, np_buffer *out)
{
    out->n = 0;
    while (p < end) {
        const char *run = string_run(p, end);
        for (const char *at = p; at < run;) {
            uint32_t ignored;
            size_t n = np_utf8_read(at, (size_t)(run - at), &ignored);
            np_buffer_add(out, n ? at : "\xef\xbf\xbd", n ? n : 3);
            at += n ? n : 1;
        }
        p = run < end ? decode_escape(run, end, out) : run;
    }
}

static bool is_utf8(const char *p, size_t n)
{
    for (size_t i = 0; i < n;) {
        uint32_t ignored;
        size_t bytes = (unsigned char)p[i] < 0x80 ? 1 : np_utf8_read(p + i, n - i, &ignored);
        if (!bytes)
            return false;
        i += bytes;
    }
    return true;
}

/* A string is a slice of the source unless something in it must be replaced. */
static bool take_string(np_text *t, np_event *e)
{
    np_json *s = &t->scan;
    const char *start = s->at + 1;
    const char *p = start;
    unsigned char all = 0;
    bool escapes = false;
    for (; *p != '"'; p++) {
        all |= (unsigned char)*p;
        if (*p == '\\') {
            escapes = true;
            p++;
        }
    }
    s->at = p + 1;
    size_t n = (size_t)(p - start);
    e->value = (np_slice){start, n};
    e->style = NP_STYLE_DOUBLE;
    if (n > t->options.max_scalar)
        return np_text_too_long(t, e);
    if (all & 0x80)
        s->hidden += n - np_utf8_count(start, n);
    if (!escapes && (!(all & 0x80) || is_utf8(start, n)))
        return true;
    np_buffer *out = &s->decoded[np_now(t) != t->slots];
    decode_string(start, p, out);
    if (out->failed)
        return np_text_stop(t, NETPOL_NO_MEMORY);
    e->value = (np_slice){out->n ? out->p : "", out->n};
    return true;
}

static void take_literal(np_json *s, np_event *e)
{
    const char *start = s->at;
    while (s->at < s->end && (is(*s->at, NUMBER) || (*s->at >= 'a' && *s->at <= 'z')))
        s->at++;
    e->value = (np_slice){start, (size_t)(s->at - start)};
    e->style = NP_STYLE_PLAIN;
}

static uint8_t type_of(char c)
{
    switch (c) {
    case '{':
        return NP_EVENT_MAP_START;
    case '[':
        return NP_EVENT_SEQ_START;
    case '}':
        return NP_EVENT_MAP_END;
    case ']':
        return NP_EVENT_SEQ_END;
    default:
        return NP_EVENT_SCALAR;
    }
}

static bool next(np_text *t, np_raw *out)
{
    np_json *s = &t->scan;
    skip_between(s);
    *out = (np_raw){.event = {.json = true, .flow = true, .line = s->line}};
    np_event *e = &out->event;
    e->column = s->column + (uint32_t)((size_t)(s->at - s->line_start) - s->hidden);
    if (s->begun && s->depth == 0) {
        e->type = NP_EVENT_END;
        return true;
    }
    s->begun = true;
    e->type = type_of(*s->at);
    if (e->type == NP_EVENT_SCALAR) {
        if (*s->at == '"')
            return take_string(t, e);
        take_literal(s, e);
        return true;
    }
    bool start = e->type == NP_EVENT_MAP_START || e->type == NP_EVENT_SEQ_START;
    s->depth = start ? s->depth + 1 : s->depth - 1;
    s->at++;
    return start || goes_on(t, &s->asked, s->at);
}

void np_json_start(np_text *t)
{
    np_json *s = &t->scan;
    s->at = s->line_start = t->piece.text.p;
    s->end = s->at + t->piece.text.n;
    s->line = t->piece.line;
    s->column = t->piece.column;
    s->hidden = 0;
    s->depth = 0;
    s->begun = false;
    s->asked = s->at;
    t->next = next;
}

void np_json_skip(np_text *t)
{
    np_json *s = &t->scan;
    uint32_t outside = s->depth - 1;
    while (s->depth > outside) {
        skip_between(s);
        char c = *s->at;
        if (c == '"') {
            const char *start = ++s->at;
            for (; *s->at != '"'; s->at++)
                s->at += *s->at == '\\';
            s->hidden += (size_t)(s->at - start) - np_utf8_count(start, (size_t)(s->at - start));
        }
        s->depth += c == '{' || c == '[';
        s->depth -= c == '}' || c == ']';
        s->at++;
    }
}
