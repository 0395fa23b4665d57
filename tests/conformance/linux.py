# SPDX-License-Identifier: MIT
"""Debian's kernel as a guest that runs programs one after the other, as root, and tells what each said.

The normal kernel, not the cloud's: it has 16-bit segments. The packages come by apt, checked against
its signed index, or from the folder LINUX_GUEST (linux-image-*-amd64*.deb and busybox-static*.deb).
The machine and the archive are those of tools/bench.
"""
import glob
import os
import re
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tools/bench"))

from linux_guest import Archive  # noqa: E402
from machine import BenchError, Run, Settings, command_output  # noqa: E402

# Output goes to files first: a test must not wait for the serial line.
INIT = """#!/bin/busybox sh
b=/bin/busybox
$b mkdir -p /proc /sys /dev /tmp
$b mount -t proc proc /proc
$b mount -t devtmpfs dev /dev
$b stty -F /dev/ttyS0 raw
{prepare}
echo "kernel $($b uname -rv)" >/dev/ttyS0
for program in $($b cat /list); do
    $b rm -rf /tmp/* /dev/shm/*
    $b timeout -s {signal} {seconds} /programs/$program >/tmp/out 2>&1 </dev/null
    echo "ended $program $? $($b wc -c </tmp/out)" >/dev/ttyS0
    $b cat /tmp/out >/dev/ttyS0
done
echo "all ended" >/dev/ttyS0
$b poweroff -f
"""


def _package():
    """The package the metapackage stands for: it changes with each kernel."""
    text = command_output(["apt-cache", "depends", "linux-image-amd64"])
    found = re.search(r"Depends: (linux-image-\S*-amd64)", text)
    if not found:
        raise BenchError("apt knows no linux-image-amd64: run apt-get update")
    return found[1]


def _packages(folder):
    given = os.environ.get("LINUX_GUEST")
    if not given:
        command_output(["sh", "-c", 'cd "$1" && shift && apt-get -q -o '
                        'APT::Get::AllowUnauthenticated=false -o Debug::NoLocking=1 download "$@"',
                        "sh", folder, _package(), "busybox-static"], timeout=900)
        given = folder
    found = [glob.glob(os.path.join(given, p))
             for p in ("linux-image-*-amd64_*.deb", "busybox-static_*.deb")]
    if not all(found):
        raise BenchError(f"{given} lacks a linux-image or a busybox-static package")
    return [max(names) for names in found]


def fetch(folder):
    """Unpacks the kernel and busybox into folder, if they are not there yet."""
    if os.path.isdir(folder):
        return
    os.makedirs(os.path.dirname(folder), exist_ok=True)
    with tempfile.TemporaryDirectory(dir=os.path.dirname(folder)) as work:
        new = os.path.join(work, "new")
        for package in _packages(work):
            command_output(["dpkg-deb", "-x", package, new], timeout=300)
        shutil.rmtree(os.path.join(new, "lib"), ignore_errors=True)  # no module is needed
        os.rename(new, folder)


class Kernel:
    """prepare: a line for the shell before the first program; signal: what ends one that takes too long."""

    def __init__(self, folder, prepare="", signal="TERM"):
        fetch(folder)
        self.init = INIT.replace("{prepare}", prepare).replace("{signal}", signal)
        self.image = max(glob.glob(f"{folder}/boot/vmlinuz-*"))
        self.busybox = max(glob.glob(f"{folder}/bin/busybox") + glob.glob(f"{folder}/usr/bin/busybox"))
        self.version = os.path.basename(self.image)

    def _archive(self, path, programs, seconds):
        archive = Archive()
        archive.add_console()
        for host, guest in [(self.busybox, "bin/busybox")] + [
                (p, "programs/" + os.path.basename(p)) for p in programs]:
            with open(host, "rb") as f:
                archive.add(guest, f.read())
        archive.add("list", "\n".join(map(os.path.basename, programs)).encode())
        archive.add("init", self.init.replace("{seconds}", str(seconds)).encode())
        archive.write(path)

    def run(self, cpu, programs, seconds):
        """{name: (text, status)} of static programs, each ended after so many seconds."""
        qemu = os.environ.get("RINGLET_QEMU") or "qemu-system-x86_64"
        settings = Settings(["-accel", "tcg", "-cpu", cpu], memory=512)
        with tempfile.TemporaryDirectory() as work:
            initramfs = os.path.join(work, "initramfs")
            self._archive(initramfs, programs, seconds)
            boot = ["-kernel", self.image, "-initrd", initramfs,
                    "-append", "console=ttyS0 quiet loglevel=0 panic=-1"]
            with Run(qemu, settings, boot) as machine:
                machine.wait(120 + seconds * len(programs))
                data = machine.read(machine.serial)
                if b"all ended\n" not in data:
                    raise BenchError(f"Linux on {cpu} did not run them all:\n{machine.tail()}")
        return dict(self._results(data))

    def _results(self, data):
        self.version = re.search(rb"kernel (.*)\n", data)[1].decode("ascii")
        at = 0
        while found := re.compile(rb"ended (\S+) (\d+) (\d+)\n").search(data, at):
            at = found.end() + int(found[3])
            yield found[1].decode(), (data[found.end():at].decode("utf-8", "replace"), int(found[2]))
