# SPDX-License-Identifier: MIT
"""`make bench-check`: counted figures of Ringlet beside the committed ones, as TAP.

check TOOL BASELINE [--update]. Counts only, so the machine's load has no say.
"""
import json
import sys

from kit import Kit, parse_rows
from machine import BenchError
from ringlet_guest import Ringlet

ROWS = ("getpid", "fault", "tcp")
RISE = 0.05


def measure(kit):
    guest = Ringlet(kit, "ringlet", kit.made("apps/bench"))
    words = ["--json", "--reps", "3", "--only", ",".join(ROWS)]
    rows = parse_rows(guest.run(kit.counted_settings(), words, seconds=60), guest.label)[1]
    for name in ROWS:
        if "ticks" not in rows.get(name, {}):
            raise BenchError(f"{name} was not measured: {rows.get(name)}")
    return {name: rows[name]["ticks"] for name in ROWS}


def verdicts(figures, baseline):
    """(passed, line) of each row."""
    for name in ROWS:
        figure, base = figures[name], baseline.get(name)
        if not base:
            yield False, f"{name}: the baseline has no such row"
            continue
        change = (figure / base - 1) * 100
        line = f"{name}: {figure:.1f} instructions, the baseline has {base:.1f} ({change:+.1f} %)"
        yield figure <= base * (1 + RISE), line


def main(arguments):
    tool, path = arguments[:2]
    figures = measure(Kit(tool))
    if arguments[2:] == ["--update"]:
        with open(path, "w", encoding="utf-8") as f:
            json.dump({name: round(value, 2) for name, value in figures.items()}, f, indent=1)
            f.write("\n")
        print(f"{path} is written: commit it with the change that explains it", file=sys.stderr)
        return 0
    with open(path, encoding="utf-8") as f:
        baseline = json.load(f)
    failed = 0
    print(f"1..{len(ROWS)}")
    for i, (passed, line) in enumerate(verdicts(figures, baseline), 1):
        failed += not passed
        print(f"{'ok' if passed else 'not ok'} {i} - {line}")
    return failed != 0
