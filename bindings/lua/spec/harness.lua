-- SPDX-License-Identifier: MIT
-- What the specs share: finding the module and checks. Specs run from the source folder, so that names of
-- files are those of the command; NETPOL_BUILD is the build folder, "build" unless said. Where
-- NETPOL_INSTALLED is set, the module is found as any program finds it.
local build = os.getenv("NETPOL_BUILD") or "build"
if not os.getenv("NETPOL_INSTALLED") then
  local folder = build .. "/lua/" .. _VERSION:match("%d%.%d")
  package.path = folder .. "/?.lua;" .. package.path
  package.cpath = folder .. "/?.so;" .. package.cpath
end

local harness = { build = build }

function harness.fail(...)
  error(string.format(...), 2)
end

function harness.same(why, got, wanted)
  if got ~= wanted then
    error(("%s: %s, not %s"):format(why, tostring(got), tostring(wanted)), 2)
  end
end

function harness.holds(why, text, part)
  if type(text) ~= "string" or not text:find(part, 1, true) then
    error(("%s: %s does not say %q"):format(why, tostring(text), part), 2)
  end
end

--- The function raises an error that says so.
function harness.raises(why, part, f, ...)
  local ok, message = pcall(f, ...)
  if ok then
    error(why .. ": nothing was raised", 2)
  end
  harness.holds(why, tostring(message), part)
end

--- Two values of tables, strings and numbers are alike.
function harness.alike(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then
    return a == b
  end
  for key, value in pairs(a) do
    if not harness.alike(value, b[key]) then
      return false
    end
  end
  for key in pairs(b) do
    if a[key] == nil then
      return false
    end
  end
  return true
end

local function quoted(word)
  return "'" .. tostring(word):gsub("'", "'\\''") .. "'"
end

-- The command has tests of its own for leaks, which take long.
local before = os.getenv("ASAN_OPTIONS") and "LD_PRELOAD= ASAN_OPTIONS=detect_leaks=0 " or ""

--- What the command prints on standard output.
function harness.command(...)
  local words = { before .. quoted(build .. "/bin/netpol") }
  for i = 1, select("#", ...) do
    words[#words + 1] = quoted((select(i, ...)))
  end
  local pipe = assert(io.popen(table.concat(words, " ") .. " 2>/dev/null"))
  local text = pipe:read("*a")
  pipe:close()
  return text
end

function harness.read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

function harness.write(path, text)
  local file = assert(io.open(path, "wb"))
  assert(file:write(text))
  file:close()
end

function harness.exists(path)
  local file = io.open(path, "rb")
  return file ~= nil and file:close()
end

return harness
