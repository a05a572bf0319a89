/* SPDX-License-Identifier: MIT */
/* One line of a query file: a JSON object in, the same object with its answer out. */
#include "question.h"
#include "text.h"

/* The words of the question that a line may hold. */
enum { KEY_SRC, KEY_DST, KEY_PROTO, KEY_PORT, KEY_FAMILY, KEY_NAMESPACE, N_KEYS };

static const struct {
    const char *name;
    int key;
} line_keys[] = {
    {"src", KEY_SRC},
    {"dst", KEY_DST},
    {"proto", KEY_PROTO},
    {"protocol", KEY_PROTO},
    {"port", KEY_PORT},
    {"family", KEY_FAMILY},
    {"namespace", KEY_NAMESPACE},
};

/* What the answer brings; the line's own values of these keys give way. */
static const char *const answer_keys[] = {"verdict", "depends", "error", "ignored_policies",
                                          "incomplete"};

typedef struct query {
    np_arena arena;
    const char *values[N_KEYS]; /* NULL: absent or null */
    np_slice line;              /* the object's text, with its braces */
} query;

static int key_of(np_slice name)
{
    for (size_t i = 0; i < sizeof line_keys / sizeof *line_keys; i++)
        if (np_slice_is(name, line_keys[i].name))
            return line_keys[i].key;
    return -1;
}

static bool is_answer_key(np_slice name)
{
    for (size_t i = 0; i < sizeof answer_keys / sizeof *answer_keys; i++)
        if (np_slice_is(name, answer_keys[i]))
            return true;
    return false;
}

/* A text or a number; false: another value. */
static bool take_value(query *q, np_text *t, int key)
{
    const np_event *e = np_text_peek(t);
    if (e->type != NP_EVENT_SCALAR)
        return false;
    np_scalar s = np_scalar_resolve(e, NULL);
    np_slice text = s.kind == NP_SCALAR_STRING ? s.text : e->value;
    if (s.kind != NP_SCALAR_STRING && s.kind != NP_SCALAR_INT && s.kind != NP_SCALAR_NULL)
        return false;
    if (text.n && memchr(text.p, '\0', text.n))
        return false;
    if (s.kind != NP_SCALAR_NULL)
        q->values[key] = np_arena_text(&q->arena, text.p, text.n);
    np_text_take(t);
    return true;
}

/* The entries of the object at hand. False: no object of such entries. */
static bool take_entries(query *q, np_text *t)
{
    if (np_text_peek(t)->type != NP_EVENT_MAP_START)
        return false;
    np_text_take(t);
    while (np_text_peek(t)->type == NP_EVENT_SCALAR) {
        int key = key_of(np_text_peek(t)->value);
        np_text_take(t);
        if (key < 0 ? !np_text_skip(t) : !take_value(q, t, key))
            return false;
    }
    if (np_text_peek(t)->type != NP_EVENT_MAP_END)
        return false;
    np_text_take(t);
    return np_text_peek(t)->type == NP_EVENT_END;
}

static netpol_status parse(query *q, const netpol_options *o, np_slice line,
                           netpol_diagnostics *diags)
{
    np_text *t = NULL;
    np_document doc;
    netpol_status status = np_text_open(&t, o, "question", line.p, line.n, diags);
    if (status != NETPOL_OK)
        return status;
    status = np_text_next(t, &doc);
    bool good = status == NETPOL_OK && doc.json && take_entries(q, t);
    if (status == NETPOL_OK)
        status = np_text_status(t);
    if (good)
        good = np_text_next(t, &doc) == NETPOL_NOT_FOUND;
    np_text_close(t);
    if (q->arena.failed || status == NETPOL_NO_MEMORY)
        return NETPOL_NO_MEMORY;
    if (good)
        return NETPOL_OK;
    if (status == NETPOL_OK || status == NETPOL_NOT_FOUND)
        np_diag(diags, NP_CODE_QUERY_LINE, NULL, NULL, NULL,
                "a question is a JSON object with texts or numbers");
    return NETPOL_INVALID;
}

/* ---- the line again ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static size_t skip_blanks(np_slice s, size_t at)
{
    while (at < s.n && is_blank(s.p[at]))
        at++;
    return at;
}

/* Behind the string that begins at `at`. */
static size_t skip_string(np_slice s, size_t at)
{
    for (at++; at < s.n && s.p[at] != '"'; at++)
        at += s.p[at] == '\\';
    return at + 1;
}

/* Behind the value that begins at `at`: the text is known to be JSON. */
static size_t skip_value(np_slice s, size_t at)
{
    size_t depth = 0;
    while (at < s.n) {
        char c = s.p[at];
        if (depth == 0 && (c == ',' || c == '}' || is_blank(c)))
            return at;
        if (c == '"') {
            at = skip_string(s, at);
        } else {
            depth += c == '{' || c == '[';
            depth -= c == '}' || c == ']';
            at++;
        }
        if (depth == 0 && (c == '"' || c == '}' || c == ']'))
            return at;
    }
    return at;
}

/* Copies the entries as they were written, but for those that the answer brings. */
static void copy_entries(np_buffer *b, np_slice s)
{
    const char *before = "{";
    size_t at = skip_blanks(s, 0) + 1;
    for (at = skip_blanks(s, at); at < s.n && s.p[at] == '"'; at = skip_blanks(s, at)) {
        size_t name_end = skip_string(s, at);
        np_slice name = {s.p + at + 1, name_end - at - 2};
        size_t value = skip_blanks(s, skip_blanks(s, name_end) + 1);
        size_t end = skip_value(s, value);
        if (!is_answer_key(name)) {
            np_buffer_text(b, before);
            np_buffer_add(b, s.p + at, end - at);
            before = ",";
        }
        at = skip_blanks(s, end);
        at += at < s.n && s.p[at] == ',';
    }
    np_buffer_text(b, before);
}

static void answered(np_buffer *b, const netpol_engine *engine, const char *verdict,
                     uint32_t depends)
{
    np_buffer_format(b, "\"verdict\":\"%s\",\"depends\":", verdict);
    np_depends_json(b, depends);
    if (engine->snapshot->foreign)
        np_buffer_format(b, ",\"ignored_policies\":%zu", engine->snapshot->foreign);
    if (engine->snapshot->incomplete)
        np_buffer_text(b, ",\"incomplete\":true");
}

static void refused(np_buffer *b, const netpol_engine *engine, const netpol_diagnostics *why)
{
    const netpol_diagnostic *first = netpol_diagnostics_at(why, 0);
    answered(b, engine, "error", 0);
    np_buffer_text(b, ",\"error\":");
    np_buffer_json(b, np_slice_of(first ? first->message : "this cannot be answered"));
}

static netpol_status ask(const netpol_engine *engine, const query *q, np_buffer *b,
                         const netpol_options *o)
{
    const char *family = q->values[KEY_FAMILY];
    netpol_question question = {.size = sizeof question,
                                .src = q->values[KEY_SRC],
                                .dst = q->values[KEY_DST],
                                .protocol = q->values[KEY_PROTO],
                                .port = q->values[KEY_PORT],
                                .namespace_name = q->values[KEY_NAMESPACE]};
    if (family && (strcmp(family, "4") == 0 || strcmp(family, "6") == 0))
        question.family = *family - '0';
    netpol_diagnostics *why = netpol_diagnostics_new(o);
    netpol_answer *x = NULL;
    netpol_status status = NETPOL_INVALID;
    if (!why)
        return NETPOL_NO_MEMORY;
    if (!question.src || !question.dst)
        np_diag(why, NP_CODE_QUERY_LINE, NULL, NULL, NULL, "src or dst is missing");
    else
        status = netpol_engine_ask(engine, &question, &x, why);
    if (status == NETPOL_OK)
        answered(b, engine, np_outcome_name(x->outcome), x->depends);
    else if (status != NETPOL_NO_MEMORY)
        refused(b, engine, why);
    netpol_answer_free(x);
    netpol_diagnostics_free(why);
    return status == NETPOL_NO_MEMORY ? status : NETPOL_OK;
}

netpol_status netpol_engine_answer_line(const netpol_engine *engine, const char *line, size_t n,
                                        const netpol_sink *to, netpol_diagnostics *diags)
{
    netpol_options o;
    if (!engine || (!line && n) || !to || !to->write || !np_options_read(NULL, &o))
        return NETPOL_MISUSE;
    o.allocator = &engine->alloc;
    query q = {.line = {line, n}};
    np_buffer b;
    np_arena_init(&q.arena, &engine->alloc, 512);
    np_buffer_init(&b, &engine->alloc);
    netpol_status status = parse(&q, &o, q.line, diags);
    if (status == NETPOL_OK) {
        copy_entries(&b, q.line);
        status = ask(engine, &q, &b, &o);
        np_buffer_text(&b, "}\n");
    }
    if (status == NETPOL_OK)
        status = np_buffer_flush(&b, to);
    np_buffer_free(&b);
    np_arena_free(&q.arena);
    return status;
}
