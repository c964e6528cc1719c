"""Which record is the one that is looked for."""

from __future__ import annotations

from geartrain.engine.results import FindResult, ResultRecord, result_cost


def ended(number: int = 1, *, is_whole: bool = True) -> ResultRecord:
    record = ResultRecord(number, b"H:1", b"f")
    record.key = b"k"
    record.ended, record.expires = 100.0, 160.0
    record.is_whole = is_whole
    return record


def test_a_record_is_found_by_its_number_until_it_expires() -> None:
    assert FindResult(159.9, 1).takes(ended())
    assert not FindResult(160.0, 1).takes(ended())
    assert not FindResult(0.0, 2).takes(ended())


def test_a_record_is_found_by_function_and_key() -> None:
    assert FindResult(0.0, 0, b"f", b"k").takes(ended())
    assert not FindResult(0.0, 0, b"g", b"k").takes(ended())
    assert not FindResult(0.0, 0, b"f", b"j").takes(ended())


def test_what_answers_a_submission_is_whole_and_young_enough() -> None:
    assert FindResult(120.0, 0, b"f", b"k", 100.0).takes(ended())
    assert not FindResult(120.0, 0, b"f", b"k", 100.1).takes(ended())
    assert not FindResult(120.0, 0, b"f", b"k", 90.0).takes(ended(is_whole=False))


def test_a_query_forgets_its_answer() -> None:
    query = FindResult(0.0, 1)
    query.record, query.error = ended(), "torn"
    query.begin_again()
    assert [query.record, query.error] == [None, ""]


def test_the_cost_has_all_bytes() -> None:
    record = ended()
    before = result_cost(record)
    record.pieces, record.error = [b"x" * 100, b"y"], b"z" * 10
    assert result_cost(record) == before + 111
