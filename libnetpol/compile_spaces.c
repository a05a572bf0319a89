/* SPDX-License-Identifier: MIT */
/* Namespaces: which selectors select them, and who asks for their pods. */
#include "compile_inside.h"

#include "snapshot.h"

/* A namespace selector that names its namespaces, or matches one, is narrow; so many at most. */
#define NARROW_BY_NAME 16u

#define NAME_LABEL "kubernetes.io/metadata.name"

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
    for (uint32_t i = 0; i < c->s->n_namespaces; i++) {
        size_t n_pairs;
        if (!read_labels(c, np_namespace_at(c->s, i), &n_pairs))
            return false;
        size_t n = np_matcher_run(m, c->builder.pairs, n_pairs, found->at);
        for (size_t k = 0; k < n; k++) {
            c->use[list->at[found->at[k]]].n++;
            if (!np_numbers_add(&c->alloc, hits, found->at[k]) ||
                !np_numbers_add(&c->alloc, hits, i))
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

bool np_compile_select_spaces(np_compiler *c)
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

void np_compile_note_keys(np_compiler *c, size_t i)
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

bool np_compile_reach_out(np_compiler *c, uint32_t space)
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

bool np_compile_space_rows(np_compiler *c)
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

/* New columns: a copy, since readers of older versions see the rows that are there. */
bool np_compile_widen_space_rows(np_compiler *c, size_t before)
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

/* ---- a namespace that changed ---- */

/* The rows, the writer's own, with one for each namespace. */
static bool own_rows(np_compiler *c)
{
    np_rows *rows = &c->g->space_rows;
    uint32_t n = np_space_number(c->s->n_namespaces);
    size_t bytes = rows->words * sizeof *rows->at;
    if (!np_store_owns(c->store, rows->at)) {
        uint64_t *copy = np_store_block(c->store, rows->room * bytes);
        if (!copy)
            return false;
        memcpy(copy, rows->at, rows->n * bytes);
        np_store_drop(c->store, rows->at);
        rows->at = copy;
    }
    return n <= rows->n || np_compile_rows(c, rows, n);
}

static bool is_among(const np_compiler *c, const np_sel_use *use, uint32_t space)
{
    for (uint32_t i = 0; i < use->n; i++)
        if (c->matches.at[use->first + i] == space)
            return true;
    return false;
}

/* The namespaces of a selector with one more or one less: another run, if it grows. */
static bool change_run(np_compiler *c, np_sel_use *use, uint32_t space, bool more)
{
    uint32_t *run = c->matches.at + use->first;
    uint32_t i = 0;
    if (more) {
        uint32_t first = (uint32_t)c->matches.n;
        if (!np_numbers_resize(&c->alloc, &c->matches, c->matches.n + use->n + 1))
            return false;
        if (use->n)
            memcpy(c->matches.at + first, c->matches.at + use->first, use->n * sizeof *run);
        c->matches.at[first + use->n++] = space;
        use->first = first;
        return true;
    }
    while (run[i] != space)
        i++;
    run[i] = run[--use->n];
    return true;
}

static bool asks_for(const np_form *f, uint32_t sel)
{
    for (int d = NP_IN; d <= NP_OUT; d++)
        for (uint32_t r = 0; r < f->n_rules[d]; r++)
            for (uint32_t p = 0; p < f->rules[d][r].n_peers; p++) {
                const np_form_peer *peer = &f->rules[d][r].peers[p];
                if (peer->kind == NP_PEER_SPACES && peer->spaces == sel)
                    return true;
            }
    return false;
}

/* Everybody who names these namespaces one by one, or does so no more. */
static bool dirty_askers(np_compiler *c, uint32_t sel)
{
    for (uint32_t i = 0; i < c->n_drafts; i++)
        for (uint32_t f = 0; f < c->drafts[i].n_forms; f++)
            if (asks_for(&c->drafts[i].forms[f], sel)) {
                if (!np_compile_dirty(c, i))
                    return false;
                break;
            }
    return true;
}

static bool change_selector(np_compiler *c, uint32_t sel, uint32_t space, bool matches)
{
    np_sel_use *use = &c->use[sel];
    bool narrow = use->narrow;
    if (matches == is_among(c, use, space))
        return true;
    if (!change_run(c, use, space, matches))
        return false;
    note_selector(c, sel);
    return (!narrow && !use->narrow) || dirty_askers(c, sel);
}

static void set_row(np_compiler *c, uint32_t space, bool there)
{
    const np_rows *rows = &c->g->space_rows;
    uint64_t *row = rows->at + (size_t)np_space_number(space) * rows->words;
    memset(row, 0, rows->words * sizeof *row);
    row[0] = there;
    for (size_t k = 0; k < c->space_sels.n; k++) {
        const np_sel_use *use = &c->use[c->space_sels.at[k]];
        if (is_among(c, use, space))
            row[use->space_bit / 64] |= (uint64_t)1 << use->space_bit % 64;
    }
}

/* A number that nobody has is selected by nobody. Its classes may depend on whether it is
 * defined, and its rows on its labels. */
bool np_compile_change_space(np_compiler *c, uint32_t space)
{
    const np_namespace *n = np_namespace_at(c->s, space);
    bool there = *n->name != '\0';
    size_t n_pairs;
    if (!own_rows(c) || !read_labels(c, n, &n_pairs))
        return false;
    for (uint32_t i = 0; i < c->sels.n; i++)
        if (c->use[i].of_spaces && c->use[i].asked &&
            !change_selector(c, i, space,
                             there && np_sel_matches(&c->sels.at[i], c->builder.pairs, n_pairs)))
            return false;
    set_row(c, space, there);
    np_draft *d = &c->drafts[space];
    d->stale = d->stale || d->assumed != n->assumed;
    return np_compile_dirty(c, space);
}
