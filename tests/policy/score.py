"""Prints precision and recall of the static analysis on the labelled corpus.

`python tests/policy/score.py [GRAMMAR ...]`; with `--wrong` the snippets that are judged otherwise than labelled
are named.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from policy.corpus import Score, grammars, seen, snippets
from polyrun.policy.load_rules import load_rules


def main(words: list[str]) -> None:
    """Print the table."""
    rules, total, count = load_rules(), Score(), 0
    print(f"{'grammar':12} {'snippets':>8} {'labels':>7} {'precision':>10} {'recall':>7}")
    for grammar in [word for word in words if not word.startswith("-")] or grammars():
        score = Score()
        for snippet in snippets(grammar):
            found = seen(snippet, rules)
            score.add(found, snippet.labels)
            total.add(found, snippet.labels)
            if "--wrong" in words and found != snippet.labels:
                where = f"{grammar}.txt:{snippet.line}: {snippet.name}"
                print(f"  {where}: found {sorted(found - snippet.labels)}, missed {sorted(snippet.labels - found)}")
        size = len(snippets(grammar))
        count += size
        print(f"{grammar:12} {size:8} {score.hits + score.missed:7} {score.precision:10.3f} {score.recall:7.3f}")
    print(f"{'all':12} {count:8} {total.hits + total.missed:7} {total.precision:10.3f} {total.recall:7.3f}")


if __name__ == "__main__":
    main(sys.argv[1:])
