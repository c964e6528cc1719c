"""Peers: connections as the engine sees them."""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from geartrain.engine.model.access import SEE, Access
from geartrain.engine.model.limits import Usage
from geartrain.engine.model.links import LinkReport
from geartrain.engine.model.principals import Identity
from geartrain.protocol.admin import Command
from geartrain.protocol.packets import Packet
from geartrain.protocol.parser import Parser

if TYPE_CHECKING:
    from geartrain.engine.model.crews import Crew
    from geartrain.engine.model.flow_keys import FlowKey
    from geartrain.engine.model.functions import Function
    from geartrain.engine.model.jobs import Job
    from geartrain.engine.model.listings import Listing
    from geartrain.engine.model.nodes import Node
    from geartrain.engine.model.waits import ResultWait
    from geartrain.engine.queries import Query

# From this size on a piece is sent by itself rather than copied, so that a result
# that many clients wait for is in memory once.
_LARGE: Final = 16 * 1024

# Nothing is produced for a peer that leaves this many bytes unread. It is ample for
# clients that read only after they have submitted all: 250,000 answers.
MOST_UNREAD: Final = 8 * 1024 * 1024

# What becomes of a foreground submission that no worker can run: it waits, the client
# is also warned, or it is refused.
WAITS: Final = 0
WARNS: Final = 1
FAILS: Final = 2

__all__ = [
    "ASLEEP",
    "AWAKE",
    "FAILS",
    "MOST_UNREAD",
    "WAITS",
    "WARNS",
    "WOKEN",
    "Peer",
    "Wakefulness",
]


class Wakefulness(IntEnum):
    """Whether a worker waits for a NOOP."""

    AWAKE = 0
    ASLEEP = 1
    WOKEN = 2


# What all peers have that decline no function, which is nearly all of them.
_NONE_DECLINED: Final[dict[Function, None]] = {}

AWAKE: Final = Wakefulness.AWAKE
ASLEEP: Final = Wakefulness.ASLEEP
WOKEN: Final = Wakefulness.WOKEN


class Peer:
    """One connection: a client, a worker, an operator, or all of them at once."""

    def __init__(  # noqa: PLR0915 - as many attributes
        self,
        descriptor: int,
        address: bytes,
        is_trusted: bool,
        parser: Parser,
        unsent: list[Peer],
    ) -> None:
        """Join ``unsent`` whenever the outbox stops being empty."""
        self.descriptor = descriptor
        """The number the text command ``workers`` shows."""
        self.address = address
        """The numeric host it comes from, as ``workers`` shows it."""
        self.is_trusted = is_trusted
        """It came by a loopback or unix listener and may shut down."""
        self.identity = Identity()
        """What the driver knows of who it is."""
        self.access: Access | None = None
        """What it may do; None for everything."""
        self.rights: tuple[int, ...] = ()
        """The rights that its command needs, one of which has to hold."""
        self.is_confined = False
        """It may only look: text commands that change something are taken elsewhere."""
        self.node: Node | None = None
        """The job server that works for this one by it; None for all others."""
        self.link: LinkReport | None = None
        """The link whose jobs it submits: another job server gave them to this one.
        None for all others.
        """
        self.wants_endings = False
        """It is a link that is told of an attempt that crashed, say, so that the job
        server that gave the job decides what becomes of it.
        """
        self.is_part = False
        """What its command is answered is a part of what several job servers say."""
        self.usages: tuple[Usage, ...] = ()
        """What the owners use that it counts for, principals first; empty without
        limits.
        """
        self.parser = parser
        """The receiving side of its bytes."""
        self.has_tls = False
        """Its connection is encrypted, as far as the driver knows."""
        self.number = 0
        """Its place in the order in which all peers connected, from 1."""
        self.since = 0.0
        """When it connected, by the steady clock."""
        self.heard = 0.0
        """When something of it last arrived, by the steady clock."""
        self.submissions = 0
        """How many jobs it submitted."""
        self.succeeded = 0
        """How many of the jobs it ran succeeded."""
        self.failed = 0
        """How many of its attempts failed, by its own word."""
        self.lost_count = 0
        """How many of its attempts timed out, or went to others."""
        self.buffered = 0
        """The bytes of an incomplete packet that its parser was last seen with."""
        self.outbox: list[bytes] = []
        """Bytes to be sent to it; the driver takes them."""
        self.outbox_size = 0
        """The bytes in the outbox."""
        self.held_size = 0
        """The bytes held back."""
        self.held: list[list[bytes]] = []
        """Bytes to be sent to it later, by the batch they wait for."""
        self._held_for: list[int] = []
        self._unsent = unsent
        self.is_closing = False
        """To be closed once the outbox is sent."""
        self.is_asking = False
        """It waits for the store's answers, and nothing of it is read."""
        self.is_busy = False
        """Some of what it sent is left for a later turn."""
        self.is_congested = False
        """Nothing is produced for it, because it has too much unread."""
        self.relays = 0
        """How many of its packets are still being carried out: on their way to many
        clients, or broadcast.
        """
        self.rest: Iterator[bytes] | None = None
        """What is still to be produced of the answer that it is being sent."""
        self.message: Packet | Command | None = None
        """The message that waits for the store's answers."""
        self.answers: list[Query] = []
        """The store's answers, while ``message`` is read again."""
        self.wait: ResultWait | None = None
        """The end of a job that ``message`` waits for."""
        self.listing: Listing | None = None
        """The jobs there were when it began to list them."""
        self.submitted = 0
        """The batch of the last job that it submitted to be kept."""
        self.lost: dict[bytes, Function] = {}
        """The functions of jobs it was given that went to others, by handle."""
        self.client_id = b"-"
        """As SET_CLIENT_ID gave it."""
        self.wants_exceptions = False
        """WORK_EXCEPTION is forwarded to it."""
        self.wants_handles = False
        """It is a worker that is told which job an ERROR is about, and whose timeouts
        end attempts instead of giving the job to another.
        """
        self.wants_headers = False
        """It is a worker that is told the headers of its jobs."""
        self.slots = 1
        """How many jobs it has at once as a worker, by its own word."""
        self.spare = 0
        """While it sleeps, how many more jobs than one it could take when it did."""
        self.headers = b""
        """Those of the submission that it sends next; empty for none."""
        self.options = b""
        """The same of its options, as they were sent."""
        self.has_announced = False
        """It has sent one of these, and no message since that is no OPTION_REQ."""
        self.wants_reasons = False
        """It is told why the job server ended its job."""
        self.without_worker = WAITS
        """What becomes of its foreground submissions that no worker can run."""
        self.warned: dict[bytes, bool] = {}
        """The functions that it has been told no worker has, by a warning or only by
        refusals.
        """
        self.abilities: dict[Function, float] = {}
        """Its functions with their timeouts in seconds, 0 for none, the oldest
        registration first.
        """
        self.declined = _NONE_DECLINED
        """Those of its functions of which it is given no job for now. Only a node has
        any, in a dictionary of its own.
        """
        self.crew: Crew | None = None
        """The workers equal to it; None until it next grabs or sleeps."""
        self.excepted = b""
        """The handle of the job it last ended by WORK_EXCEPTION, until it reports on
        another.
        """
        self.running: dict[Job, None] = {}
        """The jobs it has been assigned, the oldest first."""
        self.timed: dict[Job, float] = {}
        """Running jobs with its own CAN_DO_TIMEOUT's timer, and when the policy's would
        end (0: never).
        """
        self.awaited: dict[Job, int] = {}
        """The jobs whose results it is to be sent, with how often it submitted each."""
        self.wakefulness = AWAKE
        """Whether it waits for a NOOP."""
        self.promise: Function | None = None
        """The function it was last woken for, until it comes or is late."""
        self.promise_serial = 0
        """Which promise that is."""
        self.errand: FlowKey | None = None
        """The addressee whose jobs it was last woken for; None for other jobs."""
        self.mailbox = 0
        """The number by which jobs are addressed to this connection; 0 if none ever
        was.
        """

    def announce_headers(self, headers: bytes) -> None:
        """Keep the headers of the submission that it sends next."""
        self.headers = headers
        self.has_announced = True

    def announce_options(self, options: bytes) -> None:
        """Keep the options of the submission that it sends next."""
        self.options = options
        self.has_announced = True

    def drop_announced(self) -> None:
        """Forget what was for the submission that it was to send next."""
        self.headers = b""
        self.options = b""
        self.has_announced = False

    def is_blocked(self) -> bool:
        """Tell whether it has to wait before anything more is done for it."""
        return (
            self.is_asking
            or self.wait is not None
            or self.is_congested
            or self.relays > 0
            or self.held_size > MOST_UNREAD
        )

    def is_due_an_answer(self) -> bool:
        """Tell whether something that it sent is still being answered."""
        return bool(self.held or self.is_asking or self.is_busy or self.relays)

    def may(self, right: int, function: bytes) -> bool:
        """Tell whether it has a right on a function."""
        return self.access is None or self.access.may(right, function)

    def knows(self, function: bytes) -> bool:
        """Tell whether it may know that there is a function."""
        return self.access is None or self.access.knows(function)

    def is_shown_all(self) -> bool:
        """Tell whether it may see what is about all functions."""
        return self.access is None or self.access.has_all(SEE)

    def who(self) -> bytes:
        """Return the name of who it is; empty where nobody knows."""
        if self.identity.login:
            return self.identity.login
        return b",".join(self.access.names) if self.access is not None else b""

    def take_answers(self) -> list[Query]:
        """Return the store's answers if this message waited for them, once."""
        answers, self.answers = self.answers, []
        return answers

    def send(self, data: bytes) -> None:
        """Put bytes into the outbox."""
        if self.held:
            self.held[-1].append(data)
            self.held_size += len(data)
            return
        if not self.outbox:
            self._unsent.append(self)
        self.outbox.append(data)
        self.outbox_size += len(data)

    def send_pieces(self, head: bytes, pieces: list[bytes]) -> None:
        """Put a packet that is in pieces into the outbox."""
        self.send(head)
        for piece in pieces:
            self.send(piece)

    def hold(self, serial: int) -> bool:
        """Hold back what is sent from now on until a batch is durable.

        Returns False if that, or a later batch, is waited for already.
        """
        if self.held and self._held_for[-1] >= serial:
            return False
        self.held.append([])
        self._held_for.append(serial)
        return True

    def release(self) -> None:
        """Send what was held back for the earliest batch, which is durable now."""
        pieces = self.held.pop(0)
        del self._held_for[0]
        if not self.outbox:
            self._unsent.append(self)
        self.outbox.extend(pieces)
        size = sum(map(len, pieces))
        self.outbox_size += size
        # An answer may have been replaced by one of another size.
        self.held_size = max(0, self.held_size - size) if self.held else 0

    def forget(self) -> None:
        """Let go of what was to be sent and of what it sent: it has left."""
        # Whatever is sent to it now is taken by nobody.
        self._unsent = []
        self.outbox = []
        self.outbox_size = 0
        self.held_size = 0
        self.parser.forget()
        self.rest = None
        self.message = None
        self.answers = []
        self.listing = None

    def take_outbox(self) -> list[bytes]:
        """Empty the outbox and return what it held, in few pieces.

        Small pieces are joined to save system calls, large ones are not copied.
        """
        taken = self.outbox
        self.outbox = []
        self.outbox_size = 0
        if len(taken) == 1:
            return taken
        joined = []
        small = []
        for piece in taken:
            if len(piece) < _LARGE:
                small.append(piece)
                continue
            if small:
                joined.append(b"".join(small))
                small = []
            joined.append(piece)
        if small:
            joined.append(b"".join(small))
        return joined
