# SPDX-License-Identifier: MIT
"""Programs of tests/guest built by the host's compilers, against glibc and musl, static and dynamic,
position-independent or not: all of them; some are part of make check."""
import pytest

import program_cases as cases


@pytest.mark.parametrize("source, kind", cases.builds(cases.SOURCES))
def test_a_build_of_the_hosts_compiler(source, kind, tmp_path):
    cases.build_and_run(source, kind, tmp_path)
