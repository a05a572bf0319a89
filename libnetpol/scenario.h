/* SPDX-License-Identifier: MIT */
/* scenario owns policy tests: files of expectations and invariants, and what comes of them. It does
 * not know how a flow is judged.
 *
 * A file is read in two steps. Our own pass over the events (scenario_shape.c) finds everything
 * that is wrong, with lines, and writes the same again in one fixed form; that text libcyaml binds
 * to the structs below by a schema (scenario_bind.c). */
#ifndef NP_SCENARIO_H
#define NP_SCENARIO_H

#include "question.h"
#include "text.h"

#include "netpol/scenario.h"

/* ---- what a file says: libcyaml fills these, so lists are pointers with a count ---- */

enum { NP_EXPECT_ALLOW = 1, NP_EXPECT_DENY = 2 };

enum {
    NP_ENSURE_DEFAULT_DENY = 1,
    NP_ENSURE_DNS,
    NP_ENSURE_NO_INTERNET,
    NP_ENSURE_NO_METADATA_ADDRESS,
    NP_ENSURE_NAMESPACE_ISOLATED,
    NP_ENSURE_API_SERVER
};

/* An entry of `cases` or of `invariants`. */
typedef struct np_trial {
    char *name; /* NULL: none given */
    char **from;
    char **to;
    char **ports;
    char **protocols;
    char **namespaces;
    char **except;
    uint32_t n_from;
    uint32_t n_to;
    uint32_t n_ports;
    uint32_t n_protocols;
    uint32_t n_namespaces;
    uint32_t n_except;
    uint32_t ensure;    /* NP_ENSURE_…; 0: a case */
    uint32_t expect;    /* NP_EXPECT_…; 0: not told */
    uint32_t direction; /* NETPOL_INGRESS | NETPOL_EGRESS; 0: not told */
    uint32_t family;    /* 4, 6, or 0 */
    uint32_t line;
    uint32_t column;
} np_trial;

typedef struct np_scenario_file {
    char *semantics;
    char *namespace_name;
    char **manifests;
    char **resolve;
    char **node_addresses;
    np_trial *cases;
    np_trial *invariants;
    uint32_t n_manifests;
    uint32_t n_resolve;
    uint32_t n_node_addresses;
    uint32_t n_cases;
    uint32_t n_invariants;
} np_scenario_file;

struct netpol_scenario {
    netpol_allocator alloc;
    netpol_options options; /* allocator points to `alloc` */
    np_arena arena;
    netpol_manifests *own; /* the file itself: the scenario, which is passed over, and objects */
    np_scenario_file *file;
    const char *source;
    const char *folder; /* of the file, with the last slash; "" */
    netpol_scenario_item *items;
    size_t n;
};

/* The entry behind an item. */
const np_trial *np_scenario_trial(const netpol_scenario *s, size_t item);
const char *np_ensure_name(uint32_t ensure);

/* ---- reading ---- */

/* Checks the document at hand and writes it to `out` as the schema wants it: lists where one value
 * may stand for a list, numbers and words in range, each entry with its line. NETPOL_OK;
 * NETPOL_INVALID (said in diags), _LIMIT, _NO_MEMORY, _CANCELLED. */
netpol_status np_scenario_shape(np_text *t, const char *source, np_buffer *out,
                                netpol_diagnostics *diags);

/* Binds such a text. NETPOL_OK; NETPOL_INVALID (said in diags: text and schema do not agree);
 * NETPOL_NO_MEMORY; NETPOL_NOT_FOUND: built without libcyaml. */
netpol_status np_scenario_bind(const netpol_allocator *alloc, np_slice text, const char *source,
                               np_scenario_file **out, netpol_diagnostics *diags);
/* NULL is allowed. */
void np_scenario_unbind(const netpol_allocator *alloc, np_scenario_file *file);

/* ---- running ---- */

struct netpol_scenario_report {
    netpol_engine *engine;
    np_arena arena;
    const char *source;
    netpol_scenario_result *results;
    size_t n;
    netpol_rule_coverage *rules;
    size_t n_rules;
    size_t rules_room;
    np_index rule_index; /* policy and direction -> its first row */
};

/* An item being run. What went wrong is collected in `text`, a flow after the other. */
typedef struct np_run {
    netpol_scenario_report *report;
    const netpol_scenario *scenario;
    const np_trial *trial;
    netpol_scenario_result *result;
    netpol_diagnostics *diags; /* of one question */
    np_buffer message;
    np_buffer text;
} np_run;

/* How many wrong flows are told in full. */
enum { NP_MOST_TOLD = 5 };

/* Each: NETPOL_OK whatever came out; NETPOL_NO_MEMORY, _CANCELLED. */
netpol_status np_run_case(np_run *r);
netpol_status np_run_invariant(np_run *r);

/* The pieces of both. */
netpol_question np_run_question(const np_run *r, const char *src, const char *dst, const char *port,
                                const char *protocol);
/* Asks, and notes it if `expect` is not the outcome or there is none. `count`: for the coverage. */
netpol_status np_run_ask(np_run *r, const netpol_question *q, uint32_t expect, bool count,
                         bool *good);
/* Adds an answer to the explanation. */
netpol_status np_run_tell(np_run *r, const netpol_answer *x);
/* Notes that the item, or a flow of it, cannot be tested: `what`, or the reason in r->diags, or
 * both. */
void np_run_unanswered(np_run *r, const char *what);
bool np_run_may_go_on(const np_run *r);

/* ---- coverage ---- */

/* Each false: no memory. */
bool np_coverage_make(netpol_scenario_report *report);
bool np_coverage_count(netpol_scenario_report *report, const netpol_answer *answer);

#endif
