"""The job servers that these tests ask."""

from tests.admin.serving import fresh, server, shared

__all__ = ["fresh", "server", "shared"]
