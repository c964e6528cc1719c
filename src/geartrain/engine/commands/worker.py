"""Packets of workers: abilities, and the results of jobs."""

from __future__ import annotations

from typing import Final

from geartrain.engine.commands import options
from geartrain.engine.commands.common import TOO_MANY_FUNCTIONS, send_error
from geartrain.engine.commands.permission import check_function
from geartrain.engine.jobs import failures, results
from geartrain.engine.jobs.departures import withdraw
from geartrain.engine.jobs.ending import finish
from geartrain.engine.jobs.relays import relay
from geartrain.engine.model import counts
from geartrain.engine.model.access import WORK
from geartrain.engine.model.functions import Function
from geartrain.engine.model.jobs import Job
from geartrain.engine.model.peers import ASLEEP, Peer
from geartrain.engine.results import SUCCEEDED
from geartrain.engine.state import abilities, addressees, functions, nodes, windows
from geartrain.engine.state.marks import workers_changed
from geartrain.engine.state.state import State
from geartrain.engine.state.statistics import count_job
from geartrain.errors import PacketError
from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import Packet, encode, header

__all__ = [
    "can_do",
    "can_do_timeout",
    "cant_do",
    "report_refused",
    "reset_abilities",
    "set_client_id",
    "withdraw_ability",
    "work_complete",
    "work_data",
    "work_exception",
    "work_fail",
    "work_status",
    "work_warning",
]

# Units of work, as ``turns`` counts it: of a job that goes to another worker.
_LOST: Final = 15

_NOT_FOUND: Final = b"JOB_NOT_FOUND"
_MAX_CLIENT_ID: Final = 127
# What GET_STATUS tells of a number; WORK_STATUS is forwarded as it is.
_MAX_PROGRESS: Final = 64


def set_client_id(state: State, peer: Peer, packet: Packet) -> None:
    """Name the worker for the text command ``workers``."""
    # Also one that can do nothing now, but could before.
    addressees.go(state, peer)
    peer.client_id = packet.arguments[0][:_MAX_CLIENT_ID]
    if peer.abilities:
        addressees.come(state, peer)
        if peer.wakefulness is ASLEEP:
            abilities.begin_change(state, peer)


def can_do(state: State, peer: Peer, packet: Packet) -> None:
    """Register an ability."""
    _add_ability(state, peer, packet.arguments[0], 0.0)


def can_do_timeout(state: State, peer: Peer, packet: Packet) -> None:
    """Register an ability with a timeout for its jobs, in milliseconds.

    As at gearmand, 1 to 999 milliseconds are a second, and what is no positive
    number is no timeout.
    """
    text = packet.arguments[1].strip(b" \0")
    milliseconds = int(text) if text.isdigit() and len(text) <= 10 else 0
    timeout = max(milliseconds, 1000) / 1000 if milliseconds > 0 else 0.0
    _add_ability(state, peer, packet.arguments[0], timeout)


def _add_ability(state: State, peer: Peer, name: bytes, timeout: float) -> None:
    check_function(state, peer, WORK, name)
    function = functions.admit(state, name)
    if function is None:
        send_error(peer, b"QUEUE_ERROR", TOO_MANY_FUNCTIONS)
        return
    if function in peer.abilities:
        # Workers repeat themselves when they reconnect; one ability it stays.
        peer.abilities[function] = timeout
        abilities.accept(state, peer, function)
        return
    if state.policies.reads_names:
        options.warn_of_name(state, peer, name)
    abilities.begin_change(state, peer)
    peer.abilities[function] = timeout
    function.workers[peer] = None
    workers_changed(state, function)
    windows.serve(state, function)
    state.wakeups.gain(peer, function)
    addressees.come(state, peer)
    if peer.node is not None:
        nodes.be_offered(state, peer.node)


def cant_do(state: State, peer: Peer, packet: Packet) -> None:
    """Withdraw an ability; its jobs that this worker runs go to another."""
    function = state.functions.get(packet.arguments[0])
    if function is not None and function in peer.abilities:
        withdraw_ability(state, peer, function)


def withdraw_ability(state: State, peer: Peer, function: Function) -> None:
    """Take an ability from a worker; its jobs of it go to another.

    A node goes on with them: it has workers for them, and takes no more.
    """
    abilities.begin_change(state, peer)
    _remove_ability(peer, function)
    workers_changed(state, function)
    if function in peer.declined:
        del peer.declined[function]
    else:
        state.wakeups.lose(peer, function)
    addressees.lose(state, peer, function)
    if peer.node is None:
        _lose_running(state, peer, function)
    functions.retire(state, function)


def reset_abilities(state: State, peer: Peer, packet: Packet) -> None:
    """Withdraw all abilities; the jobs this worker runs go to others."""
    abilities.begin_change(state, peer)
    state.wakeups.leave(peer)
    addressees.go(state, peer)
    before, peer.abilities = peer.abilities, {}
    peer.declined = {}
    _lose_running(state, peer, None)
    state.turns.start(withdraw(state, peer, before))


def _remove_ability(peer: Peer, function: Function) -> None:
    del peer.abilities[function]
    del function.workers[peer]


def _lose_running(state: State, peer: Peer, function: Function | None) -> None:
    """Give the jobs this worker runs, of one function or of all, to others."""
    running = list(peer.running)
    state.turns.work += len(running) >> 5
    for job in reversed(running):
        if function is None or job.function is function:
            state.turns.work += _LOST
            failures.lose(state, job)


def _running_job(state: State, peer: Peer, handle: bytes) -> Job | None:
    """Return the job of this handle if this worker runs it."""
    job = state.jobs.get(handle)
    if job is None or job.worker is not peer:
        return None
    return job


def _forward(state: State, peer: Peer, job: Job, packet: Packet) -> None:
    """Send a worker's packet on to every client that waits."""
    if not job.is_awaited():
        return
    more = packet.more
    if more:
        size = len(packet.payload) + sum(map(len, more))
        relay(state, job, header(packet.type, size) + packet.payload, more, peer)
    else:
        relay(state, job, encode(packet.type, packet.payload), more, peer)


def work_data(state: State, peer: Peer, packet: Packet) -> None:
    """Forward a part of the result."""
    job = _forward_running(state, peer, packet)
    if job is None:
        return
    if state.tails.is_on:
        state.tails.add(job, packet.arguments[1], packet.more, state.now)
    if job.collected is not None:
        results.add(state, job, packet.arguments[1], packet.more)


def work_warning(state: State, peer: Peer, packet: Packet) -> None:
    """Forward a warning."""
    _forward_running(state, peer, packet)


def _forward_running(state: State, peer: Peer, packet: Packet) -> Job | None:
    """Send a worker's packet on; return its job, or None if it runs none such."""
    job = _running_job(state, peer, packet.arguments[0])
    if job is None:
        _not_found(state, peer, packet.arguments[0], b"Job does not exist on server")
    else:
        _forward(state, peer, job, packet)
    return job


def work_status(state: State, peer: Peer, packet: Packet) -> None:
    """Remember how far the job is and forward it."""
    job = _running_job(state, peer, packet.arguments[0])
    if job is None:
        _refuse_result(state, peer, packet.arguments[0])
        return
    job.numerator = packet.arguments[1][:_MAX_PROGRESS]
    job.denominator = packet.arguments[2][:_MAX_PROGRESS]
    _forward(state, peer, job, packet)


def work_complete(state: State, peer: Peer, packet: Packet) -> None:
    """Forward the result and end the job."""
    job = _running_job(state, peer, packet.arguments[0])
    if job is None:
        _refuse_result(state, peer, packet.arguments[0])
        return
    _forward(state, peer, job, packet)
    if job.collected is not None or state.result_waits or state.graph.waiting:
        results.succeed(state, job, packet.arguments[1], packet.more)
    count_job(state, job, counts.SUCCEEDED)
    peer.succeeded += 1
    size = len(packet.payload) - len(job.handle) - 1
    if packet.more:
        size += sum(map(len, packet.more))
    finish(state, job, SUCCEEDED, max(size, 0))


def work_fail(state: State, peer: Peer, packet: Packet) -> None:
    """Try the job again, or tell the clients that it failed and end it."""
    # Some workers send the C string's end along.
    handle = packet.arguments[0].rstrip(b"\0")
    job = _running_job(state, peer, handle)
    if job is None:
        # Perl and Python workers send it after WORK_EXCEPTION, which ended the job,
        # and would take an ERROR for the answer to their next grab.
        if not handle or handle != peer.excepted:
            _refuse_result(state, peer, handle)
        peer.excepted = b""
        return
    if not failures.fail(state, job, b"fail", b""):
        _forward(state, peer, job, packet)
        failures.die(state, job)


def _refuse_result(state: State, peer: Peer, handle: bytes) -> None:
    _not_found(state, peer, handle, b"Job given in work result not found")


def _not_found(state: State, peer: Peer, handle: bytes, text: bytes) -> None:
    """Tell a worker that it does not run the job it reports on."""
    failures.refuse_result(state, peer, handle)
    _send_job_error(peer, _NOT_FOUND, text, handle)


def _send_job_error(peer: Peer, code: bytes, text: bytes, handle: bytes) -> None:
    """Send an ERROR; one who wants to know which job it is about is told."""
    send_error(peer, code, text + b": " + handle if peer.wants_handles else text)


def report_refused(state: State, peer: Peer, error: PacketError) -> None:
    """End the attempt whose worker sent what this server does not take.

    Otherwise the job would run for ever, or succeed with a piece missing.
    """
    handle = error.handle
    _send_job_error(peer, error.code, error.text, handle)
    job = _running_job(state, peer, handle)
    if job is None:
        failures.refuse_result(state, peer, handle)
        return
    peer.excepted = job.handle
    if not failures.fail(state, job, b"exception", error.text):
        failures.tell(state, job, error.text)
        failures.die(state, job)


def work_exception(state: State, peer: Peer, packet: Packet) -> None:
    """Try the job again, or end it, with WORK_EXCEPTION to clients that asked for it.

    The others are told WORK_FAIL.
    """
    job = _running_job(state, peer, packet.arguments[0])
    if job is None:
        _not_found(
            state,
            peer,
            packet.arguments[0],
            b"An exception was received for a job that does not exist",
        )
        return
    peer.excepted = job.handle
    error = b"".join([packet.arguments[1], *packet.more])
    if failures.fail(state, job, b"exception", error):
        return
    size = len(packet.payload) + sum(len(piece) for piece in packet.more)
    exception = header(packet.type, size) + packet.payload
    failure = encode(PacketType.WORK_FAIL, job.handle)
    relay(state, job, exception, packet.more, peer, failure)
    failures.die(state, job)
