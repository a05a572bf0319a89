/* SPDX-License-Identifier: MIT */
/**
 * @file model.h  The typed form of the API objects.
 *
 * Plain trees of pointers to const. The library makes them when it reads; a caller may make them
 * too (compound literals are enough) and hand them to netpol_object_from_policy and its sisters,
 * which copy. Trees that belong to an object are immutable and live as long as the object.
 *
 * Every struct grows at the end only; lists are arrays of pointers, so growth never moves anything.
 * Set unknown rest to zero (designated initialisers do).
 *
 * Presence: a NULL pointer is an absent (or null) field. Absent, null and empty lists and maps are
 * one thing: count 0. Strings that the API prints only when non-empty are NULL when empty. A list
 * pointer may be NULL when its count is 0; list elements are never NULL in library-made trees.
 * Cluster-scoped policies are validated by a schema, to which presence matters everywhere: there
 * every string that is written is kept, "" too, and a list that is written empty has a non-NULL
 * pointer and the count 0.
 * Label and annotation arrays of library-made trees are sorted by key bytes and free of duplicates;
 * in caller-made trees they may come in any order.
 */
#ifndef NETPOL_MODEL_H
#define NETPOL_MODEL_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- shared parts ---- */

/** One label, annotation or other entry of a string map. Frozen. Neither is NULL. */
typedef struct netpol_label {
    const char *key;
    const char *value;
} netpol_label;

/** metav1.LabelSelectorRequirement. `key` and `op` NULL mean "" (then invalid). */
typedef struct netpol_requirement {
    const char *key;
    const char *op; /**< API field `operator`: "In", "NotIn", "Exists", "DoesNotExist". */
    const char *const *values;
    size_t n_values;
} netpol_requirement;

/** metav1.LabelSelector: all of both lists must hold; an empty one selects everything. */
typedef struct netpol_label_selector {
    const netpol_label *match_labels;
    size_t n_match_labels;
    const netpol_requirement *const *match_expressions;
    size_t n_match_expressions;
} netpol_label_selector;

/** util/intstr.IntOrString. `string` non-NULL: a name; otherwise the number. */
typedef struct netpol_int_or_string {
    const char *string;
    int32_t number;
} netpol_int_or_string;

/** metav1.OwnerReference. */
typedef struct netpol_owner_reference {
    const char *api_version;
    const char *kind;
    const char *name;
    const char *uid;
    const bool *controller;
    const bool *block_owner_deletion;
} netpol_owner_reference;

/** metav1.ManagedFieldsEntry. Times are RFC 3339 in UTC, as the API prints them. */
typedef struct netpol_managed_fields {
    const char *manager;
    const char *operation;
    const char *api_version;
    const char *time;
    const char *fields_type;
    const char *fields_v1; /**< Compact JSON text; NULL when absent. */
    const char *subresource;
} netpol_managed_fields;

/** metav1.ObjectMeta. */
typedef struct netpol_metadata {
    const char *name;
    const char *namespace_name; /**< API field `namespace`. Absent stays absent. */
    const netpol_label *labels;
    size_t n_labels;
    const netpol_label *annotations;
    size_t n_annotations;
    const char *generate_name;
    const char *self_link;
    const char *uid;
    const char *resource_version;
    int64_t generation;
    const char *creation_timestamp; /**< RFC 3339, UTC, seconds. */
    const char *deletion_timestamp;
    const int64_t *deletion_grace_period_seconds;
    const netpol_owner_reference *const *owner_references;
    size_t n_owner_references;
    const char *const *finalizers;
    size_t n_finalizers;
    const netpol_managed_fields *const *managed_fields;
    size_t n_managed_fields;
} netpol_metadata;

/* ---- networking.k8s.io/v1 NetworkPolicy ---- */

/** networkingv1.IPBlock: an address block with holes. `cidr` NULL means "" (then invalid). */
typedef struct netpol_ip_block {
    const char *cidr;
    const char *const *exceptions; /**< API field `except`. */
    size_t n_exceptions;
} netpol_ip_block;

/** networkingv1.NetworkPolicyPort. */
typedef struct netpol_port {
    const char *protocol; /**< "TCP", "UDP", "SCTP"; NULL: TCP. "" is present, and invalid. */
    const netpol_int_or_string *port; /**< NULL: every port of the protocol. */
    const int32_t *end_port;          /**< Last port of a range that starts at port.number. */
} netpol_port;

/** networkingv1.NetworkPolicyPeer. NULL selectors are not set; empty ones select everything. */
typedef struct netpol_peer {
    const netpol_label_selector *pod_selector;
    const netpol_label_selector *namespace_selector;
    const netpol_ip_block *ip_block;
} netpol_peer;

/** networkingv1.NetworkPolicyIngressRule and …EgressRule. No ports: all ports. No peers: all peers. */
typedef struct netpol_rule {
    const netpol_port *const *ports;
    size_t n_ports;
    const netpol_peer *const *peers; /**< API field `from` of ingress, `to` of egress rules. */
    size_t n_peers;
} netpol_rule;

/** networkingv1.NetworkPolicySpec. `pod_selector` NULL means {}: every pod of the namespace. */
typedef struct netpol_policy_spec {
    const netpol_label_selector *pod_selector;
    const netpol_rule *const *ingress;
    size_t n_ingress;
    const netpol_rule *const *egress;
    size_t n_egress;
    const char *const *policy_types; /**< "Ingress", "Egress"; none: see the API's default. */
    size_t n_policy_types;
} netpol_policy_spec;

/** networkingv1.NetworkPolicy. NULL `spec` means {}. */
typedef struct netpol_policy {
    const netpol_metadata *metadata;
    const netpol_policy_spec *spec;
} netpol_policy;

/* ---- policy.networking.k8s.io: cluster-scoped policies ---- */

/** NamespacedPod: pods matching in namespaces matching. `namespace_selector` NULL or empty: all namespaces. */
typedef struct netpol_namespaced_pod {
    const netpol_label_selector *namespace_selector;
    const netpol_label_selector *pod_selector;
} netpol_namespaced_pod;

/** Subject of a cluster-scoped policy: exactly one field is set in a valid one. */
typedef struct netpol_subject {
    const netpol_label_selector *namespaces;
    const netpol_namespaced_pod *pods;
} netpol_subject;

/** Peer of a cluster-scoped policy: exactly one field is set in a valid one; the last three only in egress. */
typedef struct netpol_cluster_peer {
    const netpol_label_selector *namespaces;
    const netpol_namespaced_pod *pods;
    const netpol_label_selector *nodes;
    const char *const *networks;
    size_t n_networks;
    const char *const *domain_names;
    size_t n_domain_names;
} netpol_cluster_peer;

/** v1alpha2 range, both ends inclusive. v1alpha1 PortRange has `protocol` too. */
typedef struct netpol_port_range {
    const int32_t *start; /**< NULL when absent (then invalid). */
    const int32_t *end;   /**< NULL when absent (then invalid). */
    const char *protocol; /**< v1alpha1 only; NULL: TCP. */
} netpol_port_range;

/** v1alpha2 Port: exactly one is set in a valid one. */
typedef struct netpol_destination_port {
    const int32_t *number;
    const netpol_port_range *range;
} netpol_destination_port;

/** v1alpha2 ClusterNetworkPolicyProtocolTCP/UDP/SCTP. */
typedef struct netpol_transport {
    const netpol_destination_port *destination_port;
} netpol_transport;

/** v1alpha2 ClusterNetworkPolicyProtocol: exactly one is set in a valid one. */
typedef struct netpol_cluster_protocol {
    const netpol_transport *tcp;
    const netpol_transport *udp;
    const netpol_transport *sctp;
    const char *destination_named_port; /**< NULL when absent; "" is present, and invalid. */
} netpol_cluster_protocol;

/** v1alpha1 AdminNetworkPolicyPort.portNumber. */
typedef struct netpol_port_number {
    const char *protocol; /**< NULL: TCP. */
    const int32_t *port;  /**< NULL when absent (then invalid). */
} netpol_port_number;

/** v1alpha1 AdminNetworkPolicyPort: exactly one is set in a valid one. */
typedef struct netpol_admin_port {
    const netpol_port_number *port_number;
    const char *named_port;
    const netpol_port_range *port_range;
} netpol_admin_port;

/** Rule of a cluster-scoped policy. v1alpha2 fills `protocols`, v1alpha1 `ports`. */
typedef struct netpol_cluster_rule {
    const char *name;
    const char *action; /**< v1alpha2 "Accept", "Deny", "Pass"; v1alpha1 "Allow", "Deny", "Pass". */
    const netpol_cluster_peer *const *peers; /**< API field `from` or `to`. */
    size_t n_peers;
    const netpol_cluster_protocol *const *protocols;
    size_t n_protocols;
    const netpol_admin_port *const *ports;
    size_t n_ports;
} netpol_cluster_rule;

/** metav1.Condition, kept for the round trip. */
typedef struct netpol_condition {
    const char *type;
    const char *status;
    int64_t observed_generation;
    const char *last_transition_time;
    const char *reason;
    const char *message;
} netpol_condition;

/**
 * ClusterNetworkPolicy v1alpha2, AdminNetworkPolicy and BaselineAdminNetworkPolicy v1alpha1.
 * netpol_object_kind tells which.
 */
typedef struct netpol_cluster_policy {
    const netpol_metadata *metadata;
    const char *tier;        /**< v1alpha2 "Admin", "Baseline". */
    const int32_t *priority; /**< 0…1000, lower goes first. NULL in a BaselineAdminNetworkPolicy. */
    const netpol_subject *subject;
    const netpol_cluster_rule *const *ingress;
    size_t n_ingress;
    const netpol_cluster_rule *const *egress;
    size_t n_egress;
    const netpol_condition *const *conditions; /**< status.conditions. */
    size_t n_conditions;
} netpol_cluster_policy;

/* ---- what a verdict needs of the other kinds ---- */

/** v1.Namespace. */
typedef struct netpol_namespace {
    const netpol_metadata *metadata;
} netpol_namespace;

/** v1.ContainerPort. */
typedef struct netpol_container_port {
    const char *name;
    int32_t container_port;
    const char *protocol; /**< NULL: TCP. */
} netpol_container_port;

/** v1.Container, of spec.containers or spec.initContainers. */
typedef struct netpol_container {
    const char *name;
    const netpol_container_port *const *ports;
    size_t n_ports;
    const char *restart_policy; /**< "Always" makes an init container a sidecar. */
} netpol_container;

/** v1.PodSpec, the part that verdicts need. */
typedef struct netpol_pod_spec {
    const netpol_container *const *containers;
    size_t n_containers;
    const netpol_container *const *init_containers;
    size_t n_init_containers;
    const char *node_name;
    bool host_network;
} netpol_pod_spec;

/** v1.PodStatus, the part that verdicts need. Addresses are text as written. */
typedef struct netpol_pod_status {
    const char *phase; /**< "Pending", "Running", "Succeeded", "Failed", "Unknown"; NULL: not told. */
    const char *pod_ip;
    const char *const *pod_ips;
    size_t n_pod_ips;
    const char *host_ip;
    const char *const *host_ips;
    size_t n_host_ips;
} netpol_pod_status;

/** v1.Pod. NULL `status`: not told, so its addresses are unknown. */
typedef struct netpol_pod {
    const netpol_metadata *metadata;
    const netpol_pod_spec *spec;
    const netpol_pod_status *status;
} netpol_pod;

/** v1.PodTemplateSpec. */
typedef struct netpol_pod_template {
    const netpol_metadata *metadata;
    const netpol_pod_spec *spec;
} netpol_pod_template;

/** Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob. */
typedef struct netpol_workload {
    const netpol_metadata *metadata;
    const int32_t *replicas;
    const bool *suspend;
    const netpol_pod_template *pod_template; /**< A CronJob's is that of its jobTemplate. */
} netpol_workload;

/** v1.NodeAddress. */
typedef struct netpol_node_address {
    const char *type;
    const char *address;
} netpol_node_address;

/** v1.Node. */
typedef struct netpol_node {
    const netpol_metadata *metadata;
    const netpol_node_address *const *addresses;
    size_t n_addresses;
} netpol_node;

/** v1.ServicePort. */
typedef struct netpol_service_port {
    const char *name;
    const char *protocol; /**< NULL: TCP. */
    int32_t port;
    const netpol_int_or_string *target_port; /**< NULL: equal to port. */
    int32_t node_port;
} netpol_service_port;

/** v1.Service. */
typedef struct netpol_service {
    const netpol_metadata *metadata;
    const char *type; /**< "ClusterIP", "NodePort", "LoadBalancer", "ExternalName"; NULL: ClusterIP. */
    const netpol_label *selector;
    size_t n_selector;
    const netpol_service_port *const *ports;
    size_t n_ports;
    const char *cluster_ip; /**< "None": headless. */
    const char *const *cluster_ips;
    size_t n_cluster_ips;
    const char *const *external_ips;
    size_t n_external_ips;
    const char *load_balancer_ip;
    const char *const *ingress_ips; /**< status.loadBalancer.ingress[].ip. */
    size_t n_ingress_ips;
    const char *external_name;
    const char *external_traffic_policy;
} netpol_service;

/** One backend of an EndpointSlice (`addresses`), or of one subset of Endpoints (`ip`). */
typedef struct netpol_endpoint {
    const char *const *addresses;
    size_t n_addresses;
    const char *ip; /**< v1.EndpointAddress has one address; NULL in an EndpointSlice. */
    const char *target_kind; /**< targetRef.kind. */
    const char *target_name;
    const char *target_namespace;
    const bool *ready; /**< NULL: ready. */
} netpol_endpoint;

/** discovery.k8s.io/v1 EndpointPort, v1.EndpointPort. */
typedef struct netpol_endpoint_port {
    const char *name;
    const char *protocol; /**< NULL: TCP. */
    const int32_t *port;
} netpol_endpoint_port;

/** discovery.k8s.io/v1 EndpointSlice; its service is the label kubernetes.io/service-name. */
typedef struct netpol_endpoint_slice {
    const netpol_metadata *metadata;
    const char *address_type;
    const netpol_endpoint *const *endpoints;
    size_t n_endpoints;
    const netpol_endpoint_port *const *ports;
    size_t n_ports;
} netpol_endpoint_slice;

/** v1.EndpointSubset: every address serves every port. */
typedef struct netpol_endpoint_subset {
    const netpol_endpoint *const *addresses;
    size_t n_addresses;
    const netpol_endpoint_port *const *ports;
    size_t n_ports;
} netpol_endpoint_subset;

/** v1.Endpoints; its service has the same name. */
typedef struct netpol_endpoints {
    const netpol_metadata *metadata;
    const netpol_endpoint_subset *const *subsets;
    size_t n_subsets;
} netpol_endpoints;

#ifdef __cplusplus
}
#endif
#endif
