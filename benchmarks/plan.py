"""Which trials are run, in which order, and running them."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.disk import fresh_folder
from benchmarks.errors import BenchmarkError, LoadError
from benchmarks.peers import Peer
from benchmarks.scenario import PINNED, Scenario, Trial
from benchmarks.servers import running

Samples = dict[str, float]
"""Figures of one run, each under ``placement.key``."""

SERVER_CORE = 0
GENERATOR_CORE = 1
LOG_TAIL = 2000


@dataclass(frozen=True, kw_only=True)
class Step:
    """One peer under one scenario in one run."""

    number: int
    scenario: Scenario
    peer: Peer


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is run: ``runs`` times every scenario on its peers, at ``scale``.

    Of each scenario's peers, those named in ``servers`` are run; ``disk`` is a folder
    in which each gets a fresh one.
    """

    scenarios: Sequence[Scenario]
    servers: frozenset[str]
    runs: int
    scale: float
    disk: Path

    def peers(self, scenario: Scenario) -> list[Peer]:
        """Return the peers that are run under a scenario."""
        return [peer for peer in scenario.peers if peer.name in self.servers]

    def all_peers(self) -> list[Peer]:
        """Return every peer that is run at all, once."""
        found = {
            peer.name: peer for each in self.scenarios for peer in self.peers(each)
        }
        return list(found.values())

    def needs_disk(self) -> bool:
        """Tell whether anything of what is run keeps jobs on disk."""
        return any(scenario.suite.is_durable for scenario in self.scenarios)

    def steps(self) -> Iterator[Step]:
        """Yield the steps; each run begins with another peer, so none is always first.

        A peer that a scenario names in ``once`` takes part in the first run only.
        """
        for number in range(self.runs):
            for scenario in self.scenarios:
                peers = self.peers(scenario)
                shift = number % len(peers) if peers else 0
                for peer in [*peers[shift:], *peers[:shift]]:
                    if number == 0 or peer.name not in scenario.once:
                        yield Step(number=number, scenario=scenario, peer=peer)


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a step measured."""

    step: Step
    samples: Samples


def run_plan(plan: Plan, tell: Callable[[str], None]) -> list[Result]:
    """Run every step of the plan and return what was measured.

    Args:
        plan: what to run.
        tell: takes one line about each step before it starts, and of long ones more.

    Raises:
        BenchmarkError: the machine has one core only, or a trial failed.
    """
    cores = _two_cores()
    _raise_descriptors()
    results = []
    for step in plan.steps():
        tell(
            f"run {step.number + 1}/{plan.runs}: {step.scenario.name}: {step.peer.name}"
        )
        try:
            samples = _samples(step, plan, cores, tell)
        except (LoadError, RuntimeError, OSError) as error:
            raise BenchmarkError(
                f"{step.scenario.name} on {step.peer.name}: {error}"
            ) from error
        results.append(Result(step=step, samples=samples))
    return results


def _samples(
    step: Step, plan: Plan, cores: Sequence[int], tell: Callable[[str], None]
) -> Samples:
    samples: Samples = {}
    for placement in step.scenario.placements:
        pinned = placement == PINNED
        core = cores[SERVER_CORE] if pinned else None
        with (
            fresh_folder(plan.disk) as folder,
            running(step.peer, folder, core) as server,
        ):
            trial = Trial(
                server=server,
                peer=step.peer,
                folder=folder,
                core=cores[GENERATOR_CORE] if pinned else None,
                scale=plan.scale,
                tell=tell,
            )
            for key, value in _measure(step, trial).items():
                samples[f"{placement}.{key}"] = value
    return samples


def _measure(step: Step, trial: Trial) -> dict[str, float]:
    """Measure; an error carries the end of the server's log, gone with the server."""
    try:
        return step.scenario.measure(trial)
    except LoadError as error:
        log = trial.server.log.read_text(errors="replace")[-LOG_TAIL:]
        raise LoadError(f"{error}\nthe server's log ends:\n{log}") from error


def _two_cores() -> list[int]:
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise BenchmarkError(
            "two processor cores are needed, one for the server and one for the load "
            f"generator, and this process may use {len(cores)}"
        )
    return cores[:2]


def _raise_descriptors() -> None:
    """Lift the soft limit of open files; the servers started later inherit it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
