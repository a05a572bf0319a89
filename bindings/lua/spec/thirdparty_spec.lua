-- SPDX-License-Identifier: MIT
-- Truth tables and policies that others wrote, where they lie beside this repository: right, and in the same
-- bytes as by the command.
local harness = require "bindings.lua.spec.harness"
local netpol = require "netpol"
local same, holds = harness.same, harness.holds
local unpack = unpack or table.unpack

local CASES, GOLDEN = "../shared/cases/thirdparty/", "../shared/oracle/verdict/"

-- The lines of a file as {text = …, values = …}.
local function rows(path)
  if not harness.exists(path) then
    pending(path .. " is not here")
  end
  local list = {}
  for line in io.lines(path) do
    list[#list + 1] = { text = line, value = assert(netpol.decode(line)) }
  end
  assert(#list > 0, path .. " is empty")
  return list
end

local function files_of(case, alternative)
  local files = {}
  for i, file in ipairs(case.manifests) do
    local replaced = alternative and case.alternative and case.alternative.replaces == file
    files[i] = CASES .. (replaced and case.alternative.file or file)
  end
  return files
end

local function words_of(files, ...)
  local words = { ... }
  for _, file in ipairs(files) do
    words[#words + 1] = "-f"
    words[#words + 1] = file
  end
  return unpack(words)
end

-- Whether the manifests have objects of these groups alone.
local function has_only(m, ...)
  local left = { diagnostics = true }
  for i = 1, select("#", ...) do left[(select(i, ...))] = true end
  for group, objects in pairs(m) do
    if type(objects) == "table" and not left[group] and next(objects) ~= nil then
      return false
    end
  end
  return true
end

-- Of tables, and without them.
local function engines(files, options)
  local m = assert(netpol.load(files, { keep_going = options and options.keep_going }))
  return assert(assert(netpol.cluster(m, options)):compile()),
    assert(assert(netpol.load_cluster(files, options)):compile())
end

local function check_table(group, least, alternative)
  local asked = 0
  for _, row in ipairs(rows(CASES .. group .. ".jsonl")) do
    local case = row.value
    local files = files_of(case, alternative)
    local by_tables, without = engines(files)
    for _, q in ipairs(case.queries) do
      local question = { from = q.src, to = q.dst, protocol = q.proto, port = q.port }
      local why = ("%s: %s to %s"):format(case.name, q.src, q.dst)
      local wanted = harness.command("eval", words_of(files, "-o", "json", "--from", q.src, "--to", q.dst,
                                                      "--protocol", q.proto, "--port", q.port))
      same(why, assert(by_tables:verdict(question)).verdict, q.expect)
      same(why, by_tables:ask(question), wanted)
      same(why, without:ask(question), wanted)
      same(why, by_tables:verdicts({ from = { q.src }, to = q.dst, protocol = q.proto, port = q.port })[1],
           q.expect == "allow")
      asked = asked + 1
    end
  end
  assert(asked >= least, "only " .. asked .. " questions")
end

-- ---- the golden files of the oracle ----

local function encode(value)
  if type(value) ~= "table" then
    return type(value) == "string" and ("%q"):format(value) or tostring(value)
  end
  local parts = {}
  if value[1] ~= nil then
    for i, element in ipairs(value) do parts[i] = encode(element) end
    return "[" .. table.concat(parts, ",") .. "]"
  end
  for key, element in pairs(value) do parts[#parts + 1] = ("%q:"):format(key) .. encode(element) end
  return "{" .. table.concat(parts, ",") .. "}"
end

local function addresses(ips, key)
  local list = {}
  for i, ip in ipairs(ips or {}) do list[i] = { [key] = ip, type = key == "address" and "InternalIP" or nil } end
  return list[1] and list or nil
end

local function object(kind, x, more)
  more = more or {}
  more.apiVersion, more.kind = "v1", kind
  more.metadata = { name = x.name, namespace = x.namespace, labels = x.labels }
  return more
end

-- Each port in a container of its own: where names are equal, any counts.
local function pod(x)
  local containers = {}
  for i, port in ipairs(x.ports or {}) do
    containers[i] = { name = "c" .. i, ports = { { name = port.name, protocol = port.protocol,
                                                   containerPort = port.containerPort } } }
  end
  return object("Pod", x, {
    spec = { nodeName = x.node, hostNetwork = x.hostNetwork, containers = containers[1] and containers or nil },
    status = { phase = "Running", podIPs = addresses(x.ips, "ip") },
  })
end

local function node(x)
  return object("Node", x, { status = { addresses = addresses(x.ips, "address") } })
end

local function namespace(x)
  return object("Namespace", x)
end

-- The policies are taken as they are written, since tables do not tell [] from {}.
local function manifests_of(row)
  local items = {}
  for _, part in ipairs { { "namespaces", namespace }, { "nodes", node }, { "pods", pod } } do
    for _, x in ipairs(row.value[part[1]] or {}) do items[#items + 1] = encode(part[2](x)) end
  end
  for _, key in ipairs { "policies", "clusterNetworkPolicies", "adminNetworkPolicies",
                         "baselineAdminNetworkPolicies" } do
    local list = row.text:match('"' .. key .. '":(%b[])')
    if list and #list > 2 then items[#items + 1] = list:sub(2, -2) end
  end
  return '{"apiVersion":"v1","kind":"List","items":[' .. table.concat(items, ",") .. "]}"
end

local function check_column(lines, letters, preset, cluster, questions)
  local by_tables, without = engines({ cluster }, { semantics = preset })
  local answers = harness.command("eval", "-f", cluster, "--semantics", preset, "--queries", questions,
                                  "-o", "jsonl")
  local i = 0
  for answer in answers:gmatch "[^\n]+\n" do
    i = i + 1
    local line = lines[i]
    same(line, answer:match '"verdict":"(%a+)"', letters:sub(i, i) == "A" and "allow" or "deny")
    same(line, by_tables:answer(line), answer)
    same(line, without:answer(line), answer)
  end
  same("answers", i, #lines)
end

local function check_golden(kind)
  local cluster, questions = os.tmpname(), os.tmpname()
  for _, row in ipairs(rows(GOLDEN .. "golden-" .. kind .. ".jsonl")) do
    local lines = {}
    for i, query in ipairs(row.value.queries) do lines[i] = encode(query) end
    harness.write(cluster, manifests_of(row))
    harness.write(questions, table.concat(lines, "\n") .. "\n")
    check_column(lines, row.value.expect.ref, "spec", cluster, questions)
    check_column(lines, row.value.expect.policy, "knp", cluster, questions)
  end
  os.remove(cluster)
  os.remove(questions)
end

describe("what others wrote:", function()
  it("the truth tables of the end-to-end suite", function() check_table("k8s-e2e", 84) end)
  it("the conformance tables", function() check_table("npapi-conformance", 40) end)
  it("the conformance tables in their older form", function() check_table("npapi-conformance", 40, true) end)

  for _, kind in ipairs { "np", "cnp", "anp" } do
    it("the golden file of " .. kind, function() check_golden(kind) end)
  end

  it("lists of connections", function()
    local options = { semantics = "np-guard", keep_going = true }
    for _, group in ipairs { "np-guard-np", "np-guard-admin" } do
      for _, row in ipairs(rows(CASES .. group .. ".jsonl")) do
        local files = files_of(row.value)
        local by_tables, without = engines(files, options)
        local wanted = harness.command("list", words_of(files, "-o", "json", "--semantics", "np-guard",
                                                        "--keep-going"))
        same(row.value.name, by_tables:list("json"), wanted)
        same(row.value.name, without:list("json"), wanted)
      end
    end
  end)

  it("policies of real projects", function()
    local written = 0
    for _, group in ipairs { "real-world", "recipes", "cyclonus", "policy-assistant" } do
      for _, row in ipairs(rows(CASES .. group .. ".jsonl")) do
        local files = files_of(row.value)
        local m = netpol.load(files)
        if m and #files == 1 and has_only(m, "policies", "cluster_policies") then
          same(row.value.name, netpol.dumps(m), harness.command("convert", "--only-known", files[1]))
        end
        for _, policy in pairs(m and m.policies or {}) do
          local yaml = assert(netpol.dumps(policy))
          same(row.value.name, netpol.dumps(assert(netpol.loads(yaml))), yaml)
          written = written + 1
        end
      end
    end
    assert(written >= 50, "only " .. written .. " policies")
  end)

  it("inputs to refuse", function()
    for _, row in ipairs(rows(CASES .. "np-guard-bad.jsonl")) do
      local files = files_of(row.value)
      local cluster, message = netpol.load_cluster(files)
      local engine
      if cluster then
        engine, message = cluster:compile()
      end
      same(row.value.name, engine, nil)
      holds(row.value.name, message, "")
    end
  end)
end)
