# SPDX-License-Identifier: MIT
"""pytest's set-up for the tests on Bochs: the tools of the system tests, and Bochs itself."""
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "system"), str(HERE.parent / "conformance")]

import bochs  # noqa: E402
import ringlet  # noqa: E402


@pytest.fixture(scope="session", autouse=True)
def machine():
    if not ringlet.TOOL.exists():
        pytest.exit(f"{ringlet.TOOL} is missing: run make, or set RINGLET_BUILD", 3)
    if bochs.missing():
        pytest.exit(bochs.missing(), 3)
