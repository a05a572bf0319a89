/* SPDX-License-Identifier: MIT */
/* Asking a picture. */
#include "snapshot.h"

#include "snapshot_build.h"

/* ---- names ---- */

typedef struct name_key {
    uint32_t space;
    const char *kind;
    const char *name;
} name_key;

uint32_t np_hash_name(const char *name)
{
    return np_hash(np_slice_of(name));
}

uint32_t np_hash_in(uint32_t space, const char *kind, const char *name)
{
    char number[sizeof space + 1];
    for (size_t i = 0; i < sizeof space; i++) /* seven bits a byte, none zero */
        number[i] = (char)((space >> (7 * i) & 0x7f) | 0x80);
    number[sizeof space] = '\0';
    return np_hash_texts((const char *const[]){number, kind, name}, 3);
}

static bool namespace_is(const void *s, const void *key, uint32_t number)
{
    return strcmp(np_namespace_at(s, number)->name, key) == 0;
}

static bool node_is(const void *s, const void *key, uint32_t number)
{
    return strcmp(np_node_at(s, number)->name, key) == 0;
}

static bool pod_is(const void *s, const void *key, uint32_t number)
{
    const np_pod *p = np_pod_at(s, number);
    const name_key *k = key;
    return p->space == k->space && strcmp(p->name, k->name) == 0;
}

static bool owner_is(const void *s, const void *key, uint32_t number)
{
    const np_owner *o = np_owner_at(s, number);
    const name_key *k = key;
    return o->space == k->space && strcmp(o->name, k->name) == 0 && strcmp(o->kind, k->kind) == 0;
}

static bool service_is(const void *s, const void *key, uint32_t number)
{
    const np_service *v = np_service_at(s, number);
    const name_key *k = key;
    return v->space == k->space && strcmp(v->name, k->name) == 0;
}

uint32_t np_snapshot_namespace(const np_snapshot *s, const char *name)
{
    return np_dict_find(&s->by_namespace, np_hash_name(name), namespace_is, s, name);
}

uint32_t np_snapshot_node(const np_snapshot *s, const char *name)
{
    return np_dict_find(&s->by_node, np_hash_name(name), node_is, s, name);
}

uint32_t np_snapshot_pod(const np_snapshot *s, uint32_t space, const char *name)
{
    return np_dict_find(&s->by_pod, np_hash_in(space, "", name), pod_is, s,
                        &(name_key){space, "", name});
}

/* Pods that are their own owners are found as pods. */
static uint32_t owner_of_pod(const np_snapshot *s, uint32_t space, const char *name)
{
    uint32_t pod = np_snapshot_pod(s, space, name);
    uint32_t owner = pod == NP_NONE ? NP_NONE : np_pod_at(s, pod)->owner;
    return owner != NP_NONE && !np_owner_at(s, owner)->texts ? owner : NP_NONE;
}

uint32_t np_snapshot_owner(const np_snapshot *s, uint32_t space, const char *kind, const char *name)
{
    uint32_t owner = np_dict_find(&s->by_owner, np_hash_in(space, kind, name), owner_is, s,
                                  &(name_key){space, kind, name});
    return owner == NP_NONE && strcmp(kind, "Pod") == 0 ? owner_of_pod(s, space, name) : owner;
}

uint32_t np_snapshot_service(const np_snapshot *s, uint32_t space, const char *name)
{
    return np_dict_find(&s->by_service, np_hash_in(space, "", name), service_is, s,
                        &(name_key){space, "", name});
}

/* ---- addresses ---- */

uint32_t np_hash_ip(const np_ip *ip)
{
    return np_hash((np_slice){(const char *)ip->b, sizeof ip->b});
}

/* The search for the pod of an address looks at all that have it. */
typedef struct ip_search {
    const np_snapshot *s;
    uint32_t best;
} ip_search;

static int order_of_names(const np_snapshot *s, const np_pod *a, const np_pod *b)
{
    int spaces = strcmp(np_namespace_at(s, a->space)->name, np_namespace_at(s, b->space)->name);
    return spaces ? spaces : strcmp(a->name, b->name);
}

static bool is_terminating(const np_pod *p)
{
    const netpol_metadata *meta = netpol_object_metadata(p->object);
    return meta && meta->deletion_timestamp;
}

/* Of two pods with one address the running one has it, then the one that is not ending, then the
 * first by name. */
static bool has_better_claim(const np_snapshot *s, const np_pod *a, const np_pod *b)
{
    if (a->running != b->running)
        return a->running > b->running;
    if (is_terminating(a) != is_terminating(b))
        return !is_terminating(a);
    return order_of_names(s, a, b) < 0;
}

static bool look_at_pod(const void *context, const void *key, uint32_t number)
{
    ip_search *search = (ip_search *)(uintptr_t)context;
    const np_pod *p = np_pod_at(search->s, number);
    const np_ip *ip = key;
    const np_ip *its = np_pod_ip(p, ip->v4 ? NP_FAMILY_4 : NP_FAMILY_6);
    if (its && np_ip_equal(its, ip) &&
        (search->best == NP_NONE ||
         has_better_claim(search->s, p, np_pod_at(search->s, search->best))))
        search->best = number;
    return false;
}

uint32_t np_snapshot_pod_of_ip(const np_snapshot *s, const np_ip *ip)
{
    ip_search search = {s, NP_NONE};
    (void)np_dict_find(&s->pod_ips, np_hash_ip(ip), look_at_pod, &search, ip);
    return search.best;
}

static bool node_has(const void *s, const void *key, uint32_t number)
{
    const np_node *n = np_node_at(s, number);
    for (uint32_t i = 0; i < n->n_ips; i++)
        if (np_ip_equal(&n->ips[i].ip, key))
            return true;
    return false;
}

uint32_t np_snapshot_node_of_ip(const np_snapshot *s, const np_ip *ip)
{
    uint32_t node = np_dict_find(&s->node_ips, np_hash_ip(ip), node_has, s, ip);
    for (size_t i = 0; node == NP_NONE && i < s->n_locals; i++)
        if (np_ip_equal(&s->locals[i], ip))
            node = NP_EVERY_NODE;
    return node;
}

static bool is_ip(const char *text, const np_ip *ip)
{
    np_ip its;
    return text && *text && np_ip_parse(np_slice_of(text), &its) && np_ip_equal(&its, ip);
}

static bool lists_ip(const char *const *texts, size_t n, const np_ip *ip)
{
    for (size_t i = 0; i < n; i++)
        if (is_ip(texts[i], ip))
            return true;
    return false;
}

static bool service_has(const void *s, const void *key, uint32_t number)
{
    const netpol_service *t = np_service_at(s, number)->tree;
    return lists_ip(t->cluster_ips, t->n_cluster_ips, key) || is_ip(t->cluster_ip, key) ||
           lists_ip(t->external_ips, t->n_external_ips, key) ||
           lists_ip(t->ingress_ips, t->n_ingress_ips, key) || is_ip(t->load_balancer_ip, key);
}

uint32_t np_snapshot_service_of_ip(const np_snapshot *s, const np_ip *ip)
{
    return np_dict_find(&s->service_ips, np_hash_ip(ip), service_has, s, ip);
}

static const np_ip *ip_of(uint8_t families, uint8_t family, const np_ip *ip4, const np_ip *ip6)
{
    if (!(families & family))
        return NULL;
    return family == NP_FAMILY_4 ? ip4 : ip6;
}

const np_ip *np_pod_ip(const np_pod *p, uint8_t family)
{
    return p->address_unknown ? NULL : ip_of(p->families, family, &p->ip4, &p->ip6);
}

const np_ip *np_node_ip(const np_node *n, uint8_t family)
{
    return ip_of(n->families, family, &n->ip4, &n->ip6);
}

/* ---- policies ---- */

/* Goes on from the place of the walk, itself included, to the next policy. */
static void find_next_policy(np_policy_walk *w)
{
    w->policy = NULL;
    for (; w->space < w->s->n_namespaces; w->space++, w->i = 0) {
        const np_namespace *n = np_namespace_at(w->s, w->space);
        if (w->i >= n->n_policies)
            continue;
        w->policy = np_policy_of(w->s, n, w->i);
        return;
    }
}

np_policy_walk np_policies(const np_snapshot *s)
{
    np_policy_walk w = {.s = s};
    find_next_policy(&w);
    return w;
}

void np_policies_next(np_policy_walk *w)
{
    w->i++;
    find_next_policy(w);
}

/* ---- references ---- */

np_snapshot *np_snapshot_ref(np_snapshot *s)
{
    (void)atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
    return s;
}

void np_snapshot_free(np_snapshot *s)
{
    if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
        return;
    netpol_allocator alloc = s->alloc;
    np_version_release(s->version);
    np_release(&alloc, s, sizeof *s);
}
