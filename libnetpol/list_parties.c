/* SPDX-License-Identifier: MIT */
/* Who is in the list: owners whose pods nothing tells apart, and ranges of addresses. */
#include "list.h"
#include "question.h"
#include "selector.h"

/* ---- label keys that policies ask for ---- */

typedef struct keys {
    np_arena *arena;
    const char **at;
    size_t n;
    size_t room;
    np_index index;
} keys;

static bool key_is(const void *context, const void *key, uint32_t number)
{
    return strcmp(((const keys *)context)->at[number], key) == 0;
}

static bool has_key(const keys *k, const char *key)
{
    return np_index_find(&k->index, np_hash(np_slice_of(key)), key_is, k, key) != NP_NONE;
}

static bool add_key(keys *k, const char *key)
{
    if (has_key(k, key))
        return true;
    if (!np_arena_grow(k->arena, (void **)&k->at, k->n, &k->room, sizeof *k->at) ||
        !np_index_add(&k->index, np_hash(np_slice_of(key)), (uint32_t)k->n))
        return false;
    k->at[k->n++] = key;
    return true;
}

static bool add_selector(keys *k, const netpol_label_selector *s)
{
    for (size_t i = 0; s && i < s->n_match_labels; i++)
        if (!add_key(k, s->match_labels[i].key))
            return false;
    for (size_t i = 0; s && i < s->n_match_expressions; i++)
        if (s->match_expressions[i]->key && !add_key(k, s->match_expressions[i]->key))
            return false;
    return true;
}

static bool add_rules(keys *k, const netpol_rule *const *rules, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t p = 0; p < rules[i]->n_peers; p++)
            if (!add_selector(k, rules[i]->peers[p]->pod_selector))
                return false;
    return true;
}

static bool add_cluster_rules(keys *k, const netpol_cluster_rule *const *rules, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t p = 0; p < rules[i]->n_peers; p++)
            if (rules[i]->peers[p]->pods &&
                !add_selector(k, rules[i]->peers[p]->pods->pod_selector))
                return false;
    return true;
}

static bool add_policies(keys *k, const np_snapshot *s)
{
    for (np_policy_walk w = np_policies(s); w.policy; np_policies_next(&w)) {
        const netpol_policy_spec *spec = w.policy->spec;
        if (!add_selector(k, spec->pod_selector) || !add_rules(k, spec->ingress, spec->n_ingress) ||
            !add_rules(k, spec->egress, spec->n_egress))
            return false;
    }
    for (size_t i = 0; i < s->n_cluster_policies; i++) {
        const netpol_cluster_policy *p = s->cluster_policies[i].tree;
        if ((p->subject && p->subject->pods && !add_selector(k, p->subject->pods->pod_selector)) ||
            !add_cluster_rules(k, p->ingress, p->n_ingress) ||
            !add_cluster_rules(k, p->egress, p->n_egress))
            return false;
    }
    return true;
}

/* ---- what tells pods apart ---- */

typedef struct grouping {
    const netpol_engine *e;
    const netpol_list_options *how;
    np_arena *arena;
    np_parties *parties;
    keys keys;
    np_spans spans[2][2]; /* by family and direction: where addresses begin to differ */
    np_index index;       /* signature -> party */
    np_slice *signatures; /* by party */
    size_t signatures_room;
    np_index kind_index; /* what tells kinds apart -> kind */
    np_slice *kinds;
    size_t kinds_room;
    bool nodes_matter; /* some party is a node, or its address */
} grouping;

static uint32_t span_of(const np_spans *spans, const np_ip *ip)
{
    size_t low = 0;
    size_t high = spans->n;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (memcmp(spans->at[middle].first.b, ip->b, sizeof ip->b) <= 0)
            low = middle;
        else
            high = middle;
    }
    return (uint32_t)low;
}

static void number(np_buffer *b, uint32_t n)
{
    np_buffer_add(b, (const char *)&n, sizeof n);
}

static void add_addresses(np_buffer *b, const grouping *g, const np_pod *p)
{
    for (size_t family = 0; family < 2; family++) {
        const np_ip *ip = np_pod_ip(p, family ? NP_FAMILY_6 : NP_FAMILY_4);
        for (size_t direction = 0; direction < 2; direction++)
            number(b, ip && g->spans[family][direction].n
                          ? span_of(&g->spans[family][direction], ip)
                          : NP_NONE);
    }
}

/* Everything about a pod that a policy can ask for, but for its namespace. */
static void sign(np_buffer *b, const grouping *g, uint32_t pod)
{
    const np_pod *p = np_pod_at(g->e->snapshot, pod);
    for (size_t i = 0; i < p->n_labels; i++) {
        if (!has_key(&g->keys, p->labels[i].key))
            continue;
        np_buffer_add(b, p->labels[i].key, strlen(p->labels[i].key) + 1);
        np_buffer_add(b, p->labels[i].value, strlen(p->labels[i].value) + 1);
    }
    np_buffer_char(b, '\0');
    for (size_t i = 0; i < p->n_ports; i++) {
        np_buffer_add(b, p->ports[i].name, strlen(p->ports[i].name) + 1);
        number(b, p->ports[i].number | (uint32_t)p->ports[i].protocol << 16 |
                      (uint32_t)p->ports[i].sidecar << 24);
    }
    np_buffer_char(b, '\0');
    number(b, p->families | (uint32_t)p->host_network << 8 | (uint32_t)p->address_unknown << 9 |
                  (uint32_t)(p->missing_keys & g->e->snapshot->asked_keys) << 16);
    number(b, p->host_network ? p->node : NP_NONE);
    add_addresses(b, g, p);
}

/* What makes it a party, behind what makes it a kind: its owner has its namespace. */
static void sign_party(np_buffer *b, const grouping *g, uint32_t pod)
{
    const np_pod *p = np_pod_at(g->e->snapshot, pod);
    sign(b, g, pod);
    number(b, p->owner);
    if (g->how->pods && !p->replica)
        number(b, pod);
}

/* A party is judged by its first pod, so that one's node counts. */
static void sign_kind(np_buffer *b, const grouping *g, uint32_t pod)
{
    const np_pod *p = np_pod_at(g->e->snapshot, pod);
    sign(b, g, pod);
    number(b, p->space);
    number(b, g->nodes_matter ? p->node : NP_NONE);
}

/* ---- policies about a party ---- */

/* Whether some policy of a namespace isolates the pod in a direction, or may: a label that only
 * real pods have could be asked for, or a pod on the host network be selected. */
static bool is_isolated(const netpol_engine *e, uint32_t pod, int32_t direction)
{
    const np_snapshot *s = e->snapshot;
    const np_pod *p = np_pod_at(s, pod);
    const np_namespace *n = np_namespace_at(s, p->space);
    np_packet q = {.src = np_side_of_pod(s, pod, NP_FAMILY_4),
                   .dst = np_side_of_pod(s, pod, NP_FAMILY_4),
                   .protocol = NETPOL_TCP};
    if (n->n_policies && (p->missing_keys & s->asked_keys || p->host_network))
        return true;
    for (uint32_t i = 0; i < n->n_policies; i++)
        if (np_reference_isolates(s, &e->semantics, &q, direction, np_policy_of(s, n, i)))
            return true;
    return false;
}

/* ---- parties ---- */

static np_party *new_party(np_arena *arena, np_parties *parties)
{
    if (!np_arena_grow(arena, (void **)&parties->at, parties->n, &parties->room,
                       sizeof *parties->at))
        return NULL;
    return &parties->at[parties->n++];
}

static const char *name_of(np_arena *arena, const char *space, const char *name, const char *kind)
{
    np_buffer b;
    np_buffer_init(&b, &arena->alloc);
    np_buffer_format(&b, "%s/%s[%s]", space, name, kind);
    const char *text = b.failed ? NULL : np_arena_text(arena, b.p, b.n);
    np_buffer_free(&b);
    return text;
}

/* ---- kinds ---- */

static bool kind_is(const void *context, const void *key, uint32_t kind)
{
    return np_slice_equal(((const grouping *)context)->kinds[kind], *(const np_slice *)key);
}

/* A kind of its own; `signature` may be empty. NP_NONE: no memory. */
static uint32_t new_kind(grouping *g, np_slice signature)
{
    uint32_t kind = (uint32_t)g->parties->n_kinds;
    const char *kept = np_arena_text(g->arena, signature.p, signature.n);
    if (!kept ||
        !np_arena_grow(g->arena, (void **)&g->kinds, kind, &g->kinds_room, sizeof *g->kinds))
        return NP_NONE;
    g->kinds[kind] = (np_slice){kept, signature.n};
    g->parties->n_kinds++;
    return kind;
}

static uint32_t kind_of(grouping *g, uint32_t pod)
{
    np_buffer b;
    np_buffer_init(&b, &g->e->alloc);
    sign_kind(&b, g, pod);
    np_slice signature = {b.p, b.n};
    uint32_t kind = NP_NONE;
    if (!b.failed) {
        uint32_t hash = np_hash(signature);
        kind = np_index_find(&g->kind_index, hash, kind_is, g, &signature);
        if (kind == NP_NONE && (kind = new_kind(g, signature)) != NP_NONE &&
            !np_index_add(&g->kind_index, hash, kind))
            kind = NP_NONE;
    }
    np_buffer_free(&b);
    return kind;
}

/* ---- one party ---- */

static bool add_party(grouping *g, uint32_t pod, np_slice signature)
{
    const np_snapshot *s = g->e->snapshot;
    const np_pod *p = np_pod_at(s, pod);
    const np_owner *o = np_owner_at(s, p->owner);
    np_party *x = new_party(g->arena, g->parties);
    const char *kept = np_arena_text(g->arena, signature.p, signature.n);
    const char *name = name_of(g->arena, np_namespace_at(s, p->space)->name, o->name, o->kind);
    uint32_t kind = kind_of(g, pod);
    if (!x || !kept || !name || kind == NP_NONE ||
        !np_arena_grow(g->arena, (void **)&g->signatures, g->parties->n - 1, &g->signatures_room,
                       sizeof *g->signatures))
        return false;
    g->signatures[g->parties->n - 1] = (np_slice){kept, signature.n};
    bool tiers = s->n_cluster_policies > 0;
    *x = (np_party){.name = name,
                    .kind = kind,
                    .pod = pod,
                    .owner = p->owner,
                    .n_pods = 1,
                    .families = p->families,
                    .source = true,
                    .destination = true,
                    .free = {!tiers && !is_isolated(g->e, pod, NETPOL_INGRESS),
                             !tiers && !is_isolated(g->e, pod, NETPOL_EGRESS)}};
    if (g->e->semantics.ipv4_only)
        x->families &= NP_FAMILY_4;
    return np_index_add(&g->index, np_hash(signature), (uint32_t)g->parties->n - 1);
}

static bool signature_is(const void *context, const void *key, uint32_t party)
{
    return np_slice_equal(((const grouping *)context)->signatures[party], *(const np_slice *)key);
}

static bool add_pod(grouping *g, uint32_t pod)
{
    np_buffer b;
    np_buffer_init(&b, &g->e->alloc);
    sign_party(&b, g, pod);
    np_slice signature = {b.p, b.n};
    uint32_t party = NP_NONE;
    bool good = !b.failed;
    if (good)
        party = np_index_find(&g->index, np_hash(signature), signature_is, g, &signature);
    if (party != NP_NONE)
        g->parties->at[party].n_pods++;
    else if (good)
        good = add_party(g, pod, signature);
    g->parties->party_of_pod[pod] = party == NP_NONE ? (uint32_t)g->parties->n - 1 : party;
    np_buffer_free(&b);
    return good;
}

static bool add_span(grouping *g, const np_span *span, bool source)
{
    np_arena *arena = g->arena;
    np_buffer b;
    np_buffer_init(&b, &arena->alloc);
    np_span_text(&b, span);
    const char *name = b.failed ? NULL : np_arena_text(arena, b.p, b.n);
    np_buffer_free(&b);
    np_party *x = new_party(arena, g->parties);
    uint32_t kind = new_kind(g, (np_slice){"", 0});
    if (!name || !x || kind == NP_NONE)
        return false;
    *x = (np_party){.name = name,
                    .kind = kind,
                    .pod = NP_NONE,
                    .owner = NP_NONE,
                    .families = span->first.v4 ? NP_FAMILY_4 : NP_FAMILY_6,
                    .source = source,
                    .destination = !source,
                    .free = {true, true},
                    .ip = span->first};
    return true;
}

/* Ranges of sources are cut by what ingress rules say, those of destinations by egress rules. */
static bool make_spans(grouping *g)
{
    const np_snapshot *s = g->e->snapshot;
    for (size_t family = 0; family < 2; family++) {
        uint8_t bit = family ? NP_FAMILY_6 : NP_FAMILY_4;
        if (!(s->families & bit) || (g->e->semantics.ipv4_only && bit == NP_FAMILY_6))
            continue;
        if (!np_spans_make(s, bit, NETPOL_INGRESS, g->arena, &g->spans[family][0]) ||
            !np_spans_make(s, bit, NETPOL_EGRESS, g->arena, &g->spans[family][1]))
            return false;
    }
    return true;
}

static bool add_spans(grouping *g)
{
    for (size_t family = 0; family < 2; family++)
        for (size_t direction = 0; direction < 2; direction++)
            for (size_t i = 0; i < g->spans[family][direction].n; i++)
                if (!add_span(g, &g->spans[family][direction].at[i], direction == 0))
                    return false;
    return true;
}

static bool do_nodes_matter(const grouping *g)
{
    const np_snapshot *s = g->e->snapshot;
    for (size_t family = 0; family < 2; family++)
        for (size_t i = 0; i < g->spans[family][1].n; i++)
            if (np_snapshot_node_of_ip(s, &g->spans[family][1].at[i].first) != NP_NONE)
                return true;
    for (uint32_t pod = 0; pod < s->n_pods; pod++)
        if (np_pod_at(s, pod) && np_pod_at(s, pod)->host_network)
            return true;
    return false;
}

/* Links the parties of each owner, in their order. */
static bool link_owners(grouping *g)
{
    np_parties *x = g->parties;
    uint32_t *last = NP_NEW_ARRAY(g->arena, uint32_t, g->e->snapshot->n_owners); /* + 1; 0: none */
    x->next_of_owner = NP_NEW_ARRAY(g->arena, uint32_t, x->n);
    if (!last || !x->next_of_owner)
        return false;
    for (uint32_t i = 0; i < x->n; i++) {
        x->next_of_owner[i] = NP_NONE;
        if (x->at[i].pod == NP_NONE)
            continue;
        uint32_t *before = &last[x->at[i].owner];
        x->at[i].first_of_owner = *before == 0;
        if (*before)
            x->next_of_owner[*before - 1] = i;
        *before = i + 1;
    }
    return true;
}

static bool make_all(grouping *g)
{
    g->parties->party_of_pod = NP_NEW_ARRAY(g->arena, uint32_t, g->e->snapshot->n_pods);
    if (!g->parties->party_of_pod || !add_policies(&g->keys, g->e->snapshot) || !make_spans(g))
        return false;
    g->nodes_matter = do_nodes_matter(g);
    for (uint32_t pod = 0; pod < g->e->snapshot->n_pods; pod++)
        if (np_pod_at(g->e->snapshot, pod) && !add_pod(g, pod))
            return false;
    return add_spans(g) && link_owners(g);
}

netpol_status np_parties_make(const netpol_engine *e, const netpol_list_options *how,
                              np_arena *arena, np_parties *out, netpol_diagnostics *diags)
{
    grouping g = {.e = e, .how = how, .arena = arena, .parties = out, .keys = {.arena = arena}};
    np_index_init(&g.index, &e->alloc);
    np_index_init(&g.kind_index, &e->alloc);
    np_index_init(&g.keys.index, &e->alloc);
    *out = (np_parties){.at = NULL};
    bool made = make_all(&g);
    np_index_free(&g.index);
    np_index_free(&g.kind_index);
    np_index_free(&g.keys.index);
    return made ? np_parties_focus(e, how, arena, out, diags) : NETPOL_NO_MEMORY;
}

np_side np_side_of_party(const np_snapshot *s, const np_party *p, uint8_t family)
{
    if (p->pod != NP_NONE)
        return np_side_of_pod(s, p->pod, family);
    np_side side = {.ip = p->ip, .pod = NP_NONE, .node = NP_NONE, .family = family, .known = true};
    if (p->destination)
        side.node = np_snapshot_node_of_ip(s, &p->ip);
    return side;
}
