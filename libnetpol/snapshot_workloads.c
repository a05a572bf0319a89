/* SPDX-License-Identifier: MIT */
/* Workloads without loaded pods: replicas that stand for their pods (settled.md 2.3, 2.4). */
#include "selector.h"
#include "snapshot_build.h"

/* ---- labels that controllers add to the pods of a template ---- */

#define BIT(kind) (1u << (kind))

/* Bit i of np_pod.missing_keys is row i. */
static const struct generated {
    const char *key;
    uint32_t kinds; /* whose pods have it */
} generated[] = {
    {"pod-template-hash", BIT(NETPOL_KIND_DEPLOYMENT)},
    {"controller-revision-hash", BIT(NETPOL_KIND_STATEFUL_SET) | BIT(NETPOL_KIND_DAEMON_SET)},
    {"statefulset.kubernetes.io/pod-name", BIT(NETPOL_KIND_STATEFUL_SET)},
    {"apps.kubernetes.io/pod-index", BIT(NETPOL_KIND_STATEFUL_SET)},
    {"batch.kubernetes.io/job-name", BIT(NETPOL_KIND_JOB) | BIT(NETPOL_KIND_CRON_JOB)},
    {"job-name", BIT(NETPOL_KIND_JOB) | BIT(NETPOL_KIND_CRON_JOB)},
    {"batch.kubernetes.io/controller-uid", BIT(NETPOL_KIND_JOB) | BIT(NETPOL_KIND_CRON_JOB)},
    {"controller-uid", BIT(NETPOL_KIND_JOB) | BIT(NETPOL_KIND_CRON_JOB)},
    {"batch.kubernetes.io/job-completion-index", BIT(NETPOL_KIND_JOB) | BIT(NETPOL_KIND_CRON_JOB)},
};

#define N_GENERATED (sizeof generated / sizeof *generated)

uint16_t np_generated_key(const char *key)
{
    for (size_t i = 0; i < N_GENERATED; i++)
        if (strcmp(generated[i].key, key) == 0)
            return (uint16_t)(1u << i);
    return 0;
}

uint16_t np_ordinal_keys(void)
{
    return np_generated_key("statefulset.kubernetes.io/pod-name") |
           np_generated_key("apps.kubernetes.io/pod-index");
}

static uint16_t keys_of_kind(int32_t kind)
{
    unsigned keys = 0;
    for (size_t i = 0; i < N_GENERATED; i++)
        if (generated[i].kinds & BIT(kind))
            keys |= 1u << i;
    return (uint16_t)keys;
}

/* Adds labels to those of the template, which win. False: no memory. */
static bool add_labels(np_arena *scratch, np_pod_draft *d, const netpol_label *more, size_t n)
{
    netpol_label *all = NP_NEW_ARRAY(scratch, netpol_label, d->n_labels + n);
    if (!all)
        return false;
    size_t filled = d->n_labels;
    if (filled)
        memcpy(all, d->labels, filled * sizeof *all);
    for (size_t i = 0; i < n; i++) {
        size_t at = 0;
        while (at < filled && strcmp(all[at].key, more[i].key) < 0)
            at++;
        if (at < filled && strcmp(all[at].key, more[i].key) == 0)
            continue;
        memmove(&all[at + 1], &all[at], (filled - at) * sizeof *all);
        all[at] = more[i];
        filled++;
    }
    d->labels = all;
    d->n_labels = (uint32_t)filled;
    d->own_labels = true;
    return true;
}

/* What is not among the labels stays doubtful. */
static void set_missing(np_pod_draft *d, int32_t kind)
{
    d->pod.missing_keys = keys_of_kind(kind);
    for (size_t i = 0; i < d->n_labels; i++)
        d->pod.missing_keys &= (uint16_t)~np_generated_key(d->labels[i].key);
}

/* A Job's pods carry its name, and its uid where that is told. */
static bool add_job_labels(np_arena *scratch, np_pod_draft *d, const netpol_metadata *meta)
{
    netpol_label more[4];
    size_t n = 0;
    if (meta && meta->name) {
        more[n++] = (netpol_label){"batch.kubernetes.io/job-name", meta->name};
        more[n++] = (netpol_label){"job-name", meta->name};
    }
    if (meta && meta->uid) {
        more[n++] = (netpol_label){"batch.kubernetes.io/controller-uid", meta->uid};
        more[n++] = (netpol_label){"controller-uid", meta->uid};
    }
    return add_labels(scratch, d, more, n);
}

static const char *format_name(np_arena *scratch, const netpol_allocator *a, const char *format,
                               ...) __attribute__((format(printf, 3, 4)));

static const char *format_name(np_arena *scratch, const netpol_allocator *a, const char *format,
                               ...)
{
    np_buffer text;
    np_buffer_init(&text, a);
    va_list args;
    va_start(args, format);
    np_buffer_vformat(&text, format, args);
    va_end(args);
    const char *name = text.failed ? NULL : np_arena_text(scratch, text.p, text.n);
    np_buffer_free(&text);
    return name;
}

static bool add_ordinal_labels(np_build *b, np_arena *scratch, np_pod_draft *d, const char *name,
                               uint32_t ordinal)
{
    d->name = format_name(scratch, &b->alloc, "%s-%u", name, (unsigned)ordinal);
    if (!d->name)
        return false;
    const netpol_label more[] = {
        {"statefulset.kubernetes.io/pod-name", d->name},
        {"apps.kubernetes.io/pod-index", strrchr(d->name, '-') + 1},
    };
    return add_labels(scratch, d, more, sizeof more / sizeof *more);
}

/* ---- whether any selector asks for a StatefulSet's ordinals ---- */

static bool service_names_ordinal(const netpol_service *v)
{
    return np_label_value(v->selector, v->n_selector, "statefulset.kubernetes.io/pod-name") ||
           np_label_value(v->selector, v->n_selector, "apps.kubernetes.io/pod-index");
}

bool np_asks_ordinals(const netpol_object *x)
{
    np_asked asked = {0};
    const netpol_policy *policy = netpol_object_policy(x);
    const netpol_cluster_policy *wide = netpol_object_cluster_policy(x);
    const netpol_service *service = netpol_object_service(x);
    if (policy && policy->spec)
        np_ask_policy(&asked, policy->spec);
    if (wide)
        np_ask_cluster_policy(&asked, wide);
    return (asked.keys & np_ordinal_keys()) || (service && service_names_ordinal(service));
}

static bool ordinals_matter(const np_build *b)
{
    for (size_t i = 0; i < b->n_objects; i++)
        if (np_asks_ordinals(b->objects[i]))
            return true;
    return false;
}

/* ---- replicas ---- */

bool np_pod_is_any_replica(const np_pod *p)
{
    return p->replica && strchr(p->name, '[') != NULL;
}

#define REPLICAS_ONE_BY_ONE 64

/* Two stand for all, since they are alike and a workload's own traffic is between two of them
 * (settled.md 1.2); a StatefulSet's are not alike where a selector asks for their ordinals. */
static uint32_t replicas_of(np_build *b, const netpol_object *x)
{
    const netpol_workload *w = netpol_object_workload(x);
    if (!b->ordinals || netpol_object_kind(x) != NETPOL_KIND_STATEFUL_SET || !w->replicas ||
        *w->replicas <= 2)
        return 2;
    if (*w->replicas <= REPLICAS_ONE_BY_ONE)
        return (uint32_t)*w->replicas;
    np_build_say(b, NP_CODE_REPLICAS_CUT, x, "the first %d of %d replicas are looked at",
                 REPLICAS_ONE_BY_ONE, (int)*w->replicas);
    return REPLICAS_ONE_BY_ONE;
}

static bool add_replica(np_build *b, np_arena *scratch, const netpol_object *x, const char *name,
                        uint32_t ordinal)
{
    const netpol_pod_template *t = netpol_object_workload(x)->pod_template;
    const netpol_metadata *meta = netpol_object_metadata(x);
    int32_t kind = netpol_object_kind(x);
    np_pod_draft d = {.object = x,
                      .meta = t ? t->metadata : NULL,
                      .spec = t ? t->spec : NULL,
                      .name = name,
                      .own_name = true,
                      .owner_kind = netpol_object_kind_name(x),
                      .owner_name = netpol_object_name(x),
                      .pod = {.replica = true, .address_unknown = true}};
    d.labels = d.meta ? d.meta->labels : NULL;
    d.n_labels = d.meta ? (uint32_t)d.meta->n_labels : 0;
    d.pod.host_network = d.spec && d.spec->host_network;
    if (kind == NETPOL_KIND_JOB && !add_job_labels(scratch, &d, meta))
        return false;
    if (kind == NETPOL_KIND_STATEFUL_SET && b->ordinals &&
        !add_ordinal_labels(b, scratch, &d, netpol_object_name(x), ordinal))
        return false;
    set_missing(&d, kind);
    const char *space = np_build_space(b, x);
    return np_build_controller(b, meta, space, &d.owner_kind, &d.owner_name, 1) &&
           np_build_enter_pod(b, &d, NP_NONE, space);
}

static bool add_replicas(np_build *b, const netpol_object *x)
{
    const netpol_workload *w = netpol_object_workload(x);
    if ((w->replicas && *w->replicas == 0) || (w->suspend && *w->suspend))
        np_build_say(b, NP_CODE_NOTHING_RUNS, x, "it has no running pods; judged as if it had");
    np_arena scratch;
    np_arena_init(&scratch, &b->alloc, 1024);
    const char *name = format_name(&scratch, &b->alloc, "%s[%s]", netpol_object_name(x),
                                   netpol_object_kind_name(x));
    uint32_t n = replicas_of(b, x);
    bool ok = name != NULL;
    for (uint32_t i = 0; ok && i < n; i++)
        ok = add_replica(b, &scratch, x, name, i);
    np_arena_free(&scratch);
    return ok;
}

/* Whether replicas stand for its pods; "a ReplicaSet owned by a loaded Deployment, a Job owned by a
 * loaded CronJob never." */
static bool has_replicas(const np_build *b, const np_other *o)
{
    return o->object && netpol_object_workload(o->object) && !o->n_pods &&
           !np_build_has_controller(b, o->object);
}

netpol_status np_build_workloads(np_build *b)
{
    uint32_t n = b->s.n_others;
    b->ordinals =
        np_build_end(b, NETPOL_KIND_STATEFUL_SET) > np_build_first(b, NETPOL_KIND_STATEFUL_SET) &&
        ordinals_matter(b);
    for (uint32_t i = 0; i < n; i++) {
        netpol_status s = np_build_pause(b, i);
        if (s != NETPOL_OK)
            return s;
        np_other *o = np_tree_edit(b->store, &b->s.others, i);
        if (!o)
            return NETPOL_NO_MEMORY;
        o->replicas = has_replicas(b, o);
        if (o->replicas && !add_replicas(b, o->object))
            return NETPOL_NO_MEMORY;
    }
    return NETPOL_OK;
}
