"""Each signal, sent for real, asks the server for what it should."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from geartrain.server.signals import SignalHandlers


class Asked:
    """Stands where a server would and notes what it is asked for."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.more = asyncio.Event()

    def note(self, word: str) -> None:
        self.words.append(word)
        self.more.set()

    def stop(self) -> None:
        self.note("stop")

    def stop_gracefully(self) -> None:
        self.note("stop_gracefully")

    def hurry(self) -> None:
        self.note("hurry")

    def reload(self) -> None:
        self.note("reload")

    def reopen(self) -> None:
        self.note("reopen")


def asked_after(*numbers: signal.Signals) -> list[str]:
    """Send the signals one after the other; return what the server was asked."""

    async def run() -> list[str]:
        asked = Asked()
        task = asyncio.current_task()
        assert task is not None
        handlers = SignalHandlers(task, asked.reopen)
        handlers.install()
        handlers.watch(asked, asked.reload)
        for number in numbers:
            asked.more.clear()
            os.kill(os.getpid(), number)
            await asyncio.wait_for(asked.more.wait(), 5)
        return asked.words

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ([signal.SIGTERM], ["stop"]),
        ([signal.SIGINT], ["stop"]),
        ([signal.SIGTERM, signal.SIGINT], ["stop", "hurry"]),
        ([signal.SIGINT, signal.SIGINT], ["stop", "hurry"]),
        ([signal.SIGUSR1], ["stop_gracefully"]),
        ([signal.SIGUSR1, signal.SIGTERM], ["stop_gracefully", "stop"]),
        ([signal.SIGHUP], ["reopen", "reload"]),
        ([signal.SIGHUP, signal.SIGHUP], ["reopen", "reload"] * 2),
    ],
)
def test_a_signal_asks_for(numbers: list[signal.Signals], words: list[str]) -> None:
    assert asked_after(*numbers) == words


def test_usr1_does_not_undo_a_stop() -> None:
    # The hangup after it shows that USR1 was handled and asked for nothing.
    async def run() -> list[str]:
        asked = Asked()
        task = asyncio.current_task()
        assert task is not None
        handlers = SignalHandlers(task, asked.reopen)
        handlers.install()
        handlers.watch(asked, asked.reload)
        for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGHUP):
            os.kill(os.getpid(), number)
        async with asyncio.timeout(5):
            while "reopen" not in asked.words:
                asked.more.clear()
                await asked.more.wait()
        return asked.words

    words = asyncio.run(run())
    assert sorted(words) == ["reload", "reopen", "stop"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_a_signal_before_the_server_runs_cancels_its_start(
    number: signal.Signals,
) -> None:
    async def start_forever() -> str:
        task = asyncio.current_task()
        assert task is not None
        SignalHandlers(task, lambda: None).install()
        os.kill(os.getpid(), number)
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            return "cancelled"
        return "not cancelled"

    assert asyncio.run(start_forever()) == "cancelled"


def test_pipe_is_ignored() -> None:
    async def run() -> bool:
        task = asyncio.current_task()
        assert task is not None
        SignalHandlers(task, lambda: None).install()
        os.kill(os.getpid(), signal.SIGPIPE)
        await asyncio.sleep(0)
        return True

    assert asyncio.run(run())
