/* SPDX-License-Identifier: MIT */
/* Shapes that the compiler treats in their own way, and memory that fails. */
#include "random_cluster.h"

#include "engine.h"

typedef struct text {
    char *p;
    size_t n;
    size_t room;
} text;

static void say(text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(text *t, const char *format, ...)
{
    va_list args;
    if (t->room - t->n < 4096) {
        t->room = t->room * 2 + 65536;
        t->p = realloc(t->p, t->room);
        assert_non_null(t->p);
    }
    va_start(args, format);
    t->n += (size_t)vsnprintf(t->p + t->n, t->room - t->n, format, args);
    va_end(args);
}

static void pod(text *t, const char *space, uint32_t number)
{
    say(t,
        "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"p%u\",\"namespace\":\"%"
        "s\","
        "\"labels\":{\"u\":\"u%u\",\"third\":\"t%u\"}},\"spec\":{\"containers\":[{\"name\":\"m\","
        "\"ports\":"
        "[{\"name\":\"web\",\"containerPort\":%u}]}]},\"status\":{\"podIPs\":[{\"ip\":\"10.1.%u.%"
        "u\"}]}}\n",
        number, space, number, number % 3, 80 + number % 2, number >> 8, number & 255);
}

static void begin_policy(text *t, const char *space, uint32_t number, const char *subject)
{
    say(t,
        "{\"apiVersion\":\"networking.k8s.io/"
        "v1\",\"kind\":\"NetworkPolicy\",\"metadata\":{\"name\":"
        "\"n%u\",\"namespace\":\"%s\"},\"spec\":{\"podSelector\":{%s},",
        number, space, subject);
}

/* Reads the text into a cluster and holds both engines together over random questions. */
static netpol_engine *expect_equal(const text *t, uint32_t n_pods, int questions)
{
    netpol_cluster *c = NULL;
    netpol_manifests *m = NULL;
    netpol_engine *a = NULL;
    netpol_engine *b = NULL;
    np_rand r = np_rand_from_env("NETPOL_SEED");
    netpol_diagnostics *d = netpol_diagnostics_new(NULL);
    assert_int_equal(netpol_manifests_new(NULL, &m), NETPOL_OK);
    assert_int_equal(netpol_cluster_new(NULL, NULL, &c, NULL), NETPOL_OK);
    assert_int_equal(netpol_manifests_read_memory(m, "shape", t->p, t->n, d), NETPOL_OK);
    assert_int_equal(netpol_cluster_put_all(c, m, d), NETPOL_OK);
    assert_int_equal(netpol_cluster_compile(c, NETPOL_ENGINE_COMPILED, &a, NULL), NETPOL_OK);
    assert_int_equal(netpol_cluster_compile(c, NETPOL_ENGINE_REFERENCE, &b, NULL), NETPOL_OK);
    for (int i = 0; i < np_rounds(questions); i++) {
        netpol_flow f = {.protocol = NETPOL_TCP, .port = (uint16_t)(80 + np_rand_below(&r, 3))};
        for (int side = 0; side < 2; side++) {
            uint32_t number = np_rand_below(&r, n_pods + 1);
            uint8_t *ip = side ? f.dst : f.src;
            memcpy(ip + 10, (uint8_t[]){0xff, 0xff, 10, 1, (uint8_t)(number >> 8), (uint8_t)number},
                   6);
            if (number == n_pods)
                memcpy(ip + 12,
                       (uint8_t[]){64, (uint8_t)np_rand_below(&r, 4),
                                   (uint8_t)np_rand_below(&r, 256), 7},
                       4);
        }
        netpol_verdict x = netpol_engine_verdict(a, &f);
        netpol_verdict y = netpol_engine_verdict(b, &f);
        if (memcmp(&x, &y, sizeof x) != 0)
            fail_msg("seed %" PRIu64 " question %d: %u %u %u %x, reference %u %u %u %x", r.seed, i,
                     x.allowed, x.direction, x.tier, x.depends, y.allowed, y.direction, y.tier,
                     y.depends);
    }
    netpol_engine_unref(b);
    netpol_manifests_free(m);
    netpol_cluster_free(c);
    netpol_diagnostics_free(d);
    return a;
}

enum { N = 150 };

/* Every pod is a class and a programme, so rows for all would be N times N. */
static void a_giant_namespace_is_judged_by_lists(void **state)
{
    (void)state;
    text t = {0};
    for (uint32_t i = 0; i < N; i++) {
        char subject[64];
        snprintf(subject, sizeof subject, "\"matchLabels\":{\"u\":\"u%u\"}", i);
        pod(&t, "a", i);
        begin_policy(&t, "a", i, subject);
        say(&t,
            "\"ingress\":[{\"from\":[{\"podSelector\":{\"matchLabels\":{\"u\":\"u%u\"}}},"
            "{\"podSelector\":{\"matchLabels\":{\"third\":\"t%u\"}}}],\"ports\":[{\"port\":\"web\"}"
            "]}],"
            "\"egress\":[{\"to\":[{\"podSelector\":{\"matchLabels\":{\"third\":\"t%u\"}}}],"
            "\"ports\":[{\"port\":\"web\"},{\"port\":82}]}]}}\n",
            (i * 7 + 1) % N, i % 3, (i + 1) % 3);
    }
    netpol_engine *e = expect_equal(&t, N, 20000);
    size_t with_row = 0;
    for (uint32_t i = NP_FIRST_CLASS; i < e->program->classes.n; i++) {
        const np_class *class = np_pages_at(&e->program->classes, i);
        with_row += class->rules[NP_IN]->row != 0;
    }
    assert_int_equal(e->program->classes.n, N + NP_FIRST_CLASS);
    assert_true(with_row > 0 && with_row < N);
    netpol_engine_unref(e);
    free(t.p);
}

/* More selectors look into a namespace than a class has bits at hand. */
static void many_selectors_from_elsewhere_are_found_in_lists(void **state)
{
    (void)state;
    text t = {0};
    for (uint32_t i = 0; i < N; i++) {
        pod(&t, i % 2 ? "a" : "b", i);
        begin_policy(&t, "b", i, "");
        say(&t,
            "\"ingress\":[{\"from\":[{\"namespaceSelector\":{\"matchLabels\":"
            "{\"kubernetes.io/"
            "metadata.name\":\"a\"}},\"podSelector\":{\"matchLabels\":{\"u\":\"u%u\"}}}],"
            "\"ports\":[{\"port\":%u}]}]}}\n",
            i, 80 + i / 4 % 3);
    }
    netpol_engine_unref(expect_equal(&t, N, 20000));
    free(t.p);
}

/* Thousands of blocks in one rule; and blocks with so many different ports that no table is made.
 */
static void many_blocks_are_a_table_or_the_references_business(void **state)
{
    (void)state;
    text t = {0};
    for (uint32_t i = 0; i < 10; i++)
        pod(&t, "a", i);
    begin_policy(&t, "a", 0, "\"matchLabels\":{\"third\":\"t0\"}");
    say(&t, "\"ingress\":[{\"ports\":[{\"port\":80}],\"from\":[");
    for (uint32_t i = 0; i < 3000; i++)
        say(&t, "%s{\"ipBlock\":{\"cidr\":\"64.%u.%u.0/24\"}}", i ? "," : "", i >> 8, i & 254);
    say(&t, "]}]}}\n");
    begin_policy(&t, "a", 1, "\"matchLabels\":{\"third\":\"t1\"}");
    say(&t, "\"ingress\":[");
    for (uint32_t i = 0; i < 1600; i++)
        say(&t,
            "%s{\"ports\":[{\"port\":%u}],\"from\":[{\"ipBlock\":{\"cidr\":\"64.0.0.0/"
            "8\",\"except\":"
            "[\"64.%u.%u.0/24\"]}}]}",
            i ? "," : "", 80 + i, i >> 8, i & 255);
    say(&t, "]}}\n");
    netpol_engine_unref(expect_equal(&t, 10, 3000));
    free(t.p);
}

static const np_rules *rules_in(const netpol_engine *e, uint32_t class)
{
    const np_class *c = np_pages_at(&e->program->classes, class);
    return c->rules[NP_IN];
}

static const np_ip_table *table_of(const np_rules *r)
{
    const char *p = (const char *)r;
    const np_admits *a = (const np_admits *)(const void *)(p + r->admits);
    return a->ip ? (const np_ip_table *)(const void *)(p + a->ip) : NULL;
}

/* The table of the first class that has one. */
static const np_ip_table *some_table(const netpol_engine *e)
{
    for (uint32_t i = NP_FIRST_CLASS; i < e->program->classes.n; i++)
        if (rules_in(e, i) && table_of(rules_in(e, i)))
            return table_of(rules_in(e, i));
    return NULL;
}

/* Long rows and tables that are equal are there once in a namespace; a programme is a cache line.
 */
static void programmes_share_what_is_equal(void **state)
{
    (void)state;
    enum { SUBJECTS = 20, PODS = 100 };
    text t = {0};
    char subject[64];
    for (uint32_t i = 0; i < PODS; i++)
        pod(&t, "a", i);
    for (uint32_t i = 0; i < SUBJECTS; i++) {
        snprintf(subject, sizeof subject, "\"matchLabels\":{\"u\":\"u%u\"}", i);
        begin_policy(&t, "a", i, subject);
        say(&t,
            "\"ingress\":[{\"from\":[{\"podSelector\":{\"matchExpressions\":[{\"key\":\"u\","
            "\"operator\":\"Exists\"}]}}],\"ports\":[{\"port\":90}]},"
            "{\"ports\":[{\"port\":%u}],\"from\":[{\"ipBlock\":{\"cidr\":\"64.0.0.0/8\"}}]}"
            "]}}\n",
            80 + i % 2);
    }
    for (uint32_t i = SUBJECTS; i < PODS; i++) { /* so that all pods are of different classes */
        snprintf(subject, sizeof subject, "\"matchLabels\":{\"u\":\"u%u\"}", i);
        begin_policy(&t, "a", i, subject);
        say(&t, "\"policyTypes\":[\"Egress\"]}}\n");
    }
    netpol_engine *e = expect_equal(&t, PODS, 3000);
    const np_rules *first = rules_in(e, NP_FIRST_CLASS);
    size_t n = 0;
    size_t same = 0;
    for (uint32_t i = NP_FIRST_CLASS; i < e->program->classes.n; i++) {
        const np_rules *r = rules_in(e, i);
        if (!r)
            continue;
        assert_int_equal((uintptr_t)r % 64, 0);
        assert_int_not_equal(r->row, 0);
        assert_ptr_equal((const char *)r + r->row, (const char *)first + first->row);
        same += table_of(r) == table_of(first);
        n++;
    }
    assert_int_equal(n, SUBJECTS);
    assert_int_equal(same, SUBJECTS / 2);
    netpol_engine_unref(e);
    free(t.p);
}

/* Few port sets among many blocks are said in a byte for each or less. */
static void port_sets_of_blocks_are_written_shortly(void **state)
{
    (void)state;
    static const struct {
        uint32_t ports;
        uint32_t coding;
    } rows[] = {{1, 0}, {3, 4}, {300, NP_CODING_EACH}};
    for (size_t k = 0; k < COUNT(rows); k++) {
        text t = {0};
        for (uint32_t i = 0; i < 10; i++)
            pod(&t, "a", i);
        begin_policy(&t, "a", 0, "");
        say(&t, "\"ingress\":[");
        for (uint32_t i = 0; i < 500; i++)
            say(&t,
                "%s{\"ports\":[{\"port\":%u}],\"from\":[{\"ipBlock\":{\"cidr\":\"64.%u.%u.0/24\"}},"
                "{\"ipBlock\":{\"cidr\":\"fd00:%x::/64\"}}]}",
                i ? "," : "", 80 + i % rows[k].ports, i & 3, i >> 2 << 1 & 255, i << 1);
        say(&t, "]}}\n");
        netpol_engine *e = expect_equal(&t, 10, 3000);
        assert_non_null(some_table(e));
        assert_int_equal(some_table(e)->coding4, rows[k].coding);
        assert_int_equal(some_table(e)->coding6, rows[k].coding);
        netpol_engine_unref(e);
        free(t.p);
    }
}

/* So many selectors of pods in any namespace that what a pod matches is a list. */
static void very_many_broad_selectors_are_lists(void **state)
{
    (void)state;
    text t = {0};
    for (uint32_t i = 0; i < N; i++) {
        pod(&t, i % 2 ? "a" : "b", i);
        begin_policy(&t, i % 3 ? "a" : "b", i, "");
        say(&t, "\"ingress\":[{\"from\":[");
        for (uint32_t k = 0; k < 30; k++)
            say(&t,
                "%s{\"namespaceSelector\":{},\"podSelector\":{\"matchLabels\":{\"u\":\"u%u\"}}}",
                k ? "," : "", (i * 30 + k) * 11 % (30 * N));
        say(&t, "],\"ports\":[{\"port\":%u}]}]}}\n", 80 + i / 4 % 3);
    }
    netpol_engine *e = expect_equal(&t, N, 3000);
    assert_int_equal(e->program->signature_rows.words, 0);
    assert_true(e->program->signature_rows.n > N);
    netpol_engine_unref(e);
    free(t.p);
}

/* ---- failing memory ---- */

static netpol_status put_all(netpol_cluster *c, const netpol_manifests *m)
{
    for (size_t i = 0; i < netpol_manifests_count(m); i++) {
        netpol_status s = netpol_cluster_put(c, netpol_manifests_at(m, i), NULL);
        if (s != NETPOL_OK)
            return s;
    }
    return NETPOL_OK;
}

/* A failed compilation leaves the engine before at work, and the next one starts where it should.
 */
static netpol_status compile_and_change(const netpol_options *o, void *ctx)
{
    netpol_manifests *const *m = ctx;
    netpol_cluster *c = NULL;
    netpol_engine *first = NULL;
    netpol_engine *second = NULL;
    netpol_flow f = {.protocol = NETPOL_TCP, .port = 80, .src_kind = NETPOL_BY_POD};
    netpol_status s = netpol_cluster_new(NULL, o, &c, NULL);
    if (s == NETPOL_OK)
        s = put_all(c, m[0]);
    if (s == NETPOL_OK)
        s = netpol_cluster_compile(c, NETPOL_ENGINE_COMPILED, &first, NULL);
    netpol_verdict before = netpol_engine_verdict(first, &f);
    if (s == NETPOL_OK)
        s = put_all(c, m[1]);
    if (s == NETPOL_OK)
        s = netpol_cluster_compile(c, NETPOL_ENGINE_COMPILED, &second, NULL);
    netpol_verdict after = netpol_engine_verdict(first, &f);
    if (memcmp(&before, &after, sizeof before) != 0)
        s = NETPOL_INVALID;
    netpol_engine_unref(second);
    netpol_engine_unref(first);
    netpol_cluster_free(c);
    return s;
}

static netpol_manifests *read_text(const char *p, size_t n)
{
    netpol_manifests *m = NULL;
    assert_int_equal(netpol_manifests_new(NULL, &m), NETPOL_OK);
    assert_int_equal(netpol_manifests_read_memory(m, "random", p, n, NULL), NETPOL_OK);
    return m;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    np_rand r = np_rand_of(7);
    test_cluster whole;
    test_cluster_make(&whole, &r, TEST_TIERS);
    test_cluster changes = whole;
    changes.p = NULL;
    changes.n = changes.room = 0;
    for (uint32_t i = 1; i < 6; i++)
        test_object_policy(&changes, &r, i);
    netpol_manifests *m[2] = {read_text(whole.p, whole.n), read_text(changes.p, changes.n)};
    test_every_allocation_fails(compile_and_change, m);
    netpol_manifests_free(m[0]);
    netpol_manifests_free(m[1]);
    test_cluster_free(&whole);
    free(changes.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_giant_namespace_is_judged_by_lists),
        cmocka_unit_test(many_selectors_from_elsewhere_are_found_in_lists),
        cmocka_unit_test(many_blocks_are_a_table_or_the_references_business),
        cmocka_unit_test(port_sets_of_blocks_are_written_shortly),
        cmocka_unit_test(programmes_share_what_is_equal),
        cmocka_unit_test(very_many_broad_selectors_are_lists),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
