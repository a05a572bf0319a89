/* SPDX-License-Identifier: MIT */
#include "fast.h"

#include "cidr.h"
#include "diag.h"
#include "port.h"
#include "values.h"

#include <stdio.h>
#include <string.h>

/* How many flows are judged in one call of the library. */
enum { CHUNK = 128 };

/* ---- one answer ---- */

static bool side_of(const char *text, size_t n, uint8_t side[16])
{
    np_ip ip;
    if (!np_ip_parse((np_slice){text, n}, &ip))
        return false;
    memcpy(side, ip.b, sizeof ip.b);
    return true;
}

static int judge_one(const netpol_engine *engine, const char *src, size_t n_src, const char *dst,
                     size_t n_dst, int protocol, int port)
{
    netpol_flow flow = {.protocol = (uint8_t)protocol, .port = (uint16_t)port};
    if (!side_of(src, n_src, flow.src))
        return -1;
    if (!side_of(dst, n_dst, flow.dst))
        return -2;
    return netpol_engine_verdict(engine, &flow).allowed;
}

enum { NO_ARGUMENT = -3, ENDED = -4 };

int np_lua_allowed(void *const *engine_slot, const char *src, size_t n_src, const char *dst,
                   size_t n_dst, int protocol, int port)
{
    const netpol_engine *engine = *engine_slot;
    return engine ? judge_one(engine, src, n_src, dst, n_dst, protocol, port) : ENDED;
}

int np_lua_place_allowed(void *const *place_slot, const char *src, size_t n_src, const char *dst,
                         size_t n_dst, int protocol, int port)
{
    np_lua_place *place = *place_slot;
    if (!place)
        return ENDED;
    const netpol_engine *engine = np_lua_place_enter(place);
    int answer = judge_one(engine, src, n_src, dst, n_dst, protocol, port);
    np_lua_place_leave(place);
    return answer;
}

/* ---- functions of Lua ---- */

typedef struct asked {
    np_slice src;
    np_slice dst;
    uint8_t protocol;
    uint16_t port;
} asked;

static bool number_at(lua_State *L, int index, int64_t if_nil, int64_t most, int64_t *out)
{
    *out = if_nil;
    return lua_isnoneornil(L, index) ||
           (np_lua_integer(L, index, out) && *out >= 0 && *out <= most);
}

static bool protocol_at(lua_State *L, int index, uint8_t *out)
{
    int64_t number;
    np_slice name;
    if (lua_type(L, index) == LUA_TSTRING) {
        name.p = lua_tolstring(L, index, &name.n);
        return np_protocol_parse(name, out);
    }
    bool is = number_at(L, index, NETPOL_TCP, UINT8_MAX, &number);
    *out = (uint8_t)number;
    return is;
}

static bool read_asked(lua_State *L, asked *a)
{
    int64_t port;
    if (lua_type(L, 1) != LUA_TSTRING || lua_type(L, 2) != LUA_TSTRING ||
        !protocol_at(L, 3, &a->protocol) || !number_at(L, 4, 0, UINT16_MAX, &port))
        return false;
    a->src.p = lua_tolstring(L, 1, &a->src.n);
    a->dst.p = lua_tolstring(L, 2, &a->dst.n);
    a->port = (uint16_t)port;
    return true;
}

/* The slot of what is asked of is the second upvalue; the first keeps it. */
static int ask_engine(lua_State *L)
{
    asked a;
    void *const *of = lua_touserdata(L, lua_upvalueindex(2));
    lua_pushinteger(L, read_asked(L, &a) ? np_lua_allowed(of, a.src.p, a.src.n, a.dst.p, a.dst.n,
                                                          a.protocol, a.port)
                                         : NO_ARGUMENT);
    return 1;
}

static int ask_place(lua_State *L)
{
    asked a;
    void *const *of = lua_touserdata(L, lua_upvalueindex(2));
    lua_pushinteger(L, read_asked(L, &a) ? np_lua_place_allowed(of, a.src.p, a.src.n, a.dst.p,
                                                                a.dst.n, a.protocol, a.port)
                                         : NO_ARGUMENT);
    return 1;
}

np_lua_pushed np_lua_asker(lua_State *L, np_lua_at handle, void *const *engine_slot)
{
    lua_pushvalue(L, handle);
    (void)np_lua_engine_address(L, engine_slot);
    lua_pushcclosure(L, ask_engine, 2);
    return 1;
}

np_lua_pushed np_lua_place_asker(lua_State *L, np_lua_at handle, void *const *place_slot)
{
    lua_pushvalue(L, handle);
    (void)np_lua_place_address(L, place_slot);
    lua_pushcclosure(L, ask_place, 2);
    return 1;
}

/* ---- addresses for the FFI ---- */

/* A pointer to a function is no pointer to an object in C; POSIX makes them alike. */
#define PUSH_CODE(L, function)                                                                     \
    do {                                                                                           \
        void *address;                                                                             \
        memcpy(&address, &(function), sizeof address);                                             \
        lua_pushlightuserdata(L, address);                                                         \
    } while (0)

np_lua_pushed np_lua_allowed_code(lua_State *L)
{
    int (*code)(void *const *, const char *, size_t, const char *, size_t, int, int) =
        np_lua_allowed;
    PUSH_CODE(L, code);
    return 1;
}

np_lua_pushed np_lua_place_allowed_code(lua_State *L)
{
    int (*code)(void *const *, const char *, size_t, const char *, size_t, int, int) =
        np_lua_place_allowed;
    PUSH_CODE(L, code);
    return 1;
}

np_lua_pushed np_lua_engine_address(lua_State *L, void *const *engine_slot)
{
    PUSH_CODE(L, engine_slot);
    return 1;
}

np_lua_pushed np_lua_place_address(lua_State *L, void *const *place_slot)
{
    PUSH_CODE(L, place_slot);
    return 1;
}

/* ---- many answers ---- */

/* The columns of a batch, and the row that is read. */
typedef struct batch {
    lua_State *L;
    const netpol_engine *engine;
    netpol_diagnostics *diags;
    np_lua_at at[4]; /* from, to, protocol, port */
    int row;         /* from 1 */
} batch;

enum { FROM, TO, PROTOCOL, PORT };

/* One row as text, which lies on the stack or in `room`. */
typedef struct words {
    const char *src;
    const char *dst;
    const char *protocol;
    const char *port;
    char room[2][8];
} words;

/* Lua names lists by 1, 2, ..., and so does the path. */
static netpol_status refuse(const batch *b, int column, int32_t code, const char *what)
{
    static const char *const names[] = {"from", "to", "protocol", "port"};
    np_where where = {.item = -1};
    np_path list = np_path_field(NULL, names[column]);
    np_path path = np_path_index(&list, (size_t)b->row);
    np_diag(b->diags, code, &where, lua_istable(b->L, b->at[column]) ? &path : &list, NULL, "%s",
            what);
    return NETPOL_INVALID;
}

/* The value of a column in this row, at the top of the stack. */
static int push(const batch *b, int column)
{
    if (lua_istable(b->L, b->at[column]))
        lua_rawgeti(b->L, b->at[column], b->row);
    else
        lua_pushvalue(b->L, b->at[column]);
    return lua_type(b->L, -1);
}

static bool push_text(const batch *b, int column, np_slice *out)
{
    if (push(b, column) != LUA_TSTRING)
        return false;
    out->p = lua_tolstring(b->L, -1, &out->n);
    return !memchr(out->p, '\0', out->n);
}

/* A number or a text, as text; `room` serves numbers. NULL: nil, or neither. */
static bool push_word(const batch *b, int column, int64_t most, char room[8], const char **out)
{
    np_slice text;
    int64_t number;
    *out = NULL;
    if (push(b, column) == LUA_TNIL)
        return true;
    if (np_lua_integer(b->L, -1, &number)) {
        (void)snprintf(room, 8, "%d", number >= 0 && number <= most ? (int)number : -1);
        *out = room;
        return number >= 0 && number <= most;
    }
    lua_pop(b->L, 1);
    *out = push_text(b, column, &text) ? text.p : NULL;
    return *out != NULL;
}

/* Names of pods and of ports. */
static netpol_status read_names(const batch *b, netpol_flow *flow)
{
    words w = {0};
    np_slice src;
    np_slice dst;
    if (!push_text(b, FROM, &src))
        return refuse(b, FROM, NP_CODE_QUESTION_ENDPOINT, "an address or a pod's name is wanted");
    if (!push_text(b, TO, &dst))
        return refuse(b, TO, NP_CODE_QUESTION_ENDPOINT, "an address or a pod's name is wanted");
    if (!push_word(b, PROTOCOL, UINT8_MAX, w.room[0], &w.protocol))
        return refuse(b, PROTOCOL, NP_CODE_QUESTION_PROTOCOL, "no protocol");
    if (!push_word(b, PORT, UINT16_MAX, w.room[1], &w.port))
        return refuse(b, PORT, NP_CODE_QUESTION_PORT, "no port");
    return netpol_flow_parse(b->engine, src.p, dst.p, w.protocol, w.port, flow, b->diags);
}

static bool read_number(const batch *b, int column, int64_t if_nil, int64_t most, int64_t *out)
{
    if (push(b, column) != LUA_TNIL)
        return np_lua_integer(b->L, -1, out) && *out >= 0 && *out <= most;
    *out = if_nil;
    return true;
}

/* Addresses and numbers, the usual case. False: the row is anything else. */
static bool read_addresses(const batch *b, netpol_flow *flow)
{
    np_slice src;
    np_slice dst;
    np_slice name;
    int64_t port;
    int64_t protocol;
    *flow = (netpol_flow){.protocol = NETPOL_TCP};
    if (!push_text(b, FROM, &src) || !side_of(src.p, src.n, flow->src) || !push_text(b, TO, &dst) ||
        !side_of(dst.p, dst.n, flow->dst) || !read_number(b, PORT, 0, UINT16_MAX, &port))
        return false;
    flow->port = (uint16_t)port;
    if (push_text(b, PROTOCOL, &name))
        return np_protocol_parse(name, &flow->protocol);
    lua_pop(b->L, 1);
    if (!read_number(b, PROTOCOL, NETPOL_TCP, UINT8_MAX, &protocol))
        return false;
    flow->protocol = (uint8_t)protocol;
    return true;
}

static netpol_status read_row(const batch *b, netpol_flow *flow)
{
    int top = lua_gettop(b->L);
    netpol_status s = NETPOL_OK;
    if (!read_addresses(b, flow)) {
        lua_settop(b->L, top);
        s = read_names(b, flow);
    }
    lua_settop(b->L, top);
    return s;
}

/* Answers n rows after `first` into the table at the top. */
static netpol_status judge(batch *b, int first, int n)
{
    netpol_flow flows[CHUNK];
    netpol_verdict verdicts[CHUNK];
    for (int i = 0; i < n; i++) {
        b->row = first + i + 1;
        netpol_status s = read_row(b, &flows[i]);
        if (s != NETPOL_OK)
            return s;
    }
    netpol_engine_verdicts(b->engine, flows, (size_t)n, verdicts);
    for (int i = 0; i < n; i++) {
        lua_pushboolean(b->L, verdicts[i].allowed);
        lua_rawseti(b->L, -2, first + i + 1);
    }
    return NETPOL_OK;
}

netpol_status np_lua_verdicts(lua_State *L, const netpol_engine *engine, np_lua_at from,
                              np_lua_at to, np_lua_at protocol, np_lua_at port, int32_t n,
                              np_lua_pushed *pushed, netpol_diagnostics *diags)
{
    batch b = {L, engine, diags, {from, to, protocol, port}, 0};
    netpol_status s = NETPOL_OK;
    if (!lua_checkstack(L, 8))
        return NETPOL_NO_MEMORY;
    lua_createtable(L, n, 0);
    for (int first = 0; first < n && s == NETPOL_OK; first += CHUNK)
        s = judge(&b, first, n - first < CHUNK ? n - first : CHUNK);
    *pushed = 1;
    return s;
}
