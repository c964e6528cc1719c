"""What can stop a benchmark.

BenchmarkError
    LoadError
"""

from __future__ import annotations


class BenchmarkError(Exception):
    """A trial could not be run; the text names which and what to do."""


class LoadError(BenchmarkError):
    """The load generator could not be built, or it stopped before it was done."""
