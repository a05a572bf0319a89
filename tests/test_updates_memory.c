/* SPDX-License-Identifier: MIT */
/* Changes of all kinds while memory fails, and for so long that all that leaks or piles up shows.
 */
#include "random_change.h"

#include "netpol/cluster.h"

static netpol_engine *compile(netpol_cluster *c)
{
    netpol_engine *e = NULL;
    assert_int_equal(netpol_cluster_compile(c, NETPOL_ENGINE_COMPILED, &e, NULL), NETPOL_OK);
    return e;
}

enum { N_CHANGES = 24, N_FLOWS = 40 };

/* A small cluster, changes of all kinds, and questions. */
typedef struct story {
    test_cluster text;
    netpol_manifests *base;
    netpol_manifests *put[N_CHANGES]; /* NULL: something is removed */
    test_change change[N_CHANGES];
    netpol_flow flow[N_FLOWS];
} story;

static netpol_status put_all(netpol_cluster *c, const netpol_manifests *m)
{
    netpol_status s = NETPOL_OK;
    for (size_t i = 0; s == NETPOL_OK && i < netpol_manifests_count(m); i++)
        s = netpol_cluster_put(c, netpol_manifests_at(m, i), NULL);
    return s;
}

static netpol_status apply(netpol_cluster *c, const story *x, int i)
{
    const test_change *change = &x->change[i];
    if (x->put[i])
        return put_all(c, x->put[i]);
    netpol_status s = netpol_cluster_remove(c, change->kind, change->space, change->name);
    return s == NETPOL_NOT_FOUND ? NETPOL_OK : s;
}

static void ask(const story *x, const netpol_engine *e, netpol_verdict *out)
{
    memset(out, 0, N_FLOWS * sizeof *out);
    for (int i = 0; e && i < N_FLOWS; i++)
        out[i] = netpol_engine_verdict(e, &x->flow[i]);
}

/* Whether the cluster is compiled to what the reference says of it. */
static bool is_right(const story *x, netpol_cluster *c)
{
    netpol_engine *e[2] = {NULL, NULL};
    netpol_verdict v[2][N_FLOWS];
    bool ok = netpol_cluster_compile(c, NETPOL_ENGINE_COMPILED, &e[0], NULL) == NETPOL_OK &&
              netpol_cluster_compile(c, NETPOL_ENGINE_REFERENCE, &e[1], NULL) == NETPOL_OK;
    for (int i = 0; i < 2; i++) {
        ask(x, e[i], v[i]);
        netpol_engine_unref(e[i]);
    }
    return ok && memcmp(v[0], v[1], sizeof v[0]) == 0;
}

/* Changes one by one. When memory fails, the engine of before goes on, and the change can be had as
 * soon as there is memory. */
static netpol_status live_on(const netpol_options *o, void *ctx)
{
    const story *x = ctx;
    netpol_cluster *c = NULL;
    netpol_engine *engine = NULL;
    netpol_verdict before[N_FLOWS];
    netpol_verdict after[N_FLOWS];
    netpol_status s = netpol_cluster_new(NULL, o, &c, NULL);
    if (s == NETPOL_OK)
        s = put_all(c, x->base);
    if (s == NETPOL_OK)
        s = netpol_cluster_compile(c, NETPOL_ENGINE_COMPILED, &engine, NULL);
    for (int i = 0; s == NETPOL_OK && i < N_CHANGES; i++) {
        netpol_engine *next = NULL;
        ask(x, engine, before);
        s = apply(c, x, i);
        bool changed = s == NETPOL_OK;
        if (s == NETPOL_OK)
            s = netpol_cluster_compile(c, NETPOL_ENGINE_COMPILED, &next, NULL);
        ask(x, engine, after);
        if (memcmp(before, after, sizeof before) != 0 ||
            (s == NETPOL_NO_MEMORY &&
             ((!changed && apply(c, x, i) != NETPOL_OK) || !is_right(x, c))))
            s = NETPOL_INVALID;
        if (next) {
            netpol_engine_unref(engine);
            engine = next;
        }
    }
    netpol_engine_unref(engine);
    netpol_cluster_free(c);
    return s;
}

static netpol_manifests *read_text(const test_cluster *text)
{
    netpol_manifests *m = NULL;
    assert_int_equal(netpol_manifests_new(NULL, &m), NETPOL_OK);
    assert_int_equal(netpol_manifests_read_memory(m, "random", text->p, text->n, NULL), NETPOL_OK);
    return m;
}

static void begin_story(story *x, np_rand *r)
{
    *x = (story){.text = {.n_namespaces = 2, .n_pods = 4, .n_nodes = 2}};
    for (uint32_t i = 0; i < x->text.n_namespaces; i++)
        test_object_namespace(&x->text, r, i);
    for (uint32_t i = 0; i < x->text.n_pods; i++)
        test_object_pod(&x->text, r, i, 0);
    for (uint32_t i = 0; i < 3; i++)
        test_object_policy(&x->text, r, i);
    x->base = read_text(&x->text);
    for (int i = 0; i < N_CHANGES; i++) {
        unsigned tiers = i % 4 == 0 ? TEST_CHANGE_TIERS : 0;
        x->change[i] = test_change_make(&x->text, r, TEST_CHANGE_USUAL | tiers);
        x->put[i] = x->change[i].put.n ? read_text(&x->change[i].put) : NULL;
    }
    for (int i = 0; i < N_FLOWS; i++)
        x->flow[i] = test_flow(&x->text, r, 8);
}

static void end_story(story *x)
{
    netpol_manifests_free(x->base);
    test_cluster_free(&x->text);
    for (int i = 0; i < N_CHANGES; i++) {
        netpol_manifests_free(x->put[i]);
        test_cluster_free(&x->change[i].put);
    }
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    np_rand seeds = np_rand_from_env("NETPOL_SEED");
    for (int i = 0; i < np_rounds(3); i++) {
        np_rand r = np_rand_of(np_rand_next(&seeds));
        static story x;
        begin_story(&x, &r);
        test_every_allocation_fails(live_on, &x);
        end_story(&x);
    }
}

/* ---- months ---- */

/* Numbers, classes, words and pages of what is gone are used again, or given back now and then. */
static void memory_stays_what_it_is(void **state)
{
    (void)state;
    np_rand r = np_rand_from_env("NETPOL_SEED");
    const char *many = getenv("NETPOL_UPDATES");
    int updates = many ? atoi(many) : np_rounds(20000);
    test_memory m;
    test_memory_ready(&m);
    netpol_options o = {.size = sizeof o, .allocator = &m.allocator};
    netpol_cluster *c = NULL;
    netpol_engine *e = NULL;
    test_cluster whole = {.n_namespaces = 5, .n_pods = 40, .n_nodes = 3};
    assert_int_equal(netpol_cluster_new(NULL, &o, &c, NULL), NETPOL_OK);
    size_t most = 0;
    for (int i = 0; i < updates; i++) {
        test_change x = test_change_make(&whole, &r, TEST_CHANGE_USUAL | TEST_CHANGE_TIERS);
        test_change_apply(&x, &c, 1);
        test_cluster_free(&x.put);
        netpol_engine_unref(e);
        e = compile(c);
        if (i < updates / 10)
            most = m.live_bytes > most ? m.live_bytes : most;
        else if (m.live_bytes > 3 * most / 2)
            fail_msg("seed %" PRIu64 ": %zu bytes after %d updates, not %zu", r.seed, m.live_bytes,
                     i, most);
    }
    netpol_engine_unref(e);
    netpol_cluster_free(c);
    test_memory_expect_empty(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(memory_stays_what_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
