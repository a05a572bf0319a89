/* SPDX-License-Identifier: MIT */
#include "random_change.h"

#include "netpol/live.h"

#include <pthread.h>
#include <stdatomic.h>

enum { N_READERS = 4 };

static const char two_pods[] =
    "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"a\",\"namespace\":\"n\"},"
    "\"status\":{\"podIPs\":[{\"ip\":\"10.0.0.1\"}]}}\n"
    "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"b\",\"namespace\":\"n\"},"
    "\"status\":{\"podIPs\":[{\"ip\":\"10.0.0.2\"}]}}\n";

/* Opens port `port` of both pods to everybody, and no other. */
static const char one_port[] =
    "{\"apiVersion\":\"networking.k8s.io/"
    "v1\",\"kind\":\"NetworkPolicy\",\"metadata\":{\"name\":\"p\","
    "\"namespace\":\"n\"},\"spec\":{\"podSelector\":{},\"ingress\":[{\"ports\":[{\"port\":%u}]}]}}";

static void put(netpol_cluster *c, const char *text)
{
    netpol_manifests *m = NULL;
    assert_int_equal(netpol_manifests_new(NULL, &m), NETPOL_OK);
    assert_int_equal(netpol_manifests_read_memory(m, "memory", text, strlen(text), NULL),
                     NETPOL_OK);
    for (size_t i = 0; i < netpol_manifests_count(m); i++)
        assert_int_equal(netpol_cluster_put(c, netpol_manifests_at(m, i), NULL), NETPOL_OK);
    netpol_manifests_free(m);
}

static netpol_engine *compile(netpol_cluster *c)
{
    netpol_engine *e = NULL;
    assert_int_equal(netpol_cluster_compile(c, NETPOL_ENGINE_COMPILED, &e, NULL), NETPOL_OK);
    return e;
}

static netpol_engine *with_port(netpol_cluster *c, unsigned port)
{
    char text[512];
    snprintf(text, sizeof text, one_port, port);
    put(c, text);
    return compile(c);
}

static netpol_flow flow_to(uint16_t port)
{
    netpol_flow f = {.src = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1},
                     .dst = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 2},
                     .port = port,
                     .protocol = NETPOL_TCP};
    return f;
}

typedef struct stage {
    netpol_cluster *cluster;
    netpol_live *live;
    _Atomic bool stop;
    _Atomic uint32_t bad;
    _Atomic uint32_t seen[N_READERS];
} stage;

typedef struct part {
    stage *s;
    int number;
} part;

/* Law: of the two ports that are opened in turn, exactly one is open in whatever engine is seen. */
static void *read_on(void *p)
{
    part *mine = p;
    netpol_reader *r = NULL;
    const netpol_flow one = flow_to(1);
    const netpol_flow two = flow_to(2);
    if (netpol_reader_new(mine->s->live, &r) != NETPOL_OK) {
        atomic_fetch_add(&mine->s->bad, 1);
        return NULL;
    }
    while (!atomic_load(&mine->s->stop)) {
        const netpol_engine *e = netpol_reader_enter(r);
        for (int i = 0; i < 20; i++) {
            bool a = netpol_engine_verdict(e, &one).allowed;
            bool b = netpol_engine_verdict(e, &two).allowed;
            if (a == b)
                atomic_fetch_add(&mine->s->bad, 1);
        }
        netpol_reader_leave(r);
        atomic_fetch_add(&mine->s->seen[mine->number], 1);
    }
    netpol_reader_free(r);
    return NULL;
}

static int n_updates(void)
{
    const char *text = getenv("NETPOL_UPDATES");
    return text ? atoi(text) : np_rounds(2000);
}

static void readers_see_whole_engines_while_one_publishes(void **state)
{
    (void)state;
    stage s = {0};
    assert_int_equal(netpol_cluster_new(NULL, NULL, &s.cluster, NULL), NETPOL_OK);
    put(s.cluster, two_pods);
    netpol_engine *first = with_port(s.cluster, 1);
    assert_int_equal(netpol_live_new(first, NULL, &s.live), NETPOL_OK);
    netpol_engine_unref(first);
    pthread_t threads[N_READERS];
    part parts[N_READERS];
    for (int i = 0; i < N_READERS; i++) {
        parts[i] = (part){&s, i};
        assert_int_equal(pthread_create(&threads[i], NULL, read_on, &parts[i]), 0);
    }
    for (int i = 0; i < n_updates(); i++) {
        netpol_engine *next = with_port(s.cluster, 1 + (i & 1));
        assert_int_equal(netpol_live_publish(s.live, next), NETPOL_OK);
        netpol_engine_unref(next);
    }
    for (int i = 0; i < N_READERS; i++)
        while (!atomic_load(&s.seen[i]) && !atomic_load(&s.bad))
            ;
    atomic_store(&s.stop, true);
    for (int i = 0; i < N_READERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&s.bad), 0);
    netpol_live_free(s.live);
    netpol_cluster_free(s.cluster);
}

/* ---- all kinds of changes ---- */

enum { N_FLOWS = 64 };

/* What one reader found an engine to say; it says the same for as long as it is held. */
typedef struct crowd {
    netpol_live *live;
    netpol_flow flow[N_FLOWS];
    _Atomic bool stop;
    _Atomic uint32_t bad;
    _Atomic uint32_t seen;
} crowd;

static void ask_all(const crowd *c, const netpol_engine *e, netpol_verdict *out)
{
    netpol_engine_verdicts(e, c->flow, N_FLOWS, out);
}

/* Law: an engine answers all questions the same again, whatever the writer does meanwhile. */
static void *read_twice(void *p)
{
    crowd *c = p;
    netpol_reader *r = NULL;
    netpol_verdict once[N_FLOWS];
    netpol_verdict again[N_FLOWS];
    if (netpol_reader_new(c->live, &r) != NETPOL_OK) {
        atomic_fetch_add(&c->bad, 1);
        return NULL;
    }
    while (!atomic_load(&c->stop)) {
        const netpol_engine *e = netpol_reader_enter(r);
        ask_all(c, e, once);
        ask_all(c, e, again);
        if (memcmp(once, again, sizeof once) != 0)
            atomic_fetch_add(&c->bad, 1);
        netpol_reader_leave(r);
        atomic_fetch_add(&c->seen, 1);
    }
    netpol_reader_free(r);
    return NULL;
}

static void publish_changes(crowd *c, netpol_cluster *cluster, const test_cluster *whole,
                            np_rand *r)
{
    unsigned kinds = TEST_CHANGE_USUAL | TEST_CHANGE_TIERS;
    for (int i = 0; i < n_updates(); i++) {
        test_change x = test_change_make(whole, r, kinds | (i % 50 ? 0 : TEST_CHANGE_RARE));
        test_change_apply(&x, &cluster, 1);
        test_cluster_free(&x.put);
        netpol_engine *next = compile(cluster);
        assert_int_equal(netpol_live_publish(c->live, next), NETPOL_OK);
        netpol_engine_unref(next);
    }
}

static void readers_go_on_through_changes_of_all_kinds(void **state)
{
    (void)state;
    np_rand r = np_rand_from_env("NETPOL_SEED");
    static crowd c;
    netpol_cluster *cluster = NULL;
    test_cluster whole;
    test_cluster_make(&whole, &r, TEST_TIERS | TEST_HOSTS);
    for (int i = 0; i < N_FLOWS; i++)
        c.flow[i] = test_flow(&whole, &r, 40);
    assert_int_equal(netpol_cluster_new(NULL, NULL, &cluster, NULL), NETPOL_OK);
    put(cluster, whole.p);
    netpol_engine *first = compile(cluster);
    assert_int_equal(netpol_live_new(first, NULL, &c.live), NETPOL_OK);
    netpol_engine_unref(first);
    pthread_t threads[N_READERS];
    for (int i = 0; i < N_READERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_twice, &c), 0);
    publish_changes(&c, cluster, &whole, &r);
    while (atomic_load(&c.seen) < N_READERS && !atomic_load(&c.bad))
        ;
    atomic_store(&c.stop, true);
    for (int i = 0; i < N_READERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&c.bad), 0);
    netpol_live_free(c.live);
    netpol_cluster_free(cluster);
    test_cluster_free(&whole);
}

static void an_engine_lives_until_its_reader_leaves(void **state)
{
    (void)state;
    netpol_cluster *c = NULL;
    assert_int_equal(netpol_cluster_new(NULL, NULL, &c, NULL), NETPOL_OK);
    put(c, two_pods);
    netpol_engine *first = with_port(c, 1);
    netpol_engine *second = with_port(c, 2);
    netpol_live *live = NULL;
    netpol_reader *r = NULL;
    assert_int_equal(netpol_live_new(first, NULL, &live), NETPOL_OK);
    assert_int_equal(netpol_reader_new(live, &r), NETPOL_OK);
    netpol_engine_unref(first);
    assert_ptr_equal(netpol_reader_enter(r), first);
    assert_int_equal(netpol_live_publish(live, second), NETPOL_OK);
    netpol_engine_unref(second);
    netpol_flow f = flow_to(1);
    assert_ptr_equal(netpol_reader_enter(r), first); /* it is still inside */
    assert_int_equal(netpol_engine_verdict(first, &f).allowed, 1);
    netpol_reader_leave(r);
    assert_ptr_equal(netpol_reader_enter(r), second);
    netpol_reader_leave(r);
    netpol_reader_free(r);
    netpol_live_free(live);
    netpol_cluster_free(c);
}

static void misuse_is_told(void **state)
{
    (void)state;
    netpol_live *live = NULL;
    netpol_reader *r = NULL;
    assert_int_equal(netpol_live_new(NULL, NULL, &live), NETPOL_MISUSE);
    assert_int_equal(netpol_live_publish(NULL, NULL), NETPOL_MISUSE);
    assert_int_equal(netpol_reader_new(NULL, &r), NETPOL_MISUSE);
    assert_null(netpol_reader_enter(NULL));
    netpol_reader_leave(NULL);
    netpol_live_free(NULL);
    netpol_reader_free(NULL);
}

static netpol_status publish_once(const netpol_options *o, void *ctx)
{
    const netpol_engine *e = ctx;
    netpol_live *live = NULL;
    netpol_reader *r = NULL;
    netpol_status s = netpol_live_new(e, o, &live);
    if (s == NETPOL_OK)
        s = netpol_reader_new(live, &r);
    if (s == NETPOL_OK)
        s = netpol_live_publish(live, e);
    netpol_reader_free(r);
    netpol_live_free(live);
    return s;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    netpol_cluster *c = NULL;
    assert_int_equal(netpol_cluster_new(NULL, NULL, &c, NULL), NETPOL_OK);
    netpol_engine *e = compile(c);
    test_every_allocation_fails(publish_once, e);
    netpol_engine_unref(e);
    netpol_cluster_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readers_see_whole_engines_while_one_publishes),
        cmocka_unit_test(readers_go_on_through_changes_of_all_kinds),
        cmocka_unit_test(an_engine_lives_until_its_reader_leaves),
        cmocka_unit_test(misuse_is_told),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
