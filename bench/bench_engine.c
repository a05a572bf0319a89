/* SPDX-License-Identifier: MIT */
/* Measures the engine on clusters made in memory, and prints tables for docs/performance.md.
 *
 *   bench run [SIZE…]               time and memory; SIZE is 1k, 10k, 100k, 1m, or
 *                                  PODS/POLICIES/NAMESPACES
 *   bench shapes                    clusters that are meant to be hard
 *   bench updates [SIZE…]           what changes cost
 *   bench changes KIND PODS POLICIES N  N changes of a kind and nothing else, for callgrind
 *   bench verdicts SIZE N           N verdicts and nothing else, for callgrind
 *   bench compare SIZE DIR PEER     the same cluster and flows, in turn with another engine
 */
#include "parts.h"
#include "scan.h"

#include "netpol_bench_run.h"

#include "netpol/live.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Under callgrind only the verdicts are followed: valgrind --instr-atstart=no */
#if defined(__has_include)
#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#endif
#endif
#ifndef CALLGRIND_START_INSTRUMENTATION
#define CALLGRIND_START_INSTRUMENTATION
#endif

void bench_follow(void)
{
    CALLGRIND_START_INSTRUMENTATION;
}

const bench_size bench_sizes[4] = {
    {"1k", 1000, 100, 20},
    {"10k", 10000, 1000, 100},
    {"100k", 100000, 10000, 1000},
    {"1m", 1000000, 50000, 5000},
};

const bench_size *bench_size_of(const char *name)
{
    for (size_t i = 0; i < COUNT(bench_sizes); i++)
        if (strcmp(bench_sizes[i].name, name) == 0)
            return &bench_sizes[i];
    static bench_size other;
    other.name = name;
    expect(sscanf(name, "%u/%u/%u", &other.pods, &other.policies, &other.namespaces) == 3,
           "a size is 1k, 10k, 100k, 1m or PODS/POLICIES/NAMESPACES");
    return &other;
}

/* ---- beside slower ways ---- */

/* ns a verdict of the first program that one would write. Its answers must be ours. */
static double scanned(const subject *s, const bench_scan *scan, size_t n, bool index)
{
    size_t differ = 0;
    double start = bench_cpu();
    for (size_t i = 0; i < n; i++)
        differ += bench_scan_allows(scan, &s->flows[i], s->pods[i], index) !=
                  netpol_engine_verdict(s->engine, &s->flows[i]).allowed;
    double each = (bench_cpu() - start) / (double)n * 1e9;
    expect(differ == 0, "the scan and the engine differ");
    return each;
}

static double by_reference(const subject *s, size_t n)
{
    netpol_engine *e = NULL;
    expect(netpol_cluster_compile(s->w.cluster, NETPOL_ENGINE_REFERENCE, &e, NULL) == NETPOL_OK,
           "reference");
    size_t differ = 0;
    double start = bench_cpu();
    for (size_t i = 0; i < n; i++)
        s->out[i] = netpol_engine_verdict(e, &s->flows[i]);
    double each = (bench_cpu() - start) / (double)n * 1e9;
    for (size_t i = 0; i < n; i++) {
        netpol_verdict b = netpol_engine_verdict(s->engine, &s->flows[i]);
        differ += memcmp(&s->out[i], &b, sizeof b) != 0;
    }
    netpol_engine_unref(e);
    expect(differ == 0, "the reference and the engine differ");
    return each;
}

/* ---- several threads ---- */

typedef struct reading {
    const subject *s;
    netpol_live *live;
    _Atomic bool *stop;
    double ns;
    uint64_t verdicts;
} reading;

static void *read_flows(void *p)
{
    reading *r = p;
    netpol_reader *reader = NULL;
    expect(netpol_reader_new(r->live, &reader) == NETPOL_OK, "reader");
    double start = bench_cpu();
    while (!atomic_load_explicit(r->stop, memory_order_relaxed)) {
        const netpol_engine *e = netpol_reader_enter(reader);
        for (size_t i = 0; i < 1000; i++) {
            netpol_verdict v = netpol_engine_verdict(e, &r->s->flows[(r->verdicts + i) % r->s->n]);
            r->verdicts += v.reserved;
        }
        r->verdicts += 1000;
        netpol_reader_leave(reader);
    }
    r->ns = (bench_cpu() - start) / (double)r->verdicts * 1e9;
    netpol_reader_free(reader);
    return NULL;
}

static void publish_another(subject *s, netpol_live *live, uint64_t *state)
{
    netpol_engine *next = NULL;
    netpol_object *x = bench_policy(&s->w, bench_below(state, s->w.size.policies), state);
    expect(netpol_cluster_put(s->w.cluster, x, NULL) == NETPOL_OK, "put");
    netpol_object_unref(x);
    expect(netpol_cluster_compile(s->w.cluster, NETPOL_ENGINE_COMPILED, &next, NULL) == NETPOL_OK,
           "compile");
    expect(netpol_live_publish(live, next) == NETPOL_OK, "publish");
    netpol_engine_unref(next);
}

/* ns a verdict of each of n threads, with or without a writer that changes one policy after
 * another. */
static double threads(subject *s, int n, bool writer)
{
    _Atomic bool stop;
    atomic_init(&stop, false);
    netpol_live *live = NULL;
    expect(netpol_live_new(s->engine, NULL, &live) == NETPOL_OK, "live");
    pthread_t t[8];
    reading r[8];
    for (int i = 0; i < n; i++) {
        r[i] = (reading){.s = s, .live = live, .stop = &stop};
        expect(pthread_create(&t[i], NULL, read_flows, &r[i]) == 0, "thread");
    }
    struct timespec pause = {0, 2000000};
    uint64_t state = 3;
    for (int i = 0; i < 250; i++) {
        nanosleep(&pause, NULL);
        if (writer)
            publish_another(s, live, &state);
    }
    atomic_store(&stop, true);
    double sum = 0;
    for (int i = 0; i < n; i++) {
        pthread_join(t[i], NULL);
        sum += r[i].ns;
    }
    netpol_live_free(live);
    return sum / n;
}

/* ---- the tables ---- */

/* What is measured of one size. */
typedef struct figures {
    const bench_size *size;
    double dram; /* beside this size */
    double whole_s;
    double compile_s;
    double rules;
    double addresses;
    double by_ip;
    double by_pod;
    double zipf;
    double batch;
    double batch_times;
    double zipf_batch_times;
    isolated uniform;
    isolated hot;
    double alone;
    double two;
    double busy;
    double kinds[BENCH_KINDS];
    double reference;
    double scan;
    double indexed;
} figures;

static void measure_verdicts(subject *s, figures *f)
{
    double ignored;
    f->by_ip = single_calls(s, s->flows);
    f->by_pod = single_calls(s, s->by_pod);
    f->batch_times = batch_ratio(s, s->flows, &f->batch);
    f->uniform = isolated_calls(s, s->flows);
    bench_flows(&s->w, s->flows, s->n, true, 9, NULL);
    f->zipf = single_calls(s, s->flows);
    f->zipf_batch_times = batch_ratio(s, s->flows, &ignored);
    f->hot = isolated_calls(s, s->flows);
    for (int kind = 0; kind < BENCH_KINDS; kind++) {
        bench_flows(&s->w, s->flows, s->n, false, 7, s->pods);
        bench_turn_flows(&s->w, s->flows, s->n, s->pods, kind);
        f->kinds[kind] = single_calls(s, s->flows);
        (void)by_reference(s, 500);
    }
    bench_flows(&s->w, s->flows, s->n, false, 7, s->pods);
}

static void measure_others(subject *s, figures *f)
{
    bench_scan *scan = bench_scan_make(&s->w);
    f->scan = scanned(s, scan, s->w.size.pods > 100000 ? 50 : 300, false);
    f->indexed = scanned(s, scan, 5000, true);
    bench_scan_free(scan);
    f->reference = by_reference(s, 2000);
}

static figures measure(const bench_size *size)
{
    subject s;
    figures f = {.size = size, .dram = bench_dram_ns()};
    subject_make(&s, size, NULL, size->pods >= 1000000 ? 1000000 : 200000);
    f.whole_s = s.whole_s;
    f.compile_s = s.compile_s;
    f.rules = subject_rules(&s) / size->pods;
    f.addresses = subject_addresses(&s) / size->pods;
    measure_verdicts(&s, &f);
    measure_others(&s, &f);
    f.alone = threads(&s, 1, false);
    f.two = threads(&s, 2, false);
    f.busy = threads(&s, 1, true);
    subject_free(&s);
    return f;
}

static void print_verdicts(const figures *f, size_t n)
{
    puts("| pods | policies | R ns | snapshot ms | compile ms (R a pod) | bytes a pod: rules + "
         "addresses | "
         "by pod ns | by address ns (R) | one by one: mean, p99 in R | zipf ns | "
         "one by one: mean, p99 in R | batch ns | times single calls | zipf |\n"
         "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|");
    for (size_t i = 0; i < n; i++, f++)
        printf("| %s | %u | %.0f | %.0f | %.0f (%.1f) | %.0f + %.0f | %.0f | %.0f (%.2f) | %.1f, "
               "%.1f | "
               "%.0f | %.1f, %.1f | %.0f | %.2f | %.2f |\n",
               f->size->name, f->size->policies, f->dram, (f->whole_s - f->compile_s) * 1e3,
               f->compile_s * 1e3, f->compile_s * 1e9 / f->size->pods / f->dram, f->rules,
               f->addresses, f->by_pod, f->by_ip, f->by_ip / f->dram, f->uniform.mean / f->dram,
               f->uniform.p99 / f->dram, f->zipf, f->hot.mean / f->dram, f->hot.p99 / f->dram,
               f->batch, f->batch_times, f->zipf_batch_times);
}

static void print_others(const figures *f, size_t n)
{
    puts("\n| pods | from a node ns | from the pod's own node | to a node | ICMP | from outside | "
         "reference ns | times | scan by namespace | scan of all policies |\n"
         "|---|---|---|---|---|---|---|---|---|---|");
    for (size_t i = 0; i < n; i++) {
        printf("| %s |", f[i].size->name);
        for (int kind = 0; kind < BENCH_KINDS; kind++)
            printf(" %.0f |", f[i].kinds[kind]);
        printf(" %.0f | %.0fx | %.0fx | %.0fx |\n", f[i].reference, f[i].reference / f[i].by_ip,
               f[i].indexed / f[i].by_ip, f[i].scan / f[i].by_ip);
    }
    puts("\n| pods | 1 reader ns | 2 readers, ns each | 1 reader beside a writer ns |\n"
         "|---|---|---|---|");
    for (size_t i = 0; i < n; i++)
        printf("| %s | %.0f | %.0f | %.0f |\n", f[i].size->name, f[i].alone, f[i].two, f[i].busy);
}

static void run(int n, char **names)
{
    figures f[8];
    size_t sizes = 0;
    for (size_t i = 0; n == 0 && i < COUNT(bench_sizes); i++)
        f[sizes++] = measure(&bench_sizes[i]);
    for (int i = 0; i < n && sizes < COUNT(f); i++)
        f[sizes++] = measure(bench_size_of(names[i]));
    print_verdicts(f, sizes);
    print_others(f, sizes);
}

static void verdicts(const char *name, size_t n)
{
    subject s;
    subject_make(&s, bench_size_of(name), NULL, n);
    CALLGRIND_START_INSTRUMENTATION;
    for (size_t i = 0; i < n; i++)
        s.out[i] = netpol_engine_verdict(s.engine, &s.flows[i]);
    subject_free(&s);
}

int main(int n, char **words)
{
    if (n >= 2 && strcmp(words[1], "run") == 0)
        run(n - 2, words + 2);
    else if (n == 2 && strcmp(words[1], "shapes") == 0)
        bench_shapes();
    else if (n >= 2 && strcmp(words[1], "updates") == 0)
        bench_updates(n - 2, words + 2);
    else if (n == 6 && strcmp(words[1], "changes") == 0)
        bench_changes(words[2], (uint32_t)atol(words[3]), (uint32_t)atol(words[4]), atoi(words[5]));
    else if (n == 4 && strcmp(words[1], "verdicts") == 0)
        verdicts(words[2], (size_t)atol(words[3]));
    else if (n == 5 && strcmp(words[1], "compare") == 0)
        bench_compare(words[2], words[3], words[4]);
    else {
        fprintf(stderr, "usage: bench run|updates [SIZE…] | shapes | verdicts SIZE N | "
                        "compare SIZE DIR PEER\n");
        return 3;
    }
    return 0;
}
