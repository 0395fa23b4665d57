# SPDX-License-Identifier: MIT
"""Ten minutes of the storm (tests/guest/storm.c) on one CPU and on four: nothing changes, is lost, or stops."""
import pytest

import ringlet
from test_guest import check_tap

MINUTES = 10


@pytest.mark.parametrize("cpus", ["1", "4"])
def test_storm(cpus):
    result = ringlet.run(ringlet.guest("storm"), "-m", "128", "--smp", cpus, "--",
                         str(MINUTES * 60000), "5000", cpus, core="testing",
                         timeout=MINUTES * 60 + 120)
    assert result.status == 0, str(result)
    check_tap(result)
    print([line for line in result.text.splitlines() if line.startswith("# ")])
