# SPDX-License-Identifier: MIT
"""One virtual machine for both guests: QEMU's command line, and a run of it to its end.

Every process started here has a time limit, dies with this one (PR_SET_PDEATHSIG), and is killed by
its own number at exit.
"""
import atexit
import ctypes
import os
import re
import signal
import struct
import subprocess
import sys
import tempfile
import time

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)
_children = []


class BenchError(Exception):
    """What ends the command, or a part of it, with one line."""


def _die_with_parent():
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def start(command, **more):
    """Popen of a child that cannot be left behind."""
    more.setdefault("stdin", subprocess.DEVNULL)
    try:
        process = subprocess.Popen([str(c) for c in command], preexec_fn=_die_with_parent, **more)
    except FileNotFoundError:
        raise BenchError(f"{command[0]} is not installed") from None
    _children.append(process)
    return process


def stop(process):
    """Kills it, if it still runs, and waits."""
    if process.poll() is None:
        process.kill()
    process.wait()
    if process in _children:
        _children.remove(process)


@atexit.register
def _stop_all():
    for process in list(_children):
        stop(process)


def install_signals():
    """SIGTERM and SIGHUP end the command as Ctrl-C does: through the exits above."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda n, frame: sys.exit(128 + n))


def command_output(command, timeout=60):
    """Standard output of a host's program; its failure is a BenchError."""
    process = start(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        raise BenchError(f"{command[0]} took more than {timeout} s") from None
    finally:
        stop(process)
    if process.returncode:
        text = (err or out).decode("utf-8", "replace").strip()
        raise BenchError(f"{command[0]} failed: {text[-400:]}")
    return out.decode("utf-8", "replace")


# What is the same for every guest and every kind of measurement.
FIXED = ["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-machine", "q35"]
DEVICES = ["-device", "virtio-rng-pci", "-device", "isa-debug-exit,iobase=0xf4,iosize=4"]


class Mode:
    """How instructions become time: counted, by the clock under TCG, or on the CPU itself.

    Counted runs get the same random numbers and date each time, so that they can be the same.
    """
    COUNTED = ["-accel", "tcg,thread=single", "-cpu", "max", "-icount", "shift=0,sleep=off",
               "-seed", "1", "-rtc", "base=2026-01-01,clock=vm"]
    TCG = ["-accel", "tcg", "-cpu", "max"]
    KVM = ["-accel", "kvm", "-cpu", "host"]


class Settings:
    """Of one machine: mode (a list of Mode), MiB of memory, and how its network card is led."""

    def __init__(self, mode, memory=256, network="hubport,hubid=0", mac="52:54:00:12:34:56",
                 more=()):
        self.mode = list(mode)
        self.memory = memory
        self.network = network
        self.mac = mac
        self.more = list(more)

    def arguments(self):
        return (FIXED + self.mode + ["-m", str(self.memory), "-smp", "1",
                "-netdev", f"{self.network},id=net0",
                "-device", f"virtio-net-pci,netdev=net0,romfile=,mac={self.mac}"]
                + DEVICES + self.more)


class Run:
    """A machine that was started. boot: arguments that say what it boots."""

    def __init__(self, qemu, settings, boot):
        self.folder = tempfile.TemporaryDirectory(prefix="ringlet-bench-")
        self.debug = os.path.join(self.folder.name, "debug")
        self.serial = os.path.join(self.folder.name, "serial")
        self.errors = os.path.join(self.folder.name, "errors")
        self.command = ([qemu] + settings.arguments()
                        + ["-chardev", f"file,id=debug,path={self.debug}",
                           "-device", "isa-debugcon,iobase=0xe9,chardev=debug",
                           "-chardev", f"file,id=serial,path={self.serial}",
                           "-serial", "chardev:serial"] + boot)
        self.began = time.monotonic()
        with open(self.errors, "wb") as errors:
            self.process = start(self.command, stdout=errors, stderr=errors)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        stop(self.process)
        self.folder.cleanup()

    def read(self, path):
        try:
            with open(path, "rb") as f:
                return f.read()
        except FileNotFoundError:
            return b""

    def tail(self):
        """The last of what the machine and QEMU had to say."""
        text = b"\n".join(self.read(p) for p in (self.serial, self.errors))
        lines = re.sub(rb"[^\x20-\x7e\n]", b"", text).decode("ascii").split("\n")
        return "\n".join(line for line in lines if line.strip())[-1500:]

    def seconds(self):
        """Since QEMU was started."""
        return time.monotonic() - self.began

    def alive(self):
        return self.process.poll() is None

    def wait(self, seconds):
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise BenchError(f"a machine did not end in {seconds} s; its last words:\n"
                             + self.tail()) from None

    def resident(self):
        """Bytes of the host's memory that the machine's RAM occupies."""
        wanted = None
        with open(f"/proc/{self.process.pid}/smaps", encoding="ascii", errors="replace") as f:
            size = rss = best = 0
            for line in f:
                name, _, rest = line.partition(":")
                if name == "Size":
                    size = int(rest.split()[0])
                elif name == "Rss":
                    rss = int(rest.split()[0])
                    if size > best:
                        best, wanted = size, rss
        return wanted * 1024


class Ended:
    """How a program ended in a guest: status, out and err (bytes)."""

    def __init__(self, status, out, err):
        self.status = status
        self.out = out
        self.err = err


def frames(data):
    """The records of core/include/core/output.h: (type, bytes)."""
    at = 0
    while at + 3 <= len(data):
        kind, size = struct.unpack_from("<BH", data, at)
        yield kind, data[at + 3:at + 3 + size]
        at += 3 + size
