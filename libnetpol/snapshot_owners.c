/* SPDX-License-Identifier: MIT */
/* Owners of pods, and the chains in which pods of an owner and of a namespace follow each other. */
#include "snapshot_build.h"

/* ---- owners ---- */

static np_owner *edit_owner(np_build *b, uint32_t owner)
{
    return np_tree_edit(b->store, &b->s.owners, owner);
}

/* A pod without a controller is its own owner and lends it its name. */
static bool is_own(const np_pod_draft *d)
{
    return d->owner_name == d->name && !d->own_name && *d->name;
}

/* Gives an owner a name of its own, under which it is found. */
static bool name_owner(np_build *b, uint32_t owner, np_owner *o, const char *kind, const char *name)
{
    size_t n = strlen(kind) + 1;
    size_t length = strlen(name) + 1;
    o->texts = np_store_block(b->store, n + length);
    if (!o->texts)
        return false;
    memcpy(o->texts, kind, n);
    memcpy(o->texts + n, name, length);
    o->kind = o->texts;
    o->name = o->texts + n;
    return np_dict_add(b->store, &b->s.by_owner, np_hash_in(o->space, kind, name), owner);
}

static bool new_owner(np_build *b, const np_pod_draft *d, uint32_t space, uint32_t *owner)
{
    if (!np_build_number(b, &b->free_owners, &b->s.owners, &b->s.n_owners, owner))
        return false;
    np_owner *o = edit_owner(b, *owner);
    if (!o)
        return false;
    *o = (np_owner){
        .space = space, .first_pod = NP_NONE, .last_pod = NP_NONE, .kind = "Pod", .name = d->name};
    return is_own(d) || name_owner(b, *owner, o, d->owner_kind, d->owner_name);
}

bool np_build_find_owner(np_build *b, const np_pod_draft *d, uint32_t space, uint32_t had,
                         uint32_t *owner)
{
    bool own = is_own(d);
    *owner = own && had != NP_NONE && !np_owner_at(&b->s, had)->texts ? had : NP_NONE;
    if (*owner == NP_NONE && *d->owner_name)
        *owner = np_snapshot_owner(&b->s, space, d->owner_kind, d->owner_name);
    if (*owner == NP_NONE)
        return new_owner(b, d, space, owner);
    if (np_owner_at(&b->s, *owner)->texts)
        return true;
    np_owner *o = edit_owner(b, *owner);
    if (!o)
        return false;
    if (!own) /* a pod that controls others */
        return name_owner(b, *owner, o, d->owner_kind, d->owner_name);
    o->name = d->name; /* the pod has another object now */
    return true;
}

static bool free_owner(np_build *b, uint32_t owner, const np_owner *o)
{
    if (!np_dict_remove(b->store, &b->s.by_owner, np_hash_in(o->space, o->kind, o->name), owner))
        return false;
    np_store_drop(b->store, o->texts);
    np_owner *to = edit_owner(b, owner);
    if (!to)
        return false;
    *to = (np_owner){
        .name = "", .kind = "", .space = NP_NONE, .first_pod = NP_NONE, .last_pod = NP_NONE};
    return np_build_unused(b, &b->free_owners, owner);
}

/* ---- chains ---- */

static np_links *edit_links(np_build *b, uint32_t pod)
{
    return np_tree_edit(b->store, &b->s.links, pod);
}

bool np_build_enter_space(np_build *b, uint32_t space, uint32_t pod)
{
    np_namespace *n = np_tree_edit(b->store, &b->s.namespaces, space);
    np_links *mine = edit_links(b, pod);
    if (!n || !mine)
        return false;
    mine->last_in_space = n->last_pod;
    mine->next_in_space = NP_NONE;
    if (n->last_pod == NP_NONE) {
        n->first_pod = pod;
    } else {
        np_links *last = edit_links(b, n->last_pod);
        if (!last)
            return false;
        last->next_in_space = pod;
    }
    n->last_pod = pod;
    n->n_pods++;
    return true;
}

bool np_build_quit_space(np_build *b, uint32_t space, uint32_t pod)
{
    np_namespace *n = np_tree_edit(b->store, &b->s.namespaces, space);
    np_links mine = *(const np_links *)np_tree_at(&b->s.links, pod);
    np_links *before = mine.last_in_space == NP_NONE ? NULL : edit_links(b, mine.last_in_space);
    np_links *behind = mine.next_in_space == NP_NONE ? NULL : edit_links(b, mine.next_in_space);
    if (!n || (!before && mine.last_in_space != NP_NONE) ||
        (!behind && mine.next_in_space != NP_NONE))
        return false;
    *(before ? &before->next_in_space : &n->first_pod) = mine.next_in_space;
    *(behind ? &behind->last_in_space : &n->last_pod) = mine.last_in_space;
    n->n_pods--;
    return true;
}

bool np_build_enter_owner(np_build *b, uint32_t owner, uint32_t pod)
{
    np_owner *o = edit_owner(b, owner);
    np_links *mine = edit_links(b, pod);
    if (!o || !mine)
        return false;
    mine->last_of_owner = o->last_pod;
    mine->next_of_owner = NP_NONE;
    if (o->last_pod == NP_NONE) {
        o->first_pod = pod;
    } else {
        np_links *last = edit_links(b, o->last_pod);
        if (!last)
            return false;
        last->next_of_owner = pod;
    }
    o->last_pod = pod;
    o->n_pods++;
    return true;
}

bool np_build_quit_owner(np_build *b, uint32_t owner, uint32_t pod)
{
    np_owner *o = edit_owner(b, owner);
    np_links mine = *(const np_links *)np_tree_at(&b->s.links, pod);
    np_links *before = mine.last_of_owner == NP_NONE ? NULL : edit_links(b, mine.last_of_owner);
    np_links *behind = mine.next_of_owner == NP_NONE ? NULL : edit_links(b, mine.next_of_owner);
    if (!o || (!before && mine.last_of_owner != NP_NONE) ||
        (!behind && mine.next_of_owner != NP_NONE))
        return false;
    *(before ? &before->next_of_owner : &o->first_pod) = mine.next_of_owner;
    *(behind ? &behind->last_of_owner : &o->last_pod) = mine.last_of_owner;
    return --o->n_pods || free_owner(b, owner, o);
}
