"""The text commands about the ends of jobs: ``result`` and ``follow``.

``result`` answers a row, and may wait for it. ``follow`` answers as a submission does
that joins a job: with packets, so that a client takes them as it takes all others.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from geartrain.engine.commands.arguments import Arguments, invalid, read_arguments
from geartrain.engine.commands.common import send_error
from geartrain.engine.commands.elsewhere import follow_elsewhere
from geartrain.engine.commands.finding import Found, find_job
from geartrain.engine.commands.inquiring import has_others
from geartrain.engine.commands.rows import (
    Portion,
    Value,
    calendar_time,
    first_bytes,
    row,
    text,
    with_data,
)
from geartrain.engine.jobs import results
from geartrain.engine.jobs.paging import recall
from geartrain.engine.jobs.reasons import state_word, waiting_word
from geartrain.engine.jobs.submissions import attach
from geartrain.engine.model.jobs import Job
from geartrain.engine.model.peers import Peer
from geartrain.engine.queries import FindJob, Query
from geartrain.engine.records import JobRecord
from geartrain.engine.results import (
    SUCCEEDED,
    FindResult,
    JobEnd,
    ResultRecord,
)
from geartrain.engine.state import reads
from geartrain.engine.state.state import State
from geartrain.errors import OptionError, PacketError
from geartrain.protocol.admin import END_OF_LIST, error
from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import NO_MORE, encode, header

__all__ = ["follow", "result", "send_result"]

_ARGUMENTS: Final = (b"handle", b"function", b"unique", b"timeout", b"first")


def result(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """Tell how a job ended, and its result, in a row; wait for that if asked to.

    ``result H|function=F unique=U [timeout=S] [first=N]``. PROTOCOL, "Results".
    """
    try:
        wanted = _wanted(words[1:])
        seconds = wanted.seconds(b"timeout")
        first = Portion(first=wanted.number(b"first", 0)).first
    except OptionError as refusal:
        return invalid(str(refusal))
    answers = peer.take_answers()
    end = answers[0] if answers else None
    if isinstance(end, JobEnd):
        answers = []
        if end.record is not None:
            peer.rest = _row_of(state, end.record, first)
            return b""
        if end.is_late:
            return _late_row(state, wanted, end.handle)
    handle = wanted.get(b"handle")
    name, unique = wanted.get(b"function"), wanted.get(b"unique")
    found = find_job(state, peer, handle, answers, name, unique)
    if found.is_asked:
        return b""
    return _answer(state, peer, wanted, found, seconds, first)


def _answer(
    state: State,
    peer: Peer,
    wanted: Arguments,
    found: Found,
    seconds: float,
    first: int,
) -> bytes:
    """Answer with a row, or wait for some seconds."""
    if found.error:
        return error(b"STORE_ERROR", found.error)
    if found.record is not None:
        peer.rest = _row_of(state, found.record, first)
    elif found.job is None and found.waiting is None:
        return _plain_row(state, wanted)
    elif seconds > 0:
        results.wait_for(state, peer, _handle_of(found), seconds)
    else:
        return _unended_row(state, found)
    return b""


def _wanted(words: list[bytes]) -> Arguments:
    """Read a handle, or a function and a unique, and a timeout.

    Raises:
        OptionError: one is wrong or missing.
    """
    if words and words[0].partition(b"=")[0] not in _ARGUMENTS:
        # A handle is sent as it is, and its prefix may be any that operators like.
        words = [b"handle=" + words[0].replace(b"%", b"%25"), *words[1:]]
    wanted = read_arguments(words, _ARGUMENTS)
    has_unique = bool(wanted.get(b"function")) and bool(wanted.get(b"unique"))
    if bool(wanted.get(b"handle")) == has_unique:
        raise OptionError("give a handle, or function= and unique=")
    return wanted


def _handle_of(found: Found) -> bytes:
    if found.job is not None:
        return found.job.handle
    assert found.waiting is not None
    return found.waiting.handle


def _unknown(state: State, handle: bytes) -> str:
    """Return ``ended`` for a handle that was given, or else ``unknown``."""
    return "ended" if state.was_given(handle) else "unknown"


def _row_of(state: State, record: ResultRecord, first: int) -> Iterator[bytes]:
    """Give the row of a job that has ended, its result up to ``first`` bytes if any."""
    values = _values(record.handle, record.function, record.unique)
    values["state"] = text(record.outcome)
    values["reason"] = text(record.reason) or None
    values["error"] = text(record.error) or None
    values["worker"] = text(record.worker) or None
    values["submitted"] = calendar_time(state, record.submitted)
    values["started"] = calendar_time(state, record.started)
    values["ended"] = calendar_time(state, record.ended)
    values["expires"] = calendar_time(state, record.expires)
    values["kept"] = _kept(record)
    values["size"] = record.size
    values["data_size"] = record.data_size
    if record.is_whole:
        del values["result"], values["encoding"]
        data = first_bytes(record.pieces, first) if first else record.pieces
        yield from with_data(state, values, "result", data)
    else:
        yield row(values)
    yield END_OF_LIST


def _kept(record: ResultRecord) -> str:
    if record.is_whole:
        return "whole"
    return "too_large" if record.size else "none"


def _values(handle: bytes, function: bytes, unique: bytes) -> dict[str, Value]:
    """Return all columns of a row, the names filled in."""
    return {
        "handle": text(handle),
        "function": text(function),
        "unique": text(unique),
        "state": None,
        "reason": None,
        "error": None,
        "worker": None,
        "submitted": None,
        "started": None,
        "ended": None,
        "expires": None,
        "kept": "none",
        "size": 0,
        "data_size": 0,
        "result": None,
        "encoding": None,
    }


def _late_row(state: State, wanted: Arguments, handle: bytes) -> bytes:
    """Return the row of a job that has not ended in time."""
    found = Found()
    found.job = state.jobs.get(handle)
    if found.job is not None:
        return _unended_row(state, found)
    # It is where it was, in the store, which need not be asked again.
    values = _values(handle, wanted.get(b"function"), wanted.get(b"unique"))
    values["state"] = "waiting"
    return row(values) + END_OF_LIST


def _plain_row(state: State, wanted: Arguments) -> bytes:
    """Return the row of a job of which nothing is known, but whether it has ended."""
    handle = wanted.get(b"handle")
    values = _values(handle, wanted.get(b"function"), wanted.get(b"unique"))
    values["state"] = _unknown(state, handle)
    return row(values) + END_OF_LIST


def _unended_row(state: State, found: Found) -> bytes:
    """Return the row of a job that waits or runs."""
    job, record = found.job, found.waiting
    if job is not None:
        values = _values(job.handle, job.function.name, job.unique)
        values["state"] = state_word(state, job)
        values["submitted"] = calendar_time(state, job.submitted)
        if job.worker is not None:
            values["worker"] = text(job.worker.client_id + b" " + job.worker.address)
            values["started"] = calendar_time(state, job.started)
    else:
        assert record is not None
        values = _values(record.handle, record.function, record.unique)
        values["state"] = waiting_word(state, record)
        values["submitted"] = calendar_time(state, record.submitted)
    return row(values) + END_OF_LIST


def follow(state: State, peer: Peer, words: list[bytes]) -> bytes:
    """Send a peer what is told of a job, as if it had submitted it in the foreground.

    ``follow H`` is answered by JOB_CREATED and then WORK_*, or by ERROR. PROTOCOL,
    "Results".
    """
    answers = peer.take_answers()
    if len(words) != 2 or not words[1]:
        send_error(peer, b"INVALID_ARGUMENT", b"follow takes one handle")
        return b""
    handle = words[1]
    try:
        found = find_job(state, peer, handle, answers)
    except PacketError as refusal:
        reads.end(state, peer)
        send_error(peer, refusal.code, refusal.text)
        return b""
    if found.is_asked:
        return b""
    if found.job is None and found.waiting is not None:
        if not _has_workload(answers):
            _ask_whole(state, peer, found.waiting)
            return b""
        found.job = recall(state, found.waiting)
    reads.end(state, peer)
    _tell(state, peer, handle, found)
    return b""


def _tell(state: State, peer: Peer, handle: bytes, found: Found) -> None:
    """Tell a peer of a job that it follows, now or from now on."""
    if found.error:
        send_error(peer, b"STORE_ERROR", found.error.encode())
    elif found.job is not None:
        _attach(state, peer, found.job)
    elif found.record is not None:
        send_result(peer, found.record)
    elif _unknown(state, handle) == "ended":
        send_error(peer, b"NO_RESULT", b"The job has ended, and no result is kept")
    elif has_others(state) and not peer.is_part:
        follow_elsewhere(state, peer, handle, send_result)
    else:
        send_error(peer, b"UNKNOWN_JOB", b"There is no such job")


def _has_workload(answers: list[Query]) -> bool:
    return any(isinstance(each, FindJob) and each.with_workload for each in answers)


def _ask_whole(state: State, peer: Peer, record: JobRecord) -> None:
    """Ask for a job with its workload, to bring it into memory, if there is room."""
    if reads.begin(state, peer, record.size):
        queries: list[Query] = [FindJob(record.number, True)]
        queries.append(FindResult(state.server_time(), record.number))
        state.ask(peer, queries)
    else:
        send_error(peer, b"QUEUE_ERROR", reads.NO_MEMORY.encode())


def _attach(state: State, peer: Peer, job: Job) -> None:
    """Send a peer what is told of a job from now on, and the data that is collected."""
    attach(state, job, peer)
    peer.send(encode(PacketType.JOB_CREATED, job.handle))
    collected = job.collected
    if collected is not None and collected.held:
        _send_part(peer, PacketType.WORK_DATA, job.handle, collected.pieces)


def send_result(peer: Peer, record: ResultRecord) -> None:
    """Send a peer the end of a job as its submitter was, or would have been, sent it.

    The first packet is JOB_CREATED, or ERROR where the job succeeded and its result is
    not kept.
    """
    handle = record.handle
    if record.outcome == SUCCEEDED and not record.is_whole:
        _refuse(peer, record)
        return
    peer.send(encode(PacketType.JOB_CREATED, handle))
    if record.outcome == SUCCEEDED:
        data, final = _parted(record)
        if data:
            _send_part(peer, PacketType.WORK_DATA, handle, data)
        _send_part(peer, PacketType.WORK_COMPLETE, handle, final)
    elif peer.wants_reasons or (peer.wants_exceptions and record.error):
        said = record.error or record.outcome
        peer.send(encode(PacketType.WORK_EXCEPTION, handle + b"\0" + said))
    else:
        peer.send(encode(PacketType.WORK_FAIL, handle))


def _refuse(peer: Peer, record: ResultRecord) -> None:
    if record.size:
        said = b"The result has %d bytes, more than result_size" % record.size
        send_error(peer, b"RESULT_TOO_LARGE", said)
    else:
        send_error(peer, b"NO_RESULT", b"The job succeeded, and no result is kept")


def _parted(record: ResultRecord) -> tuple[list[bytes], list[bytes]]:
    """Part a result into what came by WORK_DATA, and what by WORK_COMPLETE."""
    left = record.data_size
    data: list[bytes] = []
    final: list[bytes] = []
    for piece in record.pieces:
        if left >= len(piece):
            data.append(piece)
        elif left > 0:
            data.append(piece[:left])
            final.append(piece[left:])
        else:
            final.append(piece)
        left = max(0, left - len(piece))
    return data, final


def _send_part(
    peer: Peer, packet_type: int, handle: bytes, pieces: list[bytes]
) -> None:
    head = handle + b"\0"
    size = len(head) + sum(map(len, pieces))
    more = pieces or NO_MORE
    peer.send_pieces(header(packet_type, size) + head, more)
