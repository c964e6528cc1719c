"""Elsewhere: what is named is at another job server."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Generator, Iterator
from typing import Any, Final
from urllib.parse import quote_from_bytes, unquote_to_bytes

from geartrain.durations import read_duration
from geartrain.engine.commands.common import send_error
from geartrain.engine.commands.inquiring import (
    answered_here,
    ask,
    is_seen,
    named,
    others_of,
    reason_of,
    unanswered_error,
)
from geartrain.engine.commands.permission import check_command, check_job
from geartrain.engine.endings import STATUSES
from geartrain.engine.model.access import SEE, SUBMIT
from geartrain.engine.model.inquiries import Inquiry, Said
from geartrain.engine.model.peers import Peer
from geartrain.engine.model.schedules import Schedule
from geartrain.engine.results import ResultRecord
from geartrain.engine.state import runs
from geartrain.engine.state.state import State
from geartrain.errors import PacketError
from geartrain.protocol.admin import END_OF_LIST, error

__all__ = [
    "follow_elsewhere",
    "from_leader",
    "from_owner",
    "inquire_progress",
    "leader_of",
    "progress",
    "refused_elsewhere",
    "shared_schedule",
]

# The commands about one thing that are answered by rows.
_LISTS: Final = (
    b"job",
    b"why",
    b"result",
    b"batch",
    b"dead show",
    b"schedule show",
    b"schedule next",
)
# Those about a schedule that who submits its jobs answers.
_LEADERS: Final = (
    b"run",
    b"schedule run",
    b"schedule skip",
    b"schedule show",
    b"schedule next",
)
# Of these the handle is the third word.
_PAIRED: Final = (b"job", b"show", b"retry", b"drop")
# Seconds for which the end of a job is waited for: a day.
_LONGEST: Final = 86_400
_UNENDED: Final = ("ready", "running", "scheduled")


def from_owner(
    state: State, peer: Peer, words: list[bytes], unknown: bytes
) -> Iterator[bytes]:
    """Give the answer of the job server that knows what is named.

    ``unknown`` is the answer where none does.
    """
    if peer.access is not None:
        refused = yield from refused_elsewhere(state, peer, words, unknown)
        if refused:
            yield refused
            return
    is_list = _command_of(words) in _LISTS
    inquiry = ask(state, peer, words, others_of(state), is_list=is_list)
    inquiry.is_for_one = True
    inquiry.seconds += _waits(words)
    yield b""
    peer.take_answers()
    found = inquiry.found()
    if found is None:
        yield _not_found(inquiry, unknown)
    else:
        yield _told(found)


def refused_elsewhere(
    state: State, peer: Peer, words: list[bytes], unknown: bytes
) -> Generator[bytes, None, bytes]:
    """Return how a peer is refused what it wants of something elsewhere.

    Nothing if it may have that: who is asked for it does not know of the peer's rights.
    """
    asked = _asked_before(words)
    if asked is None:
        return unknown
    inquiry = ask(state, peer, asked, others_of(state), is_list=True)
    inquiry.is_for_one = True
    yield b""
    peer.take_answers()
    refused = _check(state, peer, inquiry)
    if refused or inquiry.found() is None:
        return refused or _not_found(inquiry, unknown)
    return b""


def _told(found: Said) -> bytes:
    """Return an answer; one of a single row tells whose that is."""
    row, *rest = found.data.split(b"\n", 1)
    return named(row, found) + END_OF_LIST if rest == [END_OF_LIST] else found.data


def leader_of(state: State, peer: Peer, words: list[bytes]) -> Said | None:
    """Return the job server that leads, if a command is about a schedule it runs.

    Raises:
        PacketError: the peer lacks the right to that.
    """
    schedule = shared_schedule(state, words)
    if schedule is None or state.leads or _command_of(words) not in _LEADERS:
        return None
    check_command(state, peer, words)
    check_job(state, peer, schedule.function.name)
    leading = [each.identity for each in state.health.nodes if each.is_leading]
    for said in others_of(state):
        if said.identity in leading and said.link is not None:
            return said
    return None


def shared_schedule(state: State, words: list[bytes]) -> Schedule | None:
    """Return the schedule that is named, if all have it which share the store."""
    place = len(_command_of(words).split(b" "))
    name = unquote_to_bytes(words[place]) if len(words) > place else b""
    schedule = state.schedules.get(name)
    is_shared = schedule is not None and runs.is_shared(state, schedule)
    return schedule if is_shared else None


def from_leader(
    state: State,
    peer: Peer,
    words: list[bytes],
    leader: Said,
    run: Callable[[list[bytes]], bytes],
) -> Iterator[bytes]:
    """Give the answer of the one that leads; this one's if that knows nothing yet."""
    is_list = _command_of(words) in _LISTS
    inquiry = ask(state, peer, words, [leader], is_list=is_list)
    yield b""
    peer.take_answers()
    found = inquiry.found()
    if found is not None:
        yield _told(found)
    elif reason_of(leader):
        yield unanswered_error([leader])
    else:
        yield (yield from answered_here(peer, words, run))


def _command_of(words: list[bytes]) -> bytes:
    size = 2 if words[0].lower() in (b"dead", b"schedule") else 1
    return b" ".join(words[:size]).lower()


def _waits(words: list[bytes]) -> float:
    """Return for how many seconds a command waits on purpose."""
    for word in words:
        if word.startswith(b"timeout="):
            return read_duration(word[len(b"timeout=") :].decode(errors="replace")) or 0
    return 0.0


def _asked_before(words: list[bytes]) -> list[bytes] | None:
    """Return what tells of which function the job is that a command is about."""
    name = words[0].lower()
    place = 2 if len(words) > 2 and words[1].lower() in _PAIRED else 1
    if name == b"schedule":
        place = 2
    if name == b"batch" or len(words) <= place or b"=" in words[place]:
        return None
    if name == b"schedule":
        return [b"schedule", b"show", words[place]]
    handle = words[place]
    if name != b"job":
        handle = quote_from_bytes(handle).encode()
    return [b"job", handle, b"workload=no"]


def _check(state: State, peer: Peer, inquiry: Inquiry) -> bytes:
    """Return how a command is refused about the job that was found, if it is."""
    found = inquiry.found()
    if found is None:
        return b""
    try:
        for values in _rows(found):
            name = str(values["function"])
            check_job(state, peer, name.encode("utf-8", "surrogateescape"))
    except PacketError as refusal:
        return error(refusal.code, refusal.text.decode())
    return b""


def _rows(said: Said) -> list[dict[str, Any]]:
    lines = said.data.split(b"\n")
    return [json.loads(line) for line in lines if line.startswith(b"{")]


def _not_found(inquiry: Inquiry, unknown: bytes) -> bytes:
    """Return the answer where nobody knows; one that did not answer might have."""
    missing = [each for each in inquiry.said if reason_of(each)]
    return unanswered_error(missing) if missing else unknown


def inquire_progress(state: State, peer: Peer, name: bytes) -> None:
    """Ask others how far a job is, by its handle or unique."""
    words = [b"job", quote_from_bytes(name).encode(), b"workload=no"]
    inquiry = ask(state, peer, words, others_of(state), is_list=True)
    inquiry.is_for_one = True


def progress(peer: Peer, inquiry: Inquiry) -> tuple[bool, bool, int, int] | None:
    """Return whether a job is known and runs, numerator and denominator.

    None is returned where one that might know has not answered.
    """
    found = inquiry.found()
    if found is None:
        is_certain = not any(reason_of(each) for each in inquiry.said)
        return (False, False, 0, 0) if is_certain else None
    for values in _rows(found):
        if values["state"] in _UNENDED and is_seen(peer, values):
            parts = int(values["numerator"] or 0), int(values["denominator"] or 0)
            return True, values["state"] == "running", *parts
    return False, False, 0, 0


def follow_elsewhere(
    state: State,
    peer: Peer,
    handle: bytes,
    send: Callable[[Peer, ResultRecord], None],
) -> None:
    """Have ``send`` tell a peer how a job ended that another job server may have.

    Meanwhile the peer goes on.
    """

    def end(inquiry: Inquiry) -> None:
        _tell_end(peer, inquiry, send)

    # Who is away is given up; one that has the job answers when that has ended.
    words = [b"result", handle, b"timeout=%d" % _LONGEST]
    said = others_of(state)
    inquiry = ask(state, peer, words, said, is_list=True, then=end)
    inquiry.is_for_one = True
    inquiry.seconds += _LONGEST
    if not any(each.link is not None for each in said):
        end(inquiry)


def _tell_end(
    peer: Peer, inquiry: Inquiry, send: Callable[[Peer, ResultRecord], None]
) -> None:
    found = inquiry.found()
    rows = [] if found is None else _rows(found)
    record = _record_of(rows[0]) if rows else None
    if record is not None and any(
        peer.may(right, record.function) for right in (SEE, SUBMIT)
    ):
        send(peer, record)
    elif any(reason_of(each) for each in inquiry.said):
        send_error(peer, b"UNANSWERED", b"One that may have the job did not answer")
    else:
        send_error(peer, b"UNKNOWN_JOB", b"There is no such job")


def _record_of(values: dict[str, Any]) -> ResultRecord | None:
    """Return a row of ``result`` as how a job ended; None where it has not."""
    outcome = _bytes(values["state"])
    if outcome not in STATUSES:
        return None
    record = ResultRecord(0, _bytes(values["handle"]), _bytes(values["function"]))
    record.outcome = outcome
    record.error = _bytes(values["error"] or "")
    record.size, record.data_size = values["size"], values["data_size"]
    record.is_whole = values["kept"] == "whole"
    if record.is_whole:
        data = _bytes(values["result"])
        record.pieces = [
            base64.b64decode(data) if values["encoding"] == "base64" else data
        ]
    return record


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
