"""The memory that this process may use, and has."""

from __future__ import annotations

import os

from geartrain.server.machine import memory_limit, resident


def test_the_limit_is_the_machines_or_less() -> None:
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert 16 * 1024 * 1024 < memory_limit() <= machine


def test_the_process_has_some_memory_and_not_all() -> None:
    assert 1024 * 1024 < resident() < memory_limit()
