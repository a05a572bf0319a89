/* SPDX-License-Identifier: MIT */
/* snapshot owns the picture of a cluster at one moment: who is there, by which names, labels and
 * addresses, and which policies are in force. Immutable once made. It judges nothing, and no choice
 * of netpol_semantics changes it. */
#ifndef NP_SNAPSHOT_H
#define NP_SNAPSHOT_H

#include "cluster.h"

#include <stdatomic.h>

#include "netpol/engine.h"

#define NP_EVERY_NODE (UINT32_MAX - 1) /* in place of a node: an address that is local to each */

enum { NP_FAMILY_4 = 1, NP_FAMILY_6 = 2 };

/* Its pods and policies are runs of the arrays of the snapshot. */
typedef struct np_namespace {
    const char *name;
    const netpol_label
        *labels; /* sorted; kubernetes.io/metadata.name is the name (settled.md 1.3) */
    uint32_t n_labels;
    bool assumed; /* named by others, but not defined */
    uint32_t first_pod;
    uint32_t n_pods;
    uint32_t first_policy;
    uint32_t n_policies;
} np_namespace;

typedef struct np_node {
    const char *name;
    const netpol_label *labels; /* sorted; none if assumed */
    uint32_t n_labels;
    bool assumed;     /* named by others, but not defined */
    uint8_t families; /* NP_FAMILY_…: of which ip4, ip6 are set */
    np_ip ip4;        /* the first of each family */
    np_ip ip6;
} np_node;

/* A container port that has a name. Container ports without one matter to nobody. */
typedef struct np_pod_port {
    const char *name;
    uint16_t number;
    uint8_t protocol;
    bool sidecar; /* of an init container with restartPolicy Always */
} np_pod_port;

/* A pod, or a replica that stands for those of a workload without loaded pods. */
typedef struct np_pod {
    const char *name;            /* "web-7f9c"; of a replica "web[Deployment]" */
    const netpol_object *object; /* Pod or workload */
    const netpol_label *labels;  /* sorted */
    const np_pod_port *ports;    /* in the order of containers, then sidecars */
    uint32_t n_labels;
    uint32_t n_ports;
    uint32_t space; /* namespace */
    uint32_t node;  /* NP_NONE: not told */
    uint32_t owner;
    uint32_t next; /* of the same owner; NP_NONE: the last */
    np_ip ip4;     /* valid if families says so */
    np_ip ip6;
    uint8_t families;     /* that it has addresses of */
    bool address_unknown; /* it has one in each of `families`, but which is not told */
    bool host_network;
    bool replica;
    uint8_t running;       /* who wins an address: 2 running, 1 not quite */
    uint16_t missing_keys; /* bits of np_generated_key: labels that real pods have besides */
} np_pod;

/* What reports name: the controller of pods, or a pod that has none. */
typedef struct np_owner {
    const char *name;
    const char *kind; /* "Deployment", …, "Pod" */
    uint32_t space;
    uint32_t first_pod; /* chain by np_pod.next */
    uint32_t last_pod;
    uint32_t n_pods;
} np_owner;

typedef struct np_policy {
    const netpol_object *object;
    const netpol_policy_spec *spec; /* never NULL */
    uint32_t space;
    uint8_t directions; /* NETPOL_INGRESS, NETPOL_EGRESS: policyTypes after defaults */
} np_policy;

/* The tiers of cluster-scoped policies, in the order in which they are asked. */
enum {
    NP_GROUP_ADMIN = 0,       /* ClusterNetworkPolicy, tier Admin */
    NP_GROUP_ADMIN_V1 = 1,    /* AdminNetworkPolicy */
    NP_GROUP_BASELINE = 2,    /* ClusterNetworkPolicy, tier Baseline */
    NP_GROUP_BASELINE_V1 = 3, /* BaselineAdminNetworkPolicy */
    NP_GROUPS = 4
};

typedef struct np_cluster_policy {
    const netpol_object *object;
    const netpol_cluster_policy *tree;
    int32_t priority;
    uint8_t group;
} np_cluster_policy;

/* What says where a service leads: a slice, or one Endpoints. */
typedef struct np_slice_of_service {
    const netpol_endpoint_slice *slice;
    uint32_t next; /* of the same service; NP_NONE: the last */
} np_slice_of_service;

typedef struct np_service {
    const char *name;
    const netpol_object *object;
    const netpol_service *tree;
    const netpol_endpoints *endpoints; /* NULL: not loaded */
    uint32_t space;
    uint32_t first_slice; /* NP_NONE: none loaded */
} np_service;

/* An address and whose it is. */
typedef struct np_address {
    np_ip ip;
    uint32_t whose; /* pod, node or service; for nodes NP_EVERY_NODE too */
} np_address;

/* Addresses by number, found by address. */
typedef struct np_addresses {
    np_address *at;
    size_t n;
    size_t room;
    np_index index;
} np_addresses;

typedef struct np_snapshot {
    _Atomic uint32_t refs;
    struct np_snapshot
        *base; /* what all but the policies and the runs of them belongs to; NULL: this one */
    netpol_allocator alloc;
    np_arena arena; /* names, labels, ports that no object holds */
    netpol_object **objects;
    size_t n_objects;
    const char *default_namespace;
    uint8_t families; /* that the cluster's addresses are of; IPv4 if it has none */
    bool incomplete;
    bool said; /* something was said while it was made, which must be said again */
    uint16_t asked_keys;        /* bits of np_generated_key: those that policies select pods by */
    bool asks_namespace_labels; /* policies select namespaces by more than their names */
    size_t foreign;

    np_namespace *namespaces;
    size_t n_namespaces;
    size_t namespaces_room;
    np_index namespace_index; /* name */
    np_node *nodes;
    size_t n_nodes;
    size_t nodes_room;
    np_index node_index; /* name */
    np_pod *pods;        /* a namespace after the other */
    size_t n_pods;
    size_t pods_room;
    np_index pod_index; /* namespace, name */
    np_owner *owners;
    size_t n_owners;
    size_t owners_room;
    np_index owner_index; /* namespace, kind, name */
    np_policy *policies;  /* a namespace after the other */
    size_t n_policies;
    size_t policies_room; /* of a changed picture: its own lists */
    size_t objects_room;
    np_cluster_policy *cluster_policies; /* by group, priority, name */
    size_t n_cluster_policies;
    size_t first_of_group[NP_GROUPS + 1];
    np_service *services;
    size_t n_services;
    np_index service_index; /* namespace, name */
    np_slice_of_service *slices;
    size_t n_slices;

    np_addresses pod_addresses; /* of pods that are not on the host network */
    np_addresses node_addresses;
    np_addresses service_addresses;
    const np_resolved *resolved;
    size_t n_resolved;
} np_snapshot;

/* NETPOL_OK; NETPOL_INVALID (said in diags), _NO_MEMORY, _CANCELLED. */
netpol_status np_snapshot_make(const netpol_cluster *c, np_snapshot **out,
                               netpol_diagnostics *diags);
/* The picture of `last` with other NetworkPolicies, as the cluster's list of changes says: it
 * shares all else. `spaces` gets the namespaces of the changes. NETPOL_OK; NETPOL_NO_MEMORY;
 * NETPOL_NOT_FOUND: a whole new picture is needed. */
netpol_status np_snapshot_change(const netpol_cluster *c, np_snapshot *last, np_snapshot **out,
                                 uint32_t *spaces, size_t *n_spaces);
np_snapshot *np_snapshot_ref(np_snapshot *s);
/* Gives one reference back. NULL is allowed. */
void np_snapshot_free(np_snapshot *s);

/* Each gives a number, or NP_NONE. */
uint32_t np_snapshot_namespace(const np_snapshot *s, const char *name);
uint32_t np_snapshot_node(const np_snapshot *s, const char *name);
uint32_t np_snapshot_pod(const np_snapshot *s, uint32_t space, const char *name);
uint32_t np_snapshot_owner(const np_snapshot *s, uint32_t space, const char *kind,
                           const char *name);
uint32_t np_snapshot_service(const np_snapshot *s, uint32_t space, const char *name);
/* What stands behind a number. */
static inline const np_pod *np_pod_at(const np_snapshot *s, uint32_t pod)
{
    return &s->pods[pod];
}
static inline const np_namespace *np_namespace_at(const np_snapshot *s, uint32_t space)
{
    return &s->namespaces[space];
}
static inline const np_node *np_node_at(const np_snapshot *s, uint32_t node)
{
    return &s->nodes[node];
}
static inline const np_owner *np_owner_at(const np_snapshot *s, uint32_t owner)
{
    return &s->owners[owner];
}
static inline const np_service *np_service_at(const np_snapshot *s, uint32_t service)
{
    return &s->services[service];
}
/* The i-th policy of a namespace. */
static inline const np_policy *np_policy_of(const np_snapshot *s, const np_namespace *n, uint32_t i)
{
    return &s->policies[n->first_policy + i];
}
/* All policies, one after the other:
 *   for (np_policy_walk w = np_policies(s); w.policy; np_policies_next(&w)) … */
typedef struct np_policy_walk {
    const np_snapshot *s;
    const np_policy *policy; /* NULL: the end */
    uint32_t space;
    uint32_t i;
} np_policy_walk;
np_policy_walk np_policies(const np_snapshot *s);
void np_policies_next(np_policy_walk *w);

/* The pods of a namespace one after the other: the first is n->first_pod; NP_NONE: the end. */
static inline uint32_t np_next_in_space(const np_snapshot *s, uint32_t pod)
{
    return pod + 1 < s->n_pods && s->pods[pod + 1].space == s->pods[pod].space ? pod + 1 : NP_NONE;
}
/* The same of an owner. */
static inline uint32_t np_next_of_owner(const np_snapshot *s, uint32_t pod)
{
    return s->pods[pod].next;
}

/* Whose an address is: the number of a pod that is not on the host network, of a node
 * (NP_EVERY_NODE: local to each), of a service; NP_NONE: nobody's. */
uint32_t np_snapshot_pod_of_ip(const np_snapshot *s, const np_ip *ip);
uint32_t np_snapshot_node_of_ip(const np_snapshot *s, const np_ip *ip);
uint32_t np_snapshot_service_of_ip(const np_snapshot *s, const np_ip *ip);

/* The place of an address in `at`, or NP_NONE. */
uint32_t np_addresses_entry(const np_addresses *a, const np_ip *ip);
/* Whose an address is: `whose`, or NP_NONE. */
uint32_t np_addresses_find(const np_addresses *a, const np_ip *ip);

/* A replica that stands for any of its workload's, not for the one of an ordinal. */
bool np_pod_is_any_replica(const np_pod *p);

/* The address of a pod or node in a family (NP_FAMILY_4 or _6); NULL: it has none, or it is not
 * known. */
const np_ip *np_pod_ip(const np_pod *p, uint8_t family);
const np_ip *np_node_ip(const np_node *n, uint8_t family);

/* Whether a peer of a cluster-scoped rule is of exactly one known kind; else its rule fails closed.
 */
bool np_peer_is_known(const netpol_cluster_peer *p, int32_t direction);

/* The bit of a label key that controllers generate; 0: an ordinary key. */
uint16_t np_generated_key(const char *key);

#endif
