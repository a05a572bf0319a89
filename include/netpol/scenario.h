/* SPDX-License-Identifier: MIT */
/**
 * @file scenario.h  Policies tested like code: files that say what must be allowed and what must be
 * denied, and invariants that must hold for every pod. The format is told in docs/scenarios.md.
 *
 * Needs libcyaml when libnetpol is built; where it was left out netpol_has_feature("scenario") is
 * false, and netpol_scenario_read and netpol_scenario_read_memory give NETPOL_NOT_FOUND.
 */
#ifndef NETPOL_SCENARIO_H
#define NETPOL_SCENARIO_H

#include "engine.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A scenario file as it was read. Immutable; free for all threads. */
typedef struct netpol_scenario netpol_scenario;

/** What an item is. */
enum {
    NETPOL_ITEM_CASE = 1,     /**< Entries of `cases`: flows, and what must come of them. */
    NETPOL_ITEM_INVARIANT = 2 /**< Entries of `invariants`: what must hold for all pods. */
};

/** One thing to test. Borrowed from its scenario; grows at the end only. */
typedef struct netpol_scenario_item {
    const char *name;   /**< As given, or made of what is tested; never NULL. Names may repeat. */
    const char *source; /**< The scenario file, as given. */
    int32_t kind;       /**< NETPOL_ITEM_… */
    uint32_t line;      /**< Where the item begins, from 1. */
    uint32_t column;    /**< From 1. */
} netpol_scenario_item;

/**
 * Reads a scenario file. The manifests that it names are read by netpol_scenario_compile.
 *
 * @param path     Copied. `manifests` of the file are looked for from its folder.
 * @param options  For the file and for its manifests; NULL: defaults. Copied, allocator too.
 *                 keep_going and ctx are kept for netpol_scenario_compile and _run.
 * @param out      Owned; set on NETPOL_OK only.
 * @param diags    All that is wrong, with lines.
 * @return NETPOL_OK; NETPOL_INVALID; NETPOL_IO; NETPOL_LIMIT; NETPOL_NO_MEMORY; NETPOL_CANCELLED;
 *         NETPOL_MISUSE; NETPOL_NOT_FOUND if libnetpol was built without scenarios.
 * Threads: any.  Since: 0.1
 */
NETPOL_API netpol_status netpol_scenario_read(const char *path, const netpol_options *options,
                                              netpol_scenario **out, netpol_diagnostics *diags);

/**
 * Reads a scenario from memory, as netpol_scenario_read reads a file.
 * @param name   What it is called; `manifests` are looked for from the folder of this name. NULL:
 *               "<memory>". Copied.
 * @param bytes  May be NULL when n is 0. Copied.
 * Since: 0.1
 */
NETPOL_API netpol_status netpol_scenario_read_memory(const char *name, const void *bytes, size_t n,
                                                     const netpol_options *options,
                                                     netpol_scenario **out,
                                                     netpol_diagnostics *diags);

/** Gives a scenario back; engines and reports live on. NULL is allowed. Since: 0.1 */
NETPOL_API void netpol_scenario_free(netpol_scenario *scenario);

/** How many items there are: cases, then invariants. 0 for NULL. Since: 0.1 */
NETPOL_API size_t netpol_scenario_count(const netpol_scenario *scenario);

/** The i-th item. Borrowed; NULL if out of range. Since: 0.1 */
NETPOL_API const netpol_scenario_item *netpol_scenario_at(const netpol_scenario *scenario,
                                                          size_t i);

/**
 * Makes the engine that the scenario is about: of the manifests that it names, the objects that
 * follow in its own file, and its choices (semantics, namespace, …).
 *
 * Fails closed as netpol_cluster_put_all does: no engine comes of manifests that are broken or
 * invalid, unless the options say NETPOL_KEEP_GOING.
 *
 * @param more       More objects, or replacements of the same kind, namespace and name; NULL: none.
 *                   Borrowed for the call.
 * @param machinery  NETPOL_ENGINE_…
 * @param out        Owned; set on NETPOL_OK only.
 * @return NETPOL_OK; NETPOL_INVALID; NETPOL_IO; NETPOL_LIMIT; NETPOL_NO_MEMORY; NETPOL_CANCELLED;
 *         NETPOL_MISUSE.
 * Threads: any.  Since: 0.1
 */
NETPOL_API netpol_status netpol_scenario_compile(const netpol_scenario *scenario,
                                                 const netpol_manifests *more, int32_t machinery,
                                                 netpol_engine **out, netpol_diagnostics *diags);

/** What came of an item. */
enum {
    NETPOL_PASSED = 1,
    NETPOL_FAILED = 2,    /**< A flow came out otherwise, or the invariant does not hold. */
    NETPOL_UNANSWERED = 3 /**< It could not be tested: a pod that does not exist, … */
};

/** The result of one item. Borrowed from its report; grows at the end only. */
typedef struct netpol_scenario_result {
    size_t item;      /**< Its number in the scenario. */
    const char *name; /**< These five are the item's. */
    const char *source;
    int32_t kind;
    uint32_t line;
    uint32_t column;
    int32_t outcome;         /**< NETPOL_PASSED, … */
    const char *message;     /**< One line that says what is wrong; "" when passed. */
    const char *explanation; /**< Lines: each flow that is wrong, and why it came out so, as
                                  netpol_answer_write writes it; "" when passed, and when the message
                                  says it all. Those of five checks at most are in full. */
    uint32_t depends;        /**< NETPOL_DEPENDS_… bits over all that was judged. */
    size_t n_checks;         /**< How many questions were asked, or pods looked at. */
    size_t n_failed;         /**< How many of them came out wrong or could not be answered. */
} netpol_scenario_result;

/** How often a rule decided. Borrowed from its report; grows at the end only. */
typedef struct netpol_rule_coverage {
    const netpol_object *policy;
    int32_t direction; /**< NETPOL_INGRESS, NETPOL_EGRESS. */
    int32_t rule; /**< Index in its ingress or egress list; -1: that the policy isolates, so that
                       what no rule matches is denied. */
    const char *source; /**< File of the policy; NULL when made in memory. */
    uint32_t line;      /**< Of the rule, or of the policy for rule -1; 0: unknown. */
    uint32_t column;
    size_t decided; /**< How many flows of cases it decided. 0: if it were deleted, no case would
                         tell. Invariants do not count. */
} netpol_rule_coverage;

/** What came of a run. Immutable; keeps the engine alive, and needs the scenario no more. */
typedef struct netpol_scenario_report netpol_scenario_report;

/** In place of an item's number: all of them. */
#define NETPOL_ALL_ITEMS SIZE_MAX

/**
 * Runs one item, or all, against an engine.
 *
 * @param engine  Of netpol_scenario_compile, or any other: the scenario's manifests are then not
 *                looked at.
 * @param item    A number below netpol_scenario_count, or NETPOL_ALL_ITEMS.
 * @param out     Owned; set on NETPOL_OK only, which says nothing of what came out.
 * @return NETPOL_OK; NETPOL_NO_MEMORY; NETPOL_CANCELLED; NETPOL_MISUSE.
 * Threads: any.  Since: 0.1
 */
NETPOL_API netpol_status netpol_scenario_run(const netpol_scenario *scenario,
                                             const netpol_engine *engine, size_t item,
                                             netpol_scenario_report **out);

/** Gives a report back. NULL is allowed. Since: 0.1 */
NETPOL_API void netpol_scenario_report_free(netpol_scenario_report *report);

/** How many results there are: one, or as many as items. Since: 0.1 */
NETPOL_API size_t netpol_scenario_report_count(const netpol_scenario_report *report);
/** The i-th result, in the order of items. Borrowed; NULL if out of range. Since: 0.1 */
NETPOL_API const netpol_scenario_result *
netpol_scenario_report_at(const netpol_scenario_report *report, size_t i);

/** How many results have an outcome, NETPOL_PASSED, …. Since: 0.1 */
NETPOL_API size_t netpol_scenario_report_outcomes(const netpol_scenario_report *report,
                                                  int32_t outcome);

/**
 * How many rules the engine has: a row for each rule of each policy, and one for each direction in
 * which a NetworkPolicy isolates. The same rows in the same order for every report on one engine.
 * Since: 0.1
 */
NETPOL_API size_t netpol_scenario_report_rule_count(const netpol_scenario_report *report);
/** The i-th rule. Borrowed; NULL if out of range. Since: 0.1 */
NETPOL_API const netpol_rule_coverage *
netpol_scenario_report_rule_at(const netpol_scenario_report *report, size_t i);

/** Bits of `flags` of netpol_scenario_write. */
enum {
    NETPOL_REPORT_COVERAGE =
        1u << 0, /**< Text: which rules decided in no case. (JSON always has all.) */
    NETPOL_REPORT_QUIET = 1u << 1 /**< Text: nothing about what passed. */
};

/**
 * Writes reports, one or those of several files: NETPOL_FORMAT_TEXT (a line an item, why under what
 * failed, and a last line of counts), NETPOL_FORMAT_JSON (one object, schema "netpol.test/v1"), or
 * NETPOL_FORMAT_JUNIT (XML that continuous integration reads). The same bytes in every language.
 *
 * JSON: "summary" ({"passed","failed","unanswered"}), "reports": for each "source", "semantics",
 * "ignored_policies", "incomplete", "items" ([{"name","kind","line","column","outcome" ("passed",
 * "failed", "unanswered"), "message","explanation","checks","failed","depends"}]) and "coverage"
 * ({"rules","decided","rows":[{"policy","kind","direction","rule" (null:
 * isolation),"source","line", "decided"}]}).
 *
 * @param reports  n of them; n may be 0.
 * @param flags    NETPOL_REPORT_… bits; others: NETPOL_MISUSE.
 * @return NETPOL_OK; NETPOL_NO_MEMORY; NETPOL_MISUSE; what the sink returned.
 * Threads: any.  Since: 0.1
 */
NETPOL_API netpol_status netpol_scenario_write(const netpol_scenario_report *const *reports,
                                               size_t n, int32_t format, uint32_t flags,
                                               const netpol_sink *to);

#ifdef __cplusplus
}
#endif
#endif
