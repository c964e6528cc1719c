"""What is known of a supervisor before it has told anything."""

from __future__ import annotations

from geartrain.engine.model.supervisors import STATES, Supervision, WorkerProcess


def test_nothing_is_known_at_first() -> None:
    assert Supervision().processes == {}
    process = WorkerProcess()
    assert process.state not in {state.encode() for state in STATES}
    assert (process.process_id, process.since, process.memory) == (0, 0.0, 0)
