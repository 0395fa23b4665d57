# SPDX-License-Identifier: MIT
"""Runs Linux's selftests (tests.txt) in Ringlet and holds each beside what Linux makes of it.

    conformance.py BUILD [--only NAME] [--record FILE] [--list]
    conformance.py BUILD --linux        measure on a Linux guest, write expected.txt

A test passes if it says OK as often as on Linux under the same CPU model, says FAIL nowhere, and ends
with the same status. Output of each run stays in BUILD/check/conformance. --record appends a verdict a
run to FILE for tools/check.sh. Every run has a time limit.
"""
import argparse
import hashlib
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
EXPECTED = os.path.join(HERE, "expected.txt")
SELFTESTS = "deps/linux/tree/tools/testing/selftests/x86"
SECONDS = 60

HEAD = """# SPDX-License-Identifier: MIT
# What a Linux guest makes of each test: NAME CPU OK STATUS, where OK is how often it says so. Written
# by `make conformance-expected`; the kernel and the tests' source package are named below. A line
# "source" has the SHA-256 of a test's source as it was measured.
"""


class Case:
    """One test on one CPU model."""

    def __init__(self, name, cmdline, cpu):
        self.name = name
        self.cmdline = cmdline
        self.cpu = cpu

    @property
    def label(self):
        return f"{self.name}:{self.cpu}"


def read_cases():
    with open(os.path.join(HERE, "tests.txt"), encoding="ascii") as f:
        for line in f:
            words = line.split("#")[0].split()
            if words:
                name, _, cmdline, *cpus = words
                yield from (Case(name, "" if cmdline == "-" else cmdline, cpu) for cpu in cpus)


def read_expected():
    """{(name, cpu): (ok, status)} and {name: checksum}."""
    counts, sources = {}, {}
    try:
        with open(EXPECTED, encoding="ascii") as f:
            lines = [line.split() for line in f if line.strip() and not line.startswith("#")]
    except FileNotFoundError:
        lines = []
    for words in lines:
        if words[0] == "source":
            sources[words[1]] = words[2]
        else:
            counts[words[0], words[1]] = (int(words[2]), int(words[3]))
    return counts, sources


def checksum(build, name):
    with open(os.path.join(build, SELFTESTS, name + ".c"), "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


class Outcome:
    """What a test said: text, and its status or why it has none."""

    def __init__(self, text, status):
        # What is said of a child that was left out (alone.c) counts for nothing.
        lines = [line for line in text.splitlines() if not line.startswith("[OK]\tChild succeeded")]
        self.ok = sum(bool(re.match(r"\[OK\]", line)) for line in lines)
        self.fails = [line for line in lines if line.startswith("[FAIL]")]
        self.text = text
        self.status = status

    def wrong(self, expected):
        """Why it does not pass, or None."""
        ok, status = expected
        if self.fails:
            return f"{len(self.fails)} FAIL, the first: {self.fails[0][6:].strip()}"
        if self.status != status:
            return f"status {self.status}, on Linux {status}"
        if self.ok != ok:
            return f"{self.ok} OK, on Linux {ok}"
        return None


def run_in_ringlet(build, case, folder):
    out = os.path.join(folder, case.label.replace(",", "_").replace(":", "-"))
    command = [os.path.join(build, "ringlet"), "run", os.path.join(build, "conformance/bin", case.name),
               "-m", "128", "--no-net", "--accel", "tcg", "--timeout", str(SECONDS),
               "--qemu", f"-cpu {case.cpu}"]
    if case.cmdline:
        command += ["--cmdline", case.cmdline]
    with open(out + ".out", "wb") as stdout, open(out + ".err", "wb") as stderr:
        try:
            status = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr,
                                    timeout=SECONDS + 30, check=False).returncode
        except subprocess.TimeoutExpired:
            status = 124
    with open(out + ".out", encoding="utf-8", errors="replace") as f:
        text = f.read()
    with open(out + ".err", encoding="utf-8", errors="replace") as f:
        errors = f.read()
    return Outcome(text, status), errors


def tail(text, lines):
    return "".join(f"      {line}\n" for line in text.splitlines()[-lines:])


def judge(build, cases, record):
    expected, sources = read_expected()
    folder = os.path.join(build, "check", "conformance")
    os.makedirs(folder, exist_ok=True)
    for name in sorted({case.name for case in cases}):
        if sources.get(name) != checksum(build, name):
            print(f"note: {name}.c is not the one that was measured on Linux")
    print(f"      {'test':24} {'CPU model':24} {'OK':>4} {'Linux':>5}")
    failed = 0
    for case in cases:
        counts = expected.get((case.name, case.cpu))
        outcome, errors = run_in_ringlet(build, case, folder)
        why = outcome.wrong(counts) if counts else "not measured on Linux"
        print(f"{'FAIL' if why else 'ok':5} {case.name:24} {case.cpu:24} {outcome.ok:4} "
              f"{counts[0] if counts else '-':>5}{'  ' + why if why else ''}", flush=True)
        if why:
            failed += 1
            print(tail(outcome.text, 6) + tail(errors, 8), end="", flush=True)
        if record:
            with open(record, "a", encoding="ascii") as f:
                f.write(f"{'fail' if why else 'ok'} conformance/{case.label}\n")
    return len(cases) - failed, failed


def measure(build, cases):
    """The same programs on Linux; what they say stays in BUILD/conformance/linux."""
    import linux

    folder = os.path.join(build, "conformance", "linux")
    os.makedirs(folder, exist_ok=True)
    kernel = linux.Kernel(os.path.join(build, "deps", "linux-image"))
    lines = []
    for cpu in dict.fromkeys(case.cpu for case in cases):
        names = [case.name for case in cases if case.cpu == cpu]
        programs = [os.path.join(build, "conformance/bin", name) for name in names]
        for name, (text, status) in kernel.run(cpu, programs, SECONDS).items():
            with open(os.path.join(folder, f"{name}-{cpu.replace(',', '_')}"), "w",
                      encoding="utf-8") as f:
                f.write(text)
            outcome = Outcome(text, status)
            lines.append((names.index(name), f"{name} {cpu} {outcome.ok} {status}"))
            print(f"{name:24} {cpu:24} {outcome.ok:4} status {status}"
                  f"{'  ' + outcome.fails[0] if outcome.fails else ''}", flush=True)
    with open(os.path.join(build, "deps/linux/version"), encoding="utf-8") as f:
        source = f.read().strip()
    with open(EXPECTED, "w", encoding="ascii") as f:
        f.write(f"{HEAD}# Kernel: {kernel.version}. Source: {source}.\n\n")
        f.writelines(line + "\n" for line in sorted(
            (line for _, line in lines), key=lambda l: [c.name for c in cases].index(l.split()[0])))
        f.write("\n")
        f.writelines(f"source {name} {checksum(build, name)}\n"
                     for name in dict.fromkeys(case.name for case in cases))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=os.path.abspath)
    parser.add_argument("--linux", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--record")
    settings = parser.parse_args()
    cases = list(read_cases())
    if settings.linux:
        measure(settings.build, cases)
        return 0
    # As tools/check.sh wants it: a name without a match is no error, another suite may have it.
    cases = [c for c in cases if settings.only in ("", "conformance", c.name, c.label)]
    if cases:
        judge(settings.build, cases, settings.record)
    return 0


if __name__ == "__main__":
    sys.exit(main())
