# SPDX-License-Identifier: MIT
"""The table of guards in docs/ENTRY.md, from tests/ablate: table.py SOURCE [--check].

Writes it between the page's two marks; with --check says whether it stands there as it would be
written (exit status 0), which lint does.
"""
import pathlib
import re
import sys

BEGIN, END = "<!-- guards -->\n", "<!-- end of guards -->\n"
# Groups by the beginnings of names; what fits none stands in the last.
GROUPS = [
    ("System calls", "number sfmask star cstar sysenter last-page unknown uaccess registers count"),
    ("GS, segments, LDT, ESPFIX, IRET, ports",
     "swapgs gs- prctl selector ldt tls int80 iret espfix io"),
    ("Exceptions, interrupts and their stacks",
     "gate stub exception interrupt- paranoid debug double nmi mc- spurious unexpected"),
    ("The core's own memory, its reports, what leaks",
     "guard-page stack-nx text rodata data-nx direct seal smap smep write-protect report leak"),
    ("Other CPUs, time, threads", "smp clock timer slice"),
    ("Words that threads wait on", "futex robust membarrier"),
    ("Signals, FPU", "sig fpu"),
    ("Filter, tracer, /proc, ids, and the rest", ""),
]


def guards(source):
    for file in sorted((source / "tests" / "ablate").glob("*.ablate")):
        text = file.read_text()
        yield (file.stem, re.search(r"^# guard: (.*)", text, re.M)[1],
               re.search(r"^# test: (.*)", text, re.M)[1])


def table(source):
    left = list(guards(source))
    lines = []
    for title, prefixes in GROUPS:
        group = [g for g in left if not prefixes or g[0].startswith(tuple(prefixes.split()))]
        left = [g for g in left if g not in group]
        if group:
            lines += ["", f"### {title}", "", "| what holds | test | taken out by |", "|---|---|---|"]
            lines += [f"| {what} | {test} | {name} |" for name, what, test in group]
    return "\n".join(lines[1:]) + "\n"


def main():
    source = pathlib.Path(sys.argv[1])
    page = source / "docs" / "ENTRY.md"
    text = page.read_text()
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    wanted = before + BEGIN + "\n" + table(source) + "\n" + END + after
    if "--check" in sys.argv:
        if text != wanted:
            print("docs/ENTRY.md: the table of guards is not tests/ablate's: run tests/ablate/table.py .")
        sys.exit(text != wanted)
    page.write_text(wanted)


main()
