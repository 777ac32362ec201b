"""What the parser must know of a language to read its blocks."""

from __future__ import annotations

from polyrun.model.frozen import frozen


@frozen
class LanguageSyntax:
    """A language's canonical `id` and its line-comment leaders, longest first, such as `("//",)`."""

    id: str
    comments: tuple[str, ...]
