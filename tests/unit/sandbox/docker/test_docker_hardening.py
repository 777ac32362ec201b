"""What is asked of the engine for a container, and that nothing less is accepted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from polyrun.model.errors import SandboxError
from polyrun.model.frozen import replace
from polyrun.model.limits import GIB, MIB, Limits
from polyrun.sandbox.docker.hardening import ROOT, TMP, Wanted, body, check
from polyrun.sandbox.docker.options import DockerOptions

LIMITS = Limits(memory_bytes=128 * MIB, processes=10, open_files=99, disk_bytes=32 * MIB, cpus=1.5)


def wanted(limits: Limits = LIMITS, sent: int = 0, *, net: bool = False, **options: Any) -> Wanted:
    return Wanted.of("sha256:abc", limits, sent, DockerOptions(**options), net=net)


def facts_of(one: Wanted) -> dict[str, list[str]]:
    return {
        "NoNewPrivs": ["1"],
        "CapEff": ["0000000000000000"],
        "CapBnd": ["0000000000000000"],
        "Uid": ["10001\t10001\t10001\t10001"],
        "interface": ["lo"],
        "memory": [str(one.memory_bytes + 4 * MIB)],
        "pids": [str(one.pids)],
        "quota": ["150000"],
        "period": ["100000"],
        "root": ["read-only"],
        "space": [f"{ROOT} {one.disk_bytes} 200000", f"{TMP} {min(one.disk_bytes, 256 * MIB)} 200000"],
    }


def test_limits_become_what_is_wanted() -> None:
    one = wanted()
    assert (one.memory_bytes, one.pids, one.open_files, one.cpus) == (128 * MIB, 11, 99, 1.5)
    assert one.disk_bytes == 96 * MIB
    assert (one.net, one.runtime, one.read_only_root, one.remove) == (False, None, True, True)
    assert wanted() == one
    assert hash(wanted()) == hash(one)


@pytest.mark.parametrize(
    ("sent", "extra"), [(0, 0), (64 * MIB, 0), (64 * MIB + 1, 128 * MIB), (128 * MIB, 128 * MIB), (GIB - 1, GIB)]
)
def test_much_that_is_sent_along_gets_room_of_its_own(sent: int, extra: int) -> None:
    one = wanted(sent=sent)
    assert one.memory_bytes == 128 * MIB + extra
    assert one.disk_bytes == 96 * MIB + extra


@pytest.mark.parametrize(
    ("asked", "given"), [(1, 6 * MIB), (6 * MIB + 4095, 6 * MIB), (7 * MIB + 4097, 7 * MIB + 4096)]
)
def test_memory_is_whole_pages_and_no_less_than_an_engine_takes(asked: int, given: int) -> None:
    assert wanted(replace(LIMITS, memory_bytes=asked)).memory_bytes == given


def test_disk_has_an_end() -> None:
    assert wanted(replace(LIMITS, disk_bytes=1 << 50)).disk_bytes == 64 * GIB + 64 * MIB


def test_options_reach_the_container() -> None:
    one = wanted(runtime="runsc", net=True, read_only_root=False, remove=False)
    assert (one.net, one.runtime, one.read_only_root, one.remove) == (True, "runsc", False, False)
    host = body(one, {})["HostConfig"]
    assert (host["Runtime"], host["NetworkMode"], host["ReadonlyRootfs"]) == ("runsc", "bridge", False)
    assert host["AutoRemove"] is False


def test_every_protection_is_asked_for() -> None:
    asked = body(wanted(), {"polyrun.owner": "me"})
    host = asked["HostConfig"]
    assert asked["User"] == "10001:10001"
    assert asked["Labels"] == {"polyrun.owner": "me"}
    assert all(name.startswith("PATH=") for name in asked["Env"])
    assert (asked["Tty"], asked["OpenStdin"], asked["StdinOnce"]) == (False, True, True)
    assert host["NetworkMode"] == "none"
    assert host["ReadonlyRootfs"] is True
    assert host["Privileged"] is False
    assert host["CapDrop"] == ["ALL"]
    assert "CapAdd" not in host
    assert not {"Binds", "Mounts", "Devices", "VolumesFrom", "PidMode", "UsernsMode", "CgroupnsMode"} & host.keys()
    assert host["IpcMode"] == "private"
    assert host["Memory"] == host["MemorySwap"] == 132 * MIB, "no swap, and what the starter sets aside"
    assert host["PidsLimit"] == 11, "the starter is one of them"
    assert (host["CpuQuota"], host["CpuPeriod"]) == (150_000, 100_000)
    assert host["AutoRemove"] is True
    assert host["LogConfig"]["Type"] == "none"
    assert host["RestartPolicy"] == {"Name": "no"}
    ulimits = {one["Name"]: (one["Soft"], one["Hard"]) for one in host["Ulimits"]}
    assert ulimits["nofile"] == (259, 259), "the starter sets the program's own"
    assert ulimits["core"] == (0, 0)
    assert ulimits["fsize"] == (96 * MIB, 96 * MIB)
    for place, size in ((ROOT, 96 * MIB), (TMP, 96 * MIB)):
        words = host["Tmpfs"][place].split(",")
        assert {"nosuid", "nodev", f"size={size}", "mode=1777", "nr_inodes=200000"} <= set(words)
    json.dumps(asked)


def test_the_engines_own_filter_of_system_calls_stays_on() -> None:
    assert body(wanted(), {})["HostConfig"]["SecurityOpt"] == ["no-new-privileges"]


def test_the_temp_folder_is_never_larger_than_256_mib() -> None:
    tmpfs = body(wanted(replace(LIMITS, disk_bytes=8 * GIB)), {})["HostConfig"]["Tmpfs"]
    assert f"size={256 * MIB}," in tmpfs[TMP]
    assert f"size={8 * GIB + 64 * MIB}," in tmpfs[ROOT]


@pytest.mark.parametrize(("cpus", "quota"), [(None, None), (0.001, 1000), (0.25, 25_000), (16.0, 1_600_000)])
def test_processors_become_a_quota(cpus: float | None, quota: int | None) -> None:
    assert body(wanted(replace(LIMITS, cpus=cpus)), {})["HostConfig"].get("CpuQuota") == quota


def test_what_was_asked_for_is_accepted() -> None:
    check(wanted(), facts_of(wanted()))
    nameless = {name: found for name, found in facts_of(wanted()).items() if name != "interface"}
    check(wanted(), nameless)  # no /proc/net/dev: no network


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("NoNewPrivs", ["0"]),
        ("CapEff", ["00000000a80425fb"]),
        ("CapBnd", ["00000000a80425fb"]),
        ("Uid", ["0\t0\t0\t0"]),
        ("Uid", ["10001\t0\t10001\t10001"]),
        ("interface", ["lo", "eth0"]),
        ("interface", ["eth0"]),
        ("memory", ["9223372036854771712"]),
        ("memory", ["-1"]),
        ("pids", ["-1"]),
        ("pids", ["12"]),
        ("quota", ["-1"]),
        ("root", ["writable"]),
        ("root", ["closed"]),
        ("space", [f"{ROOT} {96 * MIB} 1"]),
        ("space", [f"{TMP} {96 * MIB} 1"]),
        ("space", [f"{ROOT} {97 * MIB} 1", f"{TMP} {96 * MIB} 1"]),
        ("space", [f"{ROOT} {96 * MIB} 1", f"{TMP} {97 * MIB} 1"]),
        ("space", [f"{ROOT} 0 1", f"{TMP} 0 1"]),
        ("space", [f"{ROOT} much 1", f"{TMP} {96 * MIB} 1"]),
        ("space", [ROOT, TMP]),
    ],
)
def test_no_single_thing_may_be_other_than_asked(name: str, found: list[str]) -> None:
    with pytest.raises(SandboxError, match=r"asked for"):
        check(wanted(), facts_of(wanted()) | {name: found})


@pytest.mark.parametrize("name", [name for name in facts_of(wanted()) if name not in {"interface", "period"}])
def test_nothing_may_be_unknown(name: str) -> None:
    facts = {key: found for key, found in facts_of(wanted()).items() if key != name}
    with pytest.raises(SandboxError, match=r"asked for"):
        check(wanted(), facts)


def test_what_was_opened_is_not_checked() -> None:
    one = wanted(replace(LIMITS, cpus=None), net=True, read_only_root=False)
    facts = facts_of(one) | {"interface": ["lo", "eth0"], "root": ["writable"], "quota": ["-1"]}
    check(one, facts)


def test_a_kernel_of_its_own_shows_less() -> None:
    one = wanted(runtime="runsc")
    hidden = {"NoNewPrivs": ["0"], "memory": ["-1"], "pids": ["-1"], "quota": ["-1"]}
    check(one, facts_of(one) | hidden)
    with pytest.raises(SandboxError, match="CapEff"):
        check(one, facts_of(one) | hidden | {"CapEff": ["1"]})
    with pytest.raises(SandboxError, match="root"):
        check(one, facts_of(one) | hidden | {"root": ["writable"]})


def test_podmans_own_writable_folders_are_closed() -> None:
    closed = {"/run", "/var/tmp"}
    assert not closed & body(wanted(), {})["HostConfig"]["Tmpfs"].keys()
    places = body(replace(wanted(), podman=True), {})["HostConfig"]["Tmpfs"]
    assert all(places[place].startswith("ro,") for place in closed)
    bold = wanted(read_only_root=False)
    assert not closed & body(replace(bold, podman=True), {})["HostConfig"]["Tmpfs"].keys()


def test_a_kernel_of_its_own_has_room_of_its_own() -> None:
    assert wanted(runtime="runsc").memory_bytes == 192 * MIB
    assert wanted(runtime="runsc").pids == 523
