/* SPDX-License-Identifier: MIT */
/* Scenarios: what comes of their items, coverage, and reports. */
#include "random_cluster.h"
#include "scenario.h"
#include "scenarios.h"

/* ---- items ---- */

static const struct {
    const char *why;
    const char *text; /* one item, behind the head */
    const char *name;
    int32_t outcome;
    const char *message; /* "" or its beginning */
    size_t n_checks;
    size_t n_failed;
} items[] = {
    {"what is allowed and should be",
     "cases: [{from: shop/web, to: shop/db, port: 1, expect: allow}]\n",
     "shop/web => shop/db TCP 1 allow", NETPOL_PASSED, "", 1, 0},
    {"what is denied and should be",
     "cases: [{name: nobody, from: open/any, to: shop/db, port: 1, expect: deny}]\n", "nobody",
     NETPOL_PASSED, "", 1, 0},
    {"what is denied and should not be",
     "cases: [{from: open/any, to: shop/db, port: 1, expect: allow}]\n",
     "open/any => shop/db TCP 1 allow", NETPOL_FAILED,
     "expected allow, is deny: open/any => shop/db TCP 1", 1, 1},
    {"mixed is neither", "cases: [{from: shop/web, to: 10.1.0.1, expect: deny}]\n",
     "shop/web => 10.1.0.1 TCP deny", NETPOL_FAILED,
     "expected deny, is mixed: shop/web => 10.1.0.1 TCP", 1, 1},
    {"nor is it the other", "cases: [{from: shop/web, to: 10.1.0.1, expect: allow}]\n",
     "shop/web => 10.1.0.1 TCP allow", NETPOL_FAILED,
     "expected allow, is mixed: shop/web => 10.1.0.1 TCP", 1, 1},
    {"lists stand for all of their combinations",
     "cases: [{from: [shop/web, open/any], to: [half/in, shop/db], port: [1, 2], protocol: [TCP, "
     "UDP], "
     "expect: deny}]\n",
     "shop/web,open/any => half/in,shop/db TCP,UDP 1,2 deny", NETPOL_FAILED,
     "expected deny, is allow: shop/web => shop/db TCP 1, and 3 more of 16", 16, 4},
    {"each protocol is asked about",
     "cases: [{from: shop/web, to: kube-system/dns, port: 53, protocol: [TCP, UDP], expect: "
     "deny}]\n",
     "shop/web => kube-system/dns TCP,UDP 53 deny", NETPOL_FAILED,
     "expected deny, is allow: shop/web => kube-system/dns UDP 53", 2, 1},
    {"of many that are wrong some are told in full",
     "cases: [{from: shop/web, to: shop/db, port: [1, 2, 3, 4, 5, 6, 7], expect: deny}]\n",
     "shop/web => shop/db TCP 1,2,3,4,5,6,7 deny", NETPOL_FAILED,
     "expected deny, is allow: shop/web => shop/db TCP 1, and 6 more of 7", 7, 7},
    {"names without a namespace are of the one given",
     "namespace: shop\ncases: [{from: web, to: db, port: 1, expect: allow}]\n",
     "web => db TCP 1 allow", NETPOL_PASSED, "", 1, 0},
    {"a port may be named", "cases: [{from: shop/db, to: shop/web, port: http, expect: allow}]\n",
     "shop/db => shop/web TCP http allow", NETPOL_PASSED, "", 1, 0},
    {"or stand in quotes", "cases: [{from: shop/db, to: shop/web, port: \"80\", expect: allow}]\n",
     "shop/db => shop/web TCP 80 allow", NETPOL_PASSED, "", 1, 0},
    {"80abc is a name, and nobody's",
     "cases: [{from: shop/db, to: shop/web, port: 80abc, expect: allow}]\n",
     "shop/db => shop/web TCP 80abc allow", NETPOL_UNANSWERED, "shop/db => shop/web TCP 80abc: ", 1,
     1},
    {"nobody is not denied", "cases: [{from: shop/nobody, to: shop/db, expect: deny}]\n",
     "shop/nobody => shop/db TCP deny", NETPOL_UNANSWERED, "shop/nobody => shop/db TCP: ", 1, 1},
    {"a protocol may be a number",
     "cases: [{from: shop/db, to: shop/web, protocol: 1, expect: allow}]\n",
     "shop/db => shop/web 1 allow", NETPOL_PASSED, "", 1, 0},
    {"a family that the ends have",
     "cases: [{from: shop/db, to: shop/web, family: 4, expect: allow}]\n",
     "shop/db => shop/web TCP allow", NETPOL_PASSED, "", 1, 0},
    {"a family that they have not",
     "cases: [{from: shop/db, to: shop/web, family: 6, expect: allow}]\n",
     "shop/db => shop/web TCP allow", NETPOL_UNANSWERED, "shop/db => shop/web TCP: ", 1, 1},

    {"isolated both ways", "invariants: [{ensure: default-deny, namespaces: shop}]\n",
     "default-deny in shop", NETPOL_PASSED, "", 2, 0},
    {"isolated one way",
     "invariants: [{ensure: default-deny, namespaces: half, direction: ingress}]\n",
     "default-deny in half", NETPOL_PASSED, "", 1, 0},
    {"and not the other", "invariants: [{ensure: default-deny, namespaces: half}]\n",
     "default-deny in half", NETPOL_FAILED, "does not hold for half/in", 1, 1},
    {"open", "invariants: [{ensure: default-deny, namespaces: [shop, open]}]\n",
     "default-deny in shop,open", NETPOL_FAILED, "does not hold for open/any", 3, 1},
    {"of all namespaces but the exceptions",
     "invariants: [{ensure: default-deny, except: [open/any, \"half/*\", "
     "\"kube-system/k=dns\"]}]\n",
     "default-deny except open/any,half/*,kube-system/k=dns", NETPOL_PASSED, "", 2, 0},
    {"a word alone is an invariant without fields", "invariants: [default-deny]\n", "default-deny",
     NETPOL_FAILED, "does not hold for ", 5, 3},
    {"TCP is not allowed", "invariants: [{ensure: dns, namespaces: shop}]\n", "dns in shop",
     NETPOL_FAILED, "expected allow, is deny: shop/", 4, 2},
    {"UDP is", "invariants: [{ensure: dns, namespaces: shop, protocol: UDP}]\n", "dns in shop",
     NETPOL_PASSED, "", 2, 0},
    {"nothing keeps the others from it", "invariants: [{ensure: dns, namespaces: [open, half]}]\n",
     "dns in open,half", NETPOL_PASSED, "", 4, 0},
    {"nobody is asked about a resolver that is not there",
     "invariants: [{ensure: dns, to: \"svc:open/dns\"}]\n", "dns", NETPOL_UNANSWERED, "", 1, 1},
    {"the internet is closed", "invariants: [{ensure: no-internet, namespaces: shop}]\n",
     "no-internet in shop", NETPOL_PASSED, "", 2, 0},
    {"open for what goes out", "invariants: [{ensure: no-internet, namespaces: half}]\n",
     "no-internet in half", NETPOL_FAILED, "does not hold for half/in", 1, 1},
    {"and closed for what comes in",
     "invariants: [{ensure: no-internet, namespaces: half, direction: ingress}]\n",
     "no-internet in half", NETPOL_PASSED, "", 1, 0},
    {"the metadata address is closed",
     "invariants: [{ensure: no-metadata-address, namespaces: shop}]\n",
     "no-metadata-address in shop", NETPOL_PASSED, "", 2, 0},
    {"or open", "invariants: [{ensure: no-metadata-address, namespaces: half}]\n",
     "no-metadata-address in half", NETPOL_FAILED, "does not hold for half/in", 1, 1},
    {"nobody of others gets in",
     "invariants: [{ensure: namespace-isolated, namespaces: [shop, half]}]\n",
     "namespace-isolated in shop,half", NETPOL_PASSED, "", 3, 0},
    {"somebody gets out",
     "invariants: [{ensure: namespace-isolated, namespaces: shop, direction: both}]\n",
     "namespace-isolated in shop", NETPOL_FAILED, "does not hold for shop/", 2, 2},
    {"all get in", "invariants: [{ensure: namespace-isolated, namespaces: open}]\n",
     "namespace-isolated in open", NETPOL_FAILED, "does not hold for open/any", 1, 1},
    {"the API server is reached",
     "invariants: [{ensure: api-server, namespaces: shop, to: 10.1.0.1, port: 6443}]\n",
     "api-server in shop", NETPOL_PASSED, "", 2, 0},
    {"and not", "invariants: [{ensure: api-server, namespaces: shop, to: 10.1.0.1}]\n",
     "api-server in shop", NETPOL_FAILED, "expected allow, is deny: shop/", 2, 2},
    {"and must not be",
     "invariants: [{ensure: api-server, namespaces: shop, to: 10.1.0.1, expect: deny}]\n",
     "api-server in shop", NETPOL_PASSED, "", 2, 0},
    {"where it is has to be told", "invariants: [api-server]\n", "api-server", NETPOL_UNANSWERED,
     "", 1, 1},
    {"a namespace that is not there holds nothing",
     "invariants: [{ensure: default-deny, namespaces: [shop, nope]}]\n",
     "default-deny in shop,nope", NETPOL_UNANSWERED, "there is no namespace nope", 0, 1},
    {"nor does one where nobody is left",
     "invariants: [{ensure: default-deny, namespaces: open, except: \"open/*\"}]\n",
     "default-deny in open except open/*", NETPOL_UNANSWERED, "no pod is left to look at", 0, 1},
    {"an exception that is nobody is a slip",
     "invariants: [{ensure: default-deny, except: open/nobody}]\n",
     "default-deny except open/nobody", NETPOL_UNANSWERED, "", 0, 1},
    {"addresses are no exceptions", "invariants: [{ensure: default-deny, except: 10.0.0.0}]\n",
     "default-deny except 10.0.0.0", NETPOL_UNANSWERED, "10.0.0.0: only pods can be excepted", 0,
     1},
};

/* Small clusters of one namespace, in which the invariant is found out by one flow alone. */
static const struct {
    const char *why;
    const char *objects;
    const char *semantics;
    const char *ensure;
    int32_t outcome;
} alone[] = {
#define POD_OF(ips)                                                                                \
    "---\n{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: alone},\n"                    \
    " status: {phase: Running, podIPs: [" ips "]}}\n"
#define POLICY_OF(spec)                                                                            \
    "---\n{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p,\n"           \
    " namespace: alone}, spec: {podSelector: {}, " spec "}}\n"
#define FOUR "{ip: 10.9.0.1}"
#define SIX "{ip: \"fd00::1\"}"
    {"IPv6 is open",
     POD_OF(FOUR "," SIX)
         POLICY_OF("policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: \"::/0\"}}]}]"),
     "spec", "no-internet", NETPOL_FAILED},
    {"the metadata address of IPv6 too",
     POD_OF(FOUR "," SIX)
         POLICY_OF("policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: \"::/0\"}}]}]"),
     "spec", "no-metadata-address", NETPOL_FAILED},
    {"but np-guard knows no IPv6",
     POD_OF(FOUR "," SIX)
         POLICY_OF("policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: \"::/0\"}}]}]"),
     "np-guard", "no-internet", NETPOL_PASSED},
    {"nothing isolates the pod", POD_OF(SIX), "spec", "default-deny", NETPOL_FAILED},
    {"which for np-guard is not there", POD_OF(SIX), "np-guard", "default-deny", NETPOL_PASSED},
    {"UDP alone is open",
     POD_OF(FOUR)
         POLICY_OF("policyTypes: [Ingress], ingress: [{ports: [{port: 53, protocol: UDP}]}]"),
     "spec", "namespace-isolated", NETPOL_FAILED},
    {"SCTP alone is open",
     POD_OF(FOUR)
         POLICY_OF("policyTypes: [Egress], egress: [{ports: [{port: 9, protocol: SCTP}]}]"),
     "spec", "no-internet", NETPOL_FAILED},
    {"one address is open",
     POD_OF(FOUR)
         POLICY_OF("policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 8.8.8.8/32}}]}]"),
     "spec", "no-internet", NETPOL_FAILED},
    {"a private one is not the internet's",
     POD_OF(FOUR)
         POLICY_OF("policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8}}]}]"),
     "spec", "no-internet", NETPOL_PASSED},
    {"all but the metadata address is open",
     POD_OF(FOUR) POLICY_OF("policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0, "
                            "except: [169.254.169.254/32]}}]}]"),
     "spec", "no-metadata-address", NETPOL_PASSED},
};

static void one_flow_is_enough(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(alone); i++) {
        char text[2048];
        snprintf(text, sizeof text,
                 HEAD "semantics: %s\ninvariants: [{ensure: %s, namespaces: alone}]\n%s",
                 alone[i].semantics, alone[i].ensure, alone[i].objects);
        netpol_scenario_report *r = test_scenario_run(text, NETPOL_ENGINE_COMPILED);
        const netpol_scenario_result *x = netpol_scenario_report_at(r, 0);
        if (x->outcome != alone[i].outcome)
            fail_msg("%s: %d %s\n%s", alone[i].why, (int)x->outcome, x->message, x->explanation);
        netpol_scenario_report_free(r);
    }
}

static void expect_item(size_t i, const netpol_scenario_result *x)
{
    if (x->outcome != items[i].outcome || x->n_checks != items[i].n_checks ||
        x->n_failed != items[i].n_failed || strcmp(x->name, items[i].name) != 0 ||
        strncmp(x->message, items[i].message, strlen(items[i].message)) != 0 ||
        (x->outcome == NETPOL_PASSED) != (*x->message == '\0'))
        fail_msg("%s: %s\noutcome %d, %zu of %zu, %s: %s\n%s", items[i].why, items[i].text,
                 (int)x->outcome, x->n_failed, x->n_checks, x->name, x->message, x->explanation);
    if ((x->n_failed > NP_MOST_TOLD) != (strstr(x->explanation, "and 2 more\n") != NULL))
        fail_msg("%s: told too much or too little: %s", items[i].why, x->explanation);
    if (x->outcome == NETPOL_FAILED && !strstr(x->explanation, "  ingress "))
        fail_msg("%s: not told why: %s", items[i].why, x->explanation);
}

static void items_come_out_as_they_should(void **state)
{
    (void)state;
    for (int32_t machinery = NETPOL_ENGINE_COMPILED; machinery <= NETPOL_ENGINE_REFERENCE;
         machinery++)
        for (size_t i = 0; i < COUNT(items); i++) {
            char *text = test_joined(HEAD, items[i].text);
            netpol_scenario_report *r = test_scenario_run(text, machinery);
            expect_item(i, netpol_scenario_report_at(r, 0));
            netpol_scenario_report_free(r);
            free(text);
        }
}

/* A flow that must not be if an invariant holds: from or to a pod, with a public address or another
 * namespace's pod at the other end. */
typedef struct probe {
    netpol_flow flow;
    size_t item;
} probe;

enum { OUT_OF_THE_NET = 0, INTO_THE_NET, INTO_A_NAMESPACE, N_LAWS };

static const char laws[] =
    HEAD "invariants:\n- {ensure: no-internet, namespaces: ns0, direction: ingress}\n"
         "- {ensure: no-internet, namespaces: ns0}\n"
         "- {ensure: namespace-isolated, namespaces: ns0}\n";

static void set_pod(uint8_t side[16], uint32_t pod)
{
    memcpy(side, &pod, sizeof pod);
}

static bool random_probe(np_rand *r, const netpol_engine *e, probe *p)
{
    static const uint8_t octets[][4] = {{8, 8, 8, 8}, {1, 1, 1, 1}, {192, 0, 3, 1}, {11, 0, 0, 1}};
    static const uint8_t protocols[] = {NETPOL_TCP, NETPOL_UDP, NETPOL_SCTP};
    static const uint16_t ports[] = {53, 80, 81, 443, 8080};
    const np_snapshot *s = e->snapshot;
    uint32_t n = (uint32_t)netpol_engine_pod_count(e);
    uint32_t a = np_rand_below(r, n);
    uint32_t b = np_rand_below(r, n);
    uint8_t outside[16] = {[10] = 0xff, [11] = 0xff};
    memcpy(outside + 12, octets[np_rand_below(r, COUNT(octets))], 4);
    *p = (probe){.item = np_rand_below(r, N_LAWS)};
    p->flow.protocol = protocols[np_rand_below(r, COUNT(protocols))];
    p->flow.port = ports[np_rand_below(r, COUNT(ports))];
    p->flow.src_kind = p->item == OUT_OF_THE_NET ? NETPOL_BY_ADDRESS : NETPOL_BY_POD;
    p->flow.dst_kind = p->item == INTO_THE_NET ? NETPOL_BY_ADDRESS : NETPOL_BY_POD;
    set_pod(p->flow.src, a);
    set_pod(p->flow.dst, b);
    if (p->item == OUT_OF_THE_NET)
        memcpy(p->flow.src, outside, sizeof outside);
    if (p->item == INTO_THE_NET)
        memcpy(p->flow.dst, outside, sizeof outside);
    const np_pod *src = np_pod_at(s, a);
    const np_pod *dst = np_pod_at(s, b);
    const np_pod *subject = p->item == INTO_THE_NET ? src : dst;
    return strcmp(np_namespace_at(s, subject->space)->name, "ns0") == 0 &&
           subject->families & NP_FAMILY_4 &&
           (p->item != INTO_A_NAMESPACE ||
            (src->families & NP_FAMILY_4 && src->space != dst->space));
}

/* Probes one random cluster; how many invariants hold in it. */
static size_t probe_cluster(np_rand *r, const netpol_scenario *s)
{
    test_cluster text = {0};
    netpol_manifests *m = NULL;
    netpol_engine *e = NULL;
    netpol_scenario_report *report = NULL;
    test_cluster_make(&text, r, np_rand_once_in(r, 2) ? TEST_TIERS : TEST_REPLICAS | TEST_HOSTS);
    assert_int_equal(netpol_manifests_new(NULL, &m), NETPOL_OK);
    (void)netpol_manifests_read_memory(m, "random", text.p, text.n, NULL);
    assert_int_equal(netpol_scenario_compile(s, m, NETPOL_ENGINE_COMPILED, &e, NULL), NETPOL_OK);
    assert_int_equal(netpol_scenario_run(s, e, NETPOL_ALL_ITEMS, &report), NETPOL_OK);
    for (int i = 0; i < 2000 && netpol_engine_pod_count(e); i++) {
        probe p;
        if (!random_probe(r, e, &p) || !netpol_engine_verdict(e, &p.flow).allowed ||
            netpol_scenario_report_at(report, p.item)->outcome != NETPOL_PASSED)
            continue;
        uint32_t src;
        uint32_t dst;
        memcpy(&src, p.flow.src, sizeof src);
        memcpy(&dst, p.flow.dst, sizeof dst);
        fail_msg("seed %" PRIu64 ": %s holds, and a flow is allowed: %s %u to %u, protocol %u port "
                 "%u\n%s",
                 r->seed, netpol_scenario_at(s, p.item)->name,
                 p.item == OUT_OF_THE_NET ? "in" : "out", (unsigned)src, (unsigned)dst,
                 (unsigned)p.flow.protocol, (unsigned)p.flow.port, text.p);
    }
    for (size_t i = 0; i < N_LAWS; i++) {
        const netpol_scenario_result *x = netpol_scenario_report_at(report, i);
        if (x->outcome == NETPOL_FAILED && strncmp(x->explanation, "allow ", 6) != 0)
            fail_msg("seed %" PRIu64 ": no witness: %s", r->seed, x->explanation);
    }
    size_t hold = netpol_scenario_report_outcomes(report, NETPOL_PASSED);
    netpol_scenario_report_free(report);
    netpol_engine_unref(e);
    netpol_manifests_free(m);
    test_cluster_free(&text);
    return hold;
}

/* Law: while an invariant holds no flow is allowed that it forbids, and a witness is such a flow.
 */
static void invariants_hold_for_every_flow(void **state)
{
    (void)state;
    netpol_scenario *s = NULL;
    assert_int_equal(test_scenario_read(laws, &s, NULL), NETPOL_OK);
    np_rand r = np_rand_from_env("NETPOL_SEED");
    size_t hold = 0;
    int rounds = np_rounds(200);
    for (int i = 0; i < rounds; i++)
        hold += probe_cluster(&r, s);
    print_message("%zu of %d invariants hold\n", hold, rounds * N_LAWS);
    netpol_scenario_free(s);
}

/* ---- coverage ---- */

static void rules_that_decided_are_counted(void **state)
{
    (void)state;
    static const struct {
        int32_t direction;
        int32_t rule;
        size_t decided;
    } rows[] = {
        {NETPOL_INGRESS, -1, 1}, {NETPOL_INGRESS, 0, 2}, {NETPOL_EGRESS, -1, 0},
        {NETPOL_EGRESS, 0, 2},   {NETPOL_EGRESS, 1, 0},  {NETPOL_EGRESS, 2, 1},
    };
    netpol_scenario_report *r =
        test_scenario_run(HEAD "cases:\n"
                               "- {from: shop/web, to: shop/db, port: [1, 2], expect: allow}\n"
                               "- {from: open/any, to: shop/db, port: 1, expect: deny}\n"
                               "- {from: shop/db, to: 10.1.0.9, port: 6443, expect: allow}\n"
                               "invariants: [{ensure: dns, namespaces: shop, protocol: UDP}]\n",
                          NETPOL_ENGINE_COMPILED);
    assert_int_equal(netpol_scenario_report_outcomes(r, NETPOL_PASSED), 4);
    size_t seen = 0;
    for (size_t i = 0; i < netpol_scenario_report_rule_count(r); i++) {
        const netpol_rule_coverage *x = netpol_scenario_report_rule_at(r, i);
        if (strcmp(netpol_object_name(x->policy), "same") != 0)
            continue;
        assert_string_equal(x->source, "s.yaml");
        assert_true(x->line > 0);
        if (x->direction != rows[seen].direction || x->rule != rows[seen].rule ||
            x->decided != rows[seen].decided)
            fail_msg("row %zu: direction %d rule %d decided %zu", seen, (int)x->direction,
                     (int)x->rule, x->decided);
        seen++;
    }
    assert_int_equal(seen, COUNT(rows));
    assert_null(netpol_scenario_report_rule_at(r, netpol_scenario_report_rule_count(r)));
    netpol_scenario_report_free(r);
}

/* Workloads stand for replicas, and each isolating policy is credited with what no rule allows. */
static void examples_pass_and_leave_no_rule_untested(void **state)
{
    (void)state;
    static const char *const paths[] = {"examples/scenarios/shop.yaml",
                                        "examples/db-policy/scenario.yaml"};
    for (size_t i = 0; i < COUNT(paths); i++) {
        netpol_scenario *s = NULL;
        netpol_engine *e = NULL;
        netpol_scenario_report *r = NULL;
        assert_int_equal(netpol_scenario_read(paths[i], NULL, &s, NULL), NETPOL_OK);
        assert_int_equal(netpol_scenario_compile(s, NULL, NETPOL_ENGINE_COMPILED, &e, NULL),
                         NETPOL_OK);
        assert_int_equal(netpol_scenario_run(s, e, NETPOL_ALL_ITEMS, &r), NETPOL_OK);
        assert_int_equal(netpol_scenario_report_outcomes(r, NETPOL_PASSED),
                         netpol_scenario_count(s));
        for (size_t k = 0; k < netpol_scenario_report_rule_count(r); k++)
            assert_true(netpol_scenario_report_rule_at(r, k)->decided > 0);
        netpol_scenario_report_free(r);
        netpol_engine_unref(e);
        netpol_scenario_free(s);
    }
}

/* ---- overlays, single items ---- */

static void more_objects_replace_those_of_the_scenario(void **state)
{
    (void)state;
    static const char more[] = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
                               "metadata: {name: same, namespace: shop}\nspec: {podSelector: {}}\n";
    char *text = test_joined(HEAD "cases: [{from: shop/web, to: shop/db, expect: deny}]\n",
                             test_scenario_cluster);
    netpol_scenario *s = NULL;
    netpol_manifests *m = NULL;
    netpol_engine *e = NULL;
    netpol_scenario_report *r = NULL;
    assert_int_equal(test_scenario_read(text, &s, NULL), NETPOL_OK);
    assert_int_equal(netpol_manifests_new(NULL, &m), NETPOL_OK);
    assert_int_equal(netpol_manifests_read_memory(m, "more", more, strlen(more), NULL), NETPOL_OK);
    assert_int_equal(netpol_scenario_compile(s, m, NETPOL_ENGINE_COMPILED, &e, NULL), NETPOL_OK);
    assert_int_equal(netpol_scenario_run(s, e, 0, &r), NETPOL_OK);
    netpol_engine_unref(e);
    netpol_manifests_free(m);
    netpol_scenario_free(s);
    assert_int_equal(netpol_scenario_report_count(r), 1);
    assert_int_equal(netpol_scenario_report_at(r, 0)->outcome, NETPOL_PASSED);
    netpol_scenario_report_free(r);
    free(text);
}

static void one_item_gives_what_it_gives_among_all(void **state)
{
    (void)state;
    char *text = test_joined(HEAD "cases:\n- {from: shop/web, to: shop/db, expect: deny}\n"
                                  "- {from: shop/db, to: shop/web, expect: allow}\n"
                                  "invariants: [default-deny, dns]\n",
                             test_scenario_cluster);
    netpol_scenario *s = NULL;
    netpol_engine *e = NULL;
    netpol_scenario_report *all = NULL;
    assert_int_equal(test_scenario_read(text, &s, NULL), NETPOL_OK);
    assert_int_equal(netpol_scenario_compile(s, NULL, NETPOL_ENGINE_COMPILED, &e, NULL), NETPOL_OK);
    assert_int_equal(netpol_scenario_run(s, e, NETPOL_ALL_ITEMS, &all), NETPOL_OK);
    assert_int_equal(netpol_scenario_count(s), 4);
    for (size_t i = 0; i < 4; i++) {
        netpol_scenario_report *one = NULL;
        assert_int_equal(netpol_scenario_run(s, e, i, &one), NETPOL_OK);
        const netpol_scenario_result *x = netpol_scenario_report_at(one, 0);
        const netpol_scenario_result *y = netpol_scenario_report_at(all, i);
        assert_int_equal(x->item, i);
        assert_int_equal(x->outcome, y->outcome);
        assert_string_equal(x->explanation, y->explanation);
        assert_int_equal(x->line, netpol_scenario_at(s, i)->line);
        assert_int_equal(netpol_scenario_report_rule_count(one),
                         netpol_scenario_report_rule_count(all));
        netpol_scenario_report_free(one);
    }
    netpol_scenario_report_free(all);
    netpol_engine_unref(e);
    netpol_scenario_free(s);
    free(text);
}

/* Numbers of pods and namespaces that have gone belong to nobody. */
static void clusters_that_have_changed_are_tested_as_they_are(void **state)
{
    (void)state;
    netpol_scenario *s = NULL;
    netpol_manifests *m = NULL;
    netpol_cluster *c = NULL;
    assert_int_equal(
        test_scenario_read(HEAD "invariants: [default-deny, namespace-isolated]\n", &s, NULL),
        NETPOL_OK);
    assert_int_equal(netpol_manifests_new(NULL, &m), NETPOL_OK);
    assert_int_equal(netpol_manifests_read_memory(m, "m", test_scenario_cluster,
                                                  strlen(test_scenario_cluster), NULL),
                     NETPOL_OK);
    assert_int_equal(netpol_cluster_new(NULL, NULL, &c, NULL), NETPOL_OK);
    assert_int_equal(netpol_cluster_put_all(c, m, NULL), NETPOL_OK);
    static const struct {
        int32_t kind;
        const char *space;
        const char *name;
        size_t looked_at;
        int32_t outcome;
        size_t rules;
    } steps[] = {
        {NETPOL_KIND_POD, "open", "any", 4, NETPOL_FAILED, 7},
        {NETPOL_KIND_POD, "kube-system", "dns", 3, NETPOL_FAILED, 7},
        {NETPOL_KIND_NETWORK_POLICY, "half", "closed", 3, NETPOL_FAILED, 6},
        {NETPOL_KIND_POD, "half", "in", 2, NETPOL_PASSED, 6},
    };
    for (size_t i = 0; i < COUNT(steps); i++) {
        netpol_engine *e = NULL;
        netpol_scenario_report *r = NULL;
        assert_int_equal(netpol_cluster_remove(c, steps[i].kind, steps[i].space, steps[i].name),
                         NETPOL_OK);
        assert_int_equal(netpol_cluster_compile(c, NETPOL_ENGINE_COMPILED, &e, NULL), NETPOL_OK);
        assert_int_equal(netpol_scenario_run(s, e, NETPOL_ALL_ITEMS, &r), NETPOL_OK);
        assert_int_equal(netpol_scenario_report_at(r, 0)->n_checks, steps[i].looked_at);
        assert_int_equal(netpol_scenario_report_at(r, 0)->outcome, steps[i].outcome);
        assert_int_equal(netpol_scenario_report_rule_count(r), steps[i].rules);
        netpol_scenario_report_free(r);
        netpol_engine_unref(e);
    }
    netpol_cluster_free(c);
    netpol_manifests_free(m);
    netpol_scenario_free(s);
}

/* ---- writing ---- */

static void reports_are_escaped_for_each_format(void **state)
{
    (void)state;
    netpol_scenario_report *r = test_scenario_run(
        HEAD
        "cases: [{name: \"<&>\\\" \\u0001 \\u00e9\", from: shop/web, to: shop/db, expect: deny}]\n",
        NETPOL_ENGINE_COMPILED);
    const netpol_scenario_report *const reports[] = {r, r};
    static const struct {
        int32_t format;
        const char *holds;
    } rows[] = {
        {NETPOL_FORMAT_TEXT, "  FAIL  <&>\" \\x01 \xc3\xa9  s.yaml:3\n"},
        {NETPOL_FORMAT_TEXT, "\n0 passed, 2 failed\n"},
        {NETPOL_FORMAT_JSON, "\"name\":\"<&>\\\" \\u0001 \xc3\xa9\""},
        {NETPOL_FORMAT_JSON, "\"summary\":{\"passed\":0,\"failed\":2,\"unanswered\":0}"},
        {NETPOL_FORMAT_JUNIT, "name=\"&#60;&#38;&#62;&#34; \xef\xbf\xbd \xc3\xa9\""},
        {NETPOL_FORMAT_JUNIT, "tests=\"2\" failures=\"2\" errors=\"0\""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        test_text out = {0};
        netpol_sink to = test_text_sink(&out);
        assert_int_equal(netpol_scenario_write(reports, 2, rows[i].format, 0, &to), NETPOL_OK);
        if (!strstr(test_text_of(&out), rows[i].holds))
            fail_msg("%s\nlacks %s", test_text_of(&out), rows[i].holds);
        test_text_free(&out);
    }
    netpol_scenario_report_free(r);
}

static void no_reports_are_a_report_too(void **state)
{
    (void)state;
    test_text out = {0};
    netpol_sink to = test_text_sink(&out);
    assert_int_equal(netpol_scenario_write(NULL, 0, NETPOL_FORMAT_JSON, 0, &to), NETPOL_OK);
    assert_string_equal(test_text_of(&out),
                        "{\"schema\":\"netpol.test/v1\",\"summary\":{\"passed\":0,\"failed\":0,"
                        "\"unanswered\":0},\"reports\":[]}\n");
    test_text_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_come_out_as_they_should),
        cmocka_unit_test(one_flow_is_enough),
        cmocka_unit_test(invariants_hold_for_every_flow),
        cmocka_unit_test(rules_that_decided_are_counted),
        cmocka_unit_test(examples_pass_and_leave_no_rule_untested),
        cmocka_unit_test(more_objects_replace_those_of_the_scenario),
        cmocka_unit_test(one_item_gives_what_it_gives_among_all),
        cmocka_unit_test(clusters_that_have_changed_are_tested_as_they_are),
        cmocka_unit_test(reports_are_escaped_for_each_format),
        cmocka_unit_test(no_reports_are_a_report_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
