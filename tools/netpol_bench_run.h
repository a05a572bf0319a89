/* SPDX-License-Identifier: MIT */
/* bench_run owns the measuring of netpol bench: what is timed, and how often. It prints nothing. */
#ifndef NETPOL_BENCH_RUN_H
#define NETPOL_BENCH_RUN_H

#include <netpol.h>

/* Processor time of this thread in seconds. */
double bench_cpu(void);

/* ---- reading ---- */

typedef struct bench_text {
    const char *name;
    const char *p;
    size_t n;
} bench_text;

/* The texts of all files, each once; free(at). */
typedef struct bench_texts {
    bench_text *at;
    size_t n;
} bench_texts;

/* Of what was read with NETPOL_KEEP_TEXT. False: no memory, or nothing was read. */
bool bench_texts_of(const netpol_manifests *m, bench_texts *out);
/* Reads them again and again. */
double bench_parse_mb_s(const bench_texts *texts, const netpol_options *options);
/* The bare event loop of libyaml over the same bytes; negative: it refuses some. */
double bench_libyaml_mb_s(const bench_texts *texts);

/* ---- verdicts ---- */

typedef struct bench_asked {
    size_t n;
    netpol_flow *by_pod; /* NULL: there are no pods */
    netpol_flow *by_ip;  /* NULL: no pod has an address */
    netpol_verdict *out;
} bench_asked;

/* The same n flows every time. False: no memory, nothing made. */
bool bench_asked_make(bench_asked *f, const netpol_engine *engine, const netpol_manifests *m,
                      size_t n);
void bench_asked_free(bench_asked *f);
/* ns a verdict, one by one, and in a batch. */
double bench_verdict_ns(const netpol_engine *engine, const netpol_flow *flows,
                        const bench_asked *f);
double bench_batch_ns(const netpol_engine *engine, const netpol_flow *flows, const bench_asked *f);

/* ---- memory ---- */

/* One read that depends on the one before, from memory that no cache holds; negative: no memory. */
double bench_dram_ns(void);

/* An allocator that counts. */
typedef struct bench_memory {
    netpol_allocator allocator;
    size_t held;
} bench_memory;
void bench_memory_open(bench_memory *m);

#endif
