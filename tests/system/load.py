# SPDX-License-Identifier: MIT
"""Load on an HTTP server: wrk for requests on standing connections, ab for connections."""
import re
import subprocess


class Load:
    def __init__(self, done, per_second, errors, report):
        self.done = done
        self.per_second = per_second
        self.errors = errors
        self.report = report


def number(pattern, text):
    found = re.search(pattern, text)
    return float(found[1]) if found else 0


def requests(url, clients, seconds):
    """wrk; errors are those of sockets, time-outs and answers other than 2xx or 3xx."""
    text = subprocess.run(
        ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", url + "/"],
        capture_output=True, text=True, timeout=seconds + 60, check=True).stdout
    sockets = re.search(r"Socket errors: (.*)", text)
    errors = sum(map(int, re.findall(r"\d+", sockets[1]))) if sockets else 0
    errors += int(number(r"Non-2xx or 3xx responses: (\d+)", text))
    done = int(number(r"(\d+) requests in", text))
    return Load(done, number(r"Requests/sec: +([\d.]+)", text), errors + (done == 0), text)


def connections(url, count, clients=16):
    """ab: each request on a connection of its own."""
    ran = subprocess.run(["ab", "-q", "-n", str(count), "-c", str(clients), url + "/"],
                         capture_output=True, text=True, timeout=count / 20 + 60)
    text = ran.stdout + ran.stderr
    done = int(number(r"Complete requests: +(\d+)", text))
    errors = int(number(r"Failed requests: +(\d+)", text))
    errors += int(number(r"Non-2xx responses: +(\d+)", text)) + (count - done)
    return Load(done, number(r"Requests per second: +([\d.]+)", text), errors, text)
