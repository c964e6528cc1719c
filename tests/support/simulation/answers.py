"""What may be answered: checked when the answer arrives."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from geartrain.engine.jobs.submissions import coalescing_key
from tests.support.dialogue import Answer
from tests.support.simulation.connections import Connection, Request
from tests.support.simulation.ledger import DEAD

if TYPE_CHECKING:
    from tests.support.simulation.server_under_test import ServerUnderTest

__all__ = ["check_answer"]

_OK = Answer("text", (b"OK\r\n",))
_UNKNOWN_JOB = Answer("text", (b"ERR UNKNOWN_JOB\r\n",))
_ASSIGNED = ("job_assign", "job_assign_uniq", "job_assign_all")


def check_answer(
    server: ServerUnderTest, connection: Connection, request: Request, answer: Answer
) -> None:
    """Compare an answer with the ledger, and enter into it what was promised."""
    _CHECKS[request.kind](server, connection, request, answer)


def _background(
    server: ServerUnderTest, connection: Connection, request: Request, answer: Answer
) -> None:
    if _is_refusal(answer):
        return
    handle = _created(server, request, answer)
    entry = server.ledger.entries[handle]
    entry.acknowledged = True
    if server.level != "memory" and entry.fate in ("", DEAD):
        kept = server.store.jobs() | server.store.dead()
        assert handle in kept, f"{handle!r} is not durable"


def _linked(
    server: ServerUnderTest, connection: Connection, request: Request, answer: Answer
) -> None:
    """Check a job that waits for others: for some there is nothing to wait."""
    if answer.name != "error" or answer.arguments[0] != b"INVALID_ARGUMENT":
        _background(server, connection, request, answer)


def _foreground(
    server: ServerUnderTest, connection: Connection, request: Request, answer: Answer
) -> None:
    if not _is_refusal(answer):
        connection.awaited[_created(server, request, answer)] += 1


def _broadcast(
    server: ServerUnderTest, connection: Connection, request: Request, answer: Answer
) -> None:
    """Check that all jobs of a broadcast are kept before it is acknowledged."""
    if _is_refusal(answer):
        return
    _background(server, connection, request, answer)
    kept = server.store.jobs() | server.store.dead()
    for entry in server.ledger.entries.values():
        if entry.whole == answer.arguments[0] and not entry.fate:
            entry.acknowledged = True
            is_kept = entry.handle in kept or server.level == "memory"
            assert is_kept, f"{entry.handle!r} is not durable"


def _is_refusal(answer: Answer) -> bool:
    refusals = (b"QUEUE_ERROR", b"NO_WORKER")
    return answer.name == "error" and answer.arguments[0] in refusals


def _created(server: ServerUnderTest, request: Request, answer: Answer) -> bytes:
    assert answer.name == "job_created", answer
    handle = answer.arguments[0]
    entry = server.ledger.entries[handle]
    if entry.function != request.function:
        # An operator has moved it, perhaps in the step in which it came to be.
        entry.was_moved = True
    key = coalescing_key(request.unique, request.workload, [])
    assert entry.was_moved or entry.key == key
    if not key:
        assert entry.workload == request.workload
        assert not entry.is_told, f"{handle!r} is given twice"
    entry.is_told = True
    assert entry.fate not in ("twin", "refused", "crashed")
    assert server.ledger.was_alive(handle, request.since), (
        f"{handle!r} was {entry.fate} before it was submitted"
    )
    return handle


def _schedule(
    server: ServerUnderTest, connection: Connection, request: Request, answer: Answer
) -> None:
    if _is_refusal(answer):
        return
    assert answer.name == "job_created", answer
    handle = answer.arguments[0]
    assert handle not in server.ledger.entries
    if handle in server.engine.state.schedules:
        server.ledger.schedules.add(handle)


def _assigned(
    server: ServerUnderTest, connection: Connection, request: Request, answer: Answer
) -> None:
    if answer.name == "no_job":
        return
    assert answer.name in _ASSIGNED, answer
    handle, function, workload = (
        answer.arguments[0],
        answer.arguments[1],
        answer.arguments[-1],
    )
    entry = server.ledger.entries[handle]
    # Operators move jobs from one function to another.
    assert workload == entry.workload or entry.may_be_replaced(), function
    assert server.ledger.was_alive(handle, request.since)
    assert not entry.is_whole, f"{handle!r} is to run nowhere"
    connection.assigned[handle] = None


def _refused(
    server: ServerUnderTest, connection: Connection, request: Request, answer: Answer
) -> None:
    assert answer.name == "error", answer
    assert answer.arguments[0] == b"JOB_NOT_FOUND"


def _status(
    server: ServerUnderTest, connection: Connection, request: Request, answer: Answer
) -> None:
    if _is_refusal(answer):
        assert server.is_unreadable
        return
    assert answer.name == "status_res", answer
    assert answer.arguments[0] == request.handle
    if answer.arguments[1] == b"1":
        assert _was_known(server, request)
    else:
        _is_rightly_unknown(server, request.handle)


def _was_known(server: ServerUnderTest, request: Request) -> bool:
    # What is no job is a schedule.
    is_schedule = request.handle not in server.ledger.entries
    return is_schedule or server.ledger.was_alive(request.handle, request.since)


def _is_rightly_unknown(server: ServerUnderTest, handle: bytes) -> None:
    entry = server.ledger.entries.get(handle)
    if entry is not None and not server.is_unreadable:
        assert entry.fate or entry.was_dead or _is_leaving(server, entry.number)


def _is_leaving(server: ServerUnderTest, number: int) -> bool:
    """Tell whether the end or the death of a job is yet to be written."""
    return server.engine.state.journal.has_left(number)


def _status_unique(
    server: ServerUnderTest, connection: Connection, request: Request, answer: Answer
) -> None:
    if _is_refusal(answer):
        assert server.is_unreadable
        return
    assert answer.name == "status_res_unique", answer
    assert answer.arguments[0] == request.unique
    # Who has been moved beside another of its unique is found by it, but not joined.
    found = [
        entry
        for entry in server.ledger.entries.values()
        if entry.key == request.unique or entry.was_moved
    ]
    if answer.arguments[1] == b"1":
        assert any(
            server.ledger.was_alive(entry.handle, request.since) for entry in found
        )


def _cancel(
    server: ServerUnderTest, connection: Connection, request: Request, answer: Answer
) -> None:
    handle = request.handle
    entry = server.ledger.entries.get(handle)
    if answer == _UNKNOWN_JOB:
        _is_rightly_unknown(server, handle)
        return
    if not _is_done(answer):
        return
    if entry is None:
        server.ledger.schedules.discard(handle)
        server.ledger.unscheduled.add(handle)
        return
    if entry.fate in ("", DEAD) and _is_leaving(server, entry.number):
        entry.end("removed", server.ledger.step)
    assert entry.fate == "removed"
    entry.is_gone = True


def _drop(
    server: ServerUnderTest, connection: Connection, request: Request, answer: Answer
) -> None:
    entry = server.ledger.entries[request.handle]
    if answer == _UNKNOWN_JOB:
        _is_rightly_no_letter(server, request)
        return
    if not _is_done(answer):
        return
    if entry.fate == DEAD:
        entry.end("removed", server.ledger.step)
    assert entry.fate == "removed"
    entry.is_gone = True


def _is_rightly_no_letter(server: ServerUnderTest, request: Request) -> None:
    entry = server.ledger.entries[request.handle]
    is_letter = entry.fate == DEAD and entry.since < request.since
    is_steered = entry.number in server.engine.state.journal._next.steered
    assert not is_letter or is_steered or _is_leaving(server, entry.number)


def _retry(
    server: ServerUnderTest, connection: Connection, request: Request, answer: Answer
) -> None:
    entry = server.ledger.entries[request.handle]
    if answer == _UNKNOWN_JOB:
        _is_rightly_no_letter(server, request)
    elif _is_done(answer):
        assert entry.was_dead
        entry.is_back = not entry.fate


def _is_done(answer: Answer) -> bool:
    """Tell whether a text command was obeyed, and not prevented by the store."""
    if answer == _OK:
        return True
    assert answer.name == "text", answer
    assert answer.arguments[0].startswith((b"ERR QUEUE_ERROR", b"ERR STORE_ERROR"))
    return False


def _any_text(
    server: ServerUnderTest, connection: Connection, request: Request, answer: Answer
) -> None:
    assert answer.name == "text", answer


def _policy(
    server: ServerUnderTest, connection: Connection, request: Request, answer: Answer
) -> None:
    assert answer.name == "text", answer
    _is_done(answer)


_CHECKS: Final[
    dict[str, Callable[[ServerUnderTest, Connection, Request, Answer], None]]
] = {
    "background": _background,
    "broadcast": _broadcast,
    "foreground": _foreground,
    "linked": _linked,
    "schedule": _schedule,
    "grab": _assigned,
    "result": _refused,
    "status": _status,
    "status_unique": _status_unique,
    "cancel": _cancel,
    "dead drop": _drop,
    "dead retry": _retry,
    "dead": _any_text,
    "jobs": _any_text,
    "job": _any_text,
    "policy": _policy,
    "place": _any_text,
}
