/* SPDX-License-Identifier: MIT */
/* Nodes and their addresses, which their own objects, options and pods tell. */
#include "snapshot_build.h"

static np_node *edit(np_build *b, uint32_t node)
{
    return np_tree_edit(b->store, &b->s.nodes, node);
}

static bool set_head(np_build *b, np_node *n, const char *name, const netpol_object *x)
{
    const netpol_metadata *meta = x ? netpol_object_metadata(x) : NULL;
    size_t length = strlen(name) + 1;
    np_held *held = np_build_hold(b, x, length);
    if (!held)
        return false;
    memcpy(held + 1, name, length);
    np_held *old = n->held;
    n->name = (const char *)(held + 1);
    n->labels = meta ? meta->labels : NULL;
    n->n_labels = meta ? (uint32_t)meta->n_labels : 0;
    n->assumed = !x;
    n->held = held;
    np_store_drop(b->store, old);
    return true;
}

bool np_build_use_node(np_build *b, const char *name, uint32_t *node)
{
    *node = np_snapshot_node(&b->s, name);
    if (*node == NP_NONE) {
        np_node fresh = {0};
        if (!np_build_number(b, &b->free_nodes, &b->s.nodes, &b->s.n_nodes, node))
            return false;
        np_node *to = edit(b, *node);
        if (!to || !set_head(b, &fresh, name, NULL))
            return false;
        *to = fresh;
        if (!np_dict_add(b->store, &b->s.by_node, np_hash_name(name), *node))
            return false;
    }
    np_node *n = edit(b, *node);
    if (n)
        n->n_users++;
    return n != NULL;
}

bool np_build_leave_node(np_build *b, uint32_t node)
{
    np_node *n = edit(b, node);
    if (!n)
        return false;
    if (--n->n_users)
        return true;
    if (!np_dict_remove(b->store, &b->s.by_node, np_hash_name(n->name), node))
        return false;
    np_store_drop(b->store, n->held);
    np_store_drop(b->store, (void *)(uintptr_t)n->ips);
    *n = (np_node){.name = "", .assumed = true};
    return np_build_unused(b, &b->free_nodes, node);
}

/* ---- addresses ---- */

bool np_build_is_local(const np_build *b, const np_ip *ip)
{
    for (size_t i = 0; i < b->s.n_locals; i++)
        if (np_ip_equal(&b->s.locals[i], ip))
            return true;
    return false;
}

static uint32_t owner_of(const np_build *b, const np_ip *ip)
{
    uint32_t node = np_snapshot_node_of_ip(&b->s, ip);
    return node == NP_EVERY_NODE ? NP_NONE : node;
}

static uint32_t place_of(const np_node *n, const np_ip *ip)
{
    for (uint32_t i = 0; i < n->n_ips; i++)
        if (np_ip_equal(&n->ips[i].ip, ip))
            return i;
    return NP_NONE;
}

/* The first address of a family, what is told by the node itself or an option before the rest. */
static const np_ip *first_of(const np_node *n, bool v4)
{
    const np_ip *first = NULL;
    for (uint32_t i = 0; i < n->n_ips; i++) {
        if (n->ips[i].ip.v4 == v4 && n->ips[i].told)
            return &n->ips[i].ip;
        if (n->ips[i].ip.v4 == v4 && !first)
            first = &n->ips[i].ip;
    }
    return first;
}

/* False: guests have the addresses as they were. */
static bool set_firsts(np_build *b, np_node *n)
{
    np_node old = *n;
    const np_ip *ip4 = first_of(n, true);
    const np_ip *ip6 = first_of(n, false);
    n->families = (uint8_t)((ip4 ? NP_FAMILY_4 : 0) | (ip6 ? NP_FAMILY_6 : 0));
    n->ip4 = ip4 ? *ip4 : (np_ip){.v4 = true};
    n->ip6 = ip6 ? *ip6 : (np_ip){.v4 = false};
    bool same = n->families == old.families && (!ip4 || np_ip_equal(ip4, &old.ip4)) &&
                (!ip6 || np_ip_equal(ip6, &old.ip6));
    return same || !n->n_guests || !b->changing || np_build_again(b);
}

/* Puts another list in place. What is not in it goes, what is new comes. */
static bool set_ips(np_build *b, uint32_t node, const np_told_ip *list, uint32_t count)
{
    np_node *n = edit(b, node);
    np_told_ip *ips = count ? np_store_block(b->store, count * sizeof *ips) : NULL;
    if (!n || (count && !ips))
        return false;
    if (count)
        memcpy(ips, list, count * sizeof *ips);
    np_node old = *n;
    n->ips = ips;
    n->n_ips = count;
    bool ok = true;
    for (uint32_t i = 0; ok && i < old.n_ips; i++)
        if (place_of(n, &old.ips[i].ip) == NP_NONE) {
            np_build_count_ip(b, &old.ips[i].ip, -1);
            ok = np_dict_remove(b->store, &b->s.node_ips, np_hash_ip(&old.ips[i].ip), node) &&
                 np_delta_ip(b, &old.ips[i].ip);
        }
    for (uint32_t i = 0; ok && i < count; i++)
        if (place_of(&old, &ips[i].ip) == NP_NONE) {
            np_build_count_ip(b, &ips[i].ip, 1);
            ok = np_dict_add(b->store, &b->s.node_ips, np_hash_ip(&ips[i].ip), node) &&
                 np_delta_ip(b, &ips[i].ip);
        }
    np_store_drop(b->store, (void *)(uintptr_t)old.ips);
    return ok && set_firsts(b, n);
}

/* A list being made: what there was with room for more. */
typedef struct draft {
    np_told_ip *at;
    uint32_t n;
    size_t room;
} draft;

static bool add_ip(np_build *b, draft *d, const np_told_ip *ip)
{
    for (uint32_t i = 0; i < d->n; i++)
        if (np_ip_equal(&d->at[i].ip, &ip->ip))
            return true;
    if (!np_grow(&b->alloc, (void **)&d->at, &d->room, (size_t)d->n + 1, sizeof *d->at))
        return false;
    d->at[d->n++] = *ip;
    return true;
}

/* An address that the node itself or an option tells, unless another node had it first. */
static bool add_told(np_build *b, uint32_t node, draft *d, const np_ip *ip)
{
    uint32_t owner = owner_of(b, ip);
    const np_node *n = np_node_at(&b->s, node);
    if (b->changing && np_build_is_local(b, ip))
        return np_build_again(b);
    if (owner != NP_NONE && owner != node) {
        b->tangled_nodes = true;
        return !b->changing || np_build_again(b);
    }
    uint32_t at = place_of(n, ip);
    np_told_ip told = {.ip = *ip, .told = true, .n_pods = at == NP_NONE ? 0 : n->ips[at].n_pods};
    return add_ip(b, d, &told);
}

/* All addresses that can be read, of every type: the others are names of hosts. */
static bool add_own(np_build *b, uint32_t node, draft *d, const netpol_object *x)
{
    const netpol_node *tree = x ? netpol_object_node(x) : NULL;
    for (size_t i = 0; tree && i < tree->n_addresses; i++) {
        np_ip ip;
        const char *text = tree->addresses[i]->address;
        if (text && np_ip_parse(np_slice_of(text), &ip) && !add_told(b, node, d, &ip))
            return false;
    }
    return true;
}

static bool add_optional(np_build *b, uint32_t node, draft *d)
{
    for (size_t i = 0; i < b->c->n_locals; i++) {
        const np_local_address *local = &b->c->locals[i];
        if (local->node && strcmp(local->node, np_node_at(&b->s, node)->name) == 0 &&
            !add_told(b, node, d, &local->ip))
            return false;
    }
    return true;
}

/* Those that pods tell, too. */
static bool add_rest(np_build *b, uint32_t node, draft *d)
{
    const np_node *n = np_node_at(&b->s, node);
    for (uint32_t i = 0; i < n->n_ips; i++) {
        np_told_ip rest = n->ips[i];
        rest.told = false;
        if (rest.n_pods && !add_ip(b, d, &rest))
            return false;
    }
    return true;
}

/* What the node's object (NULL: none), options and pods tell. */
static bool tell_anew(np_build *b, uint32_t node, const netpol_object *x, bool optional)
{
    draft d = {0};
    bool ok = add_own(b, node, &d, x) && (!optional || add_optional(b, node, &d)) &&
              add_rest(b, node, &d) && set_ips(b, node, d.at, d.n);
    np_release(&b->alloc, d.at, d.room * sizeof *d.at);
    return ok;
}

bool np_build_put_node(np_build *b, const netpol_object *x)
{
    uint32_t node = np_snapshot_node(&b->s, netpol_object_name(x));
    bool defined = node != NP_NONE && !np_node_at(&b->s, node)->assumed;
    if (b->changing && b->tangled_nodes)
        return np_build_again(b);
    if (!defined && !np_build_use_node(b, netpol_object_name(x), &node))
        return false;
    np_node *n = edit(b, node);
    return n && set_head(b, n, n->name, x) && tell_anew(b, node, x, b->changing);
}

bool np_build_remove_node(np_build *b, const netpol_object *x)
{
    uint32_t node = np_snapshot_node(&b->s, netpol_object_name(x));
    if (b->tangled_nodes || node == NP_NONE || np_node_at(&b->s, node)->assumed)
        return np_build_again(b);
    np_node *n = edit(b, node);
    return n && set_head(b, n, n->name, NULL) && tell_anew(b, node, NULL, true) &&
           np_build_leave_node(b, node);
}

/* After all nodes, before all pods. */
bool np_build_locals(np_build *b)
{
    for (size_t i = 0; i < b->c->n_locals; i++) {
        const np_local_address *local = &b->c->locals[i];
        uint32_t node;
        if (!local->node)
            continue;
        if (!np_build_use_node(b, local->node, &node)) /* an option is a user that never leaves */
            return false;
        draft d = {0};
        const np_node *n = np_node_at(&b->s, node);
        bool ok = true;
        for (uint32_t k = 0; ok && k < n->n_ips; k++)
            ok = add_ip(b, &d, &n->ips[k]);
        ok = ok && (np_build_is_local(b, &local->ip) || add_told(b, node, &d, &local->ip)) &&
             set_ips(b, node, d.at, d.n);
        np_release(&b->alloc, d.at, d.room * sizeof *d.at);
        if (!ok)
            return false;
    }
    return true;
}

/* ---- what pods tell ---- */

/* More than one address of a family that pods alone tell: which is first is a matter of order. */
static bool is_doubtful(const np_node *n, const np_ip *ip)
{
    for (uint32_t i = 0; i < n->n_ips; i++)
        if (n->ips[i].ip.v4 == ip->v4 && !n->ips[i].told && !np_ip_equal(&n->ips[i].ip, ip))
            return true;
    return false;
}

static bool add_pods_ip(np_build *b, uint32_t node, const np_ip *ip)
{
    const np_node *n = np_node_at(&b->s, node);
    draft d = {0};
    if (is_doubtful(n, ip)) {
        b->tangled_nodes = true;
        if (b->changing)
            return np_build_again(b);
    }
    bool ok = true;
    for (uint32_t k = 0; ok && k < n->n_ips; k++)
        ok = add_ip(b, &d, &n->ips[k]);
    ok = ok && add_ip(b, &d, &(np_told_ip){.ip = *ip, .n_pods = 1}) && set_ips(b, node, d.at, d.n);
    np_release(&b->alloc, d.at, d.room * sizeof *d.at);
    return ok;
}

/* The list is the writer's own, so that a count can be changed. */
static np_told_ip *own_ips(np_build *b, np_node *n)
{
    void *old = (void *)(uintptr_t)n->ips;
    if (np_store_owns(b->store, old))
        return old;
    np_told_ip *copy = np_store_block(b->store, n->n_ips * sizeof *copy);
    if (!copy)
        return NULL;
    memcpy(copy, old, n->n_ips * sizeof *copy);
    np_store_drop(b->store, old);
    n->ips = copy;
    return copy;
}

static bool count_pods_ip(np_build *b, uint32_t node, uint32_t at, int by)
{
    np_node *n = edit(b, node);
    np_told_ip *ips = n ? own_ips(b, n) : NULL;
    if (!ips)
        return false;
    ips[at].n_pods += (uint32_t)by;
    if (ips[at].n_pods || ips[at].told)
        return true;
    draft d = {0};
    bool ok = true;
    for (uint32_t k = 0; ok && k < n->n_ips; k++)
        ok = k == at || add_ip(b, &d, &ips[k]);
    ok = ok && set_ips(b, node, d.at, d.n);
    np_release(&b->alloc, d.at, d.room * sizeof *d.at);
    return ok;
}

bool np_build_tell_ip(np_build *b, uint32_t node, const np_ip *ip, int by)
{
    uint32_t owner = owner_of(b, ip);
    if (b->changing && b->tangled_nodes)
        return np_build_again(b);
    if (owner == node)
        return count_pods_ip(b, node, place_of(np_node_at(&b->s, node), ip), by);
    if (owner != NP_NONE) {
        b->tangled_nodes = true;
        return !b->changing || np_build_again(b);
    }
    if (np_build_is_local(b, ip))
        return true;
    return by < 0 ? np_build_again(b) : add_pods_ip(b, node, ip);
}

bool np_build_guest(np_build *b, uint32_t node, int by)
{
    np_node *n = edit(b, node);
    if (n)
        n->n_guests += (uint32_t)by;
    return n != NULL;
}
