-- Arrays of numbers, kept as the bytes that they are until they are asked for.

local use = ...
local wire = use("wire")
local arrays = {}

local CODES = {
  bool = "B", int8 = "i1", int16 = "i2", int32 = "i4", int64 = "i8", uint8 = "I1", uint16 = "I2", uint32 = "I4",
  uint64 = "I8", float32 = "f", float64 = "d",
}
local PIECE = 256 -- numbers at once: as many results of one call
local EXACT = 1 << 53
local math_type = math.type

local function size_of(dtype) return string.packsize(CODES[dtype]) end

-- All bytes that `source` stands for: a string, or a reference to a data file.
function arrays.bytes(source)
  return type(source) == "string" and source or source:read()
end

-- `count` numbers from the bytes `data`, behind the first `from` of them.
function arrays.unpack(dtype, data, from, count)
  local size, made = size_of(dtype), {}
  for n = 0, count - 1, PIECE do
    local length = math.min(PIECE, count - n)
    local piece = { string.unpack("<" .. CODES[dtype]:rep(length), data, (from + n) * size + 1) }
    table.move(piece, 1, length, n + 1, made)
  end
  if dtype == "bool" then
    for n = 1, count do made[n] = made[n] ~= 0 end
  elseif dtype == "uint64" then
    for n = 1, count do
      if made[n] < 0 then error("one of these numbers is larger than `math.maxinteger`", 0) end
    end
  end
  return made
end

local function bounds_of(dtype)
  local bits = size_of(dtype) * 8
  if dtype:find("^f") then return -EXACT, EXACT end
  if dtype:find("^u") then return 0, bits == 64 and math.maxinteger or (1 << bits) - 1 end
  return -(1 << (bits - 1)), (1 << (bits - 1)) - 1
end

-- `string.pack` takes some things for others.
local function check(dtype, list, count)
  local is_float, low, high = dtype:find("^f"), bounds_of(dtype)
  for n = 1, count do
    local value = list[n]
    local kind = math_type(value) or type(value)
    if kind == "integer" and dtype ~= "bool" then
      if value < low or value > high then wire.refuse("it is no array of %s: %d does not fit", dtype, value) end
    elseif not (is_float and kind == "float") and not (dtype == "bool" and kind == "boolean") then
      wire.refuse("it is no array of %s: there is a value of the type `%s` in it", dtype, kind)
    end
  end
end

-- Give the bytes of the first `count` numbers of `list` to `write`, piece by piece; they were checked before.
function arrays.pack(dtype, list, count, write)
  local code = CODES[dtype]
  for n = 1, count, PIECE do
    local last = math.min(n + PIECE - 1, count)
    write(string.pack("<" .. code:rep(last - n + 1), table.unpack(list, n, last)))
  end
end

-- The bytes of a list whose numbers must be of the type `dtype`.
function arrays.packed(dtype, list, count)
  check(dtype, list, count)
  local pieces, numbers = {}, list
  if dtype == "bool" then
    numbers = {}
    for n = 1, count do numbers[n] = list[n] and 1 or 0 end
  end
  arrays.pack(dtype, numbers, count, function(piece) pieces[#pieces + 1] = piece end)
  return table.concat(pieces)
end

-- The type of a list of numbers of one kind: `int64` or `float64`; nil if they are not.
function arrays.kind_of(list, count)
  local kind = math_type(list[1])
  if not kind then return nil end
  for n = 2, count do
    if math_type(list[n]) ~= kind then return nil end
  end
  return kind == "integer" and "int64" or "float64"
end

local Array = { __name = "polyrun.array", [wire.KIND] = "array" }
local SOURCE, PIECES = {}, {} -- keys for what is nobody else's business
local METHODS = {}

local function product(shape, from)
  local total = 1
  for n = from or 1, #shape do total = total * shape[n] end
  return total
end

local function piece_of(self, piece)
  local numbers, from = self[PIECES][piece], piece * PIECE
  if not numbers then
    numbers = arrays.unpack(self.dtype, self:bytes(), from, math.min(PIECE, #self - from))
    self[PIECES][piece] = numbers
  end
  return numbers
end

local function row_of(self, key)
  local size = product(self.shape, 2) * size_of(self.dtype)
  local shape = table.move(self.shape, 2, #self.shape, 1, {})
  return arrays.stored(self.dtype, shape, "C", self:bytes("C"):sub((key - 1) * size + 1, key * size))
end

-- `a[3]`: a number, or a row where there are more dimensions.
function Array.__index(self, key)
  if math_type(key) ~= "integer" then return METHODS[key] end
  local shape = self.shape
  if key < 1 or key > (shape[1] or 1) then return nil end
  if shape[2] then return row_of(self, key) end
  key = key - 1
  return (self[PIECES][key // PIECE] or piece_of(self, key // PIECE))[key % PIECE + 1]
end

function Array.__newindex()
  error("an array does not change; `:table()` gives a table that does", 2)
end

function Array.__len(self) return self.shape[1] or 1 end

-- A loop does not keep the numbers that it has passed.
function Array.__pairs(self)
  local n, count, numbers, is_flat = 0, #self, {}, #self.shape < 2
  return function()
    if n >= count then return nil end
    n = n + 1
    if not is_flat then return n, self[n] end
    local at = (n - 1) % PIECE + 1
    if at == 1 then numbers = arrays.unpack(self.dtype, self:bytes(), n - 1, math.min(PIECE, count - n + 1)) end
    return n, numbers[at]
  end
end

function Array.__tostring(self)
  return ("array(%s) of %s"):format(self.dtype, table.concat(self.shape, "x"))
end

-- An array that lies in `source`, the bytes or a reference to them.
function arrays.stored(dtype, shape, order, source)
  return setmetatable({ dtype = dtype, shape = shape, order = order, [SOURCE] = source, [PIECES] = {} }, Array)
end

-- Numbers whose first index is the fastest, with the last one the fastest.
local function turned(self, data)
  local size, shape, pieces = size_of(self.dtype), self.shape, {}
  local function gather(dimension, at, step)
    for _ = 1, shape[dimension] do
      if dimension == #shape then
        pieces[#pieces + 1] = data:sub(at * size + 1, (at + 1) * size)
      else
        gather(dimension + 1, at, step * shape[dimension])
      end
      at = at + step
    end
  end
  if product(shape) > 0 then gather(1, 0, 1) end
  return table.concat(pieces)
end

-- The numbers as bytes: in the order of the array, or in the one that is asked for.
function METHODS.bytes(self, order)
  local data = arrays.bytes(self[SOURCE])
  if order == "C" and self.order == "F" and #self.shape > 1 then
    data = turned(self, data)
    self.order = "C"
  end
  self[SOURCE] = data
  if not CODES[self.dtype] or #data ~= product(self.shape) * size_of(self.dtype) then
    wire.refuse("its type or its shape (%s) does not fit its numbers", table.concat(self.shape, "x"))
  end
  return data
end

-- All numbers: a list, or lists of lists where there is more than one dimension.
function METHODS.table(self)
  local numbers = arrays.unpack(self.dtype, self:bytes("C"), 0, product(self.shape))
  for dimension = #self.shape, 2, -1 do
    local length, rows = self.shape[dimension], {}
    for n = 1, product(table.move(self.shape, 1, dimension - 1, 1, {})) do
      rows[n] = table.move(numbers, (n - 1) * length + 1, n * length, 1, {})
    end
    numbers = rows
  end
  return numbers
end

local function shape_of(list)
  local shape, level = {}, { list }
  while type(level[1]) == "table" do
    local length, below = nil, {}
    for _, inner in ipairs(level) do
      local own = type(inner) == "table" and wire.list_length(inner)
      length = length or own
      if not own or own ~= length then
        wire.refuse("it is no array: the lists in it do not all have the same length")
      end
      table.move(inner, 1, own, #below + 1, below)
    end
    shape[#shape + 1], level = length, below
  end
  return shape, level
end

local function dtype_of(list)
  for n = 1, #list do
    if type(list[n]) ~= "boolean" then return arrays.kind_of(list, #list) or "float64" end
  end
  return #list > 0 and "bool" or "float64"
end

-- For blocks: an array of the numbers in `list`, which may be a list of lists, of the type `dtype`.
function arrays.array(dtype, list)
  if dtype ~= nil and not CODES[dtype] then wire.refuse("`%s` is no type of numbers", tostring(dtype)) end
  local shape, numbers = shape_of(list)
  dtype = dtype or dtype_of(numbers)
  return arrays.stored(dtype, shape, "C", arrays.packed(dtype, numbers, #numbers))
end

return arrays
