"""The functions of the load: their policies, and what becomes of their jobs."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

__all__ = ["FUNCTIONS", "RATE", "Function", "configuration", "filled", "is_whole"]


@dataclass(frozen=True, kw_only=True)
class Function:
    """A function, and the policy it has in ``geartrain.toml``.

    Attributes:
        name: its name.
        share: how many of its jobs are submitted among those of the others.
        policy: the settings of its policy.
        uniques: of how many uniques its jobs have one; 0 for none.
        keys: of how many flow keys its jobs have one; 0 for none.
        chain: its jobs wait for one before, in chains of at most so many.
        batches: its jobs are submitted in batches of so many.
        every: a schedule of its name submits its jobs, one in so many seconds; 0 for
            none.
        soon: its jobs come by SUBMIT_JOB_EPOCH, due within so many seconds.
        fails: the part of its runs that end by WORK_FAIL or WORK_EXCEPTION.
        crashes: the part of its runs whose worker leaves without a word.
        is_slow: its runs take longer than its policy's timeout.
        twin: one with the same policy, to which operators move its jobs.
        is_rough: it has workers of its own, as it keeps or costs them.
    """

    name: bytes
    share: int
    policy: Mapping[str, float | str] = field(default_factory=dict)
    uniques: int = 0
    keys: int = 0
    chain: int = 0
    batches: int = 0
    every: float = 0.0
    soon: float = 0.0
    fails: float = 0.0
    crashes: float = 0.0
    is_slow: bool = False
    is_rough: bool = False
    twin: bytes = b""

    def setting(self, name: str, default: float) -> float:
        """Return a number of the policy."""
        return float(self.policy.get(name, default))

    @property
    def has_options(self) -> bool:
        """Tell whether its jobs come with options behind its name."""
        return bool(self.keys or self.chain or self.batches)

    @property
    def places(self) -> int:
        """Return how many of its jobs may run at once; 0 for any number."""
        return int(self.setting("concurrency", 0))

    @property
    def key_places(self) -> int:
        """Return how many jobs of one of its flow keys may; 0 for any number."""
        return int(self.setting("key_concurrency", 0))

    @property
    def is_fifo(self) -> bool:
        """Tell whether its jobs start strictly in the order of their submission."""
        return self.policy.get("order") == "fifo"

    @property
    def follows(self) -> bool:
        """Tell whether a submission is to have a run that starts after it."""
        return self.policy.get("dedupe") in ("again", "replace")

    @property
    def keeps_results(self) -> bool:
        """Tell whether its results are kept for longer than a campaign takes."""
        return "result_ttl" in self.policy

    @property
    def max_attempts(self) -> int:
        """Return after how many failed attempts a job is dead."""
        return int(self.setting("max_attempts", 1))

    @property
    def max_crashes(self) -> int:
        """Return after how many lost workers a job is dead."""
        return int(self.setting("max_crashes", 5))

    def outcome(self, randomness: random.Random) -> str:
        """Choose how a run goes: ``complete``, ``fail``, ``exception``, ``crash``."""
        if randomness.random() < self.crashes:
            return "crash"
        if randomness.random() < self.fails:
            return randomness.choice(["fail", "exception"])
        return "complete"


_Policy = dict[str, float | str]

_SOON_AGAIN: Final[_Policy] = {
    "backoff": "fixed",
    "backoff_delay": 0.1,
    "backoff_jitter": 0.0,
}
# Results are kept for longer than a campaign takes.
_KEPT: Final[_Policy] = {"result_ttl": 86400.0}
_IN_ORDER: Final[_Policy] = {
    "order": "fifo",
    "key_concurrency": 1,
    "max_attempts": 3,
    "max_crashes": 50,
}
_DROPPED: Final[_Policy] = {"dedupe": "drop", "dedupe_window": 86400.0}

RATE: Final = "200/1s"
"""How many jobs of a function start in which time, as a policy has it."""

_PLAIN: Final[dict[str, Any]] = {"crashes": 0.002, "policy": {"max_crashes": 50}}

FUNCTIONS: Final = {
    function.name: function
    for function in [
        Function(name=b"plain", share=380, twin=b"spare", **_PLAIN),
        Function(name=b"spare", share=20, twin=b"plain", **_PLAIN),
        Function(name=b"keyed", share=200, uniques=80, policy=_KEPT),
        Function(name=b"later", share=120, soon=2.0, uniques=3000, policy=_KEPT),
        Function(name=b"held", share=60, policy={"delay": 0.5}),
        Function(name=b"brief", share=40, policy={"ttl": 2.0}),
        Function(
            name=b"flaky",
            share=100,
            uniques=300,
            fails=0.4,
            policy={"max_attempts": 3} | _SOON_AGAIN | _KEPT,
        ),
        Function(name=b"paced", share=30, policy={"rate": RATE}),
        Function(name=b"single", share=30, policy={"concurrency": 2}),
        Function(
            name=b"account",
            share=80,
            keys=30,
            crashes=0.01,
            policy={"key_concurrency": 1, "max_crashes": 50},
        ),
        Function(
            name=b"ledger",
            share=40,
            keys=6,
            fails=0.1,
            crashes=0.01,
            policy=_IN_ORDER | _SOON_AGAIN,
        ),
        Function(
            name=b"again", share=40, uniques=20, policy={"dedupe": "again"} | _KEPT
        ),
        Function(
            name=b"newest", share=40, uniques=20, policy={"dedupe": "replace"} | _KEPT
        ),
        Function(
            name=b"once_only",
            share=20,
            uniques=2000,
            policy=_DROPPED | _KEPT,
        ),
        Function(name=b"chained", share=20, chain=5),
        Function(name=b"batched", share=20, batches=25),
        Function(name=b"tick", share=0, every=2.0),
        Function(
            name=b"doomed",
            share=40,
            fails=1.0,
            policy={"max_attempts": 3} | _SOON_AGAIN,
        ),
        # Its policy is the default.
        Function(name=b"once", share=10, fails=1.0),
        Function(
            name=b"poison",
            share=4,
            crashes=1.0,
            is_rough=True,
            policy={"max_crashes": 2} | _SOON_AGAIN,
        ),
        Function(
            name=b"slow",
            share=1,
            is_slow=True,
            is_rough=True,
            policy={"max_attempts": 2, "timeout": 0.3} | _SOON_AGAIN,
        ),
    ]
}
"""All functions by name."""


def configuration() -> str:
    """Return the ``geartrain.toml`` with the policies and schedules of functions."""
    lines = []
    for function in FUNCTIONS.values():
        lines.append(f'[functions."{function.name.decode()}"]')
        if function.has_options:
            lines.append("options_in_names = true")
        for name, value in function.policy.items():
            lines.append(f"{name} = {value!r}".replace("'", '"'))
        if function.every:
            name = function.name.decode()
            lines += [f"[schedules.{name}]", f'function = "{name}"', 'missed = "all"']
            lines.append(f"every = {function.every}")
            lines.append(f'workload = "{filled(function.name, 1).decode()}"')
    return "\n".join(lines) + "\n"


def filled(key: bytes, size: int) -> bytes:
    """Return a workload that begins with a key, of the size if the key has room."""
    head = b"%s %d " % (key, size)
    missing = max(0, size - len(head))
    filler = key + b"\0"
    return head + (filler * (missing // len(filler) + 1))[:missing]


def is_whole(workload: bytes) -> bool:
    """Tell whether a workload is as ``filled`` made it."""
    key, _, rest = workload.partition(b" ")
    size = rest.partition(b" ")[0]
    return size.isdigit() and workload == filled(key, int(size))
