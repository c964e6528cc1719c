"""Messages reach commands and web addresses, are signed, and are tried again."""

from __future__ import annotations

import hashlib
import hmac
import logging
import time
import tracemalloc
from pathlib import Path

import pytest

from geartrain.server import deliveries as deliveries_module
from geartrain.server.deliveries import Deliveries, signature
from geartrain.server.hooks import Hook
from tests.support.hook_receivers import answering, dripping, receiver
from tests.support.waiting import slowness, wait_until

SHORT = (0.01, 0.01)


def test_a_command_reads_the_message(tmp_path: Path) -> None:
    file = tmp_path / "said"
    deliveries = Deliveries(Hook(command=("sh", "-c", f"cat > {file}")))
    deliveries.send(b'{"a": 1}')
    wait_until(lambda: file.exists() and file.read_bytes() == b'{"a": 1}\n')
    deliveries.stop()


def test_a_message_is_posted_and_signed() -> None:
    with receiver() as received:
        deliveries = Deliveries(Hook(url=received.url, secret="between us"))
        deliveries.send(b"{}")
        wait_until(lambda: received.posts, "it is posted")
        deliveries.stop()
        ((headers, body),) = received.posts
    assert body == b"{}"
    assert headers["Content-Type"] == "application/json"
    timestamp = headers["Geartrain-Timestamp"]
    assert abs(int(timestamp) - time.time()) < 20
    # As a receiver would do it.
    mac = hmac.new(b"between us", f"{timestamp}.".encode() + body, hashlib.sha256)
    assert headers["Geartrain-Signature"] == f"sha256={mac.hexdigest()}"


def test_another_secret_time_or_body_is_another_signature() -> None:
    ours = signature("a", "1", b"b")
    others = {
        signature("b", "1", b"b"),
        signature("a", "2", b"b"),
        signature("a", "1", b"c"),
    }
    assert ours not in others


def test_without_a_secret_nothing_is_signed() -> None:
    with receiver() as received:
        deliveries = Deliveries(Hook(url=received.url))
        deliveries.send(b"{}")
        wait_until(lambda: received.posts, "it is posted")
        deliveries.stop()
        assert "Geartrain-Signature" not in received.posts[0][0]


@pytest.mark.parametrize("status", [500, 404, 302])
def test_what_is_refused_is_sent_again(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    with receiver() as received:
        received.statuses = [status]
        deliveries = Deliveries(Hook(url=received.url), SHORT)
        deliveries.send(b"1")
        deliveries.send(b"2")
        wait_until(lambda: len(received.posts) == 3, "all are posted")
        deliveries.stop()
        assert [body for _, body in received.posts] == [b"1", b"1", b"2"]
    assert f"failed, again in 0.01 s: HTTP Error {status}" in caplog.text


def test_it_is_given_up_in_the_end(caplog: pytest.LogCaptureFixture) -> None:
    deliveries = Deliveries(Hook(command=("sh", "-c", "echo no >&2; exit 3")), SHORT)
    with caplog.at_level(logging.WARNING):
        deliveries.send(b"1")
        wait_until(lambda: "given up: exit status 3: no" in caplog.text, "it gives up")
    deliveries.stop()
    assert caplog.text.count("again in") == len(SHORT)


def test_a_program_that_is_not_there(caplog: pytest.LogCaptureFixture) -> None:
    deliveries = Deliveries(Hook(command=("/nowhere/program",)), ())
    deliveries.send(b"1")
    wait_until(lambda: "given up" in caplog.text, "it gives up")
    deliveries.stop()


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://[\r\n\r\n",
        b"",
    ],
    ids=["no HTTP", "too many headers", "redirect to no address", "nothing"],
)
def test_what_is_answered_badly_is_sent_again(
    answer: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with answering(answer) as url:
        deliveries = Deliveries(Hook(url=url), SHORT)
        deliveries.send(b"1")
        wait_until(lambda: caplog.text.count("given up") == 1, "the first is given up")
        deliveries.send(b"2")
        wait_until(lambda: caplog.text.count("given up") == 2, "the next is tried, too")
        deliveries.stop()


def test_an_answer_that_comes_byte_by_byte_is_given_up(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(deliveries_module, "_PATIENCE", 1.0)
    with dripping(b"HTTP/1.1 200 OK\r\n" + b"X-Slow: yes\r\n" * 90) as url:
        deliveries = Deliveries(Hook(url=url), ())
        begun = time.monotonic()
        deliveries.send(b"1")
        wait_until(lambda: "given up: it took more than 1 seconds" in caplog.text)
        assert time.monotonic() - begun < 10
        deliveries.stop()


def test_a_program_that_complains_without_end_takes_no_memory(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(deliveries_module, "_PATIENCE", 1.0)
    tracemalloc.start()
    deliveries = Deliveries(Hook(command=("sh", "-c", "yes >&2")), ())
    deliveries.send(b"1")
    wait_until(lambda: "given up: it took more than 1 seconds" in caplog.text)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    deliveries.stop()
    assert most < 2_000_000


def test_a_program_that_is_too_slow_is_killed_with_its_children(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(deliveries_module, "_PATIENCE", 0.5)
    file = tmp_path / "late"
    script = f"(sleep 2; touch {file}) & wait"
    deliveries = Deliveries(Hook(command=("sh", "-c", script)), ())
    deliveries.send(b"1")
    wait_until(lambda: "given up: it took more" in caplog.text, "it is given up")
    deliveries.stop()
    time.sleep(2)
    assert not file.exists()


def test_a_program_may_leave_something_running(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    file = tmp_path / "late"
    script = f"(sleep 1; touch {file}) & echo no >&2; exit 3"
    deliveries = Deliveries(Hook(command=("sh", "-c", script)), ())
    deliveries.send(b"1")
    wait_until(lambda: "given up: exit status 3: no" in caplog.text, "it is over")
    assert not file.exists()
    wait_until(file.exists, "what it left goes on")
    deliveries.stop()


def test_a_program_need_not_read(tmp_path: Path) -> None:
    file = tmp_path / "said"
    deliveries = Deliveries(Hook(command=("touch", str(file))), ())
    deliveries.send(b"x" * 1_000_000)
    wait_until(file.exists, "it has run")
    deliveries.stop()


def test_a_hook_that_hangs_delays_nobody(caplog: pytest.LogCaptureFixture) -> None:
    deliveries = Deliveries(Hook(command=("sleep", "3")))
    began = time.monotonic()
    for _ in range(200):
        deliveries.send(b"1")
    assert time.monotonic() - began < slowness()
    assert "is behind: a message is dropped" in caplog.text
    deliveries.stop()
