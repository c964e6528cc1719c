"""What happens is followed by HTTP."""

from __future__ import annotations

import json
import signal
from contextlib import closing
from typing import Any

import pytest

from geartrain.http.api import events
from tests.support.http_client import HttpServer, running_http
from tests.support.jobs_in_states import submit
from tests.support.waiting import wait_until

COVERS = ("http/api/events",)


class Follower:
    """A client of a stream of events, over HTTP/1.0: nothing is between them."""

    def __init__(self, server: HttpServer, query: str = "", *headers: str) -> None:
        self.socket = server.connect()
        lines = [f"GET /v1/events{query} HTTP/1.0", "Host: localhost", *headers, "", ""]
        self.socket.sendall("\r\n".join(lines).encode())
        self._rest = ""
        self.head = self._block()
        assert self._block() == ": follow"

    def close(self) -> None:
        """Leave."""
        self.socket.close()

    def _block(self) -> str:
        """Return what comes up to the next blank line."""
        while "\n\n" not in self._rest.replace("\r\n", "\n"):
            piece = self.socket.recv(65536)
            if not piece:
                raise EOFError
            self._rest += piece.decode()
        block, _, self._rest = self._rest.replace("\r\n", "\n").partition("\n\n")
        return block

    def next(self) -> tuple[str, dict[str, Any]]:
        """Return the next event's id and data."""
        block = ": comment"
        while block.startswith(":"):
            block = self._block()
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        data: dict[str, Any] = json.loads(fields["data"])
        assert fields["event"] == data["event"]
        return fields.get("id", ""), data


def test_jobs_are_followed(server: HttpServer) -> None:
    with closing(Follower(server, "?function=watched")) as follower:
        assert "text/event-stream" in follower.head
        handle = submit(server.jobs, b"watched", unique=b"caf\xe9\r\n\n")
        assert follower.next()[1]["change"] == "created"
        number, told = follower.next()
    assert (told["handle"], told["state"]) == (handle, "ready")
    assert (told["unique"], told["unique_encoded"]) == ("caf�\r\n\n", "caf%E9%0D%0A%0A")
    assert told["id"] == number


def test_who_comes_back_goes_on_where_it_was(server: HttpServer) -> None:
    with closing(Follower(server, "?function=again")) as follower:
        submit(server.jobs, b"again")
        follower.next()
        number, _ = follower.next()
    handle = submit(server.jobs, b"again")
    header = f"Last-Event-ID: {number}"
    with closing(Follower(server, "?function=again", header)) as follower:
        assert follower.next()[1]["handle"] == handle


def test_a_last_event_that_is_none_is_a_problem(server: HttpServer) -> None:
    reply = server.get("/v1/events", **{"Last-Event-ID": "tomorrow\xff"})
    assert (reply.status, reply.kind) == (422, "invalid")


def test_followers_that_leave_are_noticed(server: HttpServer) -> None:
    def connections() -> int:
        return len(server.get("/v1/connections").json["items"])

    before = connections()
    followers = [Follower(server) for _ in range(5)]
    assert connections() == before + 5
    for follower in followers:
        follower.close()
    wait_until(lambda: connections() == before)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGUSR1])
def test_a_stop_ends_the_stream(how: signal.Signals) -> None:
    with running_http() as server, closing(Follower(server)) as follower:
        server.jobs.process.send_signal(how)
        with pytest.raises(EOFError):
            follower.next()
        assert server.jobs.process.wait(10) == 0


def test_silence_is_broken_before_proxies_give_up() -> None:
    # Many end a connection that is silent for half a minute.
    assert events._SILENCE < 30
