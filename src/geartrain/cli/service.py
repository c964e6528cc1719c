"""Run a job server as a process: the life both programs share."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from geartrain.cli.http_face import serving_http
from geartrain.cli.peers import help_peers, ways_to_peers
from geartrain.cli.starting import (
    is_in_use,
    other_address,
    start_again,
    start_with_patience,
)
from geartrain.cli.telling import tell_started, tell_stopped
from geartrain.errors import GeartrainError, ListenError, StoreError, StoreInUseError
from geartrain.server.collector import spare_survivors
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
from geartrain.stores.advice import advice_on
from geartrain.stores.base import Store
from geartrain.stores.locations import file_of, prepare_store
from geartrain.transport.activation import Handed, take_listeners
from geartrain.transport.service_manager import ServiceManager

if TYPE_CHECKING:
    from geartrain.http.server import HttpServer

__all__ = ["Service"]

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
        options, handed = self.options, starter.handed
        server = Server(options, listeners=handed.jobs, admin_listeners=handed.admin)
        server.when_opening += self.preparations
        server.when_reloading += [partial(each, server) for each in self.reloads]
        ways = ways_to_peers(options)
        reporting = Reporting(starter.manager, server, options.drain)
        try:
            async with serving_http(
                options, server, handed.http, is_wanted=self.http_wanted
            ) as http:
                reporting.begin()
                await self._start(server, is_anew=is_anew)
                help_peers(options, server, ways)
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
        return 1 if server.is_lost else tell_stopped(server)

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
        if is_anew:
            await start_again(server)
            return
        try:
            await start_with_patience(server, self.patience)
        except (ListenError, StoreError) as error:
            raise type(error)(f"{error}{self._advice(error)}") from error

    def _tell_started(
        self, logs: Logs, starter: _Starter, server: Server, http: HttpServer | None
    ) -> None:
        """Give up root's rights, and tell where the server listens and keeps jobs."""
        self._switch_user(logs, server, http)
        addresses = [*server.addresses, *(http.addresses if http else ())]
        tell_started(self.options, starter.handed, addresses)
        if self.announce is not None:
            # Whoever waits for it may look into the log next.
            logs.flush(_PATIENCE_WITH_LOG)
            self.announce(addresses)

    def _advice(self, error: GeartrainError) -> str:
        """Return what may help where the server could not start."""
        if isinstance(error, StoreInUseError) or self._is_fault_of_file(error):
            return f"; {self.store_flag} names another"
        if isinstance(error, StoreError):
            advice = advice_on(str(error))
            return f": {advice}" if advice else ""
        return other_address(self.listen_flags) if is_in_use(error) else ""

    def _is_fault_of_file(self, error: GeartrainError) -> bool:
        return isinstance(error, StoreError) and bool(file_of(self.options.store))

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


def _new_loop() -> asyncio.AbstractEventLoop:
    """Make uvloop's event loop, or the standard library's where uvloop is missing."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
