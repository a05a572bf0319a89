/* SPDX-License-Identifier: MIT */
/* Documents, and what the API server says of each: messages in its order, the errors or else the
 * warnings. All are answers of Kubernetes 1.37's own code. */
#ifndef NP_TEST_VALIDATE_ROWS_H
#define NP_TEST_VALIDATE_ROWS_H

#include <stddef.h>

#define MOST_MESSAGES 6

typedef struct row {
    const char *why;
    const char *text;
    const char *messages[MOST_MESSAGES]; /* the rest is NULL */
} row;

/* ---- documents by the part that matters, in flow style ---- */

#define POLICY(body) "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n" body
#define META(metadata) POLICY("metadata: {" metadata "}\nspec: {}\n")
#define SPEC(spec) POLICY("metadata: {name: p}\nspec: {" spec "}\n")
#define INGRESS(rule) SPEC("ingress: [{" rule "}]")
#define EGRESS(rule) SPEC("egress: [{" rule "}]")
#define PORT(port) INGRESS("ports: [{" port "}]")
#define PEER(peer) INGRESS("from: [{" peer "}]")
#define BLOCK(block) PEER("ipBlock: {" block "}")
#define EXPR(requirement) SPEC("podSelector: {matchExpressions: [{" requirement "}]}")

#define CUSTOM(version, kind, body)                                                                \
    "apiVersion: policy.networking.k8s.io/" version "\nkind: " kind "\n" body
#define CLUSTER_HEAD(body) CUSTOM("v1alpha2", "ClusterNetworkPolicy", body)
#define CLUSTER(spec)                                                                              \
    CUSTOM("v1alpha2", "ClusterNetworkPolicy", "metadata: {name: p}\nspec: {" spec "}\n")
#define CLUSTER_EGRESS(rule)                                                                       \
    CLUSTER("tier: Admin, priority: 1, subject: {namespaces: {}}, egress: [{" rule "}]")
#define CLUSTER_PEER(peer) CLUSTER_EGRESS("action: Deny, to: [{" peer "}]")
#define CLUSTER_PROTOCOL(protocol)                                                                 \
    CLUSTER_EGRESS("action: Deny, to: [{namespaces: {}}], protocols: [{" protocol "}]")
#define ADMIN(spec)                                                                                \
    CUSTOM("v1alpha1", "AdminNetworkPolicy", "metadata: {name: p}\nspec: {" spec "}\n")
#define ADMIN_PORT(port)                                                                           \
    CUSTOM("v1alpha1", "AdminNetworkPolicy",                                                       \
           "metadata: {name: p}\nspec: {priority: 1, subject: {namespaces: {}}, egress: [{"        \
           "action: Pass, to: [{namespaces: {}}], ports: [{" port "}]}]}\n")
#define BASELINE(metadata)                                                                         \
    CUSTOM("v1alpha1", "BaselineAdminNetworkPolicy",                                               \
           "metadata: {" metadata                                                                  \
           "}\nspec: {subject: {pods: {namespaceSelector: {}, podSelector: {}}}}\n")

/* ---- long texts ---- */

#define A10 "aaaaaaaaaa"
#define N62 A10 A10 A10 A10 A10 A10 "aa"
#define N64 N62 "aa"
#define N44 "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"
#define N253 N62 "." N62 "." N62 "." N62 ".b"
#define N254 N253 "c"
#define E10 "éééééééééé"
#define E50 E10 E10 E10 E10 E10

#define SUBDOMAIN                                                                                  \
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, "          \
    "'-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', "      \
    "regex used for validation is "                                                                \
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
#define DNS_LABEL                                                                                  \
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "       \
    "and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', "       \
    "regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
#define KEY                                                                                        \
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with "       \
    "an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used "          \
    "for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
#define VALUE                                                                                      \
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' "       \
    "or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or "          \
    "'my_value',  or '12345', regex used for validation is "                                       \
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
#define CIDR "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
#define UNCHECKED                                                                                  \
    "<nil>: Invalid value: null: some validation rules were not checked because the object "       \
    "was invalid; correct the existing errors to complete validation"
#define DOMAIN                                                                                     \
    "match "                                                                                       \
    "'^(\\*\\.)?([a-zA-z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?\\.)+[a-zA-z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-"  \
    "9])?\\.?$'"

static const row policies[] = {
    {"the smallest policy", META("name: p"), {NULL}},
    {"no metadata at all",
     POLICY("spec: {}\n"),
     {"metadata.name: Required value: name or generateName is required"}},
    {"no name",
     META("labels: {}"),
     {"metadata.name: Required value: name or generateName is required"}},
    {"a generated name", META("generateName: web-"), {NULL}},
    {"a generated name that is no name",
     META("generateName: a_-"),
     {"metadata.name: Invalid value: \"a_-xxxxx\": " SUBDOMAIN}},
    {"a prefix that is none",
     META("generateName: A-"),
     {"metadata.name: Invalid value: \"A-xxxxx\": " SUBDOMAIN}},
    {"a prefix is checked beside a name",
     META("name: p, generateName: Bad_"),
     {"metadata.generateName: Invalid value: \"Bad_\": " SUBDOMAIN}},
    {"a slash that only a URL minds",
     META("name: p, generateName: a/-"),
     {"metadata.generateName: Invalid value: \"a/-\": may not contain '/'"}},
    {"a percent sign that only a URL minds",
     META("name: p, generateName: 'a%-'"),
     {"metadata.generateName: Invalid value: \"a%-\": may not contain '%'"}},
    {"a name in capitals",
     META("name: Web"),
     {"metadata.name: Invalid value: \"Web\": " SUBDOMAIN}},
    {"a name with a dot at the end",
     META("name: web."),
     {"metadata.name: Invalid value: \"web.\": " SUBDOMAIN}},
    {"the longest name", META("name: " N253), {NULL}},
    {"a longer name",
     META("name: " N254),
     {"metadata.name: Invalid value: \"" N254 "\": must be no more than 253 characters"}},
    {"a namespace", META("name: p, namespace: shop"), {NULL}},
    {"an empty namespace is the request's", META("name: p, namespace: \"\""), {NULL}},
    {"a namespace with a dot",
     META("name: p, namespace: a.b"),
     {"metadata.namespace: Invalid value: \"a.b\": must not contain dots"}},
    {"a namespace in capitals",
     META("name: p, namespace: Shop"),
     {"metadata.namespace: Invalid value: \"Shop\": " DNS_LABEL}},
    {"a namespace too long",
     META("name: p, namespace: " N64),
     {"metadata.namespace: Invalid value: \"" N64 "\": must be no more than 63 characters"}},
    {"good labels", META("name: p, labels: {app: web, \"a.b/c\": \"\", \"A_1\": Z-1}"), {NULL}},
    {"a label key with a blank",
     META("name: p, labels: {\"a b\": c}"),
     {"metadata.labels: Invalid value: \"a b\": name part " KEY}},
    {"an empty label key",
     META("name: p, labels: {\"\": c}"),
     {"metadata.labels: Invalid value: \"\": name part must be non-empty",
      "metadata.labels: Invalid value: \"\": name part " KEY}},
    {"a label key of two slashes",
     META("name: p, labels: {\"a/b/c\": d}"),
     {"metadata.labels: Invalid value: \"a/b/c\": a valid label key " KEY
      " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"}},
    {"a label key too long",
     META("name: p, labels: {" N64 ": a}"),
     {"metadata.labels: Invalid value: \"" N64 "\": name part must be no more than 63 bytes"}},
    {"a label prefix in capitals",
     META("name: p, labels: {A.io/b: c}"),
     {"metadata.labels: Invalid value: \"A.io/b\": prefix part " SUBDOMAIN}},
    {"an empty label prefix",
     META("name: p, labels: {/b: c}"),
     {"metadata.labels: Invalid value: \"/b\": prefix part must be non-empty"}},
    {"a label prefix too long",
     META("name: p, labels: {" N254 "/b: c}"),
     {"metadata.labels: Invalid value: \"" N254
      "/b\": prefix part must be no more than 253 bytes"}},
    {"a label value with a blank",
     META("name: p, labels: {a: b c}"),
     {"metadata.labels: Invalid value: \"b c\": " VALUE}},
    {"a label value too long",
     META("name: p, labels: {a: " N64 "}"),
     {"metadata.labels: Invalid value: \"" N64 "\": must be no more than 63 bytes"}},
    {"labels in the order of their keys, each message once",
     META("name: p, labels: {b: \"-\", \"-\": \"-\", a: \"-\"}"),
     {"metadata.labels: Invalid value: \"-\": name part " KEY,
      "metadata.labels: Invalid value: \"-\": " VALUE}},
    {"annotations may have capitals before the slash",
     META("name: p, annotations: {A.io/B: any thing}"),
     {NULL}},
    {"the sign for kelvin is a small k", META("name: p, annotations: {\"K\": a}"), {NULL}},
    {"an annotation key with a blank",
     META("name: p, annotations: {\"a b\": c}"),
     {"metadata.annotations: Invalid value: \"a b\": name part " KEY}},
    {"a good owner",
     META("name: p, ownerReferences: [{apiVersion: apps/v1, kind: D, name: own, uid: u, "
          "controller: true}]"),
     {NULL}},
    {"an owner without anything",
     META("name: p, ownerReferences: [{}]"),
     {"metadata.ownerReferences[0].apiVersion: Required value: must not be empty",
      "metadata.ownerReferences[0].kind: Required value: must not be empty",
      "metadata.ownerReferences[0].name: Required value: must not be empty",
      "metadata.ownerReferences[0].uid: Required value: must not be empty"}},
    {"an owner of no group",
     META("name: p, ownerReferences: [{apiVersion: a/b/c, kind: D, name: own, uid: u}]"),
     {"metadata.ownerReferences[0].apiVersion: Invalid value: \"a/b/c\": must be <group>/<version> "
      "or <version>"}},
    {"an event as owner",
     META("name: p, ownerReferences: [{apiVersion: v1, kind: Event, name: own, uid: \"<\"}]"),
     {"metadata.ownerReferences[0]: Invalid value: "
      "{\"apiVersion\":\"v1\",\"kind\":\"Event\",\"name\":\"own\",\"uid\":\"\\u003c\"}: /v1, "
      "Kind=Event is disallowed from being an owner"}},
    {"two controllers",
     META("name: p, ownerReferences: [{apiVersion: v1, kind: A, name: a, uid: u, controller: "
          "true}, {apiVersion: v1, kind: B, name: b, uid: u, controller: true, blockOwnerDeletion: "
          "false}]"),
     {"metadata.ownerReferences: Invalid value: "
      "[{\"apiVersion\":\"v1\",\"kind\":\"A\",\"name\":\"a\",\"uid\":\"u\",\"controller\":true},{"
      "\"apiVersion\":\"v1\",\"kind\":\"B\",\"name\":\"b\",\"uid\":\"u\",\"controller\":true,"
      "\"blockOwnerDeletion\":false}]: Only one reference can have Controller set to true. Found "
      "\"true\" in references for A/a and B/b"}},
    {"good finalizers", META("name: p, finalizers: [kubernetes, a.io/b]"), {NULL}},
    {"a finalizer of no domain",
     META("name: p, finalizers: [a]"),
     {"metadata.finalizers[0]: Invalid value: \"a\": name is neither a standard finalizer name nor "
      "is it fully qualified"}},
    {"a finalizer with a blank",
     META("name: p, finalizers: [a.io/b c]"),
     {"metadata.finalizers: Invalid value: \"a.io/b c\": name part " KEY}},
    {"finalizers that exclude each other",
     META("name: p, finalizers: [orphan, foregroundDeletion]"),
     {"metadata.finalizers: Invalid value: [\"orphan\",\"foregroundDeletion\"]: finalizer orphan "
      "and foregroundDeletion cannot be both set"}},
    {"good managed fields",
     META("name: p, managedFields: [{manager: kubectl, operation: Apply, fieldsType: FieldsV1}]"),
     {NULL}},
    {"managed fields without an operation",
     META("name: p, managedFields: [{}]"),
     {"metadata.managedFields[0].operation: Required value: must not be empty"}},
    {"managed fields of another operation",
     META("name: p, managedFields: [{operation: apply}]"),
     {"metadata.managedFields[0].operation: Unsupported value: \"apply\": supported values: "
      "\"Apply\", \"Update\""}},
    {"managed fields of another type",
     META("name: p, managedFields: [{operation: Update, fieldsType: V2}]"),
     {"metadata.managedFields[0].fieldsType: Invalid value: \"V2\": must be `FieldsV1`"}},
    {"a manager that cannot be printed",
     META("name: p, managedFields: [{operation: Update, manager: \"a\\u0007b\\u00ad\"}]"),
     {"metadata.managedFields[0].manager: Invalid value: \"a\\ab\\u00ad\": invalid character "
      "U+0007 (at position 1)",
      "metadata.managedFields[0].manager: Invalid value: \"a\\ab\\u00ad\": invalid character "
      "U+00AD (at position 3)"}},
    {"a manager too long",
     META("name: p, managedFields: [{operation: Update, manager: " N64 N64 "a"
          "}]"),
     {"metadata.managedFields[0].manager: Too long: may not be more than 128 bytes"}},
    {"a subresource too long",
     META("name: p, managedFields: [{operation: Update, subresource: " N254 "aaaa}]"),
     {"metadata.managedFields[0].subresource: Too long: may not be more than 256 bytes"}},
    {"a negative generation is the server's to set", META("name: p, generation: -1"), {NULL}},
    {"a good requirement", EXPR("key: a, operator: In, values: [b, \"\"]"), {NULL}},
    {"an empty requirement",
     EXPR(""),
     {"spec.podSelector.matchExpressions[0].operator: Invalid value: \"\": not a valid selector "
      "operator",
      "spec.podSelector.matchExpressions[0].key: Invalid value: \"\": name part must be non-empty",
      "spec.podSelector.matchExpressions[0].key: Invalid value: \"\": name part " KEY}},
    {"In without values",
     EXPR("key: a, operator: In"),
     {"spec.podSelector.matchExpressions[0].values: Required value: must be specified when "
      "`operator` is 'In' or 'NotIn'"}},
    {"Exists with values",
     EXPR("key: a, operator: Exists, values: [b]"),
     {"spec.podSelector.matchExpressions[0].values: Forbidden: may not be specified when "
      "`operator` is 'Exists' or 'DoesNotExist'"}},
    {"an operator in small letters",
     EXPR("key: a, operator: in, values: [b]"),
     {"spec.podSelector.matchExpressions[0].operator: Invalid value: \"in\": not a valid selector "
      "operator"}},
    {"an operator is shown as JSON",
     EXPR("key: a, operator: \"<&>\""),
     {"spec.podSelector.matchExpressions[0].operator: Invalid value: \"\\u003c\\u0026\\u003e\": "
      "not a valid selector operator"}},
    {"a bad key and a bad value",
     EXPR("key: a b, operator: NotIn, values: [c, d e]"),
     {"spec.podSelector.matchExpressions[0].key: Invalid value: \"a b\": name part " KEY,
      "spec.podSelector.matchExpressions[0].values[1]: Invalid value: \"d e\": " VALUE}},
    {"a good port", PORT("protocol: UDP, port: 53, endPort: 54"), {NULL}},
    {"a port of nothing is every TCP port", PORT(""), {NULL}},
    {"a protocol in small letters",
     PORT("protocol: tcp"),
     {"spec.ingress[0].ports[0].protocol: Unsupported value: \"tcp\": supported values: \"TCP\", "
      "\"UDP\", \"SCTP\""}},
    {"an empty protocol is not an absent one",
     PORT("protocol: \"\""),
     {"spec.ingress[0].ports[0].protocol: Unsupported value: \"\": supported values: \"TCP\", "
      "\"UDP\", \"SCTP\""}},
    {"port zero",
     PORT("port: 0"),
     {"spec.ingress[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive"}},
    {"a port beyond the last",
     PORT("port: 65536"),
     {"spec.ingress[0].ports[0].port: Invalid value: 65536: must be between 1 and 65535, "
      "inclusive"}},
    {"a range that ends before it begins",
     PORT("port: 80, endPort: 79"),
     {"spec.ingress[0].ports[0].endPort: Invalid value: 79: must be greater than or equal to "
      "`port`"}},
    {"a range that ends beyond the last",
     PORT("port: 80, endPort: 65536"),
     {"spec.ingress[0].ports[0].endPort: Invalid value: 65536: must be between 1 and 65535, "
      "inclusive"}},
    {"a range that ends at nothing",
     PORT("port: 80, endPort: 0"),
     {"spec.ingress[0].ports[0].endPort: Invalid value: 0: must be greater than or equal to `port`",
      "spec.ingress[0].ports[0].endPort: Invalid value: 0: must be between 1 and 65535, "
      "inclusive"}},
    {"a named port", PORT("port: http"), {NULL}},
    {"a named port with a range",
     PORT("port: http, endPort: 81"),
     {"spec.ingress[0].ports[0].endPort: Invalid value: 81: may not be specified when `port` is "
      "non-numeric"}},
    {"a range without a beginning",
     PORT("endPort: 81"),
     {"spec.ingress[0].ports[0].endPort: Invalid value: 81: may not be specified when `port` is "
      "not specified"}},
    {"a quoted number is a name",
     PORT("port: \"80\""),
     {"spec.ingress[0].ports[0].port: Invalid value: \"80\": must contain at least one letter "
      "(a-z)"}},
    {"an empty name",
     PORT("port: \"\""),
     {"spec.ingress[0].ports[0].port: Invalid value: \"\": must contain only alpha-numeric "
      "characters (a-z, 0-9), and hyphens (-)",
      "spec.ingress[0].ports[0].port: Invalid value: \"\": must contain at least one letter "
      "(a-z)"}},
    {"a name in capitals",
     PORT("port: Http"),
     {"spec.ingress[0].ports[0].port: Invalid value: \"Http\": must contain only alpha-numeric "
      "characters (a-z, 0-9), and hyphens (-)"}},
    {"a name too long",
     PORT("port: abcdefghijklmnop"),
     {"spec.ingress[0].ports[0].port: Invalid value: \"abcdefghijklmnop\": must be no more than 15 "
      "characters"}},
    {"two hyphens in a row",
     PORT("port: a--b"),
     {"spec.ingress[0].ports[0].port: Invalid value: \"a--b\": must not contain consecutive "
      "hyphens"}},
    {"a hyphen at the end",
     PORT("port: a-"),
     {"spec.ingress[0].ports[0].port: Invalid value: \"a-\": must not begin or end with a hyphen"}},
    {"every peer there is",
     INGRESS("from: [{podSelector: {}}, {namespaceSelector: {}, podSelector: {}}, {ipBlock: {cidr: "
             "10.0.0.0/8}}]"),
     {NULL}},
    {"no peer", PEER(""), {"spec.ingress[0].from[0]: Required value: must specify a peer"}},
    {"a null selector is no peer",
     PEER("podSelector: null"),
     {"spec.ingress[0].from[0]: Required value: must specify a peer"}},
    {"a block and a selector",
     PEER("ipBlock: {cidr: 10.0.0.0/8}, podSelector: {}"),
     {"spec.ingress[0].from[0]: Forbidden: may not specify both ipBlock and another peer"}},
    {"a selector of a peer",
     PEER("namespaceSelector: {matchLabels: {a: b c}}"),
     {"spec.ingress[0].from[0].namespaceSelector.matchLabels: Invalid value: \"b c\": " VALUE}},
    {"no cidr, said last",
     SPEC("ingress: [{from: [{ipBlock: {}}, {}]}], policyTypes: [x]"),
     {"spec.ingress[0].from[1]: Required value: must specify a peer",
      "spec.policyTypes[0]: Unsupported value: \"x\": supported values: \"Ingress\", \"Egress\"",
      "spec.ingress[0].from[0].ipBlock.cidr: Required value"}},
    {"an empty cidr, and except is not looked at",
     BLOCK("cidr: \"\", except: [x]"),
     {"spec.ingress[0].from[0].ipBlock.cidr: Required value"}},
    {"no length",
     BLOCK("cidr: 10.0.0.0"),
     {"spec.ingress[0].from[0].ipBlock.cidr: Invalid value: \"10.0.0.0\": " CIDR}},
    {"a bad cidr ends the block",
     BLOCK("cidr: 10.0.0.0, except: [x]"),
     {"spec.ingress[0].from[0].ipBlock.cidr: Invalid value: \"10.0.0.0\": " CIDR}},
    {"zeros",
     BLOCK("cidr: 010.0.0.0/8"),
     {"spec.ingress[0].from[0].ipBlock.cidr: Invalid value: \"010.0.0.0/8\": must not have leading "
      "0s in IP or prefix length"}},
    {"a mapped block",
     BLOCK("cidr: \"::ffff:10.0.0.0/104\""),
     {"spec.ingress[0].from[0].ipBlock.cidr: Invalid value: \"::ffff:10.0.0.0/104\": must not have "
      "an IPv4-mapped IPv6 address"}},
    {"host bits",
     BLOCK("cidr: 10.0.0.5/8"),
     {"spec.ingress[0].from[0].ipBlock.cidr: Invalid value: \"10.0.0.5/8\": must not have bits set "
      "beyond the prefix length"}},
    {"zeros hide host bits",
     BLOCK("cidr: 10.0.0.5/08"),
     {"spec.ingress[0].from[0].ipBlock.cidr: Invalid value: \"10.0.0.5/08\": must not have leading "
      "0s in IP or prefix length"}},
    {"good exceptions",
     BLOCK("cidr: 0.0.0.0/0, except: [10.0.0.0/8, 10.0.0.0/8, 192.168.0.0/16]"),
     {NULL}},
    {"an exception outside",
     BLOCK("cidr: 10.0.0.0/8, except: [11.0.0.0/16]"),
     {"spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: \"11.0.0.0/16\": must be a strict "
      "subset of `cidr`"}},
    {"an exception as large as the block",
     BLOCK("cidr: 10.0.0.0/8, except: [10.0.0.0/8]"),
     {"spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: \"10.0.0.0/8\": must be a strict "
      "subset of `cidr`"}},
    {"an exception of the other family",
     BLOCK("cidr: 10.0.0.0/8, except: [\"fd00::/16\"]"),
     {"spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: \"fd00::/16\": must be a strict "
      "subset of `cidr`"}},
    {"a bad exception does not hide the next",
     BLOCK("cidr: 10.0.0.0/8, except: [x, 9.0.0.0/16]"),
     {"spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: \"x\": " CIDR,
      "spec.ingress[0].from[0].ipBlock.except[1]: Invalid value: \"9.0.0.0/16\": must be a strict "
      "subset of `cidr`"}},
    {"an exception may break two rules",
     BLOCK("cidr: 10.0.0.0/8, except: [11.0.0.1/16]"),
     {"spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: \"11.0.0.1/16\": must not have "
      "bits set beyond the prefix length",
      "spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: \"11.0.0.1/16\": must be a strict "
      "subset of `cidr`"}},
    {"egress",
     EGRESS("to: [{}], ports: [{port: 0}]"),
     {"spec.egress[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive",
      "spec.egress[0].to[0]: Required value: must specify a peer"}},
    {"both types", SPEC("policyTypes: [Ingress, Egress]"), {NULL}},
    {"one type twice", SPEC("policyTypes: [Egress, Egress]"), {NULL}},
    {"a type in small letters",
     SPEC("policyTypes: [egress]"),
     {"spec.policyTypes[0]: Unsupported value: \"egress\": supported values: \"Ingress\", "
      "\"Egress\""}},
    {"three types",
     SPEC("policyTypes: [Ingress, Egress, \"<\"]"),
     {"spec.policyTypes: Invalid value: [\"Ingress\",\"Egress\",\"\\u003c\"]: may not specify more "
      "than two policyTypes"}},
    {"an unusual IPv6 block is warned of",
     BLOCK("cidr: \"FD00::/8\", except: [\"fd00:0:0::/48\"]"),
     {"spec.ingress[0].from[0].ipBlock.cidr: IPv6 CIDR value \"FD00::/8\" should be in RFC 5952 "
      "canonical format (\"fd00::/8\")",
      "spec.ingress[0].from[0].ipBlock.except[0]: IPv6 CIDR value \"fd00:0:0::/48\" should be in "
      "RFC 5952 canonical format (\"fd00::/48\")"}},
    {"no warning beside an error",
     SPEC("ingress: [{from: [{ipBlock: {cidr: \"FD00::/8\"}}]}], policyTypes: [x]"),
     {"spec.policyTypes[0]: Unsupported value: \"x\": supported values: \"Ingress\", \"Egress\""}},
};

static const row cluster_policies[] = {
    {"a good policy",
     CLUSTER("tier: Baseline, priority: 0, subject: {pods: {podSelector: {}}}"),
     {NULL}},
    {"an empty spec",
     CLUSTER(""),
     {UNCHECKED, "spec.priority: Required value", "spec.subject: Required value",
      "spec.tier: Required value"}},
    {"no spec", CLUSTER_HEAD("metadata: {name: p}\n"), {UNCHECKED, "spec: Required value"}},
    {"a spec that is null",
     CLUSTER_HEAD("metadata: {name: p}\nspec: null\n"),
     {UNCHECKED, "spec: Required value"}},
    {"a tier in small letters",
     CLUSTER("tier: admin, priority: 1, subject: {namespaces: {}}"),
     {UNCHECKED,
      "spec.tier: Unsupported value: \"admin\": supported values: \"Admin\", \"Baseline\""}},
    {"a priority too large",
     CLUSTER("tier: Admin, priority: 1001, subject: {namespaces: {}}"),
     {"spec.priority: Invalid value: 1001: spec.priority in body should be less than or equal to "
      "1000"}},
    {"a priority too small",
     CLUSTER("tier: Admin, priority: -1, subject: {namespaces: {}}"),
     {"spec.priority: Invalid value: -1: spec.priority in body should be greater than or equal to "
      "0"}},
    {"an empty subject",
     CLUSTER("tier: Admin, priority: 1, subject: {}"),
     {"spec.subject: Invalid value: 0: spec.subject in body should have at least 1 properties"}},
    {"two subjects",
     CLUSTER("tier: Admin, priority: 1, subject: {namespaces: {}, pods: {podSelector: {}}}"),
     {UNCHECKED, "spec.subject: Too many: 2: must have at most 1 item"}},
    {"a subject without pods",
     CLUSTER("tier: Admin, priority: 1, subject: {pods: {}}"),
     {UNCHECKED, "spec.subject.pods.podSelector: Required value"}},
    {"selectors are checked for presence only",
     CLUSTER("tier: Admin, priority: 1, subject: {namespaces: {matchLabels: {\"-\": \"-\"}, "
             "matchExpressions: [{key: \"\", operator: nope}, {}]}}"),
     {UNCHECKED, "spec.subject.namespaces.matchExpressions[1].key: Required value",
      "spec.subject.namespaces.matchExpressions[1].operator: Required value"}},
    {"a rule of nothing",
     CLUSTER_EGRESS(""),
     {UNCHECKED, "spec.egress[0].action: Required value", "spec.egress[0].to: Required value"}},
    {"an action of the version before",
     CLUSTER_EGRESS("action: Allow, to: [{namespaces: {}}]"),
     {UNCHECKED, "spec.egress[0].action: Unsupported value: \"Allow\": supported values: "
                 "\"Accept\", \"Deny\", \"Pass\""}},
    {"no peers",
     CLUSTER_EGRESS("action: Deny, to: []"),
     {"spec.egress[0].to: Invalid value: 0: spec.egress[0].to in body should have at least 1 "
      "items"}},
    {"a hundred characters",
     CLUSTER_EGRESS("action: Deny, to: [{namespaces: {}}], name: " E50 E50),
     {NULL}},
    {"a hundred and one",
     CLUSTER_EGRESS("action: Deny, to: [{namespaces: {}}], name: " E50 E50 "é"),
     {UNCHECKED, "spec.egress[0].name: Too long: may not be more than 100 bytes"}},
    {"an empty peer",
     CLUSTER_PEER(""),
     {"spec.egress[0].to[0]: Invalid value: 0: spec.egress[0].to[0] in body should have at least 1 "
      "properties"}},
    {"two kinds of peer",
     CLUSTER_PEER("namespaces: {}, nodes: {}"),
     {UNCHECKED, "spec.egress[0].to[0]: Too many: 2: must have at most 1 item"}},
    {"networks with host bits are good here",
     CLUSTER_PEER("networks: [10.0.0.1/8, \"FD00::/8\"]"),
     {NULL}},
    {"networks that are none",
     CLUSTER_PEER("networks: [10.0.0.0, 010.0.0.0/8, \"::ffff:10.0.0.0/104\"]"),
     {"spec.egress[0].to[0].networks[0]: Invalid value: \"10.0.0.0\": Invalid CIDR format provided",
      "spec.egress[0].to[0].networks[1]: Invalid value: \"010.0.0.0/8\": Invalid CIDR format "
      "provided",
      "spec.egress[0].to[0].networks[2]: Invalid value: \"::ffff:10.0.0.0/104\": Invalid CIDR "
      "format provided"}},
    {"no network",
     CLUSTER_PEER("networks: []"),
     {"spec.egress[0].to[0].networks: Invalid value: 0: spec.egress[0].to[0].networks in body "
      "should have at least 1 items"}},
    {"a network three times is said once",
     CLUSTER_PEER("networks: [10.0.0.0/8, 10.0.0.0/8, 10.0.0.0/8]"),
     {"spec.egress[0].to[0].networks[1]: Duplicate value: \"10.0.0.0/8\""}},
    {"a text too long for a network",
     CLUSTER_PEER("networks: [" N44 "]"),
     {UNCHECKED, "spec.egress[0].to[0].networks[0]: Too long: may not be more than 43 bytes"}},
    {"good domain names",
     CLUSTER_PEER("domainNames: [example.com, \"*.example.com.\", ^x.com, a-b_c.d]"),
     {NULL}},
    {"bad domain names",
     CLUSTER_PEER("domainNames: [com, \"*.com\", a-.b, a+b.c, .a.b]"),
     {"spec.egress[0].to[0].domainNames[0]: Invalid value: \"com\": "
      "spec.egress[0].to[0].domainNames[0] in body should " DOMAIN,
      "spec.egress[0].to[0].domainNames[1]: Invalid value: \"*.com\": "
      "spec.egress[0].to[0].domainNames[1] in body should " DOMAIN,
      "spec.egress[0].to[0].domainNames[2]: Invalid value: \"a-.b\": "
      "spec.egress[0].to[0].domainNames[2] in body should " DOMAIN,
      "spec.egress[0].to[0].domainNames[3]: Invalid value: \"a+b.c\": "
      "spec.egress[0].to[0].domainNames[3] in body should " DOMAIN,
      "spec.egress[0].to[0].domainNames[4]: Invalid value: \".a.b\": "
      "spec.egress[0].to[0].domainNames[4] in body should " DOMAIN}},
    {"a port", CLUSTER_PROTOCOL("tcp: {destinationPort: {number: 80}}"), {NULL}},
    {"a protocol of nothing",
     CLUSTER_PROTOCOL(""),
     {"spec.egress[0].protocols[0]: Invalid value: 0: spec.egress[0].protocols[0] in body should "
      "have at least 1 properties"}},
    {"a protocol without a port",
     CLUSTER_PROTOCOL("tcp: {}"),
     {"spec.egress[0].protocols[0].tcp: Invalid value: 0: spec.egress[0].protocols[0].tcp in body "
      "should have at least 1 properties"}},
    {"a port of nothing",
     CLUSTER_PROTOCOL("udp: {destinationPort: {}}"),
     {"spec.egress[0].protocols[0].udp.destinationPort: Invalid value: 0: "
      "spec.egress[0].protocols[0].udp.destinationPort in body should have at least 1 properties"}},
    {"port zero in a schema",
     CLUSTER_PROTOCOL("sctp: {destinationPort: {number: 0}}"),
     {"spec.egress[0].protocols[0].sctp.destinationPort.number: Invalid value: 0: "
      "spec.egress[0].protocols[0].sctp.destinationPort.number in body should be greater than or "
      "equal to 1"}},
    {"a range of one port",
     CLUSTER_PROTOCOL("tcp: {destinationPort: {range: {start: 5, end: 5}}}"),
     {"spec.egress[0].protocols[0].tcp.destinationPort.range: Invalid value: Start port must be "
      "less than End port"}},
    {"half a range",
     CLUSTER_PROTOCOL("tcp: {destinationPort: {range: {start: 5}}}"),
     {UNCHECKED, "spec.egress[0].protocols[0].tcp.destinationPort.range.end: Required value"}},
    {"an empty named port is one", CLUSTER_PROTOCOL("destinationNamedPort: \"\""), {NULL}},
    {"a named port of a network",
     CLUSTER_EGRESS(
         "action: Deny, to: [{networks: [10.0.0.0/8]}], protocols: [{destinationNamedPort: web}]"),
     {"spec.egress[0]: Invalid value: networks/nodes/domainNames peer cannot be set with "
      "namedPorts since there are no namedPorts for networks/nodes/domainNames"}},
    {"a port of v1alpha1", ADMIN_PORT("portNumber: {port: 80}"), {NULL}},
    {"a range of v1alpha1 may be one port", ADMIN_PORT("portRange: {start: 5, end: 5}"), {NULL}},
    {"a port of v1alpha1 without a number",
     ADMIN_PORT("portNumber: {}"),
     {UNCHECKED, "spec.egress[0].ports[0].portNumber.port: Required value"}},
    {"a subject of v1alpha1 needs both selectors",
     ADMIN("priority: 1, subject: {pods: {podSelector: {}}}"),
     {UNCHECKED, "spec.subject.pods.namespaceSelector: Required value"}},
    {"a named port of a network in v1alpha1",
     ADMIN("priority: 1, subject: {namespaces: {}}, egress: [{action: Allow, to: [{networks: "
           "[10.0.0.0/8]}], ports: [{namedPort: web}]}]"),
     {"spec.egress[0]: Invalid value: networks/nodes/domainNames peer cannot be set with "
      "namedPorts since there are no namedPorts for networks/nodes/domainNames"}},
    {"the baseline", BASELINE("name: default"), {NULL}},
    {"another baseline",
     BASELINE("name: other"),
     {"<nil>: Invalid value: Only one baseline admin network policy with metadata.name=\"default\" "
      "can be created in the cluster"}},
    {"a namespace of what has none",
     BASELINE("name: default, namespace: a"),
     {"metadata.namespace: Forbidden: not allowed on this type"}},
};

static const row tolerant_policies[] = {
    {"host bits may mean two things",
     BLOCK("cidr: 10.0.0.5/8"),
     {"spec.ingress[0].from[0].ipBlock.cidr: CIDR value \"10.0.0.5/8\" is ambiguous in this "
      "context (should be \"10.0.0.0/8\" or \"10.0.0.5/32\"?)"}},
    {"zeros are odd",
     BLOCK("cidr: 010.0.0.0/8"),
     {"spec.ingress[0].from[0].ipBlock.cidr: non-standard CIDR value \"010.0.0.0/8\" is invalid: "
      "use \"10.0.0.0/8\""}},
    {"a mapped block is odd",
     BLOCK("cidr: \"::ffff:10.0.0.0/104\""),
     {"spec.ingress[0].from[0].ipBlock.cidr: non-standard CIDR value \"::ffff:10.0.0.0/104\" is "
      "invalid: use \"10.0.0.0/8\""}},
    {"a mapped block of IPv6 length",
     BLOCK("cidr: \"::ffff:10.0.0.5/80\""),
     {"spec.ingress[0].from[0].ipBlock.cidr: CIDR value \"::ffff:10.0.0.5/80\" is ambiguous in "
      "this context (should be \"::/80\" or \"10.0.0.5/128\"?)",
      "spec.ingress[0].from[0].ipBlock.cidr: non-standard CIDR value \"::ffff:10.0.0.5/80\" is "
      "invalid: use \"::/80\""}},
    {"both",
     BLOCK("cidr: 10.0.0.5/08, except: [10.1.2.3/16]"),
     {"spec.ingress[0].from[0].ipBlock.cidr: CIDR value \"10.0.0.5/08\" is ambiguous in this "
      "context (should be \"10.0.0.0/8\" or \"10.0.0.5/32\"?)",
      "spec.ingress[0].from[0].ipBlock.cidr: non-standard CIDR value \"10.0.0.5/08\" is invalid: "
      "use \"10.0.0.0/8\"",
      "spec.ingress[0].from[0].ipBlock.except[0]: CIDR value \"10.1.2.3/16\" is ambiguous in this "
      "context (should be \"10.1.0.0/16\" or \"10.1.2.3/32\"?)"}},
    {"IPv6 host bits hide the spelling",
     BLOCK("cidr: \"FD00::1/8\""),
     {"spec.ingress[0].from[0].ipBlock.cidr: CIDR value \"FD00::1/8\" is ambiguous in this context "
      "(should be \"fd00::/8\" or \"fd00::1/128\"?)"}},
    {"what is no block at all",
     BLOCK("cidr: 10.0.0.0/33"),
     {"spec.ingress[0].from[0].ipBlock.cidr: Invalid value: \"10.0.0.0/33\": " CIDR}},
    {"lengths are compared as written",
     BLOCK("cidr: \"::ffff:10.0.0.0/104\", except: [10.1.0.0/16]"),
     {"spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: \"10.1.0.0/16\": must be a strict "
      "subset of `cidr`"}},
    {"a mapped exception of a block",
     BLOCK("cidr: 10.0.0.0/8, except: [\"::ffff:10.1.0.0/112\"]"),
     {"spec.ingress[0].from[0].ipBlock.except[0]: non-standard CIDR value \"::ffff:10.1.0.0/112\" "
      "is invalid: use \"10.1.0.0/16\""}},
};

static const struct {
    const char *why;
    const char *old;
    const char *now;
    const char *messages[MOST_MESSAGES];
} updates[] = {
    {"the same again", META("name: p, uid: u"), META("name: p, uid: u"), {NULL}},
    {"another name",
     META("name: p"),
     META("name: q"),
     {"metadata.name: Invalid value: \"q\": field is immutable"}},
    {"no name",
     META("name: p"),
     META("generateName: p-"),
     {"metadata.name: Required value: name or generateName is required",
      "metadata.name: Invalid value: \"\": field is immutable"}},
    {"names that a URL minds",
     META("name: p"),
     META("name: a/b%"),
     {"metadata.name: Invalid value: \"a/b%\": may not contain '/'",
      "metadata.name: Invalid value: \"a/b%\": may not contain '%'",
      "metadata.name: Invalid value: \"a/b%\": field is immutable"}},
    {"a name that is a folder",
     META("name: p"),
     META("name: ."),
     {"metadata.name: Invalid value: \".\": may not be '.'",
      "metadata.name: Invalid value: \".\": field is immutable"}},
    {"a name that is the folder above",
     META("name: p"),
     META("name: .."),
     {"metadata.name: Invalid value: \"..\": may not be '..'",
      "metadata.name: Invalid value: \"..\": field is immutable"}},
    {"another namespace",
     META("name: p, namespace: shop"),
     META("name: p"),
     {"metadata.namespace: Invalid value: \"default\": field is immutable"}},
    {"the default namespace is named",
     META("name: p"),
     META("name: p, namespace: default"),
     {NULL}},
    {"another uid",
     META("name: p, uid: u"),
     META("name: p, uid: v<"),
     {"metadata.uid: Invalid value: \"v\\u003c\": field is immutable"}},
    {"a uid that is left out", META("name: p, uid: u"), META("name: p"), {NULL}},
    {"a deletion that only the server begins",
     META("name: p"),
     META("name: p, deletionTimestamp: 2024-01-02T03:04:05Z"),
     {"metadata.deletionTimestamp: Invalid value: \"2024-01-02T03:04:05Z\": field is immutable"}},
    {"another grace period",
     META("name: p, deletionGracePeriodSeconds: 30"),
     META("name: p, deletionGracePeriodSeconds: 0"),
     {"metadata.deletionGracePeriodSeconds: Invalid value: 0: field is immutable"}},
    {"new finalizers on the way out",
     META("name: p, deletionTimestamp: 2024-01-02T03:04:05Z, finalizers: [a.io/b]"),
     META("name: p, finalizers: [d.io/e, a.io/b, c.io/d]"),
     {"metadata.finalizers: Forbidden: no new finalizers can be added if the object is being "
      "deleted, found new finalizers []string{\"c.io/d\", \"d.io/e\"}"}},
    {"a name that was never good", META("name: P"), META("name: P"), {NULL}},
    {"old blocks are let through anywhere",
     BLOCK("cidr: 10.0.0.5/8, except: [010.1.0.0/16]"),
     EGRESS("to: [{ipBlock: {cidr: 010.1.0.0/16}}, {ipBlock: {cidr: 10.0.0.5/8}}]"),
     {"spec.egress[0].to[0].ipBlock.cidr: non-standard CIDR value \"010.1.0.0/16\" is invalid: use "
      "\"10.1.0.0/16\"",
      "spec.egress[0].to[1].ipBlock.cidr: CIDR value \"10.0.0.5/8\" is ambiguous in this context "
      "(should be \"10.0.0.0/8\" or \"10.0.0.5/32\"?)"}},
    {"new blocks are not",
     BLOCK("cidr: 10.0.0.5/8"),
     BLOCK("cidr: 10.0.0.6/8"),
     {"spec.ingress[0].from[0].ipBlock.cidr: Invalid value: \"10.0.0.6/8\": must not have bits set "
      "beyond the prefix length"}},
    {"an old exception must still lie inside",
     BLOCK("cidr: 10.0.0.5/8, except: [x, 11.0.0.0/8]"),
     BLOCK("cidr: 10.0.0.5/8, except: [x, 11.0.0.0/8]"),
     {"spec.ingress[0].from[0].ipBlock.except[1]: Invalid value: \"11.0.0.0/8\": must be a strict "
      "subset of `cidr`"}},
    {"what was no block ends the block", BLOCK("cidr: x"), BLOCK("cidr: x, except: [z]"), {NULL}},
    {"an unchanged direction says it in place",
     SPEC("ingress: [{from: [{ipBlock: {}}, {}]}]"),
     SPEC("ingress: [{from: [{ipBlock: {}}, {}]}], policyTypes: [x]"),
     {"spec.ingress[0].from[0].ipBlock.cidr: Required value",
      "spec.ingress[0].from[1]: Required value: must specify a peer",
      "spec.policyTypes[0]: Unsupported value: \"x\": supported values: \"Ingress\", \"Egress\""}},
    {"an invalid old selector lets values through",
     EXPR("key: a, operator: In, values: [b c]"),
     EXPR("key: a b, operator: In, values: [c d]"),
     {"spec.podSelector.matchExpressions[0].key: Invalid value: \"a b\": name part " KEY}},
    {"a custom resource of another name",
     CLUSTER("tier: Admin, priority: 1, subject: {namespaces: {}}"),
     CLUSTER_HEAD(
         "metadata: {name: q}\nspec: {tier: Admin, priority: 1, subject: {namespaces: {}}}\n"),
     {"metadata.name: Invalid value: \"q\": field is immutable"}},
    {"a valid one does not",
     EXPR("key: a, operator: In, values: [b]"),
     EXPR("key: a, operator: In, values: [c d]"),
     {"spec.podSelector.matchExpressions[0].values[0]: Invalid value: \"c d\": " VALUE}},
};

#endif
