"""When a job server is probed and given up, without a connection."""

from __future__ import annotations

import logging

import pytest

from geartrain.worker.keepalive import PATIENCE, Keepalive


@pytest.fixture
def alive() -> Keepalive:
    """Return that of a connection made at 100, with a heartbeat of 30 seconds."""
    found = Keepalive("a:4730", 30.0)
    found.connected(100.0)
    return found


def test_a_new_one_is_due_at_once() -> None:
    assert Keepalive("a:4730", 30.0).due == 0.0


def test_a_job_server_that_speaks_is_never_probed(alive: Keepalive) -> None:
    for now in (130.0, 160.0, 190.0):
        assert alive.due == now
        alive.hear()
        assert alive.look(now) == "wait"


def test_a_silent_one_is_probed_and_then_given_up(alive: Keepalive) -> None:
    assert alive.look(130.0) == "probe"
    assert alive.is_suspect
    assert alive.due == 130.0 + PATIENCE
    assert alive.look(alive.due) == "lose"


def test_an_answer_to_a_probe_is_a_heartbeat(alive: Keepalive) -> None:
    assert alive.look(130.0) == "probe"
    alive.hear()
    assert not alive.is_suspect
    assert alive.look(160.0) == "wait"
    assert alive.due == 190.0
    assert alive.look(190.0) == "probe"


def test_a_probe_of_the_last_connection_is_not_this_ones(alive: Keepalive) -> None:
    assert alive.look(130.0) == "probe"
    alive.lost(160.0, None)
    alive.connected(161.0)
    assert alive.look(191.0) == "probe"


def test_pauses_grow_until_a_job_server_has_said_something(
    alive: Keepalive, caplog: pytest.LogCaptureFixture
) -> None:
    def pauses(count: int) -> list[float]:
        found = []
        for _ in range(count):
            # That it could be connected to is not enough.
            alive.connected(200.0)
            alive.lost(200.0, OSError("no route"))
            found.append(alive.due - 200.0)
        return found

    with caplog.at_level(logging.WARNING, "geartrain.worker"):
        first, *_, last = pauses(9)
        assert first <= 0.1
        assert 5.0 <= last <= 10.0
        # Once for all of them.
        assert len(caplog.messages) == 1
        assert "a:4730 is lost (no route)" in caplog.messages[0]
        alive.hear()
        assert pauses(1)[0] <= 0.1
        assert len(caplog.messages) == 2


def test_an_end_without_an_error_is_the_job_servers(
    alive: Keepalive, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "geartrain.worker"):
        alive.lost(101.0, None)
    assert "it closed the connection" in caplog.text
