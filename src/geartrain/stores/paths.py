"""The files that keep jobs, by the text that names them."""

from __future__ import annotations

import os
import re
from typing import Final

from geartrain.errors import OptionError
from geartrain.texts import visible

__all__ = ["SQLITE", "check_file", "is_path", "state_directory"]

SQLITE: Final = "sqlite://"
"""What the full name of a file begins with."""

_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


def is_path(text: str) -> bool:
    """Tell whether a text is the path of a file: it has a slash or dot and no scheme.

    A bare word is more often a mistake than a file.
    """
    return not _SCHEME.match(text) and ("/" in text or "." in text)


def check_file(location: str) -> str:
    """Return the full name of a file: ``sqlite://`` and a full path.

    A relative path begins at the working directory, ``~`` at the user's home. No other
    character means anything but itself.

    Raises:
        OptionError: the text names no file; the message says what would.
    """
    path = location.removeprefix(SQLITE)
    if path == location:
        path = _full(path)
    elif not path.startswith("/"):
        raise OptionError(f"'{visible(location)}' is no store: use sqlite:///full/path")
    if path.endswith("/"):
        raise OptionError(f"the store {visible(path)} is a folder: name a file in it")
    if "\0" in path:
        raise OptionError(f"the store {visible(path)} has a zero byte in its name")
    return f"{SQLITE}{path}"


def state_directory() -> str:
    """Return where jobs are kept if nothing says where.

    Raises:
        OptionError: the environment names no such place.
    """
    given = os.environ.get("STATE_DIRECTORY", "").partition(":")[0]
    if given:
        if os.path.isabs(given):
            return given
        raise OptionError(
            f"STATE_DIRECTORY={given} is no full path: correct it, or name a store"
            " with --store"
        )
    if os.geteuid() == 0:
        return "/var/lib/geartrain"
    # A relative path is to be ignored, says the standard of XDG_STATE_HOME.
    state = os.environ.get("XDG_STATE_HOME", "")
    if not os.path.isabs(state):
        state = os.path.expanduser("~/.local/state")
    if not os.path.isabs(state):
        raise OptionError(
            "there is no home directory to keep jobs in: set HOME, or name a store with"
            " --store"
        )
    return os.path.join(state, "geartrain")


def _full(path: str) -> str:
    """Return the full path of a file; a slash at its end stays."""
    expanded = os.path.expanduser(path)
    if expanded.startswith("~"):
        raise OptionError(
            f"the store {visible(path)} is in the home of an unknown user: write"
            " the full path, or ./ before it"
        )
    try:
        full = os.path.abspath(expanded)
    except FileNotFoundError:
        raise OptionError(
            f"the store {visible(path)} is in the working directory, which is gone:"
            " write the full path"
        ) from None
    return f"{full}/" if path.endswith("/") else full
