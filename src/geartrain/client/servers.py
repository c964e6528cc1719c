"""Which of several job servers to use, and when to retry one that failed."""

from __future__ import annotations

import time
import zlib
from typing import TYPE_CHECKING, Final

from geartrain.backoff import Backoff
from geartrain.errors import ConnectError, OptionError
from geartrain.protocol.calls import without_worker
from geartrain.transport.connect import Connector, Servers, connectors, reason
from geartrain.transport.tokens import GivenToken

if TYPE_CHECKING:
    from geartrain.transport.tls import Tls

__all__ = ["Patience", "ServerList"]

# Seconds: the first pause between attempts, and the longest.
_FIRST_PAUSE: Final = 0.05
_LONGEST_PAUSE: Final = 2.0
# Seconds for which a job server that failed is tried after all others.
_FIRST_REST: Final = 0.5
_LONGEST_REST: Final = 60.0

# Maximum seconds of one attempt to connect: while another job server is connected,
# and otherwise.
_SHORT_ATTEMPT: Final = 0.5
_LONG_ATTEMPT: Final = 5.0
# Minimum seconds of one attempt: 1 ms was too short for one in 30 on one machine.
_LEAST_ATTEMPT: Final = 0.02


class ServerList:
    """The job servers of a client, each known by its place in the list.

    Attributes:
        connectors: a way to each.
        without_worker: the option that is asked of each for calls whose function no
            worker has; empty for none.
        unserved: the functions of such calls that a warning was logged for.
        is_one: there is only one, at place 0, so that ``order`` need not be called.
    """

    def __init__(
        self,
        servers: Servers,
        tls: Tls | None,
        by: str,
        token: GivenToken = None,
        *,
        fails_without_worker: bool | None = False,
    ) -> None:
        """Raises OptionError or AddressError if there is something wrong with them."""
        if by not in ("order", "unique"):
            raise OptionError(f"by={by!r}: a job server is chosen by order or unique")
        self.connectors: list[Connector] = connectors(servers, tls, token)
        self.without_worker = without_worker(fails_without_worker)
        self.unserved: set[str] = set()
        self._by_unique = by == "unique"
        self._all = list(range(len(self.connectors)))
        self.is_one = len(self._all) == 1
        self._reasons: dict[int, str] = {}
        # Until when to try each after all others, and for how long the next time.
        self._rests: dict[int, tuple[float, Backoff]] = {}

    def order(self, unique: bytes) -> list[int]:
        """Return the places of all job servers in the order to try them."""
        if self.is_one:
            return self._all
        first = 0
        if self._by_unique and unique:
            first = zlib.crc32(unique) % len(self._all)
        places = self._all[first:] + self._all[:first]
        if self._rests:
            now = time.monotonic()
            places.sort(key=lambda place: self._is_resting(place, now))
        return places

    def _is_resting(self, place: int, now: float) -> bool:
        return place in self._rests and self._rests[place][0] > now

    def attempt(self, left: float, has_other: bool) -> float:
        """Return the seconds that one attempt to connect may take."""
        limit = _SHORT_ATTEMPT if has_other else _LONG_ATTEMPT
        return max(_LEAST_ATTEMPT, min(limit, left))

    def failed(self, place: int, error: Exception, least: float = 0.0) -> None:
        """Note that a job server could not be reached, or does not answer.

        It is tried after all others for ``least`` seconds, or longer.
        """
        # A timeout, perhaps of the last moment, says less than any other reason.
        if place not in self._reasons or not isinstance(error, TimeoutError):
            self._reasons[place] = reason(error)
        if place in self._rests:
            backoff = self._rests[place][1]
        else:
            backoff = Backoff(_FIRST_REST, _LONGEST_REST)
        self._rests[place] = (time.monotonic() + max(least, backoff.next()), backoff)

    def reached(self, place: int) -> None:
        """Note that there is a connection to a job server.

        Of one that hangs the system accepts connections, too.
        """
        self._reasons.pop(place, None)

    def answered(self, place: int) -> None:
        """Note that a job server has answered."""
        self._rests.pop(place, None)

    def error(self) -> ConnectError:
        """Return the error for when none can be reached, with the reason for each."""
        each = ", ".join(
            f"{self.connectors[place]} ({self._reasons.get(place, 'not tried')})"
            for place in self._all
        )
        return ConnectError(f"no job server can be reached: {each}")


class Patience:
    """How long a call goes on trying to reach any job server, and its pauses."""

    def __init__(self, seconds: float, deadline: float | None) -> None:
        """It ends after some seconds, and at ``deadline`` on the monotonic clock."""
        self._end = time.monotonic() + seconds
        if deadline is not None:
            self._end = min(self._end, deadline)
        self._backoff = Backoff(_FIRST_PAUSE, _LONGEST_PAUSE)

    @property
    def left(self) -> float:
        """Return the seconds that are left."""
        return self._end - time.monotonic()

    def next_pause(self) -> float:
        """Return the seconds to pause before the next try; 0 if time is up."""
        return max(0.0, min(self._backoff.next(), self.left))
