"""The job server under torture: the real program, which can kill itself at a step.

This process loads everything once. Each line on stdin is an order, upon which it makes
a process that runs the ``geartrain`` program: a JSON object with ``arguments`` (of the
program), ``window`` (jobs of a function and priority in memory), ``step`` (a name of
``STEPS`` or null) and ``passing`` (at which passing of the step it ends). What becomes
of it is told on stdout, in lines that ``steps`` knows. Its argument is a pipe that ends
with the process that gives the orders.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import sys
import threading
from functools import partial
from types import ModuleType
from typing import Any, Final, NoReturn, Self

import geartrain.server.engine_options as options_module
import geartrain.server.server as server_module
from geartrain.cli import main as program
from geartrain.engine.batches import Batch
from geartrain.engine.engine import Engine
from geartrain.engine.model.options import EngineOptions
from geartrain.engine.queries import DuePage, Page
from geartrain.stores.base import Store
from geartrain.stores.locations import make_store
from proof.torture.steps import BORN, ENDED, KILLED, STEPS, Step

_PACKETS: Final = {
    "submit": (7, 18, 21, 32, 33, 34, 36, 37, 38),
    "grab": (9, 30, 39),
    "complete": (13,),
    "fail": (14, 25),
}
_ACTIONS: Final = {
    bytes([number]): action
    for action, numbers in _PACKETS.items()
    for number in numbers
}
_TYPES: Final = re.compile(rb"\0REQ\0\0\0(.)", re.DOTALL)
_COMPLETED: Final = re.compile(rb"\0REQ\0\0\0\x0d....[^\0]+:([0-9]+)\0", re.DOTALL)
_CANCELLED: Final = re.compile(rb"cancel job \S+:([0-9]+)\n")
_ASSIGNED: Final = (b"\0RES\0\0\0\x0b", b"\0RES\0\0\0\x1f", b"\0RES\0\0\0\x28")

# Seconds after which bytes that were written at the end of a turn have left.
_SENT: Final = 0.003


class Failpoint:
    """The step at which this process kills itself, if any.

    Attributes:
        is_serving: the first peer has connected.
        batch: what the batch that is being committed does.
    """

    def __init__(self, step: Step | None, passing: int) -> None:
        self._step = step
        self._left = passing
        self._completed: set[int] = set()
        self._cancelled: set[int] = set()
        self.is_serving = False
        self.batch: set[str] = {"start"}

    def passes(self, moment: str, actions: set[str]) -> None:
        """Die if the step is a moment of one of these actions, and it is time."""
        if self._arrives(moment, actions):
            self.die()

    def passes_once_sent(self, actions: set[str]) -> None:
        """Do the same for the moment ``answered``, which comes shortly."""
        if self._arrives("answered", actions):
            threading.Timer(_SENT, self.die).start()

    def _arrives(self, moment: str, actions: set[str]) -> bool:
        step = self._step
        if step is None or step.moment != moment or step.action not in actions:
            return False
        self._left -= 1
        return self._left == 0

    def die(self) -> None:
        """Kill this process as if by an operator."""
        assert self._step is not None
        _say(f"{KILLED}{self._step.name}")
        os.kill(os.getpid(), signal.SIGKILL)

    def read(self, data: bytes) -> set[str]:
        """Return the actions that a peer's bytes ask for."""
        if self._step is None:
            return set()
        actions = {_ACTIONS.get(kind, "") for kind in _TYPES.findall(data)}
        if b"cancel job " in data:
            actions.add("cancel")
            self._cancelled.update(map(int, _CANCELLED.findall(data)))
        if "complete" in actions:
            self._completed.update(map(int, _COMPLETED.findall(data)))
        return actions

    def take(self, batch: Batch) -> None:
        """Note what a batch does."""
        if self._step is None:
            return
        pages = {type(query) for query in batch.queries}
        does = {
            "submit": bool(batch.added),
            "complete": not self._completed.isdisjoint(batch.ended),
            "cancel": not self._cancelled.isdisjoint(batch.ended),
            "retry": bool(batch.changed),
            "bury": bool(batch.buried),
            "revive": bool(batch.revived),
            "page": Page in pages,
            "due": DuePage in pages,
            "start": not self.is_serving,
        }
        self.batch = {action for action, is_done in does.items() if is_done}


class TornEngine:
    """An engine that can end the process between its steps.

    It stands in the place of ``Engine``, whose compiled build takes no changes.
    """

    def __init__(self, failpoint: Failpoint, *arguments: Any) -> None:
        self._failpoint = failpoint
        self._engine = Engine(*arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def resume(self, *arguments: Any, **named: Any) -> None:
        self._failpoint.passes("opened", {"start"})
        self._engine.resume(*arguments, **named)
        self._failpoint.passes("resumed", {"start"})

    def connect(self, *arguments: Any) -> Any:
        self._failpoint.is_serving = True
        return self._engine.connect(*arguments)

    def receive(self, peer: Any, data: bytes, now: float) -> int:
        actions = self._failpoint.read(data)
        self._failpoint.passes("read", actions)
        read = self._engine.receive(peer, data, now)
        self._failpoint.passes("reacted", actions)
        return read

    def turn(self, now: float, tick_at: float) -> Any:
        unsent = self._engine.turn(now, tick_at)
        if any(_is_assignment(piece) for _, pieces in unsent for piece in pieces):
            self._failpoint.passes_once_sent({"grab"})
        return unsent

    def take_batch(self) -> Batch | None:
        batch = self._engine.take_batch()
        if batch is not None:
            self._failpoint.take(batch)
            self._failpoint.passes("taken", self._failpoint.batch)
        return batch

    def committed(self, *arguments: Any) -> None:
        self._engine.committed(*arguments)
        self._failpoint.passes("told", self._failpoint.batch)
        self._failpoint.passes_once_sent(self._failpoint.batch)


def _is_assignment(piece: bytes) -> bool:
    return any(mark in piece[:1000] for mark in _ASSIGNED)


def torn_store(failpoint: Failpoint, location: str, durability: str) -> Store:
    """Make a store between whose steps the process may end."""
    store = make_store(location, durability)
    assert store is not None
    open_, commit, page, page_due = (
        store.open,
        store.commit,
        store.page,
        store.page_due,
    )

    def torn_open() -> Any:
        failpoint.passes("opening", {"start"})
        return open_()

    def torn_commit(batch: Batch) -> None:
        commit(batch)
        failpoint.passes("written", failpoint.batch)

    def torn_page(query: Page) -> None:
        failpoint.passes("looking", {"page"})
        page(query)
        failpoint.passes("found", {"page"})

    def torn_page_due(query: DuePage) -> None:
        failpoint.passes("looking", {"due"})
        page_due(query)
        failpoint.passes("found", {"due"})

    changes = {
        "open": torn_open,
        "commit": torn_commit,
        "page": torn_page,
        "page_due": torn_page_due,
    }
    for name, method in changes.items():
        setattr(store, name, method)
    return store


class TornCursor(sqlite3.Cursor):
    """A cursor at whose COMMIT the process may end."""

    failpoint: Failpoint

    def execute(self, sql: str, parameters: Any = ()) -> Self:
        if sql == "COMMIT":
            self.failpoint.passes("writing", self.failpoint.batch)
        return super().execute(sql, parameters)


class TornConnection(sqlite3.Connection):
    """A connection whose cursors are such."""

    def cursor(self, *_: Any) -> Any:
        return super().cursor(TornCursor)

    def execute(self, sql: str, parameters: Any = ()) -> sqlite3.Cursor:
        cursor: sqlite3.Cursor = self.cursor().execute(sql, parameters)
        return cursor


def _replace(module: ModuleType, name: str, value: object) -> None:
    """Replace a name in a module; the module must have it."""
    assert hasattr(module, name), f"{module.__name__} has no {name}"
    setattr(module, name, value)


def _arm(failpoint: Failpoint, window: int) -> None:
    TornCursor.failpoint = failpoint
    connect = partial(sqlite3.connect, factory=TornConnection)
    _replace(sqlite3, "connect", connect)
    _replace(server_module, "Engine", partial(TornEngine, failpoint))
    _replace(options_module, "EngineOptions", partial(EngineOptions, window=window))
    _replace(server_module, "make_store", partial(torn_store, failpoint))


def _serve(order: dict[str, Any]) -> NoReturn:
    """Run the program as ordered."""
    step = STEPS[order["step"]] if order["step"] else None
    _arm(Failpoint(step, order["passing"]), order["window"])
    threading.Thread(target=_end_with, args=(int(sys.argv[1]),), daemon=True).start()
    sys.argv = ["geartrain", *order["arguments"]]
    program.main()


def _end_with(lifeline: int) -> None:
    """End with the process at the other end of a pipe."""
    os.read(lifeline, 1)
    os.kill(os.getpid(), signal.SIGKILL)


def _say(line: str) -> None:
    os.write(1, f"{line}\n".encode())


def main() -> None:
    """Carry out order after order."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _say(f"{BORN}{os.getpid()}")
            _serve(json.loads(line))
        _, status = os.waitpid(child, 0)
        _say(f"{ENDED}{os.waitstatus_to_exitcode(status)}")


if __name__ == "__main__":
    main()
