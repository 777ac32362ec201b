-- Run a block as Lua runs a script: `run.lua CODE DOCUMENT LINE [ARG...]`, started in the document's folder.
--
-- The block is a chunk with the document's name and lines. An error that it does not catch is shown as `lua` shows
-- one, without the calls of this file.

local path, document, line = arg[1], arg[2], tonumber(arg[3])
local guest = arg[0]:match("^(.*/)") or "./"

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

-- The library for values that go into the block and come out of it; nil for a block that has none.
local function load_values()
  local inbox, outbox, parts = os.getenv("POLYRUN_IN"), os.getenv("POLYRUN_OUT"), {}
  local function use(name)
    if not parts[name] then
      local file = assert(io.open(guest .. "values/" .. name .. ".lua"))
      parts[name] = assert(load(file:read("a"), "=(polyrun " .. name .. ")"))(use, inbox, outbox)
      file:close()
    end
    return parts[name]
  end
  return inbox and use("handing")
end

-- The block as a function, with `opening` before its first line. A line such as `#!/usr/bin/lua` is none of Lua's.
local function load_block(opening)
  local file = assert(io.open(path, "rb"))
  local code = file:read("a"):gsub("^#[^\n]*", "")
  file:close()
  local block, fault = load(("\n"):rep(line - 1) .. opening .. code, "@" .. document, "t")
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
  local trace = debug.traceback(tostring(text), 2):gsub("\n\t%(polyrun %l+%):[^\n]*", "")
  return trace:match("^(.*)\n\t%[C%]: in function 'xpcall'") or trace
end

io.stdout:setvbuf("no") -- output appears as it is printed
set_arguments()
local values = load_values()
local block = load_block(values and values.begin() or "")
if values then values.watch(block) end
local fine, fault = xpcall(block, describe, table.unpack(arg))
if not fine then fail(fault) end
if values then values.finish() end
