/* SPDX-License-Identifier: MIT */
/* meta.k8s.io/v1: ObjectMeta, LabelSelector. */
#include "table_fields.h"

static const np_field owner_fields[] = {
    NP_ONE(netpol_owner_reference, "apiVersion", api_version, NP_STRING, NP_ALWAYS),
    NP_ONE(netpol_owner_reference, "kind", kind, NP_STRING, NP_ALWAYS),
    NP_ONE(netpol_owner_reference, "name", name, NP_STRING, NP_ALWAYS),
    NP_ONE(netpol_owner_reference, "uid", uid, NP_STRING, NP_ALWAYS),
    NP_ONE(netpol_owner_reference, "controller", controller, NP_BOOL_SET, 0),
    NP_ONE(netpol_owner_reference, "blockOwnerDeletion", block_owner_deletion, NP_BOOL_SET, 0),
};
static const uint8_t owner_sorted[] = {0, 5, 4, 1, 2, 3};
static const np_table owner_table =
    NP_TABLE(owner, netpol_owner_reference, "OwnerReference", "an owner reference");

static const np_field managed_fields[] = {
    NP_ONE(netpol_managed_fields, "manager", manager, NP_STRING, 0),
    NP_ONE(netpol_managed_fields, "operation", operation, NP_STRING, 0),
    NP_ONE(netpol_managed_fields, "apiVersion", api_version, NP_STRING, 0),
    NP_ONE(netpol_managed_fields, "time", time, NP_TIME, 0),
    NP_ONE(netpol_managed_fields, "fieldsType", fields_type, NP_STRING, 0),
    NP_ONE(netpol_managed_fields, "fieldsV1", fields_v1, NP_JSON, 0),
    NP_ONE(netpol_managed_fields, "subresource", subresource, NP_STRING, 0),
};
static const uint8_t managed_sorted[] = {2, 4, 5, 0, 1, 6, 3};
static const np_table managed_table =
    NP_TABLE(managed, netpol_managed_fields, "ManagedFieldsEntry", "a managedFields entry");

static const np_field metadata_fields[] = {
    NP_ONE(netpol_metadata, "name", name, NP_STRING, 0),
    NP_ONE(netpol_metadata, "generateName", generate_name, NP_STRING, 0),
    NP_ONE(netpol_metadata, "namespace", namespace_name, NP_STRING, 0),
    NP_ONE(netpol_metadata, "selfLink", self_link, NP_STRING, 0),
    NP_ONE(netpol_metadata, "uid", uid, NP_STRING, 0),
    NP_ONE(netpol_metadata, "resourceVersion", resource_version, NP_STRING, 0),
    NP_ONE(netpol_metadata, "generation", generation, NP_INT64, 0),
    NP_ONE(netpol_metadata, "creationTimestamp", creation_timestamp, NP_TIME, 0),
    NP_ONE(netpol_metadata, "deletionTimestamp", deletion_timestamp, NP_TIME, 0),
    NP_ONE(netpol_metadata, "deletionGracePeriodSeconds", deletion_grace_period_seconds,
           NP_INT64_SET, 0),
    NP_MANY(netpol_metadata, "labels", labels, NP_STRING_MAP),
    NP_MANY(netpol_metadata, "annotations", annotations, NP_STRING_MAP),
    NP_SUBS(netpol_metadata, "ownerReferences", owner_references, owner_table),
    NP_MANY(netpol_metadata, "finalizers", finalizers, NP_STRING_LIST),
    NP_SUBS(netpol_metadata, "managedFields", managed_fields, managed_table),
};
static const uint8_t metadata_sorted[] = {11, 7, 9, 8, 13, 1, 6, 10, 14, 0, 2, 12, 5, 3, 4};
const np_table np_table_metadata =
    NP_TABLE(metadata, netpol_metadata, "ObjectMeta", "the metadata of an object");

static const np_field requirement_fields[] = {
    NP_ONE(netpol_requirement, "key", key, NP_STRING, NP_ALWAYS),
    NP_ONE(netpol_requirement, "operator", op, NP_STRING, NP_ALWAYS),
    NP_MANY(netpol_requirement, "values", values, NP_STRING_LIST),
};
static const uint8_t requirement_sorted[] = {0, 1, 2};
static const np_table requirement_table = NP_TABLE(
    requirement, netpol_requirement, "LabelSelectorRequirement", "an entry of matchExpressions");

static const np_field selector_fields[] = {
    NP_MANY(netpol_label_selector, "matchLabels", match_labels, NP_STRING_MAP),
    NP_SUBS(netpol_label_selector, "matchExpressions", match_expressions, requirement_table),
};
static const uint8_t selector_sorted[] = {1, 0};
const np_table np_table_selector =
    NP_TABLE(selector, netpol_label_selector, "LabelSelector", "a label selector");
