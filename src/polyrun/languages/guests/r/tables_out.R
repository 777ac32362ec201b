# Data frames as tables: columns in the layout of Apache Arrow, in a file of their own.

need("numbers")

ALIGNMENT <- 64
PAGE <- 4096
ROW_NAMES <- "rowname" # the column for names of rows

table_of <- function(frame) {
  frame <- with_row_names(frame)
  rows <- length(attr(frame, "row.names"))
  columns <- unclass(frame)
  if (length(columns) == 0L) return(c(tag_head(50509L), heads(4L, 2L)$data, heads(0L, rows)$data, heads(4L, 0L)$data))
  names <- utf8(names(columns))
  if (anyDuplicated(names)) refuse("it has two columns of the name `", names[duplicated(names)][1L], "`")
  described <- list()
  name <- new_file(".arrow", function(target) described <<- write_columns(columns, names, rows, target))
  parts <- lapply(described, function(one) {
    refs <- lapply(one$parts, function(part) {
      if (is.null(part)) NULL_BYTE else reference_to(name, part[1L], part[2L])
    })
    c(heads(4L, 5L)$data, encode(one$name), encode(one$type), unlist(refs))
  })
  c(tag_head(50509L), heads(4L, 2L)$data, heads(0L, rows)$data, encoded_list(parts))
}

# Names of rows as a column. What are only numbers is R's own count of rows, also of some that were taken out of others.
with_row_names <- function(frame) {
  rows <- attr(frame, "row.names")
  if (!is.character(rows) || all(grepl("^[0-9]+([.][0-9]+)*$", rows))) return(frame)
  if (ROW_NAMES %in% names(frame)) refuse("its rows have names, and it has a column `", ROW_NAMES, "` already")
  columns <- c(structure(list(rows), names = ROW_NAMES), unclass(frame))
  structure(columns, class = "data.frame", row.names = .set_row_names(length(rows)))
}

# Write the columns; of each, its name, its type, and where its validity, data and offsets are.
write_columns <- function(columns, names, rows, target) {
  at <- ceiling((2048 + sum(512 + nchar(names, "bytes"))) / PAGE) * PAGE
  writeBin(raw(at), target)
  put <- function(part) {
    if (is.null(part)) return(NULL)
    gap <- -at %% ALIGNMENT
    if (gap > 0) writeBin(raw(gap), target)
    write_numbers(part, target)
    size <- length(part) * switch(typeof(part), raw = 1, integer = 4, double = 8)
    at <<- at + gap + size
    c(at - size, size)
  }
  lapply(seq_along(columns), function(n) {
    found <- column_of(names[n], columns[[n]], rows)
    list(name = names[n], type = found$type, parts = lapply(found[c("validity", "data", "offsets")], put))
  })
}

# The type of a column and its parts.
column_of <- function(name, values, rows) {
  if (inherits(values, "POSIXlt")) values <- as.POSIXct(values)
  if (inherits(values, "factor")) values <- as.character(values)
  if (inherits(values, "AsIs")) class(values) <- setdiff(class(values), "AsIs")
  if (is.list(values) && !is.object(values)) return(bytes_column(name, values))
  if (!is.null(dim(values)) && length(dim(values)) > 1L) refuse("the column `", name, "` is a matrix or a table itself")
  missing <- if (any_missing(values)) is_missing(values)
  found <- tryCatch(
    if (is.object(values)) moments_column(values) else plain_column(values),
    polyrun_refusal = function(refusal) refuse("in the column `", name, "`: ", conditionMessage(refusal))
  )
  if (is.null(found)) refuse("the column `", name, "` holds ", described(values), ", which no column of a table can")
  found["validity"] <- list(if (!is.null(missing)) packed_bits(!missing))
  found
}

plain_column <- function(values) {
  values <- as.vector(values)
  switch(
    typeof(values),
    logical = list(type = "bool", data = packed_bits(!is.na(values) & values)),
    integer = {
      values[is.na(values)] <- 0L
      list(type = "int64", data = halves(values))
    },
    double = list(type = "float64", data = values),
    raw = list(type = "uint8", data = values),
    character = text_column(values)
  )
}

text_column <- function(values) {
  values[is.na(values)] <- ""
  values <- utf8(values)
  ends <- cumsum(as.double(nchar(values, "bytes")))
  if (length(ends) > 0L && ends[length(ends)] > .Machine$integer.max) refuse("a column of texts can hold 2 GiB at most")
  list(type = "str", data = charToRaw(paste(values, collapse = "")), offsets = as.integer(c(0, ends)))
}

bytes_column <- function(name, values) {
  missing <- vapply(values, is.null, NA)
  if (!all(missing | vapply(values, is.raw, NA))) refuse("the column `", name, "` is a list of more than bytes")
  data <- unlist(values, use.names = FALSE)
  list(
    type = "bytes", data = if (is.null(data)) raw() else data,
    offsets = as.integer(c(0, cumsum(as.double(lengths(values))))), validity = if (any(missing)) packed_bits(!missing)
  )
}

moments_column <- function(values) {
  if (!inherits(values, c("Date", "POSIXct", "difftime"))) return(NULL)
  need("times")
  numbers <- unclass(values)
  numbers[is.na(numbers)] <- 0
  values <- structure(numbers, class = class(values))
  if (inherits(values, "Date")) return(list(type = "date", data = as.integer(checked_days(values))))
  is_moment <- inherits(values, "POSIXct")
  zone <- if (is_moment) zone_of(values)
  parts <- split_seconds(if (is_moment) as.numeric(values) else as.numeric(values, units = "secs"))
  if (!all(abs(parts$whole) < 2^43)) refuse("there is a time too far from others")
  type <- if (!is_moment) "duration(us)" else if (is.null(zone)) "timestamp(us)" else paste0("timestamp(us,", zone, ")")
  list(type = type, data = microseconds(parts$whole, parts$micro))
}

checked_days <- function(dates) {
  days <- whole_days(dates)
  if (!all(abs(days) <= .Machine$integer.max)) refuse("there is a date too far from others")
  days
}

# Seconds and microseconds as halves of integers of 64 bits, which a double does not hold.
microseconds <- function(whole, micro) {
  upper <- floor(whole / 2^16)
  first <- upper * 1e6 # to be multiplied by 2**16
  high <- floor(first / 2^16)
  low <- (first - high * 2^16) * 2^16 + (whole - upper * 2^16) * 1e6 + micro
  carry <- floor(low / 2^32)
  halves_of(high + carry, low - carry * 2^32)
}

packed_bits <- function(flags) packBits(c(flags, logical(-length(flags) %% 8)), "raw")
