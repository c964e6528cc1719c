"""The workers of a soak: ``geartrain worker`` runs this module."""

from __future__ import annotations

import os
import sys
import time

from geartrain import Worker
from geartrain.worker import WorkerJob
from proof.soak.kinds import FUNCTION, MAX_PACKET, kind_of

worker = Worker()

# One write of a short line to a file opened for appending is never torn.
_runs = os.open(os.environ["SOAK_RUNS"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)


class Odd(BaseException):
    """What no handler should raise."""


@worker.function(FUNCTION)
def soak(job: WorkerJob) -> bytes:
    """Note that the job runs, then do what its kind says."""
    key = job.workload.partition(b" ")[0]
    os.write(_runs, key + b"\n")
    kind = kind_of(key).name
    if kind == "forks" and os.fork() == 0:
        time.sleep(0.5)
        sys.exit(0)
    if kind == "raises":
        raise Odd(key.decode())
    if kind == "dies":
        os._exit(3)
    return b"x" * (2 * MAX_PACKET if kind == "large" else 10)
