"""Results: what a worker says of the job it runs."""

from __future__ import annotations

import pytest

from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import request
from tests.support.dialogue import (
    H1,
    H2,
    Answer,
    DialoguePeer,
    World,
    error,
    job_assign,
    job_created,
    option_res,
    status_res,
    work_complete,
    work_data,
    work_exception,
    work_fail,
    work_status,
    work_warning,
)

NOT_ON_SERVER = error(b"JOB_NOT_FOUND", b"Job does not exist on server")
NOT_IN_RESULT = error(b"JOB_NOT_FOUND", b"Job given in work result not found")
NO_EXCEPTION = error(
    b"JOB_NOT_FOUND", b"An exception was received for a job that does not exist"
)


def test_all_a_worker_says_reaches_the_client_in_order(
    client: DialoguePeer, running: DialoguePeer
) -> None:
    running.work_data(H1, b"some\0data")
    running.work_warning(H1, b"beware")
    running.work_status(H1, b"1", b"2")
    running.work_data(H1, b"")
    running.work_complete(H1, b"\0done\0")
    assert client.received == [
        work_data(H1, b"some\0data"),
        work_warning(H1, b"beware"),
        work_status(H1, b"1", b"2"),
        work_data(H1, b""),
        work_complete(H1, b"\0done\0"),
    ]
    assert running.received == []


def test_all_clients_of_a_job_are_told(
    world: World, client: DialoguePeer, running: DialoguePeer
) -> None:
    other, background = world.client(), world.client()
    other.submit_job(b"f", b"u", b"w")
    background.submit_job_bg(b"f", b"u", b"w")
    running.work_data(H1, b"d")
    running.work_fail(H1)
    assert client.received == [work_data(H1, b"d"), work_fail(H1)]
    assert other.received == [job_created(H1), work_data(H1, b"d"), work_fail(H1)]
    assert background.received == [job_created(H1)]


@pytest.mark.parametrize(
    ("numerator", "denominator"),
    [(b"1", b"2"), (b"", b""), (b"-1", b"x"), (b"1.5", b"1" * 40)],
)
def test_progress_is_forwarded_as_it_came(
    client: DialoguePeer, running: DialoguePeer, numerator: bytes, denominator: bytes
) -> None:
    running.work_status(H1, numerator, denominator)
    assert client.received == [work_status(H1, numerator, denominator)]


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (request(PacketType.WORK_COMPLETE, H1), work_complete(H1, b"")),
        (request(PacketType.WORK_DATA, H1), work_data(H1, b"")),
        (request(PacketType.WORK_WARNING, H1), work_warning(H1, b"")),
        (request(PacketType.WORK_EXCEPTION, H1), work_exception(H1, b"")),
        (request(PacketType.WORK_STATUS, H1, b"5"), work_status(H1, b"5", b"")),
    ],
)
def test_perls_missing_nul_is_put_in_for_the_client(
    client: DialoguePeer, running: DialoguePeer, sent: bytes, answer: Answer
) -> None:
    """Perl's worker leaves it out before what is empty; clients insist on it."""
    client.option_req(b"exceptions")
    running.send(sent)
    assert client.received == [option_res(b"exceptions"), answer]
    assert running.received == []


def test_a_fail_may_end_in_nul(client: DialoguePeer, running: DialoguePeer) -> None:
    running.work_fail(H1 + b"\0")
    (answer,) = client.received
    assert answer.name == "work_fail"
    assert answer.arguments[0].rstrip(b"\0") == H1
    assert running.received == []


@pytest.mark.parametrize("end", ["work_complete", "work_fail", "work_exception"])
def test_the_end_is_the_end(
    client: DialoguePeer, running: DialoguePeer, admin: DialoguePeer, end: str
) -> None:
    arguments = [H1] if end == "work_fail" else [H1, b"r"]
    getattr(running, end)(*arguments)
    assert len(client.received) == 1
    running.work_complete(H1, b"again")
    running.work_data(H1, b"again")
    assert running.received == [NOT_IN_RESULT, NOT_ON_SERVER]
    assert client.received == []
    client.get_status(H1)
    assert client.received == [status_res(H1, b"0", b"0", b"0", b"0")]
    assert admin.text("show jobs") == b".\n"


def test_an_exception_is_a_fail_to_those_that_did_not_ask(
    world: World, client: DialoguePeer, running: DialoguePeer
) -> None:
    asking = world.client()
    asking.option_req(b"exceptions")
    asking.submit_job(b"f", b"u", b"w")
    running.work_exception(H1, b"it\0broke")
    assert client.received == [work_fail(H1)]
    assert asking.received[2:] == [work_exception(H1, b"it\0broke")]


def test_a_fail_after_an_exception_is_overlooked_once(
    client: DialoguePeer, running: DialoguePeer
) -> None:
    """Perl and Python workers send both; an ERROR would confuse their next grab."""
    running.work_exception(H1, b"broken")
    running.work_fail(H1)
    assert running.received == []
    running.work_fail(H1)
    assert running.received == [NOT_IN_RESULT]
    assert client.received == [work_fail(H1)]


def test_a_fail_of_another_job_after_an_exception_is_refused(
    world: World, running: DialoguePeer
) -> None:
    running.work_exception(H1, b"broken")
    running.work_fail(H2)
    stranger = world.worker("f")
    stranger.work_fail(H1)
    assert running.received == stranger.received == [NOT_IN_RESULT]


def test_a_large_exception_is_forwarded_whole(
    world: World, client: DialoguePeer, running: DialoguePeer
) -> None:
    client.option_req(b"exceptions")
    data = bytes(range(256)) * 2000
    running.send_in_pieces(request(PacketType.WORK_EXCEPTION, H1, data), 65_536)
    assert client.received == [option_res(b"exceptions"), work_exception(H1, data)]


def test_a_background_jobs_results_go_nowhere(
    client: DialoguePeer, worker: DialoguePeer
) -> None:
    client.submit_job_bg(b"f", b"", b"w")
    worker.grab_job()
    worker.work_data(H1, b"d")
    worker.send_in_pieces(request(PacketType.WORK_DATA, H1, b"d" * 100_000), 65_536)
    worker.work_status(H1, b"1", b"2")
    worker.work_complete(H1, b"r")
    assert worker.received == [job_assign(H1, b"f", b"w")]
    assert client.received == [job_created(H1)]


@pytest.mark.parametrize(
    ("name", "arguments", "refusal"),
    [
        ("work_data", [b"d"], NOT_ON_SERVER),
        ("work_warning", [b"d"], NOT_ON_SERVER),
        ("work_status", [b"1", b"2"], NOT_IN_RESULT),
        ("work_complete", [b"r"], NOT_IN_RESULT),
        ("work_fail", [], NOT_IN_RESULT),
        ("work_exception", [b"e"], NO_EXCEPTION),
    ],
)
@pytest.mark.parametrize("handle", [H1, b"H:test:99", b"", b"h" * 100])
def test_only_the_worker_that_runs_a_job_may_speak_of_it(
    world: World,
    client: DialoguePeer,
    running: DialoguePeer,
    name: str,
    arguments: list[bytes],
    refusal: Answer,
    handle: bytes,
) -> None:
    for stranger in (world.connect(), world.worker("f"), client):
        getattr(stranger, name)(handle, *arguments)
        assert stranger.received == [refusal]
    running.work_complete(H1, b"r")
    assert client.received == [work_complete(H1, b"r")]


def test_a_waiting_job_cannot_be_ended(
    client: DialoguePeer, worker: DialoguePeer
) -> None:
    client.submit_job_bg(b"f", b"", b"w")
    worker.work_complete(H1, b"r")
    worker.grab_job()
    assert worker.received == [NOT_IN_RESULT, job_assign(H1, b"f", b"w")]
