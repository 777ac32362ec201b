# The encoding of value files, CBOR (RFC 8949), for whole vectors at once.
#
# The encoded items of a vector are `pieces`: their bytes one after another, and the size of each.

NULL_BYTE <- as.raw(0xf6)

pieces <- function(data, sizes) list(data = data, sizes = sizes)

# The heads of as many items: their major types and numbers up to 2**53.
heads <- function(major, number) {
  extra <- (number > 23) + (number > 0xff) + 2 * (number > 0xffff) + 4 * (number > 0xffffffff)
  if (all(extra == 0)) return(pieces(as.raw(major * 32 + number), rep(1L, length(number))))
  first <- major * 32 + ifelse(extra == 0, number, 23 + match(extra, c(1, 2, 4, 8)))
  sizes <- as.integer(1 + extra)
  item <- rep.int(seq_along(number), sizes)
  power <- sequence(sizes, sizes - 1L, -1L) # how many bytes of the head follow
  data <- ifelse(power == sizes[item] - 1L, first[item], floor(number[item] / 256^power) %% 256)
  pieces(as.raw(data), sizes)
}

tag_head <- function(tag) heads(6L, tag)$data

# Of each item, first its piece of the first of these, then that of the second.
interleave <- function(...) {
  parts <- list(...)
  sizes <- do.call(rbind, lapply(parts, function(part) part$sizes))
  owner <- rep.int(rep(seq_along(parts), ncol(sizes)), as.vector(sizes))
  data <- raw(length(owner))
  for (n in seq_along(parts)) data[owner == n] <- parts[[n]]$data
  pieces(data, as.integer(colSums(sizes)))
}

# The same bytes before each of the items.
behind <- function(data, items) {
  count <- length(items$sizes)
  interleave(pieces(rep(data, count), rep(length(data), count)), items)
}

# NA is null; NaN is a number. What has a class is never NaN.
is_missing <- function(value) if (is.object(value)) is.na(unclass(value)) else is.na(value) & !is.nan(value)

any_missing <- function(value) anyNA(value) && any(is_missing(value))

# The items of a vector without names.
elements <- function(value) {
  if (!anyNA(value)) return(present(value))
  missing <- is_missing(value)
  there <- present(value[!missing])
  sizes <- integer(length(value))
  sizes[!missing] <- there$sizes
  interleave(pieces(rep(NULL_BYTE, sum(missing)), as.integer(missing)), pieces(there$data, sizes))
}

# The items of a vector without NA.
present <- function(value) {
  if (is.object(value)) return(present_moments(value))
  switch(
    typeof(value),
    logical = pieces(as.raw(0xf4 + value), rep(1L, length(value))),
    integer = whole_numbers(value),
    double = floats(value),
    character = texts(value)
  )
}

whole_numbers <- function(value) heads(as.integer(value < 0), ifelse(value < 0, -1 - value, value))

floats <- function(value) {
  behind(as.raw(0xfb), pieces(writeBin(as.vector(value), raw(), endian = "big"), rep(8L, length(value))))
}

texts <- function(value) {
  if (length(value) == 0L) return(pieces(raw(), integer()))
  value <- utf8(value)
  sizes <- nchar(value, "bytes")
  interleave(heads(3L, sizes), pieces(charToRaw(paste(value, collapse = "")), sizes))
}

# Text whose encoding R does not know is UTF-8, or is refused: what R would make of it depends on the locale.
utf8 <- function(value) {
  encoding <- Encoding(value)
  western <- encoding == "latin1"
  value[western] <- enc2utf8(value[western])
  if (any(encoding == "bytes") || !all(validUTF8(value))) {
    refuse("it holds text that is not valid UTF-8; export `charToRaw(…)` of it")
  }
  Encoding(value) <- "UTF-8"
  value
}

present_moments <- function(value) {
  need("times")
  if (inherits(value, "Date")) return(behind(tag_head(50503L), texts(date_text(value))))
  if (inherits(value, "POSIXct")) return(behind(tag_head(50505L), texts(timestamp_text(value))))
  parts <- split_seconds(as.numeric(value, units = "secs"))
  if (!all(abs(parts$whole) < 2^53)) refuse("it is a length of time without end")
  behind(
    c(tag_head(50506L), as.raw(0x82)),
    interleave(whole_numbers(parts$whole), whole_numbers(parts$micro * 1000))
  )
}
