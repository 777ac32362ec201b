"""Where code runs: the backends behind one small protocol. Knows no language and no document."""
