"""Clients of one job server, workers of another that helps it: PHP, Perl, libgearman.

The one that is helped is Geartrain or the C server, whose workers may be ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.peers import HERE, Peers, function_status
from tests.support.php_scripts import lines, php, php_worker
from tests.support.servers import RunningServer, running_gearmand, running_geartrain
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.interop, pytest.mark.usefixtures("php_is_here")]

PERL = HERE / "perl"


@dataclass
class Pair:
    """Programs at the job server that is helped, and at the one that helps."""

    helped: Peers
    helper: Peers

    def serve(self, *functions: str) -> None:
        """Start a PHP worker at the helper; return when the helped one knows it."""
        php_worker(self.helper, *functions)
        wait_until(
            lambda: function_status(self.helped.server, functions[0]).workers > 0,
            "the node offers what its worker can do",
        )


@pytest.fixture(scope="module", params=[running_geartrain, running_gearmand])
def servers(
    request: pytest.FixtureRequest,
) -> Iterator[tuple[RunningServer, RunningServer]]:
    start: Callable[..., AbstractContextManager[RunningServer]] = request.param
    with (
        start() as helped,
        running_geartrain(
            "--peer", helped.address, "--node-name", "helper", "--no-http"
        ) as helper,
    ):
        yield helped, helper


@pytest.fixture
def pair(
    servers: tuple[RunningServer, RunningServer], tmp_path: Path
) -> Iterator[Pair]:
    folders = [tmp_path / "helped", tmp_path / "helper"]
    for folder in folders:
        folder.mkdir()
    helped, helper = (
        Peers(server=server, folder=folder)
        for server, folder in zip(servers, folders, strict=True)
    )
    try:
        yield Pair(helped, helper)
    finally:
        helped.stop()
        helper.stop()
        wait_until(
            lambda: function_status(helper.server, "reverse").workers == 0,
            "no worker is left",
        )


@pytest.mark.parametrize("do", ["doNormal", "doHigh", "doLow"])
def test_foreground_of_every_priority(pair: Pair, do: str) -> None:
    pair.serve("reverse")
    done = php(pair.helped, "do_client.php", do, "reverse", stdin=b"abc")
    assert done == b"cba"


def test_a_megabyte_by_perl(pair: Pair) -> None:
    pair.serve("reverse")
    address = pair.helped.server.address
    workload = bytes(range(256)) * 4096
    done = pair.helped.run(
        "perl", PERL / "do_task.pl", address, "reverse", stdin=workload
    )
    assert done == b"result: " + workload[::-1]


def test_many_tasks_at_once(pair: Pair) -> None:
    pair.serve("Sum")
    php_worker(pair.helper, "Sum")
    *_, total = lines(php(pair.helped, "sum_client.php"))
    assert total == "total: 500500"


def test_in_the_background(pair: Pair, tmp_path: Path) -> None:
    outbox = tmp_path / "letter"
    php(pair.helped, "mail_client.php", str(outbox))
    pair.serve("mail")
    wait_until(outbox.exists, "the letter is written")
    wait_until(
        lambda: function_status(pair.helped.server, "mail").total == 0,
        "the job has ended where it was submitted",
    )


def test_a_worker_of_the_peer_does_the_same_beside(pair: Pair) -> None:
    pair.serve("reverse")
    php_worker(pair.helped, "reverse")
    for _ in range(5):
        done = php(pair.helped, "do_client.php", "doNormal", "reverse", stdin=b"abc")
        assert done == b"cba"
