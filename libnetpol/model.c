/* SPDX-License-Identifier: MIT */
#include "model.h"

netpol_object *np_object_new(const netpol_allocator *alloc, const np_kind *kind, size_t first_chunk,
                             size_t max_bytes, bool *over_limit)
{
    np_arena arena;
    np_arena_init(&arena, alloc, first_chunk);
    arena.max = max_bytes;
    netpol_object *x = NP_NEW(&arena, netpol_object);
    if (!x) {
        *over_limit = arena.over_limit;
        return NULL;
    }
    atomic_init(&x->refs, 1);
    x->arena = arena;
    x->kind = kind;
    x->api_version = kind->api_version;
    x->kind_name = kind->name;
    x->item = -1;
    return x;
}

void np_object_set_tree(netpol_object *x, const void *tree)
{
    x->tree = tree;
    const np_field *f = np_table_find(x->kind->table, NP_SLICE("metadata"));
    memcpy(&x->meta, np_field_at(f, tree), sizeof x->meta);
}

netpol_object *netpol_object_ref(const netpol_object *object)
{
    /* The count is the one part of an object that changes. */
    netpol_object *x = (netpol_object *)(uintptr_t)object;
    if (x)
        atomic_fetch_add_explicit(&x->refs, 1, memory_order_relaxed);
    return x;
}

void netpol_object_unref(netpol_object *x)
{
    if (!x || atomic_fetch_sub_explicit(&x->refs, 1, memory_order_acq_rel) != 1)
        return;
    np_arena arena = x->arena; /* x lies in it */
    np_arena_free(&arena);
}

void np_object_title(np_buffer *b, const netpol_object *x)
{
    np_buffer_text(b, x->kind_name);
    np_buffer_char(b, ' ');
    if (x->meta && x->meta->namespace_name) {
        np_buffer_text(b, x->meta->namespace_name);
        np_buffer_char(b, '/');
    }
    np_buffer_text(b, netpol_object_name(x));
}

int32_t netpol_object_kind(const netpol_object *x)
{
    return x ? x->kind->id : NETPOL_KIND_OTHER;
}

const char *netpol_object_api_version(const netpol_object *x)
{
    return x ? x->api_version : "";
}

const char *netpol_object_kind_name(const netpol_object *x)
{
    return x ? x->kind_name : "";
}

const char *netpol_object_name(const netpol_object *x)
{
    return x && x->meta && x->meta->name ? x->meta->name : "";
}

const char *netpol_object_namespace(const netpol_object *x)
{
    return x && x->meta ? x->meta->namespace_name : NULL;
}

const netpol_metadata *netpol_object_metadata(const netpol_object *x)
{
    return x ? x->meta : NULL;
}

const char *netpol_object_source(const netpol_object *x)
{
    return x ? x->source : NULL;
}

uint32_t netpol_object_line(const netpol_object *x)
{
    return x ? x->line : 0;
}

/* ---- the typed form ---- */

static const void *tree_between(const netpol_object *x, int32_t first, int32_t last)
{
    return x && x->kind->id >= first && x->kind->id <= last ? x->tree : NULL;
}

const netpol_policy *netpol_object_policy(const netpol_object *x)
{
    return tree_between(x, NETPOL_KIND_NETWORK_POLICY, NETPOL_KIND_NETWORK_POLICY);
}

const netpol_namespace *netpol_object_namespace_tree(const netpol_object *x)
{
    return tree_between(x, NETPOL_KIND_NAMESPACE, NETPOL_KIND_NAMESPACE);
}

const netpol_pod *netpol_object_pod(const netpol_object *x)
{
    return tree_between(x, NETPOL_KIND_POD, NETPOL_KIND_POD);
}

const netpol_node *netpol_object_node(const netpol_object *x)
{
    return tree_between(x, NETPOL_KIND_NODE, NETPOL_KIND_NODE);
}

const netpol_service *netpol_object_service(const netpol_object *x)
{
    return tree_between(x, NETPOL_KIND_SERVICE, NETPOL_KIND_SERVICE);
}

const netpol_workload *netpol_object_workload(const netpol_object *x)
{
    return tree_between(x, NETPOL_KIND_DEPLOYMENT, NETPOL_KIND_CRON_JOB);
}

const netpol_endpoint_slice *netpol_object_endpoint_slice(const netpol_object *x)
{
    return tree_between(x, NETPOL_KIND_ENDPOINT_SLICE, NETPOL_KIND_ENDPOINT_SLICE);
}

const netpol_endpoints *netpol_object_endpoints(const netpol_object *x)
{
    return tree_between(x, NETPOL_KIND_ENDPOINTS, NETPOL_KIND_ENDPOINTS);
}

const netpol_cluster_policy *netpol_object_cluster_policy(const netpol_object *x)
{
    return tree_between(x, NETPOL_KIND_CLUSTER_NETWORK_POLICY,
                        NETPOL_KIND_BASELINE_ADMIN_NETWORK_POLICY);
}

/* ---- equality ---- */

static bool equal_lists(const np_value *a, const np_value *b)
{
    for (size_t i = 0; i < a->n; i++)
        if (!np_value_equal(a->as.list[i], b->as.list[i]))
            return false;
    return true;
}

static bool equal_maps(const np_value *a, const np_value *b)
{
    for (size_t i = 0; i < a->n; i++)
        if (!np_slice_equal(a->as.map[i].key, b->as.map[i].key) ||
            !np_value_equal(a->as.map[i].value, b->as.map[i].value))
            return false;
    return true;
}

bool np_value_equal(const np_value *a, const np_value *b)
{
    if (!a || !b || a == b)
        return a == b;
    if (a->type != b->type || a->n != b->n)
        return false;
    switch (a->type) {
    case NP_VALUE_NULL:
        return true;
    case NP_VALUE_BOOL:
        return a->as.boolean == b->as.boolean;
    case NP_VALUE_INT:
        return a->as.integer == b->as.integer;
    case NP_VALUE_UINT:
        return a->as.natural == b->as.natural;
    case NP_VALUE_FLOAT: /* as bits: numbers are kept, not computed with */
        return memcmp(&a->as.real, &b->as.real, sizeof a->as.real) == 0;
    case NP_VALUE_STRING:
        return np_slice_equal(a->as.text, b->as.text);
    case NP_VALUE_LIST:
        return equal_lists(a, b);
    case NP_VALUE_MAP:
        return equal_maps(a, b);
    }
    return false;
}

size_t np_value_place(const np_value *map, np_slice key, bool *there)
{
    size_t low = 0;
    size_t high = map->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (np_slice_compare(map->as.map[middle].key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *there = low < map->n && np_slice_equal(map->as.map[low].key, key);
    return low;
}

const np_value *np_value_find(const np_value *v, np_slice key)
{
    bool there = false;
    size_t at = v->type == NP_VALUE_MAP ? np_value_place(v, key, &there) : 0;
    return there ? v->as.map[at].value : NULL;
}

bool netpol_object_equal(const netpol_object *a, const netpol_object *b)
{
    if (!a || !b || a == b)
        return a == b;
    if (a->kind != b->kind || strcmp(a->api_version, b->api_version) != 0 ||
        strcmp(a->kind_name, b->kind_name) != 0)
        return false;
    if (a->value && b->value)
        return np_value_equal(a->value, b->value);
    if (a->kind->table)
        return np_tree_equal(a->kind->table, a->tree, b->tree);
    return np_tree_equal(&np_table_metadata, a->meta, b->meta);
}
