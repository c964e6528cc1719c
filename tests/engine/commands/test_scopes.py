"""Which commands are about more than the job server that is asked."""

from __future__ import annotations

from geartrain.engine.commands.admin import COMMANDS
from geartrain.engine.commands.permission import NEEDS
from geartrain.engine.commands.scopes import (
    EACH,
    HERE,
    OWN_ROWS,
    OWNER,
    PAGES,
    SCOPES,
    SETTING,
    scope_of,
)


def test_every_command_has_its_scope() -> None:
    assert set(COMMANDS) <= set(SCOPES)
    assert {name.split()[0] for name in SCOPES} == set(COMMANDS)
    unknown = {"move dead", "show jobs", "show unique jobs", "show schedules"}
    known = {*NEEDS, *COMMANDS}
    special = {name for name in SCOPES if name not in known}
    assert {each.decode() for each in special} - unknown == {
        "show policies",
        "show owners",
        "show functions",
        "show connections",
        "show processes",
    }


def test_the_longest_name_counts() -> None:
    assert scope_of([b"Cancel", b"job", b"H:1"]) == OWNER
    assert scope_of([b"cancel", b"JOBS", b"function=f"]) == EACH
    assert scope_of([b"dead", b"retry", b"all"]) == EACH
    assert scope_of([b"dead", b"retry", b"H:1"]) == OWNER
    assert scope_of([b"dead", b"list"]) == PAGES
    assert scope_of([b"policy", b"f", b"ttl=5"]) == SETTING
    assert scope_of([b"show", b"Owners", b"limit=5"]) == OWN_ROWS
    assert scope_of([b"nothing"]) == HERE
