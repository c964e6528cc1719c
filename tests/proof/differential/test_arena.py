"""Geartrain answers every scenario as gearmand does, or as PROTOCOL.md says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from proof.differential.arena import GEARMAND_FLAGS, Arena, play
from proof.differential.deviations import DEVIATIONS, Deviation
from proof.differential.registry import SCENARIOS, Scenario
from proof.differential.scenarios import load_scenarios
from proof.differential.verdict import judge
from proof.differential.wire import PacketType as Type
from tests.support.servers import running_gearmand

pytestmark = [pytest.mark.interop, pytest.mark.slow]

load_scenarios()

DIFFERENT = [name for name, each in SCENARIOS.items() if each.difference is not None]

BEYOND_THE_TABLE = {0, 43, 99}

FROM_THE_SERVER = {
    Type.NOOP,
    Type.JOB_CREATED,
    Type.NO_JOB,
    Type.JOB_ASSIGN,
    Type.WORK_STATUS,
    Type.WORK_COMPLETE,
    Type.WORK_FAIL,
    Type.ECHO_RES,
    Type.ERROR,
    Type.STATUS_RES,
    Type.WORK_EXCEPTION,
    Type.OPTION_RES,
    Type.WORK_DATA,
    Type.WORK_WARNING,
    Type.JOB_ASSIGN_UNIQ,
    Type.JOB_ASSIGN_ALL,
    Type.STATUS_RES_UNIQUE,
}

COMMANDS = (
    "version",
    "getpid",
    "verbose",
    "status",
    "prioritystatus",
    "workers",
    "show jobs",
    "show unique jobs",
    "create function",
    "drop function",
    "maxqueue",
    "cancel job",
    "shutdown",
)


@pytest.fixture(scope="module")
def arena() -> Iterator[Arena]:
    with Arena() as arena:
        yield arena


@pytest.mark.parametrize("name", SCENARIOS)
def test_both_answer_alike_or_as_written_down(arena: Arena, name: str) -> None:
    fault = judge(arena, SCENARIOS[name])
    assert not fault, fault


@pytest.mark.timeout(300)
def test_every_packet_type_is_sent_and_received(arena: Arena) -> None:
    sent: set[int] = set()
    from_gearmand: set[int] = set()
    from_geartrain: set[int] = set()
    for scenario in SCENARIOS.values():
        sent |= arena.gearmand(scenario).sent
        from_gearmand |= arena.gearmand(scenario).received
        from_geartrain |= arena.geartrain(scenario).received
    assert sent == set(Type) | BEYOND_THE_TABLE
    assert from_gearmand == FROM_THE_SERVER
    assert from_geartrain == FROM_THE_SERVER


@pytest.mark.timeout(300)
@pytest.mark.parametrize("command", COMMANDS)
def test_every_text_command_is_sent(arena: Arena, command: str) -> None:
    lines = [
        line
        for scenario in SCENARIOS.values()
        for line in arena.gearmand(scenario).commands
        if line.lower().startswith(command)
    ]
    assert any(line.endswith("\r\n") for line in lines), "not with a return"
    assert any(not line.endswith("\r\n") for line in lines), "not without one"
    assert any(line[: len(command)] != command for line in lines), "not in capitals"


@pytest.mark.parametrize("deviation", DEVIATIONS, ids=lambda each: each.name)
def test_deviation_has_its_scenarios(deviation: Deviation) -> None:
    shown_by = {
        name
        for name in DIFFERENT
        if (written := SCENARIOS[name].difference) and written.name == deviation.name
    }
    assert set(deviation.scenarios) == shown_by


def test_every_difference_is_a_deviation() -> None:
    names = [deviation.name for deviation in DEVIATIONS]
    assert len(names) == len(set(names))
    for name in DIFFERENT:
        written = SCENARIOS[name].difference
        assert written is not None
        assert written.name in names, f"{name}: describe {written.name}"


def _twice(scenario: Scenario, *flags: str) -> tuple[list[str], list[str]]:
    """Play to the C server as it is, and to one with ``flags``."""
    with running_gearmand(*GEARMAND_FLAGS) as server:
        one = play(scenario, server)
    with running_gearmand(*GEARMAND_FLAGS, *flags) as server:
        other = play(scenario, server)
    return one.lines, other.lines


@pytest.mark.parametrize(
    "name", ["tables_of_a_busy_server", "worker_hangs_up", "packets_pipelined"]
)
def test_equal_servers_have_equal_traces(name: str) -> None:
    one, other = _twice(SCENARIOS[name])
    assert one == other


@pytest.mark.parametrize(
    ("name", "flag"),
    [
        ("exception_without_the_option", "--exceptions"),
        ("one_job_and_three_sleepers", "--worker-wakeup=1"),
        ("functions_take_turns", "--round-robin"),
    ],
)
def test_different_servers_have_different_traces(name: str, flag: str) -> None:
    one, other = _twice(SCENARIOS[name], flag)
    assert one != other
