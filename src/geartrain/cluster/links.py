"""All peers of a job server, and the groups of workers they are served by."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from geartrain.cluster.asking import Asking
from geartrain.cluster.groups import Group
from geartrain.cluster.link import PeerLink
from geartrain.engine.model.crews import Crew
from geartrain.engine.model.links import CONNECTED, LinkReport
from geartrain.errors import GeartrainError
from geartrain.texts import counted, visible
from geartrain.transport.address import parse_address
from geartrain.transport.connect import SocketConnector

if TYPE_CHECKING:
    from geartrain.engine.model.health import StoreNode
    from geartrain.server.driver import Driver
    from geartrain.server.options import Options

__all__ = ["PeerLinks", "peer_connector", "peer_connectors"]

_log = logging.getLogger("geartrain.cluster")

# Seconds after which groups are formed anew when workers come or go: many do at once.
_GATHER: Final = 0.01
# Seconds after which they are looked at anyway: a function may have been paused, time
# may have brought tokens of a rate, and the store may have told of other nodes.
_LOOK: Final = 1.0
# Maximum number of groups; workers of others do not help peers. A line is a connection.
_MOST_GROUPS: Final = 256

_Key = tuple[bytes, ...]


def peer_connector(options: Options, address: str) -> SocketConnector:
    """Return the way to a peer at an address.

    Raises:
        AddressError: it is no address.
        OptionError: a file of TLS is wrong, or that of the token.
    """
    file = options.peer_token_file
    token = Path(file) if file else None
    return SocketConnector(parse_address(address), options.peer_tls_files, token)


def peer_connectors(options: Options) -> list[SocketConnector]:
    """Return the way to each peer in a job server's options.

    Raises:
        OptionError: as ``peer_connector``, which will do for other addresses, too.
    """
    peer_connector(options, "127.0.0.1")
    return [peer_connector(options, str(each)) for each in options.peer_addresses]


class PeerLinks:
    """Has this job server's workers help its peers while they have nothing to do.

    Peers are those that it was told, and the nodes that share its store.

    Attributes:
        links: a link for each peer. A node that is no more in the store's table, but
            answers, has one until it does not.
    """

    def __init__(
        self,
        driver: Driver,
        connectors: Sequence[SocketConnector],
        identity: bytes,
        name: bytes,
        reach: Callable[[str], SocketConnector] | None = None,
    ) -> None:
        """Prepare to help peers, as the node of this identity and name.

        ``reach`` returns the way to the address of a node that shares the store; None
        leaves these alone. It may raise GeartrainError.
        """
        self._driver = driver
        self._helping = driver.engine.helping
        self._identity = identity
        self._name = name
        self._reach = reach
        self.links = [self._link(each) for each in connectors]
        # Why nodes have no link, as it was logged.
        self._reasons: dict[bytes, str] = {}
        self._asking = Asking(driver, self._way_to, name)
        self._groups: dict[_Key, Group] = {}
        self._by_crew: dict[Crew, Group] = {}
        self._has_excess = False
        self._loop = asyncio.get_running_loop()
        self._gathering: asyncio.TimerHandle | None = None
        self._looking: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to help."""
        self._tell()
        self._asking.begin()
        for link in self.links:
            link.start()
        self._look()

    def stop(self) -> None:
        """Take no more jobs; those that run may end."""
        self._driver.on_workers = None
        self._asking.stop()
        for timer in (self._gathering, self._looking):
            if timer is not None:
                timer.cancel()
        for link in self.links:
            link.stop()

    def close(self) -> None:
        """End everything at once."""
        self.stop()
        self._asking.close()
        for link in self.links:
            link.close()

    def _way_to(self, record: LinkReport) -> SocketConnector | None:
        """Return the way to the job server of a link; None if that has ended."""
        for link in self.links:
            if link.record is record:
                return link.connector
        return None

    def _link(
        self, connector: SocketConnector, node: StoreNode | None = None
    ) -> PeerLink:
        return PeerLink(
            connector, self._driver, self._identity, self._name, self._serve, node
        )

    def _tell(self) -> None:
        """Have the engine know which links there are; without any it need not tell."""
        self._helping.follow(tuple(link.record for link in self.links))
        self._driver.on_workers = self._learn if self.links else None
        if not self.links:
            self._groups.clear()
            self._by_crew = {}

    def _follow_nodes(self) -> None:
        """Have a link to each node that shares the store, and is no peer anyway."""
        nodes = {each.identity: each for each in self._helping.nodes()}
        if self._reach is None or not nodes:
            return
        told = [each.record for each in self.links if not each.record.is_found]
        addresses = {each.address for each in told} | {""}
        identities = {each.identity for each in told} | {b""}
        wanted = {
            identity: node
            for identity, node in nodes.items()
            if not (node.is_self or node.address in addresses or identity in identities)
        }
        before = list(self.links)
        for link in before:
            record = link.record
            node = wanted.get(record.identity)
            # One that has left the table may have lost the database, and nothing else.
            is_gone = record.identity not in nodes and record.state != CONNECTED
            is_elsewhere = record.identity in nodes and (
                node is None or node.address != record.address
            )
            if record.is_found and (is_gone or is_elsewhere):
                self._leave(link)
            else:
                wanted.pop(record.identity, None)
        for node in wanted.values():
            self._meet(node)
        if self.links != before:
            self._tell()

    def _leave(self, link: PeerLink) -> None:
        """Help a node no more that has gone, has moved, or is a peer anyway."""
        link.stop()
        self.links.remove(link)
        _log.info(
            "helps the job server %s (node %s) no more",
            link.connector,
            visible(link.record.name.decode(errors="replace")),
            extra={"action": "peer_gone"},
        )

    def _meet(self, node: StoreNode) -> None:
        """Begin to help a node that the store has told of."""
        assert self._reach is not None
        try:
            link = self._link(self._reach(node.address), node)
        except GeartrainError as error:
            if self._reasons.get(node.identity) != str(error):
                self._reasons[node.identity] = str(error)
                _log.warning(
                    "cannot help the node %s at %s: %s",
                    visible(node.name),
                    visible(node.address),
                    error,
                    extra={"action": "peer_unreachable"},
                )
            return
        self.links.append(link)
        link.start()

    def _learn(self) -> None:
        """React to workers that came, went, or fell asleep."""
        if self._helping.has_changed() and self._gathering is None:
            self._gathering = self._loop.call_later(_GATHER, self._form)
        stirred = self._helping.take_stirred()
        if not stirred:
            return
        for group in {self._by_crew[crew] for crew in stirred if crew in self._by_crew}:
            self._serve(group)

    def _serve(self, group: Group) -> None:
        """Let lines that wait for workers of a group take jobs."""
        for line in group.serve(self._driver.monotonic()):
            for link in self.links:
                link.flush(line)

    def _look(self) -> None:
        self._looking = self._loop.call_later(_LOOK, self._look)
        self._follow_nodes()
        if self.links:
            self._form()

    def _form(self) -> None:
        """Form the groups anew, and have all peers know what they can do."""
        self._gathering = None
        now = self._driver.monotonic()
        crews: dict[_Key, list[Crew]] = {}
        for crew in self._helping.crews():
            key = tuple(function.name for function in crew.functions)
            crews.setdefault(key, []).append(crew)
        for key in list(self._groups):
            if key not in crews:
                self._groups.pop(key).change((), self._helping, now)
        self._by_crew = {}
        for key, some in crews.items():
            group = self._groups.get(key)
            if group is None:
                if len(self._groups) >= _MOST_GROUPS:
                    continue
                group = self._groups[key] = Group()
            group.change(some, self._helping, now)
            self._by_crew |= dict.fromkeys(some, group)
        self._tell_excess(len(crews) - len(self._groups))
        groups = list(self._groups.values())
        # In any order: the first of the peers may get the one job that a rate allows.
        for link in random.sample(self.links, len(self.links)):
            link.follow(groups)

    def _tell_excess(self, excess: int) -> None:
        """Log that some workers help no peer, when that begins."""
        if excess and not self._has_excess:
            _log.warning(
                "workers of %s help no peers: their functions make more than %d"
                " different sets",
                counted(excess, "kind"),
                _MOST_GROUPS,
                extra={"action": "too_many_groups"},
            )
        self._has_excess = excess > 0
