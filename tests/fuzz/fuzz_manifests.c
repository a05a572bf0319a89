/* SPDX-License-Identifier: MIT */
/* Any bytes as manifests: read, check, write, read again, judge. What must hold for every input is
 * asserted; crashes, leaks and endless loops are for the sanitizers to find. */
#include <netpol.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MUST(claim)                                                                                \
    do {                                                                                           \
        if (!(claim)) {                                                                            \
            fprintf(stderr, "broken: %s\n", #claim);                                               \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

typedef struct text {
    char *p;
    size_t n;
} text;

static netpol_status collect(void *ctx, const char *bytes, size_t n)
{
    text *t = ctx;
    char *p = realloc(t->p, t->n + n + 1);
    MUST(p);
    memcpy(p + t->n, bytes, n);
    *t = (text){p, t->n + n};
    return NETPOL_OK;
}

static text written(const netpol_object *x, int32_t format)
{
    text t = {0};
    const netpol_sink to = {collect, &t};
    MUST(netpol_object_write(x, format, 0, &to) == NETPOL_OK);
    return t;
}

static const netpol_options modest = {.size = sizeof modest, .max_memory = 256u << 20};

/* read(write(x)) is x, and writing that gives the same bytes. */
static void round_trip(const netpol_object *x, int32_t format)
{
    text first = written(x, format);
    netpol_manifests *again = NULL;
    MUST(netpol_manifests_new(&modest, &again) == NETPOL_OK);
    MUST(netpol_manifests_read_memory(again, "again", first.p, first.n, NULL) == NETPOL_OK);
    MUST(netpol_manifests_count(again) == 1);
    const netpol_object *y = netpol_manifests_at(again, 0);
    MUST(netpol_object_equal(x, y));
    text second = written(y, format);
    MUST(first.n == second.n && memcmp(first.p, second.p, first.n) == 0);
    free(second.p);
    netpol_manifests_free(again);
    free(first.p);
}

static void use(const netpol_object *x)
{
    (void)netpol_object_validate(x, NULL, NULL, NULL);
    if (netpol_object_policy(x) || netpol_object_cluster_policy(x)) {
        round_trip(x, NETPOL_FORMAT_YAML);
        round_trip(x, NETPOL_FORMAT_JSON);
    }
}

static void judge(const netpol_manifests *m)
{
    netpol_cluster *cluster = NULL;
    netpol_engine *engine = NULL;
    MUST(netpol_cluster_new(NULL, &modest, &cluster, NULL) == NETPOL_OK);
    if (netpol_cluster_put_all(cluster, m, NULL) == NETPOL_OK &&
        netpol_cluster_compile(cluster, NETPOL_ENGINE_REFERENCE, &engine, NULL) == NETPOL_OK) {
        size_t pods = netpol_engine_pod_count(engine);
        netpol_flow flow = {.port = 80, .protocol = NETPOL_TCP, .src_kind = NETPOL_BY_POD};
        flow.dst_kind = NETPOL_BY_POD;
        for (uint32_t i = 0; i < pods && i < 16; i++) {
            memcpy(flow.dst, &i, sizeof i);
            (void)netpol_engine_verdict(engine, &flow);
        }
    }
    netpol_engine_unref(engine);
    netpol_cluster_free(cluster);
}

/* What our own pass lets through the schema of libcyaml must take (NP0766 says that it did not). */
static void read_scenario(const uint8_t *bytes, size_t n)
{
    netpol_scenario *s = NULL;
    netpol_diagnostics *d = netpol_diagnostics_new(&modest);
    MUST(d);
    netpol_status status = netpol_scenario_read_memory("fuzz", bytes, n, &modest, &s, d);
    MUST((status == NETPOL_OK) == (s != NULL));
    for (size_t i = 0; i < netpol_diagnostics_count(d); i++)
        MUST(strcmp(netpol_code_name(netpol_diagnostics_at(d, i)->code), "NP0766") != 0);
    netpol_scenario_free(s);
    netpol_diagnostics_free(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    netpol_manifests *m = NULL;
    MUST(netpol_manifests_new(&modest, &m) == NETPOL_OK);
    (void)netpol_manifests_read_memory(m, "fuzz", bytes, n, NULL);
    for (size_t i = 0; i < netpol_manifests_count(m); i++)
        use(netpol_manifests_at(m, i));
    judge(m);
    netpol_manifests_free(m);
    if (netpol_has_feature("scenario"))
        read_scenario(bytes, n);
    return 0;
}
