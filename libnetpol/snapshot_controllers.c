/* SPDX-License-Identifier: MIT */
/* Loaded objects that are no pods of their own: workloads, which control pods, and ended pods. */
#include "selector.h"
#include "snapshot_build.h"

const netpol_owner_reference *np_controller_of(const netpol_metadata *meta)
{
    for (size_t i = 0; meta && i < meta->n_owner_references; i++) {
        const netpol_owner_reference *r = meta->owner_references[i];
        if (r->controller && *r->controller)
            return r;
    }
    return NULL;
}

typedef struct other_key {
    const char *kind;
    const char *space;
    const char *name;
} other_key;

static bool other_is(const void *build, const void *key, uint32_t number)
{
    const np_build *b = build;
    const other_key *k = key;
    const netpol_object *x = np_other_at(&b->s, number)->object;
    return strcmp(netpol_object_name(x), k->name) == 0 &&
           strcmp(np_build_space(b, x), k->space) == 0 &&
           strcmp(netpol_object_kind_name(x), k->kind) == 0;
}

static uint32_t hash_other(const other_key *k)
{
    return np_hash_texts((const char *const[]){k->kind, k->space, k->name}, 3);
}

uint32_t np_build_other(const np_build *b, const char *kind, const char *space, const char *name)
{
    other_key k = {kind, space, name};
    return np_dict_find(&b->by_other, hash_other(&k), other_is, b, &k);
}

static other_key key_of(const np_build *b, const netpol_object *x)
{
    return (other_key){netpol_object_kind_name(x), np_build_space(b, x), netpol_object_name(x)};
}

static np_other *edit(np_build *b, uint32_t other)
{
    return np_tree_edit(b->store, &b->s.others, other);
}

bool np_build_add_other(np_build *b, const netpol_object *x)
{
    other_key k = key_of(b, x);
    uint32_t other;
    np_held *held = np_build_hold(b, x, 0);
    if (!held || !np_build_number(b, &b->free_others, &b->s.others, &b->s.n_others, &other)) {
        np_store_drop(b->store, held);
        return false;
    }
    np_other *to = edit(b, other);
    if (!to) {
        np_store_drop(b->store, held);
        return false;
    }
    *to = (np_other){.object = x, .held = held};
    return np_dict_add(b->store, &b->by_other, hash_other(&k), other);
}

bool np_build_remove_other(np_build *b, const netpol_object *x)
{
    other_key k = key_of(b, x);
    uint32_t other = np_build_other(b, k.kind, k.space, k.name);
    if (other == NP_NONE || np_other_at(&b->s, other)->object != x)
        return np_build_again(b);
    np_other *to = edit(b, other);
    if (!to || !np_dict_remove(b->store, &b->by_other, hash_other(&k), other))
        return false;
    np_store_drop(b->store, to->held);
    *to = (np_other){0};
    return np_build_unused(b, &b->free_others, other);
}

/* A dump without ReplicaSets: "web-7d77fb55cc" belongs to the loaded Deployment "web" if the pod
 * carries the hash, which nobody but a Deployment adds. NP_NONE: no such one. */
static uint32_t deployment_by_hash(const np_build *b, const netpol_metadata *pod, const char *space,
                                   const netpol_owner_reference *set)
{
    const char *hash = np_label_value(pod->labels, pod->n_labels, "pod-template-hash");
    size_t n = set->name ? strlen(set->name) : 0;
    size_t tail = hash ? strlen(hash) : 0;
    char name[256]; /* names have 253 bytes at most */
    if (!tail || n < tail + 2 || n - tail - 1 >= sizeof name || set->name[n - tail - 1] != '-' ||
        strcmp(set->name + n - tail, hash) != 0)
        return NP_NONE;
    memcpy(name, set->name, n - tail - 1);
    name[n - tail - 1] = '\0';
    return np_build_other(b, "Deployment", space, name);
}

bool np_build_has_controller(const np_build *b, const netpol_object *x)
{
    const netpol_owner_reference *r = np_controller_of(netpol_object_metadata(x));
    return r && r->kind && r->name &&
           np_build_other(b, r->kind, np_build_space(b, x), r->name) != NP_NONE;
}

/* Where the first pod comes or the last one goes, replicas go or come. */
static bool count_pod(np_build *b, uint32_t other, int by)
{
    np_other *o = edit(b, other);
    if (!o)
        return false;
    if (b->changing && by > 0 && o->replicas)
        return np_build_again(b);
    o->n_pods += (uint32_t)by;
    return !b->changing || o->n_pods || np_build_has_controller(b, o->object) || np_build_again(b);
}

#define CONTROLLER_STEPS 8 /* a Job of a CronJob is two; a ring of references ends here */

bool np_build_controller(np_build *b, const netpol_metadata *meta, const char *space,
                         const char **kind, const char **name, int by)
{
    const netpol_owner_reference *r = np_controller_of(meta);
    for (int step = 0; r && step < CONTROLLER_STEPS; step++) {
        *kind = r->kind && *r->kind ? r->kind : "Pod";
        *name = r->name ? r->name : "";
        uint32_t at = np_build_other(b, *kind, space, *name);
        if (at == NP_NONE && step == 0 && strcmp(*kind, "ReplicaSet") == 0)
            at = deployment_by_hash(b, meta, space, r);
        if (at == NP_NONE)
            return true;
        if (!count_pod(b, at, by))
            return false;
        const netpol_object *x = np_other_at(&b->s, at)->object;
        *kind = netpol_object_kind_name(x);
        *name = netpol_object_name(x);
        r = np_controller_of(netpol_object_metadata(x));
    }
    return true;
}

/* ---- workloads that change ---- */

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_controller(const netpol_object *x, const netpol_object *y)
{
    const netpol_owner_reference *a = np_controller_of(netpol_object_metadata(x));
    const netpol_owner_reference *b = np_controller_of(netpol_object_metadata(y));
    return a == b || (a && b && same_text(a->kind, b->kind) && same_text(a->name, b->name));
}

static bool replace_workload(np_build *b, uint32_t other, const netpol_object *is)
{
    np_held *held = np_build_hold(b, is, 0);
    np_other *to = edit(b, other);
    if (!held || !to) {
        np_store_drop(b->store, held);
        return false;
    }
    np_store_drop(b->store, to->held);
    to->held = held;
    to->object = is;
    return true;
}

/* Whether an ended pod or a workload belongs to the workload: then who owns what would change. */
static bool has_dependents(const np_build *b, const netpol_object *x)
{
    for (uint32_t i = 0; i < b->s.n_others; i++) {
        const netpol_object *o = np_other_at(&b->s, i)->object;
        const netpol_owner_reference *r = o ? np_controller_of(netpol_object_metadata(o)) : NULL;
        if (r && same_text(r->name, netpol_object_name(x)) &&
            same_text(r->kind, netpol_object_kind_name(x)) &&
            strcmp(np_build_space(b, o), np_build_space(b, x)) == 0)
            return true;
    }
    return false;
}

/* Of workloads whose pods are loaded nothing matters but their names and controllers; nor of those
 * that never have replicas, as an old ReplicaSet of a Deployment. All else is made anew. */
bool np_build_change_workload(np_build *b, const netpol_object *was, const netpol_object *is)
{
    const netpol_object *x = is ? is : was;
    const char *space = np_build_space(b, x);
    const char *kind = netpol_object_kind_name(x);
    uint32_t other = np_build_other(b, kind, space, netpol_object_name(x));
    const np_other *o = other == NP_NONE ? NULL : np_other_at(&b->s, other);
    if (was && (!o || o->object != was || o->replicas))
        return np_build_again(b);
    if (was && is)
        return same_controller(was, is) ? replace_workload(b, other, is) : np_build_again(b);
    uint32_t number = np_snapshot_namespace(&b->s, space);
    if (!np_build_has_controller(b, x) || (o && o->n_pods) || has_dependents(b, x) ||
        (is && number != NP_NONE &&
         np_snapshot_owner(&b->s, number, kind, netpol_object_name(x)) != NP_NONE))
        return np_build_again(b);
    return is ? np_build_add_other(b, is) : np_build_remove_other(b, was);
}
