"""How a document's name and a line are written in the source text of each language."""

from __future__ import annotations

import re
from collections.abc import Mapping

from polyrun.languages.spec import Language, Quote

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def quoted(document: str, style: Quote) -> str:
    """The name `document` as `style` writes it; control characters become `?`, since a directive is one line."""
    name = _CONTROL.sub("?", document)
    if style == "c":
        return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return repr(name) if style == "python" else name


def line_names(language: Language, line: int, document: str) -> dict[str, str]:
    """What the placeholders in a source layout stand for."""
    return {"line": str(line), "quoted": quoted(document, language.source.quote), "document": document}


def encode(text: str) -> bytes:
    """The bytes of `text`, with those that were not UTF-8 as they came."""
    return text.encode("utf-8", "surrogateescape")


def expand(text: str, names: Mapping[str, str]) -> str:
    """`text` with each `{name}` of `names` replaced, in one pass."""
    return re.sub(r"\{(\w+)\}", lambda match: names.get(match[1], match[0]), text)
