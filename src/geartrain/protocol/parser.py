"""Split what a peer sends into packets and text commands.

PROTOCOL: a message that begins with a NUL byte is a binary packet, any other is a
line of text; a connection may mix them. The parser keeps what is incomplete and
knows nothing of what packets mean.
"""

from __future__ import annotations

from typing import Final

from geartrain.errors import LineError, PacketError, ProtocolError
from geartrain.protocol.admin import Command, parse_command
from geartrain.protocol.constants import (
    HEADER_SIZE,
    MAX_ARGUMENTS_SIZE,
    MAX_LINE,
    REQUEST_MAGIC,
    RESPONSE_MAGIC,
    PacketType,
)
from geartrain.protocol.foreign import check_lines
from geartrain.protocol.large_packets import LargePacket
from geartrain.protocol.packets import (
    ARGUMENT_COUNT,
    ARGUMENTS,
    HAS_DATA,
    NO_MORE,
    REQUESTS,
    Packet,
    payload_size,
    split,
)
from geartrain.protocol.room import FULL, RESULTS, Room

__all__ = ["LOOKING", "Parser"]

LOOKING: Final = Command([])
"""What ``Parser.next`` returns in place of a message while it looks through text."""

# Bytes of text that are looked through at once: up to a millisecond, if each line has
# a byte or two.
_LOOK: Final = 1024

# Perl's worker leaves out an empty last argument together with the NUL before it: when
# a result is "" or "0", and the denominator always.
_LAST_OPTIONAL: Final = frozenset(
    {
        PacketType.WORK_STATUS,
        PacketType.WORK_COMPLETE,
        PacketType.WORK_DATA,
        PacketType.WORK_WARNING,
        PacketType.WORK_EXCEPTION,
    }
)

# What a worker sends about a job; the first argument is its handle.
_REPORTS: Final = _LAST_OPTIONAL | {PacketType.WORK_FAIL}
# No handle that a job server gives is longer: C clients have room for 64 bytes.
_MOST_HANDLE: Final = 128


class Parser:
    """The receiving side of one connection.

    Call ``feed`` with each piece of bytes that arrives, then ``next`` until it
    returns None.
    """

    def __init__(self, max_packet: int, room: Room | None = None) -> None:
        """Take packets whose data is at most ``max_packet`` bytes, while there is room.

        Results are taken whether there is room or not.
        """
        self._room = room or Room()
        self._limit = max_packet + MAX_ARGUMENTS_SIZE
        self._buffer = b""
        self._position = 0
        # Up to where the lines of text in the buffer are known to be Gearman's.
        self._checked = 0
        # Bytes of a refused packet that are still to be thrown away.
        self._skip = 0
        self._large: LargePacket | None = None

    def feed(self, data: bytes) -> None:
        """Take bytes that arrived, behind those that ``next`` has not yet returned."""
        if self._skip > 0:
            data = self._skip_through(data)
        large = self._large
        if large is not None and large.missing > 0:
            data = large.add(data)
        if self._position < len(self._buffer):
            self._buffer = self._buffer[self._position :] + data
        else:
            self._buffer = data
        self._position = 0
        self._checked = 0

    def has_more(self) -> bool:
        """Tell whether bytes are left that ``next`` has not been asked about."""
        if self._large is not None:
            return self._large.missing == 0
        return self._position < len(self._buffer)

    def forget(self) -> None:
        """Let go of all bytes: there is no connection any more."""
        self._buffer = b""
        self._position = 0
        self._large = None

    def next(self) -> Packet | Command | None:
        """Return the next whole packet or command, or None until more bytes come.

        Much text is looked through a part at each call, and each but the last of these
        calls returns ``LOOKING``.

        Raises:
            PacketError: one packet is wrong; ``next`` goes on behind it.
            ProtocolError: what follows cannot be understood; the connection is
                at its end.
        """
        if self._large is not None:
            return self._next_large(self._large)
        buffer = self._buffer
        start = self._position
        available = len(buffer) - start
        if available <= 0:
            # What it was read from is not kept until more comes.
            self._buffer = b""
            self._position = 0
            return None
        if buffer[start] != 0:
            return self._next_line()
        if available < HEADER_SIZE:
            _check_magic(buffer[start : start + 4])
            return None
        code = REQUESTS.get(buffer[start : start + 8], 0)
        size = payload_size(buffer, start)
        body = start + HEADER_SIZE
        if code == 0 or size > MAX_ARGUMENTS_SIZE:
            self._check_header(buffer[start:body], code, size)
        if available < HEADER_SIZE + size:
            # One that is too large stays until it is known whose job it is about.
            if size > MAX_ARGUMENTS_SIZE and not self._is_too_large(code, size):
                self._check_room(code, size)
                self._begin_large(code, size)
            return None
        self._position = body + size
        return _packet(code, buffer[body : body + size], NO_MORE)

    def _next_line(self) -> Command | None:
        end = self._buffer.find(b"\n", self._position)
        length = (end if end >= 0 else len(self._buffer)) - self._position
        if (end >= 0 or length > MAX_LINE) and not self._look_through():
            return LOOKING
        if length > MAX_LINE:
            raise LineError(
                b"LINE_TOO_LONG", b"A line of text has at most %d bytes" % MAX_LINE
            )
        if end < 0:
            return None
        line = self._buffer[self._position : end]
        self._position = end + 1
        return parse_command(line)

    def _look_through(self) -> bool:
        """Look at some lines for another protocol; tell whether none is left to see.

        That is all that came together, so that no line goes before the telling one.
        """
        start = max(self._checked, self._position)
        if self._is_looked_through(start):
            return True
        self._checked = check_lines(self._buffer, start, _LOOK)
        return self._is_looked_through(self._checked)

    def _is_looked_through(self, checked: int) -> bool:
        """Tell whether nothing or a packet follows the lines before this place."""
        return checked >= len(self._buffer) or self._buffer[checked] == 0

    def _is_too_large(self, code: int, size: int) -> bool:
        """Tell whether a packet of a known type is beyond its limit."""
        if code == 0:
            return False
        return size > (self._limit if HAS_DATA[code] else MAX_ARGUMENTS_SIZE)

    def _names_its_job(self, code: int) -> bool:
        """Tell whether the handle of a job that is reported on has arrived.

        The attempt ends with a packet that is refused, so it must be known whose.
        """
        if code not in _REPORTS:
            return True
        beginning = self._buffer[self._position + HEADER_SIZE :][:_MOST_HANDLE]
        return len(beginning) == _MOST_HANDLE or b"\0" in beginning

    def _handle(self, code: int) -> bytes:
        """Return the handle at the beginning of a packet that reports on a job."""
        if code not in _REPORTS:
            return b""
        beginning = self._buffer[self._position + HEADER_SIZE :][:_MOST_HANDLE]
        return beginning.partition(b"\0")[0]

    def _check_header(self, header: bytes, code: int, size: int) -> None:
        """Refuse a packet by its header, and step over it where that is possible.

        One about a job is not refused before the job's handle has arrived.
        """
        if header[:4] != REQUEST_MAGIC:
            _check_magic(header[:4])
            self._refuse(size)
            raise PacketError(b"INVALID_MAGIC", b"Request magic expected")
        if code == 0:
            unknown = int.from_bytes(header[4:8], "big")
            raise ProtocolError(
                b"INVALID_COMMAND", b"Packet type %d is unknown" % unknown
            )
        if self._is_too_large(code, size) and self._names_its_job(code):
            limit = self._limit if HAS_DATA[code] else MAX_ARGUMENTS_SIZE
            handle = self._handle(code)
            self._refuse(size)
            raise PacketError(
                b"DATA_TOO_LARGE",
                b"%s of %d bytes is more than the %d this server takes"
                % (PacketType(code).name.encode(), size, limit),
                handle,
            )

    def _check_room(self, code: int, size: int) -> None:
        """Refuse what there is no memory for before it takes any."""
        room = self._room
        if size <= room.left and not room.is_full:
            return
        if code not in RESULTS:
            self._refuse(size)
            room.refused += 1
            raise PacketError(b"QUEUE_ERROR", FULL)

    def held(self) -> int:
        """Return how many bytes wait for what is missing, and let go of all others."""
        if self._position > 0 and self._position * 2 > len(self._buffer):
            self._buffer = self._buffer[self._position :]
            self._checked = max(0, self._checked - self._position)
            self._position = 0
        large = self._large
        return len(self._buffer) + (
            large.size - large.missing if large is not None else 0
        )

    def under_way(self) -> int:
        """Return the type of the packet that has begun and not ended, or 0."""
        large = self._large
        if large is not None:
            return large.type if large.missing > 0 else 0
        return self._begun()[0]

    def _begun(self) -> tuple[int, int]:
        """Return type and missing bytes of an incomplete packet in the buffer."""
        header = self._buffer[self._position : self._position + HEADER_SIZE]
        code = REQUESTS.get(header[:8], 0)
        if len(header) < HEADER_SIZE or code == 0:
            return 0, 0
        size = payload_size(header, 0)
        missing = HEADER_SIZE + size - (len(self._buffer) - self._position)
        return (code, missing) if missing > 0 else (0, 0)

    def give_up(self) -> None:
        """Throw the packet under way away; what is missing is skipped as it comes."""
        if self._large is not None:
            self._skip = self._large.missing
            self._large = None
        else:
            self._skip = self._begun()[1]
        self._buffer = b""
        self._position = 0
        self._checked = 0

    def _refuse(self, size: int) -> None:
        """Throw away the packet at hand, the part that is still to come included."""
        self._position += HEADER_SIZE
        self._skip = size
        rest = self._skip_through(self._buffer[self._position :])
        self._buffer = rest
        self._position = 0
        self._checked = 0

    def _skip_through(self, data: bytes) -> bytes:
        skipped = min(self._skip, len(data))
        self._skip -= skipped
        return data[skipped:]

    def _begin_large(self, code: int, size: int) -> None:
        """Gather a packet's pieces as they are instead of joining them."""
        first = self._buffer[self._position + HEADER_SIZE :]
        self._large = LargePacket(code, size, first)
        self._buffer = b""
        self._position = 0
        self._checked = 0

    def _next_large(self, large: LargePacket) -> Packet | None:
        """Return a gathered packet once it is whole."""
        if large.missing > 0:
            return None
        self._large = None
        # The first piece is longer than the arguments before the data may be.
        return _packet(large.type, large.pieces[0], large.pieces[1:])


def _check_magic(magic: bytes) -> None:
    """Raise if these first bytes of a packet are, or begin, no known magic."""
    if not REQUEST_MAGIC.startswith(magic) and not RESPONSE_MAGIC.startswith(magic):
        raise ProtocolError(
            b"INVALID_MAGIC", b"A packet begins with \\0REQ, a command with a letter"
        )


def _packet(code: int, payload: bytes, more: list[bytes]) -> Packet:
    """Return a packet, its payload split into the arguments that its type has."""
    count = ARGUMENT_COUNT[code]
    if count == 1:
        return Packet(code, payload, [payload], more)
    # Of a large packet only its beginning is looked at, however it was cut.
    is_large = len(payload) > MAX_ARGUMENTS_SIZE
    if is_large and len(split(code, payload[:MAX_ARGUMENTS_SIZE])) < count:
        raise _wrong_arguments(code, b"not all before the data end within 64 KiB")
    arguments = split(code, payload)
    if len(arguments) == count:
        return Packet(code, payload, arguments, more)
    if len(arguments) == count - 1 and code in _LAST_OPTIONAL and not more:
        return Packet(code, payload + b"\0", [*arguments, b""], more)
    raise _wrong_arguments(code, b"got %d" % len(arguments))


def _wrong_arguments(code: int, what: bytes) -> PacketError:
    names = ARGUMENTS[PacketType(code)]
    return PacketError(
        b"INVALID_PACKET",
        b"%s has %d arguments (%s), %s"
        % (PacketType(code).name.encode(), len(names), ", ".join(names).encode(), what),
    )
