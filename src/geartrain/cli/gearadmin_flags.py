"""The command line of ``gearadmin``, as the original reads it."""

from __future__ import annotations

from geartrain.errors import OptionError

# typing is slow to import, and scripts run this for every job.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

__all__ = ["HELP", "GearadminFlags"]

HELP: Final = """\
Options:
  --help                         Options related to the program.
  -h [ --host ] arg (=localhost) Connect to the host
  -p [ --port ] arg (=4730)      Port number or service to use for connection
  --server-version               Fetch the version number for the server.
  --server-verbose               Fetch the verbose setting for the server.
  --create-function arg          Create the function from the server.
  --cancel-job arg               Remove a given job from the server's queue
  --drop-function arg            Drop the function from the server.
  --show-unique-jobs             Show unique IDs of jobs on the server.
  --show-jobs                    Show all jobs on the server.
  --getpid                       Get Process ID for the server.
  --status                       Status for the server.
  --priority-status              Queued jobs status by priority.
  --workers                      Workers for the server.
  -S [ --ssl ]                   Enable SSL connections.

"""

_VALUED: Final = frozenset(
    {"host", "port", "create-function", "cancel-job", "drop-function"}
)
_PLAIN: Final = frozenset(
    {
        "getpid",
        "help",
        "priority-status",
        "server-verbose",
        "server-version",
        "show-jobs",
        "show-unique-jobs",
        "ssl",
        "status",
        "workers",
    }
)
_NAMES: Final = sorted(_VALUED | _PLAIN)
_SHORT: Final = {"h": "host", "p": "port", "S": "ssl"}
_SHORT_WORDS: Final = frozenset(f"-{letter}" for letter in _SHORT)


class GearadminFlags:
    """The flags of a command line.

    Long names may be shortened as long as they stay unambiguous. Other words are
    ignored, as in the original.

    Attributes:
        values: values by the long names of the flags given; empty for those without.
    """

    def __init__(self, words: list[str]) -> None:
        """Read the words that follow the program's name.

        Raises:
            OptionError: one of them is wrong. The text is the original's.
        """
        self.values: dict[str, str] = {}
        self._words = words[::-1]
        given: list[tuple[str, str]] = []
        while self._words:
            word = self._words.pop()
            if word == "--":
                break
            if word.startswith("--"):
                given.append(self._long(word))
            elif word.startswith("-") and word != "-":
                given += self._short(word)
        for name, value in given:
            if name in self.values:
                raise OptionError(
                    f"option '--{name}' cannot be specified more than once"
                )
            self.values[name] = value

    def _long(self, word: str) -> tuple[str, str]:
        """Read ``--name``, ``--name=value`` or ``--name value``."""
        start, equals, value = word[2:].partition("=")
        name = _completed(start)
        if equals and not value:
            raise OptionError(
                f"the argument for option '--{name}' should follow immediately after"
                " the equal sign"
            )
        if name in _PLAIN:
            if equals:
                raise OptionError(f"option '--{name}' does not take any arguments")
            return name, ""
        return name, value if equals else self._next(name)

    def _short(self, word: str) -> list[tuple[str, str]]:
        """Read ``-S``, ``-hVALUE``, ``-h VALUE`` and several letters in one word."""
        found = []
        letters = word[1:]
        while letters:
            letter, letters = letters[0], letters[1:]
            name = _SHORT.get(letter)
            if name is None:
                raise OptionError(f"unrecognised option '{word}'")
            if name in _VALUED:
                found.append((name, letters or self._next(name)))
                break
            found.append((name, ""))
        return found

    def _next(self, name: str) -> str:
        # As in the original, `-p` cannot be the value of `-h`, but `--port` can.
        if not self._words or self._words[-1] in _SHORT_WORDS:
            raise OptionError(f"the required argument for option '--{name}' is missing")
        return self._words.pop()


def _completed(start: str) -> str:
    """Return the long name that begins with ``start``."""
    if start in _NAMES:
        return start
    found = [name for name in _NAMES if name.startswith(start)] if start else []
    if len(found) == 1:
        return found[0]
    if not found:
        raise OptionError(f"unrecognised option '--{start}'")
    *others, last = (f"'--{name}'" for name in found)
    raise OptionError(
        f"option '--{start}' is ambiguous and matches {', '.join(others)}, and {last}"
    )
