-- SPDX-License-Identifier: MIT
-- engine owns what answers: engines, verdicts, and the engine that holds now. It does not know how engines
-- are made.
local arguments = require("netpol.arguments").join()
local core, shown = arguments.core, arguments.shown
local fail, want, inside, hidden = arguments.fail, arguments.want, arguments.inside, arguments.hidden
local has_nul, word = arguments.has_nul, arguments.word
local options_of, format_of = arguments.options_of, arguments.format_of

local Engine, Verdict, Live = arguments.class "engine", arguments.class "verdict", arguments.class "live"

-- ---- the fast way ----

local PROTOCOLS = { TCP = core.TCP, UDP = core.UDP, SCTP = core.SCTP, ICMP = core.ICMP,
                    ICMPv6 = core.ICMPV6 }

local function is_number(value, most)
  return type(value) == "number" and value >= 0 and value <= most and value % 1 == 0
end

-- A function (src, dst, protocol, port) for one handle: 1, 0, -1 or -2 for what is no address, -3 for what is no
-- argument, -4 for a handle that Lua has collected. Under LuaJIT it calls C without Lua's C interface, so that traces go through it.
local has_ffi, ffi = pcall(require, "ffi")
has_ffi = has_ffi and rawget(_G, "jit") ~= nil

local function fast(asker, code, address)
  if not has_ffi then
    return function(handle) return asker(handle, handle) end
  end
  local call = ffi.cast("int (*)(const void *, const char *, size_t, const char *, size_t, int, int)", code)
  return function(handle)
    local slow = asker(handle, handle) -- keeps the handle, and knows the unusual
    local of = ffi.cast("const void *", address(handle))
    return function(src, dst, protocol, port)
      protocol = protocol == nil and PROTOCOLS.TCP or PROTOCOLS[protocol] or protocol
      port = port == nil and 0 or port
      if type(src) == "string" and type(dst) == "string" and is_number(protocol, 255)
        and is_number(port, 65535) then
        return call(of, src, #src, dst, #dst, protocol, port)
      end
      return slow(src, dst, protocol, port)
    end
  end
end
local asker_of_engine = fast(core.asker, core.allowed_code(), core.engine_address)
local asker_of_place = fast(core.place_asker, core.place_allowed_code(), core.place_address)

local function engine_of(handle)
  return arguments.handle(Engine, { handle = handle, asker = asker_of_engine(handle) })
end

-- ---- questions ----

-- The types of the words; "any": arguments.word knows.
local QUESTION = { from = "string", to = "string", protocol = "any", port = "any", namespace = "string",
                   family = "number", all_presets = "boolean" }

local function check_words(question)
  for name, value in pairs(want(question, "table", "a question")) do
    local wanted = QUESTION[name]
    if not wanted then
      fail("a question has no %q", tostring(name))
    elseif wanted ~= "any" then
      want(value, wanted, string.format("%q of a question", name))
    end
  end
  for _, name in ipairs { "from", "to" } do
    if not question[name] then
      fail("a question must have %q, a string", name)
    end
  end
  if question.family and question.family ~= 4 and question.family ~= 6 then
    fail('"family" of a question must be 4 or 6, not %s', tostring(question.family))
  end
end

local function check_question(question)
  check_words(question)
  for name, value in pairs(question) do
    if has_nul(value) then
      return nil, "netpol: " .. name .. " holds the character NUL", {}
    end
  end
  return true
end

local ANSWERS, REASONS, LISTS = { "json", "jsonl", "text" }, { "text", "json", "jsonl" }, { "text", "json" }

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
  return core.answer_write(answer, format_of(format, ANSWERS))
end

--- Why so, and what would make it otherwise, in the bytes of `netpol explain -o FORMAT`: "text", "json", "jsonl".
function Engine:explain(question, format)
  local asked = {}
  check_words(question)
  for name, value in pairs(question) do
    asked[name] = value
  end
  asked.all_presets = true
  local answer, message, diagnostics = answer_of(self, asked)
  if not answer then
    return nil, message, diagnostics
  end
  return core.answer_explain(answer, format_of(format, REASONS))
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
                          format_of(format, LISTS), nil)
end

local function refuse(class, answer, src, dst, protocol, port)
  if answer == -1 or answer == -2 then
    return nil, "netpol: not an address: " .. (answer == -1 and src or dst)
  elseif answer == -4 then
    fail("this is no open %s", class.__name)
  elseif type(src) ~= "string" or type(dst) ~= "string" then
    fail("two addresses must be given as strings")
  elseif port == nil or is_number(port, 65535) then
    fail("there is no protocol %s: a name, a number up to 255 or nil is wanted", shown(protocol))
  end
  fail("there is no port %s: a number up to 65535 or nil is wanted", shown(port))
end

local function allowed(class)
  return function(self, src, dst, protocol, port)
    local it = hidden[self]
    local asker = it and it.asker or inside(self, class).asker
    local answer = asker(src, dst, protocol, port)
    if answer == 1 then
      return true
    elseif answer == 0 then
      return false
    end
    return refuse(class, answer, src, dst, protocol, port)
  end
end

--- Whether an address may open a connection to another: the fast way, without tables. Addresses of
--- services are not translated. false without a second result means no; nil, message: no address.
Engine.allowed = allowed(Engine)

local COLUMNS = { from = true, to = true, protocol = true, port = true }

-- How many rows the columns have: lists are equally long, other values stand for whole columns.
local function rows_of(columns)
  local n
  for name, column in pairs(want(columns, "table", "the columns")) do
    if not COLUMNS[name] then
      fail("there is no column %q", tostring(name))
    elseif type(column) == "table" then
      local rows = arguments.length_of(column, string.format("column %q", name))
      if n and n ~= rows then
        fail("column %q has %d rows, another has %d", name, rows, n)
      end
      n = rows
    end
  end
  return n or fail("one column must be a list")
end

--- Judges many flows: {from = {…}, to = {…}, protocol = …, port = …}, each a list or one value for all. A
--- list of booleans. `from` and `to` are addresses or "namespace/pod"; services are not translated.
function Engine:verdicts(columns)
  local handle, n = inside(self, Engine).handle, rows_of(columns)
  return core.verdicts(handle, columns.from, columns.to, columns.protocol, columns.port, n)
end

--- How many pods the engine knows.
function Engine:pod_count()
  return core.engine_pod_count(inside(self, Engine).handle)
end

-- ---- answers ----

--- The bytes of `netpol eval -o json`.
function Verdict:json()
  return core.answer_write(inside(self, Verdict), core.FORMAT_JSON)
end

--- What lies behind the answer, as Engine:explain tells it.
function Verdict:explain(format)
  return core.answer_explain(inside(self, Verdict), format_of(format, REASONS))
end

--- What `netpol eval` prints for people.
function Verdict:text()
  return core.answer_write(inside(self, Verdict), core.FORMAT_TEXT)
end

-- ---- the engine that holds now ----

--- Where engines follow each other. With a name, all Lua states of the process that give the name meet
--- there, whatever thread they are in. An engine is published; without one something must be there.
local function live(name, engine)
  if getmetatable(name) == Engine then
    name, engine = nil, name
  elseif type(name) ~= "string" then
    fail("a name or an engine must be given, not a %s", type(name))
  end
  local place, message = core.place_new(name, engine and inside(engine, Engine).handle)
  if not place then
    return nil, message, {}
  end
  return arguments.handle(Live, { handle = place, asker = asker_of_place(place) })
end

--- From now on this engine answers, in all states. Who is in the middle of a question keeps the last one.
function Live:publish(engine)
  local it = inside(self, Live)
  return core.place_publish(it.handle, inside(engine, Engine).handle)
end

-- The engine that holds now, as a handle that nobody else has, and so nobody closes.
local function engine_at(live)
  local it = inside(live, Live)
  local known = it.engine and hidden[it.engine].handle
  if not known or not core.is_open(known) or not core.place_holds(it.handle, known) then
    it.engine = engine_of(core.place_engine(it.handle))
  end
  return it.engine
end

--- The engine that holds now: for several questions that must see the same policies. Each call gives a handle
--- of its own, which may be closed.
function Live:engine()
  return arguments.handle(Engine, hidden[engine_at(self)])
end

--- As Engine:allowed, of the engine that holds now: no lock, no table, no allocation.
Live.allowed = allowed(Live)

for _, name in ipairs { "verdict", "verdicts", "ask", "explain", "answer", "list", "pod_count" } do
  Live[name] = function(self, ...)
    local engine = engine_at(self)
    return engine[name](engine, ...)
  end
end

return { of = engine_of, live = live }
