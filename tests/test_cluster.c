/* SPDX-License-Identifier: MIT */
#include "cluster.h"
#include "fixture.h"
#include "snapshot.h"

/* ---- objects made in memory ---- */

static netpol_object *pod(const char *space, const char *name)
{
    netpol_metadata meta = {.name = name, .namespace_name = space};
    netpol_pod tree = {.metadata = &meta};
    netpol_object *x = NULL;
    assert_int_equal(netpol_object_from_pod(&tree, NETPOL_VERSION, NULL, &x, NULL), NETPOL_OK);
    return x;
}

static netpol_object *policy(const char *space, const char *name, const char *cidr)
{
    netpol_metadata meta = {.name = name, .namespace_name = space};
    netpol_ip_block block = {.cidr = cidr};
    netpol_peer peer = {.ip_block = &block};
    const netpol_peer *peers[] = {&peer};
    netpol_rule rule = {.peers = peers, .n_peers = 1};
    const netpol_rule *rules[] = {&rule};
    netpol_policy_spec spec = {.ingress = rules, .n_ingress = 1};
    netpol_policy tree = {.metadata = &meta, .spec = &spec};
    netpol_object *x = NULL;
    assert_int_equal(netpol_object_from_policy(&tree, NETPOL_VERSION, NULL, &x, NULL), NETPOL_OK);
    return x;
}

static netpol_cluster *cluster(uint32_t flags)
{
    netpol_options o = {.size = sizeof o, .flags = flags};
    netpol_cluster *c = NULL;
    assert_int_equal(netpol_cluster_new(NULL, &o, &c, NULL), NETPOL_OK);
    return c;
}

static netpol_status put(netpol_cluster *c, netpol_object *x)
{
    netpol_status s = netpol_cluster_put(c, x, NULL);
    netpol_object_unref(x);
    return s;
}

static const netpol_object *find(const netpol_cluster *c, int32_t kind, const char *space,
                                 const char *name)
{
    return netpol_cluster_find(c, kind, space, name);
}

/* ---- put, find, remove ---- */

static void objects_are_found_by_kind_namespace_and_name(void **state)
{
    (void)state;
    netpol_cluster *c = cluster(0);
    assert_int_equal(put(c, pod("a", "x")), NETPOL_OK);
    assert_int_equal(put(c, pod("b", "x")), NETPOL_OK);
    assert_int_equal(put(c, pod(NULL, "x")), NETPOL_OK);
    assert_int_equal(put(c, policy("a", "x", "10.0.0.0/8")), NETPOL_OK);
    assert_non_null(find(c, NETPOL_KIND_POD, "a", "x"));
    assert_non_null(find(c, NETPOL_KIND_POD, "b", "x"));
    assert_non_null(find(c, NETPOL_KIND_NETWORK_POLICY, "a", "x"));
    assert_ptr_equal(find(c, NETPOL_KIND_POD, NULL, "x"), find(c, NETPOL_KIND_POD, "default", "x"));
    assert_ptr_not_equal(find(c, NETPOL_KIND_POD, "a", "x"), find(c, NETPOL_KIND_POD, "b", "x"));
    assert_null(find(c, NETPOL_KIND_NODE, NULL, "x"));
    assert_null(find(c, NETPOL_KIND_POD, "a", "y"));
    netpol_cluster_free(c);
}

static void putting_again_replaces(void **state)
{
    (void)state;
    netpol_cluster *c = cluster(0);
    netpol_object *old = pod("a", "x");
    netpol_object *new = pod("a", "x");
    assert_int_equal(netpol_cluster_put(c, old, NULL), NETPOL_OK);
    assert_int_equal(netpol_cluster_put(c, new, NULL), NETPOL_OK);
    assert_ptr_equal(find(c, NETPOL_KIND_POD, "a", "x"), new);
    assert_int_equal(netpol_cluster_remove(c, NETPOL_KIND_POD, "a", "x"), NETPOL_OK);
    assert_null(find(c, NETPOL_KIND_POD, "a", "x"));
    assert_int_equal(netpol_cluster_remove(c, NETPOL_KIND_POD, "a", "x"), NETPOL_NOT_FOUND);
    netpol_object_unref(old);
    netpol_object_unref(new);
    netpol_cluster_free(c);
}

/* Law: after any sequence of putting and removing, the cluster holds what a plain table says. */
static void putting_and_removing_agree_with_a_table(void **state)
{
    (void)state;
    enum { NAMES = 40 };
    bool there[NAMES] = {false};
    np_rand r = np_rand_from_env("NETPOL_SEED");
    netpol_cluster *c = cluster(0);
    for (int round = 0; round < np_rounds(4000); round++) {
        uint32_t i = np_rand_below(&r, NAMES);
        char name[16];
        snprintf(name, sizeof name, "pod-%u", (unsigned)i);
        if (np_rand_once_in(&r, 2)) {
            assert_int_equal(put(c, pod("a", name)), NETPOL_OK);
            there[i] = true;
        } else {
            netpol_status s = netpol_cluster_remove(c, NETPOL_KIND_POD, "a", name);
            if (s != (there[i] ? NETPOL_OK : NETPOL_NOT_FOUND))
                fail_msg("seed %" PRIu64 " round %d: %s", r.seed, round, netpol_status_name(s));
            there[i] = false;
        }
    }
    for (uint32_t i = 0; i < NAMES; i++) {
        char name[16];
        snprintf(name, sizeof name, "pod-%u", (unsigned)i);
        assert_int_equal(find(c, NETPOL_KIND_POD, "a", name) != NULL, there[i]);
    }
    netpol_cluster_free(c);
}

static void wrong_calls_are_misuse(void **state)
{
    (void)state;
    netpol_cluster *c = cluster(0);
    netpol_engine *e = NULL;
    netpol_semantics bad = {.size = sizeof bad, .own_node = 9};
    netpol_cluster_options how = {.size = sizeof how, .semantics = &bad};
    netpol_cluster *other = NULL;
    assert_int_equal(netpol_cluster_put(c, NULL, NULL), NETPOL_MISUSE);
    assert_int_equal(netpol_cluster_put_all(NULL, NULL, NULL), NETPOL_MISUSE);
    assert_int_equal(netpol_cluster_remove(c, 99, "a", "x"), NETPOL_MISUSE);
    assert_int_equal(netpol_cluster_compile(c, 7, &e, NULL), NETPOL_MISUSE);
    assert_int_equal(netpol_cluster_new(&how, NULL, &other, NULL), NETPOL_MISUSE);
    static const char *const missing[] = {NULL};
    const netpol_cluster_options no_list = {.size = sizeof no_list, .n_resolve = 3};
    const netpol_cluster_options no_text = {
        .size = sizeof no_text, .node_addresses = missing, .n_node_addresses = 1};
    const netpol_options odd_flag = {.size = sizeof odd_flag, .flags = 1u << 30};
    assert_int_equal(netpol_cluster_new(&no_list, NULL, &other, NULL), NETPOL_MISUSE);
    assert_int_equal(netpol_cluster_new(&no_text, NULL, &other, NULL), NETPOL_MISUSE);
    assert_int_equal(netpol_cluster_new(NULL, &odd_flag, &other, NULL), NETPOL_MISUSE);
    netpol_cluster_free(c);
    netpol_cluster_free(NULL);
}

/* ---- fail closed ---- */

static void an_invalid_policy_changes_nothing(void **state)
{
    (void)state;
    netpol_cluster *c = cluster(0);
    assert_int_equal(put(c, policy("a", "p", "10.0.0.0/8")), NETPOL_OK);
    assert_int_equal(put(c, policy("a", "p", "10.0.0.0/99")), NETPOL_INVALID);
    assert_non_null(find(c, NETPOL_KIND_NETWORK_POLICY, "a", "p"));
    netpol_cluster_free(c);
    c = cluster(NETPOL_KEEP_GOING);
    assert_int_equal(put(c, policy("a", "p", "10.0.0.0/8")), NETPOL_OK);
    assert_int_equal(put(c, policy("a", "p", "10.0.0.0/99")), NETPOL_OK);
    assert_null(find(c, NETPOL_KIND_NETWORK_POLICY, "a", "p"));
    assert_true(c->incomplete);
    netpol_cluster_free(c);
}

static void stored_policies_are_read_by_the_rules_of_their_time(void **state)
{
    (void)state;
    netpol_cluster *c = cluster(0);
    assert_int_equal(put(c, policy("a", "p", "10.0.0.5/8")), NETPOL_OK);
    netpol_cluster_free(c);
}

static const struct {
    const char *why;
    const char *text;
    const char *message; /* of the first diagnostic; NULL: it is accepted */
    uint32_t flags;
} lists[] = {
    {"a good list", "{apiVersion: v1, kind: Pod, metadata: {name: x}}", NULL, 0},
    {"a broken document",
     "{apiVersion: v1, kind: Pod, metadata: {name: x}}\n---\n{apiVersion: networking.k8s.io/v1, "
     "kind: NetworkPolicy, metadata: {name: p}, spec: {podSelectr: {}}}",
     "unknown field", 0},
    {"the same, going on",
     "{apiVersion: v1, kind: Pod, metadata: {name: x}}\n---\n{apiVersion: networking.k8s.io/v1, "
     "kind: NetworkPolicy, metadata: {name: p}, spec: {podSelectr: {}}}",
     NULL, NETPOL_KEEP_GOING},
    {"an invalid policy",
     "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p}, spec: "
     "{policyTypes: [Both]}}",
     "spec.policyTypes[0]: Unsupported value", 0},
    {"the same object twice",
     "{apiVersion: v1, kind: Pod, metadata: {name: x}}\n---\n{apiVersion: v1, kind: Pod, metadata: "
     "{name: x, namespace: default}}",
     "the same object is already in fixture, line 1", 0},
    {"two that are not the same",
     "{apiVersion: v1, kind: Pod, metadata: {name: x}}\n---\n{apiVersion: v1, kind: Pod, metadata: "
     "{name: x, namespace: other}}",
     NULL, 0},
    {"names to be generated are not the same",
     "{apiVersion: v1, kind: Pod, metadata: {generateName: x-}}\n---\n{apiVersion: v1, kind: Pod, "
     "metadata: {generateName: x-}}",
     NULL, 0},
    {"two running pods with one address",
     "{apiVersion: v1, kind: Pod, metadata: {name: x}, status: {phase: Running, podIP: "
     "10.0.0.1}}\n---\n{apiVersion: v1, kind: Pod, metadata: {name: y2}, status: {phase: Running, "
     "podIP: 10.0.0.1}}",
     "the address 10.0.0.1 is also that of the running pod default/x", 0},
    {"one of them runs no more",
     "{apiVersion: v1, kind: Pod, metadata: {name: x}, status: {phase: Failed, podIP: "
     "10.0.0.1}}\n---\n{apiVersion: v1, kind: Pod, metadata: {name: y2}, status: {phase: Running, "
     "podIP: 10.0.0.1}}",
     NULL, 0},
    {"one of them is pending",
     "{apiVersion: v1, kind: Pod, metadata: {name: x}, status: {phase: Pending, podIP: "
     "10.0.0.1}}\n---\n{apiVersion: v1, kind: Pod, metadata: {name: y2}, status: {phase: Running, "
     "podIP: 10.0.0.1}}",
     NULL, 0},
};

static void lists_are_put_all_or_not_at_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(lists); i++) {
        fixture_how how = {.flags = lists[i].flags};
        netpol_engine *e = NULL;
        netpol_diagnostics *d = netpol_diagnostics_new(NULL);
        netpol_status s = fixture_compile(lists[i].text, &how, &e, d);
        if ((s == NETPOL_OK) != (lists[i].message == NULL))
            fail_msg("%s: %s: %s", lists[i].why, netpol_status_name(s), fixture_message(d));
        if (lists[i].message && !strstr(fixture_message(d), lists[i].message))
            fail_msg("%s: %s", lists[i].why, fixture_message(d));
        netpol_engine_unref(e);
        netpol_diagnostics_free(d);
    }
}

static void foreign_policies_are_counted_and_marked(void **state)
{
    (void)state;
    static const char text[] =
        "{apiVersion: v1, kind: Pod, metadata: {name: x}}\n---\n"
        "{apiVersion: projectcalico.org/v3, kind: GlobalNetworkPolicy, metadata: {name: deny}}\n";
    netpol_engine *e = fixture_engine(text, &(fixture_how){.preset = NULL});
    static const fixture_row rows[] = {
        {"nobody knows what it says", "x", "192.0.2.1", NULL, "80", "allow foreign-policy"},
    };
    fixture_expect(e, rows, COUNT(rows));
    netpol_engine_unref(e);
}

/* ---- options ---- */

static const struct {
    const char *node_address;
    const char *resolve;
    bool good;
} options[] = {
    {"192.0.2.1", NULL, true},     {"n1=192.0.2.1", NULL, true},
    {"n1=fe80::1", NULL, true},    {"n1", NULL, false},
    {"192.0.2.1/32", NULL, false}, {NULL, "x.org=192.0.2.1,2001:db8::1", true},
    {NULL, "x.org=", false},       {NULL, "=192.0.2.1", false},
    {NULL, "x.org", false},        {NULL, "x.org=192.0.2.1,", false},
};

static void options_that_cannot_be_read_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(options); i++) {
        fixture_how how = {.node_address = options[i].node_address, .resolve = options[i].resolve};
        netpol_engine *e = NULL;
        netpol_status s = fixture_compile("", &how, &e, NULL);
        if (s != (options[i].good ? NETPOL_OK : NETPOL_INVALID))
            fail_msg("%s %s: %s", options[i].node_address ? options[i].node_address : "",
                     options[i].resolve ? options[i].resolve : "", netpol_status_name(s));
        netpol_engine_unref(e);
    }
}

static void presets_are_named_and_complete(void **state)
{
    (void)state;
    size_t n = 0;
    for (const char *name; (name = netpol_semantics_preset_name(n)); n++) {
        netpol_semantics s = {.size = sizeof s};
        assert_int_equal(netpol_semantics_preset(name, &s), NETPOL_OK);
        assert_string_equal(np_semantics_name(&s), name);
    }
    assert_int_equal(n, 9);
    netpol_semantics s = {.size = sizeof s};
    assert_int_equal(netpol_semantics_preset("flannel", &s), NETPOL_NOT_FOUND);
    s = (netpol_semantics){.size = sizeof s, .self = NETPOL_SELF_JUDGE};
    assert_string_equal(np_semantics_name(&s), "custom");
}

/* ---- engines and clusters ---- */

static void an_engine_outlives_its_cluster(void **state)
{
    (void)state;
    netpol_cluster *c = cluster(0);
    netpol_engine *e = NULL;
    assert_int_equal(put(c, pod("a", "x")), NETPOL_OK);
    assert_int_equal(netpol_cluster_compile(c, NETPOL_ENGINE_REFERENCE, &e, NULL), NETPOL_OK);
    assert_int_equal(netpol_cluster_remove(c, NETPOL_KIND_POD, "a", "x"), NETPOL_OK);
    netpol_cluster_free(c);
    uint32_t number;
    assert_int_equal(netpol_engine_pod_count(e), 1);
    assert_int_equal(netpol_engine_pod(e, "a", "x", &number), NETPOL_OK);
    netpol_engine_unref(netpol_engine_ref(e));
    netpol_engine_unref(e);
}

static bool stop(void *ctx)
{
    (void)ctx;
    return false;
}

static void a_long_compile_can_be_cancelled(void **state)
{
    (void)state;
    netpol_options o = {.size = sizeof o, .keep_going = stop};
    netpol_cluster *c = NULL;
    netpol_engine *e = NULL;
    assert_int_equal(netpol_cluster_new(NULL, &o, &c, NULL), NETPOL_OK);
    for (int i = 0; i < 5000; i++) {
        char name[16];
        snprintf(name, sizeof name, "pod-%d", i);
        assert_int_equal(put(c, pod("a", name)), NETPOL_OK);
    }
    assert_int_equal(netpol_cluster_compile(c, NETPOL_ENGINE_REFERENCE, &e, NULL),
                     NETPOL_CANCELLED);
    netpol_cluster_free(c);
}

/* ---- want of memory ---- */

static const char everything[] =
    "{apiVersion: v1, kind: Namespace, metadata: {name: a, labels: {team: x}}}\n---\n"
    "{apiVersion: v1, kind: Node, metadata: {name: n1}, status: {addresses: [{type: InternalIP, "
    "address: 192.0.2.1}, {type: Hostname, address: n1}]}}\n---\n"
    "{apiVersion: v1, kind: Pod, metadata: {name: p1, namespace: a, labels: {app: x}}, spec: "
    "{nodeName: n2, containers: [{name: m, ports: [{name: http, containerPort: 80}]}]}, status: "
    "{podIPs: [{ip: 10.0.0.1}, {ip: 'fd00::1'}], hostIPs: [{ip: 192.0.2.2}]}}\n---\n"
    "{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db, namespace: a}, spec: {replicas: "
    "3, "
    "template: {metadata: {labels: {app: db}}}}}\n---\n"
    "{apiVersion: batch/v1, kind: Job, metadata: {name: j, namespace: b}, spec: {template: "
    "{metadata: "
    "{labels: {app: j}}}}}\n---\n"
    "{apiVersion: v1, kind: Service, metadata: {name: s, namespace: a}, spec: {clusterIP: "
    "10.96.0.1, "
    "selector: {app: x}, ports: [{port: 80, targetPort: http}]}}\n---\n"
    "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: s-1, namespace: a, "
    "labels: "
    "{kubernetes.io/service-name: s}}, addressType: IPv4, endpoints: [{addresses: [10.0.0.1]}], "
    "ports: "
    "[{port: 80}]}\n---\n"
    "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: a}, "
    "spec: "
    "{podSelector: {matchLabels: {apps.kubernetes.io/pod-index: '0'}}, ingress: [{from: [{ipBlock: "
    "{cidr: 10.0.0.0/8}}]}]}}\n---\n"
    "{apiVersion: policy.networking.k8s.io/v1alpha2, kind: ClusterNetworkPolicy, metadata: {name: "
    "c}, "
    "spec: {tier: Admin, priority: 1, subject: {namespaces: {}}, egress: [{action: Accept, to: "
    "[{networks: [10.0.0.0/8]}]}]}}\n";

static netpol_status read_put_and_compile(const netpol_options *o, void *ctx)
{
    (void)ctx;
    fixture_how how = {.options = o, .node_address = "n1=192.0.2.9", .resolve = "x.org=192.0.2.8"};
    netpol_engine *e = NULL;
    netpol_status s = fixture_compile(everything, &how, &e, NULL);
    netpol_engine_unref(e);
    return s;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    assert_true(test_every_allocation_fails(read_put_and_compile, NULL) > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_are_found_by_kind_namespace_and_name),
        cmocka_unit_test(putting_again_replaces),
        cmocka_unit_test(putting_and_removing_agree_with_a_table),
        cmocka_unit_test(wrong_calls_are_misuse),
        cmocka_unit_test(an_invalid_policy_changes_nothing),
        cmocka_unit_test(stored_policies_are_read_by_the_rules_of_their_time),
        cmocka_unit_test(lists_are_put_all_or_not_at_all),
        cmocka_unit_test(foreign_policies_are_counted_and_marked),
        cmocka_unit_test(options_that_cannot_be_read_are_refused),
        cmocka_unit_test(presets_are_named_and_complete),
        cmocka_unit_test(an_engine_outlives_its_cluster),
        cmocka_unit_test(a_long_compile_can_be_cancelled),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
