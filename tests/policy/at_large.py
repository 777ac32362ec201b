"""Judges ordinary code at large: `python tests/policy/at_large.py GRAMMAR SUFFIX FOLDER ...`.

Prints the share of files with a finding of severity error, and which rules found how many; `--files` names the files.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from polyrun.model.diagnostics import Severity
from polyrun.policy.analyse import Analyser
from polyrun.policy.load_rules import load_rules
from polyrun.policy.survey import TooMuch


def main(words: list[str]) -> None:
    """Print the shares."""
    grammar, suffix, *folders = [word for word in words if not word.startswith("--")]
    analyser = Analyser(grammar, load_rules())
    files = [path for folder in folders for path in sorted(Path(folder).rglob(f"*{suffix}")) if path.is_file()]
    rules: Counter[str] = Counter()
    blocked = failed = 0
    for path in files:
        try:
            found = [one for one in analyser.findings(path.read_bytes()) if one.severity is Severity.ERROR]
        except TooMuch:
            failed += 1
            continue
        blocked += bool(found)
        rules.update({one.rule for one in found})
        if "--files" in words:
            for one in found:
                print(f"{path}:{one.start[0] + 1}: {one.rule}: {one.message}")
    print(f"{len(files)} files, {blocked} with an error ({blocked / max(1, len(files)):.1%}), {failed} not analysed")
    for rule, count in rules.most_common():
        print(f"{count:6} files  {rule}")


if __name__ == "__main__":
    main(sys.argv[1:])
