# SPDX-License-Identifier: MIT
"""Results as Markdown and as a picture. report JSON DOCS writes docs/ from a run that was kept."""
import json
import os

import svg
from machine import BenchError
from rows import LABELS

BEGIN = "<!-- written by make bench: begin -->"
END = "<!-- written by make bench: end -->"


def cell(value, digits=0):
    return "" if value is None else f"{value:,.{digits}f}"


def markdown(head, lines):
    """A table, the first column to the left and the others to the right."""
    out = ["| " + " | ".join(head) + " |", "|---" + "|---:" * (len(head) - 1) + "|"]
    out += ["| " + " | ".join(line) + " |" for line in lines]
    return "\n".join(out) + "\n"


def counted_value(part, label, name):
    return part.get(label, {}).get("rows", {}).get(name, {}).get("ticks")


def best(part, name):
    """The newlib build's figure, or the Linux program's where that one lacks the operation."""
    own = counted_value(part, "ringlet", name)
    return counted_value(part, "ringlet-static", name) if own is None else own


def counted_table(part):
    labels = [label for label in LABELS if label in part]
    lines = []
    for name, row in part["ringlet"]["rows"].items():
        values = [counted_value(part, label, name) for label in labels]
        if all(v is None for v in values):
            continue
        own, linux = best(part, name), counted_value(part, "linux", name)
        ratio = f"{linux / own:.2f}" if own and linux else ""
        lines.append([name + (" \\*" if row["halts"] else ""), *map(cell, values), ratio])
    return ("Guest instructions an operation (median), counted:\n\n"
            + markdown(["operation", *(LABELS[label] for label in labels), "Linux / Ringlet"],
                       lines)
            + "\n\\* threads wait for each other: time in which the CPU halts is in the row, and "
              "counts are not the same at every run.\n")


def spoken(value):
    return cell(value, 1 if value is not None and value < 100 else 0)


def clock_table(part):
    """In cycles of the time-stamp counter where guests run on the CPU itself."""
    unit, what = ("ticks", "Cycles") if "KVM" in part["on"] else ("ns", "Nanoseconds")
    lines = []
    for name, row in part["rows"].items():
        if not row:
            continue
        values = [row.get(label, {}).get(unit) for label in ("ringlet", "ringlet-static", "linux")]
        ratios = [row.get(label, {}).get("ratio") for label in ("ringlet", "ringlet-static")]
        lines.append([name, *map(spoken, values), *(cell(r, 2) for r in ratios)])
    return (f"{what} an operation by the clock ({part['on']}), {part['rounds']} rounds by "
            "turns; ratios are medians of those of neighbouring runs:\n\n"
            + markdown(["operation", "Ringlet, newlib", "the Linux program", "Linux",
                        "Linux / newlib", "Linux / the same program"], lines))


def http_table(part):
    lines = []
    for label, row in part.items():
        kept, new = row["keep_alive"], row["new"]
        lines.append([LABELS[label], cell(kept["per_second"]), cell(kept.get("ratio"), 2),
                      cell(new["per_second"]), cell(new.get("ratio"), 2),
                      cell(row["resident_at_rest"] / 2 ** 20, 1),
                      cell(row["resident_after"] / 2 ** 20, 1)])
    return ("The same web server (apps/httpd) in each guest, behind a tap; ratios are to Linux, "
            "medians of the rounds:\n\n"
            + markdown(["guest", "requests/s, kept alive", "ratio", "requests/s, new connections",
                        "ratio", "MiB of the host's memory at rest", "after the load"], lines))


def boot_tables(result):
    out = ""
    if "boot" in result:
        lines = [[LABELS[label], cell(row["clock_ns"] / 1e6, 2), cell(row["since_reset"] / 1e6, 1)]
                 for label, row in result["boot"].items()]
        out += ("Boot, millions of guest instructions (= ms of guest time) until main:\n\n"
                + markdown(["guest", "by its own clock since its start", "since the machine's reset"],
                           lines))
    if "first_byte" in result:
        lines = [[name, cell(row["seconds"], 3), cell(row["mad"], 3)]
                 for name, row in result["first_byte"].items()]
        out += ("\nSeconds from QEMU's start to the first byte of an answer over HTTP:\n\n"
                + markdown(["way to boot", "median", "+-"], lines))
    return out


def memory_table(result):
    names = {"ringlet": "Ringlet, PVH", "ringlet-iso": "Ringlet, ISO by BIOS", "linux": "Linux"}
    lines = [[f"least memory for hello: {names[k]}", "none" if v is None else f"{v} MiB"]
             for k, v in result.get("memory", {}).items()]
    names = {"core": "Ringlet's core", "archive": "hello's archive", "iso": "hello's ISO",
             "linux_kernel": "Linux's kernel, compressed",
             "linux_initramfs": "Linux's initramfs with hello"}
    lines += [[f"size: {names[k]}", f"{v / 1000:,.0f} kB"]
              for k, v in result.get("sizes", {}).items()]
    return markdown(["memory and images", ""], lines)


def dear_table(part):
    """Classes that any operation executes are the columns."""
    kinds = [k for k in part["kinds"] if any(row.get(k) for row in part["rows"].values())]
    lines = [[name, *(cell(row[k], 0 if row.get(k, 0) >= 100 else 2) if row.get(k) else ""
                      for k in kinds)]
             for name, row in part["rows"].items()]
    return (f"Of an operation's instructions in Ringlet, those that are dear on hardware "
            f"({part['covers']}):\n\n" + markdown(["operation", *kinds], lines)
            + "\nWhat is below one happens now and then: a timer, a page that is zeroed.\n")


def machine_lines(result):
    m = result["machine"]
    lines = [f"- {result['date']}; {m['ringlet']}; {m['qemu']}",
             f"- host: {m['cpu']}, {m['cpus']} CPUs, {m['memory'] / 2 ** 30:.0f} GiB, Linux "
             f"{m['kernel']}; {m['accelerator']}"]
    if "linux" in result:
        lines.append(f"- Linux guest: {result['linux']['linux'][0]}")
        for label in ("linux", "linux-off"):
            found = [line for line in result["linux"][label][1:]
                     if "Mitigation" in line or "Vulnerable" in line]
            lines.append(f"  - {LABELS[label]}: " + ("; ".join(found) or "none in use"))
    lines += [f"- QEMU, {kind}: `{' '.join(flags)}`" for kind, flags in result["flags"].items()]
    return "\n".join(lines) + "\n"


def table(result):
    parts = [machine_lines(result)]
    for key, make in (("icount", counted_table), ("dear", dear_table), ("clock", clock_table),
                      ("http", http_table)):
        if key in result:
            parts.append(make(result[key]))
    if "boot" in result or "first_byte" in result:
        parts.append(boot_tables(result))
    if "memory" in result:
        parts.append(memory_table(result))
    for part, why in result.get("not_measured", {}).items():
        parts.append(f"Not measured: {part}: {why}\n")
    return "\n".join(parts)


def picture(result):
    part = result["icount"]
    rows = [(name, best(part, name), counted_value(part, "linux", name))
            for name in part["ringlet"]["rows"] if name != "membw"]
    rows = [row for row in rows if row[1] and row[2]]
    m = result["machine"]
    return svg.picture("Guest instructions an operation", f"{m['ringlet']} and Linux "
                       f"{result['icount']['linux']['head']['release']}; fewer is better, the "
                       "scale is logarithmic; make bench", rows)


def write_docs(result, folder):
    """What lies between the marks of BENCHMARKS.md, and the picture."""
    path = os.path.join(folder, "BENCHMARKS.md")
    with open(path, encoding="utf-8") as f:
        old = f.read()
    if BEGIN not in old or END not in old:
        raise BenchError(f"{path} lacks the marks {BEGIN} and {END}")
    new = (old[:old.index(BEGIN) + len(BEGIN)] + "\n" + table(result) + old[old.index(END):])
    with open(path, "w", encoding="utf-8") as f:
        f.write(new)
    with open(os.path.join(folder, "bench.svg"), "w", encoding="utf-8") as f:
        f.write(picture(result))


def main(arguments):
    with open(arguments[0], encoding="utf-8") as f:
        write_docs(json.load(f), arguments[1])
    return 0
