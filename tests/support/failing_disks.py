"""Disks that fail for one thread: the kernel itself refuses to write."""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
import threading
from collections.abc import Callable

# The numbers of fsync and fdatasync.
_CALLS = {"x86_64": (74, 75), "aarch64": (82, 83)}

_PR_SET_SECCOMP = 22
_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_MODE_FILTER = 2
_ALLOW = 0x7FFF0000
_FAIL = 0x00050000 | errno.EIO
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_char_p))


def _refuse_sync() -> None:
    """Have the kernel answer EIO to this thread whenever it syncs a file."""
    first, second = _CALLS[platform.machine()]
    code = b"".join(
        struct.pack("=HBBI", *instruction)
        for instruction in (
            (_LOAD, 0, 0, 0),
            (_JUMP_IF_EQUAL, 2, 0, first),
            (_JUMP_IF_EQUAL, 1, 0, second),
            (_RETURN, 0, 0, _ALLOW),
            (_RETURN, 0, 0, _FAIL),
        )
    )
    libc = ctypes.CDLL(None, use_errno=True)
    program = _Program(5, code)
    steps = (
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
        libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program)),
    )
    if any(steps):
        raise OSError(ctypes.get_errno(), "the kernel takes no filter")


def without_sync(action: Callable[[], None]) -> Exception | None:
    """Call where each fsync fails; return the exception that was raised."""
    raised: list[Exception] = []

    def run() -> None:
        try:
            _refuse_sync()
            action()
        except Exception as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return raised[0] if raised else None
