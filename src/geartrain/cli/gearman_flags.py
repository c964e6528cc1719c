"""The command line of ``gearman``, as the original reads it."""

from __future__ import annotations

# typing is slow to import, and scripts run this for every job.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

__all__ = ["GearmanFlags", "usage"]

_VALUED: Final = frozenset("cfhiptu")
_PLAIN: Final = frozenset("bdHILNnPsSvw")
_NUMBERS: Final = frozenset("cpt")


class GearmanFlags:
    """The flags and words of a command line.

    Flags may come before, between and after the other words; ``--`` ends them.

    Attributes:
        functions: the functions given with ``-f``, in order.
        values: the last value of each other flag that takes one, by its letter.
        given: the letters of the flags without a value.
        words: the other words: workloads, or a worker's command.
        error: what is wrong with the command line; empty if nothing is.
    """

    def __init__(self, words: list[str]) -> None:
        """Read the words that follow the program's name."""
        self.functions: list[str] = []
        self.values: dict[str, str] = {}
        self.given: set[str] = set()
        self.words: list[str] = []
        self.error = ""
        self._left = words[::-1]
        while self._left:
            word = self._left.pop()
            if word == "--":
                self.words += self._left[::-1]
                break
            if word.startswith("-") and word != "-":
                self._letters(word[1:])
            else:
                self.words.append(word)
        if not self.functions:
            self.error = "No Functions were provided"

    def number(self, letter: str) -> int | None:
        """Return the number given with a flag; None without the flag."""
        text = self.values.get(letter)
        return None if text is None else int(text)

    @property
    def by_line(self) -> bool:
        """Return whether each line is a job, or a piece of a worker's data."""
        return not self.given.isdisjoint("nN")

    @property
    def priority(self) -> str:
        """Return the jobs' priority; ``-L`` wins over ``-I``, in whatever order."""
        if "L" in self.given:
            return "low"
        return "high" if "I" in self.given else "normal"

    def _letters(self, letters: str) -> None:
        while letters:
            letter, letters = letters[0], letters[1:]
            if letter in _PLAIN:
                self.given.add(letter)
            elif letter not in _VALUED:
                self.error = "-?"
            elif letters or self._left:
                self._take(letter, letters or self._left.pop())
                return
            else:
                self.error = "-?"

    def _take(self, letter: str, value: str) -> None:
        if letter == "f":
            self.functions.append(value)
        elif letter in _NUMBERS and not _is_number(value):
            self.error = f"-{letter}: {value!r} is no number"
        else:
            self.values[letter] = value


def _is_number(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdigit() and len(digits) < 19


def usage(flags: GearmanFlags) -> str:
    """Return what the original prints for ``-H`` and a wrong command line."""

    def state(letters: str) -> str:
        return "false" if flags.given.isdisjoint(letters) else "true"

    return f"""
gearman\tError in usage({flags.error or "(null)"}).

Client mode: gearman [options] [<data>]
Worker mode: gearman -w [options] [<command> [<args> ...]]

Common options to both client and worker modes.
\t-f <function> - Function name to use for jobs (can give many)
\t-h <host>     - Job server host
\t-H            - Print this help menu
\t-v            - Print diagnostic information to stdout({state("v")})
\t-p <port>     - Job server port
\t-t <timeout>  - Timeout in milliseconds
\t-i <pidfile>  - Create a pidfile for the process
\t-S            - Enable SSL connections

Client options:
\t-b            - Run jobs in the background({state("b")})
\t-I            - Run jobs as high priority
\t-L            - Run jobs as low priority
\t-n            - Run one job per line({state("nN")})
\t-N            - Same as -n, but strip off the newline({state("N")})
\t-P            - Prefix all output lines with functions names
\t-s            - Send job without reading from standard input
\t-u <unique>   - Unique key to use for job

Worker options:
\t-c <count>    - Number of jobs for worker to run before exiting
\t-n            - Send data packet for each line({state("nN")})
\t-N            - Same as -n, but strip off the newline({state("N")})
\t-w            - Run in worker mode({state("w")})
"""
