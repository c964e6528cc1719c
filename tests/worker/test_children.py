"""Handlers that fork: the job is the parent's, and so are the connections."""

from __future__ import annotations

import signal

import pytest

from geartrain.protocol.constants import PacketType as P
from tests.support.servers import RunningServer, running_geartrain
from tests.support.waiting import wait_until
from tests.support.worker_faces import client, complete, outcome
from tests.support.worker_programs import program

HANDLERS = """
def ends(act):
    # Has a child act, and returns how it ended.
    pid = os.fork()
    if pid == 0:
        return act()
    return b"%d" % os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

def returns(job): return ends(lambda: b"the child's")
def leaves(job): return ends(lambda: sys.exit(7))
def quits(job): return ends(lambda: sys.exit("words"))
def raises(job): return ends(lambda: 1 / 0)
def waits(job): return ends(lambda: signal.pause())
def closes(job): return ends(lambda: (worker.stop(), job.is_wanted and 1 / 0))

def sends(job):
    def act():
        try:
            job.send_data(b"from the child")
        except WorkerError as error:
            os._exit(3 if "belongs to the process that took it" in str(error) else 4)
        os._exit(5)
    return ends(act)

def terminated(job):
    pid = os.fork()
    if pid == 0:
        while True:
            time.sleep(1)
    time.sleep(0.1)
    os.kill(pid, signal.SIGTERM)
    return b"%d" % os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

def square(number):
    return number * number

def pool(job):
    with multiprocessing.get_context("fork").Pool(2) as found:
        return str(found.map(square, [1, 2, 3]))

def daemon(job):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(15)
        os._exit(0)
    job.send_data(b"forked")
    time.sleep(60)

def at_once(job):
    # The child is ended before Python has given it anything to do.
    global shoots
    shoots = True
    try:
        return ends(signal.pause)
    finally:
        shoots = False

HANDLERS = [
    returns, leaves, quits, raises, sends, terminated, at_once, pool, closes, daemon
]
"""
# Of the functions that a fork calls in a child, the first registered comes first.
SHOOTING = """
import os, signal
shoots = False
def shoot():
    if shoots:
        os.kill(os.getpid(), signal.SIGTERM)
os.register_at_fork(after_in_child=shoot)
"""
PROGRAMS = {
    "blocking": """
worker = Worker()
for each in HANDLERS:
    worker.register(each.__name__, each)
worker.run()
""",
    "threads": """
worker = Worker(concurrency=2)
for each in HANDLERS:
    worker.register(each.__name__, each)
worker.run()
""",
    "coroutines": """
worker = AsyncWorker(concurrency=2)
def coroutine(plain):
    async def handler(job):
        return plain(job)
    return handler
for each in HANDLERS:
    worker.register(each.__name__, coroutine(each))
async def daemon(job):
    if os.fork() == 0:
        time.sleep(60)
    job.send_data(b"forked")
    await asyncio.sleep(60)
worker.register("daemon", daemon)
async def loops(job):
    pid = os.fork()
    if pid == 0:
        await asyncio.get_event_loop_policy().get_event_loop().create_future()
    return b"%d" % os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
worker.register("loops", loops)
asyncio.run(worker.run())
""",
    "asyncio-threads": """
worker = AsyncWorker(concurrency=2)
for each in HANDLERS:
    worker.register(each.__name__, each)
asyncio.run(worker.run())
""",
}
ENDINGS = [
    (b"returns", b"0"),
    (b"leaves", b"7"),
    (b"quits", b"1"),
    (b"raises", b"1"),
    (b"sends", b"3"),
    (b"closes", b"0"),
    (b"terminated", b"%d" % -signal.SIGTERM),
    (b"at_once", b"%d" % -signal.SIGTERM),
    (b"pool", b"[1, 4, 9]"),
]


@pytest.mark.parametrize("kind", PROGRAMS)
def test_a_child_has_no_part_in_the_job(geartrain: RunningServer, kind: str) -> None:
    with (
        program(HANDLERS + PROGRAMS[kind], geartrain, first=SHOOTING) as found,
        client(geartrain, exceptions=True) as wire,
    ):
        for function, ending in ENDINGS:
            assert outcome(wire, function) == complete(ending), function
        if kind == "coroutines":
            assert outcome(wire, b"loops")[0].payload != b"0"
        assert found.process.poll() is None
        assert "is lost" not in found.said()
        # What lives on of it does not hold the connection of a dead worker.
        wire.submit(b"daemon")
        wire.expect(P.WORK_DATA)
        found.process.kill()
        found.process.wait()
        wait_until(lambda: b"daemon\t1\t0\t0" in wire.listing(b"status"))


# Of the functions that are called before a fork, the first registered comes last.
SEEING = """
import os, signal
os.register_at_fork(before=lambda: print(signal.pthread_sigmask(signal.SIG_BLOCK, ())))
"""
IDLE = """
worker = Worker()
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
if os.fork() == 0:
    os._exit(0)
print("forked")
os.wait()
"""


def test_where_no_worker_runs_no_signal_waits_for_a_fork(server: RunningServer) -> None:
    # A handler may raise, as that of SIGINT does; during the fork that would be lost.
    with program(IDLE, server, first=SEEING) as found:
        wait_until(lambda: "forked" in found.said())
        assert found.said().splitlines()[0] == "set()"


LATE = """
worker = Worker()
def forks(job):
    if os.fork() == 0:
        time.sleep(0.2)
        sys.exit(0)
    time.sleep(0.6)
    return b"whole"
worker.register("late-child", forks)
worker.run()
"""


def test_a_child_that_ends_first_harms_nothing(server: RunningServer) -> None:
    with program(LATE, server) as found, client(server) as wire:
        assert outcome(wire, b"late-child") == complete(b"whole")
        assert "is lost" not in found.said()


FORKED = {
    "blocking": """
worker = Worker()
worker.register("who", lambda job: str(os.getpid()))
assert worker.work(timeout=20)
child = os.fork()
assert worker.id.endswith(f":{os.getpid()}")
while True:
    worker.work()
""",
    "asyncio": """
worker = AsyncWorker()
worker.register("who", lambda job: str(os.getpid()))
async def once():
    assert await worker.work(timeout=20)
asyncio.run(once())
child = os.fork()
asyncio.run(worker.run())
""",
}


@pytest.mark.parametrize("kind", FORKED)
def test_a_worker_serves_on_both_sides_of_a_fork(kind: str) -> None:
    with (
        running_geartrain() as server,
        program(FORKED[kind], server) as found,
        client(server) as wire,
    ):
        (end,) = outcome(wire, b"who")
        pids = {end.payload}
        assert pids == {b"%d" % found.process.pid}
        wait_until(lambda: b"who\t0\t0\t2" in wire.listing(b"status"))

        def both_have_answered() -> bool:
            for _ in range(4):
                wire.send(P.SUBMIT_JOB, b"who", b"", b"")
            received = [wire.read() for _ in range(8)]
            pids.update(
                each.payload.partition(b"\0")[2]
                for each in received
                if each.type == P.WORK_COMPLETE
            )
            return len(pids) == 2

        wait_until(both_have_answered)
