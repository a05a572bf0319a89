-- SPDX-License-Identifier: MIT
-- tests/cases/ give the same bytes in Lua as by the command, from tables and without them.
local harness = require "bindings.lua.spec.harness"
local netpol = require "netpol"
local unpack = unpack or table.unpack

local function case_of(path)
  local text, last = harness.read(path), nil
  local at = 1
  repeat
    last = at
    at = select(2, text:find("\n---\n", at, true))
    at = at and at + 1
  until not at
  return assert(netpol.decode(text:sub(last)))
end

local function paths()
  local pipe = assert(io.popen("ls tests/cases/*.yaml"))
  local list = {}
  for path in pipe:lines() do
    list[#list + 1] = path
  end
  pipe:close()
  assert(#list > 0, "no cases")
  return list
end

local function options_of(case)
  return {
    semantics = case.semantics, namespace = case.namespace, keep_going = case.keepGoing,
    node_addresses = case.nodeAddresses, resolve = case.resolve,
  }
end

local function words_of(path, case)
  local words = { "-f", path, "--semantics", case.semantics or "spec" }
  local function add(...)
    for i = 1, select("#", ...) do
      words[#words + 1] = (select(i, ...))
    end
  end
  if case.namespace then add("-n", case.namespace) end
  if case.keepGoing then add("--keep-going") end
  for _, address in ipairs(case.nodeAddresses or {}) do add("--node-address", address) end
  for _, name in ipairs(case.resolve or {}) do add("--resolve", name) end
  return words
end

local function by_command(name, path, case, ...)
  local words = words_of(path, case)
  for i = 1, select("#", ...) do
    words[#words + 1] = (select(i, ...))
  end
  return harness.command(name, unpack(words))
end

-- Both ways to an engine.
local function engines(path, case)
  local m = assert(netpol.load(path, { keep_going = case.keepGoing }))
  return assert(assert(netpol.cluster(m, options_of(case))):compile()),
    assert(assert(netpol.load_cluster(path, options_of(case))):compile())
end

-- No engine comes of it, whether its tables were made or not.
local function refused(path, case)
  local m = assert(netpol.load(path, { keep_going = true }))
  local options = options_of(case)
  options.keep_going = false
  local cluster, message = netpol.cluster(m, options)
  local engine
  if cluster then
    engine, message = cluster:compile()
  end
  harness.same(path .. " is refused", engine, nil)
  harness.holds(path, message, case.refused)
  cluster = netpol.load_cluster(path, options)
  harness.same(path .. " is refused", cluster and cluster:compile(), nil)
end

local function ask_all(path, case, by_tables, without)
  for _, q in ipairs(case.questions or {}) do
    local question = { from = q.src, to = q.dst, protocol = q.proto, port = q.port, family = q.family }
    local words = { "-o", "json", "--from", q.src, "--to", q.dst }
    for option, key in pairs { ["--port"] = "port", ["--protocol"] = "proto", ["--family"] = "family" } do
      if q[key] ~= nil then
        words[#words + 1] = option
        words[#words + 1] = q[key]
      end
    end
    local wanted = by_command("eval", path, case, unpack(words))
    local why = path .. ": " .. tostring(q.why)
    harness.same(why, by_tables:ask(question) or "", wanted)
    harness.same(why, without:ask(question) or "", wanted)
    local verdict, message = by_tables:verdict(question)
    harness.same(why, verdict and verdict.verdict or "error", q.verdict)
    if verdict then
      harness.same(why, verdict:json(), wanted)
      harness.same(why, verdict.allowed, q.verdict == "allow")
      harness.same(why, #verdict.depends, #(q.depends or {}))
    else
      harness.holds(why, message, q.error or "")
    end
  end
end

describe("tests/cases", function()
  it("every case is answered as by the command", function()
    for _, path in ipairs(paths()) do
      local case = case_of(path)
      if case.refused then
        refused(path, case)
      else
        local by_tables, without = engines(path, case)
        ask_all(path, case, by_tables, without)
        local list = by_command("list", path, case, "-o", "json")
        harness.same(path .. ": list", by_tables:list("json"), list)
        harness.same(path .. ": list", without:list("json"), list)
      end
    end
  end)

  it("checks are those of the command", function()
    for _, path in ipairs(paths()) do
      for _, format in ipairs { "text", "json", "jsonl", "sarif" } do
        harness.same(path, netpol.check(path, format), harness.command("check", "-o", format, path))
      end
    end
  end)

  -- Objects that are kept whole are written as the command writes them.
  it("tables are written as documents are", function()
    for _, path in ipairs { "examples/db-policy/1-either.yaml", "examples/db-policy/2-both.yaml",
                            "examples/db-policy/3-in-and-out.yaml" } do
      for _, format in ipairs { "yaml", "json" } do
        local m = assert(netpol.load(path))
        harness.same(path, netpol.dumps(m, format), harness.command("convert", "-o", format, path))
      end
    end
  end)
end)
