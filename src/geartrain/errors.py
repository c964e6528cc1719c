"""Every exception Geartrain raises, in one tree.

::

    GeartrainError
    ├── ProtocolError        a peer broke the protocol: its connection ends
    │   ├── PacketError      one packet is wrong: it is refused, the connection goes on
    │   ├── LineError        a line of text has no end: it is answered in text
    │   └── ForeignError     what it sends is another protocol's, such as HTTP
    ├── OptionError          a flag, file or value given to a program is wrong
    │   └── AddressError     a text that should name an address does not
    ├── ListenError          an address cannot be listened on
    ├── StartError           a process cannot start: pid file, log, user, limits
    ├── StoreError           a store cannot be opened, read or written
    │   └── StoreInUseError      another job server has it
    ├── AdminError           a job server cannot be asked, or not understood
    │   ├── RefusedError     it answers a text command with an error
    │   └── UnknownJobError  it knows no job or dead letter of that name
    ├── ClientError          a job cannot be submitted, or its result not be had
    │   ├── ConnectError     no job server can be reached
    │   ├── LostError        the connection was lost while something was awaited
    │   │   └── AmbiguousError   and nobody knows whether the job was taken
    │   │       └── CutOffError      in the middle of many submissions
    │   ├── JobFailedError   the job failed (WORK_FAIL)
    │   │   └── JobExceptionError    and its worker says why (WORK_EXCEPTION)
    │   ├── NoResultError    the job has ended, and its result is not kept
    │   ├── JobTimeoutError  the job, or an answer, took too long
    │   ├── NoWorkerError    no worker has the function, and the call is not to wait
    │   ├── ServerError      the job server answered with an ERROR packet
    │   └── CodecError       a value cannot be encoded, or bytes not be decoded
    └── WorkerError          a worker cannot do what it is told

What a peer sends can raise nothing but ``ProtocolError`` and its children.
"""

from __future__ import annotations

from geartrain.texts import quoted

# typing is slow to import, and scripts run `gearadmin` for every job.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from geartrain.submissions import Submissions

__all__ = [
    "AddressError",
    "AdminError",
    "AmbiguousError",
    "ClientError",
    "CodecError",
    "ConnectError",
    "CutOffError",
    "ForeignError",
    "GeartrainError",
    "JobExceptionError",
    "JobFailedError",
    "JobTimeoutError",
    "LineError",
    "ListenError",
    "LostError",
    "NoResultError",
    "NoWorkerError",
    "OptionError",
    "PacketError",
    "ProtocolError",
    "RefusedError",
    "ServerError",
    "StartError",
    "StoreError",
    "StoreInUseError",
    "UnknownJobError",
    "WorkerError",
]


class GeartrainError(Exception):
    """Base of every exception that Geartrain raises on purpose."""


class ProtocolError(GeartrainError):
    """A peer broke the protocol and its connection cannot go on.

    Attributes:
        code: the wire's name for the error, such as ``b"INVALID_MAGIC"``.
        text: what is wrong, for the ERROR packet.
    """

    def __init__(self, code: bytes, text: bytes) -> None:
        super().__init__(f"{code.decode()}: {text.decode('utf-8', 'replace')}")
        self.code = code
        self.text = text


class PacketError(ProtocolError):
    """One packet is wrong but ends where it says: the connection goes on.

    Attributes:
        handle: the job that a worker reported on with it; empty for none.
    """

    def __init__(self, code: bytes, text: bytes, handle: bytes = b"") -> None:
        super().__init__(code, text)
        self.handle = handle


class LineError(ProtocolError):
    """A line of text is too long to be a command: the connection ends."""


class ForeignError(ProtocolError):
    """A peer speaks another protocol, and its connection ends.

    Attributes:
        answer: what it is to be sent, in that protocol's words where it has some.
    """

    def __init__(self, protocol: bytes, line: bytes, answer: bytes) -> None:
        super().__init__(b"UNKNOWN_PROTOCOL", b"it speaks %s: %s" % (protocol, line))
        self.answer = answer


class OptionError(GeartrainError):
    """A flag, a configuration file or a value given to a program is wrong.

    Attributes:
        setting: which setting is wrong, where one among several is; else empty.
    """

    def __init__(self, text: str, *, setting: str = "") -> None:
        super().__init__(text)
        self.setting = setting


class AddressError(OptionError):
    """A text that should name an address does not."""


class ListenError(GeartrainError):
    """An address cannot be listened on."""


class StartError(GeartrainError):
    """A process cannot start as it was told: its pid file, log, user or limits."""


class StoreError(GeartrainError):
    """A store cannot be opened, read or written."""


class StoreInUseError(StoreError):
    """A store cannot be opened because another job server has it."""


class AdminError(GeartrainError):
    """A job server cannot be asked, or its answer not be understood."""


class RefusedError(AdminError):
    """A job server answers a text command with an error.

    Attributes:
        code: the error's name, such as ``INVALID_ARGUMENTS``.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class UnknownJobError(AdminError):
    """A job server knows no job or dead letter of that name.

    Attributes:
        name: the handle or unique that was asked for.
    """

    def __init__(self, name: str, kind: str = "job") -> None:
        super().__init__(f"there is no {kind} {quoted(name)}")
        self.name = name


class ClientError(GeartrainError):
    """A job cannot be submitted, or its result not be had.

    Attributes:
        submissions: where ``submit_many`` or ``map`` raises it, what has become of all
            its jobs; else None.
    """

    submissions: Submissions | None = None


class ConnectError(ClientError):
    """No job server can be reached; the text names each with the reason."""


class LostError(ClientError):
    """The connection was lost while something was awaited.

    Attributes:
        handle: of the job whose result was awaited; empty for none.
    """

    def __init__(self, text: str, handle: str = "") -> None:
        super().__init__(text)
        self.handle = handle


class AmbiguousError(LostError):
    """The connection was lost before JOB_CREATED: the job may be queued, or not.

    With a unique it would have been submitted again, and would be queued once.
    """


class CutOffError(AmbiguousError):
    """The connection was lost in the middle of ``submit_many`` or ``map``.

    ``submissions`` says which of the jobs are acknowledged, which are not queued, and
    of which nobody knows. Jobs with uniques are submitted again instead.
    """


class JobFailedError(ClientError):
    """A worker said that the job failed, or the job server gave it up.

    Attributes:
        handle: the job's.
    """

    def __init__(self, text: str, handle: str = "") -> None:
        super().__init__(text)
        self.handle = handle


class JobExceptionError(JobFailedError):
    """A worker said why the job failed, by WORK_EXCEPTION.

    Attributes:
        data: what it said, as it came.
    """

    def __init__(self, text: str, handle: str = "", data: bytes = b"") -> None:
        super().__init__(text, handle)
        self.data = data


class NoResultError(ClientError):
    """A job has ended, and its result is not kept, or was too large to be.

    Attributes:
        handle: the job's.
    """

    def __init__(self, text: str, handle: str = "") -> None:
        super().__init__(text)
        self.handle = handle


class JobTimeoutError(ClientError, TimeoutError):
    """The job, or an answer of the job server, took longer than was allowed."""


class NoWorkerError(ClientError):
    """No worker has the function of a call of a client with ``fail_without_worker``.

    The job was not queued.
    """


class ServerError(ClientError):
    """The job server answered with an ERROR packet.

    Attributes:
        code: the error's name, such as ``queue_full``.
        text: what it says.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"the job server refuses: {text or code} ({code})")
        self.code = code
        self.text = text


class CodecError(ClientError, ValueError):
    """A value cannot be encoded as a workload, or bytes not be decoded."""


class WorkerError(GeartrainError):
    """A worker cannot do what it is told; the text says what it should be told."""
