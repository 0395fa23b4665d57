# SPDX-License-Identifier: MIT
"""Several CPUs: they come up in every way of booting, and a panic on one stops all."""
import re
import subprocess

import pytest

import ringlet
from ringlet import HELLO, run, tool


def cpus(result):
    assert result.status == 0, str(result)
    match = re.search(r"smp: (\d+) CPUs? of (\d+)", result.err)
    return (int(match[1]), int(match[2])) if match else (1, 1)


def test_pvh():
    assert cpus(run(HELLO, "--smp", "4")) == (4, 4)


def test_one():
    result = run(HELLO, "--smp", "1")
    assert cpus(result) == (1, 1) and "smp:" not in result.err, str(result)


def test_iso(hello_iso):
    assert cpus(run(hello_iso, "--smp", "4")) == (4, 4)


def test_iso_by_uefi(hello_iso):
    if not ringlet.have_uefi():
        pytest.skip("the package ovmf is not installed")
    assert cpus(run(hello_iso, "--smp", "3", "--uefi", timeout=90)) == (3, 3)


def test_many():
    """More than one hexadecimal digit of APIC ids, with gaps between them."""
    result = run(HELLO, "--qemu", "-smp 12,sockets=2,cores=3,threads=2", timeout=120)
    assert cpus(result) == (12, 12)


def test_in_turns():
    """One thread of the host for all CPUs: who waits must let the others run."""
    result = run(HELLO, "--smp", "4", "--accel", "tcg", "--qemu", "-accel tcg,thread=single")
    assert cpus(result) == (4, 4)


def test_limit():
    assert cpus(run(HELLO, "--smp", "4", "--cmdline", "cpus=3")) == (3, 4)
    assert cpus(run(HELLO, "--smp", "2", "--cmdline", "cpus=1")) == (1, 2)


@pytest.mark.parametrize("wrong", ["0", "many", "-1"])
def test_wrong_limit(wrong):
    result = run(HELLO, "--smp", "2", "--cmdline", f"cpus={wrong}")
    assert cpus(result) == (2, 2)
    assert f"option cpus={wrong} is not a number of CPUs" in result.err, str(result)


def test_microvm(tmp_path):
    archive = tmp_path / "hello.cpio"
    assert tool("image", HELLO, "-o", archive).status == 0
    out = subprocess.run(
        ["timeout", "60", "qemu-system-x86_64", "-M", "microvm", "-accel", "tcg", "-cpu", "max",
         "-m", "64", "-smp", "3", "-nodefaults", "-no-user-config", "-display", "none",
         "-no-reboot", "-serial", "stdio", "-kernel", ringlet.CORE, "-initrd", archive,
         "-append", "panic=reboot:0"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False).stdout.decode()
    assert "smp: 3 CPUs of 3" in out and "exited with status 0" in out, out


# While the last CPU prints with its interrupts off: only an NMI stops that. 9: all at the same time.
@pytest.mark.parametrize("where", [0, 1, 9])
def test_panic_stops_all(where):
    result = run(ringlet.guest("smp"), "--smp", "4", "--cmdline", "panic=reboot:2", "--", "4",
                 "panic", str(where), core="testing")
    assert result.status == 125, str(result)
    lines = result.err.splitlines()
    first = next(i for i, line in enumerate(lines) if "panic: on CPU" in line)
    if where != 9:
        assert f"panic: on CPU {where}," in lines[first], str(result)
        assert [line for line in lines[:first] if "CPU 3 runs" in line], str(result)
    rest = lines[first + 1:]
    assert not [line for line in rest if "panic:" in line or " runs" in line], str(result)
    assert any("rebooting in 2 s" in line for line in rest), str(result)
