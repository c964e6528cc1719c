"""Names of memcached stores."""

from __future__ import annotations

import pytest

from geartrain.errors import OptionError
from geartrain.stores.locations import check_store
from geartrain.stores.memcached.location import memcached_of


def test_a_name_has_servers_and_a_prefix() -> None:
    found = memcached_of("memcached://cache1,cache2:11212,[::1]:11213/jobs")
    assert found.servers == (("cache1", 11211), ("cache2", 11212), ("::1", 11213))
    assert found.prefix == b"jobs"
    assert found.shown() == "memcached://cache1:11211,cache2:11212,[::1]:11213/jobs"
    assert memcached_of("memcached://cache1").prefix == b"geartrain"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("memcached://", "names no server"),
        ("memcached:///jobs", "names no server"),
        ("memcached://a,,b/jobs", "'' is no host:port"),
        ("memcached://a:99999", "'a:99999' is no host:port"),
        ("memcached://a,a/jobs", "names a server twice"),
        ("memcached://me:pw@a", "memcached has no users"),
        ("memcached://a/two words", "a prefix has up to 180"),
        ("memcached://a/jobs?x=1", "a prefix has up to 180"),
    ],
)
def test_what_cannot_be_read_is_told(text: str, reason: str) -> None:
    with pytest.raises(OptionError, match=reason):
        check_store(text)
