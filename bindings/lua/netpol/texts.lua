-- SPDX-License-Identifier: MIT
-- texts owns documents, which are changed without losing their layout, and selectors.
local arguments = require("netpol.arguments").join()
local core = arguments.core
local want, inside, has_nul, word = arguments.want, arguments.inside, arguments.has_nul, arguments.word

local texts = {}
local Document, Selector = arguments.class "document", arguments.class "selector"

-- ---- documents ----

--- A text whose comments and layout stay when it is changed; `name` is what diagnostics call it.
function texts.document(text, name)
  local handle, message, diagnostics = core.document_new(name, want(text, "string", "the text"), nil)
  if not handle then
    return nil, message, diagnostics
  end
  return arguments.handle(Document, handle)
end

-- `index` of documents counts from 1.
local function edit(action, needs_value)
  return function(self, path, value, index)
    local handle = inside(self, Document)
    want(path, "string", "the path")
    if needs_value then
      value = word(type(value) == "boolean" and tostring(value) or value, "the value")
      want(value, "string", "the value")
    else
      value, index = nil, value
    end
    return core.document_edit(handle, (index or 1) - 1, action, path, value)
  end
end

--- Each changes the text and returns true: set(path, yaml), add(path, yaml), delete(path),
--- rename(path, key). A last argument says which document of the text, from 1.
Document.set = edit(core.EDIT_SET, true)
Document.add = edit(core.EDIT_ADD, true)
Document.delete = edit(core.EDIT_DELETE, false)
Document.rename = edit(core.EDIT_RENAME, true)

--- Makes the document mean the same as an object's table, with the fewest changes.
function Document:update(value, index)
  local handle = inside(self, Document)
  local object, message, diagnostics = core.object(arguments.want_object(value, "what is given"))
  if not object then
    return nil, message, diagnostics
  end
  return core.document_update(handle, (index or 1) - 1, object)
end

--- The text as it stands.
function Document:text()
  return core.document_text(inside(self, Document))
end

--- How many documents the text has.
function Document:count()
  return core.document_count(inside(self, Document))
end

-- ---- selectors ----

--- A selector in kubectl's form: "app=web,tier in (a,b),!legacy".
function texts.selector(text)
  want(text, "string", "the selector")
  if has_nul(text) then
    return nil, "netpol: the selector holds the character NUL", {}
  end
  local handle, message, diagnostics = core.selector_parse(text, nil)
  if not handle then
    return nil, message, diagnostics
  end
  return arguments.handle(Selector, handle)
end

--- Whether the selector selects an object with these labels.
function Selector:matches(labels)
  return core.selector_matches(inside(self, Selector), want(labels, "table", "the labels"))
end

--- The selector in its usual form.
function Selector:text()
  return core.selector_format(inside(self, Selector))
end
Selector.__tostring = Selector.text

return texts
