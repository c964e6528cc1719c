"""What an operator reads in the log."""

from __future__ import annotations

from geartrain.engine.model.notices import Notice
from tests.support.dialogue import H1, World


def test_a_notice_keeps_what_it_is_given() -> None:
    notice = Notice("info", "action", "text")
    assert (notice.level, notice.action, notice.text) == ("info", "action", "text")


def test_there_is_none_for_jobs_that_go_their_way(world: World) -> None:
    client, worker = world.client(), world.worker("f")
    client.submit_job(b"f", b"", b"w")
    worker.grab_job()
    worker.work_complete(H1, b"r")
    worker.leave()
    client.leave()
    assert world.notices() == []


def test_a_peer_that_is_expelled_is_named(world: World) -> None:
    peer = world.connect(b"192.0.2.7")
    peer.send(b"\0BAD")
    (notice,) = world.notices()
    assert (notice.level, notice.action) == ("info", "peer_expelled")
    assert notice.text == (
        "closing 192.0.2.7 (10): INVALID_MAGIC: "
        "A packet begins with \\0REQ, a command with a letter"
    )


def test_a_web_page_is_named(world: World) -> None:
    peer = world.connect(b"192.0.2.7")
    peer.send(b"POST /\x1b[2J" + b"a" * 3000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    (notice,) = world.notices()
    assert (notice.level, notice.action) == ("warning", "peer_expelled")
    assert notice.text == (
        "closing 192.0.2.7 (10): UNKNOWN_PROTOCOL: it speaks HTTP: "
        "'POST /\\x1b[2J" + "a" * 70 + "'"
    )


def test_notices_are_taken_once(world: World) -> None:
    world.connect().send(b"\0BAD")
    assert len(world.notices()) == 1
    assert world.notices() == []
