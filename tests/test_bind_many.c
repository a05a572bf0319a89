/* SPDX-License-Identifier: MIT */
/* Many keys, many faults, no memory, and the cases of the oracle. */
#include "bind.h"

#include "findings.h"
#include "tree.h"

/* ---- many ---- */

/* Many labels take the way of the larger sort; of many faults not all are kept, and that is said.
 */
static void many_keys_and_many_faults_are_no_trouble(void **state)
{
    (void)state;
    np_buffer b;
    np_buffer_init(&b, &np_libc_allocator);
    np_buffer_text(&b, POLICY "metadata:\n  labels:\n");
    for (unsigned i = 0; i < 5000; i++)
        np_buffer_format(&b, "    k%04u: v\n", (i * 2731 + 17) % 5000);
    np_buffer_text(&b, "    k0100: again\nspec:\n");
    for (unsigned i = 0; i < 5000; i++)
        np_buffer_format(&b, "  f%04u: v\n", (i * 2731 + 17) % 5000);
    np_buffer_char(&b, '\0');
    netpol_manifests *m = test_read_with("x", b.p, 0);
    const netpol_diagnostics *d = netpol_manifests_diagnostics(m);
    assert_int_equal(netpol_diagnostics_count(d), 1 + 100 + 1);
    assert_int_equal(netpol_diagnostics_at(d, 0)->code, NP_CODE_DUPLICATE_KEY);
    assert_int_equal(netpol_diagnostics_at(d, 1)->code, NP_CODE_UNKNOWN_FIELD);
    assert_int_equal(netpol_diagnostics_at(d, 101)->code, NP_CODE_LIMIT);
    const netpol_object *x = netpol_manifests_document_at(m, 0)->object;
    assert_int_equal(netpol_object_metadata(x)->n_labels, 5000);
    assert_string_equal(netpol_object_metadata(x)->labels[100].value, "again");
    for (size_t i = 1; i < 5000; i++)
        assert_true(strcmp(netpol_object_metadata(x)->labels[i - 1].key,
                           netpol_object_metadata(x)->labels[i].key) < 0);
    uint32_t line;
    uint32_t column;
    assert_int_equal(netpol_object_locate(x, "metadata.labels.k0100", &line, &column), NETPOL_OK);
    assert_int_equal(line, 5005);
    np_buffer_free(&b);
    netpol_manifests_free(m);
}

#define JSON_SPEC                                                                                  \
    "{\"apiVersion\":\"networking.k8s.io/v1\",\"kind\":\"NetworkPolicy\",\"metadata\":{\"name\":"  \
    "\"a\"},\"spec\":{\"podSelector\":{}"
#define CLUSTER                                                                                    \
    "apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata:\n"

/* Two runs of unknown fields, whose names count up to `wrap`, and then again. */
static const struct {
    const char *why;
    const char *open, *close; /* around a name */
    const char *before;
    unsigned first, wrap;
    const char *between;
    unsigned second;
    const char *after;
    size_t said;
    const char *last; /* path */
} strict[] = {
    {"YAML, by path", "  f", ": 1\n", POLICY "spec:\n", 60, 60, "metadata:\n", 60, "", 100,
     "spec.f039"},
    {"exactly as many", "  f", ": 1\n", POLICY "spec:\n", 100, 100, "metadata: {name: a}\n", 0, "",
     100, "spec.f099"},
    {"JSON, by place", ",\"f", "\":1", JSON_SPEC, 60, 60, ",\"policyTypes\":[],\"policyTypes\":[]",
     0, "}}", 61, "spec.policyTypes"},
    {"JSON, each once", ",\"f", "\":1", JSON_SPEC, 150, 75, "", 0, "}}", 75, "spec.f074"},
    {"JSON, not more", ",\"f", "\":1", JSON_SPEC, 150, 150, ",\"ingress\":[],\"ingress\":[]", 0,
     "}}", 100, "spec.f099"},
    {"of a kind with a schema the metadata alone", "  f", ": 1\n", CLUSTER "  name: a\n", 150, 150,
     "spec:\n  tier: Admin\n  priority: 1\n  subject: {namespaces: {}}\n", 150, "", 250,
     "spec.f149"},
};

static void add_fields(np_buffer *b, const char *open, const char *close, unsigned n, unsigned wrap)
{
    for (unsigned i = 0; i < n; i++)
        np_buffer_format(b, "%s%03u%s", open, i % wrap, close);
}

/* As Go's decoder does. */
static void strict_faults_are_said_up_to_a_hundred(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(strict); i++) {
        np_buffer b;
        np_buffer_init(&b, &np_libc_allocator);
        np_buffer_text(&b, strict[i].before);
        add_fields(&b, strict[i].open, strict[i].close, strict[i].first, strict[i].wrap);
        np_buffer_text(&b, strict[i].between);
        add_fields(&b, strict[i].open, strict[i].close, strict[i].second, strict[i].wrap);
        np_buffer_add(&b, strict[i].after, strlen(strict[i].after) + 1);
        netpol_manifests *m = test_read_with("x", b.p, 0);
        const netpol_diagnostics *d = netpol_manifests_diagnostics(m);
        size_t n = netpol_diagnostics_count(d);
        const char *last = netpol_diagnostics_at(d, n - 1)->path;
        if (n != strict[i].said || strcmp(last, strict[i].last) != 0)
            fail_msg("%s: %zu, the last %s", strict[i].why, n, last);
        np_buffer_free(&b);
        netpol_manifests_free(m);
    }
}

/* ---- memory ---- */

static const char all_kinds_of_things[] = POLICY
    "metadata: {name: p, namespace: ns, labels: {b: c, a: d}, managedFields: [{fieldsV1: {a: "
    "[1, x]}}], finalizers: [a], generation: 3}\n"
    "spec:\n  podSelector: {matchLabels: {a: b}}\n  ingress:\n  - from:\n    - ipBlock: "
    "{cidr: 10.0.0.0/8, except: [10.1.0.0/16]}\n    ports: [{port: http, endPort: 5}]\n"
    "---\n" POLICY "metadata: {name: 5}\nspec: {foo: {a: 1, a: 2}, foo: 1, podselector: {}}\n"
    "---\n"
    "{apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: d}, data: {a: [b, 1.5]}}\n"
    "---\n"
    "{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: c}}\n"
    "---\n"
    "{apiVersion: v1, items: [{apiVersion: v1, kind: Pod, metadata: {name: x}}, 5, {kind: "
    "Pods, apiVersion: v1}], kind: List}\n"
    "---\n[broken\n";

static netpol_status read_everything(const netpol_options *o, void *ctx)
{
    netpol_options mine = *o;
    mine.flags = *(const uint32_t *)ctx;
    netpol_manifests *m = NULL;
    netpol_status s = netpol_manifests_new(&mine, &m);
    if (s)
        return s;
    s = netpol_manifests_read_memory(m, "x", all_kinds_of_things, sizeof all_kinds_of_things - 1,
                                     NULL);
    bool failed = s == NETPOL_NO_MEMORY;
    if (failed && (netpol_manifests_document_count(m) || netpol_manifests_broken(m)))
        fail_msg("something stayed");
    if (!failed && (s != NETPOL_INVALID || netpol_manifests_document_count(m) != 8))
        fail_msg("status %d, %zu documents", s, netpol_manifests_document_count(m));
    netpol_manifests_free(m);
    return failed ? s : NETPOL_OK;
}

static void any_allocation_may_fail(void **state)
{
    (void)state;
    static const uint32_t flags[] = {0, NETPOL_KEEP_OTHERS | NETPOL_KEEP_TEXT, NETPOL_LENIENT};
    for (size_t i = 0; i < COUNT(flags); i++) {
        uint32_t f = flags[i];
        assert_true(test_every_allocation_fails(read_everything, &f) > 20);
    }
}

/* ---- the oracle's cases ---- */

/* NULL past the end. */
static const tree_node *element(yaml_document_t *doc, const tree_node *list, size_t i)
{
    return i < tree_count(list) ? tree_at(doc, list, i) : NULL;
}

static void expect_strict(yaml_document_t *doc, const tree_node *list,
                          const netpol_document_info *info, const netpol_diagnostics *d,
                          const char *name)
{
    size_t i = 0;
    for (size_t k = 0; k < info->n_diagnostics; k++) {
        const netpol_diagnostic *x = netpol_diagnostics_at(d, info->first_diagnostic + k);
        if (x->stage != NETPOL_STAGE_STRICT)
            continue;
        const char *wanted = tree_text(element(doc, list, i));
        /* Duplicate keys of YAML come in one message there, with lines of their own. */
        bool duplicate = x->code == NP_CODE_DUPLICATE_KEY;
        if (!wanted || (duplicate ? !strstr(wanted, x->message) : strcmp(wanted, x->message) != 0))
            fail_msg("%s: %s, not %s", name, x->message, wanted);
        i++;
    }
    if (element(doc, list, i))
        fail_msg("%s: %s is not found", name, tree_text(element(doc, list, i)));
}

static bool has_text(yaml_document_t *doc, const tree_node *result, const char *key)
{
    const char *text = tree_text(tree_get(doc, result, key));
    return text && *text;
}

/* Whether the document is of no type that can be read, as the oracle sees it. */
static bool is_undecodable(yaml_document_t *doc, const tree_node *result)
{
    return has_text(doc, result, "client_error") ||
           element(doc, tree_get(doc, result, "decode_errors"), 0);
}

static bool has_type_fault(const netpol_document_info *info, const netpol_diagnostics *d)
{
    for (size_t k = 0; k < info->n_diagnostics; k++)
        if (netpol_diagnostics_at(d, info->first_diagnostic + k)->stage <= NETPOL_STAGE_TYPE)
            return true;
    return false;
}

static void check_case(yaml_document_t *doc)
{
    const tree_node *root = tree_root(doc);
    const char *name = tree_text(tree_get(doc, root, "name"));
    const tree_node *expect = tree_get(doc, root, "expect");
    netpol_manifests *m = test_read_with("x", tree_text(tree_get(doc, root, "yaml")), 0);
    const netpol_diagnostics *d = netpol_manifests_diagnostics(m);
    const tree_node *result;
    size_t i = 0;
    for (; (result = element(doc, expect, i)); i++) {
        const netpol_document_info *info = netpol_manifests_document_at(m, i);
        if (!info)
            fail_msg("%s: document %zu is not there", name, i);
        /* The oracle knows one kind, we know more. */
        if (strcmp(info->kind, "Pod") == 0)
            continue;
        if (is_undecodable(doc, result) != has_type_fault(info, d))
            fail_msg("%s: document %zu is %s", name, i,
                     has_type_fault(info, d) ? "refused" : "accepted");
        if (!is_undecodable(doc, result))
            expect_strict(doc, tree_get(doc, result, "strict_errors"), info, d, name);
    }
    if (netpol_manifests_document_count(m) != i)
        fail_msg("%s: %zu documents, not %zu", name, netpol_manifests_document_count(m), i);
    netpol_manifests_free(m);
}

static void the_oracle_agrees(void **state)
{
    (void)state;
    size_t n;
    char *cases = test_read_file_if_any("../shared/cases/validation/cases.jsonl", &n);
    if (!cases)
        skip();
    size_t count = 0;
    for (char *line = strtok(cases, "\n"); line; line = strtok(NULL, "\n"), count++) {
        yaml_document_t doc;
        if (!tree_read(&doc, line, strlen(line)))
            fail_msg("case %zu is not read", count);
        check_case(&doc);
        yaml_document_delete(&doc);
    }
    assert_true(count > 100);
    free(cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_keys_and_many_faults_are_no_trouble),
        cmocka_unit_test(strict_faults_are_said_up_to_a_hundred),
        cmocka_unit_test(any_allocation_may_fail),
        cmocka_unit_test(the_oracle_agrees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
