"""What has become of many jobs that were to be submitted, where that ended early."""

# Not `from __future__ import annotations`: of text, NamedTuple has the compiler make
# types, which takes longer than the rest of the module.

from typing import NamedTuple

__all__ = ["Submissions"]


class Submissions(NamedTuple):
    """How far ``submit_many`` or ``map`` had come when it was cut off.

    Jobs are numbered from 0, in the order of their workloads.

    Attributes:
        given: how many handles or results were given: those jobs, from 0 to
            ``given - 1``, are acknowledged.
        acknowledged: the handles, by number, of other jobs that the job server has
            acknowledged.
        unknown: the numbers of jobs that were sent and not answered: each may be
            queued, or not.
        not_queued: the numbers of jobs that are certainly not queued: they were
            refused, or not sent, or not to their end.
        taken: how many workloads were taken from the iterable; from this one on nothing
            was.
    """

    given: int
    acknowledged: dict[int, str]
    unknown: list[int]
    not_queued: list[int]
    taken: int

    def __str__(self) -> str:
        return (
            f"of {self.taken} jobs {self.given + len(self.acknowledged)} are"
            f" acknowledged, {len(self.unknown)} may be queued or not, and"
            f" {len(self.not_queued)} are not queued"
        )
