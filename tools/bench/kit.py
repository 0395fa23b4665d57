# SPDX-License-Identifier: MIT
"""Where everything is: the tool, the core, what the build made for this, and a scratch folder."""
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

from machine import BenchError, Mode, Settings, command_output, start, stop


class Kit:
    """tool: path of the ringlet tool, whose folder is the build's."""

    def __init__(self, tool):
        self.tool = os.path.abspath(tool)
        self.build = os.path.dirname(self.tool)
        self.core = os.environ.get("RINGLET_CORE") or self._beside("core.elf")
        self.qemu = os.environ.get("RINGLET_QEMU") or "qemu-system-x86_64"
        if not shutil.which(self.qemu):
            raise BenchError(f"{self.qemu} is missing: install the package qemu-system-x86")
        self.folder = tempfile.TemporaryDirectory(prefix="ringlet-bench-")
        self.scratch = self.folder.name
        self.work = self._work_folder()
        self._accel = None

    def _beside(self, name):
        for place in ("", "../lib/ringlet/"):
            path = os.path.join(self.build, place + name)
            if os.path.exists(path):
                return path
        raise BenchError(f"{name} is not beside the tool in {self.build}: run make")

    def _work_folder(self):
        """What is kept between runs: in the build folder, or the user's cache if installed."""
        inside = os.path.join(self.build, "bench")
        if os.path.isdir(inside) or os.path.isdir(os.path.join(self.build, "apps")):
            return inside
        cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
        return os.path.join(cache, "ringlet", "bench")

    def made(self, name):
        """A file of the build that must be there."""
        path = os.path.join(self.build, name)
        if not os.path.exists(path):
            raise BenchError(f"{path} is missing: make bench builds it and runs this")
        return path

    def program(self, name):
        """The Linux build, static, of apps/NAME or of a program of this kit (installed with it)."""
        installed = os.path.join(os.path.dirname(os.path.abspath(__file__)), f"{name}-linux")
        return installed if os.path.exists(installed) else self.made(f"bench/{name}-linux")

    def accel(self):
        """(mode, why): KVM where the tool finds that it works, else TCG."""
        if not self._accel:
            process = start([self.tool, "run", self.program("first"), "--timeout", "60"],
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            try:
                err = process.communicate(timeout=90)[1].decode("utf-8", "replace")
            finally:
                stop(process)
            found = re.search(r"using (KVM|TCG): (.*)", err)
            if not found:
                raise BenchError(f"{self.tool} does not say what it runs on: {err[-300:]}")
            self._accel = (Mode.KVM if found[1] == "KVM" else Mode.TCG, found[0])
        return self._accel

    def clock_settings(self, **more):
        return Settings(self.accel()[0], **more)

    def counted_settings(self, **more):
        return Settings(Mode.COUNTED, **more)

    def iso(self, label, program, files=()):
        path = os.path.join(self.scratch, f"{label}.iso")
        if not os.path.exists(path):
            command_output([self.tool, "image", program, *files, "-o", path])
        return path

    def ovmf(self):
        """The places tools/ringlet/locate.c knows."""
        for path in (os.environ.get("RINGLET_OVMF"), "/usr/share/ovmf/OVMF.fd",
                     "/usr/share/edk2/ovmf/OVMF.fd", "/usr/share/qemu/OVMF.fd",
                     "/usr/share/edk2-ovmf/x64/OVMF.fd"):
            if path and os.path.exists(path):
                return path
        return None

    def note(self, text):
        print(text, file=sys.stderr, flush=True)


def spread(values):
    """Median, and the median distance from it."""
    middle = statistics.median(values)
    return middle, statistics.median(abs(v - middle) for v in values)


def parse_rows(ended, label):
    """(the machine's line, {name: row}) of bench --json."""
    rows, head = {}, None
    for line in ended.out.decode("utf-8", "replace").splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            raise BenchError(f"{label}: bench said {line[:200]!r}, which is no JSON") from None
        if head is None:
            head = row
        else:
            rows[row["name"]] = row
    if ended.status == 2 or head is None:
        text = ended.err.decode("utf-8", "replace").strip()
        raise BenchError(f"{label}: bench ended with status {ended.status}: {text[-300:]}")
    return head, rows


def failures(rows):
    """Lines on the operations that failed though the system has them."""
    return [f"{name}: {row['failed']}" for name, row in rows.items() if "failed" in row]
