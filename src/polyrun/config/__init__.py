"""What the user has set: files and flags become one `Settings`. Knows no language's and no sandbox's workings."""
