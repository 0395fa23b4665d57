# SPDX-License-Identifier: MIT
"""NMIs at any moment: while the core holds a lock, on entry, in the app. Nothing is lost."""
import json
import socket
import subprocess
import time

import ringlet
from qmp import Monitored

NMIS = 1000
LINES = 300000


def command(stream, name):
    stream.write(json.dumps({"execute": name}) + "\n")
    stream.flush()
    while "return" not in json.loads(stream.readline()):
        pass


def test_nmis_while_the_core_writes_its_console(tmp_path):
    # Without the tool, so that the app's output takes the log's lock.
    archive, log, qmp = tmp_path / "a.cpio", tmp_path / "log", tmp_path / "qmp"
    packed = ringlet.tool("image", ringlet.guest("chatter"), "-o", archive)
    assert packed.status == 0, str(packed)
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(qmp))
    server.listen(1)
    server.settimeout(30)
    machine = subprocess.Popen(
        ["timeout", "90", "qemu-system-x86_64", "-M", "q35", "-accel", "tcg", "-cpu", "max",
         "-m", "64", "-display", "none", "-no-reboot", "-nodefaults", "-serial", f"file:{log}",
         "-kernel", ringlet.CORE, "-initrd", archive, "-append", f"-- {LINES}",
         "-qmp", f"unix:{qmp}"], stdin=subprocess.DEVNULL)
    try:
        stream = server.accept()[0].makefile("rw")
        stream.readline()
        command(stream, "qmp_capabilities")
        # Before the core has its IDT an NMI ends the machine, as on any other.
        end = time.monotonic() + 30
        while "# line 0\n" not in log.read_text(errors="replace").replace("\r", ""):
            assert time.monotonic() < end and machine.poll() is None, "the app does not start"
            time.sleep(0.01)
        sent = 0
        while sent < NMIS and machine.poll() is None:
            command(stream, "inject-nmi")
            sent += 1
            time.sleep(0.0002)
        assert sent == NMIS, "the machine ended too early to be a test"
        assert machine.wait(60) == 0
    finally:
        machine.terminate()
        machine.wait(10)
        server.close()
    text = log.read_text(errors="replace")
    assert "ok 1 - the lines are out" in text, text[-2000:]
    assert text.count("# line ") == LINES
    assert "panic" not in text


def test_an_nmi_inside_an_nmi(tmp_path):
    """Ten pairs: the first one's handler takes a fault and waits, which lets the second in."""
    with Monitored(tmp_path, ringlet.guest("nmi_pair"), "--", "10", core="testing") as machine:
        for pair in range(10):
            machine.wait_line(f"^armed {pair}$")
            machine.qmp("inject-nmi")
            time.sleep(0.02)
            machine.qmp("inject-nmi")
        assert machine.end() == 0, repr(machine)
        text = "\n".join(machine.lines)
        assert "20 NMIs" in text and text.count("one in another") == 10, text
