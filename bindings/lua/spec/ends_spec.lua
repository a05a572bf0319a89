-- SPDX-License-Identifier: MIT
-- Finalizers that use handles which Lua has collected already: Lua ends what dies together in an order that
-- nobody chose. And what closing a handle is to others.
local harness = require "bindings.lua.spec.harness"
local netpol = require "netpol"
local same, holds, raises = harness.same, harness.holds, harness.raises

-- LuaJIT 2.1.0-beta3 sometimes never returns from compiled code that a finalizer runs: it leaves a trace and enters
-- it again without end (seen with a debugger: nothing of ours is on the stack). Its interpreter is right.
if rawget(_G, "jit") then
  jit.off()
  jit.flush()
end

local QUESTION = { from = "web", to = "db", port = 3306 }

local function manifests()
  return assert(netpol.load { "examples/db-policy/cluster.yaml", "examples/db-policy/1-either.yaml" })
end

-- Calls `f` when the object is collected, in every Lua.
local function at_end(object, f)
  if newproxy then
    local proxy = newproxy(true)
    getmetatable(proxy).__gc = function() f(object) end
    object.proxy = proxy
  else
    setmetatable(object, { __gc = f })
  end
end

local function with_all(object)
  object.manifests = manifests()
  object.cluster = assert(netpol.cluster(object.manifests))
  object.engine = assert(object.cluster:compile())
  object.live = assert(netpol.live(object.engine))
  object.document, object.selector = assert(netpol.document("a: 1")), assert(netpol.selector("app=web"))
  object.verdict = assert(object.engine:verdict(QUESTION))
  object.report = assert(netpol.test "examples/scenarios/shop.yaml")
  object.live:verdict(QUESTION)
end

local USES = {
  count = { "engine", function(o) return o.engine:pod_count() end },
  allowed = { "engine", function(o) return o.engine:allowed("10.0.0.1", "10.0.0.2", "TCP", 80) end },
  verdict = { "engine", function(o) return o.engine:verdict(QUESTION) end },
  verdicts = { "engine", function(o) return o.engine:verdicts { from = { "default/web" }, to = "default/db" } end },
  live = { "live", function(o) return o.live:allowed("10.0.0.1", "10.0.0.2", "TCP", 80) end },
  held = { "live", function(o) return o.live:verdict(QUESTION) end },
  publish = { "live", function(o) return o.live:publish(o.engine) end },
  compile = { "cluster", function(o) return o.cluster:compile() end },
  text = { "document", function(o) return o.document:text() end },
  matches = { "selector", function(o) return o.selector:matches { app = "web" } end },
  json = { "verdict", function(o) return #o.verdict:json() end },
  write = { "report", function(o) return o.report:write() end },
  cluster = { "manifests", function(o) return netpol.cluster(o.manifests) end },
}

describe("the end of handles", function()
  for name, use in pairs(USES) do
    it("a finalizer is told that its " .. use[1] .. " has ended: " .. name, function()
      local ok, message, ran
      do
        local object = {}
        at_end(object, function(o) ran = true ok, message = pcall(use[2], o) end)
        with_all(object) -- made later, ended earlier
      end
      for _ = 1, 3 do collectgarbage() end
      same("ran", ran, true)
      -- 5.1 has no ephemerons: what belongs to a handle lives one collection longer than the handle.
      same("refused", ok, newproxy ~= nil)
      if not ok then holds("why", message, "this is no open netpol") end
    end)
  end

  it("also when a state is closed", function()
    local script = os.tmpname()
    harness.write(script, [[
      local netpol = require "netpol"
      local e, l
      local function last()
        for _, f in ipairs { function() return e:pod_count() end, function() return e:allowed("10.0.0.1", "10.0.0.2") end,
                             function() return l:allowed("10.0.0.1", "10.0.0.2") end } do
          io.write(tostring((pcall(f))), " ")
        end
      end
      if newproxy then kept = newproxy(true) getmetatable(kept).__gc = last
      else kept = setmetatable({}, { __gc = last }) end
      e = netpol.cluster(netpol.load "examples/db-policy/cluster.yaml"):compile()
      l = netpol.live(e)]])
    local interpreter = arg and arg[-1] or "lua"
    local pipe = io.popen(("LUA_PATH='%s' LUA_CPATH='%s' %s %s"):format(package.path, package.cpath, interpreter, script))
    local said = pipe:read("*a")
    pipe:close()
    os.remove(script)
    same("each is refused", said, "false false false ")
  end)

  it("what live:engine() gives is its own", function()
    local live = assert(netpol.live(assert(assert(netpol.cluster(manifests())):compile())))
    local one, other = live:engine(), live:engine()
    one:close()
    raises("closed", "no open netpol engine", one.pod_count, one)
    same("the other", other:verdict(QUESTION).allowed, false)
    same("the place", live:verdict(QUESTION).allowed, false)
    same("again", live:engine():verdict(QUESTION).allowed, false)
  end)

  it("closed answers and manifests say so", function()
    local m = manifests()
    local verdict = assert(assert(assert(netpol.cluster(m)):compile()):verdict(QUESTION))
    verdict:close()
    raises("an answer", "no open netpol verdict", verdict.json, verdict)
    raises("its text", "no open netpol verdict", verdict.text, verdict)
    raises("its reasons", "no open netpol verdict", verdict.explain, verdict)
    m:close()
    raises("manifests", "no open netpol manifests", netpol.cluster, m)
    raises("their text", "no open netpol manifests", netpol.dumps, m)
  end)
end)
