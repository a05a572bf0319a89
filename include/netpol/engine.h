/* SPDX-License-Identifier: MIT */
/** @file engine.h  One flow, one verdict, and why. */
#ifndef NETPOL_ENGINE_H
#define NETPOL_ENGINE_H

#include "cluster.h"

#ifdef __cplusplus
extern "C" {
#endif

/** How a side of a flow is given. */
enum {
    NETPOL_BY_ADDRESS = 0, /**< 16 bytes: IPv6, or IPv4 as ::ffff:a.b.c.d. */
    NETPOL_BY_POD = 1      /**< Bytes 0–3: pod number in host order, as netpol_engine_pod gives it;
                                byte 4: 4 or 6, the family asked for, 0 for the first it has. */
};

/** IP protocol numbers that rules speak of. Others are allowed in a flow. */
enum { NETPOL_ICMP = 1, NETPOL_TCP = 6, NETPOL_UDP = 17, NETPOL_ICMPV6 = 58, NETPOL_SCTP = 132 };

/** One question, binary. Made by the caller or by netpol_flow_parse. Frozen for ever: 40 bytes. */
typedef struct netpol_flow {
    uint8_t src[16];
    uint8_t dst[16];
    uint16_t port;    /**< Destination port, host order; 0 for protocols without ports. */
    uint8_t protocol; /**< IP protocol number. */
    uint8_t src_kind; /**< NETPOL_BY_… */
    uint8_t dst_kind; /**< NETPOL_BY_… */
    uint8_t pad[3];   /**< Zero. */
} netpol_flow;

enum { NETPOL_INGRESS = 1, NETPOL_EGRESS = 2 };

/** Which tier decided. */
enum {
    NETPOL_TIER_NONE = 0,          /**< No policy: the cluster's default, or not a pod. */
    NETPOL_TIER_ADMIN = 1,         /**< ClusterNetworkPolicy Admin, AdminNetworkPolicy. */
    NETPOL_TIER_NETWORK_POLICY = 2,
    NETPOL_TIER_BASELINE = 3       /**< ClusterNetworkPolicy Baseline, BaselineAdminNetworkPolicy. */
};

/** What an answer depends on that upstream leaves open, or that was assumed. Bits of `depends`. */
enum {
    NETPOL_DEPENDS_IP_BLOCK_POD = 1u << 0,        /**< "ipblock-pod" */
    NETPOL_DEPENDS_IP_BLOCK_NODE = 1u << 1,       /**< "ipblock-node" */
    NETPOL_DEPENDS_OWN_NODE = 1u << 2,            /**< "own-node" */
    NETPOL_DEPENDS_SELF = 1u << 3,                /**< "self" */
    NETPOL_DEPENDS_HAIRPIN = 1u << 4,             /**< "hairpin" */
    NETPOL_DEPENDS_HOST_NETWORK = 1u << 5,        /**< "host-network" */
    NETPOL_DEPENDS_PROTOCOL = 1u << 6,            /**< "protocol" */
    NETPOL_DEPENDS_TIE = 1u << 7,                 /**< "tie" */
    NETPOL_DEPENDS_NP_OTHER_DIRECTION = 1u << 8,  /**< "np-other-direction" */
    NETPOL_DEPENDS_SERVICE_TRANSLATION = 1u << 9, /**< "service-translation" */
    NETPOL_DEPENDS_ADDRESS_UNKNOWN = 1u << 10,    /**< "address-unknown" */
    NETPOL_DEPENDS_NAMESPACE_ASSUMED = 1u << 11,  /**< "namespace-assumed" */
    NETPOL_DEPENDS_TEMPLATE_LABELS = 1u << 12,    /**< "template-labels" */
    NETPOL_DEPENDS_SIDECAR_PORT = 1u << 13,       /**< "sidecar-port" */
    NETPOL_DEPENDS_FOREIGN_POLICY = 1u << 14,     /**< "foreign-policy" */
    NETPOL_DEPENDS_DNS_UNKNOWN = 1u << 15         /**< "dns-unknown" */
};

/** The word of one bit, as in JSON's "depends": "ipblock-pod"; NULL for others. Static. Since: 0.1 */
NETPOL_API const char *netpol_depends_name(uint32_t bit);

/** One answer. Frozen for ever: 8 bytes. */
typedef struct netpol_verdict {
    uint8_t allowed;   /**< 1: the flow is allowed in both directions. */
    uint8_t direction; /**< NETPOL_INGRESS or NETPOL_EGRESS: the side that denied, egress first; 0 when
                            allowed, and when NETPOL_UNDEFINED_DENY alone denies. */
    uint8_t tier;      /**< NETPOL_TIER_…: which tier denied; the stronger of both sides' when allowed. */
    uint8_t reserved;  /**< Zero. */
    uint32_t depends;  /**< NETPOL_DEPENDS_… bits; 0: every network plug-in must agree. */
} netpol_verdict;

/** Takes one more reference; NULL gives NULL. Threads: any. Since: 0.1 */
NETPOL_API netpol_engine *netpol_engine_ref(const netpol_engine *engine);
/** Gives one reference back. NULL is allowed. Threads: any. Since: 0.1 */
NETPOL_API void netpol_engine_unref(netpol_engine *engine);

/** How many pods the engine knows, replicas of workloads included. Threads: any. Since: 0.1 */
NETPOL_API size_t netpol_engine_pod_count(const netpol_engine *engine);

/**
 * The number of a pod, for netpol_flow. It is this engine's: a later engine of the cluster mostly has
 * the same for the same pod, but need not, and gives the numbers of pods that went to others.
 * Numbers may have gaps; one that no pod has makes a flow that is denied.
 * @param name  Pod name, "name[Kind]" or name of a workload expanded to replicas (the first one).
 * @return NETPOL_OK; NETPOL_NOT_FOUND; NETPOL_MISUSE.
 * Threads: any.  Since: 0.1
 */
NETPOL_API netpol_status netpol_engine_pod(const netpol_engine *engine, const char *namespace_name,
                                           const char *name, uint32_t *pod);

/**
 * Makes a flow of text.
 *
 * @param src, dst  "ns/pod", "ns/name[Kind]" or an address. "pod" alone: in the default namespace.
 *                  A workload twice means two of its replicas.
 * @param protocol  "TCP", "UDP", "SCTP", "ICMP", "ICMPv6" in any case, or a number; NULL: TCP.
 * @param port      Number from 1, or a port name of the destination pod; not looked at, and may be
 *                  NULL, where the protocol has no ports.
 * @return NETPOL_OK; NETPOL_NOT_FOUND for an unknown pod; NETPOL_INVALID; NETPOL_MISUSE.
 * Threads: any.  Since: 0.1
 */
NETPOL_API netpol_status netpol_flow_parse(const netpol_engine *engine, const char *src,
                                           const char *dst, const char *protocol, const char *port,
                                           netpol_flow *out, netpol_diagnostics *diags);

/**
 * Decides one flow. Never fails: an address that no pod or node has is an outside address; a pod
 * number out of range is denied.
 *
 * Service addresses are not translated here (one flow may have many backends); see
 * netpol_engine_ask. Threads: any, no locks, no allocation.  Since: 0.1
 */
NETPOL_API netpol_verdict netpol_engine_verdict(const netpol_engine *engine,
                                                const netpol_flow *flow);

/** Decides n flows; out[i] answers flows[i]. Threads: any. Since: 0.1 */
NETPOL_API void netpol_engine_verdicts(const netpol_engine *engine, const netpol_flow *flows,
                                       size_t n, netpol_verdict *out);

/** Why one direction of a flow came out as it did. Borrowed from its explanation; grows at the end. */
typedef struct netpol_decision {
    uint8_t direction;           /**< NETPOL_EGRESS (at the source) or NETPOL_INGRESS (at the destination). */
    uint8_t allowed;
    uint8_t tier;                /**< NETPOL_TIER_…; NETPOL_TIER_NONE: no policy applies. */
    uint8_t reserved;
    const char *reason;          /**< A stable word. Allowed: "not-a-pod", "self", "own-node", "rule";
                                      "not-isolated" (no policy is about it), "default" (cluster-scoped
                                      policies are, and none decides), "other-direction" (kept from the
                                      Baseline tier by NETPOL_BASELINE_SHIELD_POD). Denied: "rule",
                                      "no-rule" (isolated, and no rule matches), "no-such-pod". */
    const netpol_object *policy; /**< That decided; for "no-rule" the first that isolates; else NULL. */
    int32_t rule;                /**< Index in its ingress or egress list; -1: none. */
    int32_t peer;                /**< Index in the rule's peers; -1: the rule has none (all peers). */
    int32_t port;                /**< Index in the rule's ports; -1: the rule has none (all ports). */
    const char *source;          /**< File of the policy; NULL when made in memory. */
    uint32_t line;               /**< Of the rule, or of the policy for "no-rule"; 0: unknown. */
    uint32_t column;
    const netpol_object *const *isolating; /**< All NetworkPolicies that isolate this side in this direction. */
    size_t n_isolating;
} netpol_decision;

/** A verdict with its reasons. Immutable; keeps the engine alive. */
typedef struct netpol_explanation netpol_explanation;

/**
 * Explains one flow: which policy, rule, peer and port decided, in each direction.
 * @param out  Owned; set on NETPOL_OK only.
 * @return NETPOL_OK; NETPOL_NO_MEMORY; NETPOL_MISUSE.
 * Threads: any.  Since: 0.1
 */
NETPOL_API netpol_status netpol_engine_explain(const netpol_engine *engine,
                                               const netpol_flow *flow,
                                               netpol_explanation **out,
                                               netpol_diagnostics *diags);
/** Gives an explanation back. NULL is allowed. Since: 0.1 */
NETPOL_API void netpol_explanation_free(netpol_explanation *explanation);
/** The same verdict that netpol_engine_verdict gives. Since: 0.1 */
NETPOL_API netpol_verdict netpol_explanation_verdict(const netpol_explanation *explanation);
/** One direction: NETPOL_EGRESS or NETPOL_INGRESS; NULL for other values. Borrowed. Since: 0.1 */
NETPOL_API const netpol_decision *
netpol_explanation_decision(const netpol_explanation *explanation, int32_t direction);

#ifdef __cplusplus
}
#endif
#endif
