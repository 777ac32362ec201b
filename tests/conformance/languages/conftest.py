"""One bench per language, made once for all tests."""

from __future__ import annotations

import pytest

from conformance.languages.harness import REGISTRY, Bench, BenchOf, toolchain
from polyrun.languages import ToolchainMissing


@pytest.fixture(scope="session")
def bench_of(tmp_path_factory: pytest.TempPathFactory) -> BenchOf:
    """The bench of a language; skips when its toolchain is missing."""
    benches: dict[str, Bench] = {}

    def bench_of(identifier: str) -> Bench:
        if identifier not in benches:
            tools = toolchain(identifier)
            if isinstance(tools, ToolchainMissing):
                pytest.skip(tools.reason)
            language = REGISTRY.get(identifier)
            assert language is not None
            benches[identifier] = Bench(language, tools, tmp_path_factory.mktemp(identifier))
        return benches[identifier]

    return bench_of


@pytest.fixture(params=REGISTRY.ids)
def bench(request: pytest.FixtureRequest, bench_of: BenchOf) -> Bench:
    """The bench of every registered language in turn."""
    return bench_of(request.param)
