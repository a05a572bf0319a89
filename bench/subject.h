/* SPDX-License-Identifier: MIT */
/* subject owns one cluster being measured: its engine, flows about it, and how long they take. */
#ifndef BENCH_SUBJECT_H
#define BENCH_SUBJECT_H

#include "workload.h"

#include <stdbool.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

typedef struct subject {
    bench_workload w;
    netpol_engine *engine;
    netpol_flow *flows;  /* by addresses */
    netpol_flow *by_pod; /* the same by numbers of pods */
    uint32_t (*pods)[2];
    netpol_verdict *out;
    size_t n;
    double whole_s;   /* from objects to engine */
    double compile_s; /* of that, what comes after the snapshot */
} subject;

/* Ends the program with a message unless ok. */
void expect(bool ok, const char *what);

void subject_make(subject *s, const bench_size *size, const bench_shape *shape, size_t n);
void subject_free(subject *s);
/* Bytes of rules and of the table of addresses. */
double subject_rules(const subject *s);
double subject_addresses(const subject *s);

enum { ROUNDS = 5 };
double median(double *t, size_t n);

/* ns a verdict; medians of ROUNDS. */
double single_calls(const subject *s, const netpol_flow *flows);
/* The same, and how many times as fast a batch is: both take turns. */
double batch_ratio(const subject *s, const netpol_flow *flows, double *batch_ns);

/* One call at a time, nothing of which overlaps with the next. Zero where the processor has no
 * clock that is fine enough. */
typedef struct isolated {
    double mean;
    double p99;
} isolated;
isolated isolated_calls(const subject *s, const netpol_flow *flows);

#endif
