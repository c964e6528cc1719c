"""What the job server tells of its options: their values, and where each was given."""

from __future__ import annotations

from collections.abc import Iterator

from geartrain.configuration.option import options_of
from geartrain.server.options import Options

__all__ = ["told_options"]


def told_options(options: Options) -> Iterator[tuple[str, str, str]]:
    """Yield name, value and source of each option.

    Secrets are masked. The source is a flag, a variable, a line of the file, or
    ``default``; ``program`` for what ``gearmand`` has another default for.
    """
    untouched = Options()
    for name, option in options_of(Options).items():
        value = getattr(options, name)
        source = options.places.get(name)
        if source is None:
            is_default = value == getattr(untouched, name)
            source = "default" if is_default else "program"
        yield name, option.show(value) or option.default or "", source
