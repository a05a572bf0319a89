/* SPDX-License-Identifier: MIT */
/* A picture with other NetworkPolicies than the one before: pods, nodes and services are shared,
 * the list of policies is copied with the changes in it. */
#include "snapshot_build.h"

/* The place of a policy of this name in its namespace; NP_NONE: there is none. */
static uint32_t find_policy(const np_snapshot *s, const np_namespace *n, const char *name)
{
    for (uint32_t i = n->first_policy; i < n->first_policy + n->n_policies; i++)
        if (strcmp(netpol_object_name(s->policies[i].object), name) == 0)
            return i;
    return NP_NONE;
}

static bool keep_object(np_snapshot *s, size_t *room, const netpol_object *x)
{
    if (!np_grow(&s->alloc, (void **)&s->objects, room, s->n_objects + 1, sizeof *s->objects))
        return false;
    s->objects[s->n_objects++] = netpol_object_ref(x);
    return true;
}

static np_policy policy_of(const netpol_object *x, uint32_t space)
{
    static const netpol_policy_spec empty;
    const netpol_policy_spec *spec = netpol_object_policy(x)->spec;
    spec = spec ? spec : &empty;
    return (np_policy){x, spec, space, np_policy_directions(spec)};
}

/* Makes room for one more policy at the end of a namespace's run, or closes the gap of one. */
static void shift(np_snapshot *s, uint32_t space, uint32_t at, int by)
{
    size_t rest = s->n_policies - at;
    if (by > 0)
        memmove(s->policies + at + 1, s->policies + at, rest * sizeof *s->policies);
    else
        memmove(s->policies + at, s->policies + at + 1, (rest - 1) * sizeof *s->policies);
    s->n_policies += (size_t)by;
    s->namespaces[space].n_policies += (uint32_t)by;
    for (size_t i = 0; i < s->n_namespaces; i++)
        if (i != space && s->namespaces[i].first_policy >= at)
            s->namespaces[i].first_policy += (uint32_t)by;
}

/* Cannot fail: there is room for all additions. */
static void apply(np_snapshot *s, const np_change *change, uint32_t space)
{
    np_namespace *n = &s->namespaces[space];
    const netpol_object *x = change->is ? change->is : change->was;
    uint32_t at = find_policy(s, n, netpol_object_name(x));
    if (at != NP_NONE && change->is) {
        s->policies[at] = policy_of(change->is, space);
    } else if (at != NP_NONE) {
        shift(s, space, at, -1);
    } else if (change->is) {
        at = n->first_policy + n->n_policies;
        shift(s, space, at, 1);
        s->policies[at] = policy_of(change->is, space);
    }
    if (at != NP_NONE && change->is)
        np_build_note_policy(s, s->policies[at].spec);
}

/* Whether the policies alone have changed, in namespaces that are known. */
static bool find_spaces(const netpol_cluster *c, const np_snapshot *last, uint32_t *spaces)
{
    for (size_t i = 0; i < c->n_changes; i++) {
        const np_change *change = &c->changes[i];
        const netpol_object *x = change->is ? change->is : change->was;
        if (!*netpol_object_name(x))
            return false;
        spaces[i] = np_snapshot_namespace(last, np_cluster_space(c, x));
        if (spaces[i] == NP_NONE)
            return false;
    }
    return true;
}

static bool is_known(const np_snapshot *last, const netpol_object *x)
{
    for (size_t i = 0; last->base && i < last->n_objects; i++)
        if (last->objects[i] == x)
            return true;
    return false;
}

/* The policies that no picture before this one keeps. */
static bool keep_objects(const netpol_cluster *c, const np_snapshot *last, np_snapshot *s)
{
    size_t room = 0;
    bool ok = true;
    for (size_t i = 0; last->base && ok && i < last->n_objects; i++)
        ok = keep_object(s, &room, last->objects[i]);
    for (size_t i = 0; ok && i < c->n_changes; i++)
        if (c->changes[i].is && !is_known(last, c->changes[i].is))
            ok = keep_object(s, &room, c->changes[i].is);
    s->objects_room = room;
    return ok;
}

static bool copy_lists(const netpol_cluster *c, const np_snapshot *last, np_snapshot *s)
{
    size_t policies = last->n_policies + c->n_changes + 1;
    s->namespaces = np_resize(&s->alloc, NULL, 0, last->namespaces_room * sizeof *s->namespaces);
    s->policies = np_resize(&s->alloc, NULL, 0, policies * sizeof *s->policies);
    s->policies_room = policies;
    if ((last->namespaces_room && !s->namespaces) || !s->policies)
        return false;
    if (last->n_namespaces)
        memcpy(s->namespaces, last->namespaces, last->n_namespaces * sizeof *s->namespaces);
    if (last->n_policies)
        memcpy(s->policies, last->policies, last->n_policies * sizeof *s->policies);
    return keep_objects(c, last, s);
}

netpol_status np_snapshot_change(const netpol_cluster *c, np_snapshot *last, np_snapshot **out,
                                 uint32_t *spaces, size_t *n_spaces)
{
    bool addressed = last->pod_addresses.n + last->node_addresses.n + last->service_addresses.n > 0;
    if (!addressed || last->foreign != c->foreign || last->incomplete != c->incomplete ||
        !find_spaces(c, last, spaces))
        return NETPOL_NOT_FOUND;
    np_snapshot *s = np_resize(&c->alloc, NULL, 0, sizeof *s);
    if (!s)
        return NETPOL_NO_MEMORY;
    memcpy(s, last, sizeof *s);
    atomic_init(&s->refs, 1);
    s->base = np_snapshot_ref(last->base ? last->base : last);
    s->objects = NULL;
    s->n_objects = s->objects_room = 0;
    s->namespaces = NULL;
    s->policies = NULL;
    if (!copy_lists(c, last, s)) {
        np_snapshot_free(s);
        return NETPOL_NO_MEMORY;
    }
    for (size_t i = 0; i < c->n_changes; i++)
        apply(s, &c->changes[i], spaces[i]);
    if (np_asks_more_ordinals(last, s)) { /* then a StatefulSet has other replicas */
        np_snapshot_free(s);
        return NETPOL_NOT_FOUND;
    }
    *n_spaces = c->n_changes;
    *out = s;
    return NETPOL_OK;
}

void np_snapshot_free_changed(np_snapshot *s)
{
    netpol_allocator alloc = s->alloc;
    for (size_t i = 0; i < s->n_objects; i++)
        netpol_object_unref(s->objects[i]);
    np_release(&alloc, s->objects, s->objects_room * sizeof *s->objects);
    np_release(&alloc, s->namespaces, s->namespaces_room * sizeof *s->namespaces);
    np_release(&alloc, s->policies, s->policies_room * sizeof *s->policies);
    np_snapshot_free(s->base);
    np_release(&alloc, s, sizeof *s);
}
