/* SPDX-License-Identifier: MIT */
/* Namespaces: a number each, as long as something is in it or defines it. */
#include "snapshot_build.h"

#define NAME_LABEL "kubernetes.io/metadata.name"

static np_namespace *edit(np_build *b, uint32_t space)
{
    return np_tree_edit(b->store, &b->s.namespaces, space);
}

/* The API server sets the label with the namespace's own name, whatever was written. */
static uint32_t fill_labels(netpol_label *to, const char *name, const netpol_metadata *meta)
{
    uint32_t filled = 0;
    bool named = false;
    for (size_t i = 0; meta && i < meta->n_labels; i++) {
        int order = strcmp(meta->labels[i].key, NAME_LABEL);
        if (order >= 0 && !named)
            to[filled++] = (netpol_label){NAME_LABEL, name};
        named = named || order >= 0;
        if (order != 0)
            to[filled++] = meta->labels[i];
    }
    if (!named)
        to[filled++] = (netpol_label){NAME_LABEL, name};
    return filled;
}

/* Name and labels, by the object or, NULL, as they are assumed. */
static bool set_head(np_build *b, np_namespace *n, const char *name, const netpol_object *x)
{
    const netpol_metadata *meta = x ? netpol_object_metadata(x) : NULL;
    size_t bytes = ((meta ? meta->n_labels : 0) + 1) * sizeof(netpol_label);
    size_t length = strlen(name) + 1;
    np_held *held = np_build_hold(b, x, bytes + length);
    if (!held)
        return false;
    netpol_label *labels = (netpol_label *)(void *)(held + 1);
    char *copy = (char *)labels + bytes;
    memcpy(copy, name, length);
    n->n_labels = fill_labels(labels, copy, meta);
    n->name = copy;
    n->labels = labels;
    n->assumed = !x;
    np_store_drop(b->store, n->held);
    n->held = held;
    return true;
}

bool np_build_use_space(np_build *b, const char *name, uint32_t *space)
{
    *space = np_snapshot_namespace(&b->s, name);
    if (*space == NP_NONE) {
        np_namespace n = {.first_pod = NP_NONE, .last_pod = NP_NONE};
        if (!np_build_number(b, &b->free_namespaces, &b->s.namespaces, &b->s.n_namespaces, space))
            return false;
        np_namespace *to = edit(b, *space);
        if (!to || !set_head(b, &n, name, NULL))
            return false;
        *to = n;
        if (!np_dict_add(b->store, &b->s.by_namespace, np_hash_name(name), *space) ||
            !np_delta_space(b, *space))
            return false;
    }
    np_namespace *n = edit(b, *space);
    if (n)
        n->n_users++;
    return n != NULL;
}

bool np_build_leave_space(np_build *b, uint32_t space)
{
    np_namespace *n = edit(b, space);
    if (!n)
        return false;
    if (--n->n_users)
        return true;
    if (!np_dict_remove(b->store, &b->s.by_namespace, np_hash_name(n->name), space))
        return false;
    np_store_drop(b->store, n->held);
    np_store_drop(b->store, (void *)(uintptr_t)n->policies);
    *n = (np_namespace){.name = "", .assumed = true, .first_pod = NP_NONE, .last_pod = NP_NONE};
    return np_delta_space(b, space) && np_build_unused(b, &b->free_namespaces, space);
}

static bool same_labels(const np_namespace *n, const np_namespace *old)
{
    if (n->assumed != old->assumed || n->n_labels != old->n_labels)
        return false;
    for (uint32_t i = 0; i < n->n_labels; i++)
        if (strcmp(n->labels[i].key, old->labels[i].key) != 0 ||
            strcmp(n->labels[i].value, old->labels[i].value) != 0)
            return false;
    return true;
}

/* `old` was held when the change began, so it is still there to be compared with. */
static bool change_head(np_build *b, uint32_t space, const netpol_object *x)
{
    np_namespace *n = edit(b, space);
    if (!n)
        return false;
    np_namespace old = *n;
    np_namespace now = *n;
    now.held = NULL;
    if (!set_head(b, &now, old.name, x))
        return false;
    bool same = same_labels(&now, &old);
    *n = now;
    np_store_drop(b->store, old.held);
    return same || np_delta_space(b, space);
}

bool np_build_put_space(np_build *b, const netpol_object *x)
{
    uint32_t space = np_snapshot_namespace(&b->s, netpol_object_name(x));
    bool defined = space != NP_NONE && !np_namespace_at(&b->s, space)->assumed;
    if (!defined && !np_build_use_space(b, netpol_object_name(x), &space))
        return false;
    return change_head(b, space, x);
}

bool np_build_remove_space(np_build *b, const netpol_object *x)
{
    uint32_t space = np_snapshot_namespace(&b->s, netpol_object_name(x));
    if (space == NP_NONE || np_namespace_at(&b->s, space)->assumed)
        return np_build_again(b);
    return change_head(b, space, NULL) && np_build_leave_space(b, space);
}
