"""`python -m polyrun` is the `polyrun` command."""

from __future__ import annotations

from polyrun.cli.entry import main

if __name__ == "__main__":
    main()
