"""PolyRun runs one document written in many languages as one program."""

from __future__ import annotations

__version__ = "0.1.0"
