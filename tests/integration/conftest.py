"""Certificates, and the event loops that job servers run on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from geartrain.transport.tls import Tls
from tests.support.certificates import Authority, Issued


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("stranger"))


@pytest.fixture(scope="module")
def shown(authority: Authority) -> Issued:
    return authority.issue("server")


@pytest.fixture(scope="module")
def trusting(authority: Authority) -> Tls:
    return Tls(ca=str(authority.ca))


@pytest.fixture(params=["uvloop", "asyncio"])
def loop(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Have job servers run on uvloop, or as if it were not installed."""
    if request.param == "asyncio":
        (tmp_path / "uvloop.py").write_text("raise ImportError\n")
        path = [str(tmp_path), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, path)))
