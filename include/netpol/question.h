/* SPDX-License-Identifier: MIT */
/**
 * @file question.h  Questions in words, and answers as text or JSON: what the netpol command and
 * the language bindings call, so that all of them print the same bytes.
 */
#ifndef NETPOL_QUESTION_H
#define NETPOL_QUESTION_H

#include "engine.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * A question. Set `size` to sizeof(netpol_question). Strings are borrowed for the call.
 *
 * Endpoints: `pod` or `ns/pod`; `deploy/x`, `ns/deploy/x` (also sts, ds, job, cronjob, rs, rc),
 * `ns/name[Kind]`; `ns/app=web` (selector), `ns/` + `*`; `ip`, `ip:port`, `[ipv6]:port`;
 * `svc:ns/name`, `svc:ns/name:port` (destination); `node:NAME`; `internet` (every public address);
 * `any` (pods, nodes and the internet). An address that is a service's stands for the service.
 */
typedef struct netpol_question {
    size_t size;
    const char *src;
    const char *dst;
    const char *protocol;       /**< NULL: TCP. */
    const char *port;           /**< Number or name; NULL: the whole port set. */
    const char *namespace_name; /**< Of endpoints that name none; NULL: the cluster's default. */
    int32_t family;             /**< 4 or 6; 0: every family that both sides have. */
    bool all_presets;           /**< Say too which presets would answer otherwise. */
} netpol_question;

/** What was answered. */
enum {
    NETPOL_DENY = 0,
    NETPOL_ALLOW = 1,
    NETPOL_MIXED = 2 /**< Allowed for some of the pods, backends, ports or families asked for. */
};

/** An answer: one or several flows judged. Immutable; keeps the engine alive. */
typedef struct netpol_answer netpol_answer;

/**
 * Answers a question in words. Services are translated to their backends, workloads stand for
 * their replicas, names with several matches give one line a group.
 *
 * @param out  Owned; set on NETPOL_OK only.
 * @return NETPOL_OK; NETPOL_NOT_FOUND (no such pod, service, …); NETPOL_INVALID (words that do not
 *         parse, port 0, a service without endpoints, no address family in common); NETPOL_LIMIT (more
 *         than a million flows); NETPOL_NO_MEMORY; NETPOL_MISUSE.
 * Threads: any.  Since: 0.1
 */
NETPOL_API netpol_status netpol_engine_ask(const netpol_engine *engine,
                                           const netpol_question *question, netpol_answer **out,
                                           netpol_diagnostics *diags);
/** Gives an answer back. NULL is allowed. Since: 0.1 */
NETPOL_API void netpol_answer_free(netpol_answer *answer);
/** NETPOL_DENY, NETPOL_ALLOW or NETPOL_MIXED over all flows judged. Since: 0.1 */
NETPOL_API int32_t netpol_answer_outcome(const netpol_answer *answer);
/** NETPOL_DEPENDS_… bits over all flows judged. Since: 0.1 */
NETPOL_API uint32_t netpol_answer_depends(const netpol_answer *answer);

/**
 * Writes an answer: NETPOL_FORMAT_TEXT for people, NETPOL_FORMAT_JSON or …_JSONL (one line, schema
 * "netpol.eval/v1") for machines. The same bytes in every language.
 *
 * JSON: "src", "dst", "proto", "port" (null: all), "semantics", "verdict" ("allow", "deny", "mixed"),
 * "depends", "ignored_policies", "incomplete"; then "egress" and "ingress" of the one flow
 * ({"allowed","tier","reason"} and, as far as there are, "policy", "kind", "rule", "peer", "port",
 * "source", "line", "column"), or "flows": one for each group of ends, family and run of ports that
 * came out alike ("family" only where the other differs, "port" or "ports":[[first,last],…]); with
 * all_presets "presets": those that answer otherwise.
 * @return NETPOL_OK; NETPOL_NO_MEMORY; NETPOL_MISUSE; what the sink returned.  Since: 0.1
 */
NETPOL_API netpol_status netpol_answer_write(const netpol_answer *answer, int32_t format,
                                             const netpol_sink *to);

/**
 * Writes an answer with what lies behind it: NETPOL_FORMAT_TEXT for people, NETPOL_FORMAT_JSON or
 * …_JSONL (one line, schema "netpol.explain/v1") for machines. As netpol_answer_write, always with
 * "flows"; and where the NetworkPolicies decide a direction, in it:
 *
 * "nearest", of a denial: the rule that came nearest ("policy", "kind", "rule", "peer", "source",
 * "line", "column") and "misses", a text for each condition that failed;
 * "change": the smallest edits that turn the direction ("to": "allow" or "deny"; "policy", "kind",
 * "source", "document", and "edits": "action", "path", "value" as netpol_document_edit takes them).
 * Where both directions deny, both changes are needed; where both allow, one is enough. What is added
 * to allow a flow names its ends and ports alone.
 * @return As netpol_answer_write.  Threads: any.  Since: 0.1
 */
NETPOL_API netpol_status netpol_answer_explain(const netpol_answer *answer, int32_t format,
                                               const netpol_sink *to);

/**
 * Answers one line of a query file: a JSON object with "src", "dst", "proto" or "protocol",
 * "port", "family", "namespace"; other keys are kept, and one that is nearly one of these is warned
 * of (NP0729). Writes the same object plus "verdict" ("allow", "deny", "mixed", or
 * "error" with an "error" text) and "depends", as one line.
 * @return NETPOL_OK, also for a question that cannot be answered; NETPOL_INVALID if the line is no
 *         JSON object; NETPOL_NO_MEMORY; NETPOL_MISUSE; what the sink returned.
 * Threads: any.  Since: 0.1
 */
NETPOL_API netpol_status netpol_engine_answer_line(const netpol_engine *engine, const char *line,
                                                   size_t n, const netpol_sink *to,
                                                   netpol_diagnostics *diags);

/** What a connection list shows. Set `size`; zero the rest for the defaults. */
typedef struct netpol_list_options {
    size_t size;
    const char *focus; /**< "ns/name", "ns/name[Kind]", "name" (of the default namespace, or the only
                            one so called), or a source of netpol_question that stands for pods: only
                            their connections; NULL: all. */
    bool pods;         /**< Pods one by one instead of their owners. */
    bool self;         /**< Connections of a workload with itself too. */
    bool (*keep_going)(void *ctx); /**< As in netpol_options. */
    void *ctx;
} netpol_list_options;

/**
 * Writes who can talk to whom: NETPOL_FORMAT_TEXT (a line `src => dst : connections`) or
 * NETPOL_FORMAT_JSON (schema "netpol.list/v1"). What is not listed is denied.
 *
 * Endpoints are `ns/name[Kind]` and ranges of outside addresses `a-b`, cut where a policy's block
 * begins or ends. Pods of one owner that policies tell apart are listed apart, as `ns/pod[Pod]`.
 *
 * @param how  NULL: defaults.
 * @return NETPOL_OK; NETPOL_NOT_FOUND for a focus that does not exist; NETPOL_INVALID for one that is
 *         several workloads' name, or no pod's; NETPOL_NO_MEMORY;
 *         NETPOL_CANCELLED; NETPOL_MISUSE; what the sink returned.
 * Threads: any.  Since: 0.1
 */
NETPOL_API netpol_status netpol_engine_list(const netpol_engine *engine,
                                            const netpol_list_options *how, int32_t format,
                                            const netpol_sink *to, netpol_diagnostics *diags);

/** What to check. Set `size`; zero the rest for the defaults. */
typedef struct netpol_check_options {
    size_t size;
    const char *kind; /**< Only this kind is accepted, "NetworkPolicy": every document of another kind,
                           used or not, is a type error (`no matches for kind …`). NULL: all kinds. */
    uint32_t flags;   /**< NETPOL_TOLERANT_CIDR, NETPOL_STANDARD_CHANNEL. */
} netpol_check_options;

/**
 * Writes what reading and validating found, document by document: NETPOL_FORMAT_TEXT
 * (compiler-like, with a last line of counts), NETPOL_FORMAT_JSONL (schema "netpol.check/v1", a line
 * a document), NETPOL_FORMAT_JSON (one object: "documents" as the lines of JSONL, and a "summary"), or
 * NETPOL_FORMAT_SARIF (2.1.0).
 *
 * Every policy is validated, also one that has unknown fields. What could not be read at all counts
 * as a document. Text shows the source line with a caret if the list was read with NETPOL_KEEP_TEXT.
 *
 * @param how      NULL: defaults.
 * @param invalid  Set: how many documents are broken or invalid. May be NULL.
 * @return NETPOL_OK; NETPOL_NO_MEMORY; NETPOL_MISUSE; what the sink returned.
 * Threads: any, if nobody reads into the list.  Since: 0.1
 */
NETPOL_API netpol_status netpol_manifests_check(const netpol_manifests *manifests,
                                                const netpol_check_options *how, int32_t format,
                                                const netpol_sink *to, size_t *invalid);

#ifdef __cplusplus
}
#endif
#endif
