"""Inspect and control a running job server by its text commands."""

from geartrain.admin.client import DEFAULT_SERVER, Admin
from geartrain.admin.job_rows import AttemptRow, DeadGroupRow, JobRow
from geartrain.admin.reasons import WhyRow
from geartrain.admin.results import ResultRow
from geartrain.admin.rows import (
    ActionRow,
    CounterRow,
    FailureRow,
    FunctionRow,
    MarkRow,
    OptionRow,
    PolicyRow,
    ProblemRow,
    ScheduleRow,
    Setting,
    StoreRow,
    UpcomingRow,
    setting_text,
)
from geartrain.admin.statistics import (
    Measures,
    MinuteCounts,
    SlotRow,
    StatisticsRow,
    Times,
)
from geartrain.admin.traces import PacketRow
from geartrain.admin.worker_rows import JobAtWork, ProcessRow, WorkerRow

__all__ = [
    "DEFAULT_SERVER",
    "ActionRow",
    "Admin",
    "AttemptRow",
    "CounterRow",
    "DeadGroupRow",
    "FailureRow",
    "FunctionRow",
    "JobAtWork",
    "JobRow",
    "MarkRow",
    "Measures",
    "MinuteCounts",
    "OptionRow",
    "PacketRow",
    "PolicyRow",
    "ProblemRow",
    "ProcessRow",
    "ResultRow",
    "ScheduleRow",
    "Setting",
    "SlotRow",
    "StatisticsRow",
    "StoreRow",
    "Times",
    "UpcomingRow",
    "WhyRow",
    "WorkerRow",
    "setting_text",
]
