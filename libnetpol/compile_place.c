/* SPDX-License-Identifier: MIT */
/* Pods that came or changed, among the classes that their namespace has. */
#include "compile_inside.h"

static bool is_word_of(const np_draft *d, uint32_t word)
{
    size_t low = 0;
    size_t high = d->words.n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (d->words.at[middle] < word)
            low = middle + 1;
        else
            high = middle;
    }
    return low < d->words.n && d->words.at[low] == word;
}

/* Marks what of the pod's labels matters in its namespace, as list_selectors does for all. */
static void mark_labels(np_compiler *c, const np_draft *d, const np_pod *p)
{
    for (uint32_t i = 0; i < p->n_labels; i++) {
        uint32_t key = np_words_find(&c->words, NP_WORD_KEY, p->labels[i].key);
        if (key == NP_NO_WORD)
            continue;
        uint32_t label = np_words_find(&c->words, key, p->labels[i].value);
        if (c->words.at[key].mark != NP_MARK_EVERYWHERE && is_word_of(d, key))
            c->words.at[key].mark = c->stamp;
        if (label != NP_NO_WORD && c->words.at[label].mark != NP_MARK_EVERYWHERE &&
            is_word_of(d, label))
            c->words.at[label].mark = c->stamp;
    }
}

/* Groups of the draft refer to pairs of the draft, the one looked for to those of the builder. */
static bool is_group(const np_draft *d, const np_builder *b, const np_group *x, const np_group *g)
{
    return x->hash == g->hash && x->port_map == g->port_map && x->flags == g->flags &&
           x->n_pairs == g->n_pairs &&
           (x->n_pairs == 0 || memcmp(d->pairs + x->first_pair, b->pairs + g->first_pair,
                                      x->n_pairs * sizeof *b->pairs) == 0);
}

static uint32_t find_group(const np_draft *d, const np_builder *b, const np_group *g)
{
    if (d->n_slots == 0)
        return NP_NONE;
    for (size_t i = g->hash & (d->n_slots - 1); d->slot[i]; i = (i + 1) & (d->n_slots - 1))
        if (is_group(d, b, &d->groups[d->slot[i] - 1], g))
            return d->slot[i] - 1;
    return NP_NONE;
}

/* The place of a group in its namespace's draft; NP_NONE: there is none like it. */
static bool place_pod(np_compiler *c, const np_draft *d, uint32_t pod, uint32_t *group)
{
    np_builder *b = &c->builder;
    np_group g;
    const np_pod *p = np_pod_at(c->s, pod);
    b->n_pairs = 0;
    c->stamp++;
    mark_labels(c, d, p);
    if (!np_compile_read_pod(c, p, &g))
        return false;
    *group = find_group(d, b, &g);
    return true;
}

bool np_compile_place_pods(np_compiler *c, uint32_t space, bool *found)
{
    np_builder *b = &c->builder;
    np_draft *d = &c->drafts[space];
    *found = true;
    b->found.n = 0;
    for (size_t i = 0; i < d->waiting.n; i++) {
        uint32_t group;
        if (!place_pod(c, d, d->waiting.at[i], &group) ||
            !np_numbers_add(&c->alloc, &b->found, group))
            return false;
        if (group == NP_NONE) {
            *found = false;
            return true;
        }
    }
    for (size_t i = 0; i < d->waiting.n; i++) {
        uint32_t group = b->found.at[i];
        d->groups[group].n_pods++;
        if (!np_compile_set_class(c, d->waiting.at[i], NP_CLASS_REF(d->classes.at[group])))
            return false;
    }
    d->waiting.n = 0;
    return true;
}
