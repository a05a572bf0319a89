/* SPDX-License-Identifier: MIT */
/* model owns netpol_object: its arena, its count, where it came from, and field paths as text. It
 * reads no YAML. */
#ifndef NP_MODEL_H
#define NP_MODEL_H

#include "marks.h"

#include <stdatomic.h>

/* Any YAML value, for kinds without a complete table. */
typedef enum np_value_type {
    NP_VALUE_NULL = 1,
    NP_VALUE_BOOL,
    NP_VALUE_INT,
    NP_VALUE_UINT,
    NP_VALUE_FLOAT,
    NP_VALUE_STRING,
    NP_VALUE_LIST,
    NP_VALUE_MAP
} np_value_type;

typedef struct np_value np_value;
typedef struct np_entry {
    np_slice key;
    const np_value *value;
} np_entry;
struct np_value {
    np_value_type type;
    size_t n; /* of lists and maps */
    union {
        bool boolean;
        int64_t integer;
        uint64_t natural;
        double real;
        np_slice text;
        const np_value *const *list;
        const np_entry *map; /* sorted by key bytes */
    } as;
};

struct netpol_object {
    _Atomic uint32_t refs;
    np_arena arena; /* holds all below; this struct too */
    const np_kind *kind;
    const char *api_version; /* of the kind, or as written for NETPOL_KIND_OTHER */
    const char *kind_name;
    const void *tree; /* by kind->table; NULL for NETPOL_KIND_OTHER */
    const netpol_metadata
        *meta;             /* NULL when absent; of NETPOL_KIND_OTHER name and namespace only */
    const np_value *value; /* with NETPOL_KEEP_OTHERS, for kinds that are not whole; else NULL */
    np_slice text;         /* with it the document as written, if it is one of its own; n 0: none */
    const char *source;    /* NULL: made in memory */
    uint32_t line;
    uint32_t column;
    uint32_t document;
    int32_t item;
    np_slice marks; /* positions of the fields, see marks.h; n 0: none */
};

/* A new object with one reference and an arena ready to allocate from, which holds at most
 * max_bytes (0: no limit). NULL: no memory, or *over_limit. */
netpol_object *np_object_new(const netpol_allocator *alloc, const np_kind *kind, size_t first_chunk,
                             size_t max_bytes, bool *over_limit);
/* Sets the tree, and meta from it. */
void np_object_set_tree(netpol_object *x, const void *tree);
/* An object from a caller's tree of any kind that has a table: netpol_object_from_policy and its
 * sisters, for the language bindings. */
netpol_status np_object_from_tree(const void *tree, const np_kind *kind, uint32_t header_version,
                                  const netpol_options *options, netpol_object **out,
                                  netpol_diagnostics *diags);

/* "NetworkPolicy shop/allow-web" appended to a buffer. */
void np_object_title(np_buffer *b, const netpol_object *x);

/* Where a field of this object stands (source, line, column, document, item); the nearest known
 * ancestor if the field itself is not written; `title` must outlive the result (may be NULL). */
np_where np_object_where(const netpol_object *x, const np_path *path, const char *title);
/* The same with a cursor that begins as n = 0, for many fields of one object in about their order. */
np_where np_object_where_next(const netpol_object *x, np_marks_cursor *cursor, const np_path *path,
                              const char *title);

bool np_value_equal(const np_value *a, const np_value *b);
/* Where a key of a map is, or would be. */
size_t np_value_place(const np_value *map, np_slice key, bool *there);
/* The value of a key; NULL: it is not there, or this is no map. */
const np_value *np_value_find(const np_value *v, np_slice key);

/* ---- field paths as text: spec.ingress[0].from, metadata.labels["a.b/c"] ---- */

typedef enum np_step_kind {
    NP_STEP_END = 1,
    NP_STEP_NAME,  /* .name, or the first one */
    NP_STEP_INDEX, /* [0] */
    NP_STEP_KEY,   /* ["key"], or after a string map also .key, which then goes up to the end */
    NP_STEP_BAD
} np_step_kind;

typedef struct np_step {
    np_step_kind kind;
    np_slice name; /* part of the text */
    uint32_t index;
} np_step;

/* Takes the next step off a path text. `first`: nothing was taken yet. `in_map`: the last step led
 * to a string map. */
np_step np_step_take(const char **text, bool first, bool in_map);

#endif
