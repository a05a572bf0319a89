/* SPDX-License-Identifier: MIT */
/* table owns the shape of every typed kind: one field table that reads, writes, compares and
 * copies. It knows structs and API names, not what they mean. Adding a kind is adding a table. */
#ifndef NP_TABLE_H
#define NP_TABLE_H

#include "str.h"

#include "netpol/object.h"

typedef enum np_field_kind {
    NP_STRING = 1,    /* const char *: NULL when "" (Go string, omitempty) */
    NP_STRING_SET,    /* const char *: "" is kept apart from NULL (Go *string) */
    NP_BOOL,          /* bool */
    NP_BOOL_SET,      /* const bool * */
    NP_INT32,         /* int32_t */
    NP_INT32_SET,     /* const int32_t * */
    NP_INT64,         /* int64_t */
    NP_INT64_SET,     /* const int64_t * */
    NP_TIME,          /* const char *: RFC 3339 read, UTC with seconds kept; NULL when null */
    NP_INT_OR_STRING, /* const netpol_int_or_string * */
    NP_STRING_MAP,    /* const netpol_label * + count, sorted by key bytes */
    NP_STRING_LIST,   /* const char *const * + count */
    NP_PLUCK_LIST,  /* const char *const * + count, each from the string field `pluck` of a list of
                       maps */
    NP_STRUCT,      /* const T * */
    NP_GROUP,       /* a nested map whose fields lie in this same struct: no pointer of its own */
    NP_STRUCT_LIST, /* const T *const * + count */
    NP_JSON         /* const char *: any value as compact JSON text; NULL when absent */
} np_field_kind;

enum {
    NP_ALWAYS = 1, /* written even when empty: Go fields without omitempty, non-pointer structs */
    NP_REQUIRED_KEY = 2, /* of structs: an absent one is made empty (Go non-pointer struct); of all
                            groups, for there may be such structs in them */
    NP_EXPERIMENTAL = 4  /* no field of a CRD's standard channel */
};

typedef struct np_table np_table;
typedef struct np_field {
    const char *name;    /* API name: "podSelector" */
    const char *c_name;  /* ours: "pod_selector" */
    uint8_t name_n;      /* bytes of the API name */
    uint8_t kind;        /* np_field_kind */
    uint8_t flags;       /* NP_ALWAYS, … */
    uint16_t offset;     /* in the struct */
    uint16_t count;      /* offset of the count, for maps and lists */
    const np_table *sub; /* of structs, groups, struct lists */
    const char *pluck;   /* of NP_PLUCK_LIST */
    uint32_t since;      /* first NETPOL_VERSION whose header has it */
} np_field;

struct np_table {
    const char *go_name;    /* of the Go type, for messages */
    const char *title;      /* for people: "a NetworkPolicy port" */
    size_t size;            /* of the C struct */
    const np_field *fields; /* in the order of the Go struct: the order of canonical JSON */
    size_t n_fields;
    const uint8_t *sorted; /* field indexes in the order of canonical YAML; a test checks it */
    bool partial;          /* further fields exist in the API and are passed over */
};

typedef struct np_kind {
    int32_t id; /* NETPOL_KIND_… */
    const char *api_version;
    const char *name;      /* "NetworkPolicy" */
    const np_table *table; /* NULL: NETPOL_KIND_OTHER */
    bool namespaced;
    bool whole; /* the table has every field, so the object can be written back */
    bool crd;   /* served by a CustomResourceDefinition: a wrong type is refused by its schema */
} np_kind;

/* metav1.ObjectMeta, which every kind has. */
extern const np_table np_table_metadata;

/* By apiVersion and kind; NULL if there is no such row. */
const np_kind *np_kind_find(np_slice api_version, np_slice name);
const np_kind *np_kind_of(int32_t id);
/* The i-th row, NULL past the last: for walking over all. */
const np_kind *np_kind_at(size_t i);

static inline bool np_field_is(const np_field *f, np_slice name)
{
    return f->name_n == name.n && np_same_bytes(f->name, name.p, name.n);
}
const np_field *np_table_find(const np_table *t, np_slice name);
/* As np_table_find, whatever the case of the letters: what Go's lenient decoder accepts. */
const np_field *np_table_find_folded(const np_table *t, np_slice name);
/* The nearest field name for "did you mean", or NULL. */
const char *np_table_near(const np_table *t, np_slice name);
/* The field inside which `name` would be known (ipBlock for cidr), or NULL. */
const np_field *np_table_owner(const np_table *t, np_slice name);
/* Whether two names differ in the case of ASCII letters only. */
bool np_same_folded(np_slice a, np_slice b);

/* RFC 3339 as Go parses it, and printed as the API does: in UTC, with seconds. False: no such time.
 * The zero time (year 1) is no time at all to the API: out[0] is then 0. */
enum { NP_TIME_ROOM = 24 };
bool np_time_normal(np_slice text, char out[NP_TIME_ROOM]);
/* One JSON value without the blanks between its tokens; `out` has room for text.n bytes. Returns
 * the length; 0: not one JSON value in UTF-8, or nested deeper than 64. */
size_t np_json_compact(np_slice text, char *out);
/* Whether a text is UTF-8 throughout. */
bool np_utf8_valid(np_slice text);

/* Maps and lists, which have a count beside the pointer. */
static inline bool np_field_counted(const np_field *f)
{
    return f->kind == NP_STRING_MAP || f->kind == NP_STRING_LIST || f->kind == NP_PLUCK_LIST ||
           f->kind == NP_STRUCT_LIST;
}
/* The field's slot in a struct. */
static inline const void *np_field_at(const np_field *f, const void *structure)
{
    return (const char *)structure + f->offset;
}
static inline size_t np_field_count(const np_field *f, const void *structure)
{
    size_t n;
    memcpy(&n, (const char *)structure + f->count, sizeof n);
    return n;
}

/* Meaning, not representation: NULL and empty are one thing where the API says so. The maps of both
 * are sorted, as in every tree of the library. NULL is a struct without fields. */
bool np_tree_equal(const np_table *t, const void *a, const void *b);
/* A deep copy into an arena, normalised as reading would (maps sorted, "" to NULL, NULL elements to
 * empty ones); header_version says which fields `from` has. NULL: no memory (arena->failed), or a
 * tree that cannot be copied (*why says so; static text). */
void *np_tree_copy(const np_table *t, const void *from, uint32_t header_version, np_arena *arena,
                   const char **why);
/* Bytes of a field's slot, without the count; 0 for groups. */
size_t np_field_size(const np_field *f);
/* Makes a field absent; of a group all fields. */
void np_field_clear(const np_field *f, void *structure);

/* No struct of a table is larger. */
enum { NP_STRUCT_MOST = 256 };

/* An empty struct of a table, with the empty structs in it that NP_REQUIRED_KEY asks for. */
void *np_tree_new(const np_table *t, np_arena *arena);
/* Makes those empty structs where the slots are still NULL; false: no memory. */
bool np_tree_complete(const np_table *t, void *structure, np_arena *arena);
/* Sorts labels by key bytes, stably. False: no memory for the sorting (arena->failed). */
bool np_labels_sort(netpol_label *at, size_t n, np_arena *scratch);

#endif
