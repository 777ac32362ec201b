-- Dates, times, timestamps and durations: tables with the fields that `os.time` and `os.date` use.

local use = ...
local wire = use("wire")
local moments = {}

local Date = { __name = "polyrun.date", [wire.KIND] = "date" }
local Time = { __name = "polyrun.time", [wire.KIND] = "time" }
local Timestamp = { __name = "polyrun.timestamp", [wire.KIND] = "timestamp" }
local Duration = { __name = "polyrun.duration", [wire.KIND] = "duration" }

-- Days since 1970-01-01, with years that begin in March so that a leap day is the last one (Hinnant's algorithm).
local function days_of(year, month, day)
  local y = month > 2 and year or year - 1
  local era = y // 400
  local of_era = y - era * 400
  local of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
  return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468
end

local function date_of(days)
  local z = days + 719468
  local era = z // 146097
  local of_era = z - era * 146097
  local y = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
  local of_year = of_era - (365 * y + y // 4 - y // 100)
  local m = (5 * of_year + 2) // 153
  local month = m < 10 and m + 3 or m - 9
  return y + era * 400 + (month <= 2 and 1 or 0), month, of_year - (153 * m + 2) // 5 + 1
end

local function fraction(nsec)
  return nsec == 0 and "" or (("." .. ("%09d"):format(nsec)):gsub("0+$", ""))
end

local function nanoseconds(digits)
  return math.tointeger((digits .. "000000000"):sub(1, 9))
end

local function offset_minutes(offset)
  if offset == nil or offset == "Z" then return 0 end
  local sign, hours, minutes = offset:match("^([+-])(%d%d):(%d%d)$")
  return (sign == "-" and -1 or 1) * (hours * 60 + minutes) // 1
end

local DAY_FIELDS, TIME_FIELDS = { "year", "month", "day" }, { "hour", "min", "sec", "nsec" }
local LOW = { year = 1, month = 1, day = 1, hour = 0, min = 0, sec = 0, nsec = 0 }
local HIGH = { year = 9999, month = 12, day = 31, hour = 23, min = 59, sec = 59, nsec = 999999999 }

-- What is wrong with some fields of a moment; nil if nothing is.
local function fields_fault(self, fields)
  for n = 1, #fields do
    local field = fields[n]
    local value, low, high = self[field], LOW[field], HIGH[field]
    if math.type(value) ~= "integer" or value < low or value > high then
      return ("its field `%s` is %s, not an integer from %d to %d"):format(field, tostring(value), low, high)
    end
  end
end

local function day_fault(self)
  local fault = fields_fault(self, DAY_FIELDS)
  if not fault and self.day > 28 and select(3, date_of(days_of(self.year, self.month, self.day))) ~= self.day then
    fault = ("there is no day %d in that month"):format(self.day)
  end
  return fault
end

local function day_text(self) return ("%04d-%02d-%02d"):format(self.year, self.month, self.day) end

local function time_text(self)
  return ("%02d:%02d:%02d"):format(self.hour, self.min, self.sec) .. fraction(self.nsec)
end

Date.__tostring, Time.__tostring = day_text, time_text
Date.fault = day_fault
function Time.fault(self) return fields_fault(self, TIME_FIELDS) end
function Timestamp.fault(self)
  local offset, zone = self.offset, self.zone
  if offset ~= nil and offset ~= "Z" and not tostring(offset):match("^[+-]%d%d:%d%d$") then
    return "its `offset` is not like `+01:00` or `Z`"
  end
  if zone ~= nil and not tostring(zone):match("^[%w_+%-./:]+$") then return "its `zone` is no name of a zone" end
  return day_fault(self) or fields_fault(self, TIME_FIELDS)
end

function Timestamp.__tostring(self)
  local zone = self.zone and "[" .. self.zone .. "]" or ""
  return day_text(self) .. "T" .. time_text(self) .. (self.offset or "") .. zone
end

function Duration.__tostring(self)
  local seconds, nsec = self.seconds, self.nanoseconds
  local sign = ""
  if seconds < 0 then
    sign, seconds, nsec = "-", -seconds, -nsec
    if nsec < 0 then seconds, nsec = seconds - 1, nsec + 1000000000 end
  end
  return ("%sPT%d%sS"):format(sign, seconds, fraction(nsec))
end

function Duration.fault(self)
  local seconds, nsec = self.seconds, self.nanoseconds
  if math.type(seconds) ~= "integer" or math.type(nsec) ~= "integer" or nsec < 0 or nsec > 999999999 then
    return "its `seconds` and `nanoseconds` (0 to 999999999) must be integers"
  end
end

-- Days since 1970-01-01.
function Date.days(self) return days_of(self.year, self.month, self.day) end

-- Seconds since midnight, and nanoseconds to add to them.
function Time.seconds(self) return (self.hour * 60 + self.min) * 60 + self.sec, self.nsec end

-- Seconds since 1970-01-01T00:00:00 UTC, and nanoseconds to add to them.
function Timestamp.unix(self)
  local minutes = self.hour * 60 + self.min - offset_minutes(self.offset)
  return days_of(self.year, self.month, self.day) * 86400 + minutes * 60 + self.sec, self.nsec
end

-- All of it as a number of seconds.
function Duration.total(self) return self.seconds + self.nanoseconds / 1e9 end

local function order_of(self)
  local kind = getmetatable(self)
  if kind == Date then return self:days(), 0 end
  if kind == Duration then return self.seconds, self.nanoseconds end
  if kind == Time then return self:seconds() end
  return self:unix()
end

local function less(a, b)
  local first, first_rest = order_of(a)
  local second, second_rest = order_of(b)
  return first < second or (first == second and first_rest < second_rest)
end

for _, kind in ipairs({ Date, Time, Timestamp, Duration }) do
  kind.__index = kind
  kind.__lt = less
  kind.__le = function(a, b) return not less(b, a) end
  kind.__eq = function(a, b) return getmetatable(a) == getmetatable(b) and tostring(a) == tostring(b) end
end

local function no_such(what, text)
  wire.refuse("`%s` is no %s", tostring(text), what)
end

local function sound(value, what, text)
  return value:fault() and no_such(what, text) or value
end

-- `polyrun.date("2026-11-24")`
function moments.date(text)
  local year, month, day = tostring(text):match("^(%d%d%d%d)%-(%d%d)%-(%d%d)$")
  if not year then no_such("date such as 2026-11-24", text) end
  local made = { year = math.tointeger(year), month = math.tointeger(month), day = math.tointeger(day) }
  return sound(setmetatable(made, Date), "date", text)
end

local TIME = "(%d%d):(%d%d):(%d%d)%.?(%d*)"

local function set_time(made, hour, min, sec, digits)
  made.hour, made.min, made.sec = math.tointeger(hour), math.tointeger(min), math.tointeger(sec)
  made.nsec = nanoseconds(digits)
  return made
end

-- `polyrun.time("18:30:00.25")`
function moments.time(text)
  local hour, min, sec, digits = tostring(text):match("^" .. TIME .. "$")
  if not hour then no_such("time such as 18:30:00", text) end
  return sound(setmetatable(set_time({}, hour, min, sec, digits), Time), "time", text)
end

-- `polyrun.timestamp("2026-11-24T18:30:00+01:00[Europe/Berlin]")`; the offset and the zone may be left out.
function moments.timestamp(text)
  local year, month, day, hour, min, sec, digits, place =
    tostring(text):match("^(%d%d%d%d)%-(%d%d)%-(%d%d)T" .. TIME .. "(.*)$")
  if not year then no_such("timestamp such as 2026-11-24T18:30:00Z", text) end
  local made = { year = math.tointeger(year), month = math.tointeger(month), day = math.tointeger(day) }
  made.offset, made.zone = place:match("^([^%[]*)"), place:match("%[(.*)%]$")
  if made.offset == "" then made.offset = nil end
  return sound(setmetatable(set_time(made, hour, min, sec, digits), Timestamp), "timestamp", text)
end

-- `polyrun.duration(90, 500000000)`, or `polyrun.duration(90.5)`
function moments.duration(seconds, nsec)
  if math.type(seconds) == "float" then
    local whole = math.floor(seconds)
    local rest = math.floor((seconds - whole) * 1e9 + 0.5)
    seconds, nsec = whole + rest // 1000000000, rest % 1000000000
  end
  return sound(setmetatable({ seconds = seconds, nanoseconds = nsec or 0 }, Duration), "duration", seconds)
end

function moments.date_at(days)
  local year, month, day = date_of(days)
  return setmetatable({ year = year, month = month, day = day }, Date)
end

local function clock(made, seconds, nsec)
  made.hour, made.min, made.sec, made.nsec = seconds // 3600, seconds // 60 % 60, seconds % 60, nsec
  return made
end

function moments.time_at(seconds, nsec) return setmetatable(clock({}, seconds, nsec), Time) end

-- The moment so long after 1970, in the `zone` of a column. Lua knows no zones by name: there it is said in UTC.
function moments.timestamp_at(seconds, nsec, zone)
  local is_offset = zone and zone:find("^[+-]")
  local offset = zone and (is_offset and zone or "Z")
  seconds = seconds + offset_minutes(offset) * 60
  local made = moments.date_at(seconds // 86400)
  made.offset, made.zone = offset, zone ~= "UTC" and not is_offset and zone or nil
  return setmetatable(clock(made, seconds % 86400, nsec), Timestamp)
end

-- The zone of a timestamp as a column has it; nil without one.
function moments.zone_of(self)
  return self.zone or (self.offset == "Z" and "UTC") or self.offset
end

return moments
