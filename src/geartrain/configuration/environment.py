"""The environment variables of options, and those that are misspelt."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from geartrain.configuration.option import Given, Option
from geartrain.errors import OptionError

__all__ = ["OTHER_VARIABLES", "check_variables", "read_environment"]

_PREFIX = "GEARTRAIN_"

# Read by the build, by the scripts, and by commands that connect to a job server.
OTHER_VARIABLES = frozenset(
    {
        "GEARTRAIN_CONFIG",
        "GEARTRAIN_PURE",
        "GEARTRAIN_PYTHON",
        "GEARTRAIN_SERVER",
        "GEARTRAIN_TLS",
        "GEARTRAIN_TLS_CA",
        "GEARTRAIN_TLS_CERT",
        "GEARTRAIN_TLS_KEY",
        "GEARTRAIN_TOKEN_FILE",
        "GEARTRAIN_TOP_THEME",
    }
)

# Kubernetes sets these in each container for a service named geartrain or geartrain-*.
# One of them, GEARTRAIN_PORT, is also ours and means something else.
_ADDRESS_OF_SERVICE = ("tcp://", "udp://", "sctp://")
_OF_SERVICE = (
    r"GEARTRAIN(_[A-Z0-9_]+)?_"
    r"(SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)|PORT_[0-9]+_(TCP|UDP|SCTP)(_[A-Z]+)?)"
)

# Minimum similarity, as a fraction, at which a name counts as misspelt. PROT and PORT
# have 0.75. A name further off may be the operator's own, such as GEARTRAIN_VERSION in
# a container image.
_NEAR = 0.75


def read_environment(
    options: Mapping[str, Option], environment: Mapping[str, str]
) -> dict[str, Given]:
    """Return the values that environment variables give; an empty one gives none.

    Raises:
        OptionError: a value is wrong; the message names the variable.
    """
    given = {}
    for option in options.values():
        text = environment.get(option.variable, "")
        if text and not _is_of_kubernetes(option.variable, text):
            try:
                value = option.read(text)
            except OptionError as error:
                raise OptionError(f"{option.variable}: {error}") from None
            given[option.name] = Given(value, "environment", option.variable)
    return given


def check_variables(
    environment: Mapping[str, str], known: Collection[str]
) -> list[str]:
    """Return sentences about variables that are not used.

    Raises:
        OptionError: a name is unknown and resembles a known one.
    """
    said = []
    for name, value in environment.items():
        if not name.startswith(_PREFIX):
            continue
        if _is_of_kubernetes(name, value):
            if name in known:
                said.append(
                    f"{name}={value} is what Kubernetes sets for a service named"
                    " geartrain: it is not used"
                )
        elif name not in known:
            said.append(_unknown(name, known))
    return said


def _is_of_kubernetes(name: str, value: str) -> bool:
    if name.endswith("_PORT") and value.startswith(_ADDRESS_OF_SERVICE):
        return True
    return re.fullmatch(_OF_SERVICE, name) is not None


def _unknown(name: str, known: Collection[str]) -> str:
    """Return what to say of an unknown name; raise OptionError if one is near."""
    # Imported here: it takes a millisecond, and mistakes are rare.
    import difflib

    rest = name.removeprefix(_PREFIX)
    names = [each.removeprefix(_PREFIX) for each in known]
    near = difflib.get_close_matches(rest, names, 1, _NEAR)
    if near:
        raise OptionError(
            f"{name} is no variable of Geartrain: did you mean {_PREFIX}{near[0]}?"
        )
    return f"{name} is no variable of Geartrain: it is not used"
