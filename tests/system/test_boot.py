# SPDX-License-Identifier: MIT
"""hello, booted in every way that is promised, and what its output says."""
import re

import pytest

import ringlet
from ringlet import HELLO, run, tool


def check_hello(result):
    assert result.status == 0, str(result)
    assert re.search(r"\b(CPL|ring)\b\D*3\b", result.text), str(result)


def test_pvh_in_16_mb():
    check_hello(run(HELLO, "-m", "16"))


def test_iso_by_bios_in_32_mb(hello_iso):
    check_hello(run(hello_iso, "-m", "32"))


def test_iso_as_disk(hello_iso):
    check_hello(run(hello_iso, "-m", "32", "--disk"))


@pytest.mark.parametrize("how", [[], ["--disk"]], ids=["cd", "disk"])
def test_iso_by_uefi(hello_iso, how):
    if not ringlet.have_uefi():
        pytest.skip("the package ovmf is not installed")
    check_hello(run(hello_iso, "-m", "128", "--uefi", *how, timeout=90))


@pytest.mark.parametrize("cpus", [1, 2])
def test_cpus(cpus):
    check_hello(run(HELLO, "--smp", str(cpus)))


def test_pc_machine():
    check_hello(run(HELLO, "--qemu", "-machine pc"))


def test_older_cpu():
    """None of SMEP, SMAP, FSGSBASE, XSAVE, RDRAND and the like."""
    check_hello(run(HELLO, "--accel", "tcg", "--qemu", "-cpu qemu64"))


def test_cpio_archive(tmp_path):
    path = tmp_path / "hello.cpio"
    assert tool("image", HELLO, "-o", path).status == 0
    check_hello(run(path))


def test_arguments_reach_the_app():
    words = ["one", "two words", 'qu"ote', "back\\slash", "com,ma", "", "tab\tin", "--", "ünï"]
    result = run(ringlet.guest("probe"), "--", "list", *words)
    assert result.status == 0, str(result)
    assert result.text.splitlines() == [f"<{w}>" for w in ["list", *words]]


def test_default_arguments_of_an_image(hello_iso):
    result = run(hello_iso)
    assert "two words" in result.text, str(result)
    result = run(hello_iso, "--", "others")
    assert "others" in result.text and "two words" not in result.text, str(result)


def test_quoting_through_grub(tmp_path):
    words = ["list", "two words", 'q"u\'ote', "back\\slash", "$x", "com,ma", "a;b", "{c}"]
    path = tmp_path / "probe.iso"
    assert tool("image", ringlet.guest("probe"), "-o", path, "--", *words).status == 0
    result = run(path)
    assert result.text.splitlines() == [f"<{w}>" for w in words], str(result)


def test_banner_is_the_tools_version():
    version = tool("--version").text.strip()
    assert re.fullmatch(r"Ringlet \d+\.\d+\.\d+\S*", version)
    assert version in run(HELLO).err


def test_quiet_leaves_only_the_app():
    result = run(HELLO, "-q")
    assert result.err == "", str(result)
    assert not re.search(r"\[ *\d+\.\d+\]", result.text), str(result)


def test_the_log_is_not_on_standard_output():
    quiet, loud = run(ringlet.guest("probe"), "-q", "--", "x"), run(ringlet.guest("probe"), "--", "x")
    assert quiet.out == loud.out == b"<x>\n"
    assert re.search(r"^\[ *\d+\.\d+\] Ringlet ", loud.err, re.M), str(loud)


def test_without_a_network_card():
    result = run(HELLO, "--no-net")
    check_hello(result)
    assert re.search(r"warning: .*network", result.err), str(result)


def test_unknown_option_is_named():
    result = run(HELLO, "--cmdline", "frobnicate=1")
    check_hello(result)
    assert re.search(r"frobnicate.*not known", result.err), str(result)
