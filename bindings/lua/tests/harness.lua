-- SPDX-License-Identifier: MIT
-- What the Lua tests share: finding the module, checks, running. A test file is called as
--   lua FILE BUILD_DIR SOURCE_DIR
-- from the source folder, so that names of files are those of the command.
local build = arg[1]
local version = _VERSION:match("%d%.%d")
package.path = build .. "/lua/" .. version .. "/?.lua"
package.cpath = build .. "/lua/" .. version .. "/?.so"

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

--- What the command prints on standard output.
function harness.command(...)
  local words = { quoted(build .. "/bin/netpol") }
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

--- Runs all functions of a table in the order of their names.
function harness.run(tests)
  local names, failed = {}, 0
  for name in pairs(tests) do
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    local ok, message = xpcall(tests[name], debug.traceback)
    if not ok then
      failed = failed + 1
      io.stderr:write("FAILED ", name, ": ", tostring(message), "\n")
    end
  end
  print(("%s: %d tests, %d failed"):format(jit and jit.version or _VERSION, #names, failed))
  os.exit(failed == 0 and 0 or 1, true)
end

return harness
