"""The `docker` backend: level 3, and level 4 where gVisor's `runsc` is the runtime."""

from __future__ import annotations

import json
import os
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from polyrun.model.digest import sha256
from polyrun.model.errors import SandboxError
from polyrun.model.frozen import replace
from polyrun.model.limits import MAX_WALL_S, Limits
from polyrun.model.outcomes import Feature, Status
from polyrun.model.requirements import Requirements
from polyrun.sandbox.base import BoxSpec, Capabilities, Command, Unavailable, Workspace
from polyrun.sandbox.docker import images
from polyrun.sandbox.docker.api import Endpoint, Engine, EngineError, EngineGone
from polyrun.sandbox.docker.box import Box
from polyrun.sandbox.docker.container import Container
from polyrun.sandbox.docker.hardening import LABEL_DEADLINE, LABEL_KEPT, LABEL_OWNER, OWN_KERNELS, Wanted
from polyrun.sandbox.docker.options import DEFAULTS, DockerOptions
from polyrun.sandbox.docker.pool import Pool
from polyrun.sandbox.docker.recipe import Recipe, recipe
from polyrun.sandbox.host import HostOutput
from polyrun.sandbox.identity import is_orphan, is_ours
from polyrun.sandbox.scratch import scratch, write_whole

_LEAST_VERSION = (1, 40)
_PODMAN = "Podman Engine"
_LIFETIME_S = MAX_WALL_S + 3600.0
_TRUSTED = Limits(wall_s=60, cpu_s=60, processes=256, open_files=1024)


class Docker:
    """The backend. `cache` is a folder that lasts between runs, or `None`."""

    name = "docker"
    shows_host = False

    def __init__(self, options: DockerOptions = DEFAULTS, endpoint: Endpoint | None = None) -> None:
        self.options = options
        self.engine = Engine(endpoint or Endpoint.of_environment())
        self.notes: list[str] = []
        self.cache: str | None = None
        self._images: dict[str, str] = {}
        self._found: Capabilities | None = None
        self._is_podman = False
        self._pool: Pool | None = None

    def recipe(self, requirements: Requirements) -> Recipe:
        """The image for `requirements`."""
        return recipe(requirements, self.options.base)

    async def probe(self) -> Capabilities | Unavailable:
        """See `Sandbox`: whether the engine answers, is new enough and has the runtime.

        What a container enforces is read back at each start: one that does not hold what was asked for is not used. So
        it is asked but once.
        """
        if self._found is not None:
            return self._found
        try:
            version = await self.engine.get("/version")
            facts = await self.engine.get("/info")
        except EngineGone as error:
            return Unavailable(self.name, str(error), advice(str(error)))
        except EngineError as error:
            return Unavailable(self.name, f"the engine refuses: {error}")
        if not isinstance(version, dict) or not isinstance(facts, dict):
            return Unavailable(self.name, "what answers is no engine of containers")
        unfit = self._unfit(version, facts)
        if unfit is not None:
            return unfit
        self._is_podman = any(part.get("Name") == _PODMAN for part in version.get("Components") or ())
        runtime = self.options.runtime
        level = 4 if runtime in OWN_KERNELS else 3
        notes = (
            f"engine: {facts.get('ServerVersion', '?')} at {self.engine.endpoint.url}",
            f"runtime: {runtime or facts.get('DefaultRuntime', '?')}",
        )
        self._found = Capabilities(self.name, level, self.features(net=False), (), notes)
        return self._found

    def _unfit(self, version: Mapping[str, Any], facts: Mapping[str, Any]) -> Unavailable | None:
        """What is wrong with an engine that says this of itself."""
        spoken = str(version.get("ApiVersion", "0"))
        if _numbers(spoken) < _LEAST_VERSION:
            least = ".".join(map(str, _LEAST_VERSION))
            return Unavailable(self.name, f"the engine is too old: it speaks API {spoken}, and {least} is needed")
        runtime, runtimes = self.options.runtime, facts.get("Runtimes") or {}
        if runtime is not None and runtime not in runtimes:
            known = ", ".join(f"`{name}`" for name in sorted(runtimes))
            return Unavailable(self.name, f"the engine has no runtime `{runtime}`", f"it has {known}")
        return None

    async def lacks(self, needs: Sequence[Requirements]) -> Unavailable | None:
        """See `Sandbox`: images that were not built yet."""
        missing = set()
        for wanted in needs:
            made = self.recipe(wanted)
            try:
                if await self._find(made) is None:
                    missing.add(made.name)
            except (EngineError, EngineGone) as error:
                return Unavailable(self.name, str(error))
        if not missing:
            return None
        said = ", ".join(f"`{name}`" for name in sorted(missing))
        return Unavailable(
            self.name, f"there is no image for {said}", f"`polyrun images build {' '.join(sorted(missing))}`"
        )

    @asynccontextmanager
    async def open(self, spec: BoxSpec) -> AsyncIterator[Box]:
        """See `Sandbox`."""
        if spec.permissions.read or spec.permissions.write:
            raise SandboxError(
                "preparing a box",
                "a container sees the document's folder only, and no other path of the host",
                hint="put what is needed beside the document, or use `--sandbox bubblewrap`",
            )
        yield Box(self, spec, await self.image_for(spec.requirements))

    async def image_for(self, requirements: Requirements | None) -> str:
        """The id of the image for `requirements`. Raises `SandboxError` if there is none."""
        if requirements is None:
            raise SandboxError("preparing a box", "nothing says what the container must hold")
        made = self.recipe(requirements)
        try:
            found = await self._find(made)
        except (EngineError, EngineGone) as error:
            raise SandboxError("preparing a box", str(error)) from error
        if found is None:
            hint = f"`polyrun images build {made.name}`"
            raise SandboxError("preparing a box", f"there is no image `{made.tag}`", hint=hint)
        return found

    async def _find(self, made: Recipe) -> str | None:
        """The id of the image of a recipe, asked for until there is one. Raises like the engine."""
        tag = made.tag
        if tag not in self._images:
            found = await images.find(self.engine, made)
            if found is None:
                return None
            self._images[tag] = found
        return self._images[tag]

    async def expect(self, requirements: Requirements, limits: Limits, *, net: bool) -> bool:
        """See `Sandbox`."""
        try:
            image = await self.image_for(requirements)
        except SandboxError:  # whoever opens a box for it will hear of that
            return True
        return self.pool.expect(self._wanted(image, self.bounded(limits), 0, net=net))

    async def take(self, image: str, limits: Limits, sent_bytes: int, *, net: bool) -> Container:
        """A container for one command under `limits`, which comes with files of `sent_bytes`. Raises `SandboxError`."""
        return await self.pool.take(self._wanted(image, limits, sent_bytes, net=net))

    def features(self, *, net: bool) -> frozenset[Feature]:
        """See `Supply`. Whether a container holds all that is read back at its start."""
        opened = {Feature.NETWORK} if net or self.options.net else set()
        return frozenset(Feature) - opened

    def bounded(self, limits: Limits) -> Limits:
        """`limits` under what the options allow a container."""
        lower = {}
        for name, most in self.options.ceiling.items():
            own = getattr(limits, name)
            if own is None or own > most:
                lower[name] = most
        return limits.updated(lower)

    def _wanted(self, image: str, limits: Limits, sent_bytes: int, *, net: bool) -> Wanted:
        wanted = Wanted.of(image, limits, sent_bytes, self.options, net=net)
        return replace(wanted, podman=self._is_podman)

    def discard(self, container: Container) -> None:
        """Throw `container` away, in the background."""
        self.pool.discard(container)

    @property
    def pool(self) -> Pool:
        """The waiting containers of the running event loop."""
        if self._pool is None:
            self._pool = Pool(lambda wanted: Container.start(self.engine, wanted, _LIFETIME_S), self.options.pool)
        return self._pool

    async def elsewhere(self, requirements: Requirements) -> _Image:
        """See `Sandbox`."""
        return _Image(self, self.recipe(requirements).tag, await self.image_for(requirements))

    async def run_trusted(self, image: str, argv: Sequence[str]) -> HostOutput:
        """What a trusted program of an image prints. Raises `SandboxError`."""
        printed = {"stdout": bytearray(), "stderr": bytearray()}
        with scratch() as folder:
            box = Box(self, BoxSpec(Workspace(folder), folder), image)
            command = Command(tuple(argv), cwd="/")
            outcome = await box.run(command, _TRUSTED, lambda stream, data: printed[stream].extend(data))
        if outcome.exit_code is None or outcome.status not in {Status.OK, Status.NONZERO_EXIT}:
            raise SandboxError("asking an image", f"`{argv[0]}` {outcome.reason or outcome.status}")
        code = outcome.exit_code
        texts = (bytes(printed[name]).decode(errors="replace") for name in ("stdout", "stderr"))
        return HostOutput(code, *texts)

    async def reap(self, *, dry_run: bool = False, thorough: bool = False) -> list[str]:
        """See `Sandbox`: containers whose PolyRun is gone, or whose time is over, by their ids."""
        try:
            found = [
                str(facts["Id"])
                for label in (LABEL_OWNER, *((LABEL_KEPT,) if thorough else ()))
                for facts in await self._labelled(label)
                if self._is_left_over(facts.get("Labels") or {}, label)
            ]
            for identifier in () if dry_run else found:
                with suppress(EngineError):  # it is going already
                    await self.engine.delete(f"/containers/{identifier}", {"force": 1, "v": 1})
        except (EngineError, EngineGone):  # whoever wants a container will hear of it
            return []
        return found

    async def _labelled(self, label: str) -> list[dict[str, Any]]:
        query = {"all": 1, "filters": json.dumps({"label": [label]})}
        found: list[dict[str, Any]] = await self.engine.get("/containers/json", query)
        return found

    def _is_left_over(self, labels: dict[str, str], label: str) -> bool:
        """The owner tells, where it can be asked; the deadline is for those of other hosts and of other containers."""
        owner, deadline = labels.get(label, ""), labels.get(LABEL_DEADLINE, "")
        if self.engine.endpoint.is_local and is_ours(owner):
            return is_orphan(owner)
        return deadline.isascii() and deadline.isdigit() and int(deadline) < time.time()

    async def close(self) -> None:
        """See `Sandbox`."""
        if self._pool is not None:
            pool, self._pool = self._pool, None
            await pool.close()


class _Image:
    """An image, as an `Elsewhere`. What its programs answer is remembered for as long as the image is the same."""

    def __init__(self, backend: Docker, tag: str, identifier: str) -> None:
        self.place = f"the image `{tag}` ({identifier.removeprefix('sha256:')[:12]})"
        self._backend = backend
        self._id = identifier

    async def ask(self, argv: Sequence[str]) -> HostOutput:
        known = None if self._backend.cache is None else _Answers(self._backend.cache, self._id)
        answer = known.recall(argv) if known is not None else None
        if answer is None:
            answer = await self._backend.run_trusted(self._id, argv)
            if known is not None:
                known.keep(argv, answer)
        return answer

    async def try_out(self) -> None:
        told = await self._backend.run_trusted(self._id, ("/bin/true",))
        if told.exit_code != 0:
            raise SandboxError("trying an image", told.stderr.strip() or f"`/bin/true` exits with {told.exit_code}")


class _Answers:
    """What programs of one image have printed, in a JSON file: an image never changes."""

    def __init__(self, folder: str, image: str) -> None:
        self._path = os.path.join(folder, f"image-{sha256(image.encode()).hexdigest()[:20]}.json")

    def recall(self, argv: Sequence[str]) -> HostOutput | None:
        found = self._all().get("\0".join(argv))
        match found:
            case [int(code), str(stdout), str(stderr)]:
                return HostOutput(code, stdout, stderr)
            case _:
                return None

    def keep(self, argv: Sequence[str], answer: HostOutput) -> None:
        known = self._all()
        known["\0".join(argv)] = [answer.exit_code, answer.stdout, answer.stderr]
        with suppress(OSError):  # then it is asked again
            write_whole(self._path, json.dumps(known).encode())

    def _all(self) -> dict[str, object]:
        try:
            with open(self._path, encoding="utf-8") as file:
                found = json.load(file)
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}


def advice(trouble: str) -> str | None:
    """What the user can do about an engine that does not answer, by what `EngineGone` says."""
    if "permission denied" in trouble:
        return "add your user to the group `docker`, or set `DOCKER_HOST` to an engine of your own"
    if "no socket" in trouble or "refused" in trouble:
        return "start Docker, or set `DOCKER_HOST`"
    return None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
