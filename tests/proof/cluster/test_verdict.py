"""The verdict on a cluster sees what should not have happened, and nothing else."""

from __future__ import annotations

from proof.cluster.history import History, Run, Submission, Trouble
from proof.cluster.verdict import faults, totals


def submitted(
    history: History,
    key: bytes,
    handle: bytes,
    sent: float,
    unique: bytes = b"",
) -> None:
    history.submissions.append(
        Submission(
            key=key,
            unique=unique,
            node="n1",
            sent=sent,
            acknowledged=sent + 1,
            handle=handle,
        )
    )


def done(
    history: History, key: bytes, handle: bytes, started: float, ended: float
) -> None:
    history.runs.append(
        Run(key=key, handle=handle, node="n1", started=started, ended=ended)
    )


def test_a_job_that_was_done_once_is_no_fault() -> None:
    history = History()
    submitted(history, b"a", b"H:c:1", 100.0)
    done(history, b"a", b"H:c:1", 102.0, 103.0)
    assert faults(history) == []
    assert totals(history)["acknowledged"] == 1


def test_an_acknowledged_job_that_was_never_done_is_lost() -> None:
    history = History()
    submitted(history, b"a", b"H:c:1", 100.0)
    done(history, b"a", b"H:c:1", 102.0, float("inf"))
    (text,) = faults(history)
    assert text.startswith("lost: b'a'")


def test_who_joined_a_job_of_somebody_unanswered_has_it_done() -> None:
    history = History()
    history.submit(b"a", b"u", "n1").sent = 99.0
    submitted(history, b"b", b"H:c:1", 100.0, b"u")
    (text,) = faults(history)
    assert text.startswith("lost: b'b'")
    # A worker of another node ran it, under a handle of that node.
    done(history, b"a", b"H:c:9", 98.0, 99.5)
    assert len(faults(history)) == 1
    history.runs[0].ended = 103.0
    assert faults(history) == []


def test_a_job_that_was_never_acknowledged_may_be_lost() -> None:
    history = History()
    history.submit(b"a", b"", "n1")
    assert faults(history) == []


def test_a_job_is_done_again_only_where_something_was_wrong() -> None:
    history = History()
    submitted(history, b"a", b"H:c:1", 100.0)
    done(history, b"a", b"H:c:1", 102.0, 103.0)
    done(history, b"a", b"H:c:1", 110.0, 111.0)
    (text,) = faults(history)
    assert text.startswith("done again: b'H:c:1'")
    history.troubles.append(
        Trouble(name="node killed", hosts=("n1",), began=101.0, ended=101.5)
    )
    assert faults(history) == []
    assert totals(history)["runs again"] == 1


def test_a_clock_that_is_set_is_no_reason_to_run_a_job_again() -> None:
    history = History()
    submitted(history, b"a", b"H:c:1", 100.0)
    done(history, b"a", b"H:c:1", 102.0, 103.0)
    done(history, b"a", b"H:c:1", 110.0, 111.0)
    with history.trouble("clock set", "n1", is_reason=False):
        pass
    history.troubles[0].began, history.troubles[0].ended = 101.0, 109.0
    (text,) = faults(history)
    assert text.startswith("done again: b'H:c:1'")


def test_a_job_that_is_to_wait_does_not_run_before() -> None:
    history = History()
    submitted(history, b"a", b"H:c:1", 100.0)
    history.submissions[0].delay = 3.0
    done(history, b"a", b"H:c:1", 103.0, 104.0)
    assert faults(history) == []
    history.submissions[0].delay = 4.0
    (text,) = faults(history)
    assert text.startswith("too early: b'a'")


def test_two_jobs_with_one_unique_are_not_there_at_once() -> None:
    history = History()
    submitted(history, b"a", b"H:c:1", 100.0, b"u")
    submitted(history, b"b", b"H:c:2", 102.0, b"u")
    done(history, b"b", b"H:c:2", 104.0, 105.0)
    done(history, b"a", b"H:c:1", 106.0, 107.0)
    (text,) = faults(history)
    assert text.startswith("not coalesced: b'a' and b'b'")


def test_a_unique_may_come_again_once_its_job_is_done() -> None:
    history = History()
    submitted(history, b"a", b"H:c:1", 100.0, b"u")
    done(history, b"a", b"H:c:1", 101.5, 102.0)
    submitted(history, b"b", b"H:c:2", 103.0, b"u")
    done(history, b"b", b"H:c:2", 105.0, 106.0)
    assert faults(history) == []


def test_what_another_node_was_asked_for_is_done_once_or_once_more() -> None:
    history = History()
    submitted(history, b"a", b"H:c:1", 100.0, b"u")
    submitted(history, b"b", b"H:c:1", 100.5, b"u")
    history.submissions[-1].node = "n2"
    # A worker of the second node ran it, under a handle of that node.
    done(history, b"a", b"H:c:9", 102.0, 103.0)
    assert faults(history) == []
    done(history, b"a", b"H:c:1", 110.0, 111.0)
    done(history, b"a", b"H:c:1", 112.0, 113.0)
    assert faults(history) == []
