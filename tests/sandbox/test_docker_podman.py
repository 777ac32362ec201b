"""Podman's compatible socket: the same documents, the same limits, and containers that are shut in as much."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from polyrun.model.outcomes import Feature
from polyrun.sandbox.base import Capabilities
from polyrun.sandbox.docker.api import Endpoint
from polyrun.sandbox.docker.backend import Docker
from sandbox.engine_cases import check_document, check_hardening, check_limits, check_network, ours
from sandbox.podman import serving

pytestmark = pytest.mark.docker


@pytest.fixture(scope="session")
def service() -> Iterator[str]:
    """A service for all tests of this worker."""
    with serving(("python", "bash")) as address:
        yield address


@pytest.fixture(autouse=True)
def address(service: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The service as the engine that PolyRun finds; nothing of ours is in it after the test."""
    monkeypatch.setenv("DOCKER_HOST", service)
    yield service
    assert ours(service) == []


def test_it_is_known_for_what_it_is(address: str) -> None:
    found = asyncio.run(Docker(endpoint=Endpoint(address)).probe())
    assert isinstance(found, Capabilities), found
    assert found.level == 3
    assert any(note.startswith("engine: 4") for note in found.notes), found.notes


def test_a_document_with_values_and_files(tmp_path: Path) -> None:
    result = check_document(tmp_path)
    assert (result.sandbox, result.level) == ("docker", 3)
    assert all(set(block.enforced) == set(Feature) for block in result.blocks)


def test_limits(tmp_path: Path) -> None:
    check_limits(tmp_path)


def test_no_network(tmp_path: Path) -> None:
    check_network(tmp_path)


def test_containers_are_shut_in(tmp_path: Path) -> None:
    check_hardening(tmp_path)
