"""``geartrain actions``."""

from __future__ import annotations

import getpass
import socket

from tests.support.commands import ask, objects
from tests.support.jobs_in_states import submit
from tests.support.servers import RunningServer


def test_what_operators_did_is_listed(fresh: RunningServer) -> None:
    assert objects(fresh, "actions") == []
    submit(fresh, b"mail")
    ask(fresh, "pause", "mail")
    ask(fresh, "purge", "mail", "--yes")
    ask(fresh, "policy", "report", "ttl=5")
    status, out, err = ask(fresh, "actions", TZ="UTC")
    assert (status, err) == (0, "")
    title, policy, purge, pause = out.splitlines()
    names = ["TIME", "WHO", "FROM", "CLIENT", "COMMAND", "ARGUMENTS", "COUNT"]
    assert title.split() == names
    who = f"{getpass.getuser()}@{socket.gethostname()}"
    assert policy.split()[1:4] == ["-", "127.0.0.1", who]
    assert policy.split()[4:] == ["policy", "report", "ttl=5", "1"]
    assert purge.split()[4:6] == ["purge", "mail"]
    assert pause.split()[4:] == ["pause", "mail", "1"]
    mine = objects(fresh, "actions", "--function", "report")
    assert [row["command"] for row in mine] == ["policy"]
    assert len(objects(fresh, "actions", "--limit", "2")) == 2
