/* SPDX-License-Identifier: MIT */
/**
 * @file object.h  One API object: immutable, reference-counted, shareable between threads.
 *
 * An object is one arena behind one count. Everything reached through it is borrowed from it.
 */
#ifndef NETPOL_OBJECT_H
#define NETPOL_OBJECT_H

#include "diagnostics.h"
#include "model.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Kinds that have a typed form. Values are appended and never reused. */
enum {
    NETPOL_KIND_OTHER = 0, /**< Kept as a plain tree (NETPOL_KEEP_OTHERS). */
    NETPOL_KIND_NETWORK_POLICY = 1,
    NETPOL_KIND_NAMESPACE = 2,
    NETPOL_KIND_POD = 3,
    NETPOL_KIND_NODE = 4,
    NETPOL_KIND_SERVICE = 5,
    NETPOL_KIND_DEPLOYMENT = 6,
    NETPOL_KIND_STATEFUL_SET = 7,
    NETPOL_KIND_DAEMON_SET = 8,
    NETPOL_KIND_REPLICA_SET = 9,
    NETPOL_KIND_REPLICATION_CONTROLLER = 10,
    NETPOL_KIND_JOB = 11,
    NETPOL_KIND_CRON_JOB = 12,
    NETPOL_KIND_ENDPOINT_SLICE = 13,
    NETPOL_KIND_ENDPOINTS = 14,
    NETPOL_KIND_CLUSTER_NETWORK_POLICY = 15,
    NETPOL_KIND_ADMIN_NETWORK_POLICY = 16,
    NETPOL_KIND_BASELINE_ADMIN_NETWORK_POLICY = 17
};

/** An immutable API object. Any number of threads may read one. */
typedef struct netpol_object netpol_object;

/**
 * Makes an object from a tree of public structs, which is copied.
 *
 * The tree is checked as a document is when it is read: strings are UTF-8, times RFC 3339, labels
 * have keys, each once. Field validation is netpol_object_validate's. NULL list elements are read as
 * empty ones.
 *
 * @param tree            The policy. Copied.
 * @param header_version  NETPOL_VERSION of the caller's header: says how long its structs are.
 * @param options         allocator and limits; NULL: defaults.
 * @param out             Owned; set on NETPOL_OK only.
 * @return NETPOL_OK; NETPOL_INVALID, NETPOL_LIMIT, NETPOL_NO_MEMORY; NETPOL_MISUSE for a NULL
 *         tree or out, or a header newer than the library.
 * Threads: any, on a tree that nobody changes meanwhile.  Since: 0.1
 */
NETPOL_API netpol_status netpol_object_from_policy(const netpol_policy *tree,
                                                   uint32_t header_version,
                                                   const netpol_options *options,
                                                   netpol_object **out, netpol_diagnostics *diags);

/** As netpol_object_from_policy, for a Namespace. Since: 0.1 */
NETPOL_API netpol_status netpol_object_from_namespace(const netpol_namespace *tree,
                                                      uint32_t header_version,
                                                      const netpol_options *options,
                                                      netpol_object **out,
                                                      netpol_diagnostics *diags);

/** As netpol_object_from_policy, for a Pod. Since: 0.1 */
NETPOL_API netpol_status netpol_object_from_pod(const netpol_pod *tree, uint32_t header_version,
                                                const netpol_options *options, netpol_object **out,
                                                netpol_diagnostics *diags);

/** As netpol_object_from_policy, for a Node. Since: 0.1 */
NETPOL_API netpol_status netpol_object_from_node(const netpol_node *tree, uint32_t header_version,
                                                 const netpol_options *options, netpol_object **out,
                                                 netpol_diagnostics *diags);

/** As netpol_object_from_policy, for a Service. Since: 0.1 */
NETPOL_API netpol_status netpol_object_from_service(const netpol_service *tree,
                                                    uint32_t header_version,
                                                    const netpol_options *options,
                                                    netpol_object **out,
                                                    netpol_diagnostics *diags);

/**
 * As netpol_object_from_policy, for a cluster-scoped policy.
 * @param kind  NETPOL_KIND_CLUSTER_NETWORK_POLICY, …_ADMIN_… or …_BASELINE_ADMIN_….
 * Since: 0.1
 */
NETPOL_API netpol_status netpol_object_from_cluster_policy(const netpol_cluster_policy *tree,
                                                           int32_t kind, uint32_t header_version,
                                                           const netpol_options *options,
                                                           netpol_object **out,
                                                           netpol_diagnostics *diags);

/**
 * Makes a copy with one change. The base is untouched. The copy counts as made in memory: it has no
 * source and no positions. What is wrong with the value is said with the source "<value>".
 *
 * @param base        Any object with a typed form.
 * @param path        API field path, as diagnostics print it: "spec.ingress[0].ports[0].port",
 *                    "metadata.labels.app", `metadata.labels["a.b/c"]`. An index equal to the
 *                    length of its list appends. Missing parents are made.
 * @param yaml_value  The new value as YAML or JSON; NULL deletes the field or element.
 * @param out         Owned; set on NETPOL_OK only.
 * @return NETPOL_OK; NETPOL_INVALID for a value of the wrong type or a path of no such field;
 *         NETPOL_NOT_FOUND for an index beyond its list, or a deletion of what is not there;
 *         NETPOL_LIMIT, NETPOL_NO_MEMORY, NETPOL_MISUSE.
 * Threads: any.  Cost: a copy of the object.  Since: 0.1
 */
NETPOL_API netpol_status netpol_object_with(const netpol_object *base, const char *path,
                                            const char *yaml_value, netpol_object **out,
                                            netpol_diagnostics *diags);

/** Takes one more reference; NULL gives NULL. Threads: any. Since: 0.1 */
NETPOL_API netpol_object *netpol_object_ref(const netpol_object *object);

/** Gives one reference back; the last one frees. NULL is allowed. Threads: any. Since: 0.1 */
NETPOL_API void netpol_object_unref(netpol_object *object);

/** NETPOL_KIND_…; NETPOL_KIND_OTHER for NULL. Threads: any. Since: 0.1 */
NETPOL_API int32_t netpol_object_kind(const netpol_object *object);
/** "networking.k8s.io/v1". Borrowed, never NULL. Threads: any. Since: 0.1 */
NETPOL_API const char *netpol_object_api_version(const netpol_object *object);
/** "NetworkPolicy". Borrowed, never NULL. Threads: any. Since: 0.1 */
NETPOL_API const char *netpol_object_kind_name(const netpol_object *object);
/** metadata.name; "" when absent. Borrowed, never NULL. Threads: any. Since: 0.1 */
NETPOL_API const char *netpol_object_name(const netpol_object *object);
/** metadata.namespace; NULL when absent. Borrowed. Threads: any. Since: 0.1 */
NETPOL_API const char *netpol_object_namespace(const netpol_object *object);
/** metadata, empty when the document has none; of NETPOL_KIND_OTHER name and namespace only. Borrowed;
 *  NULL for NULL. Threads: any. Since: 0.1 */
NETPOL_API const netpol_metadata *netpol_object_metadata(const netpol_object *object);
/** Where it was read: file name as given; NULL when made in memory. Borrowed. Since: 0.1 */
NETPOL_API const char *netpol_object_source(const netpol_object *object);
/** Line of the document or list item in its source, from 1; 0 when made in memory. Since: 0.1 */
NETPOL_API uint32_t netpol_object_line(const netpol_object *object);

/**
 * Where a field stands in the source: a single value itself if it follows its key on the same line,
 * else the key; an element where it begins.
 *
 * @param path    API field path as diagnostics print it; "" is the object itself.
 * @param line    Set on NETPOL_OK; from 1.
 * @param column  Set on NETPOL_OK; from 1, in characters.
 * @return NETPOL_OK; NETPOL_NOT_FOUND if the object has no such field or no source.
 * Threads: any.  Cost: the size of the object.  Since: 0.1
 */
NETPOL_API netpol_status netpol_object_locate(const netpol_object *object, const char *path,
                                              uint32_t *line, uint32_t *column);

/** The typed form; NULL if the object is of another kind. Borrowed. Threads: any. Since: 0.1 */
NETPOL_API const netpol_policy *netpol_object_policy(const netpol_object *object);
/** As netpol_object_policy, for a Namespace. Since: 0.1 */
NETPOL_API const netpol_namespace *netpol_object_namespace_tree(const netpol_object *object);
/** As netpol_object_policy, for a Pod. Since: 0.1 */
NETPOL_API const netpol_pod *netpol_object_pod(const netpol_object *object);
/** As netpol_object_policy, for a Node. Since: 0.1 */
NETPOL_API const netpol_node *netpol_object_node(const netpol_object *object);
/** As netpol_object_policy, for a Service. Since: 0.1 */
NETPOL_API const netpol_service *netpol_object_service(const netpol_object *object);
/** As netpol_object_policy, for a Deployment, StatefulSet, …, CronJob. Since: 0.1 */
NETPOL_API const netpol_workload *netpol_object_workload(const netpol_object *object);
/** As netpol_object_policy, for an EndpointSlice. Since: 0.1 */
NETPOL_API const netpol_endpoint_slice *netpol_object_endpoint_slice(const netpol_object *object);
/** As netpol_object_policy, for an Endpoints. Since: 0.1 */
NETPOL_API const netpol_endpoints *netpol_object_endpoints(const netpol_object *object);
/** As netpol_object_policy, for the three cluster-scoped policy kinds. Since: 0.1 */
NETPOL_API const netpol_cluster_policy *netpol_object_cluster_policy(const netpol_object *object);

/**
 * Whether two objects mean the same: kind and all fields, not positions or sources.
 * Two NULLs are equal. Threads: any. Since: 0.1
 */
NETPOL_API bool netpol_object_equal(const netpol_object *a, const netpol_object *b);

/**
 * Says all that the API server would say of this object: errors in its order, then warnings.
 *
 * The messages are those of Kubernetes 1.37, byte for byte, each once. Defaults are taken to be set
 * and an absent namespace to be the request's; generateName gets five letters. Errors of a
 * NetworkPolicy come in the server's order; those of a cluster-scoped policy, for which it has none,
 * sorted, and its status is not looked at.
 *
 * @param object   NetworkPolicy or a cluster-scoped policy; other kinds are valid by definition.
 * @param old      The object that this one replaces, of the same kind, for the rules of an update;
 *                 NULL: create. It is taken to be stored: what the server keeps of it (uid, times,
 *                 generation, resourceVersion) may be left out. Of a cluster-scoped policy all
 *                 faults are told, also those that the old object had and the server would let
 *                 through.
 * @param options  allocator, NETPOL_TOLERANT_CIDR and NETPOL_STANDARD_CHANNEL are read; NULL:
 *                 defaults.
 * @param diags    Errors, then warnings (only if there is no error). May be NULL: then only the
 *                 status is wanted. Texts beyond 4 MiB are not made, only counted as dropped.
 * @return NETPOL_OK if there is no error, else NETPOL_INVALID; NETPOL_MISUSE, NETPOL_NO_MEMORY
 *         (nothing is added).
 * Threads: any.  Cost: the size of the object.  Since: 0.1
 */
NETPOL_API netpol_status netpol_object_validate(const netpol_object *object,
                                                const netpol_object *old,
                                                const netpol_options *options,
                                                netpol_diagnostics *diags);

/** Bits for netpol_object_write. */
enum {
    /** Add what the API server's defaulting adds: protocol TCP, policyTypes. */
    NETPOL_WRITE_DEFAULTS = 1u << 0,
    /** Leave metadata.managedFields out, as kubectl does. */
    NETPOL_WRITE_HIDE_MANAGED_FIELDS = 1u << 1
};

/**
 * Writes an object canonically: the bytes that Kubernetes' own printer gives for the typed object
 * (`kubectl get -o yaml`; for JSON the compact form of the API, one line). Comments are not kept.
 *
 * @param format  NETPOL_FORMAT_YAML or NETPOL_FORMAT_JSON. Both end with a line feed.
 * @param flags   NETPOL_WRITE_… bits.
 * @return NETPOL_OK; NETPOL_MISUSE for a kind that is not kept whole (Pod, Service, … read without
 *         NETPOL_KEEP_OTHERS) or a bad format; NETPOL_NO_MEMORY; what the sink returned.
 * Threads: any.  Since: 0.1
 */
NETPOL_API netpol_status netpol_object_write(const netpol_object *object, int32_t format,
                                             uint32_t flags, const netpol_sink *to);

#ifdef __cplusplus
}
#endif
#endif
