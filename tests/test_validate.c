/* SPDX-License-Identifier: MIT */
#include "validate_rows.h"

#include "tree.h"

#include "diag.h"

#include <netpol.h>

/* ---- reading and checking ---- */

static netpol_manifests *read_text(const char *text, size_t n, const netpol_options *o)
{
    netpol_manifests *m = NULL;
    assert_int_equal(netpol_manifests_new(o, &m), NETPOL_OK);
    (void)netpol_manifests_read_memory(m, "test", text, n, NULL);
    return m;
}

static const netpol_object *object_of(const netpol_manifests *m)
{
    const netpol_document_info *info = netpol_manifests_document_at(m, 0);
    return info ? info->object : NULL;
}

/* Codes that some test has met: each must have a case. */
enum { CODES = 1000 };
static bool met[CODES];

/* What is said of `text`, which may replace `old`. The list is the caller's. */
static netpol_diagnostics *check(const char *why, const char *text, const char *old, uint32_t flags,
                                 netpol_status *status)
{
    netpol_options o = {.size = sizeof o, .flags = flags};
    /* What a channel does not know is told of objects that hold it, too. */
    netpol_options all = {.size = sizeof all, .flags = flags & ~(uint32_t)NETPOL_STANDARD_CHANNEL};
    netpol_diagnostics *d = netpol_diagnostics_new(&o);
    netpol_manifests *now = read_text(text, strlen(text), &all);
    netpol_manifests *before = old ? read_text(old, strlen(old), &all) : NULL;
    if (!object_of(now) || (old && !object_of(before)))
        fail_msg("%s: there is no object", why);
    *status = netpol_object_validate(object_of(now), old ? object_of(before) : NULL, &o, d);
    /* Whoever reads no texts is told the same. */
    if (netpol_object_validate(object_of(now), old ? object_of(before) : NULL, &o, NULL) != *status)
        fail_msg("%s: the answer hangs on whether texts are read", why);
    netpol_manifests_free(now);
    netpol_manifests_free(before);
    for (size_t i = 0; i < netpol_diagnostics_count(d); i++)
        met[netpol_diagnostics_at(d, i)->code % CODES] = true;
    return d;
}

static const char *message_at(const netpol_diagnostics *d, size_t i)
{
    return i < netpol_diagnostics_count(d) ? netpol_diagnostics_at(d, i)->message : NULL;
}

static void expect(const char *why, const char *text, const char *old, uint32_t flags,
                   const char *const messages[MOST_MESSAGES])
{
    netpol_status status;
    netpol_diagnostics *d = check(why, text, old, flags, &status);
    for (size_t i = 0; i < MOST_MESSAGES; i++) {
        const char *got = message_at(d, i);
        if ((got && messages[i]) ? strcmp(got, messages[i]) != 0 : got != messages[i])
            fail_msg("%s: message %zu is %s\nnot %s", why, i, got ? got : "none",
                     messages[i] ? messages[i] : "none");
    }
    bool errors = np_diag_errors(d, 0) > 0;
    if (status != (errors ? NETPOL_INVALID : NETPOL_OK))
        fail_msg("%s: status %d", why, status);
    netpol_diagnostics_free(d);
}

static void expect_rows(const row *rows, size_t n, uint32_t flags)
{
    for (size_t i = 0; i < n; i++)
        expect(rows[i].why, rows[i].text, NULL, flags, rows[i].messages);
}

static void policies_are_answered_as_by_the_server(void **state)
{
    (void)state;
    expect_rows(policies, COUNT(policies), 0);
}

static void tolerance_turns_errors_into_warnings(void **state)
{
    (void)state;
    expect_rows(tolerant_policies, COUNT(tolerant_policies), NETPOL_TOLERANT_CIDR);
}

static void cluster_policies_follow_their_schemas(void **state)
{
    (void)state;
    expect_rows(cluster_policies, COUNT(cluster_policies), 0);
}

static void updates_let_through_what_was_there(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(updates); i++)
        expect(updates[i].why, updates[i].now, updates[i].old, 0, updates[i].messages);
}

static const row standard_policies[] = {
    {"nodes and domain names are unknown",
     CLUSTER_EGRESS("action: Deny, to: [{nodes: {}}, {namespaces: {}, domainNames: [com]}]"),
     {"unknown field \"spec.egress[0].to[0].nodes\"",
      "unknown field \"spec.egress[0].to[1].domainNames\"",
      "spec.egress[0].to[0]: Invalid value: 0: spec.egress[0].to[0] in body should have at least 1 "
      "properties"}},
    {"they are even if they are null",
     CLUSTER_EGRESS("action: Deny, to: [{namespaces: {}, nodes: null}, {domainNames: ~, pods: "
                    "{podSelector: {}}}]"),
     {"unknown field \"spec.egress[0].to[0].nodes\"",
      "unknown field \"spec.egress[0].to[1].domainNames\""}},
    {"a named port of a network is let through",
     CLUSTER_EGRESS("action: Deny, to: [{networks: [10.0.0.0/8]}], protocols: "
                    "[{destinationNamedPort: web}]"),
     {NULL}},
    {"named ports of v1alpha1 are unknown",
     ADMIN_PORT("namedPort: web, portNumber: {port: 80}"),
     {"unknown field \"spec.egress[0].ports[0].namedPort\""}},
};

static void the_standard_channel_knows_less(void **state)
{
    (void)state;
    expect_rows(standard_policies, COUNT(standard_policies), NETPOL_STANDARD_CHANNEL);
}

/* ---- what is too long for a table ---- */

static const char *fill(test_text *t, const char *before, const char *each, size_t times,
                        const char *after)
{
    netpol_sink to = test_text_sink(t);
    (void)to.write(to.ctx, before, strlen(before));
    for (size_t i = 0; i < times; i++)
        (void)to.write(to.ctx, each, strlen(each));
    (void)to.write(to.ctx, after, strlen(after));
    return test_text_of(t);
}

static const struct {
    const char *why;
    const char *before;
    const char *each;
    size_t times;
    const char *after;
    const char *messages[MOST_MESSAGES];
} long_texts[] = {
    {"annotations of 256 KiB",
     "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: p\n  annotations: "
     "{big: ",
     "x",
     262144 - 3,
     "}\n",
     {NULL}},
    {"annotations of one byte more",
     "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: p\n  annotations: "
     "{big: ",
     "x",
     262144 - 2,
     "}\n",
     {"metadata.annotations: Too long: may not be more than 262144 bytes"}},
    {"twenty-five rules",
     CUSTOM("v1alpha2", "ClusterNetworkPolicy",
            "metadata: {name: p}\n") "spec: {tier: Admin, priority: 1, subject: {namespaces: {}}, "
                                     "ingress: [",
     "{action: Deny, from: [{namespaces: {}}]},",
     25,
     "]}\n",
     {NULL}},
    {"twenty-six rules",
     CUSTOM("v1alpha2", "ClusterNetworkPolicy",
            "metadata: {name: p}\n") "spec: {tier: Admin, priority: 1, subject: {namespaces: {}}, "
                                     "ingress: [",
     "{action: Deny, from: [{namespaces: {}}]},",
     26,
     "]}\n",
     {UNCHECKED, "spec.ingress: Too many: 26: must have at most 25 items"}},
    {"a hundred peers are good in v1alpha1",
     CUSTOM("v1alpha1", "AdminNetworkPolicy",
            "metadata: {name: p}\n") "spec: {priority: 1, subject: {namespaces: {}}, ingress: "
                                     "[{action: Deny, from: [",
     "{namespaces: {}},",
     100,
     "]}]}\n",
     {NULL}},
};

static void long_texts_meet_their_limits(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(long_texts); i++) {
        test_text t = {0};
        const char *text = fill(&t, long_texts[i].before, long_texts[i].each, long_texts[i].times,
                                long_texts[i].after);
        expect(long_texts[i].why, text, NULL, 0, long_texts[i].messages);
        test_text_free(&t);
    }
}

/* Each character that cannot be printed is said with the whole text, so the texts would grow as the
 * square of the input. */
static void the_texts_of_one_object_are_bounded(void **state)
{
    (void)state;
    test_text t = {0};
    const char *text = fill(
        &t,
        POLICY("metadata:\n  name: p\n  managedFields:\n  - operation: Update\n    manager: \""),
        "\\a", 10000, "\"\n");
    netpol_status status;
    netpol_diagnostics *d = check("a manager", text, NULL, 0, &status);
    size_t bytes = 0;
    for (size_t i = 0; i < netpol_diagnostics_count(d); i++)
        bytes += strlen(message_at(d, i));
    assert_int_equal(status, NETPOL_INVALID);
    assert_true(bytes > (size_t)3 << 20 && bytes < (size_t)5 << 20);
    assert_int_equal(netpol_diagnostics_count(d) + netpol_diagnostics_dropped(d), 10001);
    netpol_diagnostics_free(d);
    test_text_free(&t);
}

/* ---- places and hints ---- */

static const struct {
    const char *why;
    const char *text;
    const char *path;
    uint32_t line;
    uint32_t column;
    const char *hint;
} places[] = {
    {"a field",
     POLICY("metadata:\n  name: p\nspec:\n  ingress:\n  - ports:\n    - port: 80\n      endPort: "
            "79\n"),
     "spec.ingress[0].ports[0].endPort", 9, 16, NULL},
    {"an absent field stands where its owner does",
     POLICY("metadata:\n  name: p\nspec:\n  ingress:\n  - from:\n    - ipBlock:\n        except: "
            "[]\n"),
     "spec.ingress[0].from[0].ipBlock.cidr", 8, 7, NULL},
    {"an entry of a map, whose path is the map's",
     POLICY("metadata:\n  name: p\n  labels:\n    a: b\n    c: '-'\n"), "metadata.labels", 7, 5,
     NULL},
    {"an element of a list, whose path is the list's",
     POLICY("metadata:\n  name: p\n  finalizers:\n  - a.io/b\n  - a b/c\n"), "metadata.finalizers",
     7, 5, NULL},
    {"host bits, with what may have been meant",
     POLICY("metadata: {name: p}\nspec:\n  egress:\n  - to: [{ipBlock: {cidr: 10.0.0.5/8}}]\n"),
     "spec.egress[0].to[0].ipBlock.cidr", 6, 27,
     "write 10.0.0.0/8, or 10.0.0.5/32 for the one address"},
    {"a mapped block, with the IPv4 block",
     POLICY("metadata: {name: p}\nspec:\n  egress:\n  - to: [{ipBlock: {cidr: "
            "\"::ffff:10.0.0.0/104\"}}]\n"),
     "spec.egress[0].to[0].ipBlock.cidr", 6, 27, "write 10.0.0.0/8"},
    {"a value in the wrong case, with the right one",
     POLICY("metadata: {name: p}\nspec:\n  policyTypes: [Ingress, egress]\n"),
     "spec.policyTypes[1]", 5, 26, "write Egress"},
};

static void findings_know_their_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(places); i++) {
        netpol_status status;
        netpol_diagnostics *d = check(places[i].why, places[i].text, NULL, 0, &status);
        const netpol_diagnostic *x = netpol_diagnostics_at(d, 0);
        assert_non_null(x);
        if (strcmp(x->path, places[i].path) != 0 || x->line != places[i].line ||
            x->column != places[i].column)
            fail_msg("%s: %s at %u:%u", places[i].why, x->path, x->line, x->column);
        if (places[i].hint && (!x->hint || strcmp(x->hint, places[i].hint) != 0))
            fail_msg("%s: %s", places[i].why, x->hint ? x->hint : "no hint");
        assert_string_equal(x->source, "test");
        assert_string_equal(x->object, "NetworkPolicy p");
        assert_int_equal(x->stage, NETPOL_STAGE_VALIDATION);
        netpol_diagnostics_free(d);
    }
}

/* ---- objects that no text has made ---- */

static void trees_of_callers_are_checked_too(void **state)
{
    (void)state;
    const netpol_int_or_string port = {NULL, 0};
    const netpol_port ports = {.protocol = "tcp", .port = &port};
    const netpol_rule rule = {.ports = (const netpol_port *const[]){&ports}, .n_ports = 1};
    const netpol_policy_spec spec = {.ingress = (const netpol_rule *const[]){&rule},
                                     .n_ingress = 1};
    const netpol_policy policy = {.metadata = &(const netpol_metadata){.name = "p"}, .spec = &spec};
    netpol_object *object = NULL;
    netpol_diagnostics *d = netpol_diagnostics_new(NULL);
    assert_int_equal(netpol_object_from_policy(&policy, NETPOL_VERSION, NULL, &object, d),
                     NETPOL_OK);
    assert_int_equal(netpol_object_validate(object, NULL, NULL, d), NETPOL_INVALID);
    assert_int_equal(netpol_diagnostics_count(d), 2);
    assert_string_equal(message_at(d, 0), "spec.ingress[0].ports[0].protocol: Unsupported value: "
                                          "\"tcp\": supported values: \"TCP\", \"UDP\", \"SCTP\"");
    assert_int_equal(netpol_diagnostics_at(d, 0)->line, 0);
    netpol_diagnostics_free(d);
    netpol_object_unref(object);
}

static void an_empty_tree_lacks_a_name_only(void **state)
{
    (void)state;
    const netpol_policy policy = {0};
    netpol_object *object = NULL;
    netpol_diagnostics *d = netpol_diagnostics_new(NULL);
    assert_int_equal(netpol_object_from_policy(&policy, NETPOL_VERSION, NULL, &object, d),
                     NETPOL_OK);
    assert_int_equal(netpol_object_validate(object, NULL, NULL, d), NETPOL_INVALID);
    assert_int_equal(netpol_diagnostics_count(d), 1);
    netpol_diagnostics_free(d);
    netpol_object_unref(object);
}

static void other_kinds_are_valid_and_misuse_is_told(void **state)
{
    (void)state;
    const netpol_namespace tree = {.metadata = &(const netpol_metadata){.name = "Not A Name"}};
    netpol_object *object = NULL;
    assert_int_equal(netpol_object_from_namespace(&tree, NETPOL_VERSION, NULL, &object, NULL),
                     NETPOL_OK);
    netpol_manifests *m = read_text(META("name: p"), strlen(META("name: p")), NULL);
    netpol_options odd = {.size = 1};
    assert_int_equal(netpol_object_validate(object, NULL, NULL, NULL), NETPOL_OK);
    assert_int_equal(netpol_object_validate(NULL, NULL, NULL, NULL), NETPOL_MISUSE);
    assert_int_equal(netpol_object_validate(object_of(m), object, NULL, NULL), NETPOL_MISUSE);
    assert_int_equal(netpol_object_validate(object_of(m), NULL, &odd, NULL), NETPOL_MISUSE);
    netpol_manifests_free(m);
    netpol_object_unref(object);
}

/* ---- memory ---- */

typedef struct pair {
    const netpol_object *now;
    const netpol_object *old;
} pair;

static netpol_status validate_pair(const netpol_options *o, void *ctx)
{
    const pair *p = ctx;
    netpol_diagnostics *d = netpol_diagnostics_new(o);
    if (!d)
        return NETPOL_NO_MEMORY;
    netpol_status status = netpol_object_validate(p->now, p->old, o, d);
    if (status == NETPOL_NO_MEMORY)
        assert_int_equal(netpol_diagnostics_count(d), 0);
    netpol_diagnostics_free(d);
    return status == NETPOL_INVALID ? NETPOL_OK : status;
}

static const char *const costly[][2] = {
    {META("generateName: Bad-, labels: {\"-\": \"-\"}, annotations: {A b: c}, ownerReferences: "
          "[{apiVersion: v1, kind: Event, controller: true}, {controller: true}], finalizers: "
          "[orphan, foregroundDeletion, a b], managedFields: [{operation: x}]"),
     NULL},
    {SPEC("podSelector: {matchExpressions: [{}]}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.1/8, "
          "except: [x]}}, {ipBlock: {}}]}], policyTypes: [a, b, c]"),
     BLOCK("cidr: 10.0.0.2/8, except: [10.0.0.3/16]")},
    {BLOCK("cidr: \"FD00::/8\""), NULL},
    {META("name: q, finalizers: [a, b]"),
     META("name: p, deletionTimestamp: 2024-01-02T03:04:05Z, finalizers: [b]")},
    {CLUSTER_EGRESS("action: x, to: [{networks: [a, a], domainNames: [b, b]}]"), NULL},
    {CLUSTER_EGRESS("action: Deny, to: [{networks: [a]}], protocols: [{destinationNamedPort: w}]"),
     NULL},
};

static void no_memory_is_clean(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(costly); i++) {
        netpol_manifests *now = read_text(costly[i][0], strlen(costly[i][0]), NULL);
        netpol_manifests *old =
            costly[i][1] ? read_text(costly[i][1], strlen(costly[i][1]), NULL) : NULL;
        pair p = {object_of(now), old ? object_of(old) : NULL};
        assert_non_null(p.now);
        test_every_allocation_fails(validate_pair, &p);
        netpol_manifests_free(now);
        netpol_manifests_free(old);
    }
}

/* ---- the corpora that others made ---- */

typedef struct expectation {
    yaml_document_t doc;
    const tree_node *result;
    const char *name;
} expectation;

/* Compares a list of the corpus with the messages of some stages, in order. */
static void expect_list(expectation *e, const char *key, const char *inner,
                        const netpol_diagnostics *d, int32_t stage)
{
    const tree_node *list = tree_get(&e->doc, e->result, key);
    size_t i = 0;
    for (size_t k = 0; k < tree_count(list); k++) {
        const tree_node *node = tree_at(&e->doc, list, k);
        const char *want = inner ? tree_get_text(&e->doc, node, inner) : tree_text(node);
        while (message_at(d, i) && netpol_diagnostics_at(d, i)->stage != stage)
            i++;
        if (!message_at(d, i) || strcmp(message_at(d, i), want) != 0)
            fail_msg("%s: %s %zu is %s\nnot %s", e->name, key, k,
                     message_at(d, i) ? message_at(d, i) : "none", want);
        i++;
    }
    for (; message_at(d, i); i++)
        if (netpol_diagnostics_at(d, i)->stage == stage)
            fail_msg("%s: too much: %s", e->name, message_at(d, i));
}

static void expect_result(expectation *e, const netpol_document_info *info, uint32_t flags)
{
    netpol_options o = {.size = sizeof o, .flags = flags};
    netpol_diagnostics *d = netpol_diagnostics_new(&o);
    if (info->object)
        (void)netpol_object_validate(info->object, NULL, &o, d);
    if (info->object || tree_count(tree_get(&e->doc, e->result, "decode_errors")) == 0) {
        expect_list(e, "field_errors", "message", d, NETPOL_STAGE_VALIDATION);
        expect_list(e, "warnings", NULL, d, NETPOL_STAGE_WARNING);
    }
    const char *valid = tree_get_text(&e->doc, e->result, "valid");
    bool is_valid = info->state == NETPOL_DOCUMENT_OK && np_diag_errors(d, 0) == 0;
    if (is_valid != (strcmp(valid, "true") == 0))
        fail_msg("%s: valid is %d", e->name, is_valid);
    netpol_diagnostics_free(d);
}

/* What is said of wrong types, and of documents of other kinds, is said in reading. */
static bool is_of_reading(const netpol_manifests *m)
{
    const netpol_diagnostics *d = netpol_manifests_diagnostics(m);
    for (size_t i = 0; i < netpol_diagnostics_count(d); i++)
        if (netpol_diagnostics_at(d, i)->stage != NETPOL_STAGE_STRICT)
            return true;
    return false;
}

static void check_line(const char *line, size_t n, size_t *compared)
{
    expectation e;
    assert_true(tree_read(&e.doc, line, n));
    const tree_node *root = tree_root(&e.doc);
    const char *text = tree_get_text(&e.doc, root, "yaml");
    const char *channel = tree_get_text(&e.doc, root, "channel");
    uint32_t flags = channel && strcmp(channel, "standard") == 0 ? NETPOL_STANDARD_CHANNEL : 0;
    const tree_node *results = tree_get(&e.doc, root, "expect");
    e.name = tree_get_text(&e.doc, root, "name");
    netpol_manifests *m = read_text(text, strlen(text), NULL);
    if (tree_count(results) != netpol_manifests_document_count(m))
        fail_msg("%s: %zu documents", e.name, netpol_manifests_document_count(m));
    for (size_t i = 0; i < tree_count(results); i++) {
        e.result = tree_at(&e.doc, results, i);
        if (is_of_reading(m) || tree_get(&e.doc, e.result, "client_error"))
            continue;
        expect_result(&e, netpol_manifests_document_at(m, i), flags);
        ++*compared;
    }
    netpol_manifests_free(m);
    yaml_document_delete(&e.doc);
}

static void check_corpus(const char *path)
{
    size_t n;
    char *text = test_read_file_if_any(path, &n);
    if (!text) {
        print_message("%s is not here: skipped\n", path);
        skip();
    }
    size_t compared = 0;
    for (char *line = text; *line;) {
        size_t length = strcspn(line, "\n");
        check_line(line, length, &compared);
        line += length + (line[length] == '\n');
    }
    free(text);
    print_message("%zu answers of %s agree\n", compared, path);
}

static void the_corpus_of_policies_agrees(void **state)
{
    (void)state;
    check_corpus("../shared/cases/validation/cases.jsonl");
}

static void the_corpus_of_cluster_policies_agrees(void **state)
{
    (void)state;
    check_corpus("../shared/cases/validation/cnp.jsonl");
}

/* ---- the registry ---- */

static void every_code_has_a_case(void **state)
{
    (void)state;
    static const int32_t numbers[] = {
#define NP_CODE(number, name, severity, stage, meaning, fix, source) number,
#include "diag_codes.def"
#undef NP_CODE
    };
    for (size_t i = 0; i < COUNT(numbers); i++)
        if (numbers[i] >= 400 && numbers[i] < 700 && !met[numbers[i]])
            fail_msg("%s has no case", netpol_code_name(numbers[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(policies_are_answered_as_by_the_server),
        cmocka_unit_test(tolerance_turns_errors_into_warnings),
        cmocka_unit_test(cluster_policies_follow_their_schemas),
        cmocka_unit_test(the_standard_channel_knows_less),
        cmocka_unit_test(updates_let_through_what_was_there),
        cmocka_unit_test(long_texts_meet_their_limits),
        cmocka_unit_test(the_texts_of_one_object_are_bounded),
        cmocka_unit_test(findings_know_their_place),
        cmocka_unit_test(trees_of_callers_are_checked_too),
        cmocka_unit_test(an_empty_tree_lacks_a_name_only),
        cmocka_unit_test(other_kinds_are_valid_and_misuse_is_told),
        cmocka_unit_test(no_memory_is_clean),
        cmocka_unit_test(the_corpus_of_policies_agrees),
        cmocka_unit_test(the_corpus_of_cluster_policies_agrees),
        cmocka_unit_test(every_code_has_a_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
