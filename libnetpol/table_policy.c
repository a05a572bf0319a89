/* SPDX-License-Identifier: MIT */
/* networking.k8s.io/v1 NetworkPolicy. */
#include "table_fields.h"

static const np_field port_fields[] = {
    NP_ONE(netpol_port, "protocol", protocol, NP_STRING_SET, 0),
    NP_ONE(netpol_port, "port", port, NP_INT_OR_STRING, 0),
    NP_ONE(netpol_port, "endPort", end_port, NP_INT32_SET, 0),
};
static const uint8_t port_sorted[] = {2, 1, 0};
static const np_table port_table =
    NP_TABLE(port, netpol_port, "NetworkPolicyPort", "a port of a NetworkPolicy rule");

static const np_field ip_block_fields[] = {
    NP_ONE(netpol_ip_block, "cidr", cidr, NP_STRING, NP_ALWAYS),
    NP_MANY(netpol_ip_block, "except", exceptions, NP_STRING_LIST),
};
static const uint8_t ip_block_sorted[] = {0, 1};
static const np_table ip_block_table = NP_TABLE(ip_block, netpol_ip_block, "IPBlock", "an ipBlock");

static const np_field peer_fields[] = {
    NP_SUB(netpol_peer, "podSelector", pod_selector, 0, np_table_selector),
    NP_SUB(netpol_peer, "namespaceSelector", namespace_selector, 0, np_table_selector),
    NP_SUB(netpol_peer, "ipBlock", ip_block, 0, ip_block_table),
};
static const uint8_t peer_sorted[] = {2, 1, 0};
static const np_table peer_table =
    NP_TABLE(peer, netpol_peer, "NetworkPolicyPeer", "a peer of a NetworkPolicy rule");

static const np_field ingress_fields[] = {
    NP_SUBS(netpol_rule, "ports", ports, port_table),
    NP_SUBS(netpol_rule, "from", peers, peer_table),
};
static const uint8_t ingress_sorted[] = {1, 0};
static const np_table ingress_table =
    NP_TABLE(ingress, netpol_rule, "NetworkPolicyIngressRule", "an ingress rule");

static const np_field egress_fields[] = {
    NP_SUBS(netpol_rule, "ports", ports, port_table),
    NP_SUBS(netpol_rule, "to", peers, peer_table),
};
static const uint8_t egress_sorted[] = {0, 1};
static const np_table egress_table =
    NP_TABLE(egress, netpol_rule, "NetworkPolicyEgressRule", "an egress rule");

static const np_field spec_fields[] = {
    NP_SUB(netpol_policy_spec, "podSelector", pod_selector, NP_ALWAYS | NP_REQUIRED_KEY,
           np_table_selector),
    NP_SUBS(netpol_policy_spec, "ingress", ingress, ingress_table),
    NP_SUBS(netpol_policy_spec, "egress", egress, egress_table),
    NP_MANY(netpol_policy_spec, "policyTypes", policy_types, NP_STRING_LIST),
};
static const uint8_t spec_sorted[] = {2, 1, 0, 3};
static const np_table spec_table =
    NP_TABLE(spec, netpol_policy_spec, "NetworkPolicySpec", "the spec of a NetworkPolicy");

static const np_field policy_fields[] = {
    NP_SUB(netpol_policy, "metadata", metadata, NP_ALWAYS | NP_REQUIRED_KEY, np_table_metadata),
    NP_SUB(netpol_policy, "spec", spec, NP_ALWAYS | NP_REQUIRED_KEY, spec_table),
};
static const uint8_t policy_sorted[] = {0, 1};
const np_table np_table_policy =
    NP_TABLE(policy, netpol_policy, "NetworkPolicy", "a NetworkPolicy");
