"""What it costs to pass values from block to block.

Run it with the environment's Python: `python benchmarks/values.py [--rounds N] [CASE …]`. Contenders take turns, round
by round; figures are medians of wall time, ratios are medians of the ratios within a round, and results are compared.

`array`: 10^7 float64 (80 MB) go from Python to X and, doubled, from X to Python, which sums them. *Added* is the time
over a document that computes the same and passes nothing: its first block makes the numbers and sums them, the one in X
makes the doubled ones in its own memory, the last one only starts. Both start three programs from cached builds and
import NumPy twice; X reads no other memory and writes as much. So everything that passing needs is in the difference:
guest libraries, writing, checking, mapping, page faults, removing. It is given in ms and as a multiple of one `memcpy`
of the 80 MB between two buffers that have been touched before (a copy to fresh memory is shown too), and so is the
floor: what the same four steps (write, map and read, twice) cost by hand with a bare file in the folder that PolyRun
uses. The whole work is also compared with one Python process and with three that pass raw files by hand.

`table`: 10^6 rows of int64, float64, a short text and bool are made in pandas, grouped and summed by a second program,
and printed by a third one in plain Python; against the same work in one Python process. That imports pandas once, the
case `python` twice, and so do three programs that pass Feather and CSV files by hand.

`memory`: the peak of PolyRun's own process, not of its blocks, for 1, 80 and 800 MB that are passed on.

`scalars`: a block that exports 1000 numbers, against the same block without `#export:`.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Mapping
from pathlib import Path

BIN = Path(sys.executable).parent
COUNT = 10**7
ROWS = 10**6
MEMORY = "/dev/shm"

MAKE = "import numpy as np\nxs = np.arange({n}) * 0.5\n"
SUM = "import numpy as np\nprint(int({name}.sum()))\n"

ARRAYS = {
    "cpp": (
        "vector<double> ys(xs.size());\nfor (size_t i = 0; i < xs.size(); ++i) ys[i] = xs[i] * 2;\n",
        (
            "vector<double> ys({n});\nfor (size_t i = 0; i < ys.size(); ++i) ys[i] = i * 0.5 * 2;\n"
            "volatile size_t at = 7;\nif (ys[at] != 7) return 1;\n"
        ),
    ),
    "rust": (
        "let ys: Vec<f64> = xs.iter().map(|x| x * 2.0).collect();\n",
        (
            "let ys: Vec<f64> = (0..{n}).map(|i| i as f64 * 0.5 * 2.0).collect();\n"
            "if ys[std::hint::black_box(7)] != 7.0 {{ std::process::exit(1); }}\n"
        ),
    ),
    "go": (
        "ys := make([]float64, len(xs.Data))\nfor i, x := range xs.Data {\n\tys[i] = x * 2\n}\n",
        (
            "ys := make([]float64, {n})\nfor i := range ys {{\n\tys[i] = float64(i) * 0.5 * 2\n}}\n"
            "if ys[len(os.Args)*0+7] != 7 {{\n\tos.Exit(1)\n}}\n"
        ),
    ),
    "java": (
        "double[] ys = new double[xs.size()];\nfor (int i = 0; i < ys.length; i++) ys[i] = xs.get(i) * 2;\n",
        (
            "double[] ys = new double[{n}];\nfor (int i = 0; i < ys.length; i++) ys[i] = i * 0.5 * 2;\n"
            "if (ys[args.length + 7] != 7) System.exit(1);\n"
        ),
    ),
    "javascript": (
        "const ys = new Float64Array(xs.length);\nfor (let i = 0; i < xs.length; i++) ys[i] = xs[i] * 2;\n",
        (
            "const ys = new Float64Array({n});\nfor (let i = 0; i < ys.length; i++) ys[i] = i * 0.5 * 2;\n"
            "if (ys[7] !== 7) process.exit(1);\n"
        ),
    ),
    "r": ("ys <- xs * 2\n", "ys <- (0:({n} - 1)) * 1.0\nif (ys[8] != 7) quit(status = 1)\n"),
    "python": (
        "import numpy as np\nys = xs * 2\n",
        "import numpy as np\nys = np.arange({n}) * 1.0\nassert ys[7] == 7\n",
    ),
}
"""For each X what its block does with passed numbers, and what it does in its own memory."""

GOALS = {"cpp": 3, "rust": 3, "go": 3, "java": 3, "javascript": 10, "r": 10}

FRAME = """import numpy as np
import pandas as pd
n = np.arange({rows})
words = pd.Series([f"item{{k}}" for k in range(100)], dtype="str")
sales = pd.DataFrame({{"id": n, "price": n % 1000 * 0.25, "item": words.iloc[n % 100].array, "paid": n % 3 == 0}})
"""
GROUP = "totals = sales[sales.paid].groupby('item', as_index=False).agg(n=('id', 'sum'), total=('price', 'sum'))\n"
SHOW = "print(sum({column}n{end}), sum({column}total{end}))\n"
TABLES = {
    "python": "import pandas as pd\n" + GROUP,
    "sql": "CREATE TABLE totals AS SELECT item, sum(id) AS n, sum(price) AS total FROM sales WHERE paid GROUP BY 1;\n",
    "r": "totals <- aggregate(cbind(n = id, total = price) ~ item, sales[sales$paid, ], sum)\n",
}
BY_HAND = """import numpy as np, os, sys
step, folder = sys.argv[1], sys.argv[2]
if step == "make":
    (np.arange({n}) * 0.5).tofile(folder + "/xs")
elif step == "double":
    (np.fromfile(folder + "/xs") * 2).tofile(folder + "/ys")
else:
    print(int(np.fromfile(folder + "/ys").sum()))
    os.unlink(folder + "/xs"), os.unlink(folder + "/ys")
"""
FEATHER_BY_HAND = """import sys
step, folder = sys.argv[1], sys.argv[2]
if step == "show":
    import csv, os
    rows = list(csv.DictReader(open(folder + "/totals.csv")))
    print(sum(int(row["n"]) for row in rows), sum(float(row["total"]) for row in rows))
    os.unlink(folder + "/sales"), os.unlink(folder + "/totals.csv")
    sys.exit()
{frame}    sales.to_feather(folder + "/sales", compression="uncompressed")
else:
    import pandas as pd
    sales = pd.read_feather(folder + "/sales")
    {group}    totals.to_csv(folder + "/totals.csv", index=False)
"""
COPY = """import mmap, os, sys, time
import numpy as np
a = np.arange({n}) * 0.5
b = np.full({n}, 1.0)
def best(do):
    times = []
    for _ in range(5):
        started = time.perf_counter()
        do()
        times.append(time.perf_counter() - started)
    return sorted(times)[2]
def file():
    path = sys.argv[1] + "/bare"
    for _ in range(2):
        fd = os.open(path, os.O_RDWR | os.O_CREAT)
        os.write(fd, a.view("u1"))
        np.frombuffer(mmap.mmap(fd, 0, access=mmap.ACCESS_READ)).sum()
        os.close(fd)
        os.unlink(path)
def touched():
    a.sum(), a.sum()
print(best(lambda: np.copyto(b, a)), best(a.copy), best(file) - best(touched))
"""
PEAK = r"""import re, sys
from polyrun.cli.boundary import guarded
code = guarded(sys.argv[1:])
sys.stdout.flush()
print(re.search(r"VmHWM:\s+(\d+)", open("/proc/self/status").read())[1])
sys.exit(code)
"""


def document(*blocks: tuple[str, str, str, str]) -> str:
    """The text of a document: for each block its language, imports, exports and code."""
    lines = []
    for lang, imports, exports, code in blocks:
        lines.append(f"#lang:{lang}\n")
        lines.append(f"#import: {imports}\n" if imports else "")
        lines.append(f"#export: {exports}\n" if exports else "")
        lines.append(f"{code}#end\n")
    return "".join(lines)


def passing(lang: str, count: int) -> str:
    """Numbers from Python to `lang` to Python."""
    return document(
        ("python", "", "xs", MAKE.format(n=count)),
        (lang, "xs", "ys:array", ARRAYS[lang][0]),
        ("python", "ys", "", SUM.format(name="ys")),
    )


def own(lang: str, count: int) -> str:
    """The same work without passing anything."""
    return document(
        ("python", "", "", MAKE.format(n=count) + SUM.format(name="(xs * 2)").partition("\n")[2]),
        (lang, "", "", ARRAYS[lang][1].format(n=count)),
        ("python", "", "", "import numpy as np\n"),
    )


class Bench:
    """Runs programs in `folder`. Every contender is a function that does the work and returns what it has printed."""

    def __init__(self, folder: Path, rounds: int) -> None:
        self.folder = folder
        self.rounds = rounds
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        self.environment = {**kept, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}

    def once(self, *command: str) -> str:
        """What `command` prints. Raises if it fails."""
        done = subprocess.run(command, cwd=self.folder, env=self.environment, capture_output=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{command} failed: {done.stderr.decode(errors='replace')[-2000:]}")
        return done.stdout.decode()

    def script(self, name: str, text: str, *args: str) -> Callable[[], str]:
        """A Python program."""
        (self.folder / name).write_text(text)
        return lambda: self.once(str(BIN / "python3"), name, *args)

    def polyrun(self, name: str, text: str, *options: str) -> Callable[[], str]:
        """A document; it is run once, so that its builds are cached."""
        (self.folder / name).write_text(text)
        command = [sys.executable, "-m", "polyrun", "run", name, *options]
        self.once(*command)
        return lambda: self.once(*command)

    def turns(self, contenders: Mapping[str, Callable[[], str]]) -> dict[str, list[float]]:
        """Wall times of all contenders in ms, which take turns; what they print must be the same."""
        times: dict[str, list[float]] = {name: [] for name in contenders}
        names = list(contenders)
        for number in range(self.rounds):
            outputs = {}
            for name in names[number % len(names) :] + names[: number % len(names)]:
                started = time.perf_counter()
                outputs[name] = [float(word) for word in contenders[name]().split()]
                times[name].append((time.perf_counter() - started) * 1000)
            if len({tuple(output) for output in outputs.values()}) != 1:
                raise RuntimeError(f"outputs differ: {outputs}")
        return times


def ratio(mine: list[float], other: list[float]) -> float:
    """The median of the ratios within a round."""
    return statistics.median(a / b for a, b in zip(mine, other, strict=True))


def extra(mine: list[float], other: list[float]) -> float:
    """The median of the differences within a round."""
    return statistics.median(a - b for a, b in zip(mine, other, strict=True))


def array_case(bench: Bench, languages: list[str]) -> None:
    """80 MB to every language and back."""
    one = MAKE.format(n=COUNT) + "ys = xs * 2\n" + SUM.format(name="ys").partition("\n")[2]
    hand = BY_HAND.format(n=COUNT)
    steps = [bench.script("hand.py", hand, step, MEMORY) for step in ("make", "double", "sum")]
    contenders = {
        "one process": bench.script("one.py", one),
        "raw files by hand": lambda: "".join([step() for step in steps]),
    }
    for lang in languages:
        contenders[lang] = bench.polyrun(f"{lang}.mix", passing(lang, COUNT))
        contenders[f"{lang}, own"] = bench.polyrun(f"{lang}-own.mix", own(lang, COUNT))
    copies = bench.script("memcpy.py", COPY.format(n=COUNT), MEMORY)
    copied = [[float(word) * 1000 for word in copies().split()] for _ in range(3)]
    times = bench.turns(contenders)
    copied += [[float(word) * 1000 for word in copies().split()] for _ in range(3)]
    memcpy, fresh, floor = (statistics.median(column) for column in zip(*copied, strict=True))
    print(f"\n80 MB from Python to X and back  ({bench.rounds} rounds)")
    print(f"  memcpy {memcpy:.1f} ms, to fresh memory {fresh:.1f} ms, write and map a bare file twice {floor:.1f} ms")
    print(f"  {'':20}{'median ms':>10}{'x one process':>15}{'added ms':>10}{'x memcpy':>10}{'goal':>6}{'x floor':>9}")
    for name, taken in times.items():
        if name.endswith(", own"):
            continue
        line = f"  {name:20}{statistics.median(taken):10.0f}{ratio(taken, times['one process']):15.2f}"
        if name in languages:
            added = extra(taken, times[f"{name}, own"])
            goal = f"< {GOALS[name]}" if name in GOALS else ""
            line += f"{added:10.0f}{added / memcpy:10.1f}{goal:>6}{added / floor:9.1f}"
        print(line)


def table_case(bench: Bench) -> None:
    """A table of a million rows, grouped and summed by another program."""
    frame = FRAME.format(rows=ROWS)
    one = frame + GROUP + SHOW.format(column="totals.", end=".sum()").replace("sum(totals", "(totals")
    made = 'if step == "make":\n' + textwrap.indent(frame, "    ")
    hand = FEATHER_BY_HAND.format(frame=made, group=GROUP)
    steps = [bench.script("hand.py", hand, step, MEMORY) for step in ("make", "group", "show")]
    contenders = {
        "one process": bench.script("table.py", one),
        "Feather by hand": lambda: "".join([step() for step in steps]),
    }
    for lang, code in TABLES.items():
        text = document(
            ("python", "", "sales", frame),
            (lang, "sales", "totals:table", code),
            ("python", "totals", "", SHOW.format(column="totals['", end="']")),
        )
        contenders[lang] = bench.polyrun(f"table-{lang}.mix", text)
    times = bench.turns(contenders)
    print(f"\n10^6 rows x 4 columns, from pandas to X to Python  ({bench.rounds} rounds)")
    print(f"  {'':20}{'median ms':>10}{'x one process':>15}{'goal':>6}")
    for name, taken in times.items():
        goal = "< 2" if name == "python" else ""
        print(f"  {name:20}{statistics.median(taken):10.0f}{ratio(taken, times['one process']):15.2f}{goal:>6}")


def memory_case(bench: Bench) -> None:
    """The peak of PolyRun's own process."""
    (bench.folder / "peak.py").write_text(PEAK)
    print("\npeak memory of PolyRun itself")
    for megabytes in (1, 80, 800):
        text = passing("python", megabytes * 125_000)
        (bench.folder / "memory.mix").write_text(text)
        peak = bench.once(
            sys.executable, "peak.py", "run", "memory.mix", "--quiet", "--memory", "4g", "-c", "limits.toml"
        ).split()[-1]
        print(f"  {megabytes:4} MB passed, twice{int(peak) / 1024:10.1f} MiB")


def scalars_case(bench: Bench) -> None:
    """1000 numbers out of one block."""
    names = [f"x{n}" for n in range(1000)]
    code = "".join(f"{name} = {n}\n" for n, name in enumerate(names))
    times = bench.turns(
        {
            "without": bench.polyrun("without.mix", document(("python", "", "", code))),
            "1000 exports": bench.polyrun("scalars.mix", document(("python", "", ", ".join(names), code))),
            "one export": bench.polyrun("one.mix", document(("python", "", "x7", code))),
        }
    )
    print(f"\n1000 exports of numbers  ({bench.rounds} rounds)")
    for name, taken in times.items():
        print(f"  {name:20}{statistics.median(taken):10.1f} ms{extra(taken, times['without']):+10.1f} ms")
    print("  goal: < +50 ms")


def main() -> None:
    """Measure the cases named on the command line, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", default=["array", "table", "memory", "scalars"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--languages", nargs="+", default=list(ARRAYS), choices=list(ARRAYS))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="polyrun-bench-") as name:
        bench = Bench(Path(name), options.rounds)
        (bench.folder / "limits.toml").write_text('[limits]\ndisk = "4g"\n')
        if "array" in options.cases:
            array_case(bench, options.languages)
        if "table" in options.cases:
            table_case(bench)
        if "memory" in options.cases:
            memory_case(bench)
        if "scalars" in options.cases:
            scalars_case(bench)


if __name__ == "__main__":
    main()
