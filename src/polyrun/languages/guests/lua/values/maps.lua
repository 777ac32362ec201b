-- Maps that know the order of their keys, and what stands for null inside lists and maps.
--
-- A table of Lua has no order. Here the metatable holds it: `keys` are the keys as they came (false for one that has
-- moved to the end), `at` where each of them is. Maps that came with the same keys share one until a key is added.

local maps = {}

local null = setmetatable({}, {
  __name = "polyrun.null",
  __tostring = function() return "null" end,
  __newindex = function() error("null has no fields", 2) end,
})
maps.null = null

local function sorts_before(a, b)
  if type(a) == type(b) and (type(a) == "string" or type(a) == "number") then return a < b end
  return type(a) < type(b)
end

local NOWHERE = {}

-- The keys of `map` in their order; what nobody knows the order of comes last, sorted.
local function keys_of(map)
  local meta = getmetatable(map) or NOWHERE
  local keys, rest, at = {}, nil, meta.at or NOWHERE
  for _, key in ipairs(meta.keys or NOWHERE) do
    if key and rawget(map, key) ~= nil then keys[#keys + 1] = key end
  end
  for key in next, map do
    if not at[key] then
      rest = rest or {}
      rest[#rest + 1] = key
    end
  end
  if rest then
    table.sort(rest, sorts_before)
    table.move(rest, 1, #rest, #keys + 1, keys)
  end
  return keys
end
maps.keys_of = keys_of

local make

local function add(map, key, value)
  local meta = getmetatable(map)
  if meta.shared then
    setmetatable(map, nil)
    meta = getmetatable(make(map, meta.keys))
  end
  local keys, at = meta.keys, meta.at
  if at[key] then keys[at[key]] = false end
  keys[#keys + 1] = key
  at[key] = #keys
  rawset(map, key, value)
end

local function in_order(map)
  local keys, n = keys_of(map), 0
  return function()
    n = n + 1
    local key = keys[n]
    if key ~= nil then return key, map[key] end
  end
end

local function meta_of(keys)
  local copy, at = {}, {}
  for _, key in ipairs(keys) do
    if key then
      copy[#copy + 1] = key
      at[key] = #copy
    end
  end
  return { __name = "polyrun.map", __pairs = in_order, __newindex = add, keys = copy, at = at }
end

function make(map, keys)
  return setmetatable(map, meta_of(keys))
end

local latest, shared = {}, {}

local function is_same(keys, others)
  for n = 1, #keys do
    if keys[n] ~= others[n] then return false end
  end
  return true
end

-- `map` as one whose keys have the order of `keys`. Maps with the same few keys in the same order share a metatable.
function maps.share(map, keys)
  local count = #keys
  if count > 200 then return make(map, keys) end
  local meta = latest[count] -- most often it is that of the map before
  if not (meta and is_same(keys, meta.keys)) then
    local id = string.pack(("s4"):rep(count), table.unpack(keys))
    meta = shared[id] or meta_of(keys)
    meta.shared, shared[id], latest[count] = true, meta, meta
  end
  return setmetatable(map, meta)
end

function maps.is_map(value)
  local meta = getmetatable(value)
  return type(meta) == "table" and rawget(meta, "__pairs") == in_order
end

-- For blocks: `map`, or a new one, as a map whose keys come in the order of `keys`, then in the order they are added.
function maps.map(map, keys)
  return make(map or {}, keys or (map and keys_of(map)) or {})
end

return maps
