"""From a document to jobs: limits, permissions, order and selection, without running anything."""

from __future__ import annotations

import pytest

from polyrun.config.settings import Settings
from polyrun.document import parse
from polyrun.languages import Registry
from polyrun.model.codes import Code
from polyrun.model.limits import MIB, Limits
from polyrun.model.permissions import Permissions
from polyrun.model.spans import Source
from polyrun.plan import Plan, make_plan

REGISTRY = Registry.load()


def plan(text: str, settings: Settings | None = None) -> Plan:
    document = parse(Source(text.encode(), "a.mix"), REGISTRY.syntax())
    return make_plan(document, REGISTRY, settings or Settings(), "/docs")


def codes(found: Plan) -> list[Code]:
    return [one.code for one in found.diagnostics]


def test_a_block_becomes_a_job_with_the_document_line_of_its_header() -> None:
    found = plan("prose\n#lang:py name=load\nprint(1)\n#end\n")
    assert [(j.info.index, j.info.name, j.info.language, j.info.line) for j in found.jobs] == [(1, "load", "python", 2)]
    assert found.diagnostics == ()


def test_arguments_follow_the_program() -> None:
    argv = plan("#lang:python args=\"a 'b c'\"\n1\n#end\n").jobs[0].program.run.argv
    assert argv[-2:] == ("a", "b c")


class TestLimits:
    def test_a_block_may_set_its_own_up_to_the_ceiling(self) -> None:
        job = plan("#lang:python timeout=5m memory=1g\n1\n#end\n").jobs[0]
        assert (job.limits.wall_s, job.limits.memory_bytes) == (300, 1024 * MIB)
        assert job.refusal is None

    @pytest.mark.parametrize("option", ["timeout=11m", "memory=5g", "cpu=1h", "cpu=900%"])
    def test_beyond_the_ceiling_it_must_ask(self, option: str) -> None:
        refusal = plan(f"#lang:python {option}\n1\n#end\n").jobs[0].refusal
        assert refusal is not None
        assert refusal.code is Code.PERMISSION_NEEDED
        assert f"--{option.split('=', maxsplit=1)[0]}" in (refusal.hint or "")

    def test_what_the_user_chose_is_a_ceiling_and_not_a_floor(self) -> None:
        settings = Settings(limits=Limits(wall_s=10), chosen_limits=frozenset({"wall_s"}))
        assert plan("#lang:python timeout=1h\n1\n#end\n", settings).jobs[0].limits.wall_s == 10
        assert plan("#lang:python timeout=2s\n1\n#end\n", settings).jobs[0].limits.wall_s == 2

    def test_the_users_choice_for_a_language_beats_the_languages_own(self) -> None:
        settings = Settings(language_limits={"java": {"memory_bytes": 100 * MIB, "processes": 9}})
        limits = plan("#lang:java\nint x = 1;\n#end\n", settings).jobs[0].limits
        assert (limits.memory_bytes, limits.processes) == (100 * MIB, 9)


class TestPermissions:
    @pytest.mark.parametrize(
        ("option", "granted", "flag"),
        [
            ("net=on", Permissions(net=True), "--allow-net"),
            ("env=HOME", Permissions(env=("HOME",)), "--allow-env HOME"),
            ("read=/data/x", Permissions(read=("/data",)), "--allow-read /data/x"),
            ("read=data", Permissions(read=("/docs/data",)), "--allow-read data"),
            ("write=/data", Permissions(write=("/data",)), "--allow-write=/data"),
        ],
    )
    def test_what_a_block_asks_for_only_the_user_grants(self, option: str, granted: Permissions, flag: str) -> None:
        text = f"#lang:python {option}\n1\n#end\n"
        refusal = plan(text).jobs[0].refusal
        assert refusal is not None
        assert flag in (refusal.hint or "")
        assert plan(text, Settings(permissions=granted)).jobs[0].refusal is None

    def test_a_grant_for_a_folder_is_none_for_its_namesakes_or_its_parents(self) -> None:
        settings = Settings(permissions=Permissions(read=("/data",)))
        for path in ("/database", "/data/../etc", "/"):
            assert plan(f"#lang:python read={path}\n1\n#end\n", settings).jobs[0].refusal is not None

    def test_a_block_can_give_up_what_was_granted(self) -> None:
        settings = Settings(permissions=Permissions(net=True))
        first, second = plan("#lang:python\n1\n#end\n#lang:python net=off\n1\n#end\n", settings).jobs
        assert (first.permissions.net, second.permissions.net) == (True, False)


THREE = "#lang:python name=a tags=x\n1\n#end\n#lang:python name=b after=a\n1\n#end\n#lang:python name=c\n1\n#end\n"


class TestOrderAndSelection:
    def test_after_names_earlier_blocks(self) -> None:
        assert [job.after for job in plan(THREE).jobs] == [(), (1,), ()]

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("#lang:python after=nope\n1\n#end\n", Code.UNKNOWN_BLOCK),
            ("#lang:python name=a after=a\n1\n#end\n", Code.AFTER_LATER_BLOCK),
            ("#lang:python after=z\n1\n#end\n#lang:python name=z\n1\n#end\n", Code.AFTER_LATER_BLOCK),
        ],
    )
    def test_other_names_are_faults(self, text: str, code: Code) -> None:
        assert codes(plan(text)) == [code]

    @pytest.mark.parametrize(
        ("only", "indexes"), [(("b",), [1, 2]), (("3",), [3]), (("x",), [1]), (("c", "a"), [1, 3]), ((), [1, 2, 3])]
    )
    def test_only_takes_names_numbers_and_tags_with_what_they_need(
        self, only: tuple[str, ...], indexes: list[int]
    ) -> None:
        assert [job.info.index for job in plan(THREE, Settings(only=only)).jobs] == indexes

    def test_an_unknown_selection_lists_the_names(self) -> None:
        found = plan(THREE, Settings(only=("d",)))
        assert codes(found) == [Code.UNKNOWN_BLOCK]
        assert "`a`, `b`, `c`" in (found.diagnostics[0].hint or "")


def test_a_language_that_the_configuration_does_not_allow() -> None:
    found = plan("#lang:bash\n:\n#end\n", Settings(supported_languages=("python",)))
    assert codes(found) == [Code.LANGUAGE_NOT_ALLOWED]
    assert found.jobs == ()
