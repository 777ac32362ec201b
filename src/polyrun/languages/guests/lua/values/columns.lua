-- Columns of tables in the layout of Apache Arrow, read and written without a library for it.

local use = ...
local wire, maps, arrays, moments = use("wire"), use("maps"), use("arrays"), use("moments")
local columns = {}

local MAX_BYTES = 0x7fffffff
local UNITS = { us = 1000000, ns = 1000000000 }
local PER_BYTE = 8

-- Whether the value of each row is there, or true, from bits with the least significant first.
local function flags(data, rows)
  local made = {}
  for n = 0, rows - 1 do made[n + 1] = data:byte(n // PER_BYTE + 1) >> n % PER_BYTE & 1 == 1 end
  return made
end

local function bits(list, count, test)
  local bytes, byte = {}, 0
  for n = 1, count do
    if test(list[n]) then byte = byte | 1 << (n - 1) % PER_BYTE end
    if n % PER_BYTE == 0 or n == count then
      bytes[#bytes + 1] = string.char(byte)
      byte = 0
    end
  end
  return table.concat(bytes)
end

-- The type without what stands in brackets, and what stands there.
local function parts_of(kind)
  local base, inside = kind:match("^(%w+)%(?(.-)%)?$")
  local unit, zone = inside:match("^(%w*),?(.*)$")
  return base, UNITS[unit], zone ~= "" and zone or nil
end

local function moment(base, number, unit, zone)
  if base == "date" then return moments.date_at(number) end
  local seconds, nsec = number // unit, number % unit * (1000000000 // unit)
  if base == "time" then return moments.time_at(seconds, nsec) end
  if base == "duration" then return moments.duration(seconds, nsec) end
  return moments.timestamp_at(seconds, nsec, zone)
end

local function present(column, rows, data)
  local base, unit, zone = parts_of(column.type)
  if base == "bool" then return flags(data, rows) end
  if column.offsets then
    local ends, made = arrays.unpack("int32", arrays.bytes(column.offsets), 0, rows + 1), {}
    for n = 1, rows do made[n] = data:sub(ends[n] + 1, ends[n + 1]) end
    return made
  end
  if base ~= "date" and not unit then return arrays.unpack(base, data, 0, rows) end
  local made = arrays.unpack(base == "date" and "int32" or "int64", data, 0, rows)
  for n = 1, rows do made[n] = moment(base, made[n], unit, zone) end
  return made
end

-- All values of a column as a list, with `polyrun.null` for what is missing.
function columns.values(column, rows)
  local values = present(column, rows, arrays.bytes(column.data))
  if column.validity then
    for n, is_there in ipairs(flags(arrays.bytes(column.validity), rows)) do
      if not is_there then values[n] = maps.null end
    end
  end
  return values
end

local math_type = math.type

local function kind_of(value)
  local kind = math_type(value) or type(value)
  return kind == "table" and wire.kind_of(value) or kind
end

local function unit_of(list, count)
  for n = 1, count do
    local value = list[n]
    if value ~= maps.null and (value.nsec or value.nanoseconds or 0) % 1000 ~= 0 then return "ns" end
  end
  return "us"
end

local function zone_of(list, count)
  local zone, is_known = nil, false
  for n = 1, count do
    if list[n] ~= maps.null then
      local own = moments.zone_of(list[n])
      if is_known and own ~= zone then wire.refuse("it mixes time zones") end
      zone, is_known = own, true
    end
  end
  return zone and "," .. zone or ""
end

-- The type for the values of a list, which must be of one kind.
local function type_of(list, count)
  local kind, is_text = nil, true
  for n = 1, count do
    local value = list[n]
    if value ~= maps.null then
      local own = kind_of(value)
      is_text = is_text and (own ~= "string" or wire.is_text(value))
      if kind ~= own and (kind == "integer" or kind == "float") and (own == "integer" or own == "float") then
        own = "float"
      elseif kind and kind ~= own then
        wire.refuse("it mixes %s and %s", kind, own)
      end
      kind = own
    end
  end
  local simple = { boolean = "bool", integer = "int64", float = "float64", date = "date" }
  if kind == nil or kind == "string" then return is_text and "str" or "bytes" end
  if simple[kind] then return simple[kind] end
  if kind == "timestamp" then return ("timestamp(%s%s)"):format(unit_of(list, count), zone_of(list, count)) end
  if kind == "time" or kind == "duration" then return ("%s(%s)"):format(kind, unit_of(list, count)) end
  wire.refuse("it holds a %s, which no column of a table can", kind)
end

local function strings(list, count, base)
  local pieces, ends, total = {}, { 0 }, 0
  for n = 1, count do
    local value = list[n] == maps.null and "" or list[n]
    if type(value) ~= "string" or (base == "str" and not wire.is_text(value)) then
      wire.refuse("it has a value that is no %s", base)
    end
    total = total + #value
    pieces[n], ends[n + 1] = value, total
  end
  if total > MAX_BYTES then wire.refuse("it has more than 2 GiB") end
  return table.concat(pieces), arrays.packed("int32", ends, count + 1)
end

local function number(value, base, unit)
  if value == maps.null then return 0 end
  if kind_of(value) ~= base then wire.refuse("it has a value that is no %s", base) end
  local fault = value:fault()
  if fault then wire.refuse("one of its values is wrong: %s", fault) end
  if base == "date" then return value:days() end
  local seconds, nsec
  if base == "duration" then
    seconds, nsec = value.seconds, value.nanoseconds
  else
    seconds, nsec = (value.unix or value.seconds)(value)
  end
  local made = seconds * unit + nsec * unit // 1000000000
  if made // unit ~= seconds then wire.refuse("one of its values is too far from the start") end
  return made
end

local function encoded(kind, list, count)
  local base, unit = parts_of(kind)
  if base == "str" or base == "bytes" then return strings(list, count, base) end
  if base == "bool" then
    return bits(list, count, function(value)
      if value ~= maps.null and type(value) ~= "boolean" then wire.refuse("it has a value that is no bool") end
      return value == true
    end)
  end
  local made, is_moment = {}, base == "date" or unit ~= nil
  for n = 1, count do
    local value = list[n]
    made[n] = is_moment and number(value, base, unit) or (value == maps.null and 0 or value)
  end
  if is_moment then base = base == "date" and "int32" or "int64" end
  return arrays.packed(base, made, count)
end

-- A column of the first `count` values of `list`; `wanted` is the type to have, if that is settled.
function columns.of(name, list, count, wanted)
  local fine, made = pcall(function()
    local kind = wanted or type_of(list, count)
    local has_null = false
    for n = 1, count do has_null = has_null or list[n] == maps.null end
    local validity = has_null and bits(list, count, function(value) return value ~= maps.null end) or nil
    local data, offsets = encoded(kind, list, count)
    return { name = name, type = kind, validity = validity, data = data, offsets = offsets }
  end)
  if fine then return made end
  if not wire.is_refusal(made) then error(made, 0) end
  wire.refuse("of its column `%s`: %s", name, tostring(made))
end

return columns
