-- SPDX-License-Identifier: MIT
-- arguments owns the checks that all parts of the module share, and what belongs to their handles. It
-- knows no function of theirs.
local core = require "netpol.core"
local arguments = {}

-- What belongs to a handle: nobody else can reach it, and it goes with the handle.
local hidden = setmetatable({}, { __mode = "k" })
arguments.hidden = hidden

-- The files of the module: errors point at whoever called it, past what has no lines (C, and calls that Lua
-- 5.1 has forgotten).
local ours = { [debug.getinfo(1, "S").source] = true, ["=[C]"] = true, ["=(tail call)"] = true }
function arguments.join()
  ours[debug.getinfo(2, "S").source] = true
  return arguments
end

local function fail(...)
  local level = 2
  while debug.getinfo(level, "S") and ours[debug.getinfo(level, "S").source] do
    level = level + 1
  end
  error("netpol: " .. string.format(...), level)
end
arguments.fail = fail

-- "netpol engine" of a handle, else the type.
local function kind_of(value)
  local class = type(value) == "table" and getmetatable(value)
  return type(class) == "table" and rawget(class, "__name") or type(value)
end
arguments.kind_of = kind_of

-- The private module, whose errors point at the caller too.
local function passed(ok, ...)
  if ok then
    return ...
  end
  local message = tostring((...)):gsub("^netpol: ", "")
  fail("%s", message)
end
arguments.core = setmetatable({}, { __index = function(wrapped, name)
  local value = core[name]
  if type(value) == "function" then
    wrapped[name] = function(...) return passed(pcall(value, ...)) end
  else
    wrapped[name] = value
  end
  return wrapped[name]
end })

-- A value in a message.
local function shown(value)
  return type(value) == "string" and string.format("%q", value) or tostring(value)
end
arguments.shown = shown

local function want(value, kind, what)
  if type(value) ~= kind then
    fail("%s must be a %s, not a %s", what, kind, kind_of(value))
  end
  return value
end
arguments.want = want

-- A table that is no object but holds some (m.policies) is told so here: the library could only say
-- that an object has no field of such a name.
function arguments.want_object(value, what, wanted)
  wanted = wanted or "an object"
  if kind_of(value) ~= "table" then
    fail("%s must be %s, not a %s", what, wanted, kind_of(value))
  end
  local key, inner = next(value)
  if type(inner) == "table" and not (value.metadata or value.spec or value.kind)
    and (inner.metadata or inner.kind) then
    fail("%s must be %s, and is a table that holds an object as [%s]", what, wanted,
         shown(key))
  end
  return value
end

function arguments.inside(handle, class)
  local it = getmetatable(handle) == class and hidden[handle]
  -- A finalizer may come upon a handle whose C part Lua has collected already.
  if not it or not core.is_open(type(it) == "table" and it.handle or it) then
    fail("this is no open %s", class.__name)
  end
  return it
end

-- A class of handles with a way to end them before the garbage collector does.
local function close(handle)
  hidden[handle] = nil
end
function arguments.class(name)
  local class = { __name = "netpol " .. name, close = close, __close = close }
  class.__index = class
  return class
end

function arguments.handle(class, belongings)
  local handle = setmetatable({}, class)
  hidden[handle] = belongings
  return handle
end

-- Options whose names and types are known; any other raises.
function arguments.options_of(given, types)
  if given == nil then
    return {}
  end
  want(given, "table", "options")
  for name, value in pairs(given) do
    if not types[name] then
      fail("there is no option %q here", tostring(name))
    elseif type(value) ~= types[name] then
      fail("option %q must be a %s, not a %s", name, types[name], type(value))
    end
  end
  return given
end

--- How long a list is. It has the keys 1, 2, ... and no other, so that nothing is lost behind a nil.
function arguments.length_of(list, what)
  local n, most = 0, 0
  for key in pairs(list) do
    if type(key) ~= "number" or key < 1 or key % 1 ~= 0 then
      fail("%s must have the keys 1, 2, ... without holes, and has [%s]", what, shown(key))
    end
    n, most = n + 1, key > most and key or most
  end
  if n ~= most then
    fail("%s must have the keys 1, 2, ... without holes, and has %d of %.0f", what, n, most)
  end
  return n
end

function arguments.has_nul(text)
  return type(text) == "string" and text:find("\0", 1, true) ~= nil
end

-- A number or a text, as text.
function arguments.word(value, what)
  if type(value) == "number" then
    if value % 1 ~= 0 or value < -2 ^ 63 or value >= 2 ^ 63 then
      fail("%s must be a whole number of 64 bits or a string, not %s", what, tostring(value))
    end
    return string.format("%d", value)
  elseif value ~= nil and type(value) ~= "string" then
    fail("%s must be a number or a string, not a %s", what, type(value))
  end
  return value
end

local FORMATS = { text = core.FORMAT_TEXT, yaml = core.FORMAT_YAML, json = core.FORMAT_JSON,
                  jsonl = core.FORMAT_JSONL, sarif = core.FORMAT_SARIF, junit = core.FORMAT_JUNIT }

--- The format of that name, which must be one of the list; nil is the first of it.
function arguments.format_of(word, list)
  word = word == nil and list[1] or word
  for _, name in ipairs(list) do
    if name == word then
      return FORMATS[name]
    end
  end
  fail("there is no format %s here, only %s", shown(word), table.concat(list, ", "))
end

return arguments
