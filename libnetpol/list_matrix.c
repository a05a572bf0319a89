/* SPDX-License-Identifier: MIT */
/* The table of who can talk to whom. What is judged are kinds of parties, not parties. */
#include "list.h"

#include "question.h"

/* ---- sets of connections ---- */

static uint32_t hash_of(const np_conns *c)
{
    uint32_t hash = c->all;
    for (size_t i = 0; i < NP_CONN_PROTOCOLS; i++)
        hash = hash * 31 +
               np_hash((np_slice){(const char *)c->ranges[i], c->n[i] * sizeof *c->ranges[i]});
    return hash;
}

static bool set_is(const void *context, const void *key, uint32_t number)
{
    return np_conns_equal(&((const np_matrix *)context)->sets[number], key);
}

/* The number of a set, which is copied if it is new; NP_NONE: no memory. */
static uint32_t number_of(np_matrix *t, const np_conns *c)
{
    if (t->last_set < t->n_sets && np_conns_equal(&t->sets[t->last_set], c))
        return t->last_set; /* neighbours are mostly alike */
    uint32_t hash = hash_of(c);
    uint32_t number = np_index_find(&t->set_index, hash, set_is, t, c);
    if (number != NP_NONE)
        return t->last_set = number;
    if (!np_arena_grow(&t->arena, (void **)&t->sets, t->n_sets, &t->sets_room, sizeof *t->sets) ||
        !np_conns_copy(c, &t->arena, &t->sets[t->n_sets]) ||
        !np_index_add(&t->set_index, hash, (uint32_t)t->n_sets))
        return NP_NONE;
    return t->last_set = (uint32_t)t->n_sets++;
}

/* Set 0 is "everything". */
static bool add_everything(np_matrix *t)
{
    np_conn_range whole = {1, NP_MAX_PORT};
    np_conns all = {.all = true};
    for (size_t i = 0; i < NP_CONN_PROTOCOLS; i++) {
        all.ranges[i] = &whole;
        all.n[i] = 1;
    }
    return number_of(t, &all) != NP_NONE;
}

/* ---- judging ---- */

static bool is_shown(const np_matrix *t, size_t i, size_t k)
{
    const np_party *src = &t->parties.at[i];
    const np_party *dst = &t->parties.at[k];
    if (!src->source || !dst->destination || (src->pod == NP_NONE && dst->pod == NP_NONE))
        return false;
    return src->in_focus || dst->in_focus;
}

/* Traffic of a party with itself is between two of its pods, unless it is one pod. */
static bool is_workload(const np_matrix *t, const np_party *p)
{
    const np_snapshot *s = t->e->snapshot;
    return np_pod_is_any_replica(np_pod_at(s, p->pod)) ||
           (!t->how.pods && strcmp(np_owner_at(s, p->owner)->kind, "Pod") != 0);
}

/* Where policies of this party cut the ports; they are the same for all of a kind. NULL: no memory.
 */
static const np_end_cuts *cuts_of(np_matrix *t, const np_party *p, const np_packet *q,
                                  int32_t direction)
{
    np_end_cuts *cuts = &t->cuts[direction == NETPOL_INGRESS][p->kind];
    if (!cuts->at[0] && !np_end_cuts_make(t->e->snapshot, q, direction, &t->arena, cuts))
        return NULL;
    return cuts;
}

static netpol_status judge_pair(np_matrix *t, size_t i, size_t k, uint8_t family, np_arena *scratch,
                                uint32_t *cell)
{
    const np_party *src = &t->parties.at[i];
    const np_party *dst = &t->parties.at[k];
    if (src->free[1] && dst->free[0] && i != k) {
        t->depends |= t->e->snapshot->foreign ? NETPOL_DEPENDS_FOREIGN_POLICY : 0;
        *cell = 0;
        return NETPOL_OK;
    }
    np_packet q = {.src = np_side_of_party(t->e->snapshot, src, family),
                   .dst = np_side_of_party(t->e->snapshot, dst, family),
                   .two_replicas = i == k && src->pod != NP_NONE && is_workload(t, src)};
    np_conns c;
    const np_end_cuts *out = cuts_of(t, src, &q, NETPOL_EGRESS);
    const np_end_cuts *in = cuts_of(t, dst, &q, NETPOL_INGRESS);
    if (!out || !in || !np_conns_judge(t->e, &q, out, in, scratch, &c))
        return NETPOL_NO_MEMORY;
    /* what is not going to be shown leaves no marks */
    t->depends |= i != k || t->how.self ? c.depends : 0;
    *cell = number_of(t, &c);
    np_arena_reset(scratch);
    return *cell == NP_NONE ? NETPOL_NO_MEMORY : NETPOL_OK;
}

static uint32_t *cell_at(const np_matrix *t, size_t family, size_t i, size_t k)
{
    const np_parties *p = &t->parties;
    return i == k ? &t->alone[family][i]
                  : &t->pairs[family][p->at[i].kind * p->n_kinds + p->at[k].kind];
}

static netpol_status judge_row(np_matrix *t, size_t family, size_t i, np_arena *scratch)
{
    uint8_t bit = family ? NP_FAMILY_6 : NP_FAMILY_4;
    for (size_t k = 0; k < t->parties.n; k++) {
        uint32_t *cell = cell_at(t, family, i, k);
        if (*cell != NP_NONE || !is_shown(t, i, k) ||
            !(t->parties.at[i].families & t->parties.at[k].families & bit))
            continue;
        netpol_status status = judge_pair(t, i, k, bit, scratch, cell);
        if (status != NETPOL_OK)
            return status;
    }
    return NETPOL_OK;
}

static uint32_t *new_cells(np_matrix *t, size_t n)
{
    uint32_t *cells = np_arena_alloc(&t->arena, n * sizeof *cells + 1, 4);
    if (cells)
        memset(cells, 0xff, n * sizeof *cells);
    return cells;
}

static netpol_status judge_family(np_matrix *t, size_t family, np_arena *scratch)
{
    t->alone[family] = new_cells(t, t->parties.n);
    t->pairs[family] = new_cells(t, t->parties.n_kinds * t->parties.n_kinds);
    if (!t->alone[family] || !t->pairs[family])
        return NETPOL_NO_MEMORY;
    for (size_t i = 0; i < t->parties.n; i++) {
        if (t->how.keep_going && !t->how.keep_going(t->how.ctx))
            return NETPOL_CANCELLED;
        netpol_status status = judge_row(t, family, i, scratch);
        if (status != NETPOL_OK)
            return status;
    }
    return NETPOL_OK;
}

static netpol_status judge_all(np_matrix *t)
{
    np_arena scratch;
    np_arena_init(&scratch, &t->e->alloc, 4096);
    for (size_t i = 0; i < 2; i++)
        t->cuts[i] = NP_NEW_ARRAY(&t->arena, np_end_cuts, t->parties.n_kinds);
    netpol_status status =
        t->cuts[0] && t->cuts[1] && add_everything(t) ? NETPOL_OK : NETPOL_NO_MEMORY;
    for (size_t family = 0; family < 2 && status == NETPOL_OK; family++)
        if (t->e->snapshot->families & (family ? NP_FAMILY_6 : NP_FAMILY_4) &&
            !(family && t->e->semantics.ipv4_only))
            status = judge_family(t, family, &scratch);
    np_arena_free(&scratch);
    return status;
}

/* ---- the table ---- */

uint32_t np_matrix_cell(const np_matrix *t, size_t family, size_t src, size_t dst)
{
    return t->pairs[family] && is_shown(t, src, dst) ? *cell_at(t, family, src, dst) : NP_NONE;
}

netpol_status np_matrix_make(np_matrix *t, const netpol_engine *e, const netpol_list_options *how,
                             netpol_diagnostics *diags)
{
    *t = (np_matrix){.e = e, .how = *how};
    np_arena_init(&t->arena, &e->alloc, 4096);
    np_index_init(&t->set_index, &e->alloc);
    netpol_status status = np_parties_make(e, how, &t->arena, &t->parties, diags);
    return status == NETPOL_OK ? judge_all(t) : status;
}

void np_matrix_free(np_matrix *t)
{
    np_index_free(&t->set_index);
    np_arena_free(&t->arena);
}
