"""Jobs that go back to their job server: to be tried again, or as if never taken.

What is to be asked of the job server is yielded, and its answer sent in: the blocking
worker asks at once, the asyncio worker in a thread, and what follows from an answer is
written once.
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
    """Ask one question after another in this thread; return what is found."""
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
        LOG.info("%s cannot try %r again: failed", job.server, job)
        job.send_fail()
    else:
        job.abandon("retry" if answer == "done" else "lost")


def release(job: BaseJob, why: str) -> Questions[None]:
    """End an attempt as if it had never begun: the job goes back to its queue.

    To Geartrain, without costing an attempt. Of other job servers the connection is
    closed, which is the only way to have them give the job to another worker; ``why``
    is what the log says of that.
    """
    question = partial(asking.release, job.connector, job.handle)
    answer = yield partial(asking.about, job, question)
    if job.outcome is not None:
        # It has ended while the job server was asked.
        return
    job.abandon("lost" if answer == "gone" else "release")
    if answer == "refused":
        job.hang_up(why)


def give_back(job: WorkerJob) -> None:
    """Give a job back from within its handler, as ``release`` does."""
    ask(release(job, "a job was given back"))
