"""See and steer a running job server by its text commands."""

from geartrain.admin.rows import (
    CounterRow,
    JobRow,
    PolicyRow,
    Setting,
    setting_text,
)
from geartrain.admin.sync import DEFAULT_SERVER, Admin

__all__ = [
    "DEFAULT_SERVER",
    "Admin",
    "CounterRow",
    "JobRow",
    "PolicyRow",
    "Setting",
    "setting_text",
]
