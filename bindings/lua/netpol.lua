-- SPDX-License-Identifier: MIT
-- Kubernetes network policies: reads manifests, says what is wrong with them, answers who may talk to
-- whom. Values are plain tables; clusters, engines and documents are handles of the C library.
--
-- Input that is refused gives nil, message, diagnostics. Wrong arguments raise an error.
local arguments = require("netpol.arguments").join()
local core = arguments.core
local engines = require "netpol.engine"
local texts = require "netpol.texts"
local fail, want, want_object = arguments.fail, arguments.want, arguments.want_object
local inside, hidden = arguments.inside, arguments.hidden
local options_of, format_of = arguments.options_of, arguments.format_of

local netpol = {
  _VERSION = core.version_text(),
  null = core.decode("[null]")[1], -- inside lists of netpol.decode
  live = engines.live,
  document = texts.document,
  selector = texts.selector,
  test = require("netpol.scenario").test,
}

local Manifests, Cluster = arguments.class "manifests", arguments.class "cluster"

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

-- Two objects of one name are an error of the cluster, which must see both. `counts`: how many there are.
local function free_key(group, counts, key)
  local free = key
  while group[free] do
    counts[key] = (counts[key] or 1) + 1
    free = key .. "#" .. counts[key]
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
  local counts = { workloads = {} }
  for _, group in pairs(GROUPS) do
    m[group], counts[group] = {}, {}
  end
  for i, object in ipairs(objects) do
    local group = GROUPS[object.kind] or "workloads"
    m[group][free_key(m[group], counts[group], key_of(object, group))] = object
    origins[object] = i
  end
  hidden[m] = { handle = handle, objects = objects, origins = origins, keep_going = keep_going }
  return m
end

local READ = { lenient = "boolean", keep_going = "boolean", tolerant_cidr = "boolean",
               standard_channel = "boolean", only_libyaml = "boolean", max_bytes = "number",
               max_memory = "number", max_depth = "number", max_documents = "number", max_scalar = "number",
               max_diagnostics = "number" }

-- Reads all sources, whatever is wrong with some.
local function read_all(options, sources, read)
  local handle = core.manifests_new(options)
  local keep_going = options.keep_going
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
  if arguments.length_of(paths, "a list of paths") == 0 then
    fail("there is nothing to read")
  end
  for _, path in ipairs(paths) do
    want(path, "string", "a path")
  end
  return paths
end

--- Reads files, directories, or standard input ("-"): a path or a list of paths.
function netpol.load(paths, options)
  options = options_of(options, READ)
  local handle, message, diagnostics = read_all(options, paths_of(paths), core.manifests_read)
  if not handle then
    return nil, message, diagnostics
  end
  return manifests_of(handle, options.keep_going)
end

--- Reads text; `name` is what diagnostics call it.
function netpol.loads(text, options, name)
  want(text, "string", "the text")
  options = options_of(options, READ)
  local handle, message, diagnostics = read_all(options, { text }, function(handle, bytes)
    return core.manifests_read_memory(handle, name, bytes)
  end)
  if not handle then
    return nil, message, diagnostics
  end
  return manifests_of(handle, options.keep_going)
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
  if getmetatable(values) == Manifests then
    local it = inside(values, Manifests)
    return tables_of(values), it
  elseif arguments.kind_of(values) == "table" and (values[1] ~= nil or next(values) == nil) then
    arguments.length_of(values, "a list of objects")
    for i, object in ipairs(values) do
      want_object(object, "element " .. i)
    end
    return values, { origins = {} }
  end
  return { want_object(values, "what is given", "an object, a list of objects or manifests") },
    { origins = {} }
end

-- The kinds that are kept whole. Of the others only what verdicts need is kept, which is no manifest.
local WRITTEN = { NetworkPolicy = true, ClusterNetworkPolicy = true, AdminNetworkPolicy = true,
                  BaselineAdminNetworkPolicy = true }

local function check_written(object)
  local kind = object.kind or "NetworkPolicy"
  if WRITTEN[kind] then
    return true
  end
  local article = kind:find "^[AEIOU]" and "an" or "a"
  local message = ("%s %s cannot be written: only policies are kept whole"):format(article, kind)
  return nil, "netpol: " .. message, { { severity = "error", message = message } }
end

--- Writes a policy, a list of policies or manifests of policies as Kubernetes prints them: "yaml" or "json".
function netpol.dumps(values, format)
  local bits, yaml = format_of(format, { "yaml", "json" }), (format or "yaml") == "yaml"
  local pieces = {}
  for _, value in ipairs((objects_of(values))) do
    local object, message, diagnostics = core.object(value)
    local written = object
    if object then
      written, message, diagnostics = check_written(value)
    end
    if not written then
      return nil, message, diagnostics
    end
    pieces[#pieces + 1] = core.object_write(object, bits, yaml and core.WRITE_HIDE_MANAGED_FIELDS or 0)
  end
  return table.concat(pieces, yaml and "---\n" or "")
end

--- All that the API server would say of an object: a list of diagnostics, empty if it has no complaint.
function netpol.validate(value, options)
  local object, message, diagnostics = core.object(want_object(value, "what is given"))
  if not object then
    return nil, message, diagnostics
  end
  return core.object_validate(object, nil, options_of(options, READ))
end

local CHECKED = { "text", "json", "jsonl", "sarif", "junit" }
local CHECK = setmetatable({ kind = "string" }, { __index = READ })

--- What `netpol check` prints of these paths, and how many documents are invalid.
function netpol.check(paths, format, options)
  local given, bits = {}, format_of(format, CHECKED)
  for name, value in pairs(options_of(options, CHECK)) do
    given[name] = value
  end
  local kind = given.kind
  given.kind, given.keep_text = nil, true
  local handle = core.manifests_new(given)
  for _, path in ipairs(paths_of(paths)) do
    core.manifests_read(handle, path)
  end
  return core.manifests_check(handle, kind, given, bits)
end

--- The first document of a YAML or JSON text as plain values.
function netpol.decode(text)
  return core.decode(want(text, "string", "the text"))
end

-- ---- clusters ----

local CLUSTER = { semantics = "string", namespace = "string", node_addresses = "table",
                  resolve = "table", keep_going = "boolean" }

--- The names that `semantics` can have; a copy of what the module goes by.
local presets = {}
netpol.presets = {}
while core.semantics_preset_name(#presets) do
  presets[#presets + 1] = core.semantics_preset_name(#presets)
  netpol.presets[#presets] = presets[#presets]
end

local function check_preset(name)
  for _, preset in ipairs(presets) do
    if preset == name then
      return
    end
  end
  fail("there are no semantics %q, only %s", name, table.concat(presets, ", "))
end

-- A map of names to addresses, or to lists of them, as the library's texts.
local function texts_of(map, what)
  local texts = {}
  for name, addresses in pairs(map) do
    local place = ("%s[%s]"):format(what, arguments.shown(name))
    want(name, "string", "each key of " .. what)
    addresses = type(addresses) == "string" and { addresses } or want(addresses, "table", place)
    if arguments.length_of(addresses, place) == 0 then
      fail("%s has no address", place)
    end
    for _, address in ipairs(addresses) do
      texts[#texts + 1] = name .. "=" .. want(address, "string", "an address of " .. place)
    end
  end
  table.sort(texts)
  return texts
end

-- `resolve` or `node_addresses`: a map, or a list of the texts that the command takes.
local function addresses_of(given, what)
  if given == nil or type(next(given)) == "string" then
    return given and texts_of(given, what)
  end
  arguments.length_of(given, what)
  for i, text in ipairs(given) do
    want(text, "string", ("%s[%d]"):format(what, i))
  end
  return given
end

local function new_cluster(options, keep_going)
  if options.semantics then
    check_preset(options.semantics)
  end
  return core.cluster_new(options.semantics, options.namespace,
                          addresses_of(options.node_addresses, "node_addresses"),
                          addresses_of(options.resolve, "resolve"), { keep_going = keep_going })
end

local function filled(handle, list, keep_going)
  local ok, message, diagnostics = core.cluster_put_all(handle, list)
  if not ok then
    return nil, message, diagnostics
  end
  return arguments.handle(Cluster, { handle = handle, keep_going = keep_going })
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

--- A cluster of files and directories that never become tables: for what is large. What was read is said in
--- `diagnostics`, `broken` and `foreign`, as netpol.load does, and in `policies`, their number.
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
  local cluster
  cluster, message, diagnostics = filled(handle, list, options.keep_going)
  if not cluster then
    return nil, message, diagnostics
  end
  cluster.diagnostics, cluster.policies = core.manifests_diagnostics(list), core.count_policies(list)
  cluster.broken, cluster.foreign = core.manifests_broken(list), core.manifests_foreign(list)
  return cluster
end

--- Adds an object, or replaces the one of its kind and name. Engines that exist do not change.
function Cluster:put(value)
  local it = inside(self, Cluster)
  local object, message, diagnostics = core.object(want_object(value, "what is given"))
  if not object then
    return nil, message, diagnostics
  end
  return core.cluster_put(it.handle, object)
end

--- Removes the object of that kind, namespace and name, as an object's table says them.
function Cluster:remove(value)
  local it = inside(self, Cluster)
  local object, message, diagnostics = core.object(want_object(value, "what is given"))
  if not object then
    return nil, message, diagnostics
  end
  return core.cluster_remove(it.handle, core.object_kind(object), core.object_namespace(object),
                             core.object_name(object))
end

local MACHINERY = { compiled = core.ENGINE_COMPILED, reference = core.ENGINE_REFERENCE }

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
  return engines.of(handle)
end

return netpol
