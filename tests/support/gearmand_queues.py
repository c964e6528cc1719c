"""Old queues written by Debian's gearmand, and a look at what was imported."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager

from geartrain.protocol.constants import PacketType
from tests.support.programs import run
from tests.support.servers import (
    RunningServer,
    running_gearmand,
    running_geartrain,
)
from tests.support.wire import Wire

__all__ = [
    "COUNTS",
    "LATER",
    "SUBMISSIONS",
    "Job",
    "expected",
    "gearmand_writes",
    "grab_all",
    "import_",
    "job_server",
    "priorities",
]

Submission = tuple[PacketType, bytes, bytes, bytes]
# A job as a worker gets it: function, unique, workload.
Job = tuple[bytes, bytes, bytes]

BG = PacketType.SUBMIT_JOB_BG
HIGH = PacketType.SUBMIT_JOB_HIGH_BG
LOW = PacketType.SUBMIT_JOB_LOW_BG

LATER = 4_000_000_000 // 2  # in 2033, and what a signed column of 32 bits can hold
UUID = b"6f1c2d3e-0a1b-4c5d-8e9f-0123456789ab"

# What every queue plug-in of gearmand can keep.
SUBMISSIONS: list[Submission] = [
    (BG, b"resize", b"u1", b"normal"),
    (HIGH, b"resize", b"u2", b"high \0 \xff bytes"),
    (LOW, b"resize", b"u3", b"low"),
    (BG, b"resize", b"", b"no unique"),
    (BG, b"resize", b"-", b"dash"),
    (BG, b"resize", b"empty", b""),
    (BG, b"send-mail", UUID, b"dashes"),
    (BG, b"resize", b"y" * 63, b"63 bytes"),
    (BG, b"other", b"u1", b"same unique elsewhere"),
    (BG, b"large", b"u4", bytes(range(256)) * 2000),
]
MADE = re.compile(rb"import:[0-9a-f]{40}")
COUNTS = re.compile(
    r"(\d+) read: (\d+) submitted, (\d+) coalesced, (\d+) skipped(?:, (\d+) deleted)?\n"
)


def expected(submissions: Iterable[Submission] = SUBMISSIONS) -> Counter[Job]:
    """Return the jobs that workers get; a made unique stands as ``made``."""
    return Counter(
        (function, b"made" if unique in (b"", b"-") else unique, workload)
        for _, function, unique, workload in submissions
    )


def gearmand_writes(
    *flags: str,
    submissions: Iterable[Submission] = SUBMISSIONS,
    later: Iterable[tuple[bytes, bytes]] = (),
) -> None:
    """Have gearmand keep jobs in the queue that the flags name, and stop it.

    ``later`` are uniques and workloads of jobs of ``resize`` due at ``LATER``.
    """
    with running_gearmand(*flags) as server, closing(Wire(server.connect())) as client:
        for packet_type, *arguments in submissions:
            client.send(packet_type, *arguments)
            client.expect(PacketType.JOB_CREATED)
        for unique, workload in later:
            when = b"%d" % LATER
            client.send(PacketType.SUBMIT_JOB_EPOCH, b"resize", unique, when, workload)
            client.expect(PacketType.JOB_CREATED)


@contextmanager
def job_server() -> Iterator[RunningServer]:
    """Run the job server that jobs are imported to."""
    with running_geartrain("--store", "memory:") as server:
        yield server


def import_(
    source: str, server: RunningServer, *flags: str
) -> tuple[int, tuple[int, ...], str]:
    """Import; return the status, the five counts and what stderr says."""
    status, out, err = run(
        "geartrain", "import", source, "--server", server.address, *flags
    )
    match = COUNTS.fullmatch(out)
    assert match is not None, (out, err)
    return status, tuple(int(count or 0) for count in match.groups()), err


def grab_all(server: RunningServer, *functions: bytes) -> list[Job]:
    """Do all jobs that are due, as a worker; return them in the order they came."""
    jobs: list[Job] = []
    with closing(Wire(server.connect())) as worker:
        for function in functions or {job[1] for job in SUBMISSIONS}:
            worker.register(function)
        while True:
            worker.send(PacketType.GRAB_JOB_UNIQ)
            received = worker.read()
            if received.type == PacketType.NO_JOB:
                return jobs
            handle, function, unique, workload = received.split(4)
            name = b"made" if MADE.fullmatch(unique) else unique
            jobs.append((function, name, workload))
            worker.send(PacketType.WORK_COMPLETE, handle, b"")


def priorities(server: RunningServer, function: bytes) -> tuple[int, int, int]:
    """Return how many jobs of a function wait at high, normal and low priority."""
    with closing(Wire(server.connect())) as client:
        for row in client.listing(b"prioritystatus"):
            name, high, normal, low, _ = row.split(b"\t")
            if name == function:
                return int(high), int(normal), int(low)
    return 0, 0, 0


def in_a_moment() -> int:
    """Return a whole second that is at least one second away."""
    return int(time.time()) + 2
