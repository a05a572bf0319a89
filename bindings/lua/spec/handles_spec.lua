-- SPDX-License-Identifier: MIT
-- Clusters and engines: answers, changes, and that nothing is lost or used too late, in any order.
local harness = require "bindings.lua.spec.harness"
local netpol = require "netpol"
local unpack = unpack or table.unpack
local same, holds, raises = harness.same, harness.holds, harness.raises

local CLUSTER, POLICY = "examples/db-policy/cluster.yaml", "examples/db-policy/1-either.yaml"
local QUESTION = { from = "web", to = "db", port = 3306 }

local function load_example()
  return assert(netpol.load { CLUSTER, POLICY })
end

local function compile(m, options)
  return assert(assert(netpol.cluster(m, options)):compile())
end

describe("handles", function()
  it("a verdict tells what decided", function()
    local verdict = assert(compile(load_example()):verdict(QUESTION))
    same("allowed", verdict.allowed, false)
    same("verdict", verdict.verdict, "deny")
    same("policy", verdict.ingress.policy, "default/db-policy")
    same("file", verdict.ingress.source, POLICY)
    same("line", verdict.ingress.line, 3)
    same("absent", verdict.egress.policy, nil)
    holds("text", verdict:text(), "no rule matches")
    same("json", verdict:json(), harness.command("eval", "-f", CLUSTER, "-f", POLICY, "--from", "web",
                                                 "--to", "db", "--port", "3306", "-o", "json"))
  end)

  it("a verdict tells what would change it", function()
    local engine = compile(load_example())
    local words = { "-f", CLUSTER, "-f", POLICY, "--from", "web", "--to", "db", "--port", "3306", "-o" }
    for _, format in ipairs { "text", "json", "jsonl" } do
      words[12] = format
      same(format, engine:explain(QUESTION, format), harness.command("explain", unpack(words)))
    end
    holds("text", engine:verdict(QUESTION):explain(), "default/db-policy")
    holds("live", assert(netpol.live(engine)):explain(QUESTION), "default/db-policy")
    raises("no question", "must be a table", engine.explain, engine, "web")
    same("nobody", engine:explain { from = "nobody", to = "db" }, nil)
  end)

  it("scenarios are run", function()
    local path = "examples/scenarios/shop.yaml"
    local report = assert(netpol.test(path))
    for _, format in ipairs { "text", "json", "junit" } do
      same(format, report:write(format), harness.command("test", "-o", format, path))
    end
    same("passed", report.passed, report.summary.failed == 0 and report.summary.unanswered == 0)
    assert(#report.reports[1].items > 0, "no items")
    same("no file", netpol.test "no/such/file", nil)
    holds("no scenario", select(2, netpol.test(CLUSTER)), "cluster.yaml")
    raises("no path", "must be a string", netpol.test, {})
    raises("no report", "no open netpol report", report.write, {})
  end)

  it("changes in tables count", function()
    local m = load_example()
    local policy = m.policies["default/db-policy"]
    policy.spec.ingress[1].peers[1].pod_selector.match_labels = { app = "nobody" }
    same("denied", compile(m):verdict { from = "default/api", to = "db", port = 3306 }.allowed, false)
    policy.spec.ingress[1].peers[1].pod_selector.match_labels = {}
    same("allowed", compile(m):verdict(QUESTION).allowed, true)
    m.policies["default/db-policy"] = nil
    same("taken away", compile(m):verdict(QUESTION).ingress.reason, "not-isolated")
    m.policies.mine = { metadata = { name = "mine", namespace_name = "default" }, spec = {
      pod_selector = { match_labels = { role = "db" } }, policy_types = { "Ingress" } } }
    same("added", compile(m):verdict(QUESTION).ingress.policy, "default/mine")
  end)

  it("invalid policies give no answer", function()
    local m = load_example()
    m.policies["default/db-policy"].spec.ingress[1].ports[1].port = "80"
    local cluster, message = netpol.cluster(m)
    same("refused", cluster, nil)
    holds("message", message, "must contain at least one letter")
    holds("incomplete", compile(m, { keep_going = true }):ask(QUESTION), '"incomplete":true')
  end)

  it("the same object twice is seen", function()
    local m = assert(netpol.load { CLUSTER, POLICY, POLICY })
    assert(m.policies["default/db-policy"] and m.policies["default/db-policy#2"], "one is lost")
    local cluster, message = netpol.cluster(m)
    same("refused", cluster, nil)
    holds("message", message, "the same object is already in")
    m.policies["default/db-policy#2"] = nil
    assert(netpol.cluster(m))
  end)

  it("clusters change and engines do not", function()
    local m = load_example()
    local cluster = assert(netpol.cluster(m))
    local before = assert(cluster:compile())
    assert(cluster:remove(m.policies["default/db-policy"]))
    local after = assert(cluster:compile { engine = "reference" })
    same("before", before:verdict(QUESTION).allowed, false)
    same("after", after:verdict(QUESTION).allowed, true)
    same("not there", cluster:remove(m.policies["default/db-policy"]), nil)
    assert(cluster:put(m.policies["default/db-policy"]))
    same("again", assert(cluster:compile()):verdict(QUESTION).allowed, false)
    same("invalid", cluster:put { metadata = { name = "-" }, spec = {} }, nil)
  end)

  it("questions that are wrong", function()
    local engine = compile(load_example())
    local verdict, message, diagnostics = engine:verdict { from = "nobody", to = "db" }
    same("unknown pod", verdict, nil)
    holds("message", message, "nobody")
    assert(#diagnostics > 0, "no diagnostics")
    same("NUL", engine:verdict { from = "web\0", to = "db" }, nil)
    same("a huge port", engine:verdict { from = "web", to = "db", port = 2 ^ 40 }, nil)
    raises("a slip", 'has no "form"', engine.verdict, engine, { form = "web" })
    raises("a fraction", "whole number", engine.verdict, engine, { from = "web", to = "db", port = 1.5 })
    raises("infinity", "whole number", engine.verdict, engine, { from = "web", to = "db", port = 1 / 0 })
    raises("a table", "must be a table", engine.verdict, engine, "web")
    raises("a huge family", "4 or 6", engine.verdict, engine, { from = "web", to = "db", family = 2 ^ 40 })
    same("a line", engine:answer('{"src":"web","dst":"db","port":3306,"note":7}'),
         '{"src":"web","dst":"db","port":3306,"note":7,"verdict":"deny","depends":[]}\n')
    same("no line", engine:answer("x"), nil)
  end)

  it("addresses have a fast way", function()
    local m = load_example()
    m.pods["default/db"].status = { pod_ip = "10.0.0.2" }
    m.pods["default/api"].status = { pod_ip = "10.0.0.3" }
    m.pods["default/web"].status = { pod_ip = "10.0.0.4" }
    local engine = compile(m)
    same("allowed", engine:allowed("10.0.0.3", "10.0.0.2", "TCP", 3306), true)
    same("denied", engine:allowed("10.0.0.4", "10.0.0.2", "TCP", 3306), false)
    same("by number", engine:allowed("10.0.0.3", "10.0.0.2", 6, 3306), true)
    same("by words", engine:allowed("10.0.0.3", "10.0.0.2", "tcp", 3306), true)
    same("another", engine:allowed("10.0.0.3", "10.0.0.2", "17", 3306), false)
    same("IPv6", engine:allowed("2001:db8::1", "2001:db8::2"), true)
    local answer, message = engine:allowed("10.0.0", "10.0.0.2", "TCP", 1)
    same("no address", answer, nil)
    holds("message", message, "10.0.0")
    same("NUL", engine:allowed("10.0.0.3\0", "10.0.0.2", "TCP", 1), nil)
    raises("no text", "as strings", engine.allowed, engine, 7, "10.0.0.2")
    raises("a protocol", "no protocol", engine.allowed, engine, "10.0.0.3", "10.0.0.2", "TPC", 1)
    raises("a port", "no port", engine.allowed, engine, "10.0.0.3", "10.0.0.2", "TCP", 65536)
    raises("a huge port", "no port", engine.allowed, engine, "10.0.0.3", "10.0.0.2", "TCP", 2 ^ 60)
    raises("a fraction", "no port", engine.allowed, engine, "10.0.0.3", "10.0.0.2", "TCP", 1.5)
    for port = 3300, 3310 do -- enough rounds for LuaJIT to compile them
      for _ = 1, 200 do
        same("port " .. port, engine:allowed("10.0.0.3", "10.0.0.2", "TCP", port), port == 3306)
      end
    end
  end)

  it("columns of flows are judged at once", function()
    local m = load_example()
    m.pods["default/db"].status = { pod_ip = "10.0.0.2" }
    m.pods["default/api"].status = { pod_ip = "10.0.0.3" }
    local engine = compile(m)
    local function answers(columns)
      local list = assert(engine:verdicts(columns))
      for i, answer in ipairs(list) do list[i] = answer and "y" or "n" end
      return table.concat(list)
    end
    same("lists", answers { from = { "10.0.0.3", "10.0.0.3", "::ffff:10.0.0.3", "192.0.2.1" },
                            to = "10.0.0.2", port = { 3306, 80, 3306, 3306 } }, "ynyn")
    same("names", answers { from = { "default/api", "web", "10.0.0.3" }, to = "default/db", port = 3306 }, "yny")
    same("protocols", answers { from = "10.0.0.3", to = "10.0.0.2", port = 3306,
                                protocol = { "TCP", "udp", 6, "6", 17 } }, "ynyyn")
    same("texts of ports", answers { from = "10.0.0.3", to = { "10.0.0.2" }, port = "3306" }, "y")
    same("no rows", answers { from = {}, to = "10.0.0.2" }, "")
    local from, port, wanted = {}, {}, {}
    for i = 1, 1000 do
      from[i], port[i] = i % 3 == 0 and "10.0.0.3" or "10.0.0.9", i % 2 == 0 and 3306 or 80
      wanted[i] = i % 6 == 0 and "y" or "n"
    end
    same("many", answers { from = from, to = "10.0.0.2", port = port }, table.concat(wanted))
  end)

  it("columns that are wrong", function()
    local engine = compile(load_example())
    for _, row in ipairs {
      { "a pod", { from = { "web", "nobody" }, to = "db", port = 1 }, "nobody" },
      { "a number", { from = { "web", 7 }, to = "db", port = 1 }, "from[2]" },
      { "a hole", { from = { "10.0.0.1" }, to = nil, port = 1 }, "to: an address" },
      { "NUL", { from = { "10.0.0.1\0" }, to = "db", port = 1 }, "from[1]" },
      { "a protocol", { from = { "10.0.0.1" }, to = "10.0.0.2", protocol = 256, port = 1 }, "protocol" },
      { "no protocol", { from = { "10.0.0.1" }, to = "10.0.0.2", protocol = "TPC", port = 1 }, "protocol" },
      { "a port", { from = { "10.0.0.1" }, to = "10.0.0.2", port = 65536 }, "port" },
      { "a huge port", { from = { "10.0.0.1" }, to = "10.0.0.2", port = { 2 ^ 60 } }, "port[1]" },
      { "a port's name", { from = { "10.0.0.1" }, to = "10.0.0.2", port = "x" }, "port" },
    } do
      local list, message, diagnostics = engine:verdicts(row[2])
      same(row[1], list, nil)
      holds(row[1], message, row[3])
      assert(#diagnostics > 0, "no diagnostics")
    end
    raises("no list", "must be a list", engine.verdicts, engine, { from = "web", to = "db" })
    raises("lengths", "rows, another has", engine.verdicts, engine, { from = { "a" }, to = {} })
    raises("a slip", 'no column "prot"', engine.verdicts, engine, { from = {}, prot = 1 })
    raises("no table", "must be a table", engine.verdicts, engine, "x")
  end)

  it("engines follow each other", function()
    local m = load_example()
    local cluster = assert(netpol.cluster(m))
    local live = assert(netpol.live(assert(cluster:compile())))
    local before = live:engine()
    live:engine():close()
    same("another handle", before:pod_count(), live:engine():pod_count())
    same("closing one is nothing to the place", live:allowed("10.0.0.1", "10.0.0.2"), true)
    same("closed", live:verdict(QUESTION).allowed, false)
    assert(cluster:remove(m.policies["default/db-policy"]))
    same("not yet", live:verdict(QUESTION).allowed, false)
    assert(live:publish(assert(cluster:compile())))
    same("open", live:verdict(QUESTION).allowed, true)
    same("what was taken before", before:verdict(QUESTION).allowed, false)
    same("many", live:verdicts({ from = { "web" }, to = "db", port = 3306 })[1], true)
    same("pods", live:pod_count(), live:engine():pod_count())
    raises("no engine", "no open netpol engine", live.publish, live, m)
    live:close()
    raises("closed", "no open netpol live", live.allowed, live, "10.0.0.1", "10.0.0.2")
    collectgarbage()
    same("its engine", before:verdict(QUESTION).allowed, false)
  end)

  it("engines meet under a name", function()
    local m = load_example()
    same("nothing is there", netpol.live "policies", nil)
    holds("nothing is there", select(2, netpol.live "policies"), "not found")
    local one = assert(netpol.live("policies", compile(m)))
    local other = assert(netpol.live "policies")
    same("the same", other:verdict(QUESTION).allowed, false)
    m.policies["default/db-policy"] = nil
    assert(netpol.live("policies", compile(m)))
    same("published at once", one:verdict(QUESTION).allowed, true)
    same("fast", other:allowed("10.0.0.1", "10.0.0.2", "TCP", 1), true)
    one, other = nil, nil
    collectgarbage() collectgarbage()
    same("gone with the last", netpol.live "policies", nil)
    raises("no name", "a name or an engine", netpol.live, 7)
    raises("NUL", "NUL", netpol.live, "a\0b", compile(m))
    raises("no engine", "no open netpol engine", netpol.live, "x", {})
  end)

  it("coroutines may share what they like", function()
    local m = load_example()
    local live = assert(netpol.live(compile(m)))
    local threads = {}
    for i = 1, 50 do
      threads[i] = coroutine.wrap(function()
        for _ = 1, 20 do
          local engine = live:engine()
          local answer = live:verdict(QUESTION).allowed
          coroutine.yield(answer == engine:verdict(QUESTION).allowed)
        end
      end)
    end
    for round = 1, 20 do
      if round == 10 then
        m.policies["default/db-policy"] = nil
        assert(live:publish(compile(m)))
      end
      for i = 1, 50 do same("coroutine " .. i, threads[i](), true) end
    end
  end)

  it("what is closed cannot be used", function()
    local cluster = assert(netpol.cluster(load_example()))
    local engine = assert(cluster:compile())
    local verdict = assert(engine:verdict(QUESTION))
    cluster:close()
    cluster:close()
    raises("a cluster", "no open netpol cluster", cluster.compile, cluster)
    same("its engine", engine:verdict(QUESTION).allowed, false)
    engine:close()
    raises("an engine", "no open netpol engine", engine.verdict, engine, QUESTION)
    raises("the fast way", "no open netpol engine", engine.allowed, engine, "10.0.0.1", "10.0.0.2")
    collectgarbage()
    holds("its answer", verdict:json(), '"verdict":"deny"')
    raises("another handle", "no open netpol engine", engine.verdict, cluster, QUESTION)
    raises("a table", "no open netpol engine", engine.verdict, {}, QUESTION)
    raises("nothing", "no open netpol engine", engine.verdict, nil, QUESTION)
    local document = assert(netpol.document("a: 1"))
    document:close()
    raises("a document", "no open netpol document", document.text, document)
  end)

  it("nothing holds what it came from", function()
    local engine
    do
      local m = load_example()
      engine = compile(m)
    end
    collectgarbage()
    collectgarbage()
    same("alive", engine:verdict(QUESTION).allowed, false)
  end)

  -- Resident memory in KiB; nil where the system does not tell.
  local function resident()
    local file = io.open("/proc/self/statm")
    local pages = file and file:read("*a"):match("^%d+ (%d+)")
    if file then file:close() end
    return pages and pages * 4
  end

  local function round(text)
    local m = assert(netpol.loads(text))
    local cluster = assert(netpol.cluster(m))
    local engine = assert(cluster:compile())
    assert(engine:verdict { from = "web", to = "db", port = 3306 })
    assert(engine:verdicts { from = { "10.0.0.1", "web" }, to = "db", port = 3306 })
    assert(not engine:verdicts { from = { "web", "nobody" }, to = "db", port = 3306 })
    assert(assert(netpol.live("rounds", engine)):engine():ask(QUESTION))
    assert(not netpol.loads(text .. "\n---\n{kind: NetworkPolicy, apiVersion: networking.k8s.io/v1, x: 1}"))
    assert(not netpol.dumps { spec = { x = 1 } })
    assert(not pcall(engine.verdict, engine, { form = 1 }))
  end

  -- Garbage is collected often, so that what stays is what was lost.
  local function rounds_of(text, n)
    for i = 1, n do
      round(text)
      if i % 50 == 0 then collectgarbage() end
    end
    collectgarbage() collectgarbage()
    return resident()
  end

  -- NETPOL_LUA_ROUNDS=20000 for the long run.
  it("memory does not grow", function()
    local text = harness.read(CLUSTER) .. "\n---\n" .. harness.read(POLICY)
    local before = rounds_of(text, 300)
    local after = rounds_of(text, tonumber(os.getenv("NETPOL_LUA_ROUNDS")) or 600)
    if before and not os.getenv("ASAN_OPTIONS") and after - before > 1024 then
      harness.fail("%d KiB more", after - before)
    end
  end)
end)
