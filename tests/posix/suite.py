# SPDX-License-Identifier: MIT
"""The Open POSIX Test Suite: which tests there are, and the programs they become.

A program is BUILD/posix/bin/FOLDER.NAME, static, of the source as it stands. A test that refers to what
makes a second process has none; nor has one that the compiler refuses. BUILD/posix/left-out says why.
"""
import concurrent.futures
import fnmatch
import os
import re
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
INTERFACES = "conformance/interfaces"
# What makes or becomes a second process, as symbols the compiled test asks for.
SECOND_PROCESS = re.compile(r"v?fork|execv?[lpe]*|system|popen|posix_spawnp?|daemon")
# The suite's own, but for -Werror: its sources are older than the warnings. Without --eh-frame-hdr a
# static program's other threads cannot be unwound any more once main has returned.
FLAGS = ["-std=gnu99", "-O2", "-w", "-D_POSIX_C_SOURCE=200112L", "-D_XOPEN_SOURCE=600"]
# What some of its sources rely on other headers to bring, as those of older C libraries did.
MISSING = [word for name in ("fcntl.h", "signal.h", "sys/resource.h") for word in ("-include", name)]
LINK = ["-static", "-s", "-Wl,--eh-frame-hdr", "-pthread"]


class Test:
    """One of the suite's: area, and label ("sem_wait/1-1")."""

    def __init__(self, area, folder, name):
        self.area = area
        self.folder = folder
        self.label = f"{folder}/{name}"

    @property
    def program(self):
        return self.label.replace("/", ".")

    def wanted(self, only):
        """Whether only, an area, a folder or a label (or patterns of them), means this test."""
        return any(fnmatch.fnmatchcase(mine, only) for mine in (self.area, self.folder, self.label))


def read_areas():
    with open(os.path.join(HERE, "areas.txt"), encoding="ascii") as f:
        lines = [line.split("#")[0].split() for line in f]
    return {words[0]: words[1:] for words in lines if words}


def area_of(folder, areas):
    for area, patterns in areas.items():
        if any(fnmatch.fnmatchcase(folder, p) for p in patterns):
            return area
    return None


def in_order(label):
    """A sort key: 2-1 before 10-1."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", label)]


def output(command):
    return subprocess.run(command, check=True, capture_output=True, encoding="utf-8",
                          errors="replace").stdout


class Suite:
    def __init__(self, build):
        self.build = build
        self.source = os.path.join(build, "deps/posixtestsuite")
        self.programs = os.path.join(build, "posix/bin")
        self.tests = sorted(self._find(), key=lambda t: in_order(t.label))

    def _find(self):
        areas = read_areas()
        top = os.path.join(self.source, INTERFACES)
        for path, _, names in os.walk(top):
            folder, _, rest = os.path.relpath(path, top).partition("/")
            area = area_of(folder, areas)
            if not area:
                continue
            for name in names:
                # As the suite's own locate-test has it.
                if re.fullmatch(r"\d+-\d+.*\.c", name) and "buildonly" not in name:
                    yield Test(area, folder, os.path.join(rest, name[:-2]))

    def source_of(self, test):
        return os.path.join(self.source, INTERFACES, test.label + ".c")

    def program_of(self, test):
        return os.path.join(self.programs, test.program)

    def make(self, tests, jobs, shown):
        """Builds what is not there yet; the tests that have a program, and {label: why} of the others."""
        os.makedirs(self.programs, exist_ok=True)
        left_out = {}
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            for number, (test, why) in enumerate(zip(tests, pool.map(self._make, tests)), 1):
                shown(f"built {number} of {len(tests)}")
                if why:
                    left_out[test.label] = why
        return [t for t in tests if t.label not in left_out], left_out

    def _make(self, test):
        """Why there is no program of it, or None."""
        program = self.program_of(test)
        why = program + ".why"
        if os.path.exists(why):
            with open(why, encoding="utf-8") as f:
                return f.read()
        if os.path.exists(program):
            return None
        reason = self._compile(test, program)
        if reason:
            with open(why, "w", encoding="utf-8") as f:
                f.write(reason)
        return reason

    def _compile(self, test, program):
        cc = os.environ.get("CC") or "gcc"
        made, linked = (f"{program}.{os.getpid()}.{kind}" for kind in ("o", "new"))
        more = ["-I", os.path.join(self.source, "include")]
        if test.area == "aio":
            more += ["-include", os.path.join(HERE, "aio.h")]
        try:
            compiled = [cc, *FLAGS, *more, "-c", "-o", made, self.source_of(test)]
            try:
                output(compiled)
            except subprocess.CalledProcessError:
                output(compiled + MISSING)
            symbols = output(["nm", made])
            asked = sorted(set(re.findall(r"^ +U (\w+)$", symbols, re.M)))
            asked = [name for name in asked if SECOND_PROCESS.fullmatch(name)]
            if asked:
                return "second process: " + " ".join(asked)
            if not re.search(r" T main$", symbols, re.M):
                return "no program"
            output([cc, *LINK, "-o", linked, made, "-lrt", "-lm"])
            os.rename(linked, program)
            return None
        except subprocess.CalledProcessError as error:
            lines = [line for line in error.stderr.splitlines() if re.search("error|undefined", line)]
            return "not built: " + re.sub(r"^.*?: ", "", (lines or ["?"])[0])
        finally:
            if os.path.exists(made):
                os.unlink(made)
