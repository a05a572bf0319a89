/* SPDX-License-Identifier: MIT */
/* A word that leads to nobody: why, and what to ask instead. */
#include "question.h"

/* The best of the names seen so far. */
typedef struct near {
    const char *wanted;
    const char *best;
    unsigned distance;
} near;

static near near_to(const char *wanted)
{
    enum { MOST = 2 };
    return (near){wanted, NULL, MOST + 1};
}

static bool is_nearer(near *n, const char *name)
{
    if (!n->distance)
        return false;
    unsigned d = np_edit_distance(np_slice_of(n->wanted), np_slice_of(name), n->distance - 1);
    if (d >= n->distance || d >= strlen(n->wanted))
        return false;
    n->best = name;
    n->distance = d;
    return true;
}

/* A hint may be NULL, as one that memory was too short for. */
static netpol_status missing(const np_reader *r, const char *hint, const char *message)
{
    if (!message)
        return NETPOL_NO_MEMORY;
    np_diag_text(r->diags, NP_CODE_QUESTION_NOT_FOUND, NULL, NULL, hint, message);
    return NETPOL_NOT_FOUND;
}

static const char *did_you_mean(const np_reader *r, const near *n, const char *before)
{
    return n->best && before ? np_reader_text(r, "did you mean %s%s?", before, n->best) : NULL;
}

static const char *in_other_namespace(const np_reader *r, const char *name)
{
    const np_snapshot *s = r->engine->snapshot;
    for (uint32_t i = 0; i < s->n_namespaces; i++)
        if (np_engine_find_pod(r->engine, np_namespace_at(s, i)->name, name) != NP_NONE)
            return np_reader_text(r, "did you mean %s/%s?", np_namespace_at(s, i)->name, name);
    return NULL;
}

netpol_status np_missing_namespace(const np_reader *r, const char *name, const char *inside)
{
    const np_snapshot *s = r->engine->snapshot;
    near n = near_to(name);
    for (uint32_t i = 0; i < s->n_namespaces; i++)
        (void)is_nearer(&n, np_namespace_at(s, i)->name);
    const char *hint = inside ? in_other_namespace(r, inside) : NULL;
    if (!hint)
        hint = did_you_mean(r, &n, "");
    if (!hint && strcmp(name, r->space) == 0)
        hint = "say where it is: NAMESPACE/NAME, or -n NAMESPACE";
    return missing(
        r, hint,
        inside ? np_reader_text(r, "there is no namespace %s, and so no %s in it", name, inside)
               : np_reader_text(r, "there is no namespace %s", name));
}

netpol_status np_missing_node(const np_reader *r, const char *name)
{
    const np_snapshot *s = r->engine->snapshot;
    near n = near_to(name);
    for (uint32_t i = 0; i < s->n_nodes; i++)
        (void)is_nearer(&n, np_node_at(s, i)->name);
    return missing(r, did_you_mean(r, &n, "node:"), np_reader_text(r, "there is no node %s", name));
}

netpol_status np_missing_match(const np_reader *r, uint32_t space, const char *selector)
{
    const char *name = np_namespace_at(r->engine->snapshot, space)->name;
    return missing(r, NULL,
                   selector ? np_reader_text(r, "no pod of namespace %s matches %s", name, selector)
                            : np_reader_text(r, "there are no pods in namespace %s", name));
}

netpol_status np_missing_service(const np_reader *r, uint32_t space, const char *name)
{
    const np_snapshot *s = r->engine->snapshot;
    const char *of = np_namespace_at(s, space)->name;
    near n = near_to(name);
    for (uint32_t i = 0; i < s->n_services; i++)
        if (np_service_at(s, i)->space == space)
            (void)is_nearer(&n, np_service_at(s, i)->name);
    const char *hint = did_you_mean(r, &n, np_reader_text(r, "svc:%s/", of));
    if (np_engine_find_pod(r->engine, of, name) != NP_NONE)
        hint = np_reader_text(r, "%s/%s is a pod: leave out svc:", of, name);
    return missing(r, hint, np_reader_text(r, "there is no service %s/%s", of, name));
}

/* ---- pods and workloads ---- */

/* "shop/deploy/web", or "shop/web" of a pod. */
static const char *word_of_owner(const np_reader *r, const np_owner *o)
{
    const char *space = np_namespace_at(r->engine->snapshot, o->space)->name;
    const char *kind = np_kind_word(o->kind);
    return strcmp(o->kind, "Pod") == 0 || !kind
               ? np_reader_text(r, "%s/%s", space, o->name)
               : np_reader_text(r, "%s/%s/%s", space, kind, o->name);
}

/* "did you mean shop/deploy/web?" */
static const char *mean_owner(const np_reader *r, const np_owner *o)
{
    const char *word = word_of_owner(r, o);
    return word ? np_reader_text(r, "did you mean %s?", word) : NULL;
}

/* An object that was loaded although nobody in the cluster comes of it. */
static const netpol_object *find_object(const np_reader *r, const char *kind, const char *space,
                                        const char *name)
{
    const np_snapshot *s = r->engine->snapshot;
    for (uint32_t i = 0; i < s->n_others; i++) {
        const netpol_object *x = np_other_at(s, i)->object;
        const char *its = x ? netpol_object_namespace(x) : NULL;
        if (x && strcmp(netpol_object_kind_name(x), kind) == 0 &&
            strcmp(netpol_object_name(x), name) == 0 &&
            strcmp(its && *its ? its : s->default_namespace, space) == 0)
            return x;
    }
    return NULL;
}

/* The workload whose pods have names such as this: "web-7f9c5-x2x" of web, "db-0" of db. */
static const np_owner *owner_by_name(const np_snapshot *s, uint32_t space, const char *name)
{
    const np_owner *best = NULL;
    size_t longest = 0;
    for (uint32_t i = 0; i < s->n_owners; i++) {
        const np_owner *o = np_owner_at(s, i);
        size_t n = strlen(o->name);
        if (o->space == space && strcmp(o->kind, "Pod") != 0 && n > longest &&
            strncmp(o->name, name, n) == 0 && (name[n] == '-' || !name[n])) {
            best = o;
            longest = n;
        }
    }
    return best;
}

static const char *near_owner(const np_reader *r, uint32_t space, const char *name)
{
    const np_snapshot *s = r->engine->snapshot;
    const np_owner *best = NULL;
    near n = near_to(name);
    for (uint32_t i = 0; i < s->n_owners; i++)
        if (np_owner_at(s, i)->space == space && is_nearer(&n, np_owner_at(s, i)->name))
            best = np_owner_at(s, i);
    return best ? mean_owner(r, best) : NULL;
}

static const char *instead_of_pod(const np_reader *r, uint32_t space, const char *name)
{
    const np_snapshot *s = r->engine->snapshot;
    const np_owner *o = owner_by_name(s, space, name);
    if (o && strcmp(o->name, name) == 0)
        return mean_owner(r, o);
    const char *word = o ? word_of_owner(r, o) : NULL;
    if (word)
        return np_reader_text(r, "ask about the %s that makes such pods: %s", o->kind, word);
    if (np_snapshot_service(s, space, name) != NP_NONE)
        return np_reader_text(r, "it is a service: --to svc:%s/%s", np_namespace_at(s, space)->name,
                              name);
    const char *hint = in_other_namespace(r, name);
    return hint ? hint : near_owner(r, space, name);
}

netpol_status np_missing_pod(const np_reader *r, uint32_t space, const char *name)
{
    const char *of = np_namespace_at(r->engine->snapshot, space)->name;
    const netpol_object *gone = find_object(r, "Pod", of, name);
    if (!gone)
        return missing(r, instead_of_pod(r, space, name),
                       np_reader_text(r, "there is no pod %s/%s", of, name));
    const netpol_pod_status *status = netpol_object_pod(gone)->status;
    const char *phase = status && status->phase ? status->phase : "";
    bool ended = strcmp(phase, "Succeeded") == 0 || strcmp(phase, "Failed") == 0;
    const char *hint = "ask about a pod that runs, or leave its status out of the input";
    return missing(r, hint,
                   ended
                       ? np_reader_text(r, "the pod %s/%s has finished (%s): it has no traffic", of,
                                        name, phase)
                       : np_reader_text(r, "the pod %s/%s is being deleted and has no address left",
                                        of, name));
}

netpol_status np_missing_workload(const np_reader *r, uint32_t space, const char *kind,
                                  const char *name)
{
    const np_snapshot *s = r->engine->snapshot;
    const char *of = np_namespace_at(s, space)->name;
    const np_owner *o = owner_by_name(s, space, name);
    if (find_object(r, kind, of, name))
        return missing(r,
                       o ? mean_owner(r, o)
                         : "a workload is asked about by its pods; those loaded have all finished",
                       np_reader_text(r, "the %s %s/%s has no pods that run", kind, of, name));
    const char *hint =
        o && strcmp(o->name, name) == 0 ? mean_owner(r, o) : near_owner(r, space, name);
    return missing(r, hint, np_reader_text(r, "there is no %s %s/%s", kind, of, name));
}
