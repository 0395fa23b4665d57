# SPDX-License-Identifier: MIT
"""The measuring kit (tools/bench): its arithmetic, and that the command says what is wrong."""
import os
import pathlib
import re
import subprocess
import sys
import time

import pytest
from ringlet import SOURCE, TOOL, tool

sys.path.append(str(SOURCE / "tools" / "bench"))

import boot  # noqa: E402
import check  # noqa: E402
import linux_guest as linux  # noqa: E402
import program  # noqa: E402
import rows  # noqa: E402
import serve  # noqa: E402
import svg  # noqa: E402
from machine import BenchError, frames  # noqa: E402

BASE = {name: 100.0 for name in check.ROWS}


def test_a_rise_above_five_per_cent_fails():
    assert all(passed for passed, _ in check.verdicts(dict(BASE), BASE))
    assert all(passed for passed, _ in check.verdicts({n: 104.9 for n in BASE}, BASE))
    results = [passed for passed, _ in check.verdicts(dict(BASE, fault=105.1), BASE)]
    assert results.count(False) == 1


def test_a_row_without_a_baseline_fails():
    assert not any(passed for passed, _ in check.verdicts(dict(BASE), {}))


def test_ratios_are_of_neighbours():
    def turns(*ns):
        return [{"op": {"ns": n, "ticks": n}} for n in ns]

    runs = {"ringlet": turns(10, 20, 40), "linux": turns(30, 60, 200)}
    row = rows.clock_rows(runs)["op"]["ringlet"]
    assert row["ratio"] == 3.0 and row["ns"] == 20


def test_an_operation_that_one_lacks_has_no_ratio():
    runs = {"ringlet": [{"op": {"skip": "no"}}], "linux": [{"op": {"ns": 1, "ticks": 1}}]}
    assert "ringlet" not in rows.clock_rows(runs)["op"]


def test_least_is_found():
    for limit in range(1, 33):
        assert boot.least(lambda n: n >= limit, 1, 32) == limit  # noqa: B023
    assert boot.least(lambda n: False, 1, 32) is None


def test_frames_are_taken_apart():
    data = b"\x01\x03\x00abc\x03\x04\x00\x07\x00\x00\x00\x01\xff"
    assert list(frames(data)) == [(1, b"abc"), (3, b"\x07\0\0\0")]


def test_outputs_are_compared():
    assert program.difference(b"same", b"same") == ""
    assert program.difference(b"same", b"sane").startswith("from byte 2")
    assert program.difference(b"short", b"shorter").startswith("from byte 5")


def test_the_initramfs_is_a_cpio(tmp_path):
    archive = linux.Archive()
    archive.add("a/b/file", b"hello")
    archive.write(tmp_path / "x")
    data = (tmp_path / "x").read_bytes()
    names = re.findall(rb"070701[0-9a-f]{104}([^\0]+)\0", data)
    assert names == [b"a", b"a/b", b"a/b/file", b"TRAILER!!!"] and len(data) % 4 == 0


def test_a_wrong_byte_is_seen(tmp_path):
    import http.server
    import threading

    www, served = tmp_path / "www", tmp_path / "served"
    for folder in (www, served):
        serve.write_www(folder)

    class Handler(http.server.SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def __init__(self, *args):
            super().__init__(*args, directory=str(served))

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        assert serve.verify("127.0.0.1", www, port=server.server_port) > 0
        large = bytearray((served / "large.bin").read_bytes())
        large[70000] ^= 1
        (served / "large.bin").write_bytes(large)
        with pytest.raises(BenchError, match="large.bin"):
            serve.verify("127.0.0.1", www, port=server.server_port)
    finally:
        server.shutdown()
        server.server_close()


def test_the_picture_is_xml():
    import xml.etree.ElementTree

    text = svg.picture("a < b", "n", [("x & y", 10, 2000), ("z", 5, 1)])
    assert xml.etree.ElementTree.fromstring(text).tag.endswith("svg")
    assert "200.0 ×" in text and "0.2 ×" in text


@pytest.mark.parametrize("args, why", [
    (["--only", "nothing"], "there is no part"),
    (["--reps", "0"], "from 1 to 99"),
    (["--", "x"], "for a PROGRAM"),
    (["--docs", "x", "--quick"], "whole run"),
])
def test_wrong_usage_is_one_line(args, why):
    result = tool("bench", *args)
    assert result.status == 2 and why in result.err.splitlines()[-1], str(result)


def test_a_program_that_is_not_there():
    result = tool("bench", "/nonexistent")
    assert result.status == 1 and result.err == "ringlet: bench: /nonexistent: no such file\n"


def test_rows_are_counted_without_linux(tmp_path):
    out = tmp_path / "out.json"
    result = tool("bench", "--no-linux", "--only", "icount", "--rows", "getpid", "--json", out,
                  timeout=120)
    assert result.status == 0, str(result)
    assert re.search(r"^\| getpid \| \d+ \| \d+ \|", result.text, re.M), str(result)
    assert '"ticks"' in out.read_text()


def counting_machine(pid):
    """The number of a QEMU that process pid has started, or None."""
    for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        try:
            if b"-icount" in pathlib.Path(f"/proc/{child}/cmdline").read_bytes():
                return child
        except OSError:
            pass  # it has ended meanwhile
    return None


def runs(pid):
    """Whether a process is there that is no mere entry waiting for its new parent."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def test_no_machine_outlives_the_command(tmp_path):
    process = subprocess.Popen([TOOL, "bench", "--no-linux", "--only", "icount", "--reps", "99"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL,
                               env=dict(os.environ, TMPDIR=str(tmp_path)))
    machine, end = None, time.monotonic() + 60
    try:
        while not machine and time.monotonic() < end and process.poll() is None:
            machine = counting_machine(process.pid)
    finally:
        process.kill()
        process.wait()
    assert machine, "no machine was started"
    end = time.monotonic() + 5
    while runs(machine) and time.monotonic() < end:
        time.sleep(0.02)
    assert not runs(machine)
