"""Build the core (protocol and engine) with mypyc where a C compiler is found.

The same source runs uncompiled, so a machine without a compiler, another
Python than CPython, or ``GEARTRAIN_PURE=1`` gets a pure build, and is told.
"""

import os
import platform
import shutil
import sys
import sysconfig
from pathlib import Path

from setuptools import Extension, setup

COMPILED_PACKAGES = ("src/geartrain/protocol", "src/geartrain/engine")


def reason_to_stay_pure() -> str | None:
    """Say why this build cannot or must not be compiled."""
    if os.environ.get("GEARTRAIN_PURE") == "1":
        return "GEARTRAIN_PURE=1 is set"
    if platform.python_implementation() != "CPython":
        return f"{platform.python_implementation()} is not CPython"
    compiler = os.environ.get("CC", "cc").split()[0]
    if shutil.which(compiler) is None:
        return f"no C compiler ({compiler}) was found"
    if not (Path(sysconfig.get_path("include")) / "Python.h").exists():
        return "Python's headers (Python.h) were not found"
    return None


def compiled_modules() -> list[str]:
    """List the core's source files in a stable order."""
    return sorted(
        str(path)
        for package in COMPILED_PACKAGES
        for path in Path(package).rglob("*.py")
    )


def extensions() -> list[Extension]:
    """Compile the core, or fall back to the pure build and say so."""
    reason = reason_to_stay_pure()
    if reason is None:
        try:
            from mypyc.build import mypycify

            found = mypycify(
                [*compiled_modules(), "--strict", "--follow-imports=silent"],
                opt_level="3",
                debug_level="0",
                group_name="geartrain_core",
            )
        except ImportError as error:
            reason = f"mypyc cannot be imported ({error})"
        else:
            if os.name == "posix":
                for extension in found:
                    # Without this, functions of the core call each other as another
                    # library could replace them: a job takes 3.4 % more instructions.
                    extension.extra_compile_args.append("-fvisibility=hidden")
                    # To look for what to warn of in generated code took two thirds of
                    # the compiler's time: 360 s with, 121 s without.
                    # -w alone does not keep it from looking.
                    extension.extra_compile_args += [
                        *("-w", "-Wno-all", "-Wno-maybe-uninitialized"),
                    ]
            return found
    print(f"geartrain: building the pure-Python core: {reason}", file=sys.stderr)
    return []


setup(ext_modules=extensions())
