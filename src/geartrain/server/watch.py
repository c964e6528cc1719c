"""The watch over the job server: look for problems now and then, and tell hooks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from geartrain.engine.commands.problems import problem_values
from geartrain.engine.model.hooks import HookReport
from geartrain.engine.model.notices import Notice
from geartrain.engine.state.state import State
from geartrain.server.driver import Driver
from geartrain.server.hooks import DEAD_LETTER, Hook
from geartrain.texts import counted, quoted

__all__ = ["Watch"]

# Seconds from one look at the server to the next.
_INTERVAL: Final = 5.0
# Problems, and dead letters, that one message has; it says how many more there are.
_MOST_ROWS: Final = 100

_Key = tuple[str, bytes]


class Watch:
    """Looks for problems on the event loop, which is all that it does there."""

    def __init__(
        self, driver: Driver, hooks: Sequence[Hook], interval: float = _INTERVAL
    ) -> None:
        """Watch the server of ``driver`` for ``hooks``."""
        self._driver = driver
        self._interval = interval
        self._loop = asyncio.get_running_loop()
        self._tellers = [_Teller(hook) for hook in hooks]
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Watch from now on."""
        reports = tuple(teller.report for teller in self._tellers)
        self._driver.engine.state.hooks = reports
        if self._tellers:
            self._driver.on_notices = self._learn
        self._look()

    def stop(self) -> None:
        """Watch no more."""
        if self._timer is not None:
            self._timer.cancel()
        for teller in self._tellers:
            teller.stop()

    def _learn(self, notices: list[Notice]) -> None:
        for notice in notices:
            if notice.action == DEAD_LETTER:
                for teller in self._tellers:
                    teller.bury(notice)

    def _look(self) -> None:
        """Tell what the last look found, and look again."""
        state = self._driver.engine.state
        for teller in self._tellers:
            teller.tell(state)
        self._driver.look_for_problems()
        self._timer = self._loop.call_later(self._interval, self._look)


class _Teller:
    """What one hook has been told, and what it is to be told next."""

    def __init__(self, hook: Hook) -> None:
        # It imports HTTP, a tenth of the time that a server takes to start.
        from geartrain.server.deliveries import Deliveries

        self._hook = hook
        self._deliveries = Deliveries(hook)
        self._told: dict[_Key, float] = {}
        self._dead: list[dict[str, str]] = []
        self._dead_count = 0
        self._dead_told = float("-inf")

    @property
    def report(self) -> HookReport:
        """What became of its messages."""
        return self._deliveries.report

    def stop(self) -> None:
        self._deliveries.stop()

    def bury(self, notice: Notice) -> None:
        """Note a dead letter, to be told with others."""
        function = notice.function.decode(errors="replace")
        if not self._hook.wants(DEAD_LETTER, function):
            return
        self._dead_count += 1
        if len(self._dead) < _MOST_ROWS:
            fields = notice.fields().items()
            self._dead.append({name: _text(value) for name, value in fields})

    def tell(self, state: State) -> None:
        """Send what is new, if anything is."""
        message: dict[str, Any] = {}
        self._add_problems(message, state)
        self._add_solved(message, state)
        self._add_dead(message, state.server_time())
        if message:
            now = datetime.fromtimestamp(state.wall_time(), UTC)
            head = {
                "server": _text(state.options.handle_prefix),
                "node": _text(state.options.node_name),
                "time": f"{now:%FT%TZ}",
            }
            body = json.dumps({**head, **message}).encode()
            self._deliveries.send(body, _about(message))

    def _add_problems(self, message: dict[str, Any], state: State) -> None:
        now = state.server_time()
        rows = []
        for key, problem in state.problems.items():
            is_told = now - self._told.get(key, float("-inf")) < self._hook.every
            is_new = now - problem.since < self._hook.lasting
            function = problem.function.decode(errors="replace")
            if is_told or is_new or not self._hook.wants(problem.name, function):
                continue
            self._told[key] = now
            rows.append(problem_values(state, problem))
        if rows:
            message["problems"] = rows[:_MOST_ROWS]
            message["problem_count"] = len(rows)

    def _add_solved(self, message: dict[str, Any], state: State) -> None:
        solved = [key for key in self._told if key not in state.problems]
        for key in solved:
            del self._told[key]
        if solved:
            message["solved"] = [
                {"problem": name, "function": _text(function) or None}
                for name, function in solved[:_MOST_ROWS]
            ]

    def _add_dead(self, message: dict[str, Any], now: float) -> None:
        if not self._dead_count or now - self._dead_told < self._hook.every:
            return
        message["dead_letters"], self._dead = self._dead, []
        message["dead_letter_count"], self._dead_count = self._dead_count, 0
        self._dead_told = now


def _about(message: dict[str, Any]) -> str:
    """Return in a few words what a message tells."""
    parts = []
    for name, noun in (("problems", "problem"), ("solved", "solved problem")):
        rows = message.get(name, ())
        if len(rows) == 1:
            of = f" of {quoted(rows[0]['function'])}" if rows[0]["function"] else ""
            solved = "solved: " if name == "solved" else ""
            parts.append(f"{solved}{rows[0]['problem']}{of}")
        elif rows:
            parts.append(counted(message.get("problem_count", len(rows)), noun))
    if "dead_letter_count" in message:
        parts.append(counted(message["dead_letter_count"], "dead letter"))
    return ", ".join(parts)


def _text(data: bytes) -> str:
    return data.decode(errors="surrogateescape")
