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
    for (uint32_t space = 0; space < s->n_namespaces; space++) {
        const np_namespace *n = np_namespace_at(s, space);
        for (uint32_t i = 0; i < n->n_policies; i++)
            if (!add_policy(r, np_policy_of(s, n, i)))
                return false;
    }
    for (size_t i = 0; i < s->n_cluster_policies; i++) {
        const np_cluster_policy *p = &s->cluster_policies[i];
        if (!add_rows(r, p->object, NETPOL_INGRESS, p->tree->n_ingress, false) ||
            !add_rows(r, p->object, NETPOL_EGRESS, p->tree->n_egress, false))
            return false;
    }
    return true;
}

static void count(netpol_scenario_report *r, const np_why *why)
{
    key k = {why->policy, why->direction};
    if (!why->policy)
        return;
    uint32_t row = np_index_find(&r->rule_index, hash_of(&k), is_key, r, &k);
    for (; row < r->n_rules && is_key(r, &k, row); row++)
        if (r->rules[row].rule == why->rule)
            r->rules[row].decided++;
}

void np_coverage_count(netpol_scenario_report *r, const netpol_answer *answer)
{
    for (size_t i = 0; i < answer->n; i++) {
        count(r, &answer->flows[i].egress);
        count(r, &answer->flows[i].ingress);
    }
}
