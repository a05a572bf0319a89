/* SPDX-License-Identifier: MIT */
#include "table_fields.h"

#define NETWORKING "networking.k8s.io/v1"
#define POLICY_API "policy.networking.k8s.io/"

/* NETPOL_KIND_…, apiVersion, kind, table, namespaced, whole, crd */
static const np_kind kinds[] = {
    {NETPOL_KIND_NETWORK_POLICY, NETWORKING, "NetworkPolicy", &np_table_policy, true, true, false},
    {NETPOL_KIND_NAMESPACE, "v1", "Namespace", &np_table_namespace, false, false, false},
    {NETPOL_KIND_POD, "v1", "Pod", &np_table_pod, true, false, false},
    {NETPOL_KIND_NODE, "v1", "Node", &np_table_node, false, false, false},
    {NETPOL_KIND_SERVICE, "v1", "Service", &np_table_service, true, false, false},
    {NETPOL_KIND_DEPLOYMENT, "apps/v1", "Deployment", &np_table_replicated, true, false, false},
    {NETPOL_KIND_STATEFUL_SET, "apps/v1", "StatefulSet", &np_table_replicated, true, false, false},
    {NETPOL_KIND_DAEMON_SET, "apps/v1", "DaemonSet", &np_table_daemon_set, true, false, false},
    {NETPOL_KIND_REPLICA_SET, "apps/v1", "ReplicaSet", &np_table_replicated, true, false, false},
    {NETPOL_KIND_REPLICATION_CONTROLLER, "v1", "ReplicationController", &np_table_replicated, true,
     false, false},
    {NETPOL_KIND_JOB, "batch/v1", "Job", &np_table_job, true, false, false},
    {NETPOL_KIND_CRON_JOB, "batch/v1", "CronJob", &np_table_cron_job, true, false, false},
    {NETPOL_KIND_ENDPOINT_SLICE, "discovery.k8s.io/v1", "EndpointSlice", &np_table_endpoint_slice,
     true, false, false},
    {NETPOL_KIND_ENDPOINTS, "v1", "Endpoints", &np_table_endpoints, true, false, false},
    {NETPOL_KIND_CLUSTER_NETWORK_POLICY, POLICY_API "v1alpha2", "ClusterNetworkPolicy",
     &np_table_cluster_policy, false, true, true},
    {NETPOL_KIND_ADMIN_NETWORK_POLICY, POLICY_API "v1alpha1", "AdminNetworkPolicy",
     &np_table_admin_policy, false, true, true},
    {NETPOL_KIND_BASELINE_ADMIN_NETWORK_POLICY, POLICY_API "v1alpha1", "BaselineAdminNetworkPolicy",
     &np_table_baseline_policy, false, true, true},
};

static const np_kind other_kind = {NETPOL_KIND_OTHER, "", "", NULL, false, false, false};

const np_kind *np_kind_at(size_t i)
{
    return i < NP_COUNT_OF(kinds) ? &kinds[i] : NULL;
}

const np_kind *np_kind_of(int32_t id)
{
    for (size_t i = 0; i < NP_COUNT_OF(kinds); i++)
        if (kinds[i].id == id)
            return &kinds[i];
    return &other_kind;
}

const np_kind *np_kind_find(np_slice api_version, np_slice name)
{
    for (size_t i = 0; i < NP_COUNT_OF(kinds); i++)
        if (np_slice_is(name, kinds[i].name) && np_slice_is(api_version, kinds[i].api_version))
            return &kinds[i];
    return NULL;
}

const np_field *np_table_find(const np_table *t, np_slice name)
{
    for (size_t i = 0; i < t->n_fields; i++)
        if (np_field_is(&t->fields[i], name))
            return &t->fields[i];
    return NULL;
}

static char fold(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool np_same_folded(np_slice a, np_slice b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (fold(a.p[i]) != fold(b.p[i]))
            return false;
    return true;
}

const np_field *np_table_find_folded(const np_table *t, np_slice name)
{
    const np_field *exact = np_table_find(t, name);
    for (size_t i = 0; !exact && i < t->n_fields; i++)
        if (np_same_folded(np_slice_of(t->fields[i].name), name))
            exact = &t->fields[i];
    return exact;
}

enum { NEAR_ROOM = 64 };

static np_slice folded(np_slice s, char *room)
{
    size_t n = s.n < NEAR_ROOM ? s.n : NEAR_ROOM;
    for (size_t i = 0; i < n; i++)
        room[i] = fold(s.p[i]);
    return (np_slice){room, n};
}

const char *np_table_near(const np_table *t, np_slice name)
{
    char room[2][NEAR_ROOM];
    np_slice wanted = folded(name, room[0]);
    const char *best = NULL;
    /* One slip in a short word, two in a long one. */
    unsigned least = name.n < 4 ? 2 : 3;
    for (size_t i = 0; name.n <= NEAR_ROOM && i < t->n_fields; i++) {
        np_slice known = folded(np_slice_of(t->fields[i].name), room[1]);
        unsigned distance = np_edit_distance(wanted, known, least - 1);
        if (distance < least) {
            least = distance;
            best = t->fields[i].name;
        }
    }
    return best;
}

const np_field *np_table_owner(const np_table *t, np_slice name)
{
    for (size_t i = 0; i < t->n_fields; i++)
        if (t->fields[i].sub && np_table_find(t->fields[i].sub, name))
            return &t->fields[i];
    return NULL;
}
