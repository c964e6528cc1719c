"""A job's story: its attempts as bytes, bounded whatever they are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from geartrain.engine.story import MOST_ATTEMPTS, PastAttempt, attempts_of, with_attempt

attempts = st.builds(
    PastAttempt,
    st.binary(max_size=300),
    st.floats(0, 1e10),
    st.floats(0, 1e10),
    st.sampled_from([b"fail", b"exception", b"timeout", b"crash", b"retry"]),
    st.binary(max_size=3000),
)


def values(attempt: PastAttempt) -> tuple[object, ...]:
    return (
        attempt.worker[:255],
        attempt.started,
        attempt.ended,
        attempt.outcome,
        attempt.error[:1024],
    )


@given(st.lists(attempts, max_size=40))
def test_the_first_and_the_last_are_kept(told: list[PastAttempt]) -> None:
    story = b""
    for attempt in told:
        story = with_attempt(story, attempt)
    half = MOST_ATTEMPTS // 2
    kept = told if len(told) <= MOST_ATTEMPTS else told[:half] + told[-half:]
    assert [values(each) for each in attempts_of(story)] == [
        values(each) for each in kept
    ]


def test_a_story_of_the_longest_attempts_is_bounded() -> None:
    story = b""
    for number in range(100):
        attempt = PastAttempt(bytes(999), number, number, b"exception", bytes(99_999))
        story = with_attempt(story, attempt)
    assert len(attempts_of(story)) == MOST_ATTEMPTS
    assert len(story) < 32 * 1024


@given(st.binary(max_size=400))
def test_other_bytes_are_read_as_far_as_they_can_be(story: bytes) -> None:
    for attempt in attempts_of(story):
        assert len(attempt.error) <= len(story)
