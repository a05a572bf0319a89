/* SPDX-License-Identifier: MIT */
/* Namespaces, pods, nodes, services and endpoints: the part of each that verdicts need. */
#include "table_fields.h"

static const np_field namespace_fields[] = {
    NP_SUB(netpol_namespace, "metadata", metadata, NP_ALWAYS | NP_REQUIRED_KEY, np_table_metadata),
};
static const uint8_t namespace_sorted[] = {0};
const np_table np_table_namespace =
    NP_PARTIAL_TABLE(namespace, netpol_namespace, "Namespace", "a Namespace");

static const np_field container_port_fields[] = {
    NP_ONE(netpol_container_port, "name", name, NP_STRING, 0),
    NP_ONE(netpol_container_port, "containerPort", container_port, NP_INT32, NP_ALWAYS),
    NP_ONE(netpol_container_port, "protocol", protocol, NP_STRING, 0),
};
static const uint8_t container_port_sorted[] = {1, 0, 2};
static const np_table container_port_table = NP_PARTIAL_TABLE(
    container_port, netpol_container_port, "ContainerPort", "a port of a container");

static const np_field container_fields[] = {
    NP_ONE(netpol_container, "name", name, NP_STRING, NP_ALWAYS),
    NP_SUBS(netpol_container, "ports", ports, container_port_table),
    NP_ONE(netpol_container, "restartPolicy", restart_policy, NP_STRING, 0),
};
static const uint8_t container_sorted[] = {0, 1, 2};
static const np_table container_table =
    NP_PARTIAL_TABLE(container, netpol_container, "Container", "a container");

static const np_field pod_spec_fields[] = {
    NP_SUBS(netpol_pod_spec, "initContainers", init_containers, container_table),
    NP_SUBS(netpol_pod_spec, "containers", containers, container_table),
    NP_ONE(netpol_pod_spec, "nodeName", node_name, NP_STRING, 0),
    NP_ONE(netpol_pod_spec, "hostNetwork", host_network, NP_BOOL, 0),
};
static const uint8_t pod_spec_sorted[] = {1, 3, 0, 2};
static const np_table pod_spec_table =
    NP_PARTIAL_TABLE(pod_spec, netpol_pod_spec, "PodSpec", "the spec of a Pod");

static const np_field pod_status_fields[] = {
    NP_ONE(netpol_pod_status, "phase", phase, NP_STRING, 0),
    NP_ONE(netpol_pod_status, "hostIP", host_ip, NP_STRING, 0),
    NP_TAKE(netpol_pod_status, "hostIPs", host_ips, "ip"),
    NP_ONE(netpol_pod_status, "podIP", pod_ip, NP_STRING, 0),
    NP_TAKE(netpol_pod_status, "podIPs", pod_ips, "ip"),
};
static const uint8_t pod_status_sorted[] = {1, 2, 0, 3, 4};
static const np_table pod_status_table =
    NP_PARTIAL_TABLE(pod_status, netpol_pod_status, "PodStatus", "the status of a Pod");

static const np_field pod_fields[] = {
    NP_SUB(netpol_pod, "metadata", metadata, NP_ALWAYS | NP_REQUIRED_KEY, np_table_metadata),
    NP_SUB(netpol_pod, "spec", spec, NP_ALWAYS | NP_REQUIRED_KEY, pod_spec_table),
    NP_SUB(netpol_pod, "status", status, 0, pod_status_table),
};
static const uint8_t pod_sorted[] = {0, 1, 2};
const np_table np_table_pod = NP_PARTIAL_TABLE(pod, netpol_pod, "Pod", "a Pod");

/* ---- workloads: a CronJob's pod template lies two maps deep, hence the nests ---- */

static const np_field template_fields[] = {
    NP_SUB(netpol_pod_template, "metadata", metadata, NP_ALWAYS | NP_REQUIRED_KEY,
           np_table_metadata),
    NP_SUB(netpol_pod_template, "spec", spec, NP_ALWAYS | NP_REQUIRED_KEY, pod_spec_table),
};
static const uint8_t template_sorted[] = {0, 1};
static const np_table template_table =
    NP_PARTIAL_TABLE(template, netpol_pod_template, "PodTemplateSpec", "a pod template");

static const np_field replicated_spec_fields[] = {
    NP_ONE(netpol_workload, "replicas", replicas, NP_INT32_SET, 0),
    NP_SUB(netpol_workload, "template", pod_template, 0, template_table),
};
static const uint8_t replicated_spec_sorted[] = {0, 1};
static const np_table replicated_spec_table =
    NP_PARTIAL_TABLE(replicated_spec, netpol_workload, "WorkloadSpec", "the spec of a workload");

static const np_field replicated_fields[] = {
    NP_SUB(netpol_workload, "metadata", metadata, NP_ALWAYS | NP_REQUIRED_KEY, np_table_metadata),
    NP_NEST("spec", NP_ALWAYS, replicated_spec_table),
};
static const uint8_t replicated_sorted[] = {0, 1};
const np_table np_table_replicated =
    NP_PARTIAL_TABLE(replicated, netpol_workload, "Workload", "a workload");

static const np_field daemon_set_spec_fields[] = {
    NP_SUB(netpol_workload, "template", pod_template, 0, template_table),
};
static const uint8_t daemon_set_spec_sorted[] = {0};
static const np_table daemon_set_spec_table =
    NP_PARTIAL_TABLE(daemon_set_spec, netpol_workload, "DaemonSetSpec", "the spec of a DaemonSet");

static const np_field daemon_set_fields[] = {
    NP_SUB(netpol_workload, "metadata", metadata, NP_ALWAYS | NP_REQUIRED_KEY, np_table_metadata),
    NP_NEST("spec", NP_ALWAYS, daemon_set_spec_table),
};
static const uint8_t daemon_set_sorted[] = {0, 1};
const np_table np_table_daemon_set =
    NP_PARTIAL_TABLE(daemon_set, netpol_workload, "DaemonSet", "a DaemonSet");

static const np_field job_spec_fields[] = {
    NP_SUB(netpol_workload, "template", pod_template, 0, template_table),
    NP_ONE(netpol_workload, "suspend", suspend, NP_BOOL_SET, 0),
};
static const uint8_t job_spec_sorted[] = {1, 0};
static const np_table job_spec_table =
    NP_PARTIAL_TABLE(job_spec, netpol_workload, "JobSpec", "the spec of a Job");

static const np_field job_fields[] = {
    NP_SUB(netpol_workload, "metadata", metadata, NP_ALWAYS | NP_REQUIRED_KEY, np_table_metadata),
    NP_NEST("spec", NP_ALWAYS, job_spec_table),
};
static const uint8_t job_sorted[] = {0, 1};
const np_table np_table_job = NP_PARTIAL_TABLE(job, netpol_workload, "Job", "a Job");

static const np_field job_template_spec_fields[] = {
    NP_SUB(netpol_workload, "template", pod_template, 0, template_table),
};
static const uint8_t job_template_spec_sorted[] = {0};
static const np_table job_template_spec_table =
    NP_PARTIAL_TABLE(job_template_spec, netpol_workload, "JobSpec", "the spec of a job template");

static const np_field job_template_fields[] = {
    NP_NEST("spec", NP_ALWAYS, job_template_spec_table),
};
static const uint8_t job_template_sorted[] = {0};
static const np_table job_template_table =
    NP_PARTIAL_TABLE(job_template, netpol_workload, "JobTemplateSpec", "a job template");

static const np_field cron_job_spec_fields[] = {
    NP_ONE(netpol_workload, "suspend", suspend, NP_BOOL_SET, 0),
    NP_NEST("jobTemplate", NP_ALWAYS, job_template_table),
};
static const uint8_t cron_job_spec_sorted[] = {1, 0};
static const np_table cron_job_spec_table =
    NP_PARTIAL_TABLE(cron_job_spec, netpol_workload, "CronJobSpec", "the spec of a CronJob");

static const np_field cron_job_fields[] = {
    NP_SUB(netpol_workload, "metadata", metadata, NP_ALWAYS | NP_REQUIRED_KEY, np_table_metadata),
    NP_NEST("spec", NP_ALWAYS, cron_job_spec_table),
};
static const uint8_t cron_job_sorted[] = {0, 1};
const np_table np_table_cron_job =
    NP_PARTIAL_TABLE(cron_job, netpol_workload, "CronJob", "a CronJob");

/* ---- nodes ---- */

static const np_field node_address_fields[] = {
    NP_ONE(netpol_node_address, "type", type, NP_STRING, NP_ALWAYS),
    NP_ONE(netpol_node_address, "address", address, NP_STRING, NP_ALWAYS),
};
static const uint8_t node_address_sorted[] = {1, 0};
static const np_table node_address_table =
    NP_PARTIAL_TABLE(node_address, netpol_node_address, "NodeAddress", "an address of a Node");

static const np_field node_status_fields[] = {
    NP_SUBS(netpol_node, "addresses", addresses, node_address_table),
};
static const uint8_t node_status_sorted[] = {0};
static const np_table node_status_table =
    NP_PARTIAL_TABLE(node_status, netpol_node, "NodeStatus", "the status of a Node");

static const np_field node_fields[] = {
    NP_SUB(netpol_node, "metadata", metadata, NP_ALWAYS | NP_REQUIRED_KEY, np_table_metadata),
    NP_NEST("status", 0, node_status_table),
};
static const uint8_t node_sorted[] = {0, 1};
const np_table np_table_node = NP_PARTIAL_TABLE(node, netpol_node, "Node", "a Node");

/* ---- services and their endpoints ---- */

static const np_field service_port_fields[] = {
    NP_ONE(netpol_service_port, "name", name, NP_STRING, 0),
    NP_ONE(netpol_service_port, "protocol", protocol, NP_STRING, 0),
    NP_ONE(netpol_service_port, "port", port, NP_INT32, NP_ALWAYS),
    NP_ONE(netpol_service_port, "targetPort", target_port, NP_INT_OR_STRING, 0),
    NP_ONE(netpol_service_port, "nodePort", node_port, NP_INT32, 0),
};
static const uint8_t service_port_sorted[] = {0, 4, 2, 1, 3};
static const np_table service_port_table =
    NP_PARTIAL_TABLE(service_port, netpol_service_port, "ServicePort", "a port of a Service");

static const np_field service_spec_fields[] = {
    NP_SUBS(netpol_service, "ports", ports, service_port_table),
    NP_MANY(netpol_service, "selector", selector, NP_STRING_MAP),
    NP_ONE(netpol_service, "clusterIP", cluster_ip, NP_STRING, 0),
    NP_MANY(netpol_service, "clusterIPs", cluster_ips, NP_STRING_LIST),
    NP_ONE(netpol_service, "type", type, NP_STRING, 0),
    NP_MANY(netpol_service, "externalIPs", external_ips, NP_STRING_LIST),
    NP_ONE(netpol_service, "loadBalancerIP", load_balancer_ip, NP_STRING, 0),
    NP_ONE(netpol_service, "externalName", external_name, NP_STRING, 0),
    NP_ONE(netpol_service, "externalTrafficPolicy", external_traffic_policy, NP_STRING, 0),
};
static const uint8_t service_spec_sorted[] = {2, 3, 5, 7, 8, 6, 0, 1, 4};
static const np_table service_spec_table =
    NP_PARTIAL_TABLE(service_spec, netpol_service, "ServiceSpec", "the spec of a Service");

static const np_field load_balancer_fields[] = {
    NP_TAKE(netpol_service, "ingress", ingress_ips, "ip"),
};
static const uint8_t load_balancer_sorted[] = {0};
static const np_table load_balancer_table = NP_PARTIAL_TABLE(
    load_balancer, netpol_service, "LoadBalancerStatus", "the load balancer of a Service");

static const np_field service_status_fields[] = {
    NP_NEST("loadBalancer", 0, load_balancer_table),
};
static const uint8_t service_status_sorted[] = {0};
static const np_table service_status_table =
    NP_PARTIAL_TABLE(service_status, netpol_service, "ServiceStatus", "the status of a Service");

static const np_field service_fields[] = {
    NP_SUB(netpol_service, "metadata", metadata, NP_ALWAYS | NP_REQUIRED_KEY, np_table_metadata),
    NP_NEST("spec", NP_ALWAYS, service_spec_table),
    NP_NEST("status", 0, service_status_table),
};
static const uint8_t service_sorted[] = {0, 1, 2};
const np_table np_table_service = NP_PARTIAL_TABLE(service, netpol_service, "Service", "a Service");

static const np_field target_fields[] = {
    NP_ONE(netpol_endpoint, "kind", target_kind, NP_STRING, 0),
    NP_ONE(netpol_endpoint, "namespace", target_namespace, NP_STRING, 0),
    NP_ONE(netpol_endpoint, "name", target_name, NP_STRING, 0),
};
static const uint8_t target_sorted[] = {0, 2, 1};
static const np_table target_table =
    NP_PARTIAL_TABLE(target, netpol_endpoint, "ObjectReference", "a targetRef");

static const np_field conditions_fields[] = {
    NP_ONE(netpol_endpoint, "ready", ready, NP_BOOL_SET, 0),
};
static const uint8_t conditions_sorted[] = {0};
static const np_table conditions_table = NP_PARTIAL_TABLE(
    conditions, netpol_endpoint, "EndpointConditions", "the conditions of an endpoint");

static const np_field endpoint_port_fields[] = {
    NP_ONE(netpol_endpoint_port, "name", name, NP_STRING, 0),
    NP_ONE(netpol_endpoint_port, "protocol", protocol, NP_STRING, 0),
    NP_ONE(netpol_endpoint_port, "port", port, NP_INT32_SET, 0),
};
static const uint8_t endpoint_port_sorted[] = {0, 2, 1};
static const np_table endpoint_port_table =
    NP_PARTIAL_TABLE(endpoint_port, netpol_endpoint_port, "EndpointPort", "a port of endpoints");

static const np_field endpoint_fields[] = {
    NP_MANY(netpol_endpoint, "addresses", addresses, NP_STRING_LIST),
    NP_NEST("conditions", 0, conditions_table),
    NP_NEST("targetRef", 0, target_table),
};
static const uint8_t endpoint_sorted[] = {0, 1, 2};
static const np_table endpoint_table =
    NP_PARTIAL_TABLE(endpoint, netpol_endpoint, "Endpoint", "an endpoint");

static const np_field endpoint_slice_fields[] = {
    NP_SUB(netpol_endpoint_slice, "metadata", metadata, NP_ALWAYS | NP_REQUIRED_KEY,
           np_table_metadata),
    NP_ONE(netpol_endpoint_slice, "addressType", address_type, NP_STRING, NP_ALWAYS),
    NP_SUBS(netpol_endpoint_slice, "endpoints", endpoints, endpoint_table),
    NP_SUBS(netpol_endpoint_slice, "ports", ports, endpoint_port_table),
};
static const uint8_t endpoint_slice_sorted[] = {1, 2, 0, 3};
const np_table np_table_endpoint_slice =
    NP_PARTIAL_TABLE(endpoint_slice, netpol_endpoint_slice, "EndpointSlice", "an EndpointSlice");

static const np_field endpoint_address_fields[] = {
    NP_ONE(netpol_endpoint, "ip", ip, NP_STRING, NP_ALWAYS),
    NP_NEST("targetRef", 0, target_table),
};
static const uint8_t endpoint_address_sorted[] = {0, 1};
static const np_table endpoint_address_table = NP_PARTIAL_TABLE(
    endpoint_address, netpol_endpoint, "EndpointAddress", "an address of Endpoints");

static const np_field subset_fields[] = {
    NP_SUBS(netpol_endpoint_subset, "addresses", addresses, endpoint_address_table),
    NP_SUBS(netpol_endpoint_subset, "ports", ports, endpoint_port_table),
};
static const uint8_t subset_sorted[] = {0, 1};
static const np_table subset_table =
    NP_PARTIAL_TABLE(subset, netpol_endpoint_subset, "EndpointSubset", "a subset of Endpoints");

static const np_field endpoints_fields[] = {
    NP_SUB(netpol_endpoints, "metadata", metadata, NP_ALWAYS | NP_REQUIRED_KEY, np_table_metadata),
    NP_SUBS(netpol_endpoints, "subsets", subsets, subset_table),
};
static const uint8_t endpoints_sorted[] = {0, 1};
const np_table np_table_endpoints =
    NP_PARTIAL_TABLE(endpoints, netpol_endpoints, "Endpoints", "an Endpoints");
