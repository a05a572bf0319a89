/* SPDX-License-Identifier: MIT */
/* Documents and lists: what becomes of each. */
#include "manifests.h"

/* One document, or one item of a list, while it is read. */
typedef struct reading_one {
    np_reading *r;
    np_text *text;
    const np_document *doc;
    np_origin from;
    np_head head;
    size_t first_diagnostic;
} reading_one;

static const char *kept_name(netpol_manifests *m, const char *name, bool *good)
{
    if (!name || !*name)
        return "";
    const char *copy = np_arena_text(&m->names, name, strlen(name));
    *good &= copy != NULL;
    return copy;
}

static np_where where_of(const reading_one *one, const char *title)
{
    return (np_where){one->from.source, title,           one->from.line,
                      one->from.column, one->doc->index, one->from.item};
}

/* What people call the object at hand; in the binder's scratch, NULL if it has no name. */
static const char *title_of(np_binder *b, const reading_one *one, const netpol_object *x)
{
    const char *name = x ? netpol_object_name(x) : b->name;
    const char *namespace_name = x ? netpol_object_namespace(x) : b->namespace_name;
    const char *kind = x ? x->kind_name : one->head.kind;
    if (!kind || !name || !*name)
        return NULL;
    bool within = namespace_name && *namespace_name;
    np_buffer_format(&b->words, "%s %s%s%s", kind, within ? namespace_name : "", within ? "/" : "",
                     name);
    const char *title = np_arena_text(&b->scratch, b->words.p, b->words.n);
    b->words.n = 0;
    return title;
}

/* Enters what became of a document; takes the object. */
static netpol_status enter(reading_one *one, netpol_object *x, int32_t state)
{
    netpol_manifests *m = one->r->m;
    np_binder *b = &one->r->binder;
    netpol_document_info info = {
        .source = one->from.source,
        .document = one->doc->index,
        .item = one->from.item,
        .line = one->from.line,
        .state = state,
        .first_diagnostic = one->first_diagnostic,
    };
    bool good = np_manifests_make_room(m);
    const char *namespace_name = x ? netpol_object_namespace(x) : b->namespace_name;
    info.api_version = x ? x->api_version : kept_name(m, one->head.api_version, &good);
    info.kind = x ? x->kind_name : kept_name(m, one->head.kind, &good);
    info.name = x ? netpol_object_name(x) : kept_name(m, b->name, &good);
    info.namespace_name =
        x ? (namespace_name ? namespace_name : "") : kept_name(m, namespace_name, &good);
    if (b->n_found) {
        np_where where = where_of(one, title_of(b, one, x));
        (void)np_binder_report(b, &where, m->diags);
    }
    if (!good) {
        netpol_object_unref(x);
        return NETPOL_NO_MEMORY;
    }
    np_manifests_add_document(m, info, x);
    return state == NETPOL_DOCUMENT_BROKEN ? NETPOL_INVALID : NETPOL_OK;
}

/* The text or the memory failed in the middle of a document. What ends this document alone makes it
 * broken; the rest is handed on. */
static netpol_status fail(reading_one *one, netpol_status s)
{
    np_binder *b = &one->r->binder;
    bool memory = b->status == NETPOL_LIMIT;
    if (s == NETPOL_NO_MEMORY || s == NETPOL_CANCELLED)
        return s;
    if (memory) {
        np_where where = where_of(one, NULL);
        np_diag(one->r->m->diags, NP_CODE_LIMIT, &where, NULL, NULL,
                "what was read takes more than max_memory");
    }
    netpol_status entered = enter(one, NULL, NETPOL_DOCUMENT_BROKEN);
    (void)np_reading_note(one->r, s);
    if (entered == NETPOL_NO_MEMORY || !memory)
        return entered;
    return NETPOL_LIMIT;
}

static netpol_status read_typed(reading_one *one, const np_kind *kind)
{
    np_binder *b = &one->r->binder;
    netpol_object *x;
    netpol_status s = np_bind_object(b, one->text, kind, &one->from, &x);
    if (s)
        return fail(one, s);
    bool broken = b->wrong_types || b->strict_faults;
    return enter(one, x, broken ? NETPOL_DOCUMENT_BROKEN : NETPOL_DOCUMENT_OK);
}

static netpol_status read_other(reading_one *one, int32_t state)
{
    np_binder *b = &one->r->binder;
    netpol_manifests *m = one->r->m;
    netpol_object *x;
    netpol_status s = np_bind_other(b, one->text, &one->head, &one->from, &x);
    if (s)
        return fail(one, s);
    if (b->wrong_types)
        return enter(one, x, NETPOL_DOCUMENT_BROKEN);
    if (state == NETPOL_DOCUMENT_FOREIGN) {
        np_where where = where_of(one, title_of(b, one, x));
        np_diag(m->diags, NP_CODE_FOREIGN_POLICY, &where, NULL, NULL,
                "%s of %s may change what is allowed, and is not read", one->head.kind,
                one->head.api_version);
    }
    if (m->o.flags & NETPOL_KEEP_OTHERS)
        return enter(one, x, state);
    b->name = np_arena_text(&b->scratch, netpol_object_name(x), strlen(netpol_object_name(x)));
    const char *namespace_name = netpol_object_namespace(x);
    if (namespace_name)
        b->namespace_name = np_arena_text(&b->scratch, namespace_name, strlen(namespace_name));
    bool lost = b->scratch.failed;
    netpol_object_unref(x);
    return lost ? NETPOL_NO_MEMORY : enter(one, NULL, state);
}

/* A document that is refused as a whole: a finding says why, unless the text itself is broken. */
static netpol_status refuse_whole(reading_one *one)
{
    np_binder *b = &one->r->binder;
    if (b->status || !np_text_skip(one->text)) {
        netpol_status s = np_bind_status(b, one->text);
        np_binder_drop(b);
        return fail(one, s);
    }
    return enter(one, NULL, NETPOL_DOCUMENT_BROKEN);
}

static netpol_status refuse_list(reading_one *one, const char *why)
{
    np_bind_refuse(&one->r->binder, NP_CODE_LIST_ITEMS, one->from.line, one->from.column, why);
    return refuse_whole(one);
}

static netpol_status read_list(reading_one *list, const np_kind *item_kind);

/* Reads the map at hand as what its head says. */
static netpol_status read_by_head(reading_one *one)
{
    const np_kind *kind;
    switch (np_bind_classify(&one->r->binder, &one->head, &kind)) {
    case NP_CLASS_TYPED:
        return read_typed(one, kind);
    case NP_CLASS_LIST:
        return one->from.item < 0 ? read_list(one, kind)
                                  : refuse_list(one, "a List cannot hold a List; put its items "
                                                     "into the outer one");
    case NP_CLASS_OTHER:
        return read_other(one, NETPOL_DOCUMENT_SKIPPED);
    case NP_CLASS_FOREIGN:
        return read_other(one, NETPOL_DOCUMENT_FOREIGN);
    case NP_CLASS_BROKEN:
        return refuse_whole(one);
    }
    return NETPOL_INVALID;
}

/* ---- lists ---- */

static netpol_status read_item(reading_one *one, const np_kind *item_kind)
{
    np_binder *b = &one->r->binder;
    const np_event *e = np_text_peek(one->text);
    one->from.line = e->line;
    one->from.column = e->column;
    one->head = (np_head){NULL, NULL, e->line, e->column};
    one->first_diagnostic = netpol_diagnostics_count(one->r->m->diags);
    np_binder_clear(b);
    if (e->type != NP_EVENT_MAP_START) {
        np_bind_refuse(b, NP_CODE_NOT_AN_OBJECT, e->line, e->column,
                       "an item of a List is a map with apiVersion and kind");
        return refuse_whole(one);
    }
    if (!np_bind_head(b, one->text, true, &one->head))
        return fail(one, np_bind_status(b, one->text));
    if (item_kind && !one->head.kind)
        one->head.kind = item_kind->name;
    if (item_kind && !one->head.api_version)
        one->head.api_version = item_kind->api_version;
    return read_by_head(one);
}

/* `one` is of the item. False: this list ends, *s says how. */
static bool read_items(reading_one *one, const np_kind *item_kind, netpol_status *s)
{
    np_text_take(one->text);
    for (int32_t i = 0; np_text_peek(one->text)->type != NP_EVENT_SEQ_END; i++) {
        one->from.item = i;
        *s = read_item(one, item_kind);
        if (np_text_status(one->text) || !np_reading_note(one->r, *s))
            return false;
        one->r->binder.budget = one->r->m->o.max_memory - one->r->m->used;
    }
    np_text_take(one->text);
    return true;
}

/* The value of `items`; *fault: what is wrong with it. */
static bool read_items_value(const reading_one *list, const np_kind *item_kind, const char **fault,
                             netpol_status *s)
{
    const np_event *e = np_text_peek(list->text);
    reading_one item = *list;
    if (e->type == NP_EVENT_SEQ_START)
        return read_items(&item, item_kind, s);
    if (e->type != NP_EVENT_SCALAR || np_scalar_resolve(e, NULL).kind != NP_SCALAR_NULL)
        *fault = "the items of a List are a list";
    return np_text_skip(list->text);
}

static bool read_list_keys(const reading_one *list, const np_kind *item_kind, const char **fault,
                           netpol_status *s)
{
    *fault = "a List has no items";
    np_text_take(list->text);
    for (const np_event *e; (e = np_text_peek(list->text))->type == NP_EVENT_SCALAR;) {
        bool items = np_slice_is(e->value, "items");
        np_text_take(list->text);
        *fault = items ? NULL : *fault;
        if (items ? !read_items_value(list, item_kind, fault, s) : !np_text_skip(list->text))
            return false;
    }
    np_text_take(list->text);
    return np_text_status(list->text) == NETPOL_OK;
}

/* The names lie in the binder's scratch, which every item clears. */
static bool keep_head(reading_one *list)
{
    bool good = true;
    list->head.kind = kept_name(list->r->m, list->head.kind, &good);
    list->head.api_version = kept_name(list->r->m, list->head.api_version, &good);
    return good;
}

/* A list that is broken as a whole gives nothing, as no client would send a part of it: its text is
 * broken, or something in it has no form in JSON, which clients turn it into. */
static netpol_status refuse_all(reading_one *list, const np_manifests_mark *before)
{
    netpol_status s = np_text_status(list->text);
    np_manifests_back_to(list->r->m, before);
    return s ? fail(list, s) : enter(list, NULL, NETPOL_DOCUMENT_BROKEN);
}

static netpol_status read_list(reading_one *list, const np_kind *item_kind)
{
    np_binder *b = &list->r->binder;
    np_manifests_mark before = np_manifests_here(list->r->m);
    size_t not_json = b->not_json;
    const char *fault;
    netpol_status s = NETPOL_OK;
    if (!keep_head(list))
        return NETPOL_NO_MEMORY;
    bool whole = read_list_keys(list, item_kind, &fault, &s);
    np_binder_clear(b);
    if (whole ? b->not_json > not_json : np_text_status(list->text) != NETPOL_OK)
        return refuse_all(list, &before);
    if (!whole || !fault)
        return s;
    np_bind_refuse(b, NP_CODE_LIST_ITEMS, list->from.line, list->from.column, fault);
    return enter(list, NULL, NETPOL_DOCUMENT_BROKEN);
}

/* ---- documents ---- */

static netpol_status read_document(reading_one *one)
{
    np_binder *b = &one->r->binder;
    const np_event *e = np_text_peek(one->text);
    np_binder_clear(b);
    b->budget = one->r->m->o.max_memory - one->r->m->used;
    one->from.line = one->head.line = one->doc->line;
    one->from.column = one->head.column = 1;
    if (np_text_status(one->text))
        return fail(one, np_text_status(one->text));
    one->from.column = one->head.column = e->column;
    if (e->type == NP_EVENT_MAP_START)
        return np_bind_head(b, one->text, false, &one->head)
                   ? read_by_head(one)
                   : fail(one, np_bind_status(b, one->text));
    np_bind_refuse(b, NP_CODE_NOT_AN_OBJECT, e->line, e->column,
                   "a document is a map with apiVersion and kind");
    return refuse_whole(one);
}

/* All documents of an open text. */
bool np_reading_documents(np_reading *r, np_text *t, const char *source)
{
    for (;;) {
        np_document doc = {0};
        reading_one one = {.r = r, .text = t, .doc = &doc};
        one.first_diagnostic = netpol_diagnostics_count(r->m->diags);
        netpol_status s = np_text_next(t, &doc);
        one.from = (np_origin){.source = source, .document = doc.index, .item = -1};
        one.from.text = doc.text;
        if (s == NETPOL_NOT_FOUND)
            return true;
        if (s == NETPOL_LIMIT)
            r->m->broken++;
        if (!s || s == NETPOL_INVALID)
            s = read_document(&one);
        if (!np_reading_note(r, s))
            return false;
    }
}
