/* SPDX-License-Identifier: MIT */
/* What becomes of the documents of a text. */
#include "manifests.h"

#include "documents.h"

/* ---- documents ---- */

static const struct {
    const char *why;
    uint32_t flags;
    const char *text;
    netpol_status status;
    const char *documents;
} texts[] = {
    {"nothing", 0, "", NETPOL_OK, ""},
    {"comments, separators and nulls", 0, "# a\n---\n---\nnull\n---\n", NETPOL_OK, ""},
    {"two documents", 0, "---\n" POLICY("a") "---\n# c\n" POLICY("b"), NETPOL_OK,
     "t:0 2 O networking.k8s.io/v1 NetworkPolicy /a 0 x\n"
     "t:1 7 O networking.k8s.io/v1 NetworkPolicy /b 0 x\n"},
    {"JSON values one after another", 0,
     "{\"apiVersion\":\"v1\",\"kind\":\"Pod\"}{\"apiVersion\":\"v1\",\"kind\":\"Node\"}", NETPOL_OK,
     "t:0 1 O v1 Pod / 0 x\n"
     "t:1 1 O v1 Node / 0 x\n"},
    {"a broken document does not hide the next", 0, POLICY("a") "spec: {\n---\n" POLICY("b"),
     NETPOL_INVALID,
     "t:0 1 B networking.k8s.io/v1 NetworkPolicy /a 1\n"
     "t:1 6 O networking.k8s.io/v1 NetworkPolicy /b 0 x\n"},
    {"of strict faults alone the rest is kept", 0, POLICY("a") "foo: 1\n", NETPOL_INVALID,
     "t:0 1 B networking.k8s.io/v1 NetworkPolicy /a 1 x\n"},
    {"of a wrong type nothing is kept but the name", 0, POLICY("a") "spec: 1\n", NETPOL_INVALID,
     "t:0 1 B networking.k8s.io/v1 NetworkPolicy /a 1\n"},
    {"other kinds and other systems", 0,
     "{apiVersion: v1, kind: Secret, metadata: {name: a, namespace: ns}, data: {x: 1, x: 2}}\n---\n"
     "{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: b}}\n",
     NETPOL_OK,
     "t:0 1 S v1 Secret ns/a 0\n"
     "t:1 3 F cilium.io/v2 CiliumNetworkPolicy /b 1\n"},
    {"the same, kept", NETPOL_KEEP_OTHERS,
     "{apiVersion: v1, kind: Secret, metadata: {name: a, namespace: ns}, data: {x: 1, x: 2}}\n---\n"
     "{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: b}}\n",
     NETPOL_OK,
     "t:0 1 S v1 Secret ns/a 0 x\n"
     "t:1 3 F cilium.io/v2 CiliumNetworkPolicy /b 1 x\n"},
    {"a kind that no JSON can hold", NETPOL_KEEP_OTHERS,
     "{apiVersion: v1, kind: Secret, data: {x: .inf}}\n", NETPOL_INVALID,
     "t:0 1 B v1 Secret / 1\n"},
    {"a broken document that would have been kept", NETPOL_KEEP_OTHERS,
     "{apiVersion: v1, kind: Secret, data: [", NETPOL_INVALID, "t:0 1 B v1 Secret / 1\n"},
    {"a wrong kind in a broken text", 0,
     "apiVersion: extensions/v1beta1\nkind: NetworkPolicy\nx: [\n", NETPOL_INVALID,
     "t:0 1 B extensions/v1beta1 NetworkPolicy / 1\n"},
    {"names that are no names", 0,
     "{apiVersion: v1, kind: Secret, metadata: {name: [a], namespace: 5}}", NETPOL_OK,
     "t:0 1 S v1 Secret / 0\n"},
    {"metadata that is none", 0, "{apiVersion: v1, kind: Secret, metadata: text}", NETPOL_OK,
     "t:0 1 S v1 Secret / 0\n"},

    /* lists */
    {"a List", 0,
     "apiVersion: v1\nkind: List\nmetadata: {resourceVersion: ''}\nitems:\n- {apiVersion: v1, "
     "kind: "
     "Pod, metadata: {name: a}}\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: b}}\n",
     NETPOL_OK,
     "t:0.0 5 O v1 Pod /a 0 x\n"
     "t:0.1 6 S v1 ConfigMap /b 0\n"},
    {"as kubectl prints it, kind last", 0,
     "{\"apiVersion\": \"v1\", \"items\": [\n{\"apiVersion\": \"v1\", \"kind\": \"Pod\"},\n"
     "{\"metadata\": {\"name\": \"late\"}, \"spec\": {\"containers\": [{}]}, \"kind\": \"Pod\", "
     "\"apiVersion\": \"v1\"}\n], \"kind\": \"List\"}",
     NETPOL_OK,
     "t:0.0 2 O v1 Pod / 0 x\n"
     "t:0.1 3 O v1 Pod /late 0 x\n"},
    {"a typed list, whose items may leave their type out", 0,
     "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicyList\nitems:\n- metadata: {name: a}\n- "
     "{kind: NetworkPolicy, metadata: {name: b}}\n- {apiVersion: v1, metadata: {name: c}}\n",
     NETPOL_INVALID,
     "t:0.0 4 O networking.k8s.io/v1 NetworkPolicy /a 0 x\n"
     "t:0.1 5 O networking.k8s.io/v1 NetworkPolicy /b 0 x\n"
     "t:0.2 6 B v1 NetworkPolicy / 1\n"},
    {"other typed lists", 0, "{apiVersion: apps/v1, kind: DeploymentList, items: [{}]}", NETPOL_OK,
     "t:0.0 1 O apps/v1 Deployment / 0 x\n"},
    {"a list of an unknown kind", 0, "{apiVersion: v1, kind: ConfigMapList, items: [{}]}",
     NETPOL_OK, "t:0 1 S v1 ConfigMapList / 0\n"},
    {"items of null", 0, "{apiVersion: v1, kind: List, items: null}", NETPOL_OK, ""},
    {"no items", 0, "{apiVersion: v1, kind: List}", NETPOL_INVALID, "t:0 1 B v1 List / 1\n"},
    {"items that are no list", 0, "{apiVersion: v1, kind: List, items: {a: b}}", NETPOL_INVALID,
     "t:0 1 B v1 List / 1\n"},
    {"items that are no objects", 0, "apiVersion: v1\nkind: List\nitems: [null, a, [], {}]\n",
     NETPOL_INVALID,
     "t:0.0 3 B   / 1\n"
     "t:0.1 3 B   / 1\n"
     "t:0.2 3 B   / 1\n"
     "t:0.3 3 B   / 1\n"},
    {"a List in a List", 0,
     "{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: List, items: []}, {apiVersion: "
     "v1, "
     "kind: Pod}]}",
     NETPOL_INVALID,
     "t:0.0 1 B v1 List / 1\n"
     "t:0.1 1 O v1 Pod / 0 x\n"},
    {"faults of an item", 0,
     "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, metadata: {name: 5}}\n- "
     "{apiVersion: v1, kind: Pod, metadata: {name: b, x: 1}}\n",
     NETPOL_INVALID,
     "t:0.0 4 B v1 Pod / 1\n"
     "t:0.1 5 B v1 Pod /b 1 x\n"},
    {"of a list with something that has no form in JSON nothing is kept", 0,
     "{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: Pod}, {apiVersion: v1, kind: "
     "Pod, "
     "metadata: {labels: {a: .inf}}}, {apiVersion: v1, kind: Pod}]}",
     NETPOL_INVALID, "t:0 1 B v1 List / 1\n"},
    {"of a list that breaks off nothing is kept", 0,
     POLICY(
         "a") "---\n{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: Pod}, {apiVersion: "
              "v1, kind: Node}\n---\n" POLICY("b"),
     NETPOL_INVALID,
     "t:0 1 O networking.k8s.io/v1 NetworkPolicy /a 0 x\n"
     "t:1 5 B v1 List / 1\n"
     "t:2 7 O networking.k8s.io/v1 NetworkPolicy /b 0 x\n"},
};

static void documents_follow_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        netpol_manifests *m = test_empty_list((netpol_options){.flags = texts[i].flags});
        netpol_status s = test_list_read(m, texts[i].text);
        if (s != texts[i].status)
            fail_msg("%s: status %d", texts[i].why, s);
        test_expect_documents(texts[i].why, m, texts[i].documents);
        netpol_manifests_free(m);
    }
}

static void the_counts_tell_what_became_of_the_documents(void **state)
{
    (void)state;
    netpol_manifests *m = test_empty_list((netpol_options){0});
    netpol_diagnostics *d = netpol_diagnostics_new(NULL);
    const char text[] = POLICY("a") "---\n" POLICY(
        "b") "foo: 1\n---\nx: [\n---\n"
             "{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy}\n---\n"
             "{apiVersion: v1, kind: Secret}\n";
    assert_int_equal(netpol_manifests_read_memory(m, NULL, text, sizeof text - 1, d),
                     NETPOL_INVALID);
    assert_int_equal(netpol_manifests_count(m), 1);
    assert_int_equal(netpol_manifests_broken(m), 2);
    assert_int_equal(netpol_manifests_foreign(m), 1);
    assert_int_equal(netpol_manifests_document_count(m), 5);
    assert_string_equal(netpol_object_name(netpol_manifests_at(m, 0)), "a");
    assert_null(netpol_manifests_at(m, 1));
    assert_null(netpol_manifests_document_at(m, 5));
    const netpol_diagnostics *all = netpol_manifests_diagnostics(m);
    assert_int_equal(netpol_diagnostics_count(all), 3);
    assert_int_equal(netpol_diagnostics_count(d), 3);
    assert_string_equal(netpol_diagnostics_at(d, 0)->source, "<memory>");
    assert_string_equal(netpol_diagnostics_at(d, 0)->object, "NetworkPolicy b");
    assert_int_equal(netpol_diagnostics_at(d, 0)->document, 1);
    assert_int_equal(netpol_diagnostics_at(d, 0)->item, -1);
    for (size_t i = 1; i < 4; i++) {
        const netpol_document_info *info = netpol_manifests_document_at(m, i);
        assert_int_equal(info->n_diagnostics, 1);
        assert_int_equal(netpol_diagnostics_at(all, info->first_diagnostic)->document, i);
    }
    assert_int_equal(netpol_diagnostics_at(d, 2)->severity, NETPOL_WARNING);
    netpol_diagnostics_free(d);
    netpol_manifests_free(m);
}

static void objects_outlive_the_list(void **state)
{
    (void)state;
    netpol_manifests *m = test_empty_list((netpol_options){0});
    assert_int_equal(test_list_read(m, POLICY("a")), NETPOL_OK);
    netpol_object *x = netpol_object_ref(netpol_manifests_at(m, 0));
    netpol_manifests *other = test_empty_list((netpol_options){0});
    assert_int_equal(netpol_manifests_add(other, x), NETPOL_OK);
    netpol_manifests_free(m);
    netpol_object_unref(x);
    test_expect_documents("added", other, "t:0 1 O networking.k8s.io/v1 NetworkPolicy /a 0 x\n");
    assert_string_equal(netpol_object_source(netpol_manifests_at(other, 0)), "t");
    netpol_manifests_free(other);
}

static void misuse_is_told_at_the_border(void **state)
{
    (void)state;
    netpol_manifests *m = test_empty_list((netpol_options){0});
    netpol_options bad = {.size = 3};
    netpol_manifests *none = NULL;
    assert_int_equal(netpol_manifests_new(&bad, &none), NETPOL_MISUSE);
    assert_int_equal(netpol_manifests_new(NULL, NULL), NETPOL_MISUSE);
    assert_int_equal(netpol_manifests_read(NULL, "x", NULL), NETPOL_MISUSE);
    assert_int_equal(netpol_manifests_read(m, NULL, NULL), NETPOL_MISUSE);
    assert_int_equal(netpol_manifests_read_memory(m, "x", NULL, 1, NULL), NETPOL_MISUSE);
    assert_int_equal(netpol_manifests_read_memory(m, "x", NULL, 0, NULL), NETPOL_OK);
    assert_int_equal(netpol_manifests_add(m, NULL), NETPOL_MISUSE);
    assert_int_equal(netpol_manifests_count(NULL), 0);
    assert_int_equal(netpol_manifests_document_count(NULL), 0);
    assert_int_equal(netpol_manifests_broken(NULL), 0);
    assert_int_equal(netpol_manifests_foreign(NULL), 0);
    assert_null(netpol_manifests_at(NULL, 0));
    assert_null(netpol_manifests_diagnostics(NULL));
    netpol_manifests_free(NULL);
    netpol_manifests_free(m);
}

static void what_has_no_whole_typed_form_is_kept_as_it_is(void **state)
{
    (void)state;
    netpol_manifests *m = test_empty_list((netpol_options){.flags = NETPOL_KEEP_OTHERS});
    static const char pod[] =
        "# a pod\napiVersion: v1\nkind: Pod\nspec: {volumes: [b, a]} # here\n";
    char text[300];
    (void)snprintf(text, sizeof text,
                   "%s---\n" POLICY("a") "---\n{\"apiVersion\":\"v1\",\"kind\":"
                                         "\"Secret\"}\n",
                   pod);
    assert_int_equal(test_list_read(m, text), NETPOL_OK);
    const netpol_object *x = netpol_manifests_at(m, 0);
    assert_non_null(netpol_object_pod(x));
    assert_int_equal(x->value->n, 3);
    assert_true(np_slice_is(x->text, pod));
    assert_null(netpol_manifests_at(m, 1)->value);
    assert_int_equal(netpol_manifests_at(m, 1)->text.n, 0);
    assert_int_equal(netpol_object_kind(netpol_manifests_at(m, 2)), NETPOL_KIND_OTHER);
    assert_string_equal(netpol_object_kind_name(netpol_manifests_at(m, 2)), "Secret");
    netpol_manifests_free(m);
}

/* ---- limits ---- */

static void limits_are_kept(void **state)
{
    (void)state;
    const char two[] = POLICY("a") "---\n" POLICY("b");
    static const struct {
        const char *why;
        netpol_options o;
        size_t count;
    } limits[] = {
        {"bytes", {.max_bytes = 50}, 0},
        {"documents", {.max_documents = 1}, 1},
        {"memory", {.max_memory = 1000}, 1},
    };
    for (size_t i = 0; i < COUNT(limits); i++) {
        netpol_manifests *m = test_empty_list(limits[i].o);
        netpol_status s = test_list_read(m, two);
        if (s != NETPOL_LIMIT || netpol_manifests_count(m) != limits[i].count ||
            netpol_manifests_broken(m) != 1 ||
            netpol_diagnostics_count(netpol_manifests_diagnostics(m)) != 1)
            fail_msg("%s: status %d, %zu objects, %zu broken, %zu diagnostics", limits[i].why, s,
                     netpol_manifests_count(m), netpol_manifests_broken(m),
                     netpol_diagnostics_count(netpol_manifests_diagnostics(m)));
        assert_int_equal(netpol_diagnostics_at(netpol_manifests_diagnostics(m), 0)->code,
                         NP_CODE_LIMIT);
        netpol_manifests_free(m);
    }
}

/* What passes a limit of one document breaks that one alone. */
static void a_document_too_deep_does_not_hide_the_next(void **state)
{
    (void)state;
    netpol_manifests *m = test_empty_list((netpol_options){.max_depth = 5});
    assert_int_equal(
        test_list_read(m, POLICY("a") "spec: {ingress: [{ports: [[[]]]}]}\n---\n" POLICY("b")),
        NETPOL_LIMIT);
    test_expect_documents("too deep", m,
                          "t:0 1 B networking.k8s.io/v1 NetworkPolicy /a 1\n"
                          "t:1 6 O networking.k8s.io/v1 NetworkPolicy /b 0 x\n");
    netpol_manifests_free(m);
}

static bool stop_at_once(void *ctx)
{
    (void)ctx;
    return false;
}

static void a_cancelled_read_adds_nothing(void **state)
{
    (void)state;
    np_buffer b;
    np_buffer_init(&b, &np_libc_allocator);
    for (int i = 0; i < 3000; i++)
        np_buffer_text(&b, POLICY("a") "---\n");
    netpol_manifests *m = test_empty_list((netpol_options){.keep_going = stop_at_once});
    assert_int_equal(netpol_manifests_read_memory(m, "x", b.p, b.n, NULL), NETPOL_CANCELLED);
    assert_int_equal(netpol_manifests_document_count(m), 0);
    assert_int_equal(netpol_manifests_count(m), 0);
    assert_int_equal(netpol_manifests_broken(m), 0);
    netpol_manifests_free(m);
    np_buffer_free(&b);
}

/* ---- memory ---- */

/* A million small documents must not cost a list that is copied again and again, nor objects that
 * take more than they need. */
static void a_policy_takes_little_memory_and_few_allocations(void **state)
{
    (void)state;
    static const char policy[] =
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: allow-web\n"
        "  namespace: shop\n  labels:\n    app.kubernetes.io/name: web\n    "
        "app.kubernetes.io/part-of: "
        "shop\nspec:\n  podSelector:\n    matchLabels:\n      app.kubernetes.io/name: web\n"
        "  policyTypes:\n  - Ingress\n  - Egress\n  ingress:\n  - from:\n    - namespaceSelector:\n"
        "        matchLabels:\n          kubernetes.io/metadata.name: ingress-nginx\n      "
        "podSelector:\n        matchLabels:\n          app.kubernetes.io/name: ingress-nginx\n"
        "    - podSelector:\n        matchLabels:\n          app.kubernetes.io/name: cart\n"
        "    ports:\n    - protocol: TCP\n      port: 8080\n    - protocol: TCP\n      port: "
        "metrics\n"
        "  egress:\n  - to:\n    - podSelector:\n        matchLabels:\n          "
        "app.kubernetes.io/name: db\n    ports:\n    - protocol: TCP\n      port: 5432\n  - to:\n"
        "    - ipBlock:\n        cidr: 10.0.0.0/8\n        except:\n        - 10.1.0.0/16\n        "
        "- 10.2.0.0/16\n    ports:\n    - protocol: UDP\n      port: 53\n---\n";
    enum { MANY = 1000 };
    np_buffer b;
    np_buffer_init(&b, &np_libc_allocator);
    for (int i = 0; i < MANY; i++)
        np_buffer_text(&b, policy);
    test_memory memory;
    test_memory_ready(&memory);
    netpol_manifests *m = test_empty_list((netpol_options){.allocator = &memory.allocator});
    assert_int_equal(netpol_manifests_read_memory(m, "x", b.p, b.n, NULL), NETPOL_OK);
    assert_int_equal(netpol_manifests_count(m), MANY);
    size_t bytes = memory.live_bytes / MANY;
    if (sizeof policy > 1300 || bytes > 2000 || memory.calls > MANY + MANY / 2)
        fail_msg("%zu bytes for a policy of %zu, %zu allocations for %d", bytes, sizeof policy,
                 memory.calls, MANY);
    netpol_manifests_free(m);
    test_memory_expect_empty(&memory);
    np_buffer_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents_follow_the_table),
        cmocka_unit_test(the_counts_tell_what_became_of_the_documents),
        cmocka_unit_test(objects_outlive_the_list),
        cmocka_unit_test(misuse_is_told_at_the_border),
        cmocka_unit_test(what_has_no_whole_typed_form_is_kept_as_it_is),
        cmocka_unit_test(limits_are_kept),
        cmocka_unit_test(a_document_too_deep_does_not_hide_the_next),
        cmocka_unit_test(a_cancelled_read_adds_nothing),
        cmocka_unit_test(a_policy_takes_little_memory_and_few_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
