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

bool np_asks_more_ordinals(const np_snapshot *before, const np_snapshot *now)
{
    unsigned ordinals = np_generated_key("statefulset.kubernetes.io/pod-name") |
                        np_generated_key("apps.kubernetes.io/pod-index");
    return (now->asked_keys & ~before->asked_keys & ordinals) != 0;
}

static uint16_t keys_of_kind(int32_t kind)
{
    unsigned keys = 0;
    for (size_t i = 0; i < N_GENERATED; i++)
        if (generated[i].kinds & BIT(kind))
            keys |= 1u << i;
    return (uint16_t)keys;
}

/* Adds labels to those of the template, which win; false: no memory. */
static bool add_labels(np_build *b, np_pod *p, const netpol_label *more, size_t n)
{
    netpol_label *all = NP_NEW_ARRAY(&b->s->arena, netpol_label, p->n_labels + n);
    if (!all)
        return false;
    size_t filled = p->n_labels;
    if (filled)
        memcpy(all, p->labels, filled * sizeof *all);
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
    p->labels = all;
    p->n_labels = (uint32_t)filled;
    return true;
}

/* What is not among the labels stays doubtful. */
static void set_missing(np_pod *p, int32_t kind)
{
    p->missing_keys = keys_of_kind(kind);
    for (size_t i = 0; i < p->n_labels; i++)
        p->missing_keys &= (uint16_t)~np_generated_key(p->labels[i].key);
}

/* A Job's pods carry its name, and its uid where that is told. */
static bool add_job_labels(np_build *b, np_pod *p, const netpol_metadata *meta)
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
    return add_labels(b, p, more, n);
}

static bool add_ordinal_labels(np_build *b, np_pod *p, const char *name, uint32_t ordinal)
{
    np_buffer text;
    np_buffer_init(&text, &b->s->alloc);
    np_buffer_format(&text, "%s-%u", name, (unsigned)ordinal);
    const char *pod_name = text.failed ? NULL : np_arena_text(&b->s->arena, text.p, text.n);
    np_buffer_free(&text);
    if (!pod_name)
        return false;
    p->name = pod_name;
    const netpol_label more[] = {
        {"statefulset.kubernetes.io/pod-name", pod_name},
        {"apps.kubernetes.io/pod-index", strrchr(pod_name, '-') + 1},
    };
    return add_labels(b, p, more, sizeof more / sizeof *more);
}

/* ---- whether any selector asks for a StatefulSet's ordinals ---- */

static bool names_ordinal(const netpol_label_selector *s)
{
    return s && (np_selector_names_key(s, "statefulset.kubernetes.io/pod-name") ||
                 np_selector_names_key(s, "apps.kubernetes.io/pod-index"));
}

static bool peers_name_ordinal(const netpol_rule *const *rules, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < rules[i]->n_peers; k++)
            if (names_ordinal(rules[i]->peers[k]->pod_selector))
                return true;
    return false;
}

static bool policy_names_ordinal(const netpol_policy *p)
{
    const netpol_policy_spec *spec = p->spec;
    return spec && (names_ordinal(spec->pod_selector) ||
                    peers_name_ordinal(spec->ingress, spec->n_ingress) ||
                    peers_name_ordinal(spec->egress, spec->n_egress));
}

static bool cluster_rules_name_ordinal(const netpol_cluster_rule *const *rules, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < rules[i]->n_peers; k++)
            if (rules[i]->peers[k]->pods && names_ordinal(rules[i]->peers[k]->pods->pod_selector))
                return true;
    return false;
}

static bool cluster_policy_names_ordinal(const netpol_cluster_policy *p)
{
    return (p->subject && p->subject->pods && names_ordinal(p->subject->pods->pod_selector)) ||
           cluster_rules_name_ordinal(p->ingress, p->n_ingress) ||
           cluster_rules_name_ordinal(p->egress, p->n_egress);
}

static bool service_names_ordinal(const netpol_service *v)
{
    return np_label_value(v->selector, v->n_selector, "statefulset.kubernetes.io/pod-name") ||
           np_label_value(v->selector, v->n_selector, "apps.kubernetes.io/pod-index");
}

static bool ordinals_matter(const np_build *b)
{
    for (size_t i = 0; i < b->s->n_objects; i++) {
        const netpol_object *x = b->s->objects[i];
        const netpol_policy *policy = netpol_object_policy(x);
        const netpol_cluster_policy *wide = netpol_object_cluster_policy(x);
        const netpol_service *service = netpol_object_service(x);
        if ((policy && policy_names_ordinal(policy)) ||
            (wide && cluster_policy_names_ordinal(wide)) ||
            (service && service_names_ordinal(service)))
            return true;
    }
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
static uint32_t replicas_of(const np_build *b, const netpol_object *x, bool ordinals)
{
    const netpol_workload *w = netpol_object_workload(x);
    if (!ordinals || netpol_object_kind(x) != NETPOL_KIND_STATEFUL_SET || !w->replicas ||
        *w->replicas <= 2)
        return 2;
    if (*w->replicas <= REPLICAS_ONE_BY_ONE)
        return (uint32_t)*w->replicas;
    np_build_say(b, NP_CODE_REPLICAS_CUT, x, "the first %d of %d replicas are looked at",
                 REPLICAS_ONE_BY_ONE, (int)*w->replicas);
    return REPLICAS_ONE_BY_ONE;
}

static const char *replica_name(np_build *b, const netpol_object *x)
{
    np_buffer text;
    np_buffer_init(&text, &b->s->alloc);
    np_buffer_format(&text, "%s[%s]", netpol_object_name(x), netpol_object_kind_name(x));
    const char *name = text.failed ? NULL : np_arena_text(&b->s->arena, text.p, text.n);
    np_buffer_free(&text);
    return name;
}

static bool add_replica(np_build *b, const netpol_object *x, const char *name, uint32_t ordinal,
                        bool ordinals)
{
    const netpol_pod_template *t = netpol_object_workload(x)->pod_template;
    int32_t kind = netpol_object_kind(x);
    np_pod *p =
        np_build_pod(b, x, t ? t->metadata : NULL, t ? t->spec : NULL, np_build_space(b, x));
    if (!p)
        return false;
    p->name = name;
    p->replica = true;
    p->address_unknown = true;
    if (kind == NETPOL_KIND_JOB && !add_job_labels(b, p, netpol_object_metadata(x)))
        return false;
    if (kind == NETPOL_KIND_STATEFUL_SET && ordinals &&
        !add_ordinal_labels(b, p, netpol_object_name(x), ordinal))
        return false;
    set_missing(p, kind);
    const char *owner_kind = netpol_object_kind_name(x);
    const char *owner_name = netpol_object_name(x);
    (void)np_build_controller(b, netpol_object_metadata(x), np_build_space(b, x), &owner_kind,
                              &owner_name);
    p->owner = np_build_owner(b, p->space, owner_kind, owner_name);
    return p->owner != NP_NONE;
}

static bool add_replicas(np_build *b, const netpol_object *x, bool ordinals)
{
    const netpol_workload *w = netpol_object_workload(x);
    if ((w->replicas && *w->replicas == 0) || (w->suspend && *w->suspend))
        np_build_say(b, NP_CODE_NOTHING_RUNS, x, "it has no running pods; judged as if it had");
    const char *name = replica_name(b, x);
    uint32_t n = replicas_of(b, x, ordinals);
    for (uint32_t i = 0; name && i < n; i++)
        if (!add_replica(b, x, name, i, ordinals))
            return false;
    return name != NULL;
}

/* "A ReplicaSet owned by a loaded Deployment, a Job owned by a loaded CronJob never." */
static bool has_loaded_controller(const np_build *b, const netpol_object *x)
{
    const netpol_owner_reference *r = np_controller_of(netpol_object_metadata(x));
    return r && r->kind && r->name &&
           np_build_workload(b, r->kind, np_build_space(b, x), r->name) != NP_NONE;
}

netpol_status np_build_workloads(np_build *b)
{
    size_t first = np_build_first(b, NETPOL_KIND_DEPLOYMENT);
    size_t end = np_build_end(b, NETPOL_KIND_CRON_JOB);
    bool ordinals =
        np_build_end(b, NETPOL_KIND_STATEFUL_SET) > np_build_first(b, NETPOL_KIND_STATEFUL_SET) &&
        ordinals_matter(b);
    for (size_t i = first; i < end; i++) {
        const netpol_object *x = b->s->objects[i];
        netpol_status s = np_build_pause(b, i);
        if (s != NETPOL_OK)
            return s;
        if (!b->has_pods[i] && !has_loaded_controller(b, x) && !add_replicas(b, x, ordinals))
            return NETPOL_NO_MEMORY;
    }
    return NETPOL_OK;
}
