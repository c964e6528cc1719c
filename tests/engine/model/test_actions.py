"""Actions as rows, and back."""

from __future__ import annotations

import json

from geartrain.engine.model.actions import Action, Actions, read_action


def test_an_action_comes_back_as_it_was() -> None:
    action = Action(7, 1.5, b"10.0.0.7", b"\xff")
    action.command, action.arguments = b"move", b"jobs \xfe"
    action.function, action.handle, action.count = b"\xfd", b"H:host:1", 12
    line = json.dumps(action.values()).encode()
    assert read_action(line).values() == action.values()


def test_the_latest_are_kept_and_the_earliest_forgotten() -> None:
    actions = Actions()
    assert actions.next_number() == 1
    forgotten = [actions.add(Action(n, 0.0, b"", b"-")) for n in range(1, 1003)]
    assert forgotten == [0] * 1000 + [1, 2]
    assert [each.number for each in actions.before(6)] == [5, 4, 3]
    assert len(list(actions.before(0))) == 1000
    assert actions.next_number() == 1003
