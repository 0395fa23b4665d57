# SPDX-License-Identifier: MIT
"""The system-call tracer: option strace=1, or names of calls."""
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
    assert any(re.fullmatch(r"brk\(NULL\) = 0x[0-9a-f]+", s) for s in seen), seen
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


def test_arguments_are_told_in_words():
    seen = lines(ringlet.run(ringlet.guest("files"), "--cmdline", "strace=1"))
    wanted = (r'open\("[^"]+", O_RDWR(\|O_[A-Z]+)+, 0[0-7]+\) = \d+',
              r'read\(\d+, "[^"]+"(\.\.\.)?, \d+\) = [1-9]\d*',
              r"lseek\(\d+, -?\d+, SEEK_(SET|CUR|END)\) = \d+",
              r"f?stat\(.*, \{st_mode=0[0-7]+, st_size=\d+\}\) = 0")
    for want in wanted:
        assert any(re.fullmatch(want, s) for s in seen), (want, seen)


def test_calls_can_be_chosen():
    seen = lines(ringlet.run(ringlet.HELLO, "--cmdline", "strace=brk,exit_group"))
    assert {s.split("(")[0] for s in seen} == {"brk", "exit_group"}, seen


def test_a_choice_of_what_is_no_call_is_told():
    result = ringlet.run(ringlet.HELLO, "--cmdline", "strace=brk,nonsense")
    assert "option strace=brk,nonsense: nonsense is no system call" in result.err, str(result)
    assert lines(result), str(result)


def test_signals_and_what_they_break_off_are_told():
    seen = lines(ringlet.run(ringlet.guest("sigrestart"), "--cmdline", "strace=1"))
    wanted = (r"--- SIG[A-Z0-9]+ \{si_code=SI_[A-Z]+(, si_pid=1)?\} ---", r"rt_sigreturn\(\)",
              r"\w+\(.*\) = \? ERESTART[A-Z_]+",
              r"rt_sigaction\(SIG[A-Z0-9]+, \{0x[0-9a-f]+, \[.*\], .*SA_RESTORER.*\}, .*\) = 0")
    for want in wanted:
        assert any(re.fullmatch(want, s) for s in seen), (want, seen)


def test_faults_are_told_with_their_address():
    seen = lines(ringlet.run(ringlet.guest("sigbad"), "--cmdline", "strace=1"))
    assert any(re.fullmatch(r"--- SIGSEGV \{si_code=SEGV_MAPERR, si_addr=0x[0-9a-f]+\} ---", s)
               for s in seen), seen


def test_threads_are_traced_like_their_maker():
    seen = lines(ringlet.run(ringlet.guest("threads"), "--cmdline", "strace=1"))
    assert any(re.fullmatch(r"clone\(CLONE_VM\|CLONE_FS\|CLONE_FILES\|CLONE_SIGHAND\|CLONE_THREAD.*",
                            s) for s in seen), seen
    assert any(re.fullmatch(r"\[\d+\] exit\(0\)", s) for s in seen), seen
