/* SPDX-License-Identifier: MIT */
/* Trees of structs, walked by their tables: equality, copies, empty structs. */
#include "table.h"

static const void *load_pointer(const void *slot)
{
    const void *p;
    memcpy(&p, slot, sizeof p);
    return p;
}

static const void *pointer_at(const np_field *f, const void *structure)
{
    return load_pointer(np_field_at(f, structure));
}

static void put_pointer(const np_field *f, void *structure, const void *p)
{
    memcpy((char *)structure + f->offset, &p, sizeof p);
}

static void put_list(const np_field *f, void *structure, const void *p, size_t n)
{
    put_pointer(f, structure, p);
    memcpy((char *)structure + f->count, &n, sizeof n);
}

size_t np_field_size(const np_field *f)
{
    switch ((np_field_kind)f->kind) {
    case NP_BOOL:
        return sizeof(bool);
    case NP_INT32:
        return sizeof(int32_t);
    case NP_INT64:
        return sizeof(int64_t);
    case NP_GROUP:
        return 0;
    case NP_STRING:
    case NP_STRING_SET:
    case NP_BOOL_SET:
    case NP_INT32_SET:
    case NP_INT64_SET:
    case NP_TIME:
    case NP_INT_OR_STRING:
    case NP_STRING_MAP:
    case NP_STRING_LIST:
    case NP_PLUCK_LIST:
    case NP_STRUCT:
    case NP_STRUCT_LIST:
    case NP_JSON:
        break;
    }
    return sizeof(void *);
}

void np_field_clear(const np_field *f, void *structure)
{
    if (f->kind == NP_GROUP)
        for (size_t i = 0; i < f->sub->n_fields; i++)
            np_field_clear(&f->sub->fields[i], structure);
    memset((char *)structure + f->offset, 0, np_field_size(f));
    if (np_field_counted(f))
        memset((char *)structure + f->count, 0, sizeof(size_t));
}

/* ---- equality ---- */

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* "" and NULL are one thing, as Go prints neither. */
static bool same_string(const char *a, const char *b)
{
    return same_text(a && *a ? a : NULL, b && *b ? b : NULL);
}

static bool same_number(const np_field *f, const void *a, const void *b)
{
    size_t size = f->kind == NP_BOOL || f->kind == NP_BOOL_SET     ? sizeof(bool)
                  : f->kind == NP_INT32 || f->kind == NP_INT32_SET ? sizeof(int32_t)
                                                                   : sizeof(int64_t);
    return a == b || (a && b && memcmp(a, b, size) == 0);
}

static bool same_port(const netpol_int_or_string *a, const netpol_int_or_string *b)
{
    if (!a || !b)
        return a == b;
    return same_text(a->string, b->string) && (a->string || a->number == b->number);
}

static bool same_labels(const netpol_label *a, const netpol_label *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(a[i].key, b[i].key) != 0 || !same_string(a[i].value, b[i].value))
            return false;
    return true;
}

static bool same_strings(const char *const *a, const char *const *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!same_string(a[i], b[i]))
            return false;
    return true;
}

static bool same_structs(const np_table *t, const void *const *a, const void *const *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!np_tree_equal(t, a[i], b[i]))
            return false;
    return true;
}

static bool same_counted(const np_field *f, const void *a, const void *b)
{
    size_t n = np_field_count(f, a);
    const void *one = pointer_at(f, a);
    const void *other = pointer_at(f, b);
    if (n != np_field_count(f, b))
        return false;
    if (f->kind == NP_STRING_MAP)
        return same_labels(one, other, n);
    return f->kind == NP_STRUCT_LIST ? same_structs(f->sub, one, other, n)
                                     : same_strings(one, other, n);
}

static bool same_field(const np_field *f, const void *a, const void *b)
{
    switch ((np_field_kind)f->kind) {
    case NP_STRING:
    case NP_TIME:
    case NP_JSON:
        return same_string(pointer_at(f, a), pointer_at(f, b));
    case NP_STRING_SET:
        return same_text(pointer_at(f, a), pointer_at(f, b));
    case NP_BOOL:
    case NP_INT32:
    case NP_INT64:
        return same_number(f, np_field_at(f, a), np_field_at(f, b));
    case NP_BOOL_SET:
    case NP_INT32_SET:
    case NP_INT64_SET:
        return same_number(f, pointer_at(f, a), pointer_at(f, b));
    case NP_INT_OR_STRING:
        return same_port(pointer_at(f, a), pointer_at(f, b));
    case NP_STRING_MAP:
    case NP_STRING_LIST:
    case NP_PLUCK_LIST:
    case NP_STRUCT_LIST:
        return same_counted(f, a, b);
    case NP_GROUP:
        return np_tree_equal(f->sub, a, b);
    case NP_STRUCT: {
        const void *one = pointer_at(f, a);
        const void *other = pointer_at(f, b);
        bool presence_matters = !(f->flags & NP_REQUIRED_KEY);
        return presence_matters && (!one || !other) ? one == other
                                                    : np_tree_equal(f->sub, one, other);
    }
    }
    return false;
}

/* What a NULL struct is read from; a test checks that no table's struct is larger. */
static const uint64_t no_fields[NP_STRUCT_MOST / sizeof(uint64_t)];

bool np_tree_equal(const np_table *t, const void *a, const void *b)
{
    if (a == b)
        return true;
    a = a ? a : no_fields;
    b = b ? b : no_fields;
    for (size_t i = 0; i < t->n_fields; i++)
        if (!same_field(&t->fields[i], a, b))
            return false;
    return true;
}

/* ---- empty structs ---- */

bool np_tree_complete(const np_table *t, void *structure, np_arena *arena)
{
    for (size_t i = 0; i < t->n_fields; i++) {
        const np_field *f = &t->fields[i];
        if (!(f->flags & NP_REQUIRED_KEY))
            continue;
        if (f->kind == NP_GROUP && !np_tree_complete(f->sub, structure, arena))
            return false;
        if (f->kind == NP_GROUP || pointer_at(f, structure))
            continue;
        void *made = np_tree_new(f->sub, arena);
        if (!made)
            return false;
        put_pointer(f, structure, made);
    }
    return true;
}

void *np_tree_new(const np_table *t, np_arena *arena)
{
    void *made = np_arena_zero(arena, t->size, _Alignof(uint64_t));
    return made && np_tree_complete(t, made, arena) ? made : NULL;
}

/* ---- labels ---- */

static bool sorted_already(const netpol_label *at, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (strcmp(at[i - 1].key, at[i].key) > 0)
            return false;
    return true;
}

static void sort_few(netpol_label *at, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        netpol_label moved = at[i];
        size_t to = i;
        for (; to > 0 && strcmp(at[to - 1].key, moved.key) > 0; to--)
            at[to] = at[to - 1];
        at[to] = moved;
    }
}

/* Merges the sorted halves of `from` into `to`. */
static void merge(const netpol_label *from, size_t half, size_t n, netpol_label *to)
{
    size_t i = 0;
    size_t j = half;
    for (size_t k = 0; k < n; k++) {
        bool first = j == n || (i < half && strcmp(from[i].key, from[j].key) <= 0);
        to[k] = first ? from[i++] : from[j++];
    }
}

enum { FEW_LABELS = 16 };

static void sort_many(netpol_label *at, size_t n, netpol_label *spare)
{
    if (n <= FEW_LABELS) {
        sort_few(at, n);
        return;
    }
    size_t half = n / 2;
    sort_many(at, half, spare);
    sort_many(at + half, n - half, spare);
    memcpy(spare, at, n * sizeof *at);
    merge(spare, half, n, at);
}

bool np_labels_sort(netpol_label *at, size_t n, np_arena *scratch)
{
    if (sorted_already(at, n))
        return true;
    netpol_label *spare = NULL;
    if (n > FEW_LABELS && !(spare = NP_NEW_ARRAY(scratch, netpol_label, n)))
        return false;
    sort_many(at, n, spare);
    return true;
}

/* ---- copies ---- */

typedef struct copier {
    np_arena *arena;
    uint32_t version;
    const char **why;
} copier;

static void *refuse(const copier *c, const char *why)
{
    *c->why = why;
    return NULL;
}

/* NULL: no memory, or not text (said). */
static const char *copy_text(const copier *c, const char *text)
{
    np_slice s = np_slice_of(text);
    if (!np_utf8_valid(s))
        return refuse(c, "a string is not valid UTF-8");
    return np_arena_text(c->arena, s.p, s.n);
}

static const char *copy_time(const copier *c, const char *text)
{
    char normal[NP_TIME_ROOM];
    if (!np_time_normal(np_slice_of(text), normal))
        return refuse(c, "a time is not in the form of RFC 3339, 2006-01-02T15:04:05Z");
    return np_arena_text(c->arena, normal, strlen(normal));
}

static const char *copy_json(const copier *c, const char *text)
{
    np_slice s = np_slice_of(text);
    char *made = np_arena_alloc(c->arena, s.n + 1, 1);
    size_t n = made ? np_json_compact(s, made) : 0;
    if (!made)
        return NULL;
    made[n] = '\0';
    return n ? made : refuse(c, "managedFields.fieldsV1 is not JSON");
}

static const char *copy_string(const copier *c, const np_field *f, const char *text)
{
    if (f->kind == NP_TIME)
        return copy_time(c, text);
    return f->kind == NP_JSON ? copy_json(c, text) : copy_text(c, text);
}

static bool copy_string_field(const copier *c, const np_field *f, const void *from, void *to)
{
    const char *text = pointer_at(f, from);
    if (!text || (!*text && f->kind != NP_STRING_SET))
        return true;
    const char *made = copy_string(c, f, text);
    if (!made)
        return false;
    put_pointer(f, to, *made || f->kind == NP_STRING_SET ? made : NULL);
    return true;
}

static size_t number_size(const np_field *f)
{
    switch (f->kind) {
    case NP_BOOL:
    case NP_BOOL_SET:
        return sizeof(bool);
    case NP_INT32:
    case NP_INT32_SET:
        return sizeof(int32_t);
    default:
        return sizeof(int64_t);
    }
}

static bool copy_set_number(const copier *c, const np_field *f, const void *from, void *to)
{
    const void *value = pointer_at(f, from);
    if (!value)
        return true;
    void *made = np_arena_alloc(c->arena, number_size(f), number_size(f));
    if (made)
        put_pointer(f, to, memcpy(made, value, number_size(f)));
    return made != NULL;
}

static bool copy_port(const copier *c, const np_field *f, const void *from, void *to)
{
    const netpol_int_or_string *value = pointer_at(f, from);
    if (!value)
        return true;
    netpol_int_or_string *made = NP_NEW(c->arena, netpol_int_or_string);
    if (!made)
        return false;
    if (value->string)
        made->string = copy_text(c, value->string);
    else
        made->number = value->number;
    put_pointer(f, to, made);
    return !value->string || made->string;
}

static const netpol_label *copy_labels(const copier *c, const netpol_label *from, size_t n)
{
    netpol_label *made = NP_NEW_ARRAY(c->arena, netpol_label, n);
    for (size_t i = 0; made && i < n; i++) {
        if (!from[i].key)
            return refuse(c, "a label has no key");
        made[i].key = copy_text(c, from[i].key);
        made[i].value = copy_text(c, from[i].value ? from[i].value : "");
        if (!made[i].key || !made[i].value)
            return NULL;
    }
    if (!made || !np_labels_sort(made, n, c->arena))
        return NULL;
    for (size_t i = 1; i < n; i++)
        if (strcmp(made[i - 1].key, made[i].key) == 0)
            return refuse(c, "a label key is there twice");
    return made;
}

static const void *copy_strings(const copier *c, const char *const *from, size_t n)
{
    const char **made = NP_NEW_ARRAY(c->arena, const char *, n);
    for (size_t i = 0; made && i < n; i++) {
        made[i] = copy_text(c, from[i] ? from[i] : "");
        if (!made[i])
            return NULL;
    }
    return made;
}

static void *copy_struct(const copier *c, const np_table *t, const void *from);

static const void *copy_structs(const copier *c, const np_table *t, const void *const *from,
                                size_t n)
{
    const void **made = NP_NEW_ARRAY(c->arena, const void *, n);
    for (size_t i = 0; made && i < n; i++) {
        made[i] = copy_struct(c, t, from[i] ? from[i] : no_fields);
        if (!made[i])
            return NULL;
    }
    return made;
}

/* An empty list that is there (a pointer, but no elements) stays so: see model.h. */
static bool copy_counted(const copier *c, const np_field *f, const void *from, void *to)
{
    const void *list = pointer_at(f, from);
    size_t n = np_field_count(f, from);
    if (!list) {
        *c->why = n ? "a list has a count but no elements" : NULL;
        return n == 0;
    }
    const void *made = no_fields;
    if (n && f->kind == NP_STRING_MAP)
        made = copy_labels(c, list, n);
    else if (n && f->kind == NP_STRUCT_LIST)
        made = copy_structs(c, f->sub, list, n);
    else if (n)
        made = copy_strings(c, list, n);
    put_list(f, to, made, made ? n : 0);
    return made != NULL;
}

static bool copy_fields(const copier *c, const np_table *t, const void *from, void *to);

static bool copy_field(const copier *c, const np_field *f, const void *from, void *to)
{
    switch ((np_field_kind)f->kind) {
    case NP_STRING:
    case NP_STRING_SET:
    case NP_TIME:
    case NP_JSON:
        return copy_string_field(c, f, from, to);
    case NP_BOOL:
    case NP_INT32:
    case NP_INT64:
        memcpy((char *)to + f->offset, np_field_at(f, from), number_size(f));
        return true;
    case NP_BOOL_SET:
    case NP_INT32_SET:
    case NP_INT64_SET:
        return copy_set_number(c, f, from, to);
    case NP_INT_OR_STRING:
        return copy_port(c, f, from, to);
    case NP_STRING_MAP:
    case NP_STRING_LIST:
    case NP_PLUCK_LIST:
    case NP_STRUCT_LIST:
        return copy_counted(c, f, from, to);
    case NP_GROUP:
        return copy_fields(c, f->sub, from, to);
    case NP_STRUCT: {
        const void *value = pointer_at(f, from);
        void *made = value ? copy_struct(c, f->sub, value) : NULL;
        put_pointer(f, to, made);
        return made || !value;
    }
    }
    return false;
}

static bool copy_fields(const copier *c, const np_table *t, const void *from, void *to)
{
    for (size_t i = 0; i < t->n_fields; i++)
        if (t->fields[i].since <= c->version && !copy_field(c, &t->fields[i], from, to))
            return false;
    return np_tree_complete(t, to, c->arena);
}

static void *copy_struct(const copier *c, const np_table *t, const void *from)
{
    void *made = np_arena_zero(c->arena, t->size, _Alignof(uint64_t));
    return made && copy_fields(c, t, from, made) ? made : NULL;
}

void *np_tree_copy(const np_table *t, const void *from, uint32_t header_version, np_arena *arena,
                   const char **why)
{
    *why = NULL;
    return copy_struct(&(copier){arena, header_version, why}, t, from);
}
