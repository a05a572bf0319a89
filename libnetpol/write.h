/* SPDX-License-Identifier: MIT */
/* write owns canonical text: the bytes that Kubernetes' own printers give. It knows tables and
 * plain values, and of meaning only the two defaults of a NetworkPolicy.
 *
 * YAML is what sigs.k8s.io/yaml prints, JSON what Go's encoding/json prints without HTML escaping.
 * Where those lose data or cannot print, ours writes what reads back the same: U+0085 and other
 * control characters beyond ASCII, an integer beyond int64 in an untyped object, a document that
 * ends in a block of which the last line ends in U+2028 (closed by "..."). Bytes that are not UTF-8
 * become U+FFFD, as there. */
#ifndef NP_WRITE_H
#define NP_WRITE_H

#include "model.h"

/* Each appends to a buffer; whether there was memory is told by the buffer alone. */

/* A document of a typed kind: apiVersion, kind and the fields of `tree`. Ends with a line feed.
 * flags: NETPOL_WRITE_…; format: NETPOL_FORMAT_YAML or NETPOL_FORMAT_JSON. */
void np_write_tree(np_buffer *b, const np_kind *kind, const void *tree, int32_t format,
                   uint32_t flags);
/* A whole document of a plain value. Ends with a line feed. */
void np_write_value(np_buffer *b, const np_value *v, int32_t format);
/* What netpol_object_write writes. NETPOL_OK, NETPOL_MISUSE, NETPOL_NO_MEMORY. */
netpol_status np_write_object(np_buffer *b, const netpol_object *x, int32_t format, uint32_t flags);

/* A string as canonical YAML writes it as a value, at the end of the buffer (whose column is
 * counted from its last line feed). `indent`: of the lines that it may go on in. */
void np_write_yaml_string(np_buffer *b, np_slice s, size_t indent);
/* A string in double quotes, on one line whatever it holds; what is no UTF-8 becomes U+FFFD. */
void np_write_double_quoted(np_buffer *b, np_slice s);
/* A string as it may stand in a flow collection, or anywhere: plain, or in double quotes. */
void np_write_flow_string(np_buffer *b, np_slice s);

/* ---- the order of keys in canonical YAML (write_order.c) ---- */

typedef struct np_keyed {
    np_slice key;
    const void *value;
} np_keyed;

/* The order is not transitive (v10 < v1alpha1 < v2 < v10), so keys are not merely sorted by it.
 * np_natural_order takes them in byte order and decides by a fixed sequence of comparisons: where
 * upstream's order is one at all this is it, and elsewhere (upstream's output then changes from run
 * to run) the result hangs on the set of keys alone. `spare` has room for n too. */
bool np_natural_less(np_slice a, np_slice b);
void np_natural_order(np_keyed *at, np_keyed *spare, size_t n);

/* ---- between the parts of this room ---- */

/* A struct with the API server's defaults filled in, where it is one that has any: `structure`
 * itself or *room, which then shares what it points to. */
typedef union np_defaulted {
    netpol_port port;
    netpol_policy_spec spec;
} np_defaulted;
const void *np_with_defaults(const np_table *t, const void *structure, np_defaulted *room);

/* What an absent struct that is written all the same is read from: all fields unset. */
const void *np_empty_struct(const np_table *t);

void np_write_int(np_buffer *b, int64_t value);
void np_write_uint(np_buffer *b, uint64_t value);
void np_write_yaml_float(np_buffer *b, double value);

/* NULL: not JSON, or no memory (arena->failed). */
const np_value *np_json_text_read(np_arena *arena, np_slice text);

/* Whether a field holds a pointer: all but plain booleans and numbers, and groups. */
static inline bool np_field_is_pointer(const np_field *f)
{
    return f->kind != NP_BOOL && f->kind != NP_INT32 && f->kind != NP_INT64 && f->kind != NP_GROUP;
}
static inline bool np_field_is_counted(const np_field *f)
{
    return f->kind == NP_STRING_MAP || f->kind == NP_STRING_LIST || f->kind == NP_PLUCK_LIST ||
           f->kind == NP_STRUCT_LIST;
}
static inline const void *np_field_pointer(const np_field *f, const void *structure)
{
    const void *p;
    memcpy(&p, np_field_at(f, structure), sizeof p);
    return p;
}
/* What a boolean or integer field holds; 0 if it is absent. */
int64_t np_field_number(const np_field *f, const void *structure);

bool np_group_is_set(const np_field *group, const void *structure, uint32_t flags);
static inline bool np_field_is_set(const np_field *f, const void *structure, uint32_t flags)
{
    if (np_field_is_counted(f))
        return np_field_count(f, structure) != 0;
    if (np_field_is_pointer(f)) {
        const char *p = np_field_pointer(f, structure);
        return p && (f->kind != NP_STRING || *p);
    }
    return f->kind == NP_GROUP ? np_group_is_set(f, structure, flags)
                               : np_field_number(f, structure) != 0;
}
/* Whether a field is written: it is set, or written even when empty, and not to be hidden. */
static inline bool np_field_written(const np_field *f, const void *structure, uint32_t flags)
{
    if (!(f->flags & NP_ALWAYS) && !np_field_is_set(f, structure, flags))
        return false;
    return !(flags & NETPOL_WRITE_HIDE_MANAGED_FIELDS) || f->kind != NP_STRUCT_LIST ||
           strcmp(f->name, "managedFields") != 0;
}

/* YAML under construction. */
typedef struct np_yaml {
    np_buffer *to;
    uint32_t flags;
    size_t line;    /* where in the buffer the current line begins */
    bool indention; /* only blanks and indicators stand on it yet */
} np_yaml;

/* Goes to the column `indent`: on this line if nothing but indicators stands there, else on a new
 * one. */
void np_yaml_start(np_yaml *y, size_t indent);
/* A string, without the blank before it. A simple key is never folded and never a block. */
void np_yaml_string(np_yaml *y, np_slice s, size_t indent, bool simple_key);
/* Whether a string can stand as `key:`; otherwise it takes the form `? key`. */
bool np_yaml_simple_key(np_slice s);

void np_yaml_document(np_yaml *y, const np_kind *kind, const void *tree);
void np_yaml_value_document(np_yaml *y, const np_value *v);
void np_json_document(np_buffer *b, const np_kind *kind, const void *tree, uint32_t flags);
void np_json_value(np_buffer *b, const np_value *v);

#endif
