"""Options of a submission from a client: both faces, and every job server."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from geartrain.admin import Admin
from geartrain.client import Task
from geartrain.client.options import JobOptions, option_bytes
from geartrain.engine.model.submission_options import SUBMISSION_OPTIONS
from geartrain.errors import OptionError, ServerError
from geartrain.protocol.calls import submission
from geartrain.protocol.client import ClientProtocol
from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import encode
from tests.support.client_faces import Face

# Those that other arguments give.
OTHERS = {"delay", "at", "priority"}


def test_each_option_of_the_job_server_is_one_of_the_clients() -> None:
    assert set(JobOptions.__annotations__) == set(SUBMISSION_OPTIONS) - OTHERS


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        ({"ttl": 60}, b"ttl=60"),
        ({"ttl": "20m", "result_ttl": timedelta(hours=1)}, b"ttl=20m&result_ttl=3600"),
        ({"ttl": 0.25}, b"ttl=0.25"),
        ({"key": "shop 7"}, b"key=shop+7"),
        ({"key": b"\xff&"}, b"key=%FF%26"),
        ({"max_attempts": 3, "dedupe": "again"}, b"max_attempts=3&dedupe=again"),
        ({"after": "H:a:1"}, b"after=H%3Aa%3A1"),
        ({"to": "worker:web-7"}, b"to=worker%3Aweb-7"),
        ({"after": ["H:a:1", b"H:a:2"]}, b"after=H%3Aa%3A1%2CH%3Aa%3A2"),
    ],
)
def test_options_are_encoded(options: Any, sent: bytes) -> None:
    assert option_bytes(options) == sent


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"dleay": 1}, "dleay is no option of a submission: use ttl, key, dedupe,"),
        ({"ttl": "soon"}, "ttl='soon': give seconds, or a text as 90, 0.5, 20m"),
        ({"ttl": None}, "ttl=None: give seconds from 0 on, or a timedelta"),
        ({"max_attempts": 1.5}, "max_attempts=1.5: give a whole number"),
        ({"max_attempts": True}, "max_attempts=True: give a whole number"),
        ({"key": 7}, "key is text or bytes, not int"),
        ({"key": "\ud800"}, "key= holds half a character: it cannot be sent"),
        ({"after": 7}, "after= is a handle, or an iterable of some"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_sent(
    options: Any, reason: str
) -> None:
    with pytest.raises(OptionError) as caught:
        option_bytes(options)
    assert str(caught.value).startswith(reason)


def test_a_job_has_them_at_geartrain_and_nothing_is_submitted_elsewhere(
    face: Face, function: str
) -> None:
    async def scenario(client: Any) -> None:
        calls = (
            client.do_background,
            client.do_high_background,
            client.do_low_background,
        )
        for call in calls:
            if face.place.is_geartrain:
                handle = await call(function, b"w", key="shop-7", ttl="1h")
                assert (await client.status(handle)).known
            else:
                with pytest.raises(ServerError, match="knows no options of submiss"):
                    await call(function, b"w", key="shop-7", ttl="1h")
        if not face.place.is_geartrain:
            # The next job of this client is as any.
            assert await client.do_background(function, b"w")

    face.run(scenario)


def test_many_jobs_have_them(face: Face, function: str) -> None:
    async def scenario(client: Any) -> None:
        given = client.submit_many(function, [b"1", b"2"], max_attempts=2)
        if face.place.is_geartrain:
            assert len([each async for each in given]) == 2
        else:
            with pytest.raises(ServerError, match="knows no options of submissions"):
                [each async for each in given]

    face.run(scenario)


def test_tasks_have_them(face: Face, function: str) -> None:
    async def scenario(client: Any) -> None:
        created: list[str] = []

        def note(task: Task, context: Any) -> None:
            created.append(task.handle)

        task = client.add_task_background(function, b"w", key="k", on_created=note)
        plain = client.add_task_low_background(function, b"w")
        if face.place.is_geartrain:
            assert await client.run_tasks()
            assert created == [task.handle]
            assert (await client.status(task.handle)).known
            assert plain.done
        else:
            with pytest.raises(ServerError, match="knows no options of submissions"):
                await client.run_tasks()

    face.run(scenario)


def test_what_the_job_server_refuses_is_told(face: Face, function: str) -> None:
    async def scenario(client: Any) -> None:
        if face.place.is_geartrain:
            with pytest.raises(ServerError, match="max_attempts cannot be '0': it is"):
                await client.submit(function, b"w", max_attempts=0, background=True)

    face.run(scenario)


def test_a_job_that_was_taken_without_them_is_told_with_its_handle() -> None:
    """As after a connection was lost, where the next job server is an older one."""
    protocol = ClientProtocol()
    call = submission(PacketType.SUBMIT_JOB, b"", [b"f", b"", b"w"], b"", b"ttl=1")
    protocol.begin(call)
    (event,) = protocol.receive(
        encode(PacketType.ERROR, b"UNKNOWN_OPTION\0no")
        + encode(PacketType.JOB_CREATED, b"H:a:1")
    )
    assert event.type == PacketType.ERROR
    assert event.arguments[0] == b"UNKNOWN_OPTION"
    assert b"has queued the job as H:a:1 without them" in event.arguments[1]
    assert not protocol.is_waiting


def test_the_row_of_a_job_has_them(face: Face, function: str) -> None:
    async def scenario(client: Any) -> None:
        handle = await client.do_background(function, b"w", key="shop-7", ttl="1h")
        with Admin(face.place.servers, tls=face.place.tls) as admin:
            (row,) = admin.job(handle)
        assert row.options == {"key": "shop-7", "ttl": "3600"}

    if face.place.is_geartrain:
        face.run(scenario)
