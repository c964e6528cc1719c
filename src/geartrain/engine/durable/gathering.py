"""A gathering: one batch, and everything in memory that waits for its commit."""

from __future__ import annotations

from geartrain.engine.batches import Batch
from geartrain.engine.model.jobs import Job, record_of
from geartrain.engine.model.peers import Peer
from geartrain.engine.queries import Query
from geartrain.engine.records import JobRecord
from geartrain.engine.results import ResultRecord
from geartrain.engine.window.windows import Window
from geartrain.protocol.admin import error as text_error
from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import encode

__all__ = ["Gathering", "Question"]


class Question:
    """Queries and who wants to know: a peer that waits, a window, or the schedules."""

    def __init__(
        self, queries: list[Query], peer: Peer | None, window: Window | None
    ) -> None:
        self.queries = queries
        self.peer = peer
        self.window = window


class _Answer:
    """An answer that is held back until the batch is durable."""

    def __init__(self, job: Job | None, pieces: list[bytes], is_text: bool) -> None:
        """Take the place at the end of the pieces, where it is put next."""
        self.job = job
        """The job it is about; None if it is about none."""
        self.is_text = is_text
        """It answers a text command."""
        self._pieces = pieces
        self._place = len(pieces)

    def replace(self, answer: bytes) -> None:
        """Answer otherwise."""
        self._pieces[self._place] = answer

    def refuse(self, reason: str) -> None:
        """Answer with an error."""
        if self.is_text:
            self.replace(text_error(b"QUEUE_ERROR", reason))
        else:
            text = b"QUEUE_ERROR\0" + reason.encode()
            self.replace(encode(PacketType.ERROR, text))


class Gathering:
    """A batch, with the jobs and the peers that wait for it.

    While it gathers, the journal fills it. Once its commit has ended, ``jobs`` are
    those that are durable, ``refused`` those that are not, and ``answers`` say so; they
    leave with ``Peer.release`` of each of the ``peers``.
    """

    def __init__(self, serial: int) -> None:
        self.batch = Batch(serial)
        """What the store gets."""
        self.jobs: list[Job] = []
        """The jobs it adds."""
        self.size = 0
        """The bytes of their workloads."""
        self.buried: dict[int, None] = {}
        """Numbers of the jobs it buries."""
        self.leaving: dict[Job, None] = {}
        """Jobs to be forgotten by the engine once it is durable."""
        self.steered: dict[int, Job] = {}
        """Jobs that only the store has and that operators have put elsewhere with it,
        by number.
        """
        self.former: dict[Job, JobRecord] = {}
        """What the jobs were that it replaces; once its commit has ended, only those
        that have to be so again.
        """
        self.answers: list[_Answer] = []
        """Answers that wait for it."""
        self.peers: list[Peer] = []
        """The peers these are for, each once."""
        self.questions: list[Question] = []
        """Its queries, with who asked them."""
        self.refused: list[Job] = []
        """The jobs that could not be kept."""
        self.unburied: list[Job] = []
        """Those of them that were to become dead letters."""
        self.saved: list[ResultRecord] = []
        """The results that are durable."""
        self.given_up: list[ResultRecord] = []
        """The results that cannot be kept."""
        self.unread: list[Job] = []
        """Jobs that were to leave memory and have to be read again: see ``Window``."""

    def record(self, job: Job) -> JobRecord | None:
        """Return the record of a job if this has all of it, else None."""
        if job.batch == self.batch.serial and job.record is not None:
            return job.record
        return self.batch.replaced.get(job.number) if self.former else None

    def add(self, job: Job, record: JobRecord) -> None:
        """Have a job written as ``record`` describes it."""
        job.record = record
        job.batch = self.batch.serial
        self.batch.added.append(record)
        self.jobs.append(job)
        self.size += job.size

    def replace(self, job: Job, former: JobRecord) -> None:
        """Have a job written anew, and note what it was."""
        self.size += job.size
        record = self.record(job)
        if record is not None:
            record.take(job)
        else:
            self.batch.replaced[job.number] = record_of(job)
            self.former[job] = former

    def has(self, job: Job) -> bool:
        """Tell whether a job is written, for the first time or anew."""
        return job.batch == self.batch.serial or self.has_replaced(job)

    def has_replaced(self, job: Job) -> bool:
        """Tell whether a job is written anew."""
        return bool(self.former) and job in self.former

    def keep_former(
        self, refusals: dict[int, str], following: Gathering | None
    ) -> None:
        """Leave in ``former`` the jobs that have to become again what they were.

        These are the refused ones, whose submitters are told. Where they have been told
        already that their job is kept, a ``following`` batch replaces it instead.
        """
        refused = [job for job in self.former if job.number in refusals]
        if following is None:
            self.former = {job: self.former[job] for job in refused}
            self._answer_refused({job: refusals[job.number] for job in refused})
            return
        for job in refused:
            if not following.has_replaced(job):
                record = self.batch.replaced[job.number]
                following.batch.replaced[job.number] = record
                following.former[job] = self.former[job]
        self.former = {}

    def _answer_refused(self, reasons: dict[Job, str]) -> None:
        if not reasons:
            return
        for held in self.answers:
            if held.job is not None and held.job in reasons:
                held.refuse(reasons[held.job])

    def hold(self, peer: Peer, job: Job | None, is_text: bool) -> None:
        """Hold back what is sent to a peer from now on, an answer first."""
        if peer.hold(self.batch.serial):
            self.peers.append(peer)
        self.answers.append(_Answer(job, peer.held[-1], is_text))

    def answer(self, answers: dict[Job, bytes]) -> None:
        """Answer otherwise about some jobs."""
        for held in self.answers:
            if held.job is not None and held.job in answers:
                held.replace(answers[held.job])

    def refuse(self, reasons: dict[Job, str], packets: str, texts: str) -> None:
        """Answer with errors, for some of the jobs and for what is about no job.

        Args:
            reasons: why these jobs are not kept.
            packets: why packets about no job are refused; empty if they are not.
            texts: why text commands are.
        """
        for held in self.answers:
            reason = texts if held.is_text else packets
            if held.job is not None:
                reason = reasons.get(held.job, "")
            if reason:
                held.refuse(reason)
        self.refused = list(reasons)
        self.jobs = [job for job in self.jobs if job not in reasons]

    def take_back(self, done: Gathering, jobs: set[Job]) -> None:
        """Collect again what an earlier batch says of jobs that are collected again."""
        if not jobs:
            return
        numbers = {job.number for job in jobs}
        for burial in done.batch.buried:
            if burial.number in numbers:
                self.batch.buried.insert(0, burial)
                self.buried[burial.number] = None
        for job in jobs & done.leaving.keys():
            del done.leaving[job]
            self.leaving[job] = None
        done.unread = [job for job in self.leaving if job in jobs]
        done.jobs = [job for job in done.jobs if job not in jobs]

    def take_over(self, done: Gathering) -> None:
        """Have what was to follow from an earlier batch follow from this one."""
        self.leaving.update(done.leaving)
        self.steered = {**done.steered, **self.steered}
        done.leaving = {}
        done.unread = list(self.leaving)

    def give_up(self, done: Gathering, jobs: list[Job]) -> None:
        """Cancel burials, an earlier batch's included, of jobs that were not stored."""
        for job in jobs:
            if job.number in done.buried or job.number in self.buried:
                done.unburied.append(job)
                # ``Journal.take`` leaves it out of the batch: to look for each of many
                # there would take too long.
                self.buried.pop(job.number, None)
