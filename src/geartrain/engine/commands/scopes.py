"""What each text command is about where there are several job servers.

``SCOPES`` is the one table of it, as ``permission.NEEDS`` is of rights.
"""

from __future__ import annotations

from typing import Final

__all__ = [
    "EACH",
    "HERE",
    "OWNER",
    "OWN_ROWS",
    "PAGES",
    "ROWS",
    "SCOPES",
    "SETTING",
    "SUMS",
    "scope_of",
]

HERE: Final = "here"
"""The job server that is asked, and no other.

``trace`` and ``events`` stay here though each job server has some: they go on for as
long as who asks stays, and the answer of another is waited for as a whole. ``hooks``
does because they are those of a job server's own file, and what became of its messages.
"""

OWN_ROWS: Final = "own rows"
"""The rows of the job server that is asked; of all, one after another, if all are asked
for. They are about the job servers, not about jobs that a shared store makes one of.
"""

ROWS: Final = "rows"
"""The rows of all, those of one job server after those of another."""

PAGES: Final = "pages"
"""The rows of all in one order."""

SUMS: Final = "sums"
"""The rows of all, of which those of one name are added up."""

OWNER: Final = "owner"
"""The job server that has what is named."""

EACH: Final = "each"
"""What each does by itself; how much that was is added up."""

SETTING: Final = "setting"
"""What a store that is shared has for all; where each has its own, only what is asked
of all is done at each.
"""

SCOPES: Final[dict[bytes, str]] = {
    b"version": HERE,
    b"getpid": HERE,
    b"verbose": HERE,
    b"shutdown": HERE,
    b"server": OWN_ROWS,
    b"store": HERE,
    b"cluster": HERE,
    b"hooks": HERE,
    b"trace": HERE,
    b"announce": HERE,
    b"events": HERE,
    b"follow": OWNER,
    b"problems": ROWS,
    b"policy": SETTING,
    b"maxqueue": SETTING,
    b"create": SETTING,
    b"schedule add": SETTING,
    b"pause": SETTING,
    b"resume": SETTING,
    b"drain": SETTING,
    b"show": HERE,
    b"show policies": HERE,
    b"show owners": OWN_ROWS,
    b"keys": OWN_ROWS,
    b"statistics": SUMS,
    b"status": SUMS,
    b"prioritystatus": SUMS,
    b"counters": SUMS,
    b"show functions": SUMS,
    b"failures": SUMS,
    b"dead groups": SUMS,
    b"workers": ROWS,
    b"show jobs": ROWS,
    b"show unique jobs": ROWS,
    b"show schedules": ROWS,
    b"show connections": ROWS,
    b"show processes": ROWS,
    b"jobs": ROWS,
    b"dead list": PAGES,
    b"history": ROWS,
    b"upcoming": PAGES,
    b"actions": PAGES,
    b"marks": PAGES,
    b"batches": PAGES,
    b"schedule list": PAGES,
    b"batch": SUMS,
    b"job": OWNER,
    b"why": OWNER,
    b"result": OWNER,
    b"cancel": OWNER,
    b"release": OWNER,
    b"retry": OWNER,
    b"fail": OWNER,
    b"run": OWNER,
    b"priority": OWNER,
    b"move": OWNER,
    b"dead": OWNER,
    b"schedule": OWNER,
    b"cancel jobs": EACH,
    b"run jobs": EACH,
    b"priority jobs": EACH,
    b"move jobs": EACH,
    b"move dead": EACH,
    b"dead retry all": EACH,
    b"dead drop all": EACH,
    b"schedule pause": EACH,
    b"schedule resume": EACH,
    b"schedule change": EACH,
    b"schedule remove": EACH,
    b"purge": EACH,
    b"drop": EACH,
}
"""The scope of each text command, by its first words; the longest that fit count."""

# Words that may be part of a command's name.
_MOST_WORDS: Final = 3


def scope_of(words: list[bytes]) -> str:
    """Return what a command is about."""
    lower = [each.lower() for each in words[:_MOST_WORDS]]
    for size in range(len(lower), 0, -1):
        found = SCOPES.get(b" ".join(lower[:size]))
        if found is not None:
            return found
    return HERE
