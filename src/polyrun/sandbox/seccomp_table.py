"""Which system calls a box refuses: the one table behind every seccomp filter of ours.

Everything not named here is allowed; numbers that nobody had given out when this was written are
answered with `ENOSYS`. Rules look only at the low 32 bits of an argument, on purpose: every
argument tested here is an `int`, `unsigned int` or `umode_t` in the kernel (or has its flags there), which
drops the rest, so a filter that compared 64 bits could be walked around with a set high bit
(flatpak, CVE-2019-10063).

Numbers: `arch/x86/entry/syscalls/syscall_64.tbl` for x86-64 and `include/uapi/asm-generic/unistd.h`
for AArch64, Linux 6.16; from 424 on both count alike.
"""

from __future__ import annotations

import errno
import stat
from typing import Final

from polyrun.model.frozen import frozen

ALL_BITS: Final = 0xFFFF_FFFF


@frozen
class ArgumentTest:
    """Holds when the bits of argument `index` under `mask` are (`among`), or are not, one of `values`."""

    index: int
    values: tuple[int, ...]
    mask: int = ALL_BITS
    among: bool = True


@frozen
class Rule:
    """Refuse the named calls with `errno` when every test holds; `why` is for the reader of an audit."""

    names: tuple[str, ...]
    errno: int
    why: str
    when: tuple[ArgumentTest, ...] = ()


@frozen
class Abi:
    """One instruction set: its audit number, its column in `NUMBERS`, the numbers it leaves free.

    `foreign_bit`, where not 0, marks the numbers of a second ABI behind the same audit number (x32).
    """

    audit: int
    column: int
    free: tuple[tuple[int, int], ...]
    foreign_bit: int = 0


ABIS: Final = {
    "x86_64": Abi(0xC000003E, 0, ((337, 423),), foreign_bit=0x4000_0000),
    "aarch64": Abi(0xC00000B7, 1, ((244, 259), (295, 423))),
}

LAST_NUMBER: Final = 466
"""`removexattrat`, Linux 6.13. What came later (`open_tree_attr` 467, …) has not been judged yet."""

_NEW_NAMESPACE = 0x7E02_0000  # CLONE_NEW{NS,CGROUP,UTS,IPC,USER,PID,NET}
_NEW_TIME = 0x80  # CLONE_NEWTIME; for clone(2) these bits are the exit signal
_UNIX, _INET, _INET6, _NETLINK, _NETLINK_ROUTE = 1, 2, 10, 16, 0
_DEFAULT, _ICMP, _TCP, _UDP, _ICMPV6, _MPTCP = 0, 1, 6, 17, 58, 262
_CREATES = 0o100 | 0o20000000  # O_CREAT, __O_TMPFILE: without them the mode is whatever the register held
_TIOCSTI, _TIOCLINUX, _TIOCSETD = 0x5412, 0x541C, 0x5423
_PRIO_PROCESS, _PRIO_PGRP, _PRIO_USER = 0, 1, 2
_PER_LINUX, _ADDR_NO_RANDOMIZE, _PER_QUERY = 0, 0x0004_0000, ALL_BITS


def _bits(index: int, mask: int) -> tuple[ArgumentTest, ...]:
    """Any bit of `mask` is set."""
    return (ArgumentTest(index, (0,), mask, among=False),)


def _first(index: int) -> tuple[ArgumentTest, ...]:
    """The argument names PID 1."""
    return (ArgumentTest(index, (1,)),)


def _device(index: int) -> tuple[ArgumentTest, ...]:
    return (ArgumentTest(index, (stat.S_IFCHR, stat.S_IFBLK), 0o170000),)


RULES: Final = (
    # --- ways out of the namespaces, or into new ones with more kernel behind them
    Rule(("clone3",), errno.ENOSYS, "its flags lie behind a pointer; libc falls back to clone"),
    Rule(("clone",), errno.EPERM, "nested namespaces", _bits(0, _NEW_NAMESPACE)),
    Rule(("unshare",), errno.EPERM, "nested namespaces", _bits(0, _NEW_NAMESPACE | _NEW_TIME)),
    Rule(("setns",), errno.EPERM, "entering another namespace"),
    Rule(
        ("mount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree", "fsopen", "fsconfig", "fsmount",
         "fspick", "mount_setattr"),
        errno.EPERM,
        "the file system view of the box is final",
    ),
    Rule(("statmount", "listmount"), errno.ENOSYS, "mount tables; the caller falls back to /proc"),
    Rule(("name_to_handle_at", "open_by_handle_at"), errno.EPERM, "files outside the mounts, by handle"),
    # --- other processes: PID 1 of a box has the guest's uid, and must not be stopped or read
    Rule(
        ("ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "process_mrelease", "kcmp",
         "pidfd_getfd", "move_pages", "migrate_pages"),
        errno.EPERM,
        "memory and descriptors of another process",
    ),
    Rule(("prlimit64",), errno.EPERM, "limits of PID 1, which could then do nothing, or be killed", _first(0)),
    Rule(
        ("sched_setscheduler", "sched_setparam", "sched_setattr", "sched_setaffinity"),
        errno.EPERM,
        "PID 1 must get its turn",
        _first(0),
    ),
    Rule(
        ("setpriority",),
        errno.EPERM,
        "PID 1 must get its turn",
        (ArgumentTest(0, (_PRIO_PROCESS, _PRIO_PGRP)), *_first(1)),
    ),
    Rule(("setpriority",), errno.EPERM, "PID 1 is of the same user", (ArgumentTest(0, (_PRIO_USER,)),)),
    # --- kernel parts with a record of escapes that ordinary programs do without
    Rule(("io_uring_setup", "io_uring_enter", "io_uring_register"), errno.EPERM, "makes calls past this filter"),
    Rule(("keyctl", "add_key", "request_key"), errno.EPERM, "keyrings are shared across namespaces"),
    Rule(("bpf", "perf_event_open", "userfaultfd"), errno.EPERM, "kernel attack surface"),
    Rule(("fanotify_init", "fanotify_mark"), errno.EPERM, "watches files of others"),
    Rule(("cachestat",), errno.ENOSYS, "page cache of shared files: a side channel"),
    Rule(("modify_ldt", "uselib"), errno.EPERM, "16-bit segments and a.out"),
    Rule(
        ("personality",),
        errno.EPERM,
        "old execution domains; sanitizers and Lisps need to turn address randomisation off",
        (ArgumentTest(0, (_PER_LINUX, _ADDR_NO_RANDOMIZE, _PER_QUERY), among=False),),
    ),
    # --- sockets
    Rule(
        ("socket", "socketpair"),
        errno.EAFNOSUPPORT,
        "families beyond unix and IP: AF_ALG, AF_VSOCK, AF_RXRPC, AF_PACKET …",
        (ArgumentTest(0, (_UNIX, _INET, _INET6, _NETLINK), among=False),),
    ),
    Rule(
        # getifaddrs(3), if_nameindex(3), getaddrinfo(3) with AI_ADDRCONFIG, Go's net.Interfaces and
        # node's os.networkInterfaces ask rtnetlink. It reads; changes need a capability that no box has.
        ("socket", "socketpair"),
        errno.EAFNOSUPPORT,
        "netlink other than rtnetlink: XFRM, netfilter, audit …",
        (ArgumentTest(0, (_NETLINK,)), ArgumentTest(2, (_NETLINK_ROUTE,), among=False)),
    ),
    Rule(
        ("socket",),
        errno.EPROTONOSUPPORT,
        "SCTP, DCCP, L2TP …: modules that a socket call would load",
        (
            ArgumentTest(0, (_INET, _INET6)),
            ArgumentTest(2, (_DEFAULT, _ICMP, _TCP, _UDP, _ICMPV6, _MPTCP), among=False),
        ),
    ),
    # --- terminals
    Rule(
        ("ioctl",),
        errno.EPERM,
        "typing into a terminal (CVE-2017-5226, CVE-2023-28100) and line disciplines",
        (ArgumentTest(1, (_TIOCSTI, _TIOCLINUX, _TIOCSETD)),),
    ),
    # --- files that would outlive the box where a folder of the host is writable.
    # Set-group-ID stays possible: copying a folder's mode in a group-shared tree needs it.
    Rule(("mknod",), errno.EPERM, "device nodes and overlay whiteouts", _device(1)),
    Rule(("mknodat",), errno.EPERM, "device nodes and overlay whiteouts", _device(2)),
    Rule(("chmod", "fchmod", "creat", "mknod"), errno.EPERM, "set-user-ID files", _bits(1, stat.S_ISUID)),
    Rule(("fchmodat", "fchmodat2", "mknodat"), errno.EPERM, "set-user-ID files", _bits(2, stat.S_ISUID)),
    Rule(("open",), errno.EPERM, "set-user-ID files", _bits(1, _CREATES) + _bits(2, stat.S_ISUID)),
    Rule(("openat",), errno.EPERM, "set-user-ID files", _bits(2, _CREATES) + _bits(3, stat.S_ISUID)),
    Rule(("openat2",), errno.ENOSYS, "its mode lies behind a pointer; callers fall back to openat"),
    # --- the machine
    Rule(
        ("kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module", "create_module",
         "query_module", "get_kernel_syms", "swapon", "swapoff", "reboot", "syslog", "acct", "quotactl", "quotactl_fd",
         "settimeofday", "clock_settime", "adjtimex", "clock_adjtime", "ioperm", "iopl", "lookup_dcookie",
         "nfsservctl", "vhangup", "vserver", "_sysctl", "sysfs", "sethostname", "setdomainname"),
        errno.EPERM,
        "administration of the machine",
    ),
)  # fmt: skip
"""The first rule that holds decides."""

NUMBERS: Final[dict[str, tuple[int | None, int | None]]] = {
    "_sysctl": (156, None),
    "acct": (163, 89),
    "add_key": (248, 217),
    "adjtimex": (159, 171),
    "bpf": (321, 280),
    "cachestat": (451, 451),
    "chmod": (90, None),
    "chroot": (161, 51),
    "clock_adjtime": (305, 266),
    "clock_settime": (227, 112),
    "clone": (56, 220),
    "clone3": (435, 435),
    "creat": (85, None),
    "create_module": (174, None),
    "delete_module": (176, 106),
    "fanotify_init": (300, 262),
    "fanotify_mark": (301, 263),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "finit_module": (313, 273),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fsopen": (430, 430),
    "fspick": (433, 433),
    "get_kernel_syms": (177, None),
    "init_module": (175, 105),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "io_uring_setup": (425, 425),
    "ioctl": (16, 29),
    "ioperm": (173, None),
    "iopl": (172, None),
    "kcmp": (312, 272),
    "kexec_file_load": (320, 294),
    "kexec_load": (246, 104),
    "keyctl": (250, 219),
    "listmount": (458, 458),
    "lookup_dcookie": (212, 18),
    "migrate_pages": (256, 238),
    "mknod": (133, None),
    "mknodat": (259, 33),
    "modify_ldt": (154, None),
    "mount": (165, 40),
    "mount_setattr": (442, 442),
    "move_mount": (429, 429),
    "move_pages": (279, 239),
    "name_to_handle_at": (303, 264),
    "nfsservctl": (180, 42),
    "open": (2, None),
    "open_by_handle_at": (304, 265),
    "open_tree": (428, 428),
    "openat": (257, 56),
    "openat2": (437, 437),
    "perf_event_open": (298, 241),
    "personality": (135, 92),
    "pidfd_getfd": (438, 438),
    "pivot_root": (155, 41),
    "prlimit64": (302, 261),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    "query_module": (178, None),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "reboot": (169, 142),
    "request_key": (249, 218),
    "sched_setaffinity": (203, 122),
    "sched_setattr": (314, 274),
    "sched_setparam": (142, 118),
    "sched_setscheduler": (144, 119),
    "setdomainname": (171, 162),
    "sethostname": (170, 161),
    "setns": (308, 268),
    "setpriority": (141, 140),
    "settimeofday": (164, 170),
    "socket": (41, 198),
    "socketpair": (53, 199),
    "statmount": (457, 457),
    "swapoff": (168, 225),
    "swapon": (167, 224),
    "sysfs": (139, None),
    "syslog": (103, 116),
    "umount2": (166, 39),
    "unshare": (272, 97),
    "uselib": (134, None),
    "userfaultfd": (323, 282),
    "vhangup": (153, 58),
    "vserver": (236, None),
}
"""Call → its number on x86-64 and on AArch64, `None` where there is no such call."""
