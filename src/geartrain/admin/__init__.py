"""Inspect and control a running job server by its text commands."""

from geartrain.admin.batches import BatchRow
from geartrain.admin.client import DEFAULT_SERVER, Admin
from geartrain.admin.cluster import ClusterRow
from geartrain.admin.hooks import DeliveryRow, HookRow
from geartrain.admin.job_rows import AttemptRow, DeadGroupRow, JobRow
from geartrain.admin.keys import KeyRow
from geartrain.admin.owners import OwnerRow
from geartrain.admin.reasons import WhyRow
from geartrain.admin.results import ResultRow
from geartrain.admin.rows import (
    ActionRow,
    CounterRow,
    FailureRow,
    FunctionRow,
    MarkRow,
    PolicyRow,
    ProblemRow,
    Setting,
    StoreRow,
    UpcomingRow,
    setting_text,
)
from geartrain.admin.schedules import RunRow, ScheduleRow
from geartrain.admin.servers import OptionRow, ServerRow
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
    "BatchRow",
    "ClusterRow",
    "CounterRow",
    "DeadGroupRow",
    "DeliveryRow",
    "FailureRow",
    "FunctionRow",
    "HookRow",
    "JobAtWork",
    "JobRow",
    "KeyRow",
    "MarkRow",
    "Measures",
    "MinuteCounts",
    "OptionRow",
    "OwnerRow",
    "PacketRow",
    "PolicyRow",
    "ProblemRow",
    "ProcessRow",
    "ResultRow",
    "RunRow",
    "ScheduleRow",
    "ServerRow",
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
