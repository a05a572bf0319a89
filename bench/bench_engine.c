/* SPDX-License-Identifier: MIT */
/* Measures the engine on clusters made in memory, and prints tables for docs/performance.md.
 *
 *   bench run [SIZE…]               time and memory; SIZE is 1k, 10k, 100k or 1m
 *   bench shapes                    clusters that are meant to be hard
 *   bench updates [SIZE…]           what a change of one policy costs
 *   bench verdicts SIZE N           N verdicts and nothing else, for callgrind
 *   bench compare SIZE DIR PEER     the same cluster and flows, in turn with another engine
 */
#include "compile.h"
#include "engine.h"
#include "scan.h"

#include "netpol/live.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static const bench_size sizes[] = {
    {"1k", 1000, 100, 20},
    {"10k", 10000, 1000, 100},
    {"100k", 100000, 10000, 1000},
    {"1m", 1000000, 50000, 5000},
};

static const bench_size *size_of(const char *name)
{
    for (size_t i = 0; i < COUNT(sizes); i++)
        if (strcmp(sizes[i].name, name) == 0)
            return &sizes[i];
    fprintf(stderr, "bench: no size %s\n", name);
    exit(3);
}

/* ---- time ---- */

static double cpu(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double median(double *t, size_t n)
{
    qsort(t, n, sizeof *t, by_value);
    return t[n / 2];
}

/* One read that depends on the one before, from memory that no cache holds. */
static double dram_read(void)
{
    enum { LINES = 1 << 22, STEPS = 1 << 20 };
    typedef struct line {
        uint32_t next;
        char rest[60];
    } line;
    line *at = bench_alloc((size_t)LINES * sizeof *at);
    uint64_t state = 5;
    for (uint32_t i = 0; i < LINES; i++)
        at[i].next = i;
    for (uint32_t i = LINES - 1; i > 0; i--) { /* one cycle through all lines */
        uint32_t k = bench_below(&state, i);
        uint32_t swap = at[i].next;
        at[i].next = at[k].next;
        at[k].next = swap;
    }
    uint32_t i = 0;
    double start = cpu();
    for (int step = 0; step < STEPS; step++)
        i = at[i].next;
    double each = (cpu() - start) / STEPS;
    volatile uint32_t sink = i;
    (void)sink;
    free(at);
    return each * 1e9;
}

/* ---- one cluster ---- */

typedef struct subject {
    bench_workload w;
    netpol_engine *engine;
    netpol_flow *flows;
    netpol_flow *by_pod;
    uint32_t (*pods)[2];
    netpol_verdict *out;
    size_t n;
    double objects_s;
    double picture_s;
    double compile_s;
} subject;

static void expect(bool ok, const char *what)
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

static void prepare(subject *s, const bench_size *size, const bench_shape *shape, size_t n)
{
    memset(s, 0, sizeof *s);
    double start = cpu();
    bench_workload_make(&s->w, size, shape);
    s->objects_s = cpu() - start;
    start = cpu();
    np_snapshot *picture = NULL;
    expect(np_snapshot_make(s->w.cluster, &picture, NULL) == NETPOL_OK, "snapshot");
    s->picture_s = cpu() - start;
    np_snapshot_free(picture);
    start = cpu();
    expect(netpol_cluster_compile(s->w.cluster, NETPOL_ENGINE_COMPILED, &s->engine, NULL) ==
               NETPOL_OK,
           "compile");
    s->compile_s = cpu() - start - s->picture_s;
    s->n = n;
    s->flows = bench_alloc(n * sizeof *s->flows);
    s->by_pod = bench_alloc(n * sizeof *s->by_pod);
    s->pods = bench_alloc(n * sizeof *s->pods);
    s->out = bench_alloc(n * sizeof *s->out);
    bench_flows(&s->w, s->flows, n, false, 7, s->pods);
    name_pods(s);
}

static void finish(subject *s)
{
    netpol_engine_unref(s->engine);
    bench_workload_free(&s->w);
    free(s->flows);
    free(s->by_pod);
    free(s->pods);
    free(s->out);
}

enum { ROUNDS = 5 };

static double single_calls(const subject *s, const netpol_flow *flows)
{
    double t[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        double start = cpu();
        for (size_t i = 0; i < s->n; i++)
            s->out[i] = netpol_engine_verdict(s->engine, &flows[i]);
        t[round] = (cpu() - start) / (double)s->n * 1e9;
    }
    return median(t, ROUNDS);
}

static double one_batch(const subject *s, const netpol_flow *flows)
{
    double t[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        double start = cpu();
        netpol_engine_verdicts(s->engine, flows, s->n, s->out);
        t[round] = (cpu() - start) / (double)s->n * 1e9;
    }
    return median(t, ROUNDS);
}

/* Compares with the first program that one would write; how much slower it is comes back in ns. */
static double scanned(const subject *s, size_t n)
{
    bench_scan *scan = bench_scan_make(&s->w);
    size_t differ = 0;
    double start = cpu();
    for (size_t i = 0; i < n; i++)
        differ += bench_scan_allows(scan, &s->flows[i], s->pods[i]) !=
                  netpol_engine_verdict(s->engine, &s->flows[i]).allowed;
    double each = (cpu() - start) / (double)n * 1e9;
    bench_scan_free(scan);
    expect(differ == 0, "the scan and the engine differ");
    return each;
}

static double by_reference(const subject *s, size_t n)
{
    netpol_engine *e = NULL;
    expect(netpol_cluster_compile(s->w.cluster, NETPOL_ENGINE_REFERENCE, &e, NULL) == NETPOL_OK,
           "reference");
    size_t differ = 0;
    double start = cpu();
    for (size_t i = 0; i < n; i++) {
        netpol_verdict a = netpol_engine_verdict(e, &s->flows[i]);
        s->out[i] = a;
    }
    double each = (cpu() - start) / (double)n * 1e9;
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
    double start = cpu();
    while (!atomic_load_explicit(r->stop, memory_order_relaxed)) {
        const netpol_engine *e = netpol_reader_enter(reader);
        for (size_t i = 0; i < 1000; i++) {
            netpol_verdict v = netpol_engine_verdict(e, &r->s->flows[(r->verdicts + i) % r->s->n]);
            r->verdicts += v.reserved;
        }
        r->verdicts += 1000;
        netpol_reader_leave(reader);
    }
    r->ns = (cpu() - start) / (double)r->verdicts * 1e9;
    netpol_reader_free(reader);
    return NULL;
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
        if (!writer)
            continue;
        netpol_engine *next = NULL;
        netpol_object *x = bench_policy(&s->w, bench_below(&state, s->w.size.policies), &state);
        expect(netpol_cluster_put(s->w.cluster, x, NULL) == NETPOL_OK, "put");
        netpol_object_unref(x);
        expect(netpol_cluster_compile(s->w.cluster, NETPOL_ENGINE_COMPILED, &next, NULL) ==
                   NETPOL_OK,
               "compile");
        expect(netpol_live_publish(live, next) == NETPOL_OK, "publish");
        netpol_engine_unref(next);
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

static void run_size(const bench_size *size, double r)
{
    subject s;
    size_t n = size->pods >= 1000000 ? 1000000 : 200000;
    prepare(&s, size, NULL, n);
    double bytes = (double)np_program_bytes(s.engine->program);
    double ip = (double)s.engine->program->ip4.bytes;
    double by_ip = single_calls(&s, s.flows);
    double by_pod = single_calls(&s, s.by_pod);
    double batch = one_batch(&s, s.flows);
    double reference = by_reference(&s, 2000);
    double scan = scanned(&s, size->pods > 100000 ? 50 : 300);
    bench_flows(&s.w, s.flows, n, true, 9, NULL);
    double zipf = single_calls(&s, s.flows);
    double alone = threads(&s, 1, false);
    double two = threads(&s, 2, false);
    double busy = threads(&s, 1, true);
    printf("| %s | %u | %.0f | %.0f | %.1f + %.1f | %.0f (%.2f R) | %.0f | %.0f | %.0f | %.0f | "
           "%.0f | %.0f | %.0f | %.0fx | %.0fx |\n",
           size->name, size->policies, s.picture_s * 1e3, s.compile_s * 1e3,
           (bytes - ip) / size->pods, ip / size->pods, by_ip, by_ip / r, by_pod, zipf, batch, alone,
           two, busy, reference, reference / by_ip, scan / by_ip);
    fflush(stdout);
    finish(&s);
}

static void run(int n, char **names)
{
    double r = dram_read();
    printf("R, one dependent read from memory: %.0f ns\n\n", r);
    printf("| pods | policies | picture ms | compile ms | bytes a pod: rules + addresses | "
           "by address ns | by pod ns | zipf ns | batch ns | 1 reader ns | 2 readers ns each | "
           "1 reader beside a writer ns | reference ns | reference / engine | scan / engine |\n");
    printf("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; n == 0 && i < COUNT(sizes); i++)
        run_size(&sizes[i], r);
    for (int i = 0; i < n; i++)
        run_size(size_of(names[i]), r);
}

static void shapes(void)
{
    static const struct {
        const char *name;
        bench_size size;
        bench_shape shape;
    } rows[] = {
        {"the usual", {"", 100000, 10000, 1000}, {0}},
        {"every namespace has app names of its own",
         {"", 100000, 10000, 1000},
         {.own_names = true}},
        {"every pod has a label of its own, which 500 policies select by",
         {"", 100000, 10000, 1000},
         {.unique_labels = true}},
        {"every policy opens a port of its own", {"", 100000, 10000, 1000}, {.own_ports = true}},
        {"500 policies with 3,000 blocks each", {"", 100000, 10000, 1000}, {.cidrs = 3000}},
        {"64 policies a namespace", {"", 100000, 64000, 1000}, {0}},
        {"100 policies a namespace", {"", 100000, 10000, 100}, {0}},
        {"500 policies a namespace", {"", 100000, 10000, 20}, {0}},
        {"one namespace", {"", 100000, 10000, 1}, {0}},
        {"dual stack", {"", 100000, 10000, 1000}, {.dual_stack = true}},
    };
    printf("| 100k pods | compile ms | bytes a pod | by address ns | times the usual |\n"
           "|---|---|---|---|---|\n");
    double usual = 0;
    for (size_t i = 0; i < COUNT(rows); i++) {
        subject s;
        prepare(&s, &rows[i].size, &rows[i].shape, 200000);
        double ns = single_calls(&s, s.flows);
        usual = i == 0 ? ns : usual;
        printf("| %s | %.0f | %.1f | %.0f | %.2f |\n", rows[i].name, s.compile_s * 1e3,
               (double)np_program_bytes(s.engine->program) / rows[i].size.pods, ns, ns / usual);
        fflush(stdout);
        finish(&s);
    }
}

static double update_policies(bench_workload *w, int n)
{
    netpol_engine *e = NULL;
    expect(netpol_cluster_compile(w->cluster, NETPOL_ENGINE_COMPILED, &e, NULL) == NETPOL_OK,
           "compile");
    double *t = bench_alloc((size_t)n * sizeof *t);
    uint64_t state = 11;
    for (int i = 0; i < n; i++) {
        netpol_engine *next = NULL;
        netpol_object *x = bench_policy(w, bench_below(&state, w->size.policies), &state);
        double start = cpu();
        expect(netpol_cluster_put(w->cluster, x, NULL) == NETPOL_OK &&
                   netpol_cluster_compile(w->cluster, NETPOL_ENGINE_COMPILED, &next, NULL) ==
                       NETPOL_OK,
               "update");
        netpol_engine_unref(e);
        t[i] = (cpu() - start) * 1e6;
        e = next;
        netpol_object_unref(x);
    }
    netpol_engine_unref(e);
    double m = median(t, (size_t)n);
    free(t);
    return m;
}

static void updates(int n, char **names)
{
    static const bench_size fixed[] = {
        {"1k", 1000, 10000, 1000}, {"10k", 10000, 10000, 1000}, {"100k", 100000, 10000, 1000}};
    printf("| pods | policies | namespaces | one policy changed and compiled, us "
           "|\n|---|---|---|---|\n");
    for (int i = 0; i < (n ? n : (int)COUNT(fixed)); i++) {
        bench_workload w;
        bench_workload_make(&w, n ? size_of(names[i]) : &fixed[i], NULL);
        printf("| %s | %u | %u | %.0f |\n", w.size.name, w.size.policies, w.size.namespaces,
               update_policies(&w, 300));
        fflush(stdout);
        bench_workload_free(&w);
    }
}

static void verdicts(const char *name, size_t n)
{
    subject s;
    prepare(&s, size_of(name), NULL, n);
    for (size_t i = 0; i < n; i++)
        s.out[i] = netpol_engine_verdict(s.engine, &s.flows[i]);
    finish(&s);
}

/* ---- beside another engine ---- */

static netpol_status to_file(void *ctx, const char *p, size_t n)
{
    return fwrite(p, 1, n, ctx) == n ? NETPOL_OK : NETPOL_IO;
}

static FILE *open_in(const char *folder, const char *name)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    expect(f != NULL, path);
    return f;
}

static void write_policy(FILE *f, netpol_object *x)
{
    netpol_sink sink = {to_file, f};
    expect(netpol_object_write(x, NETPOL_FORMAT_JSON, 0, &sink) == NETPOL_OK, "write");
    fputc('\n', f);
    netpol_object_unref(x);
}

static void write_meta(FILE *f, const char *kind, const netpol_metadata *m)
{
    fprintf(f, "{\"apiVersion\":\"v1\",\"kind\":\"%s\",\"metadata\":{\"name\":\"%s\"", kind,
            m->name);
    if (m->namespace_name)
        fprintf(f, ",\"namespace\":\"%s\"", m->namespace_name);
    fputs(",\"labels\":{", f);
    for (size_t i = 0; i < m->n_labels; i++)
        fprintf(f, "%s\"%s\":\"%s\"", i ? "," : "", m->labels[i].key, m->labels[i].value);
    fputs("}}", f);
}

static void write_namespace(FILE *f, netpol_object *x)
{
    write_meta(f, "Namespace", netpol_object_metadata(x));
    fputs("}\n", f);
    netpol_object_unref(x);
}

static void write_pod(FILE *f, netpol_object *x)
{
    const netpol_pod *p = netpol_object_pod(x);
    const netpol_container *c = p->spec->containers[0];
    write_meta(f, "Pod", p->metadata);
    fprintf(f, ",\"spec\":{\"nodeName\":\"%s\",\"containers\":[{\"name\":\"%s\",\"ports\":[",
            p->spec->node_name, c->name);
    for (size_t i = 0; i < c->n_ports; i++)
        fprintf(f, "%s{\"name\":\"%s\",\"containerPort\":%d,\"protocol\":\"TCP\"}", i ? "," : "",
                c->ports[i]->name, (int)c->ports[i]->container_port);
    fprintf(
        f,
        "]}]},\"status\":{\"phase\":\"Running\",\"podIP\":\"%s\",\"podIPs\":[{\"ip\":\"%s\"}]}}\n",
        p->status->pod_ips[0], p->status->pod_ips[0]);
    netpol_object_unref(x);
}

/* objects.json: one object after the other. flows.txt: addresses, protocol, port, our verdict. */
static void export(const subject *s, const char *folder, size_t n)
{
    FILE *f = open_in(folder, "objects.json");
    for (uint32_t i = 0; i < s->w.size.namespaces; i++)
        write_namespace(f, bench_namespace(i));
    for (uint32_t a = 0; a < s->w.n_apps; a++)
        for (uint32_t k = 0; k < s->w.apps[a].n_pods; k++)
            if (s->w.apps[a].first_pod + k < s->w.size.pods)
                write_pod(f, bench_pod(&s->w, a, s->w.apps[a].first_pod + k));
    uint64_t state = s->w.policy_seed;
    for (uint32_t i = 0; i < s->w.size.policies; i++)
        write_policy(f, bench_policy(&s->w, i, &state));
    fclose(f);
    f = open_in(folder, "flows.txt");
    for (size_t i = 0; i < n; i++) {
        const netpol_flow *q = &s->flows[i];
        netpol_verdict v = netpol_engine_verdict(s->engine, q);
        fprintf(f, "%u.%u.%u.%u %u.%u.%u.%u %s %u %d\n", q->src[12], q->src[13], q->src[14],
                q->src[15], q->dst[12], q->dst[13], q->dst[14], q->dst[15],
                q->protocol == NETPOL_UDP ? "UDP" : "TCP", q->port, v.allowed);
    }
    fclose(f);
}

typedef struct peer {
    FILE *ask;
    FILE *answer;
} peer;

static peer start_peer(const char *program, const char *folder)
{
    int to[2];
    int from[2];
    expect(pipe(to) == 0 && pipe(from) == 0, "pipe");
    if (fork() == 0) {
        dup2(to[0], 0);
        dup2(from[1], 1);
        close(to[1]);
        close(from[0]);
        execl(program, program, folder, (char *)NULL);
        _exit(127);
    }
    close(to[0]);
    close(from[1]);
    return (peer){fdopen(to[1], "w"), fdopen(from[0], "r")};
}

/* The two engines take turns over the same flows; medians of both. */
static void compare(const char *name, const char *folder, const char *program)
{
    enum { FLOWS = 20000 };
    subject s;
    prepare(&s, size_of(name), NULL, FLOWS);
    export(&s, folder, FLOWS);
    peer p = start_peer(program, folder);
    double ours[ROUNDS];
    double theirs[ROUNDS];
    unsigned differ = 0;
    for (int round = 0; round < ROUNDS; round++) {
        fputs("go\n", p.ask);
        fflush(p.ask);
        expect(fscanf(p.answer, "%lf %u", &theirs[round], &differ) == 2, "the peer gave no answer");
        double start = cpu();
        for (size_t i = 0; i < s.n; i++)
            s.out[i] = netpol_engine_verdict(s.engine, &s.flows[i]);
        ours[round] = (cpu() - start) / FLOWS * 1e9;
    }
    fclose(p.ask);
    fclose(p.answer);
    double a = median(ours, ROUNDS);
    double b = median(theirs, ROUNDS);
    printf("| %s | %u | %.0f | %.0f | %.0fx | %u |\n", name, s.w.size.policies, a, b, b / a,
           differ);
    finish(&s);
}

int main(int n, char **words)
{
    if (n >= 2 && strcmp(words[1], "run") == 0)
        run(n - 2, words + 2);
    else if (n == 2 && strcmp(words[1], "shapes") == 0)
        shapes();
    else if (n >= 2 && strcmp(words[1], "updates") == 0)
        updates(n - 2, words + 2);
    else if (n == 4 && strcmp(words[1], "verdicts") == 0)
        verdicts(words[2], (size_t)atol(words[3]));
    else if (n == 5 && strcmp(words[1], "compare") == 0)
        compare(words[2], words[3], words[4]);
    else {
        fprintf(stderr, "usage: bench run|updates [SIZE…] | shapes | verdicts SIZE N | "
                        "compare SIZE DIR PEER\n");
        return 3;
    }
    return 0;
}
