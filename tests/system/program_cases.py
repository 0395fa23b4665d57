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
    for p in programs:
        shutil.copy(p, folder / "bin")
    tree.make(folder)
    return folder


def on_host(root, command, data=INPUT):
    """The command's output and status with root as the root folder, as user 0."""
    return subprocess.run(["unshare", "--map-root-user", f"--root={root}", "--wd=/", *command],
                          input=data, capture_output=True, env=ENVIRONMENT, timeout=60, check=False)


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
    assert (guest.text, guest.err, guest.status) == (
        host.stdout.decode("utf-8", "replace"), host.stderr.decode("utf-8", "replace"),
        host.returncode), str(guest)


def applets(everything):
    for line in (HERE / "programs" / "busybox.txt").read_text().splitlines():
        if line and not line.startswith("#") and (everything or line.startswith("+")):
            yield line.removeprefix("+ ")


def can_unshare():
    return ringlet.have("unshare") and subprocess.run(
        ["unshare", "--map-root-user", "true"], capture_output=True, check=False).returncode == 0


needs_unshare = pytest.mark.skipif(not can_unshare(), reason="unshare does not work here")
