-- SPDX-License-Identifier: MIT
-- Kubernetes network policies: reads manifests, says what is wrong with them, answers who may talk to
-- whom. Values are plain tables; clusters, engines and documents are handles of the C library.
--
-- Input that is refused gives nil, message, diagnostics. Wrong arguments raise an error.
local core = require "netpol.core"

local netpol = {
  _VERSION = core.version_text(),
  null = core.decode("[null]")[1], -- inside lists of netpol.decode
}

-- What belongs to a handle: nobody else can reach it, and it goes with the handle.
local hidden = setmetatable({}, { __mode = "k" })

local Manifests, Cluster, Engine, Verdict, Document, Selector = {}, {}, {}, {}, {}, {}
for name, class in pairs { manifests = Manifests, cluster = Cluster, engine = Engine,
                           verdict = Verdict, document = Document, selector = Selector } do
  class.__index = class
  class.__name = "netpol " .. name
end

-- ---- arguments ----

-- Raises an error that points at the caller of this module.
local here = debug.getinfo(1, "S").source
local function fail(...)
  local level = 2
  while debug.getinfo(level, "S") and debug.getinfo(level, "S").source == here do
    level = level + 1
  end
  error("netpol: " .. string.format(...), level)
end

local function want(value, kind, what)
  if type(value) ~= kind then
    fail("%s must be a %s, not a %s", what, kind, type(value))
  end
  return value
end

local function inside(handle, class)
  local it = getmetatable(handle) == class and hidden[handle]
  if not it then
    fail("this is no open %s", class.__name)
  end
  return it
end

-- Options whose names and types are known; any other raises.
local function options_of(given, types)
  if given == nil then
    return {}
  end
  if type(given) ~= "table" then
    fail("options must be a table, not a %s", type(given))
  end
  for name, value in pairs(given) do
    if not types[name] then
      fail("there is no option %q here", tostring(name))
    elseif type(value) ~= types[name] then
      fail("option %q must be a %s, not a %s", name, types[name], type(value))
    end
  end
  return given
end

local function has_nul(text)
  return type(text) == "string" and text:find("\0", 1, true) ~= nil
end

local FORMATS = { text = core.FORMAT_TEXT, yaml = core.FORMAT_YAML, json = core.FORMAT_JSON,
                  jsonl = core.FORMAT_JSONL, sarif = core.FORMAT_SARIF }

local function format_of(word, default)
  local format = FORMATS[word or default]
  if not format then
    fail("there is no format %q", tostring(word))
  end
  return format
end

-- ---- manifests ----

local GROUPS = {
  NetworkPolicy = "policies", Namespace = "namespaces", Pod = "pods", Node = "nodes",
  Service = "services", EndpointSlice = "endpoint_slices", Endpoints = "endpoints",
  ClusterNetworkPolicy = "cluster_policies", AdminNetworkPolicy = "cluster_policies",
  BaselineAdminNetworkPolicy = "cluster_policies",
}
local OF_THE_CLUSTER = { namespaces = true, nodes = true, cluster_policies = true }

-- "ns/name", "ns/name[Deployment]" of a workload, "name" of what has no namespace.
local function key_of(object, group)
  local meta = object.metadata or {}
  local name = meta.name or ""
  if OF_THE_CLUSTER[group] then
    return name
  end
  local kind = group == "workloads" and "[" .. object.kind .. "]" or ""
  return (meta.namespace_name or "default") .. "/" .. name .. kind
end

-- Two objects of one name are an error of the cluster, which must see both.
local function free_key(group, key)
  local n, free = 1, key
  while group[free] do
    n = n + 1
    free = key .. "#" .. n
  end
  return free
end

local function manifests_of(handle, keep_going)
  local objects, origins = core.objects(handle), {}
  local m = setmetatable({
    workloads = {},
    diagnostics = core.manifests_diagnostics(handle),
    broken = core.manifests_broken(handle),
    foreign = core.manifests_foreign(handle),
  }, Manifests)
  for _, group in pairs(GROUPS) do
    m[group] = {}
  end
  for i, object in ipairs(objects) do
    local group = GROUPS[object.kind] or "workloads"
    m[group][free_key(m[group], key_of(object, group))] = object
    origins[object] = i
  end
  hidden[m] = { handle = handle, objects = objects, origins = origins, keep_going = keep_going }
  return m
end

-- Reads all sources, whatever is wrong with some.
local function read_all(options, sources, read)
  local handle = core.manifests_new(options)
  local keep_going = options and options.keep_going
  local failed
  for _, source in ipairs(sources) do
    local ok, message = read(handle, source)
    failed = failed or not ok and message
  end
  if failed and not keep_going then
    return nil, failed, core.manifests_diagnostics(handle)
  end
  return handle
end

local function paths_of(paths)
  if type(paths) == "string" then
    return { paths }
  end
  want(paths, "table", "what is read")
  if #paths == 0 then
    fail("there is nothing to read")
  end
  for _, path in ipairs(paths) do
    want(path, "string", "a path")
  end
  return paths
end

--- Reads files, directories, or standard input ("-"): a path or a list of paths.
function netpol.load(paths, options)
  local handle, message, diagnostics = read_all(options, paths_of(paths), core.manifests_read)
  if not handle then
    return nil, message, diagnostics
  end
  return manifests_of(handle, options and options.keep_going)
end

--- Reads text; `name` is what diagnostics call it.
function netpol.loads(text, options, name)
  want(text, "string", "the text")
  local handle, message, diagnostics = read_all(options, { text }, function(handle, bytes)
    return core.manifests_read_memory(handle, name, bytes)
  end)
  if not handle then
    return nil, message, diagnostics
  end
  return manifests_of(handle, options and options.keep_going)
end

-- The tables that are in a list of manifests now: those that were read in their order, then others.
local function tables_of(m)
  local present, list, added = {}, {}, {}
  local it = hidden[m]
  for group in pairs(m) do
    if type(m[group]) == "table" and group ~= "diagnostics" then
      for key, object in pairs(m[group]) do
        present[want(object, "table", group .. " " .. tostring(key))] = true
        if not it.origins[object] then
          added[#added + 1] = { group .. "\0" .. tostring(key), object }
        end
      end
    end
  end
  for _, object in ipairs(it.objects) do
    if present[object] then
      list[#list + 1] = object
    end
  end
  table.sort(added, function(a, b) return a[1] < b[1] end)
  for _, pair in ipairs(added) do
    list[#list + 1] = pair[2]
  end
  return list
end

-- Manifests, a list of tables or one table: the tables in order, and what the manifests were made of.
local function objects_of(values)
  want(values, "table", "what is given")
  if getmetatable(values) == Manifests then
    return tables_of(values), inside(values, Manifests)
  elseif values[1] ~= nil or next(values) == nil then
    for _, object in ipairs(values) do
      want(object, "table", "an object")
    end
    return values, { origins = {} }
  end
  return { values }, { origins = {} }
end

--- Writes an object, a list of objects or manifests as Kubernetes prints them: "yaml" or "json".
function netpol.dumps(values, format)
  local bits, yaml = format_of(format, "yaml"), (format or "yaml") == "yaml"
  local pieces = {}
  for _, value in ipairs((objects_of(values))) do
    local object, message, diagnostics = core.object(value)
    if not object then
      return nil, message, diagnostics
    end
    pieces[#pieces + 1] = core.object_write(object, bits, yaml and core.WRITE_HIDE_MANAGED_FIELDS or 0)
  end
  return table.concat(pieces, yaml and "---\n" or "")
end

--- All that the API server would say of an object: a list of diagnostics, empty if it has no complaint.
function netpol.validate(value, options)
  local object, message, diagnostics = core.object(want(value, "table", "an object"))
  if not object then
    return nil, message, diagnostics
  end
  return core.object_validate(object, nil, options)
end

--- What `netpol check` prints of these paths, and how many documents are invalid.
function netpol.check(paths, format, options)
  local given = {}
  for name, value in pairs(options or {}) do
    given[name] = value
  end
  local kind = given.kind
  given.kind, given.keep_text = nil, true
  local handle = core.manifests_new(given)
  for _, path in ipairs(paths_of(paths)) do
    core.manifests_read(handle, path)
  end
  return core.manifests_check(handle, kind, given, format_of(format, "text"))
end

--- The first document of a YAML or JSON text as plain values.
function netpol.decode(text)
  return core.decode(want(text, "string", "the text"))
end

-- ---- clusters ----

local CLUSTER = { semantics = "string", namespace = "string", node_addresses = "table",
                  resolve = "table", keep_going = "boolean" }

--- The names that `semantics` can have.
netpol.presets = {}
while core.semantics_preset_name(#netpol.presets) do
  netpol.presets[#netpol.presets + 1] = core.semantics_preset_name(#netpol.presets)
end

local function check_preset(name)
  for _, preset in ipairs(netpol.presets) do
    if preset == name then
      return
    end
  end
  fail("there are no semantics %q, only %s", name, table.concat(netpol.presets, ", "))
end

local function new_cluster(options, keep_going)
  if options.semantics then
    check_preset(options.semantics)
  end
  return core.cluster_new(options.semantics, options.namespace, options.node_addresses,
                          options.resolve, { keep_going = keep_going })
end

local function filled(handle, list, keep_going)
  local ok, message, diagnostics = core.cluster_put_all(handle, list)
  if not ok then
    return nil, message, diagnostics
  end
  local cluster = setmetatable({}, Cluster)
  hidden[cluster] = { handle = handle, keep_going = keep_going }
  return cluster
end

--- A cluster of manifests, or of a list of tables, as they stand now.
function netpol.cluster(values, options)
  options = options_of(options, CLUSTER)
  local tables, it = objects_of(values)
  local keep_going = options.keep_going
  if keep_going == nil then
    keep_going = it.keep_going
  end
  local handle, message, diagnostics = new_cluster(options, keep_going)
  if not handle then
    return nil, message, diagnostics
  end
  local list
  list, message, diagnostics = core.gather(it.handle, tables, it.origins)
  if not list then
    return nil, message, diagnostics
  end
  return filled(handle, list, keep_going)
end

--- A cluster of files and directories that never become tables: for what is large.
function netpol.load_cluster(paths, options)
  options = options_of(options, CLUSTER)
  local list, message, diagnostics =
    read_all({ keep_going = options.keep_going }, paths_of(paths), core.manifests_read)
  local handle
  if list then
    handle, message, diagnostics = new_cluster(options, options.keep_going)
  end
  if not handle then
    return nil, message, diagnostics
  end
  return filled(handle, list, options.keep_going)
end

--- Adds an object, or replaces the one of its kind and name. Engines that exist do not change.
function Cluster:put(value)
  local it = inside(self, Cluster)
  local object, message, diagnostics = core.object(want(value, "table", "an object"))
  if not object then
    return nil, message, diagnostics
  end
  return core.cluster_put(it.handle, object)
end

--- Removes the object of that kind, namespace and name, as an object's table says them.
function Cluster:remove(value)
  local it = inside(self, Cluster)
  local object, message, diagnostics = core.object(want(value, "table", "an object"))
  if not object then
    return nil, message, diagnostics
  end
  return core.cluster_remove(it.handle, core.object_kind(object), core.object_namespace(object),
                             core.object_name(object))
end

local MACHINERY = { compiled = core.ENGINE_COMPILED, reference = core.ENGINE_REFERENCE }

-- ---- the fast path ----

local PROTOCOLS = { TCP = core.TCP, UDP = core.UDP, SCTP = core.SCTP, ICMP = core.ICMP,
                    ICMPv6 = core.ICMPV6 }

-- Under LuaJIT the C function is called without Lua's C interface, so that traces go through it.
local has_ffi, ffi = pcall(require, "ffi")
has_ffi = has_ffi and rawget(_G, "jit") ~= nil
local fast_call = core.allowed
if has_ffi then
  local code = ffi.cast(
    "int (*)(const void *, const char *, size_t, const char *, size_t, int, int)", core.fast_code())
  fast_call = function(engine, src, dst, protocol, port)
    return code(engine, src, #src, dst, #dst, protocol, port)
  end
end

local function fast_engine(handle)
  return has_ffi and ffi.cast("const void *", core.fast_engine(handle)) or handle
end

--- Compiles the cluster as it stands; `engine` is "compiled" or "reference".
function Cluster:compile(options)
  local it = inside(self, Cluster)
  local machinery = options_of(options, { engine = "string" }).engine or "compiled"
  if not MACHINERY[machinery] then
    fail("there is no engine %q", machinery)
  end
  local handle, message, diagnostics = core.cluster_compile(it.handle, MACHINERY[machinery])
  if not handle then
    return nil, message, diagnostics
  end
  local engine = setmetatable({}, Engine)
  hidden[engine] = { handle = handle, fast = fast_engine(handle) }
  return engine
end

-- ---- engines ----

local QUESTION = { from = true, to = true, protocol = true, port = true, namespace = true,
                   family = true, all_presets = true }

-- A number or a text, as text.
local function word(value, what)
  if type(value) == "number" then
    if value % 1 ~= 0 then
      fail("%s must be a whole number or a string", what)
    end
    return string.format("%d", value)
  elseif value ~= nil and type(value) ~= "string" then
    fail("%s must be a number or a string, not a %s", what, type(value))
  end
  return value
end

local function check_question(question)
  if type(question) ~= "table" then
    fail("a question must be a table, not a %s", type(question))
  end
  for name, value in pairs(question) do
    if not QUESTION[name] then
      fail("a question has no %q", tostring(name))
    elseif has_nul(value) then
      return nil, "netpol: " .. name .. " holds the character NUL", {}
    end
  end
  return true
end

local function answer_of(engine, question)
  local it = inside(engine, Engine)
  local ok, message, diagnostics = check_question(question)
  if not ok then
    return nil, message, diagnostics
  end
  return core.engine_ask(it.handle, question.from, question.to, word(question.protocol, "protocol"),
                         word(question.port, "port"), question.namespace, question.family or 0,
                         question.all_presets or false)
end

--- Answers {from=…, to=…, port=…, protocol=…}: a table of what `netpol eval -o json` prints, with
--- `allowed` besides, true only if all that was asked for is allowed.
function Engine:verdict(question)
  local answer, message, diagnostics = answer_of(self, question)
  if not answer then
    return nil, message, diagnostics
  end
  local verdict = core.decode(core.answer_write(answer, core.FORMAT_JSON))
  verdict.allowed = core.answer_outcome(answer) == core.ALLOW
  hidden[verdict] = answer
  return setmetatable(verdict, Verdict)
end

--- The same answer as text, in the bytes of `netpol eval -o FORMAT`: "json", "jsonl" or "text".
function Engine:ask(question, format)
  local answer, message, diagnostics = answer_of(self, question)
  if not answer then
    return nil, message, diagnostics
  end
  return core.answer_write(answer, format_of(format, "json"))
end

--- Answers one line of a file of questions, as `netpol eval --queries` does.
function Engine:answer(line)
  return core.engine_answer_line(inside(self, Engine).handle, want(line, "string", "a line"))
end

--- Who can talk to whom, in the bytes of `netpol list -o FORMAT`: "text" or "json".
function Engine:list(format, options)
  local it = inside(self, Engine)
  options = options_of(options, { focus = "string", pods = "boolean", self = "boolean" })
  return core.engine_list(it.handle, options.focus, options.pods or false, options.self or false,
                          format_of(format, "text"), nil)
end

--- Whether an address may open a connection to another: the fast way, without tables. Addresses of
--- services are not translated. false without a second result means no; nil, message: no address.
function Engine:allowed(src, dst, protocol, port)
  local it = inside(self, Engine)
  protocol = PROTOCOLS[protocol or "TCP"] or protocol
  port = port or 0
  if type(src) ~= "string" or type(dst) ~= "string" then
    fail("two addresses must be given as strings")
  elseif type(protocol) ~= "number" or protocol % 1 ~= 0 or protocol < 0 or protocol > 255 then
    fail("there is no protocol %q", tostring(protocol))
  elseif type(port) ~= "number" or port % 1 ~= 0 or port < 0 or port > 65535 then
    fail("there is no port %s", tostring(port))
  end
  local answer = fast_call(it.fast, src, dst, protocol, port)
  if answer < 0 then
    return nil, "netpol: not an address: " .. (answer == -1 and src or dst)
  end
  return answer == 1
end

--- How many pods the engine knows.
function Engine:pod_count()
  return core.engine_pod_count(inside(self, Engine).handle)
end

local function close(handle)
  hidden[handle] = nil
end
for _, class in ipairs { Cluster, Engine, Document, Selector } do
  class.close = close
  class.__close = close
end

--- The bytes of `netpol eval -o json`.
function Verdict:json()
  return core.answer_write(hidden[self], core.FORMAT_JSON)
end

--- What `netpol eval` prints for people.
function Verdict:text()
  return core.answer_write(hidden[self], core.FORMAT_TEXT)
end

-- ---- documents ----

--- A text whose comments and layout stay when it is changed; `name` is what diagnostics call it.
function netpol.document(text, name)
  local handle, message, diagnostics = core.document_new(name, want(text, "string", "the text"), nil)
  if not handle then
    return nil, message, diagnostics
  end
  local document = setmetatable({}, Document)
  hidden[document] = handle
  return document
end

-- `index` of documents counts from 1.
local function edit(action, needs_value)
  return function(self, path, value, index)
    local handle = inside(self, Document)
    want(path, "string", "the path")
    if needs_value then
      value = word(type(value) == "boolean" and tostring(value) or value, "the value")
      want(value, "string", "the value")
    else
      value, index = nil, value
    end
    return core.document_edit(handle, (index or 1) - 1, action, path, value)
  end
end

--- Each changes the text and returns true: set(path, yaml), add(path, yaml), delete(path),
--- rename(path, key). A last argument says which document of the text, from 1.
Document.set = edit(core.EDIT_SET, true)
Document.add = edit(core.EDIT_ADD, true)
Document.delete = edit(core.EDIT_DELETE, false)
Document.rename = edit(core.EDIT_RENAME, true)

--- Makes the document mean the same as an object's table, with the fewest changes.
function Document:update(value, index)
  local handle = inside(self, Document)
  local object, message, diagnostics = core.object(want(value, "table", "an object"))
  if not object then
    return nil, message, diagnostics
  end
  return core.document_update(handle, (index or 1) - 1, object)
end

--- The text as it stands.
function Document:text()
  return core.document_text(inside(self, Document))
end

--- How many documents the text has.
function Document:count()
  return core.document_count(inside(self, Document))
end

-- ---- selectors ----

--- A selector in kubectl's form: "app=web,tier in (a,b),!legacy".
function netpol.selector(text)
  want(text, "string", "the selector")
  if has_nul(text) then
    return nil, "netpol: the selector holds the character NUL", {}
  end
  local handle, message, diagnostics = core.selector_parse(text, nil)
  if not handle then
    return nil, message, diagnostics
  end
  local selector = setmetatable({}, Selector)
  hidden[selector] = handle
  return selector
end

--- Whether the selector selects an object with these labels.
function Selector:matches(labels)
  return core.selector_matches(inside(self, Selector), want(labels, "table", "the labels"))
end

--- The selector in its usual form.
function Selector:text()
  return core.selector_format(inside(self, Selector))
end
Selector.__tostring = Selector.text

return netpol
