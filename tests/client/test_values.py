"""Values that programs give: taken, or refused before anything is sent."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from geartrain.admin import Admin
from geartrain.client import AsyncClient, Client, Executor
from geartrain.errors import (
    AddressError,
    CodecError,
    GeartrainError,
    OptionError,
    UnknownJobError,
)
from geartrain.transport.connect import Servers
from tests.support.client_faces import Face, Place, all_of
from tests.support.raw_workers import reverse, worker

COVERS = ("client/base",)

NO_NAMES: list[Any] = [
    None,
    1,
    1.5,
    [],
    ("f",),
    bytearray(b"f"),
    "\ud800",
    "x" * 70_000,
    "a\0b",
]
NO_WORKLOADS: list[Any] = [
    None,
    1,
    1.5,
    [],
    ["x"],
    {"a": 1},
    (each for each in "x"),
    "\ud800",
]


def kind_of(value: Any) -> str:
    """Name a parameter without its address."""
    if isinstance(value, dict):
        return ",".join(map(str, value))
    return ascii(value)[:30] if isinstance(value, str | bytes) else type(value).__name__


@pytest.fixture(params=["blocking", "asyncio"])
def face(request: pytest.FixtureRequest, geartrain: Place) -> Face:
    return Face(request.param, geartrain)


@pytest.mark.parametrize("name", ["", b"", *NO_NAMES], ids=kind_of)
def test_what_is_no_function_is_refused(face: Face, name: Any) -> None:
    async def scenario(client: Any) -> None:
        for call in (
            lambda: client.do(name),
            lambda: client.do_high_background(name),
            lambda: client.submit(name),
            lambda: all_of(client.map(name, [b"x"])),
            lambda: all_of(client.submit_many(name, [b"x"])),
        ):
            with pytest.raises(OptionError, match="function"):
                await call()
        with pytest.raises(OptionError, match="function"):
            client.add_task(name)

    face.run(scenario)


@pytest.mark.parametrize("name", ["x" * 65, *NO_NAMES[1:]], ids=kind_of)
def test_what_is_no_unique_is_refused(face: Face, name: Any) -> None:
    def same(_: object) -> Any:
        return name

    async def scenario(client: Any) -> None:
        calls: list[Any] = [
            lambda: client.do("f", unique=name),
            lambda: client.submit("f", unique=name, background=True),
            lambda: client.status_by_unique(name),
            lambda: all_of(client.submit_many("f", [b"x"], unique=same)),
        ]
        for call in calls:
            with pytest.raises(OptionError, match="unique"):
                await call()

    face.run(scenario)


@pytest.mark.parametrize("name", ["", b"", *NO_NAMES], ids=kind_of)
def test_what_is_no_handle_is_refused(face: Face, name: Any) -> None:
    async def scenario(client: Any) -> None:
        for ask in (client.status, client.cancel):
            with pytest.raises(OptionError, match="handle"):
                await ask(name)

    face.run(scenario)


def test_the_handle_of_another_client_is_no_harm(face: Face) -> None:
    async def scenario(client: Any) -> None:
        assert not (await client.status("H:elsewhere:1")).known
        with pytest.raises(UnknownJobError):
            await client.cancel("H:elsewhere:1")
        with pytest.raises(UnknownJobError):
            await client.cancel("junk\nshutdown")
        assert await client.ping() > 0

    face.run(scenario)


@pytest.mark.parametrize("workload", NO_WORKLOADS, ids=kind_of)
def test_what_is_no_workload_is_refused(face: Face, workload: Any) -> None:
    async def scenario(client: Any) -> None:
        for call in (
            lambda: client.do("f", workload),
            lambda: client.do_background("f", workload, codec="bytes"),
            lambda: client.ping(workload),
            lambda: all_of(client.map("f", [workload])),
        ):
            with pytest.raises(CodecError):
                await call()

    face.run(scenario)


@pytest.mark.parametrize(
    ("workload", "sent"),
    [
        ("größe", "größe".encode()),
        (bytearray(b"abc"), b"abc"),
        (memoryview(b"abcdef")[::2], b"ace"),
        (b"", b""),
    ],
    ids=kind_of,
)
def test_workloads_are_bytes_in_any_form(
    face: Face, geartrain: Place, workload: Any, sent: bytes
) -> None:
    function = next(geartrain.functions)

    async def scenario(client: Any) -> None:
        assert await client.do(function, workload) == sent[::-1]

    with worker(geartrain.connect, function, reverse):
        face.run(scenario)


@pytest.mark.parametrize("codec", ["json", "msgpack", "text", "pickle"])
def test_values_that_no_codec_can_carry(face: Face, codec: str) -> None:
    values: dict[str, list[Any]] = {
        "json": [math.nan, math.inf, [{"x": -math.inf}], "\ud800", {1j: 1}, b"x"],
        "msgpack": ["\ud800", 2**70, object()],
        "text": ["\ud800", b"bytes", 1],
        "pickle": [Unwilling(), (each for each in "x")],
    }

    async def scenario(client: Any) -> None:
        for value in values[codec]:
            with pytest.raises(CodecError):
                await client.do_background("f", value)

    face.run(scenario, codec=codec)


class Unwilling:
    def __reduce__(self) -> Any:
        raise LookupError("not this one")


@pytest.mark.parametrize(
    "options",
    [
        {"delay": -1},
        {"delay": math.nan},
        {"delay": math.inf},
        {"delay": 1e300},
        {"delay": "60"},
        {"delay": True},
        {"delay": timedelta(days=-1)},
        {"at": math.nan},
        {"at": math.inf},
        {"at": 1e300},
        {"at": -1},
        {"at": "tomorrow"},
        {"at": True},
        {"at": timedelta(seconds=1)},
        {"at": datetime(2030, 1, 1)},
        {"at": 1, "delay": 1},
        {"codec": "yaml"},
        {"codec": 7},
        {"reduce_with": 7},
    ],
    ids=kind_of,
)
def test_options_that_mean_nothing_are_refused(
    face: Face, options: dict[str, Any]
) -> None:
    async def scenario(client: Any) -> None:
        with pytest.raises(OptionError):
            await client.do_background("f", b"x", **options)
        with pytest.raises(OptionError):
            await client.submit("f", b"x", background=True, **options)

    face.run(scenario)


@pytest.mark.parametrize(
    "options",
    [
        {"delay": timedelta(days=1)},
        {"delay": Decimal("3600.5")},
        {"delay": 0},
        {"at": datetime(2999, 1, 1, tzinfo=UTC)},
        {"at": datetime(1, 1, 1, tzinfo=UTC)},
        {"at": Decimal(0)},
        {"at": 4e10},
    ],
    ids=kind_of,
)
def test_moments_are_taken_in_any_form(face: Face, options: dict[str, Any]) -> None:
    async def scenario(client: Any) -> None:
        handle = await client.do_background("delayed", b"x", **options)
        assert (await client.status(handle)).known
        await client.cancel(handle)

    face.run(scenario)


@pytest.mark.parametrize("priority", ["urgent", "", None, 1, ["high"]])
def test_a_priority_is_one_of_three(face: Face, priority: Any) -> None:
    async def scenario(client: Any) -> None:
        with pytest.raises(OptionError, match="priority"):
            await client.submit("f", priority=priority)
        with pytest.raises(OptionError, match="priority"):
            await all_of(client.map("f", [b"x"], priority=priority))

    face.run(scenario)


@pytest.mark.parametrize("window", [0, -1, 1.5, math.nan, "9", None, True])
def test_a_window_is_a_number_of_jobs(face: Face, window: Any) -> None:
    async def scenario(client: Any) -> None:
        for many in (client.map, client.submit_many):
            with pytest.raises(OptionError, match="window"):
                await all_of(many("f", [b"x"], window=window))

    face.run(scenario)


def test_many_are_given_as_an_iterable_and_uniques_by_a_function(face: Face) -> None:
    async def scenario(client: Any) -> None:
        for many in (client.map, client.submit_many):
            with pytest.raises(OptionError, match="iterable"):
                await all_of(many("f", 5))
            with pytest.raises(OptionError, match="give a function"):
                await all_of(many("f", [b"x"], unique="u"))
            with pytest.raises(CodecError):
                await all_of(many("f", b"bytes, one by one"))

    face.run(scenario)


def test_a_workload_of_4_gib_is_refused_before_it_is_sent(face: Face) -> None:
    # Pages that are never touched take no memory.
    huge = bytes(2**32 - 1)

    async def scenario(client: Any) -> None:
        with pytest.raises(CodecError, match="chunked=True"):
            await client.do_background("f", huge)

    face.run(scenario)


@pytest.mark.parametrize(
    "options",
    [
        {"chunk_size": 0},
        {"chunk_size": 1.5},
        {"chunk_size": 2**32},
        {"max_connections": 0},
        {"max_connections": math.inf},
        {"by": "luck"},
        {"by": None},
        {"codec": object()},
        {"heartbeat": 0},
        {"connect_timeout": -1},
    ],
    ids=kind_of,
)
def test_a_client_says_what_is_wrong_with_its_options(options: dict[str, Any]) -> None:
    for kind in (Client, AsyncClient, Executor):
        with pytest.raises(OptionError):
            kind("127.0.0.1:1", **options)


@pytest.mark.parametrize(
    "servers",
    [
        "host:port:port",
        "host:0",
        "host:65536",
        "host:-1",
        "host:4730x",
        "[::1",
        "::1]:4730",
        "a/b:4730",
        "unix:relative",
        "unix:/" + "x" * 200,
        ["a b:1:1"],
        [None],
        [("host", 4730)],
        ["host", 4730],
        b"host:4730",
        4730,
        {},
        "",
    ],
    ids=kind_of,
)
def test_servers_that_none_can_be(servers: Any) -> None:
    for kind in (Client, AsyncClient, Executor):
        with pytest.raises(OptionError):
            kind(servers)


@pytest.mark.parametrize(
    ("servers", "shown"),
    [
        ("a:1,,b:2,", "Client('a:1, b:2')"),
        (" a:1  b:2 ", "Client('a:1, b:2')"),
        ("::1", "Client('[::1]:4730')"),
        ("[fe80::1%eth0]:5", "Client('[fe80::1%eth0]:5')"),
        ("host.", "Client('host.:4730')"),
        (["a", "a:4730"], "Client('a:4730')"),
    ],
)
def test_servers_in_many_forms(servers: Servers, shown: str) -> None:
    with Client(servers) as client:
        assert repr(client) == shown


@pytest.mark.parametrize("value", ["host:port", "a:0", "a:1:2", "unix:x"])
def test_a_broken_environment_is_named(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEARMAN_SERVERS", value)
    for kind in (Client, AsyncClient, Executor):
        with pytest.raises(AddressError, match="GEARMAN_SERVERS"):
            kind()


def test_an_admin_refuses_what_it_cannot_say(geartrain: Place) -> None:
    with Admin(str(geartrain.servers)) as admin:
        for call in (
            lambda: admin.job("\ud800"),
            lambda: admin.cancel("\ud800"),
            lambda: admin.job(7),  # type: ignore[arg-type]
            lambda: admin.command("status \ud800"),
            lambda: admin.retry("H:1", math.inf),
            lambda: admin.retry("H:1", math.nan),
            lambda: admin.retry("H:1", "1"),  # type: ignore[arg-type]
            lambda: list(admin.jobs(limit=1.5)),  # type: ignore[arg-type]
        ):
            with pytest.raises(OptionError):
                call()
        with pytest.raises(UnknownJobError):
            admin.retry("H:1", timedelta(seconds=1))
        assert admin.version()
    with pytest.raises(OptionError):
        Admin(str(geartrain.servers), math.nan)


def test_an_executor_says_so_by_its_future(geartrain: Place) -> None:
    with Executor(geartrain.servers) as executor:
        for future in (
            executor.submit("f", None),
            executor.submit("", b"x"),
            executor.submit("f", b"x", timeout=math.nan),
        ):
            assert isinstance(future.exception(20), GeartrainError)
        with pytest.raises(OptionError):
            executor.map("f", [b"x"], timeout=math.nan)


def test_an_executor_ends_its_jobs_before_the_interpreter_ends(
    geartrain: Place,
) -> None:
    function = next(geartrain.functions)
    done: list[bytes] = []

    def keep(wire: Any, handle: bytes, unique: bytes, workload: bytes) -> None:
        done.append(workload)
        reverse(wire, handle, unique, workload)

    program = f"""
from geartrain.client import Executor
Executor().submit({function!r}, b"dropped")
executor = Executor()
executor.submit({function!r}, b"kept")
future = executor.submit({function!r}, b"last")
"""
    with worker(geartrain.connect, function, keep):
        ended = subprocess.run(
            [sys.executable, "-W", "error", "-c", program],
            env=os.environ | {"GEARMAN_SERVERS": str(geartrain.servers)},
            capture_output=True,
            timeout=50,
            check=False,
        )
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert sorted(done) == [b"dropped", b"kept", b"last"]
