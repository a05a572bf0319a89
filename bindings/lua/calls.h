/* SPDX-License-Identifier: MIT */
/* calls owns what the generated module calls beside the public functions: whatever takes or gives
 * Lua tables. It knows the words of the options, and no field of any object. */
#ifndef NP_LUA_CALLS_H
#define NP_LUA_CALLS_H

#include "compat.h"

#include <netpol.h>

/* An argument that stays on Lua's stack, by its index; and how many results a call left there. */
typedef int np_lua_at;
typedef int np_lua_pushed;

/* Memory that Lua gives back even if a call is left by an error: *slot goes to `release`. */
void **np_lua_keep(lua_State *L, void (*release)(void *));

/* Whether a userdata was made by SWIG, which takes any for its own. False: an error message is on
 * the stack. */
bool np_lua_is_handle(lua_State *L, np_lua_at index);
/* A table of options, or nil, over the defaults. False: an error message is on the stack. */
bool np_lua_options(lua_State *L, np_lua_at index, netpol_options *out);
/* Text without NUL, or NULL for nil. False: an error message is on the stack. */
bool np_lua_text(lua_State *L, np_lua_at index, const char **out);
/* A list of such texts, in memory that Lua keeps; nil is the empty one. */
bool np_lua_texts(lua_State *L, np_lua_at index, const char *const **out, size_t *n);
/* A whole number within bounds. */
bool np_lua_whole(lua_State *L, np_lua_at index, int64_t least, int64_t most, int64_t *out);

/* A list of tables with the fields of netpol_diagnostic. */
void np_lua_push_diagnostics(lua_State *L, const netpol_diagnostics *list);
/* "file:3:5: what is wrong" of the first error, or the name of the status. */
void np_lua_push_message(lua_State *L, netpol_status status, const netpol_diagnostics *list);

/* How many of the objects are policies of any kind. */
size_t np_lua_count_policies(const netpol_manifests *manifests);
/* A list of tables, one an object. */
np_lua_pushed np_lua_objects(lua_State *L, const netpol_manifests *manifests);
/* The object as a table. */
np_lua_pushed np_lua_value_of(lua_State *L, const netpol_object *object);
/* A table as an object. */
netpol_status np_lua_object(lua_State *L, np_lua_at table, netpol_object **out,
                            netpol_diagnostics *diags);
/* A list of the objects that `tables` stand for. `origins` maps a table to the number, from 1, of
 * the object of `base` that it was made of; where it was not changed that object is taken, which
 * knows its file and lines. What of `base` could not be loaded counts in the new list too. */
netpol_status np_lua_gather(lua_State *L, const netpol_manifests *base, np_lua_at tables,
                            np_lua_at origins, netpol_manifests **out, netpol_diagnostics *diags);
/* The first document of a text as plain values. */
netpol_status np_lua_decode(lua_State *L, const void *bytes, size_t n, np_lua_pushed *pushed,
                            netpol_diagnostics *diags);
netpol_status np_lua_selector_matches(lua_State *L, const netpol_selector *selector,
                                      np_lua_at labels, np_lua_pushed *pushed,
                                      netpol_diagnostics *diags);

#endif
