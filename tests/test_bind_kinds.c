/* SPDX-License-Identifier: MIT */
/* Of other kinds is read what verdicts need. */
#include "bind.h"

#include "findings.h"

static const netpol_object *only(netpol_manifests *m)
{
    if (netpol_manifests_count(m) != 1)
        fail_msg("%zu objects", netpol_manifests_count(m));
    return netpol_manifests_at(m, 0);
}

static void a_pod_is_read_in_part(void **state)
{
    (void)state;
    netpol_manifests *m = test_read_with(
        "x",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {b: c}}\nspec:\n"
        "  initContainers: [{name: s, restartPolicy: Always, image: i, ports: []}]\n"
        "  containers:\n  - name: w\n    image: i\n    ports: [{name: http, containerPort: 80}]\n"
        "  hostNetwork: true\n  nodeName: node\n"
        "status: {phase: Running, podIP: 10.0.0.1, podIPs: [{ip: 10.0.0.1}, {ip: 'fd00::1'}, {}, "
        "~], hostIPs: [{ip: 1.1.1.1}], extra: [{a: b}]}\n",
        0);
    const netpol_pod *p = netpol_object_pod(only(m));
    assert_string_equal(p->spec->init_containers[0]->restart_policy, "Always");
    assert_string_equal(p->spec->containers[0]->ports[0]->name, "http");
    assert_int_equal(p->spec->containers[0]->ports[0]->container_port, 80);
    assert_true(p->spec->host_network);
    assert_int_equal(p->status->n_pod_ips, 2);
    assert_string_equal(p->status->pod_ips[1], "fd00::1");
    assert_string_equal(p->status->host_ips[0], "1.1.1.1");
    netpol_manifests_free(m);
}

static void a_cron_job_has_its_pods_template_two_maps_deep(void **state)
{
    (void)state;
    netpol_manifests *m = test_read_with(
        "x",
        "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: a}\nspec:\n  suspend: true\n"
        "  jobTemplate:\n    spec:\n      template:\n        metadata: {labels: {b: c}}\n"
        "        spec: {hostNetwork: true}\n",
        0);
    const netpol_workload *w = netpol_object_workload(only(m));
    assert_true(*w->suspend);
    assert_string_equal(w->pod_template->metadata->labels[0].value, "c");
    assert_true(w->pod_template->spec->host_network);
    uint32_t line;
    uint32_t column;
    assert_int_equal(netpol_object_locate(only(m),
                                          "spec.jobTemplate.spec.template.metadata.labels.b", &line,
                                          &column),
                     NETPOL_OK);
    assert_int_equal(line, 9);
    netpol_manifests_free(m);
}

static void a_service_and_its_endpoints_are_read(void **state)
{
    (void)state;
    netpol_manifests *m = test_read_with(
        "x",
        "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec:\n  selector: {b: c}\n"
        "  ports: [{port: 80, targetPort: http}, {port: 81, targetPort: 8081, nodePort: 30000}]\n"
        "  clusterIPs: [10.0.0.1]\n"
        "status: {loadBalancer: {ingress: [{ip: 1.1.1.1}, {hostname: h}]}}\n"
        "---\n"
        "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: a}\n"
        "addressType: IPv4\nendpoints:\n- addresses: [10.0.0.2]\n  conditions: {ready: false}\n"
        "  targetRef: {kind: Pod, name: p, namespace: ns}\nports: [{name: '', port: 80}]\n"
        "---\n"
        "apiVersion: v1\nkind: Endpoints\nmetadata: {name: a}\n"
        "subsets: [{addresses: [{ip: 10.0.0.3, targetRef: {name: p}}], ports: [{port: 80}]}]\n",
        0);
    assert_int_equal(netpol_manifests_count(m), 3);
    const netpol_service *s = netpol_object_service(netpol_manifests_at(m, 0));
    assert_string_equal(s->selector[0].value, "c");
    assert_string_equal(s->ports[0]->target_port->string, "http");
    assert_int_equal(s->ports[1]->target_port->number, 8081);
    assert_int_equal(s->ports[1]->node_port, 30000);
    assert_int_equal(s->n_ingress_ips, 1);
    const netpol_endpoint_slice *e = netpol_object_endpoint_slice(netpol_manifests_at(m, 1));
    assert_string_equal(e->endpoints[0]->addresses[0], "10.0.0.2");
    assert_false(*e->endpoints[0]->ready);
    assert_string_equal(e->endpoints[0]->target_namespace, "ns");
    assert_int_equal(*e->ports[0]->port, 80);
    const netpol_endpoints *p = netpol_object_endpoints(netpol_manifests_at(m, 2));
    assert_string_equal(p->subsets[0]->addresses[0]->ip, "10.0.0.3");
    assert_string_equal(p->subsets[0]->addresses[0]->target_name, "p");
    netpol_manifests_free(m);
}

/* To a schema an empty list is not an absent one, nor an empty string. */
static void a_cluster_scoped_policy_keeps_the_presence_of_all_fields(void **state)
{
    (void)state;
    netpol_manifests *m = test_read_with(
        "x",
        "apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\n"
        "metadata: {name: a}\nspec:\n  tier: ''\n  priority: 0.0\n  subject: {pods: {podSelector: "
        "{matchLabels: {a: null}, matchExpressions: [{key: ''}]}}}\n  ingress:\n"
        "  - {from: [], protocols: [{tcp: {destinationPort: {range: {start: 1}}}}]}\n"
        "  - {from: null}\n",
        0);
    const netpol_cluster_policy *p = netpol_object_cluster_policy(only(m));
    assert_string_equal(p->tier, "");
    assert_int_equal(*p->priority, 0);
    assert_null(p->subject->pods->namespace_selector);
    assert_int_equal(p->subject->pods->pod_selector->n_match_labels, 0);
    assert_string_equal(p->subject->pods->pod_selector->match_expressions[0]->key, "");
    assert_null(p->subject->pods->pod_selector->match_expressions[0]->op);
    assert_non_null(p->ingress[0]->peers);
    assert_int_equal(p->ingress[0]->n_peers, 0);
    assert_null(p->ingress[1]->peers);
    const netpol_port_range *r = p->ingress[0]->protocols[0]->tcp->destination_port->range;
    assert_int_equal(*r->start, 1);
    assert_null(r->end);
    netpol_manifests_free(m);
}

/* Of a field that the channel lacks the value does not matter. */
static void the_standard_channel_lacks_fields(void **state)
{
#define LACKING " | it is a field of the experimental channel\n"
    static const char text[] =
        "apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\n"
        "metadata: {name: a}\nspec: {tier: Admin, priority: 1, subject: {namespaces: {}}, egress: "
        "[{action: Deny, to: [\n{nodes: null},\n{nodes: {a: 1}, domainNames: 5}]}]}\n";
    (void)state;
    test_expect_findings(
        "standard", text, NETPOL_STANDARD_CHANNEL,
        "300 spec.egress[0].to[0].nodes 5:2 unknown field \"spec.egress[0].to[0].nodes\"" LACKING
        "300 spec.egress[0].to[1].domainNames 6:17 unknown field "
        "\"spec.egress[0].to[1].domainNames\"" LACKING
        "300 spec.egress[0].to[1].nodes 6:2 unknown field \"spec.egress[0].to[1].nodes\"" LACKING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pod_is_read_in_part),
        cmocka_unit_test(a_cron_job_has_its_pods_template_two_maps_deep),
        cmocka_unit_test(a_service_and_its_endpoints_are_read),
        cmocka_unit_test(a_cluster_scoped_policy_keeps_the_presence_of_all_fields),
        cmocka_unit_test(the_standard_channel_lacks_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
