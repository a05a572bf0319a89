/* SPDX-License-Identifier: MIT */
#include "bind_inside.h"

/* ---- the binder ---- */

void np_binder_init(np_binder *b, const netpol_options *o)
{
    *b = (np_binder){.o = *o, .strict = !(o->flags & NETPOL_LENIENT), .budget = o->max_memory};
    np_arena_init(&b->scratch, o->allocator, 0);
    np_buffer_init(&b->words, o->allocator);
    np_marker_init(&b->marks, o->allocator);
}

void np_binder_free(np_binder *b)
{
    np_arena_free(&b->scratch);
    np_buffer_free(&b->words);
    np_marker_free(&b->marks);
    np_release(b->o.allocator, b->found, b->found_room * sizeof *b->found);
    np_release(b->o.allocator, b->elements, b->elements_room * sizeof *b->elements);
    np_release(b->o.allocator, b->entries, b->entries_room * sizeof *b->entries);
}

void np_binder_drop(np_binder *b)
{
    b->n_found = b->unsaid = b->wrong_types = b->strict_faults = 0;
}

void np_binder_clear(np_binder *b)
{
    np_binder_drop(b);
    np_arena_reset(&b->scratch);
    np_marker_clear(&b->marks);
    b->words.n = 0;
    b->words.failed = false;
    b->n_elements = b->n_entries = 0;
    b->status = NETPOL_OK;
    b->depth = 0;
    b->crd = b->standard = b->unchecked = false;
    b->name = b->namespace_name = NULL;
}

netpol_status np_bind_status(const np_binder *b, const np_text *t)
{
    return b->status ? b->status : np_text_status(t);
}

void np_bind_refuse(np_binder *b, int32_t code, uint32_t line, uint32_t column, const char *why)
{
    (void)np_find_type(b, code, (np_at){line, column}, (np_where_in){0}, NULL, "%s", why);
}

/* ---- heads ---- */

/* How many keys of a document are looked at before the rest is searched in a pass of its own, which
 * remembers nothing: `items` may be long. */
enum { KEYS_MOST = 8 };

static const char *const head_keys[] = {"apiVersion", "kind"};

static bool head_value(np_binder *b, const char **value)
{
    const np_event *e = np_text_peek(b->text);
    if (e->type != NP_EVENT_SCALAR || np_scalar_resolve(e, NULL).kind != NP_SCALAR_STRING)
        return true;
    if (memchr(e->value.p, '\0', e->value.n))
        return true;
    *value = np_arena_text(&b->scratch, e->value.p, e->value.n);
    return *value || np_bind_no_memory(b, &b->scratch);
}

/* Looks at the keys of the map at hand; *long_way: there is more to look at than is remembered. */
static bool look_ahead(np_binder *b, bool item, const char *values[2], bool *long_way)
{
    np_text_take(b->text);
    for (size_t i = 0; !values[0] || !values[1]; i++) {
        const np_event *e = np_text_peek(b->text);
        if (e->type != NP_EVENT_SCALAR)
            return true;
        const char **value = np_slice_is(e->value, head_keys[0])   ? &values[0]
                             : np_slice_is(e->value, head_keys[1]) ? &values[1]
                                                                   : NULL;
        np_text_take(b->text);
        if (value && !head_value(b, value))
            return false;
        *long_way = !item && (i == KEYS_MOST || np_text_peek(b->text)->type == NP_EVENT_SEQ_START);
        if (*long_way || !np_text_skip(b->text))
            return true;
    }
    return true;
}

bool np_bind_head(np_binder *b, np_text *t, bool item, np_head *out)
{
    const np_event *e = np_text_peek(t);
    *out = (np_head){.line = e->line, .column = e->column};
    if (e->type != NP_EVENT_MAP_START)
        return true;
    const char *values[2] = {NULL, NULL};
    bool long_way = false;
    b->text = t;
    np_text_record(t);
    if (!look_ahead(b, item, values, &long_way))
        return false;
    np_text_rewind(t);
    if (long_way && !np_text_scout(t, head_keys, values, 2, &b->scratch))
        return np_bind_no_memory(b, &b->scratch);
    out->api_version = values[0];
    out->kind = values[1];
    return true;
}

/* ---- objects ---- */

enum { BASE_SIZE = 450 }; /* of any object, however small */

/* Bytes that an object will take: a document about as many for each byte of text as the one before,
 * for documents of one source are alike; an item of a list, whose text is not known, as many as the
 * item before. */
static size_t expected_size(const np_binder *b, const np_origin *from)
{
    enum { LEAST = 512, MOST = 1 << 16, SPARE = 32 };
    const double usual = 1.4; /* bytes a byte of text */
    size_t n = b->last_used ? b->last_used : 2 * LEAST;
    double ratio = b->last_text ? (double)b->last_used / (double)b->last_text : usual;
    if (from->text.n)
        n = BASE_SIZE + (size_t)((double)from->text.n * ratio);
    n += n / SPARE;
    return n < LEAST ? LEAST : n > MOST ? MOST : n;
}

static netpol_object *new_object(np_binder *b, const np_kind *kind, const np_origin *from)
{
    size_t most = b->budget < SIZE_MAX ? (size_t)b->budget : 0;
    bool over_limit = false;
    size_t first = expected_size(b, from);
    netpol_object *x = np_object_new(b->o.allocator, kind, first, most, &over_limit);
    if (!x) {
        b->status = over_limit ? NETPOL_LIMIT : NETPOL_NO_MEMORY;
        return NULL;
    }
    x->arena.next_chunk = first / 12; /* what is missing is little */
    x->source = from->source ? np_arena_text(&x->arena, from->source, strlen(from->source)) : NULL;
    x->line = from->line;
    x->column = from->column;
    x->document = from->document;
    x->item = from->item;
    b->into = &x->arena;
    return x;
}

/* The value beside the typed form, and the text; the events stand as before. */
static bool keep_plain(np_binder *b, netpol_object *x, const np_origin *from)
{
    np_text_record(b->text);
    x->value = np_bind_any(b, NULL);
    if (!x->value)
        return false;
    np_text_rewind(b->text);
    const char *text = np_arena_text(&x->arena, from->text.p, from->text.n);
    if (!text)
        return np_bind_no_memory(b, &x->arena);
    if (!np_text_peek(b->text)->json)
        x->text = (np_slice){text, from->text.n};
    return true;
}

static bool keep_marks(np_binder *b, netpol_object *x)
{
    const np_buffer *tape = &b->marks.tape;
    const char *copy = tape->failed ? NULL : np_arena_text(&x->arena, tape->p, tape->n);
    if (!copy)
        return np_bind_no_memory(b, &x->arena);
    x->marks = (np_slice){copy, tape->n};
    return true;
}

static bool fill_object(np_binder *b, netpol_object *x, const np_origin *from)
{
    const np_table *t = x->kind->table;
    if (!x->kind->whole && (b->o.flags & NETPOL_KEEP_OTHERS) && !keep_plain(b, x, from))
        return false;
    void *tree = np_arena_zero(&x->arena, t->size, _Alignof(uint64_t));
    if (!tree)
        return np_bind_no_memory(b, &x->arena);
    bool whole = np_bind_map(b, t, tree, NULL, true);
    np_object_set_tree(x, tree); /* of a broken one the names are still wanted */
    return whole && keep_marks(b, x);
}

/* Remembers what a broken object is called. */
static void keep_names(np_binder *b, const netpol_object *x)
{
    const char *name = netpol_object_name(x);
    const char *namespace_name = netpol_object_namespace(x);
    b->name = np_arena_text(&b->scratch, name, strlen(name));
    if (namespace_name)
        b->namespace_name = np_arena_text(&b->scratch, namespace_name, strlen(namespace_name));
}

/* For expected_size: without what every object takes. */
static void remember_size(np_binder *b, const netpol_object *x, const np_origin *from)
{
    size_t used = x->arena.held - (size_t)(x->arena.end - x->arena.at);
    if (!x->kind->table)
        return;
    b->last_used = from->text.n && used > BASE_SIZE ? used - BASE_SIZE : used;
    b->last_text = from->text.n;
}

/* The API server never comes to strictness in a text that is no YAML. */
static void forget_strict_faults(np_binder *b)
{
    size_t kept = 0;
    for (size_t i = 0; i < b->n_found; i++)
        if (b->found[i].rank == NP_RANK_TYPE)
            b->found[kept++] = b->found[i];
    b->n_found = kept;
    b->strict_faults = 0;
}

/* Ends the making of an object: gives it out, or back. */
static netpol_status finish(np_binder *b, netpol_object *x, bool filled, const np_origin *from,
                            netpol_object **out)
{
    netpol_status s = np_bind_status(b, b->text);
    if (filled && !s && x->arena.failed)
        s = x->arena.over_limit ? NETPOL_LIMIT : NETPOL_NO_MEMORY;
    if (!filled && !s)
        s = NETPOL_INVALID;
    b->into = NULL;
    if (np_text_status(b->text) == NETPOL_INVALID)
        forget_strict_faults(b);
    if (s || b->wrong_types) {
        keep_names(b, x);
        netpol_object_unref(x);
        return s;
    }
    remember_size(b, x, from);
    *out = x;
    return NETPOL_OK;
}

netpol_status np_bind_object(np_binder *b, np_text *t, const np_kind *kind, const np_origin *from,
                             netpol_object **out)
{
    *out = NULL;
    b->text = t;
    b->crd = kind->crd;
    b->standard = b->crd && (b->o.flags & NETPOL_STANDARD_CHANNEL);
    netpol_object *x = new_object(b, kind, from);
    if (!x)
        return b->status;
    return finish(b, x, fill_object(b, x, from), from, out);
}

/* ---- objects without a typed form ---- */

/* A string field of metadata, if there is one that is fit. */
static bool read_name(np_binder *b, const char **out)
{
    const np_event *e = np_text_peek(b->text);
    bool fit = e->type == NP_EVENT_SCALAR && np_scalar_resolve(e, NULL).kind == NP_SCALAR_STRING &&
               e->value.n && !memchr(e->value.p, '\0', e->value.n);
    if (fit && !(*out = np_arena_text(b->into, e->value.p, e->value.n)))
        return np_bind_no_memory(b, b->into);
    return np_text_skip(b->text);
}

static bool read_names(np_binder *b, netpol_metadata *meta)
{
    if (np_text_peek(b->text)->type != NP_EVENT_MAP_START)
        return np_text_skip(b->text);
    np_text_take(b->text);
    for (const np_event *e; (e = np_text_peek(b->text))->type == NP_EVENT_SCALAR;) {
        const char **slot = np_slice_is(e->value, "name")        ? &meta->name
                            : np_slice_is(e->value, "namespace") ? &meta->namespace_name
                                                                 : NULL;
        np_text_take(b->text);
        if (slot ? !read_name(b, slot) : !np_text_skip(b->text))
            return false;
    }
    bool whole = np_text_peek(b->text)->type == NP_EVENT_MAP_END;
    np_text_take(b->text);
    return whole;
}

/* Passes over an object but for its names. */
static bool read_other(np_binder *b, netpol_metadata *meta)
{
    np_text_take(b->text);
    for (const np_event *e; (e = np_text_peek(b->text))->type == NP_EVENT_SCALAR;) {
        bool metadata = np_slice_is(e->value, "metadata");
        np_text_take(b->text);
        if (metadata ? !read_names(b, meta) : !np_text_skip(b->text))
            return false;
    }
    bool whole = np_text_peek(b->text)->type == NP_EVENT_MAP_END;
    np_text_take(b->text);
    return whole;
}

static bool fill_other(np_binder *b, netpol_object *x, const np_head *head, const np_origin *from)
{
    const char *api_version = head->api_version ? head->api_version : "";
    const char *kind = head->kind ? head->kind : "";
    if ((b->o.flags & NETPOL_KEEP_OTHERS) && !keep_plain(b, x, from))
        return false;
    netpol_metadata *meta = NP_NEW(&x->arena, netpol_metadata);
    x->api_version = np_arena_text(&x->arena, api_version, strlen(api_version));
    x->kind_name = np_arena_text(&x->arena, kind, strlen(kind));
    if (!meta || !x->api_version || !x->kind_name)
        return np_bind_no_memory(b, &x->arena);
    x->meta = meta;
    return read_other(b, meta);
}

netpol_status np_bind_other(np_binder *b, np_text *t, const np_head *head, const np_origin *from,
                            netpol_object **out)
{
    *out = NULL;
    b->text = t;
    netpol_object *x = new_object(b, np_kind_of(NETPOL_KIND_OTHER), from);
    if (!x)
        return b->status;
    return finish(b, x, fill_other(b, x, head, from), from, out);
}

/* ---- parts of objects ---- */

bool np_bind_field(np_binder *b, np_text *t, const np_field *f, void *structure, np_arena *into,
                   const np_path *path)
{
    b->text = t;
    b->into = into;
    np_mark_element(&b->marks, 0, 0); /* marks of what is in the value need one around them */
    bool good = np_bind_value(b, f, structure, path);
    b->into = NULL;
    return good;
}

const np_value *np_bind_plain(np_binder *b, np_text *t, np_arena *into)
{
    b->text = t;
    b->into = into;
    const np_value *v = np_bind_any(b, NULL);
    b->into = NULL;
    return v;
}
