# SPDX-License-Identifier: MIT
"""The operations of apps/bench, counted and by the clock, in each guest."""
import statistics

from kit import failures, parse_rows, spread
from linux_guest import Linux
from ringlet_guest import Ringlet

# The words that name what is measured, in every output.
LABELS = {
    "ringlet": "Ringlet, newlib",
    "ringlet-static": "Ringlet, the Linux program",
    "linux": "Linux",
    "linux-off": "Linux, mitigations=off",
}


def guests(kit, options, all_of_linux=True):
    """The guests in the order of the tables."""
    static = kit.program("bench")
    found = [Ringlet(kit, "ringlet", kit.made("apps/bench")),
             Ringlet(kit, "ringlet-static", static)]
    if options.linux:
        found.append(Linux(kit, "linux", static))
        if all_of_linux:
            found.append(Linux(kit, "linux-off", static, words="mitigations=off"))
    return found


def arguments(options, reps, time_ms=1):
    words = ["--json", "--reps", str(reps), "--time", str(time_ms)]
    return words + (["--only", options.rows] if options.rows else [])


def compact(row):
    """What the JSON keeps of a row."""
    if "ticks" not in row:
        return {k: row[k] for k in ("skip", "failed", "halts") if k in row}
    return {k: row[k] for k in ("ticks", "mad", "own", "ns", "iters", "reps", "bytes", "halts")}


def count(kit, options):
    """Guest instructions an operation: {label: {"head":, "rows":, "seconds":}}."""
    result = {}
    for guest in guests(kit, options, not options.quick):
        with guest.start(kit.counted_settings(), arguments(options, options.reps)) as run:
            ended = guest.finish(run, 300)
            seconds = run.seconds()
        head, rows = parse_rows(ended, guest.label)
        for line in failures(rows):
            kit.note(f"  {guest.label}: FAILED {line}")
        measured = sum("ticks" in row for row in rows.values())
        kit.note(f"  {guest.label:<15} {measured} of {len(rows)} operations, {seconds:.1f} s")
        result[guest.label] = {"head": head,
                               "rows": {name: compact(row) for name, row in rows.items()}}
    return result


def clock(kit, options):
    """Nanoseconds an operation, the guests by turns; ratios are of neighbours, then the median."""
    mode, why = kit.accel()
    rounds = 2 if options.quick else options.rounds
    settings = kit.clock_settings()
    all_guests = guests(kit, options, False)
    runs = {guest.label: [] for guest in all_guests}
    for turn in range(rounds):
        for guest in all_guests:
            ended = guest.run(settings, arguments(options, 3, 2), seconds=180)
            runs[guest.label].append(parse_rows(ended, guest.label)[1])
        kit.note(f"  round {turn + 1} of {rounds}")
    return {"on": why, "flags": mode, "rounds": rounds, "rows": clock_rows(runs)}


def clock_rows(runs):
    rows = {}
    for name in runs["ringlet"][0]:
        row = {}
        for label, turns in runs.items():
            have = [turn.get(name, {}) for turn in turns]
            if all("ns" in one for one in have):
                ns, mad = spread([one["ns"] for one in have])
                row[label] = {"ns": round(ns, 1), "mad": round(mad, 1),
                              "ticks": round(statistics.median(one["ticks"] for one in have), 1)}
        for label in ("ringlet", "ringlet-static"):
            if label in row and "linux" in row:
                pairs = [linux[name]["ns"] / own[name]["ns"]
                         for own, linux in zip(runs[label], runs["linux"]) if own[name]["ns"]]
                ratio, mad = spread(pairs)
                row[label]["ratio"] = round(ratio, 3)
                row[label]["ratio_mad"] = round(mad, 3)
        rows[name] = row
    return rows

