# SPDX-License-Identifier: MIT
"""The guest tests, and Linux's selftests where they are built, on Bochs.

It models what QEMU's TCG does not: the #GP of a SYSRET to a non-canonical address in ring 0, the debug
shadow of MOV SS, x2APIC mode, the TSC deadline. Each program runs as its source asks for, but without
the arguments that only QEMU understands.
"""
import shlex

import pytest

import bochs
import conformance
import ringlet
import test_guest

# Of `ringlet run`: what has a meaning here is handed to `ringlet image`, what has none is left out.
FOR_IMAGE = {"--cmdline", "--add"}
WITHOUT_MEANING = {"--no-net", "-q"}
SLOWER = 3  # than QEMU, as time limits go: it interprets each instruction

# For the paths that a Skylake-X does not take, and what the core has to find there.
OTHER_MODELS = {
    "core2_penryn_t9600": "xAPIC, timer by one-shot",  # nor FSGSBASE, SMEP, SMAP
    "corei7_sandy_bridge_2600k": "xAPIC, timer by TSC deadline",
    "athlon64_venice": "xAPIC, timer by one-shot",  # nor XSAVE; AMD
    "ryzen": "xAPIC, timer by one-shot",  # AMD with FSGSBASE, SMEP, SMAP
    "tigerlake": "x2APIC, timer by TSC deadline",  # UMIP, XSAVES
}
ON_OTHER_MODELS = {"registers", "numbers", "interrupts", "clocks", "start", "memory"}

# The CPU models of QEMU's whose counts a Skylake-X shall have, the first that was measured.
LIKE_ON = ["max,vendor=GenuineIntel", "max", "max,-smap"]
# With AVX-512 a signal's frame is larger than the stack that sigaltstack tries first: two cases.
OTHER_COUNTS = {"sigaltstack": (2, 0)}


def translated(words):
    """Options for `ringlet image`, or None if QEMU itself is asked for something."""
    words, options = shlex.split(words), []
    while words:
        word = words.pop(0)
        if word in FOR_IMAGE and words:
            options += [word, words.pop(0)]
        elif word not in WITHOUT_MEANING:
            return None
    return options


def guest_cases():
    for case in test_guest.cases():
        settings = case.values[1]
        if settings.get("on", "") != "qemu" and translated(settings.get("run", "")) is not None:
            yield case


def run_guest(name, settings, **machine):
    kind, number = settings.get("expect", "exit:0").split(":")
    result = bochs.run(ringlet.guest(name), *shlex.split(settings.get("args", "")),
                       options=translated(settings.get("run", "")), core=settings.get("core"),
                       memory=max(int(settings.get("mem", "128")), 32),
                       seconds=SLOWER * int(settings.get("timeout", "60")), **machine)
    assert result.status == int(number) + (128 if kind == "signal" else 0), str(result)
    if kind == "exit" and number == "0":
        test_guest.check_tap(result)
    return result


def test_hello():
    result = bochs.run(ringlet.HELLO, "one")
    assert result.status == 0 and "hello from Ringlet" in result.out, str(result)
    assert "apic: x2APIC, timer by TSC deadline" in result.text, str(result)


@pytest.mark.parametrize("name, settings", guest_cases())
def test_guest_program(name, settings):
    run_guest(name, settings)


@pytest.mark.parametrize("name, settings", [c for c in guest_cases()
                                              if c.values[0] in ON_OTHER_MODELS])
@pytest.mark.parametrize("model", OTHER_MODELS)
def test_other_model(model, name, settings):
    result = run_guest(name, settings, model=model)
    assert f"apic: {OTHER_MODELS[model]}\n" in result.text, str(result)


def selftests():
    """(case, counts) of each of Linux's selftests, as tests/conformance wants them."""
    expected = conformance.read_expected()[0]
    for name, counts in OTHER_COUNTS.items():
        yield pytest.param(conformance.Case(name, "", bochs.SKYLAKE_X), counts, id=name)
    seen = set(OTHER_COUNTS)
    for cpu in LIKE_ON:
        for case in conformance.read_cases():
            if case.cpu == cpu and case.name not in seen and (case.name, cpu) in expected:
                seen.add(case.name)
                yield pytest.param(case, expected[case.name, cpu], id=case.name)


@pytest.mark.parametrize("case, counts", selftests())
def test_linux_selftest(case, counts):
    program = ringlet.BUILD / "conformance" / "bin" / case.name
    if not program.exists():
        pytest.skip("make conformance builds it")
    result = bochs.run(program, options=["--cmdline", case.cmdline] if case.cmdline else [])
    why = conformance.Outcome(result.out, result.status).wrong(counts)
    assert not why, f"{why}\n{result}"
