"""What the user has set: files and flags become one `Settings`. Knows no language and no sandbox by name."""
