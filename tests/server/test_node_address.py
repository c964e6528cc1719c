"""What a job server tells others of where it is to be reached."""

from __future__ import annotations

import pytest

from geartrain.configuration.kinds import NO_PORT
from geartrain.server.node_address import node_address
from geartrain.transport.address import Address, parse_address

HERE = "127.0.0.1:7003"


@pytest.mark.parametrize(
    ("given", "listening", "address"),
    [
        ("", [HERE], HERE),
        ("", [":7003"], "*:7003"),
        ("", ["0.0.0.0:7003"], "*:7003"),
        ("", ["[::]:7003", "10.0.0.1:7004"], "*:7003"),
        ("", ["localhost:7003", "jobs1:7004"], "jobs1:7004"),
        ("", ["unix:/run/g", "[::1]:7003"], "[::1]:7003"),
        ("", ["unix:/run/g"], ""),
        ("", [], ""),
        ("jobs1", [HERE], "jobs1:7003"),
        ("jobs1", ["unix:/run/g"], ""),
        ("jobs1:7010", ["unix:/run/g"], "jobs1:7010"),
        (":7010", ["10.0.0.1:7004"], "10.0.0.1:7010"),
        (":7010", ["0.0.0.0:7004"], "*:7010"),
    ],
)
def test_what_is_not_said_is_where_it_listens(
    given: str, listening: list[str], address: str
) -> None:
    said = parse_address(given, NO_PORT) if given else Address(port=NO_PORT)
    assert node_address(said, [parse_address(each) for each in listening]) == address
