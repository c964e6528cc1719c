"""The screen of one job: where it is, why, and what happened to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import Screen
from textual.widgets import Footer, Static

from geartrain.admin import Admin, AttemptRow, JobRow
from geartrain.cli.details import facts, workload_lines
from geartrain.cli.listing import clock
from geartrain.cli.times import brief, short
from geartrain.errors import AdminError, RefusedError, UnknownJobError
from geartrain.texts import cut, error_line, shown_worker, visible
from geartrain.top.bars import StateBar
from geartrain.top.page import BAD, DIM, GOOD, STATUS_TONES, WARN, AnyPage
from geartrain.top.pages.dead import DEAD
from geartrain.top.pages.jobs import JOBS
from geartrain.top.themes import ink

if TYPE_CHECKING:
    from geartrain.top.app import Top

__all__ = ["JobSample", "StoryScreen", "ask_job"]

# Characters of an error that are shown; `geartrain job` has all of it.
_ERROR_SHOWN: Final = 4000
# Bytes of a workload that are asked for.
_FIRST: Final = 8192
# Characters of a bar that shows progress.
_BAR: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSample:
    """What there was of a job at a time.

    Attributes:
        row: the job; None if nobody knows it.
        why: why it does not run, who runs it, or how it ended, in a sentence.
        now: the time by the job server's clock.
    """

    row: JobRow | None
    why: str
    now: float


def ask_job(admin: Admin, handle: str) -> JobSample:
    """Ask for a job, the beginning of its workload, and the last data it streamed.

    Raises:
        AdminError: the job server is lost.
    """
    now, _ = clock(admin)
    try:
        row = admin.job(handle, first=_FIRST, tail=True)[0]
    except UnknownJobError as unknown:
        return JobSample(row=None, why=str(unknown), now=now)
    except RefusedError as refusal:
        return JobSample(row=None, why=str(refusal), now=now)
    return JobSample(row=row, why=_why(admin, handle), now=now)


def _why(admin: Admin, handle: str) -> str:
    try:
        return admin.why(handle).why
    except RefusedError:
        return ""


class StoryScreen(Screen[None]):
    """Everything about a job, live.

    Attributes:
        row: the job; None until it is known, and if nobody knows it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,backspace", "leave", "Back"),
        Binding("j", "scroll(1)", show=False),
        Binding("k", "scroll(-1)", show=False),
    ]

    def __init__(self, handle: str) -> None:
        super().__init__()
        self._handle = handle
        self.row: JobRow | None = None

    @property
    def _top(self) -> Top:
        app: Top = self.app  # type: ignore[assignment]
        return app

    def compose(self) -> ComposeResult:
        """Lay out the text, which scrolls."""
        yield StateBar(str(self._top.server), is_read_only=self._top.is_read_only)
        with VerticalScroll(id="story"):
            yield Static("", markup=False)
        yield Footer(compact=True)

    def on_mount(self) -> None:
        """Begin to ask."""
        self.query_one(VerticalScroll).focus()
        self.set_interval(self._top.interval, self._look)
        self.look_again()

    @property
    def page(self) -> AnyPage | None:
        """The page with what can be done to the job; None if that is nothing."""
        if self.row is None or self.row.ended is not None:
            return None
        return DEAD if self.row.state == "dead" else JOBS

    def look_again(self) -> None:
        """Ask for the job now, even if updates are paused."""
        self._ask()

    def _look(self) -> None:
        if not self._top.is_paused:
            self.look_again()

    @work(exclusive=True)
    async def _ask(self) -> None:
        try:
            sample = await self._top.link.ask(
                lambda admin: ask_job(admin, self._handle)
            )
        except AdminError as error:
            self._tell(Text(visible(str(error)), style=f"bold {self._ink(BAD)}"))
            return
        self.row = sample.row
        self._top.update_keys()
        self._tell(Text("\n").join(self._lines(sample)))

    def _tell(self, text: Text) -> None:
        # Who has left meanwhile is not told any more.
        for told in self.query("#story Static").results(Static):
            told.update(text)

    def _ink(self, tone: str) -> str:
        return ink(self.app, tone)

    def _lines(self, sample: JobSample) -> Iterator[Text]:
        row = sample.row
        yield Text("")
        if row is None:
            yield Text(visible(sample.why), style=self._ink(WARN))
            return
        status = row.status or row.state
        tone = STATUS_TONES.get(status)
        style = f"bold reverse {self._ink(tone) if tone else ''}"
        handle = (f"  {visible(row.handle)}", "bold")
        yield Text.assemble((f" {status} ", style), handle)
        if sample.why:
            yield Text(visible(sample.why))
        if row.denominator:
            yield self._progress(row.numerator or 0.0, row.denominator)
        yield Text("")
        for label, text in facts(row, sample.now):
            if text and label not in ("handle", "state"):
                yield self._labelled(label, visible(text))
        for name, value in row.headers.items():
            yield self._labelled("header", visible(f"{name}={value}"))
        yield from self._story(row)
        if row.error:
            yield from self._titled("ERROR")
            text = cut(row.error, _ERROR_SHOWN)
            yield from (Text(visible(each.expandtabs())) for each in text.split("\n"))
        if row.data:
            yield from self._titled(f"DATA, THE LAST OF {row.data_size:,} BYTES")
            yield from map(Text, workload_lines(row.data, on_screen=True))
        yield from self._titled("WORKLOAD")
        yield from self._workload_lines(row)

    def _progress(self, numerator: float, denominator: float) -> Text:
        part = min(max(numerator / denominator, 0.0), 1.0)
        full = int(part * _BAR)
        bar = ("█" * full + "░" * (_BAR - full), self._ink(GOOD))
        return Text.assemble(bar, f" {part:.0%}  {numerator:g} of {denominator:g}")

    def _labelled(self, label: str, text: str) -> Text:
        return Text.assemble((f"{label:<12}", self._ink(DIM)), text)

    def _titled(self, title: str) -> Iterator[Text]:
        yield Text("")
        yield Text(title, style=f"bold {self._ink('primary')}")

    def _story(self, row: JobRow) -> Iterator[Text]:
        if not row.story:
            return
        yield from self._titled("STORY")
        if row.submitted is not None:
            yield Text(f"○ {brief(row.submitted)}  submitted")
        for attempt in row.story:
            yield self._attempt(attempt)

    def _attempt(self, attempt: AttemptRow) -> Text:
        is_good = attempt.outcome in ("running", "succeeded")
        style = self._ink(GOOD if is_good else BAD)
        text = Text.assemble(("● " if is_good else "✗ ", style))
        started = "-" if attempt.started is None else brief(attempt.started)
        ran = ""
        if attempt.started is not None and attempt.ended is not None:
            ran = f" after {short(max(attempt.ended - attempt.started, 0.0))}"
        text.append(f"{started}  ", style=self._ink(DIM))
        text.append(f"{visible(attempt.outcome)}{ran}", style=style)
        line = error_line(attempt.error or "")
        for each in (shown_worker(attempt.worker or ""), visible(line)):
            if each:
                text.append(f"  {each}")
        return text

    def _workload_lines(self, row: JobRow) -> Iterator[Text]:
        if row.workload is None:
            told = "is not kept once a job has ended"
            yield Text(told, style=self._ink(DIM))
            return
        yield from map(Text, workload_lines(row.workload, on_screen=True))
        if row.size > len(row.workload):
            told = (
                f"… {row.size:,} bytes: geartrain job {visible(row.handle)} --workload"
            )
            yield Text(told, style=self._ink(DIM))

    def action_leave(self) -> None:
        """Go back to the page."""
        self.dismiss()

    def action_scroll(self, lines: int) -> None:
        """Scroll by some lines."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)
