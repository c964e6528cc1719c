"""A link: all lines to one peer, which live and die together."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from geartrain.backoff import Backoff
from geartrain.cluster.carrier import Carrier
from geartrain.cluster.groups import Group
from geartrain.cluster.line import PeerLine
from geartrain.engine.model.links import (
    AWAY,
    CONNECTED,
    CONNECTING,
    ITSELF,
    LinkReport,
)
from geartrain.errors import GeartrainError
from geartrain.texts import visible
from geartrain.transport.aio import open_connection
from geartrain.transport.connect import SocketConnector, reason

if TYPE_CHECKING:
    from geartrain.engine.model.health import StoreNode
    from geartrain.server.driver import Driver

__all__ = ["PeerLink"]

_log = logging.getLogger("geartrain.cluster")

# Seconds from one look at the lines to the next, and at those that are at rest. With 30
# job servers and workers of 10 kinds at each there are 300 lines to look at.
_TICK: Final = 0.25
_ROUND: Final = 1.0
# Seconds after which each line sends something, and of silence after which the peer is
# given up: it has left two of these unanswered.
_PROBE: Final = 5.0
_SILENT: Final = 12.0
# Seconds between two looks after which this process must have been stopped.
_STOPPED: Final = 3.0
# Seconds that a connection may take.
_TIMEOUT: Final = 10.0
_NO_PEER: Final = "it is this job server itself: leave it out of --peer"
# Seconds after which a connection was none that is lost at once.
_LASTING: Final = 5.0
_ANOTHER: Final = (
    "{} answers there: that job server has to --listen where others reach it, and to"
    " tell them where that is by --node-address if it is another address"
)
# Seconds after which it is logged that a node of the same store is away: one that stops
# in order has left the table by then, and nobody is to worry.
_PARTING: Final = 2.5
# Seconds until an address is tried again that was found to be our own.
_ITSELF: Final = 60.0


class PeerLink:
    """Keeps lines to a peer: one for each group, and one that is always there.

    Attributes:
        record: how the link is.
        connector: the way to the peer.
    """

    def __init__(
        self,
        connector: SocketConnector,
        driver: Driver,
        identity: bytes,
        name: bytes,
        serve: Callable[[Group], None],
        node: StoreNode | None = None,
    ) -> None:
        """Prepare to help the peer at an address, as the node of this identity.

        ``node`` is whom the peer must be; None takes who answers.
        """
        self.record = LinkReport(str(connector))
        if node is not None:
            self.record = LinkReport(str(connector), node.identity, node.name.encode())
        self.connector = connector
        self._expected = self.record.identity
        self._driver = driver
        self._identity = identity
        self._name = name
        self._serve_group = serve
        self._groups: Sequence[Group] = ()
        self._nobody = Group()
        self._carriers: dict[Group, Carrier] = {}
        # Lines that take no more jobs, and end when the last has ended.
        self._leaving: set[Carrier] = set()
        self._opening: dict[Group, asyncio.Task[None]] = {}
        self._backoff = Backoff()
        self._task: asyncio.Task[None] | None = None
        self._end: asyncio.Future[Exception | None] | None = None
        # The state that was logged last.
        self._told = CONNECTING
        # Refusals of the peer that were logged.
        self._told_refusals: set[str] = set()
        self._ticked = self._probed = self._rounded = 0.0
        self._connected = self._lost = 0.0

    def start(self) -> None:
        """Connect, and again whenever the connection is lost."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    def stop(self) -> None:
        """Take no more jobs; each line ends when the jobs that run here have ended."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self._retire_lines()

    def close(self) -> None:
        """End everything at once."""
        self.stop()
        self._close_leaving()

    async def _run(self) -> None:
        while True:
            try:
                error = await self._serve()
            except (OSError, GeartrainError) as refusal:
                error = refusal
            self._retire_lines()
            if isinstance(error, TimeoutError):
                # It hangs, or cannot be reached: nothing can be told it.
                self._close_leaving()
            self._tell_away(error)
            pause = self._backoff.next()
            await asyncio.sleep(_ITSELF if self.record.state == ITSELF else pause)

    async def _serve(self) -> Exception | None:
        """Connect, and keep lines until one is lost; return why."""
        self._end = asyncio.get_running_loop().create_future()
        await self._open(self._nobody)
        self._ticked = self._probed = self._driver.monotonic()
        while not self._end.done():
            await asyncio.wait([self._end], timeout=_TICK)
            if not self._end.done():
                self._tick()
        return self._end.result()

    async def _open(self, group: Group) -> None:
        """Open a line for a group.

        Raises:
            OSError: the peer cannot be reached, or has left at once.
        """
        line = PeerLine(
            group,
            self._identity,
            self._name,
            self.record,
            self._driver.engine.helping,
            self._driver.engine.state.options.max_packet,
        )
        carrier = Carrier(line, self._driver, self._serve_group, self._lose)
        await open_connection(self.connector, lambda: carrier, _TIMEOUT)
        if carrier.is_lost:
            raise ConnectionResetError("it closed the connection")
        self._carriers[group] = carrier

    def _lose(self, carrier: Carrier, error: Exception | None) -> None:
        """Forget a line that has ended; if that was not wanted, the link is lost."""
        self._leaving.discard(carrier)
        group = carrier.line.group
        if self._carriers.get(group) is carrier:
            del self._carriers[group]
            if not carrier.line.is_done:
                self._give_up(error)

    def _give_up(self, error: Exception | None) -> None:
        if self._end is not None and not self._end.done():
            self._end.set_result(error)

    def _retire_lines(self) -> None:
        """Take no more jobs by any line.

        What runs here may end: the peer may only have closed what was idle, because it
        stops and waits for jobs.
        """
        for task in self._opening.values():
            task.cancel()
        self._opening.clear()
        for carrier in list(self._carriers.values()):
            self._retire(carrier)
        self.record.offered = {}

    def _retire(self, carrier: Carrier) -> None:
        """Take no more jobs by a line, which ends when those that run have ended."""
        self._carriers.pop(carrier.line.group, None)
        self._leaving.add(carrier)
        carrier.line.stop()
        carrier.flush()

    def _close_leaving(self) -> None:
        for carrier in list(self._leaving):
            carrier.close()
        self._leaving.clear()

    def _tick(self) -> None:
        """Look at all lines, a few times a second."""
        now = self._driver.monotonic()
        if now - self._ticked > _STOPPED:
            # This process was stopped, and has heard nobody for that long.
            for carrier in [*self._carriers.values(), *self._leaving]:
                carrier.heard = now
        self._ticked = now
        if self.record.state == CONNECTED and now - self._connected > _LASTING:
            # One that closes each connection at once is tried with growing pauses.
            self._backoff.reset()
        is_time = now - self._probed >= _PROBE
        if is_time:
            self._probed = now
        is_round = is_time or now - self._rounded >= _ROUND
        if is_round:
            self._rounded = now
        for carrier in [*self._carriers.values(), *self._leaving]:
            if is_time:
                carrier.line.probe()
            if is_round or not carrier.line.is_at_rest:
                self._look_at(carrier, now)
        self._tell_connected()
        self._tell_refusals()

    def _look_at(self, carrier: Carrier, now: float) -> None:
        """Have a line do what is due; end it where nothing comes of it any more."""
        carrier.tick(now)
        if now - carrier.heard > _SILENT:
            carrier.lose(TimeoutError(f"it has been silent for {_SILENT:g} s"))
        elif carrier.line.is_stranded:
            self._carriers.pop(carrier.line.group, None)
            carrier.lose(None)

    def _tell_connected(self) -> None:
        """Note who the peer is, once it has answered."""
        carrier = self._carriers.get(self._nobody)
        if carrier is None or not carrier.line.is_introduced:
            return
        identity, name = carrier.line.peer
        if self._expected and identity != self._expected:
            is_us = identity == self._identity
            who = "this job server itself" if is_us else "another program"
            self._give_up(OSError(_ANOTHER.format(who)))
            return
        if identity == self._identity:
            self._give_up(OSError(_NO_PEER))
            self.record.state = ITSELF
            self.record.since = time.time()
            return
        if self.record.state == CONNECTED:
            return
        self.record.identity, self.record.name = identity, name
        self.record.state = self._told = CONNECTED
        self._connected = self._driver.monotonic()
        self.record.since = time.time()
        _log.info(
            "helps the job server %s%s",
            self.connector,
            self._called(),
            extra={"action": "peer_connected"},
        )
        self.follow(self._groups)

    def _tell_refusals(self) -> None:
        """Log what the peer does not want, once while it is connected."""
        for text in self.record.refusals:
            if text not in self._told_refusals:
                self._told_refusals.add(text)
                _log.warning(
                    "the peer %s refuses what it is offered: %s",
                    self.connector,
                    text,
                    extra={"action": "peer_refuses"},
                )

    def _tell_away(self, error: Exception | None) -> None:
        """Note that the peer is away, and log it when that is new."""
        record = self.record
        record.error = self._why_away(error)
        record.refusals.clear()
        self._told_refusals.clear()
        now = self._driver.monotonic()
        if record.state not in (ITSELF, AWAY):
            record.state = AWAY
            record.since = time.time()
            self._lost = now
        is_leaving = record.is_found and now - self._lost < _PARTING
        if record.state != self._told and not is_leaving:
            self._told = record.state
            _log.warning(
                "the peer %s%s is away (%s): trying again",
                self.connector,
                self._called(),
                record.error,
                extra={"action": "peer_away"},
            )

    def _called(self) -> str:
        """Return by which name the peer is known; empty if it has told none."""
        name = self.record.name.decode(errors="replace")
        return f" (node {visible(name)})" if name else ""

    def _why_away(self, error: Exception | None) -> str:
        """Return why the connection was lost, or could not be made, in words."""
        record = self.record
        if getattr(error, "reason", "") == "WRONG_VERSION_NUMBER":
            return "it does not speak TLS, and --peer-tls or its files are given"
        if error is not None and not isinstance(error, ConnectionError):
            return reason(error)
        said = reason(error) if error else "it closed the connection"
        if record.refusals:
            return f"{said}: {list(record.refusals)[-1]}"
        if record.state == CONNECTED or isinstance(error, ConnectionRefusedError):
            return said
        return said + self._hint()

    def _hint(self) -> str:
        """Return what may be wrong with a peer that leaves without a word."""
        context = self.connector.context
        if context is None:
            return " before it answered: if it speaks TLS, give --peer-tls"
        if not context.has_certificate:
            return (
                " before it answered: if it wants a certificate, give --peer-tls-cert"
            )
        return " before it answered"

    def flush(self, line: PeerLine) -> None:
        """Send what a line says, if it is one of this link."""
        carrier = self._carriers.get(line.group)
        if carrier is not None and carrier.line is line:
            carrier.flush()

    def follow(self, groups: Sequence[Group]) -> None:
        """Have a line for each group, and tell the peer what they can do now.

        This is called once a second anyway, and makes lines anew that have ended.
        """
        self._groups = groups
        if self.record.state != CONNECTED:
            return
        wanted = {self._nobody, *groups}
        for group, carrier in list(self._carriers.items()):
            if group not in wanted:
                self._retire(carrier)
        now = self._driver.monotonic()
        for group in groups:
            is_open = group in self._carriers or group in self._opening
            if group.abilities and not is_open:
                self._open_soon(group)
        for carrier in list(self._carriers.values()):
            carrier.line.announce(now)
            carrier.flush()
        offered: dict[bytes, None] = {}
        for carrier in self._carriers.values():
            offered |= dict.fromkeys(carrier.line.announced)
        self.record.offered = offered

    def _open_soon(self, group: Group) -> None:
        """Open a line for a group; where that fails, the link is lost."""

        async def opened() -> None:
            try:
                await self._open(group)
            except (OSError, GeartrainError) as error:
                self._give_up(error)
            finally:
                self._opening.pop(group, None)

        self._opening[group] = asyncio.get_running_loop().create_task(opened())
