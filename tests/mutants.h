/* SPDX-License-Identifier: MIT */
/* mutants owns manifests with random faults: the ones of this tree and beside it, changed a little,
 * mostly by what means something to YAML. */
#ifndef NP_MUTANTS_H
#define NP_MUTANTS_H

#include "harness.h"

/* A document, or a run of lines of a long one. */
typedef struct test_piece {
    char *p;
    size_t n;
} test_piece;

typedef struct test_corpus {
    test_piece *at;
    size_t n;
    size_t room;
} test_corpus;

/* Copies a text. */
void test_corpus_add(test_corpus *c, const char *p, size_t n);
/* Adds the manifests of the tests and examples, and those beside this tree if they are there. */
void test_corpus_add_manifests(test_corpus *c);
void test_corpus_free(test_corpus *c);
/* Whether a file is YAML, by its name. */
bool test_is_yaml(const char *name);

enum { TEST_MUTANT_MOST = 4096 };

typedef struct test_mutant {
    char p[TEST_MUTANT_MOST];
    size_t n;
} test_mutant;

/* A piece of the corpus with one to three changes. */
void test_mutant_make(test_mutant *m, const test_corpus *c, np_rand *r);
/* How many to make: NETPOL_MUTANTS, else `n` as np_rounds has it. */
int test_mutants_wanted(int n);

#endif
