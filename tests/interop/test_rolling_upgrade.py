"""Each server of a cluster is stopped and started in turn, under stock peers."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.support.node_processes import Node
from tests.support.peers import HERE, Peer, Peers, need, need_success
from tests.support.postgresql_servers import PostgresqlServer
from tests.support.servers import free_port, geartrain_command
from tests.support.waiting import wait_until
from tests.support.wire import Wire

pytestmark = [pytest.mark.interop, pytest.mark.slow]

PACKAGES = (
    "build-essential pkg-config libgearman-dev libgearman-client-perl php-gearman"
)


@pytest.fixture(scope="module")
def languages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, ...]]:
    """Return the programs, each a client and a worker of several servers."""
    for program in ("cc", "pkg-config", "perl", "php"):
        need(program, PACKAGES)
    flags = ["pkg-config", "--cflags", "--libs", "gearmand"]
    library = subprocess.check_output(flags, text=True).split()
    made = tmp_path_factory.mktemp("c") / "several_servers"
    source = HERE / "c/several_servers.c"
    need_success(["cc", "-o", str(made), str(source), *library], PACKAGES)
    return {
        "c": (str(made),),
        "php": ("php", str(HERE / "php/several_servers.php")),
        "perl": ("perl", str(HERE / "perl/several_servers.pl")),
        "python": (sys.executable, str(HERE / "python/several_servers.py")),
    }


@pytest.fixture(scope="module")
def database() -> Iterator[PostgresqlServer]:
    made = PostgresqlServer()
    made.start()
    yield made
    made.stop()


@pytest.fixture
def nodes(
    database: PostgresqlServer, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[list[Node]]:
    """Run as many servers as asked for, each a peer of all others."""
    ports = [free_port() for _ in range(request.param)]
    made = []
    for place, port in enumerate(ports):
        command = [*geartrain_command("geartrain"), "server"]
        command += ["--listen", f"127.0.0.1:{port}", "--store", database.url()]
        for other in ports:
            command += ["--peer", f"127.0.0.1:{other}"] if other != port else []
        node = Node(f"n{place + 1}", ("127.0.0.1", port), tmp_path, command)
        node.start()
        made.append(node)
    yield made
    for node in made:
        node.end()
    database.empty()


def told(clients: Sequence[Peer]) -> Counter[str]:
    """Return how often clients were told what, by word and by line."""
    lines = [line for each in clients for line in each.output.decode().splitlines()]
    return Counter(word for line in lines for word in (line.split()[0], line))


def kept(clients: Sequence[Peer]) -> set[str]:
    """Return the jobs in the background that are kept."""
    return {
        line.removeprefix("kept ") for line in told(clients) if line.startswith("kept ")
    }


def runs(file: Path) -> Counter[str]:
    """Return how often each job in the background has run."""
    return Counter(file.read_text().splitlines())


def wait_for_runs(keys: set[str], file: Path) -> None:
    """Return once all these jobs have run: sooner than a lease ends."""
    wait_until(lambda: keys <= runs(file).keys(), "each kept job runs", timeout=8)


def go_on(clients: Sequence[Peer]) -> None:
    """Return once each client has been answered a few times more."""
    before = [told([each])["answered"] for each in clients]

    def went_on() -> bool:
        now = [told([each])["answered"] for each in clients]
        return all(after >= count + 5 for count, after in zip(before, now, strict=True))

    try:
        wait_until(went_on, "each client is answered")
    except AssertionError:
        pytest.fail("\n".join(each.account() for each in clients))


def jobs(nodes: Sequence[Node]) -> int:
    """Return how many jobs they have."""
    count = 0
    for node in nodes:
        with Wire(node.connect(10)) as wire:
            rows = wire.listing(b"local status")
        count += sum(int(row.split(b"\t")[1]) for row in rows)
    return count


@pytest.mark.parametrize("nodes", [3], indirect=True)
def test_each_server_is_restarted_and_nobody_loses_anything(
    nodes: list[Node], languages: dict[str, tuple[str, ...]], tmp_path: Path
) -> None:
    file = tmp_path / "runs"
    servers = [f"127.0.0.1:{node.address[1]}" for node in nodes]
    peers = Peers(server=None, folder=tmp_path)  # type: ignore[arg-type]
    try:
        for program in languages.values():
            peers.start(*program, "worker", ",".join(servers), file)
        clients = []
        for place, (name, program) in enumerate(languages.items()):
            # Some know only two of them.
            known = servers if place % 2 else servers[:2]
            clients.append(peers.start(*program, "client", ",".join(known), file, name))
        go_on(clients)
        stops = []
        for node in nodes:
            began = time.monotonic()
            assert node.stop() == 0
            stops.append(time.monotonic() - began)
            # The others have what it left before its lease would have ended.
            wait_for_runs(kept(clients), file)
            node.start()
            go_on(clients)
        (tmp_path / "runs.stop").touch()
        for each in clients:
            each.finish()
        wait_until(lambda: jobs(nodes) == 0, "all jobs are done")
    finally:
        peers.stop()
    done = runs(file)
    assert kept(clients) - done.keys() == set(), "each that was kept has run"
    assert {key for key, count in done.items() if count > 1} == set(), "none ran twice"
    # Who was with a server when it stopped notices that, by one question of each kind.
    for each in clients:
        lost = told([each])
        assert lost["refused"] + lost["unanswered"] <= 2 * len(nodes), each.account()
    assert max(stops) < 10
