# SPDX-License-Identifier: MIT
"""Web servers in the guests, loaded through taps in a network namespace of this run's own.

outside() runs this file in a namespace without a name (unshare): it goes away with its last process,
however that ends, and taps and addresses with it. inside() is what runs there: one tap a guest, all
guests up at a time, loaded one after the other.
"""
import http.client
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import time

import kit as kits
from kit import spread
from linux_guest import Linux
from machine import BenchError, command_output, install_signals, start, stop
from ringlet_guest import Ringlet

CLIENTS = 64
CONNECTION_CLIENTS = 16
QUEUE = 4  # frames a tap holds for a guest that is not up yet


class Place:
    """A tap of ours: the host is .1, the guest .2 in a network of its own."""

    def __init__(self, number):
        self.tap = f"bench{number}"
        self.host = f"10.77.{number}.1"
        self.guest = f"10.77.{number}.2"
        self.mac = f"52:54:00:77:00:{number:02x}"
        for words in (["tuntap", "add", self.tap, "mode", "tap"],
                      ["address", "add", f"{self.host}/24", "dev", self.tap],
                      ["link", "set", self.tap, "up", "txqueuelen", "1000"]):
            command_output(["ip", *words])

    def network(self):
        return f"tap,ifname={self.tap},script=no,downscript=no"

    def expect_boot(self):
        """A guest's first frames are not to wait behind ours, nor ours for its address."""
        command_output(["ip", "link", "set", self.tap, "txqueuelen", str(QUEUE)])
        command_output(["ip", "neighbour", "replace", self.guest, "lladdr", self.mac, "dev",
                        self.tap, "nud", "permanent"])


def first_byte(address, run, seconds=60):
    """Waits until port 80 answers a request; seconds since QEMU's start."""
    while run.seconds() < seconds:
        if not run.alive():
            raise BenchError(f"a server's machine ended; its last words:\n{run.tail()}")
        with socket.socket() as s:
            s.settimeout(0.02)
            try:
                s.connect((address, 80))
            except OSError:
                time.sleep(0.002)
                continue
            s.settimeout(10)
            s.sendall(b"GET / HTTP/1.1\r\nHost: guest\r\nConnection: close\r\n\r\n")
            if s.recv(1):
                return run.seconds()
    raise BenchError(f"no server in {seconds} s; the machine's last words:\n{run.tail()}")


def verify(address, www, times=3, port=80):
    """Every file of www, over one connection: what differs is an error."""
    connection = http.client.HTTPConnection(address, port, timeout=30)
    checked = 0
    try:
        for _ in range(times):
            for name in sorted(os.listdir(www)):
                with open(os.path.join(www, name), "rb") as f:
                    want = f.read()
                connection.request("GET", "/" + name)
                answer = connection.getresponse()
                got = answer.read()
                if answer.status != 200 or got != want:
                    raise BenchError(f"{address}/{name}: status {answer.status}, {len(got)} bytes, "
                                     f"not the {len(want)} of the file")
                checked += len(got)
    except (OSError, http.client.HTTPException) as error:
        raise BenchError(f"{address}: {error!r}") from None
    finally:
        connection.close()
    return checked


def number(pattern, text):
    found = re.search(pattern, text)
    return float(found[1]) if found else 0.0


def requests(address, seconds):
    """wrk's requests a second on standing connections."""
    text = command_output(["wrk", "-t1", f"-c{CLIENTS}", f"-d{seconds}s", f"http://{address}/"],
                          seconds + 60)
    errors = re.search(r"Socket errors: (.*)|Non-2xx or 3xx responses: (.*)", text)
    if errors:
        raise BenchError(f"wrk on {address}: {errors[0]}")
    return number(r"Requests/sec: +([\d.]+)", text)


def connections(address, count):
    """ab's requests a second, each on a connection of its own."""
    text = command_output(["ab", "-q", "-n", str(count), "-c", str(CONNECTION_CLIENTS),
                           f"http://{address}/"], 120)
    if number(r"Failed requests: +(\d+)", text) or number(r"Complete requests: +(\d+)",
                                                          text) != count:
        raise BenchError(f"ab on {address}: {text[-400:]}")
    return number(r"Requests per second: +([\d.]+)", text)


def servers(kit, plan):
    """The guests that serve, in the order in which they are loaded."""
    files = [f"{plan['www']}:/www"]
    found = [Ringlet(kit, "ringlet", kit.made("apps/httpd"), files),
             Ringlet(kit, "ringlet-static", kit.program("httpd"), files)]
    if plan["linux"]:
        static = kit.program("httpd")
        found.append(Linux(kit, "linux", static, files))
        if not plan["quick"]:
            found.append(Linux(kit, "linux-off", static, files, "mitigations=off"))
    return found


def one_round(kit, up, plan, results):
    for label, place in up.items():
        kept = requests(place.guest, plan["seconds"])
        fresh = connections(place.guest, plan["connections"])
        results[label]["keep_alive"].append(kept)
        results[label]["new"].append(fresh)
        kit.note(f"  {label:<15} {kept:8.0f} requests/s kept alive, {fresh:6.0f} connections/s")


def load(kit, plan):
    """Each guest's requests a second, and ratios to Linux round by round."""
    up, results, runs = {}, {}, {}
    try:
        for i, guest in enumerate(servers(kit, plan)):
            place = Place(i)
            settings = kit.clock_settings(network=place.network(), mac=place.mac)
            run = guest.start(settings, ["-q"], address=place.guest)
            runs[guest.label] = run
            first_byte(place.guest, run)
            up[guest.label] = place
            results[guest.label] = {"keep_alive": [], "new": [],
                                    "verified": verify(place.guest, plan["www"])}
            requests(place.guest, 1)
            time.sleep(0.5)
            results[guest.label]["resident_at_rest"] = run.resident()
        for turn in range(plan["rounds"]):
            one_round(kit, up, plan, results)
        for label, place in up.items():
            results[label]["verified"] += verify(place.guest, plan["www"])
            results[label]["resident_after"] = runs[label].resident()
    finally:
        for run in runs.values():
            run.__exit__()
    return summary(results)


def summary(results):
    linux = results.get("linux")
    rows = {}
    for label, row in results.items():
        out = {k: row[k] for k in ("verified", "resident_at_rest", "resident_after")}
        for kind in ("keep_alive", "new"):
            middle, mad = spread(row[kind])
            out[kind] = {"per_second": round(middle, 1), "mad": round(mad, 1),
                         "rounds": [round(v, 1) for v in row[kind]]}
            if linux and label != "linux":
                pairs = [a / b for a, b in zip(row[kind], linux[kind])]
                out[kind]["ratio"] = round(statistics.median(pairs), 3)
        rows[label] = out
    return rows


def ways_to_boot(kit, plan):
    """(name, guest, what Settings get, what start() gets)."""
    files = [f"{plan['www']}:/www"]
    own = Ringlet(kit, "httpd", kit.made("apps/httpd"), files)
    ways = [("Ringlet, PVH", own, {}, {})]
    if not plan["quick"]:
        iso = kit.iso("httpd", own.program, files)
        ways.append(("Ringlet, ISO, BIOS", own, {}, {"iso": iso}))
        if kit.ovmf():
            ways.append(("Ringlet, ISO, UEFI", own, {"more": ["-bios", kit.ovmf()]},
                         {"iso": iso}))
        else:
            kit.note("  no UEFI firmware: install the package ovmf")
    if plan["linux"]:
        ways.append(("Linux, -kernel", Linux(kit, "linux-boot", kit.program("httpd"), files), {},
                     {}))
    return ways


def to_first_byte(kit, plan):
    """Seconds from QEMU's start to the first byte of an answer, for each way to boot."""
    place = Place(9)
    place.expect_boot()
    times = {}
    ways = ways_to_boot(kit, plan)
    for _ in range(plan["boots"]):
        for name, guest, more, boot in ways:
            settings = kit.clock_settings(network=place.network(), mac=place.mac, **more)
            with guest.start(settings, ["-q"], address=place.guest, **boot) as run:
                times.setdefault(name, []).append(first_byte(place.guest, run))
    rows = {}
    for name, values in times.items():
        middle, mad = spread(values)
        rows[name] = {"seconds": round(middle, 3), "mad": round(mad, 3), "runs": len(values)}
        kit.note(f"  {name:<19} {middle:.3f} s +- {mad:.3f}")
    return rows


def inside(path):
    """In the namespace: does what the plan in the file says and writes the results beside it."""
    install_signals()
    with open(path, encoding="utf-8") as f:
        plan = json.load(f)
    command_output(["ip", "link", "set", "lo", "up"])
    kit = kits.Kit(plan["tool"])
    result = {}
    for part, work in (("http", load), ("first_byte", to_first_byte)):
        if part in plan["parts"]:
            result[part] = work(kit, plan)
    with open(path + ".result", "w", encoding="utf-8") as f:
        json.dump(result, f)


def namespace_command():
    """What starts a program in a new network namespace; None where that is not allowed."""
    for command in (["unshare", "--net", "--"],
                    ["unshare", "--user", "--map-root-user", "--net", "--"]):
        try:
            command_output([*command, "ip", "tuntap", "add", "bench0", "mode", "tap"], 10)
            return command
        except BenchError:
            continue
    return None


def write_www(folder):
    """What is served: a page of an ordinary size, and a file of many segments to be verified."""
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "index.html"), "w", encoding="ascii") as f:
        f.write("<!doctype html>\n<title>bench</title>\n" + "".join(
            f"<p>Line {i} of the page that is asked for.</p>\n" for i in range(20)))
    with open(os.path.join(folder, "large.bin"), "wb") as f:
        f.write(b"".join(b"%015d\n" % i for i in range(1 << 16)))


def outside(kit, options, parts):
    """Both parts, or those asked for, in a namespace: their results."""
    for program in ("ip", "wrk", "ab"):
        command_output(["sh", "-c", f"command -v {program}"])
    command = namespace_command()
    if not command:
        raise BenchError("needs root (or user namespaces) and the package iproute2, for a tap in "
                         "a network namespace of its own")
    www = os.path.join(kit.scratch, "www")
    write_www(www)
    quick = options.quick
    plan = {"tool": kit.tool, "www": www, "linux": options.linux, "quick": quick, "parts": parts,
            "rounds": 2 if quick else options.rounds, "seconds": 2 if quick else 4,
            "connections": 1000 if quick else 2000, "boots": 2 if quick else 5}
    path = os.path.join(kit.scratch, "plan")
    with open(path, "w", encoding="utf-8") as f:
        json.dump(plan, f)
    process = start([*command, sys.executable, os.path.dirname(os.path.abspath(__file__)),
                     "inside", path], stderr=subprocess.PIPE)
    try:
        for line in process.stderr:
            sys.stderr.write(line.decode("utf-8", "replace"))
            sys.stderr.flush()
        process.wait(900)
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            pass
        stop(process)
    if process.returncode:
        raise BenchError("the part in the namespace failed (its last line is above)")
    with open(path + ".result", encoding="utf-8") as f:
        return json.load(f)
