"""What both faces do, over every transport, with Geartrain and the C gearmand."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from typing import Any

import pytest

from geartrain.chunks import join
from geartrain.client import Update
from geartrain.errors import (
    CodecError,
    JobExceptionError,
    JobFailedError,
    JobTimeoutError,
    OptionError,
    ServerError,
    UnknownJobError,
)
from geartrain.protocol.constants import PacketType as P
from tests.support.client_faces import Face, Place
from tests.support.raw_workers import complain, count, fail, reverse, worker
from tests.support.wire import Wire

COVERS = (
    "client/aio",
    "client/aio_jobs",
    "client/batches",
    "client/cancelling",
    "client/jobs",
    "client/requests",
    "client/sync",
    "client/updates",
    "client/verbs",
    "client/ways",
    "client/waiting",
)


async def everything(items: Any) -> list[Any]:
    return [item async for item in items]


def test_do_returns_the_result(face: Face, function: str) -> None:
    async def scenario(client: Any) -> None:
        assert await client.do(function, b"abc") == b"cba"
        assert await client.do_high(function, "äb") == "äb".encode()[::-1]
        assert await client.do_low(function, b"") == b""
        assert await client.do(function.encode(), b"xy", unique=b"u") == b"yx"

    with worker(face.place.connect, function, reverse):
        face.run(scenario)


def test_do_returns_data_in_front_of_the_result(face: Face, function: str) -> None:
    async def scenario(client: Any) -> None:
        assert await client.do(function, b"abc") == b"abc3"
        assert await client.do(function, "12", codec="text") == "122"
        assert await client.do(function, b'"ab"', codec="bytes") == b'"ab"4'
        assert await client.do(function, 12, codec="json") == 2

    with worker(face.place.connect, function, count):
        face.run(scenario)


@pytest.mark.parametrize("codec", ["bytes", "text", "json", "msgpack", "pickle"])
def test_no_workload_is_no_bytes_in_every_codec(
    plain_face: Face, function: str, codec: str
) -> None:
    seen = []

    def see(wire: Wire, handle: bytes, unique: bytes, workload: bytes) -> None:
        seen.append(workload)
        wire.send(P.WORK_COMPLETE, handle, b"")

    async def scenario(client: Any) -> None:
        assert await client.do_background(function, codec=codec)
        assert not await client.do(function, codec=codec)
        task = client.add_task(function, codec=codec)
        assert await client.run_tasks()
        assert task.error is None

    with worker(plain_face.place.connect, function, see):
        plain_face.run(scenario)
    assert seen == [b""] * 3


def test_empty_bytes_are_a_workload_that_a_codec_may_refuse(plain_face: Face) -> None:
    async def scenario(client: Any) -> None:
        with pytest.raises(CodecError, match="JSON cannot hold"):
            await client.do("f", b"", codec="json")

    plain_face.run(scenario, "127.0.0.1:1")


def test_large_workloads_and_results_come_whole(face: Face, function: str) -> None:
    async def scenario(client: Any) -> None:
        workload = bytes(range(256)) * 20000
        assert await client.do(function, workload) == workload[::-1]

    with worker(face.place.connect, function, reverse):
        face.run(scenario)


def test_a_failure_and_an_exception_are_told(face: Face, function: str) -> None:
    async def scenario(client: Any) -> None:
        with pytest.raises(
            JobFailedError, match=f"{function}: job .* failed"
        ) as failed:
            await client.do(function, b"x")
        assert failed.value.handle.startswith("H:")
        with pytest.raises(JobExceptionError, match="no such file") as raised:
            await client.do(f"{function}-x", b"file")
        assert raised.value.data == b"no such file"

    connect = face.place.connect
    with worker(connect, function, fail), worker(connect, f"{function}-x", complain):
        face.run(scenario)


def test_background_jobs_are_queued_by_priority(face: Face, function: str) -> None:
    async def scenario(client: Any) -> None:
        low = await client.do_low_background(function, b"low")
        normal = await client.do_background(function, b"normal", unique="n")
        high = await client.do_high_background(function, b"high")
        assert await client.do_background(function, b"other", unique="n") == normal
        status = await client.status(high)
        assert (status.name, status.known, status.running) == (high, True, False)
        with Wire(face.place.connect()) as wire:
            wire.register(function.encode())
            grabbed = [wire.grab() for _ in range(3)]
            assert grabbed == [
                (high.encode(), b"high"),
                (normal.encode(), b"normal"),
                (low.encode(), b"low"),
            ]
            assert (await client.status(high)).running
            wire.send(P.WORK_STATUS, high.encode(), b"1", b"4")
            assert wire.echoes()
            status = await client.status(high)
            assert (status.numerator, status.denominator) == (1, 4)
            assert status.fraction == 0.25
            for handle, _ in grabbed:
                wire.send(P.WORK_COMPLETE, handle, b"")
            assert wire.echoes()
        assert not (await client.status(high)).known

    face.run(scenario)


def test_a_submitted_job_is_followed(face: Face, function: str) -> None:
    async def scenario(client: Any) -> None:
        job = await client.submit(function, b"ab", unique="u-1", priority="high")
        assert (job.function, job.unique) == (function, "u-1")
        assert job.handle
        assert await everything(job) == [
            Update("data", b"a"),
            Update("status", None, 1, 2),
            Update("data", b"b"),
            Update("status", None, 2, 2),
            Update("warning", b"the end"),
        ]
        assert job.done
        assert await job.result() == b"2"
        assert await job.result() == b"2"
        job = await client.submit(function, b"ab")
        assert await job.result() == b"ab2"
        assert await everything(job) == []

    with worker(face.place.connect, function, count):
        face.run(scenario)


def test_the_result_of_a_background_job_is_not_to_be_had(
    plain_face: Face, geartrain: Place
) -> None:
    async def scenario(client: Any) -> None:
        job = await client.submit(next(geartrain.functions), background=True)
        with pytest.raises(Exception, match="runs in the background"):
            await job.result()
        assert (await job.status()).known
        assert not job.done

    plain_face.run(scenario)


def test_a_job_is_cancelled(face: Face, function: str) -> None:
    async def scenario(client: Any) -> None:
        handle = await client.do_background(function, b"x")
        await client.cancel(handle)
        job = await client.submit(function, b"x")
        await job.cancel()
        with pytest.raises(JobFailedError):
            await job.result()
        if face.place.is_geartrain:
            assert not (await client.status(handle)).known
        with pytest.raises(UnknownJobError):
            await client.cancel("H:nobody:1")

    face.run(scenario)


def test_status_by_unique_tells_who_waits(face: Face, function: str) -> None:
    async def scenario(client: Any) -> None:
        unique = f"unique of {function}"
        assert not (await client.status_by_unique(unique)).known
        first = await client.submit(function, b"x", unique=unique)
        second = await client.submit(function, b"y", unique=unique)
        assert first.handle == second.handle
        status = await client.status_by_unique(unique)
        assert (status.known, status.clients) == (True, 2)
        with worker(face.place.connect, function, reverse):
            assert await first.result() == await second.result() == b"x"

    face.run(scenario)


def test_a_timeout_ends_the_wait_and_not_the_client(face: Face, function: str) -> None:
    async def scenario(client: Any) -> None:
        began = time.monotonic()
        with pytest.raises(JobTimeoutError, match=function):
            await client.do(function, b"x", timeout=0.1)
        assert 0.05 < time.monotonic() - began < 5
        # Nobody else waits for it: the job server has dropped it.
        with worker(face.place.connect, function, reverse):
            assert await client.do(function, b"ab") == b"ba"
        job = await client.submit(function, b"cd")
        with pytest.raises(JobTimeoutError):
            await job.result(timeout=0.05)
        with worker(face.place.connect, function, reverse):
            assert await job.result() == b"dc"

    face.run(scenario)


def test_ping_takes_a_moment(face: Face) -> None:
    async def scenario(client: Any) -> None:
        assert 0 < await client.ping(b"\0any") < 5

    face.run(scenario)


def test_many_are_submitted_in_order(face: Face, function: str) -> None:
    async def scenario(client: Any) -> None:
        workloads = (b"%d" % number for number in range(1000))
        handles = await everything(client.submit_many(function, workloads, window=300))
        assert len(set(handles)) == 1000
        with Wire(face.place.connect()) as wire:
            wire.register(function.encode())
            for number, handle in enumerate(handles):
                assert wire.grab() == (handle.encode(), b"%d" % number)
                wire.send(P.WORK_COMPLETE, handle.encode(), b"")
        same = client.submit_many(
            function, range(9), codec="json", unique=lambda _: "u"
        )
        assert len(set(await everything(same))) == 1

    face.run(scenario)


def test_many_with_large_workloads_are_submitted(face: Face, function: str) -> None:
    async def scenario(client: Any) -> None:
        workloads = (b"x" * 300_000 for _ in range(40))
        handles = await everything(client.submit_many(function, workloads))
        assert len(set(handles)) == 40
        for handle in handles:
            await client.cancel(handle)

    face.run(scenario)


def test_large_workloads_are_few_on_their_way(
    face: Face, function: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("geartrain.client.batches._MOST_IN_FLIGHT", 1_000_000)
    taken = []

    def workloads() -> Any:
        for number in range(40):
            taken.append(number)
            yield b"x" * 300_000

    async def scenario(client: Any) -> None:
        handles: list[str] = []
        async for handle in client.submit_many(function, workloads()):
            handles.append(handle)
            assert len(taken) <= len(handles) + 4
        assert len(set(handles)) == 40
        for handle in handles:
            await client.cancel(handle)

    face.run(scenario)


def test_nothing_is_taken_from_a_generator_that_is_not_wanted(
    plain_face: Face, geartrain: Place
) -> None:
    taken = []

    def workloads() -> Any:
        for number in range(100_000):
            taken.append(number)
            yield b"x"

    async def scenario(client: Any) -> None:
        handles = client.submit_many(next(geartrain.functions), workloads(), window=50)
        assert taken == []
        async for _ in handles:
            assert len(taken) <= 50
            break

    plain_face.run(scenario)


def test_map_gives_results_in_order(face: Face, function: str) -> None:
    async def scenario(client: Any) -> None:
        results = client.map(function, (str(n) for n in range(500)), codec="text")
        assert await everything(results) == [str(n)[::-1] for n in range(500)]
        assert await everything(client.map(function, [])) == []

    connect = face.place.connect
    with worker(connect, function, reverse), worker(connect, function, reverse):
        face.run(scenario)


def test_map_ends_at_a_job_that_fails(face: Face, function: str) -> None:
    async def scenario(client: Any) -> None:
        with pytest.raises(JobExceptionError, match="no such 0"):
            await everything(client.map(function, "012"))
        with pytest.raises(JobExceptionError, match="no such 5"):
            await client.do(function, b"5")

    with worker(face.place.connect, function, complain):
        face.run(scenario)


def test_jobs_with_a_reducer_carry_it(face: Face, function: str) -> None:
    async def scenario(client: Any) -> None:
        await client.do_background(function, b"w", unique="r", reduce_with="sum")
        with Wire(face.place.connect()) as wire:
            wire.register(function.encode())
            wire.send(P.GRAB_JOB_ALL)
            found = wire.expect(P.JOB_ASSIGN_ALL, 5)
            assert found[1:] == [function.encode(), b"r", b"sum", b"w"]
            wire.send(P.WORK_COMPLETE, found[0], b"")
            assert wire.echoes()

    face.run(scenario)


def test_a_job_server_that_refuses_is_quoted(
    plain_face: Face, geartrain: Place
) -> None:
    function = next(geartrain.functions)
    with Wire(geartrain.connect()) as wire:
        assert wire.command(b"maxqueue %s 1" % function.encode()) == b"OK\r\n"

    async def scenario(client: Any) -> None:
        await client.do_background(function)
        for call in (client.do, client.do_background, client.submit):
            with pytest.raises(ServerError, match="queue is full") as caught:
                await call(function)
            assert caught.value.code == "QUEUE_ERROR"
        with pytest.raises(ServerError):
            await everything(client.submit_many(function, [b"x"]))
        assert await client.ping() > 0

    plain_face.run(scenario)


@pytest.mark.parametrize(
    ("arguments", "options", "complaint"),
    [
        (("",), {}, "name of a function"),
        (("a\0b",), {}, "NUL"),
        (("f",), {"unique": "u" * 65}, "more than 64 bytes"),
        (("f",), {"unique": "a\0b"}, "NUL"),
        (("f",), {"priority": "urgent"}, "no priority"),
        (("f",), {"delay": 1}, "only a background job"),
        (("f",), {"delay": -1, "background": True}, "from 0 on"),
        (("f",), {"delay": float("nan"), "background": True}, "from 0 on"),
        (("f",), {"delay": float("inf"), "background": True}, "from 0 on"),
        (("f",), {"delay": 10**400, "background": True}, "from 0 on"),
        (("f",), {"delay": 1, "at": 1, "background": True}, "not by both"),
        (("f",), {"at": datetime(2030, 1, 1), "background": True}, "no time zone"),
        (("f",), {"at": float("nan"), "background": True}, "seconds since 1970"),
        (("f",), {"at": "noon", "background": True}, "seconds since 1970"),
        (("f",), {"delay": 1, "background": True, "priority": "low"}, "normal prio"),
        (("f",), {"delay": 1, "background": True, "reduce_with": "r"}, "or reduced"),
        (("f",), {"codec": "yaml"}, "no codec 'yaml'"),
    ],
)
def test_what_makes_no_job_is_refused_before_anything_is_sent(
    plain_face: Face, arguments: Any, options: Any, complaint: str
) -> None:
    async def scenario(client: Any) -> None:
        with pytest.raises(OptionError, match=complaint):
            await client.submit(*arguments, **options)

    plain_face.run(scenario, "127.0.0.1:1")


@pytest.mark.parametrize("name", ["", "x" * 64, "a\0b"])
def test_what_is_no_handle_is_not_asked_for(plain_face: Face, name: str) -> None:
    async def scenario(client: Any) -> None:
        with pytest.raises(OptionError):
            await client.status(name)

    plain_face.run(scenario)


def test_tasks_that_await_at_once_share_a_connection(geartrain: Place) -> None:
    function = next(geartrain.functions)

    async def scenario(client: Any) -> None:
        jobs = (client.do(function, str(number)) for number in range(200))
        results = await asyncio.gather(*jobs)
        assert results == [str(number).encode()[::-1] for number in range(200)]
        with Wire(geartrain.connect()) as wire:
            assert len([r for r in wire.listing(b"workers") if r.endswith(b":")]) == 2

    with worker(geartrain.connect, function, reverse):
        Face("asyncio", geartrain).run(scenario)


def test_a_cancelled_task_leaves_the_others_alone(geartrain: Place) -> None:
    function = next(geartrain.functions)

    async def scenario(client: Any) -> None:
        tasks = [
            asyncio.create_task(client.do(function, str(number)))
            for number in range(10)
        ]
        while (await client.status_by_unique("nobody")).known:
            pass
        for task in tasks[::2]:
            task.cancel()
        with worker(geartrain.connect, function, reverse):
            assert await asyncio.gather(*tasks[1::2]) == [b"1", b"3", b"5", b"7", b"9"]
            assert await client.do(function, b"ab") == b"ba"

    Face("asyncio", geartrain).run(scenario)


def test_a_workload_is_sent_in_chunks(face: Face, function: str) -> None:
    workload = bytes(range(250)) * 5

    def joined(wire: Wire, handle: bytes, unique: bytes, manifest: bytes) -> None:
        taken = []

        def grab(chunks: str, count: int) -> Any:
            wire.send(P.CAN_DO, chunks.encode())
            for _ in range(count):
                wire.send(P.GRAB_JOB_UNIQ)
                taken.append(wire.expect(P.JOB_ASSIGN_UNIQ, 4))
            return [(job[2].decode(), job[3]) for job in taken]

        data = join(manifest, grab)
        for job in taken:
            wire.send(P.WORK_COMPLETE, job[0], b"")
        wire.send(P.WORK_COMPLETE, handle, b"%d " % len(taken) + data[::-1])

    async def scenario(client: Any) -> None:
        result = b"13 " + workload[::-1]
        assert await client.do(function, workload, chunked=True) == result
        options = {"chunked": True, "unique": f"u-{function}"}
        job = await client.submit(function, workload, **options)
        assert await job.result() == result

    async def short(client: Any) -> None:
        assert await client.do(function, b"x" * 100, chunked=True) == b"x" * 100

    with worker(face.place.connect, function, joined):
        face.run(scenario, chunk_size=100)
    with worker(face.place.connect, function, reverse):
        face.run(short, chunk_size=100)
