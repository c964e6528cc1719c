"""What it costs to see everything."""

from __future__ import annotations

from contextlib import ExitStack

from benchmarks.observers import watching
from benchmarks.peers import (
    GEARTRAIN_OBSERVED,
    GEARTRAIN_QUIET,
    GEARTRAIN_WITHOUT_RESULTS,
    HTTP_SOCKET,
)
from benchmarks.scenario import (
    CPU,
    FREE,
    GENERATOR_SHARE,
    P50,
    P99,
    PINNED,
    RATE,
    SERVER_SHARE,
    Scenario,
    Trial,
    common,
    latencies,
)
from benchmarks.suites import OBSERVED
from geartrain.protocol.constants import PacketType
from tests.support.wire import Wire, packet

# What is off where nobody looks. Statistics cannot be: they are a few instructions.
_POLICIES = {
    GEARTRAIN_QUIET: b"policy * history=0 result_ttl=0",
    GEARTRAIN_WITHOUT_RESULTS: b"policy * history=3600 result_ttl=0",
    GEARTRAIN_OBSERVED: b"policy * history=3600 result_ttl=60",
}

FUNCTIONS = 10_000


def _can_do(number: int) -> bytes:
    return packet(PacketType.CAN_DO, b"function-%d" % number)


def measure(trial: Trial) -> dict[str, float]:
    """Have background jobs done, then wait for foreground jobs one at a time.

    An observed server keeps history and results, is scraped each second, sends ten
    event streams what happens, and keeps ten pages of its dashboard up to date. One
    more does all but keep results, because each of these is a row on disk where the
    job itself never is: it has ended before its batch is written. All have ten
    thousand functions more.
    """
    with Wire(trial.server.connect()) as wire:
        wire.command(_POLICIES[trial.peer])
    with ExitStack() as stack:
        idle = stack.enter_context(Wire(trial.server.connect()))
        idle.send_bytes(b"".join(map(_can_do, range(FUNCTIONS))))
        if trial.peer is not GEARTRAIN_QUIET:
            stack.enter_context(watching(trial.folder / HTTP_SOCKET))
        busy = trial.load(
            "exchange",
            background=1,
            clients=8,
            in_flight=16,
            workers=8,
            unique=1,
            jobs=trial.size(200_000),
            warmup=trial.size(5_000, 50),
        )
        single = trial.load(
            "exchange",
            clients=1,
            in_flight=1,
            workers=1,
            separate=1,
            jobs=trial.size(10_000),
            warmup=trial.size(1_000, 20),
        )
    return common(busy) | latencies(single)


SCENARIO = Scenario(
    name="observed",
    title="background jobs submitted, run and completed, 8 clients, 8 workers; latency"
    " of foreground jobs, one at a time",
    placements=(PINNED, FREE),
    figures=(CPU, RATE, P50, P99, SERVER_SHARE, GENERATOR_SHARE),
    measure=measure,
    suite=OBSERVED,
)
