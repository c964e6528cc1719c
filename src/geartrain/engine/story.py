"""A job's story: how each of its attempts ended, packed into bytes.

Of many attempts the first and the last dozen are kept: they tell how it began and how
it is going. So a story is bounded, and a store keeps it as one value.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

__all__ = ["MOST_ATTEMPTS", "PastAttempt", "attempts_of", "with_attempt"]

MOST_ATTEMPTS: Final = 24
"""How many attempts are kept: half of them from the beginning."""

# Bytes of an error, and of a worker's name: the last error is kept whole elsewhere.
_MOST_ERROR: Final = 1024
_MOST_WORKER: Final = 255

# When it began and ended, and the lengths of outcome, worker and error, which follow.
_FIXED: Final = Struct("<ddBBH")
_SIZE: Final = _FIXED.size


class PastAttempt:
    """One attempt that ended."""

    def __init__(
        self, worker: bytes, started: float, ended: float, outcome: bytes, error: bytes
    ) -> None:
        self.worker = worker
        """Who ran it: the client id, a space, and the address."""
        self.started = started
        """When it began, a server time."""
        self.ended = ended
        """When it ended, a server time."""
        self.outcome = outcome
        """Why it failed, as ``Failures.reason`` says it; ``release`` if it did not."""
        self.error = error
        """What the worker said of it; empty for nothing."""

    def pack(self) -> bytes:
        """Return this as bytes; what is long is cut."""
        worker, said = self.worker[:_MOST_WORKER], self.error[:_MOST_ERROR]
        fixed: bytes = _FIXED.pack(
            self.started, self.ended, len(self.outcome), len(worker), len(said)
        )
        return fixed + self.outcome + worker + said


def with_attempt(story: bytes, attempt: PastAttempt) -> bytes:
    """Return a story with one more attempt, without one in the middle if it is full."""
    places = _places(story)
    if len(places) >= MOST_ATTEMPTS:
        middle = MOST_ATTEMPTS // 2
        story = story[: places[middle]] + story[places[middle + 1] :]
    return story + attempt.pack()


def attempts_of(story: bytes) -> list[PastAttempt]:
    """Return the attempts of a story; of bytes that are none, those that can be read.

    >>> attempt = PastAttempt(b"w1 ::1", 1.0, 2.5, b"fail", b"no space")
    >>> story = with_attempt(b"", attempt)
    >>> [(each.outcome, each.error) for each in attempts_of(story)]
    [(b'fail', b'no space')]
    """
    return [_attempt(story, place) for place in _places(story)]


def _places(story: bytes) -> list[int]:
    """Return where each attempt begins."""
    places = []
    place = 0
    while place + _SIZE <= len(story):
        lengths: tuple[float, float, int, int, int] = _FIXED.unpack_from(story, place)
        end = place + _SIZE + lengths[2] + lengths[3] + lengths[4]
        if end > len(story):
            break
        places.append(place)
        place = end
    return places


def _attempt(story: bytes, place: int) -> PastAttempt:
    found: tuple[float, float, int, int, int] = _FIXED.unpack_from(story, place)
    started, ended, outcome, worker, said = found
    first = place + _SIZE
    second = first + outcome
    third = second + worker
    return PastAttempt(
        story[second:third],
        started,
        ended,
        story[first:second],
        story[third : third + said],
    )
