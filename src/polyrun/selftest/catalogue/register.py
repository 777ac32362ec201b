"""Every attack, and the rows of the catalogue that are tested elsewhere or not yet."""

from __future__ import annotations

from typing import Final

from polyrun.selftest.catalogue import clock, files, handing, keeper, kernel, memory, network, output, proc, processes
from polyrun.selftest.catalogue.attack import Attack

ATTACKS: Final[dict[str, Attack]] = {
    attack.name: attack
    for family in (clock, memory, processes, output, files, handing, kernel, keeper, network, proc)
    for attack in family.ATTACKS
}

ELSEWHERE: Final = {
    8: "a client that disconnects: needs the server",
    12: "off-heap Java and Mono: the limit is the tree's, whoever allocates (rows 9 and 13)",
    28: "an early exit before values are handed on: needs values; until then an exit code is all a block can say",
    35: "file names in requests: needs the server",
    37: "archives as artifacts: PolyRun unpacks none",
    45: "host paths in a language's description: tests of `languages`",
}
"""Row → why it is not here."""
