-- SPDX-License-Identifier: MIT
-- What callers give wrongly: nothing is lost or ignored silently, and each error names the argument, says what
-- is wanted and points at the caller's line.
local harness = require "bindings.lua.spec.harness"
local netpol = require "netpol"
local same, holds, raises = harness.same, harness.holds, harness.raises

local CLUSTER, POLICY = "examples/db-policy/cluster.yaml", "examples/db-policy/1-either.yaml"
local QUESTION = { from = "web", to = "db", port = 3306 }

local function manifests()
  return assert(netpol.load { CLUSTER, POLICY })
end

local function engine_of(m, options)
  return assert(assert(netpol.cluster(m, options)):compile())
end

local function with(words)
  local question = { from = "web", to = "db" }
  for name, value in pairs(words) do question[name] = value end
  return question
end

-- The error is said to be of this very file.
local function points_here(why, part, f, ...)
  local ok, message = pcall(f, ...)
  same(why, ok, false)
  holds(why, message, "arguments_spec.lua:")
  holds(why, message, ": netpol: ")
  holds(why, message, part)
end

local EXTERNAL = [[
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: out}
spec:
  tier: Admin
  priority: 1
  subject: {namespaces: {}}
  egress:
  - {name: a, action: Accept, to: [{domainNames: [example.com]}]}
  - {name: d, action: Deny, to: [{networks: [0.0.0.0/0]}]}
---
apiVersion: v1
kind: Namespace
metadata: {name: a}
---
apiVersion: v1
kind: Pod
metadata: {name: x, namespace: a}
status: {podIP: 10.0.0.1}
]]

local function file_of(text)
  local path = os.tmpname() .. ".yaml"
  harness.write(path, text)
  return path
end

describe("arguments", function()
  it("no policy is lost in a list with a hole", function()
    local m = manifests()
    local policy, pods = m.policies["default/db-policy"], {}
    for _, pod in pairs(m.pods) do pods[#pods + 1] = pod end
    raises("paths", "without holes", netpol.load, { CLUSTER, nil, POLICY })
    raises("paths of a cluster", "without holes", netpol.load_cluster, { CLUSTER, nil, POLICY })
    raises("a key among paths", 'has ["policy"]', netpol.load, { CLUSTER, policy = POLICY })
    local hole, key = { pods[1], nil, policy }, { pods[1], policy = policy }
    for _, call in ipairs { netpol.cluster, netpol.dumps } do
      raises("objects", "a list of objects must have the keys 1, 2, ... without holes", call, hole)
      raises("a key among objects", 'has ["policy"]', call, key)
    end
    local from = { "default/api" }
    from[3] = "default/web"
    raises("columns", 'column "from"', engine_of(m).verdicts, engine_of(m), { from = from, to = "default/db" })
  end)

  it("addresses of names are a map or a list of texts", function()
    local path = file_of(EXTERNAL)
    for _, resolve in ipairs { { "example.com=192.0.2.1" }, { ["example.com"] = "192.0.2.1" },
                               { ["example.com"] = { "192.0.2.7", "192.0.2.1" }, ["example.org"] = "192.0.2.9" } } do
      local engine = assert(assert(netpol.load_cluster(path, { resolve = resolve })):compile())
      same("allowed", engine:verdict({ from = "a/x", to = "192.0.2.1", port = 443 }).allowed, true)
      same("another", engine:verdict({ from = "a/x", to = "192.0.2.2", port = 443 }).allowed, false)
    end
    for _, option in ipairs { "resolve", "node_addresses" } do
      for _, wrong in ipairs { { 7 }, { "a=192.0.2.1", nil, "b=192.0.2.1" }, { a = 7 }, { a = {} },
                               { a = { 7 } }, { a = "192.0.2.1", "b=192.0.2.1" } } do
        raises(option, option, netpol.load_cluster, path, { [option] = wrong })
      end
    end
    same("no address", netpol.load_cluster(path, { resolve = { a = "nonsense" } }), nil)
    assert(netpol.load_cluster(path, { node_addresses = { n1 = { "192.0.2.4", "2001:db8::4" } } }))
    os.remove(path)
  end)

  it("what cannot be written is said", function()
    local m = manifests()
    local text, message, diagnostics = netpol.dumps(m)
    same("refused", text, nil)
    holds("why", message, "cannot be written: only policies are kept whole")
    holds("also told", diagnostics[1].message, "cannot be written")
    same("a pod", netpol.dumps(m.pods["default/db"]), nil)
    for _, kind in ipairs { "NetworkPolicy", "ClusterNetworkPolicy", "AdminNetworkPolicy", "BaselineAdminNetworkPolicy" } do
      holds(kind, netpol.dumps { kind = kind, metadata = { name = "a" } }, "kind: " .. kind)
    end
  end)

  it("errors name the argument, and point at the caller", function()
    local engine = engine_of(manifests())
    for _, row in ipairs {
      { 'must have "from"', { to = "db" } }, { 'must have "to"', { from = "web" } },
      { '"from" of a question must be a string', with { from = 5 } },
      { '"family" of a question must be 4 or 6, not 5', with { family = 5 } },
      { '"family" of a question must be a number', with { family = "4" } },
      { '"all_presets" of a question must be a boolean', with { all_presets = "no" } },
      { "port must be a whole number", with { port = 1e300 } }, { "port must be a whole number", with { port = 2 ^ 63 } },
      { "port must be a whole number", with { port = 0 / 0 } }, { 'has no "prot"', with { prot = 1 } },
    } do
      points_here("verdict", row[1], function() local answer = engine:verdict(row[2]) return answer end)
      points_here("ask", row[1], function() local answer = engine:ask(row[2]) return answer end)
      points_here("explain", row[1], function() local answer = engine:explain(row[2]) return answer end)
    end
    local verdict, report = engine:verdict(QUESTION), netpol.test "examples/scenarios/shop.yaml"
    for _, f in ipairs { function() return (engine:ask(QUESTION, "junit")) end, function() return (engine:list "jsonl") end,
                         function() return (verdict:explain "yaml") end, function() return (report:write "jsonl") end,
                         function() return (netpol.dumps({}, "text")) end, function() return (netpol.check(CLUSTER, "yaml")) end } do
      points_here("a format", "there is no format", f)
      points_here("a format", "here, only ", f)
    end
    points_here("an option", 'no option "strict"', function() return (netpol.load("examples", { strict = true })) end)
    points_here("options", "options must be a table", function() return (netpol.check(CLUSTER, "text", 5)) end)
    points_here("another type", '"max_bytes" must be a number', function() return (netpol.loads("", { max_bytes = "1" })) end)
    points_here("what C finds", "max_bytes", function() return (netpol.loads("", { max_bytes = 0.5 })) end)
    points_here("NUL", "NUL", function() return (netpol.load "a\0b") end)
    local document = netpol.document "a: 1"
    points_here("a huge value", "the value must be a whole number", function() return (document:set("a", 1e300)) end)
    points_here("what C finds", "number", function() return (document:set("a", 1, 2 ^ 40 + 0.5)) end)
  end)

  it("the fast way takes the same in every Lua", function()
    local engine = engine_of(manifests())
    local a, b = "10.0.0.1", "10.0.0.2"
    same("defaults", engine:allowed(a, b, nil, nil), true)
    raises("false", "no protocol false", engine.allowed, engine, a, b, false, 80)
    raises("false", "no port false", engine.allowed, engine, a, b, "TCP", false)
    raises("text", 'no port "3306": a number', engine.allowed, engine, a, b, "TCP", "3306")
    raises("huge", "no port", engine.allowed, engine, a, b, "TCP", 1e300)
    raises("a name", 'no protocol "TPC"', engine.allowed, engine, a, b, "TPC", 80)
  end)

  it("many objects of one name are numbered in one go", function()
    local one, texts = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n", {}
    for i = 1, 4000 do texts[i] = one end
    local m = assert(netpol.loads(table.concat(texts, "---\n")))
    assert(m.pods["default/a"] and m.pods["default/a#2"] and m.pods["default/a#4000"], "keys")
    same("the last", m.pods["default/a#4001"], nil)
    -- 4,000 times 4,000 looks at keys take many seconds; instructions are counted, not time
    local looks = 0
    debug.sethook(function() looks = looks + 1 end, "", 1000)
    netpol.loads(table.concat(texts, "---\n"))
    debug.sethook()
    assert(looks < 2000, looks .. " thousand instructions")
  end)

  it("what load_cluster reads is told", function()
    local path = file_of("apiVersion: crd.projectcalico.org/v1\nkind: NetworkPolicy\nmetadata: {name: c}\nspec: {}\n")
    local cluster = assert(netpol.load_cluster { CLUSTER, path })
    local m = assert(netpol.load { CLUSTER, path })
    same("policies", cluster.policies, 0)
    same("foreign", cluster.foreign, m.foreign)
    same("broken", cluster.broken, m.broken)
    assert(harness.alike(cluster.diagnostics, m.diagnostics), "other diagnostics")
    assert(cluster.foreign > 0, "no foreign policy")
    same("one", assert(netpol.load_cluster { CLUSTER, POLICY }).policies, 1)
    os.remove(path)
  end)

  it("the gateway of the example takes no policies only if it is told to", function()
    local policies = dofile "examples/openresty/policies.lua"
    local engine, message = policies.compile(CLUSTER)
    same("refused", engine, nil)
    holds("why", message, "there is no policy")
    assert(policies.compile(CLUSTER, true))
    assert(policies.compile { CLUSTER, POLICY })
  end)

  it("the names of semantics are the module's", function()
    local first, n = netpol.presets[1], #netpol.presets
    for i = 1, n do netpol.presets[i] = "mine" end
    assert(netpol.cluster({}, { semantics = first }))
    raises("mine", "no semantics", netpol.cluster, {}, { semantics = "mine" })
  end)
end)
