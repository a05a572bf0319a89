/* SPDX-License-Identifier: MIT */
/* cluster owns the objects of a cluster by kind, namespace and name, and the choices that go with
 * them. It does not know what policies mean: snapshot makes the picture, reference reads it. */
#ifndef NP_CLUSTER_H
#define NP_CLUSTER_H

#include "cidr.h"
#include "diag.h"
#include "index.h"
#include "model.h"

#include "netpol/cluster.h"

/* An address that is local to a node (netpol_cluster_options.node_addresses). */
typedef struct np_local_address {
    const char *node; /* NULL: to every node */
    np_ip ip;
} np_local_address;

/* One address of a domain name (netpol_cluster_options.resolve); lower case, no dot at the end. */
typedef struct np_resolved {
    const char *name;
    np_ip ip;
} np_resolved;

/* An object that came, went (`is` NULL) or was replaced since the last compilation. Referenced. */
typedef struct np_change {
    netpol_object *was; /* NULL: it is new */
    netpol_object *is;
} np_change;

struct netpol_cluster {
    netpol_allocator alloc;
    netpol_options options; /* allocator points to `alloc` */
    np_arena texts;         /* what the options hold */
    netpol_semantics semantics;
    const char *default_namespace;
    np_local_address *locals;
    size_t n_locals;
    np_resolved *resolved;
    size_t n_resolved;

    netpol_object **objects; /* in the order of arrival; NULL: removed */
    size_t n;
    size_t room;
    size_t gone;    /* how many are NULL */
    np_index index; /* kind, namespace and name -> objects; nameless ones are not in it */
    size_t foreign; /* policies of other systems that were met and not read */
    bool incomplete;

    np_change *changes; /* since the last compilation */
    size_t n_changes;
    size_t changes_room;
    bool changed;                  /* so much that they were not noted */
    struct np_snapshot *last;      /* the picture of the last compilation; NULL: none */
    struct np_build *build;        /* what made it, … */
    struct np_compiler *compiler;  /* … and what made its program */
    void (*forget)(netpol_cluster *c); /* gives all three back */
};

/* Forgets what changed. */
void np_cluster_forget_changes(netpol_cluster *c);

/* The namespace that an object counts as being in; "" for cluster-scoped kinds. */
const char *np_cluster_space(const netpol_cluster *c, const netpol_object *x);

/* Whether an invalid cluster-scoped policy can still be judged fail-closed: nothing is wrong with
 * it but peers of no known kind (settled.md 1.7). */
bool np_cluster_policy_usable(const netpol_cluster_policy *p);

/* Copies what the caller's options say into the cluster. */
netpol_status np_cluster_options_keep(netpol_cluster *c, const netpol_cluster_options *how,
                                      netpol_diagnostics *diags);

/* The choices of the defaults over the caller's. False: misuse. */
bool np_semantics_read(const netpol_semantics *given, netpol_semantics *out);
/* The preset that has exactly these choices; "custom" if none has. */
const char *np_semantics_name(const netpol_semantics *s);

#endif
