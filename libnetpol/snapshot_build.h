/* SPDX-License-Identifier: MIT */
/* What the files of the room snapshot share while a picture is made. */
#ifndef NP_SNAPSHOT_BUILD_H
#define NP_SNAPSHOT_BUILD_H

#include "snapshot.h"

#define NP_KINDS 18

typedef struct np_build {
    const netpol_cluster *c;
    np_snapshot *s;
    netpol_diagnostics *diags;
    size_t first_of_kind[NP_KINDS + 1]; /* runs of s->objects */
    np_index workloads;                 /* kind, namespace, name -> place in s->objects */
    uint8_t *has_pods; /* by place in s->objects: it is the controller of a loaded pod */
    bool invalid;      /* something was said that makes the picture unusable */
} np_build;

/* The namespace that an object counts as being in, in memory of the picture. */
const char *np_build_space(const np_build *b, const netpol_object *x);

/* The objects of one kind, as a run of s->objects. */
size_t np_build_first(const np_build *b, int32_t kind);
size_t np_build_end(const np_build *b, int32_t kind);
/* The place of a workload in s->objects; NP_NONE if it is not loaded. */
uint32_t np_build_workload(const np_build *b, const char *kind, const char *space,
                           const char *name);

/* Gives the number, made if it is new; NP_NONE: no memory. */
uint32_t np_build_namespace(np_build *b, const char *name);
uint32_t np_build_node(np_build *b, const char *name);
uint32_t np_build_owner(np_build *b, uint32_t space, const char *kind, const char *name);

/* The parts, in this order. NETPOL_OK, _NO_MEMORY or _CANCELLED. */
netpol_status np_build_namespaces(np_build *b);
netpol_status np_build_nodes(np_build *b);
netpol_status np_build_pods(np_build *b);
netpol_status np_build_workloads(np_build *b);
netpol_status np_build_addresses(np_build *b); /* sorts the pods too */
netpol_status np_build_policies(np_build *b);
netpol_status np_build_services(np_build *b);
netpol_status np_build_families(np_build *b);

/* A new pod at the end; NULL: no memory. */
np_pod *np_build_pod(np_build *b, const netpol_object *object, const netpol_metadata *meta,
                     const netpol_pod_spec *spec, const char *space);
/* Enters the name of a pod; false: no memory. */
bool np_build_pod_name(np_snapshot *s, uint32_t pod);
bool np_build_service_name(np_snapshot *s, uint32_t service);
/* Enters an address; false: no memory. */
bool np_build_address(np_addresses *a, const np_ip *ip, uint32_t whose);

/* The controller reference; NULL: none. */
const netpol_owner_reference *np_controller_of(const netpol_metadata *meta);
/* The kind and name that reports show for what `meta` belongs to: the highest controller known.
 * Marks loaded ones on the way in has_pods. False: it has no controller. */
bool np_build_controller(np_build *b, const netpol_metadata *meta, const char *space,
                         const char **kind, const char **name);

/* Notes what the selectors of a policy ask for (np_snapshot.asked_keys and …_labels). */
void np_build_note_policy(np_snapshot *s, const netpol_policy_spec *spec);

/* Whether selectors name the ordinals of StatefulSets now that did not before. */
bool np_asks_more_ordinals(const np_snapshot *before, const np_snapshot *now);

/* Says something about an object. */
void np_build_say(const np_build *b, int32_t code, const netpol_object *x, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Frees what np_snapshot_change made, and gives back what it shares. */
void np_snapshot_free_changed(np_snapshot *s);
/* The directions that a policy has after defaults. */
uint8_t np_policy_directions(const netpol_policy_spec *spec);

/* NETPOL_CANCELLED now and then when the caller wants to stop; i counts the work. */
netpol_status np_build_pause(const np_build *b, size_t i);

#endif
