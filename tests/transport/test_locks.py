"""Locks whose holder knows that it holds them."""

from __future__ import annotations

import threading

import pytest

from geartrain.transport.locks import took


def test_a_free_lock_is_taken_and_noted() -> None:
    lock, turn = threading.Lock(), list[bool]()
    assert took(lock, turn)
    assert lock.locked()
    assert turn == [True]


@pytest.mark.parametrize("how", [{"wait": False}, {"timeout": 0.01}])
def test_a_lock_that_another_has_is_neither_taken_nor_noted(
    how: dict[str, float],
) -> None:
    lock, turn = threading.Lock(), list[bool]()
    lock.acquire()
    assert not took(lock, turn, **how)  # type: ignore[arg-type]
    assert turn == []


def test_a_lock_that_is_released_in_time_is_taken() -> None:
    lock, turn = threading.Lock(), list[bool]()
    lock.acquire()
    threading.Timer(0.05, lock.release).start()
    assert took(lock, turn, timeout=10)
    assert turn == [True]


def test_whoever_has_a_reentrant_lock_takes_it_again() -> None:
    lock, turn = threading.RLock(), list[bool]()
    with lock:
        assert took(lock, turn, wait=False)
        lock.release()
