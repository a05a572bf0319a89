/* SPDX-License-Identifier: MIT */
/* A picture from all objects; or the next one from the one before and what changed. */
#include "snapshot_build.h"

#include <stdlib.h>

/* ---- families ---- */

static uint8_t family_of_block(const char *cidr)
{
    np_cidr block;
    if (!cidr || !np_cidr_parse(np_slice_of(cidr), &block))
        return 0;
    return block.v4 ? NP_FAMILY_4 : NP_FAMILY_6;
}

static uint8_t families_of_rules(const netpol_rule *const *rules, size_t n)
{
    uint8_t families = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < rules[i]->n_peers; k++)
            if (rules[i]->peers[k]->ip_block)
                families |= family_of_block(rules[i]->peers[k]->ip_block->cidr);
    return families;
}

static uint8_t families_of_networks(const np_cluster_policy *p)
{
    uint8_t families = 0;
    for (size_t i = 0; i < p->tree->n_egress; i++)
        for (size_t k = 0; k < p->tree->egress[i]->n_peers; k++) {
            const netpol_cluster_peer *peer = p->tree->egress[i]->peers[k];
            for (size_t j = 0; j < peer->n_networks; j++)
                families |= family_of_block(peer->networks[j]);
        }
    return families;
}

static uint8_t families_of_policies(const np_snapshot *s)
{
    uint8_t families = 0;
    for (np_policy_walk w = np_policies(s); w.policy; np_policies_next(&w))
        families |= families_of_rules(w.policy->spec->ingress, w.policy->spec->n_ingress) |
                    families_of_rules(w.policy->spec->egress, w.policy->spec->n_egress);
    for (size_t i = 0; i < s->n_cluster_policies; i++)
        families |= families_of_networks(&s->cluster_policies[i]);
    return families;
}

static uint8_t families_of_addresses(const np_build *b)
{
    return (uint8_t)((b->n_ips[1] ? NP_FAMILY_4 : 0) | (b->n_ips[0] ? NP_FAMILY_6 : 0));
}

/* An unknown address is one of each family that the cluster uses: those of its addresses; where
 * none is told, those that its policies speak of; IPv4 else (settled.md 2.1). */
netpol_status np_build_families(np_build *b)
{
    np_snapshot *s = &b->s;
    s->families = families_of_addresses(b);
    if (!s->families)
        s->families = families_of_policies(s);
    if (!s->families)
        s->families = NP_FAMILY_4;
    np_build_late_families(b);
    return NETPOL_OK;
}

/* ---- everything ---- */

/* All objects, kind by kind, in the order of arrival within a kind. */
static netpol_status take_objects(np_build *b)
{
    const netpol_cluster *c = b->c;
    size_t next[NP_KINDS + 1] = {0};
    for (size_t i = 0; i < c->n; i++)
        if (c->objects[i])
            next[netpol_object_kind(c->objects[i]) + 1]++;
    for (size_t k = 0; k < NP_KINDS; k++)
        next[k + 1] += next[k];
    memcpy(b->first_of_kind, next, sizeof next);
    b->n_objects = next[NP_KINDS];
    b->objects = np_resize(&b->alloc, NULL, 0, (b->n_objects + 1) * sizeof *b->objects);
    if (!b->objects)
        return NETPOL_NO_MEMORY;
    for (size_t i = 0; i < c->n; i++)
        if (c->objects[i]) {
            b->objects[next[netpol_object_kind(c->objects[i])]++] = c->objects[i];
            b->unnamed = b->unnamed || !*netpol_object_name(c->objects[i]);
        }
    return NETPOL_OK;
}

static size_t bytes_of_options(const netpol_cluster *c)
{
    size_t n = c->n_resolved * sizeof(np_resolved) + c->n_locals * sizeof(np_ip) +
               strlen(c->default_namespace) + 1;
    for (size_t i = 0; i < c->n_resolved; i++)
        n += strlen(c->resolved[i].name) + 1;
    return n;
}

static char *put_text(char **at, const char *text)
{
    size_t n = strlen(text) + 1;
    char *to = memcpy(*at, text, n);
    *at += n;
    return to;
}

/* Pictures may outlive the cluster, so they have copies. */
static netpol_status keep_options(np_build *b)
{
    const netpol_cluster *c = b->c;
    np_snapshot *s = &b->s;
    np_resolved *resolved = np_store_block(b->store, bytes_of_options(c));
    if (!resolved)
        return NETPOL_NO_MEMORY;
    np_ip *locals = (np_ip *)(void *)(resolved + c->n_resolved);
    char *text = (char *)(locals + c->n_locals);
    s->default_namespace = put_text(&text, c->default_namespace);
    for (size_t i = 0; i < c->n_resolved; i++)
        resolved[i] = (np_resolved){put_text(&text, c->resolved[i].name), c->resolved[i].ip};
    for (size_t i = 0; i < c->n_locals; i++)
        if (!c->locals[i].node) {
            np_build_count_ip(b, &c->locals[i].ip, 1);
            locals[s->n_locals++] = c->locals[i].ip;
        }
    s->options = resolved;
    s->resolved = resolved;
    s->n_resolved = c->n_resolved;
    s->locals = locals;
    s->foreign = c->foreign;
    return NETPOL_OK;
}

static netpol_status put_each(np_build *b, int32_t first, int32_t last,
                              bool (*put)(np_build *, const netpol_object *))
{
    for (size_t i = np_build_first(b, first); i < np_build_end(b, last); i++) {
        netpol_status status = np_build_pause(b, i);
        if (status != NETPOL_OK)
            return status;
        if (!put(b, b->objects[i]))
            return NETPOL_NO_MEMORY;
    }
    return NETPOL_OK;
}

static netpol_status put_namespaces(np_build *b)
{
    return put_each(b, NETPOL_KIND_NAMESPACE, NETPOL_KIND_NAMESPACE, np_build_put_space);
}

static netpol_status put_nodes(np_build *b)
{
    netpol_status s = put_each(b, NETPOL_KIND_NODE, NETPOL_KIND_NODE, np_build_put_node);
    return s == NETPOL_OK && !np_build_locals(b) ? NETPOL_NO_MEMORY : s;
}

static netpol_status put_workloads(np_build *b)
{
    return put_each(b, NETPOL_KIND_DEPLOYMENT, NETPOL_KIND_CRON_JOB, np_build_add_other);
}

static bool put_pod(np_build *b, const netpol_object *x)
{
    return np_build_put_pod(b, NULL, x);
}

static netpol_status put_pods(np_build *b)
{
    return put_each(b, NETPOL_KIND_POD, NETPOL_KIND_POD, put_pod);
}

static void ask(np_build *b, const np_asked *asked)
{
    b->s.asked_keys |= asked->keys;
    b->s.asks_namespace_labels = b->s.asks_namespace_labels || asked->namespace_labels;
}

static netpol_status put_policies(np_build *b)
{
    if (!np_build_policies(b) || !np_build_cluster_policies(b))
        return NETPOL_NO_MEMORY;
    np_asked asked = {0};
    for (np_policy_walk w = np_policies(&b->s); w.policy; np_policies_next(&w))
        np_ask_policy(&asked, w.policy->spec);
    for (size_t i = 0; i < b->s.n_cluster_policies; i++)
        np_ask_cluster_policy(&asked, b->s.cluster_policies[i].tree);
    ask(b, &asked);
    return NETPOL_OK;
}

/* Freezes the head as a picture. */
static netpol_status publish(np_build *b, np_snapshot **out)
{
    np_snapshot *s = np_resize(&b->alloc, NULL, 0, sizeof *s);
    if (!s)
        return NETPOL_NO_MEMORY;
    b->s.incomplete = b->c->incomplete || b->invalid;
    b->s.n_ips[0] = b->n_ips[0];
    b->s.n_ips[1] = b->n_ips[1];
    memcpy(s, &b->s, sizeof *s);
    atomic_init(&s->refs, 1);
    s->version = np_store_publish(b->store);
    if (!s->version) {
        np_release(&b->alloc, s, sizeof *s);
        return NETPOL_NO_MEMORY;
    }
    *out = s;
    return NETPOL_OK;
}

static np_build *new_build(const netpol_cluster *c)
{
    np_build *b = np_resize(&c->alloc, NULL, 0, sizeof *b);
    if (!b)
        return NULL;
    memset(b, 0, sizeof *b);
    b->c = c;
    b->alloc = c->alloc;
    b->store = np_store_new(&c->alloc, 0);
    if (!b->store) {
        np_release(&c->alloc, b, sizeof *b);
        return NULL;
    }
    np_snapshot *s = &b->s;
    s->alloc = c->alloc;
    s->store = b->store;
    s->namespaces = NP_TREE(np_namespace, 3);
    s->nodes = NP_TREE(np_node, 2);
    s->pods = NP_TREE(const np_pod *, 6);
    s->links = NP_TREE(np_links, 5);
    s->owners = NP_TREE(np_owner, 4);
    s->services = NP_TREE(np_service, 3);
    s->others = NP_TREE(np_other, 4);
    return b;
}

static netpol_status make_all(np_build *b)
{
    static netpol_status (*const parts[])(np_build *) = {
        take_objects,  keep_options,      put_namespaces,     put_nodes,
        put_workloads, put_pods,          np_build_workloads, np_build_hosts,
        put_policies,  np_build_services, np_build_families,
    };
    netpol_status status = NETPOL_OK;
    for (size_t i = 0; i < sizeof parts / sizeof *parts && status == NETPOL_OK; i++)
        status = parts[i](b);
    if (b->objects)
        np_release(&b->alloc, b->objects, (b->n_objects + 1) * sizeof *b->objects);
    b->objects = NULL;
    if (status == NETPOL_OK && b->invalid && !(b->c->options.flags & NETPOL_KEEP_GOING))
        status = NETPOL_INVALID;
    return status;
}

netpol_status np_snapshot_make(const netpol_cluster *c, np_build **build, np_snapshot **out,
                               netpol_diagnostics *diags)
{
    np_build *b = new_build(c);
    if (!b)
        return NETPOL_NO_MEMORY;
    b->diags = diags;
    netpol_status status = make_all(b);
    if (status == NETPOL_OK)
        status = publish(b, out);
    b->diags = NULL;
    if (status == NETPOL_OK && build)
        *build = b;
    else
        np_build_free(b);
    return status;
}

/* ---- what changed ---- */

static np_asked asked_by(const netpol_object *x)
{
    np_asked asked = {0};
    const netpol_policy *policy = netpol_object_policy(x);
    const netpol_cluster_policy *wide = netpol_object_cluster_policy(x);
    if (policy && policy->spec)
        np_ask_policy(&asked, policy->spec);
    if (wide)
        np_ask_cluster_policy(&asked, wide);
    return asked;
}

/* Whether selectors of an object ask, or asked, for what controllers generate: what was said of the
 * others may depend on it. */
static bool asks_rare_things(const netpol_object *x)
{
    return x && (asked_by(x).keys || np_asks_ordinals(x));
}

static bool apply(np_build *b, const netpol_object *was, const netpol_object *is)
{
    int32_t kind = netpol_object_kind(is ? is : was);
    if (!*netpol_object_name(is ? is : was) || np_build_said(b, was) || asks_rare_things(was) ||
        asks_rare_things(is))
        return np_build_again(b);
    np_asked asked = is ? asked_by(is) : (np_asked){0};
    ask(b, &asked);
    switch (kind) {
    case NETPOL_KIND_NAMESPACE:
        return is ? np_build_put_space(b, is) : np_build_remove_space(b, was);
    case NETPOL_KIND_NODE:
        return is ? np_build_put_node(b, is) : np_build_remove_node(b, was);
    case NETPOL_KIND_POD:
        return is ? np_build_put_pod(b, was, is) : np_build_remove_pod(b, was);
    case NETPOL_KIND_NETWORK_POLICY:
        return np_build_put_policy(b, was, is);
    case NETPOL_KIND_CLUSTER_NETWORK_POLICY:
    case NETPOL_KIND_ADMIN_NETWORK_POLICY:
    case NETPOL_KIND_BASELINE_ADMIN_NETWORK_POLICY:
        return np_build_change_cluster_policy(b, was, is);
    case NETPOL_KIND_SERVICE:
        return np_build_change_service(b, was, is);
    case NETPOL_KIND_ENDPOINT_SLICE:
    case NETPOL_KIND_ENDPOINTS:
        return np_build_change_endpoints(b, was, is);
    default:
        return np_build_change_workload(b, was, is);
    }
}

static void begin_delta(np_build *b)
{
    np_delta *d = &b->delta;
    d->n_pods = d->n_policies = d->n_spaces = d->n_ips = 0;
    d->cluster_policies = false;
    b->changing = true;
    b->again = false;
}

netpol_status np_snapshot_change(np_build *b, np_snapshot **out, netpol_diagnostics *diags)
{
    const netpol_cluster *c = b->c;
    if (b->invalid || b->again || !families_of_addresses(b) || b->s.foreign != c->foreign)
        return NETPOL_NOT_FOUND;
    begin_delta(b);
    for (size_t i = 0; i < c->n_changes; i++)
        if (!apply(b, c->changes[i].was, c->changes[i].is) || b->again)
            return b->again ? NETPOL_NOT_FOUND : NETPOL_NO_MEMORY;
    if (families_of_addresses(b) != b->s.families)
        return NETPOL_NOT_FOUND;
    netpol_status status = publish(b, out);
    if (status == NETPOL_OK)
        np_build_repeat(b, diags);
    return status;
}

/* ---- the end ---- */

static void drop_held(np_build *b)
{
    const np_snapshot *s = &b->s;
    for (uint32_t i = 0; i < s->namespaces.n; i++) {
        const np_namespace *n = np_namespace_at(s, i);
        for (uint32_t k = 0; k < n->n_policies; k++)
            np_store_drop(b->store, (void *)(uintptr_t)n->policies[k]);
        np_store_drop(b->store, (void *)(uintptr_t)n->policies);
        np_store_drop(b->store, n->held);
    }
    for (uint32_t i = 0; i < s->nodes.n; i++) {
        np_store_drop(b->store, (void *)(uintptr_t)np_node_at(s, i)->ips);
        np_store_drop(b->store, np_node_at(s, i)->held);
    }
    for (uint32_t i = 0; i < s->pods.n; i++)
        np_store_drop(b->store, (void *)(uintptr_t)np_pod_at(s, i));
    for (uint32_t i = 0; i < s->owners.n; i++)
        np_store_drop(b->store, np_owner_at(s, i)->texts);
    for (uint32_t i = 0; i < s->others.n; i++)
        np_store_drop(b->store, np_other_at(s, i)->held);
    for (size_t i = 0; i < s->n_cluster_policies; i++)
        np_store_drop(b->store, s->cluster_policies[i].held);
}

static void drop_services(np_build *b)
{
    for (uint32_t i = 0; i < b->s.services.n; i++) {
        const np_service *v = np_service_at(&b->s, i);
        for (uint32_t k = 0; k < v->n_slices; k++)
            np_store_drop(b->store, v->slices[k]);
        np_store_drop(b->store, (void *)(uintptr_t)v->slices);
        np_store_drop(b->store, v->held);
        np_store_drop(b->store, v->held_endpoints);
    }
}

static void drop_head(np_build *b)
{
    np_snapshot *s = &b->s;
    np_tree *trees[] = {&s->namespaces, &s->nodes,    &s->pods,  &s->links,
                        &s->owners,     &s->services, &s->others};
    np_dict *dicts[] = {&s->by_namespace, &s->by_node,     &s->by_pod,
                        &s->by_owner,     &s->by_service,  &s->pod_ips,
                        &s->node_ips,     &s->service_ips, &b->by_other};
    drop_held(b);
    drop_services(b);
    for (size_t i = 0; i < sizeof trees / sizeof *trees; i++)
        np_tree_drop(b->store, trees[i]);
    for (size_t i = 0; i < sizeof dicts / sizeof *dicts; i++)
        np_dict_drop(b->store, dicts[i]);
    np_store_drop(b->store, s->cluster_policies);
    np_store_drop(b->store, s->options);
}

void np_build_free(np_build *b)
{
    if (!b)
        return;
    netpol_allocator alloc = b->alloc;
    drop_head(b);
    np_store_close(b->store);
    np_free *lists[] = {&b->free_namespaces, &b->free_nodes,  &b->free_pods, &b->free_owners,
                        &b->free_services,   &b->free_others, &b->late};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        np_release(&alloc, lists[i]->at, lists[i]->room * sizeof *lists[i]->at);
    for (size_t i = 0; i < b->n_notes; i++) {
        netpol_object_unref(b->notes[i].object);
        np_release(&alloc, b->notes[i].text, b->notes[i].size);
    }
    np_release(&alloc, b->notes, b->notes_room * sizeof *b->notes);
    np_delta *d = &b->delta;
    np_release(&alloc, d->pods, d->pods_room * sizeof *d->pods);
    np_release(&alloc, d->policies, d->policies_room * sizeof *d->policies);
    np_release(&alloc, d->spaces, d->spaces_room * sizeof *d->spaces);
    np_release(&alloc, d->ips, d->ips_room * sizeof *d->ips);
    np_release(&alloc, b, sizeof *b);
}
