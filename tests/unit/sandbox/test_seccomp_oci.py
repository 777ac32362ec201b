"""The OCI profile as container engines understand it: compiled by libseccomp, it decides as our own program does."""

from __future__ import annotations

import ctypes
import ctypes.util
import itertools
import os
import struct
from typing import Any

import pytest

from polyrun.sandbox import seccomp
from polyrun.sandbox.seccomp_table import ABIS, NUMBERS, RULES
from unit.sandbox.seccomp_oracle import interesting_values, run_bpf, run_table

# seccomp.h
_ALLOW, _ERRNO, _MASKED_EQ = 0x7FFF0000, 0x00050000, 7
_TOKENS = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}


class _Comparison(ctypes.Structure):
    _fields_ = [
        ("arg", ctypes.c_uint),
        ("op", ctypes.c_int),
        ("a", ctypes.c_uint64),
        ("b", ctypes.c_uint64),
    ]


def compiled_by_libseccomp(profile: dict[str, Any], machine: str) -> bytes:
    """Load the profile as runc does, rule by rule, and export the program."""
    name = ctypes.util.find_library("seccomp")
    if name is None:
        pytest.skip("libseccomp is not installed (Debian: libseccomp2)")
    library = ctypes.CDLL(name)
    library.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(_ALLOW)))
    try:
        native = library.seccomp_arch_native()
        if native != _TOKENS[machine]:
            assert library.seccomp_arch_remove(context, ctypes.c_uint32(native)) == 0
            assert library.seccomp_arch_add(context, ctypes.c_uint32(_TOKENS[machine])) == 0
        unknown = []
        for entry in profile["syscalls"]:
            action = ctypes.c_uint32(_ERRNO | entry["errnoRet"])
            tests = entry.get("args", [])
            rows = [_Comparison(test["index"], _MASKED_EQ, test["value"], test["valueTwo"]) for test in tests]
            for call in entry["names"]:
                number = library.seccomp_syscall_resolve_name(call.encode())
                if number == -1:
                    unknown.append(call)  # newer than the library: runc leaves it out with a warning
                    continue
                array = (_Comparison * max(len(rows), 1))(*rows)
                done = library.seccomp_rule_add_array(context, action, number, len(rows), array)
                assert done == 0, (call, os.strerror(-done))
        assert len(unknown) < 15, unknown
        fd = os.memfd_create("bpf")
        try:
            assert library.seccomp_export_bpf(context, fd) == 0
            return os.pread(fd, 1 << 20, 0)
        finally:
            os.close(fd)
    finally:
        library.seccomp_release(context)


@pytest.mark.parametrize("machine", sorted(ABIS))
def test_libseccomp_reads_the_profile_as_we_mean_it(machine: str) -> None:
    program = compiled_by_libseccomp(seccomp.oci_profile(), machine)
    assert len(program) // 8 <= 4096
    abi, values = ABIS[machine], interesting_values()
    resolve = ctypes.CDLL(ctypes.util.find_library("seccomp")).seccomp_syscall_resolve_name
    compared = 0
    for name, numbers in NUMBERS.items():
        number = numbers[abi.column]
        if number is None or resolve(name.encode()) == -1:
            continue
        tested = {test.index for rule in RULES if name in rule.names for test in rule.when}
        choices = [0, *values.get(name, [])]
        step = len(choices) // 60 + 1 if len(tested) > 1 else 1
        for args in itertools.product(*(choices[::step] if index in tested else [0] for index in range(4))):
            wide = (*args, 0, 0)
            assert run_bpf(program, abi.audit, number, wide, 4096) == run_table(name, wide), (name, wide)
            compared += 1
    assert compared > 1000


def test_libseccomp_kills_foreign_machines() -> None:
    program = compiled_by_libseccomp(seccomp.oci_profile(), "x86_64")
    assert run_bpf(program, 0x40000003, 20, (0,) * 6, 4096) == "kill"
    assert run_bpf(program, ABIS["x86_64"].audit, 0x40000000 | 39, (0,) * 6, 4096) == "kill"
    assert struct.calcsize("=HBBI") == 8
