/* SPDX-License-Identifier: MIT */
/* Typed changes as edits: what differs between two objects, written into the text of the first. */
#include "edit.h"

typedef struct updating {
    np_editing edit;
    np_edit_path path; /* to the values at hand */
    netpol_status status;
} updating;

static bool push(updating *u, np_edit_step step)
{
    if (u->path.n == NP_EDIT_DEEPEST) {
        u->status = NETPOL_LIMIT;
        return false;
    }
    u->path.steps[u->path.n++] = step;
    return true;
}

static void apply(updating *u, int32_t action, const np_value *value)
{
    np_arena arena;
    np_arena_init(&arena, &u->edit.d->alloc, 0);
    np_edit_job job = {.arena = &arena, .action = action, .path = u->path, .value = value};
    u->status = np_edit_apply(&u->edit, &job, NULL);
    np_arena_free(&arena);
}

static void update(updating *u, const np_value *old, const np_value *now);

/* One step in, one edit, one step out. */
static void apply_at(updating *u, np_edit_step step, int32_t action, const np_value *value)
{
    if (u->status != NETPOL_OK || !push(u, step))
        return;
    apply(u, action, value);
    u->path.n--;
}

static void update_at(updating *u, np_edit_step step, const np_value *old, const np_value *now)
{
    if (u->status != NETPOL_OK || np_value_equal(old, now) || !push(u, step))
        return;
    update(u, old, now);
    u->path.n--;
}

static void update_map(updating *u, const np_value *old, const np_value *now)
{
    for (size_t i = 0; i < old->n; i++) {
        np_edit_step step = {.key = old->as.map[i].key};
        const np_value *after = np_value_find(now, step.key);
        if (after)
            update_at(u, step, old->as.map[i].value, after);
        else
            apply_at(u, step, NETPOL_EDIT_DELETE, NULL);
    }
    for (size_t i = 0; i < now->n; i++)
        if (!np_value_find(old, now->as.map[i].key))
            apply_at(u, (np_edit_step){.key = now->as.map[i].key}, NETPOL_EDIT_SET,
                     now->as.map[i].value);
}

static np_edit_step index_step(size_t i)
{
    return (np_edit_step){.is_index = true, .index = (uint32_t)i};
}

/* What both lists begin and end with stays; between, elements change in pairs, and the rest comes
 * or goes. */
static void update_list(updating *u, const np_value *old, const np_value *now)
{
    size_t least = old->n < now->n ? old->n : now->n;
    size_t head = 0;
    while (head < least && np_value_equal(old->as.list[head], now->as.list[head]))
        head++;
    size_t tail = 0;
    while (tail < least - head &&
           np_value_equal(old->as.list[old->n - 1 - tail], now->as.list[now->n - 1 - tail]))
        tail++;
    size_t pairs = least - tail;
    for (size_t i = head; i < pairs; i++)
        update_at(u, index_step(i), old->as.list[i], now->as.list[i]);
    for (size_t i = old->n - tail; i > pairs; i--)
        apply_at(u, index_step(i - 1), NETPOL_EDIT_DELETE, NULL);
    for (size_t i = pairs; i < now->n - tail; i++)
        apply_at(u, index_step(i), NETPOL_EDIT_ADD, now->as.list[i]);
}

static void update(updating *u, const np_value *old, const np_value *now)
{
    if (old->type == NP_VALUE_MAP && now->type == NP_VALUE_MAP && old->n && now->n)
        update_map(u, old, now);
    else if (old->type == NP_VALUE_LIST && now->type == NP_VALUE_LIST && old->n && now->n)
        update_list(u, old, now);
    else
        apply(u, NETPOL_EDIT_SET, now);
}

netpol_status np_edit_towards(np_editing *e, const np_edit_path *path, const np_value *old,
                              const np_value *now)
{
    updating u = {.edit = *e, .path = *path};
    u.edit.diags = NULL;
    np_buffer_init(&u.edit.text, &e->d->alloc);
    np_buffer_add(&u.edit.text, e->text.p, e->text.n);
    u.status = u.edit.text.failed ? NETPOL_NO_MEMORY : NETPOL_OK;
    if (u.status == NETPOL_OK)
        update(&u, old, now);
    if (u.status == NETPOL_OK) {
        np_buffer was = e->text;
        e->text = u.edit.text;
        u.edit.text = was;
    }
    np_buffer_free(&u.edit.text);
    return u.status;
}

/* ---- from objects to plain values ---- */

static netpol_status value_of(const netpol_document *d, const netpol_object *x, np_arena *arena,
                              const np_value **out)
{
    np_buffer text;
    np_buffer_init(&text, &d->alloc);
    netpol_status s = np_write_object(&text, x, NETPOL_FORMAT_YAML, 0);
    np_reading_of r;
    if (s == NETPOL_OK)
        s = np_edit_read(&d->o, NULL, (np_slice){text.p, text.n}, 0, arena, &r, NULL);
    np_buffer_free(&text);
    if (s == NETPOL_OK)
        *out = r.value;
    return s;
}

/* Looks whether the document is of the kind that is wanted. */
static netpol_status check_kind(np_binder *b, np_text *t, const np_where *where,
                                const netpol_object *wanted, netpol_diagnostics *diags)
{
    np_head head;
    const np_kind *kind = NULL;
    np_class is = NP_CLASS_BROKEN;
    if (np_bind_head(b, t, false, &head))
        is = np_bind_classify(b, &head, &kind);
    if (np_bind_status(b, t) != NETPOL_OK)
        return np_bind_status(b, t);
    if (is == NP_CLASS_TYPED && kind == wanted->kind)
        return NETPOL_OK;
    np_diag(diags, NP_CODE_EDIT, where, NULL, NULL, "the document is no %s of %s",
            wanted->kind_name, wanted->api_version);
    return NETPOL_INVALID;
}

/* Reads the document as an object of the kind that is wanted. */
static netpol_status read_object(const netpol_document *d, np_text *t, const np_document *doc,
                                 const netpol_object *wanted, netpol_object **out,
                                 netpol_diagnostics *diags)
{
    np_binder b;
    np_binder_init(&b, &d->o);
    np_origin from = {d->name, doc->line, 1, doc->index, -1, {NULL, 0}};
    np_where where = {.source = d->name, .line = doc->line, .document = doc->index, .item = -1};
    netpol_object *x = NULL;
    netpol_status s = check_kind(&b, t, &where, wanted, diags);
    if (s == NETPOL_OK)
        s = np_bind_object(&b, t, wanted->kind, &from, &x);
    size_t errors = np_binder_report(&b, &where, diags);
    np_binder_free(&b);
    if (s == NETPOL_OK && (errors || !x))
        s = NETPOL_INVALID;
    if (s == NETPOL_OK)
        *out = x;
    else
        netpol_object_unref(x);
    return s;
}

static netpol_status object_of(const netpol_document *d, size_t index, const netpol_object *wanted,
                               netpol_object **out, netpol_diagnostics *diags)
{
    np_text *t;
    netpol_status s = np_text_open(&t, &d->o, d->name, d->text.p, d->text.n, diags);
    if (s != NETPOL_OK)
        return s;
    np_document doc;
    for (size_t i = 0; s == NETPOL_OK && i <= index; i++)
        s = np_text_next(t, &doc);
    if (s == NETPOL_OK)
        s = read_object(d, t, &doc, wanted, out, diags);
    np_text_close(t);
    return s;
}

netpol_status netpol_document_update(netpol_document *d, size_t index, const netpol_object *wanted,
                                     netpol_diagnostics *diags)
{
    if (!d || !wanted)
        return NETPOL_MISUSE;
    np_arena arena;
    np_arena_init(&arena, &d->alloc, 0);
    updating u = {.edit = {.d = d, .index = index, .diags = diags}};
    np_buffer_init(&u.edit.text, &d->alloc);
    np_buffer_add(&u.edit.text, d->text.p, d->text.n);
    const np_value *old = NULL;
    const np_value *now = NULL;
    netpol_object *is = NULL;
    u.status = object_of(d, index, wanted, &is, diags);
    if (u.status == NETPOL_OK)
        u.status = value_of(d, is, &arena, &old);
    if (u.status == NETPOL_OK)
        u.status = value_of(d, wanted, &arena, &now);
    netpol_object_unref(is);
    if (u.edit.text.failed)
        u.status = NETPOL_NO_MEMORY;
    if (u.status == NETPOL_OK)
        update_map(&u, old, now);
    np_arena_free(&arena);
    return np_edit_end(&u.edit, d, u.status);
}
