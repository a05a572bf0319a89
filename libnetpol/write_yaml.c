/* SPDX-License-Identifier: MIT */
/* The structure of canonical YAML: block maps and lists, indented by two, dashes at the column of
 * their parent's keys. */
#include "text.h"
#include "write.h"

#define STEP 2
#define FEW_KEYS 16

static void put_text(np_yaml *y, const char *text)
{
    np_buffer_text(y->to, text);
    y->indention = false;
}

/* ---- maps with free keys ---- */

/* "key:", after which the value may begin. `indent` is that of the map. */
static void put_key(np_yaml *y, np_slice key, size_t indent)
{
    np_yaml_start(y, indent);
    if (np_yaml_simple_key(key)) {
        np_yaml_string(y, key, indent + STEP, true);
        put_text(y, ":");
        return;
    }
    np_buffer_text(y->to, "? ");
    np_yaml_string(y, key, indent + STEP, false);
    np_yaml_start(y, indent);
    np_buffer_char(y->to, ':'); /* the value may go on here, as it may after a dash */
}

static void put_string(np_yaml *y, np_slice s, size_t indent)
{
    np_buffer_char(y->to, ' ');
    np_yaml_string(y, s, indent, false);
}

/* The keys of one map, to be put in order: on the stack if they are few. */
typedef struct key_list {
    np_keyed few[2 * FEW_KEYS];
    np_keyed *at;
    size_t room;
} key_list;

/* Room for n keys and as many spare ones; at is NULL if there is no memory. */
static void keys_take(np_yaml *y, key_list *k, size_t n)
{
    k->room = 0;
    k->at = n <= FEW_KEYS ? k->few : NULL;
    if (!k->at && !np_grow(&y->to->alloc, (void **)&k->at, &k->room, 2 * n, sizeof *k->at))
        y->to->failed = true;
}

static void keys_give(np_yaml *y, key_list *k)
{
    if (k->room)
        np_release(&y->to->alloc, k->at, k->room * sizeof *k->at);
}

static void put_string_map(np_yaml *y, const netpol_label *labels, size_t n, size_t indent)
{
    key_list k;
    keys_take(y, &k, n);
    if (!k.at)
        return;
    for (size_t i = 0; i < n; i++)
        k.at[i] = (np_keyed){np_slice_of(labels[i].key), labels[i].value};
    np_natural_order(k.at, k.at + n, n);
    for (size_t i = 0; i < n; i++) {
        put_key(y, k.at[i].key, indent);
        put_string(y, np_slice_of(k.at[i].value), indent + STEP);
    }
    keys_give(y, &k);
}

/* ---- plain values ---- */

static void put_value(np_yaml *y, const np_value *v, size_t indent, bool in_map);

static void put_map(np_yaml *y, const np_value *v, size_t indent)
{
    key_list k;
    keys_take(y, &k, v->n);
    if (!k.at)
        return;
    for (size_t i = 0; i < v->n; i++)
        k.at[i] = (np_keyed){v->as.map[i].key, v->as.map[i].value};
    np_natural_order(k.at, k.at + v->n, v->n);
    for (size_t i = 0; i < v->n; i++) {
        put_key(y, k.at[i].key, indent);
        put_value(y, k.at[i].value, indent, true);
    }
    keys_give(y, &k);
}

static void put_list(np_yaml *y, const np_value *v, size_t indent)
{
    for (size_t i = 0; i < v->n; i++) {
        np_yaml_start(y, indent);
        np_buffer_char(y->to, '-');
        put_value(y, v->as.list[i], indent, false);
    }
}

static void put_scalar(np_yaml *y, const np_value *v)
{
    switch (v->type) {
    case NP_VALUE_NULL:
        np_buffer_text(y->to, "null");
        break;
    case NP_VALUE_BOOL:
        np_buffer_text(y->to, v->as.boolean ? "true" : "false");
        break;
    case NP_VALUE_INT:
        np_write_int(y->to, v->as.integer);
        break;
    case NP_VALUE_UINT:
        np_write_uint(y->to, v->as.natural);
        break;
    case NP_VALUE_FLOAT:
        np_write_yaml_float(y->to, v->as.real);
        break;
    case NP_VALUE_STRING:
    case NP_VALUE_LIST:
    case NP_VALUE_MAP:
        break;
    }
    y->indention = false;
}

/* `indent` is that of the map or list that the value stands in. */
static void put_value(np_yaml *y, const np_value *v, size_t indent, bool in_map)
{
    bool list = v->type == NP_VALUE_LIST;
    if (v->n == 0 && (list || v->type == NP_VALUE_MAP)) {
        put_text(y, list ? " []" : " {}");
    } else if (list) {
        put_list(y, v, in_map && !y->indention ? indent : indent + STEP);
    } else if (v->type == NP_VALUE_MAP) {
        put_map(y, v, indent + STEP);
    } else if (v->type == NP_VALUE_STRING) {
        put_string(y, v->as.text, indent + STEP);
    } else {
        np_buffer_char(y->to, ' ');
        put_scalar(y, v);
    }
}

/* A block that ends in U+2028 leaves the line without a line feed, which the next document needs;
 * a document end does not change what the block holds. */
static void end_document(np_yaml *y)
{
    np_yaml_start(y, 0);
    if (y->to->n && y->to->p[y->to->n - 1] != '\n')
        np_buffer_text(y->to, "...\n");
}

/* A root that is no map has nothing before it, not even a blank. */
void np_yaml_value_document(np_yaml *y, const np_value *v)
{
    y->indention = true;
    if (v->type == NP_VALUE_MAP && v->n)
        put_map(y, v, 0);
    else if (v->type == NP_VALUE_LIST && v->n)
        put_list(y, v, 0);
    else if (v->type == NP_VALUE_MAP || v->type == NP_VALUE_LIST)
        put_text(y, v->type == NP_VALUE_MAP ? "{}" : "[]");
    else if (v->type == NP_VALUE_STRING)
        np_yaml_string(y, v->as.text, STEP, false);
    else
        put_scalar(y, v);
    end_document(y);
}

/* ---- typed trees: as maps of which each key is a field's name ---- */

static bool put_fields(np_yaml *y, const np_table *t, const void *structure, size_t indent);

static void put_name(np_yaml *y, const char *name, size_t indent)
{
    np_yaml_start(y, indent);
    size_t n = strlen(name);
    if (!np_buffer_reserve(y->to, n + 1))
        return;
    memcpy(y->to->p + y->to->n, name, n);
    y->to->p[y->to->n + n] = ':';
    y->to->n += n + 1;
    y->indention = false;
}

/* `indent` is that of the map or list that the struct stands in. */
static void put_struct(np_yaml *y, const np_table *t, const void *structure, size_t indent)
{
    np_defaulted room;
    if (!structure)
        structure = np_empty_struct(t);
    if (y->flags & NETPOL_WRITE_DEFAULTS)
        structure = np_with_defaults(t, structure, &room);
    if (!put_fields(y, t, structure, indent + STEP))
        put_text(y, " {}");
}

static void put_dash(np_yaml *y, size_t indent)
{
    np_yaml_start(y, indent);
    np_buffer_char(y->to, '-');
}

static void put_structs(np_yaml *y, const np_field *f, const void *const *at, size_t n,
                        size_t indent)
{
    for (size_t i = 0; i < n; i++) {
        put_dash(y, indent);
        put_struct(y, f->sub, at[i], indent);
    }
}

static void put_strings(np_yaml *y, const np_field *f, const char *const *at, size_t n,
                        size_t indent)
{
    for (size_t i = 0; i < n; i++) {
        put_dash(y, indent);
        if (f->kind == NP_PLUCK_LIST) {
            put_name(y, f->pluck, indent + STEP);
            put_string(y, np_slice_of(at[i]), indent + 2 * STEP);
        } else {
            put_string(y, np_slice_of(at[i]), indent + STEP);
        }
    }
}

/* Any value, kept as JSON text. */
static void put_json(np_yaml *y, const char *text, size_t indent)
{
    np_arena arena;
    np_arena_init(&arena, &y->to->alloc, 1024);
    const np_value *v = np_json_text_read(&arena, np_slice_of(text));
    if (v)
        put_value(y, v, indent, true);
    else if (arena.failed)
        y->to->failed = true;
    else
        put_text(y, " null");
    np_arena_free(&arena);
}

static void put_number(np_yaml *y, int64_t number)
{
    np_buffer_char(y->to, ' ');
    np_write_int(y->to, number);
    y->indention = false;
}

static void put_int_or_string(np_yaml *y, const netpol_int_or_string *v, size_t indent)
{
    if (v->string)
        put_string(y, np_slice_of(v->string), indent);
    else
        put_number(y, v->number);
}

static bool is_empty(np_yaml *y, size_t n, const char *empty)
{
    if (n == 0)
        put_text(y, empty);
    return n == 0;
}

/* The value of a field after its name. `indent` is that of the struct's fields. */
static void put_field_value(np_yaml *y, const np_field *f, const void *structure, size_t indent)
{
    const void *p = np_field_is_pointer(f) ? np_field_pointer(f, structure) : NULL;
    size_t n = np_field_is_counted(f) ? np_field_count(f, structure) : 0;
    switch ((np_field_kind)f->kind) {
    case NP_STRING:
    case NP_STRING_SET:
    case NP_TIME:
        put_string(y, np_slice_of(p ? p : ""), indent + STEP);
        break;
    case NP_BOOL:
    case NP_BOOL_SET:
        put_text(y, np_field_number(f, structure) ? " true" : " false");
        break;
    case NP_INT32:
    case NP_INT32_SET:
    case NP_INT64:
    case NP_INT64_SET:
        put_number(y, np_field_number(f, structure));
        break;
    case NP_INT_OR_STRING:
        put_int_or_string(y, p, indent + STEP);
        break;
    case NP_STRING_MAP:
        if (!is_empty(y, n, " {}"))
            put_string_map(y, p, n, indent + STEP);
        break;
    case NP_STRING_LIST:
    case NP_PLUCK_LIST:
        if (!is_empty(y, n, " []"))
            put_strings(y, f, p, n, indent);
        break;
    case NP_STRUCT:
        put_struct(y, f->sub, p, indent);
        break;
    case NP_GROUP:
        put_struct(y, f->sub, structure, indent);
        break;
    case NP_STRUCT_LIST:
        if (!is_empty(y, n, " []"))
            put_structs(y, f, p, n, indent);
        break;
    case NP_JSON:
        put_json(y, p ? p : "null", indent);
        break;
    }
}

/* False: there was none to write. */
static bool put_fields(np_yaml *y, const np_table *t, const void *structure, size_t indent)
{
    bool any = false;
    for (size_t i = 0; i < t->n_fields; i++) {
        const np_field *f = &t->fields[t->sorted[i]];
        if (!np_field_written(f, structure, y->flags))
            continue;
        put_name(y, f->name, indent);
        put_field_value(y, f, structure, indent);
        any = true;
    }
    return any;
}

/* apiVersion and kind sort before every field of the kinds that are written. */
void np_yaml_document(np_yaml *y, const np_kind *kind, const void *tree)
{
    y->indention = true;
    put_name(y, "apiVersion", 0);
    put_string(y, np_slice_of(kind->api_version), STEP);
    put_name(y, "kind", 0);
    put_string(y, np_slice_of(kind->name), STEP);
    (void)put_fields(y, kind->table, tree, 0);
    end_document(y);
}
