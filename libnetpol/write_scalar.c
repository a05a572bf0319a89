/* SPDX-License-Identifier: MIT */
/* The strings of canonical YAML: which style each takes, where it is folded, what is escaped. The
 * rules are those of go-yaml v2's printer, which descends from libyaml's (YAML 1.1). */
#include "text.h"
#include "write.h"

#define BEST_WIDTH 80
#define SIMPLE_KEY_MAX 128

/* What the characters of a string rule out. */
typedef struct shape {
    bool multiline; /* has any line break, also U+2028 and its kin */
    bool plain;
    bool single;
    bool literal;
} shape;

/* What was met in a string. */
typedef struct scan {
    bool indicators; /* where they would mean something */
    bool special;    /* characters that need an escape */
    bool breaks;
    bool break_space; /* a blank after a line break */
    bool space_break; /* and the other way round */
} scan;

static bool is_break(uint32_t r)
{
    return r == '\n' || r == '\r' || r == 0x85 || r == 0x2028 || r == 0x2029;
}

static bool is_blank(uint32_t r)
{
    return r == ' ' || r == '\t';
}

/* Characters beyond the first plane count as unprintable, as there. */
static bool is_printable(uint32_t r)
{
    if (r < 0x7f)
        return r >= 0x20 || r == '\n';
    return r >= 0xa0 && r <= 0xfffd && r != 0xfeff;
}

static bool begins_with(np_slice s, const char *three)
{
    return s.n >= 3 && memcmp(s.p, three, 3) == 0;
}

/* Indicators that a plain scalar must not begin with, and those that matter before a blank. */
static bool is_indicator(uint32_t r, bool first, bool after_blank, bool before_blank)
{
    if (first && r < 0x80 && r && strchr("#,[]{}&*!|>'\"%@`", (int)r))
        return true;
    if (r == ':' || (first && (r == '?' || r == '-')))
        return before_blank;
    return r == '#' && after_blank;
}

static scan scan_string(np_slice s)
{
    scan c = {.indicators = begins_with(s, "---") || begins_with(s, "...")};
    uint32_t last = ' ';
    for (size_t i = 0; i < s.n;) {
        uint32_t r = 0;
        size_t n = np_utf8_read(s.p + i, s.n - i, &r);
        bool before_blank = i + n >= s.n || is_blank((unsigned char)s.p[i + n]);
        bool after_blank = last == 0 || is_blank(last) || is_break(last);
        c.indicators |= is_indicator(r, i == 0, after_blank, before_blank);
        c.special |= !is_printable(r);
        c.breaks |= is_break(r);
        c.break_space |= i > 0 && is_break(last) && r == ' ';
        c.space_break |= i > 0 && last == ' ' && is_break(r);
        last = r;
        i += n;
    }
    return c;
}

static bool ends_in_break(np_slice s)
{
    size_t i = s.n;
    while (i > 0 && ((unsigned char)s.p[--i] & 0xc0) == 0x80)
        continue;
    uint32_t r = 0;
    return s.n && np_utf8_read(s.p + i, s.n - i, &r) && is_break(r);
}

static bool begins_with_break(np_slice s)
{
    uint32_t r = 0;
    return np_utf8_read(s.p, s.n, &r) && is_break(r);
}

static shape shape_of(np_slice s)
{
    if (s.n == 0)
        return (shape){.plain = true, .single = true};
    scan c = scan_string(s);
    bool edges = s.p[0] == ' ' || s.p[s.n - 1] == ' ' || begins_with_break(s) || ends_in_break(s);
    bool quotable = !c.space_break && !c.special;
    return (shape){
        .multiline = c.breaks,
        .plain = quotable && !edges && !c.break_space && !c.breaks && !c.indicators,
        .single = quotable && !c.break_space,
        .literal = quotable && s.p[s.n - 1] != ' ',
    };
}

/* ---- the fast path: printable ASCII without blanks is most of what manifests hold ---- */

/* How a word may begin. RESOLVES: it may be a number, a boolean, null or a date. */
typedef enum beginning { NOT_PLAIN, PLAIN, RESOLVES } beginning;

static beginning beginning_of(char c)
{
    if ((c >= '0' && c <= '9') || strchr("+yYnNtTfFoO~", c))
        return RESOLVES;
    return strchr("#,[]{}&*!|>'\"%@`:?-. ", c) ? NOT_PLAIN : PLAIN;
}

#define LONGEST_WORD 5 /* "false": longer texts that begin with a letter are strings */

/* Whether all bytes lie between `least` and '~', eight at a time: any other byte leaves a high bit,
 * and only such a byte borrows from or carries into its neighbour. */
static bool is_ascii_from(np_slice s, unsigned char least)
{
    const uint64_t ones = 0x0101010101010101;
    size_t i = 0;
    for (; i + 8 <= s.n; i += 8) {
        uint64_t eight;
        memcpy(&eight, s.p + i, sizeof eight);
        if (((eight - ones * least) | (eight + ones) | eight) & ones << 7)
            return false;
    }
    for (; i < s.n; i++)
        if ((unsigned char)s.p[i] < least || (unsigned char)s.p[i] > '~')
            return false;
    return true;
}

static bool begins_plain(np_slice s)
{
    beginning b = beginning_of(s.p[0]);
    if (b != RESOLVES)
        return b == PLAIN;
    bool digit_or_sign = s.p[0] < '@';
    return (!digit_or_sign && s.n > LONGEST_WORD) || !np_scalar_needs_quotes(s);
}

/* No blanks, so nothing to fold. */
static bool is_plain_word(np_slice s)
{
    return s.n && s.p[s.n - 1] != ':' && is_ascii_from(s, '!') && begins_plain(s);
}

/* Words that end before the width at which they would be folded. */
static bool is_plain_line(const np_yaml *y, np_slice s)
{
    return s.n && y->to->n - y->line + s.n <= BEST_WIDTH && is_ascii_from(s, ' ') &&
           s.p[s.n - 1] != ' ' && !memchr(s.p, ':', s.n) && !memchr(s.p, '#', s.n) &&
           begins_plain(s);
}

/* ---- writing ---- */

static void new_line(np_yaml *y)
{
    np_buffer_char(y->to, '\n');
    y->line = y->to->n;
}

void np_yaml_start(np_yaml *y, size_t indent)
{
    np_buffer *b = y->to;
    if (!np_buffer_reserve(b, indent + 1))
        return;
    if (!y->indention) {
        b->p[b->n++] = '\n';
        y->line = b->n;
    }
    size_t column = b->n - y->line; /* only blanks and ASCII indicators stand there */
    if (column < indent) {
        memset(b->p + b->n, ' ', indent - column);
        b->n += indent - column;
    }
    y->indention = true;
}

/* A scalar being written: the column counts characters. */
typedef struct pen {
    np_yaml *y;
    np_slice s;
    size_t i; /* next byte of s */
    size_t column;
    size_t indent;
    bool fold; /* at blanks beyond the best width */
} pen;

static pen pen_at(np_yaml *y, np_slice s, size_t indent, bool fold)
{
    pen p = {.y = y, .s = s, .indent = indent, .fold = fold};
    for (size_t i = y->line; i < y->to->n; i++)
        p.column += ((unsigned char)y->to->p[i] & 0xc0) != 0x80;
    return p;
}

static void put(pen *p, char c)
{
    np_buffer_char(p->y->to, c);
    p->column++;
}

static uint32_t next_rune(const pen *p, size_t *n)
{
    uint32_t r = 0;
    *n = np_utf8_read(p->s.p + p->i, p->s.n - p->i, &r);
    return r;
}

static void copy(pen *p, size_t n)
{
    np_buffer_add(p->y->to, p->s.p + p->i, n);
    p->i += n;
    p->column++;
}

/* A line feed, or one of the other breaks as it is: after either the column is 0. */
static void copy_break(pen *p, size_t n)
{
    np_buffer_add(p->y->to, p->s.p + p->i, n);
    p->i += n;
    p->column = 0;
    p->y->line = p->y->to->n;
}

static void fill_indent(pen *p)
{
    if (p->column < p->indent) {
        np_buffer_repeat(p->y->to, ' ', p->indent - p->column);
        p->column = p->indent;
    }
}

static void fold_line(pen *p)
{
    new_line(p->y);
    p->column = 0;
    fill_indent(p);
}

static bool blank_next(const pen *p)
{
    return p->i + 1 < p->s.n && p->s.p[p->i + 1] == ' ';
}

static bool wants_fold(const pen *p, bool after_blank)
{
    return p->fold && !after_blank && p->column > BEST_WIDTH && p->i > 0 && p->i + 1 < p->s.n;
}

/* Plain and single-quoted text: they differ in the quotes and in what may stand inside. */
static void write_flowing(pen *p, bool quoted)
{
    bool after_blank = false;
    bool after_break = false;
    while (p->i < p->s.n) {
        size_t n;
        uint32_t r = next_rune(p, &n);
        if (r == ' ') {
            if (wants_fold(p, after_blank) && !blank_next(p)) {
                fold_line(p);
                p->i++;
            } else {
                copy(p, n);
            }
        } else if (is_break(r)) {
            copy_break(p, n);
        } else {
            if (after_break)
                fill_indent(p);
            if (quoted && r == '\'')
                put(p, '\'');
            copy(p, n);
        }
        after_blank = r == ' ';
        after_break = is_break(r);
    }
}

static char short_escape(uint32_t r)
{
    static const struct {
        uint32_t rune;
        char letter;
    } escapes[] = {{0, '0'},     {7, 'a'},    {8, 'b'},    {9, 't'},      {10, 'n'},
                   {11, 'v'},    {12, 'f'},   {13, 'r'},   {0x1b, 'e'},   {'"', '"'},
                   {'\\', '\\'}, {0x85, 'N'}, {0xa0, '_'}, {0x2028, 'L'}, {0x2029, 'P'}};
    for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++)
        if (escapes[i].rune == r)
            return escapes[i].letter;
    return 0;
}

static void write_escape(pen *p, uint32_t r)
{
    put(p, '\\');
    char letter = short_escape(r);
    if (letter) {
        put(p, letter);
        return;
    }
    put(p, r <= 0xff ? 'x' : r <= 0xffff ? 'u' : 'U');
    for (int shift = r <= 0xff ? 4 : r <= 0xffff ? 12 : 28; shift >= 0; shift -= 4)
        put(p, "0123456789ABCDEF"[r >> shift & 0xf]);
}

static void write_blank(pen *p, bool after_blank)
{
    if (!wants_fold(p, after_blank)) {
        copy(p, 1);
        return;
    }
    bool more = blank_next(p);
    fold_line(p);
    if (more)
        put(p, '\\'); /* else the reader would drop the blanks that begin a line */
    p->i++;
}

static void write_double(pen *p)
{
    /* A string that begins with a byte order mark has every character escaped, as there. */
    bool all = begins_with(p->s, "\xef\xbb\xbf");
    bool after_blank = false;
    while (p->i < p->s.n) {
        size_t n;
        uint32_t r = next_rune(p, &n);
        if (all || !is_printable(r) || is_break(r) || r == '"' || r == '\\') {
            write_escape(p, r);
            p->i += n;
            after_blank = false;
        } else if (r == ' ') {
            write_blank(p, after_blank);
            after_blank = true;
        } else {
            copy(p, n);
            after_blank = false;
        }
    }
}

/* "-": the text does not end in a break; "+": it ends in several, or is one. */
static void write_chomping(pen *p)
{
    np_slice before = {p->s.p, p->s.n};
    if (!ends_in_break(before)) {
        put(p, '-');
        return;
    }
    do {
        before.n--;
    } while (before.n && ((unsigned char)p->s.p[before.n] & 0xc0) == 0x80);
    if (before.n == 0 || ends_in_break(before))
        put(p, '+');
}

static void write_literal(pen *p)
{
    put(p, '|');
    if (p->s.p[0] == ' ' || begins_with_break(p->s))
        put(p, '2');
    write_chomping(p);
    new_line(p->y);
    p->column = 0;
    bool after_break = true;
    while (p->i < p->s.n) {
        size_t n;
        uint32_t r = next_rune(p, &n);
        after_break = is_break(r);
        if (after_break) {
            copy_break(p, n);
            continue;
        }
        fill_indent(p);
        copy(p, n);
    }
    p->y->indention = after_break;
}

static void write_quoted(pen *p, char quote)
{
    put(p, quote);
    if (quote == '"')
        write_double(p);
    else
        write_flowing(p, true);
    put(p, quote);
}

/* `s` is valid UTF-8. */
static void write_styled(np_yaml *y, np_slice s, size_t indent, bool simple_key)
{
    shape can = shape_of(s);
    pen p = pen_at(y, s, indent, !simple_key);
    y->indention = false;
    bool lines = s.n && memchr(s.p, '\n', s.n);
    if (lines && can.literal && !simple_key)
        write_literal(&p);
    else if (lines || np_scalar_needs_quotes(s))
        write_quoted(&p, '"');
    else if (can.plain)
        write_flowing(&p, false);
    else
        write_quoted(&p, can.single ? '\'' : '"');
}

static bool is_utf8(np_slice s)
{
    for (size_t i = 0; i < s.n;) {
        uint32_t r;
        size_t n = np_utf8_read(s.p + i, s.n - i, &r);
        if (!n)
            return false;
        i += n;
    }
    return true;
}

static void add_utf8(np_buffer *b, np_slice s)
{
    for (size_t i = 0; i < s.n;) {
        uint32_t r;
        size_t n = np_utf8_read(s.p + i, s.n - i, &r);
        np_buffer_add(b, n ? s.p + i : "\xef\xbf\xbd", n ? n : 3);
        i += n ? n : 1;
    }
}

void np_yaml_string(np_yaml *y, np_slice s, size_t indent, bool simple_key)
{
    if (is_plain_word(s) || is_plain_line(y, s)) {
        np_buffer_add(y->to, s.p, s.n);
        y->indention = false;
    } else if (is_utf8(s)) {
        write_styled(y, s, indent, simple_key);
    } else {
        np_buffer clean;
        np_buffer_init(&clean, &y->to->alloc);
        add_utf8(&clean, s);
        y->to->failed |= clean.failed;
        write_styled(y, (np_slice){clean.p, clean.n}, indent, simple_key);
        np_buffer_free(&clean);
    }
}

static size_t utf8_length(np_slice s)
{
    size_t length = 0;
    for (size_t i = 0; i < s.n;) {
        uint32_t r;
        size_t n = np_utf8_read(s.p + i, s.n - i, &r);
        length += n ? n : 3;
        i += n ? n : 1;
    }
    return length;
}

bool np_yaml_simple_key(np_slice s)
{
    if (s.n > SIMPLE_KEY_MAX)
        return false;
    return is_ascii_from(s, ' ') || (!scan_string(s).breaks && utf8_length(s) <= SIMPLE_KEY_MAX);
}

void np_write_yaml_string(np_buffer *b, np_slice s, size_t indent)
{
    np_yaml y = {.to = b, .line = b->n};
    while (y.line > 0 && b->p[y.line - 1] != '\n')
        y.line--;
    np_yaml_string(&y, s, indent, false);
}

void np_write_double_quoted(np_buffer *b, np_slice s)
{
    if (!is_utf8(s)) {
        np_buffer_json(b, s);
        return;
    }
    np_yaml y = {.to = b, .line = b->n};
    pen p = pen_at(&y, s, 0, false);
    write_quoted(&p, '"');
}
