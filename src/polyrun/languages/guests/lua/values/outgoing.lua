-- What a block exports: its values as encoded values, and large data in files of their own.

local use = ...
local wire, maps = use("wire"), use("maps")
local outgoing = {}

local NPY_HEAD = 256
local PACK_FROM = 32
local INLINE_BYTES = 64 * 1024
local PIECE_BYTES = 1 << 20
local PAGE, ALIGNMENT = 4096, 64

-- Writes to the folder `folder`; the names of data files begin with `prefix`.
function outgoing.new(folder, prefix)
  local count = 0
  local self = {}

  -- A new data file whose name ends in `ending`, written by `fill(file, write)`; its name.
  local function new_file(ending, fill)
    local name = ("%s%d%s"):format(prefix, count, ending)
    count = count + 1
    local file = assert(io.open(folder .. "/" .. name, "wb"))
    local is_written = true
    fill(file, function(data) is_written = file:write(data) and is_written end)
    if not (file:close() and is_written) then wire.refuse("there is not enough room for its data") end
    return name
  end

  local function reference(name, offset, length) return wire.tagged("ref", { name, offset, length }) end

  -- Bytes; many of them in a file of their own.
  local function bytes(data)
    if #data <= INLINE_BYTES then return wire.bytes(data) end
    return reference(new_file(".bin", function(_, write) write(data) end), 0, #data)
  end

  -- Numbers in a file of their own, behind the room for its head.
  local function npy(size, fill)
    local name = new_file(".npy", function(_, write)
      write(("\0"):rep(NPY_HEAD))
      fill(write)
    end)
    return reference(name, NPY_HEAD, size)
  end

  -- A list; one of many numbers of one kind is stored as numbers.
  function self.pack(list, length)
    if length < PACK_FROM then return nil end
    local arrays = use("arrays")
    local dtype = arrays.kind_of(list, length)
    if not dtype then return nil end
    local function fill(write) arrays.pack(dtype, list, length, write) end
    if length * 8 > INLINE_BYTES then return wire.tagged("packed", { dtype, npy(length * 8, fill) }) end
    local pieces = {}
    fill(function(piece) pieces[#pieces + 1] = piece end)
    return wire.tagged("packed", { dtype, wire.bytes(table.concat(pieces)) })
  end

  local function array(value)
    local data = value:bytes()
    local numbers = npy(#data, function(write) write(data) end)
    return wire.tagged("array", { value.dtype, value.shape, value.order, numbers })
  end

  local function write_column(file, write, column, at)
    local refs = {}
    for n, part in ipairs({ "validity", "data", "offsets" }) do
      refs[n] = maps.null
      if column[part] then
        local data = use("arrays").bytes(column[part])
        at = (at + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT
        file:seek("set", at)
        write(data)
        refs[n] = { at, #data }
        at = at + #data
      end
    end
    return refs, at
  end

  local function table_(value)
    local stored, rows = use("tables").parts(value)
    local at, described, name = 2048, {}, nil
    for _, column in ipairs(stored) do at = at + 512 + #column.name end
    at = (at + PAGE - 1) // PAGE * PAGE
    if #stored > 0 then
      name = new_file(".arrow", function(file, write)
        write(("\0"):rep(at))
        for n, column in ipairs(stored) do described[n], at = write_column(file, write, column, at) end
      end)
    end
    for n, refs in ipairs(described) do
      for part, ref in ipairs(refs) do
        if ref ~= maps.null then refs[part] = reference(name, table.unpack(ref)) end
      end
      described[n] = { stored[n].name, stored[n].type, table.unpack(refs) }
    end
    return wire.tagged("table", { rows, described })
  end

  -- A copy of a file.
  local function file(value)
    local source = io.open(value.path, "rb")
    local piece = source and source:read(PIECE_BYTES)
    if not piece and not (source and source:seek("end") == 0) or value.name == "" or not wire.is_text(value.name) then
      wire.refuse("the file `%s` cannot be read", value.path)
    end
    local safe, size = value.name:gsub("[^%w._-]", "_"):sub(-100), 0
    local stored = new_file("-" .. safe, function(_, write)
      while piece do
        write(piece)
        size, piece = size + #piece, source:read(PIECE_BYTES)
      end
    end)
    source:close()
    return wire.tagged("file", { value.name, value.media, reference(stored, 0, size) })
  end

  local function moment(value)
    local kind, fault = wire.kind_of(value), value:fault()
    if fault then wire.refuse("it is no %s: %s", kind, fault) end
    if kind == "duration" then return wire.tagged(kind, { value.seconds, value.nanoseconds }) end
    return wire.tagged(kind, tostring(value))
  end

  local writers = {
    array = array, table = table_, file = file, date = moment, time = moment, timestamp = moment, duration = moment,
  }

  -- A plain value, or something behind a tag, for a value that is no plain one.
  function self.convert(value)
    if type(value) == "string" then return bytes(value) end
    local write = writers[wire.kind_of(value)]
    if write then return write(value) end
    local is_object = type(value) == "table"
    local what = is_object and "a table with a metatable" or "a " .. (io.type(value) or type(value))
    local hint = is_object and "; export a plain table of what is in it" or ""
    wire.refuse("%s has no form that other languages could read%s", what, hint)
  end

  local declared

  local function declared_table(value, kind, inside)
    if kind == "array" then return use("arrays").array(inside, value) end
    if kind == "table" then return use("tables").table(value) end
    if kind ~= "map" and kind ~= "list" then return value end
    local made = value
    if inside then
      made = {}
      for key, item in next, value do made[key] = declared(item, inside) end
    end
    if kind == "list" then
      if maps.is_map(value) or not wire.list_length(value) then
        wire.refuse("its keys are not 1, 2, 3, …; put `polyrun.null` where it has nothing")
      end
      return made
    end
    return maps.map(made, maps.keys_of(value))
  end

  -- `value` as its declared type asks for it, where Lua has one thing for two types.
  function declared(value, wanted)
    local kind, inside = (wanted or ""):gsub(" ", ""):match("^(%l*)%(?(.-)%)?$")
    if inside == "" then inside = nil end
    if type(value) == "string" then
      if kind == "str" and not wire.is_text(value) then
        wire.refuse("it is not valid UTF-8, and so it is bytes, not text")
      end
      if kind == "file" then return file(use("files").file(value)) end
      return kind == "bytes" and bytes(value) or value
    end
    local is_plain = type(value) == "table" and value ~= maps.null and (getmetatable(value) == nil or maps.is_map(value))
    return is_plain and declared_table(value, kind, inside) or value
  end
  self.declared = declared

  return self
end

return outgoing
