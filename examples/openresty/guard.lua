-- SPDX-License-Identifier: MIT
-- Holds requests against network policies. Each worker of nginx has an engine, which all its requests ask
-- without waiting. A new one is read and compiled in a thread beside them, and then takes the place of the
-- old one; if that goes wrong, the old one stays.
local netpol = require "netpol"
local policies = require "policies"

local guard = {}
local shared = ngx.shared.guard
local live             -- the engine that holds now, in this worker
local paths            -- where the manifests are
local no_policies      -- whether they may have no policy
local version = 0      -- what this worker has; shared "version" is what it should have
local busy, failure

--- Reads the manifests before there are workers, or raises what is wrong with them. Options: `no_policies`, to
--- take manifests that have none, and let everyone through.
function guard.init(where, options)
  paths, no_policies = where, options and options.no_policies or false
  local engine, message = policies.compile(where, no_policies)
  live = assert(netpol.live("policies", assert(engine, message)))
end

-- Reads the manifests again, in a thread of the pool: only this request, or timer, waits for it.
local function renew()
  busy = true
  local ran, published, message = ngx.run_worker_thread("policies", "policies", "publish", "policies", paths,
                                                    no_policies)
  busy = false
  if ran and published then
    failure = nil
    return true
  end
  message = ran and message or tostring(published)
  if message ~= failure then
    failure = message
    ngx.log(ngx.ERR, "the policies stay as they were: ", failure)
  end
  return nil, failure
end

-- Another worker was asked to reload: so does this one, until it succeeds.
local function follow(premature)
  local wanted = shared:get "version" or 0
  if not premature and not busy and version ~= wanted and renew() then
    version = wanted
  end
end

function guard.init_worker()
  version = shared:get "version" or 0
  assert(ngx.timer.every(0.2, follow))
end

--- Ends a request with 403 unless its client may connect to that address and port.
function guard.check(address, port)
  if not live:allowed(ngx.var.remote_addr, address, "TCP", port) then
    return ngx.exit(ngx.HTTP_FORBIDDEN)
  end
end

--- POST: reads the manifests in this worker; the others follow within moments.
function guard.reload()
  if ngx.req.get_method() ~= "POST" then
    return ngx.exit(ngx.HTTP_NOT_ALLOWED)
  elseif busy then
    return ngx.exit(ngx.HTTP_CONFLICT)
  end
  local done, message = renew()
  if not done then
    ngx.status = 422
    return ngx.say(message)
  end
  version = shared:incr("version", 1, 0)
  ngx.say("version ", version)
end

--- What this worker has, and what went wrong last.
function guard.status()
  ngx.say("worker ", ngx.worker.pid(), "\nversion ", version, "\npods ", live:pod_count(),
          failure and "\nfailure " .. failure or "")
end

-- A question from the query string; nil and what is wrong with it. An argument that is repeated is a table, one
-- without a value is true.
local function question_of(args)
  local question = { from = args.from, to = args.to, port = args.port }
  for _, name in ipairs { "from", "to", "port" } do
    local value = question[name]
    if type(value) == "table" then
      return nil, name .. " is given more than once"
    elseif value == true or value == "" or value == nil and name ~= "port" then
      return nil, name .. " is missing: ?from=shop/web&to=shop/db&port=5432"
    end
  end
  return question
end

--- Why a connection is allowed or not: `netpol eval` on the engine that holds now.
function guard.why()
  local question, message = question_of(ngx.req.get_uri_args())
  local text
  if question then
    text, message = live:ask(question, "text")
  end
  ngx.status = text and 200 or 400
  ngx.print(text or message .. "\n")
end

return guard
