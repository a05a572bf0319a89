/* SPDX-License-Identifier: MIT */
/* Objects from trees that a caller made. */
#include "model.h"

/* A policy as in the documentation needs about this much. */
enum { FIRST_CHUNK = 1024 };

/* What went wrong, in words; returns its status. */
static netpol_status refusal(bool over_limit, const char *why, const np_kind *kind,
                             netpol_diagnostics *diags)
{
    np_where where = {.item = -1, .object = kind->name};
    if (over_limit) {
        np_diag(diags, NP_CODE_LIMIT, &where, NULL, NULL, "the object is larger than max_memory");
        return NETPOL_LIMIT;
    }
    if (!why)
        return NETPOL_NO_MEMORY;
    np_diag(diags, NP_CODE_BAD_TREE, &where, NULL, NULL, "%s", why);
    return NETPOL_INVALID;
}

netpol_status np_object_from_tree(const void *tree, const np_kind *kind, uint32_t header_version,
                                  const netpol_options *options, netpol_object **out,
                                  netpol_diagnostics *diags)
{
    netpol_options o;
    if (!tree || !out || header_version > NETPOL_VERSION || !np_options_read(options, &o))
        return NETPOL_MISUSE;
    bool over_limit = false;
    size_t most = o.max_memory < SIZE_MAX ? (size_t)o.max_memory : 0;
    netpol_object *x = np_object_new(o.allocator, kind, FIRST_CHUNK, most, &over_limit);
    if (!x)
        return refusal(over_limit, NULL, kind, diags);
    const char *why;
    const void *copy = np_tree_copy(kind->table, tree, header_version, &x->arena, &why);
    if (!copy) {
        netpol_status s = refusal(x->arena.over_limit, why, kind, diags);
        netpol_object_unref(x);
        return s;
    }
    np_object_set_tree(x, copy);
    *out = x;
    return NETPOL_OK;
}

netpol_status netpol_object_from_policy(const netpol_policy *tree, uint32_t header_version,
                                        const netpol_options *options, netpol_object **out,
                                        netpol_diagnostics *diags)
{
    return np_object_from_tree(tree, np_kind_of(NETPOL_KIND_NETWORK_POLICY), header_version,
                               options, out, diags);
}

netpol_status netpol_object_from_namespace(const netpol_namespace *tree, uint32_t header_version,
                                           const netpol_options *options, netpol_object **out,
                                           netpol_diagnostics *diags)
{
    return np_object_from_tree(tree, np_kind_of(NETPOL_KIND_NAMESPACE), header_version, options,
                               out, diags);
}

netpol_status netpol_object_from_pod(const netpol_pod *tree, uint32_t header_version,
                                     const netpol_options *options, netpol_object **out,
                                     netpol_diagnostics *diags)
{
    return np_object_from_tree(tree, np_kind_of(NETPOL_KIND_POD), header_version, options, out,
                               diags);
}

netpol_status netpol_object_from_node(const netpol_node *tree, uint32_t header_version,
                                      const netpol_options *options, netpol_object **out,
                                      netpol_diagnostics *diags)
{
    return np_object_from_tree(tree, np_kind_of(NETPOL_KIND_NODE), header_version, options, out,
                               diags);
}

netpol_status netpol_object_from_service(const netpol_service *tree, uint32_t header_version,
                                         const netpol_options *options, netpol_object **out,
                                         netpol_diagnostics *diags)
{
    return np_object_from_tree(tree, np_kind_of(NETPOL_KIND_SERVICE), header_version, options, out,
                               diags);
}

netpol_status netpol_object_from_cluster_policy(const netpol_cluster_policy *tree, int32_t kind,
                                                uint32_t header_version,
                                                const netpol_options *options, netpol_object **out,
                                                netpol_diagnostics *diags)
{
    if (kind < NETPOL_KIND_CLUSTER_NETWORK_POLICY ||
        kind > NETPOL_KIND_BASELINE_ADMIN_NETWORK_POLICY)
        return NETPOL_MISUSE;
    return np_object_from_tree(tree, np_kind_of(kind), header_version, options, out, diags);
}
