# SPDX-License-Identifier: MIT
"""System calls that the core does not have are told of in the log: once a number, with the place."""
import collections
import os
import re

import pytest

import ringlet

LUA = "/usr/bin/lua5.4"


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
    # clone is known, and refused unless it makes a thread.
    refused = re.findall(r"clone of a process are refused .*called at 0x[0-9a-f]+ in (\w+) ",
                         result.err)
    assert len(refused) == 1, str(result)


@pytest.mark.skipif(not os.path.exists(LUA), reason=f"there is no {LUA}")
def test_the_place_in_a_library_is_told():
    result = ringlet.run(LUA, "--", "-e", "print(os.execute('true'))")
    assert result.out == b"nil\tFunction not implemented\t38\n", str(result)
    place = re.search(r"clone of a process are refused .* in (\S+)\+0x([0-9a-f]+) ", result.err)
    assert place and place[1] == "libc.so.6", str(result)
