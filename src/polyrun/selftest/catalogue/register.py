"""Every attack, in boxes and as documents, and the rows of the catalogue that none is about."""

from __future__ import annotations

from typing import Final

from polyrun.selftest.catalogue import (
    clock,
    compiling,
    evading,
    files,
    handing,
    keeper,
    kernel,
    memory,
    network,
    output,
    proc,
    processes,
)
from polyrun.selftest.catalogue.attack import Attack
from polyrun.selftest.catalogue.documents import DOCUMENT_ATTACKS, DocumentAttack

_FAMILIES = (clock, memory, processes, output, files, handing, kernel, keeper, network, proc, compiling, evading)

ATTACKS: Final[dict[str, Attack]] = {attack.name: attack for family in _FAMILIES for attack in family.ATTACKS}

DOCUMENTS: Final[dict[str, DocumentAttack]] = {attack.name: attack for attack in DOCUMENT_ATTACKS}

EVERY: Final[dict[str, Attack | DocumentAttack]] = {**ATTACKS, **DOCUMENTS}

ROWS: Final = range(1, 88)
"""The rows of the catalogue."""

ELSEWHERE: Final = {
    8: "a client that disconnects concerns a server",
    12: "off-heap Java and Mono: the limit is the tree's, whoever allocates (rows 9 and 13)",
    35: "file names in requests concern a server",
    37: "archives as artifacts: PolyRun unpacks none",
    45: "host paths in a language's description: the user's own file, checked when it is read",
    75: "large requests concern a server",
    76: "many parallel submissions concern a server",
    77: "slow readers of a connection concern a server",
    79: "pages that post to a local server concern a server",
}
"""Row → why no attack here is about it."""
