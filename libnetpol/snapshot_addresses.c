/* SPDX-License-Identifier: MIT */
/* Nodes, addresses, and the order and names of pods. */
#include "snapshot_build.h"

/* ---- nodes ---- */

/* Enters an address of a node; the first owner keeps it. False: no memory. */
static bool add_node_ip(np_build *b, uint32_t node, const np_ip *ip)
{
    np_snapshot *s = b->s;
    if (np_addresses_find(&s->node_addresses, ip) != NP_NONE)
        return true;
    if (node != NP_EVERY_NODE) {
        np_node *n = &s->nodes[node];
        uint8_t family = ip->v4 ? NP_FAMILY_4 : NP_FAMILY_6;
        if (!(n->families & family))
            *(ip->v4 ? &n->ip4 : &n->ip6) = *ip;
        n->families |= family;
    }
    return np_build_address(&s->node_addresses, ip, node);
}

/* All addresses that can be read, of every type: the others are names of hosts. */
static bool add_node(np_build *b, const netpol_object *x)
{
    const netpol_node *tree = netpol_object_node(x);
    const netpol_metadata *meta = netpol_object_metadata(x);
    uint32_t number = np_build_node(b, netpol_object_name(x));
    if (number == NP_NONE)
        return false;
    np_node *n = &b->s->nodes[number];
    n->assumed = false;
    n->labels = meta ? meta->labels : NULL;
    n->n_labels = meta ? (uint32_t)meta->n_labels : 0;
    for (size_t i = 0; i < tree->n_addresses; i++) {
        np_ip ip;
        const char *text = tree->addresses[i]->address;
        if (text && np_ip_parse(np_slice_of(text), &ip) && !add_node_ip(b, number, &ip))
            return false;
    }
    return true;
}

static bool add_locals(np_build *b)
{
    for (size_t i = 0; i < b->c->n_locals; i++) {
        const np_local_address *local = &b->c->locals[i];
        uint32_t node = NP_EVERY_NODE;
        if (local->node) {
            const char *name = np_arena_text(&b->s->arena, local->node, strlen(local->node));
            node = name ? np_build_node(b, name) : NP_NONE;
        }
        if (node == NP_NONE || !add_node_ip(b, node, &local->ip))
            return false;
    }
    return true;
}

netpol_status np_build_nodes(np_build *b)
{
    for (size_t i = np_build_first(b, NETPOL_KIND_NODE); i < np_build_end(b, NETPOL_KIND_NODE); i++)
        if (!add_node(b, b->s->objects[i]))
            return NETPOL_NO_MEMORY;
    return add_locals(b) ? NETPOL_OK : NETPOL_NO_MEMORY;
}

/* ---- what pods tell of their nodes ---- */

/* The node of a pod that names none, by the address of its host. */
static uint32_t node_of_host(np_build *b, const np_ip *ip)
{
    uint32_t node = np_addresses_find(&b->s->node_addresses, ip);
    if (node != NP_NONE && node != NP_EVERY_NODE)
        return node;
    char text[NP_IP_TEXT];
    size_t n = np_ip_format(ip, text);
    const char *name = np_arena_text(&b->s->arena, text, n);
    return name ? np_build_node(b, name) : NP_NONE;
}

static bool add_host_ip(np_build *b, np_pod *p, const char *text)
{
    np_ip ip;
    if (!text || !*text || !np_ip_parse(np_slice_of(text), &ip))
        return true;
    if (p->node == NP_NONE)
        p->node = node_of_host(b, &ip);
    return p->node != NP_NONE && add_node_ip(b, p->node, &ip);
}

/* Nodes are rarely readable, so status.hostIPs, and hostIP, tell their addresses (settled.md 2.2).
 */
static bool add_host_ips(np_build *b, np_pod *p)
{
    const netpol_pod *tree = netpol_object_pod(p->object);
    const netpol_pod_status *status = tree ? tree->status : NULL;
    for (size_t i = 0; status && i < status->n_host_ips; i++)
        if (!add_host_ip(b, p, status->host_ips[i]))
            return false;
    return !status || add_host_ip(b, p, status->host_ip);
}

/* A pod on the host network has the addresses of its node, unless its status tells them. */
static void set_host_address(np_build *b, np_pod *p)
{
    if (!p->host_network || p->families || p->node == NP_NONE)
        return;
    const np_node *n = &b->s->nodes[p->node];
    p->families = n->families;
    p->ip4 = n->ip4;
    p->ip6 = n->ip6;
    p->address_unknown = p->families == 0;
}

/* ---- order and names ---- */

/* Pods of a namespace become one run, in the order of arrival. False: no memory. */
static bool sort_pods(np_build *b)
{
    np_snapshot *s = b->s;
    np_pod *sorted = np_resize(&s->alloc, NULL, 0, (s->n_pods + 1) * sizeof *sorted);
    if (!sorted)
        return false;
    uint32_t next = 0;
    for (size_t i = 0; i < s->n_namespaces; i++) {
        s->namespaces[i].first_pod = s->namespaces[i].n_pods ? next : NP_NONE;
        next += s->namespaces[i].n_pods;
        s->namespaces[i].n_pods = 0;
    }
    for (size_t i = 0; i < s->n_pods; i++) {
        np_namespace *n = &s->namespaces[s->pods[i].space];
        sorted[n->first_pod + n->n_pods++] = s->pods[i];
    }
    np_release(&s->alloc, s->pods, s->pods_room * sizeof *s->pods);
    s->pods = sorted;
    s->pods_room = s->n_pods + 1;
    return true;
}

static void chain_to_owner(np_snapshot *s, uint32_t pod)
{
    np_owner *o = &s->owners[s->pods[pod].owner];
    if (o->n_pods++ == 0)
        o->first_pod = pod;
    else
        s->pods[o->last_pod].next = pod;
    o->last_pod = pod;
}

/* ---- addresses of pods ---- */

static bool is_terminating(const np_pod *p)
{
    const netpol_metadata *meta = netpol_object_metadata(p->object);
    return meta && meta->deletion_timestamp;
}

/* Of two pods with one address the running one has it; two running ones cannot both be right. */
static void settle_address(np_build *b, np_address *held, uint32_t pod)
{
    np_pod *old = &b->s->pods[held->whose];
    np_pod *p = &b->s->pods[pod];
    if (held->whose == pod || old->running > p->running)
        return;
    if (p->running > old->running || (is_terminating(old) && !is_terminating(p))) {
        held->whose = pod;
        return;
    }
    if (p->running < 2 || is_terminating(p))
        return;
    char text[NP_IP_TEXT];
    (void)np_ip_format(&held->ip, text);
    np_build_say(b, NP_CODE_DUPLICATE_ADDRESS, p->object,
                 "the address %s is also that of the running pod %s/%s", text,
                 b->s->namespaces[old->space].name, old->name);
    b->invalid = true;
}

/* False: no memory. */
static bool add_pod_ip(np_build *b, uint32_t pod, const np_ip *ip)
{
    np_addresses *a = &b->s->pod_addresses;
    if (!ip)
        return true;
    uint32_t entry = np_addresses_entry(a, ip);
    if (entry == NP_NONE)
        return np_build_address(a, ip, pod);
    settle_address(b, &a->at[entry], pod);
    return true;
}

static bool add_pod(np_build *b, uint32_t pod)
{
    np_snapshot *s = b->s;
    np_pod *p = &s->pods[pod];
    chain_to_owner(s, pod);
    if (!np_build_pod_name(s, pod))
        return false;
    set_host_address(b, p);
    return p->host_network || (add_pod_ip(b, pod, np_pod_ip(p, NP_FAMILY_4)) &&
                               add_pod_ip(b, pod, np_pod_ip(p, NP_FAMILY_6)));
}

netpol_status np_build_addresses(np_build *b)
{
    np_snapshot *s = b->s;
    if (!sort_pods(b) || !np_index_reserve(&s->pod_index, s->n_pods) ||
        !np_index_reserve(&s->pod_addresses.index, s->n_pods))
        return NETPOL_NO_MEMORY;
    for (size_t i = 0; i < s->n_pods; i++)
        if (!add_host_ips(b, &s->pods[i]))
            return NETPOL_NO_MEMORY;
    for (size_t i = 0; i < s->n_pods; i++) {
        netpol_status status = np_build_pause(b, i);
        if (status != NETPOL_OK)
            return status;
        if (!add_pod(b, (uint32_t)i))
            return NETPOL_NO_MEMORY;
    }
    return NETPOL_OK;
}

/* ---- families ---- */

static uint8_t families_of_addresses(const np_addresses *a)
{
    uint8_t families = 0;
    for (size_t i = 0; i < a->n; i++)
        families |= a->at[i].ip.v4 ? NP_FAMILY_4 : NP_FAMILY_6;
    return families;
}

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
    for (size_t i = 0; i < s->n_policies; i++)
        families |=
            families_of_rules(s->policies[i].spec->ingress, s->policies[i].spec->n_ingress) |
            families_of_rules(s->policies[i].spec->egress, s->policies[i].spec->n_egress);
    for (size_t i = 0; i < s->n_cluster_policies; i++)
        families |= families_of_networks(&s->cluster_policies[i]);
    return families;
}

/* An unknown address is one of each family that the cluster uses: those of its addresses; where
 * none is told, those that its policies speak of; IPv4 else (settled.md 2.1). */
netpol_status np_build_families(np_build *b)
{
    np_snapshot *s = b->s;
    s->families = families_of_addresses(&s->pod_addresses) |
                  families_of_addresses(&s->node_addresses) |
                  families_of_addresses(&s->service_addresses);
    for (size_t i = 0; i < s->n_pods; i++)
        s->families |= s->pods[i].families;
    if (!s->families)
        s->families = families_of_policies(s);
    if (!s->families)
        s->families = NP_FAMILY_4;
    for (size_t i = 0; i < s->n_pods; i++)
        if (s->pods[i].address_unknown)
            s->pods[i].families = s->families;
    return NETPOL_OK;
}
