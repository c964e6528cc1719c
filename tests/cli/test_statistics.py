"""``geartrain statistics``, with a real job server."""

from __future__ import annotations

import pytest

from geartrain.protocol.constants import PacketType
from tests.support.commands import ask, objects
from tests.support.jobs_in_states import bury, run_next, submit
from tests.support.servers import RunningServer
from tests.support.wire import Wire


def test_a_row_a_function_and_one_of_all(fresh: RunningServer) -> None:
    bury(fresh, b"mail", [b"1", b"2"])
    submit(fresh, b"mail")
    submit(fresh, b"resize")
    status, out, err = ask(fresh, "statistics", "--sort", "dead")
    assert (status, err) == (0, "")
    titles, *lines = (line.split() for line in out.splitlines())
    assert titles[:8] == [
        "FUNCTION",
        "WAITING",
        "HELD",
        "DELAYED",
        "RUNNING",
        "DEAD",
        "WORKERS",
        "OLDEST",
    ]
    assert [line[0] for line in lines] == ["mail", "resize", "TOTAL"]
    assert [line[1:7] for line in lines] == [
        ["1", "0", "0", "0", "2", "0"],
        ["1", "0", "0", "0", "0", "0"],
        ["2", "0", "0", "0", "2", "0"],
    ]


def test_json_is_what_the_job_server_sends(fresh: RunningServer) -> None:
    bury(fresh, b"mail", [b"1"])
    row, total = objects(fresh, "statistics")
    assert (row["function"], total["function"], total["functions"]) == ("mail", None, 1)
    assert row["total"]["failures"]["fail"] == 1
    assert row["recent"]["ran"]["count"] == 1
    assert row["recent"]["seconds"] >= 1
    (alone,) = objects(fresh, "statistics", "--function", "mail")
    assert alone["total"] == row["total"]


def test_by_the_minute_and_by_the_hour(fresh: RunningServer) -> None:
    submit(fresh, b"mail")
    with Wire(fresh.connect()) as worker:
        handle, _ = run_next(worker, b"mail")
        worker.send(PacketType.WORK_COMPLETE, handle.encode(), b"done")
        assert worker.echoes()
    for by, seconds in (("minute", 60), ("hour", 3600)):
        rows = objects(fresh, "statistics", "--by", by, "--function", "mail")
        assert sum(row["submitted"] for row in rows) == 1
        assert all(row["seconds"] == seconds for row in rows)
        status, out, _ = ask(fresh, "statistics", "--by", by)
        assert (status, out.split()[0]) == (0, "TIME")


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--function", "none"], 1, "UNKNOWN_FUNCTION"),
        (["--function", ""], 2, "the function is empty"),
        (
            ["--sort", "age"],
            2,
            "there is no column 'age': name one of function",
        ),
        (["--by", "day"], 2, "'day' is not one of"),
        (["--over", "61"], 2, "61 is not in the range"),
    ],
)
def test_mistakes_are_told(
    server: RunningServer, arguments: list[str], status: int, words: str
) -> None:
    ended, out, err = ask(server, "statistics", *arguments)
    assert (ended, out) == (status, "")
    assert words in err
