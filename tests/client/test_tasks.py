"""Tasks and their callbacks, as PHP's extension has them."""

from __future__ import annotations

from typing import Any

import pytest

from geartrain.client import Task
from geartrain.errors import (
    ConnectError,
    JobExceptionError,
    JobFailedError,
    JobTimeoutError,
    OptionError,
    ServerError,
)
from geartrain.protocol.constants import PacketType as P
from tests.support.client_faces import Face, Place
from tests.support.raw_workers import complain, count, fail, reverse, worker
from tests.support.wire import Wire

COVERS = ("client/adding",)

NAMES = ("created", "data", "warning", "status", "complete", "exception", "fail")


class Notes:
    """Callbacks that note what they are called with."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, Any, Any]] = []

    def callbacks(self) -> dict[str, Any]:
        return {f"on_{name}": self.noting(name) for name in NAMES}

    def noting(self, name: str) -> Any:
        def note(task: Task, context: Any) -> None:
            told = task.data
            if name == "status":
                told = (task.numerator, task.denominator)
            self.lines.append((name, context, told))

        return note

    def of(self, context: Any) -> list[tuple[str, Any]]:
        return [(name, told) for name, whose, told in self.lines if whose == context]


def test_all_callbacks_are_called_with_task_and_context(
    face: Face, function: str
) -> None:
    notes = Notes()

    async def scenario(client: Any) -> None:
        client.set_callbacks(**notes.callbacks())
        first = client.add_task(function, b"a", "first")
        second = client.add_task_high(function, b"b", "second", "unique")
        assert (first.function, second.unique) == (function, "unique")
        assert await client.run_tasks() is True
        assert first.done
        assert second.done
        assert first.result == b"1"
        assert first.error is None
        assert await client.run_tasks() is True

    with worker(face.place.connect, function, count):
        face.run(scenario)
    for context, data in (("first", b"a"), ("second", b"b")):
        assert notes.of(context) == [
            ("created", None),
            ("data", data),
            ("status", (1, 1)),
            ("warning", b"the end"),
            ("complete", b"1"),
        ]


def test_data_that_no_callback_takes_is_in_front_of_the_result(
    face: Face, function: str
) -> None:
    async def scenario(client: Any) -> None:
        task = client.add_task_low(function, "ab", codec="text")
        assert await client.run_tasks()
        assert task.result == "ab2"

    with worker(face.place.connect, function, count):
        face.run(scenario)


def test_a_task_that_fails_does_not_end_the_others(face: Face, function: str) -> None:
    notes = Notes()

    async def scenario(client: Any) -> None:
        client.set_callbacks(**notes.callbacks())
        failed = client.add_task(f"{function}-f", b"x", "failed")
        raised = client.add_task(f"{function}-e", b"x", "raised")
        fine = client.add_task(function, b"ab", "fine")
        assert await client.run_tasks()
        assert isinstance(failed.error, JobFailedError)
        assert isinstance(raised.error, JobExceptionError)
        assert fine.result == b"ba"

    connect = face.place.connect
    with (
        worker(connect, function, reverse),
        worker(connect, f"{function}-f", fail),
        worker(connect, f"{function}-e", complain),
    ):
        face.run(scenario)
    assert [name for name, _ in notes.of("failed")] == ["created", "fail"]
    assert notes.of("raised")[1:] == [("exception", b"no such x")]


def test_background_tasks_are_done_once_created(face: Face, function: str) -> None:
    notes = Notes()

    async def scenario(client: Any) -> None:
        client.set_callbacks(on_created=notes.noting("created"))
        tasks = [
            client.add_task_background(function, b"n"),
            client.add_task_low_background(function, b"l"),
            client.add_task_high_background(function, b"h"),
        ]
        assert await client.run_tasks()
        assert len(notes.lines) == 3
        with Wire(face.place.connect()) as wire:
            wire.register(function.encode())
            grabbed = [wire.grab() for _ in range(3)]
            handles = [tasks[number].handle.encode() for number in (2, 0, 1)]
            assert grabbed == list(zip(handles, [b"h", b"n", b"l"], strict=True))
            for handle in handles:
                wire.send(P.WORK_COMPLETE, handle, b"")
            assert wire.echoes()

    face.run(scenario)


def test_the_status_of_a_job_is_a_task(face: Face, function: str) -> None:
    found = []

    def note(task: Task, context: Any) -> None:
        found.append((task.known, task.running, context))

    async def scenario(client: Any) -> None:
        handle = await client.do_background(function, b"x", unique=f"u-{function}")
        client.set_callbacks(on_status=note)
        client.add_task_status(handle, 1)
        client.add_task_status_by_unique(f"u-{function}", 2)
        client.add_task_status("H:nobody:0", 3)
        assert await client.run_tasks()
        await client.cancel(handle)

    face.run(scenario)
    assert found == [(True, False, 1), (True, False, 2), (False, False, 3)]


def test_a_true_value_from_a_callback_stops_and_the_rest_can_go_on(
    plain_face: Face, geartrain: Place
) -> None:
    function = next(geartrain.functions)
    done = []

    def stop(task: Task, context: Any) -> bool:
        done.append(context)
        return len(done) == 2

    async def scenario(client: Any) -> None:
        for number in range(5):
            client.add_task(function, b"x", number, on_complete=stop)
        assert await client.run_tasks() is False
        assert len(done) == 2
        assert await client.run_tasks() is True
        assert sorted(done) == [0, 1, 2, 3, 4]

    with worker(geartrain.connect, function, reverse):
        plain_face.run(scenario)


def test_a_callback_adds_tasks(plain_face: Face, geartrain: Place) -> None:
    function = next(geartrain.functions)
    results = []

    async def scenario(client: Any) -> None:
        def again(task: Task, context: int) -> None:
            results.append(task.result)
            if context:
                client.add_task(
                    function, task.result + b"!", context - 1, on_complete=again
                )

        client.add_task(function, b"ab", 2, on_complete=again)
        assert await client.run_tasks()

    with worker(geartrain.connect, function, reverse):
        plain_face.run(scenario)
    assert results == [b"ba", b"!ab", b"!ba!"]


def test_a_callback_of_the_asyncio_face_is_awaited(geartrain: Place) -> None:
    function = next(geartrain.functions)
    results = []

    async def scenario(client: Any) -> None:
        async def complete(task: Task, context: Any) -> None:
            results.append((task.result, await client.do(function, b"cd")))

        client.add_task(function, b"ab", on_complete=complete)
        assert await client.run_tasks()

    with worker(geartrain.connect, function, reverse):
        Face("asyncio", geartrain).run(scenario)
    assert results == [(b"ba", b"dc")]


def test_callbacks_are_those_set_when_a_task_is_added(
    plain_face: Face, geartrain: Place
) -> None:
    function = next(geartrain.functions)
    notes = Notes()

    async def scenario(client: Any) -> None:
        client.set_callbacks(on_complete=notes.noting("set"))
        client.add_task(function, b"1", 1)
        client.add_task(function, b"2", 2, on_complete=notes.noting("own"))
        client.add_task(function, b"3", 3, on_complete=None)
        client.clear_callbacks()
        client.add_task(function, b"4", 4)
        assert await client.run_tasks()

    with worker(geartrain.connect, function, reverse):
        plain_face.run(scenario)
    assert sorted(notes.lines) == [("own", 2, b"2"), ("set", 1, b"1")]


def test_a_refused_task_fails(plain_face: Face, geartrain: Place) -> None:
    function = next(geartrain.functions)
    notes = Notes()
    with Wire(geartrain.connect()) as wire:
        assert wire.command(b"maxqueue %s 1" % function.encode()) == b"OK\r\n"

    async def scenario(client: Any) -> None:
        client.add_task_background(function)
        task = client.add_task(function, on_fail=notes.noting("fail"))
        assert await client.run_tasks()
        assert isinstance(task.error, ServerError)

    plain_face.run(scenario)
    assert len(notes.lines) == 1


def test_many_tasks_run_at_once(plain_face: Face, geartrain: Place) -> None:
    function = next(geartrain.functions)

    async def scenario(client: Any) -> None:
        tasks = [client.add_task(function, str(number)) for number in range(2000)]
        assert await client.run_tasks()
        results = [task.result for task in tasks]
        assert results == [str(number).encode()[::-1] for number in range(2000)]

    with worker(geartrain.connect, function, reverse):
        plain_face.run(scenario)


def test_tasks_that_time_out_can_go_on(plain_face: Face, geartrain: Place) -> None:
    function = next(geartrain.functions)

    async def scenario(client: Any) -> None:
        task = client.add_task(function, b"ab")
        with pytest.raises(JobTimeoutError):
            await client.run_tasks(timeout=0.1)
        with worker(geartrain.connect, function, reverse):
            assert await client.run_tasks()
        assert task.result == b"ba"

    plain_face.run(scenario)


def test_without_a_job_server_tasks_wait(plain_face: Face) -> None:
    async def scenario(client: Any) -> None:
        task = client.add_task_background("f")
        for _ in range(2):
            with pytest.raises(ConnectError):
                await client.run_tasks()
        assert not task.done

    plain_face.run(scenario, "127.0.0.1:1", connect_timeout=0.1)


def test_an_unknown_callback_is_refused(plain_face: Face) -> None:
    async def scenario(client: Any) -> None:
        with pytest.raises(OptionError, match="on_done is no callback: use on_c"):
            client.set_callbacks(on_done=print)
        with pytest.raises(OptionError, match="on_done"):
            client.add_task("f", on_done=print)

    plain_face.run(scenario)
