# SPDX-License-Identifier: MIT
"""Ten minutes of the storm (tests/guest/storm.c): nothing changes, is lost, or stops."""
import ringlet
from test_guest import check_tap

MINUTES = 10


def test_storm():
    result = ringlet.run(ringlet.guest("storm"), "-m", "128", "--", str(MINUTES * 60000), "5000",
                         core="testing", timeout=MINUTES * 60 + 120)
    assert result.status == 0, str(result)
    check_tap(result)
    print([line for line in result.text.splitlines() if line.startswith("# ")])
