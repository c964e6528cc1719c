"""Run a job server as a process: the life both programs share."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from geartrain import __version__
from geartrain.errors import (
    GeartrainError,
    ListenError,
    StartError,
    StoreError,
    StoreInUseError,
)
from geartrain.server.collector import spare_survivors
from geartrain.server.kinds import NO_ADDRESS
from geartrain.server.logs import Logs, LogTarget, open_logs, startup_log
from geartrain.server.options import Options
from geartrain.server.process import (
    PidFile,
    allow_core_dumps,
    daemonize,
    raise_descriptors,
    switch_user,
)
from geartrain.server.reporting import Reporting
from geartrain.server.server import Server
from geartrain.server.signals import SignalHandlers
from geartrain.stores.base import Store
from geartrain.stores.locations import cluster_of, prepare_store, show_store
from geartrain.transport.activation import Handed, take_listeners
from geartrain.transport.service_manager import ServiceManager

if TYPE_CHECKING:
    from geartrain.http.server import HttpServer
    from geartrain.transport.connect import SocketConnector

__all__ = ["Service"]

RETRY_INTERVAL = 0.1
# Seconds from one attempt to begin anew to the next.
_PAUSE_ANEW = 0.5
# Seconds to wait for the log at the start; a blocked log must not prevent it.
_PATIENCE_WITH_LOG = 0.3

_log = logging.getLogger("geartrain.server")


class _Starter(NamedTuple):
    """Who started the process: what it handed over, and where it is told how we are."""

    handed: Handed
    manager: ServiceManager


@dataclass(frozen=True, kw_only=True)
class Service:
    """One run of a job server and everything around it.

    Attributes:
        options: what the server is told.
        log: where to log.
        pid_file_wanted: the pid file was asked for: without it there is no start.
        daemon: go on in the background once the server listens.
        core_dumps: let a crash leave a core file.
        patience: seconds to wait for a port or a store that is still in use.
        store_flag: the flag that names the store, for errors.
        listen_flags: the flags that say where to listen, for errors.
        notices: sentences for the log.
        announce: told the bound addresses once the server listens.
        reloads: read anew what stands in the file, at SIGHUP.
        preparations: are called with the store before it is opened.
        http_wanted: HTTP was asked for: without it there is no start.
    """

    options: Options
    log: LogTarget
    pid_file_wanted: bool = True
    daemon: bool = False
    core_dumps: bool = False
    patience: float = 0.0
    store_flag: str = "--store"
    listen_flags: str = "--listen or --port"
    notices: Sequence[str] = ()
    announce: Callable[[Sequence[str]], None] | None = None
    http_wanted: bool = False
    reloads: Sequence[Callable[[Server], None]] = ()
    preparations: Sequence[Callable[[Store], None]] = ()

    def run(self) -> int:
        """Serve until told to stop; return the exit status.

        It is 1 if the store did not save what has become of jobs.

        Raises:
            GeartrainError: the server could not start.
        """
        # Before a daemon forks: they are for a process by its number.
        starter = _Starter(take_listeners(), ServiceManager.take())
        launch = daemonize() if self.daemon else None
        logs = open_logs(self.log)
        try:
            with logs.telling(), self._pid_file():
                for notice in self.notices:
                    startup_log.warning(notice, extra={"action": "configuration"})
                raise_descriptors(self.options.descriptors)
                if self.core_dumps:
                    allow_core_dumps()
                spare_survivors()
                launched = launch.ready if launch else None
                with asyncio.Runner(loop_factory=_new_loop) as runner:
                    status = runner.run(self._serve(logs, starter, launched))
                    while status is None:
                        _log.warning("beginning anew", extra={"action": "anew"})
                        status = runner.run(
                            self._serve(logs, starter, None, is_anew=True)
                        )
                    return status
        finally:
            logs.close()

    async def _serve(
        self,
        logs: Logs,
        starter: _Starter,
        launched: Callable[[], None] | None,
        *,
        is_anew: bool = False,
    ) -> int | None:
        """Run the server; return the exit status, or None to begin anew."""
        task = asyncio.current_task()
        assert task is not None
        signals = SignalHandlers(task, logs.reopen)
        signals.install()
        handed = starter.handed
        server = Server(
            self.options, listeners=handed.jobs, admin_listeners=handed.admin
        )
        server.when_opening += self.preparations
        server.when_reloading += [partial(each, server) for each in self.reloads]
        ways = self._ways()
        reporting = Reporting(starter.manager, server, self.options.drain)
        try:
            async with self._http(server, handed.http) as http:
                reporting.begin()
                await self._start(server, is_anew=is_anew)
                self._help_peers(server, ways)
                signals.watch(server, reporting.reload)
                self._tell_started(logs, starter, server, http)
                if launched is not None:
                    launched()
                reporting.start()
                await server.wait_stopped()
        except asyncio.CancelledError:
            # Signals do that until the server is watched.
            _log.info(
                "told to stop before the server listened", extra={"action": "stop"}
            )
            return 0
        finally:
            reporting.stop()
        if server.is_lost and not any(starter.handed):
            return None
        # Sockets that were handed over are handed over again to the next process.
        return 1 if server.is_lost else _tell_stopped(server)

    def _finds_peers(self) -> bool:
        """Tell whether job servers that share the store are to help each other."""
        is_shared = bool(cluster_of(self.options.store))
        return is_shared and self.options.node_address != NO_ADDRESS

    def _ways(self) -> list[SocketConnector]:
        """Return the ways to the job servers that are to be helped, as far as told.

        Raises:
            OptionError: a file that they are reached with is wrong.
        """
        if not (self.options.peer or self._finds_peers()):
            return []
        from geartrain.cluster.links import peer_connectors

        return peer_connectors(self.options)

    def _help_peers(self, server: Server, ways: list[SocketConnector]) -> None:
        """Begin to help other job servers, until this one stops."""
        finds_peers = self._finds_peers()
        if not (ways or finds_peers):
            return
        from geartrain.cluster.links import PeerLinks, peer_connector

        options = server.driver.engine.state.options
        links = PeerLinks(
            server.driver,
            ways,
            options.node_identity,
            options.node_name,
            partial(peer_connector, self.options) if finds_peers else None,
        )
        server.when_stopping.append(links.stop)
        links.start()

    async def _start(self, server: Server, *, is_anew: bool = False) -> None:
        """Start the server, with patience for what another is just leaving.

        One that begins anew has run before, and waits for its store for any time.

        Raises:
            ListenError: it cannot listen; the text says which flags may help.
            StoreError: it cannot open its store; likewise.
        """
        user = self.options.user
        if user is not None:
            prepare_store(self.options.store, user.uid, user.gid)
        deadline = asyncio.get_running_loop().time() + self.patience
        told = ""
        while True:
            try:
                await server.start()
            except (ListenError, StoreError) as error:
                if is_anew:
                    if str(error) != told:
                        told = str(error)
                        _log.error(
                            "cannot begin anew yet: %s", told, extra={"action": "anew"}
                        )
                    await asyncio.sleep(_PAUSE_ANEW)
                    continue
                late = asyncio.get_running_loop().time() >= deadline
                if late or not _is_in_use(error):
                    raise type(error)(f"{error}{self._advice(error)}") from error
                await asyncio.sleep(RETRY_INTERVAL)
            else:
                return

    @contextlib.asynccontextmanager
    async def _http(
        self, server: Server, handed: Sequence[socket.socket]
    ) -> AsyncIterator[HttpServer | None]:
        """Serve HTTP for the length of the block, and end the server if it fails.

        HTTP comes before the server, whose store may take long to open: ``/readyz``
        says so. And the store is opened with the rights of its owner, which may not be
        enough for a port.

        Raises:
            GeartrainError: HTTP was asked for and cannot start.
        """
        http = await self._started_http(server, handed)
        try:
            yield http
            if http is not None:
                await http.wait_closed()
        except BaseException:
            # The store's thread would keep the process, which serves nobody.
            server.abort()
            raise
        finally:
            if http is not None:
                http.stop_listening()

    def _tell_started(
        self, logs: Logs, starter: _Starter, server: Server, http: HttpServer | None
    ) -> None:
        """Give up root's rights, and tell where the server listens and keeps jobs."""
        self._switch_user(logs, server, http)
        addresses = [*server.addresses, *(http.addresses if http else ())]
        flags = ("--listen", "--http", "--admin-listen")
        for flag, handed in zip(flags, starter.handed, strict=True):
            if handed:
                _log.info(
                    "listening sockets were handed over: %s is not used",
                    flag,
                    extra={"action": "sockets_taken"},
                )
        _log.info(
            "background jobs are kept %s",
            _place(self.options),
            extra={"action": "store_chosen"},
        )
        _log.info(
            "geartrain %s ready on %s",
            __version__,
            ", ".join(addresses),
            extra={"action": "ready"},
        )
        if self.announce is not None:
            # Whoever waits for it may look into the log next.
            logs.flush(_PATIENCE_WITH_LOG)
            self.announce(addresses)

    def _advice(self, error: GeartrainError) -> str:
        """Return which flags may help where the server could not start."""
        if isinstance(error, StoreError):
            return f"; {self.store_flag} names another"
        return _other_address(self.listen_flags) if _is_in_use(error) else ""

    async def _started_http(
        self, server: Server, handed: Sequence[socket.socket]
    ) -> HttpServer | None:
        """Start the HTTP face; None if there is none.

        Raises:
            GeartrainError: it was asked for and cannot start.
        """
        if not self.options.http_addresses and not handed:
            return None
        try:
            http = _bound_http(self.options, server, handed)
        except GeartrainError as error:
            if self.http_wanted and _is_in_use(error):
                raise ListenError(f"{error}{_other_address('--http')}") from error
            if self.http_wanted:
                raise
            _log.warning(
                "there is no HTTP: %s; --no-http does without, --http names another"
                " address",
                error,
                extra={"action": "no_http"},
            )
            return None
        server.when_stopping.append(http.stop_listening)
        server.when_reloading.append(http.reload)
        await http.start()
        return http

    def _switch_user(self, logs: Logs, server: Server, http: HttpServer | None) -> None:
        """Give up root's rights, if that is wanted."""
        user = self.options.user
        if user is None:
            return
        logs.give_to(user.uid, user.gid)
        server.give_sockets_to(user.uid, user.gid)
        if http is not None:
            http.give_sockets_to(user.uid, user.gid)
        switch_user(user)

    @contextlib.contextmanager
    def _pid_file(self) -> Iterator[None]:
        """Hold the pid file for the length of the block."""
        if not self.options.pid_file:
            yield
            return
        pid_file = PidFile(self.options.pid_file)
        try:
            pid_file.claim()
        except GeartrainError as error:
            if self.pid_file_wanted:
                raise
            _log.info("without a pid file: %s", error, extra={"action": "pid_file"})
        try:
            yield
        finally:
            pid_file.remove()


def _bound_http(
    options: Options, server: Server, handed: Sequence[socket.socket]
) -> HttpServer:
    """Return an HTTP face that has its addresses.

    Raises:
        GeartrainError: it cannot have them, or its libraries are missing.
    """
    # It takes 0.1 s to load, which a server without it need not wait for.
    try:
        from geartrain.dashboard.mount import Dashboard
        from geartrain.dashboard.redaction import load_redaction
        from geartrain.http.server import HttpServer
    except ImportError as error:
        raise StartError(
            f"HTTP needs the package {error.name}: pip install starlette uvicorn"
        ) from None
    redaction = load_redaction(options.dashboard_redact)
    http = HttpServer(options, server, partial(Dashboard, redaction=redaction))
    http.bind(handed)
    return http


def _place(options: Options) -> str:
    """Say where background jobs are, and how safe they are there."""
    if options.store == "memory:":
        return "in memory: they are gone when the server stops"
    return f"in {show_store(options.store)}, durability {options.durability}"


def _tell_stopped(server: Server) -> int:
    """Log what a server that has stopped leaves behind; return the exit status."""
    if server.unsaved:
        _log.error(
            "stopped, and what became of %d jobs is not saved in the store: they"
            " run again after a start on it",
            server.unsaved,
            extra={"action": "ends_unsaved"},
        )
    if server.unkept:
        _log.error(
            "stopped, and %d jobs that were acknowledged are lost: the store could not"
            " save them (--durability memory)",
            server.unkept,
            extra={"action": "jobs_lost"},
        )
    if server.astray:
        _log.error(
            "stopped, and %d jobs, dead letters and recurring jobs are not in the store"
            " that the next start opens",
            server.astray,
            extra={"action": "jobs_astray"},
        )
    if server.unsaved or server.unkept or server.astray:
        return 1
    _log.info("stopped", extra={"action": "stopped"})
    return 0


def _is_in_use(error: GeartrainError) -> bool:
    """Tell whether another process has the address or the store."""
    if isinstance(error, StoreInUseError):
        return True
    cause = error.__cause__
    if isinstance(cause, sqlite3.OperationalError):
        return cause.sqlite_errorcode == sqlite3.SQLITE_BUSY
    return isinstance(cause, OSError) and cause.errno == errno.EADDRINUSE


def _other_address(flags: str) -> str:
    """Return what to do about an address that another process has."""
    return (
        ": stop the program that listens there, which may be another job server"
        f" ('ss -ltnxp' shows it), or name another address with {flags}"
    )


def _new_loop() -> asyncio.AbstractEventLoop:
    """Make uvloop's event loop, or the standard library's where uvloop is missing."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
