# SPDX-License-Identifier: MIT
"""Ten minutes of 64 threads on 4 CPUs (tests/guest/stress.c): nothing is lost, memory is back."""
import ringlet
from test_guest import check_tap

MINUTES = 10


def test_stress():
    result = ringlet.run(ringlet.guest("stress"), "-m", "256", "--smp", "4", "--",
                         str(MINUTES * 60), timeout=MINUTES * 60 + 120)
    assert result.status == 0, str(result)
    check_tap(result)
    print([line for line in result.text.splitlines() if line.startswith("# ")])
