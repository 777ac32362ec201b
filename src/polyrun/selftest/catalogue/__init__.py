"""Hostile programs as data: what each one tries, what a box must show, and proof that it can.

Row numbers are those of the catalogue in `research/execution-engines.md`, section 4. The programs
are our own. A program is Python behind a small prelude, or C; it gets one argument, a JSON object of
what was planted for it on the host, and prints facts, one `name: value` a line.
"""
