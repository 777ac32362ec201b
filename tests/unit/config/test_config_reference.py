from __future__ import annotations

from pathlib import Path

import pytest

from polyrun.config.kinds import Context
from polyrun.config.mission import MISSION_SETTINGS
from polyrun.config.reference import render
from polyrun.config.settings import Settings
from polyrun.config.table import ANY_LANGUAGE, SETTINGS, Setting
from polyrun.model.frozen import as_dict

REPOSITORY = Path(__file__).parents[3]
NOT_IN_FILES = {"only", "given", "get", "save_to", "save_tables", "report_to", "sources", "chosen_limits"}


def test_the_reference_page_is_the_one_the_table_gives() -> None:
    renew = "python -m polyrun.config.reference > docs/configuration.md"
    assert (REPOSITORY / "docs/configuration.md").read_text("utf-8") == render(), f"renew it with `{renew}`"


def test_every_setting_has_a_place_in_the_table() -> None:
    targets = [row.target for row in SETTINGS] + [row.target for row in MISSION_SETTINGS]
    filled = {target.partition(".")[0] for target in targets}
    fields = set(as_dict(Settings()))
    assert fields - filled == NOT_IN_FILES


@pytest.mark.parametrize("row", [row for row in SETTINGS if ANY_LANGUAGE not in row.key], ids=lambda row: row.key)
def test_a_default_that_is_shown_reads_back(row: Setting) -> None:
    import tomllib

    value: object = Settings()
    for name in row.target.split("."):
        value = getattr(value, name)
    if value is not None and not (row.key == "run.languages" or value == ()):
        shown = tomllib.loads(f"v = {row.kind.show(value)}")["v"]
        assert row.kind.read(shown, Context(Path("/"))) == value


def test_keys_are_unique() -> None:
    assert len({row.key for row in SETTINGS}) == len(SETTINGS)
    assert len({row.target for row in SETTINGS}) == len(SETTINGS)
