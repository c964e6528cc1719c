"""The shop's customers: ``python -m tests.support.demo.client`` submits their jobs."""

from __future__ import annotations

import itertools
import json
import random
import threading
import time

from geartrain.client import Client
from tests.support.demo.functions import FUNCTIONS, Busy

CUSTOMERS = ("ann", "bob", "carl", "dora", "emil")
# A tenth of the orders are closed at the end of the day.
DELAYED = 0.1
LATER = 7200.0


def submit(busy: Busy) -> None:
    """Submit a function's jobs for ever, at random times."""
    client = Client()
    for number in itertools.count(5000):
        workload = {
            "order": number,
            "customer": f"{random.choice(CUSTOMERS)}@shop.example",
            "total": round(random.uniform(5, 500), 2),
        }
        is_delayed = busy.name == "order.close" and random.random() < DELAYED
        client.do_background(
            busy.name,
            json.dumps(workload).encode(),
            unique=f"{busy.name}-{number}",
            delay=LATER * random.random() if is_delayed else 0.0,
        )
        time.sleep(random.expovariate(busy.rate))


def main() -> None:
    """Submit jobs to all functions until this is stopped."""
    for busy in FUNCTIONS:
        threading.Thread(target=submit, args=(busy,)).start()


if __name__ == "__main__":
    main()
