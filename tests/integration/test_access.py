"""Who may do what, on a real server: each principal, each action, by each way in."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from geartrain.admin import Admin
from geartrain.client import AsyncClient, Client
from geartrain.errors import AdminError, ConnectError, RefusedError, ServerError
from geartrain.http.api import ENDPOINTS
from geartrain.protocol.constants import PacketType
from geartrain.server.access import token_line
from tests.support.access import INCLUDED, SHOP, TOKENS, is_allowed
from tests.support.certificates import Authority
from tests.support.guarded import (
    FUNCTIONS,
    ask,
    filled,
    submitted,
    wire_of,
)
from tests.support.http_client import HttpServer, running_http
from tests.support.servers import running_geartrain
from tests.support.supervised import running_workers
from tests.support.tls import tls_server
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow

ANY = {"submit", "work", "see", "operate", "administer"}

# Each endpoint: its method and path with F for a function and H, R and D for a job that
# waits, runs, or is dead, and S for one that recurs; and the rights of which one is
# needed.
ENDPOINTS_TRIED = {
    "submitJob": ("POST", "/v1/functions/F/jobs", {"submit"}),
    "getJob": ("GET", "/v1/jobs/H", {"see"}),
    "getWorkload": ("GET", "/v1/jobs/H/workload", {"see"}),
    "getReason": ("GET", "/v1/jobs/H/why", {"see"}),
    "getResult": ("GET", "/v1/jobs/H/result", {"see", "submit"}),
    "cancelJob": ("DELETE", "/v1/jobs/H", {"operate"}),
    "releaseJob": ("POST", "/v1/jobs/R/release", {"work", "operate"}),
    "retryJob": ("POST", "/v1/jobs/R/retry", {"work", "operate"}),
    "runJob": ("POST", "/v1/jobs/H/run", {"operate"}),
    "moveJob": ("POST", "/v1/jobs/H/move?to=F", {"operate"}),
    "prioritiseJob": ("POST", "/v1/jobs/H/priority?priority=high", {"operate"}),
    "cancelJobs": ("DELETE", "/v1/jobs?function=F&count=true", {"operate"}),
    "runJobs": ("POST", "/v1/jobs/run?function=F&count=true", {"operate"}),
    "moveJobs": ("POST", "/v1/jobs/move?to=F&function=F&count=true", {"operate"}),
    "prioritiseJobs": (
        "POST",
        "/v1/jobs/priority?priority=low&function=F&count=true",
        {"operate"},
    ),
    "getFunction": ("GET", "/v1/functions/F", {"see"}),
    "listKeys": ("GET", "/v1/functions/F/keys", {"see"}),
    "getPolicy": ("GET", "/v1/functions/F/policy", {"see"}),
    "changePolicy": ("PATCH", "/v1/policies/F", {"administer"}),
    "getStatistics": ("GET", "/v1/functions/F/statistics", {"see"}),
    "pauseFunction": ("POST", "/v1/functions/F/pause", {"operate"}),
    "drainFunction": ("POST", "/v1/functions/F/drain", {"operate"}),
    "resumeFunction": ("POST", "/v1/functions/F/resume", {"operate"}),
    "getSchedule": ("GET", "/v1/schedules/S", {"see"}),
    "nextTimes": ("GET", "/v1/schedules/S/next", {"see"}),
    "runSchedule": ("POST", "/v1/schedules/S/run", {"operate"}),
    "skipSchedule": ("POST", "/v1/schedules/S/skip", {"operate"}),
    "pauseSchedule": ("POST", "/v1/schedules/S/pause", {"operate"}),
    "resumeSchedule": ("POST", "/v1/schedules/S/resume", {"operate"}),
    "addSchedule": ("POST", "/v1/schedules/new-F", {"administer"}),
    "changeSchedule": ("PATCH", "/v1/schedules/S", {"administer"}),
    "removeSchedule": ("DELETE", "/v1/schedules/S", {"administer"}),
    "getDeadLetter": ("GET", "/v1/dead/D", {"see"}),
    "retryDeadLetter": ("POST", "/v1/dead/D/retry", {"operate"}),
    "dropDeadLetter": ("DELETE", "/v1/dead/D", {"operate"}),
    "retryDeadLetters": ("POST", "/v1/dead/retry?function=F", {"operate"}),
    "moveDeadLetters": ("POST", "/v1/dead/move?to=F&function=F", {"operate"}),
    "dropDeadLetters": ("DELETE", "/v1/dead?function=F", {"operate"}),
}
# What those have as their body that need one.
BODIES = {
    "changePolicy": '{"ttl": 0}',
    "addSchedule": '{"function": "F", "every": 60}',
    "changeSchedule": '{"missed": "skip"}',
}
# Lists and what tells of the server: for who sees anything.
BATCHES_TRIED = {
    "getBatch": ("GET", "/v1/batches/none"),
    "cancelBatch": ("POST", "/v1/batches/none/cancel"),
    "retryBatch": ("POST", "/v1/batches/none/retry"),
}
PLACES_TO_SEE = [
    "/v1/batches",
    "/v1/functions",
    "/v1/workers",
    "/v1/connections",
    "/v1/policies",
    "/v1/statistics",
    "/v1/statistics/minutes",
    "/v1/statistics/hours",
    "/v1/counters",
    "/v1/history",
    "/v1/dead",
    "/v1/actions",
    "/v1/jobs",
    "/v1/schedules",
    "/v1/schedule-times?cron=@daily",
    "/v1/upcoming",
    "/v1/problems",
    "/v1/processes",
    "/v1/owners",
    "/v1/dead/groups",
    "/v1/failures",
    "/v1/server/options",
    "/v1/hooks",
    "/v1/marks",
    "/v1/server",
    "/v1/servers",
    "/v1/store",
    "/v1/cluster",
    "/metrics",
]
# Those without end: that they are refused is tried.
ENDLESS = {"followJob": "/v1/jobs/H/events", "followEvents": "/v1/events"}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpServer]:
    file = tmp_path_factory.mktemp("access") / "geartrain.toml"
    file.write_text(SHOP)
    with running_http("--config", str(file)) as server:
        yield server


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("principal", INCLUDED)
def test_packets(principal: str, function: str, shop: HttpServer) -> None:
    name = function.encode()
    waiting = submitted(shop, function).encode()
    with wire_of(shop, principal) as wire:
        for packet, arguments, rights in (
            (PacketType.SUBMIT_JOB, (name, b"", b"w"), {"submit"}),
            (PacketType.SUBMIT_JOB_BG, (name, b"", b"w"), {"submit"}),
            (PacketType.CAN_DO, (name,), {"work"}),
        ):
            wire.send(packet, *arguments)
            if not is_allowed(principal, rights, function):
                assert b"may not" in wire.expect_error(b"NOT_ALLOWED")
            elif packet is not PacketType.CAN_DO:
                wire.expect(PacketType.JOB_CREATED)
        wire.send(PacketType.GET_STATUS, waiting)
        known = wire.expect(PacketType.STATUS_RES, 5)[1] == b"1"
        assert known is is_allowed(principal, ANY, function)
        assert wire.echoes()


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("principal", INCLUDED)
def test_text_commands(principal: str, function: str, shop: HttpServer) -> None:
    handle = submitted(shop, function)
    with wire_of(shop, principal) as wire:
        for command, rights in (
            ("version", set[str]()),
            (f"policy {function}", {"see"}),
            (f"priority {handle} high", {"operate"}),
            (f"pause {function}", {"operate"}),
            (f"resume {function}", {"operate"}),
            (f"cancel job {handle}", {"operate"}),
            (f"maxqueue {function} 0", {"administer"}),
            (f"policy {function} ttl=0", {"administer"}),
        ):
            said = wire.command(command.encode())
            is_done = not said.startswith(b"ERR ")
            assert is_done is is_allowed(principal, rights, function), (command, said)


@pytest.mark.parametrize("principal", INCLUDED)
def test_http(principal: str, shop: HttpServer) -> None:
    for function in FUNCTIONS:
        for name, (method, path, rights) in ENDPOINTS_TRIED.items():
            body = BODIES.get(name, "").replace("F", function)
            reply = ask(shop, principal, method, filled(shop, path, function), body)
            case = (name, function, reply.status, reply.body)
            if is_allowed(principal, rights, function):
                assert reply.status < 300, case
                if name == "addSchedule":
                    # Others are to add it, too.
                    ask(shop, principal, "DELETE", filled(shop, path, function))
            elif principal == "nobody":
                assert reply.status == 401, case
            else:
                assert reply.status in (403, 404), case


@pytest.mark.parametrize("path", ENDLESS.values())
@pytest.mark.parametrize("principal", ["nobody", "worker"])
def test_http_lets_nobody_follow_what_is_not_to_be_seen(
    path: str, principal: str, shop: HttpServer
) -> None:
    reply = ask(shop, principal, "GET", filled(shop, path, "mail.send"))
    assert reply.status == (401 if principal == "nobody" else 403)


@pytest.mark.parametrize("principal", INCLUDED)
def test_http_tells_of_the_server_whoever_sees_anything(
    principal: str, shop: HttpServer
) -> None:
    for function in FUNCTIONS:
        submitted(shop, function)
    for path in PLACES_TO_SEE:
        reply = ask(shop, principal, "GET", path)
        sees = "see" in INCLUDED[principal]
        assert (reply.status == 200) is sees, (path, reply.body)
        if principal != "all":
            assert b"pay.card" not in reply.body, path


def test_each_endpoint_is_tried() -> None:
    seen = {path.partition("?")[0] for path in PLACES_TO_SEE}
    left = {each.name for each in ENDPOINTS if each.path not in seen}
    open_to_all = {"getLiveness", "getReadiness", "getSession", "logIn", "logOut"}
    tried = {*open_to_all, *ENDPOINTS_TRIED, *ENDLESS, *BATCHES_TRIED}
    assert left - tried == set()


@pytest.mark.parametrize("principal", INCLUDED)
def test_batches_are_for_who_sees_anything_and_operates_all(
    principal: str, shop: HttpServer
) -> None:
    statuses = {
        name: ask(shop, principal, method, path).status
        for name, (method, path) in BATCHES_TRIED.items()
    }
    refused = 401 if principal == "nobody" else 403
    sees = "see" in INCLUDED[principal]
    done = 200 if principal == "all" else refused
    assert statuses == {
        "getBatch": 404 if sees else refused,
        "cancelBatch": done,
        "retryBatch": done,
    }


@pytest.mark.parametrize("principal", INCLUDED)
def test_a_bulk_over_all_functions_is_for_who_may_operate_all(
    principal: str, shop: HttpServer
) -> None:
    reply = ask(shop, principal, "DELETE", "/v1/jobs?state=scheduled&count=true")
    expected = {"all": 200, "nobody": 401}.get(principal, 403)
    assert reply.status == expected, reply.body


def test_our_clients_show_tokens(shop: HttpServer, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_bytes(TOKENS["submitter"] + b"\n")
    for token in (TOKENS["submitter"].decode(), file):
        with Client(shop.jobs.address, token=token) as client:
            client.submit("mail.send", b"w")
            with pytest.raises(ServerError, match="submitter may not submit"):
                client.submit("pay.card", b"w")
    with (
        Client(shop.jobs.address, token="wrong" * 5, connect_timeout=0.2) as client,
        pytest.raises(ConnectError, match="does not know this token"),
    ):
        client.submit("mail.send", b"w")
    with Admin(shop.jobs.address, token=TOKENS["viewer"].decode()) as admin:
        assert {row.function for row in admin.functions()} == {"mail.send"}
        with pytest.raises(RefusedError, match=r"viewer may not operate 'mail\.send'"):
            admin.pause("mail.send")
    with pytest.raises(
        AdminError, match=r"refuses this connection .* this token"
    ) as it:
        Admin(shop.jobs.address, token="wrong" * 5)
    assert "start it" not in str(it.value)


def test_asyncio_clients_show_tokens(shop: HttpServer) -> None:
    async def run() -> None:
        token = TOKENS["submitter"].decode()
        async with AsyncClient(shop.jobs.address, token=token) as client:
            await client.submit("mail.send", b"w")
            with pytest.raises(ServerError, match="submitter may not submit"):
                await client.submit("pay.card", b"w")

    asyncio.run(run())


def test_local_users_are_known_on_unix_sockets(tmp_path: Path) -> None:
    (tmp_path / "geartrain.toml").write_text(
        f'[access.me]\nuser = "{os.getuid()}"\nsubmit = "mail.*"\n'
        f'[access.us]\ngroup = "{os.getgid()}"\nsee = "*"\n'
    )
    path = tmp_path / "socket"
    flags = ["--config", str(tmp_path / "geartrain.toml"), "--listen", f"unix:{path}"]
    with running_geartrain(*flags, "--listen", "127.0.0.1") as server:
        with Client(f"unix:{path}") as client:
            client.submit("mail.send", b"w")
        with Admin(f"unix:{path}") as admin:
            assert [row.function for row in admin.functions()] == ["mail.send"]
        with (
            Client(server.address) as client,
            pytest.raises(ServerError, match=r"127\.0\.0\.1, no principal, may not"),
        ):
            client.submit("mail.send", b"w")


def test_certificates_are_known_over_tls(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    shown, web = authority.issue("server"), authority.issue("web")
    file = tmp_path / "geartrain.toml"
    file.write_text('[access.web]\ncertificate = "w?b"\nsubmit = "mail.*"\n')
    flags = ["--config", str(file), "--tls-ca", str(authority.ca)]
    with tls_server(shown, web.tls(authority.ca), *flags) as server:
        with Client(server.address, tls=web.tls(authority.ca)) as client:
            client.submit("mail.send", b"w")
        with (
            Client(server.address, tls=shown.tls(authority.ca)) as client,
            pytest.raises(ServerError, match="no principal"),
        ):
            client.submit("mail.send", b"w")


def test_rules_are_read_again_at_sighup(tmp_path: Path) -> None:
    file = tmp_path / "geartrain.toml"
    file.write_text('[access.here]\naddress = "loopback"\nsubmit = "mail.*"\n')
    with running_geartrain("--config", str(file)) as server:
        log = server.log
        with Client(server.address) as client:
            client.submit("mail.send", b"w")
            file.write_text("[access.here]\nsee = 1\n")
            server.process.send_signal(signal.SIGHUP)
            wait_until(lambda: "who may do what is as it was" in log.read_text())
            client.submit("mail.send", b"w")
            file.write_text('[access.here]\naddress = "loopback"\nsubmit = "pay.*"\n')
            server.process.send_signal(signal.SIGHUP)
            wait_until(lambda: "who may do what was read again" in log.read_text())
            # It is the same connection.
            with pytest.raises(ServerError, match="here may not submit"):
                client.submit("mail.send", b"w")
            client.submit("pay.card", b"w")


def test_a_worker_whose_token_was_renewed_shows_the_new_one(tmp_path: Path) -> None:
    file, token = tmp_path / "geartrain.toml", tmp_path / "token"
    old, new = b"old-token-0123456789abcdef", b"new-token-0123456789abcdef"

    def allow(known: bytes) -> None:
        file.write_text(
            f'[access.shop]\ntoken = "{token_line(known)}"\nsubmit = "*"\nwork = "*"\n'
        )

    allow(old)
    token.write_bytes(old)
    with running_geartrain("--config", str(file)) as server:
        flags = ["--exec", "rev=rev", "--token-file", str(token)]
        with running_workers(tmp_path, server, *flags):
            with Client(server.address, token=token) as client:
                assert client.do("rev", b"abc") == b"cba"
            allow(new)
            token.write_bytes(new)
            server.process.send_signal(signal.SIGHUP)
            wait_until(lambda: "its token is no longer known" in server.log.read_text())
            with Client(server.address, token=token) as client:
                assert client.do("rev", b"abd") == b"dba"


def test_who_asks_is_told_who_it_is(shop: HttpServer) -> None:
    reply = ask(shop, "viewer", "GET", "/v1/session")
    assert reply.json["principals"] == ["viewer"]
    assert reply.json["rights"]["see"] == ["mail.*"]
    assert json.loads(ask(shop, "nobody", "GET", "/v1/session").body)["name"] is None
