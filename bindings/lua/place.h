/* SPDX-License-Identifier: MIT */
/* place owns where Lua states meet: engines published under a name of the process, which the states
 * of other threads find by it. It has the binding's only variable that outlives a call, the list of
 * those names, since states have no other way to each other. */
#ifndef NP_LUA_PLACE_H
#define NP_LUA_PLACE_H

#include "calls.h"

/* One state's place at a netpol_live: its reader. Used by one thread at a time. */
typedef struct np_lua_place np_lua_place;

/* A place under a name, or, for NULL, one of this state alone. `engine`, if any, is published
 * there, and must be given where there is nothing yet. NETPOL_NOT_FOUND: nothing has this name. */
netpol_status np_lua_place_new(const char *name, const netpol_engine *engine, np_lua_place **out);
/* What was published goes with its last place. */
void np_lua_place_free(np_lua_place *place);

/* Threads: any number at once. */
netpol_status np_lua_place_publish(np_lua_place *place, const netpol_engine *engine);
/* The engine that holds now, as a reference of its own. */
netpol_status np_lua_place_engine(np_lua_place *place, netpol_engine **out);
/* Whether this is the engine that holds now. */
bool np_lua_place_holds(np_lua_place *place, const netpol_engine *engine);
/* The same engine without a reference, until np_lua_place_leave. Not for Lua. */
const netpol_engine *np_lua_place_enter(np_lua_place *place);
void np_lua_place_leave(np_lua_place *place);

#endif
