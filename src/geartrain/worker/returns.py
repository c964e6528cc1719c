"""Jobs that go back to their job server: to be retried, or as if never grabbed.

These are generators. They yield questions to the job server, as functions to call, and
are sent the answers. The blocking worker calls each at once, the asyncio worker in a
thread; what follows from an answer is written once.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial
from typing import TypeAlias, TypeVar

from geartrain.worker import asking
from geartrain.worker.jobs import BaseJob, WorkerJob
from geartrain.worker.log import LOG
from geartrain.worker.outcomes import Retry

__all__ = ["Questions", "ask", "give_back", "release", "retry"]

_Found = TypeVar("_Found")
Questions: TypeAlias = Generator[Callable[[], asking.Answer], asking.Answer, _Found]


def ask(questions: Questions[_Found]) -> _Found:
    """Ask one question after another in this thread; return the result."""
    try:
        question = next(questions)
        while True:
            question = questions.send(question())
    except StopIteration as end:
        found: _Found = end.value
        return found


def retry(job: BaseJob, how: Retry) -> Questions[None]:
    """End an attempt so that the job is tried again; fail it if that is refused."""
    question = partial(asking.retry, job.connector, job.handle, how.delay, how.error)
    answer = yield partial(asking.about, job, question)
    if job.outcome is not None:
        return
    if answer == "refused":
        LOG.info(
            "%s: %s cannot try it again, failed",
            job,
            job.server,
            extra={"action": "job_failed"},
        )
        job.send_fail()
    else:
        job.abandon("retry" if answer == "done" else "lost")


def release(job: BaseJob, why: str) -> Questions[None]:
    """End an attempt as if it had never begun: the job goes back to its queue.

    On Geartrain that costs no attempt. For other job servers the connection is closed,
    the only way to make them give the job to another worker; ``why`` is for the log.
    """
    question = partial(asking.release, job.connector, job.handle)
    answer = yield partial(asking.about, job, question)
    if job.outcome is not None:
        # The job ended while the job server was asked.
        return
    job.abandon("lost" if answer == "gone" else "release")
    if answer == "refused":
        job.hang_up(why)


def give_back(job: WorkerJob) -> None:
    """Give a job back from within its handler, see ``release``."""
    ask(release(job, "a job was given back"))
