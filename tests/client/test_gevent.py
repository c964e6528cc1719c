"""A program whose sockets, threads and locks are gevent's."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.support.client_faces import Place
from tests.support.raw_workers import reverse, worker

BEGINNING = """
from gevent import monkey
monkey.patch_all()
import gevent, time
from geartrain import Client
from geartrain.errors import ClientError, JobTimeoutError
from geartrain.transport.tls import Tls
options = {OPTIONS}
"""

TIMEOUTS = """
with Client(timeout=0.3, **options) as client:
    job = client.submit("nobody")
    for call in (lambda: client.do("nobody"), job.result, lambda: list(job)):
        try:
            call()
        except JobTimeoutError:
            print("late")
"""

SHARED = """
ticks = []
def tick():
    while True:
        ticks.append(1)
        gevent.sleep(0.01)
ticker = gevent.spawn(tick)
with Client(timeout=30, **options) as client:
    lets = [gevent.spawn(client.do, "reverse", b"%d!" % n) for n in range(50)]
    jobs = [client.submit("reverse", b"%d." % n) for n in range(10)]
    lets += [gevent.spawn(job.result) for job in jobs]
    gevent.joinall(lets, timeout=30)
    wanted = [b"%d!" % n for n in range(50)] + [b"%d." % n for n in range(10)]
    print([let.value for let in lets] == [each[::-1] for each in wanted])
    print(len(list(client.submit_many("nobody", [b"x"] * 300))))
    print(len(ticks) > 1)
"""

CLOSED = """
client = Client(**options)
def call():
    try:
        client.do("nobody")
    except ClientError:
        return True
lets = [gevent.spawn(call) for _ in range(3)]
gevent.sleep(0.3)
client.close()
gevent.joinall(lets)
print([let.value for let in lets])
"""


def said(place: Place, program: str) -> list[str]:
    tls = f'dict(tls=Tls(ca="{place.tls.ca}"))' if place.tls else "{}"
    done = subprocess.run(
        [sys.executable, "-c", BEGINNING.replace("{OPTIONS}", tls) + program],
        env=os.environ | {"GEARMAN_SERVERS": str(place.servers)},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    # Nobody's function has a worker, and so the client says.
    told = done.stderr.splitlines()
    assert [line for line in told if "waits: no worker has" not in line] == []
    return done.stdout.splitlines()


@pytest.fixture(params=["geartrain", "tls"])
def where(request: pytest.FixtureRequest) -> Place:
    found: Place = request.getfixturevalue(request.param)
    return found


def test_timeouts_hold(where: Place) -> None:
    assert said(where, TIMEOUTS) == ["late"] * 3


def test_greenlets_share_a_client(geartrain: Place) -> None:
    with worker(geartrain.connect, "reverse", reverse):
        assert said(geartrain, SHARED) == ["True", "300", "True"]


def test_closing_a_client_wakes_its_greenlets(geartrain: Place) -> None:
    assert said(geartrain, CLOSED) == ["[True, True, True]"]
