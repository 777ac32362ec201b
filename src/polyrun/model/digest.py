"""SHA-256 without OpenSSL: `hashlib` loads that library, which takes longer than all the digests of a short run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hashlib import sha256
else:
    try:
        from _sha2 import sha256  # since Python 3.12; the standard library's `random` does the same
    except ImportError:
        try:
            from _sha256 import sha256
        except ImportError:  # a Python without modules of its own for this
            from hashlib import sha256

__all__ = ["sha256"]
