/* SPDX-License-Identifier: MIT */
/* The programmes of a namespace: which policies hold for a class, and what they open. */
#include "compile_inside.h"

/* A namespace's rows may take this much memory: so much a pod, and something to begin with. What
 * does not fit is judged by lists of entries instead. */
#define ROW_BYTES_A_POD ((size_t)64)
#define ROW_BYTES ((size_t)4096)

static bool add_open(np_compiler *c, np_open_list *l, uint32_t a, uint32_t b, uint32_t ports)
{
    if (!np_grow(&c->alloc, (void **)&l->at, &l->room, l->n + 1, sizeof *l->at))
        return false;
    l->at[l->n++] = (np_open){a, b, ports};
    return true;
}

/* ---- which policies hold ---- */

static bool index_subjects(np_compiler *c)
{
    np_builder *b = &c->builder;
    const np_draft *d = &c->drafts[b->space];
    b->first_form.n = b->next_form.n = 0;
    if (!np_numbers_resize(&c->alloc, &b->first_form, b->list.n) ||
        !np_numbers_resize(&c->alloc, &b->next_form, d->n_forms))
        return false;
    for (uint32_t i = 0; i < d->n_forms; i++) {
        uint32_t *first = &b->first_form.at[c->use[d->forms[i].subject].place];
        b->next_form.at[i] = *first;
        *first = i + 1;
    }
    return true;
}

static uint8_t direction_bit(int direction)
{
    return direction == NP_IN ? NETPOL_INGRESS : NETPOL_EGRESS;
}

/* Whether a policy with this subject holds for the direction, and whether one asks for names. */
static bool subject_holds(const np_compiler *c, uint32_t place, int direction, bool *names)
{
    const np_builder *b = &c->builder;
    bool holds = false;
    for (uint32_t f = b->first_form.at[place]; f; f = b->next_form.at[f - 1]) {
        const np_form *form = &c->drafts[b->space].forms[f - 1];
        if (form->directions & direction_bit(direction)) {
            holds = true;
            *names = *names || form->names[direction];
        }
    }
    return holds;
}

/* The key of a plan: the direction, the named ports if ingress rules ask for them, the subjects. */
static bool choose_plan(np_compiler *c, np_group *g, int direction)
{
    np_builder *b = &c->builder;
    bool names = false;
    b->found.n = 0;
    if (!np_numbers_add(&c->alloc, &b->found, (uint32_t)direction) ||
        !np_numbers_add(&c->alloc, &b->found, 0))
        return false;
    for (uint32_t i = 0; i < g->n_matches; i++) {
        uint32_t place = b->matches.at[g->first_match + i];
        if (subject_holds(c, place, direction, &names) &&
            !np_numbers_add(&c->alloc, &b->found, place))
            return false;
    }
    if (b->found.n == 2)
        return true;
    if (direction == NP_IN && names)
        b->found.at[1] = g->port_map + 1;
    uint32_t before = b->keys.n;
    uint32_t key = np_lists_intern(&b->keys, b->found.at, b->found.n);
    if (key == NP_NO_LIST)
        return false;
    g->plan[direction] = key + 1;
    if (b->keys.n == before)
        return true;
    if (!np_grow(&c->alloc, (void **)&b->plans, &b->plans_room, key + 1, sizeof *b->plans))
        return false;
    b->plans[b->n_plans++] = (np_plan){.direction = direction,
                                       .port_map = g->port_map,
                                       .key = key,
                                       .flags = names ? NP_RULES_NAMES : 0};
    return true;
}

/* ---- what they open ---- */

enum { LOCAL, BROAD, NARROW };

static bool open_spaces(np_compiler *c, const np_form_peer *p, uint32_t ports)
{
    np_builder *b = &c->builder;
    const np_sel_use *spaces = &c->use[p->spaces];
    if (!spaces->narrow)
        return add_open(c, &b->work[BROAD], spaces->space_bit, c->use[p->pods].pod_bit, ports);
    for (uint32_t i = 0; i < spaces->n; i++) {
        uint32_t space = c->matches.at[spaces->first + i];
        if (space == b->space) {
            if (!add_open(c, &b->work[LOCAL], c->use[p->pods].place, 0, ports))
                return false;
            continue;
        }
        uint32_t bit = np_compile_bit(c, space, p->pods);
        if (bit == UINT32_MAX || !add_open(c, &b->work[NARROW], np_space_number(space), bit, ports))
            return false;
    }
    return true;
}

static bool open_block(np_compiler *c, const np_interval_block *block, uint32_t ports)
{
    np_builder *b = &c->builder;
    if (!np_grow(&c->alloc, (void **)&b->blocks, &b->blocks_room, b->n_blocks + 1,
                 sizeof *b->blocks))
        return false;
    b->blocks[b->n_blocks] = *block;
    b->blocks[b->n_blocks++].payload = ports;
    return true;
}

static bool open_peer(np_compiler *c, const np_form_peer *p, uint32_t ports)
{
    switch (p->kind) {
    case NP_PEER_LOCAL:
        return add_open(c, &c->builder.work[LOCAL], c->use[p->pods].place, 0, ports);
    case NP_PEER_SPACES:
        return open_spaces(c, p, ports);
    case NP_PEER_BLOCK:
        return open_block(c, p->block, ports);
    }
    return true;
}

static bool open_rule(np_compiler *c, np_plan *plan, const np_form_rule *r)
{
    uint32_t ports = r->ports;
    if (plan->direction == NP_IN) {
        np_port_map map = np_compile_port_map(c, plan->port_map);
        ports = np_port_table_resolve(&c->ports, ports, &map);
    }
    if (ports == NP_PORTS_FAILED)
        return false;
    if (ports == NP_PORTS_NONE)
        return true;
    if (r->everyone)
        plan->any = np_port_table_union(&c->ports, plan->any, ports);
    if (plan->any == NP_PORTS_FAILED)
        return false;
    for (uint32_t i = 0; i < r->n_peers; i++)
        if (!open_peer(c, &r->peers[i], ports))
            return false;
    return true;
}

static bool open_subject(np_compiler *c, np_plan *plan, uint32_t place)
{
    const np_builder *b = &c->builder;
    for (uint32_t f = b->first_form.at[place]; f; f = b->next_form.at[f - 1]) {
        const np_form *form = &c->drafts[b->space].forms[f - 1];
        if (!(form->directions & direction_bit(plan->direction)))
            continue;
        for (uint32_t i = 0; i < form->n_rules[plan->direction]; i++)
            if (!open_rule(c, plan, &form->rules[plan->direction][i]))
                return false;
    }
    return true;
}

static int by_whom(const void *a, const void *b)
{
    const np_open *x = a;
    const np_open *y = b;
    if (x->a != y->a)
        return x->a < y->a ? -1 : 1;
    return x->b < y->b ? -1 : x->b > y->b;
}

/* Entries for the same peers become one with the union of the ports; they move to b->opens. */
static bool merge(np_compiler *c, np_open_list *from, np_run *run)
{
    np_builder *b = &c->builder;
    run->first = b->opens.n;
    if (from->n)
        qsort(from->at, from->n, sizeof *from->at, by_whom);
    for (size_t i = 0; i < from->n; i++) {
        np_open *last = b->opens.n > run->first ? &b->opens.at[b->opens.n - 1] : NULL;
        if (last && by_whom(last, &from->at[i]) == 0) {
            last->ports = np_port_table_union(&c->ports, last->ports, from->at[i].ports);
            if (last->ports == NP_PORTS_FAILED)
                return false;
        } else if (!add_open(c, &b->opens, from->at[i].a, from->at[i].b, from->at[i].ports)) {
            return false;
        }
    }
    run->n = b->opens.n - run->first;
    return true;
}

static uint32_t join_ports(void *ctx, const uint32_t *sets, size_t n)
{
    np_compiler *c = ctx;
    uint32_t all = NP_PORTS_NONE;
    for (size_t i = 0; i < n; i++) {
        all = np_port_table_union(&c->ports, all, sets[i]);
        if (all == NP_PORTS_FAILED)
            return 0;
    }
    return all;
}

static bool open_more(np_compiler *c, uint32_t *set, uint32_t more)
{
    *set = np_port_table_union(&c->ports, *set, more);
    return *set != NP_PORTS_FAILED;
}

/* Settled.md 2.1: what is open to an address that is not known. */
static bool open_to_unknown(np_compiler *c, np_plan *plan)
{
    const np_builder *b = &c->builder;
    for (size_t i = 0; i < b->n_blocks; i++) {
        const np_interval_block *x = &b->blocks[i];
        uint32_t *sets = plan->unknown[x->block.v4];
        bool whole = x->n_exceptions == 0 && x->block.bits == (x->block.v4 ? 96 : 0);
        if (x->some && (!open_more(c, &sets[NP_SET_SOME], x->payload) ||
                        (whole && !open_more(c, &sets[NP_SET_WHOLE], x->payload))))
            return false;
    }
    return true;
}

static bool make_intervals(np_compiler *c, np_plan *plan)
{
    np_builder *b = &c->builder;
    if (!open_to_unknown(c, plan))
        return false;
    for (int v4 = 0; v4 < 2; v4++) {
        plan->first_interval[v4] = b->intervals.n;
        np_intervals_result r =
            np_intervals_make(&b->intervals, v4, b->blocks, b->n_blocks, join_ports, c);
        if (r == NP_INTERVALS_NO_MEMORY)
            return false;
        if (r == NP_INTERVALS_TANGLED)
            plan->flags |= NP_RULES_SLOW_IP;
        /* An address that is not known needs a table, too. */
        if (b->intervals.n == plan->first_interval[v4] && plan->unknown[v4][NP_SET_SOME] &&
            !np_intervals_add_nothing(&b->intervals))
            return false;
        plan->n_intervals[v4] = b->intervals.n - plan->first_interval[v4];
        plan->ip_bits |= c->ports.note[plan->unknown[v4][NP_SET_SOME]].bits;
    }
    for (size_t i = plan->first_interval[0]; i < b->intervals.n; i++)
        plan->ip_bits |= c->ports.note[b->intervals.at[i].payload].bits;
    if (plan->flags & NP_RULES_SLOW_IP)
        plan->ip_bits = UINT64_MAX;
    return true;
}

static bool fill_plan(np_compiler *c, np_plan *plan)
{
    np_builder *b = &c->builder;
    size_t n;
    const uint32_t *key = np_lists_at(&b->keys, plan->key, &n);
    b->work[LOCAL].n = b->work[BROAD].n = b->work[NARROW].n = b->n_blocks = 0;
    for (size_t i = 2; i < n; i++)
        if (!open_subject(c, plan, key[i]))
            return false;
    return merge(c, &b->work[LOCAL], &plan->local) && merge(c, &b->work[BROAD], &plan->broad) &&
           merge(c, &b->work[NARROW], &plan->narrow) && make_intervals(c, plan);
}

/* ---- rows or lists ---- */

/* Rows go first to those whose lists would be long. */
static void give_rows(np_compiler *c)
{
    np_builder *b = &c->builder;
    size_t bytes = b->n_groups * sizeof(uint16_t);
    size_t budget = ROW_BYTES + ROW_BYTES_A_POD * np_namespace_at(c->s, b->space)->n_pods;
    static const size_t at_least[] = {64, 16, 4, 1};
    for (size_t round = 0; round < sizeof at_least / sizeof *at_least; round++) {
        for (size_t i = 0; i < b->n_plans && b->n_groups <= NP_MAX_ROW; i++) {
            np_plan *p = &b->plans[i];
            if (p->has_row || p->local.n + p->broad.n < at_least[round] || bytes > budget)
                continue;
            p->has_row = true;
            budget -= bytes;
        }
    }
}

bool np_compile_list_locals(np_compiler *c, np_plan *plan)
{
    np_builder *b = &c->builder;
    np_open_list *w = &b->work[NARROW];
    if (plan->local.n == 0)
        return true;
    w->n = 0;
    for (size_t i = 0; i < plan->narrow.n; i++) {
        const np_open *o = &b->opens.at[plan->narrow.first + i];
        if (!add_open(c, w, o->a, o->b, o->ports))
            return false;
    }
    for (size_t i = 0; i < plan->local.n; i++) {
        np_open o = b->opens.at[plan->local.first + i];
        uint32_t bit = np_compile_bit(c, b->space, b->list.at[o.a]);
        if (bit == UINT32_MAX || !add_open(c, w, np_space_number(b->space), bit, o.ports))
            return false;
    }
    return merge(c, w, &plan->narrow);
}

bool np_compile_plans(np_compiler *c)
{
    np_builder *b = &c->builder;
    np_lists_clear(&b->keys);
    b->n_plans = b->opens.n = b->intervals.n = 0;
    if (!index_subjects(c))
        return false;
    for (size_t i = 0; i < b->n_groups; i++)
        if (!choose_plan(c, &b->groups[i], NP_IN) || !choose_plan(c, &b->groups[i], NP_OUT))
            return false;
    for (size_t i = 0; i < b->n_plans; i++)
        if (!fill_plan(c, &b->plans[i]))
            return false;
    give_rows(c);
    for (size_t i = 0; i < b->n_plans; i++)
        if (!b->plans[i].has_row && !np_compile_list_locals(c, &b->plans[i]))
            return false;
    return true;
}
