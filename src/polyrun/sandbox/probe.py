"""Finding out what the `bubblewrap` backend enforces on this host: a box is started and asked.

What the probe's program prints is believed only where the host cannot look itself; the program is ours.
"""

from __future__ import annotations

import os
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from polyrun.model.errors import SandboxError
from polyrun.model.limits import MIB, Limits
from polyrun.model.outcomes import Feature, Outcome
from polyrun.sandbox import cgroups
from polyrun.sandbox.base import Box, BoxSpec, Capabilities, Command, Unavailable, Workspace
from polyrun.sandbox.scratch import scratch

_LIMITS = Limits(wall_s=20, cpu_s=10, memory_bytes=64 * MIB, processes=16, open_files=61)

_PROGRAM = """
while read -r key value; do
  case $key in NoNewPrivs:|Seccomp:|CapEff:|CapBnd:) echo "$key$value" ;; esac
done </proc/self/status
count=0; for each in /proc/[0-9]*; do count=$((count + 1)); done; echo "processes:$count"
while read -r name _; do case $name in *:) echo "interface:${name%:}" ;; esac; done </proc/net/dev
for path in / /usr /etc /polyrun/source; do
  if (: >"$path/.polyrun-probe") 2>/dev/null; then echo "writable:$path"; fi
done
if (: >written) 2>/dev/null; then echo workspace:written; fi
if (: <"$1") 2>/dev/null; then echo outside:visible; fi
echo "files:$(ulimit -n)"
echo "secret:${POLYRUN_PROBE-}"
"""


class Probed(Protocol):
    """What the probe must know of the backend (see `bubblewrap.Bubblewrap`, which cannot be imported from here)."""

    name: str
    program: str
    hierarchy: cgroups.Hierarchy | None
    no_hierarchy: str
    seccomp: bytes | None

    @property
    def has_cpus(self) -> bool:
        """Whether `cpus` can be enforced."""
        ...

    def open(self, spec: BoxSpec) -> AbstractAsyncContextManager[Box]:
        """A box."""
        ...


async def probe_bubblewrap(backend: Probed) -> Capabilities | Unavailable:
    """Start a box and read everything back."""
    with scratch() as folder:
        return await _probe(backend, folder)


async def _probe(backend: Probed, folder: str) -> Capabilities | Unavailable:
    paths = {name: os.path.join(folder, name) for name in ("scratch", "work", "overlay", "outside")}
    for path in paths.values():
        os.mkdir(path)
    spec = BoxSpec(Workspace(paths["work"], paths["overlay"]), paths["scratch"])
    printed = bytearray()
    try:
        async with backend.open(spec) as box:
            outcome = await box.run(
                Command(("/bin/sh", "-c", _PROGRAM, "probe", paths["outside"])),
                _LIMITS,
                lambda _stream, data: printed.extend(data),
            )
    except SandboxError as error:
        return Unavailable(backend.name, str(error), _hint(str(error)))
    said = _said(printed.decode(errors="replace"))
    missing = []
    if outcome.exit_code != 0 or said.get("NoNewPrivs") != ["1"]:
        return Unavailable(backend.name, f"the probe did not run in its box: {outcome.reason or outcome.status}")
    overlaid = "written" in os.listdir(os.path.join(paths["overlay"], "upper"))
    if os.listdir(paths["work"]):
        return Unavailable(backend.name, "writes to the document's folder are not kept in the overlay")
    if not overlaid:
        missing.append(
            "workspace: this kernel or file system has no overlays here, so the document's folder is read-only"
        )
    features = _features(said, outcome, missing, backend)
    needed = {Feature.FILES, Feature.NETWORK, Feature.PRIVILEGES, Feature.PROCESSES_HIDDEN, Feature.ENVIRONMENT}
    if not needed <= features:
        lost = ", ".join(sorted(needed - features))
        return Unavailable(backend.name, f"a box here does not isolate: {lost}")
    notes = [f"bwrap: {backend.program}", backend.hierarchy.description if backend.hierarchy else backend.no_hierarchy]
    if backend.hierarchy is None:  # else the box itself made sure that its program is in its group
        if os.getuid() == 0:
            missing.append("processes: watched every 25 ms, because root is exempt from the kernel's own limit")
        missing.append(f"memory: watched every 25 ms instead of limited by the kernel ({backend.no_hierarchy})")
        missing.append("memory that no process maps (memory files, System V segments, empty files) is not limited")
    return Capabilities(backend.name, 1 if backend.hierarchy is None else 2, features, tuple(missing), tuple(notes))


def _features(said: dict[str, list[str]], outcome: Outcome, missing: list[str], backend: Probed) -> frozenset[Feature]:
    found = {
        Feature.WALL,
        Feature.OUTPUT,
        Feature.CPU,
        Feature.MEMORY,
        Feature.PIDS,
        Feature.DISK,
        *([Feature.CPUS] if backend.has_cpus else []),
    }
    if "writable" not in said and "outside" not in said:
        found.add(Feature.FILES)
    if said.get("interface") == ["lo"]:
        found.add(Feature.NETWORK)
    if all(set(said.get(key, ["?"])[0]) == {"0"} for key in ("CapEff", "CapBnd")):
        found.add(Feature.PRIVILEGES)
    if int(said.get("processes", ["99"])[0]) <= 3:
        found.add(Feature.PROCESSES_HIDDEN)
    if said.get("secret") == [""]:
        found.add(Feature.ENVIRONMENT)
    if said.get("files") == [str(_LIMITS.open_files)]:
        found.add(Feature.OPEN_FILES)
    if said.get("Seccomp") == ["2"] and backend.seccomp is not None:
        found.add(Feature.SYSCALLS)
    else:
        missing.append("syscalls: no seccomp filter for this machine")
    if outcome.usage.cpu_s is None:
        found.discard(Feature.CPU)
    if not backend.has_cpus:
        missing.append("cpus: no writable cpu control group")
    return frozenset(found)


def _said(text: str) -> dict[str, list[str]]:
    said: dict[str, list[str]] = {}
    for line in text.splitlines():
        key, _, value = line.partition(":")
        said.setdefault(key, []).append(value.strip())
    return said


def _hint(trouble: str) -> str | None:
    lowered = trouble.lower()
    if "namespace" in lowered or "uid map" in lowered or "operation not permitted" in lowered:
        return "allow unprivileged user namespaces (`sysctl kernel.apparmor_restrict_unprivileged_userns=0` on Ubuntu)"
    return None
