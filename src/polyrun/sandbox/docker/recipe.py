"""From what a language needs to an image: its name, its Dockerfile, and the context that is sent to the engine.

An image holds the packages, a user without powers and the starter, nothing else. Its tag is the digest of its recipe,
so that a recipe that changes is another image, and one that does not is found again.
"""

from __future__ import annotations

import functools
import io
import os
import shlex
import tarfile
from collections.abc import Mapping

from polyrun.model.digest import sha256
from polyrun.model.frozen import frozen
from polyrun.model.requirements import Requirements

USER_ID = 10001
"""The uid and gid of `runner`, who runs everything in a container."""

STARTER = "/usr/lib/polyrun/starter"
REPOSITORY = "polyrun"
LABEL_RECIPE = "polyrun.recipe"
LABEL_NAME = "polyrun.name"

PASSED_ON = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "PIP_INDEX_URL", "PIP_TRUSTED_HOST", "NPM_CONFIG_REGISTRY")
"""Variables of the user's environment that a build is given, so that it finds packages where the user's tools do."""

_SOURCES = os.path.join(os.path.dirname(__file__), "starter")
_INSTALL = "apt-get update && apt-get install --yes --no-install-recommends {} && rm -rf /var/lib/apt/lists/*"
_OUT = "/out"
_FETCHERS = {
    "pypi": (("python3", "python3-pip"), f"pip install --no-cache-dir --break-system-packages --root {_OUT} {{}}"),
    "npm": (("nodejs", "npm"), f"npm install --global --prefix {_OUT}/usr/local --no-fund --no-audit {{}}"),
}
"""For each ecosystem what brings its installer, and what that is told. It runs, and stays, in a stage of its own."""
_RUNTIMES = {"pypi": "python3", "npm": "nodejs"}
_TRUST = "if [ -s /ca.crt ]; then export PIP_CERT=/ca.crt NODE_EXTRA_CA_CERTS=/ca.crt; fi; "
_CERTIFICATES = ("PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS")
_MAX_CERTIFICATES = 4 << 20
_ADD_USER = f"useradd --uid {USER_ID} --gid {USER_ID} --no-create-home --home-dir /tmp --shell /usr/sbin/nologin runner"


@frozen
class Recipe:
    """How one image is made. `digest` tells it from every other, `tag` is what the engine calls it.

    `starter` are the sources of PID 1, by name.
    """

    name: str
    dockerfile: str
    starter: tuple[tuple[str, bytes], ...]

    @property
    def digest(self) -> str:
        """12 hexadecimal digits."""
        parts = [self.dockerfile.encode(), *(part for name, text in self.starter for part in (name.encode(), text))]
        return sha256(b"\0".join(parts)).hexdigest()[:12]

    @property
    def tag(self) -> str:
        """`polyrun/NAME:DIGEST`."""
        return f"{REPOSITORY}/{self.name}:{self.digest}"

    def context(self, certificates: bytes = b"") -> bytes:
        """What the engine builds from, as a tar archive. `certificates` are what fetching trusts besides the usual.

        They say how to get at packages, not what is in them, so they are no part of the digest; nor of the image.
        """
        archive = io.BytesIO()
        end = 0
        with tarfile.open(fileobj=archive, mode="w", format=tarfile.GNU_FORMAT) as tar:
            ours = (("Dockerfile", self._labelled().encode()), ("ca.crt", certificates))
            for name, data in (*ours, *((f"starter/{name}", text) for name, text in self.starter)):
                info = tarfile.TarInfo(name)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
            end = archive.tell() + 2 * tarfile.BLOCKSIZE
        # Without padding: an engine that closes with something unread takes its answer back (unix(7), `ECONNRESET`).
        return archive.getvalue()[:end]

    def _labelled(self) -> str:
        return f"{self.dockerfile}LABEL {LABEL_RECIPE}={self.digest} {LABEL_NAME}={self.name}\n"


def recipe(requirements: Requirements, base: str) -> Recipe:
    """The image for `requirements` on top of the image `base`, which must be a Debian or Ubuntu."""
    packages = {name: tuple(sorted(words)) for name, words in requirements.packages.items() if words}
    lines = [
        f"FROM {base} AS starter",
        "RUN " + _INSTALL.format("gcc libc6-dev"),
        "COPY starter /source",
        "RUN gcc -O2 -Wall -static -s -o /starter /source/*.c && chmod 0755 /starter",
    ]
    fetched = [name for name in _FETCHERS if name in packages]
    for name in fetched:
        installers, command = _FETCHERS[name]
        lines += [
            f"FROM {base} AS {name}",
            "RUN " + _INSTALL.format(" ".join(installers)),
            *(f"ARG {variable}" for variable in PASSED_ON if not variable.endswith("_PROXY")),  # engines know those
            "COPY ca.crt /ca.crt",
            f"RUN {_TRUST}{command.format(shlex.join(packages[name]))}",
        ]
    lines.append(f"FROM {base}")
    debian = {*packages.get("debian", ())} - {"npm"} | {_RUNTIMES[name] for name in fetched}
    if debian:
        lines.append("RUN " + _INSTALL.format(shlex.join(sorted(debian))))
    lines += [f"COPY --from={name} {_OUT}/usr/local /usr/local" for name in fetched]
    lines += [
        f"RUN groupadd --gid {USER_ID} runner && {_ADD_USER}",
        f"COPY --from=starter /starter {STARTER}",
        f"USER {USER_ID}:{USER_ID}",
        f'ENTRYPOINT ["{STARTER}"]',
        "",
    ]
    return Recipe(_plain(requirements.name), "\n".join(lines), _starter())


@functools.cache
def _starter() -> tuple[tuple[str, bytes], ...]:
    """The sources of PID 1, read once: a recipe is made for every box."""
    found = []
    for name in sorted(os.listdir(_SOURCES)):
        with open(os.path.join(_SOURCES, name), "rb") as file:
            found.append((name, file.read()))
    return tuple(found)


def arguments(environ: Mapping[str, str]) -> dict[str, str]:
    """The build arguments: those of `PASSED_ON` that `environ` has, in either case."""
    found = {}
    for name in PASSED_ON:
        value = environ.get(name) or environ.get(name.lower())
        if value:
            found[name] = value
    return found


def certificates(environ: Mapping[str, str]) -> bytes:
    """The certificates that the user's own tools are told to trust, as where a network looks into TLS; or nothing."""
    for name in _CERTIFICATES:
        path = environ.get(name)
        if path:
            try:
                with open(path, "rb") as file:
                    return file.read(_MAX_CERTIFICATES)
            except OSError:
                continue
    return b""


def _plain(name: str) -> str:
    """`name` as a part of an image's name: small letters, digits, and single dots, dashes and underscores inside."""
    letters = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name.lower())
    return "-".join(part for part in letters.split("-") if part) or "image"
