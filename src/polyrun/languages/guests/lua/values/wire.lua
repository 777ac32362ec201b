-- The encoding of value files: CBOR (RFC 8949), and private tags for what that lacks. See docs/value-files.md.

local use = ...
local maps = use("maps")
-- `KIND` is the key under which a metatable of ours says what its tables are.
local KIND = {}
local wire = { KIND = KIND }

wire.TAGS = {
  ref = 50500, big_int = 50501, decimal = 50502, date = 50503, time = 50504, timestamp = 50505, duration = 50506,
  packed = 50507, array = 50508, table = 50509, file = 50510,
}
local MAX_DEPTH = 64
local SIZES = { [24] = ">I1", [25] = ">I2", [26] = ">I4", [27] = ">i8" }

-- A value that cannot be exported: thrown with a message that is shown to the user.
local Unsupported = { __name = "polyrun.unsupported" }
Unsupported.__tostring = function(self) return self.message end

function wire.refuse(text, ...)
  error(setmetatable({ message = text:format(...) }, Unsupported), 0)
end

function wire.is_refusal(fault) return getmetatable(fault) == Unsupported end

-- A value behind a tag, bytes, and bytes that are encoded already.
local Tagged, Bytes = { __name = "polyrun.tagged" }, { __name = "polyrun.bytes" }

function wire.tagged(tag, value) return setmetatable({ tag = wire.TAGS[tag], value = value }, Tagged) end
function wire.bytes(data)
  if type(data) ~= "string" then wire.refuse("bytes are made of a string") end
  return setmetatable({ data = data }, Bytes)
end

-- What `value` is if it is a thing of ours: `array`, `date`, …; nil for all else.
function wire.kind_of(value)
  local meta = type(value) == "table" and getmetatable(value)
  return type(meta) == "table" and rawget(meta, KIND) or nil
end

-- Whether a string can be read as text.
function wire.is_text(data)
  return utf8.len(data) ~= nil and not data:find("\xED[\xA0-\xBF]") -- Lua 5.3 takes halves of pairs for characters
end

local function head(major, number)
  local first = major << 5
  if number < 24 then return string.char(first | number) end
  local info = number < 0x100 and 24 or number < 0x10000 and 25 or number < 0x100000000 and 26 or 27
  return string.char(first | info) .. SIZES[info]:pack(number)
end
wire.head = head

function wire.text(text) return head(3, #text) .. text end

-- The value that the value file `data` holds. `make(tag, value)` turns what stands behind a tag into a value, and
-- `plain(value)` what `make` has made and what stands behind no other tag into what the block gets.
function wire.decode(data, make, plain)
  local at, item = 1, nil
  local unpack = string.unpack

  local function list(count)
    local made = {}
    for n = 1, count do
      local value = item()
      if value == nil then value = maps.null end
      made[n] = value
    end
    return made
  end

  local function map(count)
    local made, keys = {}, {}
    for n = 1, count do
      local key, value = item(), item()
      keys[n] = key
      if value == nil then value = maps.null end
      made[key] = value
    end
    return maps.share(made, keys)
  end

  local in_tag = 0
  local function tagged(tag)
    in_tag = in_tag + 1
    local value = item()
    in_tag = in_tag - 1
    value = make(tag, value)
    return in_tag > 0 and value or plain(value)
  end

  function item()
    local first = data:byte(at)
    local major, number = first >> 5, first & 31
    at = at + 1
    if number >= 24 then
      if major == 7 then
        number, at = unpack(">d", data, at)
        return number
      end
      number, at = unpack(SIZES[number], data, at)
    end
    if major == 0 then return number end
    if major == 1 then return ~number end
    if major == 2 or major == 3 then
      at = at + number
      return data:sub(at - number, at - 1)
    end
    if major == 4 then return list(number) end
    if major == 5 then return map(number) end
    if major == 6 then return tagged(number) end
    if number == 22 then return nil end
    return number == 21
  end

  return item()
end

-- How many items a table has if it is a list; nil for one that has other keys than 1, 2, 3, …
local function list_length(value)
  local length, count = #value, 0
  for n = 1, length do
    if value[n] == nil then return nil end
  end
  for _ in next, value do count = count + 1 end
  return count == length and length or nil
end
wire.list_length = list_length

-- `known` are keys that were found to be texts before.
local function check_keys(keys, known)
  local numbers = 0
  for n = 1, #keys do
    local key = keys[n]
    if type(key) == "number" then
      numbers = numbers + 1
    elseif type(key) ~= "string" then
      wire.refuse("the keys of a map must be texts, and one of these is a %s", type(key))
    elseif not known[key] then
      if not wire.is_text(key) then
        wire.refuse("the keys of a map must be texts, and one of these is not valid UTF-8")
      end
      known[key] = true
    end
  end
  if numbers > 0 and numbers < #keys then
    wire.refuse("it is a list and a map at once: some of its keys are numbers")
  elseif numbers > 0 then
    local hint = "put `polyrun.null` where a list has nothing, or make texts of them"
    wire.refuse("its keys are numbers, and not 1, 2, 3, …; %s", hint)
  end
end

-- The bytes of `value`. `convert(value)` turns what is no plain value into one; `pack(list)` may do that with a list.
function wire.encode(value, convert, pack)
  local out, depth, known, encode = {}, 0, {}, nil

  local function put(text) out[#out + 1] = text end

  local function container(value)
    local length = not maps.is_map(value) and list_length(value)
    if length then
      local packed = pack(value, length)
      if packed then return encode(packed) end
      put(head(4, length))
      for n = 1, length do encode(value[n]) end
      return
    end
    local keys = maps.keys_of(value)
    check_keys(keys, known)
    put(head(5, #keys))
    for _, key in ipairs(keys) do
      put(wire.text(key))
      encode(value[key])
    end
  end

  local function inside(value)
    local meta = getmetatable(value)
    if value == maps.null then return put("\xf6") end
    if meta == Bytes then return put(head(2, #value.data) .. value.data) end
    if meta == Tagged then
      put(head(6, value.tag))
      return encode(value.value)
    end
    if depth >= MAX_DEPTH then wire.refuse("it is nested deeper than %d levels, or contains itself", MAX_DEPTH) end
    depth = depth + 1
    if type(value) == "table" and (meta == nil or maps.is_map(value)) then
      container(value)
    else
      encode(convert(value))
    end
    depth = depth - 1
  end

  function encode(value)
    local kind = math.type(value) or type(value)
    if kind == "string" then
      if wire.is_text(value) then put(wire.text(value)) else encode(convert(value)) end
    elseif kind == "integer" then
      put(value >= 0 and head(0, value) or head(1, ~value))
    elseif kind == "float" then
      put("\xfb" .. (">d"):pack(value))
    elseif kind == "boolean" then
      put(value and "\xf5" or "\xf4")
    elseif kind == "nil" then
      put("\xf6")
    else
      inside(value)
    end
  end

  encode(value)
  return table.concat(out)
end

return wire
