/* SPDX-License-Identifier: MIT */
/* scan decides flows as a first program would: every policy, every rule, texts compared. */
#ifndef BENCH_SCAN_H
#define BENCH_SCAN_H

#include "workload.h"

typedef struct bench_scan bench_scan;

/* Of the policies and pods of a workload, pods by their numbers in it. */
bench_scan *bench_scan_make(const bench_workload *w);
void bench_scan_free(bench_scan *s);
/* pods[0] and pods[1]: source and destination; UINT32_MAX: an outside address. `index`: only the
 * policies of the namespace are looked at, instead of all. */
bool bench_scan_allows(const bench_scan *s, const netpol_flow *f, const uint32_t pods[2],
                       bool index);

#endif
