"""A look at a PostgreSQL store from outside: what is there, and would it be taken."""

from __future__ import annotations

from geartrain.stores.postgresql.location import read_location
from geartrain.stores.postgresql.session import DatabaseSession, explain

__all__ = ["look"]


def look(location: str, durability: str) -> str:
    """Say what a database is, and whether it can be a store.

    Raises:
        StoreError: it cannot, or is not there.
    """
    read = read_location(location)
    with explain(read):
        session = DatabaseSession(read, durability)
        try:
            said = f"{read.shown}: {session.server.durability(durability)}"
            pooled = ", behind a pooler" if session.server.is_pooled else ""
            return f"{said}{pooled}"
        finally:
            session.close()
