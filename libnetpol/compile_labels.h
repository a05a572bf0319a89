/* SPDX-License-Identifier: MIT */
/* What the compiler knows of labels: words as numbers, selectors as numbers, and which of many
 * selectors match a set of labels. */
#ifndef NP_COMPILE_LABELS_H
#define NP_COMPILE_LABELS_H

#include "mem.h"
#include "str.h"

#include "netpol/model.h"

#define NP_NO_WORD UINT32_MAX

/* Texts by number. `kind` keeps apart what is written alike: the key that a label value belongs to,
 * NP_WORD_KEY or NP_WORD_PORT. */
#define NP_WORD_KEY (UINT32_MAX - 1)
#define NP_WORD_PORT (UINT32_MAX - 2)

typedef struct np_word {
    const char *text;
    uint32_t n;
    uint32_t kind;
    uint32_t hash;
    uint32_t mark; /* free for the user of the words */
} np_word;

typedef struct np_words {
    np_arena texts;
    np_word *at;
    size_t n;
    size_t room;
    uint32_t *slot; /* number + 1; 0: free */
    size_t n_slots;
    uint64_t seed;
} np_words;

void np_words_init(np_words *w, const netpol_allocator *alloc);
void np_words_free(np_words *w);
/* NP_NO_WORD: not there. */
uint32_t np_words_find(const np_words *w, uint32_t kind, const char *text);
/* NP_NO_WORD: no memory. */
uint32_t np_words_add(np_words *w, uint32_t kind, const char *text);

/* ---- selectors ---- */

enum { NP_REQ_IN = 1, NP_REQ_NOT_IN, NP_REQ_EXISTS, NP_REQ_ABSENT };

/* One requirement: the key and, of In and NotIn, the labels (words of that key) in order. */
typedef struct np_req {
    uint32_t key;
    uint32_t op;
    const uint32_t *labels;
    uint32_t n;
} np_req;

/* Equal selectors have one number. */
typedef struct np_sel {
    const np_req *reqs; /* sorted, without duplicates */
    uint32_t n;
    uint32_t hash;
    bool never; /* an operator that nobody knows, or In of nothing */
} np_sel;

#define NP_SEL_ALL 0u /* the empty selector */

typedef struct np_sels {
    np_words *words;
    np_arena arena;
    np_sel *at;
    size_t n;
    size_t room;
    uint32_t *slot;
    size_t n_slots;
    np_req *reqs; /* scratch */
    size_t reqs_room;
    uint32_t *labels;
    size_t labels_room;
} np_sels;

#define NP_NO_SEL UINT32_MAX

/* False: no memory. np_sels_free takes it either way. */
bool np_sels_init(np_sels *s, np_words *words, const netpol_allocator *alloc);
void np_sels_free(np_sels *s);
/* NP_NO_SEL: no memory. `s` not NULL. */
uint32_t np_sels_add(np_sels *s, const netpol_label_selector *from);

/* A label as matching needs it; sets of them are sorted by key. `label` may be NP_NO_WORD: a value
 * that no selector names. */
typedef struct np_pair {
    uint32_t key;
    uint32_t label;
} np_pair;

bool np_sel_matches(const np_sel *s, const np_pair *labels, size_t n);

/* ---- many selectors at once ---- */

/* Finds which of a list of selectors match, looking only at those that one label could satisfy. */
typedef struct np_matcher {
    const np_sels *sels;
    netpol_allocator alloc;
    const uint32_t *list; /* selectors; their places in it are what comes out */
    struct np_anchor {
        uint32_t word;
        uint32_t place;
        uint32_t next; /* anchor + 1 of the same slot */
    } * anchor;
    size_t n_anchors;
    size_t anchors_room;
    uint32_t *slot; /* anchor + 1 */
    size_t n_slots;
    size_t slots_room;
    uint32_t *always; /* places without a label to look for */
    size_t n_always;
    size_t always_room;
} np_matcher;

void np_matcher_init(np_matcher *m, const np_sels *sels, const netpol_allocator *alloc);
void np_matcher_free(np_matcher *m);
/* Takes up another list; the memory is kept. The list must outlive its use. */
bool np_matcher_set(np_matcher *m, const uint32_t *list, size_t n);
/* Writes the places that match, in no order; `out` has room for the whole list. */
size_t np_matcher_run(const np_matcher *m, const np_pair *labels, size_t n, uint32_t *out);

#endif
