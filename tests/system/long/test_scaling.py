# SPDX-License-Identifier: MIT
"""What 2 and 4 CPUs do more than one (tests/guest/scaling.c), under QEMU's multi-threaded TCG.

Two host CPUs give such a machine 1.9 to 2.1 times one; asked for is 1.7. Best of some tries, because
whatever else the host does counts against the more CPUs.
"""
import os
import re

import pytest

import ringlet

WANTED = 1.7
TRIES = 5


def rates(cpus):
    result = ringlet.run(ringlet.guest("scaling"), "--smp", str(cpus), "--", str(cpus), "2000",
                         timeout=60)
    assert result.status == 0, str(result)
    return {m[1]: float(m[2]) for m in re.finditer(r"^# (\w+) ([\d.]+)$", result.text, re.M)}


def test_scaling():
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("the host has one CPU")
    best = {"compute": 0, "call": 0}
    for _ in range(TRIES):
        one, two, four = rates(1), rates(2), rates(4)
        for kind in best:
            best[kind] = max(best[kind], two[kind] / one[kind])
        print({kind: [one[kind], two[kind], four[kind]] for kind in best})
        if min(best.values()) >= WANTED:
            return
    assert not best, f"2 CPUs are worth {best} of one, load {os.getloadavg()}"
