"""The seccomp table as a BPF program, for `bwrap --seccomp FD` and for the starter of containers.

A filter built here kills what speaks another machine's language (i386's `int 0x80`, x32, 32-bit Arm) before it looks
at anything else, because numbers mean something else there.
"""

from __future__ import annotations

import errno
import functools
import itertools
import os
import struct
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from polyrun.sandbox.seccomp_table import (
    ABIS,
    ALL_BITS,
    LAST_NUMBER,
    NUMBERS,
    RULES,
    Abi,
    ArgumentTest,
    Rule,
)

Instruction = tuple[int, int, int, int]
"""`code, jump if true, jump if false, k` of a `struct sock_filter`; jumps count instructions to skip."""

Code = list[Instruction]

# linux/filter.h and linux/seccomp.h
_LOAD, _AND, _GOTO, _IF_EQUAL, _IF_AT_LEAST, _RETURN = 0x20, 0x54, 0x05, 0x15, 0x35, 0x06
_KILL_PROCESS, _ERRNO, _ALLOW = 0x8000_0000, 0x0005_0000, 0x7FFF_0000
_AT_NUMBER, _AT_ARCH, _AT_ARGUMENTS = 0, 4, 16  # offsets in `struct seccomp_data`, little-endian machines
_LONGEST_JUMP = 255
_NO_NUMBER: Final = 0xFFFF_FFFF  # syscall(-1), a harmless way to ask for ENOSYS


@functools.cache
def bpf_program(machine: str | None = None) -> bytes:
    """The filter as an array of `struct sock_filter` for `machine` (`x86_64`, `aarch64`; default: this one).

    Built once per process in well under a millisecond. Raises `LookupError` for a machine without a table:
    a box without its filter is not offered.
    """
    machine = machine or os.uname().machine
    if machine not in ABIS:
        raise LookupError(f"no seccomp table for `{machine}`")
    abi = ABIS[machine]
    code = [
        (_LOAD, 0, 0, _AT_ARCH),
        (_IF_EQUAL, 1, 0, abi.audit),
        (_RETURN, 0, 0, _KILL_PROCESS),
        (_LOAD, 0, 0, _AT_NUMBER),
    ]
    if abi.foreign_bit:
        code += [
            (_IF_AT_LEAST, 0, 3, abi.foreign_bit),
            (_IF_EQUAL, 0, 1, _NO_NUMBER),
            _refuse(errno.ENOSYS),
            (_RETURN, 0, 0, _KILL_PROCESS),
        ]
    code += _search(_ranges(abi))
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in code)


def _refuse(number: int) -> Instruction:
    return (_RETURN, 0, 0, _ERRNO | number)


def _ranges(abi: Abi) -> list[tuple[int, Code]]:
    """What to do from which number on, in ascending order, starting at 0."""
    allow: Code = [(_RETURN, 0, 0, _ALLOW)]
    unknown: Code = [_refuse(errno.ENOSYS)]
    rules: defaultdict[int, list[Rule]] = defaultdict(list)
    for rule in RULES:
        for name in rule.names:
            number = NUMBERS[name][abi.column]
            if number is not None:
                rules[number].append(rule)
    points = {0: allow, LAST_NUMBER + 1: unknown}
    for first, last in abi.free:
        points |= {first: unknown, last + 1: allow}
    for number in rules:
        points.setdefault(number + 1, allow)
    points |= {number: _decide(ruled) for number, ruled in rules.items()}
    ordered = sorted(points.items())
    return [ordered[0], *(right for left, right in itertools.pairwise(ordered) if left[1] != right[1])]


def _search(ranges: Sequence[tuple[int, Code]]) -> Code:
    """A binary search for the call's number, with the code of each range at its leaf."""
    if len(ranges) == 1:
        return ranges[0][1]
    middle = len(ranges) // 2
    below, above = _search(ranges[:middle]), _search(ranges[middle:])
    start = ranges[middle][0]
    if len(below) <= _LONGEST_JUMP:
        return [(_IF_AT_LEAST, len(below), 0, start), *below, *above]
    return [(_IF_AT_LEAST, 0, 1, start), (_GOTO, 0, 0, len(below)), *below, *above]


def _decide(rules: Sequence[Rule]) -> Code:
    """Refuse with the first rule that holds, else allow."""
    code: Code = []
    for rule in rules:
        refusal: Code = [_refuse(rule.errno)]
        for test in reversed(rule.when):
            refusal = _check(test, otherwise=len(refusal)) + refusal
        code += refusal
    return [*code, (_RETURN, 0, 0, _ALLOW)] if rules[-1].when else code


def _check(test: ArgumentTest, otherwise: int) -> Code:
    """Fall through when `test` holds, else skip `otherwise` more instructions."""
    code: Code = [(_LOAD, 0, 0, _AT_ARGUMENTS + 8 * test.index)]
    if test.mask != ALL_BITS:
        code.append((_AND, 0, 0, test.mask))
    for left, value in zip(reversed(range(len(test.values))), test.values, strict=True):
        if not test.among:
            code.append((_IF_EQUAL, left + otherwise, 0, value))
        else:
            code.append((_IF_EQUAL, left, 0 if left else otherwise, value))
    return code
