# SPDX-License-Identifier: MIT
"""All of busybox's applets that run in one process; some are part of make check."""
import shlex

import pytest

import program_cases as cases


@cases.needs_unshare
@cases.program("/usr/bin/busybox")
@pytest.mark.parametrize("line", cases.applets(True))
def test_busybox_applet(line, tmp_path):
    cases.same_on_both(tmp_path, ["/bin/busybox", *shlex.split(line)], "/usr/bin/busybox")
