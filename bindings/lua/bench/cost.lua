-- SPDX-License-Identifier: MIT
-- What one verdict costs in Lua: lua cost.lua MODULES MANIFESTS MODE COUNT, for cost.py.
local modules, manifests, mode, count = arg[1], arg[2], arg[3], tonumber(arg[4])
package.path, package.cpath = modules .. "/?.lua", modules .. "/?.so"
local netpol = require "netpol"

local FLOWS = 64
local engine = assert(assert(netpol.load_cluster(manifests)):compile())
local live = assert(netpol.live(engine))
local from, to = {}, {}
for i = 1, FLOWS do
  from[i], to[i] = "10.0.0." .. i, "10.0.1." .. (i - 1) * 7 % FLOWS + 1
end

local modes = {}
function modes.allowed()
  local n = 0
  for i = 0, count - 1 do
    local k = i % FLOWS + 1
    if engine:allowed(from[k], to[k], "TCP", 80) then n = n + 1 end
  end
  return n
end

function modes.live()
  local n = 0
  for i = 0, count - 1 do
    local k = i % FLOWS + 1
    if live:allowed(from[k], to[k], "TCP", 80) then n = n + 1 end
  end
  return n
end

function modes.verdicts()
  local n = 0
  for _ = 1, count / FLOWS do
    for _, allowed in ipairs(assert(engine:verdicts { from = from, to = to, port = 80 })) do
      if allowed then n = n + 1 end
    end
  end
  return n
end

function modes.verdict()
  local n = 0
  for i = 0, count - 1 do
    local k = i % FLOWS + 1
    if engine:verdict({ from = from[k], to = to[k], port = 80 }).allowed then n = n + 1 end
  end
  return n
end

print(modes[mode]())
