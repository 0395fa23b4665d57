# SPDX-License-Identifier: MIT
"""Memory under several CPUs for long: stale translations, and random calls against a model.

TLB_ROUNDS and VM_SEEDS ask for others.
"""
import os

import pytest

import ringlet
from test_guest import check_tap

ROUNDS = os.environ.get("TLB_ROUNDS", "100000")
SEEDS = os.environ.get("VM_SEEDS", "11 12 13 14 15").split()


@pytest.mark.parametrize("cpus", (2, 4))
def test_no_stale_write(cpus):
    result = ringlet.run(ringlet.guest("tlb"), "--smp", str(cpus), "--", ROUNDS, timeout=3600)
    assert result.status == 0, str(result)
    check_tap(result)


@pytest.mark.parametrize("seed", SEEDS)
def test_random_calls(seed):
    result = ringlet.run(ringlet.guest("vm_random"), "-m", "256", "--", seed, "200000",
                         timeout=600)
    assert result.status == 0, str(result)
    check_tap(result)
