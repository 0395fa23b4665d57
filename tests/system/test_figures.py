# SPDX-License-Identifier: MIT
"""The promised figures that can be had quickly; tests/accept prints them all."""
import re

from ringlet import CORE, guest, run, tool, up


def test_core_size():
    assert CORE.stat().st_size <= 500_000


def test_hello_iso_size(hello_iso):
    assert hello_iso.stat().st_size <= 6_000_000


def test_getpid_round_trip():
    result = run(guest("bench_getpid"), "-q", "--icount", "--", "icount")
    assert result.status == 0, str(result)
    assert int(re.search(r"getpid: (\d+) instructions", result.text)[1]) <= 80


def test_boot_to_main():
    result = run(guest("probe"), "--icount", "-m", "256", "--", "uptime")
    assert result.status == 0, str(result)
    assert 0 < up(result) <= 30_000_000


def test_counted_runs_are_the_same():
    runs = [run(guest("bench_getpid"), "-q", "--icount", "--", "icount").out for _ in range(2)]
    assert runs[0] == runs[1]


def test_version_is_one_line():
    assert re.fullmatch(r"Ringlet \S+\n", tool("--version").text)
