"""What ``gearman`` and ``gearadmin`` share: how they end, and libgearman's TLS."""

from __future__ import annotations

import atexit
import gc
import sys

from geartrain.transport.standard import fill_standard_files, flush_stdout, write_soon

# typing is slow to import, and scripts run these programs for every job.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

    from geartrain.transport.tls import Tls

__all__ = ["libgearman_tls", "run_drop_in"]


def run_drop_in(run: Callable[[], int], complaint: str) -> NoReturn:
    """Run a program and exit with its status.

    The status is 1 if the output cannot be written. Then stderr gets ``complaint`` and
    the reason, unless the reader of stdout has gone, which is no error.
    """
    fill_standard_files()
    # At its end Python would look for garbage in all that was loaded.
    atexit.register(gc.freeze)
    failure = None
    try:
        status = run()
    except KeyboardInterrupt:
        status = 130
    except OSError as error:
        failure = error
    failure = flush_stdout() or failure
    if failure is not None:
        status = 1
        if not isinstance(failure, BrokenPipeError):
            line = f"{complaint}: {failure.strerror or failure}\n"
            write_soon(2, line.encode(), 2.0)
    sys.exit(status)


def libgearman_tls() -> Tls:
    """Return the files that libgearman's environment variables name.

    As in libgearman, any job server is trusted unless a CA is named.
    """
    from dataclasses import replace

    from geartrain.transport.tls import environment_tls

    files = environment_tls()
    return replace(files, verify=bool(files.ca))
