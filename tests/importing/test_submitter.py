"""What is said about a job that is imported."""

from __future__ import annotations

import dataclasses
import socket
from contextlib import closing

import pytest

from geartrain.importing.records import QueuedJob
from geartrain.importing.submitter import Submitter
from geartrain.protocol.constants import PacketType as P
from geartrain.protocol.constants import Priority
from geartrain.protocol.packets import request
from tests.importing.test_records import JOB


@pytest.mark.parametrize("priority", list(Priority))
@pytest.mark.parametrize("when", [1, 2**31, 2**40])
def test_a_due_time_is_handed_over_whatever_this_machine_takes_for_the_time(
    priority: Priority, when: int
) -> None:
    job: QueuedJob = dataclasses.replace(JOB, unique=b"u", when=when, priority=priority)
    here, there = socket.socketpair()
    submitter = Submitter(here)
    with closing(submitter), there:
        assert list(submitter.submit(job)) == []
        due = b"%d" % when
        said = request(P.SUBMIT_JOB_EPOCH, job.function, b"u", due, job.workload)
        assert there.recv(65536).endswith(said)
