/* SPDX-License-Identifier: MIT */
/* Findings: what is wrong with an object, kept until all of it was read. */
#include "bind_inside.h"

bool np_bind_no_memory(np_binder *b, const np_arena *arena)
{
    b->status = arena->over_limit ? NETPOL_LIMIT : NETPOL_NO_MEMORY;
    return false;
}

/* What stands in b->words, copied into the scratch. */
static const char *said(np_binder *b)
{
    const char *text = b->words.failed ? NULL : np_arena_text(&b->scratch, b->words.p, b->words.n);
    if (!text)
        (void)np_bind_no_memory(b, &b->scratch);
    b->words.n = 0;
    return text;
}

const char *np_bind_words(np_binder *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    np_buffer_vformat(&b->words, format, args);
    va_end(args);
    return said(b);
}

/* ---- paths ---- */

/* Keys that can follow a point, so that the path is read again as it was meant. */
static bool is_plain_key(const char *key)
{
    return *key && !strpbrk(key, ".[]\"' ");
}

static const char *path_text(np_binder *b, np_where_in in)
{
    np_path_format(&b->words, in.path);
    if (in.key && is_plain_key(in.key))
        np_buffer_format(&b->words, "%s%s", in.path ? "." : "", in.key);
    else if (in.key)
        np_buffer_format(&b->words, "[\"%s\"]", in.key);
    return said(b);
}

/* The path as the API server's messages have it: the key as it is, after a point. */
static const char *plain_path(np_binder *b, const np_path *path, const char *key)
{
    np_path_format(&b->words, path);
    if (key)
        np_buffer_format(&b->words, "%s%s", path ? "." : "", key);
    return said(b);
}

/* A byte string that sorts as the steps of a path do: names by their bytes, elements by number. */
static void order_of(np_buffer *out, const np_path *path)
{
    if (!path)
        return;
    order_of(out, path->up);
    if (path->name)
        np_buffer_add(out, path->name, strlen(path->name) + 1);
    else
        np_buffer_format(out, "%08x", path->index);
}

static np_slice order_in(np_binder *b, const np_path *path, const char *name)
{
    order_of(&b->words, path);
    np_buffer_text(&b->words, name);
    size_t n = b->words.n;
    return (np_slice){said(b), n};
}

/* ---- keeping ---- */

static void count(np_binder *b, np_finding_rank rank)
{
    if (rank == NP_RANK_TYPE)
        b->wrong_types++;
    else
        b->strict_faults++;
}

static bool is_full(np_binder *b)
{
    if (b->n_found < b->o.max_diagnostics)
        return false;
    b->unsaid++;
    return true;
}

static bool keep(np_binder *b, np_finding f)
{
    if (!f.message || !f.path)
        return false;
    if (!np_grow(b->o.allocator, (void **)&b->found, &b->found_room, b->n_found + 1,
                 sizeof *b->found)) {
        b->status = NETPOL_NO_MEMORY;
        return false;
    }
    b->found[b->n_found++] = f;
    return true;
}

bool np_find_type(np_binder *b, int32_t code, np_at at, np_where_in in, const char *hint,
                  const char *format, ...)
{
    count(b, NP_RANK_TYPE);
    b->not_json += code == NP_CODE_BAD_SCALAR || code == NP_CODE_BAD_KEY;
    if (is_full(b))
        return true;
    va_list args;
    va_start(args, format);
    np_buffer_vformat(&b->words, format, args);
    va_end(args);
    const char *message = said(b);
    const char *path = path_text(b, in);
    /* A schema's faults come sorted by their texts, all others in the order of the document. */
    np_slice order = b->crd && message ? np_slice_of(message) : (np_slice){0};
    return keep(b, (np_finding){code, NP_RANK_TYPE, at, order, path, hint, message});
}

/* ---- wrong types ---- */

enum { SHOWN_MOST = 40 };

/* The text of a scalar, cut short. */
static void add_shown(np_buffer *out, np_slice text)
{
    size_t n = text.n;
    if (n > SHOWN_MOST) {
        n = SHOWN_MOST;
        while (n > 0 && ((unsigned char)text.p[n] & 0xc0) == 0x80)
            n--;
    }
    np_buffer_quote(out, (np_slice){text.p, n});
    if (n < text.n)
        np_buffer_text(out, " …");
}

static void add_plain(np_buffer *out, np_slice text)
{
    np_buffer_add(out, text.p, text.n < SHOWN_MOST ? text.n : SHOWN_MOST);
}

static void add_found(np_buffer *out, const np_event *e, const np_scalar *scalar)
{
    static const char *const words[] = {
        [NP_SCALAR_NULL] = "null",         [NP_SCALAR_BOOL] = "the boolean ",
        [NP_SCALAR_INT] = "the number ",   [NP_SCALAR_UINT] = "the number ",
        [NP_SCALAR_FLOAT] = "the number ", [NP_SCALAR_STRING] = "the string ",
        [NP_SCALAR_BAD] = "the value "};
    if (e->type != NP_EVENT_SCALAR) {
        np_buffer_text(out, e->type == NP_EVENT_MAP_START ? "a map" : "a list");
        return;
    }
    np_buffer_text(out, words[scalar->kind]);
    if (scalar->kind == NP_SCALAR_STRING)
        add_shown(out, scalar->text);
    else if (scalar->kind != NP_SCALAR_NULL)
        add_plain(out, e->value);
}

/* The name that a schema gives to what was found. */
static const char *schema_type(const np_event *e, const np_scalar *scalar)
{
    static const char *const names[] = {
        [NP_SCALAR_NULL] = "null",    [NP_SCALAR_BOOL] = "boolean", [NP_SCALAR_INT] = "integer",
        [NP_SCALAR_UINT] = "integer", [NP_SCALAR_FLOAT] = "number", [NP_SCALAR_STRING] = "string",
        [NP_SCALAR_BAD] = "number"};
    if (e->type != NP_EVENT_SCALAR)
        return e->type == NP_EVENT_MAP_START ? "object" : "array";
    return names[scalar->kind];
}

/* What the apiextensions validator adds to any wrong type, once. */
static bool find_unchecked(np_binder *b, np_at at)
{
    if (b->unchecked)
        return true;
    b->unchecked = true;
    return np_find_type(b, NP_CODE_SCHEMA_UNCHECKED, at, (np_where_in){0}, NULL,
                        "<nil>: Invalid value: null: some validation rules were not checked "
                        "because the object was invalid; correct the existing errors to complete "
                        "validation");
}

/* That validator looks at numbers with a format twice, and says the second time what it made of
 * them: a float64, or nothing. */
static bool find_schema_integer(np_binder *b, np_at at, np_where_in in, const char *path,
                                const np_event *found, const char *hint)
{
    bool is_float =
        found->type == NP_EVENT_SCALAR && np_scalar_resolve(found, NULL).kind == NP_SCALAR_FLOAT;
    if (is_float &&
        !np_find_type(b, NP_CODE_SCHEMA_TYPE, at, (np_where_in){0}, hint,
                      "<nil>: Invalid value: \"\": Checked value must be of type integer with "
                      "format int32 in %s",
                      path))
        return false;
    const char *is = is_float ? "float64" : "";
    return np_find_type(b, NP_CODE_SCHEMA_TYPE, at, in, hint,
                        "%s: Invalid value: \"%s\": %s in body must be of type int32: \"%s\"", path,
                        is, path, is);
}

/* The apiextensions validator's way of saying it. */
static bool find_schema(np_binder *b, const np_event *found, const np_scalar *scalar,
                        np_where_in in, const char *wanted, const char *hint)
{
    const char *path = plain_path(b, in.path, in.key);
    const char *is = schema_type(found, scalar);
    np_at at = np_at_event(found);
    if (!path || !find_unchecked(b, at))
        return false;
    if (strcmp(wanted, "integer") == 0 && strcmp(is, "string") != 0)
        return find_schema_integer(b, at, in, path, found, hint);
    return np_find_type(b, NP_CODE_SCHEMA_TYPE, at, in, hint,
                        "%s: Invalid value: \"%s\": %s in body must be of type %s: \"%s\"", path,
                        is, path, wanted, is);
}

bool np_find_wrong(np_binder *b, int32_t code, const np_event *found, const np_scalar *scalar,
                   np_where_in in, const char *wanted, const char *schema, const char *hint)
{
    if (b->crd && schema)
        return find_schema(b, found, scalar, in, schema, hint);
    np_buffer_format(&b->words, "expected %s, found ", wanted);
    add_found(&b->words, found, scalar);
    const char *message = said(b);
    return message && np_find_type(b, code, np_at_event(found), in, hint, "%s", message);
}

/* ---- unknown and duplicate keys ---- */

/* The names of a struct's fields, when they are few. */
static const char *known_names(np_binder *b, const np_table *t)
{
    enum { FEW = 6 };
    if (t->n_fields > FEW)
        return NULL;
    np_buffer_format(&b->words, "%s has ", t->title);
    for (size_t i = 0; i < t->n_fields; i++) {
        const char *gap = i == 0 ? "" : i + 1 == t->n_fields ? " and " : ", ";
        np_buffer_format(&b->words, "%s%s", gap, t->fields[i].name);
    }
    return said(b);
}

static const char *unknown_hint(np_binder *b, const char *name, const np_table *t)
{
    if (b->standard && np_table_find(t, np_slice_of(name)))
        return "it is a field of the experimental channel";
    const char *near = np_table_near(t, np_slice_of(name));
    if (near)
        return np_bind_words(b, "did you mean \"%s\"?", near);
    const np_field *owner = np_table_owner(t, np_slice_of(name));
    if (owner)
        return np_bind_words(b, "\"%s\" belongs inside \"%s\"", name, owner->name);
    return known_names(b, t);
}

/* Of a CustomResourceDefinition the metadata comes first, then all other paths as mere texts. */
static np_slice unknown_order(np_binder *b, const np_event *key, const char *name,
                              const np_path *path, const char *text)
{
    if (b->crd)
        return np_slice_of(np_bind_words(b, "%d%s", strncmp(text, "metadata.", 9) != 0, text));
    return key->json ? (np_slice){0} : order_in(b, path, name);
}

bool np_find_unknown(np_binder *b, const np_event *key, const char *name, const np_path *path,
                     const np_table *t)
{
    count(b, NP_RANK_UNKNOWN);
    if (is_full(b))
        return true;
    np_at at = np_at_event(key);
    const char *text = plain_path(b, path, name);
    const char *hint = unknown_hint(b, name, t);
    if (!text || b->status)
        return false;
    np_slice order = unknown_order(b, key, name, path, text);
    np_finding_rank rank = key->json && !b->crd ? NP_RANK_DUPLICATE : NP_RANK_UNKNOWN;
    np_buffer_text(&b->words, "unknown field ");
    np_buffer_quote(&b->words, np_slice_of(text));
    const char *message = said(b);
    return keep(b, (np_finding){NP_CODE_UNKNOWN_FIELD, rank, at, order, text, hint, message});
}

bool np_find_duplicate(np_binder *b, np_at at, bool json, const np_path *path, const char *key)
{
    count(b, NP_RANK_DUPLICATE);
    if (is_full(b))
        return true;
    const char *text = plain_path(b, path, key);
    if (!text)
        return false;
    np_buffer_text(&b->words, json ? "duplicate field " : "key ");
    np_buffer_quote(&b->words, np_slice_of(json ? text : key));
    if (!json)
        np_buffer_text(&b->words, " already set in map");
    const char *message = said(b);
    int32_t code = json ? NP_CODE_DUPLICATE_FIELD : NP_CODE_DUPLICATE_KEY;
    return keep(b, (np_finding){code, NP_RANK_DUPLICATE, at, {0}, text, NULL, message});
}

/* ---- giving them out ---- */

static int compare_places(np_at a, np_at b)
{
    if (a.line != b.line)
        return a.line < b.line ? -1 : 1;
    return a.column < b.column ? -1 : a.column > b.column;
}

/* The order of the API server: see bind.h. Findings of one place keep the order of finding, which
 * their addresses tell (the array is not moved while it is sorted through pointers). */
static int compare(const np_finding *a, const np_finding *b)
{
    if (a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    int by_order = np_slice_compare(a->order, b->order);
    int by_place = by_order ? by_order : compare_places(a->at, b->at);
    return by_place ? by_place : (a > b) - (a < b);
}

/* Heap sort: no memory, and no bad cases. */
static void sift(const np_finding **at, size_t i, size_t n)
{
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= n)
            return;
        if (child + 1 < n && compare(at[child], at[child + 1]) < 0)
            child++;
        if (compare(at[i], at[child]) >= 0)
            return;
        const np_finding *moved = at[i];
        at[i] = at[child];
        at[child] = moved;
        i = child;
    }
}

static void sort(const np_finding **at, size_t n)
{
    for (size_t i = n / 2; i-- > 0;)
        sift(at, i, n);
    for (size_t last = n; last-- > 1;) {
        const np_finding *moved = at[0];
        at[0] = at[last];
        at[last] = moved;
        sift(at, 0, last);
    }
}

/* Go's decoder keeps this many strict faults, each of them once. What it decodes of a document with
 * a schema is the metadata alone. */
enum { STRICT_MOST = 100 };

static bool is_decoders(const np_binder *b, const np_finding *f)
{
    if (b->crd)
        return f->rank == NP_RANK_UNKNOWN && strncmp(f->path, "metadata.", 9) == 0;
    return f->rank != NP_RANK_TYPE && f->code != NP_CODE_DUPLICATE_KEY;
}

static bool are_one(const np_finding *a, const np_finding *b)
{
    return a->code == b->code && strcmp(a->path, b->path) == 0;
}

/* Whether a strict fault is among the n that were said last. */
static bool is_repeated(const np_finding *const *end, size_t n, const np_finding *f)
{
    if (f->rank == NP_RANK_TYPE || f->code == NP_CODE_DUPLICATE_KEY)
        return false;
    for (size_t i = 1; i <= n; i++)
        if (are_one(end[-(ptrdiff_t)i], f))
            return true;
    return false;
}

/* Of sorted findings those to be said, as the API server says them. Returns how many. */
static size_t choose(const np_binder *b, const np_finding **at)
{
    size_t n = 0, decoders = 0;
    for (size_t i = 0; i < b->n_found; i++) {
        const np_finding *f = at[i];
        bool counted = is_decoders(b, f);
        bool side_by_side = f->order.n || !counted; /* as the order of paths puts equal ones */
        if ((counted && decoders == STRICT_MOST) ||
            is_repeated(at + n, side_by_side ? n > 0 : decoders, f))
            continue;
        decoders += counted;
        at[n++] = f;
    }
    return n;
}

static void say(const np_finding *f, np_where where, netpol_diagnostics *diags)
{
    where.line = f->at.line;
    where.column = f->at.column;
    np_diag_text(diags, f->code, &where, f->path, f->hint, f->message);
}

/* The list is full then, so these are counted; if it is not, one says it for all. */
static void say_unsaid(const np_binder *b, const np_where *where, netpol_diagnostics *diags)
{
    size_t kept = netpol_diagnostics_count(diags);
    for (size_t i = 0; i < b->unsaid && netpol_diagnostics_count(diags) == kept; i++)
        np_diag_text(diags, NP_CODE_LIMIT, where, NULL, NULL,
                     "further faults of this document are not shown");
}

size_t np_binder_report(np_binder *b, const np_where *where, netpol_diagnostics *diags)
{
    const np_finding **at = NP_NEW_ARRAY(&b->scratch, const np_finding *, b->n_found);
    size_t errors = b->wrong_types + b->strict_faults;
    for (size_t i = 0; at && i < b->n_found; i++)
        at[i] = &b->found[i];
    if (at)
        sort(at, b->n_found);
    for (size_t i = 0, n = at ? choose(b, at) : b->n_found; i < n; i++)
        say(at ? at[i] : &b->found[i], *where, diags);
    say_unsaid(b, where, diags);
    np_binder_clear(b);
    return errors;
}
