# SPDX-License-Identifier: MIT
"""How a run ends and what of it reaches the user: status, streams, signals, nothing left behind."""
import os
import pathlib
import signal
import subprocess
import time

import pytest

import ringlet
from ringlet import Machine, guest, run

PROBE = guest("probe")


@pytest.mark.parametrize("status", [0, 1, 3, 255])
def test_exit_status(status):
    assert run(PROBE, "-q", "--", "exit", str(status)).status == status


@pytest.mark.parametrize("sig", [signal.SIGABRT, signal.SIGTERM, signal.SIGKILL])
def test_signal(sig):
    result = run(PROBE, "-q", "--", "raise", str(int(sig)))
    assert result.status == 128 + sig, str(result)
    assert result.err.splitlines()[-1] == \
        f"ringlet: the app was killed by signal {int(sig)} ({sig.name})"


def test_a_fault_is_reported():
    result = run(PROBE, "--", "null")
    assert result.status == 128 + signal.SIGSEGV, str(result)
    assert "SIGSEGV" in result.err
    assert "main" in result.err, result  # the backtrace has the symbol


def test_all_output_arrives_in_order():
    size = 1_000_003
    result = run(PROBE, "-q", "--", "spew", str(size))
    expected = b"".join(b"%07d\n" % i for i in range(size // 8 + 1))[:size]
    assert result.status == 0
    assert result.out == expected


def test_streams_stay_apart():
    result = run(PROBE, "-q", "--", "both")
    assert result.text == "".join(f"out {i}\n" for i in range(100))
    assert result.err == "".join(f"err {i}\n" for i in range(100))


def test_input_reaches_the_app():
    data = b"".join(b"line %d\n" % i for i in range(500))
    result = run(PROBE, "-q", "--", "cat", data=data)
    assert result.status == 0, str(result)
    assert result.out == data


def test_a_reader_that_goes_away():
    process = subprocess.Popen([ringlet.TOOL, "run", "-q", PROBE, "--", "spew", "100000000"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    assert process.stdout.read(8) == b"0000000\n"
    process.stdout.close()
    assert process.wait(20) == 128 + signal.SIGPIPE


def test_output_that_cannot_be_written():
    with open("/dev/full", "wb") as full:
        process = subprocess.run([ringlet.TOOL, "run", "-q", PROBE, "--", "spew", "100"],
                                 stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE,
                                 timeout=60)
    assert process.returncode == 126
    assert process.stderr == b"ringlet: standard output: No space left on device\n"


def test_timeout():
    start = time.monotonic()
    result = ringlet.tool("run", "-q", PROBE, "--timeout", "2", "--", "sleep", "100")
    assert result.status == 124, str(result)
    assert "stopped after 2 s" in result.err
    assert time.monotonic() - start < 10


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM])
def test_stopped_by_the_user(sig):
    with Machine(PROBE, "-q", "--", "sleep", "100") as machine:
        machine.wait_line("sleeping")
        qemu = machine.qemu_pid()
        start = time.monotonic()
        assert machine.stop(sig) == 128 + sig
        assert time.monotonic() - start < 5
        assert gone(qemu)


def gone(pid):
    """True once the process has ended (its parent, init in a container, may never reap it)."""
    for _ in range(50):
        stat = pathlib.Path(f"/proc/{pid}/stat")
        try:
            if stat.read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.1)
    return False


def test_no_machine_outlives_the_tool():
    with Machine(PROBE, "-q", "--", "sleep", "100") as machine:
        machine.wait_line("sleeping")
        qemu = machine.qemu_pid()
        machine.process.kill()
        machine.process.wait()
        assert gone(qemu)


def test_a_machine_that_dies():
    with Machine(PROBE, "-q", "--", "sleep", "100") as machine:
        machine.wait_line("sleeping")
        os.kill(machine.qemu_pid(), signal.SIGKILL)
        assert machine.process.wait(10) == 126
        machine.threads[1].join(5)
        assert any("QEMU was killed by signal 9" in line for line in machine.lines), str(machine)


def test_nothing_is_left_behind(tmp_path):
    for args in (["run", PROBE, "--", "x"], ["image", PROBE, "-o", tmp_path / "x.iso"],
                 ["image", "/dev/null", "-o", tmp_path / "y.iso"]):
        folder = tmp_path / "tmp"
        folder.mkdir(exist_ok=True)
        ringlet.tool(*args, env={"TMPDIR": str(folder)})
        assert list(folder.iterdir()) == []
    assert sorted(p.name for p in tmp_path.iterdir()) == ["tmp", "x.iso"]


def test_no_thread_goes_on():
    """Six threads write on three CPUs; the log's last line of the app is the last of theirs, too."""
    result = run(ringlet.guest("group_exit"), "--smp", "4", "--", "talk")
    assert result.status == 42, str(result)
    before, after = result.err.split("app: exited with status 42")
    assert "talk\n" in before and "talk" not in after, str(result)


def test_one_thread_ends():
    result = run(ringlet.guest("group_exit"), "--smp", "4", "--", "all")
    assert result.status == 42, str(result)
    assert result.err.count("app: exited with status 42") == 1, str(result)
