"""What a look at a connection's bytes tells of submitted jobs."""

from __future__ import annotations

import pytest

from geartrain.protocol.constants import PacketType
from geartrain.protocol.packets import encode, request
from geartrain.testing.clock import MovedClock
from geartrain.testing.recorder import Recorder, Tap

EPOCH = PacketType.SUBMIT_JOB_EPOCH


@pytest.fixture
def recorder() -> Recorder:
    return Recorder(MovedClock())


def created(handle: bytes) -> bytes:
    return encode(PacketType.JOB_CREATED, handle)


def pass_on(tap: Tap, data: bytes) -> None:
    assert tap.incoming(data) == data


@pytest.mark.parametrize(
    ("kind", "priority", "background"),
    [
        (PacketType.SUBMIT_JOB, "normal", False),
        (PacketType.SUBMIT_JOB_HIGH, "high", False),
        (PacketType.SUBMIT_JOB_LOW, "low", False),
        (PacketType.SUBMIT_JOB_BG, "normal", True),
        (PacketType.SUBMIT_JOB_HIGH_BG, "high", True),
        (PacketType.SUBMIT_JOB_LOW_BG, "low", True),
    ],
)
def test_each_way_to_submit_is_recorded(
    recorder: Recorder, kind: PacketType, priority: str, background: bool
) -> None:
    tap = Tap(recorder)
    pass_on(tap, request(kind, b"f", b"u\xff", b"w\0w"))
    assert recorder.records == []
    tap.outgoing([created(b"H:1")])
    (record,) = recorder.records
    assert (record.function, record.unique) == ("f", "u\udcff")
    assert (record.workload, record.handle) == (b"w\0w", "H:1")
    assert (record.priority, record.background) == (priority, background)


@pytest.mark.parametrize(
    ("kind", "background"),
    [
        (PacketType.SUBMIT_REDUCE_JOB, False),
        (PacketType.SUBMIT_REDUCE_JOB_BACKGROUND, True),
    ],
)
def test_a_reducer_is_recorded(
    recorder: Recorder, kind: PacketType, background: bool
) -> None:
    tap = Tap(recorder)
    pass_on(tap, request(kind, b"f", b"", b"sum", b"0", b"work"))
    tap.outgoing([created(b"H:1")])
    (record,) = recorder.records
    assert (record.reducer, record.background) == ("sum", background)
    assert record.workload == b"work"


def test_answers_belong_to_submissions_in_their_order(recorder: Recorder) -> None:
    tap, other = Tap(recorder), Tap(recorder)
    for workload in (b"1", b"2", b"3"):
        pass_on(tap, request(PacketType.SUBMIT_JOB_BG, b"f", b"", workload))
    pass_on(other, request(PacketType.SUBMIT_JOB_BG, b"f", b"", b"4"))
    tap.outgoing([created(b"H:1"), encode(PacketType.ERROR, b"QUEUE_ERROR\0full")])
    other.outgoing([created(b"H:2")])
    tap.outgoing([created(b"H:3")])
    assert [(each.workload, each.handle) for each in recorder.records] == [
        (b"1", "H:1"),
        (b"4", "H:2"),
        (b"3", "H:3"),
    ]


def test_the_ends_of_jobs_are_noted_from_both_sides(recorder: Recorder) -> None:
    tap = Tap(recorder)
    pass_on(tap, request(PacketType.WORK_COMPLETE, b"H:1", b"result"))
    pass_on(tap, request(PacketType.WORK_EXCEPTION, b"H:2", b"why"))
    tap.outgoing([encode(PacketType.WORK_FAIL, b"H:3")])
    assert recorder.outcomes == {"H:1": "done", "H:2": "failed", "H:3": "failed"}


def test_a_time_is_as_far_ahead_on_the_moved_clock(recorder: Recorder) -> None:
    tap = Tap(recorder)
    recorder.clock.moved = 1000.0
    sent = tap.incoming(request(EPOCH, b"f", b"u", b"5000", b"w\0w"))
    assert sent == request(EPOCH, b"f", b"u", b"6000.000", b"w\0w")
    tap.outgoing([created(b"H:1")])
    assert recorder.records[0].due == 6000.0


def test_a_delay_is_passed_on_and_counts_from_now_on_the_moved_clock(
    recorder: Recorder,
) -> None:
    tap = Tap(recorder)
    recorder.clock.moved = 1000.0
    pass_on(tap, request(EPOCH, b"f", b"u", b"5000+60.5", b"w"))
    tap.outgoing([created(b"H:1")])
    due = recorder.records[0].due
    assert due is not None
    assert 55 < due - recorder.clock.time() <= 60.5


@pytest.mark.parametrize("epoch", [b"", b"0", b"-5", b"soon", b"nan"])
def test_what_is_no_time_to_come_is_passed_on(recorder: Recorder, epoch: bytes) -> None:
    recorder.clock.moved = 1000.0
    tap = Tap(recorder)
    pass_on(tap, request(EPOCH, b"f", b"", epoch, b"w"))
    tap.outgoing([created(b"H:1")])
    assert recorder.records[0].due is None


def test_a_submission_without_all_arguments_is_none(recorder: Recorder) -> None:
    tap = Tap(recorder)
    pass_on(tap, request(PacketType.SUBMIT_JOB_BG, b"f"))
    pass_on(tap, request(EPOCH, b"f"))
    tap.outgoing([created(b"H:1")])
    assert recorder.records == []


def test_answers_to_text_commands_are_not_read(recorder: Recorder) -> None:
    tap = Tap(recorder)
    pass_on(tap, b"version\n")
    tap.outgoing([b"OK 1.0\n"])
    assert recorder.records == []
