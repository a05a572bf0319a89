/* SPDX-License-Identifier: MIT */
#include "calls.h"

#include "manifests.h"
#include "values.h"

#include <stddef.h>
#include <stdlib.h>

enum { FIRST_CHUNK = 512 };

/* ---- what Lua gives back ---- */

typedef struct kept {
    void *p;
    void (*release)(void *);
} kept;

static int release_kept(lua_State *L)
{
    kept *k = lua_touserdata(L, 1);
    if (k->p)
        k->release(k->p);
    k->p = NULL;
    return 0;
}

void **np_lua_keep(lua_State *L, void (*release)(void *))
{
    kept *k = lua_newuserdata(L, sizeof *k);
    *k = (kept){NULL, release};
    if (luaL_newmetatable(L, "netpol.kept")) {
        lua_pushcfunction(L, release_kept);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    return &k->p;
}

/* ---- diagnostics ---- */

static void set_text(lua_State *L, const char *key, const char *text)
{
    if (!text)
        return;
    lua_pushstring(L, text);
    lua_setfield(L, -2, key);
}

static void set_number(lua_State *L, const char *key, int64_t value)
{
    np_lua_push_integer(L, value);
    lua_setfield(L, -2, key);
}

static void push_diagnostic(lua_State *L, const netpol_diagnostic *d)
{
    lua_createtable(L, 0, 8);
    set_text(L, "severity", np_severity_name(d->severity));
    set_text(L, "stage", np_stage_name(d->stage));
    set_text(L, "code", netpol_code_name(d->code));
    set_text(L, "message", d->message);
    set_text(L, "hint", d->hint);
    set_text(L, "source", d->source);
    set_text(L, "path", d->path);
    set_text(L, "object", d->object);
    if (d->line)
        set_number(L, "line", d->line);
    if (d->line && d->column)
        set_number(L, "column", d->column);
}

void np_lua_push_diagnostics(lua_State *L, const netpol_diagnostics *list)
{
    size_t n = netpol_diagnostics_count(list);
    lua_createtable(L, (int)n, 0);
    for (size_t i = 0; i < n; i++) {
        push_diagnostic(L, netpol_diagnostics_at(list, i));
        lua_rawseti(L, -2, (int)i + 1);
    }
}

static const netpol_diagnostic *first_error(const netpol_diagnostics *list)
{
    for (size_t i = 0; i < netpol_diagnostics_count(list); i++)
        if (netpol_diagnostics_at(list, i)->severity == NETPOL_ERROR)
            return netpol_diagnostics_at(list, i);
    return NULL;
}

void np_lua_push_message(lua_State *L, netpol_status status, const netpol_diagnostics *list)
{
    const netpol_diagnostic *d = first_error(list);
    if (!d)
        lua_pushfstring(L, "netpol: %s", netpol_status_name(status));
    else if (d->source && d->line)
        lua_pushfstring(L, "%s:%d:%d: %s", d->source, (int)d->line, (int)d->column, d->message);
    else if (d->source)
        lua_pushfstring(L, "%s: %s", d->source, d->message);
    else if (d->path && d->stage != NETPOL_STAGE_VALIDATION)
        lua_pushfstring(L, "%s: %s", d->path, d->message);
    else
        lua_pushstring(L, d->message);
}

/* ---- arguments ---- */

static bool refuse(lua_State *L, const char *wanted, np_lua_at index)
{
    lua_pushfstring(L, "netpol: %s is wanted, not a %s", wanted, luaL_typename(L, index));
    return false;
}

bool np_lua_is_handle(lua_State *L, np_lua_at index)
{
    bool is = false;
    if (lua_type(L, index) == LUA_TUSERDATA && lua_getmetatable(L, index)) {
        lua_pushliteral(L, ".type");
        lua_rawget(L, -2);
        is = lua_type(L, -1) == LUA_TSTRING;
        lua_pop(L, 2);
    }
    return is || refuse(L, "a handle", index);
}

bool np_lua_text(lua_State *L, np_lua_at index, const char **out)
{
    size_t n;
    *out = NULL;
    if (lua_isnoneornil(L, index))
        return true;
    if (lua_type(L, index) != LUA_TSTRING)
        return refuse(L, "a string", index);
    *out = lua_tolstring(L, index, &n);
    if (!memchr(*out, '\0', n))
        return true;
    lua_pushliteral(L, "netpol: the string holds the character NUL");
    return false;
}

/* The texts lie in the table, the list of them in a userdata on the stack. */
bool np_lua_texts(lua_State *L, np_lua_at index, const char *const **out, size_t *n)
{
    *n = 0;
    *out = NULL;
    if (lua_isnoneornil(L, index))
        return true;
    if (!lua_istable(L, index))
        return refuse(L, "a list of strings", index);
    *n = lua_rawlen(L, index);
    const char **texts = lua_newuserdata(L, (*n + 1) * sizeof *texts);
    *out = texts;
    for (size_t i = 0; i < *n; i++) {
        lua_rawgeti(L, index, (int)i + 1);
        if (!np_lua_text(L, lua_gettop(L), &texts[i]))
            return false;
        lua_pop(L, 1);
    }
    return true;
}

bool np_lua_whole(lua_State *L, np_lua_at index, int64_t least, int64_t most, int64_t *out)
{
    if (!np_lua_integer(L, index, out))
        return refuse(L, "a whole number", index);
    if (*out >= least && *out <= most)
        return true;
    lua_pushliteral(L, "netpol: a number is out of range");
    return false;
}

/* ---- options ---- */

typedef struct words {
    bool lenient;
    bool keep_going;
    bool tolerant_cidr;
    bool standard_channel;
    bool only_libyaml;
    bool keep_text;
    int64_t max_bytes;
    int64_t max_memory;
    int32_t max_depth;
    int32_t max_documents;
    int32_t max_scalar;
    int32_t max_diagnostics;
} words;

#define WORD(member, kind)                                                                         \
    {                                                                                              \
#member, #member, sizeof(#member) - 1, kind, 0, offsetof(words, member), 0, NULL, NULL,    \
            NETPOL_VERSION                                                                         \
    }
static const np_field word_fields[] = {
    WORD(lenient, NP_BOOL),          WORD(keep_going, NP_BOOL),   WORD(tolerant_cidr, NP_BOOL),
    WORD(standard_channel, NP_BOOL), WORD(only_libyaml, NP_BOOL), WORD(keep_text, NP_BOOL),
    WORD(max_bytes, NP_INT64),       WORD(max_memory, NP_INT64),  WORD(max_depth, NP_INT32),
    WORD(max_documents, NP_INT32),   WORD(max_scalar, NP_INT32),  WORD(max_diagnostics, NP_INT32),
};
static const np_table word_table = {"",
                                    "a table of options",
                                    sizeof(words),
                                    word_fields,
                                    sizeof word_fields / sizeof *word_fields,
                                    NULL,
                                    false};

static uint32_t flags_of(const words *w)
{
    return (w->lenient ? NETPOL_LENIENT : 0u) | (w->keep_going ? NETPOL_KEEP_GOING : 0u) |
           (w->tolerant_cidr ? NETPOL_TOLERANT_CIDR : 0u) |
           (w->standard_channel ? NETPOL_STANDARD_CHANNEL : 0u) |
           (w->only_libyaml ? NETPOL_ONLY_LIBYAML : 0u) | (w->keep_text ? NETPOL_KEEP_TEXT : 0u);
}

/* 0 is the default; so is what is less. */
static uint32_t limit(int32_t value)
{
    return value > 0 ? (uint32_t)value : 0;
}

static netpol_options options_of(const words *w)
{
    return (netpol_options){.size = sizeof(netpol_options),
                            .flags = flags_of(w),
                            .max_bytes = w->max_bytes > 0 ? (uint64_t)w->max_bytes : 0,
                            .max_memory = w->max_memory > 0 ? (uint64_t)w->max_memory : 0,
                            .max_depth = limit(w->max_depth),
                            .max_documents = limit(w->max_documents),
                            .max_scalar = limit(w->max_scalar),
                            .max_diagnostics = limit(w->max_diagnostics)};
}

static void free_arena(void *arena)
{
    np_arena_free(arena);
    free(arena);
}

static void free_diagnostics(void *list)
{
    netpol_diagnostics_free(list);
}

/* A reading whose memory Lua keeps; its arena is NULL for want of memory. */
static np_lua_reading begin_reading(lua_State *L, netpol_diagnostics *diags)
{
    void **slot = np_lua_keep(L, free_arena);
    np_arena *arena = calloc(1, sizeof *arena);
    if (arena)
        np_arena_init(arena, &np_libc_allocator, FIRST_CHUNK);
    *slot = arena;
    return (np_lua_reading){.L = L, .arena = arena, .diags = diags, .where = {.item = -1}};
}

bool np_lua_options(lua_State *L, np_lua_at index, netpol_options *out)
{
    words w = {0};
    *out = options_of(&w);
    if (lua_isnoneornil(L, index))
        return true;
    void **slot = np_lua_keep(L, free_diagnostics);
    netpol_diagnostics *diags = netpol_diagnostics_new(NULL);
    *slot = diags;
    np_lua_reading r = begin_reading(L, diags);
    if (r.arena)
        np_lua_read_tree(&r, index, &word_table, &w);
    *out = options_of(&w);
    if (r.arena && !r.wrong)
        return true;
    np_lua_push_message(L, NETPOL_NO_MEMORY, diags);
    return false;
}

/* ---- objects ---- */

static bool is_policy(int32_t kind)
{
    return kind == NETPOL_KIND_NETWORK_POLICY || kind == NETPOL_KIND_CLUSTER_NETWORK_POLICY ||
           kind == NETPOL_KIND_ADMIN_NETWORK_POLICY ||
           kind == NETPOL_KIND_BASELINE_ADMIN_NETWORK_POLICY;
}

size_t np_lua_count_policies(const netpol_manifests *manifests)
{
    size_t n = 0;
    for (size_t i = 0; i < netpol_manifests_count(manifests); i++)
        n += is_policy(netpol_object_kind(netpol_manifests_at(manifests, i)));
    return n;
}

np_lua_pushed np_lua_objects(lua_State *L, const netpol_manifests *manifests)
{
    size_t n = netpol_manifests_count(manifests);
    lua_createtable(L, (int)n, 0);
    for (size_t i = 0; i < n; i++) {
        np_lua_push_object(L, netpol_manifests_at(manifests, i));
        lua_rawseti(L, -2, (int)i + 1);
    }
    return 1;
}

np_lua_pushed np_lua_value_of(lua_State *L, const netpol_object *object)
{
    np_lua_push_object(L, object);
    return 1;
}

/* ---- plain values ---- */

typedef struct decoding {
    netpol_options o;
    np_text *text;
    np_binder binder;
    np_arena arena;
} decoding;

static void end_decoding(void *at)
{
    decoding *d = at;
    np_binder_free(&d->binder);
    np_text_close(d->text);
    np_arena_free(&d->arena);
    free(d);
}

static decoding *begin_decoding(lua_State *L)
{
    void **slot = np_lua_keep(L, end_decoding);
    decoding *d = calloc(1, sizeof *d);
    *slot = d;
    if (!d)
        return NULL;
    (void)np_options_read(NULL, &d->o);
    np_binder_init(&d->binder, &d->o);
    np_arena_init(&d->arena, &np_libc_allocator, FIRST_CHUNK);
    return d;
}

static netpol_status decode(decoding *d, const void *bytes, size_t n, const np_value **out,
                            netpol_diagnostics *diags)
{
    np_document doc;
    np_where where = {.source = "<memory>", .item = -1};
    netpol_status s = np_text_open(&d->text, &d->o, where.source, bytes, n, diags);
    if (s == NETPOL_OK)
        s = np_text_next(d->text, &doc);
    if (s != NETPOL_OK)
        return s;
    *out = np_bind_plain(&d->binder, d->text, &d->arena);
    s = *out ? np_text_status(d->text) : np_bind_status(&d->binder, d->text);
    return np_binder_report(&d->binder, &where, diags) && s == NETPOL_OK ? NETPOL_INVALID : s;
}

netpol_status np_lua_decode(lua_State *L, const void *bytes, size_t n, np_lua_pushed *pushed,
                            netpol_diagnostics *diags)
{
    decoding *d = begin_decoding(L);
    const np_value *value = NULL;
    netpol_status s = d ? decode(d, bytes, n, &value, diags) : NETPOL_NO_MEMORY;
    if (s == NETPOL_OK) {
        np_lua_push_value(L, value);
        *pushed = 1;
    }
    return s;
}

/* ---- tables become objects ---- */

static bool is_final(netpol_status s)
{
    return s == NETPOL_MISUSE || s == NETPOL_NO_MEMORY;
}

netpol_status np_lua_object(lua_State *L, np_lua_at table, netpol_object **out,
                            netpol_diagnostics *diags)
{
    return lua_istable(L, table) ? np_lua_read_object(L, table, out, diags) : NETPOL_MISUSE;
}

/* The object that the table at the top was made of; NULL: none. */
static const netpol_object *origin_of(lua_State *L, const netpol_manifests *base, np_lua_at origins)
{
    int64_t number = 0;
    lua_pushvalue(L, -1);
    lua_rawget(L, origins);
    bool has = base && np_lua_integer(L, -1, &number);
    lua_pop(L, 1);
    return has && number > 0 ? netpol_manifests_at(base, (size_t)number - 1) : NULL;
}

static netpol_status gather_one(lua_State *L, const netpol_manifests *base, np_lua_at origins,
                                netpol_manifests *into, netpol_diagnostics *diags)
{
    netpol_object *x = NULL;
    netpol_status s = np_lua_object(L, lua_gettop(L), &x, diags);
    if (s != NETPOL_OK)
        return s;
    const netpol_object *origin = origin_of(L, base, origins);
    s = netpol_manifests_add(into, origin && netpol_object_equal(origin, x) ? origin : x);
    netpol_object_unref(x);
    return s;
}

static netpol_status gather(lua_State *L, const netpol_manifests *base, np_lua_at tables,
                            np_lua_at origins, netpol_manifests *into, netpol_diagnostics *diags)
{
    netpol_status worst = NETPOL_OK;
    size_t n = lua_rawlen(L, tables);
    for (size_t i = 1; i <= n && !is_final(worst); i++) {
        lua_rawgeti(L, tables, (int)i);
        netpol_status s = gather_one(L, base, origins, into, diags);
        lua_pop(L, 1);
        worst = s > worst ? s : worst;
    }
    return worst;
}

static void release_manifests(void *m)
{
    netpol_manifests_free(m);
}

netpol_status np_lua_gather(lua_State *L, const netpol_manifests *base, np_lua_at tables,
                            np_lua_at origins, netpol_manifests **out, netpol_diagnostics *diags)
{
    void **slot = np_lua_keep(L, release_manifests);
    netpol_manifests *m = NULL;
    netpol_status s = netpol_manifests_new(NULL, &m);
    *slot = m;
    if (s == NETPOL_OK)
        s = gather(L, base, tables, origins, m, diags);
    if (s != NETPOL_OK)
        return s;
    m->broken = base ? base->broken : 0;
    m->foreign = base ? base->foreign : 0;
    *slot = NULL;
    *out = m;
    return NETPOL_OK;
}

/* ---- selectors ---- */

typedef struct label_set {
    const netpol_label *labels;
    size_t n_labels;
} label_set;

static const np_field label_fields[] = {{"labels", "labels", sizeof "labels" - 1, NP_STRING_MAP, 0,
                                         offsetof(label_set, labels), offsetof(label_set, n_labels),
                                         NULL, NULL, NETPOL_VERSION}};
static const np_table label_table = {
    "", "a set of labels", sizeof(label_set), label_fields, 1, NULL, false};

netpol_status np_lua_selector_matches(lua_State *L, const netpol_selector *selector,
                                      np_lua_at labels, np_lua_pushed *pushed,
                                      netpol_diagnostics *diags)
{
    label_set set = {NULL, 0};
    np_lua_reading r = begin_reading(L, diags);
    if (!r.arena)
        return NETPOL_NO_MEMORY;
    lua_createtable(L, 0, 1);
    lua_pushvalue(L, labels);
    lua_setfield(L, -2, "labels");
    np_lua_read_tree(&r, lua_gettop(L), &label_table, &set);
    if (r.wrong)
        return r.arena->failed ? NETPOL_NO_MEMORY : NETPOL_INVALID;
    lua_pushboolean(
        L, netpol_label_selector_matches(netpol_selector_tree(selector), set.labels, set.n_labels));
    *pushed = 1;
    return NETPOL_OK;
}
