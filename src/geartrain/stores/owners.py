"""Root opens a store with the rights of the owner of its folder."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from geartrain.errors import StoreError

__all__ = ["make_folder", "owners_rights"]

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


@contextmanager
def owners_rights(path: str) -> Iterator[None]:
    """Act as the owner of a file's folder for the length of the block, if root.

    New files then belong to that owner, who can run the server without root later. And
    a symbolic link in the owner's folder cannot make root write to a file of root's.
    The rights are those of the whole process, not of one thread.
    """
    if os.geteuid() != 0:
        yield
        return
    owner = _nearest(os.path.dirname(os.path.abspath(path))).stat()
    gid, groups = os.getegid(), os.getgroups()
    if owner.st_uid == 0 or not _left_groups():
        yield
        return
    try:
        # In a container root may not be allowed this, and goes on as it is.
        with suppress(OSError):
            os.setegid(_group(owner))
            os.seteuid(owner.st_uid)
        yield
    finally:
        os.seteuid(0)
        os.setegid(gid)
        os.setgroups(groups)


def make_folder(path: str, uid: int, gid: int) -> None:
    """Make the folder of a file for the user ``uid``, as root, if it is missing.

    Raises:
        StoreError: it cannot be made.
    """
    folder = Path(os.path.dirname(os.path.abspath(path)))
    try:
        _make_folders(folder, uid, gid)
    except FileExistsError:
        # Another job server was faster. This one then meets its lock.
        return
    except OSError as error:
        raise StoreError(
            f"the folder {folder} cannot be made for the store: {error.strerror}"
        ) from error


def _nearest(folder: str) -> Path:
    """Return a folder, or the nearest one above it that is there."""
    there = Path(folder)
    while not there.exists():
        there = there.parent
    return there


def _group(owner: os.stat_result) -> int:
    """Return the group of the folder's owner, or else the folder's."""
    try:
        return pwd.getpwuid(owner.st_uid).pw_gid
    except KeyError:
        return owner.st_gid


def _left_groups() -> bool:
    """Leave all groups but one; return whether the system allowed it."""
    try:
        os.setgroups([])
    except OSError:
        return False
    return True


def _make_folders(folder: Path, uid: int, gid: int) -> None:
    """Make a folder and those above it, each through its parent's descriptor.

    A name could be replaced by a link before it is given away.
    """
    there = _nearest(str(folder))
    descriptor = os.open(there, _FOLDER)
    try:
        for name in folder.relative_to(there).parts:
            os.mkdir(name, 0o700, dir_fd=descriptor)
            os.fsync(descriptor)
            made = os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = made
            os.fchown(descriptor, uid, gid)
    finally:
        os.close(descriptor)
