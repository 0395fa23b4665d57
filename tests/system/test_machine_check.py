# SPDX-License-Identifier: MIT
"""Machine checks, injected by QEMU: what the core cannot go on from is one clean report, what only
the app has lost is SIGBUS, the rest is a line in the log."""
import re
import time

import pytest

import ringlet
from qmp import Monitored

APP = ringlet.guest("machine_check")
CORE_FAILED, SIGBUS = 125, 128 + 7
BANK = 5
VALID, UNCORRECTED, ENABLED = 1 << 63, 1 << 61, 1 << 60
MISC, ADDRESS, CORRUPT, SIGNALLED, ACTION = 1 << 59, 1 << 58, 1 << 57, 1 << 56, 1 << 55
OVERFLOW = 1 << 62
DATA_LOAD = 0x134  # memory hierarchy, level 0, data, read
LOST = VALID | UNCORRECTED | ENABLED | MISC | ADDRESS | SIGNALLED | ACTION | DATA_LOAD
OPTIONAL = LOST & ~ACTION
CORRECTED = VALID | ENABLED | 0x9f
RIPV, EIPV, MCIP = 1, 2, 4
PHYSICAL = 2 << 6 | 12  # in MISC: what the address is, its least bit


def inject(machine, status, mcg=RIPV | EIPV | MCIP, address=0x1000, misc=PHYSICAL, cpu=0,
           broadcast=False):
    said = machine.monitor(f"mce {'-b ' if broadcast else ''}{cpu} {BANK} {status:#x} {mcg:#x} "
                           f"{address:#x} {misc:#x}")
    assert not said, said


def begin(machine):
    """Where the page is, virtual and physical; the app is past its last system call then."""
    match = machine.wait_line(r"^page (0x[0-9a-f]+) at (0x[0-9a-f]+)")
    machine.wait_line("^ready")
    time.sleep(0.3)
    return int(match[1], 16), int(match[2], 16)


def log(machine):
    return "\n".join(machine.lines)


def one_report(machine):
    text = log(machine)
    assert len(re.findall(r"error: cpu \d+: machine check: ", text)) == 1, text
    assert len(re.findall(r"error:   rip ", text)) == 1, text
    assert len(re.findall(r"panic: machine check$", text, re.M)) == 1, text
    assert "Ringlet" in text and text.count("] Ringlet ") == 1, f"it has booted again: {text}"


@pytest.mark.parametrize("where, status, mcg", [
    ("core", LOST, RIPV | EIPV | MCIP),
    ("core", LOST, MCIP),
    ("core", LOST | CORRUPT, RIPV | MCIP),
    ("core", OPTIONAL, MCIP),
    ("app", LOST, EIPV | MCIP),
    ("app", LOST | CORRUPT, RIPV | EIPV | MCIP),
    ("app", LOST | OVERFLOW, RIPV | EIPV | MCIP),
    ("app", LOST & ~ENABLED, RIPV | EIPV | MCIP),
])
def test_no_going_on(tmp_path, where, status, mcg):
    with Monitored(tmp_path, APP, "--", where, core="testing") as machine:
        _, physical = begin(machine)
        inject(machine, status, mcg, physical)
        assert machine.end() == CORE_FAILED, repr(machine)
        one_report(machine)


def test_the_apps_page(tmp_path):
    with Monitored(tmp_path, APP, "--", "app", core="testing") as machine:
        _, physical = begin(machine)
        inject(machine, LOST, address=physical + 0x123)
        assert machine.end() == SIGBUS, repr(machine)
        assert f"bank {BANK} status {LOST:#x} address {physical + 0x123:#x}" in log(machine)


def test_a_page_of_the_cores(tmp_path):
    with Monitored(tmp_path, APP, "--", "app", core="testing") as machine:
        begin(machine)
        inject(machine, LOST, address=0x201000)
        assert machine.end() == CORE_FAILED, repr(machine)
        one_report(machine)


@pytest.mark.parametrize("where", ["app", "core"])
def test_nobody_has_asked_for_it_yet(tmp_path, where):
    with Monitored(tmp_path, APP, "--", where, core="testing") as machine:
        begin(machine)
        for _ in range(2):
            inject(machine, OPTIONAL)
            time.sleep(0.3)
        line = rf"warning: cpu 0: machine check: uncorrected error: bank {BANK} status {OPTIONAL:#x}"
        machine.wait_line(line)
        assert machine.process.poll() is None, repr(machine)
        # Cleared, or the second would show that one was lost.
        assert len(re.findall(line, log(machine))) == 2, log(machine)


def test_corrected(tmp_path):
    with Monitored(tmp_path, APP, "--", "poll", core="testing") as machine:
        begin(machine)
        inject(machine, CORRECTED)
        assert machine.end() == 0, repr(machine)
        assert f"machine check: corrected error: bank {BANK} status {CORRECTED:#x}" in log(machine)
        assert "bank 5 is empty" in log(machine)


def test_one_after_the_report(tmp_path):
    """The machine stays as the report left it: a second error does not reset it."""
    with Monitored(tmp_path, APP, "--cmdline", "panic=halt", "--", "core", core="testing",
                   timeout=20) as machine:
        begin(machine)
        inject(machine, LOST | CORRUPT)
        machine.wait_line("panic: machine check")
        inject(machine, LOST | CORRUPT)
        time.sleep(0.5)
        one_report(machine)
