-- Tables: columns of one length.

local use = ...
local wire, maps, columns = use("wire"), use("maps"), use("columns")
local tables = {}

local Table = { __name = "polyrun.table", [wire.KIND] = "table" }
local STORED, READ = {}, {} -- keys for what is nobody else's business
local METHODS = {}

-- `t.columns.price`: a list, read when it is first asked for.
local Columns = {
  __index = function(self, name)
    local column = self[STORED][name]
    if not column then return nil end
    local values = columns.values(column, self[READ])
    rawset(self, name, values)
    return values
  end,
  __newindex = function() error("a table does not change; make a new one with `polyrun.table`", 2) end,
}

local function make(rows, stored)
  local made = { names = {}, types = {}, [STORED] = stored, [READ] = rows }
  local by_name = {}
  for n, column in ipairs(stored) do
    made.names[n], made.types[column.name], by_name[column.name] = column.name, column.type, column
  end
  made.columns = setmetatable({ [STORED] = by_name, [READ] = rows }, Columns)
  return setmetatable(made, Table)
end

-- A table that came from another block: `parts` are the columns, each its name, type, validity, data and offsets.
function tables.stored(rows, parts)
  local stored = {}
  for n, part in ipairs(parts) do
    local name, kind, validity, data, offsets = table.unpack(part, 1, 5)
    validity, offsets = validity ~= maps.null and validity or nil, offsets ~= maps.null and offsets or nil
    stored[n] = { name = name, type = kind, validity = validity, data = data, offsets = offsets }
  end
  return make(rows, stored)
end

-- The columns as they are stored, and the number of rows.
function tables.parts(value) return value[STORED], value[READ] end

-- `t[1]`: a row, which is a map.
function Table.__index(self, key)
  if math.type(key) ~= "integer" then return METHODS[key] end
  if key < 1 or key > self[READ] then return nil end
  local row = {}
  for _, name in ipairs(self.names) do row[name] = self.columns[name][key] end
  return maps.share(row, self.names)
end

Table.__newindex = Columns.__newindex

function Table.__len(self) return self[READ] end

function Table.__tostring(self)
  local columns = {}
  for n, name in ipairs(self.names) do columns[n] = name .. ": " .. self.types[name] end
  return ("table of %d rows: %s"):format(#self, table.concat(columns, ", "))
end

local function following(self, n)
  local row = self[n + 1]
  if row ~= nil then return n + 1, row end
end

function Table.__pairs(self) return following, self, 0 end

-- All rows as a list of maps.
function METHODS.rows(self)
  local rows = {}
  for n = 1, #self do rows[n] = self[n] end
  return rows
end

-- The names of the columns in rows, the first row's first.
local function names_of(rows, count)
  local names, is_known = {}, {}
  for n = 1, count do
    local row = rows[n]
    if type(row) ~= "table" or row == maps.null or not (getmetatable(row) == nil or maps.is_map(row)) then
      wire.refuse("a table is made of maps, one for each row, and this list holds something else")
    end
    for _, name in ipairs(maps.keys_of(row)) do
      if not is_known[name] then
        names[#names + 1], is_known[name] = name, true
      end
    end
  end
  return names
end

local function columns_of(rows, count, names)
  local made = {}
  for _, name in ipairs(names) do
    local column = {}
    for n = 1, count do
      local value = rows[n][name]
      column[n] = value == nil and maps.null or value
    end
    made[name] = column
  end
  return made
end

local function length_of(name, column)
  local length = type(column) == "table" and (wire.kind_of(column) == "array" and #column or wire.list_length(column))
  if not length then
    wire.refuse("the column `%s` of a table is no list; put `polyrun.null` where it has nothing", tostring(name))
  end
  return length
end

-- For blocks: a table of columns (`{ id = { 1, 2 } }`) or of rows (`{ { id = 1 }, { id = 2 } }`). `names` is the order
-- of the columns, `types` are those of columns whose values do not tell: `{ id = "int32" }`.
function tables.table(content, names, types)
  local count = not maps.is_map(content) and wire.list_length(content)
  if count then
    names = names or names_of(content, count)
    content = columns_of(content, count, names)
  end
  names = names or maps.keys_of(content)
  local stored, rows = {}, nil
  for n, name in ipairs(names) do
    local column, wanted = content[name], types and types[name]
    if type(name) ~= "string" or not wire.is_text(name) then wire.refuse("the names of columns must be texts") end
    local length = length_of(name, column)
    rows = rows or length
    if length ~= rows then wire.refuse("the columns of a table must all have the same length") end
    if wire.kind_of(column) == "array" then
      column, wanted = column:table(), wanted or column.dtype
    end
    stored[n] = columns.of(name, column, length, wanted)
  end
  return make(rows or 0, stored)
end

return tables
