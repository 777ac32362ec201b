"""The reference page `docs/configuration.md`, written from the tables.

`python -m polyrun.config.reference > docs/configuration.md` renews it; a test compares the two.
"""

from __future__ import annotations

import sys
from itertools import groupby
from typing import Any

from polyrun.config.kinds import Kind
from polyrun.config.mission import MISSION_SETTINGS
from polyrun.config.settings import Settings
from polyrun.config.table import ANY_LANGUAGE, SETTINGS, Setting

_INTRO = """\
# Configuration

<!-- Written by `python -m polyrun.config.reference`; edit the tables in `src/polyrun/config/` instead. -->

Settings come from these places; a later one wins, key by key:

1. the defaults below;
2. `polyrun.toml` in your own configuration folder (`~/.config/polyrun/` on Linux);
3. the nearest `polyrun.toml`, or `pyproject.toml` with a `[tool.polyrun]` table, from the document's folder upwards;
4. the file given with `-c`: `polyrun.toml`, `pyproject.toml`, or an older `config.json`;
5. the command line.

A file of the third kind came with the document, so it is trusted no more than the document: it may
*tighten*, and it may set the limits that a block may set for itself (at most 10 minutes, 4 GiB and 4 processors, where
you chose nothing); see the last column. Anything else in it is an error that says so, until you give that file with
`-c` or list its folder in `trust.folders` of your own configuration.

Durations are `250ms`, `10s`, `2m`, `1h` or a number of seconds; sizes are `64k`, `512m`, `1g` (powers of 1024) or a
number of bytes. Relative paths start at the folder of the file they stand in; `~` is your home folder. An unknown key,
a wrong type and an impossible value are errors with their line and column.

```toml
[limits]
timeout = "10s"
memory = "256m"

[languages.java]
memory = "1g"

[sandbox]
minimum = 2
```
"""

_ABOUT = {
    "limits": "What each block's run may use.",
    "build": "What each block's build may use.",
    f"languages.{ANY_LANGUAGE}": "What replaces `[limits]` for one language, by its name or an alias.",
    "trust": "Worth setting in your own configuration only.",
}

_MISSION = """
## `config.json`

The older form is read when it is given with `-c`. `null` leaves a setting alone.

| key | value | what it does |
|---|---|---|
"""


def render() -> str:
    """The whole page as Markdown."""
    parts = [_INTRO]
    for section, rows in groupby(SETTINGS, key=lambda setting: setting.key.rpartition(".")[0]):
        parts.append(f"\n## `[{section.replace(ANY_LANGUAGE, 'NAME')}]`\n\n")
        parts.append(f"{_ABOUT[section]}\n\n" if section in _ABOUT else "")
        parts.append("| key | value | default | what it does | found beside a document |\n|---|---|---|---|---|\n")
        parts.extend(_row(row) for row in rows)
    parts.append(_MISSION)
    parts.extend(f"| `{row.key}` | {_words(row.kind)} | {row.doc} |\n" for row in MISSION_SETTINGS)
    return "".join(parts)


def _row(row: Setting) -> str:
    name = row.key.rpartition(".")[2]
    return f"| `{name}` | {_words(row.kind)} | {_default(row)} | {row.doc} | {row.trust.words} |\n"


def _words(kind: Kind) -> str:
    return kind.words.replace("|", "\\|")


def _default(row: Setting) -> str:
    if ANY_LANGUAGE in row.target:
        return "as in `[limits]`"
    value: Any = Settings()
    for name in row.target.split("."):
        value = getattr(value, name)
    return "unset" if value is None else f"`{row.kind.show(value)}`"


if __name__ == "__main__":
    sys.stdout.write(render())
