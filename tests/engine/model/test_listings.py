"""What a peer lists."""

from __future__ import annotations

from geartrain.engine.model.listings import Listing


def test_a_listing_ends_behind_its_last_handle() -> None:
    listing = Listing([b"H:1", b"H:2"])
    assert [listing.is_at_end(start) for start in range(4)] == [
        False,
        False,
        True,
        True,
    ]


def test_a_listing_is_as_large_as_the_handles_it_holds() -> None:
    listing = Listing([b"H:1", b"H:2"])
    listing.listed.add(b"H:1")
    assert listing.size() == 3
