"""The job server: its listeners and its life from start to stop."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Sequence

from geartrain.engine.engine import Engine
from geartrain.engine.model.access import Rules
from geartrain.engine.model.principals import Identity
from geartrain.errors import ConnectError
from geartrain.server.cron import calendar
from geartrain.server.drain import Drain
from geartrain.server.driver import Driver
from geartrain.server.engine_options import engine_options
from geartrain.server.handshakes import Handshakes
from geartrain.server.insiders import connect_insider
from geartrain.server.kinds import NO_ADDRESS
from geartrain.server.node_address import node_address
from geartrain.server.options import Options
from geartrain.server.persistence import Persistence
from geartrain.server.pulse import Pulse
from geartrain.server.schedules import Definitions
from geartrain.server.sockets import Sockets
from geartrain.server.watch import Watch
from geartrain.stores.base import Recovery, Store
from geartrain.stores.locations import make_store

__all__ = ["Server"]


_log = logging.getLogger("geartrain.server")

# Seconds that a stopping server waits for peers to read their outboxes.
_LAST_WRITES = 5.0


class Server:
    """One job server on the running event loop.

    Call ``start``, then await ``wait_stopped``; ``stop``, ``hurry``,
    ``stop_gracefully`` and ``abort`` end it. All are for the event loop's thread.

    Attributes:
        addresses: where it listens, once started.
        when_opening: what is called with the store before it is opened.
        when_stopping: what is called when it begins to stop; what serves others by
            ``connect`` is to accept nobody any more, either.
        when_reloading: what is called by ``reload``.
        unsaved: once stopped, how many jobs run again after a start on the same store
            because it did not save what became of them.
        unkept: once stopped, how many jobs were acknowledged and are lost, because the
            store refused them; only with durability ``memory``.
        astray: once stopped, how many jobs, dead letters and recurring jobs are not in
            the store that such a start would open, because its file was removed or
            renamed.
        is_lost: it has ended because another job server has taken over what it kept;
            a new one may go on in its place.
    """

    def __init__(
        self,
        options: Options,
        make_driver: Callable[[Engine, Options], Driver] = Driver,
        listeners: Sequence[socket.socket] = (),
        admin_listeners: Sequence[socket.socket] = (),
    ) -> None:
        """Prepare to listen on ``listeners``, or else where ``options`` say.

        Where there are addresses for administration, or ``admin_listeners``, text
        commands that change something are taken there alone.
        """
        self.addresses: list[str] = []
        self.when_opening: list[Callable[[Store], None]] = []
        self.when_stopping: list[Callable[[], None]] = []
        self.when_reloading: list[Callable[[], None]] = []
        self._options = options
        self._rules = Rules(options.access)
        self._make_driver = make_driver
        self._driver: Driver | None = None
        self._is_open = False
        self._persistence: Persistence | None = None
        self._store: Store | None = None
        self._sockets = Sockets(options, listeners, admin_listeners)
        self._handshakes: Handshakes | None = None
        self._stopped = asyncio.Event()
        self._pulse: Pulse | None = None
        self.unsaved = self.unkept = self.astray = 0
        self.is_lost = False
        self._watch: Watch | None = None
        self._is_stopping = False
        self._drain: Drain | None = None
        self._is_saved = False
        self._last_writes = _LAST_WRITES
        self._patience: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        """Open the store, and then listen on every address.

        One that has failed may be started again.

        Raises:
            ListenError: it cannot listen on one of the addresses; then it does on none.
            OptionError: an option's value means nothing on this machine.
            StoreError: the store cannot be opened or read.
        """
        if self._options.tls is not None and self._handshakes is None:
            self._handshakes = Handshakes(self._options.tls)
            self.when_reloading.append(self._handshakes.reload)
        engine = Engine(engine_options(self._options), calendar(self._options.timezone))
        self._driver = driver = self._make_driver(engine, self._options)
        self._pulse = Pulse()
        engine.show_vitals(self._pulse.vitals)
        for pattern, settings in self._options.policies:
            engine.change_policy(pattern, settings)
        engine.set_schedules(self._options.schedules)
        engine.set_rules(self._rules)
        driver.on_idle = self._on_idle
        driver.on_shutdown = self._on_shutdown
        try:
            await self._persist(driver, engine)
            self._sockets.open(driver)
        except BaseException:
            self._give_up()
            raise
        self._is_open = True
        self._tell_nodes()
        self.addresses = self._sockets.addresses()
        await self._sockets.listen(self._handshakes)
        self._pulse.start()
        self._watch = Watch(driver, self._options.hooks)
        self._watch.start()

    def _tell_nodes(self) -> None:
        """Have those that share the store know where this job server listens."""
        given = self._options.node_address
        if self._store is not None and given != NO_ADDRESS:
            self._store.address = node_address(given, self._sockets.job_addresses)

    def _give_up(self) -> None:
        """Undo what was done for a start that has failed."""
        self._sockets.give_up()
        self._close_store()

    async def _persist(self, driver: Driver, engine: Engine) -> None:
        """Open the store: resume its jobs, and keep new ones in it."""
        store = make_store(self._options.store, self._options.durability)
        self._store = store
        store.node = self._options.node_name
        store.identity = engine.state.options.node_identity
        store.preparations = tuple(self.when_opening)
        durability = self._options.durability if self._keeps_jobs() else None
        self._persistence = Persistence(engine, store, durability, driver.monotonic)
        self._persistence.lease.on_lost = self._on_lost
        await self._persistence.start()
        driver.persist(self._persistence)
        await self._persistence.wait_paged()

    def _on_lost(self) -> None:
        """End at once: another one has taken over what is kept, or it has changed."""
        store = self._store
        why = "" if store is None else store.why_lost
        _log.error(
            "%s",
            why or "another job server has taken over: the lease had ended",
            extra={"action": "lease_lost"},
        )
        self.is_lost = True
        # The store's thread is being listened to just now.
        asyncio.get_running_loop().call_soon(self.abort)

    def _keeps_jobs(self) -> bool:
        return self._options.store != "memory:"

    def _close_store(self) -> None:
        if self._persistence is not None:
            self._persistence.close()
            self.unsaved = self._persistence.unsaved
            self.unkept = self._persistence.unkept
            self.astray = self._persistence.astray

    @property
    def driver(self) -> Driver:
        """Return what drives the engine of a server that has started."""
        assert self._driver is not None
        return self._driver

    def connect(self, client: asyncio.Protocol, identity: Identity) -> None:
        """Connect a client within this process; ``identity`` is whom it acts for.

        Raises:
            ConnectError: the server is about to stop, or has not started.
        """
        if self._driver is None or not self._is_open:
            raise ConnectError(
                "the job server has not opened its store yet: /readyz tells how far it"
                " is"
            )
        connect_insider(self._driver, client, identity)

    def rules(self) -> Rules:
        """Return who may do what now."""
        return self._rules

    def set_rules(self, rules: Rules) -> None:
        """Say who may do what; open connections follow."""
        self._rules = rules
        if self._driver is not None:
            self._driver.set_rules(rules)

    def set_schedules(self, definitions: Definitions) -> None:
        """Say which schedules the configuration file has now."""
        if self._driver is not None:
            self._driver.set_schedules(definitions)

    def reload(self) -> None:
        """Read again what may have been renewed, such as the TLS files."""
        for reload in self.when_reloading:
            reload()

    def recovery(self) -> Recovery | None:
        """Return how far the opening of the store has come; None once it is open."""
        if self._is_open:
            return None
        found = self._persistence.recovery if self._persistence else None
        return found or Recovery()

    def summary(self) -> str:
        """Say in a sentence what it is doing."""
        recovery = self.recovery()
        if recovery is not None:
            return f"{recovery.step} the store: {_progress(recovery)}"
        assert self._driver is not None
        running = self._driver.engine.count_running()
        doing = "stopping" if self._is_stopping else "serving"
        return f"{doing}: {len(self._driver)} connections, {running} jobs running"

    async def wait_stopped(self) -> None:
        """Return when the server has stopped."""
        await self._stopped.wait()

    def stop(self) -> None:
        """Stop in order: accept nobody, let running jobs end, write what is due, close.

        Jobs have ``Options.drain`` seconds.
        """
        if self._driver is None:
            self._stopped.set()
        elif self._drain is None:
            self._stop_listening()
            self._drain = Drain(self._driver, self._options.drain, self._save)
            self._drain.begin()

    def hurry(self) -> None:
        """Go on with a stop at once: wait neither for jobs nor for who reads slowly."""
        if self._drain is not None and self._drain.is_on:
            self._last_writes = 0.0
            self._drain.end()
        else:
            self.abort()

    def _save(self) -> None:
        """Save and answer what was submitted, and then close."""
        assert self._driver is not None
        if not self._keeps_jobs():
            self._warn_of_loss()
        self._driver.stop_reading()
        if self._persistence is not None:
            self._driver.keep_clock()
            self._persistence.finish(self._close_connections)

    def _close_connections(self) -> None:
        assert self._driver is not None
        self._is_saved = True
        self._driver.close()
        loop = asyncio.get_running_loop()
        self._patience = loop.call_later(self._last_writes, self.abort)
        self._on_idle()

    def stop_gracefully(self) -> None:
        """Accept no more connections, and stop when the last peer has left."""
        self._stop_listening()
        self._on_idle()

    def abort(self) -> None:
        """Stop at once."""
        self._stop_listening()
        if self._driver is not None:
            self._driver.abort()
        self._finish()

    def _on_shutdown(self, how: str) -> None:
        _log.info("shutdown was asked for", extra={"action": "shutdown"})
        if how == "graceful":
            self.stop_gracefully()
        else:
            self.stop()

    def _on_idle(self) -> None:
        """Stop when the last connection of a server that is to stop has ended."""
        if not self._is_stopping or self._driver is None or len(self._driver):
            return
        if self._stopped.is_set():
            return
        if self._is_saved:
            self._finish()
        elif self._drain is None:
            self.stop()
        else:
            self._drain.end()

    def _stop_listening(self) -> None:
        if self._is_stopping:
            return
        self._is_stopping = True
        if self._store is not None:
            # Others need not try to reach it while it waits for its jobs.
            self._store.address = ""
        if self._pulse is not None:
            self._pulse.vitals.is_stopping = True
        self._sockets.close()
        for tell in self.when_stopping:
            tell()

    def give_sockets_to(self, uid: int, gid: int) -> None:
        """Make the user that the process will run as the owner of its unix sockets.

        Raises:
            StartError: the system refused.
        """
        self._sockets.give_to(uid, gid)

    def _warn_of_loss(self) -> None:
        """Say what a stop takes with it."""
        assert self._driver is not None
        lost = self._driver.engine.background_count()
        if lost:
            _log.warning(
                "stopping with %d background jobs, which were in memory only",
                lost,
                extra={"action": "jobs_lost"},
            )

    def _finish(self) -> None:
        if self._drain is not None:
            self._drain.stop()
        if self._watch is not None:
            self._watch.stop()
        if self._patience is not None:
            self._patience.cancel()
        if self._pulse is not None:
            self._pulse.stop()
        if self._driver is not None:
            self._driver.stop()
        self._close_store()
        self._stopped.set()


def _progress(recovery: Recovery) -> str:
    of = "" if recovery.total is None else f" of {recovery.total:,}"
    return f"{recovery.done:,}{of} jobs read"
