/* SPDX-License-Identifier: MIT */
/* snapshot owns the picture of a cluster at one moment: who is there, by which names, labels and
 * addresses, and which policies are in force. Immutable once made. It judges nothing, and no choice
 * of netpol_semantics changes it. */
#ifndef NP_SNAPSHOT_H
#define NP_SNAPSHOT_H

#include "cluster.h"
#include "pages.h"

#include <stdatomic.h>

#include "netpol/engine.h"

#define NP_EVERY_NODE (UINT32_MAX - 1) /* in place of a node: an address that is local to each */

enum { NP_FAMILY_4 = 1, NP_FAMILY_6 = 2 };

/* Texts and an object that records refer to, in one block; the object is referenced. */
typedef struct np_held {
    netpol_object *object; /* NULL: none */
} np_held;

typedef struct np_policy {
    const netpol_object *object;    /* referenced */
    const netpol_policy_spec *spec; /* never NULL */
    uint32_t space;
    uint8_t directions; /* NETPOL_INGRESS, NETPOL_EGRESS: policyTypes after defaults */
} np_policy;

typedef struct np_namespace {
    const char *name; /* "": nobody has this number */
    const netpol_label
        *labels; /* sorted; kubernetes.io/metadata.name is the name (settled.md 1.3) */
    uint32_t n_labels;
    bool assumed;       /* named by others, but not defined */
    uint32_t first_pod; /* the others by np_next_in_space; NP_NONE: it has none */
    uint32_t last_pod;
    uint32_t n_pods;
    uint32_t n_policies;
    uint32_t n_users; /* pods, policies and services in it, and its own object */
    const np_policy *const *policies;
    np_held *held; /* has the name and the labels */
} np_namespace;

/* One address of a node, and who tells it. */
typedef struct np_told_ip {
    np_ip ip;
    bool told;       /* its own object does, or an option */
    uint32_t n_pods; /* so many pods on it do */
} np_told_ip;

typedef struct np_node {
    const char *name;           /* "": nobody has this number */
    const netpol_label *labels; /* sorted; none if assumed */
    uint32_t n_labels;
    bool assumed;     /* named by others, but not defined */
    uint8_t families; /* NP_FAMILY_…: of which ip4, ip6 are set */
    np_ip ip4;        /* the first of each family */
    np_ip ip6;
    const np_told_ip *ips; /* all that it has alone */
    uint32_t n_ips;
    uint32_t n_users;  /* pods that name it, and its own object */
    uint32_t n_guests; /* pods that have its addresses for want of their own */
    np_held *held;
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
    const netpol_object *object; /* Pod or workload; referenced */
    const char *name;            /* "web-7f9c"; of a replica "web[Deployment]" */
    const netpol_label *labels;  /* sorted */
    const np_pod_port *ports;    /* in the order of containers, then sidecars */
    uint32_t n_labels;
    uint32_t n_ports;
    uint32_t space; /* namespace */
    uint32_t node;  /* NP_NONE: not told */
    uint32_t owner;
    np_ip ip4; /* valid if families says so */
    np_ip ip6;
    uint8_t families;     /* that it has addresses of */
    bool address_unknown; /* it has one in each of `families`, but which is not told */
    bool host_network;
    bool replica;
    bool guest;            /* its addresses are the node's */
    uint8_t running;       /* who wins an address: 2 running, 1 not quite */
    uint16_t missing_keys; /* bits of np_generated_key: labels that real pods have besides */
} np_pod;

/* The places of a pod in the chains of its namespace and owner; NP_NONE: the end. */
typedef struct np_links {
    uint32_t next_in_space;
    uint32_t last_in_space; /* the one before */
    uint32_t next_of_owner;
    uint32_t last_of_owner;
} np_links;

/* What reports name: the controller of pods, or a pod that has none. */
typedef struct np_owner {
    const char *name; /* "": nobody has this number */
    const char *kind; /* "Deployment", …, "Pod" */
    uint32_t space;
    uint32_t first_pod; /* the others by np_next_of_owner; NP_NONE: it has none */
    uint32_t last_pod;
    uint32_t n_pods;
    char *texts; /* NULL: its name is that of its one pod */
} np_owner;

/* A loaded object of which no pod comes, or which stands behind pods: a workload, a pod that has
 * ended. */
typedef struct np_other {
    const netpol_object *object; /* NULL: nobody has this number */
    uint32_t n_pods;             /* loaded pods that it controls */
    bool replicas;               /* replicas stand for its pods */
    np_held *held;
} np_other;

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
    np_held *held;
} np_cluster_policy;

typedef struct np_service {
    const char *name; /* "": nobody has this number */
    const netpol_object *object;
    const netpol_service *tree;
    const netpol_endpoints *endpoints; /* NULL: not loaded */
    np_held *const *slices;            /* EndpointSlices */
    uint32_t n_slices;
    uint32_t space;
    np_held *held;
    np_held *held_endpoints;
} np_service;

typedef struct np_snapshot {
    _Atomic uint32_t refs;
    netpol_allocator alloc;
    np_version *version;
    np_store *store;
    const char *default_namespace;
    uint8_t families; /* that the cluster's addresses are of; IPv4 if it has none */
    bool incomplete;
    uint16_t asked_keys;        /* bits of np_generated_key: those that policies select pods by */
    bool asks_namespace_labels; /* policies select namespaces by more than their names */
    size_t foreign;

    /* Numbers go from 0 to n_… - 1; nobody may have some of them, where others have gone. */
    uint32_t n_namespaces;
    uint32_t n_nodes;
    uint32_t n_pods;
    uint32_t n_owners;
    uint32_t n_services;
    uint32_t n_others;
    uint32_t n_live_pods;
    uint32_t n_policies;  /* NetworkPolicies in all */
    uint64_t n_ips[2];    /* known addresses: of IPv6, of IPv4 */
    np_tree namespaces;   /* np_namespace */
    np_tree nodes;        /* np_node */
    np_tree pods;         /* const np_pod * */
    np_tree links;        /* np_links, by pod */
    np_tree owners;       /* np_owner */
    np_tree services;     /* np_service */
    np_tree others;       /* np_other */
    np_dict by_namespace; /* name */
    np_dict by_node;      /* name */
    np_dict by_pod;       /* namespace, name */
    np_dict by_owner;     /* namespace, kind, name */
    np_dict by_service;   /* namespace, name */
    np_dict pod_ips;      /* of pods that are not on the host network */
    np_dict node_ips;
    np_dict service_ips;

    np_cluster_policy *cluster_policies; /* by group, priority, name */
    size_t n_cluster_policies;
    size_t first_of_group[NP_GROUPS + 1];
    const np_resolved *resolved;
    size_t n_resolved;
    const np_ip *locals; /* addresses that are local to every node */
    size_t n_locals;
    void *options; /* a block that has the last four and default_namespace */
} np_snapshot;

/* What made a picture, kept to make the next one of what changed. One thread. It borrows the
 * cluster. */
typedef struct np_build np_build;

/* What differs from the picture before. Lists may name something twice, or what has not changed. */
typedef struct np_delta {
    uint32_t *pods; /* that came, went or changed */
    size_t n_pods;
    size_t pods_room;
    uint32_t *policies; /* namespaces whose NetworkPolicies changed */
    size_t n_policies;
    size_t policies_room;
    uint32_t *spaces; /* namespaces that came, went or have other labels */
    size_t n_spaces;
    size_t spaces_room;
    np_ip *ips; /* addresses that are, or were, those of a pod or node that changed */
    size_t n_ips;
    size_t ips_room;
    bool cluster_policies;
} np_delta;

/* The picture of a cluster. NETPOL_OK; NETPOL_INVALID (said in diags), _NO_MEMORY, _CANCELLED.
 * `build` may be NULL. */
netpol_status np_snapshot_make(const netpol_cluster *c, np_build **build, np_snapshot **out,
                               netpol_diagnostics *diags);
/* The next picture, by the cluster's list of changes; it shares what did not change. NETPOL_OK;
 * NETPOL_NO_MEMORY; NETPOL_NOT_FOUND: a whole new picture is needed. After a failure the build can
 * only be freed. */
netpol_status np_snapshot_change(np_build *b, np_snapshot **out, netpol_diagnostics *diags);
/* What the last np_snapshot_change changed. */
const np_delta *np_build_delta(const np_build *b);
/* Says again what was said while its pictures were made. */
void np_build_repeat(const np_build *b, netpol_diagnostics *diags);
/* Pictures made with it live on. NULL is allowed. */
void np_build_free(np_build *b);
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
/* What stands behind a number; np_pod_at may be NULL, the others have no name then. */
static inline const np_pod *np_pod_at(const np_snapshot *s, uint32_t pod)
{
    return *(const np_pod *const *)np_tree_at(&s->pods, pod);
}
static inline const np_namespace *np_namespace_at(const np_snapshot *s, uint32_t space)
{
    return np_tree_at(&s->namespaces, space);
}
static inline const np_node *np_node_at(const np_snapshot *s, uint32_t node)
{
    return np_tree_at(&s->nodes, node);
}
static inline const np_owner *np_owner_at(const np_snapshot *s, uint32_t owner)
{
    return np_tree_at(&s->owners, owner);
}
static inline const np_service *np_service_at(const np_snapshot *s, uint32_t service)
{
    return np_tree_at(&s->services, service);
}
static inline const np_other *np_other_at(const np_snapshot *s, uint32_t other)
{
    return np_tree_at(&s->others, other);
}
/* The i-th policy of a namespace. */
static inline const np_policy *np_policy_of(const np_snapshot *s, const np_namespace *n, uint32_t i)
{
    (void)s;
    return n->policies[i];
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

/* The pods of a namespace or an owner one after the other, from its first_pod on; NP_NONE: the
 * end. */
static inline uint32_t np_next_in_space(const np_snapshot *s, uint32_t pod)
{
    return ((const np_links *)np_tree_at(&s->links, pod))->next_in_space;
}
static inline uint32_t np_next_of_owner(const np_snapshot *s, uint32_t pod)
{
    return ((const np_links *)np_tree_at(&s->links, pod))->next_of_owner;
}

/* Whose an address is: the number of a pod that is not on the host network, of a node
 * (NP_EVERY_NODE: local to each), of a service; NP_NONE: nobody's. */
uint32_t np_snapshot_pod_of_ip(const np_snapshot *s, const np_ip *ip);
uint32_t np_snapshot_node_of_ip(const np_snapshot *s, const np_ip *ip);
uint32_t np_snapshot_service_of_ip(const np_snapshot *s, const np_ip *ip);

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
