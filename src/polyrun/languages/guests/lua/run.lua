-- Run a block as Lua runs a script: `run.lua CODE DOCUMENT LINE [ARG...]`, started in the document's folder.
--
-- The block is a chunk with the document's name and lines. An error that it does not catch is shown as `lua` shows
-- one, without the calls of this file.

local path, document, line = arg[1], arg[2], tonumber(arg[3])

-- The arguments as `lua` would have given them to the document.
local function set_arguments()
  arg = table.move(arg, 4, #arg, 1, { [-1] = arg[-1], [0] = document })
end

-- Print an error and end. Lua shows only the end of a name of more than 56 bytes; here it gets all of it.
local function fail(text)
  local shown = debug.getinfo(load("", "@" .. document), "S").short_src
  if shown ~= document then
    text = text:gsub(shown:gsub("%p", "%%%0"), (document:gsub("%%", "%%%%")))
  end
  io.stderr:write("lua: ", text, "\n")
  os.exit(1, true)
end

-- The block as a function. A first line such as `#!/usr/bin/lua` is none of Lua's.
local function load_block()
  local file = assert(io.open(path, "rb"))
  local code = file:read("a"):gsub("^#[^\n]*", "")
  file:close()
  local block, fault = load(("\n"):rep(line - 1) .. code, "@" .. document, "t")
  return block or fail(fault)
end

-- What `lua` says of an error, and the calls that led to it.
local function describe(fault)
  local text = fault
  if type(fault) ~= "string" and type(fault) ~= "number" then
    local meta = debug.getmetatable(fault)
    local speaks = type(meta) == "table" and meta.__tostring
    text = speaks and tostring(fault) or ("(error object is a %s value)"):format(type(fault))
  end
  local trace = debug.traceback(tostring(text), 2)
  return trace:match("^(.*)\n\t%[C%]: in function 'xpcall'") or trace
end

io.stdout:setvbuf("no") -- output appears as it is printed
set_arguments()
local fine, fault = xpcall(load_block(), describe, table.unpack(arg))
if not fine then fail(fault) end
