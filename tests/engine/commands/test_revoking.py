"""Rules that change while peers are connected."""

from __future__ import annotations

from geartrain.server.access import token_line
from tests.support.access import SHOP, TOKENS, rules_of
from tests.support.dialogue import DialoguePeer, World, job_created, noop


def peer_of(world: World, principal: str) -> DialoguePeer:
    peer = world.connect(b"10.0.0.9")
    peer.option_req(b"token:" + TOKENS[principal])
    assert len(peer.received) == 1
    return peer


def test_open_connections_follow_new_rules() -> None:
    world = World()
    client = peer_of(world, "submitter")
    client.submit_job_bg(b"pay.card", b"", b"w")
    assert [each.name for each in client.received] == ["job_created"]
    world.engine.set_rules(rules_of(SHOP))
    world.deliver()
    # It showed its token before there were rules.
    client.submit_job_bg(b"pay.card", b"", b"w")
    client.submit_job_bg(b"mail.send", b"", b"w")
    assert [each.name for each in client.received] == ["error", "job_created"]
    world.engine.set_rules(rules_of(""))
    world.deliver()
    client.submit_job_bg(b"pay.card", b"", b"w")
    assert [each.name for each in client.received] == ["job_created"]


def test_a_worker_loses_what_it_may_not_do_any_more() -> None:
    world = World()
    worker = peer_of(world, "worker")
    for name in (b"mail.send", b"pay.card"):
        worker.can_do(name)
    worker.pre_sleep()
    world.engine.set_rules(rules_of(SHOP))
    world.deliver()
    abilities = [each.name for each in worker.engine_peer.abilities]
    assert abilities == [b"mail.send"]
    client = peer_of(world, "all")
    client.submit_job_bg(b"pay.card", b"", b"w")
    assert worker.received == []
    client.submit_job_bg(b"mail.send", b"", b"w")
    # It sleeps on, and is woken for what it may do.
    assert worker.received == [noop()]


def test_jobs_of_a_worker_that_may_not_go_on_go_to_another() -> None:
    world = World()
    worker = peer_of(world, "submitter")
    worker.can_do(b"mail.send")
    client = peer_of(world, "all")
    client.submit_job_bg(b"mail.send", b"", b"w")
    assert client.received == [job_created(b"H:test:1")]
    worker.grab_job()
    world.engine.set_rules(rules_of(SHOP))
    world.deliver()
    other = peer_of(world, "worker")
    other.can_do(b"mail.send")
    other.grab_job()
    assert [each.name for each in other.received] == ["job_assign"]


def test_many_peers_follow_in_slices_and_the_last_rules_count() -> None:
    world = World()
    peers = [world.worker(f"f{number}") for number in range(2000)]
    world.goes_on = False
    world.engine.set_rules(rules_of(SHOP))
    world.engine.go_on(world.now)
    assert world.engine.has_more()
    world.engine.set_rules(rules_of(""))
    world.goes_on = True
    world.deliver()
    assert all(each.engine_peer.access is None for each in peers)


def without(principal: str) -> str:
    """Return the rules with another token for a principal."""
    return SHOP.replace(
        token_line(TOKENS[principal]), token_line(b"another-token-0123456789")
    )


def test_who_has_a_token_that_was_taken_away_is_disconnected() -> None:
    world = World()
    world.engine.set_rules(rules_of(SHOP))
    worker, other = peer_of(world, "worker"), peer_of(world, "all")
    worker.can_do(b"mail.send")
    worker.pre_sleep()
    world.engine.set_rules(rules_of(without("worker")))
    world.deliver()
    assert worker.is_closed
    assert not other.is_closed
    assert [each.action for each in world.notices()] == ["token_revoked"]


def test_who_waits_for_a_job_stays_until_it_has_ended() -> None:
    world = World()
    world.engine.set_rules(rules_of(SHOP))
    client, worker = peer_of(world, "submitter"), peer_of(world, "worker")
    worker.can_do(b"mail.send")
    client.submit_job(b"mail.send", b"", b"w")
    world.engine.set_rules(rules_of(without("submitter")))
    world.deliver()
    assert not client.is_closed
    worker.grab_job()
    handle = worker.received[-1].arguments[0]
    worker.work_complete(handle, b"done")
    assert client.received[-1].name == "work_complete"
    # It may no longer do anything, and is told so.
    client.submit_job(b"mail.send", b"", b"w")
    assert client.received[-1].name == "error"
