/* SPDX-License-Identifier: MIT */
#include "scenarios.h"

const char test_scenario_cluster[] =
    "---\n"
    "{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop, labels: {app: web}},\n"
    " spec: {containers: [{name: c, ports: [{name: http, containerPort: 8080}]}]},\n"
    " status: {phase: Running, podIP: 10.0.0.1}}\n"
    "---\n"
    "{apiVersion: v1, kind: Pod, metadata: {name: db, namespace: shop, labels: {app: db}},\n"
    " status: {phase: Running, podIP: 10.0.0.2}}\n"
    "---\n"
    "{apiVersion: v1, kind: Pod, metadata: {name: any, namespace: open},\n"
    " status: {phase: Running, podIP: 10.0.1.1}}\n"
    "---\n"
    "{apiVersion: v1, kind: Pod, metadata: {name: in, namespace: half},\n"
    " status: {phase: Running, podIP: 10.0.2.1}}\n"
    "---\n"
    "{apiVersion: v1, kind: Pod, metadata: {name: dns, namespace: kube-system, labels: {k: dns}},\n"
    " status: {phase: Running, podIP: 10.0.3.1}}\n"
    "---\n"
    "{apiVersion: v1, kind: Service, metadata: {name: kube-dns, namespace: kube-system},\n"
    " spec: {clusterIP: 10.96.0.10, selector: {k: dns},\n"
    "  ports: [{name: u, port: 53, protocol: UDP}, {name: t, port: 53, protocol: TCP}]}}\n"
    "---\n"
    "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy,\n"
    " metadata: {name: same, namespace: shop},\n"
    " spec: {podSelector: {}, policyTypes: [Ingress, Egress],\n"
    "  ingress: [{from: [{podSelector: {}}]}],\n"
    "  egress: [{to: [{podSelector: {}}]},\n"
    "           {to: [{namespaceSelector: {}}], ports: [{port: 53, protocol: UDP}]},\n"
    "           {to: [{ipBlock: {cidr: 10.1.0.0/16}}], ports: [{port: 6443}]}]}}\n"
    "---\n"
    "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy,\n"
    " metadata: {name: closed, namespace: half}, spec: {podSelector: {}}}\n";

char *test_joined(const char *a, const char *b)
{
    size_t n = strlen(a) + strlen(b) + 1;
    char *text = malloc(n);
    assert_non_null(text);
    snprintf(text, n, "%s%s", a, b);
    return text;
}

netpol_status test_scenario_read(const char *text, netpol_scenario **out, netpol_diagnostics *d)
{
    return netpol_scenario_read_memory("s.yaml", text, strlen(text), NULL, out, d);
}

netpol_scenario_report *test_scenario_run(const char *text, int32_t machinery)
{
    netpol_scenario *s = NULL;
    netpol_engine *e = NULL;
    netpol_scenario_report *r = NULL;
    netpol_diagnostics *d = netpol_diagnostics_new(NULL);
    char *whole = test_joined(text, test_scenario_cluster);
    netpol_status status = test_scenario_read(whole, &s, d);
    if (status == NETPOL_OK)
        status = netpol_scenario_compile(s, NULL, machinery, &e, d);
    if (status == NETPOL_OK)
        status = netpol_scenario_run(s, e, NETPOL_ALL_ITEMS, &r);
    if (status != NETPOL_OK)
        fail_msg("%s: %s", text,
                 netpol_diagnostics_count(d) ? netpol_diagnostics_at(d, 0)->message
                                             : netpol_status_name(status));
    free(whole);
    netpol_engine_unref(e);
    netpol_scenario_free(s);
    netpol_diagnostics_free(d);
    return r;
}
