"""The text command ``problems``, and the rows it answers."""

from __future__ import annotations

from geartrain.engine.commands.problems import problem_values
from tests.support.dialogue import World
from tests.support.stored_engine import read_rows, stored, submit


def test_it_takes_a_limit_alone(world: World) -> None:
    for wrong in ("f", "limit=x", "sort=value"):
        answer = world.admin().text(f"problems {wrong}")
        assert answer.startswith(b"ERR INVALID_ARGUMENTS")


def test_of_each_problem_the_functions_that_have_most_of_it_are_told() -> None:
    world = stored()
    client = world.client()
    for number, function in enumerate((b"few", b"most", b"many")):
        for job in range((1, 3, 2)[number]):
            submit(client, f"{number}.{job}", function=function)
    rows = read_rows(world.admin().text("problems limit=2"))
    assert [row["function"] for row in rows] == ["most", "many"]
    assert {row["functions"] for row in rows} == {3}
    assert len(read_rows(world.admin().text("problems"))) == 3
    assert read_rows(world.admin().text("problems limit=0")) == []


def test_its_rows_are_the_values_that_others_show() -> None:
    world = stored()
    submit(world.client(), "w1", function=b"\xff")
    (row,) = read_rows(world.admin().text("problems"))
    (problem,) = world.engine.state.problems.values()
    assert row == {**problem_values(world.engine.state, problem), "functions": 1}
    assert row["function"] == "\udcff"
    assert row["text"] == r"no worker has the function '\xff', and 1 job waits"
