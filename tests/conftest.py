"""What holds for every test: a home of its own, no leftovers, and no silent skips in CI."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from actor import Actor, ordinary_user, ourselves
from leak_check import Surroundings, adopt_orphans, leaks_since

_ROOT = "POLYRUN_TEST_ROOT"
"""Names the folder of this test session; the workers of xdist inherit it."""

# The machine is shared with compilers and other workers: how long one example takes says nothing.
settings.register_profile("polyrun", deadline=None)
settings.load_profile("polyrun")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Give the session its own home and temp folder, before anything looks at either."""
    if _ROOT not in os.environ:
        root = tempfile.mkdtemp(prefix="polyrun-tests-")
        os.chmod(root, 0o755)  # tests as an ordinary user must pass through
        os.environ[_ROOT] = root
        config.stash[_OWNED] = root
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    _move_in(Path(os.environ[_ROOT]), worker)
    if worker != "main" or config.option.basetemp is None:
        config.option.basetemp = str(Path(tempfile.gettempdir()) / "pytest")  # xdist would put it beside the others
    adopt_orphans()


_OWNED = pytest.StashKey[str]()


def _move_in(root: Path, worker: str) -> None:
    for variable, default in (("RUSTUP_HOME", ".rustup"), ("CARGO_HOME", ".cargo")):
        toolchain = Path.home() / default
        if variable not in os.environ and toolchain.is_dir():
            os.environ[variable] = str(toolchain)  # compilers that live in the real home stay usable
    places = {
        "HOME": root / "home",
        "XDG_CONFIG_HOME": root / "home/.config",
        "XDG_CACHE_HOME": root / "home/.cache",
        "XDG_STATE_HOME": root / "home/.local/state",
        "XDG_DATA_HOME": root / "home/.local/share",
        "TMPDIR": root / f"tmp-{worker}",
    }
    for variable, folder in places.items():
        folder.mkdir(parents=True, exist_ok=True)
        os.environ[variable] = str(folder)
    places["TMPDIR"].chmod(0o1777)
    tempfile.tempdir = None  # look again


def pytest_unconfigure(config: pytest.Config) -> None:
    """Take the session's folder away again."""
    root = config.stash.get(_OWNED, None)
    if root is not None:
        shutil.rmtree(root, ignore_errors=True)


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """Fail a test that leaves a process, thread, mount, control group, folder or descriptor behind."""
    before = Surroundings.now()
    yield
    left = leaks_since(before)
    if left:
        pytest.fail("left behind:\n  " + "\n  ".join(left), pytrace=False)


@pytest.fixture(scope="session")
def ordinary() -> Actor:
    """A user without powers: an ordinary one whom root becomes, else the one who runs the tests."""
    if os.getuid() != 0:
        return ourselves()
    folder = Path(tempfile.gettempdir()) / "ordinary"  # goes away with the session's folder
    folder.mkdir()
    folder.chmod(0o755)
    return ordinary_user(folder)


def _skips_fail() -> bool:
    return os.environ.get("CI") == "true" or os.environ.get("POLYRUN_NO_SKIP") == "1"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests with containers come last: their images are being built meanwhile, and they may have to wait for them."""
    with_containers = [item for item in items if item.get_closest_marker("docker") or "docker" in _parameters(item)]
    for item in with_containers:
        item.add_marker(pytest.mark.timeout(900))
    items.sort(key=with_containers.__contains__)


def _parameters(item: pytest.Item) -> tuple[object, ...]:
    callspec = getattr(item, "callspec", None)
    return tuple(value for value in callspec.params.values() if isinstance(value, str)) if callspec else ()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI what could not be tested was not tested: a skip is a failure that shows its reason."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and _skips_fail():
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, which CI does not allow: {_reason(report.longrepr)}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a whole module that skips itself."""
    report = yield
    if report.outcome == "skipped" and _skips_fail():
        report.outcome = "failed"
        report.longrepr = f"{collector.nodeid} was skipped, which CI does not allow: {_reason(report.longrepr)}"
    return report


def _reason(longrepr: object) -> object:
    return longrepr[2] if isinstance(longrepr, tuple) else longrepr
