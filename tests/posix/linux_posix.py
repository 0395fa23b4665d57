# SPDX-License-Identifier: MIT
"""The suite's programs in a Linux guest, many in one boot, by two guests at a time or more."""
import concurrent.futures
import os
import sys

from suite import HERE

sys.path.insert(0, os.path.join(HERE, "../conformance"))

import linux  # noqa: E402
from machine import BenchError  # noqa: E402

# So many programs fit into the guest's memory as an archive, twice.
AT_ONCE = 60
# The status of a test that no Linux guest survives.
NO_MACHINE = 126
PREPARE = "$b mkdir -p /dev/shm && $b mount -t tmpfs shm /dev/shm"


def measure(suite, tests, jobs, seconds, progress):
    """{label: status} and the kernel's version; what they say stays in BUILD/posix/linux."""
    folder = os.path.join(suite.build, "posix/linux")
    os.makedirs(folder, exist_ok=True)
    kernel = linux.Kernel(os.path.join(suite.build, "deps/linux-image"), PREPARE, "KILL")
    results = {}

    def boot(group):
        try:
            said = kernel.run("max", [suite.program_of(t) for t in group], seconds)
        except BenchError:
            # One of them ended the machine, if that was not for another reason.
            if len(group) > 1:
                boot(group[:len(group) // 2])
                boot(group[len(group) // 2:])
                return
            said = {group[0].program: ("", NO_MACHINE)}
        for test in group:
            text, results[test.label] = said[test.program]
            with open(os.path.join(folder, test.program), "w", encoding="utf-8") as f:
                f.write(text)
        progress(f"{len(results)} of {len(tests)} ran on Linux")

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        list(pool.map(boot, [tests[i:i + AT_ONCE] for i in range(0, len(tests), AT_ONCE)]))
    return results, kernel.version
