"""``geartrain history``, and the story that ``geartrain job`` tells."""

from __future__ import annotations

import pytest

from geartrain.protocol.constants import PacketType
from tests.support.commands import ask, objects
from tests.support.jobs_in_states import bury, run_next, submit
from tests.support.servers import RunningServer
from tests.support.wire import Wire


def run_one(server: RunningServer, function: bytes, result: bytes = b"done") -> str:
    """Run one job; return its handle."""
    submit(server, function)
    with Wire(server.connect()) as worker:
        handle, _ = run_next(worker, function)
        worker.send(PacketType.WORK_COMPLETE, handle.encode(), result)
        assert worker.echoes()
    return handle


def test_the_latest_are_a_table(fresh: RunningServer) -> None:
    done = run_one(fresh, b"mail")
    bury(fresh, b"resize", [b"1"])
    status, out, err = ask(fresh, "history")
    assert (status, err) == (0, "")
    titles, first, second = (line.split() for line in out.splitlines())
    assert titles[:4] == ["ENDED", "HANDLE", "FUNCTION", "STATE"]
    assert first[2:4] == ["resize", "dead"]
    assert second[1:4] == [done, "mail", "succeeded"]


def test_filters_and_json(fresh: RunningServer) -> None:
    done = run_one(fresh, b"mail", b"12345")
    bury(fresh, b"resize", [b"1", b"2"])
    (row,) = objects(fresh, "history", "--state", "succeeded")
    assert (row["handle"], row["status"], row["result_size"]) == (done, "succeeded", 5)
    assert [each["outcome"] for each in row["story"]] == ["succeeded"]
    assert len(objects(fresh, "history", "--function", "resize")) == 2
    assert len(objects(fresh, "history", "--limit", "1")) == 1
    assert objects(fresh, "history", "--error", "nothing like it") == []


def test_a_job_that_has_ended_tells_its_story(fresh: RunningServer) -> None:
    done = run_one(fresh, b"mail")
    status, out, _ = ask(fresh, "job", done)
    assert status == 0
    assert "state       succeeded\n" in out
    assert "result      4 bytes\n" in out
    assert out.rstrip().endswith("  succeeded  127.0.0.1")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--state", "done"], "'done' is not one of"),
        (["--function", ""], "the function is empty"),
        (["--limit", "0"], "0"),
    ],
)
def test_mistakes_are_told(
    server: RunningServer, arguments: list[str], words: str
) -> None:
    status, out, err = ask(server, "history", *arguments)
    assert (status, out) == (2, "")
    assert words in err
