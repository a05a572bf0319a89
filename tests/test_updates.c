/* SPDX-License-Identifier: MIT */
/* Law: a cluster that is changed object by object is the cluster that is loaded at once, in its
 * picture and in every verdict. */
#include "random_change.h"

#include "engine.h"

typedef struct twins {
    netpol_cluster *cluster[2]; /* what is followed, and what is compiled anew each time */
    netpol_engine *engine[2];
    test_cluster text;
    uint32_t steps;
    uint32_t anew; /* steps for which the library made everything anew */
    const np_rand *r;
} twins;

/* The objects of a cluster are those of its twin, so pictures can be compared by them. */
static void begin(twins *t, np_rand *r, unsigned features)
{
    static const char *const locals[] = {"169.254.20.10", "n1=172.16.9.9"};
    netpol_cluster_options how = {.size = sizeof how};
    if (np_rand_once_in(r, 3)) {
        how.node_addresses = locals;
        how.n_node_addresses = COUNT(locals);
    }
    *t = (twins){.r = r};
    test_cluster_make(&t->text, r, features);
    netpol_manifests *m = NULL;
    assert_int_equal(netpol_manifests_new(NULL, &m), NETPOL_OK);
    assert_int_equal(netpol_manifests_read_memory(m, "random", t->text.p, t->text.n, NULL),
                     NETPOL_OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(netpol_cluster_new(&how, NULL, &t->cluster[i], NULL), NETPOL_OK);
        for (size_t k = 0; k < netpol_manifests_count(m); k++)
            assert_int_equal(netpol_cluster_put(t->cluster[i], netpol_manifests_at(m, k), NULL),
                             NETPOL_OK);
    }
    netpol_manifests_free(m);
}

static void end(twins *t)
{
    for (int i = 0; i < 2; i++) {
        netpol_engine_unref(t->engine[i]);
        netpol_cluster_free(t->cluster[i]);
    }
    test_cluster_free(&t->text);
}

/* ---- pictures ---- */

#define SAME(what, a, b)                                                                           \
    do {                                                                                           \
        if ((a) != (b))                                                                            \
            fail_msg("seed %" PRIu64 " step %u: %s of %s", t->r->seed, t->steps, what, name);      \
    } while (0)

static void same_labels(const twins *t, const char *name, const netpol_label *a, uint32_t n,
                        const netpol_label *b, uint32_t m)
{
    SAME("number of labels", n, m);
    for (uint32_t i = 0; i < n; i++) {
        SAME("label", strcmp(a[i].key, b[i].key), 0);
        SAME("label", strcmp(a[i].value, b[i].value), 0);
    }
}

static void same_ip(const twins *t, const char *name, const np_ip *a, const np_ip *b)
{
    SAME("address", a != NULL, b != NULL);
    if (a)
        SAME("address", np_ip_equal(a, b), true);
}

static const char *node_name(const np_snapshot *s, uint32_t node)
{
    return node == NP_NONE ? "" : np_node_at(s, node)->name;
}

static void same_pod(const twins *t, const np_snapshot *s, const np_pod *a, const np_snapshot *z,
                     const np_pod *b)
{
    const char *name = a->name;
    const np_owner *o = np_owner_at(s, a->owner);
    const np_owner *q = np_owner_at(z, b->owner);
    SAME("object", a->object, b->object);
    SAME("name", strcmp(a->name, b->name), 0);
    same_labels(t, name, a->labels, a->n_labels, b->labels, b->n_labels);
    SAME("ports", a->n_ports, b->n_ports);
    SAME("node", strcmp(node_name(s, a->node), node_name(z, b->node)), 0);
    SAME("families", a->families, b->families);
    SAME("host network", a->host_network, b->host_network);
    SAME("running", a->running, b->running);
    SAME("owner", strcmp(o->name, q->name) || strcmp(o->kind, q->kind), 0);
    SAME("pods of the owner", o->n_pods, q->n_pods);
    for (uint8_t family = NP_FAMILY_4; family <= NP_FAMILY_6; family++) {
        const np_ip *ip = np_pod_ip(a, family);
        same_ip(t, name, ip, np_pod_ip(b, family));
        if (!ip)
            continue;
        uint32_t x = np_snapshot_pod_of_ip(s, ip);
        uint32_t y = np_snapshot_pod_of_ip(z, ip);
        SAME("pod of the address", x == NP_NONE, y == NP_NONE);
        if (x != NP_NONE)
            SAME("pod of the address", np_pod_at(s, x)->object, np_pod_at(z, y)->object);
    }
}

static void same_namespace(const twins *t, const np_snapshot *s, const np_namespace *a,
                           const np_snapshot *z, const np_namespace *b)
{
    const char *name = a->name;
    same_labels(t, name, a->labels, a->n_labels, b->labels, b->n_labels);
    SAME("definition", a->assumed, b->assumed);
    SAME("policies", a->n_policies, b->n_policies);
    for (uint32_t i = 0; i < a->n_policies; i++)
        SAME("policy", a->policies[i]->object, b->policies[i]->object);
    SAME("pods", a->n_pods, b->n_pods);
    uint32_t last = NP_NONE;
    uint32_t space = np_snapshot_namespace(z, name);
    for (uint32_t x = a->first_pod; x != NP_NONE; last = x, x = np_next_in_space(s, x)) {
        uint32_t y = np_snapshot_pod(z, space, np_pod_at(s, x)->name);
        SAME("pod", y != NP_NONE, true);
        same_pod(t, s, np_pod_at(s, x), z, np_pod_at(z, y));
    }
    SAME("last pod", a->last_pod, last);
}

static void same_node(const twins *t, const np_snapshot *s, const np_node *a, const np_snapshot *z,
                      const np_node *b)
{
    const char *name = a->name;
    same_labels(t, name, a->labels, a->n_labels, b->labels, b->n_labels);
    SAME("definition", a->assumed, b->assumed);
    SAME("families", a->families, b->families);
    SAME("addresses", a->n_ips, b->n_ips);
    same_ip(t, name, np_node_ip(a, NP_FAMILY_4), np_node_ip(b, NP_FAMILY_4));
    same_ip(t, name, np_node_ip(a, NP_FAMILY_6), np_node_ip(b, NP_FAMILY_6));
    for (uint32_t i = 0; i < a->n_ips; i++) {
        SAME("node of an address", np_node_at(s, np_snapshot_node_of_ip(s, &a->ips[i].ip)), a);
        SAME("node of an address", np_node_at(z, np_snapshot_node_of_ip(z, &a->ips[i].ip)), b);
    }
}

static void same_service(const twins *t, const np_service *a, const np_snapshot *z,
                         const np_service *b)
{
    const char *name = a->name;
    SAME("object", a->object, b->object);
    SAME("endpoints", a->endpoints, b->endpoints);
    SAME("slices", a->n_slices, b->n_slices);
    for (uint32_t i = 0; i < a->n_slices; i++)
        SAME("slice", a->slices[i]->object, b->slices[i]->object);
    np_ip ip;
    assert_true(np_ip_parse(np_slice_of(a->tree->cluster_ip), &ip));
    const np_snapshot *s = t->engine[0]->snapshot;
    SAME("address", np_service_at(s, np_snapshot_service_of_ip(s, &ip))->object,
         np_service_at(z, np_snapshot_service_of_ip(z, &ip))->object);
}

static void same_picture(const twins *t)
{
    const np_snapshot *s = t->engine[0]->snapshot;
    const np_snapshot *z = t->engine[1]->snapshot;
    const char *name = "the cluster";
    SAME("pods", s->n_live_pods, z->n_live_pods);
    SAME("families", s->families, z->families);
    SAME("policies", s->n_policies, z->n_policies);
    SAME("namespaces", s->by_namespace.n, z->by_namespace.n);
    SAME("nodes", s->by_node.n, z->by_node.n);
    SAME("services", s->by_service.n, z->by_service.n);
    SAME("addresses of nodes", s->node_ips.n, z->node_ips.n);
    SAME("addresses of pods", s->pod_ips.n, z->pod_ips.n);
    SAME("cluster policies", s->n_cluster_policies, z->n_cluster_policies);
    for (size_t i = 0; i < s->n_cluster_policies; i++)
        SAME("cluster policy", s->cluster_policies[i].object, z->cluster_policies[i].object);
    for (uint32_t i = 0; i < s->n_namespaces; i++) {
        const np_namespace *n = np_namespace_at(s, i);
        uint32_t other = *n->name ? np_snapshot_namespace(z, n->name) : NP_NONE;
        if (*n->name && other == NP_NONE)
            fail_msg("seed %" PRIu64 ": namespace %s", t->r->seed, n->name);
        if (*n->name)
            same_namespace(t, s, n, z, np_namespace_at(z, other));
    }
    for (uint32_t i = 0; i < s->n_nodes; i++) {
        const np_node *n = np_node_at(s, i);
        if (*n->name)
            same_node(t, s, n, z, np_node_at(z, np_snapshot_node(z, n->name)));
    }
    for (uint32_t i = 0; i < s->n_services; i++) {
        const np_service *v = np_service_at(s, i);
        uint32_t space =
            *v->name ? np_snapshot_namespace(z, np_namespace_at(s, v->space)->name) : NP_NONE;
        if (*v->name)
            same_service(t, v, z, np_service_at(z, np_snapshot_service(z, space, v->name)));
    }
}

/* ---- verdicts ---- */

/* The number that the other twin has for a pod; false: it is one of several of one name. */
static bool same_side(const twins *t, uint8_t bytes[16], uint8_t kind)
{
    const np_snapshot *s = t->engine[0]->snapshot;
    uint32_t pod;
    memcpy(&pod, bytes, sizeof pod);
    if (kind != NETPOL_BY_POD || pod >= s->n_pods || !np_pod_at(s, pod))
        return kind != NETPOL_BY_POD;
    const np_pod *p = np_pod_at(s, pod);
    if (p->replica || netpol_engine_pod(t->engine[1], np_namespace_at(s, p->space)->name, p->name,
                                        &pod) != NETPOL_OK)
        return false;
    memcpy(bytes, &pod, sizeof pod);
    return true;
}

static void same_verdict(const twins *t, const netpol_flow *f)
{
    netpol_flow g = *f;
    if (!same_side(t, g.src, g.src_kind) || !same_side(t, g.dst, g.dst_kind))
        return;
    netpol_verdict a = netpol_engine_verdict(t->engine[0], f);
    netpol_verdict b = netpol_engine_verdict(t->engine[1], &g);
    if (memcmp(&a, &b, sizeof a) != 0)
        fail_msg("seed %" PRIu64
                 " step %u protocol %u port %u kinds %u %u: %u %u %u %x, anew %u %u %u %x",
                 t->r->seed, t->steps, f->protocol, f->port, f->src_kind, f->dst_kind, a.allowed,
                 a.direction, a.tier, a.depends, b.allowed, b.direction, b.tier, b.depends);
}

static netpol_engine *compile(netpol_cluster *c, int32_t machinery)
{
    netpol_engine *e = NULL;
    assert_int_equal(netpol_cluster_compile(c, machinery, &e, NULL), NETPOL_OK);
    return e;
}

static void step(twins *t)
{
    netpol_engine *next = compile(t->cluster[0], NETPOL_ENGINE_COMPILED);
    t->anew += t->engine[0] && next->snapshot->store != t->engine[0]->snapshot->store;
    netpol_engine_unref(t->engine[0]);
    netpol_engine_unref(t->engine[1]);
    t->engine[0] = next;
    t->engine[1] = compile(t->cluster[1], NETPOL_ENGINE_REFERENCE);
    t->steps++;
    same_picture(t);
}

static void follow(unsigned features, unsigned kinds, int clusters, int steps, int questions)
{
    np_rand seeds = np_rand_from_env("NETPOL_SEED");
    uint32_t all = 0;
    uint32_t anew = 0;
    for (int i = 0; i < np_rounds(clusters); i++) {
        np_rand r = np_rand_of(np_rand_next(&seeds));
        twins t;
        begin(&t, &r, features);
        step(&t);
        for (int k = 0; k < steps; k++) {
            for (uint32_t n = np_rand_once_in(&r, 4) ? np_rand_below(&r, 4) : 1; n > 0; n--) {
                test_change x = test_change_make(&t.text, &r, kinds);
                test_change_apply(&x, t.cluster, 2);
                test_cluster_free(&x.put);
            }
            step(&t);
            for (int q = 0; q < questions; q++) {
                netpol_flow f = test_flow(&t.text, &r, t.engine[0]->snapshot->n_pods);
                same_verdict(&t, &f);
            }
        }
        all += t.steps;
        anew += t.anew;
        end(&t);
    }
    if (!(kinds & TEST_CHANGE_RARE) && anew > all / 4)
        fail_msg("seed %" PRIu64 ": %u of %u steps were made anew", seeds.seed, anew, all);
}

static void usual_changes_of_usual_clusters(void **state)
{
    (void)state;
    follow(0, TEST_CHANGE_USUAL, 30, 100, 60);
}

static void tiers_change_too(void **state)
{
    (void)state;
    follow(TEST_TIERS | TEST_HOSTS, TEST_CHANGE_USUAL | TEST_CHANGE_TIERS, 30, 100, 60);
}

static void rare_changes_too(void **state)
{
    (void)state;
    follow(TEST_TIERS | TEST_HOSTS | TEST_REPLICAS,
           TEST_CHANGE_USUAL | TEST_CHANGE_RARE | TEST_CHANGE_TIERS, 30, 100, 60);
}

/* ---- told changes ---- */

#define META(kind, name, more)                                                                     \
    "\"kind\":\"" kind "\",\"metadata\":{\"name\":\"" name "\",\"namespace\":\"n\"" more "}"
#define OF(kind, name)                                                                             \
    ",\"ownerReferences\":[{\"apiVersion\":\"apps/v1\",\"kind\":\"" kind "\",\"name\":\"" name     \
    "\",\"uid\":\"u\",\"controller\":true}]"
#define TEMPLATE                                                                                   \
    ",\"spec\":{\"selector\":{},\"template\":{\"spec\":{\"containers\":[{\"name\":\"m\"}]}}}}"
#define POD(name, more, status)                                                                    \
    "{\"apiVersion\":\"v1\"," META("Pod", name, more) ",\"status\":{" status "}}"

static const char deployment[] =
    "{\"apiVersion\":\"apps/v1\"," META("Deployment", "d", "") TEMPLATE;
static const char replica_set[] =
    "{\"apiVersion\":\"apps/v1\"," META("ReplicaSet", "d-h", OF("Deployment", "d")) TEMPLATE;
static const char job[] = "{\"apiVersion\":\"batch/v1\"," META("Job", "j", "") TEMPLATE;
static const char live_pod[] =
    POD("p", OF("ReplicaSet", "d-h"), "\"phase\":\"Running\",\"podIPs\":[{\"ip\":\"10.0.0.1\"}]");
static const char ended_pod[] = POD("p", OF("ReplicaSet", "d-h"), "\"phase\":\"Succeeded\"");
static const char bare_pod[] = POD("p", "", "\"podIPs\":[{\"ip\":\"10.0.0.1\"}]");
static const char other_pod[] =
    POD("q", "", "\"phase\":\"Pending\",\"podIPs\":[{\"ip\":\"10.0.0.1\"}]");
static const char host_pod[] = "{\"apiVersion\":\"v1\"," META(
    "Pod", "h", "") ",\"spec\":{\"nodeName\":\"m\",\"hostNetwork\":true},"
                    "\"status\":{\"hostIPs\":[{\"ip\":\"172.16.0.9\"}]}}";
static const char node[] =
    "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"m\"},\"status\":"
    "{\"addresses\":[{\"type\":\"InternalIP\",\"address\":\"172.16.0.8\"}]}}";

static const struct {
    const char *why;
    const char *documents[5]; /* one after the other */
} stories[] = {
    {"the first pod of a Deployment takes the place of its replicas",
     {other_pod, deployment, replica_set, live_pod}},
    {"an ended pod belongs to its Deployment once its ReplicaSet is known",
     {other_pod, deployment, ended_pod, replica_set}},
    {"a pod that ends still belongs to its Deployment",
     {other_pod, deployment, replica_set, live_pod, ended_pod}},
    {"a Job is there as replicas as soon as it comes", {bare_pod, job}},
    {"of two pods the running one has the address", {other_pod, bare_pod, other_pod}},
    {"a guest of a node has the addresses that the node's object tells",
     {bare_pod, host_pod, node, host_pod}},
};

static void put_both(twins *t, const char *text)
{
    netpol_manifests *m = NULL;
    assert_int_equal(netpol_manifests_new(NULL, &m), NETPOL_OK);
    assert_int_equal(netpol_manifests_read_memory(m, "story", text, strlen(text), NULL), NETPOL_OK);
    for (int i = 0; i < 2; i++)
        assert_int_equal(netpol_cluster_put(t->cluster[i], netpol_manifests_at(m, 0), NULL),
                         NETPOL_OK);
    netpol_manifests_free(m);
}

static void changes_that_reach_further(void **state)
{
    (void)state;
    np_rand r = np_rand_of(1);
    for (size_t i = 0; i < COUNT(stories); i++) {
        twins t = {.r = &r};
        print_message("%s\n", stories[i].why);
        for (int k = 0; k < 2; k++)
            assert_int_equal(netpol_cluster_new(NULL, NULL, &t.cluster[k], NULL), NETPOL_OK);
        for (size_t k = 0; k < COUNT(stories[i].documents) && stories[i].documents[k]; k++) {
            put_both(&t, stories[i].documents[k]);
            step(&t);
        }
        end(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(usual_changes_of_usual_clusters),
        cmocka_unit_test(tiers_change_too),
        cmocka_unit_test(rare_changes_too),
        cmocka_unit_test(changes_that_reach_further),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
