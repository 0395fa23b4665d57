# SPDX-License-Identifier: MIT
"""What the system tests and tests/accept share: running the tool, and machines that stay up.

Every run has a time limit and is ended whatever happens. RINGLET_BUILD names the build folder.
"""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import threading
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("RINGLET_BUILD", SOURCE / "build")).resolve()
TOOL = BUILD / "ringlet"
CORE = pathlib.Path(os.environ.get("RINGLET_CORE", BUILD / "core.elf"))
# It has the calls of tests/core.
TESTING_CORE = pathlib.Path(os.environ.get("RINGLET_TESTING_CORE",
                                           BUILD / "testing" / "build" / "core.elf"))
# RINGLET_SMP=N: machines of N CPUs for every run that does not ask for a number of its own.
SMP = os.environ.get("RINGLET_SMP")
HELLO = BUILD / "apps" / "hello"
HTTPD = BUILD / "apps" / "httpd"
WWW = SOURCE / "apps" / "httpd" / "www"


def guest(name):
    """The program made from tests/guest/NAME.c."""
    return BUILD / "guest" / name


class Result:
    """How a run ended: status, out (bytes), err (text)."""

    def __init__(self, command, status, out, err):
        self.command = [str(c) for c in command]
        self.status = status
        self.out = out
        self.err = err

    @property
    def text(self):
        return self.out.decode("utf-8", "replace")

    def __repr__(self):
        return (f"{' '.join(self.command)}\nstatus {self.status}\n--- out\n{self.text[-2000:]}\n"
                f"--- err\n{self.err[-4000:]}")


def tool(*args, timeout=60, stdin=subprocess.DEVNULL, data=None, env=None, cwd=None):
    """Runs the tool to its end; a run that takes longer than timeout seconds is an error."""
    command = [TOOL, *args]
    whole = dict(os.environ, **(env or {}))
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE if data is not None else stdin, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, env=whole, cwd=cwd)
    try:
        out, err = process.communicate(data, timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        result = Result(command, "took too long", out, err.decode("utf-8", "replace"))
        raise AssertionError(f"took more than {timeout} s: {result}") from None
    return Result(command, process.returncode, out, err.decode("utf-8", "replace"))


def run(app, *args, timeout=60, core=None, **more):
    """`ringlet run app args`, with a limit of its own inside that of tool()."""
    if core == "testing":
        more["env"] = dict(more.get("env") or {}, RINGLET_CORE=str(TESTING_CORE))
    if SMP and "--smp" not in args and "--icount" not in args:
        args = ("--smp", SMP, *args)
    return tool("run", app, "--timeout", str(timeout), *args, timeout=timeout + 20, **more)


class Machine:
    """A guest that serves: `with Machine(app, "-p", "0:80") as m: m.url(80)`."""

    def __init__(self, app, *args, timeout=300):
        self.command = [str(TOOL), "run", str(app), "--timeout", str(timeout), *map(str, args)]
        self.lines = []
        self.changed = threading.Condition()

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.threads = [threading.Thread(target=self._read, args=(stream,), daemon=True)
                        for stream in (self.process.stdout, self.process.stderr)]
        for thread in self.threads:
            thread.start()
        return self

    def _read(self, stream):
        for line in stream:
            with self.changed:
                self.lines.append(line.decode("utf-8", "replace").rstrip("\n"))
                self.changed.notify_all()
        with self.changed:
            self.changed.notify_all()

    def wait_line(self, pattern, seconds=30):
        """The match of the first line of either stream that has pattern."""
        end = time.monotonic() + seconds
        with self.changed:
            while True:
                for line in self.lines:
                    match = re.search(pattern, line)
                    if match:
                        return match
                left = end - time.monotonic()
                if left <= 0 or self.process.poll() is not None:
                    raise AssertionError(f"no line with {pattern!r}: {self}")
                self.changed.wait(min(left, 0.2))

    def port(self, guest_port):
        """The host's port for guest_port, once the app listens there."""
        if guest_port in (80, 8000, 8080):
            return int(self.wait_line(r"^http://127\.0\.0\.1:(\d+)/$")[1])
        return int(self.wait_line(rf"^127\.0\.0\.1:(\d+) leads to port {guest_port} ")[1])

    def url(self, guest_port=80):
        return f"http://127.0.0.1:{self.port(guest_port)}"

    def qemu_pid(self):
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return int(children.read_text().split()[0])

    def resident(self):
        """Memory of the host that the machine occupies, in bytes."""
        status = pathlib.Path(f"/proc/{self.qemu_pid()}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024

    def stop(self, sig=signal.SIGINT, seconds=10):
        """Ends it as a user would; the tool's exit status."""
        self.process.send_signal(sig)
        return self.process.wait(seconds)

    def __exit__(self, *error):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for thread in self.threads:
            thread.join(5)
        self.process.stdout.close()
        self.process.stderr.close()

    def __repr__(self):
        return f"{' '.join(self.command)}\n" + "\n".join(self.lines[-60:])


def have(program):
    return shutil.which(program) is not None


def have_uefi():
    return any(os.path.exists(p) for p in ("/usr/share/ovmf/OVMF.fd",
                                           "/usr/share/edk2/ovmf/OVMF.fd"))


def up(result):
    """Nanoseconds from the core's first instruction to main, as `probe uptime` tells them."""
    match = re.fullmatch(r"up (\d+) ns\n", result.text)
    assert match, str(result)
    return int(match[1])
