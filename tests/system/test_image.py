# SPDX-License-Identifier: MIT
"""`ringlet image`: what it accepts, refuses and writes."""
import os
import pathlib
import re
import shutil
import struct
import subprocess
import time

import pytest

import ringlet
from ringlet import CORE, HELLO, run, tool


def one_line(result, status):
    assert result.status == status, str(result)
    assert result.err.startswith("ringlet: ") and result.err.count("\n") == 1, str(result)
    return result.err


def entries(path):
    """name: (mode, data offset, size) of a newc archive, read independently of the core."""
    data, found, at = path.read_bytes(), {}, 0
    while True:
        assert data[at:at + 6] == b"070701"
        f = [int(data[at + 6 + 8 * i:at + 14 + 8 * i], 16) for i in range(13)]
        mode, size, name_size = f[1], f[6], f[11]
        name = data[at + 110:at + 110 + name_size].rstrip(b"\0").decode()
        start = (at + 110 + name_size + 3) // 4 * 4
        if name == "TRAILER!!!":
            return found
        found[name] = (mode, start, size)
        at = (start + size + 3) // 4 * 4


def test_archive_layout(tmp_path):
    tree = tmp_path / "tree"
    (tree / "sub").mkdir(parents=True)
    (tree / "b").write_bytes(b"b" * 5000)
    (tree / "a").write_bytes(b"")
    (tree / "sub" / "tool").write_text("#!/bin/sh\n")
    (tree / "sub" / "tool").chmod(0o700)
    (tree / "link").symlink_to("b")
    out = tmp_path / "x.cpio"
    assert tool("image", HELLO, f"{tree}:/data/t", "-o", out).status == 0
    found = entries(out)
    assert list(found) == ["bin", "bin/hello", "data", "data/t", "data/t/a", "data/t/b",
                           "data/t/link", "data/t/sub", "data/t/sub/tool"]
    assert [oct(m) for m, _, _ in found.values()] == [
        "0o40755", "0o100755", "0o40755", "0o40755", "0o100644", "0o100644", "0o100644",
        "0o40755", "0o100755"]
    for mode, start, size in found.values():
        assert mode & 0o40000 or not size or start % 4096 == 0
    _, start, size = found["bin/hello"]
    assert out.read_bytes()[start:start + size] == HELLO.read_bytes()


@pytest.mark.skipif(not ringlet.have("cpio"), reason="cpio is not installed")
def test_archive_is_one_to_cpio(tmp_path):
    out = tmp_path / "x.cpio"
    assert tool("image", HELLO, f"{__file__}:/etc/x", "-o", out).status == 0
    listed = subprocess.run(["cpio", "-t"], stdin=out.open("rb"), capture_output=True, text=True)
    assert listed.stdout.split() == ["bin", "bin/hello", "etc", "etc/x"]


@pytest.mark.parametrize("name", ["x.iso", "x.cpio"])
def test_twice_the_same_bytes(tmp_path, name):
    data = tmp_path / "data"
    data.write_bytes(b"d" * 10000)
    out = tmp_path / name
    images = []
    for date in (1, 2_000_000_000):
        os.utime(data, (date, date))
        assert tool("image", HELLO, f"{data}:/data", "-o", out,
                    env={"TZ": "Asia/Tokyo" if date == 1 else "UTC"}).status == 0
        images.append(out.read_bytes())
        time.sleep(1.1)  # dates in an ISO are whole seconds
    assert images[0] == images[1]


def test_dates_are_the_source_dates(tmp_path):
    out = tmp_path / "x.cpio"
    assert tool("image", HELLO, "-o", out, env={"SOURCE_DATE_EPOCH": "1700000000"}).status == 0
    assert out.read_bytes()[46:54] == b"%08x" % 1700000000


def test_an_iso_is_small(tmp_path):
    out = tmp_path / "x.iso"
    assert tool("image", HELLO, "-o", out).status == 0
    payload = CORE.stat().st_size + HELLO.stat().st_size
    assert out.stat().st_size < payload + 1_300_000


def patched(tmp_path, offset, data):
    elf = bytearray(HELLO.read_bytes())
    elf[offset:offset + len(data)] = data
    path = tmp_path / "bad"
    path.write_bytes(elf)
    path.chmod(0o755)
    return path


def cut(tmp_path, size):
    path = tmp_path / "bad"
    path.write_bytes(HELLO.read_bytes()[:size])
    return path


def first_load():
    """Offset in the file of the first PT_LOAD's program header."""
    elf = HELLO.read_bytes()
    offset, = struct.unpack_from("<Q", elf, 32)
    size, count = struct.unpack_from("<HH", elf, 54)
    return next(offset + i * size for i in range(count)
                if struct.unpack_from("<I", elf, offset + i * size)[0] == 1)


@pytest.mark.parametrize("make, what", [
    (lambda t: cut(t, 0), ""),
    (lambda t: cut(t, 40), "truncated"),
    (lambda t: cut(t, 3000), "truncated"),
    (lambda t: patched(t, 0, b"#!/bin/sh\n"), "ELF"),
    (lambda t: patched(t, 4, b"\1"), "32-bit"),
    (lambda t: patched(t, 5, b"\2"), "endian"),
    (lambda t: patched(t, 18, b"\xb7\0"), "x86-64"),
    (lambda t: patched(t, 16, b"\1\0"), "object file"),
    (lambda t: patched(t, 24, b"\0" * 8), "entry"),
    (lambda t: patched(t, 56, b"\xff\xff"), ""),
    (lambda t: patched(t, first_load() + 4, b"\7"), "writable and executable"),
    (lambda t: patched(t, first_load() + 32, b"\xff" * 8), ""),
    (lambda t: patched(t, first_load() + 16, b"\0\0\0\0\0\x80\xff\xff"), ""),
], ids=["empty", "header", "segment", "script", "32bit", "big-endian", "arm64", "object", "entry",
        "phnum", "wx", "filesz", "upper-half"])
def test_bad_programs(tmp_path, make, what):
    path = make(tmp_path)
    for command in (["image", path, "-o", tmp_path / "x.iso"], ["run", path]):
        line = one_line(tool(*command), 1 if command[0] == "image" else 126)
        assert str(path) in line and what in line
    assert not (tmp_path / "x.iso").exists()


def test_a_dynamic_program(tmp_path):
    shell = shutil.which("sh")
    image = tmp_path / "x.iso"
    result = tool("image", shell, "-o", image, "--", "-c", "echo in $0")
    assert result.status == 0 and not result.err, str(result)
    result = run(image)
    assert result.status == 0 and re.fullmatch(r"in /.*/sh\n", result.text), str(result)


def with_interpreter(tmp_path, name):
    """A dynamic program whose interpreter's name is another one, of no more letters."""
    data = pathlib.Path(shutil.which("sh")).read_bytes()
    old = re.search(rb"/[a-z0-9/]*/ld-linux[^\0]*\0", data)[0]
    new = name.encode() + b"\0"
    path = tmp_path / "program"
    # Its length is the header's as well, which a shorter name would have to change: slashes fill it.
    path.write_bytes(data.replace(old, b"/" * (len(old) - len(new)) + new, 1))
    return path


def test_interpreters_that_are_not_run(tmp_path):
    evil = tmp_path / "ran"
    script = pathlib.Path("/tmp") / f"ld-linux.{os.getpid() % 10000}"
    script.write_text(f"#!/bin/sh\ntouch {evil}\n")
    script.chmod(0o777)
    try:
        for name, why in ((str(script), "can change"), ("/bin/rm", "none that could be asked"),
                          ("/ld-linux.none", "does not have")):
            line = one_line(tool("image", with_interpreter(tmp_path, name), "-o",
                                 tmp_path / "x.iso"), 1)
            assert why in line and "--rootfs" in line, line
        assert not evil.exists()
    finally:
        script.unlink()


def test_a_prepared_tree(tmp_path):
    """Links are kept, the program is a path in it, its interpreter must be there."""
    tree = tmp_path / "tree"
    (tree / "usr" / "bin").mkdir(parents=True)
    (tree / "bin").symlink_to("usr/bin")
    shutil.copy(HELLO, tree / "usr" / "bin" / "real")
    (tree / "usr" / "bin" / "hi").symlink_to("/bin/real")
    os.mkfifo(tree / "pipe")
    result = tool("image", "/bin/hi", "--rootfs", tree, "-o", tmp_path / "t.cpio")
    assert result.status == 0 and "1 devices, pipes or sockets are left out" in result.err
    result = run(tmp_path / "t.cpio", "--cmdline", "app=/bin/hi")
    assert result.status == 0 and b"hello from Ringlet" in result.out, str(result)
    (tree / "pipe").unlink()
    line = one_line(tool("image", "/bin/none", "--rootfs", tree, "-o", tmp_path / "t.iso"), 1)
    assert "/bin/none: no such file in" in line
    shutil.copy(shutil.which("sh"), tree / "usr" / "bin" / "sh")
    line = one_line(tool("image", "/bin/sh", "--rootfs", tree, "-o", tmp_path / "t.iso"), 1)
    assert "needs the interpreter" in line
    one_line(tool("image", "/bin/sh", "--rootfs", HELLO, "-o", tmp_path / "t.iso"), 2)


def test_a_library_that_is_missing(tmp_path):
    (tmp_path / "a.c").write_text("int f(void) { return 3; }")
    (tmp_path / "b.c").write_text("int f(void); int main(void) { return f(); }")
    subprocess.run(["gcc", "-shared", "-o", "liba.so", "a.c"], cwd=tmp_path, check=True)
    subprocess.run(["gcc", "-o", "b", "b.c", "-L.", "-la", "-Wl,-rpath,$ORIGIN"], cwd=tmp_path,
                   check=True)
    # Found beside the program, wherever that is.
    assert run(tmp_path / "b").status == 3
    (tmp_path / "liba.so").unlink()
    line = one_line(run(tmp_path / "b"), 126)
    assert "its libraries cannot be found" in line and "liba.so" in line


def test_bad_files(tmp_path):
    out = tmp_path / "x.iso"
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    loop = tmp_path / "loop"
    loop.mkdir()
    (loop / "again").symlink_to(loop)
    for spec, what in ((f"{tmp_path}/none", "No such file"), (str(fifo), "neither"),
                       (str(loop), "deeper than"), (f"{__file__}:../x", '".."'),
                       (f"{__file__}:/bin/hello", "twice"), (f"{__file__}:/bin/hello/x", "folder"),
                       (f"{__file__}:/", "name"), (f"{__file__}:/{'x' * 2000}", "longer")):
        assert what in one_line(tool("image", HELLO, spec, "-o", out), 1)
        assert not out.exists()


def test_usage(tmp_path):
    for args in (["image"], ["image", HELLO], ["image", HELLO, "-o", "x.img"],
                 ["image", HELLO, "-o"], ["image", "--frob", HELLO], ["frob"],
                 ["image", HELLO, "-o", tmp_path / "x.iso", "--cmdline", 'a="b'],
                 ["image", HELLO, "-o", tmp_path / "x.iso", "--", "a\nb"],
                 ["image", HELLO, "-o", tmp_path / "x.cpio", "--", "x"],
                 ["image", HELLO, "-o", tmp_path / "x.iso", "--", "x" * 5000]):
        one_line(tool(*args, cwd=tmp_path), 2)
    assert list(tmp_path.iterdir()) == []


def test_help():
    for args in (["help"], ["--help"], ["help", "image"], ["help", "run"], ["image", "-h"],
                 ["run", "--help"]):
        result = tool(*args)
        assert result.status == 0 and result.text.startswith("Usage: ringlet "), str(result)
        assert max(map(len, result.text.splitlines())) < 90
    assert tool().status == 2


def test_missing_parts_are_named(tmp_path):
    out = tmp_path / "x.iso"
    empty = {"PATH": str(tmp_path)}
    assert "grub-common" in one_line(tool("image", HELLO, "-o", out, env=empty), 1)
    assert "grub-pc-bin" in one_line(
        tool("image", HELLO, "-o", out, env={"RINGLET_GRUB": str(tmp_path)}), 1)
    assert "RINGLET_CORE" in one_line(
        tool("image", HELLO, "-o", out, env={"RINGLET_CORE": str(tmp_path / "no")}), 1)
    assert "qemu-system-x86" in one_line(tool("run", HELLO, env=empty), 126)
    for program, package in (("mformat", "mtools"), ("xorriso", "xorriso")):
        path = tmp_path / program
        path.mkdir()
        for other in ("grub-mkimage", "mformat", "mcopy", "mmd", "xorriso"):
            if other != program and ringlet.have(other):
                (path / other).symlink_to(shutil.which(other))
        assert package in one_line(tool("image", HELLO, "-o", out, env={"PATH": str(path)}), 1)
    assert not out.exists()


def test_a_failure_leaves_the_old_image(tmp_path):
    out = tmp_path / "x.iso"
    out.write_text("old")
    assert tool("image", HELLO, f"{tmp_path}/none", "-o", out).status == 1
    assert out.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["x.iso"]
