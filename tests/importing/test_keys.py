from __future__ import annotations

import pytest

from geartrain.importing.keys import split_key
from geartrain.importing.records import Unreadable

UUID = b"6f1c2d3e-0a1b-4c5d-8e9f-0123456789ab"


@pytest.mark.parametrize(
    ("key", "functions", "parts"),
    [
        (b"f-u", [], (b"f", b"u")),
        (b"f-", [], (b"f", b"")),
        (b"-u", [], (b"", b"u")),
        (b"f-" + UUID, [], (b"f", UUID)),
        (b"a-b-" + UUID, [], (b"a-b", UUID)),
        (b"a-b-c", [b"a-b"], (b"a-b", b"c")),
        (b"a-b-c", [b"a"], (b"a", b"b-c")),
        (b"a-b-", [b"a-b", b"a-b-c"], (b"a-b", b"")),
        (b"a--", [b"a"], (b"a", b"-")),
        (b"a-b-" + UUID, [b"a"], (b"a", b"b-" + UUID)),
        (b"f-u", [b"other"], (b"f", b"u")),
    ],
)
def test_a_key_is_parted(
    key: bytes, functions: list[bytes], parts: tuple[bytes, bytes]
) -> None:
    assert split_key(key, functions, "") == parts


@pytest.mark.parametrize(
    ("key", "functions", "reason"),
    [
        (b"f", [], "it has no dash between function and unique"),
        (b"a-b-c", [], "name it with --function"),
        (b"a-b-c", [b"b"], "name it with --function"),
        (b"f--", [], "name it with --function"),
        (b"a-b-c", [b"a", b"a-b"], "several of the functions given"),
    ],
)
def test_what_a_key_leaves_open_is_not_guessed(
    key: bytes, functions: list[bytes], reason: str
) -> None:
    found = split_key(key, functions, "key 1")
    assert isinstance(found, Unreadable)
    assert found.origin == "key 1"
    assert reason in found.reason
