"""How much memory jobs and packets take, and what is refused when it is short."""

from __future__ import annotations

import pytest

from geartrain.engine.queries import FULL_PAGE
from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import request
from geartrain.protocol.room import FULL
from geartrain.stores.memory import MemoryStore
from tests.support.dialogue import H1, DialoguePeer, World, echo_res, error, job_created

MIB = 1024 * 1024
REFUSAL = error(b"QUEUE_ERROR", FULL)


def held(world: World) -> int:
    return world.engine.memory.jobs


def limited(limit: int = 100 * MIB) -> World:
    world = World(max_packet=16 * MIB)
    world.engine.memory.limit_to(limit)
    return world


def fill(world: World) -> None:
    """Have the process take as much as it may, beside what is counted."""
    memory = world.engine.memory
    world.engine.measured(memory.limit * 9 // 10, 0)
    assert world.engine.weigh() > 0
    memory.refuse_jobs()


def half_of(packet: bytes) -> bytes:
    return packet[: len(packet) // 2]


def test_jobs_are_counted_while_they_are_there(world: World) -> None:
    client, worker = world.client(), world.worker("f")
    client.submit_job(b"f", b"", b"w" * 10_000)
    client.submit_job_epoch(b"f", b"", b"%d" % (world.wall_time + 9), b"w" * 10_000)
    assert 20_000 < held(world) < 25_000
    worker.grab_job()
    worker.work_complete(H1, b"r" * 50_000)
    assert 10_000 < held(world) < 15_000
    world.admin().text("cancel job H:test:2")
    assert held(world) == 0


def test_what_a_worker_said_of_a_failure_is_counted() -> None:
    world = World(store=MemoryStore())
    world.policy(b"f", max_attempts=3, backoff_delay=0)
    client, worker = world.client(), world.worker("f")
    client.submit_job_bg(b"f", b"", b"w")
    for _ in range(2):
        worker.grab_job()
        worker.work_exception(H1, b"e" * 30_000)
        assert 30_000 < held(world) < 35_000
    worker.grab_job()
    worker.work_complete(H1, b"")
    assert held(world) == 0


def test_dead_letters_in_memory_are_counted() -> None:
    world = World(store=MemoryStore(), keeps_jobs=False)
    client, worker = world.client(), world.worker("f")
    for handle in (H1, b"H:test:2"):
        client.submit_job_bg(b"f", b"", b"w" * 10_000)
        worker.grab_job()
        worker.work_fail(handle)
    assert held(world) > 20_000
    assert client.received == [job_created(H1), job_created(b"H:test:2")]
    assert client.text(b"dead drop " + H1) == b"OK\r\n"
    assert client.text(b"dead retry H:test:2") == b"OK\r\n"
    assert 10_000 < held(world) < 15_000
    client.text("cancel job H:test:2")
    assert held(world) == 0


def test_schedules_are_counted() -> None:
    world = World(lambda cron, timezone, after: after + 1e9)
    client = world.client()
    for size in (10_000, 20_000):
        client.submit_job_sched(b"f", b"u", b"", b"", b"", b"", b"", b"w" * size)
        assert size < held(world) < size + 5000
    client.send(b"cancel job H:test:1\n")
    assert held(world) == 0


def test_incomplete_packets_are_counted(world: World, client: DialoguePeer) -> None:
    memory = world.engine.memory
    packet = request(PacketType.SUBMIT_JOB_BG, b"f", b"", b"w" * 300_000)
    client.send_in_pieces(packet[:-1], 100_000)
    assert memory.packets == len(packet) - 12 - 1
    client.send(packet[-1:])
    assert memory.packets == 0
    client.send(half_of(packet))
    client.leave()
    assert memory.packets == 0
    assert not memory.under_way


def test_a_read_is_not_kept_for_what_is_left_of_it(
    world: World, client: DialoguePeer
) -> None:
    echo = request(PacketType.ECHO_REQ, b"x" * 50_000)
    client.send(echo + b"\0REQ")
    assert world.engine.memory.packets == 4
    client.send(echo[4:])
    assert world.engine.memory.packets == 0


def test_no_job_is_taken_while_memory_is_full() -> None:
    world = limited()
    client, worker = world.client(), world.worker("f")
    client.submit_job(b"f", b"", b"w")
    fill(world)
    client.submit_job(b"f", b"", b"w")
    client.submit_job_bg(b"f", b"", b"w")
    client.submit_job_epoch(b"f", b"", b"5", b"w")
    client.submit_job_sched(b"f", b"", b"", b"", b"", b"", b"", b"w")
    client.echo_req(b"still here")
    assert client.received == [
        job_created(H1),
        *[REFUSAL] * 4,
        echo_res(b"still here"),
    ]
    worker.grab_job()
    worker.work_complete(H1, b"result")
    assert [answer.name for answer in client.received] == ["work_complete"]
    world.engine.measured(1, 0)
    assert world.engine.weigh() == 0


def test_jobs_are_taken_again_when_a_good_part_is_free() -> None:
    world = limited(80 * MIB)
    memory = world.engine.memory
    world.engine.measured(61 * MIB, 0)
    assert world.engine.weigh() > 0
    memory.refuse_jobs()
    world.engine.measured(59 * MIB, 0)
    assert world.engine.weigh() > 0
    world.engine.measured(52 * MIB, 0)
    assert world.engine.weigh() == 0


def test_a_packet_larger_than_what_is_left_is_skipped() -> None:
    world = limited()
    client = world.client()
    memory = world.engine.memory
    world.engine.measured(memory.limit - 1 * MIB, 0)
    world.engine.weigh()
    packet = request(PacketType.SUBMIT_JOB_BG, b"f", b"", b"w" * (2 * MIB))
    client.send_in_pieces(packet + request(PacketType.ECHO_REQ, b"behind"), 100_000)
    assert client.received == [REFUSAL, echo_res(b"behind")]
    assert memory.room.refused == 1


def test_a_large_job_that_has_arrived_is_taken_if_it_is_what_fills_memory() -> None:
    world = limited()
    client = world.client()
    packet = request(PacketType.SUBMIT_JOB_BG, b"f", b"", b"w" * (12 * MIB))
    client.send(packet[:100_000])
    memory = world.engine.memory
    world.engine.measured(memory.limit * 7 // 10, 0)
    client.send_in_pieces(packet[100_000:-1], 1_000_000)
    assert world.engine.weigh() > 0
    memory.refuse_jobs()
    client.send(packet[-1:])
    client.submit_job_bg(b"f", b"", b"small")
    assert client.received == [job_created(H1), REFUSAL]


def test_a_result_is_taken_even_so() -> None:
    world = limited()
    client, worker = world.client(), world.worker("f")
    client.submit_job(b"f", b"", b"w")
    worker.grab_job()
    fill(world)
    worker.send_in_pieces(
        request(PacketType.WORK_COMPLETE, H1, b"r" * (2 * MIB)), 100_000
    )
    assert [answer.name for answer in client.received] == [
        "job_created",
        "work_complete",
    ]


@pytest.mark.parametrize("size", [2000, 60_000, 70_000, 300_000])
def test_the_newest_packets_under_way_are_given_up(size: int) -> None:
    world = limited()
    packet = request(PacketType.SUBMIT_JOB_BG, b"f", b"", b"w" * size)
    peers = [world.client() for _ in range(4)]
    for peer in peers:
        peer.send_in_pieces(half_of(packet), 100_000)
        world.advance(1)
    assert world.engine.give_up(size // 2 + 20, world.now) == 2
    world.deliver()
    assert [peer.received for peer in peers] == [[], [], [REFUSAL], [REFUSAL]]
    rest = packet[len(packet) // 2 :] + request(PacketType.ECHO_REQ, b"behind")
    for peer in peers:
        peer.send_in_pieces(rest, 100_000)
    names = [[answer.name for answer in peer.received] for peer in peers]
    assert names[:2] == [["job_created", "echo_res"]] * 2
    assert names[2:] == [["echo_res"]] * 2
    assert world.engine.memory.packets == 0


def test_packets_that_go_on_are_left_alone() -> None:
    world = limited()
    packet = request(PacketType.SUBMIT_JOB_BG, b"f", b"", b"w" * 300_000)
    stalled, goes_on = world.client(), world.client()
    stalled.send(packet[:1000])
    goes_on.send(packet[:1000])
    world.advance(10)
    goes_on.send(packet[1000:2000])
    assert world.engine.give_up(MIB, world.now - 5) == 1
    world.deliver()
    assert (stalled.received, goes_on.received) == ([REFUSAL], [])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"sta",
        b"s" * 5000,
        request(PacketType.WORK_COMPLETE, H1, b"r" * 300_000)[:5000],
        request(PacketType.ECHO_REQ, b"x" * 300_000)[:11],
    ],
)
def test_lines_headers_and_results_are_not_given_up(data: bytes) -> None:
    world = limited()
    world.client().send(data)
    assert world.engine.give_up(MIB, world.now) == 0


def test_results_are_told_by_their_age() -> None:
    world = limited()
    result = request(PacketType.WORK_COMPLETE, H1, b"r" * 300_000)
    workers = [world.worker("f") for _ in range(3)]
    for worker in workers:
        worker.send(result[:100_000])
    workers[0].send(result[100_000:])
    memory = world.engine.memory
    expected = [worker.engine_peer for worker in workers[1:]]
    assert memory.results_under_way() == expected


def test_nobody_is_let_in_beyond_the_limit() -> None:
    world = limited()
    world.engine.memory.turn_peers_away()
    late = world.client()
    world.deliver()
    assert late.received == [REFUSAL]
    assert late.is_closed
    world.engine.memory.take_jobs_again()
    early = world.client()
    early.echo_req(b"x")
    assert early.received == [echo_res(b"x")]


def tight_world() -> World:
    """Return a world in which memory is tight, with a store of jobs."""
    world = World(store=MemoryStore(), window=1000)
    world.engine.memory.limit_to(1000 * MIB)
    world.engine.measured(500 * MIB, 0)
    world.engine.weigh()
    return world


def test_what_only_waits_is_left_to_the_store_while_memory_is_tight() -> None:
    world = tight_world()
    client = world.client()
    for number in range(50):
        client.submit_job_bg(b"f%d" % (number % 5), b"", b"w")
    client.submit_job_epoch(b"f", b"", b"%d" % (world.wall_time + 9), b"w")
    assert world.engine.state.jobs == {}
    assert held(world) == 0
    worker = world.sleeper("f1")
    assert [answer.name for answer in worker.received] == ["noop"]
    done = 0
    for _ in range(100):
        worker.grab_job_uniq()
        (answer,) = worker.received
        if answer.name == "job_assign_uniq":
            worker.work_complete(answer.arguments[0], b"")
            done += 1
    assert done == 10


def test_jobs_come_in_one_page_at_a_time_while_memory_is_full() -> None:
    world = tight_world()
    client = world.client()
    for number in range(6):
        client.submit_job_bg(b"f%d" % number, b"", b"w")
    memory = world.engine.memory
    memory.refuse_jobs()
    worker = world.worker(*[f"f{number}" for number in range(6)])
    assert world.engine.state.jobs == {}
    for count in range(1, 4):
        world.engine.page_on(is_full=True)
        world.deliver()
        assert len(world.engine.state.jobs) == count
    memory.take_jobs_again()
    world.engine.page_on(is_full=False)
    world.deliver()
    assert len(world.engine.state.jobs) == 6
    worker.grab_job()
    assert [answer.name for answer in worker.received] == ["job_assign"]


def test_few_pages_are_asked_for_at_a_time() -> None:
    store = MemoryStore()
    world = World(store=store, window=1)
    client = world.client()
    for number in range(200):
        client.submit_job_bg(b"f%d" % (number % 20), b"", b"w")
    memory = world.engine.memory
    memory.limit_to(1000 * MIB)
    world.is_committing = False
    world.worker(*[f"f{number}" for number in range(20)])
    assert memory.pages <= 3 * FULL_PAGE
    world.commit_all()
    assert memory.pages == 0
    assert not memory.windows


def test_progress_is_kept_as_far_as_it_can_be_asked_for(world: World) -> None:
    client, worker = world.client(), world.worker("f")
    client.submit_job(b"f", b"", b"w")
    worker.grab_job()
    worker.work_status(H1, b"9" * 20_000, b"1" * 20_000)
    (_, status) = client.received
    assert len(status.arguments[1]) == 20_000
    job = world.engine.state.jobs[H1]
    assert (len(job.numerator), len(job.denominator)) == (64, 64)
