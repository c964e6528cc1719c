"""Whether the files of an open SQLite store are still those that its path names.

Whoever has a file open can still write to it after it was removed, renamed or replaced,
and everything written is lost when the process ends. A file that was truncated gets a
hole where SQLite believes its pages to be. So the files are checked before
each commit, which must not write into a truncated file, and after it, before any job is
acknowledged: six system calls a commit, 15 µs in all.

A file that is put back by renaming is used again. A copy is not: it lacks what was
written since.
"""

from __future__ import annotations

import os
from typing import Final

from geartrain.errors import StoreError
from geartrain.stores.sqlite.damage import LOG_MARKS
from geartrain.texts import visible

__all__ = ["GoneError", "Presence"]

_DATABASE: Final = (b"SQLite format 3\0",)


class GoneError(StoreError):
    """A file of a store is no longer where it was, or no longer whole."""


class _File:
    """One open file, and what is known of it."""

    def __init__(self, path: str, marks: tuple[bytes, ...]) -> None:
        self._path = path
        self._marks = marks
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        opened = os.fstat(self._descriptor)
        self._identity = (opened.st_dev, opened.st_ino)
        self._size = 0
        self._is_lost = True
        self.look()

    def look(self) -> None:
        """Check the file, and remember its size.

        Raises:
            GoneError: it is not what it was.
        """
        self._is_lost = True
        found = self._found(0)
        if found.st_size:
            head = os.pread(self._descriptor, len(self._marks[0]), 0)
            if head not in self._marks:
                raise GoneError(
                    f"the file {visible(self._path)} of the store was overwritten: "
                    "restart the job server, which saves what can be read"
                )
        self._size = found.st_size
        self._is_lost = False

    def check(self) -> None:
        """Check the file, to which nothing was written since the last look.

        Whether its name still leads to it is left to the next look: that takes longer.

        Raises:
            GoneError: it is not what it was.
        """
        if not self._is_lost:
            opened = os.fstat(self._descriptor)
            self._is_lost = not opened.st_nlink or opened.st_size < self._size
        if self._is_lost:
            self._found(self._size)

    def confirm(self) -> None:
        """Check the file and its name; nothing was written since the last look.

        Raises:
            GoneError: it is not what it was.
        """
        self._found(self._size)

    def is_here(self) -> bool:
        """Tell whether the path still names this file."""
        try:
            found = self._find()
        except OSError:
            return False
        return (found.st_dev, found.st_ino) == self._identity

    def has_name(self) -> bool:
        """Tell whether the file has a name, this one or another."""
        return os.fstat(self._descriptor).st_nlink > 0

    def _find(self) -> os.stat_result:
        """Return what the path names now."""
        try:
            return os.stat(self._path)
        except PermissionError:
            # Root opened it in a folder that the user it became may not enter.
            found = os.fstat(self._descriptor)
            if not found.st_nlink:
                raise
            return found

    def _found(self, least: int) -> os.stat_result:
        """Return what the path names, which is to be this file, not cut."""
        try:
            found = self._find()
        except OSError as error:
            raise GoneError(
                f"the file {visible(self._path)} of the store has gone "
                f"({error.strerror}): put it back to its place by renaming it; a copy "
                "is taken only at a new start"
            ) from error
        if (found.st_dev, found.st_ino) != self._identity:
            raise GoneError(
                f"the file {visible(self._path)} of the store was replaced by another: "
                "put the first back by renaming it, or restart the job server with "
                "this one"
            )
        if found.st_size < least:
            raise GoneError(
                f"the file {visible(self._path)} of the store was cut to "
                f"{found.st_size} bytes: restart the job server, which saves what can "
                "be read"
            )
        return found

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


class Presence:
    """The database and the write-ahead log of an open store."""

    def __init__(self, path: str, real: str) -> None:
        """Look at the files of ``path``, which is a name of the file ``real``.

        Raises:
            OSError: they cannot be opened.
        """
        # Closing any descriptor of the database takes away SQLite's locks: this one
        # is closed after SQLite's.
        self._database = _File(path, _DATABASE)
        try:
            self._log = _File(f"{real}-wal", LOG_MARKS)
        except BaseException:
            self._database.close()
            raise

    def check(self) -> None:
        """Check the files before a commit.

        Raises:
            GoneError: they are not what they were after the last one.
        """
        self._database.check()
        self._log.check()

    def confirm(self) -> None:
        """Check the files while nothing is done with them.

        Raises:
            GoneError: they are not what they were after the last commit.
        """
        self._database.confirm()
        self._log.confirm()

    def look(self) -> None:
        """Check the files after a commit.

        Raises:
            GoneError: it did not reach those that the path names.
        """
        self._database.look()
        # A checkpoint may have cut it.
        self._log.look()

    def is_here(self) -> bool:
        """Tell whether both files are where they were."""
        return self._database.is_here() and self._log.is_here()

    def is_database_here(self) -> bool:
        """Tell whether the database is where it was."""
        return self._database.is_here()

    def has_name(self) -> bool:
        """Tell whether the database has a name, its own or another."""
        return self._database.has_name()

    def close(self) -> None:
        """Forget the files; SQLite has closed them."""
        self._database.close()
        self._log.close()
