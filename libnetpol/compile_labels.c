/* SPDX-License-Identifier: MIT */
#include "compile_labels.h"

#include <stdlib.h>

/* ---- words ---- */

static uint64_t mix(uint64_t h, uint64_t x)
{
    h = (h ^ x) * 0x9E3779B97F4A7C15u;
    return h ^ (h >> 32);
}

/* The seed is an address of the process, so that nobody can prepare texts that collide. */
static uint32_t hash_text(uint64_t seed, uint32_t kind, const char *text, size_t n)
{
    uint64_t h = mix(seed ^ n, kind);
    for (; n >= 8; n -= 8, text += 8) {
        uint64_t x;
        memcpy(&x, text, 8);
        h = mix(h, x);
    }
    uint64_t rest = 0;
    memcpy(&rest, text, n);
    h = mix(h, rest);
    return (uint32_t)(h ^ h >> 29);
}

void np_words_init(np_words *w, const netpol_allocator *alloc)
{
    *w = (np_words){.seed = (uint64_t)(uintptr_t)w * 0xD6E8FEB86659FD93u};
    np_arena_init(&w->texts, alloc, 4096);
}

void np_words_free(np_words *w)
{
    const netpol_allocator *a = &w->texts.alloc;
    np_release(a, w->at, w->room * sizeof *w->at);
    np_release(a, w->slot, w->n_slots * sizeof *w->slot);
    np_arena_free(&w->texts);
}

static bool same_word(const np_word *x, uint32_t hash, uint32_t kind, const char *text, size_t n)
{
    return x->hash == hash && x->kind == kind && x->n == n && memcmp(x->text, text, n) == 0;
}

static uint32_t find_word(const np_words *w, uint32_t hash, uint32_t kind, const char *text,
                          size_t n)
{
    if (w->n_slots == 0)
        return NP_NO_WORD;
    for (size_t i = hash & (w->n_slots - 1); w->slot[i]; i = (i + 1) & (w->n_slots - 1))
        if (same_word(&w->at[w->slot[i] - 1], hash, kind, text, n))
            return w->slot[i] - 1;
    return NP_NO_WORD;
}

uint32_t np_words_find(const np_words *w, uint32_t kind, const char *text)
{
    size_t n = strlen(text);
    return find_word(w, hash_text(w->seed, kind, text, n), kind, text, n);
}

static void enter(uint32_t *slot, size_t n_slots, uint32_t hash, uint32_t number)
{
    size_t i = hash & (n_slots - 1);
    while (slot[i])
        i = (i + 1) & (n_slots - 1);
    slot[i] = number + 1;
}

/* A hash table of twice the size, empty; NULL: no memory. */
static uint32_t *more_slots(const netpol_allocator *a, size_t n_slots, size_t *more)
{
    *more = n_slots ? n_slots * 2 : 64;
    uint32_t *slot = np_resize(a, NULL, 0, *more * sizeof *slot);
    if (slot)
        memset(slot, 0, *more * sizeof *slot);
    return slot;
}

static bool grow_words(np_words *w)
{
    const netpol_allocator *a = &w->texts.alloc;
    size_t more;
    uint32_t *slot = more_slots(a, w->n_slots, &more);
    if (!slot)
        return false;
    for (size_t i = 0; i < w->n; i++)
        enter(slot, more, w->at[i].hash, (uint32_t)i);
    np_release(a, w->slot, w->n_slots * sizeof *slot);
    w->slot = slot;
    w->n_slots = more;
    return true;
}

uint32_t np_words_add(np_words *w, uint32_t kind, const char *text)
{
    size_t n = strlen(text);
    uint32_t hash = hash_text(w->seed, kind, text, n);
    uint32_t found = find_word(w, hash, kind, text, n);
    if (found != NP_NO_WORD)
        return found;
    if (w->n >= w->n_slots / 2 && !grow_words(w))
        return NP_NO_WORD;
    if (!np_grow(&w->texts.alloc, (void **)&w->at, &w->room, w->n + 1, sizeof *w->at))
        return NP_NO_WORD;
    char *copy = np_arena_text(&w->texts, text, n);
    if (!copy)
        return NP_NO_WORD;
    w->at[w->n] = (np_word){.text = copy, .n = (uint32_t)n, .kind = kind, .hash = hash};
    enter(w->slot, w->n_slots, hash, (uint32_t)w->n);
    return (uint32_t)w->n++;
}

/* ---- selectors ---- */

bool np_sels_init(np_sels *s, np_words *words, const netpol_allocator *alloc)
{
    static const netpol_label_selector all = {0};
    *s = (np_sels){.words = words};
    np_arena_init(&s->arena, alloc, 4096);
    return np_sels_add(s, &all) == NP_SEL_ALL;
}

void np_sels_free(np_sels *s)
{
    const netpol_allocator *a = &s->arena.alloc;
    np_release(a, s->at, s->room * sizeof *s->at);
    np_release(a, s->slot, s->n_slots * sizeof *s->slot);
    np_release(a, s->reqs, s->reqs_room * sizeof *s->reqs);
    np_release(a, s->labels, s->labels_room * sizeof *s->labels);
    np_arena_free(&s->arena);
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static uint32_t sort_numbers(uint32_t *at, size_t n)
{
    if (n == 0)
        return 0;
    qsort(at, n, sizeof *at, by_number);
    size_t kept = 0;
    for (size_t i = 1; i < n; i++)
        if (at[i] != at[kept])
            at[++kept] = at[i];
    return (uint32_t)kept + 1;
}

static int by_req(const void *a, const void *b)
{
    const np_req *x = a;
    const np_req *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    if (x->op != y->op)
        return x->op < y->op ? -1 : 1;
    if (x->n != y->n)
        return x->n < y->n ? -1 : 1;
    for (uint32_t i = 0; i < x->n; i++)
        if (x->labels[i] != y->labels[i])
            return x->labels[i] < y->labels[i] ? -1 : 1;
    return 0;
}

static uint32_t op_of(const char *op)
{
    static const char *const names[] = {"", "In", "NotIn", "Exists", "DoesNotExist"};
    for (uint32_t i = NP_REQ_IN; op && i <= NP_REQ_ABSENT; i++)
        if (strcmp(op, names[i]) == 0)
            return i;
    return 0;
}

/* Room for the requirements and all of their labels, so that pointers into the scratch hold. */
static bool scratch_for(np_sels *s, const netpol_label_selector *from)
{
    const netpol_allocator *a = &s->arena.alloc;
    size_t labels = from->n_match_labels;
    for (size_t i = 0; i < from->n_match_expressions; i++)
        labels += from->match_expressions[i]->n_values;
    return np_grow(a, (void **)&s->reqs, &s->reqs_room,
                   from->n_match_labels + from->n_match_expressions, sizeof *s->reqs) &&
           np_grow(a, (void **)&s->labels, &s->labels_room, labels, sizeof *s->labels);
}

static bool add_values(np_sels *s, const netpol_requirement *from, np_req *to, uint32_t *labels)
{
    to->labels = labels;
    if (to->op != NP_REQ_IN && to->op != NP_REQ_NOT_IN)
        return true;
    for (size_t i = 0; i < from->n_values; i++) {
        labels[i] = np_words_add(s->words, to->key, from->values[i] ? from->values[i] : "");
        if (labels[i] == NP_NO_WORD)
            return false;
    }
    to->n = sort_numbers(labels, from->n_values);
    return true;
}

/* Fills the scratch; `sel` gets what can be said without sorting. False: no memory. */
static bool read_selector(np_sels *s, const netpol_label_selector *from, np_sel *sel)
{
    uint32_t *labels = s->labels;
    for (size_t i = 0; i < from->n_match_labels; i++) {
        const netpol_label *l = &from->match_labels[i];
        np_req *r = &s->reqs[sel->n++];
        *r = (np_req){.key = np_words_add(s->words, NP_WORD_KEY, l->key),
                      .op = NP_REQ_IN,
                      .labels = labels,
                      .n = 1};
        if (r->key == NP_NO_WORD)
            return false;
        *labels = np_words_add(s->words, r->key, l->value);
        if (*labels++ == NP_NO_WORD)
            return false;
    }
    for (size_t i = 0; i < from->n_match_expressions; i++) {
        const netpol_requirement *e = from->match_expressions[i];
        np_req *r = &s->reqs[sel->n++];
        *r = (np_req){.key = np_words_add(s->words, NP_WORD_KEY, e->key ? e->key : ""),
                      .op = op_of(e->op)};
        if (r->key == NP_NO_WORD || !add_values(s, e, r, labels))
            return false;
        labels += e->n_values;
        sel->never = sel->never || r->op == 0 || (r->op == NP_REQ_IN && r->n == 0);
    }
    return true;
}

static void normalize(np_sels *s, np_sel *sel)
{
    if (sel->n == 0)
        return;
    qsort(s->reqs, sel->n, sizeof *s->reqs, by_req);
    uint32_t kept = 0;
    for (uint32_t i = 1; i < sel->n; i++)
        if (by_req(&s->reqs[kept], &s->reqs[i]) != 0)
            s->reqs[++kept] = s->reqs[i];
    sel->n = kept + 1;
}

static uint32_t hash_selector(const np_sel *sel)
{
    uint64_t h = sel->never;
    for (uint32_t i = 0; i < sel->n; i++) {
        h = mix(h, (uint64_t)sel->reqs[i].key << 3 | sel->reqs[i].op);
        for (uint32_t k = 0; k < sel->reqs[i].n; k++)
            h = mix(h, sel->reqs[i].labels[k]);
    }
    return (uint32_t)(h ^ h >> 31);
}

static bool same_selector(const np_sel *a, const np_sel *b)
{
    if (a->hash != b->hash || a->n != b->n || a->never != b->never)
        return false;
    for (uint32_t i = 0; i < a->n; i++)
        if (by_req(&a->reqs[i], &b->reqs[i]) != 0)
            return false;
    return true;
}

static uint32_t find_selector(const np_sels *s, const np_sel *sel)
{
    if (s->n_slots == 0)
        return NP_NO_SEL;
    for (size_t i = sel->hash & (s->n_slots - 1); s->slot[i]; i = (i + 1) & (s->n_slots - 1))
        if (same_selector(&s->at[s->slot[i] - 1], sel))
            return s->slot[i] - 1;
    return NP_NO_SEL;
}

static bool grow_selectors(np_sels *s)
{
    const netpol_allocator *a = &s->arena.alloc;
    size_t more;
    uint32_t *slot = more_slots(a, s->n_slots, &more);
    if (!slot)
        return false;
    for (size_t i = 0; i < s->n; i++)
        enter(slot, more, s->at[i].hash, (uint32_t)i);
    np_release(a, s->slot, s->n_slots * sizeof *slot);
    s->slot = slot;
    s->n_slots = more;
    return true;
}

/* Copies the requirements out of the scratch. */
static bool keep_selector(np_sels *s, np_sel *sel)
{
    np_req *reqs = NP_NEW_ARRAY(&s->arena, np_req, sel->n);
    if (!reqs)
        return false;
    for (uint32_t i = 0; i < sel->n; i++) {
        uint32_t *labels = NP_NEW_ARRAY(&s->arena, uint32_t, sel->reqs[i].n);
        if (!labels)
            return false;
        if (sel->reqs[i].n)
            memcpy(labels, sel->reqs[i].labels, sel->reqs[i].n * sizeof *labels);
        reqs[i] = sel->reqs[i];
        reqs[i].labels = labels;
    }
    sel->reqs = reqs;
    return true;
}

uint32_t np_sels_add(np_sels *s, const netpol_label_selector *from)
{
    np_sel sel = {0};
    if (!scratch_for(s, from) || !read_selector(s, from, &sel))
        return NP_NO_SEL;
    normalize(s, &sel);
    sel.reqs = s->reqs;
    sel.hash = hash_selector(&sel);
    uint32_t found = find_selector(s, &sel);
    if (found != NP_NO_SEL)
        return found;
    if ((s->n >= s->n_slots / 2 && !grow_selectors(s)) ||
        !np_grow(&s->arena.alloc, (void **)&s->at, &s->room, s->n + 1, sizeof *s->at) ||
        !keep_selector(s, &sel))
        return NP_NO_SEL;
    s->at[s->n] = sel;
    enter(s->slot, s->n_slots, sel.hash, (uint32_t)s->n);
    return (uint32_t)s->n++;
}

static bool lists(const np_req *r, uint32_t label)
{
    for (uint32_t i = 0; i < r->n; i++)
        if (r->labels[i] == label)
            return true;
    return false;
}

static bool holds(const np_req *r, const np_pair *labels, size_t n)
{
    size_t i = 0;
    while (i < n && labels[i].key < r->key)
        i++;
    bool there = i < n && labels[i].key == r->key;
    switch (r->op) {
    case NP_REQ_IN:
        return there && lists(r, labels[i].label);
    case NP_REQ_NOT_IN:
        return !there || !lists(r, labels[i].label);
    case NP_REQ_EXISTS:
        return there;
    case NP_REQ_ABSENT:
        return !there;
    }
    return false;
}

bool np_sel_matches(const np_sel *s, const np_pair *labels, size_t n)
{
    if (s->never)
        return false;
    for (uint32_t i = 0; i < s->n; i++)
        if (!holds(&s->reqs[i], labels, n))
            return false;
    return true;
}

/* ---- many selectors at once ---- */

void np_matcher_init(np_matcher *m, const np_sels *sels, const netpol_allocator *alloc)
{
    *m = (np_matcher){.sels = sels, .alloc = *alloc};
}

void np_matcher_free(np_matcher *m)
{
    np_release(&m->alloc, m->anchor, m->anchors_room * sizeof *m->anchor);
    np_release(&m->alloc, m->slot, m->slots_room * sizeof *m->slot);
    np_release(&m->alloc, m->always, m->always_room * sizeof *m->always);
}

/* The requirement that the fewest labels satisfy; NULL: none needs a label. */
static const np_req *anchor_of(const np_sel *s)
{
    const np_req *best = NULL;
    for (uint32_t i = 0; i < s->n; i++)
        if (s->reqs[i].op == NP_REQ_IN && (!best || s->reqs[i].n < best->n))
            best = &s->reqs[i];
    return best;
}

static size_t slot_of(const np_matcher *m, uint32_t word)
{
    return (size_t)(word * 0x9E3779B1u >> 7) & (m->n_slots - 1);
}

static bool add_place(np_matcher *m, const np_req *anchor, uint32_t place)
{
    if (!anchor) {
        if (!np_grow(&m->alloc, (void **)&m->always, &m->always_room, m->n_always + 1,
                     sizeof *m->always))
            return false;
        m->always[m->n_always++] = place;
        return true;
    }
    if (!np_grow(&m->alloc, (void **)&m->anchor, &m->anchors_room, m->n_anchors + anchor->n,
                 sizeof *m->anchor))
        return false;
    for (uint32_t i = 0; i < anchor->n; i++) {
        uint32_t *slot = &m->slot[slot_of(m, anchor->labels[i])];
        m->anchor[m->n_anchors] = (struct np_anchor){anchor->labels[i], place, *slot};
        *slot = (uint32_t)++m->n_anchors;
    }
    return true;
}

bool np_matcher_set(np_matcher *m, const uint32_t *list, size_t n)
{
    m->list = list;
    m->n_anchors = m->n_always = 0;
    m->n_slots = 16;
    while (m->n_slots < n * 2)
        m->n_slots *= 2;
    if (!np_grow(&m->alloc, (void **)&m->slot, &m->slots_room, m->n_slots, sizeof *m->slot))
        return false;
    memset(m->slot, 0, m->n_slots * sizeof *m->slot);
    for (size_t i = 0; i < n; i++) {
        const np_sel *s = &m->sels->at[list[i]];
        if (!s->never && !add_place(m, anchor_of(s), (uint32_t)i))
            return false;
    }
    return true;
}

size_t np_matcher_run(const np_matcher *m, const np_pair *labels, size_t n, uint32_t *out)
{
    size_t found = 0;
    for (size_t i = 0; i < m->n_always; i++)
        if (np_sel_matches(&m->sels->at[m->list[m->always[i]]], labels, n))
            out[found++] = m->always[i];
    for (size_t k = 0; k < n; k++) {
        if (labels[k].label == NP_NO_WORD)
            continue;
        for (uint32_t a = m->slot[slot_of(m, labels[k].label)]; a; a = m->anchor[a - 1].next) {
            const struct np_anchor *anchor = &m->anchor[a - 1];
            if (anchor->word == labels[k].label &&
                np_sel_matches(&m->sels->at[m->list[anchor->place]], labels, n))
                out[found++] = anchor->place;
        }
    }
    return found;
}
