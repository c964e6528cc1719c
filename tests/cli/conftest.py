"""The job servers that these tests ask."""

from tests.support.store_servers import fresh, server, shared

__all__ = ["fresh", "server", "shared"]
