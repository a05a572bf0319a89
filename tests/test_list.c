/* SPDX-License-Identifier: MIT */
#include "conns.h"
#include "engine.h"
#include "fixture.h"
#include "list.h"
#include "random_cluster.h"

#define POD(name, labels, rest)                                                                    \
    "{apiVersion: v1, kind: Pod, metadata: {name: " name ", namespace: a, labels: {" labels        \
    "}}, " rest "}\n---\n"
#define OWNED(name, owner, labels, ip)                                                             \
    "{apiVersion: v1, kind: Pod, metadata: {name: " name ", namespace: a, labels: {" labels        \
    "}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: " owner                    \
    ", uid: u, controller: true}]}, status: {podIP: " ip "}}\n---\n"
#define POLICY(name, labels, rest)                                                                 \
    "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: " name               \
    ", namespace: a}, spec: {podSelector: {matchLabels: {" labels "}}, " rest "}}\n---\n"
#define DEPLOYMENT(name)                                                                           \
    "{apiVersion: apps/v1, kind: Deployment, metadata: {name: " name                               \
    ", namespace: a}, spec: {template: {metadata: {labels: {app: " name "}}, spec: {containers: "  \
    "[{name: m, ports: [{name: http, containerPort: 8080}]}]}}}}\n---\n"

#define EVERYWHERE "0.0.0.0-255.255.255.255"

static const struct {
    const char *why;
    const char *text;
    const char *preset;
    netpol_list_options how;
    int32_t format;
    const char *list;
} lists[] = {
    {"without policies everybody talks to everybody",
     DEPLOYMENT("web") DEPLOYMENT("db"),
     NULL,
     {0},
     NETPOL_FORMAT_TEXT,
     EVERYWHERE " => a/db[Deployment] : All Connections\n" EVERYWHERE
                " => a/web[Deployment] : All Connections\n"
                "a/db[Deployment] => " EVERYWHERE " : All Connections\n"
                "a/db[Deployment] => a/web[Deployment] : All Connections\n"
                "a/web[Deployment] => " EVERYWHERE " : All Connections\n"
                "a/web[Deployment] => a/db[Deployment] : All Connections\n"},
    {"pods that differ by their node alone",
     POD("p1", "", "spec: {nodeName: n1}, status: {podIP: 10.0.0.1}")
         POD("p2", "", "spec: {nodeName: n2}, status: {podIP: 10.0.0.2}") POD(
             "agent", "",
             "spec: {nodeName: n1, hostNetwork: true}, status: {podIP: 192.0.2.1}") "{apiVersion: "
                                                                                    "networking."
                                                                                    "k8s.io/v1, "
                                                                                    "kind: "
                                                                                    "NetworkPolicy,"
                                                                                    " metadata: "
                                                                                    "{name: deny, "
                                                                                    "namespace: "
                                                                                    "a}, spec: "
                                                                                    "{podSelector: "
                                                                                    "{}, "
                                                                                    "policyTypes: "
                                                                                    "[Ingress, "
                                                                                    "Egress]}}\n",
     NULL,
     {0},
     NETPOL_FORMAT_TEXT,
     EVERYWHERE " => a/agent[Pod] : All Connections\n"
                "a/agent[Pod] => " EVERYWHERE " : All Connections\n"
                "a/agent[Pod] => a/p1[Pod] : All Connections\n"},
    {"ports are ranges, names are the destination's",
     DEPLOYMENT("web") DEPLOYMENT("db") POLICY(
         "db", "app: db",
         "policyTypes: [Ingress, Egress], ingress: [{from: [{podSelector: {}}], ports: [{port: "
         "http}, {port: 80, endPort: 90}, {port: 91}, {protocol: UDP, port: 53}]}]")
         POLICY("web", "app: web", "ingress: []"),
     NULL,
     {0},
     NETPOL_FORMAT_TEXT,
     "a/web[Deployment] => " EVERYWHERE " : All Connections\n"
     "a/web[Deployment] => a/db[Deployment] : TCP 80-91,8080,UDP 53\n"},
    {"every port of the three protocols is not everything",
     DEPLOYMENT("web") POLICY(
         "web", "app: web",
         "policyTypes: [Ingress, Egress], ingress: [{ports: [{}, {protocol: UDP}, {protocol: "
         "SCTP, port: 1, endPort: 65535}]}]"),
     NULL,
     {0},
     NETPOL_FORMAT_TEXT,
     EVERYWHERE " => a/web[Deployment] : SCTP 1-65535,TCP 1-65535,UDP 1-65535\n"},
    {"addresses are cut where blocks begin and end",
     DEPLOYMENT("web") POLICY(
         "web", "app: web",
         "policyTypes: [Ingress, Egress], egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8, except: "
         "[10.0.0.0/9, 10.200.0.0/16]}}]}, {to: [{ipBlock: {cidr: 255.0.0.0/8}}]}]"),
     NULL,
     {0},
     NETPOL_FORMAT_TEXT,
     "a/web[Deployment] => 10.128.0.0-10.199.255.255 : All Connections\n"
     "a/web[Deployment] => 10.201.0.0-10.255.255.255 : All Connections\n"
     "a/web[Deployment] => 255.0.0.0-255.255.255.255 : All Connections\n"},
    {"IPv6 where the cluster uses it",
     POD("six", "p: six", "status: {podIPs: [{ip: 'fd00::1'}]}") POLICY(
         "six", "p: six",
         "policyTypes: [Ingress, Egress], egress: [{to: [{ipBlock: {cidr: '2001:db8::/32'}}]}]"),
     NULL,
     {0},
     NETPOL_FORMAT_TEXT,
     "a/six[Pod] => 2001:db8::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff : All Connections\n"},
    {"families that differ have lines of their own",
     POD("p", "p: p", "status: {podIPs: [{ip: 10.0.0.1}, {ip: 'fd00::1'}]}")
         POD("z", "z: z", "status: {podIPs: [{ip: 10.0.0.2}, {ip: 'fd00::2'}]}")
             POLICY("p", "p: p",
                    "policyTypes: [Ingress, Egress], egress: [{to: [{ipBlock: {cidr: "
                    "'fd00::/16'}}]}]")
                 POLICY("z", "z: z", "policyTypes: [Ingress, Egress], ingress: [{}]"),
     NULL,
     {.focus = "a/p"},
     NETPOL_FORMAT_TEXT,
     "a/p[Pod] => a/z[Pod] : All Connections (IPv6)\n"
     "a/p[Pod] => fd00::-fd00:ffff:ffff:ffff:ffff:ffff:ffff:ffff : All Connections\n"},
    {"pods of one owner that policies tell apart are listed apart",
     OWNED("w1", "web", "app: web, role: main", "10.0.0.1")
         OWNED("w2", "web", "app: web, role: spare", "10.0.0.2")
             POLICY("main", "role: main", "policyTypes: [Ingress, Egress]"),
     NULL,
     {0},
     NETPOL_FORMAT_TEXT,
     EVERYWHERE " => a/w2[Pod] : All Connections\n"
                "a/w2[Pod] => " EVERYWHERE " : All Connections\n"},
    {"what no policy asks for does not",
     OWNED("w1", "web", "app: web, role: main", "10.0.0.1")
         OWNED("w2", "web", "app: web, role: spare", "10.0.0.2"),
     NULL,
     {0},
     NETPOL_FORMAT_TEXT,
     EVERYWHERE " => a/web[ReplicaSet] : All Connections\n"
                "a/web[ReplicaSet] => " EVERYWHERE " : All Connections\n"},
    {"nor does a block that holds one of them and changes nothing",
     OWNED("w1", "web", "app: web", "10.0.0.1") OWNED("w2", "web", "app: web", "10.1.0.2")
         POLICY("web", "app: web",
                "policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: "
                "10.0.0.0/16}}]}, {}]"),
     NULL,
     {.self = true},
     NETPOL_FORMAT_TEXT,
     EVERYWHERE " => a/web[ReplicaSet] : All Connections\n"
                "a/web[ReplicaSet] => 0.0.0.0-9.255.255.255 : All Connections\n"
                "a/web[ReplicaSet] => 10.0.0.0-10.0.255.255 : All Connections\n"
                "a/web[ReplicaSet] => 10.1.0.0-255.255.255.255 : All Connections\n"
                "a/web[ReplicaSet] => a/web[ReplicaSet] : All Connections\n"},
    {"pods one by one",
     OWNED("w1", "web", "app: web", "10.0.0.1") OWNED("w2", "web", "app: web", "10.0.0.2"),
     NULL,
     {.pods = true, .focus = "a/web"},
     NETPOL_FORMAT_TEXT,
     EVERYWHERE " => a/w1[Pod] : All Connections\n" EVERYWHERE " => a/w2[Pod] : All Connections\n"
                "a/w1[Pod] => " EVERYWHERE " : All Connections\n"
                "a/w1[Pod] => a/w2[Pod] : All Connections\n"
                "a/w2[Pod] => " EVERYWHERE " : All Connections\n"
                "a/w2[Pod] => a/w1[Pod] : All Connections\n"},
    {"blocks that are about the world alone",
     POD("c", "c: c", "status: {podIP: 10.0.0.1}") POD("s", "s: s", "status: {podIP: 10.0.0.2}")
         POLICY("s", "s: s",
                "policyTypes: [Ingress, Egress], ingress: [{from: [{ipBlock: {cidr: "
                "10.0.0.0/8}}]}]"),
     "np-guard",
     {.focus = "a/s[Pod]"},
     NETPOL_FORMAT_TEXT,
     "10.0.0.0-10.255.255.255 => a/s[Pod] : All Connections\n"},
    {"for machines",
     DEPLOYMENT("web") POLICY("web", "app: web", "ingress: [{ports: [{port: 80}]}]"),
     "calico",
     {0},
     NETPOL_FORMAT_JSON,
     "{\"schema\":\"netpol.list/v1\",\"semantics\":\"calico\",\"family\":[4],\"depends\":[],"
     "\"ignored_policies\":0,\"incomplete\":false,\"connections\":[{\"src\":\"" EVERYWHERE
     "\",\"dst\":\"a/web[Deployment]\",\"conns\":{\"TCP\":[[80,80]]}},{\"src\":\"a/"
     "web[Deployment]\","
     "\"dst\":\"" EVERYWHERE "\",\"conns\":{\"all\":true}}]}\n"},
    {"nobody",
     "",
     NULL,
     {0},
     NETPOL_FORMAT_JSON,
     "{\"schema\":\"netpol.list/v1\",\"semantics\":\"spec\",\"family\":[4],\"depends\":[],"
     "\"ignored_policies\":0,\"incomplete\":false,\"connections\":[]}\n"},
};

static void lists_follow_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(lists); i++) {
        netpol_engine *e = fixture_engine(lists[i].text, &(fixture_how){.preset = lists[i].preset});
        netpol_list_options how = lists[i].how;
        test_text out = {0};
        netpol_sink to = test_text_sink(&out);
        how.size = sizeof how;
        assert_int_equal(netpol_engine_list(e, &how, lists[i].format, &to, NULL), NETPOL_OK);
        if (strcmp(test_text_of(&out), lists[i].list) != 0)
            fail_msg("%s:\n%s", lists[i].why, test_text_of(&out));
        test_text_free(&out);
        netpol_engine_unref(e);
    }
}

static bool stop(void *ctx)
{
    (void)ctx;
    return false;
}

/* What stands in a list with a focus, or what is said. */
static const struct {
    const char *why;
    const char *focus;
    bool pods;
    netpol_status status;
    const char *says;
} focuses[] = {
    {"a name that one has", "db", false, NETPOL_OK, "x/db[Deployment] => "},
    {"with its kind", "db[Deployment]", false, NETPOL_OK, "x/db[Deployment] => "},
    {"several have it", "web", false, NETPOL_INVALID,
     "web may be x/web[Deployment], yy/web[Deployment]"},
    {"but one in the default namespace", "one", false, NETPOL_OK, "default/one[Pod] => "},
    {"a word", "x/deploy/db", false, NETPOL_OK, "x/db[Deployment] => "},
    {"a selector", "x/app=web", false, NETPOL_OK, "x/web[Deployment] => "},
    {"a pod of an owner is its owner", "z/w1", false, NETPOL_OK, "z/set[ReplicaSet] => "},
    {"unless pods are listed", "z/w1", true, NETPOL_OK, "z/w1[Pod] => "},
    {"a slip", "x/wbe", false, NETPOL_NOT_FOUND, "there is no pod x/wbe"},
    {"an address", "10.0.0.1", false, NETPOL_INVALID, "10.0.0.1: a list is about pods"},
};

static void a_focus_may_be_said_shortly(void **state)
{
    (void)state;
#define IN(space, name)                                                                            \
    "{apiVersion: apps/v1, kind: Deployment, metadata: {name: " name ", namespace: " space         \
    "}, spec: {template: {metadata: {labels: {app: " name "}}}}}\n---\n"
#define ONE(space, name, more)                                                                     \
    "{apiVersion: v1, kind: Pod, metadata: {name: " name ", namespace: " space more "}}\n---\n"
    static const char text[] =
        IN("x", "web") IN("yy", "web") IN("x", "db") ONE("default", "one", "") ONE("x", "one", "")
            ONE("z", "w1",
                ", ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: set, "
                "controller: true}]");
    netpol_engine *e = fixture_engine(text, &(fixture_how){.preset = NULL});
    for (size_t i = 0; i < COUNT(focuses); i++) {
        test_text out = {0};
        netpol_sink to = test_text_sink(&out);
        netpol_diagnostics *d = netpol_diagnostics_new(NULL);
        netpol_list_options how = {
            .size = sizeof how, .focus = focuses[i].focus, .pods = focuses[i].pods};
        netpol_status s = netpol_engine_list(e, &how, NETPOL_FORMAT_TEXT, &to, d);
        const char *said = s == NETPOL_OK ? test_text_of(&out) : fixture_message(d);
        if (s != focuses[i].status || !strstr(said, focuses[i].says))
            fail_msg("%s: status %d, %s", focuses[i].why, (int)s, said);
        test_text_free(&out);
        netpol_diagnostics_free(d);
    }
    netpol_engine_unref(e);
}

static void what_cannot_be_listed_is_said(void **state)
{
    (void)state;
    netpol_engine *e = fixture_engine(DEPLOYMENT("web"), &(fixture_how){.preset = NULL});
    test_text out = {0};
    netpol_sink to = test_text_sink(&out);
    netpol_list_options how = {.size = sizeof how, .focus = "a/we"};
    assert_int_equal(netpol_engine_list(e, &how, NETPOL_FORMAT_TEXT, &to, NULL), NETPOL_NOT_FOUND);
    how = (netpol_list_options){.size = sizeof how, .keep_going = stop};
    assert_int_equal(netpol_engine_list(e, &how, NETPOL_FORMAT_TEXT, &to, NULL), NETPOL_CANCELLED);
    assert_int_equal(netpol_engine_list(e, NULL, NETPOL_FORMAT_YAML, &to, NULL), NETPOL_MISUSE);
    assert_int_equal(netpol_engine_list(e, NULL, NETPOL_FORMAT_TEXT, NULL, NULL), NETPOL_MISUSE);
    assert_string_equal(test_text_of(&out), "");
    test_text_free(&out);
    netpol_engine_unref(e);
}

/* ---- laws ---- */

#define NAMES "abcd"

static void random_policy(np_rand *r, int i, char *out, size_t room)
{
    static const char *const peers[] = {"", "from: [{podSelector: {}}], ",
                                        "from: [{podSelector: {matchLabels: {app: a}}}], "};
    size_t n = (size_t)snprintf(out, room, POLICY("p%d", "app: %c", "ingress: [{%sports: ["), i,
                                NAMES[np_rand_below(r, 4)], peers[np_rand_below(r, 3)]);
    n -= strlen("}}\n---\n");
    for (uint32_t k = 0; k < 3; k++) {
        uint32_t first = 1 + np_rand_below(r, 100);
        n += (size_t)snprintf(out + n, room - n, "%s{port: %u, endPort: %u, protocol: %s}",
                              k ? ", " : "", first, first + np_rand_below(r, 50),
                              np_rand_once_in(r, 2) ? "TCP" : "UDP");
    }
    snprintf(out + n, room - n, "]}]}}\n---\n");
}

/* Whether "TCP 1-5,7,UDP 8" holds a port. */
static bool text_has(const np_conns *c, size_t protocol, uint16_t port)
{
    for (size_t i = 0; i < c->n[protocol]; i++)
        if (c->ranges[protocol][i].first <= port && port <= c->ranges[protocol][i].last)
            return true;
    return false;
}

static void expect_each_port(const netpol_engine *e, uint32_t src, uint32_t dst, np_arena *arena,
                             uint64_t seed)
{
    const np_snapshot *s = e->snapshot;
    np_packet q = {.src = np_side_of_pod(s, src, NP_FAMILY_4),
                   .dst = np_side_of_pod(s, dst, NP_FAMILY_4)};
    np_conns c;
    assert_true(np_conns_between(e, &q, arena, &c));
    for (size_t p = 0; p < NP_CONN_PROTOCOLS; p++)
        for (uint16_t port = 1; port < 200; port++) {
            netpol_flow f = {.src_kind = NETPOL_BY_POD, .dst_kind = NETPOL_BY_POD};
            memcpy(f.src, &src, sizeof src);
            memcpy(f.dst, &dst, sizeof dst);
            f.port = port;
            f.protocol = np_conn_protocols[p];
            if (netpol_engine_verdict(e, &f).allowed != (c.all || text_has(&c, p, port)))
                fail_msg("seed %" PRIu64 ": port %u", seed, (unsigned)port);
        }
}

/* Law: a set of connections holds exactly the ports that are allowed one by one. */
static void sets_agree_with_each_port(void **state)
{
    (void)state;
    np_rand r = np_rand_from_env("NETPOL_SEED");
    for (int round = 0; round < np_rounds(20); round++) {
        char text[8192] = DEPLOYMENT("a") DEPLOYMENT("b") DEPLOYMENT("c") DEPLOYMENT("d");
        for (int i = 0; i < 5; i++)
            random_policy(&r, i, text + strlen(text), sizeof text - strlen(text));
        netpol_engine *e = fixture_engine(text, &(fixture_how){.preset = NULL});
        np_arena arena;
        np_arena_init(&arena, &np_libc_allocator, 4096);
        for (uint32_t src = 0; src < 8; src += 2)
            for (uint32_t dst = 0; dst < 8; dst += 2)
                expect_each_port(e, src, dst, &arena, r.seed);
        np_arena_free(&arena);
        netpol_engine_unref(e);
    }
}

static void expect_pair(const np_matrix *t, size_t i, size_t k, size_t family, np_arena *arena,
                        uint64_t seed)
{
    const np_party *src = &t->parties.at[i];
    const np_party *dst = &t->parties.at[k];
    uint8_t bit = family ? NP_FAMILY_6 : NP_FAMILY_4;
    uint32_t number = np_matrix_cell(t, family, i, k);
    if (!(src->families & dst->families & bit)) {
        assert_int_equal(number, NP_NONE);
        return;
    }
    np_packet q = {.src = np_side_of_pod(t->e->snapshot, src->pod, bit),
                   .dst = np_side_of_pod(t->e->snapshot, dst->pod, bit)};
    np_conns c;
    assert_true(np_conns_between(t->e, &q, arena, &c));
    if (number == NP_NONE || !np_conns_equal(&c, &t->sets[number]) || c.depends & ~t->depends)
        fail_msg("seed %" PRIu64 ": %s => %s, family %zu", seed, src->name, dst->name, family);
}

/* Law: what is judged once for all of a kind is what each pair would come out as. */
static void kinds_agree_with_each_pair(void **state)
{
    (void)state;
    np_rand r = np_rand_from_env("NETPOL_SEED");
    for (int round = 0; round < np_rounds(20); round++) {
        test_cluster cluster = {0};
        test_cluster_make(&cluster, &r, np_rand_below(&r, 8));
        netpol_engine *e = fixture_engine(cluster.p, &(fixture_how){.preset = NULL});
        netpol_list_options how = {.size = sizeof how, .pods = true};
        np_matrix t;
        np_arena arena;
        np_arena_init(&arena, &np_libc_allocator, 4096);
        assert_int_equal(np_matrix_make(&t, e, &how, NULL), NETPOL_OK);
        for (size_t i = 0; i < t.parties.n; i++)
            for (size_t k = 0; k < t.parties.n; k++)
                for (size_t family = 0; family < 2 && i != k; family++)
                    if (t.pairs[family] && t.parties.at[i].pod != NP_NONE &&
                        t.parties.at[k].pod != NP_NONE)
                        expect_pair(&t, i, k, family, &arena, r.seed);
        np_matrix_free(&t);
        np_arena_free(&arena);
        netpol_engine_unref(e);
        test_cluster_free(&cluster);
    }
}

static netpol_status swallow(void *ctx, const char *bytes, size_t n)
{
    (void)ctx;
    (void)bytes;
    (void)n;
    return NETPOL_OK;
}

static netpol_status list_everything(const netpol_options *o, void *ctx)
{
    static const netpol_sink nowhere = {.write = swallow};
    static const char text[] = DEPLOYMENT("web") OWNED("w1", "set", "app: web, role: x", "10.0.0.1")
        OWNED("w2", "set", "app: web, role: y2", "10.0.0.2")
            POLICY("web", "role: x",
                   "ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: "
                   "[10.1.0.0/16]}}], ports: [{port: http}]}]");
    (void)ctx;
    netpol_engine *e = NULL;
    netpol_list_options how = {.size = sizeof how, .self = true, .focus = "set"};
    netpol_status s = fixture_compile(text, &(fixture_how){.options = o}, &e, NULL);
    if (s == NETPOL_OK)
        s = netpol_engine_list(e, &how, NETPOL_FORMAT_JSON, &nowhere, NULL);
    netpol_engine_unref(e);
    return s;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    assert_true(test_every_allocation_fails(list_everything, NULL) > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_follow_the_table),
        cmocka_unit_test(what_cannot_be_listed_is_said),
        cmocka_unit_test(a_focus_may_be_said_shortly),
        cmocka_unit_test(sets_agree_with_each_port),
        cmocka_unit_test(kinds_agree_with_each_pair),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
