"""See and steer a running job server by its text commands."""

from geartrain.admin.rows import (
    CounterRow,
    FunctionRow,
    JobRow,
    PolicyRow,
    Setting,
    StoreRow,
    WorkerRow,
    setting_text,
)
from geartrain.admin.sync import DEFAULT_SERVER, Admin

__all__ = [
    "DEFAULT_SERVER",
    "Admin",
    "CounterRow",
    "FunctionRow",
    "JobRow",
    "PolicyRow",
    "Setting",
    "StoreRow",
    "WorkerRow",
    "setting_text",
]
