/* SPDX-License-Identifier: MIT */
#include "snapshot.h"

#include "snapshot_build.h"

/* ---- looking up ---- */

typedef struct pod_key {
    uint32_t space;
    const char *name;
} pod_key;

typedef struct owner_key {
    uint32_t space;
    const char *kind;
    const char *name;
} owner_key;

static uint32_t hash_in(uint32_t space, const char *kind, const char *name)
{
    char number[sizeof space + 1];
    for (size_t i = 0; i < sizeof space; i++) /* seven bits a byte, none zero */
        number[i] = (char)((space >> (7 * i) & 0x7f) | 0x80);
    number[sizeof space] = '\0';
    return np_hash_texts((const char *const[]){number, kind, name}, 3);
}

static bool namespace_is(const void *s, const void *key, uint32_t number)
{
    return strcmp(((const np_snapshot *)s)->namespaces[number].name, key) == 0;
}

static bool node_is(const void *s, const void *key, uint32_t number)
{
    return strcmp(((const np_snapshot *)s)->nodes[number].name, key) == 0;
}

static bool pod_is(const void *s, const void *key, uint32_t number)
{
    const np_pod *p = &((const np_snapshot *)s)->pods[number];
    const pod_key *k = key;
    return p->space == k->space && strcmp(p->name, k->name) == 0;
}

static bool owner_is(const void *s, const void *key, uint32_t number)
{
    const np_owner *o = &((const np_snapshot *)s)->owners[number];
    const owner_key *k = key;
    return o->space == k->space && strcmp(o->name, k->name) == 0 && strcmp(o->kind, k->kind) == 0;
}

static bool service_is(const void *s, const void *key, uint32_t number)
{
    const np_service *v = &((const np_snapshot *)s)->services[number];
    const pod_key *k = key;
    return v->space == k->space && strcmp(v->name, k->name) == 0;
}

uint32_t np_snapshot_namespace(const np_snapshot *s, const char *name)
{
    return np_index_find(&s->namespace_index, np_hash(np_slice_of(name)), namespace_is, s, name);
}

uint32_t np_snapshot_node(const np_snapshot *s, const char *name)
{
    return np_index_find(&s->node_index, np_hash(np_slice_of(name)), node_is, s, name);
}

uint32_t np_snapshot_pod(const np_snapshot *s, uint32_t space, const char *name)
{
    return np_index_find(&s->pod_index, hash_in(space, "", name), pod_is, s,
                         &(pod_key){space, name});
}

uint32_t np_snapshot_owner(const np_snapshot *s, uint32_t space, const char *kind, const char *name)
{
    return np_index_find(&s->owner_index, hash_in(space, kind, name), owner_is, s,
                         &(owner_key){space, kind, name});
}

uint32_t np_snapshot_service(const np_snapshot *s, uint32_t space, const char *name)
{
    return np_index_find(&s->service_index, hash_in(space, "", name), service_is, s,
                         &(pod_key){space, name});
}

static bool address_is(const void *addresses, const void *key, uint32_t number)
{
    return np_ip_equal(&((const np_addresses *)addresses)->at[number].ip, key);
}

static uint32_t hash_ip(const np_ip *ip)
{
    return np_hash((np_slice){(const char *)ip->b, sizeof ip->b});
}

uint32_t np_addresses_entry(const np_addresses *a, const np_ip *ip)
{
    return np_index_find(&a->index, hash_ip(ip), address_is, a, ip);
}

uint32_t np_addresses_find(const np_addresses *a, const np_ip *ip)
{
    uint32_t at = np_addresses_entry(a, ip);
    return at == NP_NONE ? NP_NONE : a->at[at].whose;
}

uint32_t np_snapshot_pod_of_ip(const np_snapshot *s, const np_ip *ip)
{
    return np_addresses_find(&s->pod_addresses, ip);
}

uint32_t np_snapshot_node_of_ip(const np_snapshot *s, const np_ip *ip)
{
    return np_addresses_find(&s->node_addresses, ip);
}

uint32_t np_snapshot_service_of_ip(const np_snapshot *s, const np_ip *ip)
{
    return np_addresses_find(&s->service_addresses, ip);
}

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

/* ---- entering ---- */

/* Only the first of equal names is entered: replicas of a workload share theirs. */
bool np_build_pod_name(np_snapshot *s, uint32_t pod)
{
    const np_pod *p = &s->pods[pod];
    return np_snapshot_pod(s, p->space, p->name) != NP_NONE ||
           np_index_add(&s->pod_index, hash_in(p->space, "", p->name), pod);
}

bool np_build_service_name(np_snapshot *s, uint32_t service)
{
    const np_service *v = &s->services[service];
    return np_index_add(&s->service_index, hash_in(v->space, "", v->name), service);
}

bool np_build_address(np_addresses *a, const np_ip *ip, uint32_t whose)
{
    if (!np_grow(&a->index.alloc, (void **)&a->at, &a->room, a->n + 1, sizeof *a->at) ||
        !np_index_add(&a->index, hash_ip(ip), (uint32_t)a->n))
        return false;
    a->at[a->n++] = (np_address){*ip, whose};
    return true;
}

uint32_t np_build_namespace(np_build *b, const char *name)
{
    np_snapshot *s = b->s;
    uint32_t found = np_snapshot_namespace(s, name);
    if (found != NP_NONE)
        return found;
    if (!np_grow(&s->alloc, (void **)&s->namespaces, &s->namespaces_room, s->n_namespaces + 1,
                 sizeof *s->namespaces))
        return NP_NONE;
    netpol_label *label = NP_NEW(&s->arena, netpol_label);
    if (!label ||
        !np_index_add(&s->namespace_index, np_hash(np_slice_of(name)), (uint32_t)s->n_namespaces))
        return NP_NONE;
    *label = (netpol_label){"kubernetes.io/metadata.name", name};
    s->namespaces[s->n_namespaces] =
        (np_namespace){.name = name, .labels = label, .n_labels = 1, .assumed = true};
    return (uint32_t)s->n_namespaces++;
}

uint32_t np_build_node(np_build *b, const char *name)
{
    np_snapshot *s = b->s;
    uint32_t found = np_snapshot_node(s, name);
    if (found != NP_NONE)
        return found;
    if (!np_grow(&s->alloc, (void **)&s->nodes, &s->nodes_room, s->n_nodes + 1, sizeof *s->nodes) ||
        !np_index_add(&s->node_index, np_hash(np_slice_of(name)), (uint32_t)s->n_nodes))
        return NP_NONE;
    s->nodes[s->n_nodes] = (np_node){.name = name, .assumed = true};
    return (uint32_t)s->n_nodes++;
}

uint32_t np_build_owner(np_build *b, uint32_t space, const char *kind, const char *name)
{
    np_snapshot *s = b->s;
    uint32_t found = np_snapshot_owner(s, space, kind, name);
    if (found != NP_NONE && *name)
        return found;
    if (!np_grow(&s->alloc, (void **)&s->owners, &s->owners_room, s->n_owners + 1,
                 sizeof *s->owners) ||
        !np_index_add(&s->owner_index, hash_in(space, kind, name), (uint32_t)s->n_owners))
        return NP_NONE;
    s->owners[s->n_owners] = (np_owner){name, kind, space, NP_NONE, NP_NONE, 0};
    return (uint32_t)s->n_owners++;
}

/* ---- namespaces ---- */

#define NAME_LABEL "kubernetes.io/metadata.name"

/* The API server sets the label with the namespace's own name, whatever was written. */
static bool set_labels(np_build *b, np_namespace *n, const netpol_metadata *meta)
{
    size_t given = meta ? meta->n_labels : 0;
    netpol_label *labels = NP_NEW_ARRAY(&b->s->arena, netpol_label, given + 1);
    if (!labels)
        return false;
    size_t filled = 0;
    bool named = false;
    for (size_t i = 0; i < given; i++) {
        int order = strcmp(meta->labels[i].key, NAME_LABEL);
        if (order >= 0 && !named)
            labels[filled++] = (netpol_label){NAME_LABEL, n->name};
        named = named || order >= 0;
        if (order != 0)
            labels[filled++] = meta->labels[i];
    }
    if (!named)
        labels[filled++] = (netpol_label){NAME_LABEL, n->name};
    n->labels = labels;
    n->n_labels = (uint32_t)filled;
    n->assumed = false;
    return true;
}

netpol_status np_build_namespaces(np_build *b)
{
    for (size_t i = np_build_first(b, NETPOL_KIND_NAMESPACE);
         i < np_build_end(b, NETPOL_KIND_NAMESPACE); i++) {
        const netpol_object *x = b->s->objects[i];
        uint32_t number = np_build_namespace(b, netpol_object_name(x));
        if (number == NP_NONE ||
            !set_labels(b, &b->s->namespaces[number], netpol_object_metadata(x)))
            return NETPOL_NO_MEMORY;
    }
    return NETPOL_OK;
}

/* ---- the whole ---- */

const char *np_build_space(const np_build *b, const netpol_object *x)
{
    const char *space = np_cluster_space(b->c, x);
    return space == b->c->default_namespace ? b->s->default_namespace : space;
}

size_t np_build_first(const np_build *b, int32_t kind)
{
    return b->first_of_kind[kind];
}

size_t np_build_end(const np_build *b, int32_t kind)
{
    return b->first_of_kind[kind + 1];
}

netpol_status np_build_pause(const np_build *b, size_t i)
{
    const netpol_options *o = &b->c->options;
    return i % 4096 == 4095 && o->keep_going && !o->keep_going(o->ctx) ? NETPOL_CANCELLED
                                                                       : NETPOL_OK;
}

void np_build_say(const np_build *b, int32_t code, const netpol_object *x, const char *format, ...)
{
    np_buffer title;
    np_buffer message;
    np_buffer_init(&title, &b->s->alloc);
    np_buffer_init(&message, &b->s->alloc);
    if (x)
        np_object_title(&title, x);
    np_buffer_char(&title, '\0');
    va_list args;
    va_start(args, format);
    np_buffer_vformat(&message, format, args);
    va_end(args);
    np_buffer_char(&message, '\0');
    np_where where = {.item = -1};
    if (x)
        where = np_object_where(x, NULL, title.failed ? NULL : title.p);
    b->s->said = true;
    np_diag_text(b->diags, code, &where, NULL, NULL, message.failed ? "" : message.p);
    np_buffer_free(&title);
    np_buffer_free(&message);
}

/* References all objects, kind by kind, in the order of arrival within a kind. */
static netpol_status take_objects(np_build *b)
{
    const netpol_cluster *c = b->c;
    np_snapshot *s = b->s;
    size_t next[NP_KINDS + 1] = {0};
    for (size_t i = 0; i < c->n; i++)
        if (c->objects[i])
            next[netpol_object_kind(c->objects[i]) + 1]++;
    for (size_t k = 0; k < NP_KINDS; k++)
        next[k + 1] += next[k];
    memcpy(b->first_of_kind, next, sizeof next);
    size_t n = next[NP_KINDS];
    s->objects = np_resize(&s->alloc, NULL, 0, (n + 1) * sizeof *s->objects);
    if (!s->objects)
        return NETPOL_NO_MEMORY;
    s->n_objects = n;
    for (size_t i = 0; i < c->n; i++)
        if (c->objects[i])
            s->objects[next[netpol_object_kind(c->objects[i])]++] =
                netpol_object_ref(c->objects[i]);
    b->has_pods = np_resize(&s->alloc, NULL, 0, c->n + 1);
    if (!b->has_pods)
        return NETPOL_NO_MEMORY;
    memset(b->has_pods, 0, c->n + 1);
    return NETPOL_OK;
}

static netpol_status keep_options(np_build *b)
{
    const netpol_cluster *c = b->c;
    np_snapshot *s = b->s;
    np_resolved *resolved = NP_NEW_ARRAY(&s->arena, np_resolved, c->n_resolved);
    s->default_namespace =
        np_arena_text(&s->arena, c->default_namespace, strlen(c->default_namespace));
    for (size_t i = 0; resolved && i < c->n_resolved; i++) {
        const char *name = c->resolved[i].name;
        resolved[i] =
            (np_resolved){np_arena_text(&s->arena, name, strlen(name)), c->resolved[i].ip};
    }
    s->resolved = resolved;
    s->n_resolved = c->n_resolved;
    s->foreign = c->foreign;
    s->incomplete = c->incomplete;
    return s->arena.failed ? NETPOL_NO_MEMORY : NETPOL_OK;
}

static np_snapshot *new_snapshot(const netpol_allocator *alloc)
{
    np_snapshot *s = np_resize(alloc, NULL, 0, sizeof *s);
    if (!s)
        return NULL;
    *s = (np_snapshot){.alloc = *alloc};
    atomic_init(&s->refs, 1);
    np_arena_init(&s->arena, alloc, 4096);
    np_index *const all[] = {&s->namespace_index,
                             &s->node_index,
                             &s->pod_index,
                             &s->owner_index,
                             &s->service_index,
                             &s->pod_addresses.index,
                             &s->node_addresses.index,
                             &s->service_addresses.index};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        np_index_init(all[i], alloc);
    return s;
}

netpol_status np_snapshot_make(const netpol_cluster *c, np_snapshot **out,
                               netpol_diagnostics *diags)
{
    static netpol_status (*const parts[])(np_build *) = {
        take_objects,      keep_options,       np_build_namespaces, np_build_nodes,
        np_build_pods,     np_build_workloads, np_build_addresses,  np_build_policies,
        np_build_services, np_build_families,
    };
    np_build b = {.c = c, .s = new_snapshot(&c->alloc), .diags = diags};
    if (!b.s)
        return NETPOL_NO_MEMORY;
    np_index_init(&b.workloads, &c->alloc);
    netpol_status status = NETPOL_OK;
    for (size_t i = 0; i < sizeof parts / sizeof *parts && status == NETPOL_OK; i++)
        status = parts[i](&b);
    np_index_free(&b.workloads);
    np_release(&c->alloc, b.has_pods, c->n + 1);
    if (b.invalid && c->options.flags & NETPOL_KEEP_GOING)
        b.s->incomplete = true;
    else if (b.invalid && status == NETPOL_OK)
        status = NETPOL_INVALID;
    if (status == NETPOL_OK)
        *out = b.s;
    else
        np_snapshot_free(b.s);
    return status;
}

static void free_addresses(np_addresses *a)
{
    np_release(&a->index.alloc, a->at, a->room * sizeof *a->at);
    np_index_free(&a->index);
}

np_snapshot *np_snapshot_ref(np_snapshot *s)
{
    (void)atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
    return s;
}

void np_snapshot_free(np_snapshot *s)
{
    if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
        return;
    if (s->base) {
        np_snapshot_free_changed(s);
        return;
    }
    netpol_allocator alloc = s->alloc;
    for (size_t i = 0; i < s->n_objects; i++)
        netpol_object_unref(s->objects[i]);
    if (s->objects)
        np_release(&alloc, s->objects, (s->n_objects + 1) * sizeof *s->objects);
    np_release(&alloc, s->namespaces, s->namespaces_room * sizeof *s->namespaces);
    np_release(&alloc, s->nodes, s->nodes_room * sizeof *s->nodes);
    np_release(&alloc, s->pods, s->pods_room * sizeof *s->pods);
    np_release(&alloc, s->owners, s->owners_room * sizeof *s->owners);
    np_index_free(&s->namespace_index);
    np_index_free(&s->node_index);
    np_index_free(&s->pod_index);
    np_index_free(&s->owner_index);
    np_index_free(&s->service_index);
    free_addresses(&s->pod_addresses);
    free_addresses(&s->node_addresses);
    free_addresses(&s->service_addresses);
    np_arena_free(&s->arena);
    np_release(&alloc, s, sizeof *s);
}
