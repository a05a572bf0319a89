/* SPDX-License-Identifier: MIT */
/* The presets of cluster.h: what network plug-ins do where upstream leaves them a choice. */
#include "cluster.h"

typedef struct preset {
    const char *name;
    netpol_semantics is;
} preset;

/* Every row is written out by hand from what its column of sources says; a choice that no source
 * tells is that of "spec". State of the sources: 2026.
 *
 * spec            the text of the API and what the Kubernetes end-to-end suite expects.
 * cilium          docs.cilium.io, Network Policy language ("CIDR based") and
 * policy-cidr-match-mode: a CIDR selects what has no identity of its own, so neither pods nor nodes
 * by default; the local host reaches its pods. calico          docs.tigera.io, host endpoints:
 * workloads are matched by address; traffic of the own host to its workloads is allowed before
 * policy. ovn-kubernetes  docs.openshift.com, Network policy: policies do not apply to the host
 * network, and cannot block traffic from localhost or the pod's own node; blocks match addresses.
 * antrea          antrea.io, NetworkPolicy pipeline: blocks match addresses; traffic from the own
 *                 node's gateway is admitted.
 * np-guard        np-guard/netpol-analyzer: blocks are cluster-external and IPv4; pods on the host
 *                 network are pods; nodes are not modelled, so an address of one is external.
 * knp             sigs.k8s.io/kube-network-policies v1.1.1: the rules, without exemptions.
 * strict, open    computed: what hangs on a choice or an assumption denies, or allows. */
static const preset presets[] = {
    {"spec", {.size = sizeof(netpol_semantics)}},
    {"cilium",
     {.size = sizeof(netpol_semantics),
      .ip_block_pods = NETPOL_IP_BLOCK_EXEMPT,
      .ip_block_nodes = NETPOL_IP_BLOCK_EXEMPT}},
    {"calico", {.size = sizeof(netpol_semantics)}},
    {"ovn-kubernetes", {.size = sizeof(netpol_semantics)}},
    {"antrea", {.size = sizeof(netpol_semantics)}},
    {"np-guard",
     {.size = sizeof(netpol_semantics),
      .ip_block_pods = NETPOL_IP_BLOCK_EXEMPT,
      .host_network = NETPOL_HOST_NETWORK_POD,
      .own_node = NETPOL_OWN_NODE_NONE,
      .ipv4_only = 1}},
    {"knp",
     {.size = sizeof(netpol_semantics),
      .own_node = NETPOL_OWN_NODE_NONE,
      .self = NETPOL_SELF_JUDGE}},
    {"strict", {.size = sizeof(netpol_semantics), .undefined = NETPOL_UNDEFINED_DENY}},
    {"open", {.size = sizeof(netpol_semantics), .undefined = NETPOL_UNDEFINED_ALLOW}},
};

#define N_PRESETS (sizeof presets / sizeof *presets)

const char *netpol_semantics_preset_name(size_t i)
{
    return i < N_PRESETS ? presets[i].name : NULL;
}

netpol_status netpol_semantics_preset(const char *name, netpol_semantics *out)
{
    if (!out || out->size < sizeof out->size)
        return NETPOL_MISUSE;
    for (size_t i = 0; i < N_PRESETS; i++) {
        if (strcmp(presets[i].name, name ? name : "spec") != 0)
            continue;
        size_t size = out->size;
        memset(out, 0, size);
        memcpy(out, &presets[i].is, size < sizeof *out ? size : sizeof *out);
        out->size = size;
        if (size >= sizeof *out)
            out->preset = (uint8_t)(i + 1);
        return NETPOL_OK;
    }
    return NETPOL_NOT_FOUND;
}

bool np_semantics_read(const netpol_semantics *given, netpol_semantics *out)
{
    netpol_semantics s = {.size = sizeof s};
    if (!np_sized_read(given, &s, sizeof s))
        return false;
    if (s.ip_block_pods > NETPOL_IP_BLOCK_EXEMPT || s.ip_block_nodes > NETPOL_IP_BLOCK_EXEMPT ||
        s.host_network > NETPOL_HOST_NETWORK_POD || s.own_node > NETPOL_OWN_NODE_BOTH ||
        s.self > NETPOL_SELF_JUDGE || s.other_protocols > NETPOL_OTHER_PROTOCOLS_FREE ||
        s.baseline_shield > NETPOL_BASELINE_SHIELD_POD || s.services > NETPOL_SERVICES_PLAIN ||
        s.undefined > NETPOL_UNDEFINED_ALLOW || s.ipv4_only > 1)
        return false;
    *out = s;
    return true;
}

static bool semantics_equal(const netpol_semantics *a, const netpol_semantics *b)
{
    return a->ip_block_pods == b->ip_block_pods && a->ip_block_nodes == b->ip_block_nodes &&
           a->host_network == b->host_network && a->own_node == b->own_node && a->self == b->self &&
           a->other_protocols == b->other_protocols && a->baseline_shield == b->baseline_shield &&
           a->services == b->services && a->undefined == b->undefined &&
           a->ipv4_only == b->ipv4_only;
}

const char *np_semantics_name(const netpol_semantics *s)
{
    if (s->preset && s->preset <= N_PRESETS && semantics_equal(&presets[s->preset - 1].is, s))
        return presets[s->preset - 1].name;
    for (size_t i = 0; i < N_PRESETS; i++)
        if (semantics_equal(&presets[i].is, s))
            return presets[i].name;
    return "custom";
}
