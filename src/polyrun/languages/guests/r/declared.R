# What a declared type decides, where R has one thing for two types.

# `value` as the type `kind` with `inside` in its brackets.
encode_declared <- function(value, kind, inside) {
  if (kind == "list" && is.null(value)) return(encode(list()))
  if (is.null(value)) return(NULL_BYTE)
  simple <- is.atomic(value) && is.null(dim(value)) && is.null(names(value))
  switch(
    kind,
    list = if (simple && !is.raw(value)) return(list_of(value, inside)),
    int = if (simple && is_whole(value) && length(value) == 1L) return(elements_whole(value)$data),
    array = if (is.atomic(value) && !is.object(value)) return(declared_array(value, inside)),
    table = if (is.list(value) || is.matrix(value)) return(declared_table(value)),
    str = if (is.raw(value)) return(text_of(value)),
    map = if (is.list(value) && length(value) == 0L) return(encoded_map(character(), list())),
    file = if (simple && is.character(value) && length(value) == 1L) return(file_of(value))
  )
  encode(value)
}

list_of <- function(value, inside) {
  check_attributes(value)
  if (is.factor(value)) value <- as.character(value)
  if (inherits(value, c("Date", "POSIXct", "difftime"))) return(as_list(value))
  if (is.object(value)) {
    class(value) <- setdiff(class(value), "AsIs")
    if (is.object(value)) return(encode(value))
  }
  if (inside != "int" || !is_whole(value)) return(as_list(value))
  if (length(value) >= PACK_FROM && !anyNA(value)) return(packed_list(value, "int64"))
  c(heads(4L, length(value))$data, elements_whole(value)$data)
}

# Whether `value` is of whole numbers that are doubles.
is_whole <- function(value) {
  if (!is.double(value) || is.object(value)) return(FALSE)
  there <- value[!is_missing(value)]
  all(is.finite(there) & there == floor(there) & abs(there) <= 2^53)
}

elements_whole <- function(value) {
  missing <- is.na(value)
  heads(ifelse(missing, 7L, as.integer(value < 0)), ifelse(missing, 22, ifelse(value < 0, -1 - value, value)))
}

# `array(float64,C)` has the last index fastest, for readers that take numbers one after another.
declared_array <- function(value, inside) {
  words <- strsplit(inside, ",", fixed = TRUE)[[1L]]
  grid_of(value, if (length(words) > 0L) words[1L], if ("C" %in% words[-1L]) "C" else "F")
}

# Bytes as a text, which may hold U+0000 then.
text_of <- function(bytes) {
  bytes <- as.vector(bytes)
  shown <- rawToChar(replace(bytes, bytes == 0, as.raw(0x20)))
  if (!validUTF8(shown)) refuse("its bytes are not valid UTF-8")
  c(heads(3L, length(bytes))$data, bytes)
}

# A matrix, or a list of vectors of one length, as a table.
declared_table <- function(value) {
  if (is.data.frame(value)) return(encode(value))
  need("tables_out")
  if (is.matrix(value)) return(table_of(as.data.frame(value, stringsAsFactors = FALSE)))
  if (is.object(value) || is.null(names(value)) || !all(vapply(value, is.atomic, NA))) return(encode(value))
  rows <- unique(lengths(value))
  if (length(rows) > 1L) refuse("the columns of a table must all have the same length")
  table_of(structure(value, class = "data.frame", row.names = .set_row_names(sum(rows))))
}

MEDIA <- c(
  csv = "text/csv", gif = "image/gif", html = "text/html", jpeg = "image/jpeg", jpg = "image/jpeg",
  json = "application/json", md = "text/markdown", pdf = "application/pdf", png = "image/png", svg = "image/svg+xml",
  txt = "text/plain"
)

# A copy of the file at `path`.
file_of <- function(path) {
  base <- basename(path)
  end <- substring(base, max(1L, nchar(base) - 99L))
  name <- new_name(paste0("-", gsub("[^A-Za-z0-9._-]", "_", end, perl = TRUE)))
  target <- file.path(outbox, name)
  if (is.na(path) || dir.exists(path) || !file.copy(path, target, copy.mode = FALSE)) {
    refuse("the file `", path, "` cannot be read")
  }
  media <- MEDIA[tolower(sub(".*[.]", "", base))]
  if (is.na(media)) media <- "application/octet-stream"
  c(tag_head(50510L), heads(4L, 3L)$data, encode(base), encode(media[[1L]]), reference_to(name, 0, file.size(target)))
}
