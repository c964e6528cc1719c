"""What is logged of handshakes, and files that are read again."""

from __future__ import annotations

import asyncio
import logging
import shutil
from pathlib import Path

import pytest

from geartrain.server.handshakes import Handshakes
from geartrain.transport.tls import Tls
from tests.support.certificates import Authority


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    return Authority(tmp_path_factory.mktemp("authority")).issue("server").tls()


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "geartrain.server")
    return caplog


def test_of_many_failures_one_a_second_is_logged(
    shown: Tls, log: pytest.LogCaptureFixture
) -> None:
    async def fail() -> None:
        handshakes = Handshakes(shown)
        for _ in range(50):
            handshakes.report("10.0.0.1", OSError("broken"))
        assert len(log.messages) == 1
        await asyncio.sleep(1.01)
        handshakes.report("10.0.0.2", ConnectionAbortedError("too long"))

    asyncio.run(fail())
    assert log.messages == [
        "the TLS handshake with 10.0.0.1 failed: broken",
        "the TLS handshake with 10.0.0.2 failed: it was not done after 10 seconds"
        " (and 49 others before)",
    ]


def test_who_only_looks_whether_the_port_is_open_is_not_logged(
    shown: Tls, log: pytest.LogCaptureFixture
) -> None:
    async def look() -> None:
        Handshakes(shown).report("10.0.0.1", ConnectionResetError())

    asyncio.run(look())
    assert log.messages == []


def test_wrong_files_leave_what_was_read_in_use(
    shown: Tls, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    both = tmp_path / "both.pem"
    whole = Path(shown.key).read_bytes() + Path(shown.cert).read_bytes()
    both.write_bytes(whole)
    handshakes = Handshakes(Tls(cert=str(both)))
    first = handshakes.context
    shutil.copy(shown.cert, both)
    handshakes.reload()
    assert handshakes.context is first
    assert "holds no private key" in caplog.text
    both.write_bytes(whole)
    handshakes.reload()
    assert handshakes.context is not first
