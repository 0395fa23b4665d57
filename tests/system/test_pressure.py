# SPDX-License-Identifier: MIT
"""Clients that take all they can and read nothing: the server goes on."""
import http.client
import socket

import ringlet

CLIENTS = 400


def test_clients_that_never_read_do_not_use_up_memory(tmp_path):
    big = tmp_path / "big.bin"
    big.write_bytes(b"x" * 2_000_000)
    with ringlet.Machine(ringlet.HTTPD, "-m", "48", "-p", "0:80", "--add", f"{ringlet.WWW}:/www",
                         "--add", f"{big}:/www/big.bin", "--", "-q", timeout=90) as machine:
        port = machine.port(80)
        held = []
        try:
            for _ in range(CLIENTS):
                s = socket.socket()
                s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
                s.settimeout(10)
                s.connect(("127.0.0.1", port))
                s.sendall(b"GET /big.bin HTTP/1.1\r\nHost: x\r\n\r\n")
                held.append(s)
            for _ in range(5):
                client = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
                client.request("GET", "/")
                assert client.getresponse().status == 200, repr(machine)
                client.close()
        finally:
            for s in held:
                s.close()
        assert machine.process.poll() is None, repr(machine)
