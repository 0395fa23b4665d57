# SPDX-License-Identifier: MIT
"""The clock follows a server's (sntp=): set by its first answer, slewed by the next, never by a false one."""
import contextlib
import socket
import struct
import threading
import time

import ringlet

NTP_TO_UNIX = 2208988800
AWAY = 7 * 86400 + 0.25  # s that the server's clock is ahead of the host's


class Server:
    """Answers questions by the host's clock and what is added to it; `tamper` may change an answer."""

    def __init__(self, tamper=lambda n, answer: [answer]):
        self.ahead = AWAY
        self.questions = 0
        self._tamper = tamper
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._over = False
        self._thread = threading.Thread(target=self._serve)

    def stamp(self):
        t = time.time() + self.ahead + NTP_TO_UNIX
        return struct.pack("!II", int(t) & 0xffffffff, int(t % 1 * 2 ** 32))

    def _serve(self):
        while True:
            question, client = self._socket.recvfrom(1024)
            if self._over:
                return
            assert len(question) == 48 and question[0] & 7 == 3, question
            self.questions += 1
            answer = bytes([0x24, 1, 4, 0xec]) + bytes(8) + b"TEST" + self.stamp() + \
                question[40:48] + self.stamp() + self.stamp()
            for packet in self._tamper(self.questions, answer):
                self._socket.sendto(packet, client)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *error):
        self._over = True
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(b"end", ("127.0.0.1", self.port))
        self._thread.join()
        self._socket.close()


@contextlib.contextmanager
def telling(server, seconds):
    """A guest that asks every second; gives the machine."""
    with ringlet.Machine(ringlet.guest("tell_time"), "--cmdline",
                         f"sntp=10.0.2.2:{server.port}/1", "--", str(seconds)) as machine:
        yield machine


def tell(machine, lines):
    """The next `lines` pairs of times, in ns."""
    seen, end = len(machine.lines), time.monotonic() + 30 + lines
    while True:
        told = [line.split()[1:3] for line in machine.lines[seen:] if line.startswith("# ")]
        if len(told) >= lines:
            return [(int(real), int(raw)) for real, raw in told]
        assert time.monotonic() < end and machine.process.poll() is None, machine
        time.sleep(0.01)


def ahead_of_host(machine):
    """How far the guest's clock is ahead of the host's, in s."""
    return tell(machine, 1)[-1][0] / 1e9 - time.time()


def test_set_then_slewed():
    with Server() as server, telling(server, 60) as machine:
        machine.wait_line(r"the clock is set by SNTP, \d+ us ahead")
        ahead = ahead_of_host(machine)
        assert abs(ahead - AWAY) < 1, ahead
        server.ahead += 0.3  # slewed, at 500 us each second
        asked = server.questions
        while server.questions < asked + 2:
            time.sleep(0.1)
        offsets = [real - raw for real, raw in tell(machine, 40)]
    steps = [b - a for a, b in zip(offsets, offsets[1:])]
    gain = offsets[-1] - offsets[0]
    # 3.9 s of at most 500 us a second: never a jump, and in all what slewing gives
    assert max(steps) < 5_000_000, steps
    assert 500_000 < gain < 5_000_000, (gain, steps)


def test_false_answers_do_nothing():
    def tamper(n, answer):
        origin = answer[24:32]
        other = bytes(b ^ 0x55 for b in origin)
        return [answer[:24] + other + answer[32:],     # to a question never asked
                answer[:20],                           # cut off
                bytes([0x23]) + answer[1:],            # from a client
                answer[:1] + b"\0DENY" + answer[6:]]   # "kiss of death"

    with Server(tamper) as server, telling(server, 60) as machine:
        while not server.questions:
            time.sleep(0.05)
        tell(machine, 20)
        ahead = ahead_of_host(machine)
        assert abs(ahead) < 3600, ahead
        assert not any("set by SNTP" in line for line in machine.lines), machine


def test_one_answer_to_a_question():
    """A copy of an answer, as one who listened sends it later, changes nothing."""
    later = []

    def tamper(n, answer):
        if n == 1:
            later.append(answer)
            return [answer]
        # the first answer again, its time moved by a day
        return [later[0][:40] + struct.pack("!I", struct.unpack("!I", later[0][40:44])[0] + 86400) +
                later[0][44:]]

    with Server(tamper) as server, telling(server, 60) as machine:
        machine.wait_line(r"the clock is set by SNTP")
        while server.questions < 2:
            time.sleep(0.05)
        tell(machine, 5)
        ahead = ahead_of_host(machine)
        assert abs(ahead - AWAY) < 3600, ahead


def test_a_wrong_option():
    for value in ("x", "10.0.2.2:", "10.0.2.2:0", "10.0.2.2/0", "10.0.2.2:99999", "1.2.3.4/5x"):
        result = ringlet.run(ringlet.HELLO, "--cmdline", f"sntp={value}")
        assert result.status == 125, str(result)
        assert f"net: sntp={value} is not an address" in result.err, str(result)
