# SPDX-License-Identifier: MIT
"""Ringlet as a guest."""
import os

from machine import BenchError, Ended, Run, command_output, frames

OUT, ERR, STATUS = 1, 2, 3
SIGNAL, CORE_FAILED = 256, 512


def quote(word):
    """A word of the core's command line (core/cmdline.c)."""
    if word and not any(c in word for c in " \t\n\"\\"):
        return word
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


class Ringlet:
    """label names its rows. mode of `network`: the core's words for it."""
    system = "ringlet"

    def __init__(self, kit, label, program, files=()):
        self.kit = kit
        self.label = label
        self.program = program
        self.files = list(files)
        self._archive = None

    def archive(self):
        """The program's image for -initrd, made once."""
        if not self._archive:
            path = os.path.join(self.kit.scratch, f"{self.label}.cpio")
            command_output([self.kit.tool, "image", self.program, *self.files, "-o", path])
            self._archive = path
        return self._archive

    def words(self, arguments, address):
        ip = f"ip={address}/24" if address else "ip=none"
        words = ["output=frames", "input=none", ip, "--", *map(quote, arguments)]
        return " ".join(words).replace(",", ",,")

    def start(self, settings, arguments=(), address=None, iso=None):
        """A run from -kernel, or from an ISO."""
        boot = (["-drive", f"media=cdrom,format=raw,readonly=on,file={iso}"] if iso
                else ["-kernel", self.kit.core, "-initrd", self.archive()])
        words = self.words(arguments, address)
        return Run(self.kit.qemu, settings,
                   boot + ["-fw_cfg", f"name=opt/ringlet/cmdline,string={words}"])

    def finish(self, run, seconds):
        """Waits for the end of the program and tells it."""
        run.wait(seconds)
        out, err, status = [], [], None
        for kind, data in frames(run.read(run.debug)):
            if kind == OUT:
                out.append(data)
            elif kind == ERR:
                err.append(data)
            elif kind == STATUS:
                status = int.from_bytes(data, "little")
        if status is None or status >= CORE_FAILED:
            raise BenchError(f"{self.label}: the machine ended without the program's status; its "
                             f"last words:\n{run.tail()}")
        if status >= SIGNAL:
            status = 128 + status - SIGNAL
        return Ended(status, b"".join(out), b"".join(err))

    def run(self, settings, arguments=(), seconds=120, **more):
        with self.start(settings, arguments, **more) as run:
            return self.finish(run, seconds)
