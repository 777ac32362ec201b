"""The project's own files, parsed once for all the rules."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
_NOT_OURS = {".git", ".venv", "__pycache__", "build", "dist", "node_modules"}

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@cache
def files(*folders: str) -> tuple[Path, ...]:
    """All files of the project below `folders`; tools' caches and guests' build products left out."""
    found = []
    for folder in folders:
        for place, inner, names in os.walk(REPOSITORY / folder):
            inner[:] = sorted(name for name in inner if name not in _NOT_OURS and not name.endswith("_cache"))
            found += [Path(place) / name for name in sorted(names)]
    return tuple(found)


@cache
def modules(*folders: str) -> dict[str, ast.Module]:
    """The parsed Python files below `folders`, by their path below the repository."""
    return {short(path): ast.parse(path.read_bytes()) for path in files(*folders) if path.suffix == ".py"}


def short(path: Path) -> str:
    """`path` as it is written in messages."""
    return path.relative_to(REPOSITORY).as_posix()


def definitions(tree: ast.AST, around: str = "") -> Iterator[tuple[str, Definition]]:
    """Every class and function in `tree` with its dotted name, inner ones too."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, Definition):
            name = f"{around}.{node.name}" if around else node.name
            yield name, node
            yield from definitions(node, name)
        else:
            yield from definitions(node, around)
