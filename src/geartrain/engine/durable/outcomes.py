"""What becomes of a batch whose commit has ended, and of what is not durable by it.

A refusal is no special case: the batch ends with jobs in ``refused``, and what was in
it about other jobs gathers again in the one that follows. Whether a store has refused
all of a batch, all that is new in it, or single jobs only decides which jobs these are.
"""

from __future__ import annotations

from typing import Final

from geartrain.engine.durable.gathering import Gathering
from geartrain.engine.model.jobs import Job

__all__ = ["note_commit", "note_refusal"]

# Bytes of results that wait for a store which refuses them; the oldest are given up.
_MOST_RESULTS: Final = 64 * 1024 * 1024
# Endings that wait for it; 50 MB, unless all failed with long errors.
_MOST_ENDINGS: Final = 100_000


def note_commit(done: Gathering, following: Gathering, holds: bool) -> None:
    """Note that a batch is durable, all or most of it.

    The store may have left out single jobs: those that were acknowledged already
    are collected again, the others are refused.

    Args:
        done: the batch, with what waits for it.
        following: the one that gathers now.
        holds: submitters are answered once their jobs are durable.
    """
    refusals = done.batch.refusals
    done.saved = list(done.batch.results.values())
    if refusals:
        left_out = [job for job in done.jobs if job.number in refusals]
        refused = [job for job in left_out if not _keep_again(job, following, holds)]
        following.take_back(done, set(left_out).difference(refused))
        following.batch.put_again(done.batch, refusals)
        done.given_up = [each for each in done.saved if each.number in refusals]
        done.saved = [each for each in done.saved if each.number not in refusals]
        following.give_up(done, refused)
        done.refuse({job: refusals[job.number] for job in refused}, "", "")
    done.keep_former(refusals, None if holds else following)


def note_refusal(
    done: Gathering,
    following: Gathering,
    holds: bool,
    reason: str,
    *,
    is_rest_saved: bool,
) -> None:
    """Note that a batch is not durable, or with ``is_rest_saved`` its rest is.

    What is not is collected again, and so are jobs that were acknowledged before they
    were durable. The other jobs that were to be kept are refused, for ``reason``. The
    other arguments are those of ``note_commit``.
    """
    refused = [job for job in done.jobs if not _keep_again(job, following, holds)]
    following.give_up(done, refused)
    lost = done.batch.parted()[0] if is_rest_saved else done.batch
    numbers = {job.number for job in refused}
    if is_rest_saved:
        # The ends of their jobs are saved: there was no room for the rest.
        done.given_up = list(lost.results.values())
        lost.results = {}
        done.batch.untold += len(lost.endings)
        lost.endings = []
        # When the next result expires, only a commit of all would have told.
        lost.expired_until = done.batch.expired_until
    following.batch.take_back(lost, numbers)
    done.given_up += following.batch.shed(_MOST_RESULTS)
    done.batch.untold += following.batch.forget_endings(_MOST_ENDINGS)
    for burial in lost.buried:
        if burial.number not in numbers:
            following.buried[burial.number] = None
    following.take_over(done)
    texts = "" if is_rest_saved else reason
    # Of packets, only one that makes a recurring job has an answer about no job.
    packets = reason if done.batch.schedules else texts
    done.refuse(dict.fromkeys(refused, reason), packets, texts)
    replaced = dict.fromkeys(done.batch.replaced, reason)
    done.keep_former(replaced, None if holds else following)
    # What is acknowledged and collected again is not durable yet.
    done.jobs = []


def _keep_again(job: Job, following: Gathering, holds: bool) -> bool:
    """Collect a job again if its submitters have been told that it is kept."""
    record = job.record
    if holds or record is None or record.is_tentative:
        return False
    following.add(job, record)
    return True
