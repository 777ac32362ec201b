"""An image is what its recipe says: the same recipe has the same name, another one another."""

from __future__ import annotations

import io
import re
import tarfile
from pathlib import Path

import pytest

from polyrun.model.frozen import replace
from polyrun.model.requirements import Requirements
from polyrun.sandbox.docker.recipe import Recipe, arguments, certificates, recipe

PYTHON = Requirements("python", {"debian": ("python3", "gcc"), "pypi": ("numpy", "pandas")})
BASE = "debian:bookworm-slim"


def members(context: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(context), mode="r:") as tar:
        return {one.name: (tar.extractfile(one) or io.BytesIO()).read() for one in tar}


def test_the_same_recipe_has_the_same_tag() -> None:
    made = recipe(PYTHON, BASE)
    assert made == recipe(PYTHON, BASE)
    assert re.fullmatch(r"polyrun/python:[0-9a-f]{12}", made.tag)
    turned = Requirements("python", {"pypi": ("pandas", "numpy"), "debian": ("gcc", "python3")})
    assert recipe(turned, BASE).tag == made.tag


@pytest.mark.parametrize(
    "other",
    [
        recipe(PYTHON, "debian:trixie-slim"),
        recipe(Requirements("python", {"debian": ("python3",), "pypi": ("numpy", "pandas")}), BASE),
        recipe(Requirements("python", {"debian": ("python3", "gcc"), "pypi": ("numpy",)}), BASE),
        recipe(Requirements("python", {"debian": ("python3", "gcc", "numpy", "pandas")}), BASE),
        recipe(Requirements("snake", PYTHON.packages), BASE),
        replace(recipe(PYTHON, BASE), starter=(*recipe(PYTHON, BASE).starter, ("more.c", b""))),
    ],
    ids=["base", "package fewer", "fetched fewer", "ecosystem", "name", "starter"],
)
def test_another_recipe_has_another_tag(other: Recipe) -> None:
    assert other.tag != recipe(PYTHON, BASE).tag


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("python", "python"),
        ("C++", "c"),
        ("Objective C", "objective-c"),
        ("a--b..c__d", "a-b-c-d"),
        ("-x-", "x"),
        ("Ünïcödé", "n-c-d"),
        ("", "image"),
        ("…", "image"),
        ("../../etc\nRUN x", "etc-run-x"),
    ],
)
def test_names_are_made_plain(name: str, plain: str) -> None:
    made = recipe(Requirements(name), BASE)
    assert made.name == plain
    assert re.fullmatch(r"polyrun/[a-z0-9]+(-[a-z0-9]+)*:[0-9a-f]{12}", made.tag)
    assert "RUN x" not in made.dockerfile


def test_packages_are_words_never_commands() -> None:
    evil = ("x; touch /owned", "$(id)")
    for ecosystem in ("debian", "pypi", "npm"):
        made = recipe(Requirements("evil", {ecosystem: evil}), BASE).dockerfile
        assert "'x; touch /owned'" in made
        assert "'$(id)'" in made
        assert made.count("touch /owned") == 1


def test_the_image_holds_no_installer_and_ends_as_the_user() -> None:
    last = recipe(PYTHON, BASE).dockerfile.split(f"FROM {BASE}\n")[-1]
    assert "pip" not in last
    assert "COPY --from=pypi /out/usr/local /usr/local" in last
    assert last.endswith('USER 10001:10001\nENTRYPOINT ["/usr/lib/polyrun/starter"]\n')


def test_the_context_is_an_archive_without_padding() -> None:
    made = recipe(PYTHON, BASE)
    context = made.context(b"certificate")
    found = members(context)
    assert set(found) == {"Dockerfile", "ca.crt", *(f"starter/{name}" for name, _text in made.starter)}
    assert {name: found[f"starter/{name}"] for name, _text in made.starter} == dict(made.starter)
    assert "starter.c" in dict(made.starter)
    assert found["ca.crt"] == b"certificate"
    assert found["Dockerfile"].decode().startswith(made.dockerfile)
    assert f"polyrun.recipe={made.digest} polyrun.name=python" in found["Dockerfile"].decode()
    sizes = (512 + -(-len(data) // 512) * 512 for data in found.values())
    assert len(context) == sum(sizes) + 1024
    assert context.endswith(bytes(1024))


def test_certificates_are_no_part_of_the_digest(tmp_path: Path) -> None:
    (tmp_path / "ca").write_bytes(b"trusted")
    made = recipe(PYTHON, BASE)
    assert members(made.context(b"one"))["Dockerfile"] == members(made.context())["Dockerfile"]
    assert certificates({"PIP_CERT": str(tmp_path / "none"), "SSL_CERT_FILE": str(tmp_path / "ca")}) == b"trusted"
    assert certificates({"PIP_CERT": str(tmp_path / "none")}) == b""
    assert certificates({}) == b""


def test_only_known_variables_are_passed_on() -> None:
    environ = {"http_proxy": "http://p", "HTTPS_PROXY": "https://q", "https_proxy": "no", "NO_PROXY": "", "SECRET": "s"}
    assert arguments(environ) == {"HTTP_PROXY": "http://p", "HTTPS_PROXY": "https://q"}
