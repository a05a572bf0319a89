/* SPDX-License-Identifier: MIT */
#include "compile_inside.h"

#include "snapshot.h"

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

/* ---- addresses ---- */

bool np_compile_address(np_compiler *c, const np_ip *ip, uint32_t ref)
{
    const uint8_t *b = ip->b + 12;
    if (!ip->v4)
        return np_ip6_put(c->store, &c->g->ip6, ip->b, ref);
    uint32_t host = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
    return np_ip4_put(c->store, &c->g->ip4, host, ref);
}

static bool forget_address(np_compiler *c, const np_ip *ip)
{
    const uint8_t *b = ip->b + 12;
    if (!ip->v4)
        return np_ip6_remove(c->store, &c->g->ip6, ip->b);
    uint32_t host = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
    return np_ip4_remove(c->store, &c->g->ip4, host);
}

static uint32_t class_of_ip(const np_compiler *c, const np_ip *ip)
{
    uint32_t pod = np_snapshot_pod_of_ip(c->s, ip);
    if (pod != NP_NONE)
        return np_compile_class_of(c, pod);
    return np_snapshot_node_of_ip(c->s, ip) == NP_NONE ? NP_CLASS_REF(NP_OUTSIDE)
                                                       : NP_CLASS_REF(NP_NODE);
}

bool np_compile_settle_address(np_compiler *c, const np_ip *ip)
{
    uint32_t ref = class_of_ip(c, ip);
    if (ref == (ip->v4 ? np_ip4_find(&c->g->ip4, ip->b + 12) : np_ip6_find(&c->g->ip6, ip->b)))
        return true;
    return ref == NP_CLASS_REF(NP_OUTSIDE) ? forget_address(c, ip) : np_compile_address(c, ip, ref);
}

static bool put_nodes(np_compiler *c)
{
    const np_snapshot *s = c->s;
    for (uint32_t i = 0; i < s->n_nodes; i++)
        for (uint32_t k = 0; k < np_node_at(s, i)->n_ips; k++)
            if (!np_compile_address(c, &np_node_at(s, i)->ips[k].ip, NP_CLASS_REF(NP_NODE)))
                return false;
    for (size_t i = 0; i < s->n_locals; i++)
        if (!np_compile_address(c, &s->locals[i], NP_CLASS_REF(NP_NODE)))
            return false;
    return true;
}

/* Where two pods have one address, the picture knows whose it is. */
static bool put_pod_address(np_compiler *c, uint32_t pod, const np_ip *ip)
{
    if (!ip)
        return true;
    uint32_t had = ip->v4 ? np_ip4_find(&c->g->ip4, ip->b + 12) : np_ip6_find(&c->g->ip6, ip->b);
    if (had >= NP_CLASS_REF(NP_FIRST_CLASS))
        return np_compile_settle_address(c, ip);
    return np_compile_address(c, ip, np_compile_class_of(c, pod));
}

/* Pods go last: an address of both is a pod's. */
static bool put_addresses(np_compiler *c)
{
    if (!put_nodes(c))
        return false;
    for (uint32_t i = 0; i < c->s->n_pods; i++) {
        const np_pod *p = np_pod_at(c->s, i);
        if (p && !p->host_network &&
            (!put_pod_address(c, i, np_pod_ip(p, NP_FAMILY_4)) ||
             !put_pod_address(c, i, np_pod_ip(p, NP_FAMILY_6))))
            return false;
    }
    return true;
}

static uint32_t expected(uint64_t n)
{
    return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

static bool make_address_maps(np_compiler *c)
{
    const uint64_t *n = c->s->n_ips;
    return np_ip4_init(c->store, &c->g->ip4, expected(n[1])) &&
           np_ip6_init(c->store, &c->g->ip6, expected(n[0]));
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
    np_class *nobody = np_pages_edit(c->store, &g->classes, NP_NOBODY);
    outside->flags = g->depends ? NP_CLASS_TIERS : 0;
    nobody->flags = NP_CLASS_SLOW; /* the reference says so */
    node->flags = NP_CLASS_NODE | NP_CLASS_TIERS;
    return true;
}

size_t np_compile_litter(const np_compiler *c)
{
    return c->words.n + c->sels.n + c->signatures.n + c->port_maps.n + c->matches.n +
           c->bit_of.used + np_port_table_count(&c->ports) + (size_t)c->ports.pool.n * 64;
}

/* Whatever must be known of all policies before the first namespace is built. */
static bool look_around(np_compiler *c)
{
    uint32_t n = (uint32_t)c->s->n_namespaces;
    for (uint32_t i = 0; i < n; i++)
        if (!np_compile_forms(c, i))
            return false;
    if (!np_compile_uses(c) || !np_compile_cluster_forms(c) || !np_compile_select_spaces(c))
        return false;
    np_compile_note_keys(c, 0);
    for (uint32_t i = 0; i < n; i++)
        if (!np_compile_reach_out(c, i))
            return false;
    if (!np_compile_space_rows(c) || !np_matcher_set(&c->broad, c->pod_sels.at, c->pod_sels.n))
        return false;
    c->g->signature_rows = np_compile_no_rows(c->pod_sels.n, true);
    return np_compile_add_row(c, &c->g->signature_rows, NULL, 0);
}

bool np_compile_build_space(np_compiler *c, uint32_t space)
{
    c->builder.space = space;
    if (!np_compile_groups(c) || !np_compile_plans(c) || !np_compile_emit(c))
        return false;
    np_draft *d = &c->drafts[space];
    d->dirty = d->stale = false;
    d->assumed = np_namespace_at(c->s, space)->assumed;
    d->waiting.n = 0;
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
        if (!np_compile_build_space(c, i))
            return NETPOL_NO_MEMORY;
    }
    c->dirty.n = 0;
    if (!make_address_maps(c) || !put_addresses(c))
        return NETPOL_NO_MEMORY;
    c->placed = true;
    c->litter = np_compile_litter(c);
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

bool np_compile_more_drafts(np_compiler *c, size_t n)
{
    if (!np_grow(&c->alloc, (void **)&c->drafts, &c->drafts_room, n + 1, sizeof *c->drafts))
        return false;
    for (; c->n_drafts < n; c->n_drafts++) {
        c->drafts[c->n_drafts] = (np_draft){.dirty = false};
        np_arena_init(&c->drafts[c->n_drafts].arena, &c->alloc, 512);
    }
    return true;
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
    if (!np_compile_more_drafts(c, n))
        return false;
    return np_sels_init(&c->sels, &c->words, &c->alloc) && np_port_table_init(&c->ports, c->store);
}

static void free_builder(np_compiler *c)
{
    np_builder *b = &c->builder;
    const netpol_allocator *a = &c->alloc;
    np_numbers *lists[] = {&b->list,       &b->pods,      &b->group_of, &b->matches, &b->found,
                           &b->first_form, &b->next_form, &b->words,    &b->open_at};
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
        np_numbers_free(a, &c->drafts[i].waiting);
    }
    np_release(a, c->drafts, c->drafts_room * sizeof *c->drafts);
    np_release(a, c->homes, c->homes_room * sizeof *c->homes);
    np_numbers_free(a, &c->touched);
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

netpol_status np_compile_finish(np_compiler *c, netpol_status status, np_program **out)
{
    if (status == NETPOL_OK) {
        c->g->ports = c->ports.sets; /* it may have moved until now */
        c->g->without_tree = !c->g->ip4.root;
        c->g->large = np_program_bytes(c->g) > NP_LARGE;
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
    netpol_status status =
        np_compile_finish(c, begin(c) ? build_all(c) : NETPOL_NO_MEMORY, program);
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
