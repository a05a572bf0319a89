/* SPDX-License-Identifier: MIT */
/* Policies in the order in which they are asked, with the API's defaults filled in. */
#include "snapshot_build.h"

#include <stdlib.h>

/* ---- NetworkPolicies ---- */

static const netpol_policy_spec empty_spec;

/* policyTypes absent: Ingress, and Egress if there is an egress rule (spec 3). */
uint8_t np_policy_directions(const netpol_policy_spec *spec)
{
    uint8_t directions = 0;
    for (size_t i = 0; i < spec->n_policy_types; i++) {
        if (strcmp(spec->policy_types[i], "Ingress") == 0)
            directions |= NETPOL_INGRESS;
        if (strcmp(spec->policy_types[i], "Egress") == 0)
            directions |= NETPOL_EGRESS;
    }
    if (spec->n_policy_types == 0)
        directions = spec->n_egress ? NETPOL_INGRESS | NETPOL_EGRESS : NETPOL_INGRESS;
    return directions;
}

/* Counts the policies of each namespace and gives the runs their places. False: no memory. */
static bool lay_runs(np_build *b, size_t first, size_t end)
{
    for (size_t i = first; i < end; i++) {
        uint32_t space = np_build_namespace(b, np_build_space(b, b->s->objects[i]));
        if (space == NP_NONE)
            return false;
        b->s->namespaces[space].n_policies++;
    }
    uint32_t next = 0;
    for (size_t i = 0; i < b->s->n_namespaces; i++) {
        np_namespace *n = &b->s->namespaces[i];
        n->first_policy = next;
        next += n->n_policies;
        n->n_policies = 0;
    }
    return true;
}

static netpol_status take_policies(np_build *b)
{
    np_snapshot *s = b->s;
    size_t first = np_build_first(b, NETPOL_KIND_NETWORK_POLICY);
    size_t end = np_build_end(b, NETPOL_KIND_NETWORK_POLICY);
    s->policies = NP_NEW_ARRAY(&s->arena, np_policy, end - first);
    if (!s->policies || !lay_runs(b, first, end))
        return NETPOL_NO_MEMORY;
    s->n_policies = end - first;
    for (size_t i = first; i < end; i++) {
        const netpol_object *x = s->objects[i];
        const netpol_policy_spec *spec = netpol_object_policy(x)->spec;
        uint32_t space = np_snapshot_namespace(s, np_build_space(b, x));
        np_namespace *n = &s->namespaces[space];
        if (!spec)
            spec = &empty_spec;
        s->policies[n->first_policy + n->n_policies++] =
            (np_policy){x, spec, space, np_policy_directions(spec)};
    }
    return NETPOL_OK;
}

/* ---- cluster-scoped policies ---- */

static uint8_t group_of(const netpol_object *x)
{
    const netpol_cluster_policy *p = netpol_object_cluster_policy(x);
    int32_t kind = netpol_object_kind(x);
    if (kind == NETPOL_KIND_ADMIN_NETWORK_POLICY)
        return NP_GROUP_ADMIN_V1;
    if (kind == NETPOL_KIND_BASELINE_ADMIN_NETWORK_POLICY)
        return NP_GROUP_BASELINE_V1;
    return p->tier && strcmp(p->tier, "Baseline") == 0 ? NP_GROUP_BASELINE : NP_GROUP_ADMIN;
}

static int order(const void *left, const void *right)
{
    const np_cluster_policy *a = left;
    const np_cluster_policy *b = right;
    if (a->group != b->group)
        return a->group < b->group ? -1 : 1;
    if (a->priority != b->priority)
        return a->priority < b->priority ? -1 : 1;
    return strcmp(netpol_object_name(a->object), netpol_object_name(b->object));
}

bool np_peer_is_known(const netpol_cluster_peer *p, int32_t direction)
{
    int set = !!p->namespaces + !!p->pods;
    if (direction == NETPOL_EGRESS)
        set += !!p->nodes + (p->n_networks > 0) + (p->n_domain_names > 0);
    else if (p->nodes || p->n_networks || p->n_domain_names)
        return false;
    return set == 1;
}

static void look_at_rules(np_build *b, const netpol_object *x,
                          const netpol_cluster_rule *const *rules, size_t n, bool egress)
{
    for (size_t i = 0; i < n; i++) {
        const char *action = rules[i]->action;
        for (size_t k = 0; k < rules[i]->n_peers; k++) {
            const netpol_cluster_peer *p = rules[i]->peers[k];
            if (!np_peer_is_known(p, egress ? NETPOL_EGRESS : NETPOL_INGRESS))
                np_build_say(b, NP_CODE_UNKNOWN_PEER, x,
                             "spec.%s[%zu] has a peer of no known kind, so it fails closed",
                             egress ? "egress" : "ingress", i);
            if (p->n_domain_names &&
                (!action || (strcmp(action, "Accept") != 0 && strcmp(action, "Allow") != 0)))
                np_build_say(
                    b, NP_CODE_DOMAIN_ACTION, x,
                    "spec.egress[%zu] uses domainNames to %s, which upstream does not support", i,
                    action ? action : "do nothing");
        }
    }
}

static void look_at(np_build *b, const np_cluster_policy *p)
{
    look_at_rules(b, p->object, p->tree->ingress, p->tree->n_ingress, false);
    look_at_rules(b, p->object, p->tree->egress, p->tree->n_egress, true);
}

static void set_groups(np_snapshot *s)
{
    size_t at = 0;
    for (size_t group = 0; group <= NP_GROUPS; group++) {
        while (at < s->n_cluster_policies && s->cluster_policies[at].group < group)
            at++;
        s->first_of_group[group] = at;
    }
}

static size_t in_group(const np_snapshot *s, size_t group)
{
    return s->first_of_group[group + 1] - s->first_of_group[group];
}

static netpol_status take_cluster_policies(np_build *b)
{
    np_snapshot *s = b->s;
    size_t first = np_build_first(b, NETPOL_KIND_CLUSTER_NETWORK_POLICY);
    size_t end = np_build_end(b, NETPOL_KIND_BASELINE_ADMIN_NETWORK_POLICY);
    s->cluster_policies = NP_NEW_ARRAY(&s->arena, np_cluster_policy, end - first);
    if (!s->cluster_policies)
        return NETPOL_NO_MEMORY;
    for (size_t i = first; i < end; i++) {
        const netpol_cluster_policy *tree = netpol_object_cluster_policy(s->objects[i]);
        int32_t priority = tree->priority ? *tree->priority : 0;
        s->cluster_policies[s->n_cluster_policies++] =
            (np_cluster_policy){s->objects[i], tree, priority, group_of(s->objects[i])};
    }
    if (s->n_cluster_policies)
        qsort(s->cluster_policies, s->n_cluster_policies, sizeof *s->cluster_policies, order);
    set_groups(s);
    for (size_t i = 0; i < s->n_cluster_policies; i++)
        look_at(b, &s->cluster_policies[i]);
    if (in_group(s, NP_GROUP_ADMIN) + in_group(s, NP_GROUP_BASELINE) &&
        in_group(s, NP_GROUP_ADMIN_V1) + in_group(s, NP_GROUP_BASELINE_V1))
        np_build_say(
            b, NP_CODE_MIXED_API, s->cluster_policies[s->n_cluster_policies - 1].object,
            "v1alpha1 and v1alpha2 policies are loaded together; v1alpha2 is judged first");
    return NETPOL_OK;
}

/* ---- what selectors ask for ---- */

static void note_pods(np_snapshot *s, const netpol_label_selector *selector)
{
    for (size_t i = 0; selector && i < selector->n_match_labels; i++)
        s->asked_keys |= np_generated_key(selector->match_labels[i].key);
    for (size_t i = 0; selector && i < selector->n_match_expressions; i++)
        if (selector->match_expressions[i]->key)
            s->asked_keys |= np_generated_key(selector->match_expressions[i]->key);
}

static bool is_name_key(const char *key)
{
    return key && strcmp(key, "kubernetes.io/metadata.name") == 0;
}

static void note_namespaces(np_snapshot *s, const netpol_label_selector *selector)
{
    for (size_t i = 0; selector && i < selector->n_match_labels; i++)
        if (!is_name_key(selector->match_labels[i].key))
            s->asks_namespace_labels = true;
    for (size_t i = 0; selector && i < selector->n_match_expressions; i++)
        if (!is_name_key(selector->match_expressions[i]->key))
            s->asks_namespace_labels = true;
}

static void note_rules(np_snapshot *s, const netpol_rule *const *rules, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < rules[i]->n_peers; k++) {
            note_pods(s, rules[i]->peers[k]->pod_selector);
            note_namespaces(s, rules[i]->peers[k]->namespace_selector);
        }
}

static void note_both(np_snapshot *s, const netpol_label_selector *namespaces,
                      const netpol_namespaced_pod *pods)
{
    note_namespaces(s, namespaces);
    note_namespaces(s, pods ? pods->namespace_selector : NULL);
    note_pods(s, pods ? pods->pod_selector : NULL);
}

static void note_cluster_rules(np_snapshot *s, const netpol_cluster_rule *const *rules, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < rules[i]->n_peers; k++)
            note_both(s, rules[i]->peers[k]->namespaces, rules[i]->peers[k]->pods);
}

void np_build_note_policy(np_snapshot *s, const netpol_policy_spec *spec)
{
    note_pods(s, spec->pod_selector);
    note_rules(s, spec->ingress, spec->n_ingress);
    note_rules(s, spec->egress, spec->n_egress);
}

static void note_all(np_snapshot *s)
{
    for (size_t i = 0; i < s->n_policies; i++)
        np_build_note_policy(s, s->policies[i].spec);
    for (size_t i = 0; i < s->n_cluster_policies; i++) {
        const netpol_cluster_policy *p = s->cluster_policies[i].tree;
        if (p->subject)
            note_both(s, p->subject->namespaces, p->subject->pods);
        note_cluster_rules(s, p->ingress, p->n_ingress);
        note_cluster_rules(s, p->egress, p->n_egress);
    }
}

netpol_status np_build_policies(np_build *b)
{
    netpol_status s = take_policies(b);
    if (s == NETPOL_OK)
        s = take_cluster_policies(b);
    if (s == NETPOL_OK)
        note_all(b->s);
    return s;
}
