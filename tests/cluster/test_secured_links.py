"""Links to peers that speak TLS, or want to know who works for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from geartrain.client import AsyncClient
from geartrain.cluster import offers
from geartrain.engine.model.access import Rules
from geartrain.engine.model.links import AWAY, CONNECTED
from tests.support.access import TOKENS, access_of
from tests.support.certificates import Authority, Issued
from tests.support.nodes import Node, eventually, running_node, scene, working

COVERS = ("cluster/offers",)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def issued(authority: Authority) -> Issued:
    return authority.issue("peer")


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    return tmp_path / "token"


def upper(workload: bytes) -> bytes:
    return workload.upper()


def tls_of(issued: Issued, authority: Authority | None = None) -> dict[str, Any]:
    """Return the options of a job server that shows this certificate."""
    options = {"tls_cert": str(issued.cert), "tls_key": str(issued.key)}
    return options if authority is None else {**options, "tls_ca": str(authority.ca)}


async def refused(node: Node, why: str) -> None:
    """Wait until the link of a node says why it has none."""
    await eventually(lambda: node.report.state == AWAY and why in node.report.error)


async def does(node: Node, client: AsyncClient) -> None:
    """Check that a client of the peer is served."""
    await eventually(lambda: node.report.state == CONNECTED)
    assert await client.do("mail.send", b"abc", timeout=10) == b"ABC"
    assert node.report.taken == 1


def test_a_peer_with_tls_both_ways_and_a_token_is_helped(
    authority: Authority, issued: Issued, token_file: Path
) -> None:
    token_file.write_bytes(TOKENS["worker"])

    async def act() -> None:
        shown = tls_of(issued, authority)
        async with (
            running_node("a") as a,
            running_node("b", access=access_of("worker", "all"), **shown) as b,
            working(a, 1, **{"mail.send": upper}),
        ):
            a.help(
                b.address,
                peer_tls_ca=str(authority.ca),
                peer_tls_cert=str(issued.cert),
                peer_tls_key=str(issued.key),
                peer_token_file=str(token_file),
            )
            way = issued.tls(authority.ca)
            token = TOKENS["all"].decode()
            async with AsyncClient(b.address, tls=way, token=token) as client:
                await does(a, client)

    scene(act)


@pytest.mark.parametrize(
    ("is_mutual", "settings", "why"),
    [
        (False, {"peer_tls": True}, "its certificate is not to be trusted"),
        (False, {}, "if it speaks TLS, give --peer-tls"),
        (True, {"peer_tls_ca": "{ca}"}, "--peer-tls-cert"),
    ],
)
def test_why_a_peer_with_tls_is_not_helped_is_said(
    authority: Authority,
    issued: Issued,
    is_mutual: bool,
    settings: dict[str, str | bool],
    why: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    given = {
        name: value.format(ca=authority.ca) if isinstance(value, str) else value
        for name, value in settings.items()
    }

    async def act() -> None:
        shown = tls_of(issued, authority if is_mutual else None)
        async with running_node("a") as a, running_node("b", **shown) as b:
            a.help(b.address, **given)
            await refused(a, why)

    scene(act)
    assert why in caplog.text
    assert "Traceback" not in caplog.text


def test_tls_with_a_peer_that_speaks_plainly_is_refused(authority: Authority) -> None:
    async def act() -> None:
        async with running_node("a") as a, running_node("b") as b:
            a.help(b.address, peer_tls_ca=str(authority.ca))
            await refused(a, "it does not speak TLS")

    scene(act)


def test_an_unknown_token_is_refused_until_its_file_has_another(
    token_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    token_file.write_text("unknown-token-0123456789")

    async def act() -> None:
        async with (
            running_node("a") as a,
            running_node("b", access=access_of("worker", "all")) as b,
            working(a, 1, **{"mail.send": upper}),
        ):
            a.help(b.address, peer_token_file=str(token_file))
            await refused(a, "token")
            token_file.write_bytes(TOKENS["worker"] + b"\n")
            token = TOKENS["all"].decode()
            async with AsyncClient(b.address, token=token) as client:
                await does(a, client)

    scene(act)
    assert caplog.text.count("is away") == 1


def test_a_function_that_a_peer_refuses_is_told_and_tried_again(
    token_file: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    token_file.write_bytes(TOKENS["worker"])
    monkeypatch.setattr(offers, "_AGAIN", 0.5)
    known = access_of("worker", "all")
    may_all = access_of("all", worker='work = "*"')

    async def act() -> None:
        async with (
            running_node("a") as a,
            running_node("b", access=known) as b,
            working(a, 1, **{"pay.card": upper}),
        ):
            a.help(b.address, peer_token_file=str(token_file))
            await eventually(lambda: a.report.refusals)
            (told,) = a.report.refusals
            assert told == "worker may not work for 'pay.card'"
            driver = a.server.driver
            driver.look_for_problems()
            await eventually(lambda: driver.engine.state.problems)
            ((name, _),) = driver.engine.state.problems
            assert name == "peer_refuses"
            b.server.driver.set_rules(Rules(may_all))
            token = TOKENS["all"].decode()
            async with AsyncClient(b.address, token=token) as client:
                assert await client.do("pay.card", b"abc", timeout=20) == b"ABC"
                a.report.refusals.clear()
                b.server.driver.set_rules(Rules(known))
                await eventually(lambda: told in a.report.refusals)

    scene(act)
    assert caplog.text.count("refuses what it is offered: worker may not work") == 1
