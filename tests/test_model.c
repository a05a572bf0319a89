/* SPDX-License-Identifier: MIT */
#include "model.h"

#include "netpol/manifests.h"

#include "harness.h"

/* ---- helpers ---- */

static bool same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* The only object of a text. */
static netpol_object *read_flags(const char *text, uint32_t flags)
{
    netpol_options o = {.size = sizeof o, .flags = flags};
    netpol_manifests *m;
    assert_int_equal(netpol_manifests_new(&o, &m), NETPOL_OK);
    netpol_status s = netpol_manifests_read_memory(m, "x.yaml", text, strlen(text), NULL);
    if (s || netpol_manifests_count(m) != 1)
        fail_msg("status %d, %zu objects: %s", s, netpol_manifests_count(m), text);
    netpol_object *x = netpol_object_ref(netpol_manifests_at(m, 0));
    netpol_manifests_free(m);
    return x;
}

static netpol_object *read(const char *text)
{
    return read_flags(text, 0);
}

static void expect_json(const char *why, const netpol_object *x, const char *json)
{
    test_text out = {0};
    netpol_sink to = test_text_sink(&out);
    assert_int_equal(netpol_object_write(x, NETPOL_FORMAT_JSON, 0, &to), NETPOL_OK);
    char *end = strchr(test_text_of(&out), '\n');
    if (end)
        *end = '\0';
    if (!same(test_text_of(&out), json))
        fail_msg("%s:\n%s\nexpected:\n%s", why, test_text_of(&out), json);
    test_text_free(&out);
}

#define HEAD "{\"kind\":\"NetworkPolicy\",\"apiVersion\":\"networking.k8s.io/v1\",\"metadata\":"

/* ---- objects made in memory ---- */

static const netpol_label db[] = {{"role", "db"}};
static const netpol_label api[] = {{"name", "api-pod"}};
static const netpol_label prod[] = {{"name", "prod"}};
static const netpol_rule from_api = {
    .peers =
        (const netpol_peer *const[]){
            &(netpol_peer){.pod_selector =
                               &(netpol_label_selector){.match_labels = api, .n_match_labels = 1}},
            &(netpol_peer){.namespace_selector = &(netpol_label_selector){.match_labels = prod,
                                                                          .n_match_labels = 1}}},
    .n_peers = 2,
    .ports = (const netpol_port *const[]){&(netpol_port){
        .protocol = "TCP", .port = &(netpol_int_or_string){.number = 3306}}},
    .n_ports = 1,
};
static const netpol_policy db_policy = {
    .metadata = &(netpol_metadata){.name = "db-policy"},
    .spec = &(netpol_policy_spec){
        .pod_selector = &(netpol_label_selector){.match_labels = db, .n_match_labels = 1},
        .ingress = (const netpol_rule *const[]){&from_api},
        .n_ingress = 1,
        .policy_types = (const char *const[]){"Ingress"},
        .n_policy_types = 1}};

static const char db_yaml[] = "apiVersion: networking.k8s.io/v1\n"
                              "kind: NetworkPolicy\n"
                              "metadata: {name: db-policy}\n"
                              "spec:\n"
                              "  podSelector: {matchLabels: {role: db}}\n"
                              "  policyTypes: [Ingress]\n"
                              "  ingress:\n"
                              "  - from:\n"
                              "    - podSelector: {matchLabels: {name: api-pod}}\n"
                              "    - namespaceSelector: {matchLabels: {name: prod}}\n"
                              "    ports:\n"
                              "    - {port: 3306, protocol: TCP}\n";

static void a_policy_made_in_memory_equals_the_one_that_was_read(void **state)
{
    (void)state;
    netpol_object *made;
    assert_int_equal(netpol_object_from_policy(&db_policy, NETPOL_VERSION, NULL, &made, NULL),
                     NETPOL_OK);
    netpol_object *from_text = read(db_yaml);
    assert_true(netpol_object_equal(made, from_text));
    assert_null(netpol_object_source(made));
    assert_int_equal(netpol_object_line(made), 0);
    assert_string_equal(netpol_object_source(from_text), "x.yaml");
    assert_int_equal(netpol_object_line(from_text), 1);

    netpol_object *changed;
    assert_int_equal(
        netpol_object_with(made, "spec.ingress[0].ports[0].port", "3307", &changed, NULL),
        NETPOL_OK);
    assert_int_equal(netpol_object_policy(changed)->spec->ingress[0]->ports[0]->port->number, 3307);
    assert_int_equal(netpol_object_policy(made)->spec->ingress[0]->ports[0]->port->number, 3306);
    assert_false(netpol_object_equal(made, changed));
    netpol_object_unref(made);
    netpol_object_unref(from_text);
    netpol_object_unref(changed);
}

static void every_kind_of_tree_becomes_its_object(void **state)
{
    (void)state;
    const netpol_metadata meta = {.name = "a"};
    netpol_object *x[6] = {0};
    const uint32_t v = NETPOL_VERSION;
    assert_int_equal(netpol_object_from_namespace(&(netpol_namespace){&meta}, v, NULL, &x[0], NULL),
                     NETPOL_OK);
    assert_int_equal(netpol_object_from_pod(&(netpol_pod){&meta, NULL, NULL}, v, NULL, &x[1], NULL),
                     NETPOL_OK);
    assert_int_equal(
        netpol_object_from_node(&(netpol_node){.metadata = &meta}, v, NULL, &x[2], NULL),
        NETPOL_OK);
    assert_int_equal(
        netpol_object_from_service(&(netpol_service){.metadata = &meta}, v, NULL, &x[3], NULL),
        NETPOL_OK);
    const netpol_cluster_policy cluster = {.metadata = &meta, .tier = "Admin"};
    assert_int_equal(netpol_object_from_cluster_policy(&cluster, NETPOL_KIND_CLUSTER_NETWORK_POLICY,
                                                       v, NULL, &x[4], NULL),
                     NETPOL_OK);
    assert_int_equal(netpol_object_from_policy(&(netpol_policy){0}, v, NULL, &x[5], NULL),
                     NETPOL_OK);
    assert_non_null(netpol_object_namespace_tree(x[0]));
    assert_non_null(netpol_object_pod(x[1]));
    assert_null(netpol_object_pod(x[1])->status);
    assert_non_null(netpol_object_node(x[2]));
    assert_non_null(netpol_object_service(x[3]));
    assert_string_equal(netpol_object_cluster_policy(x[4])->tier, "Admin");
    assert_string_equal(netpol_object_kind_name(x[4]), "ClusterNetworkPolicy");
    assert_non_null(netpol_object_policy(x[5])->spec->pod_selector);
    for (size_t i = 0; i < COUNT(x); i++) {
        assert_string_equal(netpol_object_name(x[i]), i == 5 ? "" : "a");
        assert_null(netpol_object_namespace(x[i]));
        netpol_object_unref(x[i]);
    }
}

static void misuse_is_told_at_the_border(void **state)
{
    (void)state;
    netpol_object *x = NULL;
    const netpol_cluster_policy c = {0};
    assert_int_equal(netpol_object_from_policy(NULL, NETPOL_VERSION, NULL, &x, NULL),
                     NETPOL_MISUSE);
    assert_int_equal(netpol_object_from_policy(&db_policy, NETPOL_VERSION, NULL, NULL, NULL),
                     NETPOL_MISUSE);
    assert_int_equal(netpol_object_from_policy(&db_policy, NETPOL_VERSION + 1, NULL, &x, NULL),
                     NETPOL_MISUSE);
    assert_int_equal(
        netpol_object_from_cluster_policy(&c, NETPOL_KIND_POD, NETPOL_VERSION, NULL, &x, NULL),
        NETPOL_MISUSE);
    assert_int_equal(netpol_object_with(NULL, "spec", "{}", &x, NULL), NETPOL_MISUSE);
    assert_int_equal(netpol_object_locate(NULL, "", NULL, NULL), NETPOL_MISUSE);
    assert_null(x);
    assert_null(netpol_object_ref(NULL));
    netpol_object_unref(NULL);
    assert_int_equal(netpol_object_kind(NULL), NETPOL_KIND_OTHER);
    assert_string_equal(netpol_object_api_version(NULL), "");
    assert_string_equal(netpol_object_kind_name(NULL), "");
    assert_string_equal(netpol_object_name(NULL), "");
    assert_null(netpol_object_namespace(NULL));
    assert_null(netpol_object_metadata(NULL));
    assert_null(netpol_object_policy(NULL));
    assert_true(netpol_object_equal(NULL, NULL));
}

static void a_tree_that_cannot_be_copied_is_refused(void **state)
{
    (void)state;
    netpol_diagnostics *d = netpol_diagnostics_new(NULL);
    const netpol_policy bad = {.metadata = &(netpol_metadata){.name = "\xff"}};
    netpol_object *x = NULL;
    assert_int_equal(netpol_object_from_policy(&bad, NETPOL_VERSION, NULL, &x, d), NETPOL_INVALID);
    assert_int_equal(netpol_diagnostics_at(d, 0)->code, NP_CODE_BAD_TREE);
    netpol_options small = {.size = sizeof small, .max_memory = 512};
    assert_int_equal(netpol_object_from_policy(&db_policy, NETPOL_VERSION, &small, &x, d),
                     NETPOL_LIMIT);
    assert_int_equal(netpol_diagnostics_at(d, 1)->code, NP_CODE_LIMIT);
    assert_null(x);
    netpol_diagnostics_free(d);
}

static void the_last_reference_frees(void **state)
{
    (void)state;
    test_memory m;
    test_memory_ready(&m);
    netpol_options o = {.size = sizeof o, .allocator = &m.allocator};
    netpol_object *x;
    assert_int_equal(netpol_object_from_policy(&db_policy, NETPOL_VERSION, &o, &x, NULL),
                     NETPOL_OK);
    assert_ptr_equal(netpol_object_ref(x), x);
    netpol_object_unref(x);
    assert_string_equal(netpol_object_name(x), "db-policy");
    netpol_object_unref(x);
    test_memory_expect_empty(&m);
}

/* ---- equality ---- */

static const struct {
    const char *why;
    const char *a;
    const char *b;
    bool equal;
} pairs[] = {
    {"null and absent lists",
     "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: a}}",
     "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: a, labels: {}}, "
     "spec: {ingress: null, egress: []}}",
     true},
    {"an empty rule is a rule",
     "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, spec: {ingress: [{}]}}",
     "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, spec: {ingress: []}}", false},
    {"the order of labels does not matter",
     "{apiVersion: v1, kind: Pod, metadata: {labels: {a: b, c: d}}}",
     "{apiVersion: v1, kind: Pod, metadata: {labels: {c: d, a: b}}}", true},
    {"the order of rules is kept",
     "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, spec: {policyTypes: [Ingress, "
     "Egress]}}",
     "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, spec: {policyTypes: [Egress, "
     "Ingress]}}",
     false},
    {"kinds of one table", "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}}",
     "{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: a}}", false},
};

static void equality_is_of_meaning(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(pairs); i++) {
        netpol_object *a = read(pairs[i].a);
        netpol_object *b = read(pairs[i].b);
        if (netpol_object_equal(a, b) != pairs[i].equal ||
            netpol_object_equal(b, a) != pairs[i].equal || !netpol_object_equal(a, a))
            fail_msg("%s", pairs[i].why);
        netpol_object_unref(a);
        netpol_object_unref(b);
    }
}

/* Of kinds that are kept as plain values all counts, of others what was read. */
static const struct {
    const char *why;
    const char *a;
    const char *b;
    bool equal;
} plain[] = {
    {"the same", "{apiVersion: v1, kind: C, metadata: {name: a}, x: [1, 1.5, a, true, null]}",
     "{apiVersion: v1, kind: C, x: [1, 1.50, 'a', yes, ~], metadata: {name: a}}", true},
    {"a number and a string", "{apiVersion: v1, kind: C, x: 1}",
     "{apiVersion: v1, kind: C, x: '1'}", false},
    {"a list more", "{apiVersion: v1, kind: C, x: []}", "{apiVersion: v1, kind: C, x: [[]]}",
     false},
    {"another key", "{apiVersion: v1, kind: C, x: {a: 1}}", "{apiVersion: v1, kind: C, x: {b: 1}}",
     false},
    {"another kind", "{apiVersion: v1, kind: C}", "{apiVersion: v1, kind: D}", false},
    {"another version", "{apiVersion: v1, kind: C}", "{apiVersion: v2, kind: C}", false},
    {"large numbers", "{apiVersion: v1, kind: C, x: 18446744073709551615}",
     "{apiVersion: v1, kind: C, x: 18446744073709551614}", false},
    {"a part that has no typed form", "{apiVersion: v1, kind: Pod, spec: {volumes: [a]}}",
     "{apiVersion: v1, kind: Pod, spec: {volumes: [b]}}", false},
};

static void equality_of_plain_values_is_of_all_of_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(plain); i++) {
        netpol_object *a = read_flags(plain[i].a, NETPOL_KEEP_OTHERS);
        netpol_object *b = read_flags(plain[i].b, NETPOL_KEEP_OTHERS);
        if (netpol_object_equal(a, b) != plain[i].equal)
            fail_msg("%s", plain[i].why);
        netpol_object_unref(a);
        netpol_object_unref(b);
    }
}

/* ---- paths ---- */

static const struct {
    const char *why;
    const char *text;
    bool in_map;       /* the last step is one of a string map */
    const char *steps; /* n: name, i: index, k: key, !: bad */
    const char *last;
} texts[] = {
    {"nothing", "", false, "", NULL},
    {"names", "spec.ingress", false, "nn", "ingress"},
    {"indexes", "a[0][12]", false, "nii", NULL},
    {"a key in quotes", "labels[\"a.b/c\"]", true, "nk", "a.b/c"},
    {"a key in single quotes", "labels['a]']", true, "nk", "a]"},
    {"a key after a point goes to the end", "labels.a.b/c[0]", true, "nk", "a.b/c[0]"},
    {"an empty name", "a..b", false, "n!", NULL},
    {"a point at the end", "a.", false, "n!", NULL},
    {"an open bracket", "a[1", false, "n!", NULL},
    {"an index that is none", "a[x]", false, "n!", NULL},
    {"no index", "a[]", false, "n!", NULL},
    {"an index beyond 32 bits", "a[4294967296]", false, "n!", NULL},
    {"an open key", "a[\"b", true, "n!", NULL},
    {"no point between", "a[0]b", false, "ni!", NULL},
};

static void path_texts_are_taken_apart(void **state)
{
    (void)state;
    static const char letters[] = {0, 0, 'n', 'i', 'k', '!'};
    for (size_t i = 0; i < COUNT(texts); i++) {
        char got[16] = "";
        const char *at = texts[i].text;
        np_step s = {0};
        for (size_t n = 0; n < sizeof got - 1; n++) {
            np_step next = np_step_take(&at, n == 0, texts[i].in_map && n == 1);
            if (next.kind == NP_STEP_END)
                break;
            s = next;
            got[n] = letters[s.kind];
            if (s.kind == NP_STEP_BAD)
                break;
        }
        bool good = strcmp(got, texts[i].steps) == 0 &&
                    (!texts[i].last || np_slice_is(s.name, texts[i].last));
        if (!good)
            fail_msg("%s: %s: %s", texts[i].why, texts[i].text, got);
    }
}

static const char located[] = "# a comment\n"
                              "apiVersion: networking.k8s.io/v1\n"
                              "kind: NetworkPolicy\n"
                              "metadata:\n"
                              "  name: é\n"
                              "  labels: {z: 1a, a.b/c: x}\n"
                              "spec:\n"
                              "  podSelector:\n"
                              "    matchExpressions:\n"
                              "    - {key: k, operator: In, values: [v,\n"
                              "         w]}\n"
                              "  ingress:\n"
                              "  - ports:\n"
                              "    - port: 80\n"
                              "    - {}\n"
                              "  egress: []\n";

static const struct {
    const char *why;
    const char *path;
    uint32_t line; /* 0: not found */
    uint32_t column;
} places[] = {
    {"the object", "", 2, 1},
    {"a map stands at its key", "metadata", 4, 1},
    {"a scalar stands at its value", "metadata.name", 5, 9},
    {"a label", "metadata.labels.z", 6, 12},
    {"a label in brackets", "metadata.labels[\"a.b/c\"]", 6, 19},
    {"a label with dots", "metadata.labels.a.b/c", 6, 19},
    {"a label by number, in sorted order", "metadata.labels[0]", 6, 19},
    {"a label that is not there", "metadata.labels.y", 0, 0},
    {"a list element", "spec.ingress[0]", 13, 5},
    {"a field in it", "spec.ingress[0].ports[0].port", 14, 13},
    {"a field that is not written", "spec.ingress[0].ports[0].protocol", 0, 0},
    {"an empty element", "spec.ingress[0].ports[1]", 15, 7},
    {"past the end", "spec.ingress[0].ports[2]", 0, 0},
    {"in flow style", "spec.podSelector.matchExpressions[0].operator", 10, 26},
    {"over a line end", "spec.podSelector.matchExpressions[0].values[1]", 11, 10},
    {"an empty list", "spec.egress", 16, 3},
    {"no such field", "spec.nonsense", 0, 0},
    {"a type field has no place of its own", "kind", 0, 0},
    {"a name of a list", "spec.ingress.ports", 0, 0},
    {"an index of a struct", "spec[0]", 0, 0},
    {"into a scalar", "metadata.name.x", 0, 0},
    {"not a path", "spec..x", 0, 0},
};

static void fields_are_located(void **state)
{
    (void)state;
    netpol_object *x = read(located);
    for (size_t i = 0; i < COUNT(places); i++) {
        uint32_t line = 0;
        uint32_t column = 0;
        netpol_status s = netpol_object_locate(x, places[i].path, &line, &column);
        if ((s == NETPOL_OK) != (places[i].line != 0) || line != places[i].line ||
            column != places[i].column)
            fail_msg("%s: %s: status %d, %u:%u", places[i].why, places[i].path, s, line, column);
    }
    netpol_object_unref(x);
}

static void what_is_not_written_is_said_to_stand_at_what_is_around_it(void **state)
{
    (void)state;
    netpol_object *x = read(located);
    np_path spec = np_path_field(NULL, "spec");
    np_path ingress = np_path_field(&spec, "ingress");
    np_path rule = np_path_index(&ingress, 0);
    np_path peers = np_path_field(&rule, "from");
    np_where w = np_object_where(x, &peers, "title");
    assert_int_equal(w.line, 13);
    assert_int_equal(w.column, 5);
    assert_string_equal(w.source, "x.yaml");
    assert_string_equal(w.object, "title");
    assert_int_equal(np_object_where(x, NULL, NULL).line, 2);
    netpol_object_unref(x);

    assert_int_equal(netpol_object_from_policy(&db_policy, NETPOL_VERSION, NULL, &x, NULL),
                     NETPOL_OK);
    assert_int_equal(np_object_where(x, &peers, NULL).line, 0);
    uint32_t line;
    uint32_t column;
    assert_int_equal(netpol_object_locate(x, "spec", &line, &column), NETPOL_NOT_FOUND);
    netpol_object_unref(x);
}

static void titles_name_kind_namespace_and_name(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *title;
    } titles[] = {
        {"{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: b}}", "Pod b/a"},
        {"{apiVersion: v1, kind: Node, metadata: {name: a}}", "Node a"},
        {"{apiVersion: v1, kind: Node}", "Node "},
    };
    for (size_t i = 0; i < COUNT(titles); i++) {
        netpol_object *x = read(titles[i].text);
        np_buffer b;
        np_buffer_init(&b, &np_libc_allocator);
        np_object_title(&b, x);
        assert_true(np_slice_is((np_slice){b.p, b.n}, titles[i].title));
        np_buffer_free(&b);
        netpol_object_unref(x);
    }
}

/* ---- changed copies ---- */

#define P(spec)                                                                                    \
    "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: a}, " spec "}"

static const struct {
    const char *why;
    const char *base;
    const char *path;
    const char *value;
    netpol_status status;
    const char *json; /* after HEAD; NULL: see status */
} changes[] = {
    {"a scalar", P("spec: {ingress: [{ports: [{port: 80}]}]}"), "spec.ingress[0].ports[0].port",
     "http", NETPOL_OK,
     "{\"name\":\"a\"},\"spec\":{\"podSelector\":{},\"ingress\":[{\"ports\":[{\"port\":\"http\"}]}]"
     "}}"},
    {"all parents are made", P(""), "spec.egress[0].to[0].ipBlock.cidr", "10.0.0.0/8", NETPOL_OK,
     "{\"name\":\"a\"},\"spec\":{\"podSelector\":{},\"egress\":[{\"to\":[{\"ipBlock\":{\"cidr\":"
     "\"10.0.0.0/8\"}}]}]}}"},
    {"a struct, in JSON", P(""), "spec.podSelector", "{\"matchLabels\": {\"a\": \"1\"}}", NETPOL_OK,
     "{\"name\":\"a\"},\"spec\":{\"podSelector\":{\"matchLabels\":{\"a\":\"1\"}}}}"},
    {"a list, in YAML", P(""), "spec.policyTypes", "- Egress\n- Ingress\n", NETPOL_OK,
     "{\"name\":\"a\"},\"spec\":{\"podSelector\":{},\"policyTypes\":[\"Egress\",\"Ingress\"]}}"},
    {"an element at the end", P("spec: {policyTypes: [Ingress]}"), "spec.policyTypes[1]", "Egress",
     NETPOL_OK,
     "{\"name\":\"a\"},\"spec\":{\"podSelector\":{},\"policyTypes\":[\"Ingress\",\"Egress\"]}}"},
    {"an element replaced", P("spec: {ingress: [{ports: [{port: 1}]}]}"), "spec.ingress[0]", "{}",
     NETPOL_OK, "{\"name\":\"a\"},\"spec\":{\"podSelector\":{},\"ingress\":[{}]}}"},
    {"an element of null is empty", P(""), "spec.ingress[0]", "null", NETPOL_OK,
     "{\"name\":\"a\"},\"spec\":{\"podSelector\":{},\"ingress\":[{}]}}"},
    {"a label", P(""), "metadata.labels.app", "web", NETPOL_OK,
     "{\"name\":\"a\",\"labels\":{\"app\":\"web\"}},\"spec\":{\"podSelector\":{}}}"},
    {"a label between others",
     "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {labels: {a: 'x', c: "
     "'y'}}}",
     "metadata.labels[\"b.c/d\"]", "z", NETPOL_OK,
     "{\"labels\":{\"a\":\"x\",\"b.c/d\":\"z\",\"c\":\"y\"}},\"spec\":{\"podSelector\":{}}}"},
    {"a label's value",
     "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {labels: {a: 'x', c: "
     "'y'}}}",
     "metadata.labels.c", "z", NETPOL_OK,
     "{\"labels\":{\"a\":\"x\",\"c\":\"z\"}},\"spec\":{\"podSelector\":{}}}"},
    {"a label's value in quotes", P(""), "metadata.labels.a", "\"1\"", NETPOL_OK,
     "{\"name\":\"a\",\"labels\":{\"a\":\"1\"}},\"spec\":{\"podSelector\":{}}}"},
    {"null makes a field absent", P("spec: {ingress: [{}]}"), "spec.ingress", "null", NETPOL_OK,
     "{\"name\":\"a\"},\"spec\":{\"podSelector\":{}}}"},
    {"nothing makes a field absent", P(""), "metadata.name", "", NETPOL_OK,
     "{},\"spec\":{\"podSelector\":{}}}"},
    {"a field deleted", P("spec: {ingress: [{ports: [{port: 1, protocol: UDP}]}]}"),
     "spec.ingress[0].ports[0].protocol", NULL, NETPOL_OK,
     "{\"name\":\"a\"},\"spec\":{\"podSelector\":{},\"ingress\":[{\"ports\":[{\"port\":1}]}]}}"},
    {"an element deleted", P("spec: {policyTypes: [a, b, c]}"), "spec.policyTypes[1]", NULL,
     NETPOL_OK, "{\"name\":\"a\"},\"spec\":{\"podSelector\":{},\"policyTypes\":[\"a\",\"c\"]}}"},
    {"a label deleted",
     "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {labels: {a: x, b: z}}}",
     "metadata.labels.a", NULL, NETPOL_OK,
     "{\"labels\":{\"b\":\"z\"}},\"spec\":{\"podSelector\":{}}}"},
    {"a struct that is always there is emptied", P("spec: {podSelector: {matchLabels: {a: b}}}"),
     "spec.podSelector", NULL, NETPOL_OK, "{\"name\":\"a\"},\"spec\":{\"podSelector\":{}}}"},
    {"a field that is not there", P(""), "spec.ingress", NULL, NETPOL_NOT_FOUND, NULL},
    {"a label that is not there", P(""), "metadata.labels.a", NULL, NETPOL_NOT_FOUND, NULL},
    {"in a struct that is not there", P("spec: {egress: [{to: [{}]}]}"),
     "spec.egress[0].to[0].ipBlock.cidr", NULL, NETPOL_NOT_FOUND, NULL},
    {"an element past the end", P("spec: {policyTypes: [a]}"), "spec.policyTypes[2]", "b",
     NETPOL_NOT_FOUND, NULL},
    {"the deletion of the element at the end", P("spec: {policyTypes: [a]}"), "spec.policyTypes[1]",
     NULL, NETPOL_NOT_FOUND, NULL},
    {"a field that there is not", P(""), "spec.podselector", "{}", NETPOL_INVALID, NULL},
    {"the kind", P(""), "kind", "Pod", NETPOL_INVALID, NULL},
    {"no path", P(""), "", "{}", NETPOL_INVALID, NULL},
    {"a bad path", P(""), "spec[", "{}", NETPOL_INVALID, NULL},
    {"into a scalar", P(""), "metadata.name.x", "1", NETPOL_INVALID, NULL},
    {"an index of a map", P(""), "metadata.labels[0]", "1", NETPOL_INVALID, NULL},
    {"a name of a list", P(""), "spec.ingress.ports", "[]", NETPOL_INVALID, NULL},
    {"a key of a struct", P(""), "spec[\"ingress\"]", "[]", NETPOL_INVALID, NULL},
    {"into a string element", P(""), "spec.policyTypes[0].x", "1", NETPOL_INVALID, NULL},
    {"a wrong type", P(""), "spec.ingress", "{}", NETPOL_INVALID, NULL},
    {"a number for a label", P(""), "metadata.labels.a", "1", NETPOL_INVALID, NULL},
    {"an unknown field", P(""), "spec.ingress", "[{form: []}]", NETPOL_INVALID, NULL},
    {"no YAML", P(""), "spec.ingress", "[", NETPOL_INVALID, NULL},
    {"two documents", P(""), "metadata.name", "a\n---\nb\n", NETPOL_INVALID, NULL},
};

static void changes_follow_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(changes); i++) {
        netpol_object *base = read(changes[i].base);
        netpol_object *made = NULL;
        netpol_diagnostics *d = netpol_diagnostics_new(NULL);
        netpol_status s = netpol_object_with(base, changes[i].path, changes[i].value, &made, d);
        if (s != changes[i].status || (made != NULL) != (s == NETPOL_OK) ||
            (netpol_diagnostics_count(d) > 0) != (s != NETPOL_OK))
            fail_msg("%s: status %d, %zu diagnostics", changes[i].why, s,
                     netpol_diagnostics_count(d));
        char json[512];
        (void)snprintf(json, sizeof json, HEAD "%s", changes[i].json ? changes[i].json : "");
        if (made)
            expect_json(changes[i].why, made, json);
        netpol_diagnostics_free(d);
        netpol_object_unref(made);
        netpol_object_unref(base);
    }
}

static void a_bad_change_says_where_and_what(void **state)
{
    (void)state;
    netpol_object *base = read(P(""));
    netpol_object *made = NULL;
    netpol_diagnostics *d = netpol_diagnostics_new(NULL);
    (void)netpol_object_with(base, "spec.ingress[0].ports[0].endPort", "\n\n'80'", &made, d);
    const netpol_diagnostic *x = netpol_diagnostics_at(d, 0);
    assert_int_equal(x->code, NP_CODE_NOT_AN_INTEGER);
    assert_string_equal(x->path, "spec.ingress[0].ports[0].endPort");
    assert_string_equal(x->source, "<value>");
    assert_int_equal(x->line, 3);
    (void)netpol_object_with(base, "spec.ingres", "[]", &made, d);
    x = netpol_diagnostics_at(d, 1);
    assert_int_equal(x->code, NP_CODE_BAD_PATH);
    assert_string_equal(x->hint, "did you mean \"ingress\"?");
    (void)netpol_object_with(base, "metadata.name", "a\n---\nb\n", &made, d);
    assert_int_equal(netpol_diagnostics_at(d, 2)->code, NP_CODE_BAD_CHANGE);
    netpol_diagnostics_free(d);
    netpol_object_unref(base);
}

/* ---- memory ---- */

static netpol_status make_and_change(const netpol_options *o, void *ctx)
{
    (void)ctx;
    netpol_object *x = NULL;
    netpol_object *y = NULL;
    netpol_status s = netpol_object_from_policy(&db_policy, NETPOL_VERSION, o, &x, NULL);
    if (!s)
        s = netpol_object_with(x, "spec.ingress[0].from[2].namespaceSelector.matchLabels.a", "b",
                               &y, NULL);
    if (s)
        assert_null(y);
    netpol_object_unref(x);
    netpol_object_unref(y);
    return s;
}

static void any_allocation_may_fail(void **state)
{
    (void)state;
    assert_true(test_every_allocation_fails(make_and_change, NULL) > 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_policy_made_in_memory_equals_the_one_that_was_read),
        cmocka_unit_test(every_kind_of_tree_becomes_its_object),
        cmocka_unit_test(misuse_is_told_at_the_border),
        cmocka_unit_test(a_tree_that_cannot_be_copied_is_refused),
        cmocka_unit_test(the_last_reference_frees),
        cmocka_unit_test(equality_is_of_meaning),
        cmocka_unit_test(equality_of_plain_values_is_of_all_of_them),
        cmocka_unit_test(path_texts_are_taken_apart),
        cmocka_unit_test(fields_are_located),
        cmocka_unit_test(what_is_not_written_is_said_to_stand_at_what_is_around_it),
        cmocka_unit_test(titles_name_kind_namespace_and_name),
        cmocka_unit_test(changes_follow_the_table),
        cmocka_unit_test(a_bad_change_says_where_and_what),
        cmocka_unit_test(any_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
