"""Jobs submitted by HTTP: the body becomes the workload as it arrives.

A packet says its size first. So a body that tells its own (``Content-Length``) is
passed on piece by piece: the job server counts what has arrived of it, refuses it, or
gives it up as of any client, and nothing is in memory twice. One that does not is
gathered first, and may be no larger than 16 MiB.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from typing import Any, Final, cast

from starlette.requests import Request

from geartrain.client import requests
from geartrain.client.options import JobOptions
from geartrain.client.requests import Job, job
from geartrain.codecs import get_codec
from geartrain.errors import OptionError, ProtocolError
from geartrain.http.links import Link
from geartrain.http.problems import ProblemError, problem_of
from geartrain.protocol.calls import without_worker
from geartrain.protocol.client import ClientProtocol, Event
from geartrain.protocol.constants import HEADER_SIZE, PacketType

__all__ = ["Bytes", "JobLink", "Workload", "follow", "job_headers", "submit"]

# Bytes of a body that does not tell its size, and of all such bodies at once.
_MOST_GATHERED: Final = 16 * 1024 * 1024
_MOST_IN_ALL: Final = 64 * 1024 * 1024
_BYTES: Final = get_codec("bytes")
# What the names of headers begin with that are the job's.
_PREFIX: Final = b"gearman-header-"
# Those of W3C's Trace Context and Baggage are the job's, too.
_TRACE: Final = frozenset({b"traceparent", b"tracestate", b"baggage"})
_OPTIONS: Final = tuple(JobOptions.__annotations__)
# Bytes that a packet's header can tell.
_MAX_SIZE: Final = 0xFFFFFFFF


class JobLink(Link):
    """The connection of one job, from its submission to its end."""

    def __init__(self) -> None:
        super().__init__()
        self.protocol = ClientProtocol()
        self._events: deque[Event] = deque()
        self._size = 0

    def data_received(self, data: bytes) -> None:
        """Take in what the job server tells."""
        try:
            events = self.protocol.receive(data)
        except ProtocolError:
            self.close()
            return
        self._events.extend(events)
        self._size += sum(len(a) for event in events for a in event.arguments)
        if events:
            self.pace(self._size)
            self._tell()

    def has_ended(self) -> bool:
        """Return whether the job server has answered, or left."""
        return bool(self._events) or self.is_lost

    async def next(self) -> Event:
        """Return what is told next.

        Raises:
            ProblemError: the job server has ended the connection.
        """
        while not self._events:
            await self.wait()
        event = self._events.popleft()
        self._size -= sum(map(len, event.arguments))
        self.pace(self._size)
        return event


class Workload:
    """The body of a request, as it arrives."""

    _gathered = 0

    def __init__(self, request: Request, most: int) -> None:
        """Take a body of at most that many bytes.

        Raises:
            ProblemError: it is larger, or encoded.
        """
        self._request = request
        self._most = most
        if request.headers.get("content-encoding", "identity").lower() != "identity":
            raise ProblemError(
                "unsupported-type",
                "a body with Content-Encoding is not decoded: send it as it is, or"
                " leave the header out if workers decode it",
                headers={"Accept-Encoding": "identity"},
            )
        size = request.headers.get("content-length")
        self.size = int(size) if size is not None else None
        if self.size is not None and self.size > most:
            raise self._too_large()

    async def sized(self) -> tuple[int, AsyncIterator[bytes]]:
        """Return its size and its pieces.

        Raises:
            ProblemError: it is too large.
        """
        if self.size is not None:
            return self.size, self._pieces()
        if "transfer-encoding" not in self._request.headers:
            return 0, _each([])
        pieces = await self._gather()
        return sum(map(len, pieces)), _each(pieces)

    async def _pieces(self) -> AsyncIterator[bytes]:
        async for piece in self._request.stream():
            if piece:
                yield piece

    async def _gather(self) -> list[bytes]:
        pieces: list[bytes] = []
        size = 0
        try:
            async for piece in self._pieces():
                size += len(piece)
                Workload._gathered += len(piece)
                if size > self._most:
                    raise self._too_large()
                if size > _MOST_GATHERED:
                    raise ProblemError(
                        "length-required",
                        f"a body of more than {_MOST_GATHERED} bytes has to tell its"
                        " size in Content-Length",
                    )
                if Workload._gathered > _MOST_IN_ALL:
                    raise ProblemError(
                        "unavailable",
                        "too many bodies without Content-Length arrive at once: send"
                        " that header, or try again later",
                    )
                pieces.append(piece)
        finally:
            Workload._gathered -= size
        return pieces

    def _too_large(self) -> ProblemError:
        return ProblemError(
            "too-large",
            f"the body has more than {self._most} bytes, the largest workload that is"
            " taken (--max-packet)",
            limit=self._most,
        )


class Bytes:
    """A workload that is at hand."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    async def sized(self) -> tuple[int, AsyncIterator[bytes]]:
        """Return its size and its pieces."""
        return len(self._data), _each([self._data])


async def _each(pieces: list[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def job_headers(request: Request) -> dict[str, str]:
    """Return the headers of a job, and its trace's context, among those of a request.

    HTTP does not tell capitals in names apart: they are small.
    """
    found = {}
    for name, value in request.scope["headers"]:
        own = name.removeprefix(_PREFIX)
        if own != name or name in _TRACE:
            found[own.decode("latin-1")] = value.decode("utf-8", "surrogateescape")
    return found


def prepared(values: dict[str, Any], headers: dict[str, str], is_awaited: bool) -> Any:
    """Return the submission, without its workload, that a request describes.

    Raises:
        ProblemError: a value is wrong, or two do not go together.
    """
    at, delay = values.get("at"), values.get("delay")
    options = {name: values[name] for name in _OPTIONS if name in values}
    special = (at, delay, "", False, cast("JobOptions", options), None, headers or None)
    asked: Job = (
        values["function"],
        b"",
        values.get("unique") or values.get("idempotency_key") or None,
        None,
        values["priority"],
        not is_awaited,
        special,
    )
    try:
        return job(asked, _BYTES, 0)
    except OptionError as error:
        raise ProblemError("invalid", str(error)) from None


async def follow(link: JobLink, handle: str) -> None:
    """Follow a job that was submitted before.

    Raises:
        ProblemError: the job server does not know it, or has nothing to tell.
    """
    try:
        call = requests.follow(handle, _BYTES).call
    except OptionError as error:
        raise ProblemError("invalid", str(error)) from None
    await link.send(link.protocol.begin_options() + link.protocol.begin(call))
    await _created(link)


async def submit(
    link: JobLink,
    values: dict[str, Any],
    headers: dict[str, str],
    workload: Workload | Bytes,
    is_awaited: bool,
) -> str:
    """Submit a job; return its handle once it is acknowledged, and durable if kept.

    Raises:
        ProblemError: something is wrong with it, or the job server refuses it.
        ClientDisconnect: the client has gone before it had sent all.
    """
    call = prepared(values, headers, is_awaited).call
    size, pieces = await workload.sized()
    options = _options(link, values) if is_awaited else b""
    before, packet = _parted(link.protocol.begin(call))
    # Its header ends with the size of all that follows.
    whole = int.from_bytes(packet[8:12], "big") + size
    if whole > _MAX_SIZE:
        raise ProblemError("too-large", "a packet has fewer than 4 GiB")
    sized = packet[:8] + whole.to_bytes(4, "big") + packet[12:]
    await link.send(options + before + sized)
    async for piece in pieces:
        await link.send(piece)
        if link.has_ended():
            break
    return await _created(link)


def _options(link: JobLink, values: dict[str, Any]) -> bytes:
    """Return what is asked of the connection of a job whose end is told."""
    fails = True if values.get("fail_without_worker") else None
    return link.protocol.begin_options(without_worker(fails))


def _parted(packets: bytes) -> tuple[bytes, bytes]:
    """Return what comes before a submission, headers and options, and the rest."""
    begin = end = 0
    while end < len(packets):
        begin = end
        end += HEADER_SIZE + int.from_bytes(packets[begin + 8 : begin + 12], "big")
    return packets[:begin], packets[begin:]


async def _created(link: JobLink) -> str:
    """Return the handle in the answer; raises ProblemError."""
    event = await link.next()
    if event.type == PacketType.ERROR:
        code, text = (each.decode("utf-8", "replace") for each in event.arguments)
        raise problem_of(code, text)
    return event.arguments[0].decode("utf-8", "surrogateescape")
