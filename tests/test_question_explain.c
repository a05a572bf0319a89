/* SPDX-License-Identifier: MIT */
/* Explanations: what is said beyond an answer. That the edits do what they say is tried by
 * tests/cli/explain.py. */
#include "fixture.h"

#define POD(space, name, labels, ip)                                                               \
    "{apiVersion: v1, kind: Pod, metadata: {name: " name ", namespace: " space                     \
    ", labels: {" labels "}}, spec: {containers: [{name: c, ports: [{name: http, containerPort: "  \
    "8080}]}]}, status: {podIP: " ip "}}\n---\n"
#define POLICY(name, spec)                                                                         \
    "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: " name               \
    ", namespace: a}, spec: {" spec "}}\n---\n"
#define PODS                                                                                       \
    POD("a", "db", "role: db", "10.0.0.1")                                                         \
    POD("a", "web", "role: web", "10.0.0.2")                                                       \
    POD("b", "far", "role: api, tier: '1'", "10.0.0.3")                                            \
    "{apiVersion: v1, kind: Namespace, metadata: {name: b, labels: {team: "                        \
    "x}}}\n---\n"
#define DB "podSelector: {matchLabels: {role: db}}, "
#define ON_NODE                                                                                    \
    "{apiVersion: v1, kind: Node, metadata: {name: n1}, status: {addresses: [{type: InternalIP, "  \
    "address: 192.168.0.2}]}}\n---\n"                                                              \
    "{apiVersion: v1, kind: Pod, metadata: {name: db, namespace: a, labels: {role: db}}, spec: "   \
    "{nodeName: n1, containers: [{name: c}]}, status: {podIP: 10.0.0.1}}\n---\n"                   \
    "{apiVersion: v1, kind: Pod, metadata: {name: host, namespace: a}, spec: {nodeName: n1, "      \
    "hostNetwork: true, containers: [{name: c}]}, status: {podIP: 192.168.0.2}}\n---\n"
#define NODE_STAYS "    to deny: no NetworkPolicy can, for its own node always reaches it\n"

static const struct {
    const char *why;
    const char *text;
    const char *src;
    const char *dst;
    const char *says;
} rows[] = {
    {"a label that the pod has otherwise",
     PODS POLICY("p", DB "ingress: [{from: [{podSelector: "
                         "{matchLabels: {role: api}}}]}]"),
     "a/web", "a/db",
     "    nearest: a/p, ingress[0] from[0]  fixture:9:149\n"
     "      podSelector wants role=api, but a/web has role=web\n"},
    {"one that it has not",
     PODS POLICY("p", DB "ingress: [{from: [{podSelector: {matchLabels: "
                         "{app: x}}}]}]"),
     "a/web", "a/db", "      podSelector wants app=x, but a/web has no label app\n"},
    {"two of them, in kubectl's words",
     PODS POLICY("p", DB "ingress: [{from: [{podSelector: {matchLabels: {role: api}, "
                         "matchExpressions: [{key: tier, operator: In, values: ['1', '2']}]}}]}]"),
     "a/web", "a/db",
     "podSelector wants role=api, but a/web has role=web, and tier in (1,2), but a/web has no "
     "label "
     "tier\n"},
    {"another namespace",
     PODS POLICY("p", DB "ingress: [{from: [{podSelector: {matchLabels: {role: "
                         "api}}}]}]"),
     "b/far", "a/db", "      without a namespaceSelector only pods of namespace a are meant\n"},
    {"labels of namespaces",
     PODS POLICY("p", DB "ingress: [{from: [{namespaceSelector: {matchLabels: {team: z}}}]}]"),
     "b/far", "a/db", "      namespaceSelector wants team=z, but namespace b has team=x\n"},
    {"a hole in a block",
     PODS POLICY("p", DB "ingress: [{from: [{ipBlock: {cidr: 192.0.2.0/24, except: "
                         "[192.0.2.128/25]}}]}]"),
     "192.0.2.200", "a/db",
     "      ipBlock 192.0.2.0/24 except 192.0.2.128/25 does not match 192.0.2.200\n"},
    {"no pod", PODS POLICY("p", DB "ingress: [{from: [{podSelector: {}}]}]"), "192.0.2.200", "a/db",
     "      selectors are about pods, and 192.0.2.200 is none to them\n"},
    {"ports by number, range and name",
     PODS POLICY("p", DB "ingress: [{ports: [{port: 81}, {port: 90, endPort: 99}, {port: http}, "
                         "{protocol: UDP}]}]"),
     "a/web", "a/db", "      ports are TCP 81, TCP 90-99, TCP http, UDP, not TCP 80\n"},
    {"the rule that lacks least is the nearest",
     PODS POLICY("p", DB "ingress: [{from: [{ipBlock: {cidr: 192.0.2.0/24}}]}, {from: "
                         "[{podSelector: {matchLabels: {role: api}}}]}]"),
     "a/web", "a/db", "    nearest: a/p, ingress[1] from[0]"},
    {"the pod's own node, which no rule less keeps out", ON_NODE POLICY("p", DB "ingress: [{}]"),
     "node:n1", "a/db", NODE_STAYS},
    {"and a pod that shares its address", ON_NODE POLICY("p", DB "ingress: [{}]"), "a/host", "a/db",
     NODE_STAYS},
    {"nor one policy more", ON_NODE, "node:n1", "a/db", NODE_STAYS},
    {"no rules", PODS POLICY("p", DB "policyTypes: [Ingress]"), "a/web", "a/db",
     "    nearest: none, for there are no rules\n"
     "    to allow: netpol edit fixture --document 4 set 'spec.ingress' '[{from: [{podSelector: "
     "{matchLabels: {role: web}}}], ports: [{protocol: TCP, port: 80}]}]'\n"},
    {"a value that YAML would read as a number", PODS POLICY("p", DB "policyTypes: [Ingress]"),
     "b/far", "a/db", "podSelector: {matchLabels: {role: api, tier: \"1\"}}}"},
    {"several rules allow",
     PODS POLICY("p", DB "ingress: [{}, {from: [{podSelector: {}}]}]")
         POLICY("q", DB "ingress: [{}]"),
     "a/web", "a/db",
     "    to deny: all of 3 rules must go: a/p, ingress[0]  fixture:9:149; a/p, ingress[1]  "
     "fixture:9:153; a/q, ingress[0]  fixture:11:149\n"},
    {"the last egress rule keeps its direction",
     PODS POLICY("p", "podSelector: {matchLabels: {role: web}}, egress: [{}]"), "a/web", "a/db",
     "set 'spec.policyTypes' '[Ingress, Egress]' delete 'spec.egress[0]'\n"},
    {"nothing isolates", PODS, "a/web", "a/db",
     "    to deny: a NetworkPolicy in a with podSelector {matchLabels: {role: web}} and "
     "policyTypes "
     "[Egress]\n"},
    {"an Admin tier is beyond NetworkPolicies",
     PODS "{apiVersion: policy.networking.k8s.io/v1alpha1, kind: AdminNetworkPolicy, metadata: "
          "{name: no-web}, spec: {priority: 1, subject: {namespaces: {}}, ingress: [{action: Deny, "
          "from: [{namespaces: {}}]}]}}\n",
     "a/web", "a/db", "    NetworkPolicies are not asked: only an earlier rule"},
};

static void an_explanation_says_what_was_lacking(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        netpol_engine *e = fixture_engine(rows[i].text, &(fixture_how){.preset = NULL});
        netpol_question q = {
            .size = sizeof q, .src = rows[i].src, .dst = rows[i].dst, .port = "80"};
        netpol_answer *x = NULL;
        test_text out = {0};
        netpol_sink to = test_text_sink(&out);
        assert_int_equal(netpol_engine_ask(e, &q, &x, NULL), NETPOL_OK);
        assert_int_equal(netpol_answer_explain(x, NETPOL_FORMAT_TEXT, &to), NETPOL_OK);
        if (!strstr(test_text_of(&out), rows[i].says))
            fail_msg("%s: no '%s' in\n%s", rows[i].why, rows[i].says, test_text_of(&out));
        test_text_free(&out);
        netpol_answer_free(x);
        netpol_engine_unref(e);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_explanation_says_what_was_lacking),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
