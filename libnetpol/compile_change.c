/* SPDX-License-Identifier: MIT */
/* The next program by what changed. What a change can reach is built again: pods find their class
 * among those that are known, a namespace its rules, cluster-scoped policies what of them holds for
 * each class. */
#include "compile_inside.h"

/* What selectors of all policies decide together. */
typedef struct common {
    size_t words;
    size_t space_sels;
    size_t pod_sels;
    uint16_t generated_keys;
    bool space_labels;
} common;

static common common_of(const np_compiler *c)
{
    return (common){c->words.n, c->space_sels.n, c->pod_sels.n, c->generated_keys, c->space_labels};
}

/* ---- pods ---- */

/* The classes that pods had have them no more. */
static bool leave_class(np_compiler *c, uint32_t pod)
{
    uint32_t ref = np_compile_class_of(c, pod);
    if (ref < NP_CLASS_REF(NP_FIRST_CLASS))
        return true;
    const np_home *home = &c->homes[ref / sizeof(np_class)];
    np_draft *d = &c->drafts[home->space];
    if (home->group < d->n_groups)
        d->groups[home->group].n_pods--;
    return np_pod_at(c->s, pod) || np_compile_set_class(c, pod, NP_CLASS_REF(NP_NOBODY));
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static bool wait(np_compiler *c, uint32_t pod)
{
    np_draft *d = &c->drafts[np_pod_at(c->s, pod)->space];
    if (d->waiting.n == 0 && !np_numbers_add(&c->alloc, &c->touched, np_pod_at(c->s, pod)->space))
        return false;
    return np_numbers_add(&c->alloc, &d->waiting, pod);
}

/* Pods leave their classes and wait for new ones. */
static bool move_out(np_compiler *c, const np_delta *delta)
{
    np_pages *pods = &c->g->pods;
    uint32_t before = pods->n;
    if (pods->n < c->s->n_pods && !np_pages_grow(c->store, pods, c->s->n_pods))
        return false;
    for (uint32_t i = before; i < pods->n; i++)
        if (!np_compile_set_class(c, i, NP_CLASS_REF(NP_NOBODY)))
            return false;
    if (delta->n_pods)
        qsort(delta->pods, delta->n_pods, sizeof *delta->pods, by_number);
    for (size_t i = 0; i < delta->n_pods; i++) {
        uint32_t pod = delta->pods[i];
        if (i > 0 && delta->pods[i - 1] == pod)
            continue;
        if (!leave_class(c, pod) || (np_pod_at(c->s, pod) && !wait(c, pod)))
            return false;
    }
    return true;
}

/* Those whose class is not known make their namespaces dirty, where all is done at once. */
static bool move_in(np_compiler *c)
{
    for (size_t i = 0; i < c->touched.n; i++) {
        uint32_t space = c->touched.at[i];
        bool found = false;
        if (c->drafts[space].dirty)
            continue;
        if (!np_compile_place_pods(c, space, &found) || (!found && !np_compile_dirty(c, space)))
            return false;
    }
    c->touched.n = 0;
    return true;
}

/* ---- policies and namespaces ---- */

static bool read_policies(np_compiler *c, const np_delta *delta)
{
    for (size_t i = 0; i < delta->n_policies; i++)
        if (!np_compile_dirty(c, delta->policies[i]) || !np_compile_forms(c, delta->policies[i]))
            return false;
    return np_compile_uses(c);
}

static bool change_spaces(np_compiler *c, const np_delta *delta)
{
    uint32_t n = c->s->n_namespaces;
    if (np_space_number(n) > c->g->spaces.n &&
        !np_pages_grow(c->store, &c->g->spaces, np_space_number(n)))
        return false;
    for (size_t i = 0; i < delta->n_spaces; i++)
        if (!np_compile_change_space(c, delta->spaces[i]))
            return false;
    return true;
}

/* Namespaces become dirty where a narrow selector gives their classes new bits. */
static bool reach_out(np_compiler *c)
{
    for (size_t i = 0; i < c->dirty.n; i++)
        if (!np_compile_reach_out(c, c->dirty.at[i]))
            return false;
    return true;
}

/* ---- what all have in common ---- */

/* Whether pods of any namespace could be of other classes than before. */
static bool tells_more_apart(const np_compiler *c, const common *before)
{
    for (size_t i = before->words; i < c->words.n; i++)
        if (c->words.at[i].kind == NP_WORD_PORT)
            return true;
    return c->pod_sels.n != before->pod_sels || c->generated_keys != before->generated_keys ||
           c->space_labels != before->space_labels;
}

/* New columns of signatures begin a new block, and all signatures come anew. */
static bool widen_signatures(np_compiler *c)
{
    np_compile_drop_rows(c, &c->g->signature_rows);
    c->g->signature_rows = np_compile_no_rows(c->pod_sels.n, true);
    np_lists_clear(&c->signatures);
    return np_compile_add_row(c, &c->g->signature_rows, NULL, 0) &&
           np_matcher_set(&c->broad, c->pod_sels.at, c->pod_sels.n);
}

/* One pass over everything: all pods are read again. */
static bool tell_more_apart(np_compiler *c, const common *before)
{
    if (!tells_more_apart(c, before))
        return true;
    if (c->pod_sels.n != before->pod_sels && !widen_signatures(c))
        return false;
    for (uint32_t i = 0; i < c->n_drafts; i++) {
        c->drafts[i].stale = true;
        if (!np_compile_dirty(c, i))
            return false;
    }
    return true;
}

/* ---- the whole ---- */

static bool build_dirty(np_compiler *c)
{
    for (size_t i = 0; i < c->dirty.n; i++)
        if (c->drafts[c->dirty.at[i]].dirty && !np_compile_build_space(c, c->dirty.at[i]))
            return false;
    c->dirty.n = 0;
    return true;
}

static bool settle_addresses(np_compiler *c, const np_delta *delta)
{
    for (size_t i = 0; i < delta->n_ips; i++)
        if (!np_compile_settle_address(c, &delta->ips[i]))
            return false;
    return true;
}

static bool change(np_compiler *c, const np_delta *delta)
{
    common before = common_of(c);
    if (!np_compile_more_drafts(c, c->s->n_namespaces) || !move_out(c, delta) ||
        !change_spaces(c, delta) || !read_policies(c, delta) ||
        (delta->cluster_policies && !np_compile_cluster_forms(c)) || !np_compile_select_spaces(c))
        return false;
    np_compile_note_keys(c, before.words);
    if (!reach_out(c) || !np_compile_widen_space_rows(c, before.space_sels) ||
        !tell_more_apart(c, &before) || !move_in(c) || !build_dirty(c))
        return false;
    return (!delta->cluster_policies || np_compile_retier(c)) && settle_addresses(c, delta);
}

/* Words, selectors and sets that were once used stay, so now and then everything is made anew. */
#define LITTER ((size_t)8192)

netpol_status np_compiler_change(np_compiler *c, const np_snapshot *s, const np_delta *delta,
                                 np_program **program)
{
    if (np_compile_litter(c) > 2 * c->litter + LITTER || c->stamp > UINT32_MAX / 2)
        return NETPOL_NOT_FOUND;
    c->s = s;
    c->g->snapshot = s;
    return np_compile_finish(c, change(c, delta) ? NETPOL_OK : NETPOL_NO_MEMORY, program);
}
