/* SPDX-License-Identifier: MIT */
/* The private module netpol.core; netpol.lua around it is what users see.
 *
 * A call that succeeds returns its result, or true. Input that the library refuses gives nil, message,
 * diagnostics. A wrong argument raises an error. */
%module(package="netpol") core

%{
#include "fast.h"
%}

/* ---- numbers: Lua 5.3 and later have integers, and SWIG would give floats ---- */

%define NETPOL_INTEGER(type, least, most)
%typemap(in, noblock=1) type (int64_t whole) {
    if (!np_lua_whole(L, $input, least, most, &whole))
        goto fail;
    $1 = ($1_ltype)whole;
}
%typemap(out, noblock=1) type {
    lua_pushinteger(L, (lua_Integer)$1);
    SWIG_arg++;
}
%enddef

NETPOL_INTEGER(int, INT32_MIN, INT32_MAX)
NETPOL_INTEGER(int32_t, INT32_MIN, INT32_MAX)
NETPOL_INTEGER(uint32_t, 0, UINT32_MAX)
NETPOL_INTEGER(size_t, 0, INT64_MAX)
%typemap(consttab) int { SWIG_LUA_CONSTTAB_INT("$symname", $value) }

/* ---- words of netpol.i in Lua ---- */

%typemap(in, noblock=1) const char * {
    if (!np_lua_text(L, $input, (const char **)&$1))
        goto fail;
}
%typemap(freearg) const char * "";

%typemap(in, checkfn="lua_isstring", noblock=1) (const char *text, size_t n),
    (const char *line, size_t n), (const void *bytes, size_t n) {
    $1 = ($1_ltype)lua_tolstring(L, $input, &$2);
}

%typemap(in, noblock=1) (const char *const *words, size_t n) {
    if (!np_lua_texts(L, $input, &$1, &$2))
        goto fail;
}
%apply (const char *const *words, size_t n) {
    (const char *const *node_addresses, size_t n_node_addresses),
    (const char *const *resolve, size_t n_resolve)
}

%typemap(in, noblock=1) const netpol_options *options (netpol_options options) {
    if (!np_lua_options(L, $input, &options))
        goto fail;
    $1 = &options;
}

/* true, which a result replaces. */
%typemap(out, noblock=1) netpol_status {
    if ($1 == NETPOL_MISUSE || $1 == NETPOL_NO_MEMORY) {
        np_lua_push_message(L, $1, _global_diags);
        goto fail;
    }
    if ($1 == NETPOL_OK) {
        lua_pushboolean(L, 1);
        SWIG_arg = 1;
    } else {
        lua_pushnil(L);
        np_lua_push_message(L, $1, _global_diags);
        np_lua_push_diagnostics(L, _global_diags);
        SWIG_arg = 3;
    }
}

%typemap(argout, noblock=1) const netpol_sink *to {
    if (result == NETPOL_OK)
        lua_pushlstring(L, text$argnum.p ? text$argnum.p : "", text$argnum.n);
}
%typemap(argout, noblock=1) netpol_diagnostics **found {
    if (result == NETPOL_OK)
        np_lua_push_diagnostics(L, found$argnum);
}
%typemap(out, noblock=1) const netpol_diagnostics * {
    np_lua_push_diagnostics(L, $1);
    SWIG_arg++;
}

%typemap(out, noblock=1) const netpol_object * {
    SWIG_NewPointerObj(L, netpol_object_ref($1), $descriptor(netpol_object *), 1);
    SWIG_arg++;
}

%define NETPOL_RESULT(type)
%typemap(in, noblock=1) type *, const type * {
    if (!np_lua_is_handle(L, $input))
        goto fail;
    if (!SWIG_IsOK(SWIG_ConvertPtr(L, $input, (void **)&$1, $descriptor(type *), 0)))
        SWIG_fail_ptr("$symname", $argnum, $descriptor(type *));
}
%typemap(in, numinputs=0, noblock=1) type **out (type *made = NULL) {
    $1 = &made;
}
%typemap(argout, noblock=1) type **out {
    if (result == NETPOL_OK)
        SWIG_NewPointerObj(L, made$argnum, $descriptor(type *), 1);
}
%enddef

/* A handle or nil, by the name of the parameter. */
%define NETPOL_OR_NIL(type, name)
%typemap(in, noblock=1) const type *name {
    if (!lua_isnil(L, $input) && !np_lua_is_handle(L, $input))
        goto fail;
    if (!SWIG_IsOK(SWIG_ConvertPtr(L, $input, (void **)&$1, $descriptor(type *), 0)))
        SWIG_fail_ptr("$symname", $argnum, $descriptor(type *));
}
%enddef
/* Where the userdata of a handle has its pointer: NULL once Lua has collected it, which finalizers
 * of others may live to see. */
%define NETPOL_SLOT(type, name)
%typemap(in, noblock=1) void *const *name (void *pointer) {
    if (!np_lua_is_handle(L, $input))
        goto fail;
    if (!SWIG_IsOK(SWIG_ConvertPtr(L, $input, &pointer, $descriptor(type *), 0)))
        SWIG_fail_ptr("$symname", $argnum, $descriptor(type *));
    $1 = &((swig_lua_userdata *)lua_touserdata(L, $input))->ptr;
}
%enddef
NETPOL_SLOT(netpol_engine, engine_slot)
NETPOL_SLOT(np_lua_place, place_slot)
NETPOL_OR_NIL(netpol_object, old)
NETPOL_OR_NIL(netpol_manifests, base)
NETPOL_OR_NIL(netpol_manifests, more)

/* ---- words of calls.h ---- */

%typemap(in, numinputs=0, noblock=1) lua_State *L {
    $1 = L;
}
%typemap(in, noblock=1) np_lua_at {
    $1 = $input;
}
%typemap(out, noblock=1) np_lua_pushed {
    SWIG_arg += $1;
}
%typemap(in, numinputs=0, noblock=1) np_lua_pushed *pushed (np_lua_pushed pushed = 0) {
    $1 = &pushed;
}
/* The true of the status lies on the result. */
%typemap(argout, noblock=1) np_lua_pushed *pushed {
    if (result == NETPOL_OK)
        lua_pop(L, 1);
}

%include "../netpol.i"

%typemap(check) const netpol_manifests *base "";

/* require "netpol.core" looks for this name. SWIG fills tables that all states of the process share, so
 * one thread at a time may do that; and it sets two globals, which are not ours to set. */
%wrapper %{
#include <pthread.h>

/* What SWIG does in the end of a handle, and then the handle has nothing: a finalizer that Lua runs
 * later may still reach it. */
static int end_handle(lua_State *L)
{
    swig_lua_userdata *handle = lua_touserdata(L, 1);
    (void)SWIG_Lua_class_destruct(L);
    handle->ptr = NULL;
    return 0;
}

static void set_ends(lua_State *L)
{
    for (swig_type_info **type = swig_types; *type; type++) {
        const swig_lua_class *class = (*type)->clientdata;
        if (!class || !class->destructor)
            continue;
        SWIG_Lua_get_class_metatable(L, class->fqname);
        lua_pushliteral(L, "__gc");
        lua_pushcfunction(L, end_handle);
        lua_rawset(L, -3);
        lua_pop(L, 1);
    }
}

SWIGEXPORT int luaopen_core(lua_State *L);
SWIGEXPORT int luaopen_netpol_core(lua_State *L);
SWIGEXPORT int luaopen_netpol_core(lua_State *L)
{
    static pthread_mutex_t opening = PTHREAD_MUTEX_INITIALIZER;
    lua_getglobal(L, "swig_type");
    lua_getglobal(L, "swig_equals");
    lua_pushcfunction(L, luaopen_core);
    (void)pthread_mutex_lock(&opening);
    int failed = lua_pcall(L, 0, 1, 0);
    (void)pthread_mutex_unlock(&opening);
    lua_insert(L, -3);
    lua_setglobal(L, "swig_equals");
    lua_setglobal(L, "swig_type");
    if (failed)
        return lua_error(L);
    set_ends(L);
    return 1;
}
%}

%rename("%(strip:[np_lua_])s") "";
NETPOL_HANDLE(np_lua_place, Place, np_lua_place_free)

netpol_status np_lua_object(lua_State *L, np_lua_at table, netpol_object **out,
                            netpol_diagnostics *diags);
netpol_status np_lua_gather(lua_State *L, const netpol_manifests *base, np_lua_at tables,
                            np_lua_at origins, netpol_manifests **out, netpol_diagnostics *diags);
netpol_status np_lua_decode(lua_State *L, const void *bytes, size_t n, np_lua_pushed *pushed,
                            netpol_diagnostics *diags);
netpol_status np_lua_selector_matches(lua_State *L, const netpol_selector *selector,
                                      np_lua_at labels, np_lua_pushed *pushed,
                                      netpol_diagnostics *diags);
size_t np_lua_count_policies(const netpol_manifests *manifests);
np_lua_pushed np_lua_objects(lua_State *L, const netpol_manifests *manifests);
np_lua_pushed np_lua_value_of(lua_State *L, const netpol_object *object);
np_lua_pushed np_lua_asker(lua_State *L, np_lua_at handle, void *const *engine_slot);
np_lua_pushed np_lua_place_asker(lua_State *L, np_lua_at handle, void *const *place_slot);
np_lua_pushed np_lua_allowed_code(lua_State *L);
np_lua_pushed np_lua_place_allowed_code(lua_State *L);
np_lua_pushed np_lua_engine_address(lua_State *L, void *const *engine_slot);
np_lua_pushed np_lua_place_address(lua_State *L, void *const *place_slot);
netpol_status np_lua_verdicts(lua_State *L, const netpol_engine *engine, np_lua_at from,
                              np_lua_at to, np_lua_at protocol, np_lua_at port, int32_t n,
                              np_lua_pushed *pushed, netpol_diagnostics *diags);

%inline %{
/* Whether a handle still has what it is of. */
static bool is_open(lua_State *L, np_lua_at handle)
{
    bool is = np_lua_is_handle(L, handle);
    if (!is)
        lua_pop(L, 1);
    return is && ((swig_lua_userdata *)lua_touserdata(L, handle))->ptr;
}
%}

NETPOL_OR_NIL(netpol_engine, first)
%typemap(check) const netpol_engine *first "";
netpol_status np_lua_place_new(const char *name, const netpol_engine *first, np_lua_place **out);
netpol_status np_lua_place_publish(np_lua_place *place, const netpol_engine *engine);
netpol_status np_lua_place_engine(np_lua_place *place, netpol_engine **out);
bool np_lua_place_holds(np_lua_place *place, const netpol_engine *engine);
