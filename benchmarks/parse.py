"""How long documents of a million lines, and hostile ones, take to parse.

Run it with `python benchmarks/parse.py`; it prints one line a document: its size, the best of
three times, the speed, and the peak memory of the process above what the document itself takes.
Each document is parsed in a process of its own, so that peaks do not add up.
"""

from __future__ import annotations

import multiprocessing
import resource
import time
from collections.abc import Callable

from polyrun.document import parse
from polyrun.model.spans import Source
from polyrun.model.syntax import LanguageSyntax

MIB = 1024 * 1024
LANGUAGES = {"python": LanguageSyntax("python", ("#",)), "c": LanguageSyntax("c", ("//",))}
LINE = b"total = sum(p * rates['EUR'] for p in prices)\n"

DOCUMENTS: dict[str, Callable[[], bytes]] = {
    "1M lines, one block": lambda: b"#lang:python\n" + LINE * 1_000_000 + b"#end\n",
    "1M lines, 10,000 blocks": lambda: (b"#lang:python\n#import: a\n" + LINE * 97 + b"#end\n") * 10_000,
    "1M lines, 100,000 blocks": lambda: (b"#lang:python timeout=1s\n" + LINE * 8 + b"#end\n") * 100_000,
    "1M lines of prose": lambda: b"# A heading, or prose that goes on and on\n" * 1_000_000,
    "1M comments": lambda: b"#lang:python\nx\n" + b"# text\n" * 1_000_000 + b"#export: x\n#end\n",
    "1M `#lang:` lines": lambda: b"#lang:python\n" * 1_000_000,
    "1M `#lang:` with until": lambda: b"#lang:python until=E\n" * 1_000_000,
    "100,000 `#end` lines": lambda: b"#end\n" * 100_000,
    "64 MiB in one line": lambda: b"x" * 64 * MIB,
    "64 MiB of `#`": lambda: b"#" * 64 * MIB,
    "64 MiB of newlines": lambda: b"\n" * 64 * MIB,
    "64 MiB of UTF-8": lambda: "é".encode() * 32 * MIB,
    "60 MiB of directives": lambda: b"#lang:python\n" + b"#export: x\n" * (5 * MIB) + b"x\n#end\n",
    "36 MiB of escapes": lambda: b"#lang:python\n" + b"\\#end\n" * (6 * MIB),
}


def measure(name: str) -> None:
    """Parse one document three times and print its figures."""
    data = DOCUMENTS[name]()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    times = []
    document = parse(Source(b"", "nothing.mix"), LANGUAGES)
    for _ in range(3):
        started = time.perf_counter()
        document = parse(Source(data, "bench.mix"), LANGUAGES)
        times.append(time.perf_counter() - started)
    peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(
        f"{name:26} {len(data) / MIB:6.1f} MiB {min(times):7.3f} s {len(data) / MIB / min(times):8.0f} MiB/s "
        f"+{peak:4.0f} MiB  {len(document.blocks):6} blocks  {len(document.diagnostics):3} diagnostics",
        flush=True,
    )


def main() -> None:
    """Measure every document."""
    context = multiprocessing.get_context("fork")
    for name in DOCUMENTS:
        process = context.Process(target=measure, args=(name,))
        process.start()
        process.join()


if __name__ == "__main__":
    main()
