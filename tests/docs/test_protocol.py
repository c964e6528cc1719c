"""PROTOCOL.md lists every deviation and every packet type."""

from __future__ import annotations

import pytest

from geartrain.protocol.constants import PacketType
from proof.differential.deviations import DEVIATIONS, Deviation
from tests.support.documents import ROOT


@pytest.mark.parametrize("deviation", DEVIATIONS, ids=lambda each: each.name)
def test_protocol_md_lists_the_deviation(deviation: Deviation) -> None:
    cells = (
        f"`{deviation.name}`",
        deviation.gearmand,
        deviation.geartrain,
        deviation.why,
    )
    row = f"| {' | '.join(cells)} |"
    assert row in (ROOT / "PROTOCOL.md").read_text().splitlines()


@pytest.mark.parametrize("packet_type", PacketType, ids=lambda each: each.name)
def test_protocol_md_lists_the_packet_type(packet_type: PacketType) -> None:
    name = "(unused)" if packet_type is PacketType.UNUSED else packet_type.name
    assert f"\n| {int(packet_type)} | {name} | " in (ROOT / "PROTOCOL.md").read_text()
