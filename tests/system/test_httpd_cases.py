# SPDX-License-Identifier: MIT
"""http_cases.py against apps/httpd: in a guest, and the same binary on this host, whose kernel
answers the same system calls."""
import socket
import subprocess
import time

import pytest

import http_cases
import ringlet


def ids(case):
    return case.__name__ if callable(case) else None


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return http_cases.make_site(tmp_path_factory.mktemp("site"))


class HostServer:
    """httpd as a process of this host."""

    def __init__(self, site, *args):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        self.process = subprocess.Popen([ringlet.HTTPD, "-q", "-p", str(port), "-d", site, *args],
                                        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        assert b"serving" in self.process.stderr.readline()
        self.target = http_cases.Target("127.0.0.1", port, site)

    def __enter__(self):
        return self.target

    def __exit__(self, *unused):
        self.process.kill()
        self.process.communicate()


class GuestServer:
    """httpd in a guest, the site packed as /www."""

    def __init__(self, site, *args):
        self.machine = ringlet.Machine(ringlet.HTTPD, "-p", "0:80", "--add", f"{site}:/www",
                                       "--", "-q", *args)
        self.site = site

    def __enter__(self):
        machine = self.machine.__enter__()
        machine.url()
        target = http_cases.Target("127.0.0.1", machine.port(80), self.site)
        for _ in range(100):
            try:
                http_cases.get(target, "/hello.txt")
                return target
            except (OSError, AssertionError):
                time.sleep(0.1)
        raise AssertionError("the guest does not serve")

    def __exit__(self, *args):
        return self.machine.__exit__(*args)


@pytest.fixture(scope="module", params=[HostServer, GuestServer], ids=["host", "guest"])
def target(request, site):
    with request.param(site) as t:
        yield t


@pytest.mark.parametrize("case", http_cases.CASES, ids=ids)
def test_case(target, case):
    case(target)


def test_connections_in_turn(target):
    http_cases.many_connections_in_turn(target, 2000)


@pytest.mark.parametrize("server", [HostServer, GuestServer], ids=["host", "guest"])
@pytest.mark.parametrize("case, options", http_cases.LIMIT_CASES, ids=ids)
def test_limit(server, site, case, options):
    with server(site, *options) as t:
        case(t)
