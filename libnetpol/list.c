/* SPDX-License-Identifier: MIT */
#include "list.h"

#include "question.h"

#include <stdlib.h>

/* ---- pods of one owner that turned out alike ---- */

/* Whether two parties have the same connections with everybody else, and with each other. */
static bool are_alike(const np_matrix *t, size_t a, size_t b)
{
    if (t->parties.at[a].families != t->parties.at[b].families)
        return false;
    for (size_t family = 0; family < 2; family++) {
        for (size_t k = 0; k < t->parties.n; k++)
            if (t->parties.at[k].owner != t->parties.at[a].owner &&
                (np_matrix_cell(t, family, a, k) != np_matrix_cell(t, family, b, k) ||
                 np_matrix_cell(t, family, k, a) != np_matrix_cell(t, family, k, b)))
                return false;
        if (np_matrix_cell(t, family, a, b) != np_matrix_cell(t, family, b, a) ||
            np_matrix_cell(t, family, a, a) != np_matrix_cell(t, family, b, b) ||
            np_matrix_cell(t, family, a, a) != np_matrix_cell(t, family, a, b))
            return false;
    }
    return true;
}

/* ---- lines ---- */

/* What a line names: a party, or one pod of a party that is shown apart. */
typedef struct entry {
    const char *name;
    uint32_t party;
    uint32_t pod; /* of a party shown apart; NP_NONE: the party as a whole */
} entry;

typedef struct entries {
    entry *at;
    size_t n;
    size_t room;
} entries;

static bool add_entry(np_matrix *t, entries *out, const char *name, uint32_t party, uint32_t pod)
{
    if (!name || !np_arena_grow(&t->arena, (void **)&out->at, out->n, &out->room, sizeof *out->at))
        return false;
    out->at[out->n++] = (entry){name, party, pod};
    return true;
}

static const char *name_of_pod(np_matrix *t, uint32_t pod)
{
    const np_snapshot *s = t->e->snapshot;
    const np_pod *p = np_pod_at(s, pod);
    np_buffer b;
    np_buffer_init(&b, &t->e->alloc);
    np_buffer_format(&b, "%s/%s%s", np_namespace_at(s, p->space)->name, p->name,
                     strchr(p->name, '[') ? "" : "[Pod]");
    const char *name = b.failed ? NULL : np_arena_text(&t->arena, b.p, b.n);
    np_buffer_free(&b);
    return name;
}

/* The pods of an owner one by one. */
static bool add_apart(np_matrix *t, entries *out, uint32_t owner)
{
    const np_snapshot *s = t->e->snapshot;
    for (uint32_t pod = np_owner_at(s, owner)->first_pod; pod != NP_NONE;
         pod = np_next_of_owner(s, pod))
        if (!add_entry(t, out, name_of_pod(t, pod), t->parties.party_of_pod[pod], pod))
            return false;
    return true;
}

/* The parties of one owner follow each other only by chance, so the first stands for all. */
static bool add_owner(np_matrix *t, entries *out, size_t first)
{
    const np_party *p = &t->parties.at[first];
    bool alike = true;
    for (uint32_t i = t->parties.next_of_owner[first]; i != NP_NONE && alike;
         i = t->parties.next_of_owner[i])
        alike = are_alike(t, first, i);
    if (alike && !t->how.pods)
        return add_entry(t, out, p->name, (uint32_t)first, NP_NONE);
    return add_apart(t, out, p->owner);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const entry *)a)->name, ((const entry *)b)->name);
}

static bool make_entries(np_matrix *t, entries *out)
{
    for (size_t i = 0; i < t->parties.n; i++) {
        const np_party *p = &t->parties.at[i];
        bool good = true;
        if (p->pod == NP_NONE)
            good = add_entry(t, out, p->name, (uint32_t)i, NP_NONE);
        else if (p->first_of_owner)
            good = add_owner(t, out, i);
        if (!good)
            return false;
    }
    if (out->n)
        qsort(out->at, out->n, sizeof *out->at, by_name);
    return true;
}

typedef struct writer {
    const np_matrix *t;
    np_buffer out;
    const netpol_sink *to;
    bool json;
    bool first;
} writer;

/* `family` 4 or 6 where the other has other connections, else 0. */
static netpol_status write_line(writer *w, const entry *src, const entry *dst, const np_conns *c,
                                unsigned family)
{
    np_buffer *b = &w->out;
    if (w->json) {
        np_buffer_text(b, w->first ? "{\"src\":" : ",{\"src\":");
        np_buffer_json(b, np_slice_of(src->name));
        np_buffer_text(b, ",\"dst\":");
        np_buffer_json(b, np_slice_of(dst->name));
        if (family)
            np_buffer_format(b, ",\"family\":%u", family);
        np_buffer_text(b, ",\"conns\":");
        np_conns_json(b, c);
        np_buffer_char(b, '}');
    } else {
        np_buffer_shown(b, src->name);
        np_buffer_text(b, " => ");
        np_buffer_shown(b, dst->name);
        np_buffer_text(b, " : ");
        np_conns_text(b, c);
        if (family)
            np_buffer_format(b, " (IPv%u)", family);
        np_buffer_char(b, '\n');
    }
    w->first = false;
    return b->n > 1u << 16 ? np_buffer_flush(b, w->to) : NETPOL_OK;
}

static const np_conns *conns_at(const np_matrix *t, size_t family, const entry *src,
                                const entry *dst)
{
    uint32_t number = np_matrix_cell(t, family, src->party, dst->party);
    if (number == NP_NONE || np_conns_empty(&t->sets[number]))
        return NULL;
    return &t->sets[number];
}

static netpol_status write_pair(writer *w, const entry *src, const entry *dst)
{
    const np_matrix *t = w->t;
    const np_conns *four = conns_at(t, 0, src, dst);
    const np_conns *six = conns_at(t, 1, src, dst);
    bool both = np_matrix_cell(t, 0, src->party, dst->party) != NP_NONE &&
                np_matrix_cell(t, 1, src->party, dst->party) != NP_NONE;
    netpol_status status = NETPOL_OK;
    if (four)
        status = write_line(w, src, dst, four, both && four != six ? 4 : 0);
    if (status == NETPOL_OK && six && four != six)
        status = write_line(w, src, dst, six, both ? 6 : 0);
    return status;
}

static netpol_status write_pairs(writer *w, const entries *all)
{
    netpol_status status = NETPOL_OK;
    for (size_t i = 0; i < all->n && status == NETPOL_OK; i++)
        for (size_t k = 0; k < all->n && status == NETPOL_OK; k++) {
            bool self = i == k;
            if (!self || w->t->how.self)
                status = write_pair(w, &all->at[i], &all->at[k]);
        }
    return status;
}

static void write_head(writer *w)
{
    const np_snapshot *s = w->t->e->snapshot;
    bool four = w->t->pairs[0] != NULL;
    bool six = w->t->pairs[1] != NULL;
    np_buffer_format(&w->out,
                     "{\"schema\":\"netpol.list/v1\",\"semantics\":\"%s\",\"family\":[%s],",
                     np_semantics_name(&w->t->e->semantics),
                     four && six ? "4,6"
                     : six       ? "6"
                                 : "4");
    np_buffer_text(&w->out, "\"depends\":");
    np_depends_json(&w->out, w->t->depends);
    np_buffer_format(&w->out, ",\"ignored_policies\":%zu,\"incomplete\":%s,\"connections\":[",
                     s->foreign, s->incomplete ? "true" : "false");
}

static netpol_status write_all(np_matrix *t, const entries *all, bool json, const netpol_sink *to)
{
    writer w = {.t = t, .to = to, .json = json, .first = true};
    np_buffer_init(&w.out, &t->e->alloc);
    if (json)
        write_head(&w);
    netpol_status status = write_pairs(&w, all);
    if (json)
        np_buffer_text(&w.out, "]}\n");
    if (status == NETPOL_OK)
        status = np_buffer_flush(&w.out, to);
    np_buffer_free(&w.out);
    return status;
}

netpol_status netpol_engine_list(const netpol_engine *engine, const netpol_list_options *how,
                                 int32_t format, const netpol_sink *to, netpol_diagnostics *diags)
{
    netpol_list_options h = {.size = sizeof h};
    if (!engine || !to || !to->write || !np_sized_read(how, &h, sizeof h) ||
        (format != NETPOL_FORMAT_TEXT && format != NETPOL_FORMAT_JSON))
        return NETPOL_MISUSE;
    np_matrix t;
    entries all = {.at = NULL};
    netpol_status status = np_matrix_make(&t, engine, &h, diags);
    if (status == NETPOL_OK && !make_entries(&t, &all))
        status = NETPOL_NO_MEMORY;
    if (status == NETPOL_OK)
        status = write_all(&t, &all, format == NETPOL_FORMAT_JSON, to);
    np_matrix_free(&t);
    return status;
}
