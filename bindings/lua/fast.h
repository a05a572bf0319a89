/* SPDX-License-Identifier: MIT */
/* fast owns verdicts by the thousand: without a table for each answer, and without Lua's C
 * interface where LuaJIT's FFI calls. It knows nothing of how engines are made. */
#ifndef NP_LUA_FAST_H
#define NP_LUA_FAST_H

#include "place.h"

/* 1 allowed, 0 denied, -1 the source is no address, -2 the destination, -4 the handle has ended. A
 * slot is where a handle has its pointer, NULL after its end. */
int np_lua_allowed(void *const *engine_slot, const char *src, size_t n_src, const char *dst,
                   size_t n_dst, int protocol, int port);
/* The same of the engine that holds now at a place. */
int np_lua_place_allowed(void *const *place_slot, const char *src, size_t n_src, const char *dst,
                         size_t n_dst, int protocol, int port);

/* Functions (src, dst, protocol, port) of Lua that do the same for one engine or place, whose
 * handle they keep. Protocol: a name, a number or nil for TCP; port: a number or nil. -3: an
 * argument is none. */
np_lua_pushed np_lua_asker(lua_State *L, np_lua_at handle, void *const *engine_slot);
np_lua_pushed np_lua_place_asker(lua_State *L, np_lua_at handle, void *const *place_slot);
/* What the FFI needs instead: the addresses of the functions in C, and of the slot of a handle.
 * Whoever holds the latter must keep the handle. */
np_lua_pushed np_lua_allowed_code(lua_State *L);
np_lua_pushed np_lua_place_allowed_code(lua_State *L);
np_lua_pushed np_lua_engine_address(lua_State *L, void *const *engine_slot);
np_lua_pushed np_lua_place_address(lua_State *L, void *const *place_slot);

/* A list of booleans. Each column is a list, or one value for all rows: texts of addresses or pods,
 * protocols as text or number (nil: TCP), ports as numbers or names (nil: none). `n` is how many
 * rows there are. */
netpol_status np_lua_verdicts(lua_State *L, const netpol_engine *engine, np_lua_at from,
                              np_lua_at to, np_lua_at protocol, np_lua_at port, int32_t n,
                              np_lua_pushed *pushed, netpol_diagnostics *diags);

#endif
