/* SPDX-License-Identifier: MIT */
/* Lua states in threads of their own meet at one netpol.live: each asks without rest while one
 * publishes, and each answer is that of one of the engines. Called as
 *   threads MODULES SECONDS    from the source folder */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { READERS = 4 };

static const char *modules;
static double seconds;

/* Both engines allow what `always` asks and forbid what `never` asks; about 3306 they differ. */
static const char common[] =
    "local netpol = require 'netpol'\n"
    "local seconds = ...\n"
    "local files = {'examples/db-policy/cluster.yaml', 'examples/db-policy/1-either.yaml'}\n"
    "local function engine(port)\n"
    "  local m = assert(netpol.load(files))\n"
    "  m.pods['default/db'].status = {pod_ip = '10.0.0.2'}\n"
    "  m.pods['default/api'].status = {pod_ip = '10.0.0.3'}\n"
    "  m.policies['default/db-policy'].spec.ingress[1].ports = {{port = port}, {port = 443}}\n"
    "  return assert(assert(netpol.cluster(m)):compile())\n"
    "end\n"
    "local stop = os.time() + seconds\n";

static const char publisher[] = "local ports = {3306, 3307}\n"
                                "local live = assert(netpol.live('threads', engine(3306)))\n"
                                "local n = 0\n"
                                "repeat\n"
                                "  n = n + 1\n"
                                "  assert(live:publish(engine(ports[n % 2 + 1])))\n"
                                "until os.time() > stop\n"
                                "return n\n";

static const char reader[] =
    "local live\n"
    "repeat live = netpol.live('threads') until live or os.time() > stop\n"
    "local n, yes = 0, 0\n"
    "repeat\n"
    "  n = n + 1\n"
    "  assert(live:allowed('10.0.0.3', '10.0.0.2', 'TCP', 443) == true)\n"
    "  assert(live:allowed('192.0.2.1', '10.0.0.2', 'TCP', 443) == false)\n"
    "  if live:allowed('10.0.0.3', '10.0.0.2', 'TCP', 3306) then yes = yes + 1 end\n"
    "  if n % 100 == 0 then\n"
    "    local now = live:engine()\n"
    "    local first = now:allowed('10.0.0.3', '10.0.0.2', 'TCP', 3306)\n"
    "    assert(now:verdict{from = 'api', to = 'db', port = 3307}.allowed == not first)\n"
    "    live = assert(netpol.live('threads'))\n"
    "  end\n"
    "until os.time() > stop\n"
    "assert(yes > 0 and yes < n, 'one engine only was seen')\n"
    "return n\n";

static int fail(lua_State *L)
{
    fprintf(stderr, "FAILED: %s\n", lua_tostring(L, -1));
    lua_close(L);
    return 1;
}

static int run(const char *program)
{
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    lua_pushfstring(L, "package.path, package.cpath = '%s/?.lua', '%s/?.so'", modules, modules);
    if (luaL_loadstring(L, lua_tostring(L, -1)) || lua_pcall(L, 0, 0, 0))
        return fail(L);
    lua_pushfstring(L, "%s%s", common, program);
    if (luaL_loadstring(L, lua_tostring(L, -1)))
        return fail(L);
    lua_pushnumber(L, seconds);
    if (lua_pcall(L, 1, 1, 0))
        return fail(L);
    printf("%.0f rounds\n", (double)lua_tonumber(L, -1));
    lua_close(L);
    return 0;
}

typedef struct job {
    pthread_t thread;
    const char *program;
    int failed;
} job;

static void *in_thread(void *arg)
{
    job *j = arg;
    j->failed = run(j->program);
    return NULL;
}

int main(int argc, char **argv)
{
    job jobs[READERS + 1];
    int failed = 0;
    if (argc != 3)
        return 3;
    modules = argv[1];
    seconds = atof(argv[2]);
    for (int i = 0; i <= READERS; i++) {
        jobs[i].program = i ? reader : publisher;
        if (pthread_create(&jobs[i].thread, NULL, in_thread, &jobs[i]))
            return 2;
    }
    for (int i = 0; i <= READERS; i++) {
        (void)pthread_join(jobs[i].thread, NULL);
        failed |= jobs[i].failed;
    }
    return failed;
}
