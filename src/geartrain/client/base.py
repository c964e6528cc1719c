"""What every client is made with: its job servers and the defaults of its calls."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from geartrain.client import requests
from geartrain.client.servers import ServerList
from geartrain.codecs import Codec, get_codec
from geartrain.errors import OptionError
from geartrain.seconds import Seconds, length, limit
from geartrain.transport.connect import Servers
from geartrain.transport.tokens import GivenToken

if TYPE_CHECKING:
    from geartrain.transport.tls import Tls

__all__ = ["BaseClient"]


class BaseClient(ABC):
    """The options of a client, and what they make of a call's own."""

    def __init__(  # noqa: PLR0913
        self,
        servers: Servers = None,
        *,
        codec: str | Codec = "bytes",
        by: str = "order",
        tls: Tls | None = None,
        token: GivenToken = None,
        timeout: Seconds | None = None,
        connect_timeout: Seconds = 10.0,
        heartbeat: Seconds = 30.0,
        chunk_size: int = 8 * 1024 * 1024,
        max_connections: int = 64,
        fail_without_worker: bool | None = False,
    ) -> None:
        """Prepare a client; it connects when it is first used.

        All times are seconds, or a timedelta.

        Args:
            servers: one or several, ``host:port`` or ``unix:/path``; a text may name
                several, separated by commas. None is the environment's
                GEARMAN_SERVERS, or 127.0.0.1:4730.
            codec: how workloads and results become bytes; see ``geartrain.codecs``.
            by: ``order``: use the first job server that can be reached; ``unique``: use
                the one that a hash of the unique names, or the next ones if it cannot
                be reached.
            tls: how to connect with TLS; None is plain TCP.
            token: what the job server knows this client by: a text, or the ``Path`` of
                a file, which is read anew for each connection. None is the file that
                GEARTRAIN_TOKEN_FILE names, if it does.
            timeout: the maximum of each call that does not give its own; None is no
                limit.
            connect_timeout: how long a call keeps trying to reach any job server.
            heartbeat: end a connection after this much silence while an answer is
                awaited on it. The job server is probed after half of it.
            chunk_size: maximum bytes of a workload in one packet where it is
                ``chunked``.
            max_connections: maximum number of calls of a ``Client`` under way at a
                time, each on its own connection to each job server it needs; further
                ones wait for one of them to end. Connections idle for a minute are
                closed. An ``AsyncClient`` has one connection to each job server.
            fail_without_worker: have a call that waits for a result fail at once with
                NoWorkerError where no worker has its function; ``do``, ``submit`` and
                others take it for one job, too. With False, a warning is
                logged once for each function, and the call waits; with None, it waits
                and nothing is logged. Only Geartrain tells.

        Raises:
            OptionError: one of these is wrong.
        """
        for name, value in (
            ("chunk_size", chunk_size),
            ("max_connections", max_connections),
        ):
            if type(value) is not int or value < 1:
                raise OptionError(f"{name}={value!r}: give a whole number above 0")
        if chunk_size > requests.MAX_CHUNK:
            raise OptionError(
                f"chunk_size={chunk_size!r}: a packet holds at most"
                f" {requests.MAX_CHUNK} bytes"
            )
        self._servers = ServerList(
            servers, tls, by, token, fails_without_worker=fail_without_worker
        )
        self._codec = get_codec(codec)
        self._timeout = limit(timeout)
        self._connect_timeout = length(connect_timeout, "connect_timeout")
        self._heartbeat = length(heartbeat, "heartbeat")
        self._chunk_size = chunk_size
        self._max_connections = max_connections
        self._prepare()

    @abstractmethod
    def _prepare(self) -> None:
        """Make what this way of waiting needs for its I/O."""

    def __repr__(self) -> str:
        servers = ", ".join(str(each) for each in self._servers.connectors)
        return f"{type(self).__name__}({servers!r})"

    def _limit(self, timeout: Seconds | None) -> float | None:
        """Return the timeout of a call in seconds; raises OptionError if it is none."""
        return self._timeout if timeout is None else limit(timeout)
