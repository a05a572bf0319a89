/* SPDX-License-Identifier: MIT */
/* Opening a text, going from document to document, and how a document fails. */
#include "text.h"
#include "text_inside.h"

/* How many documents of one text may pass the depth limit. Each costs libyaml, which looks up to
 * 1,024 characters ahead, about a million steps when they are all brackets. */
#define MOST_DEEP 16

/* ---- failing ---- */

bool np_text_stop(np_text *t, netpol_status status)
{
    if (t->status)
        return false;
    t->status = status;
    if (status == NETPOL_NO_MEMORY || status == NETPOL_CANCELLED)
        t->ended = status;
    return false;
}

static void say(const np_text *t, int32_t code, const char *hint, const char *format, va_list args)
    __attribute__((format(printf, 4, 0)));

static void say(const np_text *t, int32_t code, const char *hint, const char *format, va_list args)
{
    np_where where = {.source = t->name,
                      .line = t->fail_line,
                      .column = t->fail_column,
                      .document = t->doc.index,
                      .item = -1};
    np_buffer message;
    np_buffer_init(&message, &t->alloc);
    np_buffer_vformat(&message, format, args);
    np_buffer_char(&message, '\0');
    np_diag_text(t->diags, code, &where, NULL, hint,
                 message.failed ? netpol_code_meaning(code) : message.p);
    np_buffer_free(&message);
}

bool np_text_fail(np_text *t, netpol_status status, int32_t code, uint32_t line, uint32_t column,
                  const char *hint, const char *format, ...)
{
    if (t->status)
        return false;
    t->fail_line = line;
    t->fail_column = column;
    if (t->diags) {
        va_list args;
        va_start(args, format);
        say(t, code, hint, format, args);
        va_end(args);
    }
    return np_text_stop(t, status);
}

bool np_text_too_long(np_text *t, const np_event *e)
{
    return np_text_fail(t, NETPOL_LIMIT, NP_CODE_LIMIT, e->line, e->column, NULL,
                        "a value of %zu bytes; the limit is %u", e->value.n, t->options.max_scalar);
}

bool np_text_ask(np_text *t)
{
    t->work = 0;
    if (!t->options.keep_going || t->options.keep_going(t->options.ctx))
        return true;
    return np_text_stop(t, NETPOL_CANCELLED);
}

void np_text_place(const np_text *t, size_t offset, uint32_t *line, uint32_t *column)
{
    const char *p = t->piece.text.p;
    const char *start = p;
    *line = t->piece.line;
    for (const char *end = p + offset; p < end; p++)
        if (*p == '\n') {
            ++*line;
            start = p + 1;
        }
    uint32_t first = start == t->piece.text.p ? t->piece.column : 1;
    *column = first + (uint32_t)np_utf8_count(start, (size_t)(p - start));
}

/* ---- UTF-8 and UTF-16 ---- */

size_t np_utf8_count(const char *p, size_t n)
{
    size_t count = 0;
    const char *end = p + n;
    for (; end - p >= NP_BLOCK; p += NP_BLOCK) {
        unsigned char some = 0;
        for (size_t i = 0; i < NP_BLOCK; i++)
            some = (unsigned char)(some + (((unsigned char)p[i] & 0xc0) != 0x80));
        count += some;
    }
    for (; p < end; p++)
        count += ((unsigned char)*p & 0xc0) != 0x80;
    return count;
}

size_t np_utf8_mend(const char *p, size_t n, char *out)
{
    size_t at = 0;
    for (size_t i = 0; i < n;) {
        uint32_t ignored;
        size_t bytes = np_utf8_read(p + i, n - i, &ignored);
        memcpy(out + at, bytes ? p + i : "\xef\xbf\xbd", bytes ? bytes : 3);
        at += bytes ? bytes : 3;
        i += bytes ? bytes : 1;
    }
    return at;
}

size_t np_utf8_put(uint32_t r, char *out)
{
    if (r < 0x80) {
        out[0] = (char)r;
        return 1;
    }
    size_t more = r < 0x800 ? 1 : r < 0x10000 ? 2 : 3;
    static const unsigned lead[] = {0, 0xc0, 0xe0, 0xf0};
    out[0] = (char)(lead[more] | r >> 6 * more);
    for (size_t i = 1; i <= more; i++)
        out[i] = (char)(0x80 | (r >> 6 * (more - i) & 0x3f));
    return more + 1;
}

static uint32_t unit_at(const unsigned char *p, bool big)
{
    return big ? (uint32_t)p[0] << 8 | p[1] : (uint32_t)p[1] << 8 | p[0];
}

/* UTF-16 to UTF-8. A lone surrogate becomes the three bytes that its number would have: no UTF-8,
 * so the reader refuses it at its place. An odd last byte becomes 0xff. 0: cancelled. */
static size_t transcode(np_text *t, const unsigned char *p, size_t n, bool big, char *out)
{
    size_t at = 0;
    size_t i = 0;
    for (; i + 1 < n; i += 2) {
        if (i % NP_WORK_PER_QUESTION < 4 && !np_text_goes_on(t, NP_WORK_PER_QUESTION))
            return 0;
        uint32_t r = unit_at(p + i, big);
        uint32_t low = i + 3 < n ? unit_at(p + i + 2, big) : 0;
        if ((r & 0xfc00) == 0xd800 && (low & 0xfc00) == 0xdc00) {
            r = 0x10000 + ((r & 0x3ff) << 10) + (low & 0x3ff);
            i += 2;
        }
        at += np_utf8_put(r, out + at);
    }
    if (i < n)
        out[at++] = (char)0xff;
    return at;
}

/* Where the text is UTF-16 by its mark, replaces it by UTF-8. */
static netpol_status decode(np_text *t, const char **bytes, size_t *n)
{
    const unsigned char *u = (const unsigned char *)*bytes;
    bool little = *n >= 2 && u[0] == 0xff && u[1] == 0xfe;
    bool big = *n >= 2 && u[0] == 0xfe && u[1] == 0xff;
    if (!little && !big)
        return NETPOL_OK;
    size_t units = *n - 2;
    if (units > t->options.max_memory / 2) {
        (void)np_text_fail(t, NETPOL_LIMIT, NP_CODE_LIMIT, 0, 0, NULL,
                           "reading this UTF-16 text would take more than %llu bytes of memory",
                           (unsigned long long)t->options.max_memory);
        return NETPOL_LIMIT;
    }
    t->transcoded_room = units + units / 2 + 4;
    t->transcoded = np_resize(&t->alloc, NULL, 0, t->transcoded_room);
    if (!t->transcoded)
        return NETPOL_NO_MEMORY;
    *n = transcode(t, u + 2, units, big, t->transcoded);
    *bytes = t->transcoded;
    return t->status;
}

/* ---- opening ---- */

static np_text *text_new(const netpol_options *o, const char *name, netpol_diagnostics *diags)
{
    np_text *t = np_resize(o->allocator, NULL, 0, sizeof *t);
    if (!t)
        return NULL;
    *t = (np_text){
        .options = *o, .alloc = *o->allocator, .name = name, .diags = diags, .over = true};
    t->hand = (np_text_hand){.now = &t->slots[0].event, .last = &t->slots[1].event};
    np_tape_init(t);
    np_arena_init(&t->record.texts, &t->alloc, 1024);
    t->record.texts.max = t->options.max_memory;
    for (size_t i = 0; i < 2; i++)
        np_buffer_init(&t->scan.decoded[i], &t->alloc);
    np_buffer_init(&t->cut.nesting, &t->alloc);
    return t;
}

static netpol_status open_bytes(np_text *t, const char *bytes, size_t n)
{
    if (n > t->options.max_bytes) {
        (void)np_text_fail(t, NETPOL_LIMIT, NP_CODE_LIMIT, 0, 0, NULL,
                           "the input has %zu bytes; the limit is %llu", n,
                           (unsigned long long)t->options.max_bytes);
        return NETPOL_LIMIT;
    }
    netpol_status s = decode(t, &bytes, &n);
    if (s)
        return s;
    bool marked = n >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0;
    np_cut_start(t, bytes + (marked ? 3 : 0), n - (marked ? 3 : 0), marked);
    return NETPOL_OK;
}

netpol_status np_text_open(np_text **out, const netpol_options *o, const char *name,
                           const void *bytes, size_t n, netpol_diagnostics *diags)
{
    np_text *t = text_new(o, name, diags);
    if (!t)
        return NETPOL_NO_MEMORY;
    netpol_status s = open_bytes(t, n ? bytes : "", n);
    if (s)
        np_text_close(t);
    else
        *out = t;
    return s;
}

void np_text_close(np_text *t)
{
    if (!t)
        return;
    netpol_allocator alloc = t->alloc;
    np_events_stop(t);
    np_libyaml_free(t);
    np_plain_free(t);
    np_json_free(t);
    np_tape_free(t);
    np_arena_free(&t->record.texts);
    np_release(&alloc, t->record.events.at, t->record.events.room * sizeof *t->record.events.at);
    np_release(&alloc, t->frames.at, t->frames.room * sizeof *t->frames.at);
    np_buffer_free(&t->cut.nesting);
    np_release(&alloc, t->transcoded, t->transcoded_room);
    np_release(&alloc, t, sizeof *t);
}

/* ---- from document to document ---- */

/* Whether there is nothing in the document, or nothing but a null: kubectl passes over those. */
static bool is_empty_document(np_text *t)
{
    const np_event *e = np_text_peek(t);
    if (e->type != NP_EVENT_SCALAR)
        return e->type == NP_EVENT_END;
    if (np_scalar_resolve(e, NULL).kind != NP_SCALAR_NULL)
        return false;
    np_text_record(t);
    np_text_take(t);
    bool alone = np_text_peek(t)->type == NP_EVENT_END;
    np_text_rewind(t);
    return alone;
}

static netpol_status end_text(np_text *t, const char *why)
{
    t->ended = NETPOL_LIMIT;
    np_text_fail(t, NETPOL_LIMIT, NP_CODE_LIMIT, t->piece.line, t->piece.column, NULL, "%s", why);
    return NETPOL_LIMIT;
}

/* What begins with the marker of a merge conflict reads as a text of several lines, up to a colon.
 */
static bool begins_with_conflict(np_text *t)
{
    np_slice s = t->doc.text;
    const char *lf = memchr(s.p, '\n', s.n);
    return np_text_peek(t)->type == NP_EVENT_SCALAR && lf && lf + 1 < s.p + s.n &&
           np_explain_conflict(t);
}

/* NETPOL_NOT_FOUND: it is empty. */
static netpol_status begin_document(np_text *t)
{
    netpol_status s = np_cut_next(t);
    t->doc.text = np_cut_content(t->piece.text);
    t->doc.json = t->piece.json;
    t->doc.line = t->piece.line;
    if (!s)
        s = np_events_start(t);
    if (!s && is_empty_document(t))
        return NETPOL_NOT_FOUND;
    return !s && begins_with_conflict(t) ? NETPOL_INVALID : s;
}

netpol_status np_text_next(np_text *t, np_document *doc)
{
    netpol_status s;
    do {
        np_events_stop(t);
        if (t->ended)
            return t->ended;
        t->status = NETPOL_OK;
        t->doc = (np_document){.index = t->documents};
        if (t->deep > MOST_DEEP)
            return end_text(t, "too many documents are nested too deeply; the rest is not read");
        s = begin_document(t);
    } while (s == NETPOL_NOT_FOUND && !t->ended);
    if (s == NETPOL_NOT_FOUND || (t->ended && t->status == t->ended))
        return t->ended;
    if (t->documents >= t->options.max_documents)
        return end_text(t,
                        "the input has more documents than the limit allows; the rest is not read");
    t->documents++;
    t->doc.line = t->status ? t->fail_line : np_text_peek(t)->line;
    *doc = t->doc;
    return t->status == NETPOL_INVALID ? NETPOL_INVALID : NETPOL_OK;
}

netpol_status np_text_status(const np_text *t)
{
    return t->status;
}

/* ---- a look ahead ---- */

static void scout_value(np_text *t, const char **value, np_arena *arena, size_t *found)
{
    const np_event *e = np_text_peek(t);
    if (e->type != NP_EVENT_SCALAR || np_scalar_resolve(e, NULL).kind != NP_SCALAR_STRING)
        return;
    const char *copy = np_arena_text(arena, e->value.p, e->value.n);
    *found += copy && !*value;
    if (copy)
        *value = copy;
}

static void scout_map(np_text *t, const char *const *keys, const char **values, size_t n,
                      np_arena *arena)
{
    size_t found = 0;
    while (found < n && np_text_peek(t)->type == NP_EVENT_SCALAR) {
        np_slice key = np_text_peek(t)->value;
        size_t which = 0;
        while (which < n && !np_slice_is(key, keys[which]))
            which++;
        np_text_take(t);
        if (which < n)
            scout_value(t, &values[which], arena, &found);
        if (!np_text_skip(t))
            return;
    }
}

bool np_text_scout(np_text *t, const char *const *keys, const char **values, size_t n,
                   np_arena *arena)
{
    netpol_options o = t->options;
    o.allocator = &t->alloc;
    np_text *second = text_new(&o, t->name, NULL);
    if (!second)
        return false;
    second->piece = t->piece;
    if (!np_events_start(second) && np_text_peek(second)->type == NP_EVENT_MAP_START) {
        np_text_take(second);
        scout_map(second, keys, values, n, arena);
    }
    t->fed += second->fed;
    bool good = second->status != NETPOL_NO_MEMORY && !arena->failed;
    np_text_close(second);
    return good;
}
