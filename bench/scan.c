/* SPDX-License-Identifier: MIT */
#include "scan.h"

#include "netpol/selector.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Everything that the rules ask of a pod, as texts. */
typedef struct seen_pod {
    const char *space;
    const netpol_label *labels;
    size_t n_labels;
} seen_pod;

struct bench_scan {
    const netpol_policy **policies;
    size_t n_policies;
    uint32_t *first; /* by namespace: the first of its policies + 1, */
    uint32_t *next;  /* and by policy the next one of the same */
    netpol_object **objects;
    seen_pod *pods;
    uint32_t n_pods;
    netpol_object **namespaces;
    uint32_t n_namespaces;
};

bench_scan *bench_scan_make(const bench_workload *w)
{
    bench_scan *s = bench_alloc(sizeof *s);
    s->n_policies = w->size.policies;
    s->n_pods = w->size.pods;
    s->policies = bench_alloc(s->n_policies * sizeof *s->policies);
    s->objects = bench_alloc((s->n_policies + s->n_pods) * sizeof *s->objects);
    s->pods = bench_alloc(s->n_pods * sizeof *s->pods);
    uint64_t state = w->policy_seed;
    s->first = bench_alloc(w->size.namespaces * sizeof *s->first);
    s->next = bench_alloc((s->n_policies + 1) * sizeof *s->next);
    for (uint32_t i = 0; i < s->n_policies; i++) {
        s->objects[i] = bench_policy(w, i, &state);
        s->policies[i] = netpol_object_policy(s->objects[i]);
        uint32_t *first = &s->first[w->apps[w->target[i]].space];
        s->next[i] = *first;
        *first = i + 1;
    }
    for (uint32_t a = 0; a < w->n_apps; a++)
        for (uint32_t k = 0; k < w->apps[a].n_pods; k++) {
            uint32_t pod = w->apps[a].first_pod + k;
            if (pod >= s->n_pods)
                continue;
            netpol_object *x = bench_pod(w, a, pod);
            const netpol_metadata *m = netpol_object_metadata(x);
            s->objects[s->n_policies + pod] = x;
            s->pods[pod] = (seen_pod){m->namespace_name, m->labels, m->n_labels};
        }
    s->n_namespaces = w->size.namespaces;
    s->namespaces = bench_alloc(s->n_namespaces * sizeof *s->namespaces);
    for (uint32_t i = 0; i < s->n_namespaces; i++)
        s->namespaces[i] = bench_namespace(i);
    return s;
}

void bench_scan_free(bench_scan *s)
{
    for (size_t i = 0; i < s->n_policies + s->n_pods; i++)
        netpol_object_unref(s->objects[i]);
    for (uint32_t i = 0; i < s->n_namespaces; i++)
        netpol_object_unref(s->namespaces[i]);
    free(s->policies);
    free(s->first);
    free(s->next);
    free(s->objects);
    free(s->pods);
    free(s->namespaces);
    free(s);
}

static bool selects(const netpol_label_selector *s, const netpol_label *labels, size_t n)
{
    return netpol_label_selector_matches(s, labels, n);
}

static uint32_t number_of(const char *name)
{
    return strcmp(name, "monitoring") == 0 ? 0 : (uint32_t)atoi(name + 3);
}

static const netpol_metadata *namespace_of(const bench_scan *s, const char *name)
{
    return netpol_object_metadata(s->namespaces[number_of(name)]);
}

static bool in_block(const netpol_ip_block *b, const uint8_t ip[16])
{
    char text[64];
    bool inside = false;
    snprintf(text, sizeof text, "%u.%u.%u.%u", ip[12], ip[13], ip[14], ip[15]);
    return netpol_ip_block_contains(b, text, &inside, NULL) == NETPOL_OK && inside;
}

static bool peer_matches(const bench_scan *s, const char *space, const netpol_peer *p,
                         const seen_pod *pod, const uint8_t ip[16])
{
    if (p->ip_block)
        return in_block(p->ip_block, ip);
    if (!pod)
        return false;
    if (p->pod_selector && !selects(p->pod_selector, pod->labels, pod->n_labels))
        return false;
    if (!p->namespace_selector)
        return strcmp(pod->space, space) == 0;
    const netpol_metadata *m = namespace_of(s, pod->space);
    return selects(p->namespace_selector, m->labels, m->n_labels);
}

/* All pods of a workload name the same two ports. */
static bool port_matches(const netpol_port *p, const netpol_flow *f, bool to_pod)
{
    bool udp = p->protocol && strcmp(p->protocol, "UDP") == 0;
    if (f->protocol != (udp ? NETPOL_UDP : NETPOL_TCP))
        return false;
    if (!p->port)
        return true;
    if (p->port->string)
        return to_pod && f->port == (strcmp(p->port->string, "http") == 0 ? 8080 : 9090);
    int32_t last = p->end_port ? *p->end_port : p->port->number;
    return p->port->number <= f->port && f->port <= last;
}

static bool rule_matches(const bench_scan *s, const char *space, const netpol_rule *r,
                         const netpol_flow *f, const seen_pod *peer, const uint8_t ip[16],
                         bool to_pod)
{
    bool port = r->n_ports == 0;
    for (size_t i = 0; i < r->n_ports && !port; i++)
        port = port_matches(r->ports[i], f, to_pod);
    bool who = r->n_peers == 0;
    for (size_t i = 0; port && i < r->n_peers && !who; i++)
        who = peer_matches(s, space, r->peers[i], peer, ip);
    return port && who;
}

static bool covers(const netpol_policy_spec *spec, const char *type)
{
    for (size_t i = 0; i < spec->n_policy_types; i++)
        if (strcmp(spec->policy_types[i], type) == 0)
            return true;
    return false;
}

/* One side of a flow as policies see it. */
typedef struct view {
    const netpol_flow *flow;
    const seen_pod *subject;
    const seen_pod *peer; /* NULL: an address outside */
    const uint8_t *ip;    /* the peer's */
    bool egress;
    bool to_pod;
} view;

/* Whether one policy isolates the subject, and whether it lets the flow in. */
static bool policy_allows(const bench_scan *s, const view *v, const netpol_policy *p,
                          bool *isolated)
{
    const netpol_policy_spec *spec = p->spec;
    const char *space = p->metadata->namespace_name;
    if (strcmp(space, v->subject->space) != 0 || !covers(spec, v->egress ? "Egress" : "Ingress") ||
        !selects(spec->pod_selector, v->subject->labels, v->subject->n_labels))
        return false;
    *isolated = true;
    const netpol_rule *const *rules = v->egress ? spec->egress : spec->ingress;
    for (size_t k = 0; k < (v->egress ? spec->n_egress : spec->n_ingress); k++)
        if (rule_matches(s, space, rules[k], v->flow, v->peer, v->ip, v->to_pod))
            return true;
    return false;
}

static bool side_allows(const bench_scan *s, const view *v, bool index)
{
    bool isolated = false;
    if (!index) {
        for (size_t i = 0; i < s->n_policies; i++)
            if (policy_allows(s, v, s->policies[i], &isolated))
                return true;
        return !isolated;
    }
    for (uint32_t i = s->first[number_of(v->subject->space)]; i; i = s->next[i - 1])
        if (policy_allows(s, v, s->policies[i - 1], &isolated))
            return true;
    return !isolated;
}

bool bench_scan_allows(const bench_scan *s, const netpol_flow *f, const uint32_t pods[2],
                       bool index)
{
    const seen_pod *src = pods[0] == UINT32_MAX ? NULL : &s->pods[pods[0]];
    const seen_pod *dst = pods[1] == UINT32_MAX ? NULL : &s->pods[pods[1]];
    const view out = {f, src, dst, f->dst, true, dst != NULL};
    const view in = {f, dst, src, f->src, false, true};
    if (src && src == dst)
        return true;
    return (!src || side_allows(s, &out, index)) && (!dst || side_allows(s, &in, index));
}
