"""Results and endings in Redis that expire."""

from __future__ import annotations

from contextlib import closing

from geartrain.engine.batches import Batch
from geartrain.engine.results import ResultRecord
from geartrain.stores.redis.layout import packed_number
from geartrain.stores.redis.store import RedisStore
from tests.support.redis_servers import DURABLE, running_redis_server
from tests.support.store_records import dropping


def test_what_cannot_be_read_is_dropped_when_it_expires() -> None:
    kept = Batch(1)
    kept.results[1] = ResultRecord(1, b"H:x:1", b"f")
    kept.results[1].expires = 1000.0
    with (
        running_redis_server(*DURABLE) as server,
        closing(RedisStore(server.url(), "disk")) as store,
    ):
        store.open()
        store.commit(kept)
        server.ask("HSET", "geartrain:results", packed_number(1), "?")
        drop = dropping(1000.0)
        store.commit(drop)
        assert drop.next_expiry == 0.0
        assert server.ask("HLEN", "geartrain:results") == 0
