/* SPDX-License-Identifier: MIT */
/* From Lua to C. Only raw access to tables is used, so that nothing runs or raises meanwhile. */
#include "values.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* An object needs about this much; what one level needs on Lua's stack. */
enum { FIRST_CHUNK = 2048, SLOTS = 6 };

static void read_fields(np_lua_reading *r, const np_table *t, void *structure, const np_path *path);

/* ---- complaints ---- */

static void complain(np_lua_reading *r, const np_path *path, int32_t code, const char *hint,
                     const char *message)
{
    np_diag(r->diags, code, &r->where, path, hint, "%s", message);
    r->wrong++;
}

/* The caller's program, not the input, is at fault. */
static void misuse(np_lua_reading *r, const np_path *path, int32_t code, const char *wanted)
{
    np_diag(r->diags, code, &r->where, path, NULL, "%s is wanted, not a %s", wanted,
            luaL_typename(r->L, -1));
    r->wrong++;
    r->misused++;
}

static void no_memory(np_lua_reading *r)
{
    r->arena->failed = true;
    r->wrong++;
}

/* ---- slots: the trees of a reading are its own, so what is const to readers may be written ----
 */

static void put(const np_field *f, void *structure, const void *value, size_t n)
{
    memcpy((char *)structure + f->offset, value, n);
}

static void put_list(const np_field *f, void *structure, const void *list, size_t n)
{
    memcpy((char *)structure + f->offset, &list, sizeof list);
    memcpy((char *)structure + f->count, &n, sizeof n);
}

/* A copy in the arena for a field that is a pointer. */
static void put_copy(np_lua_reading *r, const np_field *f, void *structure, const void *value,
                     size_t n, size_t align)
{
    void *copy = np_arena_alloc(r->arena, n, align);
    if (!copy) {
        no_memory(r);
        return;
    }
    memcpy(copy, value, n);
    put(f, structure, &copy, sizeof copy);
}

/* ---- single values; the value is at the top of the stack ---- */

static const char *text_at(np_lua_reading *r, int index, const np_path *path)
{
    if (lua_type(r->L, index) != LUA_TSTRING) {
        misuse(r, path, NP_CODE_NOT_A_STRING, "a string");
        return NULL;
    }
    size_t n;
    const char *text = lua_tolstring(r->L, index, &n);
    if (!memchr(text, '\0', n))
        return text;
    complain(r, path, NP_CODE_NUL_IN_STRING, NULL, "the string holds the character NUL");
    return NULL;
}

static void read_text(np_lua_reading *r, const np_field *f, void *structure, const np_path *path)
{
    const char *text = text_at(r, -1, path);
    put(f, structure, &text, sizeof text);
}

static void read_bool(np_lua_reading *r, const np_field *f, void *structure, const np_path *path)
{
    bool value = lua_toboolean(r->L, -1);
    if (!lua_isboolean(r->L, -1))
        misuse(r, path, NP_CODE_NOT_A_BOOL, "true or false");
    else if (f->kind == NP_BOOL)
        put(f, structure, &value, sizeof value);
    else
        put_copy(r, f, structure, &value, sizeof value, _Alignof(bool));
}

#if LUA_VERSION_NUM < 503
/* What np_lua_push_integer wrote as digits. */
static bool digits(lua_State *L, int index, int64_t *out)
{
    char *end;
    if (lua_type(L, index) != LUA_TSTRING)
        return false;
    const char *text = lua_tostring(L, index);
    *out = strtoll(text, &end, 10);
    return *end == '\0' && (*text == '-' || (*text >= '0' && *text <= '9')) && *out != INT64_MAX &&
           *out != INT64_MIN;
}
#endif

bool np_lua_integer(lua_State *L, int index, int64_t *out)
{
    if (lua_type(L, index) != LUA_TNUMBER)
        return false;
#if LUA_VERSION_NUM >= 503
    if (lua_isinteger(L, index)) {
        *out = (int64_t)lua_tointeger(L, index);
        return true;
    }
#endif
    double value = (double)lua_tonumber(L, index);
    if (!(value >= -0x1p63 && value < 0x1p63) || value != floor(value))
        return false;
    *out = (int64_t)value;
    return true;
}

static bool integer_at(np_lua_reading *r, const np_path *path, bool narrow, int64_t *out)
{
    bool is = np_lua_integer(r->L, -1, out);
#if LUA_VERSION_NUM < 503
    is = is || (!narrow && digits(r->L, -1, out));
#endif
    if (!is && lua_type(r->L, -1) == LUA_TNUMBER)
        complain(r, path, NP_CODE_NOT_AN_INTEGER, NULL, "the number is not whole, or too large");
    else if (!is)
        misuse(r, path, NP_CODE_NOT_AN_INTEGER, "a whole number");
    else if (narrow && (*out < INT32_MIN || *out > INT32_MAX))
        complain(r, path, NP_CODE_INTEGER_RANGE, NULL, "the number has more than 32 bits");
    return is && (!narrow || (*out >= INT32_MIN && *out <= INT32_MAX));
}

static void read_int32(np_lua_reading *r, const np_field *f, void *structure, const np_path *path)
{
    int64_t wide;
    if (!integer_at(r, path, true, &wide))
        return;
    int32_t value = (int32_t)wide;
    if (f->kind == NP_INT32)
        put(f, structure, &value, sizeof value);
    else
        put_copy(r, f, structure, &value, sizeof value, _Alignof(int32_t));
}

static void read_int64(np_lua_reading *r, const np_field *f, void *structure, const np_path *path)
{
    int64_t value;
    if (!integer_at(r, path, false, &value))
        return;
    if (f->kind == NP_INT64)
        put(f, structure, &value, sizeof value);
    else
        put_copy(r, f, structure, &value, sizeof value, _Alignof(int64_t));
}

static void read_int_or_string(np_lua_reading *r, const np_field *f, void *structure,
                               const np_path *path)
{
    netpol_int_or_string value = {NULL, 0};
    int64_t wide = 0;
    size_t before = r->wrong;
    if (lua_type(r->L, -1) == LUA_TSTRING)
        value.string = text_at(r, -1, path);
    else if (integer_at(r, path, true, &wide))
        value.number = (int32_t)wide;
    if (r->wrong == before)
        put_copy(r, f, structure, &value, sizeof value, _Alignof(netpol_int_or_string));
}

/* ---- maps, lists, structs ---- */

static bool is_table(np_lua_reading *r, const np_path *path, int32_t code)
{
    if (lua_istable(r->L, -1))
        return true;
    misuse(r, path, code, "a table");
    return false;
}

static size_t count_entries(lua_State *L)
{
    size_t n = 0;
    lua_pushnil(L);
    for (; lua_next(L, -2); lua_pop(L, 1))
        n++;
    return n;
}

static void read_label(np_lua_reading *r, netpol_label *label, const np_path *map)
{
    if (lua_type(r->L, -2) != LUA_TSTRING) {
        complain(r, map, NP_CODE_BAD_KEY, NULL, "a key is no string");
        return;
    }
    label->key = text_at(r, -2, map);
    np_path path = np_path_field(map, label->key ? label->key : "");
    label->value = text_at(r, -1, &path);
}

static void read_map(np_lua_reading *r, const np_field *f, void *structure, const np_path *path)
{
    if (!is_table(r, path, NP_CODE_NOT_A_MAP))
        return;
    size_t n = count_entries(r->L);
    netpol_label *labels = NP_NEW_ARRAY(r->arena, netpol_label, n + 1);
    if (!labels) {
        no_memory(r);
        return;
    }
    lua_pushnil(r->L);
    for (size_t i = 0; lua_next(r->L, -2); lua_pop(r->L, 1))
        read_label(r, &labels[i++], path);
    put_list(f, structure, labels, n);
}

/* The length of a list whose keys are 1, 2, … and nothing else. */
static bool list_length(np_lua_reading *r, const np_path *path, size_t *n)
{
    if (!is_table(r, path, NP_CODE_NOT_A_LIST))
        return false;
    *n = lua_rawlen(r->L, -1);
    if (*n <= INT32_MAX && count_entries(r->L) == *n)
        return true;
    complain(r, path, NP_CODE_NOT_A_LIST, NULL, "a list has the keys 1, 2, ... without holes");
    return false;
}

static const void *read_element(np_lua_reading *r, const np_field *f, const np_path *path)
{
    if (f->kind != NP_STRUCT_LIST)
        return text_at(r, -1, path);
    if (!is_table(r, path, NP_CODE_NOT_A_MAP))
        return NULL;
    void *element = np_tree_new(f->sub, r->arena);
    if (element)
        read_fields(r, f->sub, element, path);
    else
        no_memory(r);
    return element;
}

static void read_list(np_lua_reading *r, const np_field *f, void *structure, const np_path *path)
{
    size_t n;
    if (!list_length(r, path, &n))
        return;
    const void **list = NP_NEW_ARRAY(r->arena, const void *, n + 1);
    if (!list) {
        no_memory(r);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        np_path element = np_path_index(path, i);
        lua_rawgeti(r->L, -1, (int)i + 1);
        list[i] = read_element(r, f, &element);
        lua_pop(r->L, 1);
    }
    put_list(f, structure, list, n);
}

static void read_struct(np_lua_reading *r, const np_field *f, void *structure, const np_path *path)
{
    if (!is_table(r, path, NP_CODE_NOT_A_MAP))
        return;
    void *inside = np_tree_new(f->sub, r->arena);
    if (!inside) {
        no_memory(r);
        return;
    }
    read_fields(r, f->sub, inside, path);
    put(f, structure, &inside, sizeof inside);
}

static void read_field(np_lua_reading *r, const np_field *f, void *structure, const np_path *path)
{
    switch ((np_field_kind)f->kind) {
    case NP_STRING:
    case NP_STRING_SET:
    case NP_TIME:
    case NP_JSON:
        read_text(r, f, structure, path);
        break;
    case NP_BOOL:
    case NP_BOOL_SET:
        read_bool(r, f, structure, path);
        break;
    case NP_INT32:
    case NP_INT32_SET:
        read_int32(r, f, structure, path);
        break;
    case NP_INT64:
    case NP_INT64_SET:
        read_int64(r, f, structure, path);
        break;
    case NP_INT_OR_STRING:
        read_int_or_string(r, f, structure, path);
        break;
    case NP_STRING_MAP:
        read_map(r, f, structure, path);
        break;
    case NP_STRING_LIST:
    case NP_PLUCK_LIST:
    case NP_STRUCT_LIST:
        read_list(r, f, structure, path);
        break;
    case NP_STRUCT:
        read_struct(r, f, structure, path);
        break;
    case NP_GROUP:
        break;
    }
}

/* ---- the fields of a table ---- */

/* Reads the value at the top as the field of that name; false: there is none. */
static bool read_named(np_lua_reading *r, const np_table *t, void *structure, const np_path *path,
                       const char *name)
{
    for (size_t i = 0; i < t->n_fields; i++) {
        const np_field *f = &t->fields[i];
        np_path here = np_path_field(path, f->name);
        if (f->kind == NP_GROUP) {
            if (read_named(r, f->sub, structure, &here, name))
                return true;
        } else if (strcmp(f->c_name, name) == 0) {
            read_field(r, f, structure, &here);
            return true;
        }
    }
    return false;
}

/* The field that was meant: under the API's name, or a few letters away. */
static const char *meant(const np_table *t, np_slice name)
{
    const char *best = NULL;
    unsigned distance = 3;
    for (size_t i = 0; i < t->n_fields; i++) {
        const np_field *f = &t->fields[i];
        unsigned d = np_edit_distance(name, np_slice_of(f->c_name), 2);
        if (f->kind == NP_GROUP ? np_field_is(f, name) : np_same_folded(name, np_slice_of(f->name)))
            d = 0;
        const char *inner = f->kind == NP_GROUP ? meant(f->sub, name) : NULL;
        if (inner || (d < distance && f->kind != NP_GROUP)) {
            best = inner ? inner : f->c_name;
            distance = inner ? 2 : d;
        }
    }
    return best;
}

static void unknown(np_lua_reading *r, const np_table *t, const np_path *path)
{
    char hint[80];
    np_slice name = {"?", 1};
    if (lua_type(r->L, -2) == LUA_TSTRING)
        name.p = lua_tolstring(r->L, -2, &name.n);
    const char *near = meant(t, name);
    (void)snprintf(hint, sizeof hint, "did you mean \"%s\"?", near ? near : "");
    np_diag(r->diags, NP_CODE_UNKNOWN_FIELD, &r->where, path, near ? hint : NULL,
            "%s has no field \"%.*s\"", t->title, (int)(name.n < 60 ? name.n : 60), name.p);
    r->wrong++;
    r->misused++;
}

/* `kind` and `api_version` of an object stand beside its fields. */
static bool is_head(const np_path *path, const char *name)
{
    return !path && (strcmp(name, "kind") == 0 || strcmp(name, "api_version") == 0);
}

static void read_fields(np_lua_reading *r, const np_table *t, void *structure, const np_path *path)
{
    lua_State *L = r->L;
    if (!lua_checkstack(L, SLOTS)) {
        no_memory(r);
        return;
    }
    lua_pushnil(L);
    for (; lua_next(L, -2); lua_pop(L, 1)) {
        const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : NULL;
        if (!name || !read_named(r, t, structure, path, name))
            if (!name || !is_head(path, name))
                unknown(r, t, path);
    }
}

void np_lua_read_tree(np_lua_reading *r, int index, const np_table *t, void *structure)
{
    if (!lua_checkstack(r->L, SLOTS)) {
        no_memory(r);
        return;
    }
    lua_pushvalue(r->L, index);
    if (is_table(r, NULL, NP_CODE_NOT_A_MAP))
        read_fields(r, t, structure, NULL);
    lua_pop(r->L, 1);
}

/* ---- objects ---- */

/* A text beside the fields, or NULL; it stays alive in the table. */
static const char *head_text(np_lua_reading *r, int index, const char *key)
{
    lua_pushstring(r->L, key);
    lua_rawget(r->L, np_lua_absolute(r->L, index));
    np_path path = np_path_field(NULL, key);
    const char *text = lua_isnil(r->L, -1) ? NULL : text_at(r, -1, &path);
    lua_pop(r->L, 1);
    return text;
}

static const np_kind *find_kind(const char *api_version, const char *name)
{
    const np_kind *kind;
    for (size_t i = 0; (kind = np_kind_at(i)); i++)
        if (kind->table && strcmp(kind->name, name) == 0 &&
            (!api_version || strcmp(kind->api_version, api_version) == 0))
            return kind;
    return NULL;
}

static const np_kind *kind_at(np_lua_reading *r, int index)
{
    const char *api_version = head_text(r, index, "api_version");
    const char *name = head_text(r, index, "kind");
    const np_kind *kind = find_kind(api_version, name ? name : "NetworkPolicy");
    if (!kind && !r->wrong)
        complain(r, NULL, NP_CODE_KIND_WRONG, NULL,
                 "kind and api_version are not those of a kind that netpol knows");
    return kind;
}

/* "NetworkPolicy shop/web", for the diagnostics. */
static const char *title_of(np_lua_reading *r, const np_kind *kind, const void *tree)
{
    netpol_object shell = {.kind = kind, .kind_name = kind->name, .tree = tree};
    const np_field *f = np_table_find(kind->table, NP_SLICE("metadata"));
    if (f)
        memcpy(&shell.meta, np_field_at(f, tree), sizeof shell.meta);
    np_buffer b;
    np_buffer_init(&b, &r->arena->alloc);
    np_object_title(&b, &shell);
    const char *title = b.failed ? NULL : np_arena_text(r->arena, b.p, b.n);
    np_buffer_free(&b);
    return title;
}

/* Everything that is wrong is said once the object's name is known, so it is read twice if it is.
 */
static void *read_tree(np_lua_reading *r, int index, const np_kind *kind)
{
    void *tree = np_tree_new(kind->table, r->arena);
    if (!tree)
        return NULL;
    size_t first = netpol_diagnostics_count(r->diags);
    np_lua_read_tree(r, index, kind->table, tree);
    if (r->wrong && !r->arena->failed) {
        np_diag_truncate(r->diags, first);
        r->where.object = title_of(r, kind, tree);
        r->wrong = r->misused = 0;
        np_lua_read_tree(r, index, kind->table, tree);
    }
    return r->arena->failed ? NULL : tree;
}

netpol_status np_lua_read_object(lua_State *L, int index, netpol_object **out,
                                 netpol_diagnostics *diags)
{
    np_arena arena;
    np_arena_init(&arena, &np_libc_allocator, FIRST_CHUNK);
    np_lua_reading r = {.L = L, .arena = &arena, .diags = diags, .where = {.item = -1}};
    const np_kind *kind = kind_at(&r, index);
    void *tree = kind && !r.wrong ? read_tree(&r, index, kind) : NULL;
    netpol_status s = arena.failed ? NETPOL_NO_MEMORY : NETPOL_INVALID;
    if (tree && !r.wrong)
        s = np_object_from_tree(tree, kind, NETPOL_VERSION, NULL, out, diags);
    np_arena_free(&arena);
    return s;
}
