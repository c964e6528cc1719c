"""The engine as its driver sees it: bytes and time in, bytes and deadlines out."""

from __future__ import annotations

from typing import Any

import pytest

from geartrain.engine.dispatch.turns import PEER_SHARE
from geartrain.engine.engine import Engine
from geartrain.engine.inventory import Inventory
from geartrain.engine.model.options import EngineOptions
from geartrain.engine.model.peers import Peer
from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import request
from tests.support.dialogue import (
    H1,
    World,
    echo_res,
    job_assign,
    job_created,
    noop,
    work_complete,
)

ECHO = request(PacketType.ECHO_REQ, b"on")
STILL_THERE = echo_res(b"on")


def test_a_whole_conversation(world: World) -> None:
    client, worker = world.client(), world.sleeper("reverse")
    client.submit_job(b"reverse", b"unique", b"hello")
    worker.grab_job()
    worker.work_complete(H1, b"olleh")
    worker.pre_sleep()
    assert worker.received == [noop(), job_assign(H1, b"reverse", b"hello")]
    assert client.received == [job_created(H1), work_complete(H1, b"olleh")]


def test_nobody_connected_is_nothing_to_do(world: World) -> None:
    engine = world.engine
    assert engine.deadline() is None
    engine.tick(world.now)
    assert engine.take_unsent() == []
    assert engine.take_closing() == []
    assert engine.take_notices() == []


def test_what_is_unsent_is_taken_once() -> None:
    engine = Engine(EngineOptions())
    peer = engine.connect(5, b"127.0.0.1", True)
    engine.receive(peer, ECHO + ECHO, 1.0)
    answer = b"\0RES\0\0\0\x11\0\0\0\x02on"
    assert engine.take_unsent() == [(peer, [answer + answer])]
    assert engine.take_unsent() == []


# What a turn leaves a driver to do


def driven(**options: Any) -> tuple[Engine, Peer]:
    engine = Engine(EngineOptions(**options))
    return engine, engine.connect(3, b"127.0.0.1", True)


def has_news(engine: Engine, peer: Peer, data: bytes, tick_at: float = 50.0) -> bool:
    engine.receive(peer, data, 1.0)
    engine.turn(1.0, tick_at)
    return engine.has_news


def test_a_round_trip_is_no_news() -> None:
    engine, client = driven()
    worker = engine.connect(4, b"127.0.0.1", True)
    for peer, *packet in (
        (worker, PacketType.CAN_DO, b"f"),
        (worker, PacketType.PRE_SLEEP),
        (client, PacketType.SUBMIT_JOB, b"f", b"", b"w"),
        (worker, PacketType.GRAB_JOB),
        (worker, PacketType.WORK_COMPLETE, b"H:1:1", b"r"),
    ):
        assert not has_news(engine, peer, request(*packet), 0.0)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\0REX", id="a peer to close"),
        pytest.param(b"shutdown\n", id="a stop"),
        pytest.param(ECHO * PEER_SHARE, id="leftovers"),
    ],
)
def test_what_a_driver_has_to_do_is_news(data: bytes) -> None:
    engine, peer = driven()
    assert has_news(engine, peer, data)


def test_a_peer_that_can_be_read_from_again_is_news() -> None:
    engine, peer = driven()
    assert has_news(engine, peer, ECHO * (PEER_SHARE * 2 // 3))
    engine.turn(1.0, 50.0)
    assert engine.has_news
    assert engine.take_freed() == [peer]
    engine.turn(1.0, 50.0)
    assert not engine.has_news


def test_only_what_is_due_before_the_next_tick_is_news() -> None:
    delayed = request(PacketType.SUBMIT_JOB_EPOCH, b"f", b"", b"100", b"w")
    engine, peer = driven()
    assert not has_news(engine, peer, delayed)
    assert has_news(engine, peer, delayed, 150.0)


def test_a_batch_to_be_committed_is_news() -> None:
    engine, peer = driven()
    engine.resume(Inventory(0), 1.0, keeps_jobs=True, holds=True)
    engine.take_batch()
    engine.committed(1.0)
    assert not has_news(engine, peer, ECHO)
    assert has_news(engine, peer, request(PacketType.SUBMIT_JOB_BG, b"f", b"", b"w"))


def test_memory_that_is_short_is_news() -> None:
    engine, peer = driven()
    engine.memory.limit_to(1_000_000)
    assert not has_news(engine, peer, ECHO)
    engine.measured(900_000, 0)
    assert has_news(engine, peer, ECHO)
