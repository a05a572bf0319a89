/* SPDX-License-Identifier: MIT */
/* kubectl's text form of selectors, read and written. */
#include "labels.h"
#include "selector.h"

#include <stdlib.h>

struct netpol_selector {
    np_arena arena; /* holds this struct too */
    netpol_label_selector tree;
};

/* One requirement on its way in or out; `op` NULL is equality with the only value. */
typedef struct draft {
    const char *key;
    const char *op;
    const char *const *values;
    size_t n_values;
    size_t order; /* of appearance: keeps sorting by key stable */
} draft;

typedef struct drafts {
    draft *at;
    size_t n;
    size_t room;
} drafts;

static int by_key(const void *a, const void *b)
{
    const draft *x = a;
    const draft *y = b;
    int c = strcmp(x->key, y->key);
    if (c)
        return c;
    return x->order < y->order ? -1 : x->order > y->order;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void sort_drafts(drafts *d)
{
    if (d->n)
        qsort(d->at, d->n, sizeof *d->at, by_key);
}

/* ---- reading ---- */

typedef enum token {
    T_END,
    T_WORD, /* a key, a value, or the words "in" and "notin" */
    T_COMMA,
    T_OPEN,
    T_CLOSE,
    T_NOT,
    T_EQUAL,
    T_NOT_EQUAL,
    T_ORDER /* > or < */
} token;

typedef struct reader {
    np_slice text;
    size_t at;    /* behind the current token */
    size_t begin; /* of the current token */
    token token;
    np_arena *arena;
    netpol_diagnostics *diags;
    drafts drafts;
    bool no_memory;
} reader;

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_special(char c)
{
    return c == '=' || c == '!' || c == '(' || c == ')' || c == ',' || c == '>' || c == '<';
}

static token special_token(reader *r)
{
    char c = r->text.p[r->at++];
    bool equal_follows = r->at < r->text.n && r->text.p[r->at] == '=';
    switch (c) {
    case ',':
        return T_COMMA;
    case '(':
        return T_OPEN;
    case ')':
        return T_CLOSE;
    case '=':
        r->at += equal_follows;
        return T_EQUAL;
    case '!':
        r->at += equal_follows;
        return equal_follows ? T_NOT_EQUAL : T_NOT;
    default:
        return T_ORDER;
    }
}

static void next(reader *r)
{
    while (r->at < r->text.n && is_blank(r->text.p[r->at]))
        r->at++;
    r->begin = r->at;
    if (r->at == r->text.n) {
        r->token = T_END;
        return;
    }
    if (is_special(r->text.p[r->at])) {
        r->token = special_token(r);
        return;
    }
    r->token = T_WORD;
    while (r->at < r->text.n && !is_blank(r->text.p[r->at]) && !is_special(r->text.p[r->at]))
        r->at++;
}

static np_slice token_text(const reader *r)
{
    return (np_slice){r->text.p + r->begin, r->at - r->begin};
}

/* Line and column of the current token, counted in characters. */
static np_where token_where(const reader *r)
{
    np_where w = {.line = 1, .column = 1, .item = -1};
    for (size_t i = 0; i < r->begin; i++) {
        if (r->text.p[i] == '\n') {
            w.line++;
            w.column = 1;
        } else if (((unsigned char)r->text.p[i] & 0xc0) != 0x80) {
            w.column++;
        }
    }
    return w;
}

/* Says `before`, the current token in quotes, `after`. Always false. */
static bool refuse(reader *r, int32_t code, const char *before, const char *after)
{
    np_buffer b;
    np_buffer_init(&b, &r->arena->alloc);
    np_buffer_text(&b, before);
    if (r->token == T_END)
        np_buffer_text(&b, "the end");
    else
        np_buffer_quote(&b, token_text(r));
    np_buffer_text(&b, after);
    np_buffer_char(&b, '\0');
    np_where where = token_where(r);
    if (b.failed)
        r->no_memory = true;
    else
        np_diag_text(r->diags, code, &where, NULL, NULL, b.p);
    np_buffer_free(&b);
    return false;
}

static bool expected(reader *r, const char *what)
{
    return refuse(r, NP_CODE_SELECTOR_TEXT, "found ", what);
}

static bool refuse_fault(reader *r, np_fault fault)
{
    np_buffer after;
    np_buffer_init(&after, &r->arena->alloc);
    np_buffer_text(&after, ": ");
    np_buffer_text(&after, fault.text);
    np_buffer_char(&after, '\0');
    if (after.failed)
        r->no_memory = true;
    else
        refuse(r, NP_CODE_SELECTOR_LABEL, "", after.p);
    np_buffer_free(&after);
    return false;
}

static const char *keep_token(reader *r)
{
    np_slice s = token_text(r);
    const char *copy = np_arena_text(r->arena, s.p, r->token == T_WORD ? s.n : 0);
    if (!copy)
        r->no_memory = true;
    return copy;
}

/* The current word as a value; a missing one is the empty value. */
static const char *read_value(reader *r)
{
    if (r->token == T_WORD) {
        np_faults f = np_label_value_faults(token_text(r));
        if (f.n) {
            refuse_fault(r, f.at[0]);
            return NULL;
        }
    }
    return keep_token(r);
}

typedef struct values {
    const char **at;
    size_t n;
    size_t room;
} values;

static bool add_value(reader *r, values *v)
{
    const char *value = read_value(r);
    if (!value)
        return false;
    if (!np_grow(&r->arena->alloc, (void **)&v->at, &v->room, v->n + 1, sizeof *v->at)) {
        r->no_memory = true;
        return false;
    }
    v->at[v->n++] = value;
    return true;
}

/* What stands between the parentheses: words and commas, where a missing word is a value too. */
static bool read_list(reader *r, values *v)
{
    bool missing = true; /* no word since the last comma */
    while (r->token == T_WORD || r->token == T_COMMA) {
        if (r->token == T_WORD && !missing)
            return expected(r, ", expected a comma or ')'");
        if ((r->token == T_WORD || missing) && !add_value(r, v))
            return false;
        missing = r->token == T_COMMA;
        next(r);
    }
    if (r->token != T_CLOSE)
        return expected(r, missing ? ", expected a value or ')'" : ", expected a comma or ')'");
    return !missing || add_value(r, v);
}

/* A set has no order and no doubles. */
static bool keep_set(reader *r, values *v, draft *d)
{
    qsort(v->at, v->n, sizeof *v->at, by_text);
    const char **set = NP_NEW_ARRAY(r->arena, const char *, v->n);
    if (!set) {
        r->no_memory = true;
        return false;
    }
    size_t n = 0;
    for (size_t i = 0; i < v->n; i++)
        if (i == 0 || strcmp(v->at[i], v->at[i - 1]) != 0)
            set[n++] = v->at[i];
    d->values = set;
    d->n_values = n;
    return true;
}

static bool read_set(reader *r, draft *d)
{
    if (r->token != T_OPEN)
        return expected(r, ", expected '('");
    next(r);
    values v = {.n = 0};
    bool good = read_list(r, &v) && keep_set(r, &v, d);
    np_release(&r->arena->alloc, v.at, v.room * sizeof *v.at);
    if (good)
        next(r);
    return good;
}

static bool read_one(reader *r, draft *d)
{
    bool missing = r->token == T_END || r->token == T_COMMA;
    if (!missing && r->token != T_WORD)
        return expected(r, ", expected a value");
    values v = {.n = 0};
    bool good = add_value(r, &v) && keep_set(r, &v, d);
    np_release(&r->arena->alloc, v.at, v.room * sizeof *v.at);
    if (good && !missing)
        next(r);
    return good;
}

static bool read_operation(reader *r, draft *d)
{
    token t = r->token;
    if (t == T_EQUAL || t == T_NOT_EQUAL) {
        d->op = t == T_EQUAL ? NULL : "NotIn";
        next(r);
        return read_one(r, d);
    }
    if (t == T_ORDER)
        return refuse(r, NP_CODE_SELECTOR_ORDER, "",
                      " is not supported in the selectors of policies");
    if (t != T_WORD || (!np_slice_is(token_text(r), "in") && !np_slice_is(token_text(r), "notin")))
        return expected(r, ", expected a comma, '=', '==', '!=', 'in' or 'notin'");
    d->op = np_slice_is(token_text(r), "in") ? "In" : "NotIn";
    next(r);
    return read_set(r, d);
}

static bool read_requirement(reader *r, draft *d)
{
    bool negated = r->token == T_NOT;
    if (negated)
        next(r);
    if (r->token != T_WORD)
        return expected(r, ", expected a label key");
    np_faults f = np_label_key_faults(token_text(r));
    if (f.n)
        return refuse_fault(r, f.at[0]);
    d->key = keep_token(r);
    if (!d->key)
        return false;
    next(r);
    d->op = negated ? "DoesNotExist" : "Exists";
    if (negated || r->token == T_END || r->token == T_COMMA)
        return true;
    return read_operation(r, d);
}

static bool read_text(reader *r)
{
    next(r);
    if (r->token == T_END)
        return true;
    for (;;) {
        draft d = {.order = r->drafts.n};
        if (!read_requirement(r, &d))
            return false;
        if (!np_grow(&r->arena->alloc, (void **)&r->drafts.at, &r->drafts.room, r->drafts.n + 1,
                     sizeof d)) {
            r->no_memory = true;
            return false;
        }
        r->drafts.at[r->drafts.n++] = d;
        if (r->token == T_END)
            return true;
        if (r->token != T_COMMA)
            return expected(r, ", expected a comma or the end");
        next(r);
    }
}

static netpol_requirement *keep_requirement(np_arena *arena, const draft *d)
{
    netpol_requirement *r = NP_NEW(arena, netpol_requirement);
    if (r)
        *r = (netpol_requirement){d->key, d->op ? d->op : "In", d->values, d->n_values};
    return r;
}

/* Sorted drafts to the API's struct. A second, different value for one key does not fit into
 * matchLabels: it becomes an expression, so that nothing of the text is lost. */
static bool build_tree(np_arena *arena, const drafts *d, netpol_label_selector *tree)
{
    netpol_label *labels = NP_NEW_ARRAY(arena, netpol_label, d->n);
    const netpol_requirement **expressions = NP_NEW_ARRAY(arena, const netpol_requirement *, d->n);
    if (!labels || !expressions)
        return false;
    tree->match_labels = labels;
    tree->match_expressions = expressions;
    for (size_t i = 0; i < d->n; i++) {
        const draft *x = &d->at[i];
        netpol_label *last = tree->n_match_labels ? &labels[tree->n_match_labels - 1] : NULL;
        bool again = !x->op && last && strcmp(last->key, x->key) == 0;
        if (again && strcmp(last->value, x->values[0]) == 0)
            continue;
        if (!x->op && !again) {
            labels[tree->n_match_labels++] = (netpol_label){x->key, x->values[0]};
            continue;
        }
        expressions[tree->n_match_expressions] = keep_requirement(arena, x);
        if (!expressions[tree->n_match_expressions++])
            return false;
    }
    return true;
}

static netpol_status parse(np_slice text, np_arena *arena, netpol_label_selector *tree,
                           netpol_diagnostics *diags)
{
    reader r = {.text = text, .arena = arena, .diags = diags};
    bool good = read_text(&r);
    if (good) {
        sort_drafts(&r.drafts);
        r.no_memory = !build_tree(arena, &r.drafts, tree);
    }
    np_release(&arena->alloc, r.drafts.at, r.drafts.room * sizeof *r.drafts.at);
    if (r.no_memory)
        return NETPOL_NO_MEMORY;
    return good ? NETPOL_OK : NETPOL_INVALID;
}

netpol_status netpol_selector_parse(const char *text, const netpol_options *options,
                                    netpol_selector **out, netpol_diagnostics *diags)
{
    netpol_options o;
    if (!text || !out || !np_options_read(options, &o))
        return NETPOL_MISUSE;
    np_arena arena;
    np_arena_init(&arena, o.allocator, 512);
    netpol_selector *s = NP_NEW(&arena, netpol_selector);
    netpol_status status = s ? parse(np_slice_of(text), &arena, &s->tree, diags) : NETPOL_NO_MEMORY;
    if (status != NETPOL_OK) {
        np_arena_free(&arena);
        return status;
    }
    s->arena = arena;
    *out = s;
    return NETPOL_OK;
}

void netpol_selector_free(netpol_selector *selector)
{
    if (!selector)
        return;
    np_arena arena = selector->arena;
    np_arena_free(&arena);
}

const netpol_label_selector *netpol_selector_tree(const netpol_selector *selector)
{
    return selector ? &selector->tree : NULL;
}

/* ---- writing ---- */

static bool are_good_values(const draft *d)
{
    for (size_t i = 0; i < d->n_values; i++)
        if (!d->values[i] || np_label_value_faults(np_slice_of(d->values[i])).n)
            return false;
    return true;
}

/* Whether the API accepts the requirement: only then can its text be read back. */
static bool is_good(const draft *d)
{
    if (!d->key || np_label_key_faults(np_slice_of(d->key)).n || !are_good_values(d))
        return false;
    if (!d->op || strcmp(d->op, "In") == 0 || strcmp(d->op, "NotIn") == 0)
        return d->n_values > 0;
    return d->n_values == 0 && (strcmp(d->op, "Exists") == 0 || strcmp(d->op, "DoesNotExist") == 0);
}

/* What a requirement of the struct says; false if there is none. */
static bool draft_expression(const netpol_requirement *r, size_t order, draft *out)
{
    if (!r)
        return false;
    *out = (draft){r->key, r->op ? r->op : "", r->values, r->n_values, order};
    return is_good(out);
}

static bool collect(const netpol_label_selector *s, drafts *d)
{
    for (size_t i = 0; i < s->n_match_labels; i++) {
        draft x = {s->match_labels[i].key, NULL, &s->match_labels[i].value, 1, d->n};
        if (!is_good(&x))
            return false;
        d->at[d->n++] = x;
    }
    for (size_t i = 0; i < s->n_match_expressions; i++) {
        if (!draft_expression(s->match_expressions[i], d->n, &d->at[d->n]))
            return false;
        d->n++;
    }
    return true;
}

static bool write_values(np_buffer *b, np_arena *scratch, const draft *d)
{
    const char **sorted = NP_NEW_ARRAY(scratch, const char *, d->n_values);
    if (!sorted)
        return false;
    memcpy(sorted, d->values, d->n_values * sizeof *sorted);
    qsort(sorted, d->n_values, sizeof *sorted, by_text);
    np_buffer_char(b, '(');
    for (size_t i = 0; i < d->n_values; i++) {
        if (i > 0)
            np_buffer_char(b, ',');
        np_buffer_text(b, sorted[i]);
    }
    np_buffer_char(b, ')');
    return true;
}

static bool write_draft(np_buffer *b, np_arena *scratch, const draft *d)
{
    if (d->op && strcmp(d->op, "DoesNotExist") == 0)
        np_buffer_char(b, '!');
    np_buffer_text(b, d->key);
    if (!d->op) {
        np_buffer_char(b, '=');
        np_buffer_text(b, d->values[0]);
        return true;
    }
    if (d->n_values == 0)
        return true;
    np_buffer_text(b, strcmp(d->op, "In") == 0 ? " in " : " notin ");
    return write_values(b, scratch, d);
}

static netpol_status format(const netpol_label_selector *s, np_buffer *b, np_arena *scratch)
{
    drafts d = {.at = NP_NEW_ARRAY(scratch, draft, s->n_match_labels + s->n_match_expressions)};
    if (!d.at)
        return NETPOL_NO_MEMORY;
    if (!collect(s, &d))
        return NETPOL_INVALID;
    sort_drafts(&d);
    for (size_t i = 0; i < d.n; i++) {
        if (i > 0)
            np_buffer_char(b, ',');
        if (!write_draft(b, scratch, &d.at[i]))
            return NETPOL_NO_MEMORY;
    }
    return b->failed ? NETPOL_NO_MEMORY : NETPOL_OK;
}

netpol_status netpol_label_selector_format(const netpol_label_selector *selector,
                                           const netpol_sink *to)
{
    if (!selector || !to || !to->write)
        return NETPOL_MISUSE;
    np_buffer text;
    np_arena scratch;
    np_buffer_init(&text, &np_libc_allocator);
    np_arena_init(&scratch, &np_libc_allocator, 512);
    netpol_status status = format(selector, &text, &scratch);
    if (status == NETPOL_OK)
        status = np_buffer_flush(&text, to);
    np_arena_free(&scratch);
    np_buffer_free(&text);
    return status;
}
