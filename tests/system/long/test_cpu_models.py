# SPDX-License-Identifier: MIT
"""The guest tests on CPU models that lack what `-cpu max` has: each fallback of the core is taken.

A program that needs a feature says so itself and skips what it cannot test. QEMU warns of what its TCG
lacks of a model; that is no failure.
"""
import shlex

import pytest

import ringlet
import test_guest

# What each is there for.
MODELS = [
    "qemu64",  # no SMEP, SMAP, XSAVE, FSGSBASE, RDRAND
    "max,-xsave",  # FXSAVE
    "max,-xsaveopt",
    "max,-avx,-avx2",  # an XSAVE area of another size
    "max,-fsgsbase",  # GS by MSRs, its sign decides in the paranoid entries
    "max,-smap,-smep,-umip",
    "max,vendor=GenuineIntel",  # SYSENTER in 64-bit mode
    "max,-rdrand",
    "max,-la57,-pdpe1gb",
    "Opteron_G3",
    "EPYC",
    "Nehalem",
    "Skylake-Client",
]


def cases():
    """Where a test asks for a CPU or for counted instructions itself, the model is not ours to choose."""
    for case in test_guest.cases():
        words = shlex.split(case.values[1].get("run", ""))
        if "--qemu" not in words and "--icount" not in words:
            yield case


@pytest.mark.parametrize("name, settings", cases())
@pytest.mark.parametrize("model", MODELS)
def test_guest_program(model, name, settings):
    test_guest.test_guest(name, dict(settings, run=f"{settings.get('run', '')} --qemu '-cpu {model}'"))
