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

static void let_go(void *block)
{
    netpol_object_unref((netpol_object *)(uintptr_t)((np_policy *)block)->object);
}

static np_policy *new_policy(np_build *b, const netpol_object *x, uint32_t space)
{
    const netpol_policy_spec *spec = netpol_object_policy(x)->spec;
    np_policy *p = np_store_record(b->store, sizeof *p, let_go);
    spec = spec ? spec : &empty_spec;
    if (p)
        *p = (np_policy){netpol_object_ref(x), spec, space, np_policy_directions(spec)};
    return p;
}

/* The place of an object in the list of its namespace; NP_NONE: it is not there. */
static uint32_t place_of(const np_namespace *n, const netpol_object *x)
{
    for (uint32_t i = 0; i < n->n_policies; i++)
        if (n->policies[i]->object == x)
            return i;
    return NP_NONE;
}

/* Room for lists grows by powers of two. */
static size_t list_room(size_t n)
{
    size_t room = 4;
    while (room < n)
        room *= 2;
    return room;
}

/* The list of a namespace, the writer's own, with room for one more. NULL: no memory. */
static const np_policy **own_list(np_build *b, np_namespace *n)
{
    size_t wanted = (size_t)n->n_policies + 1;
    void *old = (void *)(uintptr_t)n->policies;
    bool roomy = n->n_policies && list_room(n->n_policies) >= wanted;
    if (old && roomy && np_store_owns(b->store, old))
        return old;
    const np_policy **list = np_store_block(b->store, list_room(wanted) * sizeof *list);
    if (!list)
        return NULL;
    if (n->n_policies)
        memcpy(list, old, n->n_policies * sizeof *list);
    np_store_drop(b->store, old);
    n->policies = (const np_policy *const *)list;
    return list;
}

static bool add_policy(np_build *b, const netpol_object *x)
{
    uint32_t space;
    if (!np_build_use_space(b, np_build_space(b, x), &space))
        return false;
    np_namespace *n = np_tree_edit(b->store, &b->s.namespaces, space);
    const np_policy **list = n ? own_list(b, n) : NULL;
    np_policy *p = list ? new_policy(b, x, space) : NULL;
    if (!p)
        return false;
    list[n->n_policies++] = p;
    b->s.n_policies++;
    return np_delta_policies(b, space);
}

static bool change_policy(np_build *b, const netpol_object *was, const netpol_object *is)
{
    uint32_t space = np_snapshot_namespace(&b->s, np_build_space(b, was));
    uint32_t at = space == NP_NONE ? NP_NONE : place_of(np_namespace_at(&b->s, space), was);
    if (at == NP_NONE)
        return np_build_again(b);
    np_namespace *n = np_tree_edit(b->store, &b->s.namespaces, space);
    const np_policy **list = n ? own_list(b, n) : NULL;
    np_policy *p = list && is ? new_policy(b, is, space) : NULL;
    if (!list || (is && !p))
        return false;
    np_store_drop(b->store, (void *)(uintptr_t)list[at]);
    if (is) {
        list[at] = p;
        return np_delta_policies(b, space);
    }
    memmove(&list[at], &list[at + 1], (--n->n_policies - at) * sizeof *list);
    b->s.n_policies--;
    return np_delta_policies(b, space) && np_build_leave_space(b, space);
}

bool np_build_put_policy(np_build *b, const netpol_object *was, const netpol_object *is)
{
    return was ? change_policy(b, was, is) : add_policy(b, is);
}

bool np_build_policies(np_build *b)
{
    for (size_t i = np_build_first(b, NETPOL_KIND_NETWORK_POLICY);
         i < np_build_end(b, NETPOL_KIND_NETWORK_POLICY); i++)
        if (!add_policy(b, b->objects[i]))
            return false;
    return true;
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

static void say_mixed(np_build *b)
{
    const np_snapshot *s = &b->s;
    if (in_group(s, NP_GROUP_ADMIN) + in_group(s, NP_GROUP_BASELINE) &&
        in_group(s, NP_GROUP_ADMIN_V1) + in_group(s, NP_GROUP_BASELINE_V1))
        np_build_say(
            b, NP_CODE_MIXED_API, s->cluster_policies[s->n_cluster_policies - 1].object,
            "v1alpha1 and v1alpha2 policies are loaded together; v1alpha2 is judged first");
}

static bool set_policy(np_build *b, np_cluster_policy *to, const netpol_object *x)
{
    const netpol_cluster_policy *tree = netpol_object_cluster_policy(x);
    np_held *held = np_build_hold(b, x, 0);
    if (held)
        *to = (np_cluster_policy){x, tree, tree->priority ? *tree->priority : 0, group_of(x), held};
    return held != NULL;
}

bool np_build_cluster_policies(np_build *b)
{
    np_snapshot *s = &b->s;
    size_t first = np_build_first(b, NETPOL_KIND_CLUSTER_NETWORK_POLICY);
    size_t end = np_build_end(b, NETPOL_KIND_BASELINE_ADMIN_NETWORK_POLICY);
    s->cluster_policies = np_store_block(b->store, (end - first + 1) * sizeof *s->cluster_policies);
    if (!s->cluster_policies)
        return false;
    for (size_t i = first; i < end; i++) {
        if (!set_policy(b, &s->cluster_policies[s->n_cluster_policies], b->objects[i]))
            return false;
        s->n_cluster_policies++;
    }
    if (s->n_cluster_policies)
        qsort(s->cluster_policies, s->n_cluster_policies, sizeof *s->cluster_policies, order);
    set_groups(s);
    for (size_t i = 0; i < s->n_cluster_policies; i++)
        look_at(b, &s->cluster_policies[i]);
    say_mixed(b);
    return true;
}

/* A copy of the list without one policy and with another. */
bool np_build_change_cluster_policy(np_build *b, const netpol_object *was, const netpol_object *is)
{
    np_snapshot *s = &b->s;
    np_cluster_policy *old = s->cluster_policies;
    np_cluster_policy *list = np_store_block(b->store, (s->n_cluster_policies + 2) * sizeof *list);
    size_t n = 0;
    if (!list)
        return false;
    for (size_t i = 0; i < s->n_cluster_policies; i++) {
        if (old[i].object == was)
            np_store_drop(b->store, old[i].held);
        else
            list[n++] = old[i];
    }
    s->cluster_policies = list;
    s->n_cluster_policies = n;
    np_store_drop(b->store, old);
    if (is && !set_policy(b, &list[n], is))
        return false;
    if (is)
        look_at(b, &list[n]);
    s->n_cluster_policies += is != NULL;
    if (s->n_cluster_policies)
        qsort(list, s->n_cluster_policies, sizeof *list, order);
    set_groups(s);
    say_mixed(b);
    b->delta.cluster_policies = true;
    return !b->again;
}

/* ---- what selectors ask for ---- */

static void note_pods(np_asked *a, const netpol_label_selector *selector)
{
    for (size_t i = 0; selector && i < selector->n_match_labels; i++)
        a->keys |= np_generated_key(selector->match_labels[i].key);
    for (size_t i = 0; selector && i < selector->n_match_expressions; i++)
        if (selector->match_expressions[i]->key)
            a->keys |= np_generated_key(selector->match_expressions[i]->key);
}

static bool is_name_key(const char *key)
{
    return key && strcmp(key, "kubernetes.io/metadata.name") == 0;
}

static void note_namespaces(np_asked *a, const netpol_label_selector *selector)
{
    for (size_t i = 0; selector && i < selector->n_match_labels; i++)
        if (!is_name_key(selector->match_labels[i].key))
            a->namespace_labels = true;
    for (size_t i = 0; selector && i < selector->n_match_expressions; i++)
        if (!is_name_key(selector->match_expressions[i]->key))
            a->namespace_labels = true;
}

static void note_rules(np_asked *a, const netpol_rule *const *rules, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < rules[i]->n_peers; k++) {
            note_pods(a, rules[i]->peers[k]->pod_selector);
            note_namespaces(a, rules[i]->peers[k]->namespace_selector);
        }
}

static void note_both(np_asked *a, const netpol_label_selector *namespaces,
                      const netpol_namespaced_pod *pods)
{
    note_namespaces(a, namespaces);
    note_namespaces(a, pods ? pods->namespace_selector : NULL);
    note_pods(a, pods ? pods->pod_selector : NULL);
}

static void note_cluster_rules(np_asked *a, const netpol_cluster_rule *const *rules, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < rules[i]->n_peers; k++)
            note_both(a, rules[i]->peers[k]->namespaces, rules[i]->peers[k]->pods);
}

void np_ask_policy(np_asked *a, const netpol_policy_spec *spec)
{
    note_pods(a, spec->pod_selector);
    note_rules(a, spec->ingress, spec->n_ingress);
    note_rules(a, spec->egress, spec->n_egress);
}

void np_ask_cluster_policy(np_asked *a, const netpol_cluster_policy *p)
{
    if (p->subject)
        note_both(a, p->subject->namespaces, p->subject->pods);
    note_cluster_rules(a, p->ingress, p->n_ingress);
    note_cluster_rules(a, p->egress, p->n_egress);
}
