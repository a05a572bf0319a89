/* SPDX-License-Identifier: MIT */
#include "validate.h"

/* Custom resources: metadata by Kubernetes' code, the rest by the schema of the CRD. */
static void check_custom(np_check *c, const netpol_object *old, bool standard)
{
    const netpol_object *x = c->object;
    if (old)
        np_check_meta_update(c, x->meta, old->meta, false);
    else
        np_check_meta(c, x->meta, false);
    np_check_cluster_policy(c, x->tree, standard);
    if (!old && np_check_count(c) == 0)
        np_check_meta_segments(c, x->meta);
    np_check_sort(c);
}

static void find_errors(np_check *c, const netpol_object *old, uint32_t flags)
{
    switch (c->object->kind->id) {
    case NETPOL_KIND_NETWORK_POLICY:
        np_check_policy(c, c->object->tree, old ? old->tree : NULL, flags & NETPOL_TOLERANT_CIDR);
        break;
    case NETPOL_KIND_CLUSTER_NETWORK_POLICY:
    case NETPOL_KIND_ADMIN_NETWORK_POLICY:
    case NETPOL_KIND_BASELINE_ADMIN_NETWORK_POLICY:
        check_custom(c, old, flags & NETPOL_STANDARD_CHANNEL);
        break;
    default:
        break;
    }
}

netpol_status netpol_object_validate(const netpol_object *object, const netpol_object *old,
                                     const netpol_options *options, netpol_diagnostics *diags)
{
    netpol_options o;
    if (!object || (old && old->kind != object->kind) || !np_options_read(options, &o))
        return NETPOL_MISUSE;
    np_check c;
    np_check_init(&c, object, o.allocator, diags != NULL);
    find_errors(&c, old, o.flags);
    netpol_status status = np_check_count(&c) ? NETPOL_INVALID : NETPOL_OK;
    if (status == NETPOL_OK && object->kind->id == NETPOL_KIND_NETWORK_POLICY)
        np_check_policy_warnings(&c, object->tree);
    if (c.no_memory)
        status = NETPOL_NO_MEMORY;
    else
        np_check_flush(&c, diags);
    np_check_free(&c);
    return status;
}
