/* SPDX-License-Identifier: MIT */
/* policy.networking.k8s.io: ClusterNetworkPolicy v1alpha2, AdminNetworkPolicy and
 * BaselineAdminNetworkPolicy v1alpha1. A schema validates them, to which an absent field and an
 * empty one differ, so every field here keeps its presence. */
#include "table_fields.h"

static const np_field requirement_fields[] = {
    NP_ONE(netpol_requirement, "key", key, NP_STRING_SET, 0),
    NP_ONE(netpol_requirement, "operator", op, NP_STRING_SET, 0),
    NP_MANY(netpol_requirement, "values", values, NP_STRING_LIST),
};
static const uint8_t requirement_sorted[] = {0, 1, 2};
static const np_table requirement_table = NP_TABLE(
    requirement, netpol_requirement, "LabelSelectorRequirement", "an entry of matchExpressions");

static const np_field selector_fields[] = {
    NP_MANY(netpol_label_selector, "matchLabels", match_labels, NP_STRING_MAP),
    NP_SUBS(netpol_label_selector, "matchExpressions", match_expressions, requirement_table),
};
static const uint8_t selector_sorted[] = {1, 0};
static const np_table selector_table =
    NP_TABLE(selector, netpol_label_selector, "LabelSelector", "a label selector");

static const np_field pods_fields[] = {
    NP_SUB(netpol_namespaced_pod, "namespaceSelector", namespace_selector, 0, selector_table),
    NP_SUB(netpol_namespaced_pod, "podSelector", pod_selector, 0, selector_table),
};
static const uint8_t pods_sorted[] = {0, 1};
static const np_table pods_table = NP_TABLE(pods, netpol_namespaced_pod, "NamespacedPod", "pods");

static const np_field subject_fields[] = {
    NP_SUB(netpol_subject, "namespaces", namespaces, 0, selector_table),
    NP_SUB(netpol_subject, "pods", pods, 0, pods_table),
};
static const uint8_t subject_sorted[] = {0, 1};
static const np_table subject_table =
    NP_TABLE(subject, netpol_subject, "ClusterNetworkPolicySubject", "a subject");

static const np_field from_fields[] = {
    NP_SUB(netpol_cluster_peer, "namespaces", namespaces, 0, selector_table),
    NP_SUB(netpol_cluster_peer, "pods", pods, 0, pods_table),
};
static const uint8_t from_sorted[] = {0, 1};
static const np_table from_table =
    NP_TABLE(from, netpol_cluster_peer, "ClusterNetworkPolicyIngressPeer", "an ingress peer");

static const np_field to_fields[] = {
    NP_SUB(netpol_cluster_peer, "namespaces", namespaces, 0, selector_table),
    NP_SUB(netpol_cluster_peer, "pods", pods, 0, pods_table),
    NP_SUB(netpol_cluster_peer, "nodes", nodes, NP_EXPERIMENTAL, selector_table),
    NP_MANY(netpol_cluster_peer, "networks", networks, NP_STRING_LIST),
    NP_MANY_FLAGGED(netpol_cluster_peer, "domainNames", domain_names, NP_STRING_LIST,
                    NP_EXPERIMENTAL),
};
static const uint8_t to_sorted[] = {4, 0, 3, 2, 1};
static const np_table to_table =
    NP_TABLE(to, netpol_cluster_peer, "ClusterNetworkPolicyEgressPeer", "an egress peer");

/* ---- v1alpha2 ---- */

static const np_field range_fields[] = {
    NP_ONE(netpol_port_range, "start", start, NP_INT32_SET, 0),
    NP_ONE(netpol_port_range, "end", end, NP_INT32_SET, 0),
};
static const uint8_t range_sorted[] = {1, 0};
static const np_table range_table = NP_TABLE(range, netpol_port_range, "PortRange", "a port range");

static const np_field destination_fields[] = {
    NP_ONE(netpol_destination_port, "number", number, NP_INT32_SET, 0),
    NP_SUB(netpol_destination_port, "range", range, 0, range_table),
};
static const uint8_t destination_sorted[] = {0, 1};
static const np_table destination_table =
    NP_TABLE(destination, netpol_destination_port, "Port", "a destinationPort");

static const np_field transport_fields[] = {
    NP_SUB(netpol_transport, "destinationPort", destination_port, 0, destination_table),
};
static const uint8_t transport_sorted[] = {0};
static const np_table transport_table =
    NP_TABLE(transport, netpol_transport, "ClusterNetworkPolicyProtocolTCP", "a protocol");

static const np_field protocol_fields[] = {
    NP_SUB(netpol_cluster_protocol, "tcp", tcp, 0, transport_table),
    NP_SUB(netpol_cluster_protocol, "udp", udp, 0, transport_table),
    NP_SUB(netpol_cluster_protocol, "sctp", sctp, 0, transport_table),
    NP_ONE(netpol_cluster_protocol, "destinationNamedPort", destination_named_port, NP_STRING_SET,
           0),
};
static const uint8_t protocol_sorted[] = {3, 2, 0, 1};
static const np_table protocol_table = NP_TABLE(
    protocol, netpol_cluster_protocol, "ClusterNetworkPolicyProtocol", "an entry of protocols");

static const np_field ingress_fields[] = {
    NP_ONE(netpol_cluster_rule, "name", name, NP_STRING_SET, 0),
    NP_ONE(netpol_cluster_rule, "action", action, NP_STRING_SET, 0),
    NP_SUBS(netpol_cluster_rule, "from", peers, from_table),
    NP_SUBS(netpol_cluster_rule, "protocols", protocols, protocol_table),
};
static const uint8_t ingress_sorted[] = {1, 2, 0, 3};
static const np_table ingress_table =
    NP_TABLE(ingress, netpol_cluster_rule, "ClusterNetworkPolicyIngressRule", "an ingress rule");

static const np_field egress_fields[] = {
    NP_ONE(netpol_cluster_rule, "name", name, NP_STRING_SET, 0),
    NP_ONE(netpol_cluster_rule, "action", action, NP_STRING_SET, 0),
    NP_SUBS(netpol_cluster_rule, "to", peers, to_table),
    NP_SUBS(netpol_cluster_rule, "protocols", protocols, protocol_table),
};
static const uint8_t egress_sorted[] = {1, 0, 3, 2};
static const np_table egress_table =
    NP_TABLE(egress, netpol_cluster_rule, "ClusterNetworkPolicyEgressRule", "an egress rule");

static const np_field condition_fields[] = {
    NP_ONE(netpol_condition, "type", type, NP_STRING, NP_ALWAYS),
    NP_ONE(netpol_condition, "status", status, NP_STRING, NP_ALWAYS),
    NP_ONE(netpol_condition, "observedGeneration", observed_generation, NP_INT64, 0),
    NP_ONE(netpol_condition, "lastTransitionTime", last_transition_time, NP_TIME, 0),
    NP_ONE(netpol_condition, "reason", reason, NP_STRING, NP_ALWAYS),
    NP_ONE(netpol_condition, "message", message, NP_STRING, NP_ALWAYS),
};
static const uint8_t condition_sorted[] = {3, 5, 2, 4, 1, 0};
static const np_table condition_table =
    NP_TABLE(condition, netpol_condition, "Condition", "a condition");

static const np_field status_fields[] = {
    NP_SUBS(netpol_cluster_policy, "conditions", conditions, condition_table),
};
static const uint8_t status_sorted[] = {0};
static const np_table status_table =
    NP_TABLE(status, netpol_cluster_policy, "ClusterNetworkPolicyStatus", "a status");

static const np_field cluster_spec_fields[] = {
    NP_ONE(netpol_cluster_policy, "tier", tier, NP_STRING_SET, 0),
    NP_ONE(netpol_cluster_policy, "priority", priority, NP_INT32_SET, 0),
    NP_SUB(netpol_cluster_policy, "subject", subject, 0, subject_table),
    NP_SUBS(netpol_cluster_policy, "ingress", ingress, ingress_table),
    NP_SUBS(netpol_cluster_policy, "egress", egress, egress_table),
};
static const uint8_t cluster_spec_sorted[] = {4, 3, 1, 2, 0};
static const np_table cluster_spec_table =
    NP_TABLE(cluster_spec, netpol_cluster_policy, "ClusterNetworkPolicySpec",
             "the spec of a ClusterNetworkPolicy");

static const np_field cluster_policy_fields[] = {
    NP_SUB(netpol_cluster_policy, "metadata", metadata, NP_ALWAYS | NP_REQUIRED_KEY,
           np_table_metadata),
    NP_NEST("spec", NP_ALWAYS, cluster_spec_table),
    NP_NEST("status", 0, status_table),
};
static const uint8_t cluster_policy_sorted[] = {0, 1, 2};
const np_table np_table_cluster_policy = NP_TABLE(cluster_policy, netpol_cluster_policy,
                                                  "ClusterNetworkPolicy", "a ClusterNetworkPolicy");

/* ---- v1alpha1 ---- */

static const np_field port_number_fields[] = {
    NP_ONE(netpol_port_number, "protocol", protocol, NP_STRING_SET, 0),
    NP_ONE(netpol_port_number, "port", port, NP_INT32_SET, 0),
};
static const uint8_t port_number_sorted[] = {1, 0};
static const np_table port_number_table =
    NP_TABLE(port_number, netpol_port_number, "Port", "a portNumber");

static const np_field port_range_fields[] = {
    NP_ONE(netpol_port_range, "protocol", protocol, NP_STRING_SET, 0),
    NP_ONE(netpol_port_range, "start", start, NP_INT32_SET, 0),
    NP_ONE(netpol_port_range, "end", end, NP_INT32_SET, 0),
};
static const uint8_t port_range_sorted[] = {2, 0, 1};
static const np_table port_range_table =
    NP_TABLE(port_range, netpol_port_range, "PortRange", "a portRange");

static const np_field admin_port_fields[] = {
    NP_SUB(netpol_admin_port, "portNumber", port_number, 0, port_number_table),
    NP_ONE(netpol_admin_port, "namedPort", named_port, NP_STRING_SET, NP_EXPERIMENTAL),
    NP_SUB(netpol_admin_port, "portRange", port_range, 0, port_range_table),
};
static const uint8_t admin_port_sorted[] = {1, 0, 2};
static const np_table admin_port_table =
    NP_TABLE(admin_port, netpol_admin_port, "AdminNetworkPolicyPort", "an entry of ports");

static const np_field admin_ingress_fields[] = {
    NP_ONE(netpol_cluster_rule, "name", name, NP_STRING_SET, 0),
    NP_ONE(netpol_cluster_rule, "action", action, NP_STRING_SET, 0),
    NP_SUBS(netpol_cluster_rule, "from", peers, from_table),
    NP_SUBS(netpol_cluster_rule, "ports", ports, admin_port_table),
};
static const uint8_t admin_ingress_sorted[] = {1, 2, 0, 3};
static const np_table admin_ingress_table = NP_TABLE(
    admin_ingress, netpol_cluster_rule, "AdminNetworkPolicyIngressRule", "an ingress rule");

static const np_field admin_egress_fields[] = {
    NP_ONE(netpol_cluster_rule, "name", name, NP_STRING_SET, 0),
    NP_ONE(netpol_cluster_rule, "action", action, NP_STRING_SET, 0),
    NP_SUBS(netpol_cluster_rule, "to", peers, to_table),
    NP_SUBS(netpol_cluster_rule, "ports", ports, admin_port_table),
};
static const uint8_t admin_egress_sorted[] = {1, 0, 3, 2};
static const np_table admin_egress_table =
    NP_TABLE(admin_egress, netpol_cluster_rule, "AdminNetworkPolicyEgressRule", "an egress rule");

static const np_field admin_spec_fields[] = {
    NP_ONE(netpol_cluster_policy, "priority", priority, NP_INT32_SET, 0),
    NP_SUB(netpol_cluster_policy, "subject", subject, 0, subject_table),
    NP_SUBS(netpol_cluster_policy, "ingress", ingress, admin_ingress_table),
    NP_SUBS(netpol_cluster_policy, "egress", egress, admin_egress_table),
};
static const uint8_t admin_spec_sorted[] = {3, 2, 0, 1};
static const np_table admin_spec_table =
    NP_TABLE(admin_spec, netpol_cluster_policy, "AdminNetworkPolicySpec",
             "the spec of an AdminNetworkPolicy");

static const np_field admin_policy_fields[] = {
    NP_SUB(netpol_cluster_policy, "metadata", metadata, NP_ALWAYS | NP_REQUIRED_KEY,
           np_table_metadata),
    NP_NEST("spec", NP_ALWAYS, admin_spec_table),
    NP_NEST("status", 0, status_table),
};
static const uint8_t admin_policy_sorted[] = {0, 1, 2};
const np_table np_table_admin_policy =
    NP_TABLE(admin_policy, netpol_cluster_policy, "AdminNetworkPolicy", "an AdminNetworkPolicy");

/* The Baseline kind has no priority, and its egress peers have no domainNames. */
static const np_field baseline_to_fields[] = {
    NP_SUB(netpol_cluster_peer, "namespaces", namespaces, 0, selector_table),
    NP_SUB(netpol_cluster_peer, "pods", pods, 0, pods_table),
    NP_SUB(netpol_cluster_peer, "nodes", nodes, NP_EXPERIMENTAL, selector_table),
    NP_MANY(netpol_cluster_peer, "networks", networks, NP_STRING_LIST),
};
static const uint8_t baseline_to_sorted[] = {0, 3, 2, 1};
static const np_table baseline_to_table = NP_TABLE(
    baseline_to, netpol_cluster_peer, "BaselineAdminNetworkPolicyEgressPeer", "an egress peer");

static const np_field baseline_egress_fields[] = {
    NP_ONE(netpol_cluster_rule, "name", name, NP_STRING_SET, 0),
    NP_ONE(netpol_cluster_rule, "action", action, NP_STRING_SET, 0),
    NP_SUBS(netpol_cluster_rule, "to", peers, baseline_to_table),
    NP_SUBS(netpol_cluster_rule, "ports", ports, admin_port_table),
};
static const uint8_t baseline_egress_sorted[] = {1, 0, 3, 2};
static const np_table baseline_egress_table = NP_TABLE(
    baseline_egress, netpol_cluster_rule, "BaselineAdminNetworkPolicyEgressRule", "an egress rule");

static const np_field baseline_spec_fields[] = {
    NP_SUB(netpol_cluster_policy, "subject", subject, 0, subject_table),
    NP_SUBS(netpol_cluster_policy, "ingress", ingress, admin_ingress_table),
    NP_SUBS(netpol_cluster_policy, "egress", egress, baseline_egress_table),
};
static const uint8_t baseline_spec_sorted[] = {2, 1, 0};
static const np_table baseline_spec_table =
    NP_TABLE(baseline_spec, netpol_cluster_policy, "BaselineAdminNetworkPolicySpec",
             "the spec of a BaselineAdminNetworkPolicy");

static const np_field baseline_policy_fields[] = {
    NP_SUB(netpol_cluster_policy, "metadata", metadata, NP_ALWAYS | NP_REQUIRED_KEY,
           np_table_metadata),
    NP_NEST("spec", NP_ALWAYS, baseline_spec_table),
    NP_NEST("status", 0, status_table),
};
static const uint8_t baseline_policy_sorted[] = {0, 1, 2};
const np_table np_table_baseline_policy =
    NP_TABLE(baseline_policy, netpol_cluster_policy, "BaselineAdminNetworkPolicy",
             "a BaselineAdminNetworkPolicy");
