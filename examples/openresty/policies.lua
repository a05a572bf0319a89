-- SPDX-License-Identifier: MIT
-- From manifests to an engine; runs in nginx and in the Lua states of its threads.
local netpol = require "netpol"

local policies = {}

--- Without any policy everyone may do everything, and most often a folder is empty or a mount is missing: that is
--- refused unless `no_policies`.
function policies.compile(paths, no_policies)
  local cluster, message = netpol.load_cluster(paths)
  if not cluster then
    return nil, message
  elseif cluster.policies == 0 and not no_policies then
    local skipped = cluster.diagnostics[1]
    return nil, "there is no policy, and so nothing would be denied" .. (skipped and ": " .. skipped.message or "")
  end
  return cluster:compile()
end

--- Publishes a new engine under this name, for all states of this worker. Only words go from state to
--- state: true, or false and what is wrong.
function policies.publish(name, paths, no_policies)
  local engine, message = policies.compile(paths, no_policies)
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
