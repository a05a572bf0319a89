/* SPDX-License-Identifier: MIT */
/* fixture owns small clusters written as text in a test, and the answers they give. */
#ifndef NP_TEST_FIXTURE_H
#define NP_TEST_FIXTURE_H

#include "harness.h"

#include <netpol.h>

/* How a cluster is read; zero is the default. */
typedef struct fixture_how {
    const char *preset;
    uint32_t flags; /* of the cluster's options */
    const char *node_address;
    const char *resolve;
    const netpol_options *options; /* instead of flags */
} fixture_how;

static inline const char *fixture_message(const netpol_diagnostics *d)
{
    const netpol_diagnostic *x = netpol_diagnostics_at(d, 0);
    return x ? x->message : "(nothing said)";
}

/* Reads, puts and compiles; *out is set on NETPOL_OK. */
static inline netpol_status fixture_compile(const char *text, const fixture_how *how,
                                            netpol_engine **out, netpol_diagnostics *d)
{
    netpol_options o = {.size = sizeof o, .flags = how->flags};
    const netpol_options *options = how->options ? how->options : &o;
    netpol_semantics semantics = {.size = sizeof semantics};
    netpol_cluster_options c = {.size = sizeof c, .semantics = &semantics};
    c.node_addresses = &how->node_address;
    c.n_node_addresses = how->node_address != NULL;
    c.resolve = &how->resolve;
    c.n_resolve = how->resolve != NULL;
    netpol_manifests *m = NULL;
    netpol_cluster *cluster = NULL;
    assert_int_equal(netpol_semantics_preset(how->preset, &semantics), NETPOL_OK);
    netpol_status status = netpol_manifests_new(options, &m);
    if (status == NETPOL_OK)
        status = netpol_manifests_read_memory(m, "fixture", text, strlen(text), d);
    if (status == NETPOL_OK || (status == NETPOL_INVALID && o.flags & NETPOL_KEEP_GOING))
        status = netpol_cluster_new(&c, options, &cluster, d);
    if (status == NETPOL_OK)
        status = netpol_cluster_put_all(cluster, m, d);
    if (status == NETPOL_OK)
        status = netpol_cluster_compile(cluster, NETPOL_ENGINE_REFERENCE, out, d);
    netpol_cluster_free(cluster);
    netpol_manifests_free(m);
    return status;
}

/* As fixture_compile; fails the test if anything is wrong. */
static inline netpol_engine *fixture_engine(const char *text, const fixture_how *how)
{
    netpol_engine *e = NULL;
    netpol_diagnostics *d = netpol_diagnostics_new(NULL);
    if (fixture_compile(text, how, &e, d) != NETPOL_OK)
        fail_msg("%s", fixture_message(d));
    netpol_diagnostics_free(d);
    return e;
}

/* Marks as words with commas, "" for none. */
static inline const char *fixture_marks(uint32_t depends, char out[256])
{
    out[0] = '\0';
    for (uint32_t bit = 1; netpol_depends_name(bit); bit <<= 1)
        if (depends & bit) {
            if (*out)
                strcat(out, ",");
            strcat(out, netpol_depends_name(bit));
        }
    return out;
}

/* Answers a question as "allow", or "deny own-node,self", or "error MESSAGE". */
static inline void fixture_answer(const netpol_engine *e, const netpol_question *q, char out[512])
{
    static const char *const outcomes[] = {"deny", "allow", "mixed"};
    char marks[256];
    netpol_answer *x = NULL;
    netpol_diagnostics *d = netpol_diagnostics_new(NULL);
    if (netpol_engine_ask(e, q, &x, d) != NETPOL_OK) {
        snprintf(out, 512, "error %s", fixture_message(d));
    } else {
        fixture_marks(netpol_answer_depends(x), marks);
        snprintf(out, 512, "%s%s%s", outcomes[netpol_answer_outcome(x)], *marks ? " " : "", marks);
    }
    netpol_answer_free(x);
    netpol_diagnostics_free(d);
}

/* One fact about a cluster. */
typedef struct fixture_row {
    const char *why;
    const char *src;
    const char *dst;
    const char *protocol;
    const char *port;
    const char *answer; /* as fixture_answer gives it; of errors the beginning */
} fixture_row;

static inline void fixture_expect(const netpol_engine *e, const fixture_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        netpol_question q = {.size = sizeof q,
                             .src = rows[i].src,
                             .dst = rows[i].dst,
                             .protocol = rows[i].protocol,
                             .port = rows[i].port};
        char got[512];
        fixture_answer(e, &q, got);
        size_t much = strncmp(rows[i].answer, "error", 5) == 0 ? strlen(rows[i].answer) : 512;
        if (strncmp(got, rows[i].answer, much) != 0)
            fail_msg("%s: %s to %s is '%s', not '%s'", rows[i].why, rows[i].src, rows[i].dst, got,
                     rows[i].answer);
    }
}

#endif
