# Run a block as Rscript runs a script: `run.R GUEST CODE DOCUMENT LINE [ARG...]`, started in the document's folder.
#
# R cannot run a file under another name from another line on, so this does what its top level does: evaluate an
# expression, print a visible value, then print the warnings. The block's expressions are promises, forced here outside
# of any function, so no call of ours is on the stack: `sys.nframe()` is 0, and a message is `Error: no`, not
# `Error in eval(expr) : no`. What that needs lies behind all packages: the block starts with an empty workspace, and
# may remove everything in it. All else is in `block.R`, since R reads this file line by line, which is slow.
assign(".polyrun", new.env(parent = baseenv()), .AutoloadEnv)
sys.source(file.path(commandArgs(TRUE)[1L], "block.R"), .polyrun)
.polyrun$start(commandArgs(TRUE)[-1L])
{
  # Called by another name than its own, a loop is not compiled, which would take 10 ms.
  base::`while`(.polyrun$advance(), {
    if (.Internal(withVisible(.polyrun_value))$visible) base::print(.polyrun_value)
    .polyrun$conclude()
  })
  .polyrun$check_loop()
}
# Reached in any case: R has shown the error that ended the block, and goes on with the next line.
.polyrun$finish()
