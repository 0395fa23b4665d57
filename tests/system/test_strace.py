# SPDX-License-Identifier: MIT
"""The system-call tracer: option strace=1."""
import re

import ringlet


def lines(result):
    return re.findall(r"strace: (.*)", result.err)


def test_calls_are_named_with_arguments_and_results():
    result = ringlet.run(ringlet.HELLO, "--cmdline", "strace=1")
    assert result.status == 0, str(result)
    seen = lines(result)
    assert any(re.fullmatch(r'write\(1, "hello from Ringlet\\n.*"\.\.\., \d+\) = \d+', s)
               for s in seen), seen
    assert any(re.fullmatch(r"brk\(0\) = 0x[0-9a-f]+", s) for s in seen), seen
    assert seen[-1] == "exit_group(0)"


def test_errors_have_names_and_bad_pointers_do_no_harm():
    result = ringlet.run(ringlet.guest("efault"), "--cmdline", "strace=1", "-m", "64")
    assert result.status == 0, str(result)
    seen = lines(result)
    assert any(re.fullmatch(r"open\(0xffff800000000000, .*\) = -1 EFAULT", s) for s in seen), seen


def test_unknown_calls_are_traced_by_number():
    result = ringlet.run(ringlet.guest("numbers"), "--cmdline", "strace=1")
    assert any(re.fullmatch(r"syscall_-1\(.*\) = -1 ENOSYS", s) for s in lines(result)), str(result)


def test_without_the_option_nothing_is_traced():
    assert not lines(ringlet.run(ringlet.HELLO))
    assert not lines(ringlet.run(ringlet.HELLO, "--cmdline", "strace=0"))
