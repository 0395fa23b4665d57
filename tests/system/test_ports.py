# SPDX-License-Identifier: MIT
"""Ports of the host: a taken one becomes the next free one, and the tool says so."""
import re
import socket

import ringlet
from ringlet import HELLO, run


def take_port():
    """A listening socket whose next port is likely free."""
    while True:
        s = socket.socket()
        s.bind(("127.0.0.1", 0))
        s.listen()
        if s.getsockname()[1] < 65000:
            return s, s.getsockname()[1]


def test_taken_port():
    s, port = take_port()
    with s:
        result = run(HELLO, "-p", f"{port}:80")
    assert result.status == 0, str(result)
    match = re.search(rf"port {port} is taken: using (\d+)", result.err)
    assert match and port < int(match[1]) < port + 200, str(result)


def test_twice_the_same_port():
    s, port = take_port()
    s.close()
    result = run(HELLO, "-p", f"{port}:80", "-p", f"{port}:81")
    assert result.status == 0, str(result)
    assert re.search(rf"port {port} is taken: using \d+", result.err), str(result)


def test_usage():
    for spec in ("x", "80:", ":80", "70000:80", "80:0", "1:2:3", "-1:80", ""):
        result = ringlet.tool("run", HELLO, "-p", spec)
        assert result.status == 2, str(result)
        assert result.err.startswith("ringlet: -p"), str(result)
        assert result.err.count("\n") == 1, str(result)


def test_a_listening_port_is_hinted_at():
    with ringlet.Machine(ringlet.HTTPD, "--add", f"{ringlet.WWW}:/www") as machine:
        machine.wait_line("listens on port 80; -p 8080:80 makes it reachable")
