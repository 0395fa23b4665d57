# SPDX-License-Identifier: MIT
"""Runs the Open POSIX Test Suite in Ringlet and holds each test beside what Linux makes of it.

    posix.py BUILD [--only WHAT] [--jobs N] [--smp N] [--record FILE]
    posix.py BUILD --linux [--only WHAT]    measure on a Linux guest, write expected.txt

WHAT is an area, a folder of the suite or a test (signals, sem_wait, sem_wait/1-1), or a pattern. A test
passes here if it ends as it does on Linux, or if it did not pass there; one that passes there and not
here fails, unless docs/CONFORMANCE.md has a row that says why. A failed test is run once more, alone,
as some measure time on a machine that others use too. What each said stays in BUILD/check/posix. Every
run has a time limit.
"""
import argparse
import collections
import concurrent.futures
import fnmatch
import os
import re
import subprocess
import sys
import time

from suite import HERE, Suite, in_order

EXPECTED = os.path.join(HERE, "expected.txt")
REASONS = os.path.join(HERE, "../../docs/CONFORMANCE.md")
# The suite allows 240; no test that ends needs more than a fraction of that.
SECONDS = 60
OUTCOMES = {0: "pass", 1: "fail", 2: "unresolved", 4: "unsupported", 5: "untested"}
SHOWN = ["pass", "fail", "unresolved", "unsupported", "untested", "hung", "signal", "other"]

HEAD = """# SPDX-License-Identifier: MIT
# What a Linux guest makes of the Open POSIX Test Suite: FOLDER OUTCOME TEST... Written by
# `make conformance-posix-expected`. The words are the suite's; "signal" is a death by one.
"""


def outcome_of(status, hung):
    if status == hung:
        return "hung"
    return OUTCOMES.get(status) or ("signal" if 128 < status < 128 + 65 else "other")


class Progress:
    """One line on a terminal that is written anew; nothing elsewhere."""

    def __init__(self):
        self.on = sys.stdout.isatty()

    def __call__(self, text):
        if self.on:
            print(f"\r\033[K{text}", end="", flush=True)

    def line(self, text):
        self("")
        print(text, flush=True)


def read_expected():
    """{label: outcome}"""
    found = {}
    if os.path.exists(EXPECTED):
        with open(EXPECTED, encoding="ascii") as f:
            for line in f:
                words = line.split("#")[0].split()
                for name in words[2:]:
                    found[f"{words[0]}/{name}"] = words[1]
    return found


def read_reasons():
    """[(pattern, outcome)] of the rows `name`, ... | outcome | reason of the table in docs."""
    with open(REASONS, encoding="utf-8") as f:
        text = f.read()
    for row in re.findall(r"^\| (`.*?) \| (\w+) \|", text, re.M):
        for pattern in re.findall(r"`([^`]+)`", row[0]):
            yield pattern, row[1]


def write_expected(results, kernel):
    """Outcomes of what was measured, and what the file had of the rest."""
    every = dict(read_expected(), **results)
    groups = collections.defaultdict(list)
    for label in sorted(every, key=in_order):
        folder, _, name = label.partition("/")
        groups[folder, every[label]].append(name)
    with open(EXPECTED, "w", encoding="ascii") as f:
        f.write(f"{HEAD}# Kernel: {kernel}.\n\n")
        f.writelines(f"{folder} {outcome} {' '.join(names)}\n"
                     for (folder, outcome), names in groups.items())


def run(suite, test, smp):
    """(outcome, seconds); the output goes to BUILD/check/posix."""
    out = os.path.join(suite.build, "check/posix", test.program)
    command = [os.path.join(suite.build, "ringlet"), "run", suite.program_of(test), "-m", "512",
               "--smp", str(smp), "--no-net", "--accel", "tcg", "--timeout", str(SECONDS)]
    began = time.monotonic()
    with open(out, "wb") as f:
        try:
            status = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=f,
                                    stderr=subprocess.STDOUT, timeout=SECONDS + 30,
                                    check=False).returncode
        except subprocess.TimeoutExpired:
            status = 124
    return outcome_of(status, 124), time.monotonic() - began


def run_all(suite, tests, jobs, smp, progress):
    """{label: (outcome, seconds)}"""
    results = {}
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        running = {pool.submit(run, suite, test, smp): test for test in tests}
        for number, ended in enumerate(concurrent.futures.as_completed(running), 1):
            test = running[ended]
            results[test.label] = ended.result()
            progress(f"ran {number} of {len(tests)}  {test.label} {results[test.label][0]}")
    return results


def print_counts(tests, outcomes, expected, failed):
    print(f"{'area':12}" + "".join(f"{word:>12}" for word in SHOWN) + f"{'Linux pass':>12}{'missed':>8}")
    areas = list(dict.fromkeys(t.area for t in sorted(tests, key=lambda t: t.area)))
    for area in areas + ["all"]:
        mine = [t.label for t in tests if area in (t.area, "all")]
        count = collections.Counter(outcomes[label] for label in mine)
        linux = sum(expected.get(label) == "pass" for label in mine)
        print(f"{area:12}" + "".join(f"{count[word]:12}" for word in SHOWN)
              + f"{linux:12}{sum(label in failed for label in mine):8}")


def tail(suite, test, lines):
    with open(os.path.join(suite.build, "check/posix", test.program), encoding="utf-8",
              errors="replace") as f:
        return "".join(f"      {line}\n" for line in f.read().splitlines()[-lines:])


class Judge:
    """What Linux and the documentation say a test has to end with."""

    def __init__(self):
        self.expected = read_expected()
        self.reasons = list(read_reasons())

    def reason(self, label, outcome):
        return any(fnmatch.fnmatchcase(label, pattern) and word == outcome
                   for pattern, word in self.reasons)

    def verdict(self, label, outcome):
        if outcome == "pass":
            return "ok"
        if outcome != "other" and self.expected.get(label) != "pass":
            return "ok"
        return "told" if outcome != "other" and self.reason(label, outcome) else "fail"


def judge(suite, tests, settings, progress):
    judges = Judge()
    os.makedirs(os.path.join(suite.build, "check/posix"), exist_ok=True)
    results = run_all(suite, tests, settings.jobs, settings.smp, progress)
    again = [t for t in tests if judges.verdict(t.label, results[t.label][0]) == "fail"]
    for test in again:
        results[test.label] = run(suite, test, settings.smp)
    with open(os.path.join(suite.build, "posix/results"), "w", encoding="ascii") as f:
        f.writelines(f"{label} {word} {seconds:.1f}\n" for label, (word, seconds) in results.items())
    outcomes = {label: outcome for label, (outcome, _) in results.items()}
    verdicts = {label: judges.verdict(label, outcome) for label, outcome in outcomes.items()}
    progress("")
    for test in tests:
        outcome, seconds = results[test.label]
        if verdicts[test.label] != "ok" or settings.verbose:
            progress.line(f"{verdicts[test.label]:5} {test.label:40} {outcome:12} {seconds:5.1f} s")
        if verdicts[test.label] == "fail" and not settings.brief:
            print(tail(suite, test, 4), end="")
    print_counts(tests, outcomes, judges.expected, {l for l, v in verdicts.items() if v != "ok"})
    print(f"{sum(outcomes[t.label] == 'pass' for t in again)} of {len(again)} that failed passed when run "
          f"again; {sum(v == 'told' for v in verdicts.values())} differ from Linux as docs say")
    if settings.record:
        with open(settings.record, "a", encoding="ascii") as f:
            f.writelines(f"{'fail' if v == 'fail' else 'ok'} posix/{label}\n"
                         for label, v in verdicts.items())
    return "fail" not in verdicts.values()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=os.path.abspath)
    parser.add_argument("--linux", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--smp", type=int, default=1)
    parser.add_argument("--record")
    parser.add_argument("--brief", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    settings = parser.parse_args()
    progress = Progress()
    suite = Suite(settings.build)
    tests = [t for t in suite.tests if settings.only in ("", "posix") or t.wanted(settings.only)]
    # As tools/check.sh wants it: a name without a match is no error, another suite may have it.
    if not tests:
        return 0
    tests, left_out = suite.make(tests, settings.jobs, progress)
    progress("")
    with open(os.path.join(settings.build, "posix/left-out"), "w", encoding="utf-8") as f:
        f.writelines(f"{label}: {why}\n" for label, why in left_out.items())
    counts = collections.Counter(why.split(":")[0] for why in left_out.values())
    print(f"{len(tests)} tests; left out: "
          + (", ".join(f"{n} ({why})" for why, n in counts.items()) or "none")
          + f"; see {settings.build}/posix/left-out", flush=True)
    if settings.linux:
        import linux_posix
        results, kernel = linux_posix.measure(suite, tests, settings.jobs, SECONDS, progress)
        write_expected({label: outcome_of(status, 137) for label, status in results.items()}, kernel)
        return 0
    return 0 if judge(suite, tests, settings, progress) else 1


if __name__ == "__main__":
    sys.exit(main())
