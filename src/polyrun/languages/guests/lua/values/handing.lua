-- Values for blocks in Lua: what other blocks export becomes variables, and variables become what they import.

local use, folder, out = ...
local wire, maps = use("wire"), use("maps")

local exit = os.exit
local handing = { prefix = "" }

-- A function for the block; the part that it is in is loaded when it is called. What it refuses is the caller's error.
local function lazily(name, part)
  return function(...)
    local fine, made = pcall(use(part)[name], ...)
    if not fine then error(wire.is_refusal(made) and tostring(made) or made, 2) end
    return made
  end
end

local Ref = {}
Ref.__index = Ref

function Ref.read(self)
  local file = assert(io.open(self.path, "rb"))
  file:seek("set", self.offset)
  local data = self.length > 0 and file:read(self.length) or ""
  file:close()
  return data
end

local MAKERS = {
  [wire.TAGS.ref] = function(value)
    local name, offset, length = table.unpack(value)
    return setmetatable({ path = folder .. "/" .. name, offset = offset, length = length }, Ref)
  end,
  [wire.TAGS.packed] = function(value)
    local arrays = use("arrays")
    local data = arrays.bytes(value[2])
    return arrays.unpack(value[1], data, 0, #data // 8)
  end,
  [wire.TAGS.array] = function(value) return use("arrays").stored(table.unpack(value)) end,
  [wire.TAGS.table] = function(value) return use("tables").stored(table.unpack(value)) end,
  [wire.TAGS.file] = function(value) return use("files").file(value[3].path, value[1], value[2]) end,
  [wire.TAGS.date] = function(value) return use("moments").date(value) end,
  [wire.TAGS.time] = function(value) return use("moments").time(value) end,
  [wire.TAGS.timestamp] = function(value) return use("moments").timestamp(value) end,
  [wire.TAGS.duration] = function(value) return use("moments").duration(table.unpack(value)) end,
}

local function make(tag, value)
  local maker = MAKERS[tag] or error(("a value has the unknown tag %d"):format(tag)) -- Lua cannot hold it: never sent
  return maker(value)
end

local function plain(value) return getmetatable(value) == Ref and value:read() or value end

-- The variables of the block at this moment: a map from name to a table of the value, for those it has.
local function variables(block, main)
  local found, level = {}, 0
  local frame = debug.getinfo(main, level, "f")
  while frame and frame.func ~= block do
    level = level + 1
    frame = debug.getinfo(main, level, "f")
  end
  local n = 1
  local name, value = nil, nil
  if frame then name, value = debug.getlocal(main, level, n) end
  while name do
    found[name] = { value = value }
    n = n + 1
    name, value = debug.getlocal(main, level, n)
  end
  return found
end

-- What the block exports, as the inside of a map; and why some of it cannot be.
local function encode_all(exports, read)
  local target = use("outgoing").new(out, handing.prefix)
  local encoded, refused = {}, maps.map()
  for _, name in ipairs(maps.keys_of(exports)) do
    local wanted = exports[name] ~= maps.null and exports[name] or nil
    local variable = read(name, wanted)
    if variable then
      local fine, made = pcall(function()
        return wire.encode(target.declared(variable.value, wanted), target.convert, target.pack)
      end)
      if fine then
        encoded[#encoded + 1] = wire.text(name) .. made
      elseif wire.is_refusal(made) then
        refused[name] = tostring(made)
      else
        error(made, 0)
      end
    end
  end
  return encoded, refused
end

local function hand_over(exports, read, defined)
  local encoded, refused = encode_all(exports, read)
  local rest = maps.map({ polyrun = 1, refused = refused, defined = defined }, { "polyrun", "refused", "defined" })
  local parts = wire.encode(rest, nil, function() end)
  local file = assert(io.open(out .. "/values.part", "wb"))
  -- One pair more: the exports, which are encoded already.
  file:write(wire.head(5, 4), parts:sub(2), wire.text("exports"), wire.head(5, #encoded), table.concat(encoded))
  assert(file:close())
  assert(os.rename(out .. "/values.part", out .. "/values.cbor"))
end

-- What stands before the block's first line, so that its variables are seen however it ends: a variable that is closed
-- last of all. Lua 5.3 has none; there a hook looks at every return.
local HAS_CLOSING = load("local x <close> = nil") ~= nil
local CLOSING = "__polyrun"

-- Set the variables that the block imports. Gives what is to stand before its code.
function handing.begin()
  local file = assert(io.open(folder .. "/values.cbor", "rb"))
  local facts = wire.decode(file:read("a"), make, plain)
  file:close()
  handing.prefix = facts.prefix
  for name, value in pairs(facts.imports) do
    if value ~= maps.null then _G[name] = value end
  end
  polyrun = {
    null = maps.null, map = maps.map, bytes = wire.bytes,
    array = lazily("array", "arrays"), table = lazily("table", "tables"), file = lazily("file", "files"),
    date = lazily("date", "moments"), time = lazily("time", "moments"),
    timestamp = lazily("timestamp", "moments"), duration = lazily("duration", "moments"),
  }
  handing.exports = facts.exports
  local is_watched = HAS_CLOSING and next(facts.exports) ~= nil
  return is_watched and ("local %s <close> = polyrun.%s() "):format(CLOSING, CLOSING) or ""
end

local function defined_names(exports, found, globals, known, read)
  local names, is_missing = {}, false
  for name, wanted in pairs(exports) do is_missing = is_missing or not read(name, wanted) end
  for name in pairs(is_missing and found or {}) do
    if name:find("^%a") and name ~= CLOSING then names[#names + 1] = name end
  end
  for name in next, is_missing and globals or {} do
    if type(name) == "string" and wire.is_text(name) and not known[name] then names[#names + 1] = name end
  end
  table.sort(names)
  return table.move(names, 1, math.min(#names, 100), 1, {})
end

-- See to it that the variables of `block` are known when it ends, by returning or by `os.exit`; `handing.finish` then
-- hands over what it exports.
function handing.watch(block)
  if next(handing.exports) == nil then
    handing.finish = function() end
    return
  end
  local exports, main, found, known = handing.exports, coroutine.running(), {}, {}
  local function look() found = variables(block, main) end
  if HAS_CLOSING then
    polyrun[CLOSING] = function()
      polyrun[CLOSING] = nil
      return setmetatable({}, { __close = look })
    end
  else
    debug.sethook(function()
      if debug.getinfo(2, "f").func == block then look() end
    end, "r")
  end
  for name in next, _G do known[name] = true end

  function handing.finish()
    local globals = found._ENV and found._ENV.value or _G
    local function read(name, wanted)
      local value = globals[name]
      return found[name] or ((value ~= nil or wanted == "null") and { value = value }) or nil
    end
    hand_over(exports, read, defined_names(exports, found, globals, known, read))
  end

  os.exit = function(code, ...)
    if code == nil or code == true or code == 0 then
      look()
      handing.finish()
    end
    exit(code, ...)
  end
end

return handing
