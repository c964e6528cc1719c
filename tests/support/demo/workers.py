"""The shop's workers in Python: ``python -m tests.support.demo.workers FUNCTION``."""

from __future__ import annotations

import random
import sys
import threading
import time
from collections.abc import Callable

from geartrain.worker import Worker, WorkerJob
from tests.support.demo.functions import FUNCTIONS, Busy

STEPS = 10


def handler(busy: Busy) -> Callable[[WorkerJob], bytes]:
    """Return what does a function's jobs."""

    def work(job: WorkerJob) -> bytes:
        seconds = random.uniform(*busy.seconds)
        steps = STEPS if seconds > 1 else 1
        for step in range(1, steps + 1):
            time.sleep(seconds / steps)
            if steps > 1:
                job.send_status(step, steps)
                job.send_data(f"step {step} of {steps} done\n".encode())
        if random.random() < busy.failing:
            raise ConnectionError(busy.error)
        return b"done"

    return work


def main() -> None:
    """Run the workers of a function, each in a thread, until this is stopped."""
    (busy,) = (each for each in FUNCTIONS if each.name == sys.argv[1])
    for number in range(1, busy.workers + 1):
        worker = Worker(id=f"{busy.name.partition('.')[0]}-{number}")
        worker.register(busy.name, handler(busy))
        threading.Thread(target=worker.run, kwargs={"signals": False}).start()


if __name__ == "__main__":
    main()
