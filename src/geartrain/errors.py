"""Every exception Geartrain raises, in one tree.

::

    GeartrainError
    ├── ProtocolError        a peer broke the protocol: its connection ends
    │   ├── PacketError      one packet is wrong: it is refused, the connection goes on
    │   └── LineError        a line of text has no end: it is answered in text
    ├── OptionError          a flag, file or value given to a program is wrong
    │   └── AddressError     a text that should name an address does not
    ├── ListenError          an address cannot be listened on
    ├── StartError           a process cannot start: pid file, log, user, limits
    ├── StoreError           a store cannot be opened, read or written
    └── AdminError           a job server cannot be asked, or not understood
        ├── RefusedError     it answers a text command with an error
        └── UnknownJobError  it knows no job or dead letter of that name

What a peer sends can raise nothing but ``ProtocolError`` and its children.
"""

from __future__ import annotations

__all__ = [
    "AddressError",
    "AdminError",
    "GeartrainError",
    "LineError",
    "ListenError",
    "OptionError",
    "PacketError",
    "ProtocolError",
    "RefusedError",
    "StartError",
    "StoreError",
    "UnknownJobError",
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
    """One packet is wrong but ends where it says: the connection goes on."""


class LineError(ProtocolError):
    """A line of text is too long to be a command: the connection ends."""


class OptionError(GeartrainError):
    """A flag, a configuration file or a value given to a program is wrong."""


class AddressError(OptionError):
    """A text that should name an address does not."""


class ListenError(GeartrainError):
    """An address cannot be listened on."""


class StartError(GeartrainError):
    """A process cannot start as it was told: its pid file, log, user or limits."""


class StoreError(GeartrainError):
    """A store cannot be opened, read or written."""


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
        super().__init__(f"there is no {kind} {name!r}")
        self.name = name
