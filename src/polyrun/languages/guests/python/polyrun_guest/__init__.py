"""Values for blocks in Python: what other blocks export becomes variables, and variables become what they import.

Runs inside the box and knows nothing of PolyRun itself; docs/value-files.md describes the files it reads and writes. It
uses nothing but the standard library, and NumPy, pandas, polars, pyarrow and matplotlib where the block does.
"""
