"""Job servers in one process whose workers help each other over real connections."""

from __future__ import annotations

import asyncio

import pytest

from geartrain.cluster import link as links
from geartrain.cluster import links as peers
from geartrain.cluster.line import PeerLine
from geartrain.engine.model.links import AWAY, CONNECTED, ITSELF, LinkReport
from geartrain.errors import JobExceptionError
from tests.support.nodes import Node, eventually, running_node, scene, working

COVERS = (
    "cluster/carrier",
    "cluster/errands",
    "cluster/grabs",
    "cluster/groups",
    "cluster/link",
    "server/insiders",
)


def reverse(workload: bytes) -> bytes:
    return workload[::-1]


def boom(workload: bytes) -> bytes:
    raise ValueError("no " + workload.decode())


def state_of(node: Node, number: int = 0) -> str:
    return node.server.driver.engine.state.links[number].state


async def connected(node: Node) -> None:
    """Wait until the first link of a node is connected."""
    await eventually(lambda: records(node) and state_of(node) == CONNECTED)


async def at_rest(node: Node) -> None:
    """Wait until a job server has no job."""
    await eventually(lambda: not node.server.driver.engine.state.jobs)


async def served(node: Node, function: bytes) -> None:
    """Wait until a job server has a worker for a function."""
    known = node.server.driver.engine.state.functions
    await eventually(lambda: function in known and known[function].workers)


def test_a_job_server_without_workers_is_served_by_another() -> None:
    async def act() -> None:
        async with running_node("a") as a, running_node("b") as b:
            a.help(b.address)
            async with working(a, 1, reverse=reverse, boom=boom), b.client() as client:
                await served(b, b"reverse")
                assert await client.do("reverse", b"abc") == b"cba"
                large = bytes(range(256)) * 40_000
                assert await client.do("reverse", large) == large[::-1]
                with pytest.raises(JobExceptionError, match="no way"):
                    await client.do("boom", b"way")
                handle = await client.do_background("reverse", b"abc")
                state = b.server.driver.engine.state
                await eventually(lambda: handle.encode() not in state.jobs)
                (node,) = state.nodes.values()
                assert (node.succeeded_total(), node.failed_total()) == (3, 1)

    scene(act)


def test_three_job_servers_in_a_ring_serve_each_other() -> None:
    async def act() -> None:
        async with (
            running_node("a") as a,
            running_node("b") as b,
            running_node("c") as c,
        ):
            a.help(b.address)
            b.help(c.address)
            c.help(a.address, b.address)
            names = {"f" + each: reverse for each in "abc"}
            async with (
                working(a, 4, fa=reverse, shared=reverse),
                working(b, 4, fb=reverse, shared=reverse),
                working(c, 4, fc=reverse, shared=reverse),
            ):
                await served(b, b"fa")
                await served(c, b"fb")
                await served(a, b"fc")
                assert names
                for node, name in ((b, "fa"), (c, "fb"), (a, "fc"), (b, "fc")):
                    async with node.client() as client:
                        assert await client.do(name, b"abc") == b"cba"
                works = []
                for node in (a, b, c):
                    async with node.client() as client:
                        for number in range(15):
                            text = b"%d" % number
                            works.append(await client.do("shared", text) == text[::-1])
                assert all(works)
                for node in (a, b, c):
                    await at_rest(node)

    scene(act)


def test_many_jobs_at_once_go_through_one_link() -> None:
    running = most = 0

    async def slow(workload: bytes) -> bytes:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.3)
        running -= 1
        return workload

    async def act() -> None:
        async with running_node("a") as a, running_node("b") as b:
            a.help(b.address)
            async with working(a, 20, slow=slow), b.client() as client:
                await served(b, b"slow")
                done = await asyncio.gather(
                    *[client.do("slow", b"%d" % number) for number in range(60)]
                )
                assert done == [b"%d" % number for number in range(60)]
                assert most >= 10

    scene(act)


def test_a_peer_that_comes_later_and_goes_is_followed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", "geartrain.cluster")

    async def act() -> None:
        async with running_node("a") as a, working(a, 1, reverse=reverse):
            async with running_node("b") as b:
                address = b.address
            port = int(address.rpartition(":")[2])
            a.help(address)
            await eventually(lambda: state_of(a) == AWAY)
            for _ in range(2):
                async with running_node("b", port) as b, b.client() as client:
                    await served(b, b"reverse")
                    assert await client.do("reverse", b"abc") == b"cba"
                await eventually(lambda: state_of(a) == AWAY)
            records = [
                record.message
                for record in caplog.records
                if record.name == "geartrain.cluster"
            ]
            helps = f"helps the job server {address} (node b)"
            away = f"the peer {address} (node b) is away (it closed the connection)"
            assert records[1:] == [helps, f"{away}: trying again"] * 2
            assert records[0].startswith(f"the peer {address} is away (")

    scene(act)


def test_a_peer_that_hangs_is_given_up(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(links, "_PROBE", 0.5)
    monkeypatch.setattr(links, "_SILENT", 2.0)

    async def act() -> None:
        async with running_node("a") as a, running_node("b") as b:
            a.help(b.address)
            await connected(a)
            # It reads nothing any more.
            b.server.driver.stop_reading()
            await eventually(
                lambda: "is away (it has been silent for 2 s)" in caplog.text
            )

    scene(act)


def test_a_job_server_that_is_its_own_peer_is_found() -> None:
    async def act() -> None:
        async with running_node("a") as a, working(a, 1, reverse=reverse):
            a.help(a.address)
            await eventually(lambda: state_of(a) == ITSELF)
            report = a.server.driver.engine.state.links[0]
            await eventually(lambda: report.error)
            assert "it is this job server itself" in report.error
            await eventually(
                lambda: (
                    len(a.server.driver.engine.state.functions[b"reverse"].workers) == 1
                )
            )

    scene(act)


def test_a_stop_in_order_ends_what_runs_and_gives_back_the_rest() -> None:
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def held(workload: bytes) -> bytes:
        begun.set()
        await may_end.wait()
        return workload[::-1]

    async def act() -> None:
        async with running_node("b") as b, b.client() as client:
            async with running_node("a") as a, working(a, 1, held=held):
                a.help(b.address)
                await served(b, b"held")
                task = asyncio.ensure_future(client.do("held", b"abc"))
                await begun.wait()
                a.server.stop()
                await asyncio.sleep(0.1)
                assert not task.done()
                may_end.set()
                assert await task == b"cba"
                await asyncio.wait_for(a.server.wait_stopped(), 10)
            state = b.server.driver.engine.state
            await eventually(lambda: not state.functions[b"held"].workers)
            assert state.jobs == {}

    scene(act)


def test_a_peer_that_stops_in_order_is_sent_what_runs() -> None:
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def held(workload: bytes) -> bytes:
        begun.set()
        await may_end.wait()
        return workload[::-1]

    async def act() -> None:
        async with (
            running_node("a") as a,
            working(a, 1, held=held),
            running_node("b") as b,
            b.client() as client,
        ):
            a.help(b.address)
            await served(b, b"held")
            task = asyncio.ensure_future(client.do("held", b"abc"))
            await begun.wait()
            b.server.stop()
            await eventually(lambda: state_of(a) == AWAY)
            may_end.set()
            assert await task == b"cba"

    scene(act)


def test_workers_that_come_and_go_are_followed() -> None:
    async def act() -> None:
        async with running_node("a") as a, running_node("b") as b:
            a.help(b.address)
            known = b.server.driver.engine.state.functions
            async with working(a, 1, f=reverse):
                await served(b, b"f")
                async with working(a, 1, g=reverse), b.client() as client:
                    await served(b, b"g")
                    assert await client.do("g", b"abc") == b"cba"
                await eventually(lambda: not known[b"g"].workers)
                assert known[b"f"].workers
            await eventually(lambda: not known[b"f"].workers)
            assert a.server.driver.engine.state.links[0].offered == {}

    scene(act)


def records(node: Node) -> tuple[LinkReport, ...]:
    return node.server.driver.engine.state.links


def test_nodes_that_share_a_store_are_found_and_let_go() -> None:
    async def act() -> None:
        async with running_node("a") as a, working(a, 1, reverse=reverse):
            a.help()
            assert records(a) == ()
            async with running_node("b") as b, b.client() as client:
                a.share(b)
                await eventually(lambda: records(a))
                assert (records(a)[0].is_found, records(a)[0].name) == (True, b"b")
                await connected(a)
                assert await client.do("reverse", b"abc") == b"cba"
                # It has lost the database, and nothing else.
                a.share()
                await asyncio.sleep(1.2)
                assert await client.do("reverse", b"abc") == b"cba"
            await eventually(lambda: records(a) == ())
            state = a.server.driver.engine.state
            assert not state.wakeups.is_watched
            assert all(not crew.is_wanted for crew in state.wakeups.crews)

    scene(act)


def test_a_peer_that_was_named_is_not_helped_twice() -> None:
    async def act() -> None:
        async with running_node("a") as a, running_node("b") as b:
            a.help(b.address)
            a.share(b)
            await connected(a)
            await asyncio.sleep(1.2)
            assert [each.is_found for each in records(a)] == [False]
            # Under another name it is known once it has answered.
            a.share(b, address=b.address.replace("127.0.0.1", "localhost"))
            await asyncio.sleep(1.2)
            assert [each.is_found for each in records(a)] == [False]

    scene(act)


def test_who_answers_at_the_address_of_another_node_is_not_helped() -> None:
    async def act() -> None:
        async with running_node("a") as a, running_node("b") as b:
            a.help()
            a.share(b, address=a.address)
            await eventually(lambda: records(a) and state_of(a) == AWAY)
            assert records(a)[0].error.startswith("this job server itself answers")
            async with running_node("c") as c:
                a.share(b, address=c.address)
                await eventually(lambda: records(a)[0].address == c.address)
                await eventually(lambda: state_of(a) == AWAY)
                assert records(a)[0].error.startswith("another program answers there")
            a.share(b, address="no address")
            await eventually(lambda: records(a) == ())
            a.share(b)
            await connected(a)

    scene(act)


def test_lines_at_rest_are_looked_at_once_a_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks = 0
    tick = PeerLine.tick

    def counted(line: PeerLine, now: float) -> None:
        nonlocal looks
        looks += 1
        tick(line, now)

    async def act() -> None:
        nonlocal looks
        monkeypatch.setattr(PeerLine, "tick", counted)
        async with running_node("a") as a, running_node("b") as b:
            a.help(b.address)
            async with working(a, 1, reverse=reverse):
                await served(b, b"reverse")
                looks = 0
                await asyncio.sleep(2.1)
                # One line is for the workers, and one always there.
                assert 2 <= looks <= 6

    scene(act)


def test_workers_of_too_many_kinds_are_told_of(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(peers, "_MOST_GROUPS", 2)

    async def act() -> None:
        async with running_node("a") as a, running_node("b") as b:
            a.help(b.address)
            async with (
                working(a, 1, f=reverse),
                working(a, 1, g=reverse),
                working(a, 1, h=reverse),
            ):
                await eventually(
                    lambda: "workers of 1 kind help no peers" in caplog.text
                )
                await eventually(lambda: len(a.report.offered) == 2)

    scene(act)
    assert caplog.text.count("help no peers") == 1


def test_a_rate_where_the_workers_are_lets_jobs_of_another_server_go_on() -> None:
    async def act() -> None:
        async with running_node("a") as a, running_node("b") as b:
            for node in (a, b):
                engine = node.server.driver.engine
                engine.change_policy(b"reverse", {"rate": "20/1s"})
            a.help(b.address)
            async with working(a, 1, reverse=reverse), b.client() as client:
                await served(b, b"reverse")
                known = b.server.driver.engine.state.functions[b"reverse"]
                for _ in range(3):
                    for _ in range(10):
                        await client.do_background("reverse", b"abc")
                    await at_rest(b)
                    assert known.workers
                    # Groups are formed anew while no job is there.
                    await asyncio.sleep(1.1)

    scene(act)
