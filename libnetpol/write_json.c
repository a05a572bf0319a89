/* SPDX-License-Identifier: MIT */
/* Canonical JSON: compact, fields in the order of the Go structs, maps in byte order of their keys.
 */
#include "text.h"
#include "write.h"

/* ---- plain values ---- */

static void put_map(np_buffer *b, const np_value *v)
{
    np_buffer_char(b, '{');
    for (size_t i = 0; i < v->n; i++) {
        if (i)
            np_buffer_char(b, ',');
        np_buffer_json(b, v->as.map[i].key);
        np_buffer_char(b, ':');
        np_json_value(b, v->as.map[i].value);
    }
    np_buffer_char(b, '}');
}

static void put_list(np_buffer *b, const np_value *v)
{
    np_buffer_char(b, '[');
    for (size_t i = 0; i < v->n; i++) {
        if (i)
            np_buffer_char(b, ',');
        np_json_value(b, v->as.list[i]);
    }
    np_buffer_char(b, ']');
}

static void put_float(np_buffer *b, double value)
{
    char text[40];
    np_buffer_add(b, text, np_float_text(value, text));
}

void np_json_value(np_buffer *b, const np_value *v)
{
    switch (v->type) {
    case NP_VALUE_NULL:
        np_buffer_text(b, "null");
        break;
    case NP_VALUE_BOOL:
        np_buffer_text(b, v->as.boolean ? "true" : "false");
        break;
    case NP_VALUE_INT:
        np_write_int(b, v->as.integer);
        break;
    case NP_VALUE_UINT:
        np_write_uint(b, v->as.natural);
        break;
    case NP_VALUE_FLOAT:
        put_float(b, v->as.real);
        break;
    case NP_VALUE_STRING:
        np_buffer_json(b, v->as.text);
        break;
    case NP_VALUE_LIST:
        put_list(b, v);
        break;
    case NP_VALUE_MAP:
        put_map(b, v);
        break;
    }
}

/* ---- typed trees ---- */

/* Beside NETPOL_WRITE_…: fields in byte order of their names. */
#define SORTED (1u << 31)

static void put_fields(np_buffer *b, const np_table *t, const void *structure, uint32_t flags,
                       bool more);

static void put_string(np_buffer *b, const char *text)
{
    np_buffer_json(b, np_slice_of(text ? text : ""));
}

static void put_name(np_buffer *b, const char *name)
{
    np_buffer_char(b, '"');
    np_buffer_text(b, name);
    np_buffer_text(b, "\":");
}

static void put_struct(np_buffer *b, const np_table *t, const void *structure, uint32_t flags)
{
    np_defaulted room;
    if (!structure)
        structure = np_empty_struct(t);
    if (flags & NETPOL_WRITE_DEFAULTS)
        structure = np_with_defaults(t, structure, &room);
    np_buffer_char(b, '{');
    put_fields(b, t, structure, flags, false);
    np_buffer_char(b, '}');
}

static void put_structs(np_buffer *b, const np_field *f, const void *const *at, size_t n,
                        uint32_t flags)
{
    np_buffer_char(b, '[');
    for (size_t i = 0; i < n; i++) {
        if (i)
            np_buffer_char(b, ',');
        put_struct(b, f->sub, at[i], flags);
    }
    np_buffer_char(b, ']');
}

static void put_strings(np_buffer *b, const np_field *f, const char *const *at, size_t n)
{
    np_buffer_char(b, '[');
    for (size_t i = 0; i < n; i++) {
        if (i)
            np_buffer_char(b, ',');
        if (f->kind == NP_PLUCK_LIST) {
            np_buffer_char(b, '{');
            put_name(b, f->pluck);
        }
        put_string(b, at[i]);
        if (f->kind == NP_PLUCK_LIST)
            np_buffer_char(b, '}');
    }
    np_buffer_char(b, ']');
}

static void put_string_map(np_buffer *b, const netpol_label *labels, size_t n)
{
    np_buffer_char(b, '{');
    for (size_t i = 0; i < n; i++) {
        if (i)
            np_buffer_char(b, ',');
        put_string(b, labels[i].key);
        np_buffer_char(b, ':');
        put_string(b, labels[i].value);
    }
    np_buffer_char(b, '}');
}

static void put_int_or_string(np_buffer *b, const netpol_int_or_string *v)
{
    if (v->string)
        put_string(b, v->string);
    else
        np_write_int(b, v->number);
}

static void put_value(np_buffer *b, const np_field *f, const void *structure, uint32_t flags)
{
    const void *p = np_field_is_pointer(f) ? np_field_pointer(f, structure) : NULL;
    switch ((np_field_kind)f->kind) {
    case NP_STRING:
    case NP_STRING_SET:
    case NP_TIME:
        put_string(b, p);
        break;
    case NP_BOOL:
    case NP_BOOL_SET:
        np_buffer_text(b, np_field_number(f, structure) ? "true" : "false");
        break;
    case NP_INT32:
    case NP_INT32_SET:
    case NP_INT64:
    case NP_INT64_SET:
        np_write_int(b, np_field_number(f, structure));
        break;
    case NP_INT_OR_STRING:
        put_int_or_string(b, p);
        break;
    case NP_STRING_MAP:
        put_string_map(b, p, np_field_count(f, structure));
        break;
    case NP_STRING_LIST:
    case NP_PLUCK_LIST:
        put_strings(b, f, p, np_field_count(f, structure));
        break;
    case NP_STRUCT:
        put_struct(b, f->sub, p, flags);
        break;
    case NP_GROUP:
        put_struct(b, f->sub, structure, flags);
        break;
    case NP_STRUCT_LIST:
        put_structs(b, f, p, np_field_count(f, structure), flags);
        break;
    case NP_JSON:
        np_buffer_text(b, p ? p : "null");
        break;
    }
}

static void put_fields(np_buffer *b, const np_table *t, const void *structure, uint32_t flags,
                       bool more)
{
    for (size_t i = 0; i < t->n_fields; i++) {
        const np_field *f = &t->fields[flags & SORTED ? t->sorted[i] : i];
        if (!np_field_written(f, structure, flags))
            continue;
        if (more)
            np_buffer_char(b, ',');
        put_name(b, f->name);
        put_value(b, f, structure, flags);
        more = true;
    }
}

void np_json_document(np_buffer *b, const np_kind *kind, const void *tree, uint32_t flags)
{
    const char *const keys[] = {"kind", "apiVersion"};
    const char *const values[] = {kind->name, kind->api_version};
    np_buffer_char(b, '{');
    put_name(b, keys[kind->crd]);
    put_string(b, values[kind->crd]);
    np_buffer_char(b, ',');
    put_name(b, keys[!kind->crd]);
    put_string(b, values[!kind->crd]);
    put_fields(b, kind->table, tree, kind->crd ? flags | SORTED : flags, true);
    np_buffer_text(b, "}\n");
}
