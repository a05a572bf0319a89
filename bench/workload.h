/* SPDX-License-Identifier: MIT */
/* workload makes clusters of any size in memory, always the same for the same numbers: apps of
 * about five replicas in namespaces, policies that select apps, and questions about them. */
#ifndef BENCH_WORKLOAD_H
#define BENCH_WORKLOAD_H

#include "netpol/engine.h"

typedef struct bench_size {
    const char *name;
    uint32_t pods;
    uint32_t policies;
    uint32_t namespaces;
} bench_size;

/* Departures from the usual shape. */
typedef struct bench_shape {
    bool own_names;     /* every namespace has app names of its own */
    bool unique_labels; /* every pod has a label of its own, and 1 policy in 20 selects by it */
    uint32_t cidrs;     /* blocks in an ipBlock rule of 1 policy in 20; 0: none */
    bool own_ports;     /* every policy opens ports of its own */
    bool broad_names;   /* every policy lets in one pod of any namespace by a label of its own */
    bool dual_stack;
} bench_shape;

typedef struct bench_app {
    uint32_t space;
    uint32_t name; /* text number within the namespace */
    uint32_t tier;
    uint32_t first_pod;
    uint32_t n_pods;
} bench_app;

typedef struct bench_workload {
    bench_size size;
    bench_shape shape;
    bench_app *apps;
    uint32_t n_apps;
    uint32_t *first_app;  /* of each namespace, and one more */
    uint32_t *target;     /* app of each policy */
    uint64_t policy_seed; /* what the first policy is made with */
    netpol_cluster *cluster;
} bench_workload;

uint64_t bench_next(uint64_t *state); /* splitmix64 */
uint32_t bench_below(uint64_t *state, uint32_t n);

/* Ends the program with a message on failure. */
void bench_workload_make(bench_workload *w, const bench_size *size, const bench_shape *shape);
void bench_workload_free(bench_workload *w);

#define BENCH_PODS_A_NODE 110u

/* The address of a pod, host order; and of a node. */
uint32_t bench_pod_ip(uint32_t pod);
uint32_t bench_node_ip(uint32_t node);
netpol_object *bench_node(uint32_t node);
netpol_object *bench_pod(const bench_workload *w, uint32_t app, uint32_t pod);
netpol_object *bench_namespace(uint32_t space);
netpol_object *bench_policy(const bench_workload *w, uint32_t number, uint64_t *state);

/* Half of the flows aim at a selected app from its own namespace; one in ten has an outside
 * address. By addresses; `zipf` prefers few pods. pods gets the two pods or UINT32_MAX, if not
 * NULL. */
void bench_flows(const bench_workload *w, netpol_flow *flows, size_t n, bool zipf, uint64_t seed,
                 uint32_t (*pods)[2]);

/* What real agents ask besides. */
enum {
    BENCH_FROM_NODE, /* from some node to a pod */
    BENCH_OWN_NODE,  /* from the pod's own */
    BENCH_TO_NODE,
    BENCH_ICMP,
    BENCH_OUTSIDE, /* from outside, to no port in particular */
    BENCH_KINDS
};
/* Turns flows into those of one kind. */
void bench_turn_flows(const bench_workload *w, netpol_flow *flows, size_t n, uint32_t (*pods)[2],
                      int kind);

void *bench_alloc(size_t bytes);

#endif
