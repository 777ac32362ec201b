"""The analyser's own process: `python -m polyrun.policy.worker` reads a request and writes a line for each piece.

Native parsers look at hostile code here. Whatever happens to this process, the pieces without a line were not analysed.
"""

from __future__ import annotations

import sys

from polyrun.policy.analyse import Analyser
from polyrun.policy.grammar import NoGrammar
from polyrun.policy.load_rules import load_rules
from polyrun.policy.protocol import Answer, Piece, read_request, reply
from polyrun.policy.rules import Rule
from polyrun.policy.survey import Unreadable


def main() -> None:
    """Answer one request."""
    folders, pieces = read_request(sys.stdin.buffer.read())
    rules = load_rules(folders)
    analysers: dict[str, Analyser] = {}
    for piece in pieces:
        sys.stdout.buffer.write(reply(_answer(piece, rules, analysers)))
        sys.stdout.buffer.flush()


def _answer(piece: Piece, rules: tuple[Rule, ...], analysers: dict[str, Analyser]) -> Answer:
    try:
        if piece.grammar not in analysers:
            analysers[piece.grammar] = Analyser(piece.grammar, rules)
        return Answer(tuple(analysers[piece.grammar].findings(piece.code)))
    except Unreadable as error:
        return Answer(failure=str(error))
    except RecursionError:
        return Answer(failure="it is nested too deeply")
    except NoGrammar:
        return Answer(failure=f"there is no grammar `{piece.grammar}` here", absent=True)


if __name__ == "__main__":
    main()
