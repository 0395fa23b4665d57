# SPDX-License-Identifier: MIT
"""What test_programs.py and long/test_applets.py share: running a program on the host and in Ringlet
in folders that are the same, and comparing what it says.
"""
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

import ringlet
import test_guest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "programs"))

import tree  # noqa: E402

INPUT = b"three lines\nof input\nq\n"
ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/", "TERM": "linux"}


def program(path):
    """A mark that leaves a test out where the program is not installed."""
    return pytest.mark.skipif(not os.path.exists(path), reason=f"there is no {path}")


def root_of(folder, *programs):
    """A root folder with tree's files and static programs in /bin."""
    (folder / "bin").mkdir()
    (folder / "etc").mkdir()
    (folder / "tmp").mkdir()
    (folder / "etc" / "passwd").write_text(tree.PASSWD)
    for p in (*programs, *sorted((HERE / "programs").glob("script.*"))):
        shutil.copy(p, folder / "bin")
    tree.make(folder)
    return folder


def on_host(root, command, data=INPUT):
    """The command's output and status with root as the root folder, as user 0."""
    return subprocess.run(["unshare", "--map-root-user", f"--root={root}", "--wd=/", *command],
                          input=data, capture_output=True, env=ENVIRONMENT, timeout=60, check=False)


def script(name):
    return HERE / "programs" / name


def in_folder(tmp_path, command, data=None):
    """The command, a dynamic program's, on the host in a folder with tree's files: its result."""
    tree.make(tmp_path)
    return subprocess.run(command, input=data, stdin=None if data else subprocess.DEVNULL,
                          capture_output=True, env=ENVIRONMENT, timeout=60, check=False,
                          cwd=tmp_path)


def check_same(guest, host):
    """Output, errors and status."""
    assert (guest.text, guest.err, guest.status) == (
        host.stdout.decode("utf-8", "replace"), host.stderr.decode("utf-8", "replace"),
        host.returncode), str(guest)


def dynamic_on_both(tmp_path, command, *added, data=None, memory=128):
    """A dynamic program, with in/ in the working folder: it must say the same."""
    host = in_folder(tmp_path, command, data)
    words = [w for spec in (f"{tmp_path}/in:/in", *added) for w in ("--add", spec)]
    check_same(ringlet.run(command[0], "-q", "-m", str(memory), "--no-net", *words, "--",
                           *command[1:], data=data), host)


def in_ringlet(root, command, data=INPUT):
    return ringlet.run(command[0], "--rootfs", root, "-q", "-m", "64", "--no-net", "--",
                       *command[1:], data=data)


def same_on_both(tmp_path, command, *programs):
    here = tmp_path / "here"
    there = tmp_path / "there"
    for folder in (here, there):
        folder.mkdir()
        root_of(folder, *programs)
    host = on_host(here, command)
    guest = in_ringlet(there, command)
    check_same(guest, host)


def applets(everything):
    for line in (HERE / "programs" / "busybox.txt").read_text().splitlines():
        if line and not line.startswith("#") and (everything or line.startswith("+")):
            yield line.removeprefix("+ ")


def can_unshare():
    return ringlet.have("unshare") and subprocess.run(
        ["unshare", "--map-root-user", "true"], capture_output=True, check=False).returncode == 0


needs_unshare = pytest.mark.skipif(not can_unshare(), reason="unshare does not work here")


# Compilers for tests/guest's sources: other C libraries and other kinds of program than ringlet-cc's.
BUILDS = {
    "static-pie": ["gcc", "-static-pie", "-fPIE"],
    "dynamic": ["gcc", "-fPIE", "-pie"],
    "fixed": ["gcc", "-fno-pie", "-no-pie"],
    "musl": ["musl-gcc", "-static"],
    "musl-pie": ["musl-gcc", "-static-pie", "-fPIE"],
}
# What of tests/guest is about Linux and not about newlib; musl lacks what some of these use, or
# answers by itself.
SOURCES = ("tls_areas", "mmap", "sigframe", "registers", "files", "futexes", "signals", "sigstack",
           "threads", "vdso", "stdio", "strings", "malloc", "clocks", "errno", "memory",
           "c11_threads", "pthread_mutex", "pthread_cond")
NOT_MUSL = ("futexes", "threads", "pthread_mutex", "pthread_cond", "signals", "memory")


def builds(sources):
    for source in sources:
        for kind, compiler in BUILDS.items():
            if not (kind.startswith("musl") and source in NOT_MUSL):
                yield pytest.param(source, kind, id=f"{source}-{kind}",
                                   marks=pytest.mark.skipif(not ringlet.have(compiler[0]),
                                                            reason=f"there is no {compiler[0]}"))


def build_and_run(source, kind, tmp_path):
    guest = ringlet.SOURCE / "tests" / "guest"
    app = tmp_path / source
    subprocess.run([*BUILDS[kind], "-D_GNU_SOURCE", "-O2", "-w", "-pthread", "-I", guest, "-o", app,
                    guest / f"{source}.c", "-lm"], check=True, timeout=120)
    result = ringlet.run(app, "-m", "128", "-q", "--no-net", timeout=120)
    assert result.status == 0, str(result)
    test_guest.check_tap(result)
