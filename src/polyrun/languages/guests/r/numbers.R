# Numbers as they lie in data files, little-endian, read and written at once.

PIECE <- 2^28 # more bytes than R writes in one go are written in pieces

WIDTHS <- c(
  bool = 1L, int8 = 1L, int16 = 2L, int32 = 4L, int64 = 8L, uint8 = 1L, uint16 = 2L, uint32 = 4L, uint64 = 8L,
  float32 = 4L, float64 = 8L
)

# What `ref` names, as items of the type `what`, which take `size` bytes each.
read_numbers <- function(ref, what, size, signed = TRUE) {
  source <- file(file.path(inbox, ref$file), "rb")
  on.exit(close(source))
  if (ref$offset > 0) seek(source, ref$offset)
  readBin(source, what, ref$length / size, size = if (what == "raw") NA else size, signed = signed, endian = "little")
}

# The numbers of type `dtype` that `ref` names.
numbers_of <- function(dtype, ref) {
  read <- function(what, size, signed = TRUE) read_numbers(ref, what, size, signed)
  decoded(dtype, read)
}

# The same from bytes in memory.
numbers_in <- function(dtype, data) {
  read <- function(what, size, signed = TRUE) {
    readBin(data, what, length(data) / size, size = size, signed = signed, endian = "little")
  }
  decoded(dtype, read)
}

# Integers are `integer` where all of them fit, else `double`.
decoded <- function(dtype, read) {
  switch(
    dtype,
    bool = as.logical(read("integer", 1L)),
    int8 = , int16 = read("integer", WIDTHS[[dtype]]),
    uint8 = , uint16 = read("integer", WIDTHS[[dtype]], FALSE),
    int32 = with_lowest(read("integer", 4L)),
    uint32 = unsigned(read("integer", 4L)),
    int64 = , uint64 = joined(read("integer", 4L)),
    float32 = , float64 = read("double", WIDTHS[[dtype]])
  )
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

# Write a vector to a connection as it is; `size` is the bytes of each item.
write_numbers <- function(numbers, target, size = NA_integer_) {
  step <- PIECE %/% 8
  if (length(numbers) <= step) {
    writeBin(numbers, target, size = size, endian = "little")
    return(invisible())
  }
  for (start in seq(1, length(numbers), step)) {
    piece <- numbers[start:min(start + step - 1, length(numbers))]
    writeBin(piece, target, size = size, endian = "little")
  }
}
