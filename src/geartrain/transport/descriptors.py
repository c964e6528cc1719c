"""Descriptors that somebody else may have closed."""

from __future__ import annotations

import os

__all__ = ["FOREIGN", "Owned"]

FOREIGN = "code that does not own its descriptor has closed it"
"""Why something is given up of which ``Owned.is_ours`` is False."""


class Owned:
    """Remembers which file a descriptor stood for.

    A handler that closes descriptors it did not open, as ``os.closerange(3, 256)``
    does, leaves their numbers to whatever is opened next: to write to one, or to close
    it, would then hit somebody else's file.
    """

    __slots__ = ("_device", "_inode", "_number")

    def __init__(self, number: int) -> None:
        """Take a descriptor that is open.

        Raises:
            OSError: it is not.
        """
        self._number = number
        status = os.fstat(number)
        self._device, self._inode = status.st_dev, status.st_ino

    def is_ours(self) -> bool:
        """Tell whether the number still stands for that file."""
        try:
            status = os.fstat(self._number)
        except OSError:
            return False
        return status.st_ino == self._inode and status.st_dev == self._device
