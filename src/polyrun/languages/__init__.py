"""What to run: one TOML file per language. Knows no sandbox and never starts a process."""
