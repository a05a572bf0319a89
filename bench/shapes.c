/* SPDX-License-Identifier: MIT */
/* Clusters that are meant to be hard, beside the usual one. */
#include "parts.h"

#include <stdio.h>

static const struct {
    const char *name;
    bench_size size;
    bench_shape shape;
} rows[] = {
    {"every namespace has app names of its own", {"", 100000, 10000, 1000}, {.own_names = true}},
    {"every pod has a label of its own, which 500 policies select by",
     {"", 100000, 10000, 1000},
     {.unique_labels = true}},
    {"10,000 selectors of pods in any namespace, each by a label of one pod",
     {"", 100000, 10000, 1000},
     {.broad_names = true}},
    {"every policy opens a port of its own", {"", 100000, 10000, 1000}, {.own_ports = true}},
    {"500 policies with 3,000 blocks each", {"", 100000, 10000, 1000}, {.cidrs = 3000}},
    {"64 policies a namespace", {"", 100000, 64000, 1000}, {0}},
    {"100 policies a namespace", {"", 100000, 10000, 100}, {0}},
    {"500 policies a namespace", {"", 100000, 10000, 20}, {0}},
    {"one namespace", {"", 100000, 10000, 1}, {0}},
    {"dual stack", {"", 100000, 10000, 1000}, {.dual_stack = true}},
};

/* The usual cluster is measured again beside each, so that both see the same machine. */
void bench_shapes(void)
{
    static const bench_size size = {"", 100000, 10000, 1000};
    enum { FLOWS = 200000 };
    subject usual;
    subject_make(&usual, &size, NULL, FLOWS);
    double bytes = subject_rules(&usual) + subject_addresses(&usual);
    printf("| 100k pods | compile ms | bytes a pod | times the usual | by address ns | "
           "times the usual |\n|---|---|---|---|---|---|\n");
    printf("| the usual | %.0f | %.1f | 1.00 | %.0f | 1.00 |\n", usual.compile_s * 1e3,
           bytes / size.pods, single_calls(&usual, usual.flows));
    for (size_t i = 0; i < COUNT(rows); i++) {
        subject s;
        subject_make(&s, &rows[i].size, &rows[i].shape, FLOWS);
        double own = subject_rules(&s) + subject_addresses(&s);
        double ratio[ROUNDS];
        double ns[ROUNDS];
        for (int round = 0; round < ROUNDS; round++) {
            ns[round] = single_calls(&s, s.flows);
            ratio[round] = ns[round] / single_calls(&usual, usual.flows);
        }
        printf("| %s | %.0f | %.1f | %.2f | %.0f | %.2f |\n", rows[i].name, s.compile_s * 1e3,
               own / rows[i].size.pods, own / bytes, median(ns, ROUNDS), median(ratio, ROUNDS));
        fflush(stdout);
        subject_free(&s);
    }
    subject_free(&usual);
}
