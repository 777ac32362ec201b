# Tables of other blocks as data frames: columns in the layout of Apache Arrow.

# The table that comes next in the value file.
table <- function() {
  count()
  rows <- as.numeric(item())
  columns <- vector("list", count())
  names <- character(length(columns))
  for (n in seq_along(columns)) {
    count()
    names[n] <- item()
    type <- item()
    refs <- list(reference(), reference(), reference())
    columns[[n]] <- column(names[n], type, rows, refs[[1L]], refs[[2L]], refs[[3L]])
  }
  structure(columns, names = names, row.names = .set_row_names(rows), class = "data.frame")
}

column <- function(name, type, rows, validity, data, offsets) {
  base <- sub("[(].*", "", type)
  inside <- strsplit(gsub("^[^(]*[(]?|[)]$", "", type), ",", fixed = TRUE)[[1L]]
  missing <- if (!is.null(validity)) !bits(validity, rows)
  values <- switch(
    base,
    bool = bits(data, rows),
    str = , bytes = cut(name, base, data, offsets),
    date = .Date(as.double(numbers_of("int32", data))),
    timestamp = , duration = moments(name, base, inside, data, missing),
    numbers_of(base, data)
  )
  if (base == "bytes") values[missing] <- list(NULL) else if (!is.null(missing)) values[missing] <- NA
  if (is.double(values) && !is.object(values) && startsWith(base, "int")) values <- whole_again(values)
  values
}

# Whole numbers as integers, if what made them doubles was in place of what is missing.
whole_again <- function(values) {
  if (all(abs(values) <= .Machine$integer.max, na.rm = TRUE)) as.integer(values) else values
}

bits <- function(ref, count) as.logical(rawToBits(read_bytes(ref)))[seq_len(count)]

# Texts or bytes that lie one after another; `offsets` is where each ends.
cut <- function(name, base, data, offsets) {
  ends <- numbers_of("int32", offsets)
  starts <- ends[-length(ends)]
  ends <- ends[-1L]
  whole <- read_bytes(data)
  if (base == "bytes") return(Map(function(start, end) whole[start + seq_len(end - start)], starts, ends))
  if (any(whole == 0)) stop("R has no text with the character U+0000 in it (in `", name, "`)", call. = FALSE)
  if (length(starts) == 0L) return(character())
  whole <- rawToChar(whole)
  Encoding(whole) <- "latin1" # so that positions are those of bytes
  found <- substring(whole, starts + 1L, ends)
  Encoding(found) <- "UTF-8"
  found
}

# Moments and lengths of time, which lie there as counts of micro- or nanoseconds.
moments <- function(name, base, inside, data, missing) {
  need("times")
  source <- opened(data)
  on.exit(close(source))
  halves <- readBin(source, "integer", data$length / 4, endian = "little")
  low <- unsigned(as.double(alternate(halves, 1L)))
  high <- with_lowest(as.double(alternate(halves, 2L)))
  if (!is.null(missing)) low[missing] <- high[missing] <- 0
  parts <- divided(high, low, if (inside[1L] == "ns") 1e9 else 1e6)
  seconds <- tryCatch(
    seconds_of(parts$whole, parts$rest * if (inside[1L] == "ns") 1 else 1000),
    error = function(fault) stop(conditionMessage(fault), " (in `", name, "`)", call. = FALSE)
  )
  if (base == "duration") return(.difftime(seconds, "secs"))
  zone <- if (length(inside) > 1L) inside[2L]
  if (!is.null(zone) && zone != "UTC" && !grepl("^[+-]", zone)) check_zone(zone)
  .POSIXct(seconds, tzone_of(zone))
}

# Integers of 64 bits divided by `unit`, a power of ten, and what is left over: more than a double can hold at once.
divided <- function(high, low, unit) {
  per <- floor(2^32 / unit)
  left <- 2^32 - per * unit
  # `high * left` is below 2**53 only in two steps.
  upper <- floor(high / 2^16)
  lower <- high - upper * 2^16
  first <- upper * left
  whole <- floor(first / unit)
  rest <- (first - whole * unit) * 2^16 + lower * left + low
  carry <- floor(rest / unit)
  list(whole = high * per + whole * 2^16 + carry, rest = rest - carry * unit)
}
