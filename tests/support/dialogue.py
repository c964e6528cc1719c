"""Dialogues: clients, workers and operators talk to an engine without sockets.

The world drives an engine as a network driver would: it hands over bytes, collects
the outboxes by ``take_unsent``, and calls ``tick`` at each deadline. Peers have one
method for each packet type, named after it; what came back is in ``received``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from geartrain.engine.batches import Batch
from geartrain.engine.engine import Engine
from geartrain.engine.model.limits import NO_LIMITS, Limits
from geartrain.engine.model.notices import Notice
from geartrain.engine.model.options import EngineOptions
from geartrain.engine.model.peers import Peer
from geartrain.engine.model.policies import Policy
from geartrain.engine.model.schedules import Calendar, no_calendar
from geartrain.protocol.constants import HEADER_SIZE, RESPONSE_MAGIC, PacketType
from geartrain.protocol.packets import ARGUMENTS, request
from geartrain.stores.base import Store

# The handles of a world's first jobs.
H1: Final = b"H:test:1"
H2: Final = b"H:test:2"
H3: Final = b"H:test:3"
H4: Final = b"H:test:4"

# When a world's time begins, by the steady clock and by the calendar's.
STEADY_START: Final = 1000.0
WALL_START: Final = 1_750_000_000.0


@dataclass(frozen=True)
class Answer:
    """A packet, or lines of text, that the job server sent."""

    name: str
    arguments: tuple[bytes, ...] = ()

    def __repr__(self) -> str:
        return f"{self.name}({', '.join(_shown(each) for each in self.arguments)})"


def _shown(argument: bytes) -> str:
    if len(argument) <= 200:
        return repr(argument)
    return f"{argument[:20]!r}…{len(argument)} bytes"


def _answers(name: str) -> Callable[..., Answer]:
    def answer(*arguments: bytes) -> Answer:
        return Answer(name, arguments)

    return answer


echo_res = _answers("echo_res")
error = _answers("error")
job_assign = _answers("job_assign")
job_assign_all = _answers("job_assign_all")
job_assign_uniq = _answers("job_assign_uniq")
job_created = _answers("job_created")
no_job = _answers("no_job")
noop = _answers("noop")
option_res = _answers("option_res")
status_res = _answers("status_res")
status_res_unique = _answers("status_res_unique")
text = _answers("text")
work_complete = _answers("work_complete")
work_data = _answers("work_data")
work_exception = _answers("work_exception")
work_fail = _answers("work_fail")
work_status = _answers("work_status")
work_warning = _answers("work_warning")


def read_answers(data: bytes) -> list[Answer]:
    """Decode what a job server sent; text ends where the next packet begins."""
    found = []
    while data:
        if data.startswith(b"\0"):
            answer, data = _read_packet(data)
        else:
            end = data.find(RESPONSE_MAGIC)
            end = len(data) if end < 0 else end
            answer, data = text(data[:end]), data[end:]
        found.append(answer)
    return found


def _read_packet(data: bytes) -> tuple[Answer, bytes]:
    assert data[:4] == RESPONSE_MAGIC, data[:HEADER_SIZE]
    packet_type = PacketType(int.from_bytes(data[4:8], "big"))
    end = HEADER_SIZE + int.from_bytes(data[8:12], "big")
    assert len(data) >= end, f"half of a {packet_type.name}: {data[:80]!r}"
    payload = data[HEADER_SIZE:end]
    names = ARGUMENTS[packet_type]
    if names:
        arguments = tuple(payload.split(b"\0", len(names) - 1))
    else:
        arguments = (payload,) if payload else ()
    return Answer(packet_type.name.lower(), arguments), data[end:]


def _sends(packet_type: PacketType) -> Callable[..., None]:
    def send(peer: DialoguePeer, *arguments: bytes) -> None:
        peer.send(request(packet_type, *arguments))

    return send


class DialoguePeer:
    """One connection to the world's engine."""

    all_yours = _sends(PacketType.ALL_YOURS)
    can_do = _sends(PacketType.CAN_DO)
    can_do_timeout = _sends(PacketType.CAN_DO_TIMEOUT)
    cant_do = _sends(PacketType.CANT_DO)
    echo_req = _sends(PacketType.ECHO_REQ)
    get_status = _sends(PacketType.GET_STATUS)
    get_status_unique = _sends(PacketType.GET_STATUS_UNIQUE)
    grab_job = _sends(PacketType.GRAB_JOB)
    grab_job_all = _sends(PacketType.GRAB_JOB_ALL)
    grab_job_uniq = _sends(PacketType.GRAB_JOB_UNIQ)
    option_req = _sends(PacketType.OPTION_REQ)
    pre_sleep = _sends(PacketType.PRE_SLEEP)
    reset_abilities = _sends(PacketType.RESET_ABILITIES)
    set_client_id = _sends(PacketType.SET_CLIENT_ID)
    submit_job = _sends(PacketType.SUBMIT_JOB)
    submit_job_bg = _sends(PacketType.SUBMIT_JOB_BG)
    submit_job_epoch = _sends(PacketType.SUBMIT_JOB_EPOCH)
    submit_job_high = _sends(PacketType.SUBMIT_JOB_HIGH)
    submit_job_high_bg = _sends(PacketType.SUBMIT_JOB_HIGH_BG)
    submit_job_low = _sends(PacketType.SUBMIT_JOB_LOW)
    submit_job_low_bg = _sends(PacketType.SUBMIT_JOB_LOW_BG)
    submit_job_sched = _sends(PacketType.SUBMIT_JOB_SCHED)
    submit_reduce_job = _sends(PacketType.SUBMIT_REDUCE_JOB)
    submit_reduce_job_background = _sends(PacketType.SUBMIT_REDUCE_JOB_BACKGROUND)
    work_complete = _sends(PacketType.WORK_COMPLETE)
    work_data = _sends(PacketType.WORK_DATA)
    work_exception = _sends(PacketType.WORK_EXCEPTION)
    work_fail = _sends(PacketType.WORK_FAIL)
    work_status = _sends(PacketType.WORK_STATUS)
    work_warning = _sends(PacketType.WORK_WARNING)

    def __init__(self, world: World, address: bytes, is_trusted: bool) -> None:
        self._world = world
        self._inbox = b""
        # Whether the job server asked its driver to close this connection.
        self.is_closed = False
        self.engine_peer = world.engine.connect(
            world.next_descriptor(), address, is_trusted
        )

    def send(self, data: bytes) -> None:
        """Send bytes as one piece."""
        self._world.engine.receive(self.engine_peer, data, self._world.now)
        self._world.deliver()

    def send_in_pieces(self, data: bytes, size: int) -> None:
        """Send bytes as pieces of ``size``."""
        for start in range(0, len(data), size):
            self.send(data[start : start + size])

    def text(self, line: str | bytes) -> bytes:
        """Send a line and return the text, and nothing but text, that answers it."""
        data = line.encode() if isinstance(line, str) else line
        assert self.received == []
        self.send(data + b"\n")
        answers = self.received
        assert all(answer.name == "text" for answer in answers), answers
        return b"".join(answer.arguments[0] for answer in answers)

    def wait(self, seconds: float) -> None:
        """Let time pass until this peer is looked at again."""
        self._world.advance(seconds)

    def leave(self) -> None:
        """Close the connection."""
        self._world.engine.disconnect(self.engine_peer, self._world.now)
        self._world.forget(self)
        self._world.deliver()

    def take_delivery(self, data: bytes) -> None:
        """Receive bytes; only the world calls this."""
        self._inbox += data

    def take_bytes(self) -> bytes:
        """Return what has arrived since this was last looked at, as it came."""
        data, self._inbox = self._inbox, b""
        return data

    @property
    def received(self) -> list[Answer]:
        """What has arrived since this was last looked at."""
        data, self._inbox = self._inbox, b""
        return read_answers(data)


class World:
    """An engine, its clock, and everyone connected to it."""

    def __init__(
        self,
        calendar: Calendar = no_calendar,
        *,
        max_crashes: int = 0,
        exceptions: bool = False,
        max_packet: int = 1024 * 1024,
        choice: str = "priority",
        handle_prefix: bytes = b"H:test",
        store: Store | None = None,
        keeps_jobs: bool = True,
        holds: bool = True,
        window: int = 10_000,
        most_dead: int = 0,
        most_functions: int = 100_000,
        most_idle: int = 10_000,
        limits: Limits = NO_LIMITS,
        now: float = STEADY_START,
    ) -> None:
        """Begin with nobody connected, and with a store if one is given.

        Everything is committed and answered as soon as it is collected, unless
        ``is_committing`` is set to False, and what a turn leaves is gone on with at
        once, unless ``goes_on`` is.
        """
        policy = Policy()
        policy.max_crashes = max_crashes
        policy.backoff_delay = 0.0
        self.now = now
        self.engine = Engine(
            EngineOptions(
                handle_prefix=handle_prefix,
                max_packet=max_packet,
                policy=policy,
                window=window,
                most_dead=most_dead,
                most_functions=most_functions,
                most_idle=most_idle,
                limits=limits,
                exceptions=exceptions,
                choice=choice,
                node_identity=b"0123456789abcdef",
                node_name=handle_prefix.removeprefix(b"H:"),
                version=b"9.8.7",
                process_id=4711,
            ),
            calendar,
        )
        self.engine.set_clock(WALL_START - STEADY_START)
        self._peers: dict[Peer, DialoguePeer] = {}
        self._last_descriptor = 9
        self.store = store
        self.is_committing = True
        self.goes_on = True
        # The peers that a driver would read from again.
        self.freed: list[Peer] = []
        if store is not None:
            self.engine.resume(
                store.open(), self.now, keeps_jobs=keeps_jobs, holds=holds
            )
            self.deliver()

    def next_descriptor(self) -> int:
        """Return 10, 11, …"""
        self._last_descriptor += 1
        return self._last_descriptor

    def connect(
        self, address: bytes = b"127.0.0.1", *, is_trusted: bool = True
    ) -> DialoguePeer:
        """Open a connection."""
        peer = DialoguePeer(self, address, is_trusted)
        self._peers[peer.engine_peer] = peer
        return peer

    client = connect
    admin = connect

    def worker(self, *functions: str) -> DialoguePeer:
        """Open a connection that can do these functions."""
        peer = self.connect()
        for function in functions:
            peer.can_do(function.encode())
        return peer

    def sleeper(self, *functions: str) -> DialoguePeer:
        """Open a connection that can do these functions and has gone to sleep."""
        peer = self.worker(*functions)
        peer.pre_sleep()
        return peer

    @property
    def wall_time(self) -> float:
        """The time in seconds since 1970."""
        return self.now - STEADY_START + WALL_START

    def deadline(self) -> float | None:
        """Return when something is due but the end of a minute of statistics."""
        slots = self.engine.state.slots
        until, slots.until = slots.until, 0.0
        found = self.engine.deadline()
        slots.until = until
        return found

    def advance(self, seconds: float) -> None:
        """Let time pass, ticking at each deadline and at no other moment."""
        end = self.now + seconds
        deadline = self.engine.deadline()
        while deadline is not None and deadline <= end:
            self.now = max(self.now, deadline)
            self.engine.tick(self.now)
            previous, deadline = deadline, self.engine.deadline()
            assert deadline is None or deadline > previous, "a tick left what was due"
            # What comes from the store may be due at once.
            self.deliver()
            deadline = self.engine.deadline()
        self.now = end

    def deliver(self) -> None:
        """Bring the peers what the engine has for them, leftovers included."""
        while True:
            while self.is_committing and self._commit():
                pass
            for engine_peer, pieces in self.engine.take_unsent():
                if engine_peer in self._peers:
                    self._peers[engine_peer].take_delivery(b"".join(pieces))
            if not (self.goes_on and self.engine.has_more()):
                break
            self.engine.go_on(self.now)
        self.freed += self.engine.take_freed()
        for engine_peer in self.engine.take_closing():
            self._peers[engine_peer].is_closed = True

    def _commit(self) -> bool:
        batch = None if self.store is None else self.engine.take_batch()
        if batch is None:
            return False
        self._settle(batch, "")
        return True

    def _settle(self, batch: Batch, refusal: str) -> None:
        assert self.store is not None
        if not refusal:
            self.store.commit(batch)
        for query in batch.queries:
            self.store.answer(query)
        if refusal:
            self.engine.refused(refusal, self.now)
        else:
            self.engine.committed(self.now)

    def take(self) -> Batch:
        """Take the batch that a driver would begin to commit; ``settle`` ends it."""
        batch = self.engine.take_batch()
        assert batch is not None
        return batch

    def settle(self, batch: Batch, refusal: str = "") -> None:
        """Commit, or refuse, what was taken, answer its queries, and deliver."""
        self._settle(batch, refusal)
        self.deliver()

    def commit(self) -> Batch:
        """Take what was collected, commit it, answer its queries, and deliver."""
        batch = self.take()
        self.settle(batch)
        return batch

    def refuse(self, reason: str) -> Batch:
        """Take what was collected, and refuse it."""
        batch = self.take()
        self.settle(batch, reason)
        return batch

    def commit_all(self) -> None:
        """Commit until there is nothing more, and go on doing so."""
        self.is_committing = True
        self.deliver()

    def restarted(self, calendar: Calendar = no_calendar) -> World:
        """Return a world that goes on with what the store has; this one has ended."""
        assert self.store is not None
        self.is_committing = False
        self.store.close()
        window = self.engine.state.options.window
        other = World(calendar, store=self.store, window=window, now=self.now)
        other.advance(0)
        return other

    def policy(self, pattern: bytes, **settings: str | int | float | bool) -> None:
        """Set some of the settings of a function, or of many."""
        self.engine.change_policy(pattern, settings)

    def forget(self, peer: DialoguePeer) -> None:
        """Deliver no more to a peer that left; only the peer calls this."""
        del self._peers[peer.engine_peer]

    def notices(self) -> list[Notice]:
        """Return what the log would show since this was last looked at."""
        return self.engine.take_notices()
