"""The lines above a page: who is asked, how it is, what is wrong, which pages are."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Final

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual import events
from textual.widgets import Static

from geartrain.admin import ProblemRow
from geartrain.cli.columns import RATE
from geartrain.cli.times import age, short
from geartrain.texts import cut, visible
from geartrain.top.page import BAD, DIM, GOOD, WARN, AnyPage
from geartrain.top.sampler import Sample
from geartrain.top.themes import ink

__all__ = ["LoadBar", "ProblemBar", "StateBar", "TabBar"]

_BARS: Final = "▁▂▃▄▅▆▇█"
# Fewer bars show no course.
_LEAST_BARS: Final = 5
# Seconds that a job may wait before its age is shown as a warning.
_OLD: Final = 60.0
_PROBLEMS_SHOWN: Final = 3
# Columns from which on there is room for the name of the program.
_WIDE: Final = 60
_CLICK: Final = "does"


class _Bar(Static):
    """A line or some, which are never markup: names from the network are in it."""

    def __init__(self, name: str) -> None:
        super().__init__("", id=name, markup=False)

    def _ink(self, tone: str) -> str:
        return ink(self.app, tone)

    async def on_click(self, click: events.Click) -> None:
        """Do what stands where somebody clicked.

        Links of textual would be underlined, and have colours of their own.
        """
        action = click.style.meta.get(_CLICK)
        if action:
            await self.app.run_action(f"app.{action}")


class StateBar(_Bar):
    """Who is asked, whether it answers, and how old is what is shown."""

    def __init__(self, address: str, *, is_read_only: bool) -> None:
        super().__init__("state")
        self._address = visible(address)
        self._is_read_only = is_read_only

    def show(self, sample: Sample | None, trouble: str, is_paused: bool) -> None:
        """Show how it is; ``trouble`` says what is wrong with the connection."""
        left = Text(" ")
        if self.size.width >= _WIDE:
            left.append("geartrain top  ", style=f"bold {self._ink('primary')}")
        left.append(self._address, style="bold")
        if sample is not None:
            left.append(f"  {cut(visible(sample.version), 40)}", style=self._ink(DIM))
        if self._is_read_only:
            left.append("  read-only", style=self._ink(WARN))
        right = self._state(sample, trouble, is_paused)
        room = self.size.width - right.cell_len
        left.truncate(max(room - 1, 0), overflow="ellipsis", pad=True)
        line = Text.assemble(left, " " if room > 0 else "", right, no_wrap=True)
        self.update(line)

    def _state(self, sample: Sample | None, trouble: str, is_paused: bool) -> Text:
        old = None if sample is None else time.monotonic() - sample.taken
        shown = "" if old is None else f" {age(old)} old"
        if trouble:
            return Text(f"✗ lost{shown} ", style=f"bold {self._ink(BAD)}")
        if is_paused:
            return Text(f"‖ paused{shown} ", style=f"bold {self._ink(WARN)}")
        if sample is None or old is None:
            return Text("… connecting ", style=self._ink(WARN))
        is_late = old > max(5.0, 4 * sample.seconds)
        word, tone = ("… waiting", WARN) if is_late else ("● live", GOOD)
        clock = time.strftime("%H:%M:%S", time.localtime(sample.now + old))
        text = Text(f"{word}{shown if old >= 1 else ''}", style=self._ink(tone))
        return text.append(f"  {clock} ", style=self._ink(DIM))


class LoadBar(_Bar):
    """How many jobs there are, and how fast they come and go."""

    def __init__(self) -> None:
        super().__init__("load")

    def show(self, sample: Sample) -> None:
        """Show the load of a sample in two lines, or one where there are few."""
        labels, values = Text(no_wrap=True), Text(no_wrap=True)
        for label, value, tone in self._tiles(sample):
            width = max(cell_len(label), cell_len(value)) + 3
            if labels.cell_len + width > self.size.width:
                break
            style = f"bold {self._ink(tone)}" if tone else "bold"
            labels.append(f" {label}".ljust(width), style=self._ink(DIM))
            values.append(f" {value}" + " " * (width - 1 - cell_len(value)), style)
        self.update(Text("\n").join([labels, values]))

    def _tiles(self, sample: Sample) -> Iterator[tuple[str, str, str]]:
        """Yield label, value and tone, those that matter most first."""
        for name, tone in (("waiting", ""), ("running", ""), ("dead", BAD)):
            number = sample.load.get(name)
            if number is not None:
                yield name.upper(), f"{number:,.0f}", tone if number else ""
        oldest = sample.load.get("oldest")
        if oldest is not None:
            yield "OLDEST", age(oldest), WARN if oldest > _OLD else ""
        yield from self._rates(sample)
        for name in ("delayed", "workers"):
            number = sample.load.get(name)
            if number is not None:
                yield name.upper(), f"{number:,.0f}", ""

    def _rates(self, sample: Sample) -> Iterator[tuple[str, str, str]]:
        total = sample.total
        if total is None:
            return
        recent, minutes = total.recent, total.minutes
        failed = sum(recent.failures.values())
        width = max(min((self.size.width - 80) // 3, 30), 0)
        for label, count, by_minute, tone in (
            ("IN/S", recent.counts["submitted"], minutes and minutes.submitted, ""),
            ("DONE/S", recent.counts["succeeded"], minutes and minutes.succeeded, ""),
            ("FAILED/S", failed, minutes and minutes.failures, BAD if failed else ""),
        ):
            rate = RATE.show(count / total.seconds, 0.0)
            yield label, f"{rate} {_spark(by_minute or (), width)}".rstrip(), tone
        for label, times in (("WAIT95", recent.waited), ("RUN95", recent.ran)):
            yield label, short(times.p95) or "-", ""


def _spark(by_minute: Sequence[int], width: int) -> str:
    """Return the last minutes as bars, the latest at the right."""
    if width < _LEAST_BARS:
        return ""
    # The last has not ended: it would always look like a fall.
    numbers = by_minute[:-1][-width:]
    most = max(numbers, default=0) or 1
    return "".join(_BARS[int(number / most * (len(_BARS) - 1))] for number in numbers)


class ProblemBar(_Bar):
    """What is wrong, in words, or that nothing is."""

    def __init__(self) -> None:
        super().__init__("problems")

    def show(self, problems: Sequence[ProblemRow] | None, trouble: str) -> None:
        """Show problems, or what is wrong with the connection instead."""
        if trouble:
            lines = [Text(f" ✗ {visible(trouble)}", style=f"bold {self._ink(BAD)}")]
        elif problems is None:
            told = " this job server does not tell what is wrong: it is no Geartrain"
            lines = [Text(told, style=self._ink(DIM))]
        elif not problems:
            lines = [Text(" ✓ nothing is wrong", style=self._ink(GOOD))]
        else:
            lines = list(self._lines(problems))
        for line in lines:
            line.truncate(max(self.size.width - 1, 1), overflow="ellipsis")
        self.update(Text("\n").join(lines))

    def _lines(self, problems: Sequence[ProblemRow]) -> Iterator[Text]:
        count = _counted(problems)
        most = 1 if self.app.size.height < 24 else _PROBLEMS_SHOWN
        for number, problem in enumerate(problems[:most]):
            line = Text(" ")
            line.append(f"! {visible(problem.told)}", style=f"bold {self._ink(BAD)}")
            line.append(f": {visible(problem.remedy)}", style=self._ink(DIM))
            left = count - number - 1
            if number == most - 1 and left:
                more = f"  … {left:,} more (!)"
                line.truncate(self.size.width - len(more) - 1, overflow="ellipsis")
                line.append(more, style=self._ink(WARN))
            line.apply_meta({_CLICK: f"mend({number})"})
            yield line


def _counted(problems: Sequence[ProblemRow]) -> int:
    """Return how many there are, those included that the job server left out."""
    functions = {each.problem: each.functions for each in problems if each.functions}
    others = [each for each in problems if each.problem not in functions]
    return sum(count or 0 for count in functions.values()) + len(others)


class TabBar(_Bar):
    """The pages, each with its key, and what the page is searched for."""

    def __init__(self, pages: Sequence[AnyPage]) -> None:
        super().__init__("tabs")
        self._pages = pages

    def show(self, current: AnyPage, search: str, notes: Sequence[str]) -> None:
        """Show which page this is."""
        line = Text(no_wrap=True)
        long = sum(len(page.title) + 4 for page in self._pages) <= self.size.width
        for number, page in enumerate(self._pages, 1):
            is_current = page is current
            title = page.title if long or is_current else ""
            style = self._ink(DIM)
            if is_current:
                style = f"bold reverse {self._ink('primary')}"
            text = f" {number} {title} " if title else f" {number} "
            click = Style.from_meta({_CLICK: f"page('{page.name}')"})
            line.append(text, style=Style.parse(style) + click)
        told = Text(no_wrap=True)
        if search:
            told.append(" / ", style=f"bold {self._ink('primary')}")
            told.append(cut(visible(search), 200), style="bold")
        for note in filter(None, notes):
            told.append(f"  {note}", style=self._ink(DIM))
        told.truncate(max(self.size.width, 1), overflow="ellipsis")
        self.update(Text("\n").join([line, told]))
