"""The redaction hook: found at the start, or the server does not start."""

from __future__ import annotations

import asyncio
import threading

import pytest

from geartrain.dashboard import redaction
from geartrain.dashboard.redaction import Redaction, load_redaction
from geartrain.errors import OptionError
from tests.support.programs import run


def test_a_hook_is_named_by_module_and_function() -> None:
    redaction = load_redaction("builtins:repr")
    assert redaction.is_on
    assert not load_redaction("").is_on


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("hook", "write package.module:function"),
        ("no_such_module:hook", "cannot be imported: No module named"),
        ("builtins:no_such", "cannot be imported"),
        ("sys:path", "is no function"),
    ],
)
def test_what_cannot_be_used_is_refused(text: str, reason: str) -> None:
    with pytest.raises(OptionError, match=reason):
        load_redaction(text)


def test_a_server_whose_hook_is_wrong_does_not_start() -> None:
    status, _, said = run(
        "geartrain",
        *("server", "--port", "0", "--store", "memory:", "--http", "127.0.0.1:5399"),
        *("--dashboard-redact", "no_such_module:hook"),
    )
    assert status != 0
    assert "no_such_module:hook cannot be imported" in said


def test_a_hook_that_hangs_holds_up_nobody_else(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(redaction, "_PATIENCE", 0.1)
    goes_on, calls = threading.Event(), []

    def hanging(function: str, data: bytes) -> bytes:
        calls.append(data)
        goes_on.wait()
        return data

    async def run() -> None:
        hook = Redaction(hanging)
        async with asyncio.timeout(5):
            shown = await asyncio.gather(*(hook.shown("f", b"x") for _ in range(20)))
        assert shown == [None] * 20
        assert calls == [b"x"]
        goes_on.set()
        while await hook.shown("f", b"y") is None:
            await asyncio.sleep(0.01)
        assert calls == [b"x", b"y"]

    asyncio.run(run())
    assert caplog.text.count("has not returned for 0.1 s") == 1
