"""Exported files in a page: pictures that show themselves, small files to save, and a sentence for the rest.

A block says itself what its file is. So media types come from the list here only, a picture must begin like one, and
all that leads out of the page is the reader's wish to save a file.
"""

from __future__ import annotations

import os
import re
import stat
from base64 import b64encode
from collections.abc import Iterator

from polyrun.model.limits import MIB, format_bytes
from polyrun.model.values import Slice, ValueInfo
from polyrun.report.markup import Allowance, line

PICTURE_BYTES, FILE_BYTES, TOTAL_BYTES = 8 * MIB, MIB, 64 * MIB
_PIECE = 3 << 16  # a multiple of three, so that base64 of pieces is base64 of the whole
_HEAD = 4096

_PICTURES = {
    "image/png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "image/jpeg": re.compile(rb"\xff\xd8\xff"),
    "image/gif": re.compile(rb"GIF8[79]a"),
    "image/webp": re.compile(rb"RIFF....WEBP", re.DOTALL),
    "image/svg+xml": re.compile(rb"(\xef\xbb\xbf)?\s*<(svg\b|[?!].*<svg\b)", re.DOTALL),
}
"""What can be shown, and how each begins. In an `<img>` neither scripts nor links of an SVG come alive."""

_ENDINGS = {
    "application/json": ".json",
    "application/pdf": ".pdf",
    "application/zip": ".zip",
    "image/gif": ".gif",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/svg+xml": ".svg",
    "image/webp": ".webp",
    "text/csv": ".csv",
    "text/markdown": ".md",
    "text/plain": ".txt",
    "text/tab-separated-values": ".tsv",
}


class Embedder:
    """Puts files into one page, as long as there is room for them."""

    def __init__(self) -> None:
        self._room = Allowance(TOTAL_BYTES)

    def pieces(self, info: ValueInfo) -> Iterator[str]:
        """The file of `info` in HTML, in pieces of bounded size; nothing if it has none."""
        if info.file is None:
            return
        content = _Content(info.file)
        try:
            yield from self._shown(info, content)
        finally:
            content.close()

    def _shown(self, info: ValueInfo, content: _Content) -> Iterator[str]:
        media = info.type.media or ""
        begins = _PICTURES.get(media)
        if content.failure is not None:
            yield f'<p class="note">not shown: {line(content.failure)}</p>\n'
        elif begins is not None and begins.match(content.read(0, _HEAD)):
            if self._room.take_all(content.size, PICTURE_BYTES):
                yield f'<figure><img alt="exported picture" decoding="async" src="data:{media};base64,'
                yield from content.base64()
                yield '"></figure>\n'
            else:
                yield _too_large("shown", PICTURE_BYTES)
        elif self._room.take_all(content.size, FILE_BYTES):
            name = re.sub("[^A-Za-z0-9_]", "_", info.name)[:60] + _ENDINGS.get(media, ".bin")
            if begins is not None:
                yield f'<p class="note">not shown: it does not begin like {media}</p>\n'
            yield f'<p><a class="save" download="{name}" href="data:application/octet-stream;base64,'
            yield from content.base64()
            yield f'">save {name}</a></p>\n'
        else:
            yield _too_large("kept in this page", FILE_BYTES)


def _too_large(verb: str, each: int) -> str:
    bounds = f"at most {format_bytes(each)} each and {format_bytes(TOTAL_BYTES)} in all"
    return f'<p class="note">not {verb}: there is room for {bounds}; <code>--save</code> writes it to a file</p>\n'


class _Content:
    """The bytes of a file, or `failure`, why they cannot be read."""

    def __init__(self, place: Slice) -> None:
        self.size = place.end - place.start
        self.failure: str | None = None
        self._start = place.start
        self._descriptor = -1
        try:
            self._descriptor = os.open(place.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            if not stat.S_ISREG(os.fstat(self._descriptor).st_mode):
                self.failure = "it is no file any more"
        except OSError as error:
            self.failure = error.strerror or str(error)

    def read(self, start: int, length: int) -> bytes:
        """Some of the bytes, fewer at the end."""
        return os.pread(self._descriptor, min(length, self.size - start), self._start + start)

    def base64(self) -> Iterator[str]:
        """All of it, in pieces."""
        for start in range(0, self.size, _PIECE):
            yield b64encode(self.read(start, _PIECE)).decode()

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
