# What `run.R` needs to run a block. The functions stand in an environment of their own, and keep their state there.

document <- NULL
expressions <- NULL
current <- 0L # the number of the expression that is being evaluated
done <- 0L # how many have been
warned <- FALSE # whether there may be warnings to print
values <- NULL # what `values.R` defines, if the block has imports or exports
calls <- list() # what was being called when the error was raised that ended the block

start <- function(arguments) {
  guest <- commandArgs(TRUE)[1L]
  attach_packages()
  document <<- arguments[2L]
  set_arguments(arguments[-(1:3)])
  globalCallingHandlers(warning = function(condition) warned <<- TRUE)
  globalCallingHandlers(interrupt = function(condition) {
    calls <<- sys.calls()
    writeLines(trace(), stderr())
    tools::pskill(Sys.getpid(), 9L)
  })
  options(error = as.call(list(function() calls <<- sys.calls())))
  expressions <<- read(arguments[1L], as.integer(arguments[3L]))
  if (nzchar(Sys.getenv("POLYRUN_IN"))) open_values(guest)
}

# Take what the block imports. What goes with that is in other files, which blocks without values need not read.
open_values <- function(guest) {
  values <<- new.env(parent = baseenv())
  sys.source(file.path(guest, "values.R"), values)
  tryCatch(values$open(guest, globalenv()), error = function(fault) halt(paste("Error:", conditionMessage(fault))))
  invisible()
}

# R attaches these itself unless told not to, but looks for conflicts each time; and `methods` is loaded last here,
# since everything takes longer to load after it. This saves a quarter of the time to start.
attach_packages <- function() {
  packages <- c("datasets", "utils", "grDevices", "graphics", "stats")
  for (name in packages) attachNamespace(name)
  attachNamespace("methods", pos = match("package:datasets", search()) + 1L)
  options(defaultPackages = c(packages, "methods"))
  Sys.unsetenv("R_DEFAULT_PACKAGES")
}

# Make `commandArgs` answer as if the document were the script.
set_arguments <- function(given) {
  all <- c(commandArgs()[1L], "--no-echo", "--no-restore", paste0("--file=", document))
  if (length(given) > 0L) all <- c(all, "--args", given)
  base <- baseenv()
  unlockBinding("commandArgs", base)
  base$commandArgs <- function(trailingOnly = FALSE) if (trailingOnly) given else all
  lockBinding("commandArgs", base)
}

# The expressions in the file `path` under the document's name, at its lines. A syntax error ends the program.
read <- function(path, line) {
  lines <- c(character(line - 1L), readLines(path, warn = FALSE, encoding = "UTF-8"))
  tryCatch(
    parse_lines(lines),
    error = function(fault) halt(paste("Error:", with_line(conditionMessage(fault), lines)))
  )
}

parse_lines <- function(lines) {
  parse(text = lines, srcfile = srcfilecopy(document, lines), keep.source = TRUE)
}

# The message of a syntax error, in which R does not name the place if it is within a string or a number. Then it is
# the line without which the same is not said, or for what is no UTF-8, the first such line.
with_line <- function(fault, lines) {
  if (startsWith(fault, paste0(document, ":"))) return(fault)
  said <- function(count) tryCatch(parse_lines(lines[seq_len(count)]), error = conditionMessage)
  low <- 1L
  high <- length(lines)
  odd <- which(!validUTF8(lines))
  if (length(odd) > 0L && grepl("multibyte|MBCS", fault)) low <- high <- odd[1L]
  while (low < high) {
    middle <- (low + high) %/% 2L
    if (identical(said(middle), fault)) high <- middle else low <- middle + 1L
  }
  paste0(document, ":", low, ":1: ", sub(" (at|on) line [0-9]+$", "", fault))
}

halt <- function(text) {
  writeLines(c(text, "Execution halted"), stderr())
  quit("no", 1L, runLast = FALSE)
}

# Make the next expression a promise; `FALSE` when there is none left.
advance <- function() {
  if (current == length(expressions)) return(FALSE)
  current <<- current + 1L
  do.call(delayedAssign, list(".polyrun_value", expressions[[current]], globalenv(), .AutoloadEnv))
  TRUE
}

conclude <- function() {
  done <<- current
  if (warned) print_warnings()
}

# R prints warnings after each line of a script; asked to do so earlier, it calls them an addition to an error.
print_warnings <- function() {
  warned <<- FALSE
  message_sink <- sink.number("message")
  held <- textConnection(NULL, "w", local = TRUE)
  sink(held, type = "message")
  .Internal(printDeferredWarnings())
  sink(if (message_sink != 2L) getConnection(message_sink), type = "message")
  text <- textConnectionValue(held)
  close(held)
  writeLines(sub("^In addition: ", "", text), stderr())
}

# A `break` or `next` outside of a loop has ended that of `run.R`.
check_loop <- function() {
  if (done < length(expressions)) stop("no loop for break/next, jumping to top level", call. = FALSE)
}

finish <- function() {
  if (done == length(expressions)) return(invisible())
  if (!is.null(values)) values$fail()
  halt(trace())
}

# The lines through which the error came, innermost first.
trace <- function() {
  inner <- lapply(calls, function(call) place(attr(call, "srcref")))
  outer <- place(attr(expressions, "srcref")[[current]])
  paste0("  at ", unique(c(rev(unlist(inner)), outer)))
}

# A position in the document as text; `NULL` if it is elsewhere or unknown.
place <- function(srcref) {
  if (is.null(srcref) || !identical(attr(srcref, "srcfile")$filename, document)) return(NULL)
  at <- body_of(srcref)
  paste(document, at[1L], at[2L], sep = ":")
}

# The line and column of `srcref`. What a function without braces calls has that of the function; it is in the body.
body_of <- function(srcref) {
  at <- srcref[c(1L, 5L)]
  tokens <- utils::getParseData(attr(srcref, "srcfile"))
  opening <- tokens$line1 == at[1L] & tokens$col1 == at[2L] & tokens$token %in% c("FUNCTION", "'\\\\'")
  if (!any(opening)) return(at)
  parts <- tokens[tokens$parent == tokens$parent[opening] & tokens$token == "expr", ]
  c(parts$line1[nrow(parts)], parts$col1[nrow(parts)])
}
