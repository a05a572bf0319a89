/* SPDX-License-Identifier: MIT */
/* The provider of events for the plain subset of YAML: maps and lists by indentation, and
 * values on one line: plain, in quotes without escapes, or in simple brackets. It gives exactly the
 * events that libyaml would, at a small part of the cost, and leaves a document with anything else
 * in it to libyaml: whatever is not surely known is given up.
 *
 * A document is scanned to its end before its first event is given, so one with a fault in it is
 * libyaml's from the beginning. What was scanned lies in a window of events; a document that does
 * not fit is scanned again, window by window, while its events are taken. */
#include "text.h"
#include "text_chars.h"
#include "text_inside.h"

enum {
    DEEPEST = 64,       /* collections by indentation; more are given up, whatever max_depth is */
    FLOW_DEEPEST = 16,  /* collections in brackets, in one another */
    KEY_MOST = 1000,    /* bytes of a key; libyaml takes 1,024 characters */
    QUIET_MOST = 32768, /* bytes without an event; libyaml bounds them too (text_libyaml.c) */
    FLOW_MOST = 128,    /* events of the brackets of one line */
    LINE_MOST = 384,    /* events of one line: brackets, and collections that end and begin */
    WINDOW = 256,       /* events of a window, beside those of its last line */
    TAIL_MOST = 1024    /* bytes of a last line without a line feed */
};

typedef enum level_kind {
    MAP,
    LIST,
    FLUSH_LIST /* its dashes stand where the keys of the map around it stand */
} level_kind;

typedef struct level {
    uint32_t indent;
    level_kind kind;
} level;

struct np_plain {
    const char *at;    /* the next line */
    const char *end;   /* the bytes before it end with a line feed */
    const char *start; /* of the line at hand */
    const char *loud;  /* of the last line that had an event */
    uint32_t line;
    ptrdiff_t scalar_most; /* bytes */
    size_t depth_most;
    bool wide;       /* the line at hand has a character of several bytes */
    bool in_tail;    /* the last line, which lies in `tail`, has begun */
    bool pending;    /* a key or a dash came, its value did not */
    bool whole;      /* the document's last event is in the window */
    uint32_t p_line; /* where an empty value of it would stand */
    uint32_t p_column;
    size_t depth;
    level levels[DEEPEST];
    np_event *put;
    size_t n_tail;
    char tail[TAIL_MOST + 1];
    /* Two, for the event before the one at hand must outlive its window. */
    np_event windows[2][WINDOW + LINE_MOST];
    np_event *window; /* the one at hand */
};

/* ---- characters ---- */

static bool is_dash(const char *p)
{
    return *p == '-' && ends_word(p + 1);
}

/* Passes over a character of several bytes that libyaml takes for text; false: it might not. */
static bool take_wide(np_plain *s, const char **at)
{
    uint32_t r = 0;
    size_t n = np_utf8_read(*at, (size_t)(s->end - *at), &r);
    bool ends_a_line = r == 0x2028 || r == 0x2029;
    if (n < 2 || r < 0xa0 || ends_a_line || r == 0xfeff || r == 0xfffe || r == 0xffff)
        return false;
    s->wide = true;
    *at += n;
    return true;
}

static inline const char *skip_run(const np_plain *s, const char *p, unsigned class)
{
    return class == NOTED ? skip_noted(p, s->end) : skip_plain(p);
}

static NP_COLD bool take_wide_run(np_plain *s, const char **at, unsigned class)
{
    while (is_wide(*at)) {
        if (!take_wide(s, at))
            return false;
        *at = skip_run(s, *at, class);
    }
    return true;
}

/* Passes over characters of a class, IN or NOTED. False: over one that is to be given up. */
static inline bool take_run(np_plain *s, const char **at, unsigned class)
{
    *at = skip_run(s, *at, class);
    return !is_wide(*at) || take_wide_run(s, at, class);
}

/* ---- putting events ---- */

static inline uint32_t column_of(const np_plain *s, const char *p)
{
    size_t n = (size_t)(p - s->start);
    return 1 + (uint32_t)(s->wide ? np_utf8_count(s->start, n) : n);
}

static inline np_event *put(np_plain *s, np_event_type type, const char *at)
{
    np_event *e = s->put++;
    *e = (np_event){.line = s->line, .column = column_of(s, at), .type = (uint8_t)type};
    return e;
}

static void put_empty(np_plain *s)
{
    *s->put++ = (np_event){.value = {"", 0},
                           .line = s->p_line,
                           .column = s->p_column,
                           .type = NP_EVENT_SCALAR,
                           .style = NP_STYLE_PLAIN};
    s->pending = false;
}

static bool open_level(np_plain *s, level_kind kind, const char *p)
{
    if (s->depth == s->depth_most)
        return false;
    s->levels[s->depth++] = (level){(uint32_t)(p - s->start), kind};
    (void)put(s, kind == MAP ? NP_EVENT_MAP_START : NP_EVENT_SEQ_START, p);
    return true;
}

static void close_level(np_plain *s, const char *p)
{
    (void)put(s, s->levels[--s->depth].kind == MAP ? NP_EVENT_MAP_END : NP_EVENT_SEQ_END, p);
}

/* ---- scalars ---- */

typedef struct token {
    const char *p;
    const char *end;   /* of the value */
    const char *next;  /* what follows; of a key: after its colon */
    const char *place; /* where the token begins */
    np_scalar_style style;
    bool key;
} token;

static inline void put_scalar(np_plain *s, const token *k)
{
    np_event *e = put(s, NP_EVENT_SCALAR, k->place);
    e->value = (np_slice){k->p, (size_t)(k->end - k->p)};
    e->style = (uint8_t)k->style;
}

static bool scan_quoted(np_plain *s, const char *p, token *out)
{
    char quote = *p;
    const char *q = p + 1;
    for (;; q++) {
        while (is(q, QUOTED) && *q != quote && *q != '\\')
            q++;
        if (is_wide(q)) {
            if (!take_wide(s, &q))
                return false;
            q--;
        } else if (*q != '\\' || quote == '"') {
            break;
        }
    }
    if (*q != quote || q[1] == quote)
        return false;
    out->p = p + 1;
    out->end = q++;
    out->style = quote == '"' ? NP_STYLE_DOUBLE : NP_STYLE_SINGLE;
    out->key = *q == ':' && ends_word(q + 1);
    out->next = q + out->key;
    return true;
}

/* A plain value ends at the end of the line, at a colon before a blank, and at a number sign after
 * one. */
static bool scan_plain(np_plain *s, const char *p, token *out)
{
    bool fit = is(p, FIRST) || is_wide(p) || (*p == '-' && is(p + 1, IN));
    if (!fit)
        return false;
    out->p = p;
    out->style = NP_STYLE_PLAIN;
    for (const char *q = p;;) {
        if (!take_run(s, &q, IN))
            return false;
        out->end = out->next = q;
        out->key = *q == ':' && ends_word(q + 1);
        out->next += out->key;
        if (out->key)
            return q[-1] != ' ';
        if (*q == ' ')
            q = out->next = skip_blanks(q);
        else if (*q == ':')
            q++;
        if (ends_line(q) || (*q == '#' && q[-1] == ' '))
            return true;
        if (q == out->end)
            return false;
    }
}

static bool fits(const np_plain *s, const token *k)
{
    ptrdiff_t n = k->end - k->p;
    return n <= s->scalar_most && (!k->key || n <= KEY_MOST);
}

static bool scan_scalar(np_plain *s, const char *p, token *out)
{
    out->place = p;
    return (*p == '"' || *p == '\'' ? scan_quoted(s, p, out) : scan_plain(s, p, out)) &&
           fits(s, out);
}

/* ---- collections in brackets ---- */

/* A plain value here is made of the least suspicious characters. */
static bool scan_flow_scalar(np_plain *s, const char *p, token *out)
{
    out->place = p;
    if (*p == '"' || *p == '\'')
        return scan_quoted(s, p, out) && fits(s, out);
    out->p = p;
    out->style = NP_STYLE_PLAIN;
    if (!is(p, FIRST))
        return false;
    while (is(p, FLOW))
        p++;
    out->end = p;
    out->key = *p == ':' && p[1] == ' ';
    out->next = p + out->key;
    return fits(s, out);
}

/* A value, or a key and what comes up to its value. */
static bool scan_flow_node(np_plain *s, const char **at, bool in_map)
{
    token k;
    if (!scan_flow_scalar(s, *at, &k) || k.key != in_map)
        return false;
    put_scalar(s, &k);
    *at = skip_blanks(k.next);
    return true;
}

/* Goes over the ends of collections, and to the next entry of one. False: given up. */
static bool end_flow_node(np_plain *s, const char **at, const bool *maps, size_t *open)
{
    const char *p = skip_blanks(*at);
    while (*open && *p == (maps[*open - 1] ? '}' : ']')) {
        (void)put(s, maps[--*open] ? NP_EVENT_MAP_END : NP_EVENT_SEQ_END, p);
        p = *open ? skip_blanks(p + 1) : p + 1;
    }
    if (*open && *p != ',')
        return false;
    *at = *open ? skip_blanks(p + 1) : p;
    return !*open || !maps[*open - 1] || scan_flow_node(s, at, true);
}

static bool is_bracket(const char *p)
{
    return *p == '[' || *p == '{';
}

/* Opens a collection; *empty: it ends at once. */
static bool open_flow(np_plain *s, const char **at, bool *maps, size_t *open, bool *empty)
{
    if (*open == FLOW_DEEPEST || s->depth + *open >= s->depth_most)
        return false;
    bool map = **at == '{';
    put(s, map ? NP_EVENT_MAP_START : NP_EVENT_SEQ_START, *at)->flow = true;
    maps[(*open)++] = map;
    *at = skip_blanks(*at + 1);
    *empty = **at == (map ? '}' : ']');
    return *empty || !map || scan_flow_node(s, at, true);
}

static bool scan_flow(np_plain *s, const char **at)
{
    const np_event *most = s->put + FLOW_MOST;
    bool maps[FLOW_DEEPEST];
    size_t open = 0;
    do {
        bool empty = false;
        if (s->put > most)
            return false;
        if (!is_bracket(*at)) {
            if (!scan_flow_node(s, at, false))
                return false;
        } else if (!open_flow(s, at, maps, &open, &empty)) {
            return false;
        } else if (!empty) {
            continue;
        }
        if (!end_flow_node(s, at, maps, &open))
            return false;
    } while (open);
    return true;
}

/* ---- lines ---- */

static bool end_comment(np_plain *s, const char *p)
{
    if (!take_run(s, &p, NOTED) || !ends_line(p))
        return false;
    s->at = p + (*p == '\r') + 1;
    return true;
}

/* Nothing but blanks and a comment may follow. */
static inline bool end_line(np_plain *s, const char *p)
{
    p = skip_blanks(p);
    if (ends_line(p)) {
        s->at = p + (*p == '\r') + 1;
        return true;
    }
    return *p == '#' && p[-1] == ' ' && end_comment(s, p);
}

static inline bool is_line_over(const char *p)
{
    return ends_line(p) || *p == '#';
}

/* The value of what ends at `mark` comes on a later line, or is empty. */
static bool await_value(np_plain *s, const char *mark)
{
    s->pending = true;
    s->p_line = s->line;
    s->p_column = column_of(s, mark);
    return end_line(s, mark);
}

/* ---- nodes ---- */

static bool scan_bracketed(np_plain *s, const char *p)
{
    return scan_flow(s, &p) && end_line(s, p);
}

/* After a key: no collection by indentation begins on its line. */
static bool scan_value(np_plain *s, const char *p)
{
    const char *q = skip_blanks(p);
    token k;
    if (is_line_over(q))
        return await_value(s, p);
    if (is_bracket(q))
        return scan_bracketed(s, q);
    if (!scan_scalar(s, q, &k) || k.key)
        return false;
    put_scalar(s, &k);
    return end_line(s, k.next);
}

static bool scan_key(np_plain *s, const char *p)
{
    token k;
    if (!scan_scalar(s, p, &k) || !k.key)
        return false;
    put_scalar(s, &k);
    return scan_value(s, k.next);
}

/* What no dash stands before: a map, or a value that is all of the rest of the line. */
static bool scan_rest(np_plain *s, const char *p)
{
    token k;
    if (is_bracket(p))
        return scan_bracketed(s, p);
    if (!scan_scalar(s, p, &k))
        return false;
    if (k.key && !open_level(s, MAP, p))
        return false;
    put_scalar(s, &k);
    return k.key ? scan_value(s, k.next) : end_line(s, k.next);
}

/* A dash, and what follows it on its line. */
static bool scan_item(np_plain *s, const char *p)
{
    for (;;) {
        const char *q = skip_blanks(p + 1);
        if (is_line_over(q))
            return await_value(s, p + 1);
        if (!is_dash(q))
            return scan_rest(s, q);
        if (!open_level(s, LIST, q))
            return false;
        p = q;
    }
}

static bool scan_node(np_plain *s, const char *p)
{
    if (!is_dash(p))
        return scan_rest(s, p);
    return open_level(s, LIST, p) && scan_item(s, p);
}

/* The next entry of an open collection, after those that end here. */
static bool scan_entry(np_plain *s, const char *p)
{
    uint32_t indent = (uint32_t)(p - s->start);
    bool dash = is_dash(p);
    const level *top;
    for (; s->depth; close_level(s, p)) {
        top = &s->levels[s->depth - 1];
        if (top->indent < indent)
            return false;
        if (top->indent == indent && (top->kind != FLUSH_LIST || dash))
            return dash == (top->kind != MAP) && (dash ? scan_item(s, p) : scan_key(s, p));
    }
    return false;
}

/* The value that was awaited, if it is one. */
static bool scan_awaited(np_plain *s, const char *p)
{
    const level *top = &s->levels[s->depth - 1];
    uint32_t indent = (uint32_t)(p - s->start);
    if (indent > top->indent) {
        s->pending = false;
        return scan_node(s, p);
    }
    if (indent < top->indent || top->kind != MAP || !is_dash(p)) {
        put_empty(s);
        return scan_entry(s, p);
    }
    s->pending = false;
    return open_level(s, FLUSH_LIST, p) && scan_item(s, p);
}

/* The first node of the document is a collection. */
static bool scan_root(np_plain *s, const char *p)
{
    return scan_node(s, p) && s->depth;
}

static bool scan_line(np_plain *s)
{
    s->start = s->at;
    s->wide = false;
    const char *p = skip_blanks(s->start);
    if (ends_line(p))
        return end_line(s, p);
    if (*p == '#')
        return end_comment(s, p);
    if (s->start - s->loud > QUIET_MOST)
        return false;
    s->loud = s->start;
    /* What begins a line like this may end the document. */
    if (p == s->start && (*p == '.' || (*p == '-' && !is_dash(p))))
        return false;
    if (s->pending)
        return scan_awaited(s, p);
    return s->depth ? scan_entry(s, p) : scan_root(s, p);
}

/* ---- documents ---- */

/* Goes on to a last line without a line feed. False: there is none. */
static bool begin_tail(np_plain *s)
{
    if (s->in_tail || !s->n_tail)
        return false;
    s->in_tail = true;
    s->at = s->loud = s->tail;
    s->end = s->tail + s->n_tail;
    return true;
}

static bool end_document(np_plain *s)
{
    if (s->depth == 0)
        return false;
    s->start = s->at;
    s->wide = false;
    if (s->pending)
        put_empty(s);
    while (s->depth)
        close_level(s, s->at);
    (void)put(s, NP_EVENT_END, s->at);
    s->whole = true;
    return true;
}

/* Fills the window; it may be left empty before the last line. False: given up. */
static bool fill(np_plain *s)
{
    s->put = s->window;
    for (; s->at < s->end && s->put < s->window + WINDOW; s->line++)
        if (!scan_line(s))
            return false;
    if (s->at < s->end)
        return true;
    return s->end - s->loud <= QUIET_MOST && (begin_tail(s) || end_document(s));
}

/* Fills it and asks keep_going. The last event of the document is held back. */
static bool fill_and_ask(np_text *t)
{
    np_plain *s = t->plain;
    bool filled = fill(s);
    t->hand.ready = t->hand.ready_end = s->window;
    t->plain_end = s->put - s->whole;
    return filled && np_text_goes_on(t, (uint64_t)(s->put - s->window) * NP_WORK_OF_EVENT);
}

bool np_plain_more(np_text *t)
{
    if (t->plain->whole) {
        t->plain_end++;
        return true;
    }
    t->plain->window = t->plain->windows[t->plain->window == t->plain->windows[0]];
    do
        if (!fill_and_ask(t)) /* it was stopped, for it was not given up before */
            return np_text_stop(t, NETPOL_INVALID);
    while (t->hand.ready == t->plain_end && !t->plain->whole);
    return t->hand.ready < t->plain_end || np_plain_more(t);
}

/* The lines up to the last line feed are scanned where they are; what follows it is copied. */
static bool split_tail(np_plain *s, np_slice text, size_t *lines)
{
    size_t n = text.n;
    while (n && text.p[n - 1] != '\n')
        n--;
    size_t rest = text.n - n;
    *lines = n;
    s->n_tail = rest ? rest + 1 : 0;
    if (rest > TAIL_MOST)
        return false;
    memcpy(s->tail, text.p + n, rest);
    s->tail[rest] = '\n';
    return true;
}

/* Goes to the beginning, behind a separator. */
static bool begin(np_text *t, size_t lines)
{
    np_plain *s = t->plain;
    s->at = s->loud = s->start = t->piece.text.p;
    s->end = s->at + lines;
    s->line = t->piece.line;
    s->in_tail = s->pending = s->whole = s->wide = false;
    s->window = s->windows[0];
    s->depth = 0;
    s->scalar_most = t->options.max_scalar;
    s->depth_most = t->options.max_depth < DEEPEST ? t->options.max_depth : DEEPEST;
    if (lines < 3 || memcmp(s->at, "---", 3) != 0)
        return true;
    s->line++;
    return end_line(s, s->at + 3);
}

static bool scan(np_text *t)
{
    np_plain *s = t->plain;
    size_t lines;
    if (!split_tail(s, t->piece.text, &lines) || !begin(t, lines) || !fill_and_ask(t))
        return false;
    if (s->whole)
        return true;
    while (!s->whole)
        if (!fill_and_ask(t))
            return false;
    return begin(t, lines) && fill_and_ask(t);
}

bool np_plain_start(np_text *t)
{
    if ((t->options.flags & NETPOL_ONLY_LIBYAML) || t->piece.column != 1)
        return false;
    if (!t->plain)
        t->plain = np_resize(&t->alloc, NULL, 0, sizeof *t->plain);
    if (!t->plain)
        return np_text_stop(t, NETPOL_NO_MEMORY);
    t->is_plain = scan(t);
    t->plain_documents += t->is_plain;
    return t->is_plain;
}

void np_plain_free(np_text *t)
{
    if (t->plain)
        np_release(&t->alloc, t->plain, sizeof *t->plain);
    t->plain = NULL;
}
