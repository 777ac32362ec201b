"""Static analysis: what a block's code would do, seen in its syntax tree before it runs.

Advice and audit, not a boundary: the sandbox holds whatever this misses. `rules` and `load_rules` are data and need
nothing heavy; `analyse` and all that it uses import the parsers, and run in a process of their own (`worker`).
"""
