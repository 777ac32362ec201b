-- Files: a path, and the name and the media type that the file has.

local use = ...
local wire = use("wire")
local files = {}

local File = { __name = "polyrun.file", [wire.KIND] = "file" }
File.__index = File
File.__tostring = function(self) return self.path end

local MEDIA = {
  csv = "text/csv", gif = "image/gif", html = "text/html", jpeg = "image/jpeg", jpg = "image/jpeg",
  json = "application/json", md = "text/markdown", pdf = "application/pdf", png = "image/png", svg = "image/svg+xml",
  txt = "text/plain",
}

-- The file opened by `io.open`.
function File.open(self, mode) return io.open(self.path, mode or "rb") end

-- All that is in it.
function File.read(self)
  local file = assert(self:open())
  local data = file:read("a")
  file:close()
  return data
end

-- For blocks: the file at `path`.
function files.file(path, name, media)
  name = name or path:match("[^/]*$")
  media = media or MEDIA[(name:match("%.(%w+)$") or ""):lower()] or "application/octet-stream"
  return setmetatable({ path = path, name = name, media = media }, File)
end

return files
