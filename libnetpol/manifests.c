/* SPDX-License-Identifier: MIT */
#include "manifests.h"

/* ---- the list ---- */

netpol_status netpol_manifests_new(const netpol_options *options, netpol_manifests **out)
{
    netpol_options o;
    if (!out || !np_options_read(options, &o))
        return NETPOL_MISUSE;
    netpol_manifests *m = np_resize(o.allocator, NULL, 0, sizeof *m);
    if (!m)
        return NETPOL_NO_MEMORY;
    *m = (netpol_manifests){.o = o, .alloc = *o.allocator};
    m->o.allocator = &m->alloc;
    np_arena_init(&m->names, &m->alloc, 0);
    m->diags = netpol_diagnostics_new(&m->o);
    if (!m->diags) {
        netpol_manifests_free(m);
        return NETPOL_NO_MEMORY;
    }
    *out = m;
    return NETPOL_OK;
}

np_manifests_mark np_manifests_here(const netpol_manifests *m)
{
    return (np_manifests_mark){m->n_documents, m->n_objects, m->n_good, m->n_texts,
                               m->broken,      m->foreign,   m->used};
}

void np_manifests_back_to(netpol_manifests *m, const np_manifests_mark *mark)
{
    while (m->n_objects > mark->objects)
        netpol_object_unref(m->objects[--m->n_objects]);
    while (m->n_texts > mark->texts) {
        np_kept_text *t = &m->texts[--m->n_texts];
        np_release(&m->alloc, t->p, t->room);
    }
    m->n_documents = mark->documents;
    m->n_good = mark->good;
    m->broken = mark->broken;
    m->foreign = mark->foreign;
    m->used = mark->used;
}

void netpol_manifests_free(netpol_manifests *m)
{
    if (!m)
        return;
    netpol_allocator alloc = m->alloc;
    np_manifests_back_to(m, &(np_manifests_mark){0});
    np_arena_free(&m->names);
    netpol_diagnostics_free(m->diags);
    np_release(&alloc, m->documents, m->documents_room * sizeof *m->documents);
    np_release(&alloc, m->objects, m->objects_room * sizeof *m->objects);
    np_release(&alloc, m->good, m->good_room * sizeof *m->good);
    np_release(&alloc, m->texts, m->texts_room * sizeof *m->texts);
    np_release(&alloc, m, sizeof *m);
}

size_t netpol_manifests_count(const netpol_manifests *m)
{
    return m ? m->n_good : 0;
}

const netpol_object *netpol_manifests_at(const netpol_manifests *m, size_t i)
{
    return m && i < m->n_good ? m->good[i] : NULL;
}

size_t netpol_manifests_document_count(const netpol_manifests *m)
{
    return m ? m->n_documents : 0;
}

const netpol_document_info *netpol_manifests_document_at(const netpol_manifests *m, size_t i)
{
    return m && i < m->n_documents ? &m->documents[i] : NULL;
}

const netpol_diagnostics *netpol_manifests_diagnostics(const netpol_manifests *m)
{
    return m ? m->diags : NULL;
}

size_t netpol_manifests_broken(const netpol_manifests *m)
{
    return m ? m->broken : 0;
}

size_t netpol_manifests_foreign(const netpol_manifests *m)
{
    return m ? m->foreign : 0;
}

const char *netpol_manifests_text(const netpol_manifests *m, const char *source, size_t *n)
{
    for (size_t i = m && source && n ? m->n_texts : 0; i-- > 0;)
        if (strcmp(m->texts[i].source, source) == 0) {
            *n = m->texts[i].n;
            return m->texts[i].p;
        }
    return NULL;
}

/* ---- adding ---- */

bool np_manifests_make_room(netpol_manifests *m)
{
    return np_grow(&m->alloc, (void **)&m->documents, &m->documents_room, m->n_documents + 1,
                   sizeof *m->documents) &&
           np_grow(&m->alloc, (void **)&m->objects, &m->objects_room, m->n_objects + 1,
                   sizeof *m->objects) &&
           np_grow(&m->alloc, (void **)&m->good, &m->good_room, m->n_good + 1, sizeof *m->good);
}

void np_manifests_add_document(netpol_manifests *m, netpol_document_info info, netpol_object *x)
{
    if (x) {
        m->objects[m->n_objects++] = x;
        m->used += x->arena.held;
        info.object = x;
    }
    if (x && info.state != NETPOL_DOCUMENT_BROKEN)
        m->good[m->n_good++] = x;
    m->broken += info.state == NETPOL_DOCUMENT_BROKEN;
    m->foreign += info.state == NETPOL_DOCUMENT_FOREIGN;
    info.n_diagnostics = netpol_diagnostics_count(m->diags) - info.first_diagnostic;
    m->documents[m->n_documents++] = info;
}

netpol_status netpol_manifests_add(netpol_manifests *m, const netpol_object *object)
{
    if (!m || !object)
        return NETPOL_MISUSE;
    if (!np_manifests_make_room(m))
        return NETPOL_NO_MEMORY;
    netpol_object *x = netpol_object_ref(object);
    const char *namespace_name = netpol_object_namespace(x);
    netpol_document_info info = {
        .source = x->source ? x->source : "",
        .document = x->document,
        .item = x->item,
        .line = x->line,
        .state = NETPOL_DOCUMENT_OK,
        .api_version = x->api_version,
        .kind = x->kind_name,
        .name = netpol_object_name(x),
        .namespace_name = namespace_name ? namespace_name : "",
        .first_diagnostic = netpol_diagnostics_count(m->diags),
    };
    np_manifests_add_document(m, info, x);
    return NETPOL_OK;
}

/* ---- reading ---- */

bool np_reading_note(np_reading *r, netpol_status s)
{
    static const unsigned char ranks[] = {
        [NETPOL_OK] = 0,    [NETPOL_INVALID] = 1,   [NETPOL_IO] = 2,
        [NETPOL_LIMIT] = 3, [NETPOL_NO_MEMORY] = 4, [NETPOL_CANCELLED] = 5,
    };
    if (ranks[s] > ranks[r->worst])
        r->worst = s;
    return s == NETPOL_OK || s == NETPOL_INVALID || s == NETPOL_IO;
}

bool np_reading_fail(np_reading *r, const char *source, netpol_status s, const char *why)
{
    np_where where = {.source = source, .item = -1};
    r->m->broken++;
    np_diag(r->m->diags, s == NETPOL_LIMIT ? NP_CODE_LIMIT : NP_CODE_IO, &where, NULL, NULL, "%s",
            why);
    return np_reading_note(r, s);
}

bool np_reading_text(np_reading *r, const char *source, const char *bytes, size_t n)
{
    np_text *t;
    if (n > r->m->o.max_bytes)
        return np_reading_fail(r, source, NETPOL_LIMIT, "the input is larger than max_bytes");
    netpol_status s = np_text_open(&t, &r->m->o, source, bytes, n, r->m->diags);
    if (s) {
        r->m->broken++;
        return np_reading_note(r, s);
    }
    bool on = np_reading_documents(r, t, source);
    np_text_close(t);
    return on;
}

bool np_reading_keep_text(np_reading *r, const char *source, char *p, size_t n, size_t room)
{
    netpol_manifests *m = r->m;
    if (!(m->o.flags & NETPOL_KEEP_TEXT)) {
        np_release(&m->alloc, p, room);
        return true;
    }
    if (!np_grow(&m->alloc, (void **)&m->texts, &m->texts_room, m->n_texts + 1, sizeof *m->texts)) {
        np_release(&m->alloc, p, room);
        return np_reading_note(r, NETPOL_NO_MEMORY);
    }
    m->texts[m->n_texts++] = (np_kept_text){source, p, n, room};
    return true;
}

/* ---- calls ---- */

/* How it was before the call, and what reads. */
typedef struct call {
    np_reading reading;
    np_manifests_mark before;
    size_t first_diagnostic;
} call;

static void begin(call *c, netpol_manifests *m)
{
    *c = (call){.reading = {.m = m}, .before = np_manifests_here(m)};
    c->first_diagnostic = netpol_diagnostics_count(m->diags);
    np_binder_init(&c->reading.binder, &m->o);
}

static netpol_status end(call *c, netpol_diagnostics *diags)
{
    netpol_manifests *m = c->reading.m;
    netpol_status s = c->reading.worst;
    np_binder_free(&c->reading.binder);
    np_diag_append(diags, m->diags, c->first_diagnostic);
    if (s == NETPOL_NO_MEMORY || s == NETPOL_CANCELLED) {
        np_manifests_back_to(m, &c->before);
        np_diag_truncate(m->diags, c->first_diagnostic);
    }
    return s;
}

netpol_status netpol_manifests_read(netpol_manifests *m, const char *path,
                                    netpol_diagnostics *diags)
{
    if (!m || !path)
        return NETPOL_MISUSE;
    call c;
    begin(&c, m);
    (void)np_reading_path(&c.reading, path);
    return end(&c, diags);
}

/* A copy of the caller's text, where it is to be kept. */
static bool keep_copy(np_reading *r, const char *source, const void *bytes, size_t n)
{
    if (!(r->m->o.flags & NETPOL_KEEP_TEXT) || n == 0)
        return true;
    char *copy = np_resize(&r->m->alloc, NULL, 0, n);
    if (!copy)
        return np_reading_note(r, NETPOL_NO_MEMORY);
    memcpy(copy, bytes, n);
    return np_reading_keep_text(r, source, copy, n, n);
}

netpol_status netpol_manifests_read_memory(netpol_manifests *m, const char *name, const void *bytes,
                                           size_t n, netpol_diagnostics *diags)
{
    if (!m || (!bytes && n))
        return NETPOL_MISUSE;
    call c;
    begin(&c, m);
    name = name ? name : "<memory>";
    const char *source = np_arena_text(&m->names, name, strlen(name));
    if (!source)
        (void)np_reading_note(&c.reading, NETPOL_NO_MEMORY);
    else if (np_reading_text(&c.reading, source, bytes, n))
        (void)keep_copy(&c.reading, source, bytes, n);
    return end(&c, diags);
}
