"""Functions: a name, a handler, and how the handler is called."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

from geartrain.errors import OptionError, WorkerError
from geartrain.seconds import FOREVER, Seconds, number
from geartrain.worker.signatures import (
    can_be_called,
    check_call,
    check_name,
    parameters,
)

if TYPE_CHECKING:
    from geartrain.codecs import Codec

__all__ = [
    "Around",
    "Handled",
    "WorkerFunction",
    "WrappedFunction",
    "as_bytes",
    "is_async",
    "key",
    "takes_job",
    "text",
]

_JOB_TYPES: Final = frozenset({"WorkerJob", "AsyncWorkerJob"})


Around: TypeAlias = "Callable[[Any, Callable[[Any], Any]], Any]"
"""Is called with a job and what calls its handler; returns what that returns."""


class Handled(Protocol):
    """What is needed of a job to call a handler."""

    @property
    def value(self) -> Any:
        """Return the workload, decoded."""


class WorkerFunction:
    """A function a worker serves.

    The handler's first parameter decides what it is called with. If it is named
    ``job``, or annotated ``WorkerJob`` or ``AsyncWorkerJob``, the handler gets the job.
    Any other handler gets the decoded workload. With codecs other than ``bytes`` and
    ``text``, the items of a list are its positional arguments, those of a dict its
    keyword arguments, and any other value is its only argument. A handler without
    parameters is called without arguments if there is no workload.

    Attributes:
        name: the function's name.
        handler: is called for each job.
        timeout: maximum seconds of an attempt; None for no limit.
        decode: turns the workload into a value.
        encode: turns what the handler returns or yields into bytes.
        takes_job: whether the handler is called with the job.
        is_async: whether it is a coroutine function or an asynchronous generator.
    """

    __slots__ = (
        "_spreads",
        "_takes_nothing",
        "decode",
        "encode",
        "handler",
        "is_async",
        "name",
        "takes_job",
        "timeout",
    )

    def __init__(
        self,
        name: str,
        handler: Callable[..., Any],
        timeout: Seconds | None = None,
        codec: str | Codec | None = None,
    ) -> None:
        """Prepare to call a handler.

        Raises:
            WorkerError: the name, handler or timeout is not valid.
            OptionError: there is no such codec.
        """
        check_name(name)
        if not callable(handler):
            raise WorkerError(f"the handler of {name!r} cannot be called: {handler!r}")
        if timeout is not None and not _is_timeout(timeout):
            raise WorkerError(
                f"the timeout of {name!r} is {timeout!r}: give seconds above 0, at most"
                f" {FOREVER:.0f}, or None"
            )
        self.name = name
        self.handler = handler
        self.timeout = None if timeout is None else number(timeout, "timeout")
        self.takes_job = takes_job(handler)
        self.is_async = is_async(handler)
        self.decode: Callable[[bytes], Any] = bytes
        self.encode: Callable[[Any], bytes] = as_bytes
        self._spreads = False
        if codec is not None and codec != "bytes":
            self._use(codec)
        spreads = self._spreads and not self.takes_job
        takes_one = can_be_called(handler, None)
        self._takes_nothing = spreads and not takes_one and can_be_called(handler)

    def _use(self, codec: str | Codec) -> None:
        from geartrain.codecs import get_codec

        found = get_codec(codec)
        self.decode = found.decode
        self._spreads = not found.joins
        self.encode = partial(_joined, found) if found.joins else found.encode

    def check(self) -> None:
        """Raise WorkerError if no job can call the handler."""
        check_call(self.name, self.handler, self._spreads and not self.takes_job)

    @property
    def milliseconds(self) -> int:
        """Return the timeout as CAN_DO_TIMEOUT has it; 0 for none."""
        return 0 if self.timeout is None else max(1, round(self.timeout * 1000))

    def call(self, job: Handled) -> Any:
        """Call the handler for a job."""
        # Read first: Python calls an attribute as a method, in 250 instructions more.
        handler = self.handler
        if self.takes_job:
            return handler(job)
        value = job.value
        if self._spreads:
            if value is None and self._takes_nothing:
                return handler()
            if type(value) is list:
                return handler(*value)
            if type(value) is dict:
                return handler(**value)
        return handler(value)


class WrappedFunction(WorkerFunction):
    """A function whose handler is called by way of something that wraps the call."""

    __slots__ = ("_around",)

    def __init__(self, function: WorkerFunction, around: Around) -> None:
        for name in WorkerFunction.__slots__:
            setattr(self, name, getattr(function, name))
        self._around = around

    def call(self, job: Handled) -> Any:
        """Call the handler for a job."""
        return self._around(job, super().call)


def _is_timeout(timeout: object) -> bool:
    try:
        return 0 < number(timeout, "timeout") <= FOREVER
    except OptionError:
        return False


def _joined(codec: Codec, value: Any) -> bytes:
    """Encode a value; None is no bytes."""
    return b"" if value is None else codec.encode(value)


def key(name: str) -> bytes:
    """Return a name as it is on the wire."""
    return name.encode(errors="surrogateescape")


def text(name: bytes) -> str:
    """Return a name from the wire."""
    return name.decode(errors="surrogateescape")


def as_bytes(value: object) -> bytes:
    """Return a result or piece of data as bytes: bytes, text, or None for none.

    Raises:
        TypeError: the value is of another type.
    """
    if value is None:
        return b""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bytearray | memoryview):
        return bytes(value)
    raise TypeError(
        f"a result is bytes, str or None, not {type(value).__name__}: convert it, or"
        " register the function with a codec such as 'json'"
    )


def is_async(handler: Callable[..., Any]) -> bool:
    """Return whether a handler is a coroutine function or asynchronous generator."""
    for each in (handler, getattr(handler, "__call__", None)):  # noqa: B004
        if inspect.iscoroutinefunction(each) or inspect.isasyncgenfunction(each):
            return True
    return False


def takes_job(handler: Callable[..., Any]) -> bool:
    """Return whether a handler's first parameter is for the job."""
    found = parameters(handler)
    if not found:
        return False
    first = found[0]
    annotation = first.annotation
    named = annotation if isinstance(annotation, str) else _name(annotation)
    named = named.strip("'\"")
    return first.name == "job" or named.rpartition(".")[2] in _JOB_TYPES


def _name(annotation: object) -> str:
    return str(getattr(annotation, "__name__", ""))
