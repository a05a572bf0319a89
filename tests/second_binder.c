/* SPDX-License-Identifier: MIT */
/* libcyaml binds the same documents to structs of its own, by a schema written for this test alone.
 * What both binders can hold must be equal. (libcyaml has no maps with free keys, so matchLabels
 * are those that the examples use.) */
#include "harness.h"

#include <netpol.h>

#include <cyaml/cyaml.h>

/* ---- libcyaml's view ---- */

typedef struct labels {
    const char *role;
    const char *name;
} labels;

typedef struct requirement {
    const char *key;
    const char *op;
    const char **values;
    uint32_t values_count;
} requirement;

typedef struct selector {
    labels *match_labels;
    requirement *expressions;
    uint32_t expressions_count;
} selector;

typedef struct ip_block {
    const char *cidr;
    const char **except;
    uint32_t except_count;
} ip_block;

typedef struct peer {
    selector *pods;
    selector *namespaces;
    ip_block *block;
} peer;

typedef struct port {
    const char *protocol;
    const char *port;
    int32_t *end;
} port;

typedef struct rule {
    port *ports;
    uint32_t ports_count;
    peer *from;
    uint32_t from_count;
    peer *to;
    uint32_t to_count;
} rule;

typedef struct spec {
    selector *pods;
    const char **types;
    uint32_t types_count;
    rule *ingress;
    uint32_t ingress_count;
    rule *egress;
    uint32_t egress_count;
} spec;

typedef struct metadata {
    const char *name;
    const char *namespace_name;
} metadata;

typedef struct policy {
    const char *api_version;
    const char *kind;
    metadata *metadata;
    spec *spec;
} policy;

enum { MAYBE = CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL };

static const cyaml_schema_value_t text_entry = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 0, CYAML_UNLIMITED)};

static const cyaml_schema_field_t labels_fields[] = {
    CYAML_FIELD_STRING_PTR("role", MAYBE, labels, role, 0, CYAML_UNLIMITED),
    CYAML_FIELD_STRING_PTR("name", MAYBE, labels, name, 0, CYAML_UNLIMITED), CYAML_FIELD_END};

static const cyaml_schema_field_t requirement_fields[] = {
    CYAML_FIELD_STRING_PTR("key", MAYBE, requirement, key, 0, CYAML_UNLIMITED),
    CYAML_FIELD_STRING_PTR("operator", MAYBE, requirement, op, 0, CYAML_UNLIMITED),
    CYAML_FIELD_SEQUENCE("values", MAYBE, requirement, values, &text_entry, 0, CYAML_UNLIMITED),
    CYAML_FIELD_END};
static const cyaml_schema_value_t requirement_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, requirement, requirement_fields)};

static const cyaml_schema_field_t selector_fields[] = {
    CYAML_FIELD_MAPPING_PTR("matchLabels", MAYBE, selector, match_labels, labels_fields),
    CYAML_FIELD_SEQUENCE("matchExpressions", MAYBE, selector, expressions, &requirement_entry, 0,
                         CYAML_UNLIMITED),
    CYAML_FIELD_END};

static const cyaml_schema_field_t block_fields[] = {
    CYAML_FIELD_STRING_PTR("cidr", MAYBE, ip_block, cidr, 0, CYAML_UNLIMITED),
    CYAML_FIELD_SEQUENCE("except", MAYBE, ip_block, except, &text_entry, 0, CYAML_UNLIMITED),
    CYAML_FIELD_END};

static const cyaml_schema_field_t peer_fields[] = {
    CYAML_FIELD_MAPPING_PTR("podSelector", MAYBE, peer, pods, selector_fields),
    CYAML_FIELD_MAPPING_PTR("namespaceSelector", MAYBE, peer, namespaces, selector_fields),
    CYAML_FIELD_MAPPING_PTR("ipBlock", MAYBE, peer, block, block_fields), CYAML_FIELD_END};
static const cyaml_schema_value_t peer_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, peer, peer_fields)};

static const cyaml_schema_field_t port_fields[] = {
    CYAML_FIELD_STRING_PTR("protocol", MAYBE, port, protocol, 0, CYAML_UNLIMITED),
    CYAML_FIELD_STRING_PTR("port", MAYBE, port, port, 0, CYAML_UNLIMITED),
    CYAML_FIELD_INT_PTR("endPort", MAYBE, port, end), CYAML_FIELD_END};
static const cyaml_schema_value_t port_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, port, port_fields)};

static const cyaml_schema_field_t rule_fields[] = {
    CYAML_FIELD_SEQUENCE("ports", MAYBE, rule, ports, &port_entry, 0, CYAML_UNLIMITED),
    CYAML_FIELD_SEQUENCE("from", MAYBE, rule, from, &peer_entry, 0, CYAML_UNLIMITED),
    CYAML_FIELD_SEQUENCE("to", MAYBE, rule, to, &peer_entry, 0, CYAML_UNLIMITED), CYAML_FIELD_END};
static const cyaml_schema_value_t rule_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, rule, rule_fields)};

static const cyaml_schema_field_t spec_fields[] = {
    CYAML_FIELD_MAPPING_PTR("podSelector", MAYBE, spec, pods, selector_fields),
    CYAML_FIELD_SEQUENCE("policyTypes", MAYBE, spec, types, &text_entry, 0, CYAML_UNLIMITED),
    CYAML_FIELD_SEQUENCE("ingress", MAYBE, spec, ingress, &rule_entry, 0, CYAML_UNLIMITED),
    CYAML_FIELD_SEQUENCE("egress", MAYBE, spec, egress, &rule_entry, 0, CYAML_UNLIMITED),
    CYAML_FIELD_END};

static const cyaml_schema_field_t metadata_fields[] = {
    CYAML_FIELD_STRING_PTR("name", MAYBE, metadata, name, 0, CYAML_UNLIMITED),
    CYAML_FIELD_STRING_PTR("namespace", MAYBE, metadata, namespace_name, 0, CYAML_UNLIMITED),
    CYAML_FIELD_END};

static const cyaml_schema_field_t policy_fields[] = {
    CYAML_FIELD_STRING_PTR("apiVersion", MAYBE, policy, api_version, 0, CYAML_UNLIMITED),
    CYAML_FIELD_STRING_PTR("kind", MAYBE, policy, kind, 0, CYAML_UNLIMITED),
    CYAML_FIELD_MAPPING_PTR("metadata", MAYBE, policy, metadata, metadata_fields),
    CYAML_FIELD_MAPPING_PTR("spec", MAYBE, policy, spec, spec_fields), CYAML_FIELD_END};
static const cyaml_schema_value_t policy_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, policy, policy_fields)};

static const cyaml_config_t config = {.log_level = CYAML_LOG_ERROR,
                                      .log_fn = cyaml_log,
                                      .mem_fn = cyaml_mem,
                                      .flags = CYAML_CFG_NO_ALIAS};

/* ---- the comparison: libcyaml's on the left, ours on the right ---- */

static void same_text(const char *a, const char *b)
{
    if (!a || !b)
        assert_true(a == b);
    else
        assert_string_equal(a, b);
}

static void same_texts(const char **a, uint32_t n_a, const char *const *b, size_t n_b)
{
    assert_int_equal(n_a, n_b);
    for (size_t i = 0; i < n_b; i++)
        same_text(a[i], b[i]);
}

static const char *label(const netpol_label_selector *s, const char *key)
{
    for (size_t i = 0; i < s->n_match_labels; i++)
        if (strcmp(s->match_labels[i].key, key) == 0)
            return s->match_labels[i].value;
    return NULL;
}

static void same_selector(const selector *a, const netpol_label_selector *b)
{
    assert_true((a == NULL) == (b == NULL));
    if (!a)
        return;
    assert_int_equal(a->expressions_count, b->n_match_expressions);
    for (size_t i = 0; i < b->n_match_expressions; i++) {
        same_text(a->expressions[i].key, b->match_expressions[i]->key);
        same_text(a->expressions[i].op, b->match_expressions[i]->op);
        same_texts(a->expressions[i].values, a->expressions[i].values_count,
                   b->match_expressions[i]->values, b->match_expressions[i]->n_values);
    }
    same_text(a->match_labels ? a->match_labels->role : NULL, label(b, "role"));
    same_text(a->match_labels ? a->match_labels->name : NULL, label(b, "name"));
}

static void same_block(const ip_block *a, const netpol_ip_block *b)
{
    assert_true((a == NULL) == (b == NULL));
    if (!a)
        return;
    same_text(a->cidr, b->cidr);
    same_texts(a->except, a->except_count, b->exceptions, b->n_exceptions);
}

static void same_peers(const peer *a, uint32_t n_a, const netpol_peer *const *b, size_t n_b)
{
    assert_int_equal(n_a, n_b);
    for (size_t i = 0; i < n_b; i++) {
        same_selector(a[i].pods, b[i]->pod_selector);
        same_selector(a[i].namespaces, b[i]->namespace_selector);
        same_block(a[i].block, b[i]->ip_block);
    }
}

static void same_port(const port *a, const netpol_port *b)
{
    char number[16];
    same_text(a->protocol, b->protocol);
    assert_true((a->port == NULL) == (b->port == NULL));
    if (b->port) {
        snprintf(number, sizeof number, "%d", (int)b->port->number);
        same_text(a->port, b->port->string ? b->port->string : number);
    }
    assert_true((a->end == NULL) == (b->end_port == NULL));
    if (b->end_port)
        assert_int_equal(*a->end, *b->end_port);
}

static void same_rules(const rule *a, uint32_t n_a, const netpol_rule *const *b, size_t n_b,
                       bool in)
{
    assert_int_equal(n_a, n_b);
    for (size_t i = 0; i < n_b; i++) {
        assert_int_equal(a[i].ports_count, b[i]->n_ports);
        for (size_t j = 0; j < b[i]->n_ports; j++)
            same_port(&a[i].ports[j], b[i]->ports[j]);
        same_peers(in ? a[i].from : a[i].to, in ? a[i].from_count : a[i].to_count, b[i]->peers,
                   b[i]->n_peers);
    }
}

static void same_policy(const policy *a, const netpol_policy *b)
{
    same_text(a->metadata->name, b->metadata->name);
    same_text(a->metadata->namespace_name, b->metadata->namespace_name);
    same_selector(a->spec->pods, b->spec->pod_selector);
    same_texts(a->spec->types, a->spec->types_count, b->spec->policy_types,
               b->spec->n_policy_types);
    same_rules(a->spec->ingress, a->spec->ingress_count, b->spec->ingress, b->spec->n_ingress,
               true);
    same_rules(a->spec->egress, a->spec->egress_count, b->spec->egress, b->spec->n_egress, false);
}

static void expect_same(const char *name, const char *text, size_t n)
{
    policy *theirs = NULL;
    netpol_manifests *ours = NULL;
    cyaml_err_t e = cyaml_load_data((const uint8_t *)text, n, &config, &policy_schema,
                                    (cyaml_data_t **)&theirs, NULL);
    if (e != CYAML_OK)
        fail_msg("%s: libcyaml says %s", name, cyaml_strerror(e));
    assert_int_equal(netpol_manifests_new(NULL, &ours), NETPOL_OK);
    assert_int_equal(netpol_manifests_read_memory(ours, name, text, n, NULL), NETPOL_OK);
    assert_int_equal(netpol_manifests_count(ours), 1);
    same_policy(theirs, netpol_object_policy(netpol_manifests_at(ours, 0)));
    netpol_manifests_free(ours);
    cyaml_free(&config, &policy_schema, theirs, 0);
}

/* ---- the documents ---- */

static const char *const files[] = {
    "examples/db-policy/1-either.yaml",
    "examples/db-policy/2-both.yaml",
    "examples/db-policy/3-in-and-out.yaml",
};

#define HEAD "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: a\n"

static const struct {
    const char *why;
    const char *text;
} documents[] = {
    {"a policy that selects all and allows nothing",
     HEAD "  namespace: shop\nspec:\n  podSelector: {}\n"},
    {"every kind of port", HEAD "spec:\n"
                                "  podSelector: {}\n"
                                "  ingress:\n"
                                "    - ports:\n"
                                "        - port: 80\n"
                                "        - {protocol: UDP, port: dns}\n"
                                "        - {protocol: SCTP, port: 1000, endPort: 2000}\n"
                                "        - {protocol: TCP}\n"},
    {"every kind of peer, out and in",
     HEAD "spec:\n"
          "  podSelector:\n"
          "    matchExpressions:\n"
          "      - {key: tier, operator: In, values: [a, b]}\n"
          "      - {key: old, operator: DoesNotExist}\n"
          "  policyTypes: [Ingress, Egress]\n"
          "  egress:\n"
          "    - to:\n"
          "        - ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16, '10.2.0.0/16']}\n"
          "        - ipBlock: {cidr: 'fd00::/8'}\n"
          "        - podSelector: {matchLabels: {role: db}}\n"
          "          namespaceSelector: {}\n"
          "    - {}\n"
          "  ingress:\n"
          "    - from: [{namespaceSelector: {matchLabels: {name: \"80\"}}}]\n"},
};

static void both_binders_agree_on_the_examples(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(files); i++) {
        size_t n;
        char *text = test_read_file(files[i], &n);
        expect_same(files[i], text, n);
        free(text);
    }
}

static void both_binders_agree_on_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(documents); i++)
        expect_same(documents[i].why, documents[i].text, strlen(documents[i].text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_binders_agree_on_the_examples),
        cmocka_unit_test(both_binders_agree_on_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
