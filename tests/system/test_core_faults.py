# SPDX-License-Identifier: MIT
"""What the core must not do, done by the testing core: one clean report each, and the machine ends.

No access that is forbidden succeeds: W^X, read-only data, what is sealed after boot, and their
aliases in the direct map; guard pages; SMEP and SMAP. No fault is without a report: on a full stack,
with the log's lock held, in the middle of a report.
"""
import re

import pytest

import ringlet

CORE_FAILED = 125
REPORT = r"error: core: (.*)$"
PAGE_FAULT = "page fault"
WRITE, RUN = "error code 0x3", "error code 0x11"


def fault(name, *more):
    result = ringlet.run(ringlet.guest("core_fault"), *more, "--", name, core="testing")
    assert "nothing happened" not in result.text, str(result)
    assert result.status == CORE_FAILED, str(result)
    return result


def one_report(result):
    """The report's first line, after a look at the rest: registers, a backtrace, the panic's line."""
    lines = result.err.splitlines()
    heads = [m[1] for m in (re.search(REPORT, line) for line in lines) if m]
    heads = [h for h in heads if not h.startswith("page fault address")]
    assert len(heads) == 1, f"{len(heads)} reports: {result}"
    assert len([line for line in lines if "error:   rip " in line]) == 1, str(result)
    assert len([line for line in lines if "error:   #0 " in line]) == 1, str(result)
    assert len([line for line in lines if "panic: " in line]) == 1, str(result)
    assert "core failed" in lines[-1], str(result)
    return heads[0]


@pytest.mark.parametrize("name", ["write-text", "write-text-alias", "write-rodata",
                                  "write-rodata-alias", "write-sealed", "write-sealed-alias"])
def test_read_only(name):
    head = one_report(fault(name))
    assert head.startswith(PAGE_FAULT) and WRITE in head, head


@pytest.mark.parametrize("name", ["run-data", "run-alias", "run-rodata", "run-stack"])
def test_not_executable(name):
    head = one_report(fault(name))
    assert head.startswith(PAGE_FAULT) and RUN in head, head


def test_smep():
    head = one_report(fault("run-user"))
    assert head.startswith(PAGE_FAULT) and RUN in head, head


@pytest.mark.parametrize("name", ["read-user", "read-user-ac"])
def test_smap(name):
    head = one_report(fault(name))
    assert head.startswith(PAGE_FAULT) and "error code 0x1)" in head, head


@pytest.mark.parametrize("name", ["overflow", "overflow-push", "nmi-overflow"])
def test_stack_overflow(name):
    result = fault(name)
    head = one_report(result)
    assert "double fault" in head and head.endswith("core stack overflow"), head
    assert "recurse" in result.err or name == "overflow-push", str(result)


@pytest.mark.parametrize("name", ["touch-guard", "touch-ist-guard"])
def test_guard_pages(name):
    head = one_report(fault(name))
    assert head.startswith(PAGE_FAULT) and head.endswith("core stack overflow"), head


@pytest.mark.parametrize("name, what", [
    ("read-null", "page fault"), ("read-wild", "general protection fault"),
    ("divide", "divide error")])
def test_plain_faults(name, what):
    result = fault(name)
    assert one_report(result).startswith(what)
    assert f"panic: {what}" in result.err, str(result)
    assert name.replace("-", "_") + "+0x" in result.err, str(result)


def test_fault_with_the_logs_lock_held():
    assert one_report(fault("locked")).startswith("general protection fault")


def test_fault_while_the_output_is_locked():
    """The status goes the same way as what was being written, and may be taken for a part of it."""
    result = ringlet.run(ringlet.guest("core_fault"), "--", "output", core="testing", timeout=20)
    assert result.status in (CORE_FAILED, 126), str(result)
    assert len(re.findall(r"error: core: general protection fault", result.err)) == 1, str(result)
    assert re.search(r"panic: general protection fault$", result.err, re.M), str(result)


def test_fault_in_the_report():
    """The second fault ends the report where it is, and the machine too."""
    result = fault("nested")
    assert len(re.findall(r"error: core: ", result.err)) == 1, str(result)
    assert "general protection fault" in result.err, str(result)


def test_smashed_stack():
    assert "panic: " in fault("smash").err


def test_panic():
    result = fault("panic")
    assert re.search(r"panic: as asked for$", result.err, re.M), str(result)
    assert "call_panic" in result.err or "sys_test_fault" in result.err, str(result)
