-- SPDX-License-Identifier: MIT
-- Tables for values: what they hold, how they go back, and what is said of those that are wrong.
local harness = require "bindings.lua.spec.harness"
local netpol = require "netpol"
local same, holds, raises = harness.same, harness.holds, harness.raises

local EXAMPLE = { "examples/db-policy/cluster.yaml", "examples/db-policy/1-either.yaml" }
local HEAD = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"

local function read(text)
  local m = assert(netpol.loads(text))
  local _, policy = next(m.policies)
  return policy
end

local function is_integer(value)
  return not math.type or math.type(value) == "integer"
end

describe("tables", function()
  it("a policy is a table", function()
    local m = assert(netpol.load(EXAMPLE))
    local policy = m.policies["default/db-policy"]
    same("name", policy.metadata.name, "db-policy")
    same("kind", policy.kind, "NetworkPolicy")
    same("label", policy.spec.ingress[1].peers[1].pod_selector.match_labels.name, "api-pod")
    same("port", policy.spec.ingress[1].ports[1].port, 3306)
    assert(is_integer(policy.spec.ingress[1].ports[1].port), "the port is a float")
    same("absent", policy.spec.egress, nil)
    same("pods", m.pods["default/db"].metadata.labels.role, "db")
    same("namespaces", m.namespaces.prod.kind, "Namespace")
  end)

  it("what a program makes is written and read back", function()
    local policy = {
      metadata = { name = "web", namespace_name = "shop", labels = { b = "2", a = "1" } },
      spec = {
        pod_selector = {},
        policy_types = { "Ingress", "Egress" },
        ingress = { { ports = { { port = 80, end_port = 90 }, { port = "http", protocol = "UDP" } } }, {} },
        egress = { { peers = { { ip_block = { cidr = "10.0.0.0/8", exceptions = { "10.1.0.0/16" } } } } } },
      },
    }
    local again = read(assert(netpol.dumps(policy)))
    policy.kind, policy.api_version = "NetworkPolicy", "networking.k8s.io/v1"
    assert(harness.alike(policy, again), netpol.dumps(again))
    same("valid", #netpol.validate(policy), 0)
    same("as a list", netpol.dumps({ policy, policy }, "json"), netpol.dumps(policy, "json"):rep(2))
  end)

  -- What is wrong with a table is said with the path of the field.
  local WRONG = {
    { "another type", { spec = { pod_selector = "x" } }, "spec.podSelector", "a table is wanted, not a string" },
    { "a number for a string", { metadata = { name = 7 } }, "metadata.name", "a string is wanted, not a number" },
    { "a slip", { spec = { pod_selektor = {} } }, "spec", 'has no field "pod_selektor"' },
    { "the API's name", { spec = { podSelector = {} } }, "spec", 'has no field "podSelector"' },
    { "a hole in a list", { spec = { ingress = { {}, nil, {} } } }, "spec.ingress", "without holes" },
    { "a map for a list", { spec = { ingress = { ports = {} } } }, "spec.ingress", "without holes" },
    { "a fraction", { spec = { ingress = { { ports = { { port = 80.5 } } } } } },
      "spec.ingress[0].ports[0].port", "not whole" },
    { "a huge number", { spec = { ingress = { { ports = { { port = 2 ^ 40 } } } } } },
      "spec.ingress[0].ports[0].port", "more than 32 bits" },
    { "no number", { spec = { ingress = { { ports = { { port = 0 / 0 } } } } } },
      "spec.ingress[0].ports[0].port", "not whole" },
    { "infinity", { metadata = { generation = math.huge } }, "metadata.generation", "not whole" },
    { "NUL", { metadata = { name = "a\0b" } }, "metadata.name", "NUL" },
    { "NUL in a label", { metadata = { labels = { ["a\0"] = "b" } } }, "metadata.labels", "NUL" },
    { "a number as a key", { metadata = { labels = { "b" } } }, "metadata.labels", "no string" },
    { "bytes that are no text", { metadata = { labels = { a = "\255" } } }, nil, "UTF-8" },
    { "a kind of another system", { kind = "CiliumNetworkPolicy" }, nil, "kind" },
    { "another version", { kind = "NetworkPolicy", api_version = "v2" }, nil, "kind" },
    { "a table as a key", { [{}] = 1 }, nil, "has no field" },
  }

  it("wrong tables are refused with the path", function()
    for _, row in ipairs(WRONG) do
      local why, value, path, text = row[1], row[2], row[3], row[4]
      for _, call in ipairs { netpol.dumps, netpol.validate, netpol.cluster } do
        local result, message, diagnostics = call(value)
        same(why, result, nil)
        holds(why, message, text)
        same(why .. ": path", diagnostics[1].path, path)
      end
    end
  end)

  it("a slip has a hint", function()
    local _, _, diagnostics = netpol.dumps { metadata = { name = "x" }, spec = { podSelector = {} } }
    same("hint", diagnostics[1].hint, 'did you mean "pod_selector"?')
    same("object", diagnostics[1].object, "NetworkPolicy x")
    _, _, diagnostics = netpol.dumps { metadata = { nmae = "x" } }
    same("hint", diagnostics[1].hint, 'did you mean "name"?')
  end)

  it("integers of 64 bits are kept", function()
    for _, digits in ipairs { "9007199254740993", "-9223372036854775807", "9223372036854775806", "7" } do
      local policy = read(HEAD .. "metadata: {name: x, generation: " .. digits .. "}\nspec: {}\n")
      holds(digits, assert(netpol.dumps(policy)), "generation: " .. digits .. "\n")
    end
  end)

  it("text that is refused says where", function()
    local m, message, diagnostics = netpol.loads(HEAD .. "spec: {podSelectr: {}}\n", nil, "web.yaml")
    same("refused", m, nil)
    holds("message", message, 'web.yaml:3:8: unknown field "spec.podSelectr"')
    same("code", diagnostics[1].code, "NP0300")
    same("stage", diagnostics[1].stage, "strict")
    same("line", diagnostics[1].line, 3)
    assert(is_integer(diagnostics[1].line), "the line is a float")
    m, message = netpol.load { "examples/db-policy/1-either.yaml", "no/such/file" }
    same("refused", m, nil)
    holds("message", message, "no/such/file")
    same("gone on", assert(netpol.load({ "no/such/file" }, { keep_going = true })).broken, 1)
    same("NUL", netpol.loads("a: b\0c"), nil)
    same("not UTF-8", netpol.loads("a: \255"), nil)
    same("limit", netpol.loads(("a"):rep(1000), { max_bytes = 10 }), nil)
    same("lenient", next(assert(netpol.loads(HEAD .. "spec: {podSelectr: {}}\n", { lenient = true })).policies),
         "default/")
  end)

  it("misuse raises", function()
    raises("no path", "must be a table", netpol.load)
    raises("an empty list", "nothing to read", netpol.load, {})
    raises("a number", "a path must be a string", netpol.load, { 7 })
    raises("NUL in a path", "NUL", netpol.load, "a\0b")
    raises("an unknown option", "strictt", netpol.load, "x", { strictt = true })
    raises("an option of another type", '"lenient" must be a boolean', netpol.load, "x", { lenient = 1 })
    raises("options that are none", "options must be a table", netpol.load, "x", 7)
    raises("a format", 'no format "xml"', netpol.dumps, {}, "xml")
    raises("no object", "must be an object, not a string", netpol.validate, "x")
    raises("no text", "must be a string", netpol.document)
    raises("no labels", "must be a table", function() netpol.selector("a"):matches("a") end)
    raises("semantics", "no semantics", netpol.cluster, {}, { semantics = "weave" })
    raises("a list of others", "element 1 must be an object, not a number", netpol.cluster, { 7 })
  end)

  it("what is no object is told by its key", function()
    local m = assert(netpol.load(EXAMPLE))
    for _, call in ipairs { netpol.dumps, netpol.cluster, netpol.validate } do
      raises("a table of objects", 'a table that holds an object as ["default/db-policy"]', call, m.policies)
      raises("nothing", "must be an object", call)
      raises("a handle", "not a netpol cluster", call, assert(netpol.cluster(m)))
    end
    raises("a list of lists", "element 1 must be an object, and is a table that holds an object as [1]",
           netpol.dumps, { { m.policies["default/db-policy"] } })
    local text, message = netpol.dumps { nmae = "x" }
    same("refused", text, nil)
    holds("message", message, 'a NetworkPolicy has no field "nmae"')
  end)

  it("validation is the servers", function()
    local policy = { metadata = { name = "x" }, spec = { pod_selector = {}, ingress = {
      { ports = { { port = "80" } }, peers = { { ip_block = { cidr = "10.0.0.5/8" } } } } } } }
    local found = assert(netpol.validate(policy))
    same("count", #found, 2)
    same("stage", found[1].stage, "validation")
    same("path", found[1].path, "spec.ingress[0].ports[0].port")
    local tolerated = assert(netpol.validate(policy, { tolerant_cidr = true }))
    same("tolerant", #tolerated, 1)
  end)

  it("documents keep their comments", function()
    local document = assert(netpol.document("a: 1 # one\nb: [1]\n---\nc: {}\n"))
    same("count", document:count(), 2)
    assert(document:set("a", 2))
    assert(document:add("b", "3"))
    assert(document:rename("a", "z"))
    assert(document:set("c.d", "true", 2))
    assert(document:delete("b[0]"))
    same("text", document:text(), "z: 2 # one\nb: [3]\n---\nc:\n  d: true\n")
    local ok, message, diagnostics = document:delete("nothing")
    same("refused", ok, nil)
    holds("message", message, "there is nothing at this path")
    same("diagnostics", #diagnostics, 1)
    same("another document", document:set("a", "1", 9), nil)
    raises("an index below 1", "out of range", document.set, document, "a", "1", 0)
    raises("NUL", "NUL", document.set, document, "a", "b\0c")
    same("not YAML", netpol.document("a: [")  , nil)
  end)

  it("documents take what a table says", function()
    local text = HEAD .. "metadata: {name: web} # ours\nspec:\n  podSelector: {}\n  ingress:\n  - ports:\n    - port: 80 # http\n"
    local policy = read(text)
    policy.spec.ingress[1].ports[1].port = 8080
    local document = assert(netpol.document(text))
    assert(document:update(policy))
    same("text", document:text(), (text:gsub("80 # http", "8080 # http")))
  end)

  it("selectors select", function()
    local selector = assert(netpol.selector("app=web,tier in (b,a),!legacy"))
    same("all hold", selector:matches { app = "web", tier = "a" }, true)
    same("one fails", selector:matches { app = "web", tier = "a", legacy = "" }, false)
    same("text", tostring(selector), "app=web,!legacy,tier in (a,b)")
    same("all", netpol.selector(""):matches {}, true)
    same("NUL", netpol.selector("a\0"), nil)
    local refused, message = netpol.selector("a>1")
    same("refused", refused, nil)
    holds("message", message, "not supported")
    local ok, _, diagnostics = selector:matches { app = 7 }
    same("no string", ok, nil)
    same("path", diagnostics[1].path, "labels.app")
  end)

  it("plain values are decoded", function()
    local value = assert(netpol.decode('{"a": [1, 2.5, null, "x", true], "b": null, "c": {}}'))
    assert(harness.alike(value, { a = { 1, 2.5, netpol.null, "x", true }, c = {} }), "not alike")
    assert(is_integer(value.a[1]), "1 is a float")
    same("refused", netpol.decode("a: ["), nil)
    same("empty", netpol.decode(""), nil)
  end)
end)
