/* SPDX-License-Identifier: MIT */
#include "random_change.h"

#include "netpol/cluster.h"

enum { N_SPACES = 7, N_PODS = 48, N_FIRST_PODS = 40, N_NODES = 4, N_SERVICES = 6, N_POLICIES = 14 };

/* The place of an object follows from its number, so that it is met again. */
static uint32_t space_of(uint32_t number)
{
    return number % N_SPACES;
}

static void head(test_cluster *c, const char *version, const char *kind, const char *name,
                 uint32_t number, uint32_t space)
{
    test_say(c,
             "{\"apiVersion\":\"%s\",\"kind\":\"%s\",\"metadata\":{\"name\":\"%s%u\","
             "\"namespace\":\"ns%u\"",
             version, kind, name, number, space);
}

/* ---- pods ---- */

/* The first are pods of random_cluster; the others live in namespaces of their own. */
static uint32_t space_of_pod(const test_cluster *c, uint32_t number)
{
    return number < N_FIRST_PODS ? number % c->n_namespaces : 5 + number % 2;
}

/* Sometimes the labels are those that a controller generates, or few. */
static void pod_labels(test_cluster *c, np_rand *r, bool rare)
{
    test_say(c, ",\"labels\":");
    if (rare && np_rand_once_in(r, 4))
        test_say(c, "{\"pod-template-hash\":\"h%u\"}", np_rand_below(r, 2));
    else
        test_labels(c, r, 4);
}

/* A ReplicaSet of a Deployment that may be loaded, or not. */
static void controller(test_cluster *c, np_rand *r)
{
    if (np_rand_once_in(r, 3))
        return;
    test_say(c,
             ",\"ownerReferences\":[{\"apiVersion\":\"apps/v1\",\"kind\":\"ReplicaSet\",\"name\":"
             "\"d%u-h%u\",\"uid\":\"u\",\"controller\":true}]",
             np_rand_below(r, 2), np_rand_below(r, 2));
}

static void ips(test_cluster *c, np_rand *r, uint32_t number, bool rare)
{
    uint32_t kind = np_rand_below(r, 6);
    uint32_t last = rare && np_rand_once_in(r, 5) ? 1 : number + 1;
    test_say(c, "\"podIPs\":[");
    if (kind)
        test_say(c, "{\"ip\":\"10.0.0.%u\"}", last);
    if (kind < 3)
        test_say(c, "%s{\"ip\":\"fd00::%x\"}", kind ? "," : "", last);
    test_say(c, "]");
}

static void pod(test_cluster *c, np_rand *r, bool rare)
{
    static const char *const phases[] = {"Running", "Running", "Running",
                                         "Running", "Pending", "Succeeded"};
    static const char *const names[] = {"web", "dns", "x"};
    uint32_t number = np_rand_below(r, N_PODS);
    uint32_t node = np_rand_below(r, N_NODES);
    const char *phase = phases[np_rand_below(r, COUNT(phases))];
    if (rare && np_rand_once_in(r, 4))
        phase = "Pending"; /* then two may have one address */
    head(c, "v1", "Pod", "pod", number, space_of_pod(c, number));
    pod_labels(c, r, rare);
    controller(c, r);
    test_say(c,
             "},\"spec\":{\"nodeName\":\"n%u\",\"hostNetwork\":%s,\"containers\":[{\"name\":\"m\","
             "\"ports\":[{\"name\":\"%s\",\"containerPort\":%u}]}]},\"status\":{\"phase\":\"%s\",",
             node, np_rand_once_in(r, 8) ? "true" : "false", names[np_rand_below(r, 3)],
             80 + np_rand_below(r, 2), phase);
    ips(c, r, number, rare && strcmp(phase, "Pending") == 0);
    if (!np_rand_once_in(r, 4))
        test_say(c, ",\"hostIPs\":[{\"ip\":\"172.16.0.%u\"}]",
                 rare && np_rand_once_in(r, 6) ? 1 : node + 1);
    test_say(c, "}}\n");
}

/* ---- what is around them ---- */

static void node(test_cluster *c, np_rand *r, bool rare)
{
    uint32_t number = np_rand_below(r, N_NODES);
    test_say(c,
             "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"n%u\",\"labels\":",
             number);
    test_labels(c, r, 2);
    test_say(c,
             "},\"status\":{\"addresses\":[{\"type\":\"InternalIP\",\"address\":\"172.16.0.%u\"}",
             rare && np_rand_once_in(r, 3) ? 2 : number + 1);
    if (np_rand_once_in(r, 2))
        test_say(c, ",{\"type\":\"ExternalIP\",\"address\":\"192.168.1.%u\"}",
                 number * 8 + np_rand_below(r, 3));
    if (np_rand_once_in(r, 3))
        test_say(c, ",{\"type\":\"InternalIP\",\"address\":\"fd01::%x\"}", number + 1);
    test_say(c, "]}}\n");
}

static void service(test_cluster *c, np_rand *r, bool rare)
{
    uint32_t number = np_rand_below(r, N_SERVICES);
    head(c, "v1", "Service", "s", number, space_of(number));
    test_say(c, "},\"spec\":{\"clusterIP\":\"10.96.0.%u\",\"selector\":",
             rare && np_rand_once_in(r, 4) ? 1 : number * 4 + np_rand_below(r, 2));
    test_labels(c, r, 2);
    test_say(c, ",\"ports\":[{\"port\":80}]}}\n");
}

static void slice(test_cluster *c, np_rand *r)
{
    uint32_t number = np_rand_below(r, N_SERVICES);
    head(c, "discovery.k8s.io/v1", "EndpointSlice", "e", number, space_of(number));
    test_say(c,
             ",\"labels\":{\"kubernetes.io/service-name\":\"s%u\"}},\"addressType\":\"IPv4\","
             "\"endpoints\":[{\"addresses\":[\"10.0.0.%u\"]}],\"ports\":[{\"port\":80}]}\n",
             np_rand_once_in(r, 3) ? number : number % N_SPACES, np_rand_below(r, N_PODS) + 1);
}

static void endpoints(test_cluster *c, np_rand *r)
{
    uint32_t number = np_rand_below(r, N_SERVICES);
    head(c, "v1", "Endpoints", "s", number, space_of(number));
    test_say(
        c, "},\"subsets\":[{\"addresses\":[{\"ip\":\"10.0.0.%u\"}],\"ports\":[{\"port\":80}]}]}\n",
        np_rand_below(r, N_PODS) + 1);
}

/* ReplicaSets "d0-h0" belong to Deployments "d0". */
static void workload(test_cluster *c, np_rand *r)
{
    uint32_t number = np_rand_below(r, 2);
    uint32_t space = np_rand_below(r, N_SPACES);
    if (np_rand_once_in(r, 2)) {
        head(c, "apps/v1", "Deployment", "d", number, space);
        test_say(
            c,
            "},\"spec\":{\"replicas\":%u,\"selector\":{},\"template\":{\"metadata\":{\"labels\":",
            np_rand_once_in(r, 5) ? 0u : 2u);
    } else {
        test_say(c,
                 "{\"apiVersion\":\"apps/"
                 "v1\",\"kind\":\"ReplicaSet\",\"metadata\":{\"name\":\"d%u-h%u\","
                 "\"namespace\":\"ns%u\",\"ownerReferences\":[{\"apiVersion\":\"apps/v1\",\"kind\":"
                 "\"Deployment\",\"name\":\"d%u\",\"uid\":\"u\",\"controller\":true}]},\"spec\":{"
                 "\"selector\":{},\"template\":{\"metadata\":{\"labels\":",
                 number, np_rand_below(r, 2), space, number);
    }
    test_labels(c, r, 3);
    test_say(c, "},\"spec\":{\"containers\":[{\"name\":\"m\"}]}}}}\n");
}

/* ---- one change ---- */

static void remove_object(test_change *x, int32_t kind, const char *name, uint32_t number,
                          uint32_t space)
{
    x->kind = kind;
    snprintf(x->name, sizeof x->name, "%s%u", name, number);
    snprintf(x->space, sizeof x->space, "ns%u", space);
}

static void remove_something(test_change *x, np_rand *r, unsigned kinds)
{
    uint32_t number = np_rand_below(r, N_PODS);
    uint32_t service = np_rand_below(r, N_SERVICES);
    uint32_t kind = np_rand_below(r, kinds & TEST_CHANGE_RARE ? 18 : 15);
    if (kind < 6)
        remove_object(x, NETPOL_KIND_POD, "pod", number, space_of_pod(&x->put, number));
    else if (kind < 10)
        remove_object(x, NETPOL_KIND_NETWORK_POLICY, "p", number % N_POLICIES,
                      number % N_POLICIES % x->put.n_namespaces);
    else if (kind == 10)
        remove_object(x, NETPOL_KIND_NAMESPACE, "ns", number % N_SPACES, 0);
    else if (kind == 11)
        remove_object(x, NETPOL_KIND_NODE, "n", number % N_NODES, 0);
    else if (kind == 12)
        remove_object(x, NETPOL_KIND_SERVICE, "s", service, space_of(service));
    else if (kind == 13)
        remove_object(x, NETPOL_KIND_ENDPOINT_SLICE, "e", service, space_of(service));
    else if (kind == 14)
        remove_object(x,
                      kinds & TEST_CHANGE_TIERS ? NETPOL_KIND_CLUSTER_NETWORK_POLICY
                                                : NETPOL_KIND_ENDPOINTS,
                      kinds & TEST_CHANGE_TIERS ? "c" : "s", service, space_of(service));
    else if (kind == 15)
        remove_object(x, NETPOL_KIND_ENDPOINTS, "s", service, space_of(service));
    else
        remove_object(x, kind == 16 ? NETPOL_KIND_DEPLOYMENT : NETPOL_KIND_ADMIN_NETWORK_POLICY,
                      kind == 16 ? "d" : "c", number % 2, space_of(number));
}

/* A policy that asks for a label that controllers generate. */
static void asking_policy(test_cluster *c, np_rand *r)
{
    uint32_t number = np_rand_below(r, N_POLICIES);
    head(c, "networking.k8s.io/v1", "NetworkPolicy", "p", number, number % c->n_namespaces);
    test_say(c, "},\"spec\":{\"podSelector\":{\"matchLabels\":{\"pod-template-hash\":\"h0\"}}}}\n");
}

static void put_rare(test_cluster *c, np_rand *r)
{
    switch (np_rand_below(r, 6)) {
    case 0:
        asking_policy(c, r);
        return;
    case 1:
        node(c, r, true);
        return;
    case 2:
        service(c, r, true);
        return;
    case 3:
        workload(c, r);
        return;
    default:
        pod(c, r, true);
    }
}

static void put_something(test_cluster *c, np_rand *r, unsigned kinds)
{
    uint32_t kind = np_rand_below(r, 22);
    if (kinds & TEST_CHANGE_RARE && np_rand_once_in(r, 12))
        put_rare(c, r);
    else if (kinds & TEST_CHANGE_TIERS && np_rand_once_in(r, 8))
        test_object_cluster_policy(c, r, np_rand_below(r, 7));
    else if (kind < 8)
        pod(c, r, false);
    else if (kind < 14)
        test_object_policy(c, r, np_rand_below(r, N_POLICIES));
    else if (kind < 16)
        test_object_namespace(c, r, np_rand_below(r, N_SPACES));
    else if (kind < 18)
        node(c, r, false);
    else if (kind < 20)
        service(c, r, false);
    else if (kind == 20)
        slice(c, r);
    else
        endpoints(c, r);
}

test_change test_change_make(const test_cluster *whole, np_rand *r, unsigned kinds)
{
    test_change x = {.put = *whole};
    x.put.p = NULL;
    x.put.n = x.put.room = 0;
    if (np_rand_once_in(r, 3))
        remove_something(&x, r, kinds);
    else
        put_something(&x.put, r, kinds);
    return x;
}

void test_change_apply(const test_change *x, netpol_cluster *const *clusters, size_t n)
{
    netpol_manifests *m = NULL;
    for (size_t i = 0; x->put.n == 0 && i < n; i++) {
        netpol_status s = netpol_cluster_remove(clusters[i], x->kind, x->space, x->name);
        assert_true(s == NETPOL_OK || s == NETPOL_NOT_FOUND);
    }
    if (x->put.n == 0)
        return;
    assert_int_equal(netpol_manifests_new(NULL, &m), NETPOL_OK);
    netpol_status s = netpol_manifests_read_memory(m, "change", x->put.p, x->put.n, NULL);
    for (size_t i = 0; s == NETPOL_OK && i < n; i++)
        s = netpol_cluster_put(clusters[i], netpol_manifests_at(m, 0), NULL);
    if (s != NETPOL_OK)
        fail_msg("%s: %s", netpol_status_name(s), x->put.p);
    netpol_manifests_free(m);
}
