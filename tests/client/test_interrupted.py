"""Exceptions of signal handlers, at any moment of a call: the next call is right."""

from __future__ import annotations

import subprocess
import sys

from tests.support.client_faces import Place
from tests.support.raw_workers import reverse, worker

PROGRAM = """
import itertools, signal, sys
from geartrain import Client

class Interrupted(Exception):
    pass

def interrupt(*_):
    raise Interrupted

signal.signal(signal.SIGALRM, interrupt)
client = Client(sys.argv[1], timeout=30)
function = sys.argv[2]
numbers = itertools.count()

def do():
    text = b"%d" % next(numbers)
    assert client.do(function, text) == text[::-1]

def submit():
    text = b"%d" % next(numbers)
    assert client.submit(function, text).result() == text[::-1]

def map_():
    texts = [b"%d" % next(numbers) for _ in range(5)]
    assert list(client.map(function, texts)) == [text[::-1] for text in texts]

def submit_many():
    handles = list(client.submit_many("nobody", (b"" for _ in range(10))))
    assert len(set(handles)) == 10

def ask():
    assert not client.status("H:nobody:1").known

calls = (do, submit, map_, submit_many, ask)
interrupted = 0
for call, moment in itertools.product(calls, range(1, 251)):
    try:
        try:
            signal.setitimer(signal.ITIMER_REAL, moment * 0.00001)
            call()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    except Interrupted:
        interrupted += 1
    # Its answer, not what was left of the one before.
    calls[moment % len(calls)]()
print(interrupted > 50)
"""


def test_an_interrupted_call_leaves_nothing_to_the_next(geartrain: Place) -> None:
    function = next(geartrain.functions)
    assert isinstance(geartrain.servers, str)
    with worker(geartrain.connect, function, reverse):
        ended = subprocess.run(
            [sys.executable, "-c", PROGRAM, geartrain.servers, function],
            capture_output=True,
            text=True,
            timeout=120,
        )
    assert ended.stdout == "True\n", ended.stderr[-2000:]
