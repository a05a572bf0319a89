/* SPDX-License-Identifier: MIT */
#include "cluster.h"

/* What an object is found by. `space` is "" for cluster-scoped kinds. */
typedef struct object_key {
    int32_t kind;
    const char *space;
    const char *name;
} object_key;

const char *np_cluster_space(const netpol_cluster *c, const netpol_object *x)
{
    if (!x->kind || !x->kind->namespaced)
        return "";
    const char *space = netpol_object_namespace(x);
    return space && *space ? space : c->default_namespace;
}

static object_key key_of(const netpol_cluster *c, const netpol_object *x)
{
    return (object_key){netpol_object_kind(x), np_cluster_space(c, x), netpol_object_name(x)};
}

static uint32_t key_hash(const object_key *k)
{
    const char kind[2] = {(char)(k->kind + 1), '\0'};
    return np_hash_texts((const char *const[]){kind, k->space, k->name}, 3);
}

static bool key_same(const object_key *a, const object_key *b)
{
    return a->kind == b->kind && strcmp(a->name, b->name) == 0 && strcmp(a->space, b->space) == 0;
}

static bool same_object(const void *cluster, const void *key, uint32_t number)
{
    const netpol_cluster *c = cluster;
    object_key other = key_of(c, c->objects[number]);
    return key_same(key, &other);
}

static uint32_t find(const netpol_cluster *c, const object_key *k)
{
    return *k->name ? np_index_find(&c->index, key_hash(k), same_object, c, k) : NP_NONE;
}

/* ---- making and freeing ---- */

netpol_status netpol_cluster_new(const netpol_cluster_options *how, const netpol_options *options,
                                 netpol_cluster **out, netpol_diagnostics *diags)
{
    netpol_options o;
    netpol_cluster_options h = {.size = sizeof h};
    netpol_semantics semantics;
    if (!out || !np_options_read(options, &o) || !np_sized_read(how, &h, sizeof h) ||
        !np_semantics_read(h.semantics, &semantics))
        return NETPOL_MISUSE;
    netpol_cluster *c = np_resize(o.allocator, NULL, 0, sizeof *c);
    if (!c)
        return NETPOL_NO_MEMORY;
    *c = (netpol_cluster){.alloc = *o.allocator, .options = o, .semantics = semantics};
    c->options.allocator = &c->alloc;
    np_arena_init(&c->texts, &c->alloc, 256);
    np_index_init(&c->index, &c->alloc);
    netpol_status s = np_cluster_options_keep(c, &h, diags);
    if (s == NETPOL_OK)
        *out = c;
    else
        netpol_cluster_free(c);
    return s;
}

void netpol_cluster_free(netpol_cluster *c)
{
    if (!c)
        return;
    if (c->forget)
        c->forget(c);
    np_cluster_forget_changes(c);
    np_release(&c->alloc, c->changes, c->changes_room * sizeof *c->changes);
    for (size_t i = 0; i < c->n; i++)
        netpol_object_unref(c->objects[i]);
    netpol_allocator alloc = c->alloc;
    np_release(&alloc, c->objects, c->room * sizeof *c->objects);
    np_index_free(&c->index);
    np_arena_free(&c->texts);
    np_release(&alloc, c, sizeof *c);
}

/* ---- putting and removing ---- */

/* Forgets the empty places that removals left, once they are many. */
static void pack(netpol_cluster *c)
{
    if (c->gone < 64 || c->gone < c->n / 2)
        return;
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++) {
        netpol_object *x = c->objects[i];
        if (!x)
            continue;
        object_key k = key_of(c, x);
        if (*k.name && n != i && np_index_remove(&c->index, key_hash(&k), (uint32_t)i))
            (void)np_index_add(&c->index, key_hash(&k), (uint32_t)n); /* its room is there */
        c->objects[n++] = x;
    }
    c->n = n;
    c->gone = 0;
}

static bool reserve(netpol_cluster *c, size_t more)
{
    return c->n + more < NP_NONE &&
           np_grow(&c->alloc, (void **)&c->objects, &c->room, c->n + more, sizeof *c->objects) &&
           np_index_reserve(&c->index, c->index.used + more);
}

/* ---- what changed since the last compilation ---- */

/* More changes than these, and one in so many objects, are a new picture. */
#define MANY_CHANGES 256u
#define MANY_CHANGES_OF 16u

void np_cluster_forget_changes(netpol_cluster *c)
{
    for (size_t i = 0; i < c->n_changes; i++) {
        netpol_object_unref(c->changes[i].was);
        netpol_object_unref(c->changes[i].is);
    }
    c->n_changes = 0;
    c->changed = false;
}

/* Cannot fail: what cannot be noted one by one counts as a change of everything. */
static void note_change(netpol_cluster *c, const netpol_object *was, const netpol_object *is)
{
    if (!c->last || c->changed)
        return;
    if (c->n_changes >= MANY_CHANGES + c->n / MANY_CHANGES_OF ||
        !np_grow(&c->alloc, (void **)&c->changes, &c->changes_room, c->n_changes + 1,
                 sizeof *c->changes)) {
        np_cluster_forget_changes(c);
        c->changed = true;
        return;
    }
    c->changes[c->n_changes++] = (np_change){netpol_object_ref(was), netpol_object_ref(is)};
}

/* Cannot fail: reserve has made room. */
static void place(netpol_cluster *c, const netpol_object *x)
{
    object_key k = key_of(c, x);
    uint32_t at = find(c, &k);
    if (at != NP_NONE) {
        netpol_object *old = c->objects[at];
        note_change(c, old, x);
        c->objects[at] = netpol_object_ref(x);
        netpol_object_unref(old);
        return;
    }
    if (*k.name)
        (void)np_index_add(&c->index, key_hash(&k), (uint32_t)c->n);
    note_change(c, NULL, x);
    c->objects[c->n++] = netpol_object_ref(x);
}

static bool take_out(netpol_cluster *c, const object_key *k)
{
    uint32_t at = find(c, k);
    if (at == NP_NONE)
        return false;
    netpol_object *old = c->objects[at];
    (void)np_index_remove(&c->index, key_hash(k), at);
    note_change(c, old, NULL);
    c->objects[at] = NULL;
    c->gone++;
    netpol_object_unref(old);
    pack(c);
    return true;
}

static bool keeps_going(const netpol_cluster *c)
{
    return (c->options.flags & NETPOL_KEEP_GOING) != 0;
}

static bool is_policy(const netpol_object *x)
{
    return netpol_object_policy(x) || netpol_object_cluster_policy(x);
}

static bool known_action(const char *action)
{
    static const char *const known[] = {"Accept", "Allow", "Deny", "Pass"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (action && strcmp(action, known[i]) == 0)
            return true;
    return false;
}

static bool rules_usable(const netpol_cluster_rule *const *rules, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!known_action(rules[i]->action))
            return false;
    return true;
}

bool np_cluster_policy_usable(const netpol_cluster_policy *p)
{
    if (!p->subject || !p->subject->namespaces == !p->subject->pods)
        return false;
    return (!p->priority || (*p->priority >= 0 && *p->priority <= 1000)) &&
           rules_usable(p->ingress, p->n_ingress) && rules_usable(p->egress, p->n_egress);
}

/* What may be wrong with an object for this cluster. */
typedef enum fitness { FIT = 1, UNFIT, NO_MEMORY } fitness;

/* Stored objects are judged by the rules of their time: the tolerant CIDR reading. */
static fitness check(const netpol_cluster *c, const netpol_object *x, netpol_diagnostics *diags)
{
    if (!is_policy(x))
        return FIT;
    netpol_options o = c->options;
    o.flags |= NETPOL_TOLERANT_CIDR;
    size_t first = netpol_diagnostics_count(diags);
    netpol_status s = netpol_object_validate(x, NULL, &o, diags);
    if (s == NETPOL_OK) {
        np_diag_truncate(diags, first); /* warnings are netpol_manifests_check's */
        return FIT;
    }
    return s == NETPOL_NO_MEMORY ? NO_MEMORY : UNFIT;
}

/* With NETPOL_KEEP_GOING a policy is judged fail-closed where that is defined, else left out. */
static bool use_anyway(const netpol_cluster *c, const netpol_object *x)
{
    const netpol_cluster_policy *p = netpol_object_cluster_policy(x);
    return keeps_going(c) && p && np_cluster_policy_usable(p);
}

netpol_status netpol_cluster_put(netpol_cluster *c, const netpol_object *x,
                                 netpol_diagnostics *diags)
{
    if (!c || !x || netpol_object_kind(x) == NETPOL_KIND_OTHER)
        return NETPOL_MISUSE;
    fitness fit = check(c, x, diags);
    if (fit == NO_MEMORY)
        return NETPOL_NO_MEMORY;
    if (fit == UNFIT && !keeps_going(c))
        return NETPOL_INVALID;
    if (!reserve(c, 1))
        return NETPOL_NO_MEMORY;
    object_key k = key_of(c, x);
    if (fit == FIT || use_anyway(c, x))
        place(c, x);
    else
        (void)take_out(c, &k);
    if (fit == UNFIT)
        c->incomplete = true;
    return NETPOL_OK;
}

/* The key of a name as the caller gives it; false: no kind that a cluster holds. */
static bool key_by_name(const netpol_cluster *c, int32_t kind, const char *space, const char *name,
                        object_key *out)
{
    const np_kind *row = np_kind_of(kind);
    if (!name || !row || row->id != kind || kind == NETPOL_KIND_OTHER)
        return false;
    if (!row->namespaced)
        space = "";
    else if (!space || !*space)
        space = c->default_namespace;
    *out = (object_key){kind, space, name};
    return true;
}

netpol_status netpol_cluster_remove(netpol_cluster *c, int32_t kind, const char *namespace_name,
                                    const char *name)
{
    object_key k;
    if (!c || !key_by_name(c, kind, namespace_name, name, &k))
        return NETPOL_MISUSE;
    return take_out(c, &k) ? NETPOL_OK : NETPOL_NOT_FOUND;
}

const netpol_object *netpol_cluster_find(const netpol_cluster *c, int32_t kind,
                                         const char *namespace_name, const char *name)
{
    object_key k;
    if (!c || !key_by_name(c, kind, namespace_name, name, &k))
        return NULL;
    uint32_t at = find(c, &k);
    return at == NP_NONE ? NULL : c->objects[at];
}

/* ---- a whole list ---- */

/* What becomes of one object of a list. */
enum { FATE_PUT = 0, FATE_PASS_OVER = 1, FATE_TAKE_OUT = 2 };

/* What put_all finds out before it changes anything. */
typedef struct batch {
    const netpol_cluster *cluster;
    const netpol_manifests *list;
    netpol_diagnostics *diags;
    uint8_t *fates; /* FATE_…, one for each object of the list */
    size_t n;
    np_index seen; /* of the list's own objects */
    bool bad;      /* something is broken, invalid, or there twice */
} batch;

static bool same_in_list(const void *context, const void *key, uint32_t number)
{
    const batch *b = context;
    object_key other = key_of(b->cluster, netpol_manifests_at(b->list, number));
    return key_same(key, &other);
}

static void say_twice(const batch *b, const netpol_object *first, const netpol_object *again)
{
    np_buffer title;
    np_buffer_init(&title, &b->cluster->alloc);
    np_object_title(&title, again);
    np_buffer_char(&title, '\0');
    np_where where = np_object_where(again, NULL, title.failed ? NULL : title.p);
    const char *source = netpol_object_source(first);
    np_diag(b->diags, NP_CODE_SAME_OBJECT, &where, NULL, NULL,
            "the same object is already in %s, line %u", source ? source : "memory",
            (unsigned)netpol_object_line(first));
    np_buffer_free(&title);
}

/* False: no memory. */
static bool look_at(batch *b, size_t i)
{
    const netpol_object *x = netpol_manifests_at(b->list, i);
    if (netpol_object_kind(x) == NETPOL_KIND_OTHER) {
        b->fates[i] = FATE_PASS_OVER;
        return true;
    }
    object_key k = key_of(b->cluster, x);
    uint32_t before =
        *k.name ? np_index_find(&b->seen, key_hash(&k), same_in_list, b, &k) : NP_NONE;
    if (before != NP_NONE) {
        say_twice(b, netpol_manifests_at(b->list, before), x);
        b->fates[i] = FATE_PASS_OVER;
        b->bad = true;
        return true;
    }
    fitness fit = check(b->cluster, x, b->diags);
    if (fit == UNFIT) {
        b->bad = true;
        b->fates[i] = use_anyway(b->cluster, x) ? FATE_PUT : FATE_TAKE_OUT;
    }
    return fit != NO_MEMORY && (!*k.name || np_index_add(&b->seen, key_hash(&k), (uint32_t)i));
}

static bool cancelled(const netpol_options *o, size_t i)
{
    return i % 4096 == 4095 && o->keep_going && !o->keep_going(o->ctx);
}

static netpol_status look_at_all(batch *b)
{
    size_t broken = netpol_manifests_broken(b->list);
    if (broken) {
        b->bad = true;
        np_diag(b->diags, NP_CODE_INPUT_INCOMPLETE, NULL, NULL,
                "mend them, or answer without them by keeping going",
                "%zu %s could not be loaded", broken,
                broken == 1 ? "document or file" : "documents or files");
    }
    for (size_t i = 0; i < b->n; i++) {
        if (cancelled(&b->cluster->options, i))
            return NETPOL_CANCELLED;
        if (!look_at(b, i))
            return NETPOL_NO_MEMORY;
    }
    return b->bad && !keeps_going(b->cluster) ? NETPOL_INVALID : NETPOL_OK;
}

static void place_all(netpol_cluster *c, const batch *b)
{
    for (size_t i = 0; i < b->n; i++) {
        const netpol_object *x = netpol_manifests_at(b->list, i);
        object_key k = key_of(c, x);
        if (b->fates[i] == FATE_PUT)
            place(c, x);
        else if (b->fates[i] == FATE_TAKE_OUT)
            (void)take_out(c, &k);
    }
    c->foreign += netpol_manifests_foreign(b->list);
    c->incomplete = c->incomplete || b->bad;
}

netpol_status netpol_cluster_put_all(netpol_cluster *c, const netpol_manifests *manifests,
                                     netpol_diagnostics *diags)
{
    if (!c || !manifests)
        return NETPOL_MISUSE;
    batch b = {.cluster = c, .list = manifests, .diags = diags};
    b.n = netpol_manifests_count(manifests);
    if (b.n >= NP_NONE)
        return NETPOL_NO_MEMORY;
    np_index_init(&b.seen, &c->alloc);
    b.fates = np_resize(&c->alloc, NULL, 0, b.n + 1);
    netpol_status s = NETPOL_NO_MEMORY;
    if (b.fates) {
        memset(b.fates, FATE_PUT, b.n + 1);
        s = look_at_all(&b);
    }
    if (s == NETPOL_OK && !reserve(c, b.n))
        s = NETPOL_NO_MEMORY;
    if (s == NETPOL_OK)
        place_all(c, &b);
    np_index_free(&b.seen);
    np_release(&c->alloc, b.fates, b.n + 1);
    return s;
}
