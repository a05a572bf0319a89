-- SPDX-License-Identifier: MIT
-- Runs a file of specs: by busted where this Lua has it, else by the few lines below, which know the
-- same words. From the source folder:
--   lua bindings/lua/spec/run.lua bindings/lua/spec/values_spec.lua
package.path = "./?.lua;" .. package.path
if not os.getenv("NETPOL_WITHOUT_BUSTED") and pcall(require, "busted.runner") then
  require "busted.runner" { standalone = false } -- ends by itself only if something failed
  os.exit(0, true)
end

local places, counts = {}, { success = 0, failure = 0, pending = 0 }

local function say(word, name, message)
  table.insert(places, name)
  io.stderr:write(word, " ", table.concat(places, " "), message and ": " .. tostring(message) or "", "\n")
  table.remove(places)
end

function describe(name, f)
  table.insert(places, name)
  f()
  table.remove(places)
end

function it(name, f)
  local ok, message = xpcall(f, function(m) return m == pending and m or debug.traceback(m) end)
  local outcome = ok and "success" or message == pending and "pending" or "failure"
  counts[outcome] = counts[outcome] + 1
  if outcome == "failure" then
    say("FAILED", name, message)
  end
end

function pending(reason)
  say("SKIPPED", reason)
  error(pending, 0)
end

dofile(arg[1])
print(("%s: %d successes, %d failures, %d pending"):format(jit and jit.version or _VERSION, counts.success,
                                                         counts.failure, counts.pending))
os.exit(counts.failure == 0 and 0 or 1, true)
