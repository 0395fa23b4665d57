# SPDX-License-Identifier: MIT
"""Programs that nobody here wrote or built, out of Debian's packages: what they say in Ringlet is
what they say on the host. Those that a machine lacks are left out (./configure --install-deps
brings them).
"""
import os
import re
import shlex
import subprocess

import pytest

import program_cases as cases
import ringlet
import tree

PYTHON = "/usr/bin/python3"


@cases.needs_unshare
@cases.program("/usr/bin/busybox")
@pytest.mark.parametrize("line", cases.applets(False))
def test_busybox_applet(line, tmp_path):
    cases.same_on_both(tmp_path, ["/bin/busybox", *shlex.split(line)], "/usr/bin/busybox")


@cases.needs_unshare
@cases.program("/bin/bash-static")
def test_bash_runs_a_script_of_builtins(tmp_path):
    cases.same_on_both(tmp_path, ["/bin/bash-static", "/bin/script.bash", "a", "b c"],
                       "/bin/bash-static")


@cases.program("/usr/bin/lua5.4")
def test_lua(tmp_path):
    script = cases.script("script.lua")
    cases.dynamic_on_both(tmp_path, ["/usr/bin/lua5.4", script, "x"], f"{script}:{script}")


@cases.program("/usr/bin/sqlite3")
def test_sqlite_in_memory(tmp_path):
    cases.dynamic_on_both(tmp_path, ["/usr/bin/sqlite3", ":memory:"],
                          data=cases.script("script.sql").read_bytes())


def python_library():
    """Where the system's Python has its modules."""
    return os.path.dirname(subprocess.run(
        [PYTHON, "-c", "import os; print(os.__file__)"], capture_output=True, check=True,
        text=True).stdout.strip())


@cases.program(PYTHON)
def test_python_says_the_same(tmp_path):
    library, script = python_library(), cases.script("script.py")
    cases.dynamic_on_both(tmp_path, [PYTHON, "-IB", script], f"{script}:{script}",
                          f"{library}:{library}", memory=256)


@cases.program(PYTHON)
def test_python_is_refused_a_process(tmp_path):
    library, script = python_library(), cases.script("script.py")
    tree.make(tmp_path)
    result = ringlet.run(PYTHON, "-m", "256", "--no-net", "--add", f"{library}:{library}", "--add",
                         f"{script}:/script.py", "--add", f"{tmp_path}/in:/in", "--", "-IB",
                         "/script.py", "--refused")
    assert result.status == 5, str(result)
    assert result.text.endswith("refused: ENOSYS\n" * 3), str(result)
    # Once each, with the place.
    for what in ("system call 58 is not known", "clone of a process", "system call 59 is not known"):
        lines = [line for line in result.err.splitlines() if what in line]
        assert len(lines) == 1 and "libc.so.6+0x" in lines[0], str(result)


@cases.program("/usr/bin/openssl")
def test_openssl_measures_itself():
    result = ringlet.run("/usr/bin/openssl", "-q", "-m", "128", "--no-net", "--", "speed",
                         "-seconds", "1", "-bytes", "1024", "sha256")
    assert result.status == 0, str(result)
    rate = re.search(r"^sha256 +(\d+\.\d+)k$", result.text, re.M)
    assert rate and float(rate[1]) > 100, str(result)


@pytest.mark.parametrize("source, kind", cases.builds(cases.SOURCES[:2]))
def test_a_build_of_the_hosts_compiler(source, kind, tmp_path):
    cases.build_and_run(source, kind, tmp_path)
