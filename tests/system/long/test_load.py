# SPDX-License-Identifier: MIT
"""Minutes of load on the demo server; the figures are those tests/accept prints."""
import subprocess

import pytest

import ringlet
from load import connections, requests


@pytest.fixture
def machine():
    with ringlet.Machine(ringlet.HTTPD, "-q", "-p", "0:80", "--add", f"{ringlet.WWW}:/www",
                         timeout=1200) as m:
        yield m


@pytest.mark.skipif(not ringlet.have("wrk"), reason="wrk is not installed")
def test_sixty_four_clients_for_half_a_minute(machine):
    result = requests(machine.url(), clients=64, seconds=30)
    assert result.errors == 0, result.report


@pytest.mark.skipif(not ringlet.have("ab"), reason="ab is not installed")
def test_ten_thousand_connections(machine):
    """Opened and closed without a failure, and without memory going up for each."""
    url = machine.url()
    assert connections(url, 3000).errors == 0
    before = machine.resident()
    result = connections(url, 10000)
    assert result.errors == 0, result.report
    assert machine.resident() - before < 4 << 20


def test_reused_addresses(machine):
    """The four-tuples of closed connections come again: none may stall."""
    url = machine.url()
    for _ in range(5):
        out = subprocess.run(["curl", "-sSf", "-o", "/dev/null", "-w", "%{time_total}", url],
                             capture_output=True, text=True, timeout=30, check=True).stdout
        assert float(out) < 3
        assert connections(url, 2000).errors == 0
