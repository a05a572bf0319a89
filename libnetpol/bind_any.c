/* SPDX-License-Identifier: MIT */
/* Plain values: what has no table. */
#include "bind_inside.h"

#include <inttypes.h>
#include <stdio.h>

/* How deep this goes at most, whatever the caller's max_depth: the stack is finite. */
enum { DEEPEST = 1000 };

static np_value *new_value(np_binder *b, np_value_type type)
{
    np_value *v = NP_NEW(b->into, np_value);
    if (v)
        v->type = type;
    else
        (void)np_bind_no_memory(b, b->into);
    return v;
}

/* ---- scalars ---- */

static np_value *number_value(np_binder *b, const np_scalar *s)
{
    np_value *v = new_value(b, s->kind == NP_SCALAR_INT    ? NP_VALUE_INT
                               : s->kind == NP_SCALAR_UINT ? NP_VALUE_UINT
                                                           : NP_VALUE_FLOAT);
    if (v && s->kind == NP_SCALAR_INT)
        v->as.integer = s->as.integer;
    else if (v && s->kind == NP_SCALAR_UINT)
        v->as.natural = s->as.natural;
    else if (v)
        v->as.real = s->as.real;
    return v;
}

static np_value *string_value(np_binder *b, np_slice text)
{
    np_value *v = new_value(b, NP_VALUE_STRING);
    const char *copy = v ? np_arena_text(b->into, text.p, text.n) : NULL;
    if (!copy) {
        (void)np_bind_no_memory(b, b->into);
        return NULL;
    }
    v->as.text = (np_slice){copy, text.n};
    return v;
}

static np_value *scalar_value(np_binder *b, const np_event *e, const np_path *path)
{
    np_scalar s = np_scalar_resolve(e, &b->scratch);
    np_value *v = NULL;
    switch (s.kind) {
    case NP_SCALAR_BOOL:
        v = new_value(b, NP_VALUE_BOOL);
        if (v)
            v->as.boolean = s.as.boolean;
        return v;
    case NP_SCALAR_INT:
    case NP_SCALAR_UINT:
    case NP_SCALAR_FLOAT:
        return number_value(b, &s);
    case NP_SCALAR_STRING:
        return string_value(b, s.text);
    case NP_SCALAR_NULL:
        break;
    case NP_SCALAR_BAD:
        if (!np_find_type(b, NP_CODE_BAD_SCALAR, np_at_event(e), (np_where_in){path, NULL}, NULL,
                          "%s", s.why))
            return NULL;
        break;
    }
    return new_value(b, NP_VALUE_NULL);
}

/* ---- collections ---- */

static np_value *any(np_binder *b, const np_path *path);

static np_value *list_value(np_binder *b, const np_path *path)
{
    size_t first = b->n_elements;
    for (size_t i = 0; np_text_peek(b->text)->type != NP_EVENT_SEQ_END; i++) {
        np_path inside = np_path_index(path, i);
        const np_value *element = any(b, &inside);
        if (!element || !np_bind_push(b, element))
            return NULL;
    }
    np_value *v = new_value(b, NP_VALUE_LIST);
    size_t n = b->n_elements - first;
    const np_value **list = NP_NEW_ARRAY(b->into, const np_value *, n);
    if (!v || !list) {
        (void)np_bind_no_memory(b, b->into);
        return NULL;
    }
    for (size_t i = 0; i < n; i++)
        list[i] = b->elements[first + i];
    b->n_elements = first;
    v->n = n;
    v->as.list = list;
    return v;
}

static bool read_entry(np_binder *b, const np_path *path)
{
    const np_event *e = np_text_peek(b->text);
    np_at at = np_at_event(e);
    const char *key;
    if (e->type != NP_EVENT_SCALAR || !np_bind_key(b, e, b->into, path, &key))
        return false;
    np_text_take(b->text);
    np_path inside = np_path_field(path, key ? key : "");
    const np_value *value = any(b, &inside);
    return value && (!key || np_bind_remember(b, key, value, at));
}

/* The last of equal keys counts. */
static size_t drop_repeated(np_bind_entry *at, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        kept -= kept && strcmp(at[kept - 1].key, at[i].key) == 0;
        at[kept++] = at[i];
    }
    return kept;
}

static np_value *map_value(np_binder *b, const np_path *path)
{
    size_t first = b->n_entries;
    while (np_text_peek(b->text)->type != NP_EVENT_MAP_END)
        if (!read_entry(b, path))
            return NULL;
    size_t n = b->n_entries - first;
    if (n) {
        np_entries_sort(b->entries + first, n);
        n = drop_repeated(b->entries + first, n);
    }
    np_value *v = new_value(b, NP_VALUE_MAP);
    np_entry *map = NP_NEW_ARRAY(b->into, np_entry, n);
    if (!v || !map) {
        (void)np_bind_no_memory(b, b->into);
        return NULL;
    }
    for (size_t i = 0; i < n; i++)
        map[i] = (np_entry){np_slice_of(b->entries[first + i].key), b->entries[first + i].value};
    b->n_entries = first;
    v->n = n;
    v->as.map = map;
    return v;
}

static np_value *too_deep(np_binder *b, const np_event *e, const np_path *path)
{
    bool said = np_find_type(b, NP_CODE_LIMIT, np_at_event(e), (np_where_in){path, NULL}, NULL,
                             "nested deeper than %d levels", DEEPEST);
    return said && np_text_skip(b->text) ? new_value(b, NP_VALUE_NULL) : NULL;
}

static np_value *any(np_binder *b, const np_path *path)
{
    const np_event *e = np_text_peek(b->text);
    np_value *v = NULL;
    if (e->type == NP_EVENT_SCALAR) {
        v = scalar_value(b, e, path);
    } else if (e->type == NP_EVENT_MAP_START || e->type == NP_EVENT_SEQ_START) {
        if (b->depth == DEEPEST)
            return too_deep(b, e, path);
        bool is_map = e->type == NP_EVENT_MAP_START;
        b->depth++;
        np_text_take(b->text);
        v = is_map ? map_value(b, path) : list_value(b, path);
        b->depth--;
    }
    if (v)
        np_text_take(b->text);
    return v;
}

const np_value *np_bind_any(np_binder *b, const np_path *path)
{
    return any(b, path);
}

/* ---- compact JSON ---- */

static void print_value(np_buffer *out, const np_value *v);

static void print_list(np_buffer *out, const np_value *v)
{
    np_buffer_char(out, '[');
    for (size_t i = 0; i < v->n; i++) {
        if (i)
            np_buffer_char(out, ',');
        print_value(out, v->as.list[i]);
    }
    np_buffer_char(out, ']');
}

static void print_map(np_buffer *out, const np_value *v)
{
    np_buffer_char(out, '{');
    for (size_t i = 0; i < v->n; i++) {
        if (i)
            np_buffer_char(out, ',');
        np_buffer_json(out, v->as.map[i].key);
        np_buffer_char(out, ':');
        print_value(out, v->as.map[i].value);
    }
    np_buffer_char(out, '}');
}

static void print_value(np_buffer *out, const np_value *v)
{
    char number[32];
    switch (v->type) {
    case NP_VALUE_NULL:
        np_buffer_text(out, "null");
        return;
    case NP_VALUE_BOOL:
        np_buffer_text(out, v->as.boolean ? "true" : "false");
        return;
    case NP_VALUE_INT:
        np_buffer_format(out, "%" PRId64, v->as.integer);
        return;
    case NP_VALUE_UINT:
        np_buffer_format(out, "%" PRIu64, v->as.natural);
        return;
    case NP_VALUE_FLOAT:
        np_buffer_add(out, number, np_float_text(v->as.real, number));
        return;
    case NP_VALUE_STRING:
        np_buffer_json(out, v->as.text);
        return;
    case NP_VALUE_LIST:
        print_list(out, v);
        return;
    case NP_VALUE_MAP:
        print_map(out, v);
        return;
    }
}

/* YAML goes through a value, since its keys are sorted when it becomes JSON. */
static bool print_yaml(np_binder *b, const np_path *path)
{
    np_arena *into = b->into;
    b->into = &b->scratch;
    const np_value *v = np_bind_any(b, path);
    b->into = into;
    if (v)
        print_value(&b->words, v);
    return v != NULL;
}

/* JSON stays as it is written, but for blanks and escapes. */
static bool print_json(np_binder *b);

static bool print_json_collection(np_binder *b, bool is_map)
{
    np_buffer_char(&b->words, is_map ? '{' : '[');
    np_text_take(b->text);
    for (size_t i = 0;; i++) {
        const np_event *e = np_text_peek(b->text);
        if (e->type == NP_EVENT_MAP_END || e->type == NP_EVENT_SEQ_END)
            break;
        if (i)
            np_buffer_char(&b->words, ',');
        if (is_map && e->type == NP_EVENT_SCALAR) {
            np_buffer_json(&b->words, e->value);
            np_buffer_char(&b->words, ':');
            np_text_take(b->text);
        }
        if (!print_json(b))
            return false;
    }
    np_buffer_char(&b->words, is_map ? '}' : ']');
    return true;
}

static bool print_json(np_binder *b)
{
    const np_event *e = np_text_peek(b->text);
    bool good = true;
    if (e->type == NP_EVENT_SCALAR && e->style == NP_STYLE_PLAIN)
        np_buffer_add(&b->words, e->value.p, e->value.n);
    else if (e->type == NP_EVENT_SCALAR)
        np_buffer_json(&b->words, e->value);
    else if (e->type == NP_EVENT_ERROR || e->type == NP_EVENT_END)
        good = false;
    else if (b->depth == DEEPEST)
        good = too_deep(b, e, NULL) && false;
    else {
        b->depth++;
        good = print_json_collection(b, e->type == NP_EVENT_MAP_START);
        b->depth--;
    }
    if (good)
        np_text_take(b->text);
    return good;
}

bool np_bind_json(np_binder *b, np_where_in in, const char **out)
{
    bool json = np_text_peek(b->text)->json;
    if (json ? !print_json(b) : !print_yaml(b, in.path))
        return false;
    *out = b->words.failed ? NULL : np_arena_text(b->into, b->words.p, b->words.n);
    b->words.n = 0;
    return *out || np_bind_no_memory(b, b->into);
}
