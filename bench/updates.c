/* SPDX-License-Identifier: MIT */
/* What changes cost: an object put or removed, and the next engine compiled. */
#include "parts.h"

#include "engine.h"
#include "netpol_bench_run.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct changing {
    bench_workload w;
    netpol_engine *engine;
    uint64_t state;
    uint32_t round;
    uint32_t anew; /* changes for which everything was made anew */
} changing;

/* ---- objects ---- */

static netpol_object *read_object(const char *format, ...) __attribute__((format(printf, 1, 2)));

static netpol_object *read_object(const char *format, ...)
{
    char text[1024];
    va_list args;
    netpol_manifests *m = NULL;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    expect(netpol_manifests_new(NULL, &m) == NETPOL_OK &&
               netpol_manifests_read_memory(m, "", text, (size_t)n, NULL) == NETPOL_OK &&
               netpol_manifests_count(m) == 1,
           text);
    netpol_object *x = netpol_object_ref(netpol_manifests_at(m, 0));
    netpol_manifests_free(m);
    return x;
}

static uint32_t some_pod(changing *c, uint32_t *app)
{
    *app = bench_below(&c->state, c->w.n_apps);
    uint32_t pod = c->w.apps[*app].first_pod + bench_below(&c->state, c->w.apps[*app].n_pods);
    return pod < c->w.size.pods ? pod : c->w.size.pods - 1;
}

static const char *name_of(netpol_object *x, char name[64])
{
    snprintf(name, 64, "%s", netpol_object_name(x));
    netpol_object_unref(x);
    return name;
}

static netpol_object *namespace_changed(changing *c)
{
    char name[64];
    name_of(bench_namespace(bench_below(&c->state, c->w.size.namespaces)), name);
    return read_object(
        "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"%s\","
        "\"labels\":{\"env\":\"prod\",\"team\":\"team-%02u\"}}}",
        name, bench_below(&c->state, 16));
}

static netpol_object *node_changed(changing *c)
{
    char name[64];
    name_of(bench_node(bench_below(&c->state, c->w.size.pods / BENCH_PODS_A_NODE + 1)), name);
    return read_object("{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"%s\"},"
                       "\"status\":{\"addresses\":[{\"type\":\"ExternalIP\",\"address\":"
                       "\"203.0.113.%u\"}]}}",
                       name, c->round % 250 + 1);
}

static netpol_object *service_changed(changing *c)
{
    char name[64];
    name_of(bench_namespace(bench_below(&c->state, c->w.size.namespaces)), name);
    return read_object("{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"s\","
                       "\"namespace\":\"%s\"},\"spec\":{\"clusterIP\":\"192.0.%u.%u\",\"selector\":"
                       "{\"app\":\"a\"},\"ports\":[{\"port\":80}]}}",
                       name, c->round >> 8, c->round & 255);
}

static netpol_object *cluster_policy_changed(changing *c)
{
    return read_object(
        "{\"apiVersion\":\"policy.networking.k8s.io/v1alpha2\",\"kind\":\"ClusterNetworkPolicy\","
        "\"metadata\":{\"name\":\"c%u\"},\"spec\":{\"tier\":\"Admin\",\"priority\":%u,\"subject\":"
        "{\"namespaces\":{\"matchLabels\":{\"team\":\"team-03\"}}},\"ingress\":[{\"action\":"
        "\"Deny\",\"from\":[{\"namespaces\":{\"matchLabels\":{\"env\":\"prod\"}}}]}]}}",
        c->round % 4, c->round % 100);
}

/* A pod selector for other namespaces that nobody has named yet: a pass over all pods. */
static netpol_object *selector_new(changing *c)
{
    char name[64];
    name_of(bench_namespace(bench_below(&c->state, c->w.size.namespaces)), name);
    return read_object(
        "{\"apiVersion\":\"networking.k8s.io/"
        "v1\",\"kind\":\"NetworkPolicy\",\"metadata\":{\"name\":"
        "\"wide\",\"namespace\":\"%s\"},\"spec\":{\"podSelector\":{},\"ingress\":[{\"from\":[{"
        "\"namespaceSelector\":{},\"podSelector\":{\"matchLabels\":{\"new\":\"v%u\"}}}]}]}}",
        name, c->round);
}

/* ---- changes ---- */

static netpol_object *pod_changed(changing *c)
{
    uint32_t app;
    uint32_t pod = some_pod(c, &app);
    return bench_pod(&c->w, app, pod);
}

static netpol_object *policy_changed(changing *c)
{
    return bench_policy(&c->w, bench_below(&c->state, c->w.size.policies), &c->state);
}

static void compile(changing *c)
{
    netpol_engine *next = NULL;
    expect(netpol_cluster_compile(c->w.cluster, NETPOL_ENGINE_COMPILED, &next, NULL) == NETPOL_OK,
           "compile");
    if (c->engine)
        c->anew += next->program->store != c->engine->program->store ||
                   next->snapshot->store != c->engine->snapshot->store;
    netpol_engine_unref(c->engine);
    c->engine = next;
}

/* us to put an object. */
static double put(changing *c, netpol_object *x)
{
    double start = bench_cpu();
    expect(netpol_cluster_put(c->w.cluster, x, NULL) == NETPOL_OK, "put");
    compile(c);
    double us = (bench_cpu() - start) * 1e6;
    netpol_object_unref(x);
    return us;
}

static double remove_one(changing *c, int32_t kind, const char *space, const char *name)
{
    double start = bench_cpu();
    expect(netpol_cluster_remove(c->w.cluster, kind, space, name) == NETPOL_OK, "remove");
    compile(c);
    return (bench_cpu() - start) * 1e6;
}

/* Takes a pod out and puts it back in: what the second, or the first, costs. */
static double move_pod(changing *c, bool back)
{
    netpol_object *x = pod_changed(c);
    double out = remove_one(c, NETPOL_KIND_POD, netpol_object_namespace(x), netpol_object_name(x));
    double in = put(c, x);
    return back ? in : out;
}

static double add_pod(changing *c)
{
    return move_pod(c, true);
}

static double remove_pod(changing *c)
{
    return move_pod(c, false);
}

static double replace(changing *c, netpol_object *(*make)(changing *))
{
    return put(c, make(c));
}

static const struct kind {
    const char *name;
    netpol_object *(*make)(changing *);
    double (*change)(changing *);
    int rounds;
} kinds[] = {
    {"pod added", NULL, add_pod, 200},
    {"pod changed", pod_changed, NULL, 200},
    {"pod removed", NULL, remove_pod, 200},
    {"policy changed", policy_changed, NULL, 200},
    {"namespace labels changed", namespace_changed, NULL, 100},
    {"node changed", node_changed, NULL, 100},
    {"service changed", service_changed, NULL, 100},
    {"cluster policy changed", cluster_policy_changed, NULL, 30},
    {"policy with a new selector for all namespaces", selector_new, NULL, 7},
};

static double measure(changing *c, const struct kind *k)
{
    double *t = bench_alloc((size_t)k->rounds * sizeof *t);
    c->anew = 0;
    for (int i = 0; i < k->rounds; i++) {
        c->round++;
        t[i] = k->change ? k->change(c) : replace(c, k->make);
    }
    double m = median(t, (size_t)k->rounds);
    free(t);
    return m;
}

/* For callgrind: one kind of change so many times. */
void bench_changes(const char *kind, uint32_t pods, uint32_t policies, int n)
{
    changing c = {.state = 11};
    const bench_size size = {"", pods, policies, 1000};
    size_t k = 0;
    while (k < COUNT(kinds) && strcmp(kinds[k].name, kind) != 0)
        k++;
    expect(k < COUNT(kinds), "no such kind of change");
    bench_workload_make(&c.w, &size, NULL);
    compile(&c);
    bench_follow();
    for (int i = 0; i < n; i++) {
        c.round++;
        (void)(kinds[k].change ? kinds[k].change(&c) : replace(&c, kinds[k].make));
    }
    netpol_engine_unref(c.engine);
    bench_workload_free(&c.w);
}

enum { MOST = 4 };

/* One row for each kind, one column for each size, and by which power of the size the cost grows.
 */
static void table(const char *title, const bench_size *sizes, size_t n, bool by_policies)
{
    double us[MOST][COUNT(kinds)];
    uint32_t anew[MOST][COUNT(kinds)];
    for (size_t i = 0; i < n; i++) {
        changing c = {.state = 11};
        bench_workload_make(&c.w, &sizes[i], NULL);
        compile(&c);
        for (size_t k = 0; k < COUNT(kinds); k++) {
            us[i][k] = measure(&c, &kinds[k]);
            anew[i][k] = c.anew;
        }
        netpol_engine_unref(c.engine);
        bench_workload_free(&c.w);
    }
    printf("| %s |", title);
    for (size_t i = 0; i < n; i++)
        printf(" %s |", sizes[i].name);
    printf(" exponent |\n|---|");
    for (size_t i = 0; i <= n; i++)
        printf("---|");
    double growth = by_policies ? (double)sizes[n - 1].policies / sizes[0].policies
                                : (double)sizes[n - 1].pods / sizes[0].pods;
    for (size_t k = 0; k < COUNT(kinds); k++) {
        printf("\n| %s, us |", kinds[k].name);
        for (size_t i = 0; i < n; i++)
            printf(anew[i][k] ? " %.1f (%u anew) |" : " %.1f |", us[i][k], anew[i][k]);
        printf(" %.2f |", log(us[n - 1][k] / us[0][k]) / log(growth));
    }
    printf("\n\n");
    fflush(stdout);
}

void bench_updates(int n, char **names)
{
    static const bench_size pods[] = {
        {"1k pods", 1000, 10000, 1000}, {"10k", 10000, 10000, 1000}, {"100k", 100000, 10000, 1000}};
    static const bench_size policies[] = {
        {"1k policies", 10000, 1000, 1000}, {"4k", 10000, 4000, 1000}, {"16k", 10000, 16000, 1000}};
    bench_size named[MOST];
    for (int i = 0; i < n && i < MOST; i++)
        named[i] = *bench_size_of(names[i]);
    if (n) {
        table("change", named, (size_t)(n < MOST ? n : MOST), false);
        return;
    }
    table("10,000 policies, 1,000 namespaces", pods, COUNT(pods), false);
    table("10,000 pods, 1,000 namespaces", policies, COUNT(policies), true);
}
