# Dates, moments and lengths of time. R holds moments as seconds in a double, and shows them in their `tzone`.

NO_ZONE <- "<plain>0" # what R computes with as with UTC, and shows as `plain`
FAR <- "its times are more exact than R's, which hold microseconds in the years 1700 to 2240 and less beyond"

# The vector of what was read behind one of the tags of dates, timestamps and durations.
moments_of <- function(tag, values) {
  switch(
    as.character(tag),
    "50503" = as.Date(unlist(values), format = "%Y-%m-%d"),
    "50505" = timestamps_of(unlist(values)),
    "50506" = durations_of(as.numeric(unlist(values)))
  )
}

durations_of <- function(parts) {
  .difftime(seconds_of(parts[c(TRUE, FALSE)], parts[c(FALSE, TRUE)]), "secs")
}

# Moments from texts such as `2026-11-24T18:30:00.125`, then perhaps `Z` or `+01:00`, then perhaps `[Europe/Berlin]`.
# They are a list if they are in several zones.
timestamps_of <- function(texts) {
  pattern <- "^(.{19})(?:[.]([0-9]+))?(Z|[+-][0-9:]{5})?(?:\\[(.+)\\])?$"
  parts <- do.call(rbind, regmatches(texts, regexec(pattern, texts, perl = TRUE)))
  places <- unique(ifelse(nzchar(parts[, 5L]), parts[, 5L], parts[, 4L]))
  if (length(places) > 1L) return(lapply(texts, timestamps_of))
  offsets <- parts[, 4L]
  nano <- as.numeric(substr(paste0(parts[, 3L], "000000000"), 1L, 9L))
  whole <- seconds_at(parts[, 2L], offsets, places)
  .POSIXct(seconds_of(whole, nano), tzone_of(if (places == "Z") "UTC" else if (nzchar(places)) places))
}

# Seconds since 1970 of wall clocks; without an offset they are those of `place`.
seconds_at <- function(clocks, offsets, place) {
  named <- nchar(place) > 1L && !grepl("^[+-]", place)
  if (named) check_zone(place)
  zone <- if (named && !all(nzchar(offsets))) place else "UTC"
  whole <- as.numeric(as.POSIXct(strptime(clocks, "%Y-%m-%dT%H:%M:%S", tz = zone)))
  if (zone == "UTC") return(whole - 60 * minutes_of(offsets))
  if (anyNA(whole)) stop("the clocks of `", place, "` have never shown ", clocks[is.na(whole)][1L])
  whole
}

# Minutes east of Greenwich; `Z` and nothing are 0.
minutes_of <- function(offsets) {
  offsets[nchar(offsets) < 6L] <- "+00:00"
  minutes <- 60 * as.numeric(substr(offsets, 2L, 3L)) + as.numeric(substr(offsets, 5L, 6L))
  ifelse(startsWith(offsets, "-"), -minutes, minutes)
}

# How R is told a zone: a name, an offset such as `+01:00`, or `NULL` for none.
tzone_of <- function(zone) {
  if (is.null(zone)) return(NO_ZONE)
  if (!grepl("^[+-]", zone)) return(zone)
  opposite <- chartr("+-", "-+", zone) # POSIX counts the hours west of Greenwich
  paste0("<", sub(":", "", zone, fixed = TRUE), ">", opposite)
}

# The reverse. R's own zone, which is none in particular, stands for the moment itself.
zone_of <- function(moments) {
  tzone <- attr(moments, "tzone")[1L]
  if (is.null(tzone) || tzone %in% c("", "UTC", "GMT", "Etc/UTC")) return("UTC")
  if (tzone == NO_ZONE) return(NULL)
  offset <- regmatches(tzone, regexec("^<([+-][0-9]{2})([0-9]{2})>", tzone))[[1L]]
  if (length(offset) > 0L) return(paste0(offset[2L], ":", offset[3L]))
  check_zone(tzone)
  tzone
}

zones <- NULL

check_zone <- function(zone) {
  if (is.null(zones)) zones <<- OlsonNames()
  if (!zone %in% zones) refuse("the time zone `", zone, "` is not in the database of this machine")
}

# Seconds from whole ones and nanoseconds, if a double holds them to the microsecond.
seconds_of <- function(whole, nano) {
  found <- whole + nano / 1e9
  parts <- split_seconds(found)
  if (!all(parts$whole == whole & parts$micro * 1000 == nano, na.rm = TRUE)) stop(FAR, call. = FALSE)
  found
}

# Whole seconds, and microseconds to add to them.
split_seconds <- function(seconds) {
  whole <- floor(seconds)
  micro <- round((seconds - whole) * 1e6)
  carry <- micro == 1e6
  list(whole = whole + carry, micro = micro - 1e6 * carry)
}

# What of R's times can be said to others, as text: dates and timestamps without a missing one among them.

date_text <- function(dates) {
  lt <- as.POSIXlt(.Date(whole_days(dates)))
  sprintf("%04d-%02d-%02d", as.integer(check_year(lt$year + 1900)), lt$mon + 1L, lt$mday)
}

whole_days <- function(dates) {
  days <- as.numeric(unclass(dates))
  if (!all(is.finite(days) & days == floor(days), na.rm = TRUE)) refuse("it is a date that is not a whole day")
  days
}

check_year <- function(years) {
  if (!all(is.finite(years) & years >= 1 & years <= 9999)) refuse("it is outside of the years 1 to 9999")
  years
}

timestamp_text <- function(moments) {
  zone <- zone_of(moments)
  parts <- split_seconds(as.numeric(moments))
  if (!all(is.finite(parts$whole))) refuse("it is a time without end")
  lt <- as.POSIXlt(.POSIXct(parts$whole, if (is.null(zone)) "UTC" else tzone_of(zone)))
  years <- as.integer(check_year(lt$year + 1900))
  seconds <- as.integer(round(lt$sec))
  text <- sprintf("%04d-%02d-%02dT%02d:%02d:%02d", years, lt$mon + 1L, lt$mday, lt$hour, lt$min, seconds)
  text <- sub("[.]?0*$", "", sprintf("%s.%06d", text, as.integer(parts$micro)))
  if (is.null(zone)) return(text)
  if (zone == "UTC") return(paste0(text, "Z"))
  if (grepl("^[+-]", zone)) return(paste0(text, zone))
  paste0(text, offset_text(lt$gmtoff), "[", zone, "]")
}

offset_text <- function(seconds) {
  if (any(seconds %% 60L != 0L)) refuse("its zone is not a whole number of minutes from UTC")
  minutes <- abs(seconds) %/% 60L
  sprintf("%s%02d:%02d", ifelse(seconds < 0L, "-", "+"), as.integer(minutes %/% 60L), as.integer(minutes %% 60L))
}
