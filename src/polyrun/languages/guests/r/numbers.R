# Numbers as they lie in data files, little-endian, read and written at once.

PIECE <- 2^20 # how many are read or written at a time, where each time takes more memory than the numbers

WIDTHS <- c(
  bool = 1L, int8 = 1L, int16 = 2L, int32 = 4L, int64 = 8L, uint8 = 1L, uint16 = 2L, uint32 = 4L, uint64 = 8L,
  float32 = 4L, float64 = 8L
)

# The bytes that `ref` names.
read_bytes <- function(ref) {
  source <- opened(ref)
  on.exit(close(source))
  readBin(source, "raw", ref$length)
}

opened <- function(ref) {
  source <- file(file.path(inbox, ref$file), "rb")
  if (ref$offset > 0) seek(source, ref$offset)
  source
}

# The numbers of type `dtype` that `ref` names.
numbers_of <- function(dtype, ref) {
  source <- opened(ref)
  on.exit(close(source))
  decoded(dtype, source, ref$length / WIDTHS[[dtype]])
}

# The same from bytes in memory.
numbers_in <- function(dtype, data) {
  source <- rawConnection(data)
  on.exit(close(source))
  decoded(dtype, source, length(data) / WIDTHS[[dtype]])
}

# Integers are `integer` where all of them fit, else `double`.
decoded <- function(dtype, source, count) {
  size <- WIDTHS[[dtype]]
  read <- function(what, signed = TRUE) readBin(source, what, count, size = size, signed = signed, endian = "little")
  switch(
    dtype,
    bool = as.logical(read("integer")),
    int8 = , int16 = read("integer"),
    uint8 = , uint16 = read("integer", FALSE),
    int32 = with_lowest(read("integer")),
    uint32 = unsigned(read("integer")),
    int64 = , uint64 = read_wide(source, count),
    float32 = , float64 = read("double")
  )
}

read_wide <- function(source, count) {
  if (count == 0) return(integer())
  found <- lapply(seq(0, count - 1, PIECE), function(start) {
    joined(readBin(source, "integer", 2 * min(PIECE, count - start), size = 4L, endian = "little"))
  })
  if (length(found) == 1L) found[[1L]] else unlist(found, use.names = FALSE)
}

# R takes the bits of -2**31 for NA.
with_lowest <- function(numbers) {
  if (!anyNA(numbers)) return(numbers)
  numbers <- as.double(numbers)
  numbers[is.na(numbers)] <- -2^31
  numbers
}

unsigned <- function(numbers) {
  if (!anyNA(numbers) && all(numbers >= 0L)) return(numbers)
  numbers <- with_lowest(as.double(numbers))
  negative <- numbers < 0
  numbers[negative] <- numbers[negative] + 2^32
  numbers
}

# Every other number: the low halves of integers of 64 bits from the first on, the high ones from the second on.
alternate <- function(numbers, first) numbers[seq.int(first, by = 2L, length.out = length(numbers) %/% 2L)]

# Integers of 64 bits from their halves.
joined <- function(halves) {
  low <- alternate(halves, 1L)
  high <- alternate(halves, 2L)
  if (!anyNA(low) && identical(high, -(low < 0L))) return(low)
  with_lowest(high) * 2^32 + unsigned(as.double(low))
}

# The halves of whole numbers, as `writeBin` writes integers of 64 bits.
halves <- function(numbers) {
  if (is.integer(numbers)) return(as.vector(rbind(numbers, -(numbers < 0L))))
  high <- floor(numbers / 2^32)
  halves_of(high, numbers - high * 2^32)
}

# The same, `low` being unsigned.
halves_of <- function(high, low) {
  upper <- low >= 2^31
  low[upper] <- low[upper] - 2^32
  low[low == -2^31] <- NA # whose bits these are
  as.vector(rbind(as.integer(low), as.integer(high)))
}

# Write a vector to a connection, as what `form` makes of it; `size` is the bytes of each item of that.
write_numbers <- function(numbers, target, form = identity, size = NA_integer_) {
  starts <- if (length(numbers) > 0L) seq(1, length(numbers), PIECE)
  for (start in starts) {
    piece <- numbers[start:min(start + PIECE - 1, length(numbers))]
    writeBin(form(piece), target, size = size, endian = "little")
  }
}
