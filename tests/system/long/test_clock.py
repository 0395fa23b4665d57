# SPDX-License-Identifier: MIT
"""A minute of reading the clock on four CPUs (tests/guest/clock_cpus.c), with each counter."""
import pytest

import ringlet
from test_guest import check_tap


@pytest.mark.parametrize("counter", ["tsc", "hpet", "pmtimer"])
def test_never_back(counter):
    options = ["--cmdline", f"clock={counter}"] if counter != "tsc" else []
    result = ringlet.run(ringlet.guest("clock_cpus"), "--smp", "4", *options, "--", "60000",
                         core="testing", timeout=180)
    assert result.status == 0, str(result)
    check_tap(result)
