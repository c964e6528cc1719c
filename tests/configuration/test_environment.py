"""Variables of the environment: what is read, and what is said of the rest."""

from __future__ import annotations

import pytest

from geartrain.configuration.environment import (
    OTHER_VARIABLES,
    check_variables,
    read_environment,
)
from geartrain.configuration.option import options_of
from geartrain.errors import OptionError
from tests.support.sample_options import Sample

OPTIONS = options_of(Sample)
KNOWN = {*OTHER_VARIABLES, *(option.variable for option in OPTIONS.values())}
KUBERNETES = {
    "GEARTRAIN_SERVICE_HOST": "10.0.0.1",
    "GEARTRAIN_SERVICE_PORT": "4730",
    "GEARTRAIN_SERVICE_PORT_GEARMAN": "4730",
    "GEARTRAIN_PORT": "tcp://10.0.0.1:4730",
    "GEARTRAIN_PORT_4730_TCP": "tcp://10.0.0.1:4730",
    "GEARTRAIN_PORT_4730_TCP_PROTO": "tcp",
    "GEARTRAIN_PORT_4730_TCP_PORT": "4730",
    "GEARTRAIN_PORT_4730_TCP_ADDR": "10.0.0.1",
    "GEARTRAIN_SERVER_SERVICE_HOST": "10.0.0.1",
    "GEARTRAIN_SERVER_PORT": "tcp://10.0.0.1:4730",
    "GEARTRAIN_SERVER_PORT_4730_TCP": "tcp://10.0.0.1:4730",
}


def read(**environment: str) -> dict[str, object]:
    given = read_environment(OPTIONS, environment)
    assert all(each.source == "environment" for each in given.values())
    return {name: each.value for name, each in given.items()}


def test_every_shape_is_read() -> None:
    assert read(
        GEARTRAIN_NUMBER="3",
        GEARTRAIN_PAUSE="0.5",
        GEARTRAIN_NAMES="a, b c,,d ",
        GEARTRAIN_HUSH="x",
        GEARTRAIN_PLACE="/here",
        GEARTRAIN_IS_OPEN="no",
        GEARTRAIN_IS_QUIET="1",
        OTHERS="y",
    ) == {
        "number": 3,
        "pause": 0.5,
        "names": ("a", "b", "c", "d"),
        "secret": "x",
        "place": "/here",
        "is_open": False,
        "is_quiet": True,
    }


def test_an_empty_variable_gives_nothing() -> None:
    assert read(GEARTRAIN_NUMBER="", GEARTRAIN_NAMES="") == {}


def test_a_wrong_value_is_told_with_the_variable() -> None:
    with pytest.raises(OptionError) as caught:
        read(GEARTRAIN_NUMBER="11")
    said = "GEARTRAIN_NUMBER: 11 is not in the range 1<=x<=10"
    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("GEARTRAIN_NUBMER", "GEARTRAIN_NUMBER"),
        ("GEARTRAIN_NUMBERS", "GEARTRAIN_NUMBER"),
        ("GEARTRAIN_PALCE", "GEARTRAIN_PLACE"),
        ("GEARTRAIN_SEVER", "GEARTRAIN_SERVER"),
        ("GEARTRAIN_TLS_CERTS", "GEARTRAIN_TLS_CERT"),
    ],
)
def test_a_misspelt_name_gets_the_nearest(name: str, near: str) -> None:
    with pytest.raises(OptionError) as caught:
        check_variables({name: ""}, KNOWN)
    said = f"{name} is no variable of Geartrain: did you mean {near}?"
    assert str(caught.value) == said


@pytest.mark.parametrize("name", ["VERSION", "HOME", "TAG", "IMAGE", "ENV", "USER_ID"])
def test_a_name_of_somebody_elses_is_told_and_not_used(name: str) -> None:
    (said,) = check_variables({f"GEARTRAIN_{name}": "1"}, KNOWN)
    assert said == f"GEARTRAIN_{name} is no variable of Geartrain: it is not used"


def test_known_names_and_other_programs_need_no_word() -> None:
    environment = dict.fromkeys([*KNOWN, "PATH", "geartrain_number", "GEARMAN_X"], "x")
    assert check_variables(environment, KNOWN) == []


def test_what_kubernetes_sets_is_not_taken_for_ours() -> None:
    known = {*KNOWN, "GEARTRAIN_PORT"}
    assert check_variables(KUBERNETES, known) == [
        "GEARTRAIN_PORT=tcp://10.0.0.1:4730 is what Kubernetes sets for a service named"
        " geartrain: it is not used"
    ]
    assert read_environment(OPTIONS, KUBERNETES) == {}
