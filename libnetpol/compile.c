/* SPDX-License-Identifier: MIT */
#include "compile_inside.h"

#include "snapshot.h"

/* A namespace selector that names its namespaces, or matches one, is narrow; so many at most. */
#define NARROW_BY_NAME 16u

#define NAME_LABEL "kubernetes.io/metadata.name"

/* ---- bits ---- */

bool np_compile_uses(np_compiler *c)
{
    if (!np_grow(&c->alloc, (void **)&c->use, &c->use_room, c->sels.n, sizeof *c->use))
        return false;
    for (; c->n_use < c->sels.n; c->n_use++)
        c->use[c->n_use] = (np_sel_use){0};
    return true;
}

bool np_compile_space_bit(np_compiler *c, uint32_t sel)
{
    if (sel == NP_SEL_ALL || c->use[sel].space_bit)
        return true;
    if (!np_numbers_add(&c->alloc, &c->space_sels, sel))
        return false;
    c->use[sel].space_bit = (uint32_t)c->space_sels.n;
    return true;
}

bool np_compile_dirty(np_compiler *c, uint32_t space)
{
    if (c->drafts[space].dirty)
        return true;
    c->drafts[space].dirty = true;
    return np_numbers_add(&c->alloc, &c->dirty, space);
}

uint32_t np_compile_bit(np_compiler *c, uint32_t space, uint32_t sel)
{
    if (sel == NP_SEL_ALL)
        return 0;
    uint64_t key = (uint64_t)space << 32 | sel;
    uint32_t bit = np_map_find(&c->bit_of, key);
    if (bit)
        return bit;
    np_numbers *bits = &c->drafts[space].bits;
    if (!np_compile_dirty(c, space) || !np_numbers_add(&c->alloc, bits, sel) ||
        !np_map_add(&c->bit_of, key, (uint32_t)bits->n))
        return UINT32_MAX;
    return (uint32_t)bits->n;
}

netpol_status np_compile_pause(const np_compiler *c, size_t i)
{
    const netpol_options *o = c->options;
    if (i % 64 == 0 && o->keep_going && !o->keep_going(o->ctx))
        return NETPOL_CANCELLED;
    return NETPOL_OK;
}

/* ---- namespaces and the selectors that select them ---- */

/* The labels of a namespace that some selector names, by key. */
static bool read_labels(np_compiler *c, const np_namespace *n, size_t *n_pairs)
{
    np_builder *b = &c->builder;
    if (!np_grow(&c->alloc, (void **)&b->pairs, &b->pairs_room, n->n_labels, sizeof *b->pairs))
        return false;
    *n_pairs = 0;
    for (uint32_t i = 0; i < n->n_labels; i++) {
        uint32_t key = np_words_find(&c->words, NP_WORD_KEY, n->labels[i].key);
        if (key == NP_NO_WORD)
            continue;
        size_t at = (*n_pairs)++;
        for (; at > 0 && b->pairs[at - 1].key > key; at--)
            b->pairs[at] = b->pairs[at - 1];
        b->pairs[at] = (np_pair){key, np_words_find(&c->words, key, n->labels[i].value)};
    }
    return true;
}

/* Which selectors match each namespace: c->matches holds for each selector its namespaces. */
static bool turn_around(np_compiler *c, const np_numbers *list, const np_numbers *hits)
{
    uint32_t first = (uint32_t)c->matches.n;
    for (size_t i = 0; i < list->n; i++) {
        np_sel_use *use = &c->use[list->at[i]];
        use->first = first;
        first += use->n;
        use->n = 0;
    }
    if (!np_numbers_resize(&c->alloc, &c->matches, first))
        return false;
    for (size_t i = 0; i < hits->n; i += 2) {
        np_sel_use *use = &c->use[list->at[hits->at[i]]];
        c->matches.at[use->first + use->n++] = hits->at[i + 1];
    }
    return true;
}

static bool match_namespaces(np_compiler *c, np_matcher *m, const np_numbers *list,
                             np_numbers *hits)
{
    np_numbers *found = &c->builder.found;
    if (!np_matcher_set(m, list->at, list->n) || !np_numbers_resize(&c->alloc, found, list->n))
        return false;
    for (size_t i = 0; i < c->s->n_namespaces; i++) {
        size_t n_pairs;
        if (!read_labels(c, &c->s->namespaces[i], &n_pairs))
            return false;
        size_t n = np_matcher_run(m, c->builder.pairs, n_pairs, found->at);
        for (size_t k = 0; k < n; k++) {
            c->use[list->at[found->at[k]]].n++;
            if (!np_numbers_add(&c->alloc, hits, found->at[k]) ||
                !np_numbers_add(&c->alloc, hits, (uint32_t)i))
                return false;
        }
    }
    return true;
}

static bool names_namespaces(const np_compiler *c, const np_sel *s)
{
    for (uint32_t i = 0; i < s->n; i++)
        if (s->reqs[i].op == NP_REQ_IN && strcmp(c->words.at[s->reqs[i].key].text, NAME_LABEL) == 0)
            return true;
    return false;
}

/* Whether the selector's namespaces are named one by one, and whether it asks for other labels. */
static void note_selector(np_compiler *c, uint32_t sel)
{
    np_sel_use *use = &c->use[sel];
    const np_sel *s = &c->sels.at[sel];
    use->narrow =
        sel != NP_SEL_ALL && (use->n <= 1 || (use->n <= NARROW_BY_NAME && names_namespaces(c, s)));
    for (uint32_t k = 0; k < s->n; k++)
        if (strcmp(c->words.at[s->reqs[k].key].text, NAME_LABEL) != 0)
            c->space_labels = true;
}

/* Asks the selectors of namespaces that are new. */
static bool select_namespaces(np_compiler *c)
{
    np_matcher m;
    np_matcher_init(&m, &c->sels, &c->alloc);
    np_numbers list = {0};
    np_numbers hits = {0};
    bool ok = np_compile_uses(c);
    for (uint32_t i = 0; ok && i < c->sels.n; i++)
        if (c->use[i].of_spaces && !c->use[i].asked) {
            c->use[i].asked = true;
            ok = np_numbers_add(&c->alloc, &list, i);
        }
    if (list.n)
        ok = ok && match_namespaces(c, &m, &list, &hits) && turn_around(c, &list, &hits);
    for (size_t i = 0; ok && i < list.n; i++)
        note_selector(c, list.at[i]);
    np_matcher_free(&m);
    np_numbers_free(&c->alloc, &list);
    np_numbers_free(&c->alloc, &hits);
    return ok;
}

/* Of words from the i-th on: keys that controllers generate. */
static void note_keys(np_compiler *c, size_t i)
{
    for (; i < c->words.n; i++)
        if (c->words.at[i].kind == NP_WORD_KEY)
            c->generated_keys |= np_generated_key(c->words.at[i].text);
}

/* ---- peers in other namespaces ---- */

static bool reach_peer(np_compiler *c, uint32_t space, const np_form_peer *p)
{
    if (p->kind != NP_PEER_SPACES)
        return true;
    const np_sel_use *use = &c->use[p->spaces];
    if (!use->narrow)
        return np_compile_space_bit(c, p->spaces) && np_compile_pod_bit(c, p->pods);
    for (uint32_t i = 0; i < use->n; i++) {
        uint32_t other = c->matches.at[use->first + i];
        if (other != space && np_compile_bit(c, other, p->pods) == UINT32_MAX)
            return false;
    }
    return true;
}

static bool reach_out(np_compiler *c, uint32_t space)
{
    const np_draft *d = &c->drafts[space];
    for (uint32_t f = 0; f < d->n_forms; f++)
        for (int dir = NP_IN; dir <= NP_OUT; dir++)
            for (uint32_t r = 0; r < d->forms[f].n_rules[dir]; r++) {
                const np_form_rule *rule = &d->forms[f].rules[dir][r];
                for (uint32_t p = 0; p < rule->n_peers; p++)
                    if (!reach_peer(c, space, &rule->peers[p]))
                        return false;
            }
    return true;
}

static void set_space_bits(np_compiler *c, size_t first)
{
    np_rows *rows = &c->g->space_rows;
    for (size_t k = first; k < c->space_sels.n; k++) {
        const np_sel_use *use = &c->use[c->space_sels.at[k]];
        uint32_t word = use->space_bit / 64;
        for (uint32_t i = 0; i < use->n; i++) {
            uint32_t space = np_space_number(c->matches.at[use->first + i]);
            rows->at[(size_t)space * rows->words + word] |= (uint64_t)1 << use->space_bit % 64;
        }
    }
}

static bool make_space_rows(np_compiler *c)
{
    np_rows *rows = &c->g->space_rows;
    *rows = np_compile_no_rows(c->space_sels.n, false);
    uint32_t n = np_space_number((uint32_t)c->s->n_namespaces);
    if (!np_compile_rows(c, rows, n))
        return false;
    for (uint32_t i = 1; i < n; i++)
        rows->at[(size_t)i * rows->words] |= 1;
    set_space_bits(c, 0);
    return true;
}

/* ---- addresses ---- */

bool np_compile_address(np_compiler *c, const np_ip *ip, uint32_t ref)
{
    const uint8_t *b = ip->b + 12;
    if (!ip->v4)
        return np_ip6_put(c->store, &c->g->ip6, ip->b, ref);
    uint32_t host = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
    return np_ip4_put(c->store, &c->g->ip4, host, ref);
}

static bool put_addresses(np_compiler *c)
{
    const np_snapshot *s = c->s;
    /* Pods go last: an address of both is a pod's. */
    for (size_t i = 0; i < s->node_addresses.n; i++)
        if (!np_compile_address(c, &s->node_addresses.at[i].ip, NP_CLASS_REF(NP_NODE)))
            return false;
    for (size_t i = 0; i < s->pod_addresses.n; i++) {
        const np_address *a = &s->pod_addresses.at[i];
        if (!np_compile_address(c, &a->ip, *(const uint32_t *)np_pages_at(&c->g->pods, a->whose)))
            return false;
    }
    return true;
}

static bool make_address_maps(np_compiler *c)
{
    const np_addresses *lists[] = {&c->s->node_addresses, &c->s->pod_addresses};
    uint32_t n4 = 0;
    uint32_t n6 = 0;
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < lists[k]->n; i++)
            *(lists[k]->at[i].ip.v4 ? &n4 : &n6) += 1;
    return np_ip4_init(c->store, &c->g->ip4, n4) && np_ip6_init(c->store, &c->g->ip6, n6);
}

/* ---- the whole ---- */

static bool make_tables(np_compiler *c)
{
    np_program *g = c->g;
    uint32_t nothing[sizeof(np_tiers) / sizeof(uint32_t)] = {0};
    g->classes = NP_PAGES(np_class, NP_CLASS_SHIFT);
    g->spaces = NP_PAGES(void *, NP_SPACE_SHIFT);
    g->pods = NP_PAGES(uint32_t, NP_POD_SHIFT);
    g->port_maps = NP_PAGES(np_port_map, NP_PORT_MAP_SHIFT);
    g->tiers = NP_PAGES(np_tiers, NP_TIERS_SHIFT);
    c->n_classes = NP_FIRST_CLASS;
    uint32_t spaces = np_space_number((uint32_t)c->s->n_namespaces);
    if (!np_pages_grow(c->store, &g->classes, NP_FIRST_CLASS) ||
        !np_pages_grow(c->store, &g->spaces, spaces) ||
        !np_pages_grow(c->store, &g->pods, (uint32_t)c->s->n_pods) ||
        !np_pages_grow(c->store, &g->port_maps, 1) || !np_pages_grow(c->store, &g->tiers, 1) ||
        np_lists_intern(&c->port_maps, NULL, 0) != 0 ||
        np_lists_intern(&c->tier_sets, nothing, sizeof nothing / sizeof *nothing) != 0)
        return false;
    np_class *outside = np_pages_edit(c->store, &g->classes, NP_OUTSIDE);
    np_class *node = np_pages_edit(c->store, &g->classes, NP_NODE);
    outside->flags = g->depends ? NP_CLASS_TIERS : 0;
    node->flags = NP_CLASS_NODE | NP_CLASS_TIERS;
    return true;
}

/* Whatever must be known of all policies before the first namespace is built. */
static bool look_around(np_compiler *c)
{
    uint32_t n = (uint32_t)c->s->n_namespaces;
    for (uint32_t i = 0; i < n; i++)
        if (!np_compile_forms(c, i))
            return false;
    if (!np_compile_uses(c) || !np_compile_cluster_forms(c) || !select_namespaces(c))
        return false;
    note_keys(c, 0);
    for (uint32_t i = 0; i < n; i++)
        if (!reach_out(c, i))
            return false;
    if (!make_space_rows(c) || !np_matcher_set(&c->broad, c->pod_sels.at, c->pod_sels.n))
        return false;
    c->g->signature_rows = np_compile_no_rows(c->pod_sels.n, true);
    return np_compile_add_row(c, &c->g->signature_rows, NULL, 0);
}

static bool build_space(np_compiler *c, uint32_t space)
{
    c->builder.space = space;
    if (!np_compile_groups(c) || !np_compile_plans(c) || !np_compile_emit(c))
        return false;
    c->drafts[space].dirty = false;
    return true;
}

static netpol_status build_all(np_compiler *c)
{
    if (!make_tables(c) || !look_around(c))
        return NETPOL_NO_MEMORY;
    for (uint32_t i = 0; i < c->s->n_namespaces; i++) {
        netpol_status status = np_compile_pause(c, i);
        if (status != NETPOL_OK)
            return status;
        if (!build_space(c, i))
            return NETPOL_NO_MEMORY;
    }
    c->dirty.n = 0;
    if (!make_address_maps(c) || !put_addresses(c))
        return NETPOL_NO_MEMORY;
    c->placed = true;
    return NETPOL_OK;
}

static void init(np_compiler *c, const np_snapshot *s, const netpol_semantics *how,
                 const netpol_options *options)
{
    *c = (np_compiler){.s = s, .how = how, .options = options, .alloc = *options->allocator};
    const netpol_allocator *a = &c->alloc;
    np_words_init(&c->words, a);
    np_matcher_init(&c->broad, &c->sels, a);
    np_matcher_init(&c->builder.local, &c->sels, a);
    np_arena_init(&c->arena, a, 1024);
    np_lists_init(&c->port_maps, a);
    np_lists_init(&c->signatures, a);
    np_lists_init(&c->tier_sets, a);
    np_lists_init(&c->tier_lists, a);
    np_lists_init(&c->builder.keys, a);
    c->bit_of.alloc = *a;
    c->builder.intervals.alloc = *a;
}

static bool begin(np_compiler *c)
{
    size_t n = c->s->n_namespaces;
    c->store = np_store_new(&c->alloc, c->options->max_memory);
    c->g = np_resize(&c->alloc, NULL, 0, sizeof *c->g);
    if (!c->store || !c->g)
        return false;
    *c->g = (np_program){.snapshot = c->s, .how = *c->how, .alloc = c->alloc, .store = c->store};
    np_worlds_make(&c->g->worlds, c->how);
    c->g->depends = c->s->foreign ? NETPOL_DEPENDS_FOREIGN_POLICY : 0;
    c->drafts = np_resize(&c->alloc, NULL, 0, (n + 1) * sizeof *c->drafts);
    if (!c->drafts)
        return false;
    c->n_drafts = (uint32_t)n;
    memset(c->drafts, 0, (n + 1) * sizeof *c->drafts);
    for (size_t i = 0; i < n; i++)
        np_arena_init(&c->drafts[i].arena, &c->alloc, 512);
    return np_sels_init(&c->sels, &c->words, &c->alloc) && np_port_table_init(&c->ports, c->store);
}

static void free_builder(np_compiler *c)
{
    np_builder *b = &c->builder;
    const netpol_allocator *a = &c->alloc;
    np_numbers *lists[] = {&b->list,       &b->group_of,  &b->matches, &b->found,
                           &b->first_form, &b->next_form, &b->words,   &b->open_at};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        np_numbers_free(a, lists[i]);
    for (size_t i = 0; i < 3; i++)
        np_release(a, b->work[i].at, b->work[i].room * sizeof *b->work[i].at);
    np_matcher_free(&b->local);
    np_lists_free(&b->keys);
    np_release(a, b->pairs, b->pairs_room * sizeof *b->pairs);
    np_release(a, b->groups, b->groups_room * sizeof *b->groups);
    np_release(a, b->slot, b->n_slots * sizeof *b->slot);
    np_release(a, b->plans, b->plans_room * sizeof *b->plans);
    np_release(a, b->opens.at, b->opens.room * sizeof *b->opens.at);
    np_release(a, b->blocks, b->blocks_room * sizeof *b->blocks);
    np_release(a, b->intervals.at, b->intervals.room * sizeof *b->intervals.at);
    np_release(a, b->out, b->out_room);
}

/* All that is not the store's. */
static void free_tables(np_compiler *c)
{
    const netpol_allocator *a = &c->alloc;
    for (size_t i = 0; i < c->n_drafts; i++) {
        np_arena_free(&c->drafts[i].arena);
        np_numbers_free(a, &c->drafts[i].bits);
        np_numbers_free(a, &c->drafts[i].classes);
        np_compile_forget_groups(c, &c->drafts[i]);
        np_numbers_free(a, &c->drafts[i].words);
    }
    if (c->drafts)
        np_release(a, c->drafts, ((size_t)c->n_drafts + 1) * sizeof *c->drafts);
    np_numbers_free(a, &c->free_classes);
    np_numbers_free(a, &c->dirty);
    np_release(a, c->use, c->use_room * sizeof *c->use);
    np_numbers_free(a, &c->matches);
    np_numbers_free(a, &c->space_sels);
    np_numbers_free(a, &c->pod_sels);
    np_numbers_free(a, &c->tier_key);
    np_release(a, (void *)c->tier_list_at, c->tier_lists_room * sizeof *c->tier_list_at);
    np_matcher_free(&c->broad);
    np_map_free(&c->bit_of);
    np_lists_free(&c->port_maps);
    np_lists_free(&c->signatures);
    np_lists_free(&c->tier_sets);
    np_lists_free(&c->tier_lists);
    np_arena_free(&c->arena);
    np_release(a, c->port_draft.ranges, c->port_draft.ranges_room * sizeof *c->port_draft.ranges);
    np_release(a, c->port_draft.names, c->port_draft.names_room * sizeof *c->port_draft.names);
    np_release(a, c->port_draft.named, c->port_draft.named_room * sizeof *c->port_draft.named);
    if (c->sels.words)
        np_sels_free(&c->sels);
    np_words_free(&c->words);
    free_builder(c);
}

/* Everything of the head is dropped; what a published version has stays with it. */
static void free_head(np_compiler *c)
{
    np_program *g = c->g;
    if (!c->store || !g)
        return;
    for (uint32_t i = 0; i < g->spaces.n; i++)
        np_store_drop(c->store, *(void *const *)np_pages_at(&g->spaces, i));
    np_ip4_drop(c->store, &g->ip4);
    np_ip6_drop(c->store, &g->ip6);
    np_compile_drop_rows(c, &g->space_rows);
    np_compile_drop_rows(c, &g->signature_rows);
    np_pages *all[] = {&g->classes, &g->spaces, &g->pods, &g->port_maps, &g->tiers};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        np_pages_drop(c->store, all[i]);
    if (c->ports.store)
        np_port_table_drop(&c->ports);
}

/* Freezes the head as a program of its own. NULL: no memory. */
static np_program *publish(np_compiler *c)
{
    np_program *out = np_resize(&c->alloc, NULL, 0, sizeof *out);
    if (!out)
        return NULL;
    *out = *c->g;
    out->version = np_store_publish(c->store);
    if (out->version)
        return out;
    np_release(&c->alloc, out, sizeof *out);
    return NULL;
}

static netpol_status finish(np_compiler *c, netpol_status status, np_program **out)
{
    if (status == NETPOL_OK) {
        c->g->ports = c->ports.sets; /* it may have moved until now */
        c->g->without_tree = !c->g->ip4.root;
        np_program *made = publish(c);
        if (!made)
            return NETPOL_NO_MEMORY;
        *out = made;
    }
    return status == NETPOL_NO_MEMORY && c->store && np_store_limited(c->store) ? NETPOL_LIMIT
                                                                                : status;
}

netpol_status np_compiler_new(const np_snapshot *s, const netpol_semantics *how,
                              const netpol_options *options, np_compiler **out,
                              np_program **program)
{
    np_compiler *c = np_resize(options->allocator, NULL, 0, sizeof *c);
    if (!c)
        return NETPOL_NO_MEMORY;
    init(c, s, how, options);
    netpol_status status = finish(c, begin(c) ? build_all(c) : NETPOL_NO_MEMORY, program);
    if (status == NETPOL_OK)
        *out = c;
    else
        np_compiler_free(c);
    return status;
}

void np_compiler_free(np_compiler *c)
{
    if (!c)
        return;
    netpol_allocator alloc = c->alloc;
    free_head(c);
    free_tables(c);
    np_release(&alloc, c->g, sizeof *c->g);
    np_store_close(c->store);
    np_release(&alloc, c, sizeof *c);
}

/* ---- changes ---- */

/* Words and selectors that were once used stay, so now and then everything is made anew. */
#define MAX_CHANGES 1024u

/* What selectors of all policies decide together. */
typedef struct common {
    size_t words;
    size_t space_sels;
    size_t pod_sels;
    uint16_t generated_keys;
    bool space_labels;
} common;

static common common_of(const np_compiler *c)
{
    return (common){c->words.n, c->space_sels.n, c->pod_sels.n, c->generated_keys, c->space_labels};
}

/* Whether classes of other namespaces than those that changed could become others. */
static bool reaches_all(const np_compiler *c, const common *before)
{
    for (size_t i = before->words; i < c->words.n; i++)
        if (c->words.at[i].kind == NP_WORD_PORT)
            return true;
    return c->pod_sels.n != before->pod_sels || c->generated_keys != before->generated_keys ||
           c->space_labels != before->space_labels;
}

/* New columns: a copy, since readers of older versions see the rows that are there. */
static bool widen_space_rows(np_compiler *c, size_t before)
{
    if (c->space_sels.n == before)
        return true;
    np_rows old = c->g->space_rows;
    np_rows rows = np_compile_no_rows(c->space_sels.n, false);
    if (!np_compile_rows(c, &rows, old.n))
        return false;
    for (uint32_t i = 0; i < old.n; i++)
        memcpy(rows.at + (size_t)i * rows.words, old.at + (size_t)i * old.words,
               old.words * sizeof *rows.at);
    np_store_drop(c->store, old.at);
    c->g->space_rows = rows;
    set_space_bits(c, before);
    return true;
}

static bool read_changes(np_compiler *c, const uint32_t *spaces, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!c->drafts[spaces[i]].dirty &&
            (!np_compile_dirty(c, spaces[i]) || !np_compile_forms(c, spaces[i])))
            return false;
    return np_compile_uses(c) && select_namespaces(c);
}

static netpol_status build_changes(np_compiler *c, const uint32_t *spaces, size_t n)
{
    common before = common_of(c);
    if (!read_changes(c, spaces, n))
        return NETPOL_NO_MEMORY;
    size_t changed = c->dirty.n;
    note_keys(c, before.words);
    for (size_t i = 0; i < changed; i++)
        if (!reach_out(c, c->dirty.at[i]))
            return NETPOL_NO_MEMORY;
    if (reaches_all(c, &before))
        return NETPOL_NOT_FOUND;
    if (!widen_space_rows(c, before.space_sels))
        return NETPOL_NO_MEMORY;
    for (size_t i = 0; i < c->dirty.n; i++)
        if (!build_space(c, c->dirty.at[i]))
            return NETPOL_NO_MEMORY;
    c->dirty.n = 0;
    return NETPOL_OK;
}

netpol_status np_compiler_change(np_compiler *c, const np_snapshot *s, const uint32_t *spaces,
                                 size_t n, np_program **program)
{
    if (++c->n_changes > MAX_CHANGES + s->n_policies)
        return NETPOL_NOT_FOUND;
    c->s = s;
    c->g->snapshot = s;
    return finish(c, build_changes(c, spaces, n), program);
}
