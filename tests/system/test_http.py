# SPDX-License-Identifier: MIT
"""The demo server in a guest: the cases of http_cases.py, and curl, wrk and ab as clients."""
import socket
import subprocess
import time

import pytest

import http_cases
import load
import ringlet


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The site of http_cases, served; the demo's own pages under /demo."""
    site = http_cases.make_site(tmp_path_factory.mktemp("site"))
    with ringlet.Machine(ringlet.HTTPD, "-q", "-p", "0:80", "--add", f"{site}:/www",
                         "--add", f"{ringlet.WWW}:/www/demo", timeout=1200) as machine:
        yield machine, http_cases.Target("127.0.0.1", machine.port(80), site)


@pytest.mark.parametrize("case", http_cases.CASES, ids=lambda c: c.__name__)
def test_case(server, case):
    case(server[1])


@pytest.mark.long
@pytest.mark.parametrize("case", http_cases.LONG_CASES, ids=lambda c: c.__name__)
def test_long_case(server, case):
    case(server[1])


@pytest.mark.parametrize("case, options", http_cases.LIMIT_CASES, ids=lambda c: getattr(
    c, "__name__", ""))
def test_limit(tmp_path, case, options):
    site = http_cases.make_site(tmp_path / "site")
    with ringlet.Machine(ringlet.HTTPD, "-q", "-p", "0:80", "--add", f"{site}:/www", "--",
                         *options) as machine:
        # The tool's own look whether the server answers was a connection too: let it go.
        port = machine.port(80)
        time.sleep(0.5)
        case(http_cases.Target("127.0.0.1", port, site))


def test_curl_gets_every_file(server, tmp_path):
    machine, target = server
    files = [(p, p.relative_to(target.site)) for p in target.site.rglob("*") if p.is_file()]
    files += [(p, f"demo/{p.relative_to(ringlet.WWW)}") for p in ringlet.WWW.rglob("*")
              if p.is_file()]
    assert len(files) > 9
    for path, name in files:
        copy = tmp_path / "copy"
        url = f"{machine.url()}/{name}".replace(" ", "%20").replace("<", "%3c").replace(">", "%3e")
        subprocess.run(["curl", "-sSf", "-o", copy, url], check=True, timeout=120)
        assert copy.read_bytes() == path.read_bytes(), name


def test_large_files_side_by_side(server, tmp_path):
    machine, target = server
    clients = [subprocess.Popen(["curl", "-sSf", "-o", tmp_path / str(i),
                                 f"{machine.url()}/big.bin"]) for i in range(4)]
    big = (target.site / "big.bin").read_bytes()
    for i, client in enumerate(clients):
        assert client.wait(180) == 0
        assert (tmp_path / str(i)).read_bytes() == big


def serve_at_once(port):
    """Seconds until sixty clients that came at the same moment all have their answer."""
    clients = [socket.socket() for _ in range(60)]
    start = time.monotonic()
    for s in clients:
        s.setblocking(False)
        s.connect_ex(("127.0.0.1", port))
    for s in clients:
        s.settimeout(30)
        s.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert s.recv(12) == b"HTTP/1.1 200"
        s.close()
    return time.monotonic() - start


def test_clients_that_come_at_once(server):
    """None of them waits for the host to send its SYN again, which takes a second."""
    assert min(serve_at_once(server[1].port) for _ in range(3)) < 0.95


@pytest.mark.skipif(not ringlet.have("wrk"), reason="wrk is not installed")
def test_wrk_short(server):
    result = load.requests(server[0].url(), clients=16, seconds=5)
    assert result.errors == 0 and result.done > 500, result.report


@pytest.mark.skipif(not ringlet.have("ab"), reason="ab is not installed")
def test_ab_short(server):
    result = load.connections(server[0].url(), 1000)
    assert result.errors == 0, result.report


def test_it_stops_when_asked():
    with ringlet.Machine(ringlet.HTTPD, "-q", "-p", "0:80",
                         "--add", f"{ringlet.WWW}:/www") as machine:
        subprocess.run(["curl", "-sSf", "-o", "/dev/null", machine.url()], check=True, timeout=30)
        assert machine.stop() in (0, 128 + 2, 128 + 15)
