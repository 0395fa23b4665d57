# SPDX-License-Identifier: MIT
"""The filter of system calls: --allow and --learn of the tool, and what the core makes of a list."""
import pytest

import ringlet
from ringlet import HELLO, tool

BASE = "write,close,fstat,mprotect,brk,gettimeofday,arch_prctl,set_tid_address"


def one_line(result, status):
    assert result.status == status, str(result)
    assert result.err.startswith("ringlet: ") and result.err.count("\n") == 1, str(result)
    return result.err


def test_what_is_learned_is_enough(tmp_path):
    calls = tmp_path / "calls"
    result = ringlet.run(HELLO, "-q", "--learn", calls)
    assert result.status == 0, str(result)
    assert {"write", "exit_group"} <= set(calls.read_text().split()), calls.read_text()
    allowed = ringlet.run(HELLO, "--allow", calls)
    assert allowed.status == 0 and allowed.out.startswith(b"hello "), str(allowed)
    assert "filter: " in allowed.err, str(allowed)
    # Each call of them is needed: it is what the app makes.
    fewer = ",".join(n for n in calls.read_text().split() if n != "brk")
    refused = ringlet.run(HELLO, "--allow", fewer)
    assert refused.status == 128 + 31, str(refused)
    assert "system call 12 (brk) is not allowed, called at 0x" in refused.err, str(refused)


def test_learning_adds_to_what_is_known(tmp_path):
    calls = tmp_path / "calls"
    calls.write_text("# known\ngetpid, close\n")
    assert ringlet.run(HELLO, "-q", "--learn", calls).status == 0
    assert {"getpid", "write", "exit_group"} <= set(calls.read_text().split())


def test_nothing_is_learned_of_a_machine_that_was_stopped(tmp_path):
    calls = tmp_path / "calls"
    result = tool("run", ringlet.HTTPD, "--add", f"{ringlet.WWW}:/www", "--learn", calls,
                  "--timeout", "2")
    assert result.status == 124 and "nothing was learned" in result.err, str(result)
    assert not calls.exists()


@pytest.mark.parametrize("name", ["x.cpio", "x.iso"])
def test_an_image_keeps_its_list(tmp_path, name):
    image = tmp_path / name
    result = tool("image", HELLO, "-o", image, "--allow", BASE)
    assert result.status == 0, str(result)
    assert ringlet.run(image, "-q").status == 0
    # A list of the command line takes away from it and adds nothing.
    assert ringlet.run(image, "--allow", "getpid").status == 128 + 31
    narrow = tmp_path / ("narrow-" + name)
    assert tool("image", HELLO, "-o", narrow, "--allow", "getpid").status == 0
    assert ringlet.run(narrow, "--allow", BASE).status == 128 + 31
    assert ringlet.run(narrow, "--cmdline", f"allow={BASE}").status == 128 + 31


def test_refused_calls_can_be_enosys():
    result = ringlet.run(ringlet.guest("filter"), "--allow", BASE + ",getpid,uname,clone,futex",
                         "--cmdline", "refuse=enosys", "--", "enosys")
    assert result.status == 0 and "not ok" not in result.text, str(result)


def test_unknown_names_are_one_line_at_the_build(tmp_path):
    out = tmp_path / "x.cpio"
    line = one_line(tool("image", HELLO, "-o", out, "--allow", "read,rite"), 2)
    assert '"rite" is no system call' in line and not out.exists()
    calls = tmp_path / "calls"
    calls.write_text("read\nforkk # what?\n")
    line = one_line(tool("image", HELLO, "-o", out, "--allow", calls), 1)
    assert "forkk is no system call" in line and not out.exists()
    line = one_line(tool("image", HELLO, f"{calls}:/etc/ringlet/allow", "-o", out), 1)
    assert "forkk is no system call" in line and not out.exists()
    calls.write_text("read\n")
    line = one_line(tool("image", HELLO, f"{calls}:/etc/ringlet/allow", "--allow", "write", "-o",
                         out), 1)
    assert "twice" in line
    one_line(tool("image", HELLO, "-o", out, "--allow", ""), 2)
    one_line(tool("run", HELLO, "--allow", "rite"), 2)


def test_unknown_names_end_the_boot():
    result = ringlet.run(HELLO, "--cmdline", "allow=write,rite")
    assert result.status == 125, str(result)
    assert "boot failed: option allow= allows rite, which is no system call" in result.err
    result = ringlet.run(HELLO, "--cmdline", "refuse=maybe")
    assert result.status == 125 and "refuse=maybe" in result.err, str(result)


def test_no_filter_is_the_default():
    assert "filter:" not in ringlet.run(HELLO).err
