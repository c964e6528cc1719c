"""Passwords are checked one after the other, and keep nobody else waiting."""

from __future__ import annotations

import asyncio
import os
import sys
import threading

import pytest

from geartrain.http import checking
from geartrain.http.checking import Checker
from tests.support.passwords import quick_hash

HASH = quick_hash("correct horse")


def test_the_right_password_is_right() -> None:
    async def check() -> list[bool]:
        checker = Checker()
        words = ("correct horse", "wrong", "correct horse")
        return await asyncio.gather(
            *(checker.is_password(each, HASH) for each in words)
        )

    assert asyncio.run(check()) == [True, False, True]


def test_one_is_checked_at_a_time_and_those_that_wait_are_few(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    running = threading.Semaphore(1)
    goes_on = threading.Event()
    priorities: list[int] = []

    def look(password: str, hashed: str) -> bool:
        assert running.acquire(blocking=False)
        goes_on.wait(20)
        priorities.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        running.release()
        return True

    monkeypatch.setattr(checking, "is_password", look)

    async def check() -> list[bool]:
        checker = Checker()
        tasks = [asyncio.ensure_future(checker.is_password("", "")) for _ in range(10)]
        await asyncio.sleep(0)
        assert checker.is_full()
        # The loop goes on while the first of them is looked at.
        goes_on.set()
        found = await asyncio.gather(*tasks)
        assert not checker.is_full()
        return found

    assert asyncio.run(check()) == [True] * 10
    if sys.platform == "linux":
        assert set(priorities) == {19}
        assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) < 19
