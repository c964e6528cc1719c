"""Geartrain: a job server that every Gearman client already knows."""

from __future__ import annotations

from geartrain._build import core_build

__all__ = ["__version__", "core_build"]

__version__ = "0.1.0"
