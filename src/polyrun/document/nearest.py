"""Finds the word that was probably meant."""

from __future__ import annotations

from collections.abc import Iterable

_LONGEST = 40


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The one of `known` that `word` most likely misspells, or `None`.

    Ignores case. Allows two slips (a letter wrong, missing, doubled or swapped with its
    neighbour) in words of five letters or more, one in words of three or four, none in shorter ones.
    """
    if len(word) > _LONGEST:
        return None
    lowered = word.lower()
    allowed = 2 if len(word) >= 5 else 1 if len(word) >= 3 else 0
    scored = [
        (_distance(lowered, candidate.lower()), candidate)
        for candidate in known
        if abs(len(candidate) - len(word)) <= allowed
    ]
    distance, best = min(scored, default=(allowed + 1, ""))
    return best if distance <= allowed else None


def _distance(a: str, b: str) -> int:
    """Optimal string alignment: Levenshtein's distance with swaps of neighbours."""
    before: list[int] = []
    above = list(range(len(b) + 1))
    for i, letter in enumerate(a, start=1):
        row = [i]
        for j, other in enumerate(b, start=1):
            cost = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == b[j - 2] and a[i - 2] == other:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before, above = above, row
    return above[-1]


def suggest(word: str, known: Iterable[str]) -> str | None:
    """A hint such as ``did you mean `python`?``, or `None`."""
    best = nearest(word, known)
    return f"did you mean `{best}`?" if best is not None else None
