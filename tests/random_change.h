/* SPDX-License-Identifier: MIT */
/* Random changes of clusters, of all kinds of objects: pods come with controllers, in all phases,
 * with addresses that others have too; namespaces, nodes, services and workloads come and go. */
#ifndef NP_RANDOM_CHANGE_H
#define NP_RANDOM_CHANGE_H

#include "random_cluster.h"

/* One change: a document to put, or what to remove. */
typedef struct test_change {
    test_cluster put; /* put.n is 0: nothing to put; free with test_cluster_free */
    int32_t kind;     /* of what to remove; 0: nothing */
    char space[16];
    char name[32];
} test_change;

/* Kinds of changes: some are rare, for which the library makes everything anew. */
enum {
    TEST_CHANGE_USUAL = 1, /* pods, policies, namespaces, nodes, services, their endpoints */
    TEST_CHANGE_RARE = 2,  /* workloads, addresses told twice, labels that controllers generate */
    TEST_CHANGE_TIERS = 4
};

test_change test_change_make(const test_cluster *whole, np_rand *r, unsigned kinds);
/* Does it, to several clusters with one object. Fails the test if one refuses. */
void test_change_apply(const test_change *change, netpol_cluster *const *clusters, size_t n);

#endif
