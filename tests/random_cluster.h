/* SPDX-License-Identifier: MIT */
/* Random clusters as JSON text, and random questions about them. The universe of labels, ports,
 * names and prefixes is tiny, so that everything meets everything. */
#ifndef NP_RANDOM_CLUSTER_H
#define NP_RANDOM_CLUSTER_H

#include "harness.h"

#include "netpol/engine.h"

typedef struct test_cluster {
    char *p; /* one JSON document a line; free() it */
    size_t n;
    size_t room;
    uint32_t n_namespaces;
    uint32_t n_pods;
    uint32_t n_nodes;
} test_cluster;

/* Bits: which features a cluster has. */
enum {
    TEST_TIERS = 1,    /* cluster-scoped policies of both APIs */
    TEST_REPLICAS = 2, /* workloads, pods without address, undefined namespaces */
    TEST_HOSTS = 4     /* pods on the host network, sidecars */
};

void test_cluster_make(test_cluster *c, np_rand *r, unsigned features);
void test_cluster_free(test_cluster *c);

/* One object of the cluster anew: a pod or a policy that may or may not be there. The text holds
 * one document. */
void test_object_pod(test_cluster *c, np_rand *r, uint32_t number, unsigned features);
void test_object_policy(test_cluster *c, np_rand *r, uint32_t number);
void test_object_cluster_policy(test_cluster *c, np_rand *r, uint32_t number);
void test_object_namespace(test_cluster *c, np_rand *r, uint32_t number);
void test_object_node(test_cluster *c, np_rand *r, uint32_t number);

/* For who makes other objects of the same universe. */
void test_say(test_cluster *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
void test_labels(test_cluster *c, np_rand *r, uint32_t n_keys); /* "{…}" */

/* A question by addresses or pod numbers; n_pods is the engine's count. */
netpol_flow test_flow(const test_cluster *c, np_rand *r, size_t n_pods);

#endif
