/* SPDX-License-Identifier: MIT */
/* The Admin and Baseline tiers: ordered lists of entries, interned by the policies that select a
 * class. */
#include "compile_inside.h"

/* A cluster-scoped policy as the compiler reads it. */
typedef struct np_cluster_form {
    uint32_t spaces; /* subject: selector of namespaces */
    uint32_t pods;   /* and of pods */
    bool nobody;     /* it has no subject */
    const np_tier_entry *entries[2];
    uint32_t n_entries[2];
} np_cluster_form;

typedef struct np_entries {
    np_tier_entry *at;
    size_t n;
    size_t room;
} np_entries;

/* ---- selectors ---- */

/* A selector of namespaces with its bit in their rows. NULL selects all. */
static bool space_selector(np_compiler *c, const netpol_label_selector *s, uint32_t *sel)
{
    *sel = s ? np_sels_add(&c->sels, s) : NP_SEL_ALL;
    if (*sel == NP_NO_SEL || !np_compile_uses(c))
        return false;
    c->use[*sel].of_spaces = true;
    return np_compile_space_bit(c, *sel);
}

static bool pod_selector(np_compiler *c, const netpol_label_selector *s, uint32_t *sel)
{
    *sel = s ? np_sels_add(&c->sels, s) : NP_SEL_ALL;
    return *sel != NP_NO_SEL && np_compile_uses(c) && np_compile_pod_bit(c, *sel);
}

static bool namespaced_pod(np_compiler *c, const netpol_label_selector *namespaces,
                           const netpol_namespaced_pod *pods, uint32_t *space_sel,
                           uint32_t *pod_sel)
{
    *pod_sel = NP_SEL_ALL;
    if (namespaces)
        return space_selector(c, namespaces, space_sel);
    return space_selector(c, pods->namespace_selector, space_sel) &&
           pod_selector(c, pods->pod_selector, pod_sel);
}

/* ---- addresses ---- */

static uint32_t any_payload(void *ctx, const uint32_t *payloads, size_t n)
{
    (void)ctx;
    (void)payloads;
    (void)n;
    return 1;
}

static const np_ip_table *make_table(np_compiler *c, const np_interval_block *blocks, size_t n)
{
    uint32_t unknown[2][NP_SET_FIRST] = {{0}}; /* which the reference judges */
    np_interval_list l = {.alloc = c->alloc};
    np_ip_table *t = NULL;
    if (np_intervals_make(&l, false, blocks, n, any_payload, NULL) == NP_INTERVALS_OK) {
        size_t n6 = l.n;
        if (np_intervals_make(&l, true, blocks, n, any_payload, NULL) == NP_INTERVALS_OK) {
            size_t n4 = l.n - n6;
            size_t bytes = np_ip_table_bytes(n4, 0, n6, 0); /* in or out: they take turns */
            t = np_pool_alloc(c->store, &c->ports.pool, bytes);
            if (t) {
                memset(t, 0, bytes);
                np_compile_ip_table(t, l.at + n6, n4, l.at, n6, unknown);
            }
        }
    }
    np_release(&c->alloc, l.at, l.room * sizeof *l.at);
    return t;
}

static const np_ip_table *networks_table(np_compiler *c, const netpol_cluster_peer *p)
{
    np_arena scratch;
    np_arena_init(&scratch, &c->alloc, 1024);
    np_interval_block *blocks = NP_NEW_ARRAY(&scratch, np_interval_block, p->n_networks);
    const np_ip_table *t = NULL;
    for (size_t i = 0; blocks && i < p->n_networks; i++) {
        const np_interval_block *b = np_compile_block(c, &scratch, p->networks[i], NULL, 0);
        if (!b)
            goto done;
        blocks[i] = *b;
        blocks[i].payload = 1;
    }
    if (blocks)
        t = make_table(c, blocks, p->n_networks);
done:
    np_arena_free(&scratch);
    return t;
}

static char lower(char x)
{
    return x >= 'A' && x <= 'Z' ? (char)(x - 'A' + 'a') : x;
}

static bool same_name(np_slice pattern, np_slice name)
{
    if (pattern.n != name.n)
        return false;
    for (size_t i = 0; i < pattern.n; i++)
        if (lower(pattern.p[i]) != name.p[i])
            return false;
    return true;
}

/* "*.x.org" stands for one or more labels before ".x.org". */
static bool domain_covers(np_slice pattern, const char *name)
{
    np_slice n = np_slice_of(name);
    if (pattern.n < 2 || pattern.p[0] != '*')
        return same_name(pattern, n);
    np_slice tail = {pattern.p + 1, pattern.n - 1};
    return n.n > tail.n && same_name(tail, (np_slice){n.p + n.n - tail.n, tail.n});
}

/* The addresses that domain names are told to stand for; `told` is false if some name may have
 * others (clusternetworkpolicy.md 2, settled.md 2.11). */
static const np_ip_table *domains_table(np_compiler *c, const netpol_cluster_peer *p, bool *told)
{
    const np_snapshot *s = c->s;
    size_t room = s->n_resolved * p->n_domain_names;
    np_interval_block *blocks = np_resize(&c->alloc, NULL, 0, (room + 1) * sizeof *blocks);
    size_t n = 0;
    if (!blocks)
        return NULL;
    *told = true;
    for (size_t i = 0; i < p->n_domain_names; i++) {
        np_slice pattern = np_slice_of(p->domain_names[i]);
        bool known = false;
        if (pattern.n && pattern.p[pattern.n - 1] == '.')
            pattern.n--;
        for (size_t k = 0; k < s->n_resolved; k++) {
            if (!domain_covers(pattern, s->resolved[k].name))
                continue;
            known = pattern.p[0] != '*';
            np_cidr one = {.bits = 128, .v4 = s->resolved[k].ip.v4};
            memcpy(one.addr, s->resolved[k].ip.b, sizeof one.addr);
            blocks[n++] = (np_interval_block){.block = one, .payload = 1};
        }
        *told = *told && known;
    }
    const np_ip_table *t = make_table(c, blocks, n);
    np_release(&c->alloc, blocks, (room + 1) * sizeof *blocks);
    return t;
}

/* ---- rules ---- */

static bool add_entry(np_compiler *c, np_entries *out, np_tier_entry e)
{
    if (!np_grow(&c->alloc, (void **)&out->at, &out->room, out->n + 1, sizeof *out->at))
        return false;
    out->at[out->n++] = e;
    return true;
}

static bool add_domains(np_compiler *c, const netpol_cluster_peer *p, np_tier_entry e,
                        np_entries *out)
{
    bool told;
    e.kind = NP_ENTRY_ADDRESS;
    e.table = domains_table(c, p, &told);
    if (!e.table || !add_entry(c, out, e))
        return false;
    e.kind = NP_ENTRY_DOUBT;
    e.table = NULL;
    return told || add_entry(c, out, e);
}

static bool add_peer(np_compiler *c, const netpol_cluster_peer *p, np_tier_entry e, np_entries *out)
{
    if (p->namespaces || p->pods) {
        uint32_t spaces;
        uint32_t pods;
        if (!namespaced_pod(c, p->namespaces, p->pods, &spaces, &pods))
            return false;
        e.kind = NP_ENTRY_PODS;
        e.spaces = c->use[spaces].space_bit;
        e.pods = c->use[pods].pod_bit;
        return add_entry(c, out, e);
    }
    if (p->nodes) {
        e.kind = NP_ENTRY_NODES;
        e.nodes = p->nodes;
        return add_entry(c, out, e);
    }
    if (p->n_networks == 0)
        return add_domains(c, p, e, out);
    e.kind = NP_ENTRY_ADDRESS;
    e.table = networks_table(c, p);
    return e.table && add_entry(c, out, e);
}

static uint8_t action_of(const netpol_cluster_rule *r)
{
    if (strcmp(r->action, "Deny") == 0)
        return NP_ACTION_DENY;
    return strcmp(r->action, "Pass") == 0 ? NP_ACTION_PASS : NP_ACTION_ACCEPT;
}

static bool fails_closed(const netpol_cluster_rule *r, int direction)
{
    for (size_t i = 0; i < r->n_peers; i++)
        if (!np_peer_is_known(r->peers[i], direction == NP_IN ? NETPOL_INGRESS : NETPOL_EGRESS))
            return true;
    return false;
}

static bool add_rule(np_compiler *c, const netpol_cluster_rule *r, int direction, np_entries *out)
{
    np_tier_entry e = {.action = action_of(r), .ports = np_compile_cluster_ports(c, r)};
    if (e.ports == NP_PORTS_FAILED)
        return false;
    if (fails_closed(r, direction)) { /* settled.md 1.7 */
        if (e.action == NP_ACTION_ACCEPT)
            return true;
        e.kind = NP_ENTRY_ANY;
        e.action = NP_ACTION_DENY;
        return add_entry(c, out, e);
    }
    for (size_t i = 0; i < r->n_peers; i++)
        if (!add_peer(c, r->peers[i], e, out))
            return false;
    return true;
}

static bool read_direction(np_compiler *c, const netpol_cluster_rule *const *rules, size_t n,
                           np_cluster_form *form, int direction, np_entries *scratch)
{
    scratch->n = 0;
    for (size_t i = 0; i < n; i++)
        if (!add_rule(c, rules[i], direction, scratch))
            return false;
    np_tier_entry *kept = NP_NEW_ARRAY(&c->arena, np_tier_entry, scratch->n);
    if (!kept)
        return false;
    if (scratch->n)
        memcpy(kept, scratch->at, scratch->n * sizeof *kept);
    form->entries[direction] = kept;
    form->n_entries[direction] = (uint32_t)scratch->n;
    return true;
}

static bool read_policy(np_compiler *c, const netpol_cluster_policy *p, np_cluster_form *form,
                        np_entries *scratch)
{
    const netpol_subject *s = p->subject;
    form->nobody = !s || (!s->namespaces && !s->pods);
    if (!form->nobody && !namespaced_pod(c, s->namespaces, s->pods, &form->spaces, &form->pods))
        return false;
    return read_direction(c, p->ingress, p->n_ingress, form, NP_IN, scratch) &&
           read_direction(c, p->egress, p->n_egress, form, NP_OUT, scratch);
}

bool np_compile_cluster_forms(np_compiler *c)
{
    const np_snapshot *s = c->s;
    np_entries scratch = {0};
    bool ok = true;
    uint32_t nothing[sizeof(np_tiers) / sizeof(uint32_t)] = {0};
    np_arena_reset(&c->arena);
    np_lists_clear(&c->tier_lists);
    np_lists_clear(&c->tier_sets);
    if (np_lists_intern(&c->tier_sets, nothing, sizeof nothing / sizeof *nothing) != 0)
        return false;
    c->cluster = NP_NEW_ARRAY(&c->arena, np_cluster_form, s->n_cluster_policies);
    for (size_t i = 0; c->cluster && ok && i < s->n_cluster_policies; i++)
        ok = read_policy(c, s->cluster_policies[i].tree, &c->cluster[i], &scratch);
    np_release(&c->alloc, scratch.at, scratch.room * sizeof *scratch.at);
    return c->cluster && ok;
}

/* ---- what holds for a class ---- */

static bool has_number(const uint32_t *at, size_t n, uint32_t x)
{
    for (size_t i = 0; i < n && at[i] <= x; i++)
        if (at[i] == x)
            return true;
    return false;
}

static bool selects(const np_compiler *c, const np_cluster_form *form, uint32_t space,
                    const uint32_t *matched, size_t n)
{
    if (form->nobody)
        return false;
    if (!np_rows_has(&c->g->space_rows, np_space_number(space), c->use[form->spaces].space_bit))
        return false;
    uint32_t pods = c->use[form->pods].pod_bit;
    return pods == 0 || has_number(matched, n, pods);
}

/* Whether a policy after the i-th of the list has the same priority, and rules. */
static bool has_rival(const np_snapshot *s, const uint32_t *policies, size_t i, size_t n)
{
    return i + 1 < n && s->cluster_policies[policies[i]].priority ==
                            s->cluster_policies[policies[i + 1]].priority;
}

static const np_tier_list *make_list(np_compiler *c, const uint32_t *policies, size_t n,
                                     int direction)
{
    size_t total = 0;
    for (size_t i = 0; i < n; i++)
        total += c->cluster[policies[i]].n_entries[direction];
    np_tier_list *l =
        np_pool_alloc(c->store, &c->ports.pool, sizeof *l + total * sizeof(np_tier_entry));
    if (!l)
        return NULL;
    *l = (np_tier_list){.n = (uint32_t)total};
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        const np_cluster_form *form = &c->cluster[policies[i]];
        for (uint32_t k = 0; k < form->n_entries[direction]; k++) {
            np_tier_entry *e = &l->entry[at++];
            *e = form->entries[direction][k];
            e->rival = has_rival(c->s, policies, i, n);
            l->bits |= c->ports.note[e->ports].bits;
            if (np_port_table_at(&c->ports, e->ports)->n_names)
                l->flags |= NP_RULES_NAMES;
        }
    }
    return l;
}

/* The list of the policies in c->tier_key, made if it is new. */
static bool find_list(np_compiler *c, size_t group, int direction, const np_tier_list **out)
{
    np_numbers *key = &c->tier_key;
    size_t n = key->n;
    if (n == 0)
        return true;
    if (!np_numbers_add(&c->alloc, key, (uint32_t)(group * 2 + (size_t)direction)))
        return false;
    uint32_t before = c->tier_lists.n;
    uint32_t number = np_lists_intern(&c->tier_lists, key->at, n + 1);
    key->n--;
    if (number == NP_NO_LIST)
        return false;
    if (c->tier_lists.n > before) {
        if (!np_grow(&c->alloc, (void **)&c->tier_list_at, &c->tier_lists_room, number + 1,
                     sizeof *c->tier_list_at))
            return false;
        c->tier_list_at[number] = make_list(c, key->at, n, direction);
    }
    *out = c->tier_list_at[number];
    return *out != NULL;
}

static bool choose_list(np_compiler *c, uint32_t space, const uint32_t *matched, size_t n,
                        size_t group, int direction, const np_tier_list **out)
{
    const np_snapshot *s = c->s;
    c->tier_key.n = 0;
    for (size_t i = s->first_of_group[group]; i < s->first_of_group[group + 1]; i++)
        if (c->cluster[i].n_entries[direction] && selects(c, &c->cluster[i], space, matched, n) &&
            !np_numbers_add(&c->alloc, &c->tier_key, (uint32_t)i))
            return false;
    return find_list(c, group, direction, out);
}

bool np_compile_tiers(np_compiler *c, uint32_t space, const uint32_t *matched, size_t n,
                      uint32_t *tiers)
{
    np_tiers t = {{{NULL}}};
    uint32_t key[sizeof(np_tiers) / sizeof(uint32_t)];
    *tiers = 0;
    if (c->s->n_cluster_policies == 0)
        return true;
    for (int d = NP_IN; d <= NP_OUT; d++)
        for (size_t g = 0; g < NP_GROUPS; g++)
            if (!choose_list(c, space, matched, n, g, d, &t.list[d][g]))
                return false;
    memcpy(key, &t, sizeof key);
    uint32_t before = c->tier_sets.n;
    *tiers = np_lists_intern(&c->tier_sets, key, sizeof key / sizeof *key);
    if (*tiers == NP_NO_LIST)
        return false;
    if (c->tier_sets.n == before)
        return true;
    np_tiers *to =
        (c->g->tiers.n >= c->tier_sets.n || np_pages_grow(c->store, &c->g->tiers, c->tier_sets.n))
            ? np_pages_edit(c->store, &c->g->tiers, *tiers)
            : NULL;
    if (to)
        *to = t;
    return to != NULL;
}

/* ---- when they change ---- */

static bool retier_class(np_compiler *c, uint32_t number)
{
    const np_class *class = np_pages_at(&c->g->classes, number);
    uint32_t space = c->homes[number].space;
    uint32_t tiers;
    size_t n;
    const uint32_t *bits = np_lists_at(&c->signatures, class->signature - 1, &n);
    if (!np_compile_tiers(c, space, bits, n, &tiers))
        return false;
    bool slow = (class->flags & NP_CLASS_SLOW) || tiers > UINT16_MAX;
    unsigned flags = class->flags & ~(unsigned)NP_CLASS_TIERS;
    flags |= (tiers || c->g->depends ? NP_CLASS_TIERS : 0) | (slow ? NP_CLASS_SLOW : 0);
    uint16_t kept = slow ? 0 : (uint16_t)tiers;
    if (class->flags == flags && class->tiers == kept)
        return true;
    np_class *to = np_pages_edit(c->store, &c->g->classes, number);
    if (!to)
        return false;
    to->flags = flags & 0xff;
    to->tiers = kept;
    return true;
}

bool np_compile_retier(np_compiler *c)
{
    for (uint32_t i = 0; i < c->n_drafts; i++) {
        const np_draft *d = &c->drafts[i];
        for (size_t k = 0; !d->dirty && k < d->classes.n; k++)
            if (!retier_class(c, d->classes.at[k]))
                return false;
    }
    return true;
}
