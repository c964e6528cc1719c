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
    assert actions.next_number(5000) == 5000


def test_two_logs_are_one_in_the_order_of_numbers() -> None:
    actions = Actions()
    for number in (10, 30, 50):
        actions.add(Action(number, 0.0, b"", b"-"))
    assert actions.take_in(Action(n, 1.0, b"", b"-") for n in (40, 20, 30)) == []
    kept = [(each.number, each.time) for each in actions.before(0)]
    assert kept == [(50, 0.0), (40, 1.0), (30, 0.0), (20, 1.0), (10, 0.0)]
    assert actions.next_number() == 51
    many = [Action(n, 0.0, b"", b"-") for n in range(100, 1098)]
    assert actions.take_in(many) == [10, 20, 30]
