# What a block exports: objects of R as encoded values.

need("wire")

MAX_DEPTH <- 64L
PACK_FROM <- 32L
INLINE_BYTES <- 64 * 1024
KEPT <- c("names", "dim", "dimnames", "class", "levels", "tzone", "units", "comment", "balanced")

made <- 0L # how many data files there are

hand_over <- function(variables) {
  given <- list()
  refused <- character()
  for (name in names(exports)) {
    if (!exists(name, variables, inherits = FALSE)) next
    value <- tryCatch(
      declared_as(current(name, variables), exports[[name]]),
      polyrun_refusal = function(refusal) conditionMessage(refusal)
    )
    if (is.character(value)) refused[name] <- value else given[[name]] <- value
  }
  facts <- c(
    entry("polyrun", encode(1L)),
    entry("exports", encoded_map(names(given), given)),
    entry("refused", encoded_map(names(refused), lapply(refused, encode))),
    entry("defined", encoded_list(lapply(defined(variables), encode)))
  )
  part <- file.path(outbox, "values.part")
  target <- file(part, "wb")
  writeBin(c(heads(5L, 4L)$data, facts), target)
  close(target)
  file.rename(part, file.path(outbox, "values.cbor"))
}

# The value of a variable, which may be a promise or an active binding.
current <- function(name, variables) {
  tryCatch(variables[[name]], error = function(fault) refuse("it has no value: ", conditionMessage(fault)))
}

# What the block has set, if something is missing that it was to export.
defined <- function(variables) {
  there <- ls(variables)
  if (all(names(exports) %in% there)) return(character())
  mine <- setdiff(there, known)
  is_value <- function(name) tryCatch(!is.function(variables[[name]]), error = function(fault) FALSE)
  mine <- mine[vapply(mine, is_value, NA)]
  mine[seq_len(min(length(mine), 100L))]
}

entry <- function(name, data) c(encode(name), data)

encoded_list <- function(parts) c(heads(4L, length(parts))$data, unlist(parts, use.names = FALSE))

encoded_map <- function(keys, parts) {
  sizes <- lengths(parts, use.names = FALSE)
  data <- as.raw(unlist(parts, use.names = FALSE))
  c(heads(5L, length(keys))$data, interleave(texts(as.character(keys)), pieces(data, sizes))$data)
}

# The bytes of `value`, which is `depth` levels deep.
encode <- function(value, depth = 0L) {
  if (is.null(value)) return(NULL_BYTE)
  if (is.object(value)) return(encode_object(value, depth))
  switch(
    typeof(value),
    logical = , integer = , double = , character = encode_vector(value),
    raw = if (is.null(dim(value))) encode_bytes(value) else grid_of(value),
    list = , pairlist = encode_each(list(as.list(value)), depth)$data,
    refuse_form(value)
  )
}

# Values as pieces. Those of one kind are encoded at once, which for many small ones is the only quick way.
encode_each <- function(values, depth) {
  if (depth > MAX_DEPTH) refuse("it is nested deeper than ", MAX_DEPTH, " levels")
  kinds <- vapply(values, typeof, "")
  plain <- vapply(values, function(value) is.null(attributes(value)), NA)
  kinds[!plain | lengths(values) != 1L & kinds != "list"] <- "other"
  kinds[vapply(values, is_container, NA)] <- "list"
  parts <- lapply(unique(kinds), function(kind) {
    chosen <- kinds == kind
    found <- switch(
      kind,
      logical = , integer = , double = , character = elements(unlist(values[chosen], use.names = FALSE)),
      list = encode_containers(values[chosen], depth),
      encode_apart(values[chosen], depth)
    )
    sizes <- integer(length(values))
    sizes[chosen] <- found$sizes
    pieces(found$data, sizes)
  })
  if (length(parts) == 1L) parts[[1L]] else do.call(interleave, parts)
}

is_container <- function(value) is.list(value) && !is.object(value)

encode_apart <- function(values, depth) {
  found <- lapply(values, encode, depth)
  pieces(as.raw(unlist(found, use.names = FALSE)), lengths(found, use.names = FALSE))
}

# Lists and maps: the head of each, then what is in it, with its key in a map.
encode_containers <- function(values, depth) {
  for (value in values) check_container(value)
  counts <- lengths(values, use.names = FALSE)
  named <- !vapply(values, function(value) is.null(names(value)), NA)
  heads <- heads(ifelse(named, 5L, 4L), counts)
  if (all(counts == 0L)) return(heads)
  keyed <- rep(named, counts)
  sizes <- integer(length(keyed))
  keys <- texts(unlist(lapply(values[named], names), use.names = FALSE))
  sizes[keyed] <- keys$sizes
  items <- interleave(pieces(keys$data, sizes), encode_each(unlist(values, FALSE, FALSE), depth + 1L))
  inside <- diff(c(0, cumsum(as.double(items$sizes))[cumsum(counts)[counts > 0L]]))
  sizes <- integer(length(values))
  sizes[counts > 0L] <- as.integer(inside)
  interleave(heads, pieces(items$data, sizes))
}

check_container <- function(value) {
  if (is.null(attributes(value))) return(invisible())
  check_attributes(value)
  if (!is.null(dim(value))) refuse("a list with dimensions has no form; export `unlist(…)` or a list of lists")
  check_names(names(value))
}

refuse_form <- function(value) refuse(described(value), " has no form that other languages could read")

described <- function(value) {
  if (is.function(value)) return("a function")
  if (is.object(value)) return(paste0("an object of the class `", class(value)[1L], "`"))
  switch(
    typeof(value), symbol = "a name", language = "a call", expression = "an expression",
    environment = "an environment", externalptr = "a pointer", complex = "a complex number",
    paste0("a value of the type `", typeof(value), "`")
  )
}

encode_object <- function(value, depth) {
  if (isS4(value)) refuse_form(value)
  kind <- class(value)
  if ("AsIs" %in% kind) return(encode_as_is(value, kind, depth))
  if (inherits(value, "data.frame")) {
    need("tables_out")
    return(table_of(value))
  }
  if (inherits(value, "POSIXlt")) return(encode(as.POSIXct(value)))
  if (inherits(value, "factor")) return(encode_vector(factor_texts(value)))
  if (inherits(value, c("Date", "POSIXct", "difftime"))) return(encode_vector(value))
  if (identical(kind, "table") && length(dim(value)) == 1L) return(encode_vector(unclass(value)))
  if (identical(kind, "table")) refuse("a `table` of several variables has no form; export `as.data.frame(…)` of it")
  if (inherits(value, "ts")) refuse("a time series has no form; export `as.vector(…)` or a data frame of it")
  refuse_form(value)
}

# `I(x)` is a list even if it has one item.
encode_as_is <- function(value, kind, depth) {
  class(value) <- setdiff(kind, "AsIs")
  if (length(value) == 1L && is.atomic(value)) comment(value) <- ONE_ITEM
  encode(value, depth)
}

factor_texts <- function(value) structure(as.character(value), names = names(value), comment = comment(value))

check_attributes <- function(value) {
  odd <- setdiff(names(attributes(value)), KEPT)
  if (length(odd) == 0L) return(invisible())
  refuse("it has the attribute `", odd[1L], "`, for which a value has no place; export `as.vector(…)` of it")
}

check_names <- function(names) {
  if (anyNA(names)) refuse("one of its names is NA")
  if (!anyDuplicated(names)) return(invisible())
  twice <- names[duplicated(names)]
  if (nzchar(twice[1L])) refuse("two of its items have the name `", twice[1L], "`")
  refuse("some of its items have names and several have none; `unname(…)` has none")
}

# A vector: one value, a list, a map if its items have names, or an array if it has dimensions.
encode_vector <- function(value) {
  check_attributes(value)
  names <- names(value) # those of a single dimension too
  if (!is.null(dim(value)) && (length(dim(value)) > 1L || is.null(names))) return(grid_of(value))
  if (!is.null(names)) return(encode_named(value, names))
  if (length(value) == 1L && !identical(comment(value), ONE_ITEM)) return(elements(value)$data)
  as_list(value)
}

encode_named <- function(value, names) {
  check_names(names)
  dim(value) <- NULL
  names(value) <- NULL
  c(heads(5L, length(value))$data, interleave(texts(names), elements(value))$data)
}

# A vector without names as a list; many numbers are stored as numbers.
as_list <- function(value) {
  if (length(value) >= PACK_FROM && is.numeric(value) && !is.object(value) && !any_missing(value)) {
    return(packed_list(value))
  }
  c(heads(4L, length(value))$data, elements(value)$data)
}

packed_list <- function(value, dtype = if (is.integer(value)) "int64" else "float64") {
  need("numbers")
  form <- if (dtype == "int64") halves else identity
  size <- 8 * length(value)
  data <- if (size > INLINE_BYTES) npy(value, size, form) else c(heads(2L, size)$data, little(form(as.vector(value))))
  c(tag_head(50507L), heads(4L, 2L)$data, encode(dtype), data)
}

little <- function(numbers) writeBin(numbers, raw(), endian = "little")

encode_bytes <- function(value) {
  check_attributes(value)
  if (!is.null(names(value))) refuse("its bytes have names; export `unname(…)` of it")
  if (length(value) <= INLINE_BYTES) return(c(heads(2L, length(value))$data, as.vector(value)))
  name <- new_file(".bin", function(target) writeBin(as.vector(value), target))
  reference_to(name, 0, length(value))
}

# The name of a new data file that `fill` has written.
new_file <- function(ending, fill) {
  name <- new_name(ending)
  target <- file(file.path(outbox, name), "wb")
  on.exit(close(target))
  fill(target)
  name
}

new_name <- function(ending) {
  made <<- made + 1L
  paste0(prefix, made - 1L, ending)
}

reference_to <- function(name, offset, length) {
  c(tag_head(50500L), heads(4L, 3L)$data, texts(name)$data, heads(0L, offset)$data, heads(0L, length)$data)
}

# Numbers in a file of their own, which take `length` bytes, behind the room for its head; see `write_numbers`.
npy <- function(numbers, length, form = identity, size = NA_integer_) {
  name <- new_file(".npy", function(target) {
    writeBin(raw(256L), target)
    write_numbers(numbers, target, form, size)
  })
  reference_to(name, 256, length)
}

grid_of <- function(value, dtype = NULL, order = "F") {
  need("arrays")
  array_of(value, dtype, order)
}

# `value` as its declared type asks for it, where R has one thing for two types.
declared_as <- function(value, declared) {
  if (is.null(declared)) return(encode(value))
  need("declared")
  encode_declared(value, sub("[(].*", "", declared), sub("^[^(]*[(]?(.*?)[)]?$", "\\1", gsub(" ", "", declared)))
}
