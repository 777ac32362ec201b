"""The schedule as a state machine: every job ends once, nothing starts before what it needs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from polyrun.execute.schedule import Finish, Schedule, Skip, Start
from polyrun.model.outcomes import Status


@st.composite
def graphs(draw: st.DrawFn) -> dict[int, tuple[int, ...]]:
    size = draw(st.integers(0, 12))
    return {
        index: tuple(draw(st.lists(st.integers(1, index - 1), unique=True, max_size=3))) if index > 1 else ()
        for index in range(1, size + 1)
    }


@given(
    graph=graphs(),
    statuses=st.lists(st.sampled_from([Status.OK, Status.NONZERO_EXIT, Status.TIME_LIMIT]), min_size=12, max_size=12),
    allowed=st.lists(st.booleans(), min_size=12, max_size=12),
    fail_fast=st.booleans(),
    stop_after=st.none() | st.integers(0, 12),
)
def test_every_job_is_started_or_skipped_once_in_order(
    graph: dict[int, tuple[int, ...]],
    statuses: list[Status],
    allowed: list[bool],
    fail_fast: bool,
    stop_after: int | None,
) -> None:
    schedule = Schedule(graph, {index: f"b{index}" for index in graph}, fail_fast=fail_fast)
    ended: dict[int, Status] = {}
    halted = False
    while True:
        if stop_after is not None and len(ended) == stop_after:
            schedule.stop(Status.CANCELLED, "stop")
            halted = True
        action = schedule.next()
        if isinstance(action, Finish):
            break
        assert action.index not in ended
        if isinstance(action, Start):
            assert not halted, "something was started after the run was stopped"
            assert all(ended[needed] is Status.OK for needed in graph[action.index])
            status = statuses[action.index - 1]
            may_fail = allowed[action.index - 1]
            schedule.finished(action.index, status, allowed_to_fail=may_fail)
            ended[action.index] = status
            halted = fail_fast and status is not Status.OK and not may_fail
        else:
            assert isinstance(action, Skip)
            assert halted or any(ended[needed] is not Status.OK for needed in graph[action.index])
            assert action.reason
            ended[action.index] = action.status
    assert list(ended) == list(graph), "the report stays in document order"
    assert isinstance(schedule.next(), Finish)


def test_a_block_that_needs_a_failed_one_says_which() -> None:
    schedule = Schedule({1: (), 2: (1,), 3: ()}, {1: "load", 2: "mean", 3: "other"})
    assert schedule.next() == Start(1)
    schedule.finished(1, Status.TIME_LIMIT)
    assert schedule.next() == Skip(2, Status.SKIPPED, "it needs `load`, which did not end well (time limit)")
    assert schedule.next() == Start(3)
