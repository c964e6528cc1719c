"""Processes that do nothing for a while, though they live."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import Any

__all__ = ["suspend"]


def suspend(process: subprocess.Popen[Any]) -> None:
    """Have a child do nothing until SIGCONT; return once none of its threads runs.

    A signal alone may come later than an answer to what is sent after it.
    """
    process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
