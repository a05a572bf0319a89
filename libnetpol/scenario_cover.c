/* SPDX-License-Identifier: MIT */
/* Which rules decided: a row for every rule there is, counted up by the reasons of answers. */
#include "explain.h"
#include "scenario.h"

typedef struct key {
    const netpol_object *policy;
    int32_t direction;
} key;

static uint32_t hash_of(const key *k)
{
    const uintptr_t words[] = {(uintptr_t)k->policy, (uintptr_t)k->direction};
    return np_hash((np_slice){(const char *)words, sizeof words});
}

static bool is_key(const void *context, const void *wanted, uint32_t number)
{
    const netpol_rule_coverage *row = &((const netpol_scenario_report *)context)->rules[number];
    const key *k = wanted;
    return row->policy == k->policy && row->direction == k->direction;
}

static bool add_row(netpol_scenario_report *r, const key *k, int32_t rule)
{
    if (!np_arena_grow(&r->arena, (void **)&r->rules, r->n_rules, &r->rules_room, sizeof *r->rules))
        return false;
    np_why why = {.policy = k->policy, .rule = rule, .direction = (uint8_t)k->direction};
    netpol_decision at = np_decision_of(&why);
    r->rules[r->n_rules++] = (netpol_rule_coverage){.policy = k->policy,
                                                    .direction = k->direction,
                                                    .rule = rule,
                                                    .source = at.source,
                                                    .line = at.line,
                                                    .column = at.column};
    return true;
}

/* The rules of a policy in a direction; `isolates`: with a row for the isolation before them. */
static bool add_rows(netpol_scenario_report *r, const netpol_object *policy, int32_t direction,
                     size_t n, bool isolates)
{
    key k = {policy, direction};
    size_t first = r->n_rules;
    if (isolates && !add_row(r, &k, -1))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!add_row(r, &k, (int32_t)i))
            return false;
    return r->n_rules == first || np_index_add(&r->rule_index, hash_of(&k), (uint32_t)first);
}

static bool add_policy(netpol_scenario_report *r, const np_policy *p)
{
    return (!(p->directions & NETPOL_INGRESS) ||
            add_rows(r, p->object, NETPOL_INGRESS, p->spec->n_ingress, true)) &&
           (!(p->directions & NETPOL_EGRESS) ||
            add_rows(r, p->object, NETPOL_EGRESS, p->spec->n_egress, true));
}

bool np_coverage_make(netpol_scenario_report *r)
{
    const np_snapshot *s = r->engine->snapshot;
    for (np_policy_walk w = np_policies(s); w.policy; np_policies_next(&w))
        if (!add_policy(r, w.policy))
            return false;
    for (size_t i = 0; i < s->n_cluster_policies; i++) {
        const np_cluster_policy *p = &s->cluster_policies[i];
        if (!add_rows(r, p->object, NETPOL_INGRESS, p->tree->n_ingress, false) ||
            !add_rows(r, p->object, NETPOL_EGRESS, p->tree->n_egress, false))
            return false;
    }
    return true;
}

static void count(netpol_scenario_report *r, const netpol_object *policy, const np_why *why)
{
    key k = {policy, why->direction};
    uint32_t row = policy ? np_index_find(&r->rule_index, hash_of(&k), is_key, r, &k) : NP_NONE;
    for (; row < r->n_rules && is_key(r, &k, row); row++)
        if (r->rules[row].rule == why->rule)
            r->rules[row].decided++;
}

/* The pod that an answer calls "shop/db" or "shop/web[Deployment]"; NP_NONE: a name of several. */
static uint32_t pod_of_name(const netpol_engine *e, np_arena *arena, const char *name)
{
    const char *slash = strchr(name, '/');
    const char *space = slash ? np_arena_text(arena, name, (size_t)(slash - name)) : NULL;
    return space ? np_engine_find_pod(e, space, slash + 1) : NP_NONE;
}

/* What denies for want of a rule are all policies that isolate the end, and not the first alone. */
static bool count_isolating(netpol_scenario_report *r, np_arena *arena, const char *end,
                            const np_why *why)
{
    const np_snapshot *s = r->engine->snapshot;
    uint32_t pod = pod_of_name(r->engine, arena, end);
    if (pod == NP_NONE) {
        count(r, why->policy, why);
        return !arena->failed;
    }
    uint8_t family = np_pod_at(s, pod)->families & NP_FAMILY_4 ? NP_FAMILY_4 : NP_FAMILY_6;
    np_packet q = {.src = np_side_of_pod(s, pod, family), .dst = np_side_of_pod(s, pod, family)};
    size_t n = np_isolating(r->engine, &q, why->direction, NULL);
    const netpol_object **list = NP_NEW_ARRAY(arena, const netpol_object *, n);
    if (!list)
        return false;
    (void)np_isolating(r->engine, &q, why->direction, list);
    for (size_t i = 0; i < n; i++)
        count(r, list[i], why);
    return true;
}

static bool count_side(netpol_scenario_report *r, np_arena *arena, const char *end,
                       const np_why *why)
{
    if (why->policy && why->rule < 0 && !why->allowed)
        return count_isolating(r, arena, end, why);
    count(r, why->policy, why);
    return true;
}

bool np_coverage_count(netpol_scenario_report *r, const netpol_answer *answer)
{
    np_arena arena;
    np_arena_init(&arena, &r->arena.alloc, 256);
    bool good = true;
    for (size_t i = 0; i < answer->n && good; i++) {
        const np_flow_answer *f = &answer->flows[i];
        good =
            count_side(r, &arena, f->src, &f->egress) && count_side(r, &arena, f->dst, &f->ingress);
    }
    np_arena_free(&arena);
    return good;
}
