"""A view is made once for all who look at it, and ends with the last of them."""

from __future__ import annotations

import asyncio
import json

from geartrain.dashboard.live import Refresh, Views
from geartrain.http.problems import ProblemError


def events(data: bytes) -> list[tuple[str, dict[str, object]]]:
    """Return the events of a stream: their names and values."""
    found = []
    for event in data.decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in event.splitlines())
        if "event" in fields:
            found.append((fields["event"], json.loads(fields["data"])))
    return found


def test_a_view_is_made_once_for_all_and_ends_with_the_last() -> None:
    made: list[int] = []

    async def refresh() -> dict[str, str]:
        made.append(1)
        return {"same": "a", "count": str(len(made))}

    async def run() -> None:
        views = Views("b7")
        first = views.watch("page", refresh).events()
        second = views.watch("page", refresh).events()
        for each in (first, second):
            assert events(await anext(each)) == [("build", {"build": "b7"})]
        told = await asyncio.gather(anext(first), anext(second))
        assert len(made) == 1
        for data in told:
            ((name, values),) = events(data)
            assert name == "regions"
            assert values["regions"] == {"same": "a", "count": "1"}
        # Then only what changed is sent.
        ((_, values),) = events(await anext(first))
        assert values["regions"] == {"count": "2"}
        await first.aclose()
        await second.aclose()
        count = len(made)
        await asyncio.sleep(1.2)
        assert len(made) == count

    asyncio.run(run())


def test_a_view_that_cannot_be_refreshed_says_why_and_goes_on() -> None:
    made: list[int] = []

    async def refresh() -> dict[str, str]:
        made.append(1)
        if len(made) == 1:
            raise ProblemError("unavailable", "the store is full")
        return {"a": "b"}

    async def run() -> None:
        stream = Views().watch("page", refresh).events()
        await anext(stream)
        ((name, values),) = events(await anext(stream))
        assert (name, values["text"]) == ("problem", "the store is full")
        ((name, values),) = events(await anext(stream))
        assert (name, values["regions"]) == ("regions", {"a": "b"})
        await stream.aclose()

    asyncio.run(run())


def test_a_stop_ends_all_streams() -> None:
    async def refresh() -> dict[str, str]:
        return {}

    async def run() -> None:
        views = Views()
        stream = views.watch("page", refresh).events()
        await anext(stream)
        views.close()
        assert [each async for each in stream] == []

    asyncio.run(run())


def test_after_an_end_nobody_joins_what_a_slow_reader_still_holds() -> None:
    async def run() -> None:
        views = Views()
        old, late = (views.watch("page", _regions("old")) for _ in range(2))
        slow = old.events()
        await anext(slow)
        views.close()
        # It was let in before the end, and has not been sent anything yet.
        assert len([each async for each in late.events()]) == 1
        new = views.watch("page", _regions("new")).events()
        await anext(new)
        ((_, values),) = events(await anext(new))
        assert values["regions"] == {"a": "new"}
        assert [each async for each in slow] == []
        # The end of the old one leaves the new one as it is.
        other = views.watch("page", _regions("another")).events()
        await anext(other)
        ((_, values),) = events(await anext(other))
        assert values["regions"] == {"a": "new"}
        await new.aclose()
        await other.aclose()

    asyncio.run(run())


def _regions(text: str) -> Refresh:
    async def refresh() -> dict[str, str]:
        return {"a": text}

    return refresh
