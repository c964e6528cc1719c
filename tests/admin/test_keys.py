"""Flow keys, asked of a real job server."""

from __future__ import annotations

import pytest

from geartrain.admin import Admin
from geartrain.errors import RefusedError
from tests.support.keys_at_work import submit_accounts
from tests.support.servers import RunningServer
from tests.support.wire import Wire


def test_a_flow_key_is_a_row(fresh: RunningServer) -> None:
    with Wire(fresh.connect()) as wire, Admin(fresh.address) as admin:
        submit_accounts(fresh, wire)
        seven, eight = admin.keys("sync")
        assert (seven.key, seven.waiting, seven.held) == ("account-7", 2, 2)
        assert (seven.running, seven.limit, seven.next) == (1, "key_concurrency", None)
        assert (eight.key, eight.held, eight.limit) == ("account-8", 0, None)
        found = admin.keys("sync", sort="key", match="*8", limit=1)
        assert [each.key for each in found] == [eight.key]
        (row,) = admin.functions()
        assert (row.waiting, row.held, row.flow_keys, row.next) == (3, 2, 2, None)
        jobs = admin.jobs(key="account-7")
        assert [each.key for each in jobs] == ["account-7"] * 3
        assert admin.cancel_all(key="account-7") == 3
        with pytest.raises(RefusedError, match="UNKNOWN_FUNCTION"):
            list(admin.keys("other"))
