# SPDX-License-Identifier: MIT
"""Shows of each guard of the core that a test fails without it: `make ablate`.

A file tests/ablate/NAME.ablate names one guard, the test that shows it, and, as a diff, how the
source looks without the guard:

    # SPDX-License-Identifier: MIT
    # guard: what the guard protects, in one sentence
    # test: guest/NAME          (or guest/NAME-2, unit/NAME, system/NAME)
    # boot: no                  (only if not even hello runs without the guard)
    --- a/arch/... and a unified diff against the repository's root

The source is copied, the diff applied to the copy without any fuzz, what it changed is compiled, and
the named test alone is run with the core that comes out. The guard is shown if that test fails there,
passes on the core as it is, and the core without the guard still runs hello (so that it is this guard
that is missing, and not all of the core). ablate.py BUILD SOURCE [NAME]; JOBS tests run at once;
ABLATIONS names another folder of such files.
"""
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

BUILD = pathlib.Path(sys.argv[1]).resolve()
SOURCE = pathlib.Path(sys.argv[2]).resolve()
WANTED = sys.argv[3] if len(sys.argv) > 3 else ""
JOBS = int(os.environ.get("JOBS") or min(2, os.cpu_count() or 1))
ABLATIONS = pathlib.Path(os.environ.get("ABLATIONS") or SOURCE / "tests" / "ablate")
HOME = BUILD / "ablate"
TREE = HOME / "tree"
SKIPPED = {".git", "build", "__pycache__", ".pytest_cache"}
KINDS = {"production": [], "testing": ["--enable-testing"], "unit": []}
TEST_LIMIT = 900  # seconds, for one run of one test
BUILD_LIMIT = 600


class Fault(Exception):
    """Why a guard is not shown."""


class Ablation:
    """One file: its guard, its test, its diff."""

    def __init__(self, path):
        self.path = path
        self.name = path.stem
        text = path.read_text()
        self.test = self._header(text, "test")
        self.boots = self._header(text, "boot") != "no"
        self.error = None
        if not self._header(text, "guard"):
            self.error = "it has no line '# guard: ...'"
        elif not re.fullmatch(r"(guest|unit|system)/[\w-]+", self.test):
            self.error = "it has no line '# test: guest/NAME', unit/NAME or system/NAME"

    @staticmethod
    def _header(text, key):
        match = re.search(rf"^# {key}: *(.*\S)", text, re.M)
        return match[1] if match else ""


def run(command, log, limit, **more):
    """The exit status of command; None if it took too long. What it says is added to log."""
    with open(log, "a") as out:
        print("+", *command, file=out, flush=True)
        try:
            return subprocess.run([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=out,
                                  stderr=out, timeout=limit, **more).returncode
        except subprocess.TimeoutExpired:
            return None


# ---- The copy of the source ----------------------------------------------------------------------

def sources(root):
    """Files below root that a build may read, by their names relative to root."""
    for folder, folders, files in os.walk(root):
        folders[:] = [f for f in folders if f not in SKIPPED
                      and pathlib.Path(folder, f).resolve() != BUILD]
        for name in files:
            yield pathlib.Path(folder, name).relative_to(root)


def same(a, b):
    if not os.path.lexists(b) or b.is_symlink() != a.is_symlink():
        return False
    x, y = a.lstat(), b.lstat()
    return x.st_size == y.st_size and x.st_mtime_ns == y.st_mtime_ns


def copy_source():
    """Makes the tree what the source is, dates too, so that only what changed is compiled again."""
    wanted = set(sources(SOURCE))
    for name in wanted:
        if not same(SOURCE / name, TREE / name):
            (TREE / name).parent.mkdir(parents=True, exist_ok=True)
            (TREE / name).unlink(missing_ok=True)
            shutil.copy2(SOURCE / name, TREE / name, follow_symlinks=False)
    for name in set(sources(TREE)) - wanted:
        (TREE / name).unlink()


# ---- Builds --------------------------------------------------------------------------------------

def make(folder, targets, log):
    return run(["make", "-C", folder, "--no-print-directory", f"-j{JOBS}", f"srcdir={TREE}",
                "WERROR=", *targets], log, BUILD_LIMIT) == 0


def targets(kind, tests):
    if kind != "unit":
        return ["core"]
    names = [t.split("/")[1] for t in tests if t.startswith("unit/")]
    return sorted({f"build/unit/{n if n.startswith('test_') else 'test_' + n}" for n in names})


def base_folder(kind):
    return HOME / "base" / kind


def build_base(kind, tests):
    """The build that every ablation of this kind starts from."""
    folder, log = base_folder(kind), HOME / "logs" / f"base-{kind}"
    log.unlink(missing_ok=True)
    (folder / "build").mkdir(parents=True, exist_ok=True)
    deps = folder / "build" / "deps"
    if not deps.is_symlink():
        deps.symlink_to(BUILD / "deps")
    environment = dict(os.environ, RINGLET_BUILD=str(folder))
    if run(["sh", BUILD.parent / "config.status", *KINDS[kind]], log, 120, env=environment) != 0 or \
            not make(folder, targets(kind, tests), log):
        sys.exit(f"ablate: the {kind} core does not build as it is: see {log}")


def build_ablated(ablation, kind, log):
    """The core (or the folder of unit tests) without the guard."""
    work, product = HOME / "work" / kind, HOME / "out" / ablation.name / kind
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(base_folder(kind), work, symlinks=True,
                    ignore=shutil.ignore_patterns("core.elf", "core.debug.elf"))
    if not make(work, targets(kind, [ablation.test]), log):
        raise Fault(f"the {kind} build fails without the guard: see {log}")
    shutil.rmtree(product, ignore_errors=True)
    product.mkdir(parents=True)
    made = [work / t for t in targets(kind, [ablation.test])] if kind == "unit" else \
        [work / "build" / "core.elf"]
    for path in made:
        shutil.copy2(path, product / path.name)
    return product


def apply(ablation, log):
    """The names that the diff touches."""
    command = ["patch", "-p1", "--fuzz=0", "--force", "--no-backup-if-mismatch", "-d", TREE, "-i",
               ablation.path]
    touched = re.findall(r"^\+\+\+ b/(\S+)", ablation.path.read_text(), re.M)
    if not touched:
        raise Fault("it has no diff")
    for name in touched:
        if not name.startswith(("arch/", "core/", "net/")) or not (SOURCE / name).exists():
            raise Fault(f"{name} is no source of the core")
    for option in (["--dry-run"], []):
        if run([*command, *option], log, 60) != 0:
            raise Fault(f"the diff does not apply: see {log}")
    # Later than every object made from what they were.
    for name in touched:
        os.utime(TREE / name)
    return touched


def restore(names):
    for name in names:
        shutil.copy2(SOURCE / name, TREE / name)


# ---- Tests ---------------------------------------------------------------------------------------

def guest_cases():
    sys.path.insert(0, str(SOURCE / "tests" / "system"))
    from test_guest import cases
    return [(case.id, case.values[1]) for case in cases()]


def guest_nodes(name):
    """The pytest nodes of guest/NAME, which may stand for NAME-1, NAME-2, ...; and their settings."""
    found = [(i, s) for i, s in guest_cases() if re.fullmatch(re.escape(name) + r"(-\d+)?", i)]
    if not found:
        raise Fault(f"there is no test guest/{name}")
    return found


def kinds_of(test):
    """The builds that a test runs on."""
    suite, name = test.split("/")
    if suite == "unit":
        return ["unit"]
    if suite == "system":
        return ["production", "testing"]
    return sorted({"testing" if s.get("core") == "testing" else "production"
                   for _, s in guest_nodes(name)})


def pytest(arguments, cores, log):
    environment = dict(os.environ, RINGLET_BUILD=str(BUILD), PYTHONDONTWRITEBYTECODE="1")
    if "production" in cores:
        environment["RINGLET_CORE"] = str(cores["production"] / "core.elf")
    if "testing" in cores:
        environment["RINGLET_TESTING_CORE"] = str(cores["testing"] / "core.elf")
    status = run([sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "--tb=short",
                  *arguments], log, TEST_LIMIT, env=environment, cwd=SOURCE)
    if status not in (0, 1, None):
        raise Fault(f"the test cannot be run: see {log}")
    return status == 0


def passes(test, cores, log):
    """Whether the test passes with these builds."""
    suite, name = test.split("/")
    if suite == "unit":
        program, = cores["unit"].iterdir()
        return run([program], log, TEST_LIMIT) == 0
    system = SOURCE / "tests" / "system"
    if suite == "guest":
        nodes = [f"{system / 'test_guest.py'}::test_guest[{i}]" for i, _ in guest_nodes(name)]
        return pytest(["-x", *nodes], cores, log)
    return pytest(["-x", "-m", "not long", "-k", name, "--ignore", system / "test_guest.py", system],
                  cores, log)


def base_product(kind, test):
    """The base build in the form of build_ablated()."""
    if kind != "unit":
        return base_folder(kind) / "build"
    product = HOME / "out" / "base" / test.replace("/", "-")
    shutil.rmtree(product, ignore_errors=True)
    product.mkdir(parents=True)
    for target in targets(kind, [test]):
        shutil.copy2(base_folder(kind) / target, product)
    return product


def passes_as_is(test):
    log = HOME / "logs" / f"as-is-{test.replace('/', '-')}"
    log.unlink(missing_ok=True)
    return passes(test, {k: base_product(k, test) for k in kinds_of(test)}, log)


def boots(core, log):
    environment = dict(os.environ, RINGLET_CORE=str(core / "core.elf"))
    return run([BUILD / "ringlet", "run", BUILD / "apps" / "hello", "--timeout", "30"], log, 60,
               env=environment) == 0


def judge(ablation, cores, as_is, log):
    """Raises Fault unless the guard is shown."""
    if not as_is.result():
        raise Fault(f"{ablation.test} fails on the core as it is: see "
                    f"{HOME}/logs/as-is-{ablation.test.replace('/', '-')}")
    if passes(ablation.test, cores, log):
        raise Fault(f"{ablation.test} passes without the guard")
    for kind, core in cores.items():
        if kind != "unit" and ablation.boots and not boots(core, log):
            raise Fault(f"without the guard not even hello runs: see {log}")


# ---- All of it -----------------------------------------------------------------------------------

def prepare(ablation, log):
    """Builds what the test of one ablation needs, in the tree, which is as it was afterwards."""
    if ablation.error:
        raise Fault(ablation.error)
    kinds, touched = kinds_of(ablation.test), []
    log.unlink(missing_ok=True)
    log.touch()
    try:
        touched = apply(ablation, log)
        return {kind: build_ablated(ablation, kind, log) for kind in kinds}
    finally:
        if touched:
            restore(touched)
        else:
            copy_source()


def chosen():
    found = sorted(ABLATIONS.glob("*.ablate"))
    found = [Ablation(p) for p in found if not WANTED or p.stem == WANTED]
    if not found:
        sys.exit(f"ablate: there is no {WANTED or '*'}.ablate")
    return found


def main():
    ablations = chosen()
    (HOME / "logs").mkdir(parents=True, exist_ok=True)
    copy_source()
    tests = {a.test for a in ablations if not a.error}
    needed = set()
    for test in tests:
        try:
            needed.update(kinds_of(test))
        except Fault:
            pass  # told with the ablation that names it
    for kind in sorted(needed):
        build_base(kind, tests)
    verdicts = {"ok": 0, "FAIL": 0}

    def report(ablation, built_in, work):
        began = time.monotonic() - built_in
        try:
            work()
            verdict, why = "ok  ", f"{ablation.test} fails without it"
        except Fault as fault:
            verdict, why = "FAIL", str(fault)
        verdicts[verdict.strip()] += 1
        print(f"{verdict}  ablate/{ablation.name} ({time.monotonic() - began:.1f} s): {why}",
              flush=True)

    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        as_is, waiting = {}, []
        for ablation in ablations:
            began, log = time.monotonic(), HOME / "logs" / ablation.name
            try:
                cores = prepare(ablation, log)
            except Fault as fault:
                def fail(fault=fault):
                    raise fault
                report(ablation, time.monotonic() - began, fail)
                continue
            if ablation.test not in as_is:
                as_is[ablation.test] = pool.submit(passes_as_is, ablation.test)
            waiting.append(pool.submit(
                report, ablation, time.monotonic() - began,
                lambda a=ablation, c=cores, g=log: judge(a, c, as_is[a.test], g)))
        for one in waiting:
            one.result()
    print(f"{verdicts['ok']} passed, {verdicts['FAIL']} failed")
    return verdicts["FAIL"] != 0


if __name__ == "__main__":
    sys.exit(main())
