"""What was submitted, and what a failed assertion says of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from geartrain.admin import Admin
from geartrain.protocol.constants import PacketType
from geartrain.testing import LocalServer
from tests.support.inline_jobs import background, delayed
from tests.support.wire import Wire


@pytest.fixture
def server() -> Iterator[LocalServer]:
    with LocalServer() as server:
        yield server


@pytest.fixture
def client(server: LocalServer) -> Iterator[Wire]:
    with Wire(server.connect(10)) as client:
        yield client


@pytest.fixture
def worker(server: LocalServer) -> Iterator[Wire]:
    with Wire(server.connect(10)) as worker:
        yield worker


def states(server: LocalServer, function: str | None = None) -> list[str]:
    return [each.state for each in server.submitted(function)]


def test_jobs_are_listed_in_their_order_or_by_function(
    server: LocalServer, client: Wire
) -> None:
    handles = [background(client, name) for name in (b"mail", b"resize", b"mail")]
    assert [each.handle for each in server.submitted()] == handles
    assert [each.handle for each in server.submitted("mail")] == handles[::2]
    assert server.submitted("other") == []


def test_a_job_is_followed_to_its_end(
    server: LocalServer, client: Wire, worker: Wire
) -> None:
    background(client, b"mail")
    assert states(server) == ["ready"]
    worker.register(b"mail")
    handle, _ = worker.grab()
    assert states(server) == ["running"]
    worker.send(PacketType.WORK_COMPLETE, handle, b"")
    server.wait_idle()
    assert states(server) == ["done"]


def test_a_foreground_job_that_fails_is_failed(
    server: LocalServer, client: Wire, worker: Wire
) -> None:
    client.submit(b"mail")
    worker.register(b"mail")
    handle, _ = worker.grab()
    worker.send(PacketType.WORK_FAIL, handle)
    client.expect(PacketType.WORK_FAIL)
    assert states(server) == ["failed"]


def test_a_background_job_that_fails_is_dead(
    server: LocalServer, client: Wire, worker: Wire
) -> None:
    background(client, b"mail")
    worker.register(b"mail")
    handle, _ = worker.grab()
    worker.send(PacketType.WORK_FAIL, handle)
    server.wait_idle()
    assert states(server) == ["dead"]


def test_a_cancelled_job_is_cancelled(server: LocalServer, client: Wire) -> None:
    handle = delayed(client, b"mail", 60)
    assert states(server) == ["scheduled"]
    with Admin(server) as admin:
        admin.cancel(handle)
    assert states(server) == ["cancelled"]


def test_coalesced_jobs_are_each_listed_with_one_handle(
    server: LocalServer, client: Wire
) -> None:
    first = background(client, b"mail", b"a", b"order-17")
    second = background(client, b"mail", b"b", b"order-17")
    assert first == second
    assert [each.workload for each in server.submitted()] == [b"a", b"b"]


def test_a_refused_job_is_not_listed(server: LocalServer, client: Wire) -> None:
    assert client.command(b"maxqueue mail 1") == b"OK\r\n"
    with Wire(server.connect(10)) as other:
        background(other, b"mail", b"1")
        other.send(PacketType.SUBMIT_JOB_BG, b"mail", b"", b"2")
        other.expect(PacketType.ERROR, 2)
    assert [each.workload for each in server.submitted()] == [b"1"]


def test_what_is_forgotten_is_not_listed_again(
    server: LocalServer, client: Wire
) -> None:
    background(client, b"mail", b"1")
    server.forget_submitted()
    background(client, b"mail", b"2")
    assert [each.workload for each in server.submitted()] == [b"2"]


def test_an_assertion_returns_what_it_found(server: LocalServer, client: Wire) -> None:
    background(client, b"mail", b'{"to": "a"}', b"order-17")
    background(client, b"mail", b'{"to": "b"}')
    (record,) = server.assert_submitted(
        "mail",
        workload={"to": "a"},
        unique="order-17",
        priority="normal",
        background=True,
        count=1,
    )
    assert record.workload == b'{"to": "a"}'
    assert len(server.assert_submitted("mail")) == 2
    assert server.assert_submitted("resize", count=0) == []


def test_a_failed_assertion_lists_what_was_submitted_instead(
    server: LocalServer, client: Wire
) -> None:
    background(client, b"mail", b"hello")
    with pytest.raises(AssertionError) as caught:
        server.assert_submitted("mail", workload=b"bye", priority="high")
    assert str(caught.value) == (
        "0 jobs mail workload=b'bye' priority='high' were submitted instead of some;"
        " submitted were:\n  mail b'hello' background (ready)"
    )


@pytest.mark.parametrize("wrong", [{"count": 2}, {"count": 0}, {"unique": "x"}])
def test_an_assertion_that_is_not_so_fails(
    server: LocalServer, client: Wire, wrong: dict[str, int]
) -> None:
    background(client, b"mail", b"hello", b"order-17")
    with pytest.raises(AssertionError, match="instead of"):
        server.assert_submitted("mail", **wrong)  # type: ignore[arg-type]


def test_a_failed_assertion_says_that_nothing_was_submitted(
    server: LocalServer,
) -> None:
    with pytest.raises(AssertionError, match="submitted were:\n  nothing"):
        server.assert_submitted("mail")
