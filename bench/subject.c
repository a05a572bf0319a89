/* SPDX-License-Identifier: MIT */
#include "subject.h"

#include "compile.h"
#include "engine.h"
#include "netpol_bench_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if defined(__x86_64__) && defined(__GNUC__)
#include <x86intrin.h>
#define HAS_TICKS 1
#else
#define HAS_TICKS 0
#endif

void expect(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "bench: %s\n", what);
    exit(3);
}

/* The same flows, asked for by the numbers that the engine has for the pods. */
static void name_pods(subject *s)
{
    const np_snapshot *p = s->engine->snapshot;
    for (size_t i = 0; i < s->n; i++) {
        netpol_flow *f = &s->by_pod[i];
        *f = s->flows[i];
        for (int side = 0; side < 2; side++) {
            uint8_t *bytes = side ? f->dst : f->src;
            np_ip ip = np_ip_of_bytes(bytes);
            uint32_t pod = np_snapshot_pod_of_ip(p, &ip);
            if (pod == NP_NONE)
                continue;
            memset(bytes, 0, 16);
            memcpy(bytes, &pod, sizeof pod);
            *(side ? &f->dst_kind : &f->src_kind) = NETPOL_BY_POD;
        }
    }
}

/* The same picture of the cluster compiled once more, and thrown away. */
static double compile_again(const subject *s)
{
    np_compiler *c = NULL;
    np_program *p = NULL;
    const netpol_cluster *cluster = s->w.cluster;
    double start = bench_cpu();
    expect(np_compiler_new(s->engine->snapshot, &cluster->semantics, &cluster->options, &c, &p) ==
               NETPOL_OK,
           "compile again");
    double spent = bench_cpu() - start;
    np_program_free(p);
    np_compiler_free(c);
    return spent;
}

void subject_make(subject *s, const bench_size *size, const bench_shape *shape, size_t n)
{
    memset(s, 0, sizeof *s);
    bench_workload_make(&s->w, size, shape);
    double start = bench_cpu();
    expect(netpol_cluster_compile(s->w.cluster, NETPOL_ENGINE_COMPILED, &s->engine, NULL) ==
               NETPOL_OK,
           "compile");
    s->whole_s = bench_cpu() - start;
    s->compile_s = compile_again(s);
    s->n = n;
    s->flows = bench_alloc(n * sizeof *s->flows);
    s->by_pod = bench_alloc(n * sizeof *s->by_pod);
    s->pods = bench_alloc(n * sizeof *s->pods);
    s->out = bench_alloc(n * sizeof *s->out);
    bench_flows(&s->w, s->flows, n, false, 7, s->pods);
    name_pods(s);
}

void subject_free(subject *s)
{
    netpol_engine_unref(s->engine);
    bench_workload_free(&s->w);
    free(s->flows);
    free(s->by_pod);
    free(s->pods);
    free(s->out);
}

double subject_addresses(const subject *s)
{
    return (double)s->engine->program->ip4.bytes;
}

double subject_rules(const subject *s)
{
    return (double)np_program_bytes(s->engine->program) - subject_addresses(s);
}

/* ---- time ---- */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

double median(double *t, size_t n)
{
    qsort(t, n, sizeof *t, by_value);
    return t[n / 2];
}

static double singly(const subject *s, const netpol_flow *flows)
{
    double start = bench_cpu();
    for (size_t i = 0; i < s->n; i++)
        s->out[i] = netpol_engine_verdict(s->engine, &flows[i]);
    return (bench_cpu() - start) / (double)s->n * 1e9;
}

static double at_once(const subject *s, const netpol_flow *flows)
{
    double start = bench_cpu();
    netpol_engine_verdicts(s->engine, flows, s->n, s->out);
    return (bench_cpu() - start) / (double)s->n * 1e9;
}

double single_calls(const subject *s, const netpol_flow *flows)
{
    double t[ROUNDS];
    for (int i = 0; i < ROUNDS; i++)
        t[i] = singly(s, flows);
    return median(t, ROUNDS);
}

double batch_ratio(const subject *s, const netpol_flow *flows, double *batch_ns)
{
    double t[ROUNDS];
    double ratio[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        double one = singly(s, flows);
        t[i] = at_once(s, flows);
        ratio[i] = one / t[i];
    }
    *batch_ns = median(t, ROUNDS);
    return median(ratio, ROUNDS);
}

/* ---- one call at a time ---- */

#if HAS_TICKS

static uint64_t ticks(void)
{
    unsigned which;
    _mm_lfence();
    uint64_t t = __rdtscp(&which);
    _mm_lfence();
    return t;
}

static double ns_of_a_tick(void)
{
    struct timespec a;
    struct timespec b;
    clock_gettime(CLOCK_MONOTONIC, &a);
    uint64_t start = ticks();
    do
        clock_gettime(CLOCK_MONOTONIC, &b);
    while ((double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec) < 2e7);
    return ((double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec)) /
           (double)(ticks() - start);
}

/* What measuring nothing takes. */
static double empty(void)
{
    double t[101];
    for (size_t i = 0; i < COUNT(t); i++) {
        uint64_t start = ticks();
        t[i] = (double)(ticks() - start);
    }
    return median(t, COUNT(t));
}

isolated isolated_calls(const subject *s, const netpol_flow *flows)
{
    double *t = bench_alloc(s->n * sizeof *t);
    double tick = ns_of_a_tick();
    double nothing = empty();
    isolated r = {0, 0};
    for (size_t i = 0; i < s->n; i++) {
        volatile uint8_t there = flows[i].src_kind; /* the question itself is at hand */
        (void)there;
        uint64_t start = ticks();
        s->out[i] = netpol_engine_verdict(s->engine, &flows[i]);
        t[i] = ((double)(ticks() - start) - nothing) * tick;
    }
    qsort(t, s->n, sizeof *t, by_value);
    size_t most = s->n - s->n / 1000; /* without what the operating system does meanwhile */
    for (size_t i = 0; i < most; i++)
        r.mean += t[i] / (double)most;
    r.p99 = t[s->n - s->n / 100];
    free(t);
    return r;
}

#else

isolated isolated_calls(const subject *s, const netpol_flow *flows)
{
    (void)s;
    (void)flows;
    return (isolated){0, 0};
}

#endif
