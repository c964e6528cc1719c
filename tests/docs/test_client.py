"""The programs in docs/client.md, run one by one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.support.client_faces import Place
from tests.support.documents import snippets
from tests.support.raw_workers import reverse, worker
from tests.support.servers import running_geartrain

PROGRAMS = snippets("docs/client.md", "python")
PRINTED = [
    "b'olleH'\nTrue\nFalse\n",
    "b'olleH'\n",
    "['0 on', '1 on', '2 on']\n1000\n",
    "100\n",
    "[b'eno', b'owt', b'eerht']\n",
    "[b'eno', b'owt']\n",
    "A b'tsrif'\nB b'dnoces'\n",
]


def test_every_program_is_run() -> None:
    assert len(PROGRAMS) == len(PRINTED)


@pytest.fixture(scope="module")
def geartrain() -> Iterator[Place]:
    with running_geartrain() as server:
        yield Place("geartrain", server.address, server.connect)


@pytest.mark.parametrize("number", range(len(PRINTED)))
def test_a_program_prints_what_it_should(number: int, geartrain: Place) -> None:
    with worker(geartrain.connect, "reverse", reverse):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAMS[number]],
            env=os.environ | {"GEARMAN_SERVERS": str(geartrain.servers)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.stderr == ""
    assert sorted(done.stdout.splitlines()) == sorted(PRINTED[number].splitlines())
