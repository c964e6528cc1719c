"""The scenarios, by what they are about; importing a module registers them."""

from __future__ import annotations

from importlib import import_module

MODULES = (
    "connection",
    "errors",
    "framing",
    "malformed",
    "submit",
    "coalesce",
    "priority",
    "reduce",
    "abilities",
    "wake",
    "grab",
    "results",
    "exceptions",
    "loss",
    "abandon",
    "cancel",
    "timers",
    "status",
    "tables",
    "commands",
    "functions",
    "maxqueue",
)


def load_scenarios() -> None:
    """Import every module of scenarios."""
    for module in MODULES:
        import_module(f"{__name__}.{module}")
