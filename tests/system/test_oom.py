# SPDX-License-Identifier: MIT
"""An app that uses up all memory: the log says who has it, and the app is killed."""
import re

import pytest
from ringlet import guest, run


@pytest.mark.parametrize("how", ("touch", "copy"))
def test_who_has_the_memory(how):
    result = run(guest("oom"), "-m", "64", "--", how)
    assert "app: killed by signal 9 SIGKILL" in result.err
    assert len(re.findall("app: out of memory at a page fault on 0x", result.err)) == 1
    total, free, app = map(int, re.search(
        r"memory: (\d+) KiB in all, (\d+) free; the app has (\d+)", result.err).groups())
    assert total > 50_000 and free < 2_000 and app > 45_000
    first = re.search(r"memory: 0x[0-9a-f]+-0x[0-9a-f]+ anonymous: (\d+) KiB of 1073741824",
                      result.err)
    assert first and int(first[1]) > 45_000
