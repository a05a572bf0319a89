/* SPDX-License-Identifier: MIT */
/* Pods: what their objects say, the record of each, its place in the chains, its addresses. */
#include "port.h"
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
static size_t count_ports(const netpol_pod_spec *spec)
{
    return spec ? count_named(spec->containers, spec->n_containers, false) +
                      count_named(spec->init_containers, spec->n_init_containers, true)
                : 0;
}

static uint32_t take_ports(np_pod_port *ports, const netpol_pod_spec *spec)
{
    size_t n = take_named(ports, spec->containers, spec->n_containers, false);
    n += take_named(ports + n, spec->init_containers, spec->n_init_containers, true);
    return (uint32_t)n;
}

/* ---- records ---- */

static void let_go(void *block)
{
    np_pod *p = block;
    netpol_object_unref((netpol_object *)(uintptr_t)p->object);
}

/* A text, or its copy in `to` if it is part of `from`. */
static const char *move_text(const char *text, const char *from, size_t n, const char *to)
{
    uintptr_t at = (uintptr_t)text - (uintptr_t)from;
    return at < n ? to + at : text;
}

/* A record with all that it refers to, but for what belongs to the object. */
static np_pod *new_record(np_build *b, const np_pod_draft *d)
{
    size_t ports = count_ports(d->spec) * sizeof(np_pod_port);
    size_t labels = d->own_labels ? d->n_labels * sizeof(netpol_label) : 0;
    size_t name = d->own_name ? strlen(d->name) + 1 : 0;
    np_pod *p = np_store_record(b->store, sizeof *p + ports + labels + name, let_go);
    if (!p)
        return NULL;
    *p = d->pod;
    p->object = netpol_object_ref(d->object);
    p->name = d->name;
    p->labels = d->labels;
    p->n_labels = d->n_labels;
    np_pod_port *port = (np_pod_port *)(p + 1);
    netpol_label *label = (netpol_label *)(void *)((char *)port + ports);
    if (ports) {
        p->ports = port;
        p->n_ports = take_ports(port, d->spec);
    }
    if (labels) {
        memcpy(label, d->labels, labels);
        p->labels = label;
    }
    if (name) {
        p->name = (char *)label + labels;
        memcpy((char *)label + labels, d->name, name);
        for (uint32_t i = 0; labels && i < p->n_labels; i++)
            label[i].value = move_text(label[i].value, d->name, name, p->name);
    }
    return p;
}

/* ---- addresses ---- */

static bool is_terminating(const np_pod *p)
{
    const netpol_metadata *meta = netpol_object_metadata(p->object);
    return meta && meta->deletion_timestamp;
}

typedef struct others {
    const np_build *b;
    const np_pod *p;
} others;

static bool is_rival(const void *context, const void *key, uint32_t number)
{
    const others *x = context;
    const np_pod *q = np_pod_at(&x->b->s, number);
    const np_ip *ip = np_pod_ip(q, ((const np_ip *)key)->v4 ? NP_FAMILY_4 : NP_FAMILY_6);
    return q != x->p && q->running == 2 && ip && np_ip_equal(ip, key) && !is_terminating(q);
}

/* Two running pods with one address cannot both be right. */
static void settle_address(np_build *b, const np_pod *p, const np_ip *ip)
{
    if (p->running < 2 || is_terminating(p))
        return;
    uint32_t held = np_dict_find(&b->s.pod_ips, np_hash_ip(ip), is_rival, &(others){b, p}, ip);
    if (held == NP_NONE)
        return;
    const np_pod *old = np_pod_at(&b->s, held);
    char text[NP_IP_TEXT];
    (void)np_ip_format(ip, text);
    np_build_say(b, NP_CODE_DUPLICATE_ADDRESS, p->object,
                 "the address %s is also that of the running pod %s/%s", text,
                 np_namespace_at(&b->s, old->space)->name, old->name);
    b->invalid = true;
}

static bool enter_ip(np_build *b, uint32_t pod, const np_pod *p, const np_ip *ip, int by)
{
    if (!ip)
        return true;
    np_build_count_ip(b, ip, by);
    if (p->host_network)
        return true;
    if (!np_delta_ip(b, ip))
        return false;
    if (by < 0)
        return np_dict_remove(b->store, &b->s.pod_ips, np_hash_ip(ip), pod);
    settle_address(b, p, ip);
    return !(b->changing && b->again) && np_dict_add(b->store, &b->s.pod_ips, np_hash_ip(ip), pod);
}

static bool enter_ips(np_build *b, uint32_t pod, const np_pod *p, int by)
{
    return enter_ip(b, pod, p, np_pod_ip(p, NP_FAMILY_4), by) &&
           enter_ip(b, pod, p, np_pod_ip(p, NP_FAMILY_6), by);
}

/* ---- what pods and nodes tell of each other ---- */

static const np_pod **edit_slot(np_build *b, uint32_t pod)
{
    return np_tree_edit(b->store, &b->s.pods, pod);
}

/* The node of a pod that names none, by the address of its host: only while all is made. */
static bool find_host(np_build *b, np_pod *p, const np_ip *ip)
{
    char text[NP_IP_TEXT];
    uint32_t node = np_snapshot_node_of_ip(&b->s, ip);
    if (b->changing)
        return np_build_again(b);
    b->tangled_nodes = true;
    (void)np_ip_format(ip, text);
    if (node != NP_NONE && node != NP_EVERY_NODE)
        return np_build_use_node(b, np_node_at(&b->s, node)->name, &p->node);
    return np_build_use_node(b, text, &p->node);
}

static bool tell_host_ip(np_build *b, np_pod *p, const char *text, int by)
{
    np_ip ip;
    if (!text || !*text || !np_ip_parse(np_slice_of(text), &ip))
        return true;
    if (p->node == NP_NONE && !find_host(b, p, &ip))
        return false;
    return np_build_tell_ip(b, p->node, &ip, by);
}

/* Nodes are rarely readable, so status.hostIPs, and hostIP, tell their addresses (settled.md 2.2).
 */
static bool tell_host_ips(np_build *b, np_pod *p, int by)
{
    const netpol_pod *tree = netpol_object_pod(p->object);
    const netpol_pod_status *status = tree ? tree->status : NULL;
    for (size_t i = 0; status && i < status->n_host_ips; i++)
        if (!tell_host_ip(b, p, status->host_ips[i], by))
            return false;
    return !status || tell_host_ip(b, p, status->host_ip, by);
}

/* A pod on the host network has the addresses of its node, unless its status tells them. */
static bool become_guest(np_build *b, np_pod *p)
{
    if (!p->host_network || p->families || p->node == NP_NONE)
        return true;
    const np_node *n = np_node_at(&b->s, p->node);
    p->guest = true;
    p->families = n->families;
    p->ip4 = n->ip4;
    p->ip6 = n->ip6;
    p->address_unknown = p->families == 0;
    return np_build_guest(b, p->node, 1);
}

/* The writer's own record of a pod. */
static np_pod *own_record(const np_build *b, uint32_t pod)
{
    return (np_pod *)(uintptr_t)np_pod_at(&b->s, pod);
}

/* What a pod can only be told after all others: the node of one that names none, the addresses of
 * one that is its node's guest, the families of one without address. */
static bool is_late(const np_build *b, const np_pod *p)
{
    return !b->changing && (p->node == NP_NONE || p->address_unknown);
}

netpol_status np_build_hosts(np_build *b)
{
    for (size_t i = 0; i < b->late.n; i++) {
        np_pod *p = own_record(b, b->late.at[i]);
        if (p->node == NP_NONE && !tell_host_ips(b, p, 1))
            return NETPOL_NO_MEMORY;
    }
    for (size_t i = 0; i < b->late.n; i++) {
        np_pod *p = own_record(b, b->late.at[i]);
        if (!become_guest(b, p) || !enter_ips(b, b->late.at[i], p, 1))
            return NETPOL_NO_MEMORY;
    }
    return NETPOL_OK;
}

void np_build_late_families(np_build *b)
{
    for (size_t i = 0; i < b->late.n; i++) {
        np_pod *p = own_record(b, b->late.at[i]);
        if (p->address_unknown)
            p->families = b->s.families;
    }
}

static bool settle_in(np_build *b, uint32_t pod, np_pod *p)
{
    if (p->node != NP_NONE && !tell_host_ips(b, p, 1))
        return false;
    if (is_late(b, p))
        return np_build_unused(b, &b->late, pod);
    if ((p->node == NP_NONE && !tell_host_ips(b, p, 1)) || !become_guest(b, p))
        return false;
    if (p->address_unknown)
        p->families = b->s.families;
    return enter_ips(b, pod, p, 1) && np_delta_pod(b, pod);
}

/* ---- coming and going ---- */

/* Only the first of equal names is found: replicas of a workload share theirs. */
static bool enter_name(np_build *b, const np_pod *p, uint32_t pod)
{
    bool known = np_snapshot_pod(&b->s, p->space, p->name) != NP_NONE;
    if (known && b->changing)
        return np_build_again(b);
    return known || np_dict_add(b->store, &b->s.by_pod, np_hash_in(p->space, "", p->name), pod);
}

static bool new_number(np_build *b, uint32_t space, uint32_t *pod)
{
    if (!np_build_number(b, &b->free_pods, &b->s.pods, &b->s.n_pods, pod) ||
        !np_tree_grow(b->store, &b->s.links, b->s.n_pods) || !np_build_enter_space(b, space, *pod))
        return false;
    b->s.n_live_pods++;
    return true;
}

bool np_build_enter_pod(np_build *b, const np_pod_draft *d, uint32_t at, const char *space)
{
    np_pod *p = new_record(b, d);
    if (!p)
        return false;
    bool fresh = at == NP_NONE;
    p->node = NP_NONE;
    if (fresh ? !np_build_use_space(b, space, &p->space) || !new_number(b, p->space, &at)
              : (p->space = np_snapshot_namespace(&b->s, space)) == NP_NONE) {
        np_store_drop(b->store, p);
        return false;
    }
    const np_pod **slot = edit_slot(b, at);
    uint32_t had = fresh || !slot ? NP_NONE : (*slot)->owner;
    if (!slot) {
        np_store_drop(b->store, p);
        return false;
    }
    np_store_drop(b->store, (void *)(uintptr_t)*slot);
    *slot = p;
    const char *node = d->spec ? d->spec->node_name : NULL;
    if (node && *node && !np_build_use_node(b, node, &p->node))
        return false;
    if (!np_build_find_owner(b, d, p->space, had, &p->owner))
        return false;
    if (p->owner != had && ((had != NP_NONE && !np_build_quit_owner(b, had, at)) ||
                            !np_build_enter_owner(b, p->owner, at)))
        return false;
    return (!fresh || enter_name(b, p, at)) && settle_in(b, at, p);
}

/* Takes back what the pod told and has, but for its number, name and owner. */
static bool take_back(np_build *b, uint32_t pod, const np_pod *p)
{
    np_pod copy = *p;
    const netpol_metadata *meta = netpol_object_metadata(p->object);
    const char *kind;
    const char *name;
    if (p->replica || np_build_said(b, p->object))
        return np_build_again(b);
    if (!np_build_controller(b, meta, np_namespace_at(&b->s, p->space)->name, &kind, &name, -1))
        return false;
    if (!enter_ips(b, pod, p, -1) || (p->guest && !np_build_guest(b, p->node, -1)))
        return false;
    return tell_host_ips(b, &copy, -1) && (p->node == NP_NONE || np_build_leave_node(b, p->node));
}

static bool remove_number(np_build *b, uint32_t pod)
{
    const np_pod **slot = edit_slot(b, pod);
    const np_pod *p = slot ? *slot : NULL;
    if (!p || !take_back(b, pod, p) || !np_build_quit_owner(b, p->owner, pod) ||
        !np_build_quit_space(b, p->space, pod) ||
        !np_dict_remove(b->store, &b->s.by_pod, np_hash_in(p->space, "", p->name), pod) ||
        !np_build_leave_space(b, p->space))
        return false;
    *slot = NULL;
    np_store_drop(b->store, (void *)(uintptr_t)p);
    b->s.n_live_pods--;
    return np_build_unused(b, &b->free_pods, pod) && np_delta_pod(b, pod);
}

/* ---- from objects ---- */

static void take_ip(np_build *b, np_pod_draft *d, const char *text)
{
    np_ip ip;
    if (!text || !*text)
        return;
    if (!np_ip_parse(np_slice_of(text), &ip)) {
        np_build_say(b, NP_CODE_BAD_ADDRESS, d->object, "not an address: %s", text);
        return;
    }
    uint8_t family = ip.v4 ? NP_FAMILY_4 : NP_FAMILY_6;
    if (d->pod.families & family)
        return;
    *(ip.v4 ? &d->pod.ip4 : &d->pod.ip6) = ip;
    d->pod.families |= family;
}

/* status.podIPs; podIP if that is empty (settled.md 2.2). */
static void take_ips(np_build *b, np_pod_draft *d, const netpol_pod_status *status)
{
    for (size_t i = 0; i < status->n_pod_ips; i++)
        take_ip(b, d, status->pod_ips[i]);
    if (status->n_pod_ips == 0)
        take_ip(b, d, status->pod_ip);
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
static bool is_gone(const netpol_object *x)
{
    const netpol_metadata *meta = netpol_object_metadata(x);
    const netpol_pod_status *status = netpol_object_pod(x)->status;
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

static uint32_t number_of(const np_build *b, const netpol_object *x)
{
    uint32_t space = np_snapshot_namespace(&b->s, np_build_space(b, x));
    uint32_t pod = space == NP_NONE ? NP_NONE : np_snapshot_pod(&b->s, space, name_of_pod(x));
    return pod != NP_NONE && np_pod_at(&b->s, pod)->object == x ? pod : NP_NONE;
}

static void read_pod(np_build *b, const netpol_object *x, np_pod_draft *d)
{
    const netpol_pod *tree = netpol_object_pod(x);
    d->object = x;
    d->meta = netpol_object_metadata(x);
    d->spec = tree->spec;
    d->name = d->owner_name = name_of_pod(x);
    d->owner_kind = "Pod";
    d->labels = d->meta ? d->meta->labels : NULL;
    d->n_labels = d->meta ? (uint32_t)d->meta->n_labels : 0;
    d->pod.host_network = tree->spec && tree->spec->host_network;
    if (tree->status) {
        take_ips(b, d, tree->status);
        d->pod.running = !tree->status->phase || phase_is(tree->status, "Running") ? 2 : 1;
    }
    d->pod.address_unknown = d->pod.families == 0;
}

/* A pod that has ended counts as its workload's all the same. */
static bool remove_gone(np_build *b, const netpol_object *x)
{
    const char *kind;
    const char *name;
    const netpol_metadata *meta = netpol_object_metadata(x);
    return np_build_controller(b, meta, np_build_space(b, x), &kind, &name, -1) &&
           np_build_remove_other(b, x);
}

bool np_build_put_pod(np_build *b, const netpol_object *was, const netpol_object *x)
{
    np_pod_draft d = {.pod = {.running = 0}};
    uint32_t at = NP_NONE;
    bool gone = is_gone(x);
    read_pod(b, x, &d);
    /* It counts before the old one ceases to, so that its workload is never without pods. */
    if (!np_build_controller(b, d.meta, np_build_space(b, x), &d.owner_kind, &d.owner_name, 1))
        return false;
    if (was && is_gone(was)) {
        if (!remove_gone(b, was))
            return false;
    } else if (was) {
        at = number_of(b, was);
        if (at == NP_NONE)
            return np_build_again(b);
        if (gone ? !remove_number(b, at) : !take_back(b, at, np_pod_at(&b->s, at)))
            return false;
    }
    if (gone)
        return np_build_add_other(b, x);
    return np_build_enter_pod(b, &d, at, np_build_space(b, x)) && !(b->changing && b->again);
}

bool np_build_remove_pod(np_build *b, const netpol_object *x)
{
    if (is_gone(x))
        return remove_gone(b, x);
    uint32_t pod = number_of(b, x);
    return pod == NP_NONE ? np_build_again(b) : remove_number(b, pod);
}
