"""Job servers that are asked for each other over real connections."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable

import pytest

from geartrain.cluster import asking
from geartrain.engine.model.links import CONNECTED
from tests.support.nodes import Node, eventually, running_node, working

COVERS = ("server/inquirer",)


def scene(act: Callable[[Node, Node], Awaitable[None]]) -> None:
    """Run a test with two job servers that have links to each other."""

    async def run() -> None:
        async with running_node("a") as a, running_node("b") as b:
            a.help(b.address)
            b.help(a.address)
            await eventually(lambda: _is_linked(a) and _is_linked(b))
            async with asyncio.timeout(50):
                await act(a, b)

    asyncio.run(run())


def _is_linked(node: Node) -> bool:
    return node.server.driver.engine.state.links[0].state == CONNECTED


async def ask(node: Node, line: str) -> list[str]:
    """Send a command; return the lines of its answer."""
    host, _, port = node.address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=2**26)
    writer.write(line.encode() + b"\n")
    lines = [await reader.readline()]
    while lines[-1] not in (b".\n", b"") and not lines[0].startswith((b"OK", b"ERR")):
        lines.append(await reader.readline())
    writer.close()
    return [each.decode().rstrip() for each in lines]


def test_answers_are_put_together() -> None:
    async def act(a: Node, b: Node) -> None:
        async with a.client() as client, b.client() as other:
            await client.do_background("f", b"w")
            handle = await other.do_background("f", b"x" * 3_000_000)
        assert await ask(a, "all status") == ["f\t2\t0\t0", "."]
        assert await ask(b, "all status") == ["f\t2\t0\t0", "."]
        (row, _) = await ask(a, f"job {handle}")
        assert json.loads(row)["workload"] == "x" * 3_000_000
        assert await ask(a, f"cancel job {handle}") == ["OK"]
        assert (await ask(a, f"cancel job {handle}"))[0].startswith("ERR UNKNOWN_JOB")
        answers = await asyncio.gather(*[ask(a, "all status") for _ in range(40)])
        assert answers == [["f\t1\t0\t0", "."]] * 40

    scene(act)


def test_the_result_of_a_job_elsewhere_is_waited_for() -> None:
    async def act(a: Node, b: Node) -> None:
        async with b.client() as client:
            handle = await client.do_background("f", b"abc")
        waiting = asyncio.ensure_future(ask(a, f"result {handle} timeout=20"))
        await asyncio.sleep(0.1)
        assert await ask(a, "all status") == ["f\t1\t0\t0", "."]
        async with a.client() as client:
            followed = asyncio.ensure_future(client.result(handle))
            waits = b.server.driver.engine.state.result_waits
            await eventually(lambda: len(waits.get(handle.encode(), {})) == 2)
            async with working(b, 1, f=bytes.upper):
                (row, _) = await waiting
                assert await followed == b"ABC"
        assert json.loads(row)["result"] == "ABC"

    scene(act)


def test_a_job_on_its_way_is_counted_once() -> None:
    begun = asyncio.Event()

    async def slow(workload: bytes) -> bytes:
        begun.set()
        await asyncio.sleep(0.5)
        return workload

    async def act(a: Node, b: Node) -> None:
        async with working(b, 1, f=slow), a.client() as client:
            job = asyncio.ensure_future(client.do("f", b"w"))
            await begun.wait()
            for node in (a, b):
                assert await ask(node, "all status") == ["f\t1\t1\t1", "."]
            assert len(await ask(a, "all jobs")) == 2
            await job

    scene(act)


def test_one_that_says_nothing_is_told_of_in_two_seconds() -> None:
    async def act(a: Node, b: Node) -> None:
        # It hears what it is asked, and does not look at it.
        engine = b.server.driver.engine
        receive, b.server.driver.receive = engine.receive, lambda *given: 0
        began = time.monotonic()
        (row, *_) = await ask(a, "all jobs")
        assert 1.5 <= time.monotonic() - began <= 6
        assert json.loads(row)["reason"] == "it was silent for 2 s"
        began = time.monotonic()
        answer = await ask(a, "cancel job H:b:7")
        assert time.monotonic() - began <= 1.5
        assert answer[0].startswith("ERR UNANSWERED b+(")
        b.server.driver.receive = receive

    scene(act)


def test_an_answer_that_is_too_large_is_left_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(asking, "_MOST", 1000)

    async def act(a: Node, b: Node) -> None:
        async with b.client() as client:
            handle = await client.do_background("f", b"x" * 5000)
        (answer,) = await ask(a, f"job {handle}")
        assert answer.startswith("ERR UNANSWERED")
        assert await ask(a, f"job {handle} workload=no")

    scene(act)


def test_a_job_server_that_ends_is_missing_at_once() -> None:
    async def act(a: Node, b: Node) -> None:
        assert await ask(a, "all status") == ["."]
        links = a.server.driver.engine.state.links
        b.server.abort()
        await eventually(lambda: links[0].state != CONNECTED)
        (row, *_) = await ask(a, "all jobs")
        assert json.loads(row)["unanswered"] == "b"

    scene(act)
