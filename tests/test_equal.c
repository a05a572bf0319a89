/* SPDX-License-Identifier: MIT */
/* Law: what is compiled answers as the reference does, in every field of the verdict. */
#include "random_cluster.h"

#include "engine.h"

typedef struct pair {
    netpol_cluster *cluster;
    netpol_engine *compiled;
    netpol_engine *reference;
} pair;

static void show(const netpol_diagnostics *d)
{
    for (size_t i = 0; i < netpol_diagnostics_count(d); i++) {
        const netpol_diagnostic *x = netpol_diagnostics_at(d, i);
        print_message("%s: %s: %s\n", x->object ? x->object : "", x->path ? x->path : "",
                      x->message);
    }
}

static void load(netpol_cluster *cluster, const test_cluster *text, const np_rand *r)
{
    netpol_manifests *m = NULL;
    netpol_diagnostics *d = netpol_diagnostics_new(NULL);
    assert_int_equal(netpol_manifests_new(NULL, &m), NETPOL_OK);
    netpol_status read = netpol_manifests_read_memory(m, "random", text->p, text->n, d);
    netpol_status put = netpol_cluster_put_all(cluster, m, d);
    if (read != NETPOL_OK || put != NETPOL_OK) {
        show(d);
        fail_msg("seed %" PRIu64 ": read %d put %d\n%s", r->seed, read, put, text->p);
    }
    netpol_diagnostics_free(d);
    netpol_manifests_free(m);
}

static void random_semantics(np_rand *r, netpol_semantics *s)
{
    static const char *const presets[] = {"spec", "spec",   "cilium", "np-guard",
                                          "knp",  "strict", "open"};
    *s = (netpol_semantics){.size = sizeof *s};
    assert_int_equal(netpol_semantics_preset(presets[np_rand_below(r, COUNT(presets))], s),
                     NETPOL_OK);
    if (np_rand_once_in(r, 3)) {
        s->baseline_shield = (uint8_t)np_rand_below(r, 2);
        s->other_protocols = (uint8_t)np_rand_below(r, 3);
        s->own_node = (uint8_t)np_rand_below(r, 3);
        s->host_network = (uint8_t)np_rand_below(r, 2);
    }
}

static pair make_pair(const test_cluster *text, np_rand *r)
{
    static const char *const resolve[] = {"x.example.com=192.168.1.5,10.0.0.3",
                                          "a.example.org=8.8.8.8"};
    static const char *const locals[] = {"169.254.20.10", "n1=172.16.9.9"};
    netpol_semantics s;
    random_semantics(r, &s);
    netpol_cluster_options how = {.size = sizeof how, .semantics = &s};
    if (np_rand_once_in(r, 2)) {
        how.resolve = resolve;
        how.n_resolve = COUNT(resolve);
        how.node_addresses = locals;
        how.n_node_addresses = COUNT(locals);
    }
    pair p = {0};
    assert_int_equal(netpol_cluster_new(&how, NULL, &p.cluster, NULL), NETPOL_OK);
    load(p.cluster, text, r);
    assert_int_equal(netpol_cluster_compile(p.cluster, NETPOL_ENGINE_COMPILED, &p.compiled, NULL),
                     NETPOL_OK);
    assert_int_equal(netpol_cluster_compile(p.cluster, NETPOL_ENGINE_REFERENCE, &p.reference, NULL),
                     NETPOL_OK);
    return p;
}

static void free_pair(pair *p)
{
    netpol_engine_unref(p->compiled);
    netpol_engine_unref(p->reference);
    netpol_cluster_free(p->cluster);
}

static void print_side(const uint8_t b[16], uint8_t kind)
{
    uint32_t pod;
    memcpy(&pod, b, sizeof pod);
    if (kind == NETPOL_BY_POD)
        print_message("pod %u family %u ", pod, b[4]);
    else
        for (int i = 0; i < 16; i++)
            print_message("%02x", b[i]);
    print_message(" ");
}

static void expect_equal(const pair *p, const netpol_flow *f, const np_rand *r,
                         const test_cluster *text)
{
    netpol_verdict a = netpol_engine_verdict(p->compiled, f);
    netpol_verdict b = netpol_engine_verdict(p->reference, f);
    if (memcmp(&a, &b, sizeof a) == 0)
        return;
    print_message("%s", text->p);
    print_side(f->src, f->src_kind);
    print_side(f->dst, f->dst_kind);
    fail_msg("seed %" PRIu64 " protocol %u port %u: allowed %u direction %u tier %u depends %x, "
             "reference %u %u %u %x",
             r->seed, f->protocol, f->port, a.allowed, a.direction, a.tier, a.depends, b.allowed,
             b.direction, b.tier, b.depends);
}

/* Many flows at once are answered as one by one; so they are when the engine thinks it is large. */
static void expect_same_in_batch(const pair *p, const netpol_flow *flows, size_t n,
                                 const np_rand *r, bool large)
{
    p->compiled->program->large = large;
    netpol_verdict *out = calloc(n + 1, sizeof *out);
    assert_non_null(out);
    netpol_engine_verdicts(p->compiled, flows, n, out);
    for (size_t i = 0; i < n; i++) {
        netpol_verdict one = netpol_engine_verdict(p->compiled, &flows[i]);
        if (memcmp(&one, &out[i], sizeof one) != 0)
            fail_msg("seed %" PRIu64 ": flow %zu of %zu has another verdict in a batch", r->seed, i,
                     n);
    }
    assert_int_equal(out[n].allowed + out[n].depends, 0);
    free(out);
}

static void compare(unsigned features, int clusters, int questions)
{
    np_rand seeds = np_rand_from_env("NETPOL_SEED");
    for (int i = 0; i < np_rounds(clusters); i++) {
        np_rand r = np_rand_of(np_rand_next(&seeds));
        test_cluster text;
        test_cluster_make(&text, &r, features);
        pair p = make_pair(&text, &r);
        size_t n_pods = netpol_engine_pod_count(p.compiled);
        netpol_flow *flows = calloc((size_t)questions, sizeof *flows);
        assert_non_null(flows);
        for (int q = 0; q < questions; q++) {
            flows[q] = test_flow(&text, &r, n_pods);
            expect_equal(&p, &flows[q], &r, &text);
        }
        expect_same_in_batch(&p, flows, (size_t)questions - np_rand_below(&r, 70), &r, false);
        expect_same_in_batch(&p, flows, np_rand_below(&r, 70), &r, true);
        free(flows);
        free_pair(&p);
        test_cluster_free(&text);
    }
}

static void network_policies_alone(void **state)
{
    (void)state;
    compare(0, 300, 400);
}

static void pods_of_all_kinds(void **state)
{
    (void)state;
    compare(TEST_REPLICAS | TEST_HOSTS, 300, 400);
}

static void all_tiers(void **state)
{
    (void)state;
    compare(TEST_TIERS, 300, 400);
}

static void everything_together(void **state)
{
    (void)state;
    compare(TEST_TIERS | TEST_REPLICAS | TEST_HOSTS, 300, 400);
}

/* ---- updates ---- */

static void put_text(netpol_cluster *cluster, const test_cluster *text, const np_rand *r)
{
    netpol_manifests *m = NULL;
    netpol_diagnostics *d = netpol_diagnostics_new(NULL);
    assert_int_equal(netpol_manifests_new(NULL, &m), NETPOL_OK);
    netpol_status s = netpol_manifests_read_memory(m, "random", text->p, text->n, d);
    for (size_t i = 0; s == NETPOL_OK && i < netpol_manifests_count(m); i++)
        s = netpol_cluster_put(cluster, netpol_manifests_at(m, i), d);
    if (s != NETPOL_OK) {
        show(d);
        fail_msg("seed %" PRIu64 ": put %d\n%s", r->seed, s, text->p);
    }
    netpol_diagnostics_free(d);
    netpol_manifests_free(m);
}

static void remove_one(netpol_cluster *cluster, int32_t kind, const char *prefix, uint32_t number,
                       uint32_t n_namespaces)
{
    char name[32];
    char space[32];
    snprintf(name, sizeof name, "%s%u", prefix, number);
    snprintf(space, sizeof space, "ns%u", number % n_namespaces);
    netpol_status s = netpol_cluster_remove(cluster, kind, space, name);
    assert_true(s == NETPOL_OK || s == NETPOL_NOT_FOUND);
}

/* Mostly policies come and go, as in clusters that live; now and then everything else does. */
static void update(netpol_cluster *cluster, const test_cluster *whole, np_rand *r,
                   unsigned features)
{
    test_cluster one = *whole;
    one.p = NULL;
    one.n = one.room = 0;
    uint32_t kind = np_rand_below(r, 16);
    uint32_t number = np_rand_below(r, 14);
    uint32_t pod = np_rand_below(r, whole->n_pods);
    if (kind < 8)
        test_object_policy(&one, r, number);
    else if (kind < 11)
        remove_one(cluster, NETPOL_KIND_NETWORK_POLICY, "p", number, whole->n_namespaces);
    else if (kind == 11)
        test_object_pod(&one, r, pod, features);
    else if (kind == 12)
        remove_one(cluster, NETPOL_KIND_POD, "pod", pod, whole->n_namespaces);
    else if (kind == 13)
        test_object_namespace(&one, r, np_rand_below(r, whole->n_namespaces));
    else if (kind == 14)
        test_object_node(&one, r, np_rand_below(r, whole->n_nodes));
    else if (features & TEST_TIERS)
        test_object_cluster_policy(&one, r, np_rand_below(r, 7));
    if (one.n)
        put_text(cluster, &one, r);
    free(one.p);
}

enum { N_KEPT = 4 };

/* Engines of several moments live at once; each goes on to answer for its own moment. */
static void follow_updates(unsigned features, int clusters, int updates)
{
    np_rand seeds = np_rand_from_env("NETPOL_SEED");
    for (int i = 0; i < np_rounds(clusters); i++) {
        np_rand r = np_rand_of(np_rand_next(&seeds));
        test_cluster text;
        test_cluster_make(&text, &r, features);
        pair kept[N_KEPT] = {{0}};
        kept[0] = make_pair(&text, &r);
        netpol_cluster *cluster = kept[0].cluster;
        kept[0].cluster = NULL;
        for (int u = 1; u < updates; u++) {
            for (uint32_t n = np_rand_below(&r, 3) + 1; n > 0; n--)
                update(cluster, &text, &r, features);
            pair *p = &kept[np_rand_below(&r, N_KEPT)];
            free_pair(p);
            *p = (pair){0};
            assert_int_equal(
                netpol_cluster_compile(cluster, NETPOL_ENGINE_COMPILED, &p->compiled, NULL),
                NETPOL_OK);
            assert_int_equal(
                netpol_cluster_compile(cluster, NETPOL_ENGINE_REFERENCE, &p->reference, NULL),
                NETPOL_OK);
            for (int k = 0; k < N_KEPT; k++)
                for (int q = 0; kept[k].compiled && q < (p == &kept[k] ? 60 : 5); q++) {
                    netpol_flow f = test_flow(&text, &r, netpol_engine_pod_count(kept[k].compiled));
                    expect_equal(&kept[k], &f, &r, &text);
                }
        }
        netpol_cluster_free(cluster);
        for (int k = 0; k < N_KEPT; k++)
            free_pair(&kept[k]);
        test_cluster_free(&text);
    }
}

static void updates_of_network_policies(void **state)
{
    (void)state;
    follow_updates(0, 40, 50);
}

static void updates_of_everything(void **state)
{
    (void)state;
    follow_updates(TEST_TIERS | TEST_REPLICAS | TEST_HOSTS, 40, 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(network_policies_alone),
        cmocka_unit_test(pods_of_all_kinds),
        cmocka_unit_test(all_tiers),
        cmocka_unit_test(everything_together),
        cmocka_unit_test(updates_of_network_policies),
        cmocka_unit_test(updates_of_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
