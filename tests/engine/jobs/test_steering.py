"""Jobs that operators put elsewhere, whatever else happens to them meanwhile."""

from __future__ import annotations

from tests.support.steered import Make, filled, numbered
from tests.support.stored_engine import (
    DAY,
    counts,
    drain,
    stored,
    submit,
    submit_due,
)


def test_a_job_that_was_moved_coalesces_in_its_new_function(make: Make) -> None:
    world = make()
    client = world.client()
    submit(client, "first", "second", "third", "fourth")
    client.submit_job_bg(b"f", b"u", b"w")
    handle = client.received[-1].arguments[0]
    assert world.admin().text(b"move " + handle + b" g") == b"OK\r\n"
    client.submit_job_bg(b"g", b"u", b"w")
    assert client.received[-1].arguments[0] == handle
    client.submit_job_bg(b"f", b"u", b"w")
    assert client.received[-1].arguments[0] != handle


def test_a_job_of_the_store_is_put_elsewhere_twice_before_it_is_durable() -> None:
    world = filled(lambda: stored(3))
    world.is_committing = False
    one, two = world.admin(), world.admin()
    one.send(b"priority H:test:12 high\n")
    two.send(b"move H:test:12 g\n")
    world.commit()
    one.send(b"move H:test:12 h\n")
    world.commit_all()
    assert [each.received[-1].arguments[0][:2] for each in (one, two)] == [b"OK"] * 2
    world.is_committing = True
    assert counts(world) == (11, 0)
    total = [counts(world, name)[0] for name in ("g", "h")]
    assert sorted(total) == [0, 1]
    found = [drain(world.worker(name)) for name in ("g", "h")]
    assert sorted(found) == ["", "12"]
    assert drain(world.worker("f")) == numbered(1, 11)


def test_moves_outlast_a_restart() -> None:
    world = filled(lambda: stored(3))
    submit_due(world.client(), world.wall_time + DAY, "later")
    admin = world.admin()
    admin.text("move jobs g function=f")
    admin.text("priority H:test:9 high")
    admin.text("run H:test:13")
    again = world.restarted()
    assert drain(again.worker("f")) == ""
    done = drain(again.worker("g")).split()
    assert done[0] == "9"
    assert sorted(done) == sorted([*numbered(1, 12).split(), "later"])
