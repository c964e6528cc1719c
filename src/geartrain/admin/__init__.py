"""Inspect and control a running job server by its text commands."""

from geartrain.admin.client import DEFAULT_SERVER, Admin
from geartrain.admin.job_rows import AttemptRow, JobRow
from geartrain.admin.reasons import WhyRow
from geartrain.admin.results import ResultRow
from geartrain.admin.rows import (
    ActionRow,
    CounterRow,
    FunctionRow,
    MarkRow,
    PolicyRow,
    ProblemRow,
    ScheduleRow,
    Setting,
    StoreRow,
    WorkerRow,
    setting_text,
)
from geartrain.admin.statistics import Measures, SlotRow, StatisticsRow, Times

__all__ = [
    "DEFAULT_SERVER",
    "ActionRow",
    "Admin",
    "AttemptRow",
    "CounterRow",
    "FunctionRow",
    "JobRow",
    "MarkRow",
    "Measures",
    "PolicyRow",
    "ProblemRow",
    "ResultRow",
    "ScheduleRow",
    "Setting",
    "SlotRow",
    "StatisticsRow",
    "StoreRow",
    "Times",
    "WhyRow",
    "WorkerRow",
    "setting_text",
]
