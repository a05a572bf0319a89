/* SPDX-License-Identifier: MIT */
/* The provider of raw events that stands on libyaml; the only file that includes libyaml's header.
 *
 * Each document gets a parser of its own, as upstream: one document's error never reaches the next.
 * Bytes are handed over piece by piece, so a document that fails early was not read whole. */
#include "text.h"
#include "text_inside.h"

#include <yaml.h>

/* libyaml looks ahead this far at most between two events, apart from one scalar. */
#define LOOK_AHEAD (64u << 10)
/* Bytes given at a time. libyaml never holds much more that it has not looked at. */
#define FEED_MOST ((size_t)4 << 10)

struct np_libyaml {
    yaml_parser_t parser;
    struct event {
        yaml_event_t event;
        bool owned;         /* it has memory to give back */
    } events[2];            /* by slot */
    bool started;           /* the parser is to be deleted */
    bool known;             /* its reader is one that put_past_reader knows */
    bool mended;            /* the line feed after a last line without one was given */
    np_slice rest;          /* of the piece: not given yet */
    size_t since_event;     /* bytes given since the last event */
    bool careful;           /* there are flow collections open, or: */
    uint32_t flow;          /* flow collections that are open */
    bool slashes;           /* a backslash stood before a slash somewhere */
    const char *seen;       /* up to here characters were counted, */
    size_t seen_characters; /* this many */
};

/* A byte order mark is no part of what libyaml sees. */
static size_t mark_bytes(np_slice s)
{
    return s.n >= 3 && memcmp(s.p, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

void np_libyaml_stop(np_text *t)
{
    np_libyaml *y = t->libyaml;
    if (!y)
        return;
    for (size_t i = 0; i < 2; i++)
        if (y->events[i].owned)
            yaml_event_delete(&y->events[i].event);
    y->events[0].owned = y->events[1].owned = false;
    if (y->started)
        yaml_parser_delete(&y->parser);
    y->started = false;
}

void np_libyaml_free(np_text *t)
{
    if (t->libyaml)
        np_release(&t->alloc, t->libyaml, sizeof *t->libyaml);
    t->libyaml = NULL;
}

/* ---- places ---- */

static np_spot spot_of(yaml_mark_t m)
{
    return (np_spot){m.line, m.column};
}

static void locate(const np_text *t, np_event *e, const yaml_mark_t *m)
{
    e->line = t->piece.line + (uint32_t)m->line;
    e->column = (m->line == 0 ? t->piece.column : 1) + (uint32_t)m->column;
}

/* ---- failing ---- */

/* Whether libyaml was given more than the longest value since the last event. */
static bool is_too_long(const np_text *t)
{
    return t->libyaml->since_event > (uint64_t)t->options.max_scalar + LOOK_AHEAD;
}

static NP_COLD bool broken(np_text *t)
{
    const yaml_parser_t *p = &t->libyaml->parser;
    if (t->status)
        return false;
    if (p->error == YAML_MEMORY_ERROR)
        return np_text_stop(t, NETPOL_NO_MEMORY);
    if (is_too_long(t)) {
        np_event e;
        locate(t, &e, &p->mark);
        return np_text_fail(t, NETPOL_LIMIT, NP_CODE_LIMIT, e.line, e.column, NULL,
                            "a value or comment of more than %u bytes", t->options.max_scalar);
    }
    if (p->error == YAML_READER_ERROR)
        return np_explain_byte(t, mark_bytes(t->piece.text) + p->problem_offset,
                               strstr(p->problem, "control") != NULL, (uint32_t)p->problem_value);
    np_spot at = spot_of(p->problem_mark);
    return np_explain(t, p->problem ? p->problem : "", p->context, at,
                      p->context ? spot_of(p->context_mark) : at);
}

/* ---- the end of a document ---- */

/* The byte where a character of the piece begins. Asked with growing numbers. */
static const char *byte_of(const np_text *t, size_t character)
{
    np_libyaml *y = t->libyaml;
    const char *end = t->piece.text.p + t->piece.text.n;
    for (; y->seen < end; y->seen++)
        if (((unsigned char)*y->seen & 0xc0) != 0x80 && y->seen_characters++ == character)
            break;
    y->seen_characters -= y->seen < end;
    return y->seen;
}

static bool after_end(np_text *t, uint32_t line, uint32_t column)
{
    return !np_explain_conflict(t) &&
           np_text_fail(t, NETPOL_INVALID, NP_CODE_AFTER_END, line, column,
                        "mend the indentation, or put --- before a new document",
                        "the document has ended before this; Kubernetes would ignore the rest");
}

/* Only blanks, comments and more `...` may follow. */
static bool nothing_follows(np_text *t, const char *p)
{
    const char *end = t->piece.text.p + t->piece.text.n;
    bool comment = false, fresh = false;
    for (; p < end; p++) {
        bool line_feed = *p == '\n' || *p == '\r';
        if (fresh && end - p >= 3 && memcmp(p, "...", 3) == 0)
            p += 2;
        else if (!comment && !line_feed && *p != ' ' && *p != '\t' && *p != '#')
            break;
        else
            comment = !line_feed && (comment || *p == '#');
        fresh = line_feed;
    }
    if (p == end)
        return true;
    uint32_t line, column;
    np_text_place(t, (size_t)(p - t->piece.text.p), &line, &column);
    return after_end(t, line, column);
}

/* Whether the parser has come to the end of the piece. */
static bool is_stream_end(yaml_parser_t *parser)
{
    yaml_event_t e;
    if (!yaml_parser_parse(parser, &e))
        return false;
    bool end = e.type == YAML_STREAM_END_EVENT;
    yaml_event_delete(&e);
    return end;
}

/* Upstream reads one document of a piece and ignores silently what follows it. What libyaml has not
 * been given yet it must not see: forty thousand %TAG lines there would take it seconds. */
static NP_COLD bool end_document(np_text *t, const yaml_event_t *e)
{
    np_libyaml *y = t->libyaml;
    if (!e->data.document_end.implicit)
        return nothing_follows(t, byte_of(t, e->end_mark.index));
    if (y->rest.n == 0 && is_stream_end(&y->parser))
        return true;
    np_event at;
    locate(t, &at, &e->start_mark);
    return after_end(t, at.line, at.column);
}

/* ---- events ---- */

static np_slice text_of(const yaml_char_t *s)
{
    return np_slice_of((const char *)s);
}

/* Both are rare. */
static inline void take_properties(np_raw *out, const yaml_char_t *tag, const yaml_char_t *anchor)
{
    if (tag || anchor) {
        out->event.tag = text_of(tag);
        out->anchor = text_of(anchor);
    }
}

/* libyaml (since 0.2.1) takes `\/` in double quotes for a slash; upstream does not. */
static bool check_slashes(np_text *t, const yaml_event_t *from)
{
    const char *end = t->piece.text.p + t->piece.text.n;
    const char *p = byte_of(t, from->start_mark.index);
    while (p < end && *p != '"')
        p++;
    for (p++; p < end && *p != '"'; p++) {
        if (*p != '\\')
            continue;
        if (end - p > 1 && p[1] == '/') {
            uint32_t line, column;
            np_text_place(t, (size_t)(p - t->piece.text.p), &line, &column);
            return np_text_fail(t, NETPOL_INVALID, NP_CODE_ESCAPE, line, column,
                                "write / without a backslash", "YAML has no escape \\/");
        }
        p++;
    }
    return true;
}

static bool is_slashed(const yaml_event_t *e)
{
    return e->type == YAML_SCALAR_EVENT &&
           e->data.scalar.style == YAML_DOUBLE_QUOTED_SCALAR_STYLE &&
           memchr(e->data.scalar.value, '/', e->data.scalar.length);
}

/* libyaml (since 0.2.3) takes a '?' inside an unquoted text in brackets; upstream does not. */
static bool is_plain_query(const yaml_event_t *e)
{
    return e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           memchr(e->data.scalar.value, '?', e->data.scalar.length);
}

static bool check_in_flow(np_text *t, const yaml_event_t *from, const np_event *e)
{
    if (e->type != NP_EVENT_SCALAR || !is_plain_query(from))
        return true;
    return np_text_fail(t, NETPOL_INVALID, NP_CODE_SYNTAX, e->line, e->column, "quote the value",
                        "a '?' in an unquoted value between brackets");
}

/* What libyaml takes and upstream does not. */
static NP_COLD bool check_carefully(np_text *t, const yaml_event_t *from, const np_event *e)
{
    np_libyaml *y = t->libyaml;
    if (y->flow || e->flow) {
        y->flow += e->type == NP_EVENT_SEQ_START || e->type == NP_EVENT_MAP_START;
        y->flow -= e->type == NP_EVENT_SEQ_END || e->type == NP_EVENT_MAP_END;
    }
    y->careful = y->flow || y->slashes;
    if (y->slashes && is_slashed(from) && !check_slashes(t, from))
        return false;
    return !y->flow || check_in_flow(t, from, e);
}

/* What libyaml's types and styles are to us. */
static const uint8_t types[] = {
    [YAML_STREAM_END_EVENT] = NP_EVENT_END,
    [YAML_DOCUMENT_END_EVENT] = NP_EVENT_END,
    [YAML_ALIAS_EVENT] = NP_RAW_ALIAS,
    [YAML_SCALAR_EVENT] = NP_EVENT_SCALAR,
    [YAML_SEQUENCE_START_EVENT] = NP_EVENT_SEQ_START,
    [YAML_SEQUENCE_END_EVENT] = NP_EVENT_SEQ_END,
    [YAML_MAPPING_START_EVENT] = NP_EVENT_MAP_START,
    [YAML_MAPPING_END_EVENT] = NP_EVENT_MAP_END,
};
static const uint8_t styles[] = {
    [YAML_ANY_SCALAR_STYLE] = NP_STYLE_PLAIN,
    [YAML_PLAIN_SCALAR_STYLE] = NP_STYLE_PLAIN,
    [YAML_SINGLE_QUOTED_SCALAR_STYLE] = NP_STYLE_SINGLE,
    [YAML_DOUBLE_QUOTED_SCALAR_STYLE] = NP_STYLE_DOUBLE,
    [YAML_LITERAL_SCALAR_STYLE] = NP_STYLE_LITERAL,
    [YAML_FOLDED_SCALAR_STYLE] = NP_STYLE_FOLDED,
};

/* The rare ones. */
static NP_COLD bool translate_other(np_text *t, const yaml_event_t *from, np_raw *out)
{
    if (from->type == YAML_ALIAS_EVENT)
        out->anchor = text_of(from->data.alias.anchor);
    return from->type != YAML_DOCUMENT_END_EVENT || end_document(t, from);
}

/* Fills `out`. False: the document failed. */
static bool translate(np_text *t, const yaml_event_t *restrict from, np_raw *restrict out)
{
    np_event *e = &out->event;
    *out = (np_raw){.event = {.type = types[from->type]}};
    locate(t, e, &from->start_mark);
    switch (e->type) {
    case NP_EVENT_SCALAR:
        e->style = styles[from->data.scalar.style];
        e->value = (np_slice){(const char *)from->data.scalar.value, from->data.scalar.length};
        take_properties(out, from->data.scalar.tag, from->data.scalar.anchor);
        return e->value.n <= t->options.max_scalar || np_text_too_long(t, e);
    case NP_EVENT_SEQ_START:
        e->flow = from->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
        take_properties(out, from->data.sequence_start.tag, from->data.sequence_start.anchor);
        return true;
    case NP_EVENT_MAP_START:
        e->flow = from->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE;
        take_properties(out, from->data.mapping_start.tag, from->data.mapping_start.anchor);
        return true;
    case NP_EVENT_SEQ_END:
    case NP_EVENT_MAP_END:
        return true;
    default:
        return translate_other(t, from, out);
    }
}

/* yaml_event_delete is a call that the other events do not need. */
static bool owns_memory(const np_raw *raw)
{
    return raw->event.type == NP_EVENT_SCALAR || raw->anchor.p || raw->event.tag.p;
}

static bool next(np_text *t, np_raw *out)
{
    np_libyaml *y = t->libyaml;
    struct event *e = out == t->slots ? &y->events[0] : &y->events[1];
    if (e->owned)
        yaml_event_delete(&e->event);
    e->owned = false;
    bool parsed;
    while ((parsed = yaml_parser_parse(&y->parser, &e->event)) && types[e->event.type] == 0)
        yaml_event_delete(&e->event); /* the beginning of the stream or the document */
    if (!parsed)
        return broken(t);
    y->since_event = 0;
    bool good = translate(t, &e->event, out);
    e->owned = owns_memory(out);
    if (y->careful || out->event.flow)
        return good && check_carefully(t, &e->event, &out->event);
    return good;
}

/* ---- the parser's life ---- */

/* libyaml passes over a byte order mark at the beginning of a line; upstream takes it as text. It
 * is never meant. */
static bool has_inner_mark(np_text *t, np_slice given)
{
    const char *end = given.p + given.n;
    for (const char *p = given.p; p < end && (p = memchr(p, 0xef, (size_t)(end - p))); p++) {
        bool starts_line = p > t->piece.text.p && (p[-1] == '\n' || p[-1] == '\r');
        if (!starts_line ||
            mark_bytes((np_slice){p, (size_t)(t->piece.text.p + t->piece.text.n - p)}) == 0)
            continue;
        uint32_t line, column;
        np_text_place(t, (size_t)(p - t->piece.text.p), &line, &column);
        (void)np_text_fail(t, NETPOL_INVALID, NP_CODE_NOT_TEXT, line, column, "remove it",
                           "a byte order mark in the middle of the text");
        return true;
    }
    return false;
}

static bool has_slashes(np_slice s)
{
    const char *end = s.p + s.n;
    for (const char *p = s.p; p < end && (p = memchr(p, '\\', (size_t)(end - p))); p++)
        if (end - p == 1 || p[1] == '/')
            return true;
    return false;
}

/* Not a character by itself to libyaml's reader, or none at all. */
static inline bool is_odd(unsigned char c)
{
    return ((unsigned char)(c - ' ') > '~' - ' ') & (c != '\n') & (c != '\r') & (c != '\t');
}

/* How many bytes are characters, each by itself, from the first on. */
static size_t simple_bytes(np_slice s)
{
    size_t n = 0;
    for (; s.n - n >= NP_BLOCK; n += NP_BLOCK) {
        const unsigned char *block = (const unsigned char *)s.p + n;
        unsigned char odd = 0;
        for (size_t i = 0; i < NP_BLOCK; i++)
            odd |= (unsigned char)is_odd(block[i]);
        if (odd)
            break;
    }
    while (n < s.n && !is_odd((unsigned char)s.p[n]))
        n++;
    return n;
}

/* libyaml's reader decodes and checks byte by byte, which takes a sixth of all the time. Bytes that
 * are characters need none of it and are put where it would put them, behind its unread
 * characters. The last one goes the usual way, for it is what makes the reader go on. */
static void put_past_reader(np_libyaml *y, size_t n)
{
    yaml_parser_t *p = &y->parser;
    memcpy(p->buffer.last, y->rest.p, n);
    p->buffer.last += n;
    p->unread += n;
    p->offset += n;
    y->rest = (np_slice){y->rest.p + n, y->rest.n - n};
}

/* The reader must have nothing half read, and room for these bytes and as many more. */
static bool may_pass_reader(const np_libyaml *y, size_t n)
{
    const yaml_parser_t *p = &y->parser;
    return y->known && p->raw_buffer.last == p->raw_buffer.start &&
           (size_t)(p->buffer.end - p->buffer.last) > 2 * FEED_MOST + n;
}

/* libyaml asks for bytes. Zero bytes are the end; 0 is a failure, which ends the document. A last
 * line without a line feed gets one, as kubectl's reader adds it: it counts in block scalars. */
static int feed(void *text, unsigned char *buffer, size_t size, size_t *given)
{
    np_text *t = text;
    np_libyaml *y = t->libyaml;
    size_t most = size < FEED_MOST ? size : FEED_MOST;
    size_t n = most < y->rest.n ? most : y->rest.n;
    *given = n;
    if (n) {
        size_t simple = simple_bytes((np_slice){y->rest.p, n});
        if (simple < n && has_inner_mark(t, (np_slice){y->rest.p, n}))
            return 0;
        y->slashes = y->slashes || has_slashes((np_slice){y->rest.p, n});
        y->careful |= y->slashes;
        simple -= simple == n;
        if (may_pass_reader(y, simple)) {
            put_past_reader(y, simple);
            *given -= simple;
        }
        memcpy(buffer, y->rest.p, *given);
        y->rest = (np_slice){y->rest.p + *given, y->rest.n - *given};
    } else if (!y->mended) {
        y->mended = true;
        buffer[0] = '\n';
        n = *given = 1;
    }
    y->since_event += n;
    t->fed += n;
    return !is_too_long(t) && np_text_goes_on(t, n);
}

/* The parser's fields are in libyaml's header because callers hold it; what they mean is its own
 * affair. All versions up to 0.2.5 agree on it, and none of 0.2 can come to differ unnoticed by
 * test_text_libyaml. */
static bool is_known_reader(void)
{
    int major, minor, patch;
    yaml_get_version(&major, &minor, &patch);
    return major == 0 && minor <= 2;
}

netpol_status np_libyaml_start(np_text *t)
{
    if (!t->libyaml) {
        t->libyaml = np_resize(&t->alloc, NULL, 0, sizeof *t->libyaml);
        if (!t->libyaml)
            return np_text_stop(t, NETPOL_NO_MEMORY), t->status;
        memset(t->libyaml, 0, sizeof *t->libyaml);
        t->libyaml->known = is_known_reader();
    }
    np_libyaml *y = t->libyaml;
    np_slice bytes = t->piece.text;
    size_t mark = mark_bytes(bytes);
    bytes = (np_slice){bytes.p + mark, bytes.n - mark};
    y->rest = bytes;
    y->mended = bytes.n && bytes.p[bytes.n - 1] == '\n';
    y->since_event = 0;
    y->flow = 0;
    y->careful = y->slashes = false;
    y->seen = bytes.p;
    y->seen_characters = 0;
    if (!yaml_parser_initialize(&y->parser))
        return np_text_stop(t, NETPOL_NO_MEMORY), t->status;
    y->started = true;
    yaml_parser_set_encoding(&y->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input(&y->parser, feed, t);
    t->next = next;
    return NETPOL_OK;
}
