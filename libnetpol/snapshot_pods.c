/* SPDX-License-Identifier: MIT */
/* Pods, their controllers, and the replicas that stand for workloads without loaded pods. */
#include "port.h"
#include "selector.h"
#include "snapshot_build.h"

/* ---- container ports ---- */

static size_t count_named(const netpol_container *const *containers, size_t n, bool sidecars)
{
    size_t named = 0;
    for (size_t i = 0; i < n; i++) {
        const char *restart = containers[i]->restart_policy;
        if (sidecars && (!restart || strcmp(restart, "Always") != 0))
            continue;
        for (size_t k = 0; k < containers[i]->n_ports; k++)
            named += containers[i]->ports[k]->name && *containers[i]->ports[k]->name;
    }
    return named;
}

static size_t take_named(np_pod_port *out, const netpol_container *const *containers, size_t n,
                         bool sidecars)
{
    size_t filled = 0;
    for (size_t i = 0; i < n; i++) {
        if (sidecars && count_named(&containers[i], 1, true) == 0)
            continue;
        for (size_t k = 0; k < containers[i]->n_ports; k++) {
            const netpol_container_port *p = containers[i]->ports[k];
            uint8_t protocol;
            if (!p->name || !*p->name || p->container_port < 1 || p->container_port > 65535 ||
                !np_protocol_of_policy(p->protocol, &protocol))
                continue;
            out[filled++] = (np_pod_port){p->name, (uint16_t)p->container_port, protocol, sidecars};
        }
    }
    return filled;
}

/* Containers go before sidecars, which are init containers that keep running (settled.md 1.5). */
static bool set_ports(np_build *b, np_pod *p, const netpol_pod_spec *spec)
{
    if (!spec)
        return true;
    size_t n = count_named(spec->containers, spec->n_containers, false) +
               count_named(spec->init_containers, spec->n_init_containers, true);
    if (n == 0)
        return true;
    np_pod_port *ports = NP_NEW_ARRAY(&b->s->arena, np_pod_port, n);
    if (!ports)
        return false;
    n = take_named(ports, spec->containers, spec->n_containers, false);
    n += take_named(ports + n, spec->init_containers, spec->n_init_containers, true);
    p->ports = ports;
    p->n_ports = (uint32_t)n;
    return true;
}

/* ---- controllers ---- */

const netpol_owner_reference *np_controller_of(const netpol_metadata *meta)
{
    for (size_t i = 0; meta && i < meta->n_owner_references; i++) {
        const netpol_owner_reference *r = meta->owner_references[i];
        if (r->controller && *r->controller)
            return r;
    }
    return NULL;
}

typedef struct workload_key {
    const char *kind;
    const char *space;
    const char *name;
} workload_key;

static bool workload_is(const void *build, const void *key, uint32_t number)
{
    const np_build *b = build;
    const workload_key *k = key;
    const netpol_object *x = b->s->objects[number];
    return strcmp(netpol_object_name(x), k->name) == 0 &&
           strcmp(np_build_space(b, x), k->space) == 0 &&
           strcmp(netpol_object_kind_name(x), k->kind) == 0;
}

static uint32_t hash_workload(const workload_key *k)
{
    return np_hash_texts((const char *const[]){k->kind, k->space, k->name}, 3);
}

uint32_t np_build_workload(const np_build *b, const char *kind, const char *space, const char *name)
{
    workload_key k = {kind, space, name};
    return np_index_find(&b->workloads, hash_workload(&k), workload_is, b, &k);
}

static bool index_workloads(np_build *b)
{
    for (size_t i = np_build_first(b, NETPOL_KIND_DEPLOYMENT);
         i < np_build_end(b, NETPOL_KIND_CRON_JOB); i++) {
        const netpol_object *x = b->s->objects[i];
        workload_key k = {netpol_object_kind_name(x), np_build_space(b, x), netpol_object_name(x)};
        if (!np_index_add(&b->workloads, hash_workload(&k), (uint32_t)i))
            return false;
    }
    return true;
}

/* A dump without ReplicaSets: "web-7d77fb55cc" belongs to the loaded Deployment "web" if the pod
 * carries the hash, which nobody but a Deployment adds. NP_NONE: no such one. */
static uint32_t deployment_by_hash(const np_build *b, const netpol_metadata *pod, const char *space,
                                   const netpol_owner_reference *set)
{
    const char *hash = np_label_value(pod->labels, pod->n_labels, "pod-template-hash");
    size_t n = set->name ? strlen(set->name) : 0;
    size_t tail = hash ? strlen(hash) : 0;
    char name[256]; /* names have 253 bytes at most */
    if (!tail || n < tail + 2 || n - tail - 1 >= sizeof name || set->name[n - tail - 1] != '-' ||
        strcmp(set->name + n - tail, hash) != 0)
        return NP_NONE;
    memcpy(name, set->name, n - tail - 1);
    name[n - tail - 1] = '\0';
    return np_build_workload(b, "Deployment", space, name);
}

#define CONTROLLER_STEPS 8 /* a Job of a CronJob is two; a ring of references ends here */

bool np_build_controller(np_build *b, const netpol_metadata *meta, const char *space,
                         const char **kind, const char **name)
{
    const netpol_owner_reference *r = np_controller_of(meta);
    if (!r)
        return false;
    for (int step = 0; r && step < CONTROLLER_STEPS; step++) {
        *kind = r->kind && *r->kind ? r->kind : "Pod";
        *name = r->name ? r->name : "";
        uint32_t at = np_build_workload(b, *kind, space, *name);
        if (at == NP_NONE && step == 0 && strcmp(*kind, "ReplicaSet") == 0)
            at = deployment_by_hash(b, meta, space, r);
        if (at == NP_NONE)
            return true;
        b->has_pods[at] = 1;
        const netpol_object *x = b->s->objects[at];
        *kind = netpol_object_kind_name(x);
        *name = netpol_object_name(x);
        r = np_controller_of(netpol_object_metadata(x));
    }
    return true;
}

/* ---- pods ---- */

np_pod *np_build_pod(np_build *b, const netpol_object *object, const netpol_metadata *meta,
                     const netpol_pod_spec *spec, const char *space)
{
    np_snapshot *s = b->s;
    uint32_t number = np_build_namespace(b, space);
    if (number == NP_NONE || s->n_pods + 1 >= NP_EVERY_NODE ||
        !np_grow(&s->alloc, (void **)&s->pods, &s->pods_room, s->n_pods + 1, sizeof *s->pods))
        return NULL;
    np_pod *p = &s->pods[s->n_pods];
    *p = (np_pod){.object = object, .space = number, .node = NP_NONE, .next = NP_NONE};
    if (meta) {
        p->labels = meta->labels;
        p->n_labels = (uint32_t)meta->n_labels;
    }
    p->host_network = spec && spec->host_network;
    if (spec && spec->node_name && *spec->node_name) {
        p->node = np_build_node(b, spec->node_name);
        if (p->node == NP_NONE)
            return NULL;
    }
    if (!set_ports(b, p, spec))
        return NULL;
    s->n_pods++;
    s->namespaces[number].n_pods++;
    return p;
}

static void take_ip(np_build *b, np_pod *p, const char *text)
{
    np_ip ip;
    if (!text || !*text)
        return;
    if (!np_ip_parse(np_slice_of(text), &ip)) {
        np_build_say(b, NP_CODE_BAD_ADDRESS, p->object, "not an address: %s", text);
        return;
    }
    uint8_t family = ip.v4 ? NP_FAMILY_4 : NP_FAMILY_6;
    if (p->families & family)
        return;
    *(ip.v4 ? &p->ip4 : &p->ip6) = ip;
    p->families |= family;
}

/* status.podIPs; podIP if that is empty (settled.md 2.2). */
static void take_ips(np_build *b, np_pod *p, const netpol_pod_status *status)
{
    for (size_t i = 0; i < status->n_pod_ips; i++)
        take_ip(b, p, status->pod_ips[i]);
    if (status->n_pod_ips == 0)
        take_ip(b, p, status->pod_ip);
}

static bool has_address(const netpol_pod_status *status)
{
    return status->n_pod_ips || (status->pod_ip && *status->pod_ip);
}

static bool phase_is(const netpol_pod_status *status, const char *phase)
{
    return status->phase && strcmp(status->phase, phase) == 0;
}

/* It has ended, or is ending without an address: no traffic (spec 6.10, settled.md 2.1). */
static bool is_gone(const netpol_metadata *meta, const netpol_pod_status *status)
{
    if (!status)
        return false;
    return phase_is(status, "Succeeded") || phase_is(status, "Failed") ||
           (meta && meta->deletion_timestamp && !has_address(status));
}

static const char *name_of_pod(const netpol_object *x)
{
    const netpol_metadata *meta = netpol_object_metadata(x);
    const char *name = netpol_object_name(x);
    return *name || !meta || !meta->generate_name ? name : meta->generate_name;
}

static bool set_owner(np_build *b, np_pod *p, const char *kind, const char *name)
{
    p->owner = np_build_owner(b, p->space, kind, name);
    return p->owner != NP_NONE;
}

static bool add_pod(np_build *b, const netpol_object *x)
{
    const netpol_pod *tree = netpol_object_pod(x);
    const netpol_metadata *meta = netpol_object_metadata(x);
    const char *space = np_build_space(b, x);
    const char *kind = "Pod";
    const char *name = name_of_pod(x);
    (void)np_build_controller(b, meta, space, &kind, &name);
    if (is_gone(meta, tree->status))
        return true;
    np_pod *p = np_build_pod(b, x, meta, tree->spec, space);
    if (!p)
        return false;
    p->name = name_of_pod(x);
    if (tree->status) {
        take_ips(b, p, tree->status);
        p->running = !tree->status->phase || phase_is(tree->status, "Running") ? 2 : 1;
    }
    p->address_unknown = p->families == 0;
    return set_owner(b, p, kind, name);
}

netpol_status np_build_pods(np_build *b)
{
    if (!index_workloads(b))
        return NETPOL_NO_MEMORY;
    for (size_t i = np_build_first(b, NETPOL_KIND_POD); i < np_build_end(b, NETPOL_KIND_POD); i++) {
        netpol_status s = np_build_pause(b, i);
        if (s != NETPOL_OK)
            return s;
        if (!add_pod(b, b->s->objects[i]))
            return NETPOL_NO_MEMORY;
    }
    return NETPOL_OK;
}
