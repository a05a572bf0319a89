-- SPDX-License-Identifier: MIT
-- Whatever is given to whatever function, open or closed: an error or a refusal, never a crash. The functions
-- of the private module are called too. NETPOL_SEED repeats a run.
local harness = require "bindings.lua.spec.harness"
local netpol = require "netpol"
local core = require "netpol.core"

local seed = tonumber(os.getenv("NETPOL_SEED")) or os.time()
math.randomseed(seed)

local function pick(list)
  return list[math.random(#list)]
end

local function functions_of(...)
  local list = {}
  for _, class in ipairs { ... } do
    for name, f in pairs(class) do
      if type(f) == "function" and not name:find("^__") then
        list[#list + 1] = f
      end
    end
  end
  return list
end

local WORDS = { "", "a", "\0", "\255", "default/web", "10.0.0.1", "::", "spec.ingress[0]", "app=web", "json",
                "{", "- a\n- b", "apiVersion: v1\nkind: Pod\nmetadata: {name: x}", "metadata", "NetworkPolicy" }
local NUMBERS = { 0, 1, -1, 3, 80, 0.5, 2 ^ 31, -2 ^ 31, 2 ^ 32, 2 ^ 53, 2 ^ 63, -2 ^ 63, 2 ^ 64, 1 / 0, -1 / 0,
                  0 / 0, math.maxinteger or 1e300, math.mininteger or -1e300 }
local KEYS = { "metadata", "name", "spec", "pod_selector", "ingress", "peers", "ports", "port", "from", "to",
               "match_labels", "kind", "protocol", "api_version", "lenient", "max_bytes", "semantics",
               "keep_going", "labels", 1, 2 }

local function handles()
  local m = assert(netpol.load { "examples/db-policy/cluster.yaml", "examples/db-policy/1-either.yaml" })
  local cluster = assert(netpol.cluster(m))
  local engine = assert(cluster:compile())
  local closed = assert(cluster:compile())
  local live, gone = assert(netpol.live(engine)), assert(netpol.live("abuse", engine))
  local document = assert(netpol.document("a: 1"))
  closed:close()
  gone:close()
  document:close()
  local object = core.object(m.policies["default/db-policy"])
  return { m, cluster, engine, closed, object, live, gone, document, m.policies["default/db-policy"],
           m.pods["default/db"], assert(engine:verdict { from = "web", to = "db" }), assert(netpol.document("a: {b: [1]}")),
           assert(netpol.selector("a")), assert(core.manifests_new(nil)),
           assert(core.cluster_new(nil, nil, nil, nil, nil)), io.stdout, print }
end

local open = handles()

local function value(depth)
  local kind = math.random(depth > 3 and 4 or 7)
  if kind == 1 then return pick(WORDS) end
  if kind == 2 then return pick(NUMBERS) end
  if kind == 3 then return pick { true, false } end
  if kind == 4 then return nil end
  if kind == 5 then return pick(open) end
  local t = {}
  for _ = 1, math.random(0, 3) do
    t[pick(KEYS)] = value(depth + 1)
  end
  return t
end

describe("wrong arguments", function()
  it("nothing crashes", function()
    local classes = {}
    for _, handle in ipairs(open) do
      classes[#classes + 1] = type(handle) == "table" and getmetatable(handle) or nil
    end
    local functions = functions_of(netpol, core)
    for _, class in ipairs(classes) do
      for _, f in ipairs(functions_of(class)) do
        functions[#functions + 1] = f
      end
    end
    local rounds = (tonumber(os.getenv("NETPOL_LUA_ROUNDS")) or 2000) * 10
    io.stderr:write("seed ", seed, "\n")
    for i = 1, rounds do
      -- most methods are asked of something
      local first = math.random(2) == 1 and pick(open) or value(0)
      pcall(pick(functions), first, value(0), value(0), value(0), value(0), value(0))
      pcall(pick(functions), first, value(0))
      pcall(pick(functions), first)
      if i % 500 == 0 then
        open = handles()
        collectgarbage()
      end
    end
  end)
end)
