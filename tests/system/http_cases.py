# SPDX-License-Identifier: MIT
"""What apps/httpd has to do, seen from a client: cases that take a Target and raise on failure.

The same cases run against the server in a guest and against the same binary on the host. A caller
makes a folder with make_site(), serves it (on the host, or packed as /www), and calls each function
of CASES with a Target; LIMIT_CASES want a server started with the options their docstrings name.
"""

import random
import re
import socket
import time
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

Target = namedtuple("Target", "host port site")
Answer = namedtuple("Answer", "status fields body")

BIG_SIZE = 20_000_000
TIMEOUT = 20


def make_site(folder):
    """Fills folder with what the cases ask for; the same bytes each time."""
    site = Path(folder)
    (site / "sub" / "deep").mkdir(parents=True, exist_ok=True)
    (site / "a dir").mkdir(exist_ok=True)
    (site / "index.html").write_text("<!doctype html><title>home</title><p>home\n")
    (site / "hello.txt").write_text("hello, world\n")
    (site / "empty.txt").write_text("")
    (site / "style.css").write_text("p { color: red }\n")
    (site / "sub" / "f.txt").write_text("sub\n")
    (site / "a dir" / "x&y<z>.txt").write_text("odd name\n")
    rng = random.Random(42)
    (site / "medium.bin").write_bytes(rng.randbytes(100_000))
    (site / "big.bin").write_bytes(rng.randbytes(BIG_SIZE))
    return site


def connect(t):
    return socket.create_connection((t.host, t.port), timeout=TIMEOUT)


class Client:
    """One connection that reads answers by their framing."""

    def __init__(self, t):
        self.sock = connect(t)
        self.buf = b""

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data.encode("latin-1") if isinstance(data, str) else data)

    def fill(self):
        data = self.sock.recv(65536)
        self.buf += data
        return bool(data)

    def answer(self, head_only=False):
        while b"\r\n\r\n" not in self.buf:
            assert self.fill(), f"closed within a head: {self.buf!r}"
        head, self.buf = self.buf.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        match = re.fullmatch(r"HTTP/1\.1 (\d{3}) [ -~]+", lines[0])
        assert match, f"bad status line {lines[0]!r}"
        fields = {}
        for line in lines[1:]:
            name, value = line.split(": ", 1)
            assert name.lower() not in fields, f"{name} stands there twice"
            fields[name.lower()] = value
        status = int(match[1])
        length = 0 if head_only or status == 304 else int(fields["content-length"])
        while len(self.buf) < length:
            assert self.fill(), f"closed after {len(self.buf)} of {length} bytes"
        body, self.buf = self.buf[:length], self.buf[length:]
        return Answer(status, fields, body)

    def closed(self):
        """True if the server has closed; waits for it."""
        try:
            return not self.buf and self.sock.recv(1) == b""
        except ConnectionResetError:
            return True


def request(path, method="GET", version="1.1", **fields):
    text = f"{method} {path} HTTP/{version}\r\n"
    if version == "1.1" and "host" not in {f.lower() for f in fields}:
        text += "Host: test\r\n"
    for name, value in fields.items():
        text += f"{name.replace('_', '-')}: {value}\r\n"
    return text + "\r\n"


def get(t, path, method="GET", version="1.1", **fields):
    with Client(t) as c:
        c.send(request(path, method, version, **fields))
        return c.answer(head_only=method == "HEAD")


def raw_status(t, data):
    """The status of the answer to raw bytes, which must end the connection."""
    with Client(t) as c:
        c.send(data)
        answer = c.answer()
        assert c.closed(), "still open after an error"
        return answer.status


def expect(got, wanted, what=""):
    assert got == wanted, f"{what}: got {got!r}, wanted {wanted!r}"


# ---- Files -----------------------------------------------------------------------------------------


def every_file_byte_for_byte(t):
    for path in sorted(p for p in Path(t.site).rglob("*") if p.is_file()):
        url = "/" + "".join(
            c if c.isalnum() or c in "/._-" else f"%{ord(c):02X}"
            for c in str(path.relative_to(t.site))
        )
        answer = get(t, url)
        expect(answer.status, 200, url)
        assert answer.body == path.read_bytes(), f"{url} differs"


def head_has_length_but_no_body(t):
    with Client(t) as c:
        for _ in range(2):
            c.send(request("/big.bin", "HEAD"))
            answer = c.answer(head_only=True)
            expect(answer.status, 200)
            expect(int(answer.fields["content-length"]), BIG_SIZE)


def content_types(t):
    for path, wanted in (
        ("/", "text/html; charset=utf-8"),
        ("/hello.txt", "text/plain; charset=utf-8"),
        ("/style.css", "text/css; charset=utf-8"),
        ("/big.bin", "application/octet-stream"),
    ):
        expect(get(t, path, "HEAD").fields["content-type"], wanted, path)


def fields_of_every_answer(t):
    for path in ("/", "/none"):
        fields = get(t, path).fields
        assert re.fullmatch(
            r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", fields["date"]
        ), fields["date"]
        assert "Ringlet" in fields["server"]


def not_found(t):
    for path in ("/none", "/sub/none", "/none/", "/hello.txt/", "/hello.txt/x", "/" + "n" * 300):
        expect(get(t, path).status, 404, path)


def folders(t):
    expect(get(t, "/").body, (Path(t.site) / "index.html").read_bytes())
    expect(get(t, "/").body, get(t, "/index.html").body)
    answer = get(t, "/sub?a=b")
    expect(answer.status, 301)
    expect(answer.fields["location"], "/sub/")
    expect(get(t, "/a%20dir").fields["location"], "/a%20dir/")


def listing_is_escaped(t):
    page = get(t, "/a%20dir/").body.decode()
    assert "x&amp;y&lt;z&gt;.txt" in page and "<z>" not in page, page
    link = re.search(r"href='([^']*txt)'", page)[1]
    expect(get(t, "/a%20dir/" + link).body, b"odd name\n")
    page = get(t, "/sub/").body.decode()
    assert "deep/" in page and "f.txt" in page and "../" in page, page


def target_forms(t):
    hello = (Path(t.site) / "hello.txt").read_bytes()
    for path in (
        "/hello.txt?query",
        "/%68ello.txt",
        "/./hello.txt",
        "/sub/../hello.txt",
        "//hello.txt",
        "/sub/deep/..//../hello.txt",
        "http://anything/hello.txt",
    ):
        expect(get(t, path).body, hello, path)


def traversal_is_refused(t):
    for path in (
        "/../etc/passwd",
        "/sub/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/..%2f..%2fetc/passwd",
        "/sub/..%2F../../etc/passwd",
        "/..",
    ):
        expect(raw_status(t, request(path)), 400, path)
    expect(get(t, "/..../hello.txt").status, 404)
    expect(get(t, "/..\\..\\etc\\passwd").status, 404)


# ---- Ranges and conditions -------------------------------------------------------------------------


def ranges(t):
    data = (Path(t.site) / "medium.bin").read_bytes()
    size = len(data)
    for spec, first, last in (
        ("0-0", 0, 0),
        ("5-9", 5, 9),
        ("99990-", 99990, size - 1),
        ("-7", size - 7, size - 1),
        ("10-99999999999999999999999", 10, size - 1),
        ("-" + str(size - 1), 1, size - 1),
    ):
        answer = get(t, "/medium.bin", Range="bytes=" + spec)
        expect(answer.status, 206, spec)
        expect(answer.fields["content-range"], f"bytes {first}-{last}/{size}", spec)
        assert answer.body == data[first : last + 1], spec


def ranges_not_satisfiable(t):
    for path, spec in (("/medium.bin", "100000-"), ("/medium.bin", "-0"), ("/empty.txt", "0-")):
        answer = get(t, path, Range="bytes=" + spec)
        expect(answer.status, 416, spec)
        size = (Path(t.site) / path[1:]).stat().st_size
        expect(answer.fields["content-range"], f"bytes */{size}")


def ranges_ignored(t):
    for spec in ("bytes=9-5", "bytes=0-1,3-4", "lines=1-2", "bytes=x", "bytes=-", "bytes=1-2x"):
        answer = get(t, "/hello.txt", Range=spec)
        expect(answer.status, 200, spec)
        expect(answer.body, b"hello, world\n", spec)


def large_range(t):
    answer = get(t, "/big.bin", Range="bytes=1000001-15000000")
    expect(answer.status, 206)
    assert answer.body == (Path(t.site) / "big.bin").read_bytes()[1000001:15000001]


def conditions(t):
    first = get(t, "/hello.txt")
    etag, modified = first.fields["etag"], first.fields["last-modified"]
    with Client(t) as c:
        for field, value, status in (
            ("If_None_Match", etag, 304),
            ("If_None_Match", "*", 304),
            ("If_None_Match", '"x", ' + etag, 304),
            ("If_None_Match", '"other"', 200),
            ("If_Modified_Since", modified, 304),
            ("If_Modified_Since", "Thu, 01 Jan 1970 00:00:00 GMT", 200),
        ):
            c.send(request("/hello.txt", **{field: value}))
            expect(c.answer().status, status, f"{field}: {value}")
    expect(get(t, "/hello.txt", Range="bytes=0-1", If_Range=etag).status, 206)
    expect(get(t, "/hello.txt", Range="bytes=0-1", If_Range='"old"').status, 200)


# ---- Connections -----------------------------------------------------------------------------------


def keep_alive(t):
    with Client(t) as c:
        for _ in range(200):
            c.send(request("/hello.txt"))
            expect(c.answer().body, b"hello, world\n")
        c.send(request("/none"))
        expect(c.answer().status, 404)
        c.send(request("/hello.txt", Connection="x, Close"))
        answer = c.answer()
        expect(answer.fields["connection"], "close")
        assert c.closed()


def http10(t):
    with Client(t) as c:
        c.send(request("/hello.txt", version="1.0", Connection="keep-alive"))
        expect(c.answer().fields["connection"].lower(), "keep-alive")
        c.send(request("/hello.txt", version="1.0"))
        expect(c.answer().body, b"hello, world\n")
        assert c.closed()


def pipelining(t):
    paths = ["/hello.txt", "/", "/none", "/medium.bin", "/empty.txt", "/sub/f.txt"] * 10
    single = {p: get(t, p) for p in set(paths)}
    with Client(t) as c:
        c.send("".join(request(p) for p in paths))
        for p in paths:
            answer = c.answer()
            expect(answer.status, single[p].status, p)
            assert answer.body == single[p].body, p


def one_byte_at_a_time(t):
    with Client(t) as c:
        for byte in request("/hello.txt", X_Filler="y" * 100).encode():
            c.send(bytes([byte]))
            time.sleep(0.002)
        expect(c.answer().body, b"hello, world\n")


def client_closes_its_side_first(t):
    with Client(t) as c:
        c.send(request("/medium.bin"))
        c.sock.shutdown(socket.SHUT_WR)
        expect(len(c.answer().body), 100_000)
        assert c.closed()


def client_leaves_in_the_middle(t):
    for _ in range(20):
        with Client(t) as c:
            c.send(request("/big.bin"))
            c.fill()
    expect(get(t, "/hello.txt").status, 200)


def slow_reader_does_not_hold_others(t):
    with Client(t) as slow:
        slow.send(request("/big.bin"))
        started = time.monotonic()
        for _ in range(20):
            expect(get(t, "/hello.txt").status, 200)
        assert time.monotonic() - started < 10
        answer = slow.answer()
        assert answer.body == (Path(t.site) / "big.bin").read_bytes()


def many_connections_in_turn(t, count=10_000):
    data = request("/hello.txt", Connection="close").encode()
    for i in range(count):
        with Client(t) as c:
            c.send(data)
            answer = c.answer()
            assert answer.status == 200 and answer.body == b"hello, world\n", i


def parallel_connections(t, workers=64, requests=50):
    def one(_):
        with Client(t) as c:
            for i in range(requests):
                path = "/medium.bin" if i % 10 == 0 else "/hello.txt"
                c.send(request(path))
                answer = c.answer()
                assert answer.status == 200, answer.status
                assert len(answer.body) == (100_000 if i % 10 == 0 else 13)
        return True

    with ThreadPoolExecutor(workers) as pool:
        assert all(pool.map(one, range(workers)))


def idle_connections_do_not_disturb(t):
    idle = [connect(t) for _ in range(100)]
    expect(get(t, "/hello.txt").status, 200)
    for s in idle:
        s.close()
    expect(get(t, "/hello.txt").status, 200)


# ---- Bad requests ----------------------------------------------------------------------------------


def methods(t):
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT"):
        with Client(t) as c:
            c.send(request("/", method))
            answer = c.answer()
            expect(answer.status, 405, method)
            expect(answer.fields["allow"], "GET, HEAD")
    for method in ("BREW", "get", "G-T"):
        expect(raw_status(t, request("/", method)), 501, method)


def malformed(t):
    for data in (
        "\x00\x01\x02\r\n\r\n",
        "GET\r\n\r\n",
        "GET /\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
        "GET / http/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n",
        "G(T / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET noslash HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /% HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /%4 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /a%00b HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n",
    ):
        expect(raw_status(t, data), 400, repr(data))
    expect(raw_status(t, "GET / HTTP/2.0\r\nHost: a\r\n\r\n"), 505)
    expect(get(t, "/hello.txt").status, 200)


def too_large(t):
    expect(raw_status(t, "GET /" + "a" * 5000 + " HTTP/1.1\r\nHost: a\r\n\r\n"), 414)
    expect(raw_status(t, "GET /" + "a" * 20000), 414)
    expect(raw_status(t, "GET /" + "a" * 2000 + " HTTP/1.1\r\nHost: a\r\n\r\n"), 414)
    expect(raw_status(t, "GET / HTTP/1.1\r\n" + "X: y\r\n" * 3000 + "\r\n"), 431)
    expect(raw_status(t, "GET / HTTP/1.1\r\nX: " + "y" * 20000), 431)


def bodies_are_not_taken_for_requests(t):
    smuggled = "GET /none HTTP/1.1\r\nHost: a\r\n\r\n"
    for field in (f"Content-Length: {len(smuggled)}", "Transfer-Encoding: chunked"):
        with Client(t) as c:
            c.send(f"GET /hello.txt HTTP/1.1\r\nHost: a\r\n{field}\r\n\r\n{smuggled}")
            answer = c.answer()
            expect(answer.status, 200, field)
            expect(answer.fields["connection"], "close", field)
            assert c.closed(), field


def random_bytes_do_no_harm(t):
    rng = random.Random(7)
    good = request("/hello.txt").encode()
    for _ in range(200):
        data = bytearray(good * 3)
        for _ in range(rng.randrange(1, 12)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        with Client(t) as c:
            c.send(bytes(data))
            c.sock.shutdown(socket.SHUT_WR)
            while c.fill():
                pass
            assert not c.buf or c.buf.startswith(b"HTTP/1.1 "), c.buf[:80]
    expect(get(t, "/hello.txt").status, 200)


CASES = [
    every_file_byte_for_byte,
    head_has_length_but_no_body,
    content_types,
    fields_of_every_answer,
    not_found,
    folders,
    listing_is_escaped,
    target_forms,
    traversal_is_refused,
    ranges,
    ranges_not_satisfiable,
    ranges_ignored,
    large_range,
    conditions,
    keep_alive,
    http10,
    pipelining,
    one_byte_at_a_time,
    client_closes_its_side_first,
    client_leaves_in_the_middle,
    slow_reader_does_not_hold_others,
    parallel_connections,
    idle_connections_do_not_disturb,
    methods,
    malformed,
    too_large,
    bodies_are_not_taken_for_requests,
    random_bytes_do_no_harm,
]

LONG_CASES = [many_connections_in_turn]


# ---- Limits: servers started for them ---------------------------------------------------------------


def timeouts(t):
    """Wants -t 1."""
    with Client(t) as half:
        half.send("GET / HTTP/1.1\r\nHost")
        expect(half.answer().status, 408)
        assert half.closed()
    with Client(t) as idle:
        assert idle.closed()
    with Client(t) as kept:
        kept.send(request("/hello.txt"))
        expect(kept.answer().status, 200)
        assert kept.closed()


def hold(t):
    """A connection that was served and stays; the server may still have to notice who has left."""
    for _ in range(50):
        c = Client(t)
        try:
            c.send(request("/hello.txt"))
            if c.answer().status == 200:
                return c
        except OSError:
            pass
        c.sock.close()
        time.sleep(0.1)
    raise AssertionError("no connection is served")


def connection_limit(t):
    """Wants -c 4."""
    held = [hold(t) for _ in range(4)]
    with Client(t) as extra:
        answer = extra.answer()
        expect(answer.status, 503)
        assert "retry-after" in answer.fields and extra.closed()
    held.pop().sock.close()
    held.append(hold(t))
    for c in held:
        c.send(request("/hello.txt"))
        expect(c.answer().status, 200)
        c.sock.close()


LIMIT_CASES = [(timeouts, ["-t", "1"]), (connection_limit, ["-c", "4"])]
