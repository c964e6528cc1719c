"""PHP's GearmanWorker: order, time limits, deaths, names, several servers."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.support.peers import Peers, function_status, text_command
from tests.support.php_scripts import PHP, lines, php, php_worker
from tests.support.servers import RunningServer, free_port
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.interop, pytest.mark.usefixtures("php_is_here")]


def test_an_uncaught_exception_ends_job_and_worker(peers: Peers) -> None:
    worker = php_worker(peers, "throw")
    told = lines(php(peers, "outcome_client.php", "throw", "memory"))
    assert told == ["exception Unable to add worker function", "code 0"]
    worker.finish(255)


def test_a_job_beyond_its_workers_timeout_goes_to_another(
    peers: Peers, tmp_path: Path
) -> None:
    script, address = PHP / "deadline_worker.php", peers.server.address
    marker = tmp_path / "first worker"
    started = time.monotonic()
    peers.worker("php", script, address, function="hang_once")
    arguments = (script.with_name("do_client.php"), address, "doNormal", "hang_once")
    client = peers.start("php", *arguments, stdin=os.fsencode(marker))
    wait_until(marker.exists, "the first worker has the job")
    peers.worker("php", script, address, function="hang_once")
    assert client.finish() == b"done by the second worker"
    assert time.monotonic() - started >= 1
    # The first worker's result comes too late, harms nobody, and it works on.
    (marker / "finished").touch()
    for _ in range(4):
        assert php(peers, "reverse_client.php", "ab") == b"Success: ba\n"


def test_high_before_normal_before_low(peers: Peers, tmp_path: Path) -> None:
    order = tmp_path / "order"
    for priority in ("Low", "", "High"):
        name = priority or "Normal"
        jobs = [f"{order} {name} {number}" for number in (1, 2)]
        do = f"do{priority}Background"
        handles = lines(php(peers, "background_client.php", do, "record", *jobs))
        assert len(set(handles)) == 2
    php_worker(peers, "record")
    wait_until(lambda: order.exists() and len(lines(order.read_bytes())) == 6, "6 jobs")
    assert lines(order.read_bytes()) == [
        f"{priority} {number}"
        for priority in ("High", "Normal", "Low")
        for number in (1, 2)
    ]


def test_two_servers_one_stopped(peers: Peers) -> None:
    servers = f"127.0.0.1:{free_port()},{peers.server.address}"
    worker = ("php", PHP / "two_servers_worker.php", servers)
    peers.worker(*worker, function="reverse")
    client = PHP / "two_servers_client.php"
    assert peers.run("php", client, servers, "abc") == b"cba"


def test_the_second_server_takes_over(
    peers: Peers, start_server: Callable[..., AbstractContextManager[RunningServer]]
) -> None:
    # A client with open connections to two servers may miss an answer (a race in
    # libgearman), so this one opens them when it needs them.
    client = PHP / "lazy_client.php"
    with start_server() as other:
        addresses = (other.address, peers.server.address)
        orders = (",".join(addresses), ",".join(reversed(addresses)))
        worker = ("php", PHP / "two_servers_worker.php", orders[0])
        peers.worker(*worker, function="reverse")
        wait_until(lambda: function_status(other, "reverse").workers, "both know it")
        for servers in orders:
            assert peers.run("php", client, servers, "before") == b"erofeb"
    for servers in orders:
        assert peers.run("php", client, servers, "after") == b"retfa"


def test_a_server_that_is_not_there_throws(peers: Peers) -> None:
    told = peers.run("php", PHP / "unreachable.php", "127.0.0.1", str(free_port()))
    assert lines(told) == ["Failed to set exception option"] * 2


def test_a_job_whose_worker_dies_is_done_by_another(
    peers: Peers, tmp_path: Path
) -> None:
    marker = tmp_path / "first worker"
    doomed = php_worker(peers, "die_once")
    arguments = (peers.server.address, "doNormal", "die_once")
    script = PHP / "do_client.php"
    client = peers.start("php", script, *arguments, stdin=os.fsencode(marker))
    doomed.finish(-signal.SIGKILL)
    assert marker.exists()
    php_worker(peers, "die_once")
    assert client.finish() == b"done by the second worker"


def abilities(server: RunningServer, name: str) -> list[str]:
    """Return the functions that ``workers`` lists for the worker called ``name``."""
    for row in text_command(server, "workers"):
        connection, _, functions = row.partition(" :")
        if connection.endswith(f" {name}"):
            return sorted(functions.split())
    return []


def test_a_named_worker_drops_its_functions(peers: Peers) -> None:
    command = ("php", PHP / "named_worker.php", peers.server.address)
    peers.worker(*command, function="reverse")

    assert abilities(peers.server, "php-worker-1") == ["drop", "reverse", "title"]
    arguments = ("do_client.php", "doNormal", "drop")
    assert php(peers, *arguments, stdin=b"reverse") == b"dropping"
    for _ in range(2):
        assert php(peers, "do_client.php", "doNormal", "title", stdin=b"a") == b"A"
    wait_until(lambda: "reverse" not in abilities(peers.server, "php-worker-1"), "drop")
    assert abilities(peers.server, "php-worker-1") == ["drop", "title"]
    assert function_status(peers.server, "reverse").workers == 0


def test_a_worker_that_does_not_block(peers: Peers) -> None:
    command = ("php", PHP / "nonblocking_worker.php", peers.server.address)
    worker = peers.worker(*command, function="reverse")
    for number in range(3):
        done = php(peers, "reverse_client.php", f"{number}ab")
        assert done == f"Success: ba{number}\n".encode()
    worker.says(b"worked\nworked\nworked\n")


def test_a_worker_that_fetches_its_jobs_itself(peers: Peers) -> None:
    client = peers.start(
        *("php", PHP / "do_client.php", peers.server.address, "doNormal", "by_hand"),
        stdin=b"loud",
    )
    wait_until(lambda: function_status(peers.server, "by_hand").total, "the job is in")
    php(peers, "grab_worker.php")
    assert client.finish() == b"LOUD"


def test_functions_in_place_of_classes_and_servers_by_environment(peers: Peers) -> None:
    php_worker(peers, "reverse")
    command = ("php", PHP / "procedural.php")
    environment = {"GEARMAN_SERVERS": peers.server.address}
    assert lines(peers.run(*command, environment=environment)) == ["larudecorp", "0"]
