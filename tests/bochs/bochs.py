# SPDX-License-Identifier: MIT
"""Bochs as a machine: boots an ISO of Ringlet and tells what came over its serial line.

Debian's packages bochs, bochs-term, bochsbios and vgabios. It is the debugger's build, so a file of
commands tells it to go on; its display is a terminal, so it gets a pseudo-terminal that is thrown away.
The app's output, plain, and the core's log are one stream; the log's last line says how the app ended.
"""
import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import tempfile
import time

import ringlet

BIOS = "/usr/share/bochs/BIOS-bochs-latest"
VGA_BIOS = "/usr/share/vgabios/vgabios.bin"
SKYLAKE_X = "corei7_skylake_x"

# sync=none: no part of its time is the host's, so each run is the same but for the date.
CONFIG = """display_library: term
cpu: model={model}, count=1, ips=50000000, reset_on_triple_fault=0
memory: guest={memory}, host={memory}
romimage: file={bios}
vgaromimage: file={vga_bios}
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=cdrom, path={iso}, status=inserted
boot: cdrom
clock: sync=none, time0=utc
log: log
panic: action=fatal
error: action=ignore
info: action=ignore
debug: action=ignore
com1: enabled=1, mode=file, dev=serial
"""
LOG_LINE = re.compile(r"\[ *\d+\.\d{6}\] ")
ENDED = re.compile(r"app: exited with status (\d+)")
KILLED = re.compile(r"app: killed by signal (\d+)")
PANIC = re.compile(r"^(\[ *\d+\.\d{6}\] )?panic: ", re.M)


def missing():
    """What of Bochs is not installed, as one line; None if all is there."""
    if shutil.which("bochs") and os.path.exists(BIOS) and os.path.exists(VGA_BIOS):
        return None
    return "Bochs is not here: apt-get install bochs bochs-term bochsbios vgabios"


class Ended:
    """text: the serial line's; out: without the core's log; status: 128+N for signal N, or why not."""

    def __init__(self, text, why, log):
        self.text = text.replace("\r", "")
        self.out = "".join(line for line in self.text.splitlines(True) if not LOG_LINE.match(line))
        self.log = log
        exited, killed = ENDED.findall(self.text), KILLED.findall(self.text)
        self.status = (int(exited[-1]) if exited else 128 + int(killed[-1]) if killed
                       else why or "the machine stopped without a status from the app")

    def __repr__(self):
        return f"status {self.status}\n--- serial\n{self.text[-4000:]}\n--- Bochs\n{self.log[-1500:]}"


def image(folder, app, args=(), options=(), core=None):
    """An ISO of app; options are more words for `ringlet image`."""
    path = pathlib.Path(folder) / "app.iso"
    env = {"RINGLET_CORE": str(ringlet.TESTING_CORE)} if core == "testing" else None
    result = ringlet.tool("image", app, "-o", path, *options, "--", *args, env=env)
    assert result.status == 0, str(result)
    return path


def _watch(process, terminal, serial, seconds):
    """Until the machine stops by itself; why it had to be stopped otherwise."""
    end = time.monotonic() + seconds
    while process.poll() is None:
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                os.read(terminal, 65536)
            except OSError:  # the other end is closed
                process.wait(5)
                return None
        if time.monotonic() > end:
            return f"took more than {seconds} s"
        if serial.exists() and PANIC.search(serial.read_text(errors="replace")[-4000:]):
            return "the core panicked"
    return None


def boot(iso, memory=128, model=SKYLAKE_X, seconds=60):
    with tempfile.TemporaryDirectory(prefix="ringlet-bochs-") as name:
        folder = pathlib.Path(name)
        (folder / "config").write_text(CONFIG.format(
            model=model, memory=memory, bios=BIOS, vga_bios=VGA_BIOS, iso=iso))
        (folder / "commands").write_text("continue\n")
        master, slave = pty.openpty()
        process = subprocess.Popen(["bochs", "-q", "-f", "config", "-rc", "commands"], cwd=folder,
                                   stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
                                   env=dict(os.environ, TERM="vt100", LINES="25", COLUMNS="80"))
        os.close(slave)
        try:
            why = _watch(process, master, folder / "serial", seconds)
        finally:
            process.kill()
            process.wait()
            os.close(master)
        text, log = ((folder / f).read_text(errors="replace") if (folder / f).exists() else ""
                     for f in ("serial", "log"))
        return Ended(text, why, log)


def run(app, *args, options=(), core=None, **machine):
    """Boots app and waits for its end."""
    with tempfile.TemporaryDirectory(prefix="ringlet-bochs-") as folder:
        return boot(image(folder, app, args, options, core), **machine)
