"""Cancel a job, on a connection of its own."""

from __future__ import annotations

import time
from collections.abc import Sequence

from geartrain.client.requests import Name, name_bytes, shown
from geartrain.errors import AdminError, JobTimeoutError, OptionError, UnknownJobError
from geartrain.transport.connect import Connector

__all__ = ["cancel"]

# Seconds that a job server may be silent where nothing else is said.
_PATIENCE = 10.0


def cancel(
    connectors: Sequence[Connector], handle: Name, timeout: float | None
) -> None:
    """Cancel a job on the first job server that has it.

    Raises:
        UnknownJobError: none has it.
        AdminError: none has it, and at least one could not be asked.
        JobTimeoutError: not all could be asked within ``timeout`` seconds.
        OptionError: the handle can be none.
    """
    from geartrain.admin import Admin

    if not name_bytes(handle, "the handle"):
        raise OptionError("the handle of a job is not empty")
    name = shown(handle)
    end = None if timeout is None else time.monotonic() + timeout
    refusal: AdminError = UnknownJobError(name)
    for number, connector in enumerate(connectors):
        patience = _PATIENCE
        if end is not None:
            share = (end - time.monotonic()) / (len(connectors) - number)
            patience = min(patience, max(share, 0.001))
        try:
            with Admin(connector, patience) as admin:
                admin.cancel(name)
                return
        except UnknownJobError:
            continue
        except AdminError as error:
            refusal = error
    if end is not None and time.monotonic() >= end:
        raise JobTimeoutError(f"{name} was not cancelled in time: {refusal}")
    raise refusal
