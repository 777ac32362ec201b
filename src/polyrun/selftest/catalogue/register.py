"""Every attack, and the rows of the catalogue that no attack here is about."""

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

_FAMILIES = (clock, memory, processes, output, files, handing, kernel, keeper, network, proc, compiling, evading)

ATTACKS: Final[dict[str, Attack]] = {attack.name: attack for family in _FAMILIES for attack in family.ATTACKS}

ROWS: Final = range(1, 88)
"""The rows of the catalogue."""

ELSEWHERE: Final = {
    8: "a client that disconnects concerns a server",
    12: "off-heap Java and Mono: the limit is the tree's, whoever allocates (rows 9 and 13)",
    28: "ending before values are handed on concerns documents, not boxes; the test suite has it",
    35: "file names in requests concern a server",
    37: "archives as artifacts: PolyRun unpacks none",
    45: "host paths in a language's description: the user's own file, checked when it is read",
    74: "limits of 0, -1 and NaN are refused where settings are read, before any box",
    75: "large requests concern a server",
    76: "many parallel submissions concern a server",
    77: "slow readers of a connection concern a server",
    79: "pages that post to a local server concern a server",
    80: "line ends in names and code, as logs and reports show them: no box writes a log; the test suite has it",
    82: "values that one block hands to the next concern documents, not boxes; the test suite has it",
    84: "aliases are for static analysis to see through, not for a box",
    87: "a bomb for the analyser concerns static analysis",
}
"""Row → why no attack here is about it."""
