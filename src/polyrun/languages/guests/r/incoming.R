# Reading a value file: CBOR (RFC 8949), and tags for what that lacks, as objects of R.

stored <- raw() # the value file
bytes <- integer() # the same as numbers
at <- 0L # how many of them have been read

ONE_ITEM <- "list" # the comment of a vector that is a list with one item, which R shows nowhere

# The form of an item by its first byte. Items of a list that have one form are a vector.
INT <- 1L
FLOAT <- 2L
TEXT <- 3L
BOOL <- 4L
NOTHING <- 5L
TAG <- 6L
OTHER <- 7L
FORMS <- rep(c(INT, INT, OTHER, TEXT, OTHER, OTHER, TAG, OTHER), each = 32L)
FORMS[c(0xf4, 0xf5, 0xf6, 0xfb) + 1L] <- c(BOOL, BOOL, NOTHING, FLOAT)

# Those of dates, timestamps and durations are their tags, which take two bytes.
DATE <- 50503L
TIMESTAMP <- 50505L
DURATION <- 50506L
MOMENTS <- c(DATE, TIMESTAMP, DURATION)

# The facts of the value file. What the block imports is put into `variables`.
read_facts <- function(variables) {
  path <- file.path(inbox, "values.cbor")
  stored <<- readBin(path, "raw", file.size(path))
  bytes <<- as.integer(stored)
  facts <- list()
  for (n in seq_len(count())) {
    key <- item()
    facts[[key]] <- if (key == "imports") read_imports(variables) else item()
  }
  stored <<- raw()
  bytes <<- integer()
  facts
}

# The variables' names are those of the list; the values are nothing that is to be kept twice.
read_imports <- function(variables) {
  names <- character(count())
  for (n in seq_along(names)) {
    names[n] <- item()
    value <- tryCatch(item(), error = function(fault) {
      text <- conditionMessage(fault)
      if (startsWith(text, "embedded nul")) text <- "R has no text with the character U+0000 in it"
      stop("`", names[n], "` cannot be imported: ", text, call. = FALSE)
    })
    assign(names[n], value, variables)
  }
  structure(vector("list", length(names)), names = names)
}

item <- function() {
  first <- bytes[at + 1L]
  at <<- at + 1L
  if (first >= 0xe0) return(simple(first))
  number <- first %% 32L
  if (number > 23L) number <- argument(number)
  switch(
    first %/% 32L + 1L, whole(number), whole(-1 - number), take(number), text(number), items(number), map(number),
    tagged(number)
  )
}

# The number that follows a head.
argument <- function(info) {
  size <- 2L^(info - 24L)
  at <<- at + size
  sum(bytes[at - (size - 1):0] * 256^((size - 1):0))
}

# The number in the head of the next list or map.
count <- function() {
  at <<- at + 1L
  number <- bytes[at] %% 32L
  if (number > 23L) argument(number) else number
}

simple <- function(first) {
  if (first == 0xf6) return(NULL)
  if (first != 0xfb) return(first == 0xf5)
  at <<- at + 8L
  readBin(stored[at - 7:0], "double", endian = "big")
}

# R's integers have 32 bits, less the one that is NA.
whole <- function(number) {
  if (abs(number) <= .Machine$integer.max) as.integer(number) else number
}

take <- function(length) {
  at <<- at + length
  stored[at - length + seq_len(length)]
}

text <- function(length) {
  found <- rawToChar(take(length))
  Encoding(found) <- "UTF-8"
  found
}

items <- function(count) {
  found <- vector("list", count)
  forms <- integer(count)
  for (n in seq_len(count)) {
    form <- FORMS[bytes[at + 1L] + 1L]
    if (form == TAG) form <- tag_form()
    forms[n] <- form
    value <- item()
    if (!is.null(value)) found[[n]] <- value
  }
  as_vector(found, forms)
}

# The form of the next item, which has a tag. Dates and the like are made later, all at once; here their tag is passed.
tag_form <- function() {
  tag <- bytes[at + 2L] * 256L + bytes[at + 3L]
  if (!tag %in% MOMENTS) return(OTHER)
  at <<- at + 3L
  tag
}

# A list as a vector where its items have one form, beside NA for null; integers among floats are floats.
as_vector <- function(found, forms) {
  if (length(found) == 0L) return(found)
  missing <- forms == NOTHING
  kinds <- unique(forms[!missing])
  if (any(kinds %in% MOMENTS)) return(with_moments(found, forms, kinds))
  if (any(kinds == OTHER) || length(kinds) > 1L && !setequal(kinds, c(INT, FLOAT))) return(found)
  found[missing] <- NA
  listed(unlist(found, use.names = FALSE))
}

with_moments <- function(found, forms, kinds) {
  need("times")
  if (length(kinds) == 1L) {
    there <- forms != NOTHING
    moments <- moments_of(kinds, found[there])
    if (is.list(moments)) {
      found[there] <- moments
      return(found)
    }
    vector <- rep(NA_real_, length(found))
    vector[there] <- unclass(moments)
    attributes(vector) <- attributes(moments)
    return(listed(vector))
  }
  for (n in which(forms %in% MOMENTS)) found[[n]] <- moments_of(forms[n], found[n])
  found
}

# A vector that is a list, which R could not tell from a single value.
listed <- function(vector) {
  if (length(vector) == 0L) return(list())
  if (length(vector) == 1L) comment(vector) <- ONE_ITEM
  vector
}

map <- function(count) {
  found <- vector("list", count)
  names <- character(count)
  for (n in seq_len(count)) {
    names[n] <- item()
    value <- item()
    if (!is.null(value)) found[[n]] <- value
  }
  names(found) <- names
  found
}

tagged <- function(tag) {
  switch(
    as.character(tag),
    "50500" = read_raw(reference(FALSE)),
    "50503" = , "50505" = , "50506" = moment(tag),
    "50507" = packed(),
    "50508" = grid(),
    "50509" = {
      need("numbers")
      need("tables_in")
      table()
    },
    "50510" = copied_file(),
    stop("a value has the unknown tag ", tag) # PolyRun does not hand over what R cannot hold
  )
}

# What a reference says: the name of a data file, where in it, how many bytes. `NULL` for null.
reference <- function(has_tag = TRUE) {
  if (has_tag) {
    if (bytes[at + 1L] == 0xf6) return(item())
    count()
  }
  count()
  list(file = item(), offset = item(), length = item())
}

read_raw <- function(ref) {
  need("numbers")
  read_bytes(ref)
}

moment <- function(tag) {
  need("times")
  moments_of(tag, list(item()))
}

packed <- function() {
  need("numbers")
  count()
  dtype <- item()
  if (bytes[at + 1L] %/% 32L == 6L) return(listed(numbers_of(dtype, reference())))
  size <- count()
  listed(numbers_in(dtype, take(size)))
}

# An array. One with a single index is what R calls a vector; R's first index is the fastest.
grid <- function() {
  need("numbers")
  count()
  dtype <- item()
  shape <- as.numeric(unlist(item()))
  order <- item()
  found <- numbers_of(dtype, reference())
  if (length(shape) < 2L) return(found)
  if (order == "F") {
    dim(found) <- shape
    return(found)
  }
  dim(found) <- rev(shape)
  if (length(shape) == 2L) t(found) else aperm(found)
}

copied_file <- function() {
  count()
  item()
  item()
  file.path(inbox, reference()$file)
}
