"""Which job servers a process helps."""

from __future__ import annotations

import pytest

from geartrain.cli.peers import finds_peers, ways_to_peers
from geartrain.errors import OptionError
from geartrain.server.kinds import NO_ADDRESS
from geartrain.server.options import Options
from geartrain.transport.address import Address

SHARED = "postgresql://jobs@127.0.0.1/jobs?schema=shop"


@pytest.mark.parametrize(
    ("options", "is_found"),
    [
        (Options(), False),
        (Options(store="memory:"), False),
        (Options(store=SHARED), True),
        (Options(store=SHARED, node_address=NO_ADDRESS), False),
    ],
)
def test_peers_are_found_that_share_the_store(options: Options, is_found: bool) -> None:
    assert finds_peers(options) is is_found


def test_there_is_a_way_to_each_that_is_named() -> None:
    ways = ways_to_peers(Options(peer=(Address(host="127.0.0.1", port=4731),)))
    assert [str(each) for each in ways] == ["127.0.0.1:4731"]
    assert ways_to_peers(Options()) == []
    assert ways_to_peers(Options(store=SHARED)) == []


def test_a_token_that_is_missing_is_told_before_peers_are_found() -> None:
    options = Options(store=SHARED, peer_token_file="/no/such/file")
    with pytest.raises(OptionError):
        ways_to_peers(options)
