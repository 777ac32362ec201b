"""A small machine that runs classic BPF, and a naive reading of the table to compare with."""

from __future__ import annotations

import itertools
import struct
from collections import defaultdict

from polyrun.sandbox.seccomp_table import RULES

ALLOW, KILL = "allow", "kill"
Args = tuple[int, ...]


def run_bpf(program: bytes, arch: int, number: int, args: Args, most_steps: int = 100) -> str | int:
    """Interpret classic BPF as the kernel does; returns allow, kill (of the process or the thread) or an errno."""
    data = struct.pack("=iIQ6Q", number if number < 2**31 else number - 2**32, arch, 0, *args)
    code = list(struct.iter_unpack("=HBBI", program))
    accumulator, at, steps = 0, 0, 0
    while True:
        steps += 1
        assert steps <= most_steps, "a filter that is slow"
        op, jump_true, jump_false, k = code[at]
        at += 1
        match op:
            case 0x20:
                assert k % 4 == 0
                assert k + 4 <= len(data)
                (accumulator,) = struct.unpack_from("=I", data, k)
            case 0x54:
                accumulator &= k
            case 0x05:
                at += k
            case 0x15:
                at += jump_true if accumulator == k else jump_false
            case 0x25:
                at += jump_true if accumulator > k else jump_false
            case 0x35:
                at += jump_true if accumulator >= k else jump_false
            case 0x06:
                verdicts: dict[int, str | int] = {0x7FFF0000: ALLOW, 0x80000000: KILL, 0: KILL}
                return verdicts.get(k, int(k & 0xFFFF))
            case _:
                raise AssertionError(f"unknown instruction {op:#x}")


def run_table(name: str, args: Args) -> str | int:
    """The table read naively: an oracle that shares no code with either compiler."""
    for rule in RULES:
        if name in rule.names and all(
            ((args[test.index] & test.mask & 0xFFFFFFFF) in test.values) == test.among for test in rule.when
        ):
            return rule.errno
    return ALLOW


def interesting_values() -> dict[str, list[int]]:
    """Per call, every value and mask its rules name, with neighbours and dirty high words."""
    found: defaultdict[str, set[int]] = defaultdict(set)
    for rule in RULES:
        for name, test in itertools.product(rule.names, rule.when):
            bits = {1 << bit for bit in range(32) if test.mask != 0xFFFFFFFF and test.mask >> bit & 1}
            for value in {*test.values, *bits, test.mask}:
                found[name] |= {value, value ^ 1, (value + 1) & 0xFFFFFFFF, value | 1 << 32, value | 1 << 63}
    return {name: sorted(values) for name, values in found.items()}
