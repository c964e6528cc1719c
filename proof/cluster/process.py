"""A node's process: ``process SECONDS server …``, with a lease of so many seconds."""

from __future__ import annotations

import select
import sys
import time
from typing import SupportsIndex

from geartrain.cli.main import main
from geartrain.stores.postgresql import ownership


def _sleep(seconds: float | SupportsIndex, /) -> None:
    select.select([], [], [], float(seconds))


if __name__ == "__main__":
    # Whoever shares a store has to have the same.
    ownership.LEASE = float(sys.argv.pop(1))  # type: ignore[misc]
    # Where the clock was set back, faketime refuses the system call of the original.
    time.sleep = _sleep
    main()
