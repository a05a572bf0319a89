/* SPDX-License-Identifier: MIT */
/**
 * @file cluster.h  Namespaces, pods, nodes, services and policies at one moment, and what upstream
 * leaves to the network plug-in.
 */
#ifndef NETPOL_CLUSTER_H
#define NETPOL_CLUSTER_H

#include "manifests.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Does an ipBlock match the address of a pod? of a node? (`networks` of cluster-scoped policies
 *  match both.) */
enum { NETPOL_IP_BLOCK_MATCH = 0, NETPOL_IP_BLOCK_EXEMPT = 1 };
/** Is a pod on the host network its node (policies do not select it), or an ordinary pod? */
enum { NETPOL_HOST_NETWORK_NODE = 0, NETPOL_HOST_NETWORK_POD = 1 };
/** Which directions between a pod and its own node the NetworkPolicy tier always allows. */
enum { NETPOL_OWN_NODE_INGRESS = 0, NETPOL_OWN_NODE_NONE = 1, NETPOL_OWN_NODE_BOTH = 2 };
/** Is traffic of a pod to its own address always allowed, or judged as any other? */
enum { NETPOL_SELF_ALLOW = 0, NETPOL_SELF_JUDGE = 1 };
/** Protocols other than TCP, UDP and SCTP: do rules without ports match them, or no rule, or does no
 *  NetworkPolicy isolate from them at all? */
enum {
    NETPOL_OTHER_PROTOCOLS_PORTLESS = 0,
    NETPOL_OTHER_PROTOCOLS_NONE = 1,
    NETPOL_OTHER_PROTOCOLS_FREE = 2
};
/** Does a NetworkPolicy of the other direction keep the Baseline tier from a pod? */
enum { NETPOL_BASELINE_SHIELD_DIRECTION = 0, NETPOL_BASELINE_SHIELD_POD = 1 };
/** Are destinations that are a service's address translated to its pods? */
enum { NETPOL_SERVICES_TRANSLATE = 0, NETPOL_SERVICES_PLAIN = 1 };
/** What to answer when a verdict has any mark (netpol_verdict.depends): what the other choices say
 *  and mark it, or deny, or allow. A policy of another system marks every verdict. */
enum { NETPOL_UNDEFINED_REPORT = 0, NETPOL_UNDEFINED_DENY = 1, NETPOL_UNDEFINED_ALLOW = 2 };

/**
 * What upstream leaves open, each point an explicit choice. All zero is the preset "spec".
 * Set `size` to sizeof(netpol_semantics).
 */
typedef struct netpol_semantics {
    size_t size;
    uint8_t ip_block_pods;   /**< NETPOL_IP_BLOCK_… against pod addresses. */
    uint8_t ip_block_nodes;  /**< NETPOL_IP_BLOCK_… against node addresses. */
    uint8_t host_network;    /**< NETPOL_HOST_NETWORK_… */
    uint8_t own_node;        /**< NETPOL_OWN_NODE_… */
    uint8_t self;            /**< NETPOL_SELF_… */
    uint8_t other_protocols; /**< NETPOL_OTHER_PROTOCOLS_… */
    uint8_t baseline_shield; /**< NETPOL_BASELINE_SHIELD_… */
    uint8_t services;        /**< NETPOL_SERVICES_… */
    uint8_t undefined;       /**< NETPOL_UNDEFINED_… */
    uint8_t ipv4_only;       /**< 1: IPv6 does not exist: its blocks match nothing. */
    uint8_t preset;          /**< Set by netpol_semantics_preset: whose row it was, for answers that
                                  name it. 0: none. It chooses nothing. */
} netpol_semantics;

/**
 * Fills the choices of a named preset: "spec" (default), "cilium", "calico", "ovn-kubernetes",
 * "antrea", "np-guard", "knp", "strict", "open".
 *
 * @param name  Copied; NULL: "spec".
 * @param out   `size` is read and kept; the rest is set on NETPOL_OK.
 * @return NETPOL_OK; NETPOL_NOT_FOUND; NETPOL_MISUSE.
 * Threads: any.  Since: 0.1
 */
NETPOL_API netpol_status netpol_semantics_preset(const char *name, netpol_semantics *out);

/** The i-th preset's name, from 0; NULL past the last. Static. Threads: any. Since: 0.1 */
NETPOL_API const char *netpol_semantics_preset_name(size_t i);

/** How to read a cluster. Set `size`; zero the rest for the defaults. */
typedef struct netpol_cluster_options {
    size_t size;
    const netpol_semantics *semantics;  /**< NULL: preset "spec". Copied. */
    const char *default_namespace;      /**< Of objects that name none; NULL: "default". Copied. */
    const char *const *node_addresses;  /**< "node=address" or "address" (of every node): more
                                             addresses that are local to nodes. Copied. */
    size_t n_node_addresses;
    const char *const *resolve;         /**< "name=ip,ip": what domain names stand for. Copied. */
    size_t n_resolve;
} netpol_cluster_options;

/** Objects at one moment. One thread. Keeps references to objects. */
typedef struct netpol_cluster netpol_cluster;

/** What verdicts are asked of: one moment of a cluster. Immutable, counted, free for all threads. */
typedef struct netpol_engine netpol_engine;

/**
 * Makes an empty cluster.
 * @param how      NULL: defaults.
 * @param options  allocator, limits, flags; NULL: defaults. NETPOL_KEEP_GOING: see put.
 * @param out      Owned; set on NETPOL_OK only.
 * @return NETPOL_OK; NETPOL_INVALID for node_addresses or resolve that do not parse;
 *         NETPOL_NO_MEMORY, NETPOL_MISUSE.
 * Since: 0.1
 */
NETPOL_API netpol_status netpol_cluster_new(const netpol_cluster_options *how,
                                            const netpol_options *options, netpol_cluster **out,
                                            netpol_diagnostics *diags);
/** Gives a cluster back; engines made from it live on. NULL is allowed. Since: 0.1 */
NETPOL_API void netpol_cluster_free(netpol_cluster *cluster);

/**
 * Adds an object, or replaces the one of the same kind, namespace and name. The object is referenced.
 *
 * A policy must be valid (validated as stored objects are: with the tolerant CIDR rules), else
 * nothing changes and NETPOL_INVALID comes back. With NETPOL_KEEP_GOING an invalid policy is left
 * out (an old one of its name is removed), engines answer and say that they are incomplete. A
 * cluster-scoped policy in which only peers are wrong is then used, but fails closed: a rule with
 * such a peer accepts nothing, or denies every peer.
 *
 * An object without a name (generateName) is added and never replaced.
 *
 * @return NETPOL_OK; NETPOL_INVALID; NETPOL_NO_MEMORY; NETPOL_MISUSE (a kind of no use here).
 * Since: 0.1
 */
NETPOL_API netpol_status netpol_cluster_put(netpol_cluster *cluster, const netpol_object *object,
                                            netpol_diagnostics *diags);

/**
 * Adds all objects of a list, all or nothing. The same object twice in the list is an error that
 * names both places; an object that the cluster had before is replaced. If documents of the list
 * are broken, nothing is added and NETPOL_INVALID comes back, for no verdict may rest on half of the
 * policies; NETPOL_KEEP_GOING adds the rest and marks answers incomplete.
 * Since: 0.1
 */
NETPOL_API netpol_status netpol_cluster_put_all(netpol_cluster *cluster,
                                                const netpol_manifests *manifests,
                                                netpol_diagnostics *diags);

/**
 * Removes an object. `kind` is NETPOL_KIND_…; `namespace_name` NULL means the default namespace, or
 * none for cluster-scoped kinds.
 * @return NETPOL_OK; NETPOL_NOT_FOUND; NETPOL_NO_MEMORY; NETPOL_MISUSE.
 * Since: 0.1
 */
NETPOL_API netpol_status netpol_cluster_remove(netpol_cluster *cluster, int32_t kind,
                                               const char *namespace_name, const char *name);

/** The object of that kind and name; NULL if there is none. Borrowed until it is replaced. Since: 0.1 */
NETPOL_API const netpol_object *netpol_cluster_find(const netpol_cluster *cluster, int32_t kind,
                                                    const char *namespace_name, const char *name);

/** Which machinery answers. Both give the same answers. */
enum {
    NETPOL_ENGINE_COMPILED = 0,
    NETPOL_ENGINE_REFERENCE = 1 /**< The rules read one by one: slow, and what the other is held against. */
};

/**
 * Makes an engine of the cluster as it stands. The cluster may change or go afterwards.
 *
 * @param machinery  NETPOL_ENGINE_…
 * @param out        Owned; set on NETPOL_OK only.
 * @param diags      Objects that do not fit together (two running pods with one address, …).
 * @return NETPOL_OK; NETPOL_INVALID; NETPOL_LIMIT; NETPOL_NO_MEMORY; NETPOL_CANCELLED; NETPOL_MISUSE.
 * Since: 0.1
 */
NETPOL_API netpol_status netpol_cluster_compile(netpol_cluster *cluster, int32_t machinery,
                                                netpol_engine **out, netpol_diagnostics *diags);

#ifdef __cplusplus
}
#endif
#endif
