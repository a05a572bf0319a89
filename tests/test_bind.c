/* SPDX-License-Identifier: MIT */
/* What a document holds becomes an object, or faults. */
#include "bind.h"

#include "findings.h"

/* ---- faults ---- */

/* Each line: code, path, line:column, message, hint. */
static const struct {
    const char *why;
    const char *text;
    const char *findings;
} faults[] = {
    /* types */
    {"a number for a name", POLICY "metadata: {name: 5}\n",
     "210 metadata.name 3:18 expected a string, found the number 5 | write it in quotes: \"5\"\n"},
    {"a boolean for a label", POLICY "metadata:\n  labels:\n    a: yes\n",
     "210 metadata.labels.a 5:8 expected a string, found the boolean yes | write it in quotes: "
     "\"yes\"\n"},
    {"a key with dots in its path", POLICY "metadata: {labels: {a.b/c: 1}}\n",
     "210 metadata.labels[\"a.b/c\"] 3:28 expected a string, found the number 1 | write it in "
     "quotes: \"1\"\n"},
    {"a list for a string", POLICY "metadata: {name: [a]}\n",
     "210 metadata.name 3:18 expected a string, found a list | write a string\n"},
    {"an element of a string list", POLICY "spec: {policyTypes: [Ingress, 5]}\n",
     "210 spec.policyTypes[1] 3:31 expected a string, found the number 5 | write it in quotes: "
     "\"5\"\n"},
    {"a long number", POLICY "metadata: {name: 11111111111111111111111111111111111111111111111}\n",
     "210 metadata.name 3:18 expected a string, found the number "
     "1111111111111111111111111111111111111111 | write it in quotes\n"},
    {"a string for a list", POLICY "spec: {policyTypes: Ingress}\n",
     "216 spec.policyTypes 3:21 expected a list, found the string \"Ingress\"\n"},
    {"a map for a list", POLICY "spec:\n  ingress: {}\n",
     "216 spec.ingress 4:12 expected a list, found a map\n"},
    {"a list for a map", POLICY "spec: []\n",
     "215 spec 3:7 expected the spec of a NetworkPolicy, found a list\n"},
    {"a string for a map", POLICY "metadata: text\n",
     "215 metadata 3:11 expected the metadata of an object, found the string \"text\"\n"},
    {"a list for labels", POLICY "metadata: {labels: [a]}\n",
     "215 metadata.labels 3:20 expected a map of strings, found a list\n"},
    {"a string for an element", POLICY "spec: {ingress: [x]}\n",
     "215 spec.ingress[0] 3:18 expected an ingress rule, found the string \"x\"\n"},
    {"a boolean for a port", POLICY "spec: {ingress: [{ports: [{port: true}]}]}\n",
     "213 spec.ingress[0].ports[0].port 3:34 expected a port number or a port name, found the "
     "boolean true\n"},
    {"a fraction of a port", POLICY "spec: {ingress: [{ports: [{port: 80.5}]}]}\n",
     "213 spec.ingress[0].ports[0].port 3:34 expected a port number or a port name, found the "
     "number 80.5\n"},
    {"a port beyond 32 bits", POLICY "spec: {ingress: [{ports: [{port: 4294967296}]}]}\n",
     "212 spec.ingress[0].ports[0].port 3:34 expected a number from -2147483648 to 2147483647, "
     "found 4294967296\n"},
    {"a number beyond 64 bits", POLICY "metadata: {generation: 9223372036854775808}\n",
     "212 metadata.generation 3:24 expected a number from -9223372036854775808 to "
     "9223372036854775807, found 9223372036854775808\n"},
    {"a number in quotes", POLICY "spec: {ingress: [{ports: [{endPort: '80'}]}]}\n",
     "211 spec.ingress[0].ports[0].endPort 3:37 expected a whole number, found the string \"80\" | "
     "write it without quotes\n"},
    {"a string for a boolean", POLICY "metadata: {ownerReferences: [{controller: 'true'}]}\n",
     "214 metadata.ownerReferences[0].controller 3:43 expected true or false, found the string "
     "\"true\" | write true or false, without quotes\n"},
    {"no time", POLICY "metadata: {creationTimestamp: yesterday}\n",
     "217 metadata.creationTimestamp 3:31 expected a time in the form of RFC 3339, found the "
     "string "
     "\"yesterday\" | write it as 2006-01-02T15:04:05Z\n"},
    {"a number for a time", POLICY "metadata: {creationTimestamp: 5}\n",
     "217 metadata.creationTimestamp 3:31 expected a time such as \"2006-01-02T15:04:05Z\", found "
     "the number 5\n"},
    {"a null key", POLICY "metadata: {labels: {null: a}}\n",
     "218 metadata.labels 3:21 a map key is null | write a string as the key\n"},
    {"infinity", POLICY "metadata: {labels: {a: .inf}}\n",
     "219 metadata.labels.a 3:24 infinity and not-a-number have no form in JSON\n"},
    {"infinity in an unknown field", POLICY "spec: {foo: {a: [.inf]}}\n",
     "219 spec.foo.a[0] 3:18 infinity and not-a-number have no form in JSON\n"
     "300 spec.foo 3:8 unknown field \"spec.foo\" | the spec of a NetworkPolicy has podSelector, "
     "ingress, egress and policyTypes\n"},
    {"a NUL in a string", POLICY "metadata: {name: \"a\\0b\"}\n",
     "220 metadata.name 3:18 the string holds the character NUL\n"},
    {"a NUL in a key", POLICY "metadata: {labels: {\"a\\0b\": c}}\n",
     "220 metadata.labels 3:21 a map key holds the character NUL\n"},
    {"all faults of a document in one run",
     POLICY "metadata: {name: 5, labels: {a: yes}}\n"
            "spec:\n"
            "  podSelector: text\n"
            "  zork: 1\n"
            "  ingress:\n"
            "  - from: {}\n"
            "    ports: [{port: []}]\n",
     "210 metadata.name 3:18 expected a string, found the number 5 | write it in quotes: \"5\"\n"
     "210 metadata.labels.a 3:33 expected a string, found the boolean yes | write it in quotes: "
     "\"yes\"\n"
     "215 spec.podSelector 5:16 expected a label selector, found the string \"text\"\n"
     "216 spec.ingress[0].from 8:11 expected a list, found a map\n"
     "213 spec.ingress[0].ports[0].port 9:20 expected a port number or a port name, found a list\n"
     "300 spec.zork 6:3 unknown field \"spec.zork\" | the spec of a NetworkPolicy has podSelector, "
     "ingress, egress and policyTypes\n"},

    /* JSON has its own numbers */
    {"a whole number with a fraction, in JSON",
     "{\"apiVersion\": \"networking.k8s.io/v1\", \"kind\": \"NetworkPolicy\",\n\"spec\": "
     "{\"ingress\": [{\"ports\": [{\"endPort\": 80.0, \"port\": 8e1}]}]}}",
     "211 spec.ingress[0].ports[0].endPort 2:45 expected a whole number, found the number 80.0 | "
     "JSON numbers need no fraction and no exponent here\n"
     "213 spec.ingress[0].ports[0].port 2:59 expected a port number or a port name, found the "
     "number 8e1 | JSON numbers need no fraction and no exponent here\n"},

    /* unknown fields */
    {"a slip", POLICY "spec: {podselector: {}}\n",
     "300 spec.podselector 3:8 unknown field \"spec.podselector\" | did you mean "
     "\"podSelector\"?\n"},
    {"a field one level too high", POLICY "spec: {ingress: [{from: [{cidr: 1.1.1.1/32}]}]}\n",
     "300 spec.ingress[0].from[0].cidr 3:27 unknown field \"spec.ingress[0].from[0].cidr\" | "
     "\"cidr\" belongs inside \"ipBlock\"\n"},
    {"in the order of sorted keys",
     POLICY "zed: 1\nabc: 2\nspec:\n  b: 1\n  a: 1\n  ingress: [{w: 1}, {x: 1}]\n  ingres: 1\n",
     "300 abc 4:1 unknown field \"abc\" | a NetworkPolicy has metadata and spec\n"
     "300 spec.a 7:3 unknown field \"spec.a\" | the spec of a NetworkPolicy has podSelector, "
     "ingress, egress and policyTypes\n"
     "300 spec.b 6:3 unknown field \"spec.b\" | the spec of a NetworkPolicy has podSelector, "
     "ingress, egress and policyTypes\n"
     "300 spec.ingres 9:3 unknown field \"spec.ingres\" | did you mean \"ingress\"?\n"
     "300 spec.ingress[0].w 8:14 unknown field \"spec.ingress[0].w\" | an ingress rule has ports "
     "and "
     "from\n"
     "300 spec.ingress[1].x 8:22 unknown field \"spec.ingress[1].x\" | an ingress rule has ports "
     "and "
     "from\n"
     "300 zed 3:1 unknown field \"zed\" | a NetworkPolicy has metadata and spec\n"},
    {"elements in the order of their numbers",
     POLICY "spec: {policyTypes: [], ingress: [{},{},{x: 1},{},{},{},{},{},{},{},{x: 1}]}\n",
     "300 spec.ingress[2].x 3:42 unknown field \"spec.ingress[2].x\" | an ingress rule has ports "
     "and "
     "from\n"
     "300 spec.ingress[10].x 3:70 unknown field \"spec.ingress[10].x\" | an ingress rule has ports "
     "and from\n"},
    {"in JSON in the order of the document",
     "{\"apiVersion\": \"networking.k8s.io/v1\", \"kind\": \"NetworkPolicy\",\n\"zed\": 1, "
     "\"abc\": "
     "1, \"metadata\": {\"name\": \"a\", \"name\": \"b\"}, \"q\": 1}",
     "300 zed 2:1 unknown field \"zed\" | a NetworkPolicy has metadata and spec\n"
     "300 abc 2:11 unknown field \"abc\" | a NetworkPolicy has metadata and spec\n"
     "301 metadata.name 2:47 duplicate field \"metadata.name\"\n"
     "300 q 2:61 unknown field \"q\" | a NetworkPolicy has metadata and spec\n"},
    {"keys that are no strings", POLICY "1: x\nyes: y\n010: z\n",
     "300 1 3:1 unknown field \"1\" | a NetworkPolicy has metadata and spec\n"
     "300 8 5:1 unknown field \"8\" | a NetworkPolicy has metadata and spec\n"
     "300 true 4:1 unknown field \"true\" | a NetworkPolicy has metadata and spec\n"},
    {"a key in need of quotes", POLICY "\"a\\tb\": 1\n",
     "300 a\tb 3:1 unknown field \"a\\tb\" | a NetworkPolicy has metadata and spec\n"},
    {"a leftover status", POLICY "spec: {}\nstatus: {}\n",
     "300 status 4:1 unknown field \"status\" | a NetworkPolicy has metadata and spec\n"},
    {"in the metadata of any kind", "{apiVersion: v1, kind: Pod, metadata: {clusterName: x}}\n",
     "300 metadata.clusterName 1:40 unknown field \"metadata.clusterName\"\n"},
    {"not in a kind that is read in part",
     "{apiVersion: v1, kind: Pod, spec: {volumes: [], volumes: {a: .inf}}}\n", ""},

    /* duplicates */
    {"a field twice", POLICY "spec:\n  podSelector: {}\n  podSelector: {}\n",
     "302 spec.podSelector 5:3 key \"podSelector\" already set in map\n"},
    {"the kind twice", POLICY "kind: NetworkPolicy\n",
     "302 kind 3:1 key \"kind\" already set in map\n"},
    {"a label three times", POLICY "metadata: {labels: {b: x, a: b, a: c, a: d}}\n",
     "302 metadata.labels.a 3:33 key \"a\" already set in map\n"
     "302 metadata.labels.a 3:39 key \"a\" already set in map\n"},
    {"a label twice after its scalars were resolved", POLICY "metadata: {labels: {1: b, '1': c}}\n",
     "302 metadata.labels.1 3:27 key \"1\" already set in map\n"},
    {"duplicates come before unknown fields",
     POLICY "abc: 1\nspec: {ingress: [{from: [], foo: {x: 1, x: 2}, from: []}]}\n",
     "302 spec.ingress[0].foo.x 4:41 key \"x\" already set in map\n"
     "302 spec.ingress[0].from 4:48 key \"from\" already set in map\n"
     "300 abc 3:1 unknown field \"abc\" | a NetworkPolicy has metadata and spec\n"
     "300 spec.ingress[0].foo 4:29 unknown field \"spec.ingress[0].foo\" | an ingress rule has "
     "ports "
     "and from\n"},
    {"an unknown field twice is both", POLICY "foo: 1\nfoo: 2\n",
     "302 foo 4:1 key \"foo\" already set in map\n"
     "300 foo 3:1 unknown field \"foo\" | a NetworkPolicy has metadata and spec\n"},
    {"a merge that overrides",
     POLICY "metadata:\n  labels: &l {a: b}\n  annotations: {<<: *l, a: c}\n",
     "302 metadata.annotations.a 5:25 key \"a\" already set in map\n"},
    {"in JSON each once",
     "{\"apiVersion\": \"networking.k8s.io/v1\", \"kind\": \"NetworkPolicy\", \"metadata\": "
     "{\"name\": \"a\",\n\"name\": \"b\",\n\"name\": \"c\",\n\"labels\": {\"a\": \"\",\n\"a\": "
     "\"\",\n\"a\": \"\"}}}",
     "301 metadata.name 2:1 duplicate field \"metadata.name\"\n"
     "301 metadata.labels.a 5:1 duplicate field \"metadata.labels.a\"\n"},

    /* kinds */
    {"no kind", "apiVersion: networking.k8s.io/v1\nmetadata: {}\n",
     "201 - 1:1 kind is missing | write, for example, kind: NetworkPolicy\n"},
    {"a kind of null", "apiVersion: networking.k8s.io/v1\nkind: null\n",
     "201 - 1:1 kind is missing | write, for example, kind: NetworkPolicy\n"},
    {"a kind that is no string", "apiVersion: networking.k8s.io/v1\nkind: 5\n",
     "201 - 1:1 kind is missing | write, for example, kind: NetworkPolicy\n"},
    {"no version", "kind: NetworkPolicy\n",
     "202 - 1:1 apiVersion is missing | write, for example, apiVersion: networking.k8s.io/v1\n"},
    {"an old version", "apiVersion: extensions/v1beta1\nkind: NetworkPolicy\n",
     "203 - 1:1 no matches for kind \"NetworkPolicy\" in version \"extensions/v1beta1\" | write "
     "apiVersion: networking.k8s.io/v1 and kind: NetworkPolicy\n"},
    {"another old version", "apiVersion: apps/v1beta1\nkind: Deployment\n",
     "203 - 1:1 no matches for kind \"Deployment\" in version \"apps/v1beta1\" | write apiVersion: "
     "apps/v1 and kind: Deployment\n"},
    {"a group without a version", "apiVersion: networking.k8s.io\nkind: NetworkPolicy\n",
     "203 - 1:1 no matches for kind \"NetworkPolicy\" in version \"networking.k8s.io\" | write "
     "apiVersion: networking.k8s.io/v1 and kind: NetworkPolicy\n"},
    {"a wrong case", "apiVersion: networking.k8s.io/v1\nkind: networkpolicy\n",
     "203 - 1:1 no matches for kind \"networkpolicy\" in version \"networking.k8s.io/v1\" | write "
     "apiVersion: networking.k8s.io/v1 and kind: NetworkPolicy\n"},
    {"a slip in the kind", "apiVersion: networking.k8s.io/v1\nkind: NetworkPolcy\n",
     "203 - 1:1 no matches for kind \"NetworkPolcy\" in version \"networking.k8s.io/v1\" | write "
     "apiVersion: networking.k8s.io/v1 and kind: NetworkPolicy\n"},
    {"a list of an old version", "apiVersion: extensions/v1beta1\nkind: NetworkPolicyList\n",
     "203 - 1:1 no matches for kind \"NetworkPolicyList\" in version \"extensions/v1beta1\" | "
     "write "
     "apiVersion: networking.k8s.io/v1 and kind: NetworkPolicyList\n"},
    {"a List in a wrong case", "apiVersion: v1\nkind: list\nitems: []\n",
     "203 - 1:1 no matches for kind \"list\" in version \"v1\" | write apiVersion: v1 and kind: "
     "List\n"},
    {"another kind of the same group", "apiVersion: networking.k8s.io/v1\nkind: Ingress\n", ""},
    {"somebody else's kind of the same name", "apiVersion: longhorn.io/v1beta2\nkind: Node\n", ""},
    {"a list", "- a\n- b\n", "200 - 1:1 a document is a map with apiVersion and kind\n"},
    {"a scalar", "\n  text\n", "200 - 2:3 a document is a map with apiVersion and kind\n"},

    /* policies of other systems */
    {"Calico", "apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\n",
     "205 - 1:1 NetworkPolicy of projectcalico.org/v3 may change what is allowed, and is not "
     "read\n"},
    {"Cilium", "\napiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy\n",
     "205 - 2:1 CiliumClusterwideNetworkPolicy of cilium.io/v2 may change what is allowed, and is "
     "not read\n"},
    {"Antrea", "apiVersion: crd.antrea.io/v1beta1\nkind: ClusterNetworkPolicy\n",
     "205 - 1:1 ClusterNetworkPolicy of crd.antrea.io/v1beta1 may change what is allowed, and is "
     "not read\n"},
    {"Multus", "apiVersion: k8s.cni.cncf.io/v1beta1\nkind: MultiNetworkPolicy\n",
     "205 - 1:1 MultiNetworkPolicy of k8s.cni.cncf.io/v1beta1 may change what is allowed, and is "
     "not read\n"},
    {"OVN", "apiVersion: k8s.ovn.org/v1\nkind: EgressFirewall\n",
     "205 - 1:1 EgressFirewall of k8s.ovn.org/v1 may change what is allowed, and is not read\n"},
    {"Istio", "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\n",
     "205 - 1:1 AuthorizationPolicy of security.istio.io/v1 may change what is allowed, and is not "
     "read\n"},
    {"a list of them", "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicyList\nitems: []\n",
     "205 - 1:1 CiliumNetworkPolicyList of cilium.io/v2 may change what is allowed, and is not "
     "read\n"},
    {"another kind of such a group", "apiVersion: cilium.io/v2\nkind: CiliumEndpoint\n", ""},

    /* a schema's words */
    {"a string for a number of a cluster-scoped policy",
     "{apiVersion: policy.networking.k8s.io/v1alpha2, kind: ClusterNetworkPolicy,\n spec: "
     "{priority: '5', tier: 5}}\n",
     "222 - 2:19 <nil>: Invalid value: null: some validation rules were not checked because the "
     "object was invalid; correct the existing errors to complete validation\n"
     "221 spec.priority 2:19 spec.priority: Invalid value: \"string\": spec.priority in body must "
     "be "
     "of type integer: \"string\" | write it without quotes\n"
     "221 spec.tier 2:30 spec.tier: Invalid value: \"integer\": spec.tier in body must be of type "
     "string: \"integer\" | write it in quotes: \"5\"\n"},
    {"a fraction for such a number",
     "{apiVersion: policy.networking.k8s.io/v1alpha2, kind: ClusterNetworkPolicy,\n spec: "
     "{priority: 1.5}}\n",
     "221 - 2:19 <nil>: Invalid value: \"\": Checked value must be of type integer with format "
     "int32 "
     "in spec.priority\n"
     "222 - 2:19 <nil>: Invalid value: null: some validation rules were not checked because the "
     "object was invalid; correct the existing errors to complete validation\n"
     "221 spec.priority 2:19 spec.priority: Invalid value: \"float64\": spec.priority in body must "
     "be of type int32: \"float64\"\n"},
    {"null in a list of such a policy",
     "{apiVersion: policy.networking.k8s.io/v1alpha2, kind: ClusterNetworkPolicy,\n spec: "
     "{egress: [null]}}\n",
     "222 - 2:18 <nil>: Invalid value: null: some validation rules were not checked because the "
     "object was invalid; correct the existing errors to complete validation\n"
     "221 spec.egress[0] 2:18 spec.egress[0]: Invalid value: \"null\": spec.egress[0] in body must "
     "be of type object: \"null\"\n"},
    {"unknown fields of such a policy, as texts in order",
     "{apiVersion: policy.networking.k8s.io/v1alpha2, kind: ClusterNetworkPolicy,\n spec: {zed: 1, "
     "ingress: [{},{},{x: 1},{},{},{},{},{},{},{},{x: 1}]}, metadata: {q: 1}, a: 1}\n",
     "300 metadata.q 2:82 unknown field \"metadata.q\"\n"
     "300 a 2:89 unknown field \"a\" | a ClusterNetworkPolicy has metadata, spec and status\n"
     "300 spec.ingress[10].x 2:62 unknown field \"spec.ingress[10].x\" | an ingress rule has name, "
     "action, from and protocols\n"
     "300 spec.ingress[2].x 2:34 unknown field \"spec.ingress[2].x\" | an ingress rule has name, "
     "action, from and protocols\n"
     "300 spec.zed 2:9 unknown field \"spec.zed\" | the spec of a ClusterNetworkPolicy has tier, "
     "priority, subject, ingress and egress\n"},
};

static void faults_follow_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(faults); i++)
        test_expect_findings(faults[i].why, faults[i].text, 0, faults[i].findings);
}

/* ---- values ---- */

/* What a document comes to, as compact JSON after the head. */
static const struct {
    const char *why;
    uint32_t flags;
    const char *text; /* after POLICY */
    const char *json; /* after the head; NULL: it is broken */
} values[] = {
    {"no spec", 0, "metadata: {name: p}\n", "{\"name\":\"p\"},\"spec\":{\"podSelector\":{}}}"},
    {"null everywhere", 0, "metadata:\nspec:\n  podSelector: ~\n  ingress: null\n  policyTypes:\n",
     "{},\"spec\":{\"podSelector\":{}}}"},
    {"null elements are empty ones", 0,
     "spec: {ingress: [null, {ports: [null], from: [~]}], policyTypes: [null]}\n",
     "{},\"spec\":{\"podSelector\":{},\"ingress\":[{},{\"ports\":[{}],\"from\":[{}]}],"
     "\"policyTypes\":[\"\"]}}"},
    {"an empty selector is there, a null one is not", 0,
     "spec: {ingress: [{from: [{podSelector: {}, namespaceSelector: null}]}]}\n",
     "{},\"spec\":{\"podSelector\":{},\"ingress\":[{\"from\":[{\"podSelector\":{}}]}]}}"},
    {"a null label", 0, "metadata: {labels: {a: null, b: }}\n",
     "{\"labels\":{\"a\":\"\",\"b\":\"\"}},\"spec\":{\"podSelector\":{}}}"},
    {"an empty protocol is there", 0, "spec: {ingress: [{ports: [{protocol: ''}]}]}\n",
     "{},\"spec\":{\"podSelector\":{},\"ingress\":[{\"ports\":[{\"protocol\":\"\"}]}]}}"},
    {"numbers in all forms", 0,
     "spec: {ingress: [{ports: [{port: 0x50}, {port: 80.0}, {port: 8e1}, {port: 010}, {port: "
     "+80}, {port: 1_000}]}]}\n",
     "{},\"spec\":{\"podSelector\":{},\"ingress\":[{\"ports\":[{\"port\":80},{\"port\":80},{"
     "\"port\":"
     "80},{\"port\":8},{\"port\":80},{\"port\":1000}]}]}}"},
    {"the edges of 32 bits", 0,
     "spec: {ingress: [{ports: [{endPort: -2147483648}, {endPort: 2147483647}]}]}\n",
     "{},\"spec\":{\"podSelector\":{},\"ingress\":[{\"ports\":[{\"endPort\":-2147483648},{"
     "\"endPort\":2147483647}]}]}}"},
    {"the edges of 64 bits", 0, "metadata: {generation: -9223372036854775808}\n",
     "{\"generation\":-9223372036854775808},\"spec\":{\"podSelector\":{}}}"},
    {"zero is kept where presence counts", 0, "metadata: {deletionGracePeriodSeconds: 0}\n",
     "{\"deletionGracePeriodSeconds\":0},\"spec\":{\"podSelector\":{}}}"},
    {"a number in quotes is a name", 0, "spec: {ingress: [{ports: [{port: '80'}]}]}\n",
     "{},\"spec\":{\"podSelector\":{},\"ingress\":[{\"ports\":[{\"port\":\"80\"}]}]}}"},
    {"keys that are no strings become some", 0,
     "metadata: {labels: {1: a, yes: b, 0x10: c, 1e3: d, 1.5: e}}\n",
     "{\"labels\":{\"1\":\"a\",\"1.5\":\"e\",\"1000\":\"d\",\"16\":\"c\",\"true\":\"b\"}},\"spec\":"
     "{"
     "\"podSelector\":{}}}"},
    {"tags cast", 0,
     "metadata: {name: !!str 5, labels: {a: !!binary aGk=}, generation: !!int '5'}\n",
     "{\"name\":\"5\",\"generation\":5,\"labels\":{\"a\":\"hi\"}},\"spec\":{\"podSelector\":{}}}"},
    {"times in UTC", 0, "metadata: {creationTimestamp: 2020-01-01T01:30:00.5+02:00}\n",
     "{\"creationTimestamp\":\"2019-12-31T23:30:00Z\"},\"spec\":{\"podSelector\":{}}}"},
    {"the zero time is none", 0, "metadata: {creationTimestamp: 0001-01-01T00:00:00Z}\n",
     "{},\"spec\":{\"podSelector\":{}}}"},
    {"fieldsV1 as JSON with sorted keys", 0,
     "metadata: {managedFields: [{fieldsV1: {b: [1, 1.50, yes, ~, x], a: {}}}]}\n",
     "{\"managedFields\":[{\"fieldsV1\":{\"a\":{},\"b\":[1,1.5,true,null,\"x\"]}}]},\"spec\":{"
     "\"podSelector\":{}}}"},
    {"fieldsV1 of null", 0, "metadata: {managedFields: [{fieldsV1: null}]}\n",
     "{\"managedFields\":[{}]},\"spec\":{\"podSelector\":{}}}"},
    {"aliases and merges", 0,
     "metadata: {labels: &l {a: b}}\nspec: {podSelector: {matchLabels: {<<: *l, c: d}}, ingress: "
     "[{from: [{podSelector: {matchLabels: *l}}]}]}\n",
     "{\"labels\":{\"a\":\"b\"}},\"spec\":{\"podSelector\":{\"matchLabels\":{\"a\":\"b\",\"c\":"
     "\"d\"}}"
     ",\"ingress\":[{\"from\":[{\"podSelector\":{\"matchLabels\":{\"a\":\"b\"}}}]}]}}"},

    {"lenient: Go's conversions to strings", NETPOL_LENIENT,
     "metadata: {name: 80, labels: {a: yes, b: 1.50, c: 0x10, d: .5, e: 1e3, f: 1e21}}\n",
     "{\"name\":\"80\",\"labels\":{\"a\":\"true\",\"b\":\"1.5\",\"c\":\"16\",\"d\":\"0.5\",\"e\":"
     "\"1000\",\"f\":\"1e+21\"}},\"spec\":{\"podSelector\":{}}}"},
    {"lenient: unknown fields are ignored", NETPOL_LENIENT, "spec: {foo: {a: 1}}\nstatus: {}\n",
     "{},\"spec\":{\"podSelector\":{}}}"},
    {"lenient: the last of equal keys wins, with all that is in it", NETPOL_LENIENT,
     "metadata: {labels: {a: x, a: z}}\n"
     "spec: {ingress: [{}], ingress: null, podSelector: {matchLabels: {a: b}}, podSelector: {}}\n",
     "{\"labels\":{\"a\":\"z\"}},\"spec\":{\"podSelector\":{}}}"},
    {"lenient: names whatever their case", NETPOL_LENIENT, "Metadata: {NAME: p}\n",
     "{\"name\":\"p\"},\"spec\":{\"podSelector\":{}}}"},
    {"lenient: not all types convert", NETPOL_LENIENT, "spec: {ingress: {}}\n", NULL},
    {"lenient: a string is no number", NETPOL_LENIENT,
     "spec: {ingress: [{ports: [{endPort: '80'}]}]}\n", NULL},
    {"lenient: impossible values anywhere", NETPOL_LENIENT, "foo: !!int x\n", NULL},
};

static void values_follow_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(values); i++) {
        char text[1024];
        char json[1024];
        (void)snprintf(text, sizeof text, POLICY "%s", values[i].text);
        (void)snprintf(json, sizeof json,
                       "{\"kind\":\"NetworkPolicy\",\"apiVersion\":\"networking.k8s.io/v1\","
                       "\"metadata\":%s\n",
                       values[i].json ? values[i].json : "");
        netpol_manifests *m = test_read_with("x", text, values[i].flags);
        const netpol_object *x = netpol_manifests_at(m, 0);
        if ((x != NULL) != (values[i].json != NULL))
            fail_msg("%s: %s", values[i].why, x ? "read" : "broken");
        test_text out = {0};
        netpol_sink to = test_text_sink(&out);
        if (x && (netpol_object_write(x, NETPOL_FORMAT_JSON, 0, &to) ||
                  strcmp(test_text_of(&out), json) != 0))
            fail_msg("%s:\n%s\nexpected:\n%s", values[i].why, test_text_of(&out), json);
        test_text_free(&out);
        netpol_manifests_free(m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faults_follow_the_table),
        cmocka_unit_test(values_follow_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
