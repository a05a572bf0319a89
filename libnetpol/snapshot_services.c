/* SPDX-License-Identifier: MIT */
/* Services, what says where they lead, and their addresses. */
#include "selector.h"
#include "snapshot_build.h"

static np_service *edit(np_build *b, uint32_t service)
{
    return np_tree_edit(b->store, &b->s.services, service);
}

/* ---- addresses ---- */

/* Enters an address, or takes it out (by < 0). The first service keeps it. */
static bool enter_ip(np_build *b, uint32_t service, const char *text, int by)
{
    np_ip ip;
    if (!text || !*text || strcmp(text, "None") == 0)
        return true;
    if (!np_ip_parse(np_slice_of(text), &ip)) {
        np_build_say(b, NP_CODE_BAD_ADDRESS, np_service_at(&b->s, service)->object,
                     "not an address: %s", text);
        return !b->again || !b->changing;
    }
    uint32_t owner = np_snapshot_service_of_ip(&b->s, &ip);
    if (owner != NP_NONE && owner != service) {
        b->tangled_services = true;
        return !b->changing || np_build_again(b);
    }
    if ((owner == service) == (by > 0)) /* one address may be listed twice */
        return true;
    np_build_count_ip(b, &ip, by);
    return by > 0 ? np_dict_add(b->store, &b->s.service_ips, np_hash_ip(&ip), service)
                  : np_dict_remove(b->store, &b->s.service_ips, np_hash_ip(&ip), service);
}

static bool enter_list(np_build *b, uint32_t service, const char *const *texts, size_t n, int by)
{
    for (size_t i = 0; i < n; i++)
        if (!enter_ip(b, service, texts[i], by))
            return false;
    return true;
}

static bool enter_ips(np_build *b, uint32_t service, const netpol_service *t, int by)
{
    return enter_list(b, service, t->cluster_ips, t->n_cluster_ips, by) &&
           enter_ip(b, service, t->cluster_ip, by) &&
           enter_list(b, service, t->external_ips, t->n_external_ips, by) &&
           enter_list(b, service, t->ingress_ips, t->n_ingress_ips, by) &&
           enter_ip(b, service, t->load_balancer_ip, by);
}

/* ---- services ---- */

static uint32_t find(const np_build *b, const char *space_name, const char *name)
{
    uint32_t space = np_snapshot_namespace(&b->s, space_name);
    return space == NP_NONE || !name ? NP_NONE : np_snapshot_service(&b->s, space, name);
}

static bool set_object(np_build *b, uint32_t service, const netpol_object *x)
{
    np_held *held = np_build_hold(b, x, 0);
    np_service *v = edit(b, service);
    if (!held || !v) {
        np_store_drop(b->store, held);
        return false;
    }
    np_store_drop(b->store, v->held);
    v->held = held;
    v->object = x;
    v->tree = netpol_object_service(x);
    v->name = netpol_object_name(x);
    return true;
}

static bool add_service(np_build *b, const netpol_object *x)
{
    uint32_t space;
    uint32_t service;
    if (b->changing && b->n_orphans) /* perhaps slices of this one */
        return np_build_again(b);
    if (!np_build_use_space(b, np_build_space(b, x), &space) ||
        !np_build_number(b, &b->free_services, &b->s.services, &b->s.n_services, &service))
        return false;
    np_service *v = edit(b, service);
    if (!v)
        return false;
    *v = (np_service){.name = "", .space = space};
    return set_object(b, service, x) &&
           np_dict_add(b->store, &b->s.by_service, np_hash_in(space, "", netpol_object_name(x)),
                       service) &&
           enter_ips(b, service, netpol_object_service(x), 1);
}

static bool remove_service(np_build *b, uint32_t service, const netpol_object *x)
{
    np_service *v = edit(b, service);
    if (!v || !enter_ips(b, service, v->tree, -1) ||
        !np_dict_remove(b->store, &b->s.by_service, np_hash_in(v->space, "", netpol_object_name(x)),
                        service))
        return false;
    b->n_orphans += v->n_slices + (v->endpoints != NULL);
    for (uint32_t i = 0; i < v->n_slices; i++)
        np_store_drop(b->store, v->slices[i]);
    np_store_drop(b->store, (void *)(uintptr_t)v->slices);
    np_store_drop(b->store, v->held);
    np_store_drop(b->store, v->held_endpoints);
    uint32_t space = v->space;
    *v = (np_service){.name = "", .space = NP_NONE};
    return np_build_leave_space(b, space) && np_build_unused(b, &b->free_services, service);
}

bool np_build_change_service(np_build *b, const netpol_object *was, const netpol_object *is)
{
    if (b->tangled_services || np_build_said(b, was))
        return np_build_again(b);
    if (!was)
        return add_service(b, is);
    uint32_t service = find(b, np_build_space(b, was), netpol_object_name(was));
    if (service == NP_NONE || np_service_at(&b->s, service)->object != was)
        return np_build_again(b);
    if (!is)
        return remove_service(b, service, was);
    return enter_ips(b, service, netpol_object_service(was), -1) && set_object(b, service, is) &&
           enter_ips(b, service, netpol_object_service(is), 1);
}

/* ---- where they lead ---- */

static uint32_t service_of_slice(const np_build *b, const netpol_object *x)
{
    const netpol_metadata *meta = netpol_object_metadata(x);
    const char *name =
        meta ? np_label_value(meta->labels, meta->n_labels, "kubernetes.io/service-name") : NULL;
    return find(b, np_build_space(b, x), name);
}

/* A copy of the list with `is` in place of `was`; either may be NULL. */
static bool change_slices(np_build *b, uint32_t service, const netpol_object *was,
                          const netpol_object *is)
{
    np_service *v = edit(b, service);
    np_held **list = v ? np_store_block(b->store, (v->n_slices + 1) * sizeof *list) : NULL;
    np_held *held = list && is ? np_build_hold(b, is, 0) : NULL;
    if (!list || (is && !held)) {
        np_store_drop(b->store, list);
        return false;
    }
    uint32_t n = 0;
    bool found = false;
    for (uint32_t i = 0; i < v->n_slices; i++) {
        bool mine = v->slices[i]->object == was;
        found = found || mine;
        if (mine)
            np_store_drop(b->store, v->slices[i]);
        if (!mine)
            list[n++] = v->slices[i];
        else if (is)
            list[n++] = held;
    }
    if (is && !found)
        list[n++] = held;
    np_store_drop(b->store, (void *)(uintptr_t)v->slices);
    v->slices = (np_held *const *)list;
    v->n_slices = n;
    return true;
}

static bool change_slice(np_build *b, const netpol_object *was, const netpol_object *is)
{
    uint32_t before = was ? service_of_slice(b, was) : NP_NONE;
    uint32_t now = is ? service_of_slice(b, is) : NP_NONE;
    if (was && before == NP_NONE)
        b->n_orphans--;
    if (is && now == NP_NONE)
        b->n_orphans++;
    if (before == now)
        return before == NP_NONE || change_slices(b, before, was, is);
    return (before == NP_NONE || change_slices(b, before, was, NULL)) &&
           (now == NP_NONE || change_slices(b, now, NULL, is));
}

static bool change_endpoints(np_build *b, const netpol_object *was, const netpol_object *is)
{
    const netpol_object *x = is ? is : was;
    uint32_t service = find(b, np_build_space(b, x), netpol_object_name(x));
    if (service == NP_NONE) {
        b->n_orphans += (uint32_t)((is != NULL) - (was != NULL));
        return true;
    }
    np_held *held = is ? np_build_hold(b, is, 0) : NULL;
    np_service *v = edit(b, service);
    if ((is && !held) || !v) {
        np_store_drop(b->store, held);
        return false;
    }
    np_store_drop(b->store, v->held_endpoints);
    v->held_endpoints = held;
    v->endpoints = is ? netpol_object_endpoints(is) : NULL;
    return true;
}

bool np_build_change_endpoints(np_build *b, const netpol_object *was, const netpol_object *is)
{
    return netpol_object_kind(is ? is : was) == NETPOL_KIND_ENDPOINTS ? change_endpoints(b, was, is)
                                                                      : change_slice(b, was, is);
}

/* ---- all ---- */

static bool each(np_build *b, int32_t kind,
                 bool (*put)(np_build *, const netpol_object *, const netpol_object *))
{
    for (size_t i = np_build_first(b, kind); i < np_build_end(b, kind); i++)
        if (!put(b, NULL, b->objects[i]))
            return false;
    return true;
}

static bool put_service(np_build *b, const netpol_object *was, const netpol_object *is)
{
    (void)was;
    return add_service(b, is);
}

netpol_status np_build_services(np_build *b)
{
    return each(b, NETPOL_KIND_SERVICE, put_service) &&
                   each(b, NETPOL_KIND_ENDPOINT_SLICE, change_slice) &&
                   each(b, NETPOL_KIND_ENDPOINTS, change_endpoints)
               ? NETPOL_OK
               : NETPOL_NO_MEMORY;
}
