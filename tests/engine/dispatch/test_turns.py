"""Turns: what one peer sends keeps nobody waiting, and bounds what is made for it."""

from __future__ import annotations

import pytest

from geartrain.engine.dispatch.turns import PEER_SHARE
from geartrain.engine.model.peers import MOST_UNREAD
from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import request
from tests.support.dialogue import H1, DialoguePeer, World, echo_res, no_job, work_fail
from tests.support.stored_engine import stored
from tests.support.turns import STEP, halted, turn, turns


def queue_jobs(peer: DialoguePeer, count: int) -> None:
    for number in range(count):
        peer.submit_job_bg(b"f", b"u%d" % number, b"w")
    assert len(peer.received) == count


def text_of(peer: DialoguePeer) -> bytes:
    return b"".join(answer.arguments[0] for answer in peer.received)


# A share, and what is left


def test_what_exceeds_a_share_is_left_for_later_turns(world: World) -> None:
    halted(world)
    attacker, other = world.client(), world.client()
    attacker.send(request(PacketType.ECHO_REQ, b"x") * 10_000)
    first = len(attacker.received)
    assert 0 < first < 10_000
    assert attacker.engine_peer.is_busy
    other.echo_req(b"y")
    assert other.received == [echo_res(b"y")]
    assert max(turns(world)) < 2 * PEER_SHARE + STEP
    assert len(attacker.received) == 10_000 - first
    assert world.freed == [attacker.engine_peer]


@pytest.mark.parametrize("line", [b"\n", b"x\n", b"hos\n"])
def test_lines_are_looked_through_within_shares(world: World, line: bytes) -> None:
    halted(world)
    attacker, other = world.client(), world.client()
    attacker.send(line * 60_000)
    assert attacker.received == []
    other.echo_req(b"y")
    assert other.received == [echo_res(b"y")]
    assert max(turns(world)) < 2 * PEER_SHARE + STEP
    assert text_of(attacker).count(b"\n") == 60_000


def test_the_order_of_what_a_peer_sends_is_kept(world: World) -> None:
    halted(world)
    peer = world.client()
    echoes = [request(PacketType.ECHO_REQ, b"%d" % number) for number in range(6_000)]
    peer.send(b"".join(echoes[:5_000]))
    # The driver reads on only when told to, and yet a read may be under way.
    peer.send(b"".join(echoes[5_000:]))
    turns(world)
    assert peer.received == [echo_res(b"%d" % number) for number in range(6_000)]


def test_peers_with_something_left_take_turns(world: World) -> None:
    halted(world)
    peers = [world.client() for _ in range(5)]
    for peer in peers:
        peer.send(request(PacketType.ECHO_REQ, b"x") * 20_000)
        peer.received.clear()
    for _ in range(4):
        turn(world)
    counts = [len(peer.received) for peer in peers]
    assert min(counts) > 0


def test_many_that_are_read_in_one_turn_get_little_each(world: World) -> None:
    halted(world)
    state = world.engine.state
    peers = [world.client() for _ in range(20)]
    before = state.turns.work
    for peer in peers:
        echoes = request(PacketType.ECHO_REQ, b"x") * 10_000
        world.engine.receive(peer.engine_peer, echoes, world.now)
    assert state.turns.work - before < 5 * PEER_SHARE
    one = world.client()
    one.echo_req(b"y")
    assert one.received == [echo_res(b"y")]


def test_wrong_packets_count_as_well(world: World) -> None:
    halted(world)
    peer = world.client()
    before = world.engine.state.turns.work
    peer.send(b"\0RES\0\0\0\1\0\0\0\0" * 20_000)
    assert world.engine.state.turns.work - before < PEER_SHARE + STEP
    turns(world)
    assert len(peer.received) == 20_000


def test_one_that_leaves_in_between_is_gone(world: World) -> None:
    halted(world)
    peer = world.client()
    peer.send(b"status\n" + request(PacketType.ECHO_REQ, b"x") * 10_000)
    peer.leave()
    assert turns(world) == [] or not world.engine.has_more()
    assert world.freed == []


# Answers in pieces


def test_a_listing_goes_on_over_turns_and_is_whole(world: World) -> None:
    client, admin = world.client(), world.admin()
    queue_jobs(client, 12_000)
    halted(world)
    admin.send(b"show unique jobs\nversion\n")
    first = text_of(admin)
    assert b".\n" not in first
    assert max(turns(world)) < 2 * PEER_SHARE + STEP
    whole = first + text_of(admin)
    uniques = b"".join(b"u%d\n" % number for number in range(12_000))
    assert whole == uniques + b".\nOK 9.8.7\n"


def test_a_listing_of_moderate_size_is_not_parted(world: World) -> None:
    worker, admin = world.worker(*[f"f{number}" for number in range(2_000)]), None
    assert worker.received == []
    halted(world)
    admin = world.admin()
    # Too little of the share is left to begin it.
    admin.send(request(PacketType.ECHO_REQ, b"x") * 2_000 + b"status\n")
    echoes = admin.received
    assert [each.name for each in echoes] == ["echo_res"] * 2_000
    turn(world)
    assert text_of(admin).endswith(b"\n.\n")


def test_a_listing_leaves_out_what_ended_meanwhile(world: World) -> None:
    client, admin = world.client(), world.admin()
    queue_jobs(client, 8_000)
    halted(world)
    admin.send(b"show jobs\n")
    first = text_of(admin)
    last = b"H:test:8000"
    client.send(b"cancel job %s\n" % last)
    client.send(request(PacketType.SUBMIT_JOB_BG, b"f", b"new", b"w"))
    turns(world)
    rows = (first + text_of(admin)).splitlines()
    assert len(rows) == len(set(rows)) == 8_000
    assert not any(row.startswith(last) for row in rows)


def test_functions_that_come_and_go_do_not_break_a_listing(world: World) -> None:
    worker = world.worker(*[f"f{number}" for number in range(6_000)])
    admin, other = world.admin(), world.admin()
    halted(world)
    admin.send(b"status\n")
    first = text_of(admin)
    worker.leave()
    turns(world)
    other.send(b"drop function f5999\n")
    other.send(b"create function g\n")
    turns(world)
    rows = (first + text_of(admin)).splitlines()
    assert len(rows) == 6_001
    assert rows[-1] == b"."


def test_a_listing_keeps_no_job_that_ended_in_memory(world: World) -> None:
    client, admin = world.client(), world.admin()
    queue_jobs(client, 50)
    admin.send(b"jobs limit=1\n")
    listing = admin.engine_peer.listing
    assert listing is not None
    assert listing.size() == 50
    client.send(b"cancel job H:test:50\n")
    assert not any("H:test:50" in row for row in rows_of(admin, "jobs limit=100"))


def rows_of(admin: DialoguePeer, line: str) -> list[str]:
    admin.received.clear()
    admin.send(line.encode() + b"\n")
    return text_of(admin).decode().splitlines()


def test_a_listing_that_was_ended_is_begun_again(world: World) -> None:
    queue_jobs(world.client(), 1_000)
    state = world.engine.state
    peers = [world.admin() for _ in range(3)]
    for peer in peers:
        peer.send(b"jobs limit=1\n")
    assert all(peer.engine_peer.listing for peer in peers)
    state.end_listing(peers[0].engine_peer)
    peers[0].received.clear()
    answer = peers[0].text("jobs limit=1 after=memory-1-H:test:1")
    assert b'"handle": "H:test:2"' in answer
    peers[1].leave()
    assert list(state.listings) == [peers[2].engine_peer, peers[0].engine_peer]


# Peers that do not read


def test_nothing_is_produced_for_one_that_does_not_read(world: World) -> None:
    queue_jobs(world.client(), 20_000)
    halted(world)
    admin = world.admin()
    engine_peer = admin.engine_peer
    admin.send(b"show jobs\n" * 1_000)
    world.engine.congest(engine_peer)
    turns(world)
    before = world.engine.state.turns.work
    assert not world.engine.has_more()
    assert len(text_of(admin)) < 1_000_000
    assert world.engine.state.turns.work == before
    world.engine.relieve(engine_peer)
    assert world.engine.has_more()
    turn(world)
    assert admin.received


def test_what_is_produced_in_a_turn_is_bounded_by_bytes(world: World) -> None:
    name = b"n" * 60_000
    worker = world.client()
    for number in range(300):
        worker.can_do(b"%d" % number + name)
    halted(world)
    admin = world.admin()
    admin.send(b"status\n" * 10)
    assert len(text_of(admin)) <= MOST_UNREAD + 100_000
    turn(world)
    assert len(text_of(admin)) <= MOST_UNREAD + 100_000


def test_what_is_held_back_for_a_commit_is_bounded() -> None:
    world = stored()
    world.is_committing = False
    peer = world.client()
    echoes = request(PacketType.ECHO_REQ, b"x" * 60_000) * 300
    peer.send(request(PacketType.SUBMIT_JOB_BG, b"f", b"a", b"w") + echoes)
    assert not world.engine.has_more()
    assert peer.engine_peer.held_size < MOST_UNREAD + 100_000
    world.commit_all()
    assert [each.name for each in peer.received] == ["job_created", *["echo_res"] * 300]


# Policies


def test_a_glob_is_matched_with_functions_in_turns_to_come(world: World) -> None:
    names = [f"f{number}" for number in range(3_000)]
    world.worker(*names)
    state = world.engine.state
    halted(world)
    admin = world.admin()
    admin.send(b"".join(b"policy *%d ttl=%d\n" % (n, n + 1) for n in range(1_000)))
    assert max(turns(world)) < 2 * PEER_SHARE + STEP
    assert text_of(admin) == b"OK\r\n" * 1_000
    versions = {function.policy_version for function in state.functions.values()}
    assert versions == {state.policies.version}
    assert state.functions[b"f2999"].policy.ttl == 1_000


def test_a_change_holds_before_it_has_reached_all_functions(world: World) -> None:
    worker = world.worker(*[f"f{number}" for number in range(1_000)], "f")
    state = world.engine.state
    world.goes_on = False
    world.policy(b"f*", delay=60)
    assert world.engine.has_more()
    world.client().submit_job_bg(b"f", b"", b"w")
    function = state.functions[b"f"]
    assert (len(function.scheduled), function.ready_count()) == (1, 0)
    worker.grab_job()
    assert worker.received == [no_job()]


def test_jobs_that_only_wait_expire_by_a_glob_that_came_later(world: World) -> None:
    world.worker(*[f"a{number}" for number in range(3_000)])
    client = world.client()
    client.submit_job(b"zz", b"", b"w")
    client.received.clear()
    world.admin().send(b"policy z* ttl=5\n")
    world.advance(6)
    assert client.received == [work_fail(H1)]


# Schedules


def test_as_many_schedules_as_one_likes_cost_the_same_each() -> None:
    def later(cron: str, timezone: str, after: float) -> float:
        return after + 3600

    world = World(later)
    halted(world)
    client = world.client()
    submissions = [
        request(PacketType.SUBMIT_JOB_SCHED, b"f", b"u%d" % number, *[b""] * 5, b"w")
        for number in range(2_000)
    ]
    client.send(b"".join(submissions))
    assert max(turns(world)) < 2 * PEER_SHARE + STEP
    client.send(b"".join(submissions))
    turns(world)
    handles = [answer.arguments for answer in client.received]
    assert len(handles) == 4_000
    assert handles[:2_000] == handles[2_000:]
    assert len(world.engine.state.schedules) == 2_000


# What is due at once


def test_what_is_due_at_once_is_done_over_ticks(world: World) -> None:
    client = world.client()
    due = b"%d" % (world.wall_time + 10)
    for _ in range(20_000):
        client.submit_job_epoch(b"f", b"", due, b"w")
    world.now += 11
    function = world.engine.state.functions[b"f"]
    world.engine.tick(world.now)
    assert 0 < function.ready_count() < 5_000
    deadline = world.engine.deadline()
    assert deadline is not None
    assert deadline <= world.now
    for _ in range(30):
        world.engine.tick(world.now)
    assert function.ready_count() == 20_000
