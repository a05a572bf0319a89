/* SPDX-License-Identifier: MIT */
/* One line of a query file: a JSON object in, the same object with its answer out. */
#include "port.h"
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
    const char *wrong;          /* with one of them; NULL: nothing */
    np_slice line;              /* the object's text, with its braces */
} query;

#define N_LINE_KEYS (sizeof line_keys / sizeof *line_keys)

/* Where among line_keys; -1: nowhere. */
static int key_at(np_slice name)
{
    for (size_t i = 0; i < N_LINE_KEYS; i++)
        if (np_slice_is(name, line_keys[i].name))
            return (int)i;
    return -1;
}

static bool is_answer_key(np_slice name)
{
    for (size_t i = 0; i < sizeof answer_keys / sizeof *answer_keys; i++)
        if (np_slice_is(name, answer_keys[i]))
            return true;
    return false;
}

/* What a value that is no word looks like, as far as one wants to read it. */
static np_slice shown(const np_event *e)
{
    enum { MOST = 32 };
    if (e->type != NP_EVENT_SCALAR)
        return np_slice_of(e->type == NP_EVENT_SEQ_START ? "a list" : "an object");
    return (np_slice){e->value.p, e->value.n < MOST ? e->value.n : MOST};
}

/* The first thing that is wrong with the words is what the answer tells. */
static void refuse(query *q, const char *name, const char *wanted, np_slice is)
{
    np_buffer b;
    np_buffer_init(&b, &q->arena.alloc);
    np_buffer_format(&b, "\"%s\" must be %s, not %.*s", name, wanted, (int)is.n, is.p);
    if (!q->wrong && !b.failed)
        q->wrong = np_arena_text(&q->arena, b.p, b.n);
    q->arena.failed |= b.failed;
    np_buffer_free(&b);
}

/* Two words that are one protocol: "tcp", "TCP" and "6". */
static bool same_protocol(const char *a, const char *b)
{
    uint8_t x;
    uint8_t y;
    return strcmp(a, b) == 0 || (np_protocol_parse(np_slice_of(a), &x) &&
                                 np_protocol_parse(np_slice_of(b), &y) && x == y);
}

static void keep(query *q, int at, np_slice text)
{
    int key = line_keys[at].key;
    const char *before = q->values[key];
    q->values[key] = np_arena_text(&q->arena, text.p, text.n);
    if (key == KEY_PROTO && before && q->values[key] && !same_protocol(before, q->values[key]))
        refuse(q, line_keys[at].name, "the same under both its names", text);
    if (key == KEY_FAMILY && !np_slice_is(text, "4") && !np_slice_is(text, "6"))
        refuse(q, "family", "4 or 6", text);
}

/* A text or a whole number, else the line has an error for its answer. False: no JSON. */
static bool take_value(query *q, np_text *t, int at)
{
    const np_event *e = np_text_peek(t);
    np_scalar s = {.kind = NP_SCALAR_BAD};
    if (e->type == NP_EVENT_SCALAR)
        s = np_scalar_resolve(e, NULL);
    np_slice text = s.kind == NP_SCALAR_STRING ? s.text : e->value;
    bool word = s.kind == NP_SCALAR_STRING || s.kind == NP_SCALAR_INT;
    if (s.kind == NP_SCALAR_STRING && text.n && memchr(text.p, '\0', text.n))
        return false;
    if (word)
        keep(q, at, text);
    else if (s.kind != NP_SCALAR_NULL && e->type < NP_EVENT_END)
        refuse(q, line_keys[at].name, "a text or a whole number", shown(e));
    return np_text_skip(t);
}

/* A key that is nearly one of a question's is kept, as all others, but hardly meant so. */
static void warn_of_key(np_slice name, netpol_diagnostics *diags)
{
    unsigned most = name.n > 4 ? 2 : 1;
    for (size_t i = 0; diags && i < N_LINE_KEYS && !is_answer_key(name); i++) {
        np_slice known = np_slice_of(line_keys[i].name);
        if (name.n + most < known.n || known.n + most < name.n ||
            np_edit_distance(name, known, most) > most)
            continue;
        np_diag(diags, NP_CODE_QUERY_KEY, NULL, NULL, NULL,
                "the key \"%.*s\" says nothing here; did you mean \"%s\"?", (int)name.n, name.p,
                line_keys[i].name);
        return;
    }
}

/* The entries of the object at hand. False: no object of such entries. */
static bool take_entries(query *q, np_text *t, netpol_diagnostics *diags)
{
    if (np_text_peek(t)->type != NP_EVENT_MAP_START)
        return false;
    np_text_take(t);
    while (np_text_peek(t)->type == NP_EVENT_SCALAR) {
        int at = key_at(np_text_peek(t)->value);
        if (at < 0)
            warn_of_key(np_text_peek(t)->value, diags);
        np_text_take(t);
        if (at < 0 ? !np_text_skip(t) : !take_value(q, t, at))
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
    bool good = status == NETPOL_OK && doc.json && take_entries(q, t, diags);
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
    if (family)
        question.family = *family - '0';
    netpol_diagnostics *why = netpol_diagnostics_new(o);
    netpol_answer *x = NULL;
    netpol_status status = NETPOL_INVALID;
    if (!why)
        return NETPOL_NO_MEMORY;
    if (q->wrong)
        np_diag_text(why, NP_CODE_QUERY_LINE, NULL, NULL, NULL, q->wrong);
    else if (!question.src || !question.dst)
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
