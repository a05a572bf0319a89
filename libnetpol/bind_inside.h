/* SPDX-License-Identifier: MIT */
/* What the parts of the bind room share; no other room includes it.
 *
 *   bind          the binder, heads, objects      bind_find    findings
 *   bind_map      maps and lists of tables        bind_scalar  single values
 *   bind_any      plain values and JSON           bind_kind    which kind a document is of
 *   bind_with     changed copies */
#ifndef NP_BIND_INSIDE_H
#define NP_BIND_INSIDE_H

#include "bind.h"

/* A place in the source. */
typedef struct np_at {
    uint32_t line;
    uint32_t column;
} np_at;

static inline np_at np_at_event(const np_event *e)
{
    return (np_at){e->line, e->column};
}

/* Of a field path: the path, and within a string map a key. */
typedef struct np_where_in {
    const np_path *path;
    const char *key; /* NULL: none */
} np_where_in;

typedef enum np_finding_rank { NP_RANK_TYPE, NP_RANK_DUPLICATE, NP_RANK_UNKNOWN } np_finding_rank;

struct np_finding {
    int32_t code;
    np_finding_rank rank;
    np_at at;
    np_slice order; /* among those of one rank; n 0: by place */
    const char *path;
    const char *hint;
    const char *message;
};

/* An entry of a map under construction: of a string map, or a key that is only remembered so that
 * it may be met again. */
struct np_bind_entry {
    const char *key;
    const void *value;
    np_at at;
    size_t order; /* in the document */
};

/* ---- bind_find.c: all return false only if memory failed ---- */

/* A wrong type. The message is formatted as by printf. */
bool np_find_type(np_binder *b, int32_t code, np_at at, np_where_in in, const char *hint,
                  const char *format, ...) __attribute__((format(printf, 6, 7)));
/* "expected WANTED, found the boolean yes", with a hint that fits. schema: the type as a
 * CustomResourceDefinition calls it, or NULL. */
bool np_find_wrong(np_binder *b, int32_t code, const np_event *found, const np_scalar *scalar,
                   np_where_in in, const char *wanted, const char *schema, const char *hint);
bool np_find_unknown(np_binder *b, const np_event *key, const char *name, const np_path *path,
                     const np_table *t);
/* json: as a JSON reader says it, with the path of the field. */
bool np_find_duplicate(np_binder *b, np_at at, bool json, const np_path *path, const char *key);
/* A printf-made text in the scratch; NULL: no memory (said in b->status). */
const char *np_bind_words(np_binder *b, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Notes that memory failed in an arena. Always false. */
bool np_bind_no_memory(np_binder *b, const np_arena *arena);

/* ---- bind_scalar.c ---- */

/* Reads the scalar at hand; false: memory failed. What is no scalar or of the wrong type becomes a
 * finding. The node is taken. */
bool np_bind_single(np_binder *b, const np_field *f, void *structure, const np_path *path);
/* Whether the event at hand is a scalar that means null. */
bool np_bind_is_null(const np_event *e);
/* The string at hand, of a field, an element or a map entry. null_is: what null becomes. *out NULL:
 * it is that, or a finding says why. */
bool np_bind_string(np_binder *b, np_where_in in, const char *null_is, const char **out);
/* The text of a map key, or NULL: it is none (a finding says why). False: memory failed. */
bool np_bind_key(np_binder *b, const np_event *e, np_arena *into, const np_path *path,
                 const char **out);

/* ---- bind_map.c ---- */

bool np_bind_map(np_binder *b, const np_table *t, void *structure, const np_path *path, bool root);
bool np_bind_value(np_binder *b, const np_field *f, void *structure, const np_path *path);
/* Passes over the node at hand, and looks in YAML for keys that are twice in a map of it, and for
 * what no JSON has. */
bool np_bind_pass(np_binder *b, const np_path *path);
/* Puts entries in order of key and document. */
void np_entries_sort(np_bind_entry *at, size_t n);
bool np_bind_push(np_binder *b, const void *element); /* of a list */
bool np_bind_remember(np_binder *b, const char *key, const void *value, np_at at);

/* ---- bind_any.c ---- */

/* The node at hand as a plain value in b->into. NULL: the text or the memory failed. */
const np_value *np_bind_any(np_binder *b, const np_path *path);
/* The node at hand as compact JSON. *out NULL: a finding says why. */
bool np_bind_json(np_binder *b, np_where_in in, const char **out);

#endif
