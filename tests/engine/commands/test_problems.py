"""The text command ``problems``, and the rows it answers."""

from __future__ import annotations

from geartrain.engine.commands.problems import problem_values
from tests.support.dialogue import World
from tests.support.stored_engine import read_rows, stored, submit


def test_it_takes_no_arguments(world: World) -> None:
    assert world.admin().text("problems f").startswith(b"ERR INVALID_ARGUMENTS")


def test_its_rows_are_the_values_that_others_show() -> None:
    world = stored()
    submit(world.client(), "w1", function=b"\xff")
    (row,) = read_rows(world.admin().text("problems"))
    (problem,) = world.engine.state.problems.values()
    assert row == problem_values(world.engine.state, problem)
    assert row["function"] == "\udcff"
    assert row["text"] == r"no worker has the function '\xff', and 1 job waits"
