# Vectors, matrices and arrays of numbers as arrays. R's first index is the fastest.

need("numbers")

RANGES <- list(
  int8 = c(-2^7, 2^7 - 1), int16 = c(-2^15, 2^15 - 1), int32 = c(-2^31, 2^31 - 1), int64 = c(-2^53, 2^53),
  uint8 = c(0, 2^8 - 1), uint16 = c(0, 2^16 - 1), uint32 = c(0, 2^32 - 1), uint64 = c(0, 2^53)
)

# `value`, a vector, matrix or array, as an array of `dtype`, or without one, of the type that it has.
array_of <- function(value, dtype, order) {
  own <- switch(typeof(value), logical = "bool", integer = "int32", double = "float64", raw = "uint8")
  if (is.null(own) || is.object(value)) refuse("an array holds numbers or truth values only")
  if (!is.null(dimnames(value)) || !is.null(names(value))) {
    refuse("it has names, for which an array has no place; export `unname(…)` of it, or a data frame")
  }
  check_attributes(value)
  if (any_missing(value)) refuse("it holds NA, and an array has no null; export a list, or set it to NaN")
  shape <- if (is.null(dim(value))) length(value) else dim(value)
  dtype <- if (is.null(dtype)) own else dtype
  size <- WIDTHS[dtype]
  if (is.na(size)) refuse("`", dtype, "` is no type of numbers; known are ", paste(names(WIDTHS), collapse = ", "))
  if (order == "C" && length(shape) > 1L) value <- aperm(value)
  written <- if (dtype == "float64") 8L else min(size, 4L) # integers of 64 bits are written as halves
  numbers <- npy(value, prod(shape) * size, function(piece) as_stored(piece, dtype), written)
  dimensions <- c(heads(4L, length(shape))$data, whole_numbers(shape)$data)
  c(tag_head(50508L), heads(4L, 4L)$data, encode(dtype), dimensions, encode(order), numbers)
}

# The numbers as `writeBin` writes them with the size of `dtype`.
as_stored <- function(numbers, dtype) {
  if (is.logical(numbers) != (dtype == "bool")) refuse("truth values are an array of bool, and nothing else is")
  if (dtype == "bool") return(as.integer(numbers))
  if (dtype == "float64") return(as.double(numbers))
  if (dtype == "float32") return(as_single(as.double(numbers)))
  if (is.raw(numbers)) numbers <- as.integer(numbers)
  check_whole(numbers, dtype)
  switch(
    dtype,
    int64 = , uint64 = halves(numbers),
    int32 = if (is.integer(numbers)) numbers else signed(numbers),
    uint32 = signed(ifelse(numbers >= 2^31, numbers - 2^32, numbers)),
    as.integer(numbers)
  )
}

# R takes the bits of -2**31 for NA.
signed <- function(numbers) {
  numbers[numbers == -2^31] <- NA
  as.integer(numbers)
}

as_single <- function(numbers) {
  if (any(is.finite(numbers) & abs(numbers) > 3.4028235e38)) refuse("a number does not fit into an array of float32")
  numbers
}

check_whole <- function(numbers, dtype) {
  if (length(numbers) == 0L) return(invisible())
  bounds <- RANGES[[dtype]]
  if (is.double(numbers) && !all(is.finite(numbers) & numbers == floor(numbers))) {
    refuse("an array of ", dtype, " holds whole numbers only")
  }
  if (min(numbers) < bounds[1L] || max(numbers) > bounds[2L]) refuse("a number does not fit into an array of ", dtype)
}
