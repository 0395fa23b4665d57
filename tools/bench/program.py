# SPDX-License-Identifier: MIT
"""`ringlet bench PROGRAM`: a user's static Linux program in both guests, side by side.

Counted: instructions from its start to its end. In Ringlet by the core's own log (microseconds, which
are thousands of instructions there), in Linux by a program that tells the counter before and after.
What is around it (fork, exec and exit in Linux) is measured with a program that does next to nothing
and shown, not subtracted.
"""
import os
import re
import statistics

from boot import UP
from linux_guest import Linux, shell_quote
from machine import BenchError
from ringlet_guest import Ringlet

SECONDS = 600
STARTS = re.compile(rb"\[ *(\d+\.\d+)\] app: .*starts after")
ENDS = re.compile(rb"\[ *(\d+\.\d+)\] app: (?:exited|killed|signal)[^\n]*")

JOB = """cd /
/bin/first-linux >/tmp/before
{line} >/tmp/out 2>/tmp/err </dev/null
status=$?
/bin/first-linux >/tmp/after
bounded() {{ /bin/busybox head -c 16777216 $1; }}
{{
    /bin/busybox cat /tmp/before /tmp/after
    echo "bench-status $status $(bounded /tmp/out | /bin/busybox wc -c) $(bounded /tmp/err | /bin/busybox wc -c)"
    bounded /tmp/out
    bounded /tmp/err
}} >/dev/ttyS0
"""


def in_ringlet(guest, settings, arguments):
    """(Ended, nanoseconds of guest time)."""
    with guest.start(settings, arguments) as run:
        ended = guest.finish(run, SECONDS)
        log = run.read(run.serial)
    begin, end = STARTS.search(log), ENDS.search(log)
    if not begin or not end:
        raise BenchError(f"the core's log does not tell when the program began and ended:\n"
                         f"{log[-600:].decode('ascii', 'replace')}")
    return ended, round((float(end[1]) - float(begin[1])) * 1e9)


def in_linux(guest, settings, arguments, counted):
    line = " ".join(map(shell_quote, ["/bin/" + os.path.basename(guest.program), *arguments]))
    with guest.start(settings, job=JOB.format(line=line)) as run:
        ended = guest.finish(run, SECONDS)
        times = UP.findall(run.read(run.serial))[:2]
    which = 1 if counted else 0
    return ended, int(times[1][which]) - int(times[0][which])


def pair(kit, options, path, label):
    files = [f"{kit.program('first')}:/bin/first-linux"]
    own = Ringlet(kit, f"{label}-ringlet", path, options.add)
    linux = Linux(kit, f"{label}-linux", path, options.add + files) if options.linux else None
    return own, linux


def counted(kit, guests, arguments):
    settings = kit.counted_settings()
    own = in_ringlet(guests[0], settings, arguments)
    return own, in_linux(guests[1], settings, arguments, True) if guests[1] else None


def by_clock(kit, guests, arguments, rounds):
    """Milliseconds of each round, by turns."""
    settings = kit.clock_settings()
    times = [], []
    for turn in range(rounds):
        times[0].append(in_ringlet(guests[0], settings, arguments)[1] / 1e6)
        if guests[1]:
            times[1].append(in_linux(guests[1], settings, arguments, False)[1] / 1e6)
        kit.note(f"  round {turn + 1} of {rounds}")
    return times


def difference(a, b):
    """In words where two outputs differ; empty if they do not."""
    if a == b:
        return ""
    at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
    return f"from byte {at}: {a[at:at + 40]!r} in Ringlet, {b[at:at + 40]!r} in Linux"


def line(what, own, linux, form):
    ratio = f"{linux / own:10.2f}" if linux and own else ""
    print(f"{what:<46} {form.format(own):>16} {form.format(linux) if linux else '':>16} {ratio}")


def show(own, linux, nothing, times):
    print(f"{'':<46} {'Ringlet':>16} {'Linux':>16} {'ratio':>10}")
    line("instructions from its start to its end", own[1], linux and linux[1], "{:,}")
    line("  of a program that does next to nothing", nothing[0][1], nothing[1] and nothing[1][1],
         "{:,}")
    middle = [statistics.median(t) if t else None for t in times]
    line(f"milliseconds, median of {len(times[0])}", middle[0], middle[1], "{:.3f}")
    if linux:
        pairs = [b / a for a, b in zip(*times) if a]
        if pairs:
            print(f"{'  ratio, median of the pairs':<46} {'':>16} {'':>16} "
                  f"{statistics.median(pairs):10.2f}")


def agreement(own, linux):
    """Says whether both guests' program did the same; the command's status."""
    if not linux:
        print(f"exit status {own.status}")
        return 0
    problems = []
    if own.status != linux.status:
        problems.append(f"exit status: {own.status} in Ringlet, {linux.status} in Linux")
    for name in ("out", "err"):
        why = difference(getattr(own, name), getattr(linux, name))
        if why:
            problems.append(f"standard {'output' if name == 'out' else 'error'} differs {why}")
    for problem in problems:
        print(problem)
    if not problems:
        print(f"same exit status ({own.status}) and same output ({len(own.out)} bytes)")
    return bool(problems)


def compare(kit, options):
    path = os.path.abspath(options.program)
    if not os.path.isfile(path):
        raise BenchError(f"{options.program}: no such file")
    guests = pair(kit, options, path, "own")
    kit.note("counting instructions")
    own, linux = counted(kit, guests, options.arguments)
    nothing = counted(kit, pair(kit, options, kit.program("first"), "nothing"), [])
    kit.note(f"by the clock: {kit.accel()[1]}")
    times = by_clock(kit, guests, options.arguments, 2 if options.quick else options.rounds)
    show(own, linux, nothing, times)
    return agreement(own[0], linux and linux[0])
