"""Values for blocks of SQL: tables are scanned where they lie, and what a query finds goes out as raw columns.

DuckDB and Python exchange columns by the Arrow C data interface (arrow.apache.org/docs/format/CDataInterface.html),
which `ctypes` speaks; so no package but `duckdb` itself is needed. The rest is shared with the guest library of Python.
"""
