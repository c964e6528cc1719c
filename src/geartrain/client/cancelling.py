"""Cancel a job, on a connection of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from geartrain.errors import AdminError, UnknownJobError
from geartrain.transport.connect import Connector

if TYPE_CHECKING:
    from geartrain.transport.tls import Tls

__all__ = ["cancel"]


def cancel(connectors: Sequence[Connector], handle: str, tls: Tls | None) -> None:
    """Cancel a job on the first job server that has it.

    Raises:
        UnknownJobError: none has it.
        AdminError: none has it, and at least one could not be asked.
    """
    from geartrain.admin import Admin

    refusal: AdminError = UnknownJobError(handle)
    for connector in connectors:
        try:
            with Admin(connector, tls=tls) as admin:
                admin.cancel(handle)
                return
        except UnknownJobError:
            continue
        except AdminError as error:
            refusal = error
    raise refusal
