"""What became of the jobs of a soak, and its figures."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from proof.soak.kinds import kind_of
from proof.soak.soak import Soak

__all__ = ["figures", "judge"]

# Maximum runs repeated because of one kill: jobs that had ended but were not yet on
# disk. Workers end a few hundred jobs at most during a commit.
_RERUNS_A_KILL = 500


def judge(soak: Soak, runs: Counter[bytes]) -> list[str]:
    """Return what went wrong, in sentences; an empty list if nothing did."""
    faults = list(soak.faults)
    if faults:
        # The soak did not finish, so missing jobs mean nothing.
        return faults
    dead = soak.dead
    for submitter in soak.submitters:
        for key in submitter.acknowledged:
            if key not in runs and key not in dead:
                faults.append(f"{key.decode()} was acknowledged and is lost")
            elif kind_of(key).succeeds and key in dead:
                faults.append(f"{key.decode()} should have succeeded and is dead")
            elif not kind_of(key).succeeds and key not in dead:
                faults.append(f"{key.decode()} should be dead and is not")
    again = _again(runs)
    if again > _RERUNS_A_KILL * soak.machine.kills:
        faults.append(f"{again} runs too many after {soak.machine.kills} kills")
    return faults


def _again(runs: Counter[bytes]) -> int:
    """Return how many runs there were besides the first of each job that ends well."""
    return sum(count - 1 for key, count in runs.items() if kind_of(key).succeeds)


def figures(soak: Soak, runs: Counter[bytes], folder: Path) -> list[str]:
    """Return the figures of a soak, a line each."""
    submitters, machine = soak.submitters, soak.machine
    attacks = Counter(
        line.split()[1] for line in (folder / "attacks").read_text().splitlines()
    )
    return [
        f"jobs acknowledged: {sum(len(each.acknowledged) for each in submitters):,}",
        f"jobs refused: {sum(each.refused for each in submitters):,}",
        f"unknown to the client: {sum(each.unknown for each in submitters):,}",
        f"runs: {runs.total():,}, of which again: {_again(runs):,}",
        f"troubles: {_told(Counter(soak.troubles))}",
        f"kills: {machine.kills}, orderly stops: {machine.stops}",
        f"attacks: {_told(attacks)}",
        f"ECHO beside it all: {_latency(soak, folder)}",
        f"memory of the job server at most: {machine.peak / 2**20:.0f} MiB",
        f"log: {(folder / 'server.log').stat().st_size / 2**20:.1f} MiB",
    ]


def _told(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))


def _latency(soak: Soak, folder: Path) -> str:
    """Return the percentiles of the answers to ECHO, without the outages."""
    waits = []
    for line in (folder / "echoes").read_text().splitlines():
        words = line.split()
        if len(words) == 2 and words[1] != "lost":
            at, took = float(words[0]), float(words[1])
            if not any(from_ <= at + 0.1 <= to + 1 for from_, to in soak.outages):
                waits.append(took * 1000)
    waits.sort()
    if not waits:
        return "none"
    shares = ((0.5, "p50"), (0.99, "p99"), (0.999, "p99.9"))
    found = [
        f"{name} {waits[int(len(waits) * share)]:.1f} ms" for share, name in shares
    ]
    return f"{len(waits):,}, {', '.join(found)}, maximum {waits[-1]:.0f} ms"
