# SPDX-License-Identifier: MIT
"""Images the tool would not make, given to the core past it: one clear line, status 125, no crash."""
import re
import subprocess

import pytest

import ringlet
from ringlet import HELLO, run, tool


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    path = tmp_path_factory.mktemp("good") / "hello.cpio"
    assert tool("image", HELLO, "-o", path).status == 0
    return path


def boot(good, archive, *args):
    """Boots archive with the core: QEMU takes the last -initrd it is given."""
    return run(good, *args, "--qemu", f'-initrd "{archive}"', timeout=30)


def failed(result, what):
    assert result.status == 125, str(result)
    assert re.search(rf"boot failed: .*{what}", result.err), str(result)
    assert "panic" not in result.err, str(result)


def changed(good, tmp_path, change):
    data = bytearray(good.read_bytes())
    path = tmp_path / "bad.cpio"
    path.write_bytes(bytes(change(data) or data))
    return path


def patch(at, new):
    def change(data):
        data[at:at + len(new)] = new
    return change


@pytest.mark.parametrize("change, what", [
    (lambda d: b"garbage" * 1000, "cpio"),
    (lambda d: d[:60], "truncated"),
    (lambda d: d[:len(d) // 2], "truncated"),
    (patch(6, b"zzzzzzzz"), "hexadecimal"),
    (patch(94, b"ffffffff"), "name"),
    (patch(94, b"00000000"), "name"),
    (patch(54, b"ffffffff"), ""),
], ids=["garbage", "header", "half", "digits", "namesize", "no-name", "filesize"])
def test_corrupt_archive(good, tmp_path, change, what):
    failed(boot(good, changed(good, tmp_path, change)), what)


def newc(*files):
    """An archive of (name, mode, data), as another tool could write it."""
    out = b""
    for name, mode, data in (*files, ("TRAILER!!!", 0, b"")):
        name = name.encode() + b"\0"
        out += b"070701" + b"".join(b"%08x" % v for v in (
            1, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name), 0)) + name
        out += b"\0" * (-len(out) % 4) + data
        out += b"\0" * (-len(out) % 4)
    return out


@pytest.mark.parametrize("elf, what", [
    (lambda e: e[:3000], "truncated"),
    (lambda e: e[:4] + b"\1" + e[5:], "32-bit"),
    (lambda e: b"#!/bin/sh\n", "ELF"),
    (lambda e: b"", ""),
], ids=["truncated", "32bit", "script", "empty"])
def test_bad_app(good, tmp_path, elf, what):
    path = tmp_path / "bad.cpio"
    path.write_bytes(newc(("bin/hello", 0o100755, elf(HELLO.read_bytes()))))
    failed(boot(good, path), what)


def test_unaligned_app_runs(good, tmp_path):
    """An archive by another tool has its data at any multiple of four."""
    path = tmp_path / "other.cpio"
    path.write_bytes(newc(("./bin", 0o40755, b""), ("./x", 0o100644, b"x"),
                          ("./bin/hello", 0o100755, HELLO.read_bytes())))
    result = boot(good, path)
    assert result.status == 0 and result.out, str(result)


def test_no_app(good, tmp_path):
    path = tmp_path / "empty.cpio"
    path.write_bytes(newc(("readme", 0o100644, b"text")))
    failed(boot(good, path), "executable")


def test_app_not_in_the_image(good):
    failed(run(good, "--cmdline", "app=/bin/none"), "none")


def test_no_archive():
    result = subprocess.run(
        ["qemu-system-x86_64", "-nodefaults", "-display", "none", "-no-reboot", "-machine", "q35",
         "-accel", "tcg", "-m", "64", "-kernel", ringlet.CORE, "-serial", "stdio",
         "-device", "isa-debug-exit,iobase=0xf4,iosize=4"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert re.search("boot failed: .*archive", result.stdout), str(result)


def test_too_little_memory(good):
    """Clear words, from the tool where it can tell, else from the core."""
    result = run(HELLO, "-m", "3")
    assert result.status == 126 and "-m 3 is too little" in result.err, str(result)
    for memory in range(5, 12):
        result = run(HELLO, "-m", str(memory), timeout=30)
        if result.status == 0:
            return
        assert result.status == 125 and "memory" in result.err, str(result)
    raise AssertionError("hello does not run in 11 MB")


def test_files_that_do_not_fit(tmp_path):
    big = tmp_path / "big"
    with big.open("wb") as f:
        f.truncate(60 << 20)
    result = run(HELLO, "-m", "32", "--add", f"{big}:/big")
    assert result.status == 126 and "too little" in result.err, str(result)


def test_not_an_image(tmp_path):
    iso = tmp_path / "x.iso"
    assert tool("image", HELLO, "-o", iso).status == 0
    whole = iso.read_bytes()
    iso.write_bytes(whole[:-100000])
    result = run(iso)
    assert result.status == 126 and "truncated" in result.err, str(result)
    iso.write_bytes(whole[:40 + 32768] + b"SOMETHING" + whole[49 + 32768:])
    result = run(iso)
    assert result.status == 126 and "neither" in result.err, str(result)
