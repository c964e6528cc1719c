"""What is wrong with a function or its handler is said when it is registered."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any

import pytest

from geartrain.errors import WorkerError
from geartrain.worker import Worker
from tests.support.servers import RunningServer
from tests.support.worker_faces import Script, client, complete, outcome, running


def nothing() -> str:
    return "pong"


def two(left: Any, right: Any) -> Any:
    return left, right


def keyword(job: Any, *, more: Any) -> Any:
    return more


def only_keywords(**names: Any) -> Any:
    return names


def anything(*arguments: Any) -> Any:
    return arguments


def positional(left: Any, /, right: Any = None) -> Any:
    return left, right


def impossible(left: Any, /, *, right: Any) -> Any:
    return left, right


class Kind:
    def method(self, job: Any) -> Any:
        return job

    def __call__(self, job: Any) -> Any:
        return job


class Silly:
    """Says nothing sensible about how it is called."""

    __signature__ = "no signature"

    def __call__(self, job: Any) -> Any:
        return job


@pytest.mark.parametrize(
    "handler",
    [
        anything,
        positional,
        lambda job: job,
        Kind().method,
        Kind(),
        Silly(),
        functools.partial(two, 1),
        functools.partial(keyword, more=1),
        functools.lru_cache(lambda job: job),
        str,
        bytes,
        max,
        "".join,
        int,
    ],
)
def test_these_can_be_handlers(handler: Callable[..., Any]) -> None:
    Worker().register("f", handler)


@pytest.mark.parametrize(
    ("handler", "text"),
    [
        (nothing, r"the handler of 'f' takes no argument.*def nothing\(job\)"),
        (lambda: None, r"def handler\(job\)"),
        (two, r"two\(left.*cannot be called with one argument"),
        (keyword, "cannot be called with one argument"),
        (only_keywords, "cannot be called with one argument"),
        (Kind.method, "cannot be called with one argument"),
        (functools.partial(two), "cannot be called with one argument"),
        (functools.partial(two, 1, 2), "takes no argument"),
        (Kind, "takes no argument"),
        ("text", "the handler of 'f' cannot be called: 'text'"),
        (None, "cannot be called: None"),
    ],
)
def test_these_cannot(handler: Any, text: str) -> None:
    with pytest.raises(WorkerError, match=text):
        Worker().register("f", handler)
    with pytest.raises(WorkerError, match=text):
        Worker().function("f")(handler)


@pytest.mark.parametrize(
    "handler", [nothing, two, keyword, only_keywords, anything, positional, str]
)
def test_a_codec_that_spreads_gives_other_arguments(
    handler: Callable[..., Any],
) -> None:
    worker = Worker(codec="json")
    if handler is keyword:
        # Its first parameter says that it gets the job, and so nothing else.
        with pytest.raises(WorkerError, match="cannot be called with one argument"):
            worker.register("f", handler)
        return
    worker.register("f", handler)


def test_some_can_be_called_in_no_way() -> None:
    with pytest.raises(WorkerError, match=r"impossible\(left"):
        Worker().register("f", impossible, codec="json")


def test_a_handler_of_no_arguments_needs_no_workload(
    script: Script, geartrain: RunningServer
) -> None:
    worker = script.make(geartrain.address, codec="json")

    async def nothing_async() -> str:
        return "pong"

    worker.register("ping", nothing if script.name == "blocking" else nothing_async)
    with running(script, worker), client(geartrain) as wire:
        for workload in (b"", b"[]", b"{}", b"null"):
            assert outcome(wire, b"ping", workload) == complete(b'"pong"')


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("", "is empty"),
        ("a\0b", "has a NUL"),
        (b"f", "the function's name is b'f': give text"),
        (7, "the function's name is 7: give text"),
        (None, "the function's name is None: give text"),
        ("\ud800", "cannot be encoded"),
        ("x" * 70_000, "has 70000 bytes"),
    ],
)
def test_what_is_no_name(script: Script, name: Any, text: str) -> None:
    worker = script.make()
    with pytest.raises(WorkerError, match=text):
        worker.register(name, Kind())
    with pytest.raises(WorkerError, match=text):
        worker.function(name)
    with pytest.raises(WorkerError, match=text):
        worker.partitioner(name, aggregator=anything)
    assert worker.functions == []


def test_bytes_that_are_no_text_may_be_in_a_name(script: Script) -> None:
    worker = script.make()
    worker.register("caf\udce9", Kind())
    assert worker.functions == ["caf\udce9"]


def test_the_decorator_needs_parentheses(script: Script) -> None:
    worker = script.make()
    with pytest.raises(WorkerError, match=r"write @worker\.function\('nothing'\)"):
        worker.function(nothing)
    with pytest.raises(WorkerError, match="a function needs a name before its handler"):
        worker.register(nothing, "nothing")


def test_a_part_of_a_partitioner_is_checked(script: Script) -> None:
    worker = script.make()
    with pytest.raises(WorkerError, match="cannot be called with one argument"):
        worker.partitioner("f", aggregator=two)
    with pytest.raises(WorkerError, match="takes no argument"):
        worker.partitioner("f", aggregator=list)(nothing)
    with pytest.raises(WorkerError, match="a part of 'f' cannot be called"):
        worker.partitioner("f", aggregator="join")


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf"), "5", True, []])
def test_what_is_no_timeout(script: Script, timeout: Any) -> None:
    with pytest.raises(WorkerError, match="the timeout of 'f' is"):
        script.make().register("f", Kind(), timeout=timeout)


@pytest.mark.parametrize("name", ["a b", "a\nb", "a\tb", "a\0b", "a\x1bb", b"ab", 7])
def test_what_is_no_id(script: Script, name: Any) -> None:
    with pytest.raises(WorkerError, match="give text without spaces"):
        script.make(id=name)


def test_a_handler_in_place_of_another_is_logged(
    script: Script, caplog: pytest.LogCaptureFixture
) -> None:
    worker = script.make()
    with caplog.at_level(logging.WARNING, "geartrain.worker"):
        worker.register("one", Kind())
        worker.register("two", Kind())
        assert caplog.messages == []
        worker.register("one", Kind())
    assert caplog.messages == ["'one' has a new handler in place of another"]


def test_a_worker_without_functions_says_so(script: Script) -> None:
    with pytest.raises(WorkerError, match="serves no function: register one"):
        script.run(script.make("127.0.0.1:1"))
