/* SPDX-License-Identifier: MIT */
/* compat owns what differs between Lua 5.1 (LuaJIT too), 5.3 and 5.4. */
#ifndef NP_LUA_COMPAT_H
#define NP_LUA_COMPAT_H

#include <lauxlib.h>
#include <lua.h>

#include <stddef.h>

#if LUA_VERSION_NUM < 502
#define lua_rawlen lua_objlen
#endif

/* The index that means the same when more is pushed. */
static inline int np_lua_absolute(lua_State *L, int index)
{
    return index > 0 || index <= LUA_REGISTRYINDEX ? index : lua_gettop(L) + index + 1;
}

#endif
