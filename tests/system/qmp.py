# SPDX-License-Identifier: MIT
"""A machine whose QEMU a test talks to, by the QEMU machine protocol."""
import json
import socket
import time

import ringlet


class Monitored(ringlet.Machine):
    """A Machine with command(); tmp_path is where its socket goes, core="testing" as in run()."""

    def __init__(self, tmp_path, app, *args, core=None, qemu="", timeout=60):
        self.path = tmp_path / "qmp"
        self.core = core
        super().__init__(app, "--qemu", f"{qemu} -qmp unix:{self.path},server=on,wait=off", *args,
                         timeout=timeout)

    def __enter__(self):
        if self.core == "testing":
            self.command = ["env", f"RINGLET_CORE={ringlet.TESTING_CORE}", *self.command]
        super().__enter__()
        self.stream = self._connect()
        self.stream.readline()
        self.qmp("qmp_capabilities")
        return self

    def _connect(self):
        end = time.monotonic() + 20
        while True:
            try:
                connection = socket.socket(socket.AF_UNIX)
                connection.connect(str(self.path))
                return connection.makefile("rw")
            except OSError:
                connection.close()
                assert time.monotonic() < end and self.process.poll() is None, repr(self)
                time.sleep(0.02)

    def qmp(self, name, **arguments):
        """The answer to one command; events are passed over."""
        self.stream.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
        self.stream.flush()
        while True:
            line = self.stream.readline()
            assert line, f"QEMU has gone: {self!r}"
            answer = json.loads(line)
            if "return" in answer or "error" in answer:
                return answer

    def monitor(self, line):
        """One command of the human monitor; what it says."""
        return self.qmp("human-monitor-command", **{"command-line": line})["return"]

    def end(self, seconds=30):
        """The tool's exit status, once the machine has ended by itself."""
        status = self.process.wait(seconds)
        for thread in self.threads:
            thread.join(5)
        return status
