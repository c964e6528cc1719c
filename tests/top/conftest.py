"""The job servers that ``top`` looks at."""

from tests.support.store_servers import fresh, server, shared

__all__ = ["fresh", "server", "shared"]
