/* SPDX-License-Identifier: MIT */
#include "list.h"

#include "question.h"

#include <stdlib.h>

/* The table: the number of a set of connections for each pair of parties, by family. */
typedef struct table {
    const netpol_engine *e;
    netpol_list_options how;
    np_arena arena;
    np_parties parties;
    uint32_t *cells[2]; /* NULL: the family is not used; NP_NONE: not judged */
    np_conns *sets;     /* every different one once */
    size_t n_sets;
    size_t sets_room;
    uint32_t depends;
} table;

/* ---- judging ---- */

static np_side side_of(const table *t, const np_party *p, uint8_t family)
{
    const np_snapshot *s = t->e->snapshot;
    if (p->pod != NP_NONE)
        return np_side_of_pod(s, p->pod, family);
    np_side side = {.ip = p->ip, .pod = NP_NONE, .node = NP_NONE, .family = family, .known = true};
    if (p->destination)
        side.node = np_snapshot_node_of_ip(s, &p->ip);
    return side;
}

/* The number of a set; NP_NONE: no memory. Few are different, so they are looked through. */
static uint32_t number_of(table *t, const np_conns *c)
{
    for (size_t i = t->n_sets; i-- > 0;)
        if (np_conns_equal(&t->sets[i], c))
            return (uint32_t)i;
    if (!np_arena_grow(&t->arena, (void **)&t->sets, t->n_sets, &t->sets_room, sizeof *t->sets))
        return NP_NONE;
    t->sets[t->n_sets] = *c;
    return (uint32_t)t->n_sets++;
}

/* Judges one pair in a scratch arena; what is new of it is judged again to be kept. What is not
 * going to be shown leaves no marks. */
static uint32_t judge(table *t, const np_packet *q, bool shown, np_arena *scratch)
{
    np_conns c;
    if (!np_conns_between(t->e, q, scratch, &c))
        return NP_NONE;
    t->depends |= shown ? c.depends : 0;
    size_t before = t->n_sets;
    uint32_t number = number_of(t, &c);
    if (number != NP_NONE && t->n_sets > before &&
        !np_conns_between(t->e, q, &t->arena, &t->sets[number]))
        number = NP_NONE;
    np_arena_reset(scratch);
    return number;
}

static bool is_shown(const table *t, size_t i, size_t k)
{
    const np_party *src = &t->parties.at[i];
    const np_party *dst = &t->parties.at[k];
    if (!src->source || !dst->destination || (src->pod == NP_NONE && dst->pod == NP_NONE))
        return false;
    return src->in_focus || dst->in_focus;
}

/* Traffic of a party with itself is between two of its pods, unless it is one pod. */
static bool is_workload(const table *t, const np_party *p)
{
    const np_snapshot *s = t->e->snapshot;
    return np_pod_is_any_replica(np_pod_at(s, p->pod)) ||
           (!t->how.pods && strcmp(np_owner_at(s, p->owner)->kind, "Pod") != 0);
}

static uint32_t judge_pair(table *t, size_t i, size_t k, uint8_t family, np_arena *scratch)
{
    const np_party *src = &t->parties.at[i];
    const np_party *dst = &t->parties.at[k];
    if (!is_shown(t, i, k) || !(src->families & dst->families & family))
        return NP_NONE;
    if (src->free[1] && dst->free[0] && i != k) {
        t->depends |= t->e->snapshot->foreign ? NETPOL_DEPENDS_FOREIGN_POLICY : 0;
        return 0;
    }
    bool workload = src->pod != NP_NONE && is_workload(t, src);
    np_packet q = {.src = side_of(t, src, family),
                   .dst = side_of(t, dst, family),
                   .two_replicas = i == k && workload};
    uint32_t number = judge(t, &q, i != k || t->how.self, scratch);
    return number == NP_NONE ? NP_NONE - 1 : number;
}

/* Set 0 is "everything". */
static bool add_everything(table *t)
{
    np_conns all = {.all = true};
    for (size_t i = 0; i < NP_CONN_PROTOCOLS; i++) {
        all.ranges[i] = NP_NEW(&t->arena, np_conn_range);
        if (!all.ranges[i])
            return false;
        *all.ranges[i] = (np_conn_range){1, NP_MAX_PORT};
        all.n[i] = 1;
    }
    return number_of(t, &all) != NP_NONE;
}

static netpol_status judge_family(table *t, size_t family, np_arena *scratch)
{
    size_t n = t->parties.n;
    uint32_t *cells = np_arena_alloc(&t->arena, n * n * sizeof *cells + 1, 4);
    if (!cells)
        return NETPOL_NO_MEMORY;
    t->cells[family] = cells;
    for (size_t i = 0; i < n; i++) {
        if (t->how.keep_going && !t->how.keep_going(t->how.ctx))
            return NETPOL_CANCELLED;
        for (size_t k = 0; k < n; k++) {
            cells[i * n + k] = judge_pair(t, i, k, family ? NP_FAMILY_6 : NP_FAMILY_4, scratch);
            if (cells[i * n + k] == NP_NONE - 1)
                return NETPOL_NO_MEMORY;
        }
    }
    return NETPOL_OK;
}

static netpol_status judge_all(table *t)
{
    np_arena scratch;
    np_arena_init(&scratch, &t->e->alloc, 4096);
    netpol_status status = add_everything(t) ? NETPOL_OK : NETPOL_NO_MEMORY;
    for (size_t family = 0; family < 2 && status == NETPOL_OK; family++)
        if (t->e->snapshot->families & (family ? NP_FAMILY_6 : NP_FAMILY_4) &&
            !(family && t->e->semantics.ipv4_only))
            status = judge_family(t, family, &scratch);
    np_arena_free(&scratch);
    return status;
}

/* ---- pods of one owner that turned out alike ---- */

static uint32_t cell(const table *t, size_t family, size_t i, size_t k)
{
    return t->cells[family] ? t->cells[family][i * t->parties.n + k] : NP_NONE;
}

/* Whether two parties have the same connections with everybody else, and with each other. */
static bool are_alike(const table *t, size_t a, size_t b)
{
    if (t->parties.at[a].families != t->parties.at[b].families)
        return false;
    for (size_t family = 0; family < 2; family++) {
        for (size_t k = 0; k < t->parties.n; k++)
            if (t->parties.at[k].owner != t->parties.at[a].owner &&
                (cell(t, family, a, k) != cell(t, family, b, k) ||
                 cell(t, family, k, a) != cell(t, family, k, b)))
                return false;
        if (cell(t, family, a, b) != cell(t, family, b, a) ||
            cell(t, family, a, a) != cell(t, family, b, b) ||
            cell(t, family, a, a) != cell(t, family, a, b))
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

static bool add_entry(table *t, entries *out, const char *name, uint32_t party, uint32_t pod)
{
    if (!name || !np_arena_grow(&t->arena, (void **)&out->at, out->n, &out->room, sizeof *out->at))
        return false;
    out->at[out->n++] = (entry){name, party, pod};
    return true;
}

static const char *name_of_pod(table *t, uint32_t pod)
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
static bool add_apart(table *t, entries *out, uint32_t owner)
{
    const np_snapshot *s = t->e->snapshot;
    for (uint32_t pod = np_owner_at(s, owner)->first_pod; pod != NP_NONE; pod = np_next_of_owner(s, pod))
        if (!add_entry(t, out, name_of_pod(t, pod), t->parties.party_of_pod[pod], pod))
            return false;
    return true;
}

/* The parties of one owner follow each other only by chance, so the first stands for all. */
static bool add_owner(table *t, entries *out, size_t first)
{
    const np_party *p = &t->parties.at[first];
    bool alike = true;
    for (size_t i = 0; i < t->parties.n; i++) {
        if (t->parties.at[i].owner != p->owner || i == first)
            continue;
        if (i < first)
            return true; /* done with the first */
        alike = alike && are_alike(t, first, i);
    }
    if (alike && !t->how.pods)
        return add_entry(t, out, p->name, (uint32_t)first, NP_NONE);
    return add_apart(t, out, p->owner);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const entry *)a)->name, ((const entry *)b)->name);
}

static bool make_entries(table *t, entries *out)
{
    for (size_t i = 0; i < t->parties.n; i++) {
        const np_party *p = &t->parties.at[i];
        bool good = p->pod == NP_NONE ? add_entry(t, out, p->name, (uint32_t)i, NP_NONE)
                                      : add_owner(t, out, i);
        if (!good)
            return false;
    }
    if (out->n)
        qsort(out->at, out->n, sizeof *out->at, by_name);
    return true;
}

typedef struct writer {
    const table *t;
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
        np_buffer_format(b, "%s => %s : ", src->name, dst->name);
        np_conns_text(b, c);
        if (family)
            np_buffer_format(b, " (IPv%u)", family);
        np_buffer_char(b, '\n');
    }
    w->first = false;
    return b->n > 1u << 16 ? np_buffer_flush(b, w->to) : NETPOL_OK;
}

static const np_conns *conns_at(const table *t, size_t family, const entry *src, const entry *dst)
{
    uint32_t number = cell(t, family, src->party, dst->party);
    if (number == NP_NONE || np_conns_empty(&t->sets[number]))
        return NULL;
    return &t->sets[number];
}

static netpol_status write_pair(writer *w, const entry *src, const entry *dst)
{
    const table *t = w->t;
    const np_conns *four = conns_at(t, 0, src, dst);
    const np_conns *six = conns_at(t, 1, src, dst);
    bool both = cell(t, 0, src->party, dst->party) != NP_NONE &&
                cell(t, 1, src->party, dst->party) != NP_NONE;
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
    bool four = w->t->cells[0] != NULL;
    bool six = w->t->cells[1] != NULL;
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

static netpol_status write_all(table *t, const entries *all, bool json, const netpol_sink *to)
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
    table t = {.e = engine, .how = h};
    entries all = {.at = NULL};
    np_arena_init(&t.arena, &engine->alloc, 4096);
    netpol_status status = np_parties_make(engine, &t.how, &t.arena, &t.parties, diags);
    if (status == NETPOL_OK)
        status = judge_all(&t);
    if (status == NETPOL_OK && !make_entries(&t, &all))
        status = NETPOL_NO_MEMORY;
    if (status == NETPOL_OK)
        status = write_all(&t, &all, format == NETPOL_FORMAT_JSON, to);
    np_arena_free(&t.arena);
    return status;
}
