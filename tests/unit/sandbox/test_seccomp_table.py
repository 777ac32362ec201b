"""The table and its BPF form say the same, and say what they promise."""

from __future__ import annotations

import errno
import itertools
import re
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyrun.sandbox import seccomp
from polyrun.sandbox.seccomp_table import ABIS, LAST_NUMBER, NUMBERS, RULES, Rule
from unit.sandbox.seccomp_oracle import ALLOW, KILL, Args, interesting_values, run_bpf, run_table

I386, ARM = 0x40000003, 0x40000028
MACHINES = sorted(ABIS)


def bpf(machine: str, name: str, *args: int) -> str | int:
    number = NUMBERS[name][ABIS[machine].column]
    assert number is not None
    return run_bpf(seccomp.bpf_program(machine), ABIS[machine].audit, number, (*args, 0, 0, 0, 0, 0, 0)[:6])


@pytest.mark.parametrize("machine", MACHINES)
def test_the_filter_agrees_with_the_table(machine: str) -> None:
    """Exhaustive over the named values of up to three arguments of every call of the table."""
    values = interesting_values()
    index = {name: {t.index for r in RULES if name in r.names for t in r.when} for name in NUMBERS}
    compared = 0
    for name, numbers in NUMBERS.items():
        for choice in itertools.product(*(values.get(name, [0]) if i in index[name] else [0] for i in range(4))):
            args = (*choice, 0, 0)
            expected = run_table(name, args)
            if numbers[ABIS[machine].column] is not None:
                assert bpf(machine, name, *args) == expected, (name, args)
            compared += 1
    assert compared > 1000


@given(
    name=st.sampled_from(sorted(NUMBERS)),
    args=st.tuples(*[st.integers(0, 2**64 - 1) | st.integers(0, 400) for _ in range(6)]),
)
def test_the_filter_agrees_anywhere(name: str, args: Args) -> None:
    expected = run_table(name, args)
    for machine in MACHINES:
        number = NUMBERS[name][ABIS[machine].column]
        if number is not None:
            assert run_bpf(seccomp.bpf_program(machine), ABIS[machine].audit, number, args) == expected


@pytest.mark.parametrize("machine", MACHINES)
def test_every_number_without_a_rule(machine: str) -> None:
    """What is known and unnamed is allowed; gaps and everything newer is ENOSYS."""
    abi, program = ABIS[machine], seccomp.bpf_program(machine)
    ruled = {numbers[abi.column] for numbers in NUMBERS.values()}
    for number in itertools.chain(range(LAST_NUMBER + 200), [1000, 4000, 0xFFFFFFFF, 0x3FFFFFFF]):
        if number in ruled:
            continue
        free = any(first <= number <= last for first, last in abi.free) or number > LAST_NUMBER
        assert run_bpf(program, abi.audit, number, (0,) * 6) == (errno.ENOSYS if free else ALLOW), number


def test_foreign_machines_are_killed() -> None:
    for machine, abi in ABIS.items():
        others = {I386, ARM, 0, *(other.audit for other in ABIS.values() if other is not abi)}
        for arch, number in itertools.product(others, (0, 1, 41, 102, 435)):
            assert run_bpf(seccomp.bpf_program(machine), arch, number, (0,) * 6) == KILL
    x32 = 0x40000000
    for number in (x32, x32 | 1, x32 | 41, x32 | 512, 0x80000001 | x32):
        assert run_bpf(seccomp.bpf_program("x86_64"), ABIS["x86_64"].audit, number, (0,) * 6) == KILL


@pytest.mark.parametrize("machine", MACHINES)
def test_promised_verdicts(machine: str) -> None:
    """Spelt out once more by hand, so that an error in the table itself shows."""
    thread = 0x3D0F00  # what pthread_create asks clone(2) for
    expected: dict[tuple[Any, ...], str | int] = {
        ("clone", thread): ALLOW,
        ("clone", 0x01200011): ALLOW,  # fork(3)
        ("clone", 0x4111): ALLOW,  # vfork with a signal
        ("clone", 0x10000011): errno.EPERM,
        ("clone", 0x1_0002_0011): errno.EPERM,
        ("unshare", 0x400): ALLOW,
        ("unshare", 0x10000000): errno.EPERM,
        ("unshare", 0x80): errno.EPERM,
        ("clone3", 0): errno.ENOSYS,
        ("ptrace", 0): errno.EPERM,
        ("ptrace", 16): errno.EPERM,
        ("io_uring_setup", 8): errno.EPERM,
        ("openat2", 0): errno.ENOSYS,
        ("personality", 0): ALLOW,
        ("personality", 0xFFFFFFFF): ALLOW,
        ("personality", 0xFFFFFFFF_FFFFFFFF): ALLOW,
        ("personality", 0x0040000): ALLOW,
        ("personality", 0x0400000): errno.EPERM,
        ("personality", 0x0100000): errno.EPERM,
        ("ioctl", 0, 0x5401): ALLOW,
        ("ioctl", 0, 0x5412): errno.EPERM,
        ("ioctl", 0, 0x1_0000_5412): errno.EPERM,
        ("ioctl", 0, 0xFFFFFFFF_0000541C): errno.EPERM,
        ("ioctl", 0x5412, 0x5413): ALLOW,
        ("socket", 1, 1, 0): ALLOW,
        ("socket", 2, 0x80801, 6): ALLOW,
        ("socket", 10, 2, 17): ALLOW,
        ("socket", 2, 1, 262): ALLOW,
        ("socket", 2, 5, 132): errno.EPROTONOSUPPORT,
        ("socket", 16, 3, 0): ALLOW,
        ("socket", 16, 3, 6): errno.EAFNOSUPPORT,
        ("socket", 38, 5, 0): errno.EAFNOSUPPORT,
        ("socket", 1 << 32 | 38, 5, 0): errno.EAFNOSUPPORT,
        ("socket", 40, 1, 0): errno.EAFNOSUPPORT,
        ("socket", 0xFFFFFFFF, 1, 0): errno.EAFNOSUPPORT,
        ("socketpair", 1, 1, 0): ALLOW,
        ("socketpair", 40, 1, 0): errno.EAFNOSUPPORT,
        ("fchmodat", 0, 0, 0o755): ALLOW,
        ("fchmodat", 0, 0, 0o2755): ALLOW,
        ("fchmodat", 0, 0, 0o4755): errno.EPERM,
        ("openat", 0, 0, 0o101, 0o644): ALLOW,
        ("openat", 0, 0, 0o101, 0o4644): errno.EPERM,
        ("openat", 0, 0, 0o20000000, 0o4644): errno.EPERM,
        ("openat", 0, 0, 0, 0xDEADFFFF): ALLOW,
        ("mknodat", 0, 0, 0o020644): errno.EPERM,
        ("mknodat", 0, 0, 0o060644): errno.EPERM,
        ("mknodat", 0, 0, 0o010644): ALLOW,
        ("mknodat", 0, 0, 0o140644): ALLOW,
    }
    for (name, *args), verdict in expected.items():
        assert bpf(machine, name, *args) == verdict, (name, [hex(arg) for arg in args])


def test_the_table_is_tidy() -> None:
    """No number without a rule, none twice, and unconditional rules leave nothing behind them."""
    ruled = {name for rule in RULES for name in rule.names}
    assert ruled == NUMBERS.keys()
    for column in range(len(ABIS)):
        numbers = [pair[column] for pair in NUMBERS.values() if pair[column] is not None]
        assert len(numbers) == len(set(numbers))
        assert all(0 <= number <= LAST_NUMBER for number in numbers if number is not None)
    for name in ruled:
        rules: list[Rule] = [rule for rule in RULES if name in rule.names]
        assert all(rule.when for rule in rules[:-1]), name
    assert all(0 < rule.errno < 4096 and rule.why for rule in RULES)


@pytest.mark.parametrize(
    ("header", "column"),
    [("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", 0), ("/usr/include/asm-generic/unistd.h", 1)],
)
def test_numbers_match_the_kernel_headers(header: str, column: int) -> None:
    """Against this host's own headers; what they do not know yet is newer than they are."""
    if not Path(header).is_file():
        pytest.skip("the kernel headers are not installed (package linux-libc-dev)")
    known = {
        match[1]: int(match[2])
        for match in re.finditer(r"^#define __NR(?:3264)?_(\w+)\s+(\d+)", Path(header).read_text(), re.MULTILINE)
    }
    known.pop("syscalls", None)  # a count
    assert len(known) > 300
    for name, numbers in NUMBERS.items():
        number = numbers[column]
        if name in known:
            assert number == known[name], name
        else:
            assert number is None or number > max(known.values()), name


@pytest.mark.parametrize("machine", MACHINES)
def test_programs_fit_the_kernel(machine: str) -> None:
    """At most 4096 instructions, forward jumps inside the program, a return at the end of every path."""
    code = list(struct.iter_unpack("=HBBI", seccomp.bpf_program(machine)))
    assert len(code) < 1000
    assert code[-1][0] == 0x06
    for at, (op, jump_true, jump_false, k) in enumerate(code):
        if op in {0x15, 0x35}:
            assert at + 1 + max(jump_true, jump_false) < len(code)
        if op == 0x05:
            assert at + 1 + k < len(code)


def test_unknown_machine_is_refused() -> None:
    with pytest.raises(LookupError, match="riscv64"):
        seccomp.bpf_program("riscv64")
