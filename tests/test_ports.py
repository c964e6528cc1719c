"""Ports of servers that tests start, in several processes side by side."""

from __future__ import annotations

import subprocess
import sys

from tests.support.documents import ROOT
from tests.support.servers import free_port

# Of some 14,000, this many twice meet on a dozen if nobody looks.
COUNT = 400

PROGRAM = f"""
from tests.support.servers import free_port
print(*[free_port() for _ in range({COUNT})], flush=True)
input()
"""


def test_no_two_processes_are_given_the_same_port() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        theirs = {int(each) for each in other.stdout.readline().split()}
        ours = {free_port() for _ in range(COUNT)}
        other.communicate("\n")
    assert (len(ours), len(theirs)) == (COUNT, COUNT)
    assert not ours & theirs
