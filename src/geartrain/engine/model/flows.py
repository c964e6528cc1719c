"""Flow: how many jobs of a function may start now, by its policy's limits."""

from __future__ import annotations

from typing import Final

from geartrain.engine.model.flow_keys import FlowKeys, has_keys
from geartrain.engine.model.policies import Policy
from geartrain.engine.model.rates import Bucket, Rate, read_rate
from geartrain.engine.model.settings import NONE
from geartrain.engine.model.shares import Share, part_of
from geartrain.engine.timers import Timed

__all__ = ["Flow", "has_limits", "is_divided"]

# More jobs than ever run at once.
_UNLIMITED: Final = 1 << 60


def has_limits(policy: Policy) -> bool:
    """Tell whether a policy limits how jobs of a function start or run."""
    if policy.concurrency > 0 or read_rate(policy.rate) is not None:
        return True
    return has_keys(policy) or policy.key_from != NONE


def is_divided(policy: Policy) -> bool:
    """Tell whether job servers that share a store have parts of a policy's limits."""
    if policy.concurrency > 1 or policy.key_concurrency > 1:
        return True
    return any(read_rate(text) is not None for text in (policy.rate, policy.key_rate))


class Flow(Timed):
    """The limits of one function; functions without have none.

    Its timer rings when one more of its jobs may start.
    """

    def __init__(self, function: bytes) -> None:
        super().__init__()
        self.function = function
        """The function's name."""
        self.concurrency = 0
        """How many of its jobs may run at once; 0 is without limit."""
        self.rate: Rate | None = None
        """How many may start in which time."""
        self.bucket = Bucket()
        """What of the rate is left."""
        self.keys: FlowKeys | None = None
        """Its flow keys; None where neither they are limited nor jobs are held."""
        self.is_sorting = False
        """Its ready jobs are being put where changed limits of keys want them."""
        self.is_waiting = False
        """Others that share the store may still use what is to be its part."""
        self.open = _UNLIMITED
        """How many more may start, as of the last look at it.

        While no job is ready nobody looks, and time may have brought tokens since.
        """
        self.has_helped = False
        """The last job that started was given by another job server."""

    def adapt(self, policy: Policy, now: float, share: Share) -> None:
        """Go on with what a policy says from now on, and with a part of its limits."""
        self.is_waiting = not share.is_known and is_divided(policy)
        if has_keys(policy) or policy.key_from != NONE:
            self.make_keys()
        if self.keys is not None and self.keys.adapt(policy, share):
            self.is_sorting = True
        self.concurrency = part_of(share, policy.concurrency)
        self.rate = read_rate(policy.rate, policy.burst, share.servers)
        if self.rate is not None:
            self.bucket.adapt(self.rate, now)

    def make_keys(self) -> FlowKeys:
        """Return its flow keys, made if need be."""
        if self.keys is None:
            self.keys = FlowKeys(self.function)
        return self.keys

    def addressed_count(self) -> int:
        """Return how many addressees have jobs that wait for them."""
        return 0 if self.keys is None else len(self.keys.mail)

    def is_over(self, policy: Policy) -> bool:
        """Tell whether nothing is left for it to do: no limit, and no job held."""
        keys = self.keys
        is_empty = keys is None or not (keys.live or keys.is_limited)
        return is_empty and not self.is_sorting and not has_limits(policy)

    def is_counting(self) -> bool:
        """Tell whether it matters how many jobs of the function start and run."""
        if self.is_sorting or self.is_waiting:
            return True
        return self.concurrency > 0 or self.rate is not None

    def allowed(self, running: int, now: float) -> int:
        """Return how many may start at a server time while so many run."""
        if self.is_sorting or self.is_waiting:
            return 0
        most = _UNLIMITED
        if self.concurrency > 0:
            most = max(0, self.concurrency - running)
        if self.rate is not None:
            most = min(most, self.bucket.count_at(self.rate, now))
        return most

    def starts_within(self, count: int, seconds: float, now: float) -> bool:
        """Tell whether the rate lets ``count`` more jobs start in that time."""
        if self.rate is None:
            return True
        return self.bucket.start_at(self.rate, count, now) <= now + seconds

    def next_at(self, now: float) -> float:
        """Return the server time at which the rate allows one more; 0 for never."""
        if self.rate is None:
            return 0.0
        count = self.bucket.count_at(self.rate, now)
        if count >= self.rate.burst:
            return 0.0
        return self.bucket.when(self.rate, count + 1)
