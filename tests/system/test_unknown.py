# SPDX-License-Identifier: MIT
"""System calls that the core does not have are told of in the log: once a number, with the place."""
import collections
import re

import ringlet


def test_unknown_numbers_are_told_of_once():
    # A library's start may do the same: the program makes each call many times.
    result = ringlet.run(ringlet.guest("numbers"))
    assert result.status == 0, str(result)
    told = re.findall(r"system call (-?\d+) is not known \(ENOSYS\), called at 0x([0-9a-f]+) in (\w+)",
                      result.err)
    numbers = collections.Counter(int(n) for n, _, _ in told)
    assert set(numbers.values()) == {1}, numbers
    # Those of Linux have a line each; those that can be nobody's share one.
    assert {57, 400, 600, 1000, 1023} <= set(numbers), numbers
    assert len([n for n in numbers if not 0 <= n < 1024]) == 1, numbers
