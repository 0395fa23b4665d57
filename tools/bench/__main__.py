# SPDX-License-Identifier: MIT
"""The measuring kit: `ringlet bench` starts it, `make bench` through that. See docs/BENCHMARKS.md."""
import argparse
import datetime
import json
import os
import platform
import sys
import time

sys.dont_write_bytecode = True

import boot  # noqa: E402
import check  # noqa: E402
import program  # noqa: E402
import report  # noqa: E402
import rows  # noqa: E402
import serve  # noqa: E402
from kit import Kit  # noqa: E402
from linux_guest import Linux  # noqa: E402
from machine import BenchError, command_output, install_signals  # noqa: E402

PARTS = {
    "icount": "guest instructions an operation, with and without Linux's mitigations",
    "dear": "what of them is dear on hardware: REP iterations, MSRs, CR writes, ports, ...",
    "clock": "nanoseconds an operation, guests by turns (cycles where KVM works)",
    "http": "requests a second of a web server, connections kept and new",
    "boot": "from the first instruction to main, from QEMU's start to the first byte served",
    "memory": "least memory to boot, memory at rest, sizes of images",
}

USAGE = """ringlet bench [OPTION]...                 all of the parts below
       ringlet bench PROGRAM [OPTION]... [-- ARG]...   a static Linux program of yours"""


def positive(text):
    n = int(text)
    if not 1 <= n <= 99:
        raise argparse.ArgumentTypeError("from 1 to 99")
    return n


def parser():
    p = argparse.ArgumentParser(
        prog="ringlet bench", usage=USAGE, formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Measures Ringlet and a Debian Linux guest on the same QEMU with the same "
        "flags and devices.",
        epilog="Parts:\n" + "\n".join(f"  {n:<8} {t}" for n, t in PARTS.items()))
    p.add_argument("program", nargs="?", help="run this in both guests instead: instructions and "
                   "time, output and exit status compared")
    p.add_argument("--quick", action="store_true", help="fewer rounds, two minutes")
    p.add_argument("--only", metavar="PART,...", help="only those parts")
    p.add_argument("--rows", metavar="PATTERN,...", help="only those operations, as bench --only")
    p.add_argument("--no-linux", dest="linux", action="store_false", help="Ringlet alone")
    p.add_argument("--reps", type=positive, default=9, help="repetitions of a counted row (9)")
    p.add_argument("--rounds", type=positive, default=5, help="turns A B A B by the clock (5)")
    p.add_argument("--json", metavar="FILE", help="write all results there ('-': standard output)")
    p.add_argument("--add", metavar="HOST:GUEST", action="append", default=[],
                   help="a file or folder for PROGRAM")
    p.add_argument("--docs", metavar="DIR", help=argparse.SUPPRESS)
    p.add_argument("--tool", default=os.environ.get("RINGLET_TOOL"), help=argparse.SUPPRESS)
    return p


def parse(argv):
    own, _, rest = (argv, None, []) if "--" not in argv else (
        argv[:argv.index("--")], None, argv[argv.index("--") + 1:])
    p = parser()
    options = p.parse_args(own)
    options.arguments = rest
    options.parts = options.only.split(",") if options.only else list(PARTS)
    for part in options.parts:
        if part not in PARTS:
            p.error(f"there is no part {part!r}; parts: {', '.join(PARTS)}")
    if rest and not options.program:
        p.error("arguments after -- are for a PROGRAM")
    if options.add and not options.program:
        p.error("--add is for a PROGRAM")
    if options.docs and (options.only or options.rows or options.quick or not options.linux):
        p.error("the document is written from a whole run only")
    if not options.tool:
        p.error("run it as ringlet bench")
    return options


def first_line(command):
    return command_output(command).splitlines()[0]


def machine(kit):
    """The host, and the versions of what was measured with."""
    with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as f:
        model = next((line.split(":", 1)[1].strip() for line in f if line.startswith("model name")),
                     "unknown")
    return {
        "cpu": model, "cpus": os.cpu_count(), "kernel": platform.release(),
        "memory": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
        "qemu": first_line([kit.qemu, "--version"]),
        "ringlet": first_line([kit.tool, "--version"]),
        "accelerator": kit.accel()[1],
    }


def part_dear(kit, options):
    import dear
    return dear.count(kit, options)


def measure(kit, options, result):
    """Each part in turn; one that cannot run here says why and leaves the others."""
    parts = {
        "icount": lambda: {"icount": rows.count(kit, options)},
        "dear": lambda: {"dear": part_dear(kit, options)},
        "clock": lambda: {"clock": rows.clock(kit, options)},
        "http": lambda: serve.outside(kit, options, ["http"]),
        "boot": lambda: {"boot": boot.to_main(kit, options),
                         **serve.outside(kit, options, ["first_byte"])},
        "memory": lambda: {"memory": boot.least_memory(kit, options),
                           "sizes": boot.sizes(kit, options)},
    }
    failed = 0
    for part in options.parts:
        kit.note(f"{part}: {PARTS[part]}")
        began = time.monotonic()
        try:
            result.update(parts[part]())
        except BenchError as error:
            kit.note(f"  {part} not measured: {error}")
            result.setdefault("not_measured", {})[part] = str(error)
            failed += 1
        result["seconds"][part] = round(time.monotonic() - began, 1)
    return failed


def bench(kit, options):
    result = {"format": 1, "date": datetime.date.today().isoformat(), "machine": machine(kit),
              "flags": {"counted": kit.counted_settings().arguments(),
                        "clock": kit.clock_settings().arguments()}, "seconds": {}}
    if options.linux:
        result["linux"] = {
            label: Linux(kit, label, None, words=words).facts(kit.clock_settings())
            for label, words in (("linux", ""), ("linux-off", "mitigations=off"))}
    failed = measure(kit, options, result)
    text = json.dumps(result, indent=1)
    if options.json == "-":
        print(text)
    else:
        path = options.json or os.path.join(kit.work, "bench.json")
        os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text + "\n")
        print(report.table(result))
        kit.note(f"all of it: {path}")
    if options.docs and not failed:
        report.write_docs(result, options.docs)
    elif options.docs:
        kit.note(f"{options.docs} is left as it was, since a part is missing")
    return failed != 0


def main():
    install_signals()
    try:
        if sys.argv[1:2] == ["inside"]:
            serve.inside(sys.argv[2])
            return 0
        if sys.argv[1:2] == ["check"]:
            return check.main(sys.argv[2:])
        if sys.argv[1:2] == ["report"]:
            return report.main(sys.argv[2:])
        options = parse(sys.argv[1:])
        kit = Kit(options.tool)
        return program.compare(kit, options) if options.program else bench(kit, options)
    except BenchError as error:
        print(f"ringlet: bench: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
