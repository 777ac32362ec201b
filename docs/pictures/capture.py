# ruff: noqa: INP001 - a script of its own
"""Draw the pictures of the README: real runs on a terminal of 80 columns, as SVG.

`python docs/pictures/capture.py` runs each command below in `examples/` and writes the pictures beside this file.
Times in them are this machine's; run it when nothing else is running, and twice, so that compiled blocks come from the
cache. The home folder is written as `~`; nothing else is changed.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import sys
import termios
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[1] / "examples"
COLUMNS = 80

PICTURES = {
    "dice.svg": ("run", "dice.mix"),
    "tour.svg": ("run", "tour.mix"),
    "errors.svg": ("run", "errors.mix", "--only", "build,traceback"),
}

_CELL, _LINE, _SIZE, _MARGIN = 8.4, 20, 14, 16
_BACKGROUND, _BORDER, _PLAIN, _FAINT = "#0d1117", "#30363d", "#e6edf3", "#8b949e"
_COLOURS = {31: "#ff7b72", 32: "#7ee787", 33: "#e3b341", 34: "#79c0ff", 35: "#d2a8ff", 36: "#79c0ff"}
_FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace"
_TOKEN = re.compile(
    r"\x1b\[(?P<numbers>[\d;?]*)(?P<command>[A-Za-z])|(?P<control>[\r\n])|(?P<text>[^\x1b\r\n]+)|.", re.DOTALL
)


@dataclass(frozen=True)
class Style:
    """How a character looks."""

    colour: str = _PLAIN
    bold: bool = False

    def after(self, numbers: str) -> Style:
        """This style after the SGR sequence with these `numbers`."""
        style = self
        for number in map(int, numbers.split(";") if numbers else ["0"]):
            if number == 0:
                style = Style()
            elif number == 1:
                style = replace(style, bold=True)
            elif number == 2:
                style = replace(style, colour=_FAINT)
            elif number in _COLOURS:
                style = replace(style, colour=_COLOURS[number])
        return style


Line = list[tuple[str, Style]]


def capture(words: tuple[str, ...]) -> str:
    """What `polyrun WORDS`, called in `examples/`, writes to a terminal of 80 columns."""
    pid, descriptor = pty.fork()
    if pid == 0:
        # The size is set on this side, so that the command cannot look at it too early.
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 50, COLUMNS, 0, 0))
        os.chdir(EXAMPLES)
        environment = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "COLUMNS"}}
        command = str(Path(sys.executable).with_name("polyrun"))
        os.execve(command, ["polyrun", *words], environment | {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8"})  # noqa: S606
    written = bytearray()
    try:
        while piece := os.read(descriptor, 1 << 16):
            written += piece
    except OSError:
        pass  # Linux says EIO when the other side of a terminal is gone
    os.close(descriptor)
    os.waitpid(pid, 0)
    return written.decode().replace(str(Path.home()), "~")


def screen(written: str) -> list[Line]:
    """The lines that `written` leaves on a terminal, each character with its style."""
    lines: list[Line] = [[]]
    column, style = 0, Style()
    for token in _TOKEN.finditer(written):
        if token["text"]:
            for character in token["text"]:
                if column == COLUMNS:
                    lines.append([])
                    column = 0
                row = lines[-1]
                row += [(" ", Style())] * (column - len(row))
                row[column : column + 1] = [(character, style)]
                column += 1
        elif token["control"] == "\n":
            lines.append([])
            column = 0
        elif token["control"] == "\r":
            column = 0
        elif token["command"] == "m":
            style = style.after(token["numbers"])
        elif token["command"] == "K":
            del lines[-1][0 if token["numbers"] == "2" else column :]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def plain(lines: list[Line]) -> str:
    """The lines without their styles."""
    return "".join("".join(character for character, _ in line).rstrip() + "\n" for line in lines)


def draw(words: tuple[str, ...], lines: list[Line]) -> str:
    """The SVG of a terminal with the prompt, the command and `lines`."""
    prompt: Line = [("$", Style(_FAINT)), (" ", Style())]
    prompt += [(character, Style(bold=True)) for character in " ".join(("polyrun", *words))]
    rows = [prompt, *lines]
    width = round(COLUMNS * _CELL + 2 * _MARGIN)
    height = len(rows) * _LINE + 2 * _MARGIN
    label = escape(" ".join(("polyrun", *words)))
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    inner = f'width="{width - 1}" height="{height - 1}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{label}">',
        f'<rect x="0.5" y="0.5" {inner} rx="8" fill="{_BACKGROUND}" stroke="{_BORDER}"/>',
        f'<g font-family="{_FONT}" font-size="{_SIZE}" xml:space="preserve">',
    ]
    for number, row in enumerate(rows):
        baseline = _MARGIN + number * _LINE + 15
        parts += [_text(start, baseline, text, style) for start, text, style in _runs(row)]
    return "\n".join([*parts, "</g>", "</svg>", ""])


def _runs(row: Line) -> Iterator[tuple[int, str, Style]]:
    """Neighbours of one style, with the column where they start; runs of blanks stand in no run."""
    start, text, style = 0, "", Style()
    for column, (character, its_style) in enumerate([*row, ("\n", Style())]):
        if text and (its_style != style or character == "\n"):
            stripped = text.rstrip(" ")
            if stripped:
                yield start + len(stripped) - len(stripped.lstrip(" ")), stripped.lstrip(" "), style
            text = ""
        if not text:
            start, style = column, its_style
        text += character


def _text(column: int, baseline: int, text: str, style: Style) -> str:
    # `textLength` keeps columns in line whatever font the reader has.
    weight = ' font-weight="bold"' if style.bold else ""
    length = f"{sum(_columns(character) for character in text) * _CELL:g}"
    return (
        f'<text x="{_MARGIN + column * _CELL:g}" y="{baseline}" fill="{style.colour}"{weight}'
        f' textLength="{length}" lengthAdjust="spacingAndGlyphs">{escape(text, quote=False)}</text>'
    )


def _columns(character: str) -> int:
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def main() -> None:
    """Write every picture."""
    for name, words in PICTURES.items():
        (HERE / name).write_text(draw(words, screen(capture(words))), "utf-8")


if __name__ == "__main__":
    main()
