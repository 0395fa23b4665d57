# SPDX-License-Identifier: MIT
"""Instructions that are dear on hardware, an operation: by a plugin of QEMU's (count.c).

Each operation is run twice, with different numbers of turns; what the longer run counts more, divided
by what it does more, is the operation's, and everything round it (boot, setting up) cancels out.
"""
import json
import os

from kit import failures, parse_rows
from machine import BenchError
from ringlet_guest import Ringlet

SHORT, LONG = 256, 768  # turns; multiples of every operation's batch
TIMES = 2               # bench warms up with as many turns as it then measures
COVERS = ("the core's own and the app's SYSCALL, the newlib build; each kind is a count of executed "
          "instructions, REP turns are iterations of string instructions")


def counted(kit, guest, name, turns):
    """(counts, bench's row) of one run."""
    out = os.path.join(kit.scratch, "counts")
    plugin = kit.made("bench/count.so")
    settings = kit.counted_settings(more=["-plugin", f"file={plugin},out={out}"])
    words = ["--json", "--reps", "1", "--only", name, "--iters", str(turns)]
    if os.path.exists(out):
        os.unlink(out)
    with guest.start(settings, words) as run:
        ended = guest.finish(run, 120)
        if not os.path.exists(out):
            raise BenchError(f"this QEMU takes no plugin of ours: {run.tail()[-300:]}")
    with open(out, encoding="ascii") as f:
        counts = json.load(f)
    rows = parse_rows(ended, guest.label)[1]
    for line in failures(rows):
        raise BenchError(line)
    return counts, rows[name]


def names(kit, guest, options):
    words = ["--list"] + (["--only", options.rows] if options.rows else [])
    ended = guest.run(kit.counted_settings(), words)
    if ended.status:
        raise BenchError(ended.err.decode("utf-8", "replace").strip())
    return [line.split()[0].rstrip("*") for line in ended.out.decode().splitlines() if line.strip()]


def count(kit, options):
    guest = Ringlet(kit, "ringlet", kit.made("apps/bench"))
    rows, kinds = {}, []
    for name in names(kit, guest, options):
        few, row = counted(kit, guest, name, SHORT)
        if "ticks" not in row:
            continue
        many, long_row = counted(kit, guest, name, LONG)
        done = TIMES * (long_row["iters"] - row["iters"])
        kinds = list(few)
        rows[name] = {kind: round((many[kind] - few[kind]) / done, 3) for kind in kinds
                      if many[kind] - few[kind] >= done / 100}
    if not rows:
        raise BenchError("no operation was measured")
    kit.note(f"  {len(rows)} operations")
    return {"covers": COVERS, "kinds": kinds, "rows": rows}
