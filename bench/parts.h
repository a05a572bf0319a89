/* SPDX-License-Identifier: MIT */
/* The parts of bench_engine. Each prints a table. */
#ifndef BENCH_PARTS_H
#define BENCH_PARTS_H

#include "subject.h"

extern const bench_size bench_sizes[4];
const bench_size *bench_size_of(const char *name);

void bench_updates(int n, char **names);
void bench_changes(const char *kind, uint32_t pods, uint32_t policies, int n);
/* From here on callgrind counts, if it was started with --instr-atstart=no. */
void bench_follow(void);
void bench_shapes(void);
/* `folder` is for the objects that `program` reads. */
void bench_compare(const char *name, const char *folder, const char *program);

#endif
