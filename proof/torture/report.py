"""The report of a campaign."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from proof.torture.campaign import Campaign
from proof.torture.steps import STEPS
from proof.torture.verdict import Verdict, judge

__all__ = ["Report", "report"]

# Faults that are printed, and faults that are written to a file.
_MOST_TOLD = 10
_MOST_KEPT = 1000


@dataclass
class Report:
    """A campaign's verdict in words.

    Attributes:
        missed: the steps at which no job server was killed.
        text: all faults by kind, and the first of them with their histories;
            empty if there are none.
    """

    verdict: Verdict
    missed: set[str]
    text: str

    def line(self) -> str:
        """Return the counts of what was done."""
        return ", ".join(
            f"{count} {what}" for what, count in self.verdict.totals.items()
        )


def report(campaign: Campaign, folder: Path) -> Report:
    """Judge a campaign; if there are faults write them into ``folder``."""
    verdict = judge(campaign.history, campaign.survey)
    missed = set(STEPS) - set(campaign.hits)
    if not verdict.faults:
        return Report(verdict, missed, "")
    path = folder / "faults"
    path.write_text(_told(campaign, verdict, _MOST_KEPT))
    kinds = Counter(each.text.partition(":")[0] for each in verdict.faults)
    lines = [f"seed {campaign.seed}; the store, the log and {path} are kept"]
    lines += [f"{count} x {kind}" for kind, count in kinds.most_common()]
    lines.append(_told(campaign, verdict, _MOST_TOLD))
    return Report(verdict, missed, "\n".join(lines))


def _told(campaign: Campaign, verdict: Verdict, most: int) -> str:
    """Describe the first faults, each with everything recorded about its job."""
    lines = []
    for fault in verdict.faults[:most]:
        lines.append(f"\n{fault.handle.decode()} {fault.text}")
        life = verdict.lives.get(fault.handle)
        if life is not None:
            lines.extend(f"    {line}" for line in life.told())
            lines.append(f"    in the end {campaign.survey.row(fault.handle)}")
    return "\n".join(lines)
