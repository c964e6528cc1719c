"""Flow keys of a running job server."""

from __future__ import annotations

from geartrain.admin import Admin
from geartrain.protocol.constants import PacketType
from tests.support.servers import RunningServer
from tests.support.wire import Wire


def submit_accounts(server: RunningServer, wire: Wire) -> None:
    """Submit jobs of function ``sync``: three of account 7, one of account 8.

    One at a time runs of each account, and ``wire`` runs the first.
    """
    with Admin(server.address) as admin:
        admin.set_policy("sync", {"options_in_names": True, "key_concurrency": 1})
    for account in b"7778":
        name = b"sync?key=account-%c" % account
        wire.send(PacketType.SUBMIT_JOB_BG, name, b"", b"")
        wire.expect(PacketType.JOB_CREATED)
    wire.register(b"sync")
    wire.grab()
