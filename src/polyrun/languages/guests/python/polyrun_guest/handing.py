"""Taking what a block imports, and handing over what it exports when it ends."""

from __future__ import annotations

import atexit
import os

from .wire import Decoder, Encoder, Unsupported, head

# `typing` and `re` are left out, and the modules for large values wait until there is one: each takes longer than all
# that a block with a few small values needs.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .incoming import Incoming
    from .outgoing import Outgoing

_VERSION = 1
_FORMS = ("file", "array", "table")
"""The declared types that a plain value can be turned into."""


class Handing:
    """The values of one block, whose code is `source` and whose variables are `names`."""

    def __init__(self, source: bytes, names: dict[str, Any]) -> None:
        self._names = names
        self._source = source
        self._out = os.environ["POLYRUN_OUT"]
        self._pid = os.getpid()
        self._inbox = os.environ["POLYRUN_IN"]
        self._incoming: Incoming | None = None
        self._outgoing: Outgoing | None = None
        with open(os.path.join(self._inbox, "values.cbor"), "rb") as file:
            facts = Decoder(file.read(), self._make).item()
        self._prefix: str = facts["prefix"]
        self._exports: dict[str, str | None] = facts["exports"]
        self._take(facts["imports"])
        self._known = set(names)
        self.failed = False
        if self._exports:
            atexit.register(self._hand_over)  # the first one registered is the last one called

    def _take(self, imports: dict[str, Any]) -> None:
        """Make the imports variables of the block."""
        if self._incoming is not None:  # else all of them are plain values
            imports = {name: self._incoming.plain(value) for name, value in imports.items()}
        self._names.update(imports)

    def _make(self, tag: int, value: Any) -> Any:
        """The object for `value`, which stands behind `tag`."""
        if self._incoming is None:
            from .incoming import Incoming

            self._incoming = Incoming(self._inbox, self._source)
        return self._incoming.make(tag, value)

    def _writer(self) -> Outgoing:
        """What turns objects that are no plain values into something that can be written."""
        if self._outgoing is None:
            from .outgoing import Outgoing

            self._outgoing = Outgoing(self._out, self._prefix)
        return self._outgoing

    def _hand_over(self) -> None:
        """Write what the block exports. A child that it has forked has nothing to hand over."""
        if self.failed or os.getpid() != self._pid:
            return
        encoder = Encoder(lambda value: self._writer().convert(value), lambda value: self._writer().pack(value))
        values: list[bytes] = []
        refused: dict[str, str] = {}
        for name, declared in self._exports.items():
            if name not in self._names:
                continue
            try:
                value = self._names[name]
                if declared is not None and declared.startswith(_FORMS):
                    value = self._writer().top(value, declared)
                values.append(encoder.encode(name) + encoder.encode(value))
            except Unsupported as error:
                refused[name] = str(error)
            except OSError as error:
                refused[name] = _no_room(error)
        try:
            self._write(encoder, values, refused)
        except OSError as error:  # a file without them is small
            self._write(encoder, [], dict.fromkeys(self._exports, _no_room(error)))

    def _write(self, encoder: Encoder, values: list[bytes], refused: dict[str, str]) -> None:
        parts = [head(5, 4), encoder.encode("polyrun"), encoder.encode(_VERSION)]
        parts += [encoder.encode("exports"), head(5, len(values)), *values]
        parts += [encoder.encode("refused"), encoder.encode(refused)]
        parts += [encoder.encode("defined"), encoder.encode(self._defined())]
        part = os.path.join(self._out, "values.part")
        with open(part, "wb") as file:
            file.writelines(parts)
        os.rename(part, os.path.join(self._out, "values.cbor"))

    def _defined(self) -> list[str]:
        """The variables that the block has set, if one that it was to export is missing."""
        if self._exports.keys() <= self._names.keys():
            return []
        mine = (name for name, value in self._names.items() if not isinstance(value, type(os)))
        return sorted(name for name in mine if name not in self._known and not name.startswith("_"))[:100]


def _no_room(error: OSError) -> str:
    reason = (error.strerror or str(error)).lower()
    return f"its data cannot be written ({reason}); `limits.disk` is what a block may write"
