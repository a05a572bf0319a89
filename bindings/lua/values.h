/* SPDX-License-Identifier: MIT */
/* values owns the conversion between C trees and Lua tables, driven by the field tables of the
 * library: it knows no field. A field's name in Lua is np_field.c_name; lists count from 1; maps
 * are tables; what is absent is nil. */
#ifndef NP_LUA_VALUES_H
#define NP_LUA_VALUES_H

#include "compat.h"
#include "model.h"

/* What JSON calls null, inside lists of plain values: netpol.null. */
void np_lua_push_null(lua_State *L);
/* An integer if Lua has them or a number holds it; else its digits as a string. */
void np_lua_push_integer(lua_State *L, int64_t value);
/* A new table of the fields of a struct. */
void np_lua_push_tree(lua_State *L, const np_table *t, const void *structure);
/* A new table of an object: its fields, and `kind` and `api_version`. */
void np_lua_push_object(lua_State *L, const netpol_object *x);
/* Any value without a table. */
void np_lua_push_value(lua_State *L, const np_value *v);

/* A whole number, also one that Lua holds as a float. False: it is none, or no int64. */
bool np_lua_integer(lua_State *L, int index, int64_t *out);

/* Where a table becomes a tree. Strings are borrowed from Lua for as long as the table is at rest;
 * all else lies in the arena. Nothing here calls into Lua code or raises. */
typedef struct np_lua_reading {
    lua_State *L;
    np_arena *arena;
    netpol_diagnostics *diags; /* what is wrong, with API paths */
    np_where where;
    size_t wrong;   /* how many faults */
    size_t misused; /* of them: names and types that the caller's program has wrong */
} np_lua_reading;

/* Reads the table at the index into a struct that np_tree_new made, or a zeroed one. */
void np_lua_read_tree(np_lua_reading *r, int index, const np_table *t, void *structure);
/* The table at the index as an object. Without `kind` it is a NetworkPolicy. */
netpol_status np_lua_read_object(lua_State *L, int index, netpol_object **out,
                                 netpol_diagnostics *diags);

#endif
