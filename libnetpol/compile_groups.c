/* SPDX-License-Identifier: MIT */
/* The classes of a namespace: pods that no policy can tell apart. */
#include "compile_inside.h"

/* ---- which selectors, and so which labels, matter here ---- */

static bool list_selector(np_compiler *c, uint32_t sel)
{
    np_builder *b = &c->builder;
    np_sel_use *use = &c->use[sel];
    if (use->stamp == c->stamp)
        return true;
    use->stamp = c->stamp;
    use->place = (uint32_t)b->list.n;
    return np_numbers_add(&c->alloc, &b->list, sel);
}

/* Peers of the own namespace, written as such or by a namespace selector that names it. */
static bool list_peer(np_compiler *c, const np_form_peer *p)
{
    if (p->kind == NP_PEER_BLOCK)
        return true;
    if (p->kind == NP_PEER_LOCAL)
        return list_selector(c, p->pods);
    const np_sel_use *use = &c->use[p->spaces];
    for (uint32_t i = 0; use->narrow && i < use->n; i++)
        if (c->matches.at[use->first + i] == c->builder.space)
            return list_selector(c, p->pods);
    return true;
}

static bool list_form(np_compiler *c, const np_form *form)
{
    if (!list_selector(c, form->subject))
        return false;
    for (int d = NP_IN; d <= NP_OUT; d++)
        for (uint32_t r = 0; r < form->n_rules[d]; r++)
            for (uint32_t p = 0; p < form->rules[d][r].n_peers; p++)
                if (!list_peer(c, &form->rules[d][r].peers[p]))
                    return false;
    return true;
}

static bool mark_word(np_compiler *c, uint32_t word)
{
    uint32_t *mark = &c->words.at[word].mark;
    if (*mark == NP_MARK_EVERYWHERE || *mark == c->stamp)
        return true;
    *mark = c->stamp;
    return np_numbers_add(&c->alloc, &c->builder.words, word);
}

static bool mark_words(np_compiler *c, uint32_t sel)
{
    const np_sel *s = &c->sels.at[sel];
    for (uint32_t i = 0; i < s->n; i++) {
        if (!mark_word(c, s->reqs[i].key))
            return false;
        for (uint32_t k = 0; k < s->reqs[i].n; k++)
            if (!mark_word(c, s->reqs[i].labels[k]))
                return false;
    }
    return true;
}

static bool list_selectors(np_compiler *c)
{
    np_builder *b = &c->builder;
    const np_draft *d = &c->drafts[b->space];
    b->list.n = b->words.n = 0;
    c->stamp++;
    for (uint32_t i = 0; i < d->n_forms; i++)
        if (!list_form(c, &d->forms[i]))
            return false;
    for (size_t i = 0; i < d->bits.n; i++)
        if (!list_selector(c, d->bits.at[i]))
            return false;
    for (size_t i = 0; i < b->list.n; i++)
        if (!mark_words(c, b->list.at[i]))
            return false;
    np_numbers_sort(b->words.at, &b->words.n);
    return np_matcher_set(&b->local, b->list.at, b->list.n);
}

static void mark_everywhere(np_compiler *c, uint32_t sel)
{
    const np_sel *s = &c->sels.at[sel];
    for (uint32_t i = 0; i < s->n; i++) {
        c->words.at[s->reqs[i].key].mark = NP_MARK_EVERYWHERE;
        for (uint32_t k = 0; k < s->reqs[i].n; k++)
            c->words.at[s->reqs[i].labels[k]].mark = NP_MARK_EVERYWHERE;
    }
}

bool np_compile_pod_bit(np_compiler *c, uint32_t sel)
{
    if (sel == NP_SEL_ALL || c->use[sel].pod_bit)
        return true;
    mark_everywhere(c, sel);
    if (!np_numbers_add(&c->alloc, &c->pod_sels, sel))
        return false;
    c->use[sel].pod_bit = (uint32_t)c->pod_sels.n;
    return true;
}

/* ---- from pods to groups ---- */

static bool matters(const np_compiler *c, uint32_t word)
{
    uint32_t mark = c->words.at[word].mark;
    return mark == NP_MARK_EVERYWHERE || mark == c->stamp;
}

/* The labels of a pod that some selector can see, by key; a value that none names is NP_NO_WORD. */
static bool read_labels(np_compiler *c, const np_pod *p, uint32_t *n)
{
    np_builder *b = &c->builder;
    if (!np_grow(&c->alloc, (void **)&b->pairs, &b->pairs_room, b->n_pairs + p->n_labels,
                 sizeof *b->pairs))
        return false;
    np_pair *pairs = b->pairs + b->n_pairs;
    *n = 0;
    for (uint32_t i = 0; i < p->n_labels; i++) {
        uint32_t key = np_words_find(&c->words, NP_WORD_KEY, p->labels[i].key);
        if (key == NP_NO_WORD || !matters(c, key))
            continue;
        uint32_t label = np_words_find(&c->words, key, p->labels[i].value);
        if (label != NP_NO_WORD && !matters(c, label))
            label = NP_NO_WORD;
        uint32_t at = (*n)++;
        for (; at > 0 && pairs[at - 1].key > key; at--)
            pairs[at] = pairs[at - 1];
        pairs[at] = (np_pair){key, label};
    }
    return true;
}

static bool read_ports(np_compiler *c, const np_pod *p, np_group *g)
{
    bool sidecar;
    if (!np_compile_named(c, p, &sidecar))
        return false;
    const np_port_draft *d = &c->port_draft;
    const uint32_t *list = d->n_named ? &d->named[0].name : NULL;
    uint32_t before = c->port_maps.n;
    uint32_t map = np_lists_intern(&c->port_maps, list, d->n_named * 2);
    if (map == NP_NO_LIST)
        return false;
    if (c->port_maps.n > before) {
        np_named_key *copy = np_pool_alloc(c->store, &c->ports.pool, d->n_named * sizeof *copy);
        np_port_map *to = np_pages_grow(c->store, &c->g->port_maps, c->port_maps.n)
                              ? np_pages_edit(c->store, &c->g->port_maps, map)
                              : NULL;
        if (!copy || !to)
            return false;
        if (d->n_named)
            memcpy(copy, d->named, d->n_named * sizeof *copy);
        *to = (np_port_map){copy, (uint32_t)d->n_named};
    }
    g->port_map = map;
    g->flags = (uint8_t)(g->flags | (sidecar ? NP_CLASS_NAMES : 0));
    if (map > UINT16_MAX)
        g->flags |= NP_CLASS_SLOW;
    return true;
}

np_port_map np_compile_port_map(const np_compiler *c, uint32_t number)
{
    return *(const np_port_map *)np_pages_at(&c->g->port_maps, number);
}

/* What upstream leaves open about such pods is the reference's business. */
static uint8_t flags_of(const np_compiler *c, const np_pod *p)
{
    bool slow = (p->missing_keys & c->generated_keys) ||
                (c->space_labels && np_namespace_at(c->s, p->space)->assumed);
    return (uint8_t)(NP_CLASS_POD | (slow ? NP_CLASS_SLOW : 0) |
                     (p->host_network ? NP_CLASS_HOST : 0));
}

static uint32_t hash_group(const np_builder *b, const np_group *g)
{
    uint64_t h = (uint64_t)g->port_map << 8 | g->flags;
    for (uint32_t i = 0; i < g->n_pairs; i++) {
        const np_pair *p = &b->pairs[g->first_pair + i];
        h = (h ^ ((uint64_t)p->key << 32 | p->label)) * 0x9E3779B97F4A7C15u;
        h ^= h >> 32;
    }
    return (uint32_t)(h ^ h >> 29);
}

static bool same_group(const np_builder *b, const np_group *x, const np_group *y)
{
    return x->hash == y->hash && x->port_map == y->port_map && x->flags == y->flags &&
           x->n_pairs == y->n_pairs &&
           (x->n_pairs == 0 || memcmp(b->pairs + x->first_pair, b->pairs + y->first_pair,
                                      x->n_pairs * sizeof *b->pairs) == 0);
}

static void enter_slot(uint32_t *slot, size_t n_slots, uint32_t hash, size_t group)
{
    size_t i = hash & (n_slots - 1);
    while (slot[i])
        i = (i + 1) & (n_slots - 1);
    slot[i] = (uint32_t)group + 1;
}

static bool grow_slots(np_compiler *c)
{
    np_builder *b = &c->builder;
    size_t n = b->n_slots ? b->n_slots * 2 : 64;
    uint32_t *slot = np_resize(&c->alloc, NULL, 0, n * sizeof *slot);
    if (!slot)
        return false;
    memset(slot, 0, n * sizeof *slot);
    for (size_t g = 0; g < b->n_groups; g++)
        enter_slot(slot, n, b->groups[g].hash, g);
    np_release(&c->alloc, b->slot, b->n_slots * sizeof *slot);
    b->slot = slot;
    b->n_slots = n;
    return true;
}

bool np_compile_read_pod(np_compiler *c, const np_pod *p, np_group *g)
{
    np_builder *b = &c->builder;
    *g = (np_group){.first_pair = b->n_pairs, .flags = flags_of(c, p)};
    if (!read_labels(c, p, &g->n_pairs) || !read_ports(c, p, g))
        return false;
    g->hash = hash_group(b, g);
    return true;
}

static bool add_pod(np_compiler *c, uint32_t pod)
{
    np_builder *b = &c->builder;
    np_group g;
    if (!np_compile_read_pod(c, np_pod_at(c->s, pod), &g))
        return false;
    if (b->n_groups >= b->n_slots / 2 && !grow_slots(c))
        return false;
    size_t i = g.hash & (b->n_slots - 1);
    while (b->slot[i] && !same_group(b, &b->groups[b->slot[i] - 1], &g))
        i = (i + 1) & (b->n_slots - 1);
    if (!b->slot[i]) {
        if (!np_grow(&c->alloc, (void **)&b->groups, &b->groups_room, b->n_groups + 1,
                     sizeof *b->groups))
            return false;
        b->groups[b->n_groups++] = g;
        b->n_pairs += g.n_pairs;
        b->slot[i] = (uint32_t)b->n_groups;
    }
    b->groups[b->slot[i] - 1].n_pods++;
    return np_numbers_add(&c->alloc, &b->pods, pod) &&
           np_numbers_add(&c->alloc, &b->group_of, b->slot[i] - 1);
}

/* The hash table for as many groups as there are. */
static bool ready_slots(np_compiler *c)
{
    np_builder *b = &c->builder;
    bool roomy = b->n_slots > 256 && b->n_groups * 16 < b->n_slots;
    if (roomy) {
        np_release(&c->alloc, b->slot, b->n_slots * sizeof *b->slot);
        b->slot = NULL;
        b->n_slots = 0;
    }
    while (b->n_groups >= b->n_slots / 2)
        if (!grow_slots(c))
            return false;
    memset(b->slot, 0, b->n_slots * sizeof *b->slot);
    for (size_t g = 0; g < b->n_groups; g++)
        enter_slot(b->slot, b->n_slots, b->groups[g].hash, g);
    return true;
}

static bool group_pods(np_compiler *c)
{
    np_builder *b = &c->builder;
    b->n_pairs = b->n_groups = b->pods.n = b->group_of.n = 0;
    if (!ready_slots(c))
        return false;
    for (uint32_t i = np_namespace_at(c->s, b->space)->first_pod; i != NP_NONE;
         i = np_next_in_space(c->s, i))
        if (!add_pod(c, i))
            return false;
    return true;
}

/* ---- groups that are known ---- */

/* Whether most classes are of pods that are gone. */
static bool is_littered(const np_draft *d)
{
    size_t empty = 0;
    for (size_t i = 0; i < d->n_groups; i++)
        empty += d->groups[i].n_pods == 0;
    return empty > 8 && empty > d->n_groups / 2;
}

/* Whether all words that tell pods apart now did so when the groups were made. */
static bool are_known(const np_draft *d, const np_numbers *words)
{
    size_t k = 0;
    for (size_t i = 0; i < words->n; i++) {
        while (k < d->words.n && d->words.at[k] < words->at[i])
            k++;
        if (k == d->words.n || d->words.at[k] != words->at[i])
            return false;
    }
    return d->groups != NULL && !d->stale && !is_littered(d);
}

static bool take_known(np_compiler *c)
{
    np_builder *b = &c->builder;
    const np_draft *d = &c->drafts[b->space];
    if (!np_grow(&c->alloc, (void **)&b->pairs, &b->pairs_room, d->n_pairs, sizeof *b->pairs) ||
        !np_grow(&c->alloc, (void **)&b->groups, &b->groups_room, d->n_groups, sizeof *b->groups))
        return false;
    if (d->n_pairs)
        memcpy(b->pairs, d->pairs, d->n_pairs * sizeof *b->pairs);
    if (d->n_groups)
        memcpy(b->groups, d->groups, d->n_groups * sizeof *b->groups);
    b->n_pairs = d->n_pairs;
    b->n_groups = d->n_groups;
    b->pods.n = b->group_of.n = 0;
    return true;
}

static bool keep_groups(np_compiler *c);

/* The pods that wait, among the groups that are known or in new ones. */
static bool add_waiting(np_compiler *c)
{
    np_draft *d = &c->drafts[c->builder.space];
    if (d->waiting.n == 0)
        return true;
    if (!ready_slots(c))
        return false;
    for (size_t i = 0; i < d->waiting.n; i++)
        if (!add_pod(c, d->waiting.at[i]))
            return false;
    return keep_groups(c);
}

void np_compile_forget_groups(np_compiler *c, np_draft *d)
{
    if (d->groups)
        np_release(&c->alloc, d->groups, (d->n_groups + 1) * sizeof *d->groups);
    if (d->pairs)
        np_release(&c->alloc, d->pairs, (d->n_pairs + 1) * sizeof *d->pairs);
    np_release(&c->alloc, d->slot, d->n_slots * sizeof *d->slot);
    d->groups = NULL;
    d->pairs = NULL;
    d->slot = NULL;
    d->n_groups = d->n_pairs = d->words.n = d->n_slots = 0;
}

static bool keep_slots(np_compiler *c, np_draft *d)
{
    size_t n = 8;
    while (n < d->n_groups * 2)
        n *= 2;
    d->slot = np_resize(&c->alloc, NULL, 0, n * sizeof *d->slot);
    if (!d->slot)
        return false;
    d->n_slots = n;
    memset(d->slot, 0, n * sizeof *d->slot);
    for (size_t g = 0; g < d->n_groups; g++)
        enter_slot(d->slot, n, d->groups[g].hash, g);
    return true;
}

/* Lists are kept one longer than they are, so that none is empty. */
static bool keep_groups(np_compiler *c)
{
    np_builder *b = &c->builder;
    np_draft *d = &c->drafts[b->space];
    np_compile_forget_groups(c, d);
    d->n_groups = b->n_groups;
    d->n_pairs = b->n_pairs;
    d->groups = np_resize(&c->alloc, NULL, 0, (d->n_groups + 1) * sizeof *d->groups);
    d->pairs = np_resize(&c->alloc, NULL, 0, (d->n_pairs + 1) * sizeof *d->pairs);
    if (!d->groups || !d->pairs || !np_numbers_resize(&c->alloc, &d->words, b->words.n))
        return false;
    if (b->n_groups)
        memcpy(d->groups, b->groups, b->n_groups * sizeof *d->groups);
    if (b->n_pairs)
        memcpy(d->pairs, b->pairs, b->n_pairs * sizeof *d->pairs);
    if (b->words.n)
        memcpy(d->words.at, b->words.at, b->words.n * sizeof *d->words.at);
    return keep_slots(c, d);
}

/* ---- what matches a group ---- */

static bool match_local(np_compiler *c, np_group *g)
{
    np_builder *b = &c->builder;
    if (!np_grow(&c->alloc, (void **)&b->matches.at, &b->matches.room, b->matches.n + b->list.n,
                 sizeof *b->matches.at))
        return false;
    g->first_match = b->matches.n;
    size_t n = np_matcher_run(&b->local, b->pairs + g->first_pair, g->n_pairs,
                              b->matches.at + b->matches.n);
    np_numbers_sort(b->matches.at + b->matches.n, &n);
    b->matches.n += n;
    g->n_matches = (uint32_t)n;
    return true;
}

/* A signature has bit 0, and those of the selectors. */
static bool match_broad(np_compiler *c, np_group *g)
{
    np_builder *b = &c->builder;
    if (!np_numbers_resize(&c->alloc, &b->found, c->pod_sels.n + 1))
        return false;
    b->found.at[0] = 0;
    uint32_t *bits = b->found.at + 1;
    size_t n = np_matcher_run(&c->broad, b->pairs + g->first_pair, g->n_pairs, bits);
    np_numbers_sort(bits, &n);
    for (size_t i = 0; i < n; i++)
        bits[i]++; /* the bit is one more than the place */
    uint32_t before = c->signatures.n;
    uint32_t list = np_lists_intern(&c->signatures, bits, n);
    if (list == NP_NO_LIST)
        return false;
    g->signature = list + 1;
    if (c->signatures.n > before &&
        !np_compile_add_row(c, &c->g->signature_rows, b->found.at, n + 1))
        return false;
    return np_compile_tiers(c, b->space, bits, n, &g->tiers);
}

bool np_compile_groups(np_compiler *c)
{
    np_builder *b = &c->builder;
    if (!list_selectors(c))
        return false;
    if (are_known(&c->drafts[b->space], &b->words)) {
        if (!take_known(c) || !add_waiting(c))
            return false;
    } else if (!group_pods(c) || !keep_groups(c)) {
        return false;
    }
    b->matches.n = 0;
    for (size_t i = 0; i < b->n_groups; i++) {
        np_group *g = &b->groups[i];
        if (!match_local(c, g) || !match_broad(c, g))
            return false;
        if (g->tiers > UINT16_MAX)
            g->flags |= NP_CLASS_SLOW;
    }
    return true;
}
