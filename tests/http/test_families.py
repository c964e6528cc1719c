"""The table of metrics keeps to Prometheus' conventions."""

from __future__ import annotations

from geartrain.http.families import (
    CLUSTER_FAMILIES,
    FUNCTION_FAMILIES,
    PEER_FAMILIES,
    SCHEDULE_FAMILIES,
    SERVER_FAMILIES,
    STORE_FAMILIES,
)

FAMILIES = (
    *SERVER_FAMILIES,
    *STORE_FAMILIES,
    *CLUSTER_FAMILIES,
    *PEER_FAMILIES,
    *FUNCTION_FAMILIES,
    *SCHEDULE_FAMILIES,
)


def test_each_name_is_there_once_and_says_whose_it_is() -> None:
    names = [each.name for each in FAMILIES]
    assert len(set(names)) == len(names)
    assert all(name.startswith(("gearman_", "process_")) for name in names)


def test_counters_and_only_they_end_with_total() -> None:
    for each in FAMILIES:
        assert (each.kind == "counter") == each.name.endswith("_total"), each.name


def test_each_has_a_sentence_of_help() -> None:
    for each in FAMILIES:
        assert each.help[0].isalnum()
        assert each.help.endswith("."), each.name
        assert "\n" not in each.help
