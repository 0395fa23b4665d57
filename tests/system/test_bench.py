# SPDX-License-Identifier: MIT
"""The measuring program (apps/bench), built with newlib and as a Linux program with glibc."""
import json

import pytest

import ringlet

BENCHES = {"newlib": ringlet.BUILD / "apps" / "bench",
           "glibc": ringlet.BUILD / "bench" / "bench-linux"}

# Quick ones that need no thread, of each of the program's files.
SOME = "getpid,unknown,pipe,stat,poll_1,mmap,fault,udp,tcp"


def bench(libc, *args, icount=True):
    # Where memory comes to lie may cost a few instructions more or less.
    more = ["--icount", "--no-net", "--cmdline", "aslr=off"] if icount else []
    return ringlet.run(BENCHES[libc], "-q", *more, "--", *args, timeout=120)


def rows(result):
    """The machine's line, and each operation's by its name."""
    assert result.status == 0, str(result)
    machine, *lines = [json.loads(line) for line in result.text.splitlines()]
    return machine, {row["name"]: row for row in lines}


@pytest.mark.parametrize("libc", BENCHES)
def test_every_operation_is_measured_or_skipped(libc):
    machine, all_rows = rows(bench(libc, "--json"))
    listed = [line.split()[0].rstrip("*") for line in bench(libc, "--list").text.splitlines()]
    assert machine["system"] == "Ringlet" and machine["libc"].startswith(libc)
    assert list(all_rows) == listed
    for row in all_rows.values():
        assert "failed" not in row, row
        assert ("skip" in row) != (row.get("ticks", 0) > 0), row
    for name in SOME.split(","):
        assert "skip" not in all_rows[name], all_rows[name]


def test_counts_are_the_same_at_every_run():
    first, second = (rows(bench("glibc", "--json", "--only", SOME))[1] for _ in range(2))
    for name, row in first.items():
        assert second[name]["ticks"] == pytest.approx(row["ticks"], rel=0.005), name


def test_counts_are_the_same_with_both_libraries():
    newlib, glibc = (rows(bench(libc, "--json", "--only", "getpid,unknown,pipe,udp"))[1]
                     for libc in BENCHES)
    for name, row in newlib.items():
        assert glibc[name]["ticks"] == pytest.approx(row["ticks"], rel=0.02), name


def test_the_counter_is_an_instruction_counter_under_icount():
    machine, found = rows(bench("newlib", "--json", "--only", "getpid"))
    assert machine["ticks_per_second"] == pytest.approx(1e9, rel=0.001)
    assert found["getpid"]["own"] < 20 < found["getpid"]["ticks"]


def test_the_table():
    result = bench("newlib", "--only", "getpid,futex_ping*", "--reps", "3", "--iters", "100",
                   icount=False)
    assert result.status == 0, str(result)
    lines = result.text.splitlines()
    assert lines[0].startswith("Ringlet ")
    assert any(line.startswith("getpid ") for line in lines), str(result)


@pytest.mark.parametrize("args, says", [
    (["--only", "nonsense"], "nonsense"),
    (["--only", "getpid,"], "no operation"),
    (["--reps", "0"], "--reps"),
    (["--reps", "12x"], "--reps"),
    (["--time", "-5"], "--time"),
    (["--bogus"], "option"),
    (["getpid"], "getpid"),
])
def test_a_wrong_command_line_is_told(args, says):
    result = bench("newlib", *args, icount=False)
    assert result.status == 2, str(result)
    assert says in result.err and result.text == "", str(result)
