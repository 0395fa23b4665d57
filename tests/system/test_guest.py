# SPDX-License-Identifier: MIT
"""Runs the programs of tests/guest as their sources ask for, in lines such as

	 * guest: args="a b" expect=signal:11 mem=64 run="--icount"

one line a run, none: one run without arguments that must end with status 0. expect is exit:N or
signal:N; run holds more arguments for ringlet run; core=testing takes the core with the calls of
tests/core. What they print is TAP: no "not ok", and as many
lines as planned, unless a signal was expected.
"""
import re
import shlex

import pytest

import ringlet

LINE = re.compile(r"guest:((?:[ \t]+\w+=(?:\"[^\"]*\"|[^\s\"]+))*)[ \t]*(?:\*/)?[ \t]*$", re.M)


def cases():
    for source in sorted((ringlet.SOURCE / "tests" / "guest").glob("*.c")):
        found = LINE.findall(source.read_text())
        for i, line in enumerate(found or [""]):
            settings = dict(word.split("=", 1) for word in shlex.split(line))
            name = source.stem + (f"-{i + 1}" if len(found) > 1 else "")
            yield pytest.param(source.stem, settings, id=name)


def check_tap(result):
    lines = result.text.splitlines()
    assert not [line for line in lines if line.startswith(("not ok", "Bail out!"))], str(result)
    plans = [int(m[1]) for m in (re.match(r"1\.\.(\d+)", line) for line in lines) if m]
    assert len(plans) == 1, f"no plan, or more than one: {result}"
    assert len([line for line in lines if re.match(r"ok\b", line)]) == plans[0], str(result)


@pytest.mark.parametrize("name, settings", cases())
def test_guest(name, settings):
    kind, number = settings.get("expect", "exit:0").split(":")
    more = shlex.split(settings.get("run", ""))
    args = shlex.split(settings.get("args", ""))
    result = ringlet.run(ringlet.guest(name), "-m", settings.get("mem", "128"), *more, "--", *args,
                         timeout=int(settings.get("timeout", "60")), core=settings.get("core"))
    assert result.status == int(number) + (128 if kind == "signal" else 0), str(result)
    if kind == "exit" and number == "0":
        check_tap(result)
