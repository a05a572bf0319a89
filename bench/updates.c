/* SPDX-License-Identifier: MIT */
/* What changes cost. */
#include "parts.h"

#include "netpol_bench_run.h"

#include <stdio.h>
#include <stdlib.h>

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
        double start = bench_cpu();
        expect(netpol_cluster_put(w->cluster, x, NULL) == NETPOL_OK &&
                   netpol_cluster_compile(w->cluster, NETPOL_ENGINE_COMPILED, &next, NULL) ==
                       NETPOL_OK,
               "update");
        netpol_engine_unref(e);
        t[i] = (bench_cpu() - start) * 1e6;
        e = next;
        netpol_object_unref(x);
    }
    netpol_engine_unref(e);
    double m = median(t, (size_t)n);
    free(t);
    return m;
}

void bench_updates(int n, char **names)
{
    static const bench_size fixed[] = {
        {"1k", 1000, 10000, 1000}, {"10k", 10000, 10000, 1000}, {"100k", 100000, 10000, 1000}};
    printf("| pods | policies | namespaces | one policy changed and compiled, us "
           "|\n|---|---|---|---|\n");
    for (int i = 0; i < (n ? n : (int)COUNT(fixed)); i++) {
        bench_workload w;
        bench_workload_make(&w, n ? bench_size_of(names[i]) : &fixed[i], NULL);
        printf("| %s | %u | %u | %.0f |\n", w.size.name, w.size.policies, w.size.namespaces,
               update_policies(&w, 300));
        fflush(stdout);
        bench_workload_free(&w);
    }
}
