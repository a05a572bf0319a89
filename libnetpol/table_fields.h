/* SPDX-License-Identifier: MIT */
/* How the field tables are written; for the table_*.c files only. */
#ifndef NP_TABLE_FIELDS_H
#define NP_TABLE_FIELDS_H

#include "table.h"

#define NP_SINCE_0_1 0x000100u

/* One value, a map or list with its count, a struct, a list of structs, a nested map without a
 * struct of its own, and a list of maps of which one string is kept. */
#define NP_ONE(type, name, member, kind, flags)                                                    \
    {                                                                                              \
        name, #member, sizeof(name) - 1, kind, flags, offsetof(type, member), 0, NULL, NULL,       \
            NP_SINCE_0_1                                                                           \
    }
#define NP_MANY(type, name, member, kind) NP_MANY_FLAGGED(type, name, member, kind, 0)
#define NP_MANY_FLAGGED(type, name, member, kind, flags)                                           \
    {                                                                                              \
        name, #member, sizeof(name) - 1, kind, flags, offsetof(type, member),                      \
            offsetof(type, n_##member), NULL, NULL, NP_SINCE_0_1                                   \
    }
#define NP_SUB(type, name, member, flags, sub)                                                     \
    {                                                                                              \
        name, #member, sizeof(name) - 1, NP_STRUCT, flags, offsetof(type, member), 0, &(sub),      \
            NULL, NP_SINCE_0_1                                                                     \
    }
#define NP_SUBS(type, name, member, sub)                                                           \
    {                                                                                              \
        name, #member, sizeof(name) - 1, NP_STRUCT_LIST, 0, offsetof(type, member),                \
            offsetof(type, n_##member), &(sub), NULL, NP_SINCE_0_1                                 \
    }
#define NP_NEST(name, flags, sub)                                                                  \
    {                                                                                              \
        name, "", sizeof(name) - 1, NP_GROUP, (flags) | NP_REQUIRED_KEY, 0, 0, &(sub), NULL,       \
            NP_SINCE_0_1                                                                           \
    }
#define NP_TAKE(type, name, member, pluck)                                                         \
    {                                                                                              \
        name, #member, sizeof(name) - 1, NP_PLUCK_LIST, 0, offsetof(type, member),                 \
            offsetof(type, n_##member), NULL, pluck, NP_SINCE_0_1                                  \
    }

#define NP_COUNT_OF(array) (sizeof(array) / sizeof *(array))
/* `prefix_fields` and `prefix_sorted` become a table. */
#define NP_TABLE(prefix, type, go_name, title)                                                     \
    {                                                                                              \
        go_name, title, sizeof(type), prefix##_fields, NP_COUNT_OF(prefix##_fields),               \
            prefix##_sorted, false                                                                 \
    }
#define NP_PARTIAL_TABLE(prefix, type, go_name, title)                                             \
    {                                                                                              \
        go_name, title, sizeof(type), prefix##_fields, NP_COUNT_OF(prefix##_fields),               \
            prefix##_sorted, true                                                                  \
    }

extern const np_table np_table_selector;
extern const np_table np_table_policy;
extern const np_table np_table_namespace;
extern const np_table np_table_pod;
extern const np_table np_table_node;
extern const np_table np_table_service;
extern const np_table np_table_endpoints;
extern const np_table np_table_endpoint_slice;
extern const np_table np_table_replicated; /* Deployment, StatefulSet, ReplicaSet, … */
extern const np_table np_table_daemon_set;
extern const np_table np_table_job;
extern const np_table np_table_cron_job;
extern const np_table np_table_cluster_policy;
extern const np_table np_table_admin_policy;
extern const np_table np_table_baseline_policy;

#endif
