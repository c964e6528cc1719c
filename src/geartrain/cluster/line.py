"""A line: this job server as one worker of a peer, for one group of its workers.

Nothing is sent or received here. A line takes what arrives from the peer and from the
own engine, and says what each is to be sent:

- To the peer it is a worker. It announces what the group can do, asks for as many jobs
  at once as workers of the group sleep, and then sleeps itself.
- To the engine it is a client that waits for each job in the foreground. What is told
  of a job goes to the peer as it comes.

While no worker of the group is free the line takes no job, so that the own clients'
come first. For a peer that waits longer than ``_PATIENCE`` it takes one at a time all
the same, which runs next: so neither side starves, however long its backlog.

A job that no worker has begun within ``_STALE`` goes back to the peer, where another
may be free.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from geartrain.cluster.errands import Errand, Errands, reported, shown
from geartrain.cluster.grabs import Grabs
from geartrain.cluster.groups import Group
from geartrain.cluster.offers import Offer
from geartrain.engine.model.links import LinkReport
from geartrain.protocol.calls import option_call
from geartrain.protocol.client import ClientProtocol, Event
from geartrain.protocol.constants import UNKNOWN_OPTION, PacketType
from geartrain.protocol.headers import PREFIX
from geartrain.protocol.nodes import (
    BUSY,
    ENDINGS,
    NODE,
    RELEASE,
    introduction,
    read_introduction,
)
from geartrain.protocol.packets import Packet, request
from geartrain.protocol.replies import ReplyParser

if TYPE_CHECKING:
    from geartrain.engine.jobs.helping import Helping

__all__ = ["PeerLine"]

# Seconds that a peer waits for a free worker before it is served out of turn.
_PATIENCE: Final = 1.0

# Seconds for which no job is taken after one had to be given back: it would come again.
_PAUSE: Final = 1.0

# Seconds after which a job goes back that no worker has begun.
_STALE: Final = 5.0

_ASSIGNMENTS: Final = frozenset(
    {PacketType.JOB_ASSIGN, PacketType.JOB_ASSIGN_ALL, PacketType.JOB_ASSIGN_UNIQ}
)
_LAST: Final = frozenset(
    {PacketType.WORK_COMPLETE, PacketType.WORK_FAIL, PacketType.WORK_EXCEPTION}
)
# Errors that end an errand: the peer has taken the job away, or ended it.
_OVER: Final = frozenset({b"JOB_TAKEN", b"JOB_NOT_FOUND"})

_SLEEP: Final = request(PacketType.PRE_SLEEP)
_ECHO: Final = request(PacketType.ECHO_REQ, b"")
_BUSY: Final = request(PacketType.OPTION_REQ, BUSY)


class PeerLine:
    """One connection to a peer, and what the engine is told for it.

    After each call send what ``take_for_peer`` and ``take_for_engine`` return, and end
    the jobs of ``take_called_off``.

    Attributes:
        group: the workers that it is for.
        peer: the identity and the name of the peer, both empty if it is no Geartrain.
        record: the link that it is of, where jobs are counted and errors noted.
        is_introduced: the peer has answered, and knows what it is told.
        is_stranded: nothing more can be done but to end the connection, which gives
            its jobs back.
    """

    def __init__(
        self,
        group: Group,
        identity: bytes,
        name: bytes,
        record: LinkReport,
        helping: Helping,
        max_packet: int = 0,
    ) -> None:
        """Make a line for a group of the job server of this identity and name.

        ``helping`` is asked about jobs and functions here. A workload of more than
        ``max_packet`` bytes is refused (0: none is).
        """
        self.group = group
        self.peer = (b"", b"")
        self.is_introduced = False
        self.is_stranded = False
        self._identity = identity
        self._name = name
        self.record = record
        self._helping = helping
        self._most = max_packet
        self._parser = ReplyParser(in_pieces=True, most=max_packet)
        self._client = ClientProtocol(in_pieces=True)
        self._for_peer: list[bytes] = []
        self._for_engine: list[bytes] = []
        self._offer = Offer()
        self._errands = Errands(group, self._client, record)
        self._headers = b""
        self._grabs = Grabs(group)
        # What of the group all of the offer was last brought into line with.
        self._settled: tuple[tuple[bytes, ...], tuple[bytes, ...]] | None = None
        self._is_resting = False
        # Since when no worker is free although the peer may have jobs; 0 while one is.
        self._busy_since = 0.0
        # Until when nothing is taken, because a job had to be given back.
        self._paused_until = 0.0

    @property
    def at_hand(self) -> int:
        """Return how many jobs of the peer are here."""
        return len(self._errands)

    @property
    def is_done(self) -> bool:
        """Return whether it takes no more jobs, and nothing is here any more."""
        return self._is_resting and self.at_hand == 0 and not self._grabs

    @property
    def is_at_rest(self) -> bool:
        """Return whether no job is here or was waited for: nothing is due soon."""
        return not (self._errands or self._busy_since or self._paused_until)

    @property
    def announced(self) -> list[bytes]:
        """Return the functions that the peer is told of."""
        return list(self._offer)

    @property
    def _is_node(self) -> bool:
        """Return whether the peer knows what one of its workers can say as a node."""
        return bool(self.peer[0])

    def take_for_peer(self) -> list[bytes]:
        """Return the pieces to send to the peer, once."""
        taken, self._for_peer = self._for_peer, []
        return taken

    def take_for_engine(self) -> list[bytes]:
        """Return the pieces to send to the engine, once."""
        taken, self._for_engine = self._for_engine, []
        return taken

    def take_called_off(self) -> list[bytes]:
        """Return the handles of jobs that the engine is to end, once."""
        return self._errands.take_called_off()

    def begin(self) -> None:
        """Say who this is; what the workers can do follows once that is answered."""
        self._for_peer += [
            request(PacketType.SET_CLIENT_ID, b"node:" + self._name),
            request(PacketType.OPTION_REQ, introduction(self._identity, self._name)),
            request(PacketType.OPTION_REQ, b"handles"),
            request(PacketType.OPTION_REQ, b"headers"),
            _ECHO,
        ]
        self._for_engine.append(self._client.begin_options())

    def end(self) -> None:
        """Let go of all: one of the two connections is lost."""
        self.group.leave(self)
        self._grabs.end()
        for errand in self._errands:
            self._errands.call_off(errand)
            self._errands.forget(errand)

    def stop(self) -> None:
        """Take no more jobs, and give back those that have not begun."""
        self._is_resting = True
        self.group.leave(self)
        for errand in self._errands:
            if not (errand.is_over or self._is_begun(errand)):
                self._give_back(errand, 0.0)

    def probe(self) -> None:
        """Send something that a living peer answers, which tells it the same of us."""
        self._for_peer.append(_ECHO)

    def tick(self, now: float) -> None:
        """Do what is due: to be called a few times a second, at rest once."""
        if self._busy_since and now - self._busy_since >= _PATIENCE:
            self._take_extra()
        is_alone = True
        for errand in self._errands:
            if errand.is_over:
                continue
            is_late = now - errand.since >= _STALE and not self._is_begun(errand)
            if is_late and (self._is_node or not self.group.crews):
                self._give_back(errand, now)
            else:
                is_alone = False
        self.is_stranded = self.at_hand > 0 and is_alone
        self._for_peer += self._offer.again(now)
        if 0.0 < self._paused_until <= now:
            self._paused_until = 0.0
            self.look(now)

    def announce(self, now: float) -> None:
        """Tell the peer what the workers can do now, and look for jobs.

        What they cannot do any more is taken back, from a peer that is no node's only
        when none of its jobs is here: that would take them away. The same is done with
        what limits let nobody begin soon, but a node is told that it is for later, so
        that its clients do not learn that no worker has the function.
        """
        if not self.is_introduced:
            return
        names, abilities = self.group.names, self.group.abilities
        if self._settled == (abilities, names):
            self.look(now)
            return
        offer = self._offer
        busy = {errand.function for errand in self._errands}
        if self._is_node:
            self._for_peer += offer.take_back(abilities)
            wanted = set(names)
            later = [each for each in abilities if each not in wanted]
            self._for_peer += offer.put_off(later)
        else:
            self._for_peer += offer.take_back(busy.union(names))
        self._want(names)
        self._settled = (abilities, names) if self._is_node or not busy else None
        self.look(now)

    def _want(self, names: Sequence[bytes]) -> None:
        """Ask for jobs of these functions, too."""
        added = self._offer.add(names)
        self._for_peer += added
        if added:
            # Jobs may be waiting already, for which gearmand sends no NOOP.
            self._grabs.is_asleep = False

    def look(self, now: float) -> None:
        """Ask for as many jobs as workers are free, unless the peer has none."""
        is_resting = self._is_resting or now < self._paused_until
        if is_resting or self._grabs.is_asleep or not self._offer:
            return
        self._for_peer += self._grabs.ask()
        if self._grabs:
            self._busy_since = 0.0
            return
        self.group.wait(self)
        if not self._busy_since and self.group.crews:
            self._busy_since = now

    def _take_extra(self) -> None:
        """Ask for a job although no worker is free, one at a time."""
        grabs = self._grabs
        if grabs or grabs.is_asleep or self._is_resting or self._paused_until:
            return
        if self._offer and self.group.crews and not self._errands.has_extra():
            self._for_peer.append(grabs.ask_once(is_extra=True))

    def hear_peer(self, data: bytes, now: float) -> None:
        """Take bytes of the peer.

        Raises:
            ProtocolError: it is no job server, or breaks the protocol.
        """
        self._parser.feed(data)
        packet = self._parser.next()
        while packet is not None:
            self._react(packet, now)
            packet = self._parser.next()

    def _react(self, packet: Packet, now: float) -> None:
        code = packet.type
        if code in _ASSIGNMENTS:
            self._take(packet, now)
        elif code == PacketType.NO_JOB:
            self._sleep()
        elif code == PacketType.NOOP:
            self._wake(now)
        elif code == PacketType.OPTION_RES:
            self._take_option(packet.arguments[0])
        elif code == PacketType.ERROR:
            self._take_error(packet.arguments[0], packet.arguments[1], now)
        elif code == PacketType.ECHO_RES and not self.is_introduced:
            self.is_introduced = True
            self.announce(now)

    def _take_option(self, option: bytes) -> None:
        if option.startswith(PREFIX):
            self._headers = option.removeprefix(PREFIX)
        elif option.startswith(NODE):
            self.peer = read_introduction(option)
            if self._is_node:
                call = option_call(ENDINGS)
                self._for_engine.append(self._client.begin(call))

    def _take_error(self, code: bytes, text: bytes, now: float) -> None:
        if code == UNKNOWN_OPTION:
            # The peer is no Geartrain, or an earlier one.
            if self._is_node and self.is_introduced:
                self._for_peer += self._offer.refuse_later()
            return
        if code not in _OVER:
            # It concerns what was offered: nothing else can be refused.
            self._offer.refuse(now)
            self.record.refuse(shown(text or code), now)
            return
        errand = self._errands.get(text.rpartition(b" ")[2])
        if errand is not None:
            self._errands.call_off(errand)
            self._errands.forget(errand)

    def _note(self, error: bytes) -> None:
        self.record.error = shown(error)

    def _take(self, packet: Packet, now: float) -> None:
        """Submit a job here that the peer has given."""
        errand = Errand(packet.arguments, now)
        errand.is_extra = self._grabs.take()
        headers, self._headers = self._headers, b""
        self._errands.add(errand)
        if self._parser.cut:
            self._for_peer += self._errands.refuse(
                errand, self._parser.cut, self._most, self._name
            )
        elif self._is_resting or not self._offer.is_wanted(errand.function):
            self._give_back(errand, now)
        else:
            self._for_engine += errand.submit(self._client, packet, headers)
        if self._is_resting:
            return
        self.look(now)

    def _sleep(self) -> None:
        """Sleep, once no more answers are to come: the peer has no job."""
        if self._grabs.refuse():
            self._busy_since = 0.0
            self.group.leave(self)
            self._for_peer.append(_SLEEP)

    def _wake(self, now: float) -> None:
        """Ask for jobs, or let the peer wake another: no worker is free."""
        self._grabs.is_asleep = False
        self.look(now)
        if not self._grabs and self._is_node:
            self._for_peer.append(_BUSY)

    def hear_engine(self, data: bytes, now: float) -> None:
        """Take bytes of the engine.

        Raises:
            ProtocolError: they break the protocol, which is a defect.
        """
        for event in self._client.receive(data):
            errand = event.call.owner
            if isinstance(errand, Errand):
                self._pass_on(event, errand, now)

    def _pass_on(self, event: Event, errand: Errand, now: float) -> None:
        code = event.type
        if code == PacketType.JOB_CREATED:
            self._errands.unclaim(errand)
            if errand.is_over:
                self._errands.call_off(errand)
            self._put_off(errand.function, now)
        elif code == PacketType.ERROR:
            if errand.is_over:
                return
            self._note(event.arguments[0] + b": " + event.arguments[1])
            self._give_back(errand, now)
        elif not errand.is_over:
            self._for_peer += reported(errand.handle, event)
            if code in _LAST:
                self._errands.forget(errand)
                self._follow(errand, now)

    def _follow(self, errand: Errand, now: float) -> None:
        """Do what the end of a job makes room for."""
        function = errand.function
        may_go_on = function in self.group.turns and self._offer.is_put_off(function)
        if may_go_on and self._helping.has_room(function, now):
            self._want([function])
            self.look(now)
        if not (self._is_node or function in self.group.names):
            self.announce(now)
        if errand.is_extra and self._busy_since and self.group.free() <= 0:
            self._take_extra()

    def _put_off(self, function: bytes, now: float) -> None:
        """Ask for no more jobs of a function if its limits let none start soon.

        All that the peer has would come at once: no worker is busy with what waits.
        """
        is_for_node = self._is_node and self._offer.is_wanted(function)
        if is_for_node and not self._helping.has_room(function, now):
            self._for_peer += self._offer.put_off([function])
            self._settled = None

    def _is_begun(self, errand: Errand) -> bool:
        return bool(errand.call.handle) and self._helping.has_begun(errand.call.handle)

    def _give_back(self, errand: Errand, now: float) -> None:
        """Give a job back to the peer that has not begun here.

        That is for Geartrain to understand. Others take it back at the end of the
        connection, which comes when nothing else is here.
        """
        self._errands.call_off(errand)
        if self._offer.is_wanted(errand.function):
            self._paused_until = now + _PAUSE
        if not self._is_node:
            self._is_resting = True
            self._errands.unclaim(errand)
            return
        self.record.returned += 1
        self._for_peer.append(request(PacketType.OPTION_REQ, RELEASE + errand.handle))
        self._errands.forget(errand)
