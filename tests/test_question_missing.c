/* SPDX-License-Identifier: MIT */
/* Questions about services without an address, and about who is not there. */
#include "fixture.h"

/* ---- services without an address, or without pods ---- */

static const char headless[] =
    "{apiVersion: v1, kind: Pod, metadata: {name: db, namespace: shop, labels: {role: db}}, "
    "status: {podIP: 10.0.0.1}}\n---\n"
    "{apiVersion: v1, kind: Pod, metadata: {name: api, namespace: shop, labels: {app: api}}, "
    "status: {podIP: 10.0.0.2}}\n---\n"
    "{apiVersion: v1, kind: Service, metadata: {name: none, namespace: shop}, spec: {clusterIP: "
    "None, "
    "selector: {role: db}, ports: [{name: named, port: 33, targetPort: 3306}]}}\n---\n"
    "{apiVersion: v1, kind: Service, metadata: {name: bare, namespace: shop}, spec: {clusterIP: "
    "None, selector: {role: db}}}\n---\n"
    "{apiVersion: v1, kind: Service, metadata: {name: away, namespace: shop}, spec: {type: "
    "ExternalName, externalName: db.example.com}}\n---\n"
    "{apiVersion: v1, kind: Service, metadata: {name: lonely, namespace: shop}, spec: {clusterIP: "
    "10.96.0.77, selector: {no: body}, ports: [{port: 80}]}}\n---\n"
    "{apiVersion: v1, kind: Service, metadata: {name: sliced, namespace: shop}, spec: {clusterIP: "
    "None}}\n---\n"
    "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: sliced-4, namespace: "
    "shop, labels: {kubernetes.io/service-name: sliced}}, addressType: IPv4, endpoints: "
    "[{addresses: [10.0.0.2], targetRef: {kind: Pod, name: api, namespace: shop}}]}\n---\n"
    "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: sliced-6, namespace: "
    "shop, labels: {kubernetes.io/service-name: sliced}}, addressType: IPv6, endpoints: "
    "[{addresses: [2001:db8::2], targetRef: {kind: Pod, name: api, namespace: shop}}]}\n---\n"
    "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: db, namespace: "
    "shop}, spec: {podSelector: {matchLabels: {role: db}}, ingress: [{ports: [{port: 3306}, "
    "{port: 8000, endPort: 8100}]}]}}\n";

static const fixture_row without_address[] = {
    {"a headless one tells addresses alone", "shop/api", "svc:shop/none", NULL, "33", "deny"},
    {"so the pod's own port is asked", "shop/api", "svc:shop/none", NULL, "3306", "allow"},
    {"whether the service lists it or not", "shop/api", "svc:shop/none", NULL, "8050", "allow"},
    {"its names are the pods' ports", "shop/api", "svc:shop/none", NULL, "named", "allow"},
    {"no such name", "shop/api", "svc:shop/none", NULL, "sql",
     "error svc:shop/none has no TCP port sql"},
    {"the ports that it lists", "shop/api", "svc:shop/none", NULL, NULL, "allow"},
    {"it lists none, so all", "shop/api", "svc:shop/bare", NULL, NULL, "mixed"},
    {"at any port", "shop/api", "svc:shop/bare", NULL, "3306", "allow"},
    {"a pod to itself, untranslated", "shop/db", "svc:shop/none", NULL, "1", "allow self"},
    {"headless, by its slices", "shop/db", "svc:shop/sliced", NULL, "77", "allow"},
    {"another name", "shop/api", "svc:shop/away", NULL, "80",
     "error svc:shop/away stands for the domain name db.example.com (ExternalName)"},
    {"a selector of nobody", "shop/api", "svc:shop/lonely", NULL, "80",
     "error svc:shop/lonely has no endpoints: its selector selects no pod"},
};

static void clients_of_a_headless_service_go_to_its_pods(void **state)
{
    (void)state;
    netpol_engine *e = fixture_engine(headless, &(fixture_how){.preset = NULL});
    fixture_expect(e, without_address, COUNT(without_address));
    netpol_engine_unref(e);
}

/* ---- who is not there, and what to ask instead ---- */

typedef struct hint_row {
    const char *src;
    const char *message;
    const char *hint; /* NULL: none */
} hint_row;

static const char absent[] =
    "{apiVersion: v1, kind: Pod, metadata: {name: api-1, namespace: shop}}\n---\n"
    "{apiVersion: v1, kind: Pod, metadata: {name: lone, namespace: other}}\n---\n"
    "{apiVersion: v1, kind: Pod, metadata: {name: done, namespace: shop}, status: {phase: "
    "Succeeded}}\n---\n"
    "{apiVersion: batch/v1, kind: Job, metadata: {name: batch, namespace: shop}, spec: {template: "
    "{}}}\n---\n"
    "{apiVersion: v1, kind: Pod, metadata: {name: batch-x, namespace: shop, ownerReferences: "
    "[{apiVersion: batch/v1, kind: Job, name: batch, controller: true}]}, status: {phase: "
    "Failed}}\n---\n"
    "{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db, namespace: shop}, spec: "
    "{replicas: 3, template: {metadata: {labels: {role: db}}}}}\n---\n"
    "{apiVersion: v1, kind: Node, metadata: {name: n1}}\n---\n"
    "{apiVersion: v1, kind: Service, metadata: {name: web-svc, namespace: shop}, spec: {clusterIP: "
    "10.96.0.2, ports: [{port: 80}]}}\n";

static const hint_row hints[] = {
    {"shop/api1", "there is no pod shop/api1", "did you mean shop/api-1?"},
    {"shop/db-0", "there is no pod shop/db-0",
     "ask about the StatefulSet that makes such pods: shop/sts/db"},
    {"shop/lone", "there is no pod shop/lone", "did you mean other/lone?"},
    {"lone", "there is no namespace default, and so no lone in it", "did you mean other/lone?"},
    {"nobody", "there is no namespace default, and so no nobody in it",
     "say where it is: NAMESPACE/NAME, or -n NAMESPACE"},
    {"shop/nobody-like-this", "there is no pod shop/nobody-like-this", NULL},
    {"shop/done", "the pod shop/done has finished (Succeeded): it has no traffic",
     "ask about a pod that runs, or leave its status out of the input"},
    {"shop/job/batch", "the Job shop/batch has no pods that run",
     "a workload is asked about by its pods; those loaded have all finished"},
    {"shop/deploy/db", "there is no Deployment shop/db", "did you mean shop/sts/db?"},
    {"shop/sts/dbb", "there is no StatefulSet shop/dbb", "did you mean shop/sts/db?"},
    {"shop/web-svc", "there is no pod shop/web-svc", "it is a service: --to svc:shop/web-svc"},
    {"shp/api-1", "there is no namespace shp, and so no api-1 in it", "did you mean shop/api-1?"},
    {"shp/*", "there is no namespace shp, and so no * in it", "did you mean shop?"},
    {"node:n2", "there is no node n2", "did you mean node:n1?"},
    {"shop/a=b", "no pod of namespace shop matches a=b", NULL},
};

static void who_is_not_there_is_told_with_what_to_ask(void **state)
{
    (void)state;
    netpol_engine *e = fixture_engine(absent, &(fixture_how){.preset = NULL});
    for (size_t i = 0; i < COUNT(hints); i++) {
        netpol_question q = {.size = sizeof q, .src = hints[i].src, .dst = "192.0.2.1"};
        netpol_diagnostics *d = netpol_diagnostics_new(NULL);
        netpol_answer *x = NULL;
        assert_int_equal(netpol_engine_ask(e, &q, &x, d), NETPOL_NOT_FOUND);
        const netpol_diagnostic *said = netpol_diagnostics_at(d, 0);
        assert_string_equal(said->message, hints[i].message);
        assert_string_equal(said->hint ? said->hint : "", hints[i].hint ? hints[i].hint : "");
        netpol_diagnostics_free(d);
    }
    netpol_engine_unref(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients_of_a_headless_service_go_to_its_pods),
        cmocka_unit_test(who_is_not_there_is_told_with_what_to_ask),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
