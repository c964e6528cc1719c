"""The functions of the load: their policies, and what becomes of their jobs."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

__all__ = ["FUNCTIONS", "Function", "configuration", "filled", "is_whole"]


@dataclass(frozen=True, kw_only=True)
class Function:
    """A function, and the policy it has in ``geartrain.toml``.

    Attributes:
        name: its name.
        share: how many of its jobs are submitted among those of the others.
        policy: the settings of its policy.
        uniques: of how many uniques its jobs have one; 0 for none.
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


_SOON_AGAIN: Final[dict[str, float | str]] = {
    "backoff": "fixed",
    "backoff_delay": 0.1,
    "backoff_jitter": 0.0,
}
# Results are kept for longer than a campaign takes.
_KEPT: Final[dict[str, float | str]] = {"result_ttl": 86400.0}
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
    """Return the ``geartrain.toml`` with the policies of the functions."""
    lines = []
    for function in FUNCTIONS.values():
        lines.append(f'[functions."{function.name.decode()}"]')
        for name, value in function.policy.items():
            lines.append(f"{name} = {value!r}".replace("'", '"'))
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
