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

-- The keys of `map` in their order; what nobody knows the order of comes last, sorted.
local function keys_of(map)
  local meta = getmetatable(map)
  local keys, rest, at = {}, {}, meta and meta.at or {}
  for _, key in ipairs(meta and meta.keys or {}) do
    if key and rawget(map, key) ~= nil then keys[#keys + 1] = key end
  end
  for key in next, map do
    if not at[key] then rest[#rest + 1] = key end
  end
  table.sort(rest, function(a, b)
    if type(a) == type(b) and (type(a) == "string" or type(a) == "number") then return a < b end
    return type(a) < type(b)
  end)
  return table.move(rest, 1, #rest, #keys + 1, keys)
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

local shared = {}

-- `map` as one whose keys have the order of `keys`, whatever map with the same keys there was before.
function maps.share(map, keys)
  local id = string.pack(("s"):rep(math.min(#keys, 200)), table.unpack(keys, 1, 200))
  local meta = #keys <= 200 and shared[id] or meta_of(keys)
  if #keys <= 200 then
    shared[id], meta.shared = meta, true
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
