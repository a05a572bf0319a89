/* SPDX-License-Identifier: MIT */
/* From C to Lua. */
#include "values.h"

#include <inttypes.h>
#include <stdio.h>

/* What one level of a table needs on Lua's stack. */
enum { SLOTS = 6 };

void np_lua_push_null(lua_State *L)
{
    lua_pushlightuserdata(L, NULL);
}

void np_lua_push_integer(lua_State *L, int64_t value)
{
#if LUA_VERSION_NUM < 503
    const int64_t exact = INT64_C(1) << 53;
    if (value > exact || value < -exact) {
        char digits[24];
        (void)snprintf(digits, sizeof digits, "%" PRId64, value);
        lua_pushstring(L, digits);
    } else {
        lua_pushnumber(L, (lua_Number)value);
    }
#else
    lua_pushinteger(L, (lua_Integer)value);
#endif
}

/* ---- one field: pushes its value; false: it is absent, and nothing is pushed ---- */

static const void *pointer_in(const np_field *f, const void *structure)
{
    const void *p;
    memcpy(&p, np_field_at(f, structure), sizeof p);
    return p;
}

static bool push_text(lua_State *L, const char *text)
{
    if (text)
        lua_pushstring(L, text);
    return text != NULL;
}

static bool push_bool(lua_State *L, const bool *value, bool always)
{
    if (value && (*value || always))
        lua_pushboolean(L, *value);
    return value && (*value || always);
}

/* A number that is not a pointer is absent when it is 0, as it is in the API's JSON. */
static bool push_number(lua_State *L, int64_t value, bool always)
{
    if (value || always)
        np_lua_push_integer(L, value);
    return value || always;
}

static bool push_int32(lua_State *L, const int32_t *value, bool always)
{
    return value && push_number(L, *value, always);
}

static bool push_int64(lua_State *L, const int64_t *value, bool always)
{
    return value && push_number(L, *value, always);
}

static bool push_int_or_string(lua_State *L, const netpol_int_or_string *value)
{
    if (!value)
        return false;
    return value->string ? push_text(L, value->string) : push_number(L, value->number, true);
}

static void push_labels(lua_State *L, const netpol_label *labels, size_t n)
{
    lua_createtable(L, 0, (int)n);
    for (size_t i = 0; i < n; i++) {
        lua_pushstring(L, labels[i].key);
        lua_pushstring(L, labels[i].value);
        lua_rawset(L, -3);
    }
}

static void push_texts(lua_State *L, const char *const *texts, size_t n)
{
    lua_createtable(L, (int)n, 0);
    for (size_t i = 0; i < n; i++) {
        lua_pushstring(L, texts[i]);
        lua_rawseti(L, -2, (int)i + 1);
    }
}

static void push_trees(lua_State *L, const np_table *t, const void *const *trees, size_t n)
{
    lua_createtable(L, (int)n, 0);
    for (size_t i = 0; i < n; i++) {
        np_lua_push_tree(L, t, trees[i]);
        lua_rawseti(L, -2, (int)i + 1);
    }
}

static bool push_counted(lua_State *L, const np_field *f, const void *structure)
{
    const void *at = pointer_in(f, structure);
    size_t n = np_field_count(f, structure);
    if (!at && !n)
        return false;
    if (f->kind == NP_STRING_MAP)
        push_labels(L, at, n);
    else if (f->kind == NP_STRUCT_LIST)
        push_trees(L, f->sub, at, n);
    else
        push_texts(L, at, n);
    return true;
}

static bool push_struct(lua_State *L, const np_table *t, const void *structure)
{
    if (structure)
        np_lua_push_tree(L, t, structure);
    return structure != NULL;
}

static bool push_field(lua_State *L, const np_field *f, const void *structure)
{
    const void *at = np_field_at(f, structure);
    bool always = f->flags & NP_ALWAYS;
    switch ((np_field_kind)f->kind) {
    case NP_STRING:
    case NP_STRING_SET:
    case NP_TIME:
    case NP_JSON:
        return push_text(L, pointer_in(f, structure));
    case NP_BOOL:
        return push_bool(L, at, always);
    case NP_BOOL_SET:
        return push_bool(L, pointer_in(f, structure), true);
    case NP_INT32:
        return push_int32(L, at, always);
    case NP_INT32_SET:
        return push_int32(L, pointer_in(f, structure), true);
    case NP_INT64:
        return push_int64(L, at, always);
    case NP_INT64_SET:
        return push_int64(L, pointer_in(f, structure), true);
    case NP_INT_OR_STRING:
        return push_int_or_string(L, pointer_in(f, structure));
    case NP_STRING_MAP:
    case NP_STRING_LIST:
    case NP_PLUCK_LIST:
    case NP_STRUCT_LIST:
        return push_counted(L, f, structure);
    case NP_STRUCT:
        return push_struct(L, f->sub, pointer_in(f, structure));
    case NP_GROUP:
        break;
    }
    return false;
}

/* ---- structs and objects ---- */

/* The fields of a group lie in the struct itself, so they go into the same table. */
static void set_fields(lua_State *L, const np_table *t, const void *structure)
{
    for (size_t i = 0; i < t->n_fields; i++) {
        const np_field *f = &t->fields[i];
        if (f->kind == NP_GROUP)
            set_fields(L, f->sub, structure);
        else if (push_field(L, f, structure))
            lua_setfield(L, -2, f->c_name);
    }
}

void np_lua_push_tree(lua_State *L, const np_table *t, const void *structure)
{
    luaL_checkstack(L, SLOTS, "a deep object");
    lua_createtable(L, 0, (int)t->n_fields);
    set_fields(L, t, structure);
}

void np_lua_push_object(lua_State *L, const netpol_object *x)
{
    if (x->tree)
        np_lua_push_tree(L, x->kind->table, x->tree);
    else
        np_lua_push_value(L, x->value);
    lua_pushstring(L, x->api_version);
    lua_setfield(L, -2, "api_version");
    lua_pushstring(L, x->kind_name);
    lua_setfield(L, -2, "kind");
}

/* ---- plain values ---- */

static void push_list(lua_State *L, const np_value *v)
{
    lua_createtable(L, (int)v->n, 0);
    for (size_t i = 0; i < v->n; i++) {
        np_lua_push_value(L, v->as.list[i]);
        lua_rawseti(L, -2, (int)i + 1);
    }
}

/* What is null is nil; only lists need a word for it, to have no holes. */
static void push_map(lua_State *L, const np_value *v)
{
    lua_createtable(L, 0, (int)v->n);
    for (size_t i = 0; i < v->n; i++) {
        if (v->as.map[i].value->type == NP_VALUE_NULL)
            continue;
        lua_pushlstring(L, v->as.map[i].key.p, v->as.map[i].key.n);
        np_lua_push_value(L, v->as.map[i].value);
        lua_rawset(L, -3);
    }
}

void np_lua_push_value(lua_State *L, const np_value *v)
{
    luaL_checkstack(L, SLOTS, "a deep value");
    switch (v->type) {
    case NP_VALUE_NULL:
        np_lua_push_null(L);
        break;
    case NP_VALUE_BOOL:
        lua_pushboolean(L, v->as.boolean);
        break;
    case NP_VALUE_INT:
        np_lua_push_integer(L, v->as.integer);
        break;
    case NP_VALUE_UINT:
        lua_pushnumber(L, (lua_Number)v->as.natural);
        break;
    case NP_VALUE_FLOAT:
        lua_pushnumber(L, (lua_Number)v->as.real);
        break;
    case NP_VALUE_STRING:
        lua_pushlstring(L, v->as.text.p, v->as.text.n);
        break;
    case NP_VALUE_LIST:
        push_list(L, v);
        break;
    case NP_VALUE_MAP:
        push_map(L, v);
        break;
    }
}
