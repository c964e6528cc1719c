"""What waits for a batch is answered by how its commit ends."""

from __future__ import annotations

import pytest

from geartrain.engine.durable.gathering import Gathering
from geartrain.engine.model.functions import Function
from geartrain.engine.model.jobs import Job
from geartrain.engine.model.peers import Peer
from geartrain.engine.model.policies import Policy
from geartrain.protocol.parser import Parser
from geartrain.protocol.room import Room
from tests.support.dialogue import Answer, error, job_created, read_answers, text

CREATED = b"\0RES\0\0\0\x08\0\0\0\x01H"
TEXT = b"OK\r\n"


@pytest.fixture
def peer() -> Peer:
    return Peer(0, b"", True, Parser(1000, Room()), [])


@pytest.fixture
def gathering() -> Gathering:
    return Gathering(7)


def new_job() -> Job:
    return Job(Function(b"f", Policy()), b"", b"", [], 1)


def received(peer: Peer) -> list[Answer]:
    peer.release()
    return read_answers(b"".join(peer.take_outbox()))


def test_an_answer_that_is_held_leaves_as_it_was(
    gathering: Gathering, peer: Peer
) -> None:
    gathering.hold(peer, new_job(), False)
    peer.send(CREATED)
    assert peer.take_outbox() == []
    assert received(peer) == [job_created(b"H")]


def test_each_peer_is_named_once(gathering: Gathering, peer: Peer) -> None:
    for _ in range(2):
        gathering.hold(peer, new_job(), False)
        peer.send(CREATED)
    assert gathering.peers == [peer]


def test_the_answers_about_refused_jobs_are_errors(
    gathering: Gathering, peer: Peer
) -> None:
    kept, refused = new_job(), new_job()
    gathering.jobs = [refused, kept]
    for job in (kept, refused, None):
        gathering.hold(peer, job, False)
        peer.send(CREATED)
    gathering.refuse({refused: "full"}, "", "")
    assert (gathering.jobs, gathering.refused) == ([kept], [refused])
    full = error(b"QUEUE_ERROR", b"full")
    assert received(peer) == [job_created(b"H"), full, job_created(b"H")]


@pytest.mark.parametrize(("packets", "texts"), [("full", ""), ("", "full")])
def test_packets_and_text_commands_are_refused_apart(
    gathering: Gathering, peer: Peer, packets: str, texts: str
) -> None:
    gathering.hold(peer, None, False)
    peer.send(CREATED)
    gathering.hold(peer, None, True)
    peer.send(TEXT)
    gathering.refuse({}, packets, texts)
    first = error(b"QUEUE_ERROR", b"full") if packets else job_created(b"H")
    last = text(b"ERR QUEUE_ERROR full\r\n" if texts else TEXT)
    assert received(peer) == [first, last]


def test_a_twin_is_answered_with_the_handle_of_the_other(
    gathering: Gathering, peer: Peer
) -> None:
    twin, other = new_job(), new_job()
    for job in (twin, other):
        gathering.hold(peer, job, False)
        peer.send(CREATED)
    gathering.answer({twin: CREATED[:-1] + b"I"})
    assert received(peer) == [job_created(b"I"), job_created(b"H")]
