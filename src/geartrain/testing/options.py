"""The options of a job server for tests."""

from __future__ import annotations

import os
from collections.abc import Mapping

from geartrain.engine.model.settings import Value
from geartrain.server.options import Options
from geartrain.testing.records import encoded
from geartrain.transport.address import Address

__all__ = ["Policies", "local_options"]

Policies = Mapping[str, Mapping[str, Value]]


def local_options(
    store: str | os.PathLike[str] | None = None,
    port: int | None = None,
    policies: Policies | None = None,
) -> Options:
    """Return the options for the arguments of ``LocalServer``."""
    return Options(
        listen=() if port is None else (Address(host="127.0.0.1", port=port),),
        store="memory:" if store is None else f"sqlite://{os.path.abspath(store)}",
        durability="os",
        handle_prefix="H:test",
        # Whoever ends a test does not wait for its jobs.
        drain=0.0,
        # Most of this process's memory is not the job server's.
        max_memory=0,
        log_level="NOTICE",
        policies=tuple(
            (encoded(pattern), dict(settings))
            for pattern, settings in (policies or {}).items()
        ),
    )
