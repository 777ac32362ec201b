"""What PolyRun costs, against a shell script that calls each tool by hand and against `just`.

Run it with the environment's Python: `make bench`, or `python benchmarks/compare.py [--rounds N] [CASE …]`.
The contenders take turns, round by round, so that a machine that slows down slows all of them; figures
are medians of wall time, and ratios are medians of the ratios within a round. Every output is compared.

Cases: `hello` (one Python block), `six` (python, bash, javascript, cpp, ruby, perl; a new C++ source each round,
so that nothing comes from a cache), `six-warm` (the same source again), `thirty` (`six` five times),
and `scale` (1, 10, 100, 1000 Python hello blocks).
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

BIN = Path(sys.executable).parent
HELLO = {
    "python": 'print("hello from python")\n',
    "bash": 'echo "hello from bash"\n',
    "javascript": 'console.log("hello from javascript")\n',
    "cpp": '#include <iostream>\nint main() { std::cout << "hello from cpp\\n"; }\n',
    "ruby": 'puts "hello from ruby"\n',
    "perl": 'print "hello from perl\\n";\n',
}
TOOLS = {"python": "python3", "bash": "bash", "javascript": "node", "ruby": "ruby", "perl": "perl"}


class Case:
    """One program written three ways in a folder of its own: `doc.mix`, `doc.sh`, `justfile`."""

    def __init__(self, folder: Path, blocks: list[tuple[str, str]]) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        (folder / "doc.mix").write_text("".join(f"#lang:{lang}\n{code}#end\n" for lang, code in blocks))
        script = ["set -e\n"]
        recipes = ["all: " + " ".join(f"b{n}" for n in range(len(blocks))) + "\n"]
        for n, (lang, code) in enumerate(blocks):
            if lang == "cpp":
                body = f"cat > {n}.cpp <<'EOF'\n{code}EOF\ng++ -o {n}.out {n}.cpp\n./{n}.out\n"
                recipe = "#!/bin/bash\nset -e\n" + body
            else:
                body = f"{TOOLS[lang]} - <<'EOF'\n{code}EOF\n" if lang != "ruby" else f"ruby <<'EOF'\n{code}EOF\n"
                recipe = f"#!/usr/bin/env {TOOLS[lang]}\n{code}"
            script.append(body)
            recipes.append(f"[no-exit-message]\n@b{n}:\n" + "".join(f"    {line}\n" for line in recipe.splitlines()))
        (folder / "doc.sh").write_text("".join(script))
        (folder / "justfile").write_text("\n".join(recipes))

    def commands(self) -> dict[str, list[str]]:
        """The contenders that are installed."""
        found = {
            "shell": ["bash", "doc.sh"],
            "polyrun": [str(BIN / "polyrun"), "run", "doc.mix"],
        }
        if shutil.which("just", path=environment()["PATH"]):
            found["just"] = ["just", "-q"]
        return found


def environment() -> dict[str, str]:
    """The environment of every contender: this Python first, so that all run the same interpreter."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}


def once(command: list[str], folder: Path) -> tuple[float, bytes]:
    """Run `command`; returns seconds of wall time and stdout. Raises if it fails."""
    started = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, check=False)
    seconds = time.perf_counter() - started
    if done.returncode != 0:
        raise RuntimeError(f"{command} failed in {folder}: {done.stderr.decode(errors='replace')[-2000:]}")
    return seconds, done.stdout


def measure(cases: Iterable[Case]) -> dict[str, list[float]]:
    """Wall times by contender; each case is one round in which all take their turn."""
    times: dict[str, list[float]] = {}
    for number, case in enumerate(cases):
        names = list(case.commands().items())
        turn = names[number % len(names) :] + names[: number % len(names)]
        outputs = {}
        for name, command in turn:
            seconds, outputs[name] = once(command, case.folder)
            times.setdefault(name, []).append(seconds)
        if len(set(outputs.values())) != 1:
            raise RuntimeError(f"outputs differ: { {name: out[:200] for name, out in outputs.items()} }")
    return times


def show(title: str, times: dict[str, list[float]]) -> None:
    """Print one table: median milliseconds, ratio and difference to the shell script."""
    print(f"\n{title}  ({len(times['shell'])} rounds)")
    print(f"  {'':16}{'median ms':>12}{'x shell':>10}{'+ ms':>10}")
    for name, values in times.items():
        ratio = statistics.median(a / b for a, b in zip(values, times["shell"], strict=True))
        extra = statistics.median(a - b for a, b in zip(values, times["shell"], strict=True))
        print(f"  {name:16}{statistics.median(values) * 1000:12.1f}{ratio:10.2f}{extra * 1000:10.1f}")


def six(unique: str) -> list[tuple[str, str]]:
    """The six-language document; `unique` makes its C++ source one that no cache has seen."""
    return [(lang, code if lang != "cpp" else f"// {unique}\n{code}") for lang, code in HELLO.items()]


def main() -> None:
    """Measure the cases named on the command line, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", default=["hello", "six", "six-warm", "thirty", "scale"])
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    rounds = options.rounds
    with tempfile.TemporaryDirectory(prefix="polyrun-bench-") as name:
        root = Path(name)
        once(Case(root / "warm-up", six("warm-up")).commands()["polyrun"], root / "warm-up")
        hello = [("python", HELLO["python"])]
        if "hello" in options.cases:
            case = Case(root / "hello", hello)
            show("one hello block", measure([case] * rounds * 3))
        if "six" in options.cases:
            fresh = (Case(root / f"six-{n}", six(f"{os.getpid()}-{n}")) for n in range(rounds))
            show("six languages, C++ not seen before", measure(fresh))
        if "six-warm" in options.cases:
            show("six languages again", measure([Case(root / "six-warm", six("warm-up"))] * rounds))
        if "thirty" in options.cases:
            fresh = (Case(root / f"thirty-{n}", six(f"{os.getpid()}-t{n}") * 5) for n in range(max(2, rounds // 2)))
            show("six languages, five times", measure(fresh))
        if "scale" in options.cases:
            per_block = {}
            for count, turns in ((1, rounds), (10, rounds), (100, 3), (1000, 1)):
                times = measure([Case(root / f"scale-{count}", hello * count)] * turns)
                show(f"{count} hello blocks", times)
                per_block[count] = {name: statistics.median(values) / count for name, values in times.items()}
            print("\neach further block, from 10 to 1000, in ms; and its cost at 1000 against 10")
            for contender in per_block[10]:
                ten, thousand = per_block[10][contender] * 10, per_block[1000][contender] * 1000
                ratio = per_block[1000][contender] / per_block[10][contender]
                print(f"  {contender:16}{(thousand - ten) / 990 * 1000:12.2f}{ratio:10.2f}")


if __name__ == "__main__":
    main()
