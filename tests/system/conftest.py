# SPDX-License-Identifier: MIT
"""pytest's set-up for the system tests; the tools are in ringlet.py."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import ringlet  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "long: takes minutes; part of make check-all only")


def pytest_collection_modifyitems(items):
    for item in items:
        if "/long/" in str(item.fspath):
            item.add_marker(pytest.mark.long)


@pytest.fixture(scope="session", autouse=True)
def built():
    if not ringlet.TOOL.exists():
        pytest.exit(f"{ringlet.TOOL} is missing: run make, or set RINGLET_BUILD", 3)


@pytest.fixture(scope="session")
def hello_iso(tmp_path_factory):
    """An ISO of hello with default arguments."""
    path = tmp_path_factory.mktemp("iso") / "hello.iso"
    result = ringlet.tool("image", ringlet.HELLO, "-o", path, "--", "one", "two words")
    assert result.status == 0, str(result)
    return path
