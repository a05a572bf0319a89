/* SPDX-License-Identifier: MIT */
#include "fixture.h"

static const char shop[] =
    "{apiVersion: v1, kind: Namespace, metadata: {name: shop}}\n---\n"
    "{apiVersion: v1, kind: Namespace, metadata: {name: deploy}}\n---\n"
    "{apiVersion: v1, kind: Node, metadata: {name: n1}, status: {addresses: [{type: InternalIP, "
    "address: 192.0.2.1}]}}\n---\n"
    "{apiVersion: v1, kind: Node, metadata: {name: bare}}\n---\n"
    "{apiVersion: v1, kind: Pod, metadata: {name: db, namespace: shop, labels: {role: db}}, spec: "
    "{nodeName: n1, containers: [{name: m, ports: [{name: sql, containerPort: 3306}]}]}, status: "
    "{podIP: "
    "10.0.0.1}}\n---\n"
    "{apiVersion: v1, kind: Pod, metadata: {name: api, namespace: shop, labels: {app: api, "
    "example.com/tier: mid}}, status: {podIP: 10.0.0.2}}\n---\n"
    "{apiVersion: v1, kind: Pod, metadata: {name: odd, namespace: shop, labels: {app: api}}, "
    "status: "
    "{podIP: 10.0.0.3}}\n---\n"
    "{apiVersion: v1, kind: Pod, metadata: {name: x, namespace: deploy}, status: {podIP: "
    "10.0.0.4}}\n---\n"
    "{apiVersion: v1, kind: Pod, metadata: {name: agent, namespace: shop}, spec: {nodeName: n1, "
    "hostNetwork: true}, status: {podIP: 192.0.2.1}}\n---\n"
    "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: shop}, spec: "
    "{template: "
    "{metadata: {labels: {app: web}}}}}\n---\n"
    "{apiVersion: v1, kind: Service, metadata: {name: db, namespace: shop}, spec: {clusterIP: "
    "10.96.0.7, type: NodePort, selector: {role: db}, ports: [{name: sql, port: 33, targetPort: "
    "sql}]}}\n---\n"
    "{apiVersion: v1, kind: Service, metadata: {name: local, namespace: shop}, spec: {clusterIP: "
    "10.96.0.8, "
    "type: LoadBalancer, externalTrafficPolicy: Local, selector: {role: db}, ports: [{port: "
    "3306}]}, "
    "status: {loadBalancer: {ingress: [{ip: 198.51.100.9}]}}}\n---\n"
    "{apiVersion: v1, kind: Service, metadata: {name: both, namespace: shop}, spec: {clusterIP: "
    "10.96.0.9, "
    "selector: {app: api}, ports: [{port: 80}]}}\n---\n"
    "{apiVersion: v1, kind: Service, metadata: {name: kube, namespace: shop}, spec: {clusterIP: "
    "10.96.0.1, ports: [{name: https, port: 443, targetPort: 6443}]}}\n---\n"
    "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: kube-1, namespace: "
    "shop, "
    "labels: {kubernetes.io/service-name: kube}}, addressType: IPv4, endpoints: [{addresses: "
    "[192.0.2.1]}, {addresses: [192.0.2.2], conditions: {ready: false}}], ports: [{name: https, "
    "port: "
    "6443}]}\n---\n"
    "{apiVersion: v1, kind: Service, metadata: {name: old, namespace: shop}, spec: {clusterIP: "
    "10.96.0.2, "
    "ports: [{port: 80}]}}\n---\n"
    "{apiVersion: v1, kind: Endpoints, metadata: {name: old, namespace: shop}, subsets: "
    "[{addresses: [{ip: "
    "10.0.0.2, targetRef: {kind: Pod, name: api, namespace: shop}}], ports: [{port: "
    "8080}]}]}\n---\n"
    "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: db, namespace: "
    "shop}, spec: "
    "{podSelector: {matchLabels: {role: db}}, ingress: [{from: [{podSelector: {matchLabels: {app: "
    "api}}}], "
    "ports: [{port: sql}, {port: 8000, endPort: 8100}]}]}}\n---\n"
    "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: odd, namespace: "
    "shop}, spec: "
    "{podSelector: {matchLabels: {app: api}, matchExpressions: [{key: example.com/tier, operator: "
    "DoesNotExist}]}, policyTypes: [Egress, Ingress]}}\n";

/* ---- the grammar of sources and destinations ---- */

static const fixture_row words[] = {
    {"a pod", "shop/api", "shop/db", NULL, "3306", "allow"},
    {"a pod of the default namespace", "api", "shop/db", NULL, "3306",
     "error there is no namespace default"},
    {"an address of a pod", "10.0.0.2", "10.0.0.1", NULL, "3306", "allow"},
    {"an address with the port", "shop/api", "10.0.0.1:3306", NULL, NULL, "allow"},
    {"an IPv6 address with a port", "192.0.2.9", "[2001:db8::1]:80", NULL, NULL,
     "error 192.0.2.9 and [2001:db8::1]:80 have no address family"},
    {"a port twice, the same", "shop/api", "10.0.0.1:3306", NULL, "3306", "allow"},
    {"a port twice, another", "shop/api", "10.0.0.1:3306", NULL, "80",
     "error 10.0.0.1:3306 names another port"},
    {"a port with the source", "10.0.0.2:99", "shop/db", NULL, "80",
     "error 10.0.0.2:99: the port is the destination's"},
    {"a workload", "shop/deploy/web", "shop/db", NULL, "3306", "deny"},
    {"its long word", "shop/deployment/web", "shop/db", NULL, "3306", "deny"},
    {"its report name", "shop/web[Deployment]", "shop/db", NULL, "3306", "deny"},
    {"another kind of that name", "shop/sts/web", "shop/db", NULL, "3306",
     "error there is no StatefulSet shop/web"},
    {"a namespace called as a kind", "deploy/x", "shop/db", NULL, "3306", "deny"},
    {"a selector", "shop/app=api", "shop/db", NULL, "3306", "mixed"},
    {"a selector with a slash of its own", "shop/example.com/tier=mid", "shop/db", NULL, "3306",
     "allow"},
    {"a set", "shop/app in (api,none)", "shop/db", NULL, "3306", "mixed"},
    {"a selector that selects nobody", "shop/app=none", "shop/db", NULL, "3306",
     "error no pod of namespace shop matches app=none"},
    {"a bad selector", "shop/app in (", "shop/db", NULL, "3306", "error "},
    {"everybody in a namespace", "shop/*", "shop/db", NULL, "3306",
     "mixed own-node,self,host-network"},
    {"nobody in a namespace", "nowhere/*", "shop/db", NULL, "3306",
     "error there is no namespace nowhere"},
    {"a node", "node:n1", "shop/db", NULL, "3306", "allow own-node"},
    {"a node without addresses", "node:bare", "shop/db", NULL, "3306",
     "error no address of node:bare"},
    {"no such node", "node:n9", "shop/db", NULL, "3306", "error there is no node n9"},
    {"the internet", "internet", "shop/db", NULL, "3306", "deny"},
    {"to the internet", "shop/odd", "internet", NULL, "443", "deny"},
    {"anybody", "any", "shop/db", NULL, "3306", "mixed own-node,self,host-network"},
    {"no name", "shop/", "shop/db", NULL, "3306", "error shop/: a name is missing"},
    {"nothing", "", "shop/db", NULL, "3306", "error : a name is missing"},
    {"a protocol by number", "shop/api", "shop/db", "6", "3306", "allow"},
    {"no port at all", "shop/api", "shop/db", NULL, "", "error the port is empty"},
    {"a port with a leading zero", "shop/api", "shop/db", NULL, "080",
     "error no port from 1 to 65535: 080"},
    {"behind an address", "shop/api", "10.0.0.1:080", NULL, NULL,
     "error 10.0.0.1:080: no port from 1 to 65535"},
    {"a port behind a name", "shop/api", "shop/db:3306", NULL, NULL,
     "error shop/db:3306: no pod has a colon in its name; the port is said by --port"},
    {"a range", "192.0.2.0/24", "shop/db", NULL, "3306",
     "error 192.0.2.0/24: one address can be asked about, not a range"},
    {"no protocol", "shop/api", "shop/db", "TCPX", "3306", "error not a protocol: TCPX"},
};

static void every_word_means_what_the_grammar_says(void **state)
{
    (void)state;
    netpol_engine *e = fixture_engine(shop, &(fixture_how){.preset = NULL});
    fixture_expect(e, words, COUNT(words));
    netpol_engine_unref(e);
}

/* ---- services ---- */

static const fixture_row services[] = {
    {"the port becomes the pod's", "shop/api", "svc:shop/db", NULL, "33",
     "allow service-translation"},
    {"by the name of the port", "shop/api", "svc:shop/db", NULL, "sql",
     "allow service-translation"},
    {"by its address", "shop/api", "10.96.0.7", NULL, "33", "allow service-translation"},
    {"with the port behind it", "shop/api", "10.96.0.7:33", NULL, NULL,
     "allow service-translation"},
    {"every port that it has", "shop/api", "svc:shop/db", NULL, NULL, "allow service-translation"},
    {"not the pod's number", "shop/api", "svc:shop/db", NULL, "3306",
     "error svc:shop/db has no TCP port 3306"},
    {"no such protocol", "shop/api", "svc:shop/db", "UDP", "33",
     "error svc:shop/db has no UDP port 33"},
    {"a load balancer's address", "shop/api", "198.51.100.9", NULL, "3306",
     "allow service-translation"},
    {"backends that differ", "shop/db", "svc:shop/both", NULL, "80", "mixed service-translation"},
    {"endpoints that are ready", "shop/api", "svc:shop/kube", NULL, "443",
     "allow service-translation"},
    {"from a pod that may not", "shop/odd", "svc:shop/kube", NULL, "443",
     "deny service-translation"},
    {"the older Endpoints", "shop/db", "svc:shop/old", NULL, "80", "allow service-translation"},
    {"back to itself", "shop/db", "svc:shop/db", NULL, "33", "deny hairpin,service-translation"},
    {"from outside, also by a node", "internet", "svc:shop/db", NULL, "33",
     "mixed own-node,service-translation"},
    {"unless traffic stays local", "internet", "svc:shop/local", NULL, "3306",
     "deny service-translation"},
    {"a service is no source", "svc:shop/db", "shop/db", NULL, "33",
     "error svc:shop/db: a service is a destination"},
    {"no such service", "shop/api", "svc:shop/nothing", NULL, "33",
     "error there is no service shop/nothing"},
};

static void services_lead_to_their_backends(void **state)
{
    (void)state;
    netpol_engine *e = fixture_engine(shop, &(fixture_how){.preset = NULL});
    fixture_expect(e, services, COUNT(services));
    netpol_engine_unref(e);
}

/* ---- what is written ---- */

static void ask_and_write(const netpol_engine *e, const netpol_question *q, int32_t format,
                          test_text *out)
{
    netpol_answer *x = NULL;
    netpol_sink to = test_text_sink(out);
    assert_int_equal(netpol_engine_ask(e, q, &x, NULL), NETPOL_OK);
    assert_int_equal(netpol_answer_write(x, format, &to), NETPOL_OK);
    netpol_answer_free(x);
}

static const struct {
    const char *why;
    netpol_question q;
    int32_t format;
    const char *text;
} written[] = {
    {"one flow has its two decisions",
     {.src = "shop/api", .dst = "shop/db", .port = "sql"},
     NETPOL_FORMAT_JSON,
     "{\"schema\":\"netpol.eval/v1\",\"src\":\"shop/api\",\"dst\":\"shop/"
     "db\",\"proto\":\"TCP\",\"port\":"
     "\"sql\",\"semantics\":\"spec\",\"verdict\":\"allow\",\"depends\":[],\"ignored_policies\":0,"
     "\"incomplete\":false,\"egress\":{\"allowed\":true,\"tier\":\"none\",\"reason\":\"not-"
     "isolated\"},"
     "\"ingress\":{\"allowed\":true,\"tier\":\"network-policy\",\"reason\":\"rule\",\"policy\":"
     "\"shop/db\","
     "\"kind\":\"NetworkPolicy\",\"rule\":0,\"peer\":0,\"port\":0,\"source\":\"fixture\",\"line\":"
     "35,"
     "\"column\":153}}\n"},
    {"several have lines of their own",
     {.src = "shop/web", .dst = "svc:shop/db", .port = "33"},
     NETPOL_FORMAT_JSON,
     "{\"schema\":\"netpol.eval/v1\",\"src\":\"shop/web[Deployment]\",\"dst\":\"svc:shop/"
     "db\",\"proto\":"
     "\"TCP\",\"port\":33,\"semantics\":\"spec\",\"verdict\":\"deny\",\"depends\":[\"service-"
     "translation\"],\"ignored_policies\":0,\"incomplete\":false,\"flows\":[{\"src\":\"shop/"
     "web[Deployment]\",\"dst\":\"shop/"
     "db\",\"port\":3306,\"verdict\":\"deny\",\"depends\":[\"service-"
     "translation\"],\"egress\":{\"allowed\":true,\"tier\":\"none\",\"reason\":\"not-isolated\"},"
     "\"ingress\":{\"allowed\":false,\"tier\":\"network-policy\",\"reason\":\"no-rule\",\"policy\":"
     "\"shop/"
     "db\",\"kind\":\"NetworkPolicy\",\"source\":\"fixture\",\"line\":35,\"column\":1}}]}\n"},
    {"text for people, with the place",
     {.src = "shop/api", .dst = "shop/db", .port = "3306"},
     NETPOL_FORMAT_TEXT,
     "allow shop/api => shop/db TCP 3306\n"
     "  egress  allow at shop/api: no policy isolates it\n"
     "  ingress allow at shop/db: by shop/db, ingress[0] from[0] ports[0]  fixture:35:153\n"},
    {"ports that came out alike are one line",
     {.src = "shop/api", .dst = "shop/db"},
     NETPOL_FORMAT_TEXT,
     "mixed shop/api => shop/db TCP: 3 flows\n"
     "deny  shop/api => shop/db TCP 1-3305,3307-7999,8101-65535\n"
     "  egress  allow at shop/api: no policy isolates it\n"
     "  ingress deny  at shop/db: isolated, and no rule matches: shop/db  fixture:35:1\n"
     "allow shop/api => shop/db TCP 3306\n"
     "  egress  allow at shop/api: no policy isolates it\n"
     "  ingress allow at shop/db: by shop/db, ingress[0] from[0] ports[0]  fixture:35:153\n"
     "allow shop/api => shop/db TCP 8000-8100\n"
     "  egress  allow at shop/api: no policy isolates it\n"
     "  ingress allow at shop/db: by shop/db, ingress[0] from[0] ports[1]  fixture:35:153\n"},
    {"presets that differ",
     {.src = "node:n1", .dst = "shop/db", .port = "80", .all_presets = true},
     NETPOL_FORMAT_TEXT,
     "allow node:n1 => shop/db TCP 80\n"
     "  egress  allow at node:n1: no pod, so no policy is about it\n"
     "  ingress allow at shop/db: its own node always reaches it, although isolated by shop/db  "
     "fixture:35:1\n"
     "  depends on: own-node\n"
     "  under preset np-guard: deny\n"
     "  under preset knp: deny\n"
     "  under preset strict: deny\n"},
    {"presets that all agree",
     {.src = "shop/api", .dst = "shop/db", .port = "3306", .all_presets = true},
     NETPOL_FORMAT_TEXT,
     "allow shop/api => shop/db TCP 3306\n"
     "  egress  allow at shop/api: no policy isolates it\n"
     "  ingress allow at shop/db: by shop/db, ingress[0] from[0] ports[0]  fixture:35:153\n"
     "  the same under all presets\n"},
    {"a pod on the host network says so",
     {.src = "shop/api", .dst = "shop/agent", .port = "22"},
     NETPOL_FORMAT_TEXT,
     "allow shop/api => shop/agent TCP 22\n"
     "  egress  allow at shop/api: no policy isolates it\n"
     "  ingress allow at shop/agent: no pod, so no policy is about it\n"
     "  note: shop/agent is on the host network: asked about the address of its node, which no "
     "podSelector "
     "selects\n"},
};

static void answers_are_written_as_they_always_were(void **state)
{
    (void)state;
    netpol_engine *e = fixture_engine(shop, &(fixture_how){.preset = NULL});
    for (size_t i = 0; i < COUNT(written); i++) {
        netpol_question q = written[i].q;
        test_text out = {0};
        q.size = sizeof q;
        ask_and_write(e, &q, written[i].format, &out);
        if (strcmp(test_text_of(&out), written[i].text) != 0)
            fail_msg("%s: %s", written[i].why, test_text_of(&out));
        test_text_free(&out);
    }
    netpol_engine_unref(e);
}

static void incomplete_answers_say_so(void **state)
{
    (void)state;
    static const char text[] =
        "{apiVersion: v1, kind: Pod, metadata: {name: x, namespace: a}}\n---\n{apiVersion: "
        "networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: a}, spec: "
        "{policyTypes: "
        "[Both]}}\n";
    netpol_engine *e = fixture_engine(text, &(fixture_how){.flags = NETPOL_KEEP_GOING});
    netpol_question q = {.size = sizeof q, .src = "192.0.2.1", .dst = "a/x", .port = "80"};
    test_text json = {0};
    test_text plain = {0};
    ask_and_write(e, &q, NETPOL_FORMAT_JSON, &json);
    ask_and_write(e, &q, NETPOL_FORMAT_TEXT, &plain);
    assert_non_null(strstr(test_text_of(&json), "\"incomplete\":true"));
    assert_non_null(strstr(test_text_of(&plain), "incomplete:"));
    test_text_free(&json);
    test_text_free(&plain);
    netpol_engine_unref(e);
}

/* ---- lines of a query file ---- */

static const struct {
    const char *why;
    const char *line;
    const char *answer; /* NULL: refused */
} lines[] = {
    {"the answer is added",
     "{\"src\":\"shop/api\",\"dst\":\"shop/db\",\"proto\":\"TCP\",\"port\":3306}",
     "{\"src\":\"shop/api\",\"dst\":\"shop/"
     "db\",\"proto\":\"TCP\",\"port\":3306,\"verdict\":\"allow\","
     "\"depends\":[]}\n"},
    {"other keys stay as they were written, in their order",
     "{\"n\" : 1.50 , \"src\":\"shop/api\",\"x\":{\"a\":[1, "
     "2]},\"dst\":\"shop/db\",\"port\":\"3306\",\"t\":\"\\u00e9\"}",
     "{\"n\" : 1.50,\"src\":\"shop/api\",\"x\":{\"a\":[1, "
     "2]},\"dst\":\"shop/db\",\"port\":\"3306\",\"t\":\"\\u00e9\","
     "\"verdict\":\"allow\",\"depends\":[]}\n"},
    {"an older answer gives way",
     "{\"verdict\":\"deny\",\"src\":\"shop/api\",\"dst\":\"shop/"
     "db\",\"port\":3306,\"depends\":[\"self\"]}",
     "{\"src\":\"shop/api\",\"dst\":\"shop/"
     "db\",\"port\":3306,\"verdict\":\"allow\",\"depends\":[]}\n"},
    {"the longer word",
     "{\"src\":\"shop/api\",\"dst\":\"shop/db\",\"protocol\":\"udp\",\"port\":3306}",
     "{\"src\":\"shop/api\",\"dst\":\"shop/"
     "db\",\"protocol\":\"udp\",\"port\":3306,\"verdict\":\"deny\","
     "\"depends\":[]}\n"},
    {"no port is every port", "{\"src\":\"shop/api\",\"dst\":\"shop/db\"}",
     "{\"src\":\"shop/api\",\"dst\":\"shop/db\",\"verdict\":\"mixed\",\"depends\":[]}\n"},
    {"null is as absent", "{\"src\":\"shop/api\",\"dst\":\"shop/db\",\"port\":null}",
     "{\"src\":\"shop/api\",\"dst\":\"shop/"
     "db\",\"port\":null,\"verdict\":\"mixed\",\"depends\":[]}\n"},
    {"a namespace for bare names",
     "{\"namespace\":\"shop\",\"src\":\"api\",\"dst\":\"db\",\"port\":3306}",
     "{\"namespace\":\"shop\",\"src\":\"api\",\"dst\":\"db\",\"port\":3306,\"verdict\":\"allow\","
     "\"depends\":[]}\n"},
    {"marks", "{\"src\":\"192.0.2.1\",\"dst\":\"shop/db\",\"port\":1}",
     "{\"src\":\"192.0.2.1\",\"dst\":\"shop/"
     "db\",\"port\":1,\"verdict\":\"allow\",\"depends\":[\"own-node\"]}\n"},
    {"what cannot be answered", "{\"src\":\"shop/api\",\"dst\":\"shop/no\",\"port\":1}",
     "{\"src\":\"shop/api\",\"dst\":\"shop/"
     "no\",\"port\":1,\"verdict\":\"error\",\"depends\":[],\"error\":\"there "
     "is no pod shop/no\"}\n"},
    {"half a question", "{\"src\":\"shop/api\"}",
     "{\"src\":\"shop/api\",\"verdict\":\"error\",\"depends\":[],\"error\":\"src or dst is "
     "missing\"}\n"},
    {"an empty object", "{}",
     "{\"verdict\":\"error\",\"depends\":[],\"error\":\"src or dst is missing\"}\n"},
    {"a list", "[1]", NULL},
    {"a text", "\"x\"", NULL},
    {"YAML", "src: shop/api", NULL},
    {"a broken object", "{\"src\":", NULL},
    {"a word that is no text", "{\"src\":[\"shop/api\"],\"dst\":\"shop/db\"}",
     "{\"src\":[\"shop/api\"],\"dst\":\"shop/db\",\"verdict\":\"error\",\"depends\":[],"
     "\"error\":\"\\\"src\\\" must be a text or a whole number, not a list\"}\n"},
    {"a number that is no port", "{\"src\":\"shop/api\",\"dst\":\"shop/db\",\"port\":80.5}",
     "{\"src\":\"shop/api\",\"dst\":\"shop/db\",\"port\":80.5,\"verdict\":\"error\","
     "\"depends\":[],\"error\":\"\\\"port\\\" must be a text or a whole number, not 80.5\"}\n"},
    {"no family", "{\"src\":\"shop/api\",\"dst\":\"shop/db\",\"family\":5}",
     "{\"src\":\"shop/api\",\"dst\":\"shop/db\",\"family\":5,\"verdict\":\"error\","
     "\"depends\":[],\"error\":\"\\\"family\\\" must be 4 or 6, not 5\"}\n"},
    {"one protocol by both its names",
     "{\"src\":\"shop/api\",\"dst\":\"shop/db\",\"port\":3306,\"proto\":\"TCP\","
     "\"protocol\":\"tcp\"}",
     "{\"src\":\"shop/api\",\"dst\":\"shop/db\",\"port\":3306,\"proto\":\"TCP\","
     "\"protocol\":\"tcp\",\"verdict\":\"allow\",\"depends\":[]}\n"},
    {"two protocols",
     "{\"src\":\"shop/api\",\"dst\":\"shop/db\",\"proto\":\"TCP\",\"protocol\":\"UDP\"}",
     "{\"src\":\"shop/api\",\"dst\":\"shop/db\",\"proto\":\"TCP\",\"protocol\":\"UDP\","
     "\"verdict\":\"error\",\"depends\":[],\"error\":\"\\\"protocol\\\" must be the same under "
     "both its names, not UDP\"}\n"},
    {"two objects", "{\"src\":\"a\",\"dst\":\"b\"}{}", NULL},
    {"nothing", "", NULL},
};

static void lines_are_answered_in_place(void **state)
{
    (void)state;
    netpol_engine *e = fixture_engine(shop, &(fixture_how){.preset = NULL});
    for (size_t i = 0; i < COUNT(lines); i++) {
        test_text out = {0};
        netpol_sink to = test_text_sink(&out);
        netpol_status s =
            netpol_engine_answer_line(e, lines[i].line, strlen(lines[i].line), &to, NULL);
        if (s != (lines[i].answer ? NETPOL_OK : NETPOL_INVALID))
            fail_msg("%s: %s", lines[i].why, netpol_status_name(s));
        if (lines[i].answer && strcmp(test_text_of(&out), lines[i].answer) != 0)
            fail_msg("%s: %s", lines[i].why, test_text_of(&out));
        test_text_free(&out);
    }
    netpol_engine_unref(e);
}

/* ---- laws ---- */

/* Law: what is said of all ports at once is what is said of each. */
static void the_whole_port_set_agrees_with_each_port(void **state)
{
    (void)state;
    static const char *const sources[] = {"shop/api", "shop/odd", "shop/web", "192.0.2.1",
                                          "shop/db"};
    static const uint16_t ports[] = {1, 80, 3305, 3306, 3307, 7999, 8000, 8100, 8101, 65535};
    netpol_engine *e = fixture_engine(shop, &(fixture_how){.preset = NULL});
    for (size_t i = 0; i < COUNT(sources); i++) {
        netpol_question q = {.size = sizeof q, .src = sources[i], .dst = "shop/db"};
        char all[512];
        size_t allowed = 0;
        fixture_answer(e, &q, all);
        for (size_t k = 0; k < COUNT(ports); k++) {
            char port[8];
            char one[512];
            snprintf(port, sizeof port, "%u", ports[k]);
            q.port = port;
            fixture_answer(e, &q, one);
            allowed += one[0] == 'a';
        }
        char want = allowed == COUNT(ports) ? 'a' : allowed ? 'm' : 'd';
        if (all[0] != want)
            fail_msg("%s: %s, but %zu of %zu ports are allowed", sources[i], all, allowed,
                     COUNT(ports));
    }
    netpol_engine_unref(e);
}

static void wrong_calls_are_misuse(void **state)
{
    (void)state;
    netpol_engine *e = fixture_engine(shop, &(fixture_how){.preset = NULL});
    netpol_answer *x = NULL;
    netpol_question q = {.size = sizeof q, .src = "shop/api"};
    assert_int_equal(netpol_engine_ask(e, &q, &x, NULL), NETPOL_MISUSE);
    q.dst = "shop/db";
    q.family = 5;
    assert_int_equal(netpol_engine_ask(e, &q, &x, NULL), NETPOL_MISUSE);
    assert_int_equal(netpol_engine_ask(NULL, &q, &x, NULL), NETPOL_MISUSE);
    assert_int_equal(netpol_answer_write(NULL, NETPOL_FORMAT_TEXT, NULL), NETPOL_MISUSE);
    assert_int_equal(netpol_answer_explain(NULL, NETPOL_FORMAT_TEXT, NULL), NETPOL_MISUSE);
    assert_int_equal(netpol_answer_outcome(NULL), NETPOL_DENY);
    netpol_answer_free(NULL);
    netpol_engine_unref(e);
}

static netpol_status swallow(void *ctx, const char *bytes, size_t n)
{
    (void)ctx;
    (void)bytes;
    (void)n;
    return NETPOL_OK;
}

static netpol_status ask_everything(const netpol_options *o, void *ctx)
{
    static const netpol_sink nowhere = {.write = swallow};
    static const char line[] = "{\"src\":\"shop/api\",\"dst\":\"shop/no\",\"port\":\"sql\"}";
    (void)ctx;
    netpol_engine *e = NULL;
    netpol_status s = fixture_compile(shop, &(fixture_how){.options = o}, &e, NULL);
    netpol_question q = {
        .size = sizeof q, .src = "any", .dst = "svc:shop/both", .all_presets = true};
    netpol_answer *x = NULL;
    if (s == NETPOL_OK)
        s = netpol_engine_ask(e, &q, &x, NULL);
    if (s == NETPOL_OK)
        s = netpol_answer_write(x, NETPOL_FORMAT_JSON, &nowhere);
    if (s == NETPOL_OK)
        s = netpol_answer_write(x, NETPOL_FORMAT_TEXT, &nowhere);
    if (s == NETPOL_OK)
        s = netpol_answer_explain(x, NETPOL_FORMAT_JSON, &nowhere);
    if (s == NETPOL_OK)
        s = netpol_answer_explain(x, NETPOL_FORMAT_TEXT, &nowhere);
    if (s == NETPOL_OK)
        s = netpol_engine_answer_line(e, line, sizeof line - 1, &nowhere, NULL);
    netpol_answer_free(x);
    q = (netpol_question){.size = sizeof q, .src = "shop/app=api", .dst = "10.96.0.7:33"};
    x = NULL;
    if (s == NETPOL_OK)
        s = netpol_engine_ask(e, &q, &x, NULL);
    netpol_answer_free(x);
    netpol_engine_unref(e);
    return s;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    assert_true(test_every_allocation_fails(ask_everything, NULL) > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_word_means_what_the_grammar_says),
        cmocka_unit_test(services_lead_to_their_backends),
        cmocka_unit_test(answers_are_written_as_they_always_were),
        cmocka_unit_test(incomplete_answers_say_so),
        cmocka_unit_test(lines_are_answered_in_place),
        cmocka_unit_test(the_whole_port_set_agrees_with_each_port),
        cmocka_unit_test(wrong_calls_are_misuse),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
