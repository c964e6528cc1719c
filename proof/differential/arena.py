"""Provide each scenario with servers that nobody else has used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType

from proof.differential.player import Monitor, Player
from proof.differential.registry import Scenario
from proof.differential.trace import Trace
from tests.support.servers import RunningServer, running_gearmand, running_geartrain

GEARMAND_FLAGS = ("-t", "1", "--verbose", "NOTICE")
GEARTRAIN_FLAGS = ("--log-level", "notice")


class Arena:
    """Plays each scenario once per server and keeps the traces.

    The C server starts in milliseconds and keeps orphans of some scenarios, so
    each scenario has a new one, with one I/O thread because more of them race.
    Geartrain is cleaned by its own text commands, and started anew only where that
    leaves something behind.
    """

    def __init__(self) -> None:
        self._traces: dict[tuple[str, str], Trace] = {}
        self._geartrain: dict[tuple[str, ...], tuple[ExitStack, RunningServer]] = {}

    def __enter__(self) -> Arena:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        for stack, _ in self._geartrain.values():
            stack.close()

    def gearmand(self, scenario: Scenario) -> Trace:
        """Return the C server's trace of ``scenario``."""
        key = ("gearmand", scenario.name)
        if key not in self._traces:
            flags = (*GEARMAND_FLAGS, *scenario.flags.gearmand)
            with running_gearmand(*flags) as server, _log_on_failure(server):
                self._traces[key] = play(scenario, server)
        return self._traces[key]

    def geartrain(self, scenario: Scenario) -> Trace:
        """Return Geartrain's trace of ``scenario``."""
        key = ("geartrain", scenario.name)
        if key not in self._traces:
            flags = scenario.flags.geartrain
            stack, server = self._take_geartrain(flags)
            with stack, _log_on_failure(server):
                self._traces[key] = play(scenario, server)
                if clean(server):
                    self._geartrain[flags] = (stack.pop_all(), server)
        return self._traces[key]

    def _take_geartrain(
        self, flags: tuple[str, ...]
    ) -> tuple[ExitStack, RunningServer]:
        if flags in self._geartrain:
            return self._geartrain.pop(flags)
        stack = ExitStack()
        return stack, stack.enter_context(running_geartrain(*GEARTRAIN_FLAGS, *flags))


@contextmanager
def _log_on_failure(server: RunningServer) -> Iterator[None]:
    """Add what the server logged to an assertion that its answers failed."""
    try:
        yield
    except AssertionError as error:
        error.add_note(f"The log of {server.address}:\n{server.log.read_text()}")
        raise


def play(scenario: Scenario, server: RunningServer) -> Trace:
    """Play ``scenario`` to a server that nobody else uses."""
    player = Player(server)
    scenario.act(player)
    player.end()
    return player.trace


def clean(server: RunningServer) -> bool:
    """Cancel every job and drop every function; return whether nothing is left."""
    if server.process.poll() is not None:
        return False
    monitor = Monitor(server)
    monitor.await_connections(0)
    for row in monitor.ask("show jobs")[:-1]:
        monitor.ask("cancel job " + row.split("\t")[0])
    for row in monitor.ask("status")[:-1]:
        monitor.ask("drop function " + row.split("\t")[0])
    left = monitor.ask("show jobs") + monitor.ask("status")
    monitor.close()
    return left == [".", "."]
