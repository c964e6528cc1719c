"""Which files a process has loaded, and whether they have changed."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType, TracebackType

__all__ = ["FileWatch", "loaded_files"]

_State = tuple[int, int, int] | None


def loaded_files(error: BaseException | None = None) -> list[str]:
    """Return the sources of the modules in use, without the installed ones.

    With an error, also those that it came from: an import that fails leaves no
    module behind.
    """
    installed = {sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")}
    roots = tuple(f"{os.path.realpath(root)}{os.sep}" for root in installed)
    own = f"{Path(__file__).parents[1]}{os.sep}"
    files = {_source(module) for module in list(sys.modules.values())}
    if error is not None:
        files |= _files_of_error(error)
    return sorted(
        file
        for file in files
        if file and not os.path.realpath(file).startswith((*roots, own, "<"))
    )


def _source(module: object) -> str:
    # Some modules load themselves when an attribute is asked for, and may fail at that.
    file = vars(module).get("__file__") if isinstance(module, ModuleType) else None
    return _absolute(file) if isinstance(file, str) else ""


def _absolute(file: str) -> str:
    """Return the full path; empty where the working folder was removed."""
    try:
        return os.path.abspath(file)
    except OSError:
        return ""


def _files_of_error(error: BaseException) -> set[str]:
    files = set()
    trace: TracebackType | None = error.__traceback__
    while trace is not None:
        files.add(trace.tb_frame.f_code.co_filename)
        trace = trace.tb_next
    if isinstance(error, SyntaxError) and error.filename:
        files.add(error.filename)
    return {_absolute(file) for file in files if not file.startswith("<")}


class FileWatch:
    """Compares files with what they were when they were first named."""

    def __init__(self) -> None:
        """Watch nothing yet."""
        self._states: dict[str, _State] = {}

    def add(self, files: Iterable[str]) -> None:
        """Watch these too."""
        for file in files:
            if file not in self._states:
                self._states[file] = _state(file)

    def changed(self) -> list[str]:
        """Return the files that changed since this was last asked."""
        found = []
        for file, old in self._states.items():
            state = _state(file)
            if state != old:
                self._states[file] = state
                found.append(file)
        return found


def _state(file: str) -> _State:
    try:
        status = os.stat(file)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
