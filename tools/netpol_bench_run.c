/* SPDX-License-Identifier: MIT */
#include "netpol_bench_run.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <yaml.h>

/* What is short is repeated for so long. */
#define SECONDS 0.2
#define ROUNDS 5

double bench_cpu(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double t[ROUNDS])
{
    qsort(t, ROUNDS, sizeof *t, by_value);
    return t[ROUNDS / 2];
}

static uint32_t below(uint64_t *state, size_t n)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15u; /* splitmix64 */
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    z ^= z >> 31;
    return (uint32_t)((z >> 32) * (uint64_t)n >> 32);
}

/* ---- reading ---- */

bool bench_texts_of(const netpol_manifests *m, bench_texts *out)
{
    size_t n = netpol_manifests_document_count(m);
    *out = (bench_texts){.at = calloc(n ? n : 1, sizeof *out->at)};
    for (size_t i = 0; out->at && i < n; i++) {
        const char *source = netpol_manifests_document_at(m, i)->source;
        bench_text *last = out->n ? &out->at[out->n - 1] : NULL;
        size_t bytes;
        const char *p = netpol_manifests_text(m, source, &bytes);
        if (p && bytes && !(last && last->p == p))
            out->at[out->n++] = (bench_text){source, p, bytes};
    }
    if (out->n)
        return true;
    free(out->at);
    return false;
}

static size_t all_bytes(const bench_texts *texts)
{
    size_t n = 0;
    for (size_t i = 0; i < texts->n; i++)
        n += texts->at[i].n;
    return n;
}

static bool parse(const bench_texts *texts, const netpol_options *options)
{
    netpol_manifests *m = NULL;
    netpol_status s = netpol_manifests_new(options, &m);
    for (size_t i = 0; s == NETPOL_OK && i < texts->n; i++)
        s = netpol_manifests_read_memory(m, texts->at[i].name, texts->at[i].p, texts->at[i].n,
                                         NULL);
    netpol_manifests_free(m);
    return s == NETPOL_OK || s == NETPOL_INVALID;
}

static bool run_events(const bench_text *t)
{
    yaml_parser_t parser;
    yaml_event_t event;
    bool end = false;
    bool ok = yaml_parser_initialize(&parser) != 0;
    if (!ok)
        return false;
    yaml_parser_set_input_string(&parser, (const unsigned char *)t->p, t->n);
    while (ok && !end) {
        ok = yaml_parser_parse(&parser, &event) != 0;
        end = ok && event.type == YAML_STREAM_END_EVENT;
        if (ok)
            yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return ok;
}

static bool all_events(const bench_texts *texts, const netpol_options *options)
{
    (void)options;
    for (size_t i = 0; i < texts->n; i++)
        if (!run_events(&texts->at[i]))
            return false;
    return true;
}

static double mb_s(const bench_texts *texts, const netpol_options *options,
                   bool (*once)(const bench_texts *texts, const netpol_options *options))
{
    double start = bench_cpu();
    double spent;
    size_t rounds = 0;
    do {
        if (!once(texts, options))
            return -1;
        rounds++;
        spent = bench_cpu() - start;
    } while (spent < SECONDS);
    return (double)all_bytes(texts) * (double)rounds / spent * 1e-6;
}

double bench_parse_mb_s(const bench_texts *texts, const netpol_options *options)
{
    return mb_s(texts, options, parse);
}

double bench_libyaml_mb_s(const bench_texts *texts)
{
    return mb_s(texts, NULL, all_events);
}

/* ---- flows ---- */

static const struct {
    uint8_t protocol;
    uint16_t port;
} ports[] = {{NETPOL_TCP, 80}, {NETPOL_TCP, 443}, {NETPOL_TCP, 8080}, {NETPOL_UDP, 53}};
#define N_PORTS (sizeof ports / sizeof *ports)

static void set_ip(uint8_t to[16], const uint8_t ip[4])
{
    memset(to, 0, 10);
    memset(to + 10, 0xff, 2);
    memcpy(to + 12, ip, 4);
}

/* 192.0.2.0/24 is nobody's (RFC 5737). */
static void set_outside(uint8_t to[16], uint64_t *state)
{
    const uint8_t ip[4] = {192, 0, 2, (uint8_t)below(state, 256)};
    set_ip(to, ip);
}

static void set_pod(uint8_t to[16], uint32_t pod)
{
    memset(to, 0, 16);
    memcpy(to, &pod, sizeof pod);
}

/* The addresses of the pods, as flows have them: 16 bytes each; NULL: none, or no memory. */
static uint8_t (*addresses(const netpol_engine *engine, const netpol_manifests *m, size_t *n))[16]
{
    size_t room = netpol_manifests_count(m);
    uint8_t(*list)[16] = calloc(room ? room : 1, sizeof *list);
    *n = 0;
    for (size_t i = 0; list && i < room; i++) {
        const netpol_pod *p = netpol_object_pod(netpol_manifests_at(m, i));
        netpol_flow f;
        if (!p || !p->status)
            continue;
        const char *ip = p->status->n_pod_ips ? p->status->pod_ips[0] : p->status->pod_ip;
        if (ip && netpol_flow_parse(engine, ip, ip, NULL, "80", &f, NULL) == NETPOL_OK &&
            f.src_kind == NETPOL_BY_ADDRESS)
            memcpy(list[(*n)++], f.src, sizeof f.src);
    }
    if (*n)
        return list;
    free(list);
    return NULL;
}

/* One side in ten is outside; `list` NULL: by number. */
static uint8_t set_side(uint8_t to[16], uint64_t *state, size_t n, uint8_t (*list)[16],
                        bool outside)
{
    uint32_t pod = below(state, n);
    if (outside)
        set_outside(to, state);
    else if (list)
        memcpy(to, list[pod], 16);
    else
        set_pod(to, pod);
    return outside || list ? NETPOL_BY_ADDRESS : NETPOL_BY_POD;
}

static void fill(netpol_flow *flows, size_t n, size_t n_pods, uint8_t (*list)[16])
{
    uint64_t state = 7;
    for (size_t i = 0; i < n; i++) {
        netpol_flow *f = &flows[i];
        uint32_t x = below(&state, 20);
        uint32_t port = below(&state, N_PORTS);
        f->src_kind = set_side(f->src, &state, n_pods, list, x == 0);
        f->dst_kind = set_side(f->dst, &state, n_pods, list, x == 1);
        f->protocol = ports[port].protocol;
        f->port = ports[port].port;
    }
}

bool bench_asked_make(bench_asked *f, const netpol_engine *engine, const netpol_manifests *m,
                      size_t n)
{
    size_t n_pods = netpol_engine_pod_count(engine);
    size_t n_ips;
    uint8_t(*list)[16] = addresses(engine, m, &n_ips);
    *f = (bench_asked){.n = n, .out = calloc(n, sizeof *f->out)};
    f->by_pod = n_pods ? calloc(n, sizeof *f->by_pod) : NULL;
    f->by_ip = list ? calloc(n, sizeof *f->by_ip) : NULL;
    if (f->by_pod)
        fill(f->by_pod, n, n_pods, NULL);
    if (f->by_ip)
        fill(f->by_ip, n, n_ips, list);
    bool ok = f->out && (f->by_pod || !n_pods) && (f->by_ip || !list);
    free(list);
    if (!ok)
        bench_asked_free(f);
    return ok;
}

void bench_asked_free(bench_asked *f)
{
    free(f->by_pod);
    free(f->by_ip);
    free(f->out);
    *f = (bench_asked){0};
}

/* ---- verdicts ---- */

static void one_by_one(const netpol_engine *engine, const netpol_flow *flows, const bench_asked *f)
{
    for (size_t i = 0; i < f->n; i++)
        f->out[i] = netpol_engine_verdict(engine, &flows[i]);
}

static void all_at_once(const netpol_engine *engine, const netpol_flow *flows, const bench_asked *f)
{
    netpol_engine_verdicts(engine, flows, f->n, f->out);
}

/* The median of some rounds, each as often as it takes to be measurable. */
static double ns(const netpol_engine *engine, const netpol_flow *flows, const bench_asked *f,
                 void (*judge)(const netpol_engine *, const netpol_flow *, const bench_asked *))
{
    double t[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        double start = bench_cpu();
        size_t times = 0;
        do {
            judge(engine, flows, f);
            times++;
            t[i] = bench_cpu() - start;
        } while (t[i] < SECONDS / ROUNDS);
        t[i] = t[i] / (double)times / (double)f->n * 1e9;
    }
    return median(t);
}

double bench_verdict_ns(const netpol_engine *engine, const netpol_flow *flows, const bench_asked *f)
{
    return ns(engine, flows, f, one_by_one);
}

double bench_batch_ns(const netpol_engine *engine, const netpol_flow *flows, const bench_asked *f)
{
    return ns(engine, flows, f, all_at_once);
}

/* ---- memory ---- */

typedef struct line {
    uint32_t next;
    char rest[60];
} line;

/* One cycle through all lines, in no order that a processor could guess. */
static void tie(line *at, uint32_t n)
{
    uint64_t state = 5;
    for (uint32_t i = 0; i < n; i++)
        at[i].next = i;
    for (uint32_t i = n - 1; i > 0; i--) {
        uint32_t k = below(&state, i);
        uint32_t swap = at[i].next;
        at[i].next = at[k].next;
        at[k].next = swap;
    }
}

double bench_dram_ns(void)
{
    enum { LINES = 1 << 22, STEPS = 1 << 20 };
    line *at = calloc(LINES, sizeof *at);
    if (!at)
        return -1;
    tie(at, LINES);
    volatile uint32_t last = 0;
    uint32_t i = last;
    double start = bench_cpu();
    for (int step = 0; step < STEPS; step++)
        i = at[i].next;
    double each = (bench_cpu() - start) / STEPS * 1e9;
    last = i;
    free(at);
    return each;
}

static void *resize(void *ctx, void *old, size_t old_size, size_t new_size, size_t align)
{
    bench_memory *m = ctx;
    (void)align; /* as malloc aligns */
    if (new_size == 0) {
        free(old);
        m->held -= old_size;
        return NULL;
    }
    void *p = realloc(old, new_size);
    if (p)
        m->held += new_size - old_size;
    return p;
}

void bench_memory_open(bench_memory *m)
{
    *m = (bench_memory){.allocator = {resize, m}};
}
