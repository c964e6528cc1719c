"""Run the shop until it is stopped."""

from __future__ import annotations

import signal
import sys
import tempfile
import time
from pathlib import Path

from tests.support.demo.shop import running_shop

# Its processes end with it.
signal.signal(signal.SIGTERM, signal.default_int_handler)

with tempfile.TemporaryDirectory() as made, running_shop(Path(made)) as shop:
    sys.stdout.write(f"{shop.url}, jobs on {shop.jobs.address}; Control-C stops it\n")
    sys.stdout.flush()
    while True:
        time.sleep(60)
