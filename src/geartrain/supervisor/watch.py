"""The files that a process has loaded, and whether they have changed."""

from __future__ import annotations

import logging
import os
import sys
import sysconfig
from collections.abc import Generator, Iterable
from pathlib import Path
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING

from geartrain.errors import StartError

if TYPE_CHECKING:
    from watchfiles.main import FileChange

    _Changes = Generator[set[FileChange], None, None]

__all__ = ["FileWatch", "loaded_files"]

_log = logging.getLogger("geartrain.supervisor")


def loaded_files(error: BaseException | None = None) -> list[str]:
    """Return the source files of the loaded modules, except installed ones.

    With an error, also return the files it came from: an import that fails leaves no
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
    # A lazy module loads itself when an attribute is read, and may fail: vars() reads
    # none.
    file = vars(module).get("__file__") if isinstance(module, ModuleType) else None
    return _absolute(file) if isinstance(file, str) else ""


def _absolute(file: str) -> str:
    """Return the full path; empty if the working directory was removed."""
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
    """Tells which of some files have changed, for ``--watch``.

    The folders of the files are watched, and the folders around these, not the files:
    an editor saves by putting a new file in the place of the old one, and a version
    control system does the same with folders.
    """

    def __init__(self) -> None:
        """Watch nothing yet.

        Raises:
            StartError: watchfiles is not installed.
        """
        try:
            import watchfiles
        except ImportError:
            raise StartError(
                "--watch needs the Python package watchfiles: pip install watchfiles"
            ) from None
        self._watch = watchfiles.watch
        # It tells of every change in a folder, of other files too: a liveness file's
        # would be a line each second.
        logging.getLogger("watchfiles").setLevel(logging.WARNING)
        # Each file by its own path, and by the one that its links lead to.
        self._files: dict[str, str] = {}
        self._folders: set[str] = set()
        self._watches: list[_Changes] = []
        self._changed: set[str] = set()

    def add(self, files: Iterable[str]) -> None:
        """Watch these files too, whether they exist or not."""
        fresh = set(files).difference(self._files.values())
        if not fresh:
            return
        # What has happened until now did not happen to these.
        self._take_changes()
        for file in fresh:
            self._files |= {file: file, os.path.realpath(file): file}
        for path in self._files:
            folder = os.path.dirname(path)
            self._folders |= {folder, os.path.dirname(folder)}
        self._begin()

    def changed(self) -> list[str]:
        """Return the files that changed since this was last called."""
        self._take_changes()
        found, self._changed = sorted(self._changed), set()
        return found

    def _take_changes(self) -> None:
        paths = {path for watch in self._watches for _, path in next(watch)}
        # One that was replaced is closed only now: changes come a little late.
        for replaced in self._watches[:-1]:
            replaced.close()
        del self._watches[:-1]
        self._note(paths)
        if not paths.isdisjoint(self._folders):
            # A folder came or went, and with it what was watched there.
            self._begin()

    def _note(self, paths: set[str]) -> None:
        self._changed |= {
            file
            for path, file in self._files.items()
            if path in paths or os.path.dirname(path) in paths
        }

    def _begin(self) -> None:
        """Watch all folders that exist, in place of those watched until now."""
        watch = self._watch(
            *sorted(filter(os.path.isdir, self._folders)),
            watch_filter=None,
            # Milliseconds, as the next two: a look does not wait.
            debounce=50,
            step=1,
            rust_timeout=1,
            yield_on_timeout=True,
            recursive=False,
            ignore_permission_denied=True,
        )
        try:
            # The first look begins it.
            self._note({path for _, path in next(watch)})
        except OSError as error:
            _log.error(
                "cannot watch files, reload by SIGHUP instead: %s",
                error,
                extra={"action": "watch_failed"},
            )
        else:
            self._watches.append(watch)
