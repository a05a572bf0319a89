-- SPDX-License-Identifier: MIT
-- From manifests to an engine; runs in nginx and in the Lua states of its threads.
local netpol = require "netpol"

local policies = {}

function policies.compile(paths)
  local cluster, message = netpol.load_cluster(paths)
  if not cluster then
    return nil, message
  end
  return cluster:compile()
end

--- Publishes a new engine under this name, for all states of this worker. Only words go from state to
--- state: true, or false and what is wrong.
function policies.publish(name, paths)
  local engine, message = policies.compile(paths)
  local live
  if engine then
    live, message = netpol.live(name, engine)
  end
  local published = live ~= nil
  engine, live = nil, nil
  collectgarbage() -- to Lua a cluster looks small
  collectgarbage()
  return published, message
end

return policies
