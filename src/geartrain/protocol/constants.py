"""The numbers and words of the Gearman protocol."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

__all__ = [
    "HEADER_SIZE",
    "MAX_ARGUMENTS_SIZE",
    "MAX_LINE",
    "MAX_UNIQUE",
    "NO_WORKER",
    "REQUEST_MAGIC",
    "RESPONSE_MAGIC",
    "TYPE_END",
    "UNKNOWN_OPTION",
    "PacketType",
    "Priority",
]

REQUEST_MAGIC: Final = b"\0REQ"
RESPONSE_MAGIC: Final = b"\0RES"
HEADER_SIZE: Final = 12

# What comes before a packet's data (function, unique, handle, …), and a packet
# that has no data at all, is at most this long. gearmand has no such limit.
MAX_ARGUMENTS_SIZE: Final = 64 * 1024
# gearmand closes a connection whose text line is longer.
MAX_LINE: Final = 8191
MAX_UNIQUE: Final = 64

UNKNOWN_OPTION: Final = b"UNKNOWN_OPTION"
"""The code of the ERROR that answers an option which a job server does not know."""

NO_WORKER: Final = b"NO_WORKER"
"""Of an ERROR, the code, and of a WORK_WARNING the beginning, where no worker has the
function of a submission: Geartrain's own, for clients that asked for it.
"""


WAIT_WITHOUT_WORKER: Final = b"wait_without_worker"
"""The option of a connection whose foreground submissions wait for a worker in silence,
as they do without an option: Geartrain's own, as the next two.
"""
WARN_WITHOUT_WORKER: Final = b"warn_without_worker"
"""The option of one that is sent a warning at once."""
FAIL_WITHOUT_WORKER: Final = b"fail_without_worker"
"""The option of one whose submission is refused instead."""


class Priority(IntEnum):
    """A job's priority; gearmand's queue tables store the same numbers."""

    HIGH = 0
    NORMAL = 1
    LOW = 2


class PacketType(IntEnum):
    """Every packet type of PROTOCOL, 5 being unused."""

    CAN_DO = 1
    CANT_DO = 2
    RESET_ABILITIES = 3
    PRE_SLEEP = 4
    UNUSED = 5
    NOOP = 6
    SUBMIT_JOB = 7
    JOB_CREATED = 8
    GRAB_JOB = 9
    NO_JOB = 10
    JOB_ASSIGN = 11
    WORK_STATUS = 12
    WORK_COMPLETE = 13
    WORK_FAIL = 14
    GET_STATUS = 15
    ECHO_REQ = 16
    ECHO_RES = 17
    SUBMIT_JOB_BG = 18
    ERROR = 19
    STATUS_RES = 20
    SUBMIT_JOB_HIGH = 21
    SET_CLIENT_ID = 22
    CAN_DO_TIMEOUT = 23
    ALL_YOURS = 24
    WORK_EXCEPTION = 25
    OPTION_REQ = 26
    OPTION_RES = 27
    WORK_DATA = 28
    WORK_WARNING = 29
    GRAB_JOB_UNIQ = 30
    JOB_ASSIGN_UNIQ = 31
    SUBMIT_JOB_HIGH_BG = 32
    SUBMIT_JOB_LOW = 33
    SUBMIT_JOB_LOW_BG = 34
    SUBMIT_JOB_SCHED = 35
    SUBMIT_JOB_EPOCH = 36
    SUBMIT_REDUCE_JOB = 37
    SUBMIT_REDUCE_JOB_BACKGROUND = 38
    GRAB_JOB_ALL = 39
    JOB_ASSIGN_ALL = 40
    GET_STATUS_UNIQUE = 41
    STATUS_RES_UNIQUE = 42


TYPE_END: Final = 43
