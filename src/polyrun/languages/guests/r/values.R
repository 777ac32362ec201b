# Values for blocks in R: what other blocks export becomes variables, and variables become what they import. See
# docs/value-files.md. The functions of the other files are put beside these when they are needed.

guest <- NULL # the folder of these files
inbox <- NULL
outbox <- NULL
prefix <- NULL # begins the name of every data file in the outbox
exports <- list() # the declared type, or NULL, of each variable that is to be exported
known <- character() # the variables that there were before the block
loaded <- character()

# Take what the block imports, and see to it that it hands over what it exports.
open <- function(folder, variables) {
  guest <<- folder
  inbox <<- Sys.getenv("POLYRUN_IN")
  outbox <<- Sys.getenv("POLYRUN_OUT")
  facts <- uncompiled({
    need("incoming")
    read_facts(variables)
  })
  prefix <<- facts$prefix
  exports <<- facts$exports
  known <<- names(facts$imports)
  if (length(exports) > 0L) at_exit(variables)
}

need <- function(part) {
  if (part %in% loaded) return(invisible())
  loaded <<- c(loaded, part)
  sys.source(file.path(guest, paste0(part, ".R")), environment(need), keep.source = FALSE)
}

# The last thing that R does, whether it comes to the end of the block or the block quits. R does not say with which exit
# code; from a block that quits with another than 0 PolyRun takes nothing. A child that was forked hands over nothing.
at_exit <- function(variables) {
  process <- Sys.getpid()
  reg.finalizer(environment(at_exit), onexit = TRUE, function(unused) {
    if (!failed && Sys.getpid() == process) {
      uncompiled({
        need("outgoing")
        suppressWarnings(hand_over(variables))
      })
    }
  })
}

# Evaluate code of ours without compiling functions when they are called again, which takes R 60 ms.
uncompiled <- function(code) {
  level <- .Internal(enableJIT(0L))
  on.exit(.Internal(enableJIT(level)))
  code
}

failed <- FALSE

fail <- function() failed <<- TRUE

# Say why a value cannot be passed.
refuse <- function(...) {
  stop(structure(class = c("polyrun_refusal", "error", "condition"), list(message = paste0(...), call = NULL)))
}
