"""The audit log: a chain of records outside every sandbox, written as blocks end and checked afterwards."""
