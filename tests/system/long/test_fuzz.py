# SPDX-License-Identifier: MIT
"""A million random system calls for each of some seeds (tests/guest/fuzz_syscalls.c), on several CPUs.

FUZZ_SEEDS and FUZZ_CALLS ask for others: FUZZ_SEEDS="17 18" make fuzz-syscalls.
"""
import os

import pytest

import ringlet
from test_guest import check_tap

CALLS = os.environ.get("FUZZ_CALLS", "1000000")
SEEDS = os.environ.get("FUZZ_SEEDS", "101 102 103").split()
CPUS = ["max", "qemu64", "max,vendor=GenuineIntel"]


@pytest.mark.parametrize("seed, cpu", [(s, CPUS[i % len(CPUS)]) for i, s in enumerate(SEEDS)])
def test_fuzz(seed, cpu):
    result = ringlet.run(ringlet.guest("fuzz_syscalls"), "-m", "256", "--qemu", f"-cpu {cpu}", "--",
                         CALLS, seed, core="testing", timeout=600)
    assert result.status == 0, str(result)
    check_tap(result)
