from __future__ import annotations

import functools
from datetime import timedelta
from typing import Any

import pytest

from geartrain.errors import OptionError, WorkerError
from geartrain.worker.functions import WorkerFunction, as_bytes
from geartrain.worker.jobs import WorkerJob


class Given:
    """A job as far as a function looks at it."""

    def __init__(self, function: WorkerFunction, workload: bytes) -> None:
        self.value = function.decode(workload)


def called(handler: Any, workload: bytes, codec: str | None = None) -> Any:
    function = WorkerFunction("f", handler, codec=codec)
    return function.call(Given(function, workload))


def echo(*arguments: Any, **named: Any) -> tuple[Any, ...]:
    return (*arguments, *sorted(named.items()))


@pytest.mark.parametrize(
    ("codec", "workload", "arguments"),
    [
        (None, b"[1]", (b"[1]",)),
        ("bytes", b"[1]", (b"[1]",)),
        ("text", b"[1]", ("[1]",)),
        ("json", b"[1,2]", (1, 2)),
        ("json", b"[[1,2]]", ([1, 2],)),
        ("json", b'{"b":1,"a":2}', (("a", 2), ("b", 1))),
        ("json", b'"x"', ("x",)),
        ("json", b"", (None,)),
    ],
)
def test_what_a_handler_is_called_with(
    codec: str | None, workload: bytes, arguments: tuple[Any, ...]
) -> None:
    assert called(echo, workload, codec) == arguments


def named_job(job):  # type: ignore[no-untyped-def]
    return job


def annotated(given: WorkerJob) -> WorkerJob:
    return given


def annotated_by_text(given: "geartrain.worker.WorkerJob") -> Any:  # type: ignore[name-defined]  # noqa: F821, UP037
    return given


def other(given: bytes) -> bytes:
    return given


class Method:
    def handle(self, job: Any) -> Any:
        return job


@pytest.mark.parametrize(
    ("handler", "takes_job"),
    [
        (named_job, True),
        (annotated, True),
        (annotated_by_text, True),
        (Method().handle, True),
        (functools.partial(echo, 1), False),
        (other, False),
        (str, False),
        (lambda: None, False),
    ],
)
def test_who_gets_the_job(handler: Any, takes_job: bool) -> None:
    assert WorkerFunction("f", handler).takes_job is takes_job


def test_a_job_is_given_whatever_the_codec() -> None:
    function = WorkerFunction("f", named_job, codec="json")
    job = Given(function, b"[1]")
    assert function.call(job) is job
    assert job.value == [1]


@pytest.mark.parametrize(
    ("codec", "value", "data"),
    [
        (None, None, b""),
        (None, memoryview(b"a"), b"a"),
        ("text", None, b""),
        ("text", "é", b"\xc3\xa9"),
        ("json", None, b"null"),
        ("json", [1], b"[1]"),
    ],
)
def test_how_results_are_encoded(codec: str | None, value: Any, data: bytes) -> None:
    assert WorkerFunction("f", echo, codec=codec).encode(value) == data


def test_a_result_that_is_no_bytes_is_refused() -> None:
    with pytest.raises(TypeError, match="not dict: convert it, or register"):
        as_bytes({})


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("", echo), "the function's name is empty"),
        (("a\0b", echo), "has a NUL"),
        (("f", "not callable"), "cannot be called"),
        (("f", echo, 0), "give seconds above 0"),
        (("f", echo, -1), "give seconds above 0"),
        (("f", echo, float("nan")), "give seconds above 0"),
        (("f", echo, timedelta.max), "give seconds above 0, at most 1000000000, or"),
    ],
)
def test_what_cannot_be_a_function(arguments: tuple[Any, ...], text: str) -> None:
    with pytest.raises(WorkerError, match=text):
        WorkerFunction(*arguments)


def test_an_unknown_codec() -> None:
    with pytest.raises(OptionError, match="there is no codec 'xml'"):
        WorkerFunction("f", echo, codec="xml")


@pytest.mark.parametrize(
    ("timeout", "milliseconds"),
    [
        *((None, 0), (2, 2000), (0.25, 250), (0.0001, 1), (timedelta(seconds=3), 3000)),
    ],
)
def test_the_timeout_on_the_wire(timeout: Any, milliseconds: int) -> None:
    assert WorkerFunction("f", echo, timeout).milliseconds == milliseconds
