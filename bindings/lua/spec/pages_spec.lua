-- SPDX-License-Identifier: MIT
-- The Lua programs of the pages print what the pages say.
local harness = require "bindings.lua.spec.harness"

-- Runs the blocks of one page as one program; returns what was printed before each text block.
local function run(page)
  local program, wanted, printed = {}, {}, { "" }
  for language, text in harness.read(page):gmatch("\n```(%a+)\n(.-)\n```") do
    if language == "lua" then
      program[#program + 1] = text
    elseif language == "text" and #program > 0 then
      program[#program + 1] = "next_block()"
      wanted[#wanted + 1] = text .. "\n"
    end
  end
  local function write(text)
    printed[#printed] = printed[#printed] .. text
  end
  local environment = setmetatable({
    print = function(...)
      local words = { ... }
      for i = 1, select("#", ...) do words[i] = tostring(words[i]) end
      write(table.concat(words, "\t") .. "\n")
    end,
    io = { write = function(...) write(table.concat { ... }) end },
    next_block = function() printed[#printed + 1] = "" end,
  }, { __index = _G })
  local source = table.concat(program, "\n")
  local chunk
  if setfenv then
    chunk = setfenv(assert(loadstring(source, "@" .. page)), environment)
  else
    chunk = assert(load(source, "@" .. page, "t", environment))
  end
  chunk()
  return wanted, printed
end

describe("pages", function()
  for _, page in ipairs { "README.md", "docs/lua.md" } do
    it(page .. " prints what it says", function()
      local wanted, printed = run(page)
      assert(#wanted > 0, "no programs")
      for i, text in ipairs(wanted) do
        -- what is too long to show is printed before the block that is shown
        harness.same(page .. ", block " .. i, printed[i]:sub(-#text), text)
      end
    end)
  end
end)
