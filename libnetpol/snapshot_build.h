/* SPDX-License-Identifier: MIT */
/* What the files of the room snapshot share while a picture is made or changed.
 *
 * Functions that return bool: false is no memory, or, while a picture is changed, that the change
 * is of a rare kind that is not made piece by piece (np_build_again). */
#ifndef NP_SNAPSHOT_BUILD_H
#define NP_SNAPSHOT_BUILD_H

#include "snapshot.h"

#define NP_KINDS 18

/* Numbers that nobody has any more. */
typedef struct np_free {
    uint32_t *at;
    size_t n;
    size_t room;
} np_free;

/* What was said about an object, to be said again with each picture that has it. */
typedef struct np_note {
    netpol_object *object; /* referenced; NULL: about none */
    int32_t code;
    char *text;
    size_t size; /* of the text, its NUL included */
} np_note;

struct np_build {
    const netpol_cluster *c;
    netpol_allocator alloc;
    np_store *store;
    np_snapshot s; /* the head: what the next picture is a copy of */
    netpol_diagnostics *diags;
    bool changing;
    bool again;
    bool invalid;          /* something was said that makes the picture unusable */
    bool tangled_nodes;    /* an address is told to be that of two nodes */
    bool tangled_services; /* … or of two services */
    bool unnamed;          /* there are objects without a name */
    bool ordinals;         /* StatefulSets have a replica for each ordinal */
    uint32_t n_orphans;    /* slices and endpoints of services that are not loaded */
    uint64_t n_ips[2];     /* known addresses: of IPv6, of IPv4 */
    np_dict by_other;      /* kind, namespace, name */
    np_free free_namespaces;
    np_free free_nodes;
    np_free free_pods;
    np_free free_owners;
    np_free free_services;
    np_free free_others;
    np_free late; /* pods that are told something after all others, while everything is made */
    np_note *notes;
    size_t n_notes;
    size_t notes_room;
    np_delta delta;
    const netpol_object **objects; /* all, while everything is made: kind by kind */
    size_t n_objects;
    size_t first_of_kind[NP_KINDS + 1];
};

/* Gives up changing; returns false. */
bool np_build_again(np_build *b);

/* The objects of one kind, as a run of b->objects. */
size_t np_build_first(const np_build *b, int32_t kind);
size_t np_build_end(const np_build *b, int32_t kind);

/* The namespace that an object counts as being in. */
const char *np_build_space(const np_build *b, const netpol_object *x);

/* ---- pieces ---- */

/* A block that references an object (NULL: none) and has `extra` bytes behind. NULL: no memory. */
np_held *np_build_hold(np_build *b, const netpol_object *x, size_t extra);
/* A number, grown if none is free; its element is to be set. */
bool np_build_number(np_build *b, np_free *unused, np_tree *t, uint32_t *n, uint32_t *out);
bool np_build_unused(np_build *b, np_free *unused, uint32_t number);

uint32_t np_hash_name(const char *name);
uint32_t np_hash_in(uint32_t space, const char *kind, const char *name);
uint32_t np_hash_ip(const np_ip *ip);

/* Notes what has changed, unless everything is being made. */
bool np_delta_pod(np_build *b, uint32_t pod);
bool np_delta_ip(np_build *b, const np_ip *ip);
bool np_delta_space(np_build *b, uint32_t space);
bool np_delta_policies(np_build *b, uint32_t space);

/* Counts a known address; by is 1 or -1. */
void np_build_count_ip(np_build *b, const np_ip *ip, int by);

/* ---- namespaces and nodes ---- */

/* One more user of a namespace, which is made if it is new. */
bool np_build_use_space(np_build *b, const char *name, uint32_t *space);
/* One user less; the last one takes it along. */
bool np_build_leave_space(np_build *b, uint32_t space);
bool np_build_put_space(np_build *b, const netpol_object *x);
bool np_build_remove_space(np_build *b, const netpol_object *x);

bool np_build_use_node(np_build *b, const char *name, uint32_t *node);
bool np_build_leave_node(np_build *b, uint32_t node);
bool np_build_put_node(np_build *b, const netpol_object *x);
bool np_build_remove_node(np_build *b, const netpol_object *x);
/* The addresses of the options. */
bool np_build_locals(np_build *b);
bool np_build_is_local(const np_build *b, const np_ip *ip);
/* One more, or one less, pod on the node tells the address. */
bool np_build_tell_ip(np_build *b, uint32_t node, const np_ip *ip, int by);
bool np_build_guest(np_build *b, uint32_t node, int by);

/* ---- pods and their controllers ---- */

bool np_build_put_pod(np_build *b, const netpol_object *was, const netpol_object *x);
bool np_build_remove_pod(np_build *b, const netpol_object *x);
/* What can only be told after all pods are there. */
netpol_status np_build_hosts(np_build *b);
void np_build_late_families(np_build *b);

/* What is known of a pod before it is entered. */
typedef struct np_pod_draft {
    const netpol_object *object;
    const netpol_metadata *meta;
    const netpol_pod_spec *spec;
    const char *name;
    const char *owner_kind;
    const char *owner_name;
    const netpol_label *labels; /* copied */
    uint32_t n_labels;
    bool own_labels; /* they are not the object's */
    bool own_name;
    np_pod pod; /* families, addresses and flags */
} np_pod_draft;

/* The owner of a pod (`had`: that it has already); made if it is new, or without a name. */
bool np_build_find_owner(np_build *b, const np_pod_draft *d, uint32_t space, uint32_t had,
                         uint32_t *owner);
/* A pod goes to the end of a chain, or out of it; an owner without pods goes, too. */
bool np_build_enter_space(np_build *b, uint32_t space, uint32_t pod);
bool np_build_quit_space(np_build *b, uint32_t space, uint32_t pod);
bool np_build_enter_owner(np_build *b, uint32_t owner, uint32_t pod);
bool np_build_quit_owner(np_build *b, uint32_t owner, uint32_t pod);
/* Enters a pod in place of number `at`, or as a new one (NP_NONE). */
bool np_build_enter_pod(np_build *b, const np_pod_draft *d, uint32_t at, const char *space);

/* The controller reference; NULL: none. */
const netpol_owner_reference *np_controller_of(const netpol_metadata *meta);
uint32_t np_build_other(const np_build *b, const char *kind, const char *space, const char *name);
bool np_build_add_other(np_build *b, const netpol_object *x);
bool np_build_remove_other(np_build *b, const netpol_object *x);
/* Whether "a ReplicaSet owned by a loaded Deployment": it never has replicas. */
bool np_build_has_controller(const np_build *b, const netpol_object *x);
/* The kind and name that reports show for what `meta` belongs to: the highest controller known;
 * untouched if there is none. Adds `by` to the pods of the loaded ones on the way. */
bool np_build_controller(np_build *b, const netpol_metadata *meta, const char *space,
                         const char **kind, const char **name, int by);
bool np_build_change_workload(np_build *b, const netpol_object *was, const netpol_object *is);

/* ---- the rest ---- */

netpol_status np_build_workloads(np_build *b);
bool np_build_put_policy(np_build *b, const netpol_object *was, const netpol_object *is);
bool np_build_policies(np_build *b);
bool np_build_cluster_policies(np_build *b);
bool np_build_change_cluster_policy(np_build *b, const netpol_object *was, const netpol_object *is);
/* Services, EndpointSlices, Endpoints; `is` NULL: it goes. */
bool np_build_change_service(np_build *b, const netpol_object *was, const netpol_object *is);
bool np_build_change_endpoints(np_build *b, const netpol_object *was, const netpol_object *is);
netpol_status np_build_services(np_build *b);
netpol_status np_build_families(np_build *b);

/* What an object asks of the labels that controllers generate. */
typedef struct np_asked {
    uint16_t keys;
    bool namespace_labels;
} np_asked;
void np_ask_policy(np_asked *a, const netpol_policy_spec *spec);
void np_ask_cluster_policy(np_asked *a, const netpol_cluster_policy *p);
/* Those that tell the replicas of a StatefulSet apart, and whether an object asks for them. */
uint16_t np_ordinal_keys(void);
bool np_asks_ordinals(const netpol_object *x);

/* Says something about an object. While a picture is changed: it gives up. */
void np_build_say(np_build *b, int32_t code, const netpol_object *x, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Whether something was said about an object. */
bool np_build_said(const np_build *b, const netpol_object *x);

/* The directions that a policy has after defaults. */
uint8_t np_policy_directions(const netpol_policy_spec *spec);

/* NETPOL_CANCELLED now and then when the caller wants to stop; i counts the work. */
netpol_status np_build_pause(const np_build *b, size_t i);

#endif
