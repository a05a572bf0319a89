/* SPDX-License-Identifier: MIT */
#include "edit.h"

/* ---- reading ---- */

static np_slice without_mark(np_slice s)
{
    bool mark = s.n >= 3 && memcmp(s.p, "\xef\xbb\xbf", 3) == 0;
    return mark ? (np_slice){s.p + 3, s.n - 3} : s;
}

static netpol_status read_one(const netpol_options *o, np_text *t, np_arena *arena,
                              const np_value **value)
{
    np_binder binder;
    np_binder_init(&binder, o);
    const np_value *v = np_bind_plain(&binder, t, arena);
    netpol_status s = v ? NETPOL_OK : np_bind_status(&binder, t);
    if (v && np_text_peek(t)->type == NP_EVENT_ERROR)
        s = np_text_status(t);
    np_binder_free(&binder);
    if (s == NETPOL_OK)
        *value = v;
    return s;
}

netpol_status np_edit_read(const netpol_options *o, const char *name, np_slice bytes, size_t index,
                           np_arena *arena, np_reading_of *out, netpol_diagnostics *diags)
{
    np_text *t;
    netpol_options lenient = *o;
    lenient.flags |= NETPOL_LENIENT; /* directives are part of a text, and stay */
    netpol_status s = np_text_open(&t, &lenient, name, bytes.p, bytes.n, diags);
    if (s != NETPOL_OK)
        return s;
    *out = (np_reading_of){.count = 0};
    np_document doc;
    while ((s = np_text_next(t, &doc)) == NETPOL_OK) {
        if (out->count++ != index)
            continue;
        out->text = without_mark(doc.text);
        s = read_one(&lenient, t, arena, &out->value);
        if (s != NETPOL_OK)
            break;
    }
    np_text_close(t);
    if (s != NETPOL_NOT_FOUND)
        return s;
    return out->value ? NETPOL_OK : NETPOL_NOT_FOUND;
}

/* ---- the document ---- */

void netpol_document_free(netpol_document *d)
{
    if (!d)
        return;
    netpol_allocator alloc = d->alloc;
    np_buffer_free(&d->text);
    np_release(&alloc, d->name, d->name_room);
    np_release(&alloc, d, sizeof *d);
}

static netpol_document *make(const netpol_options *o, const char *name, const void *bytes, size_t n)
{
    netpol_document *d = np_resize(o->allocator, NULL, 0, sizeof *d);
    if (!d)
        return NULL;
    *d = (netpol_document){.o = *o, .alloc = *o->allocator, .name_room = strlen(name) + 1};
    d->o.allocator = &d->alloc;
    np_buffer_init(&d->text, &d->alloc);
    np_buffer_add(&d->text, bytes, n);
    d->name = np_resize(&d->alloc, NULL, 0, d->name_room);
    if (d->text.failed || !d->name) {
        d->name_room = d->name ? d->name_room : 0;
        netpol_document_free(d);
        return NULL;
    }
    memcpy(d->name, name, d->name_room);
    return d;
}

/* Reads one document after the other, and counts them. */
static netpol_status read_each(netpol_document *d, netpol_diagnostics *diags)
{
    np_text *t;
    netpol_options lenient = d->o;
    lenient.flags |= NETPOL_LENIENT;
    netpol_status s = np_text_open(&t, &lenient, d->name, d->text.p, d->text.n, diags);
    if (s != NETPOL_OK)
        return s;
    np_document doc;
    while (s == NETPOL_OK && (s = np_text_next(t, &doc)) == NETPOL_OK) {
        np_arena arena;
        const np_value *value;
        np_arena_init(&arena, &d->alloc, 0);
        s = read_one(&lenient, t, &arena, &value);
        np_arena_free(&arena);
        d->count += s == NETPOL_OK;
    }
    np_text_close(t);
    return s == NETPOL_NOT_FOUND ? NETPOL_OK : s;
}

/* Every document must be sound, or an edit could not be proved. */
static netpol_status read_all(netpol_document *d, netpol_diagnostics *diags)
{
    const unsigned char *u = (const unsigned char *)d->text.p;
    if (d->text.n >= 2 && u[0] + u[1] == 0xff + 0xfe) {
        np_diag(diags, NP_CODE_EDIT, &(np_where){.source = d->name, .item = -1}, NULL,
                "convert it to UTF-8", "a text in UTF-16 cannot be edited");
        return NETPOL_INVALID;
    }
    return read_each(d, diags);
}

netpol_status netpol_document_new(const char *name, const void *bytes, size_t n,
                                  const netpol_options *options, netpol_document **out,
                                  netpol_diagnostics *diags)
{
    netpol_options o;
    if (!out || (!bytes && n) || !np_options_read(options, &o))
        return NETPOL_MISUSE;
    if (n > o.max_bytes) {
        np_diag(diags, NP_CODE_LIMIT, &(np_where){.source = name, .item = -1}, NULL, NULL,
                "a text of %zu bytes; the limit is %llu", n, (unsigned long long)o.max_bytes);
        return NETPOL_LIMIT;
    }
    netpol_document *d = make(&o, name ? name : "<memory>", bytes, n);
    if (!d)
        return NETPOL_NO_MEMORY;
    netpol_status s = read_all(d, diags);
    if (s == NETPOL_OK)
        *out = d;
    else
        netpol_document_free(d);
    return s;
}

const char *netpol_document_text(const netpol_document *d, size_t *n)
{
    if (!d || !n)
        return NULL;
    *n = d->text.n;
    return d->text.p ? d->text.p : "";
}

size_t netpol_document_count(const netpol_document *d)
{
    return d ? d->count : 0;
}

/* ---- how a text is laid out ---- */

static const char *line_end_of(np_slice t)
{
    const char *feed = t.n ? memchr(t.p, '\n', t.n) : NULL;
    if (!feed)
        return t.n && memchr(t.p, '\r', t.n) ? "\r" : "\n";
    return feed > t.p && feed[-1] == '\r' ? "\r\n" : "\n";
}

/* ---- one edit ---- */

static netpol_status refuse(np_editing *e, const char *path, netpol_status s, const char *why)
{
    np_where where = {.source = e->d->name, .document = (uint32_t)e->index, .item = -1};
    np_diag_text(e->diags, NP_CODE_EDIT, &where, path, NULL, why);
    return s;
}

/* The whole text with the document's part replaced. */
static void whole_text(const np_editing *e, np_slice part, const np_buffer *made, np_buffer *out)
{
    size_t before = (size_t)(part.p - e->text.p);
    np_buffer_add(out, e->text.p, before);
    np_buffer_add(out, made->p, made->n);
    np_buffer_add(out, part.p + part.n, e->text.n - before - part.n);
    out->failed |= made->failed;
}

/* Whether a text means what it should: the proof of an edit. */
static netpol_status prove(const np_editing *e, const np_buffer *text, const np_value *wanted,
                           size_t count)
{
    np_arena arena;
    np_arena_init(&arena, &e->d->alloc, 0);
    np_reading_of r;
    netpol_status s = text->failed
                          ? NETPOL_NO_MEMORY
                          : np_edit_read(&e->d->o, e->d->name, (np_slice){text->p, text->n},
                                         e->index, &arena, &r, NULL);
    if (s == NETPOL_OK && (r.count != count || !np_value_equal(r.value, wanted)))
        s = NETPOL_INVALID;
    np_arena_free(&arena);
    return s;
}

/* Tries one form. NETPOL_INVALID: it does not do. */
static netpol_status try_form(np_editing *e, np_edit_job *job, np_form form, const np_value *wanted,
                              size_t count)
{
    np_buffer part;
    np_buffer whole;
    np_buffer_init(&part, &e->d->alloc);
    np_buffer_init(&whole, &e->d->alloc);
    netpol_status s = NETPOL_INVALID;
    if (np_edit_splice(job, form, &part)) {
        whole_text(e, job->text, &part, &whole);
        s = prove(e, &whole, wanted, count);
    }
    np_buffer_free(&part);
    if (s == NETPOL_OK) {
        np_buffer_free(&e->text);
        e->text = whole;
        return s;
    }
    np_buffer_free(&whole);
    return job->arena->failed ? NETPOL_NO_MEMORY : s;
}

static netpol_status try_forms(np_editing *e, np_edit_job *job, const np_value *wanted,
                               size_t count, const char *path)
{
    for (int form = 0; form < NP_N_FORMS; form++) {
        netpol_status s = try_form(e, job, (np_form)form, wanted, count);
        if (s == NETPOL_OK || s == NETPOL_NO_MEMORY || s == NETPOL_CANCELLED)
            return s;
    }
    return refuse(e, path, NETPOL_INVALID,
                  "this text cannot take the change without another change (an anchor or a merge "
                  "key that is used elsewhere, or an unusual layout); edit it by hand");
}

/* Whether the path leads somewhere; else the status that says so. */
static netpol_status find(np_editing *e, np_edit_job *job, const char *path)
{
    np_edit_place place;
    netpol_status s = np_edit_find(job->root, &job->path, &place, &job->why);
    if (s != NETPOL_OK)
        return refuse(e, path, s, job->why);
    bool needed = job->action == NETPOL_EDIT_DELETE || job->action == NETPOL_EDIT_RENAME;
    if (needed && (!place.node || place.used < job->path.n))
        return refuse(e, path, NETPOL_NOT_FOUND, "there is nothing at this path");
    np_edit_lay_out(job, place.node ? place.node : place.in ? place.in : job->root);
    return NETPOL_OK;
}

static netpol_status lay_out(np_editing *e, np_edit_job *job, const np_reading_of *r,
                             const char *path)
{
    job->text = r->text;
    job->step = 2;
    job->line_end = line_end_of(r->text);
    netpol_status s = np_syntax_read(r->text, job->arena, &job->root);
    if (s != NETPOL_OK)
        return s == NETPOL_NO_MEMORY ? s
                                     : refuse(e, path, NETPOL_INVALID,
                                              "this document cannot be edited: write escapes of "
                                              "surrogate pairs as characters");
    job->json = job->root->style == NP_NODE_FLOW && job->root->n &&
                job->root->nodes[0]->style == NP_NODE_DOUBLE;
    return NETPOL_OK;
}

static netpol_status read_document(np_editing *e, np_edit_job *job, const char *path,
                                   np_reading_of *out)
{
    netpol_status s = np_edit_read(&e->d->o, e->d->name, (np_slice){e->text.p, e->text.n}, e->index,
                                   job->arena, out, e->diags);
    return s == NETPOL_NOT_FOUND ? refuse(e, path, s, "the text has not so many documents") : s;
}

static netpol_status apply(np_editing *e, np_edit_job *job, const char *path,
                           const np_reading_of *r)
{
    netpol_status s = lay_out(e, job, r, path);
    if (s == NETPOL_OK)
        s = find(e, job, path);
    if (s != NETPOL_OK)
        return s;
    const np_value *wanted = np_edit_value(job, r->value);
    if (job->arena->failed)
        return NETPOL_NO_MEMORY;
    if (!wanted)
        return refuse(e, path, NETPOL_INVALID, job->why);
    return try_forms(e, job, wanted, r->count, path);
}

netpol_status np_edit_apply(np_editing *e, np_edit_job *job, const char *path)
{
    np_reading_of r;
    netpol_status s = read_document(e, job, path, &r);
    return s == NETPOL_OK ? apply(e, job, path, &r) : s;
}

/* ---- edits in words ---- */

static bool needs_value(int32_t action)
{
    return action != NETPOL_EDIT_DELETE;
}

/* A scalar on one line may be written as it was given. */
static void note_literal(np_edit_job *job, np_slice text, const np_node *root)
{
    if (root->type != NP_NODE_SCALAR || root->style == NP_NODE_TEXT)
        return;
    np_slice literal = {text.p + root->begin, root->end - root->begin};
    if (!memchr(literal.p, '\n', literal.n) && !memchr(literal.p, '\r', literal.n))
        job->literal = literal;
}

/* Whether there is a comment before or behind a value (NULL: there is none). */
static bool has_comment(np_slice text, const np_node *root)
{
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] == '#' && (!root || i < root->begin || i >= root->end))
            return true;
    return false;
}

/* What is seen of a value's text alone: how it is written, and comments, which would be lost. */
static netpol_status look_at_text(np_editing *e, np_edit_job *job, const netpol_edit *edit)
{
    np_slice text = np_slice_of(edit->value);
    np_node *root = NULL;
    netpol_status s = np_syntax_read(text, job->arena, &root);
    if (s == NETPOL_NO_MEMORY)
        return s;
    if (s != NETPOL_INVALID && has_comment(text, root))
        return refuse(e, edit->path, NETPOL_INVALID,
                      "the value has a comment, which would be lost; a text with \" #\" in it goes "
                      "in quotes");
    if (s == NETPOL_OK)
        note_literal(job, text, root);
    return NETPOL_OK;
}

static netpol_status read_value(np_editing *e, np_edit_job *job, const netpol_edit *edit)
{
    np_reading_of r;
    if (!edit->value[strspn(edit->value, " \t\r\n")])
        return refuse(e, edit->path, NETPOL_INVALID,
                      "the value is empty; write null, or \"\" for an empty text");
    netpol_status s =
        np_edit_read(&e->d->o, "<value>", np_slice_of(edit->value), 0, job->arena, &r, e->diags);
    if (s == NETPOL_OK || s == NETPOL_NOT_FOUND) {
        netpol_status seen = look_at_text(e, job, edit);
        if (seen != NETPOL_OK)
            return seen;
    }
    if (s == NETPOL_NOT_FOUND) {
        np_value *null = NP_NEW(job->arena, np_value);
        if (!null)
            return NETPOL_NO_MEMORY;
        null->type = NP_VALUE_NULL;
        job->value = null;
        return NETPOL_OK;
    }
    if (s == NETPOL_OK && r.count != 1)
        return refuse(e, edit->path, NETPOL_INVALID, "the value is more than one document");
    if (s != NETPOL_OK)
        return s;
    job->value = r.value;
    np_edit_keep_text(job);
    return NETPOL_OK;
}

static netpol_status read_key(np_editing *e, np_edit_job *job, const netpol_edit *edit)
{
    job->new_key = np_slice_of(edit->value);
    return job->new_key.n ? NETPOL_OK
                          : refuse(e, edit->path, NETPOL_INVALID, "the new key is empty");
}

const np_value *np_edit_value_at(const np_value *v, const np_edit_path *path)
{
    for (size_t i = 0; v && i < path->n; i++) {
        const np_edit_step *step = &path->steps[i];
        if (!step->is_index)
            v = np_value_find(v, step->key);
        else
            v = v->type == NP_VALUE_LIST && step->index < v->n ? v->as.list[step->index] : NULL;
    }
    return v;
}

/* Of a collection that takes the place of another of its kind only the differences are written, so
 * that comments stay with what they are about. NETPOL_INVALID: that cannot be done. */
static netpol_status set_differences(np_editing *e, np_edit_job *job, const np_value *document)
{
    const np_value *old = np_edit_value_at(document, &job->path);
    if (!old || old->type != job->value->type || !np_form_is_block(old) ||
        !np_form_is_block(job->value))
        return NETPOL_INVALID;
    return np_edit_towards(e, &job->path, old, job->value);
}

static netpol_status apply_words(np_editing *e, np_edit_job *job, const netpol_edit *edit)
{
    job->action = edit->action;
    if (!np_edit_path_read(edit->path, &job->path))
        return refuse(e, edit->path, NETPOL_INVALID,
                      "this is no field path: write spec.ingress[0].ports[0].port, or "
                      "metadata.labels[\"a.b/c\"]");
    np_reading_of r;
    netpol_status s = read_document(e, job, edit->path, &r);
    if (s == NETPOL_OK && edit->action == NETPOL_EDIT_RENAME)
        s = read_key(e, job, edit);
    else if (s == NETPOL_OK && needs_value(edit->action))
        s = read_value(e, job, edit);
    if (s == NETPOL_OK && edit->action == NETPOL_EDIT_SET) {
        netpol_status done = set_differences(e, job, r.value);
        if (done == NETPOL_OK || done == NETPOL_NO_MEMORY || done == NETPOL_CANCELLED)
            return done;
    }
    return s == NETPOL_OK ? apply(e, job, edit->path, &r) : s;
}

static bool is_sound(const netpol_edit *edit)
{
    return edit->action >= NETPOL_EDIT_SET && edit->action <= NETPOL_EDIT_RENAME && edit->path &&
           !edit->reserved && (edit->value || !needs_value(edit->action));
}

netpol_status netpol_document_edit(netpol_document *d, size_t index, const netpol_edit *edits,
                                   size_t n, netpol_diagnostics *diags)
{
    if (!d || (!edits && n))
        return NETPOL_MISUSE;
    for (size_t i = 0; i < n; i++)
        if (!is_sound(&edits[i]))
            return NETPOL_MISUSE;
    np_editing e = {.d = d, .index = index, .diags = diags};
    np_buffer_init(&e.text, &d->alloc);
    np_buffer_add(&e.text, d->text.p, d->text.n);
    netpol_status s = e.text.failed ? NETPOL_NO_MEMORY : NETPOL_OK;
    for (size_t i = 0; s == NETPOL_OK && i < n; i++) {
        np_arena arena;
        np_arena_init(&arena, &d->alloc, 0);
        np_edit_job job = {.arena = &arena};
        s = apply_words(&e, &job, &edits[i]);
        np_arena_free(&arena);
    }
    if (s == NETPOL_OK)
        np_edit_warn(&e, edits, n);
    return np_edit_end(&e, d, s);
}

netpol_status np_edit_end(np_editing *e, netpol_document *d, netpol_status s)
{
    if (s == NETPOL_OK) {
        np_buffer old = d->text;
        d->text = e->text;
        e->text = old;
    }
    np_buffer_free(&e->text);
    return s;
}
