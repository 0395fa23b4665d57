# SPDX-License-Identifier: MIT
"""Programs that nobody here wrote or built, out of Debian's packages: what they say in Ringlet is
what they say on the host. Those that a machine lacks are left out (./configure --install-deps
brings them).
"""
import shlex

import pytest

import program_cases as cases


@cases.needs_unshare
@cases.program("/usr/bin/busybox")
@pytest.mark.parametrize("line", cases.applets(False))
def test_busybox_applet(line, tmp_path):
    cases.same_on_both(tmp_path, ["/bin/busybox", *shlex.split(line)], "/usr/bin/busybox")
