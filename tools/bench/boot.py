# SPDX-License-Identifier: MIT
"""How long a boot takes in guest instructions, how little memory it needs, how large images are."""
import os
import re

from linux_guest import Linux
from machine import BenchError
from ringlet_guest import Ringlet

UP = re.compile(rb"up (\d+) ns, ticks (\d+)")
MEMORY_TOP = 256


def said(data, label):
    found = UP.search(data)
    if not found:
        raise BenchError(f"{label}: main was not reached")
    return {"clock_ns": int(found[1]), "since_reset": int(found[2])}


def linux_first(kit, settings):
    """Linux with a program as its init: straight from the kernel to main."""
    guest = Linux(kit, "linux-first", kit.program("first"), words="rdinit=/bin/first-linux")
    with guest.start(settings) as run:
        run.wait(120)
        return said(run.read(run.serial), guest.label)


def to_main(kit, options):
    """Instructions to main: since the system's first one, and since the machine's reset."""
    settings = kit.counted_settings()
    result = {}
    for label, program in (("ringlet", kit.made("bench/first")),
                           ("ringlet-static", kit.program("first"))):
        guest = Ringlet(kit, f"{label}-first", program)
        result[label] = said(guest.run(settings).out, label)
    if options.linux:
        result["linux"] = linux_first(kit, settings)
    for label, row in result.items():
        kit.note(f"  {label:<15} {row['clock_ns'] / 1e6:.2f} ms of guest time to main")
    return result


def least(works, low, high):
    """The least n from low to high that works, by halving; None if not even high does."""
    if not works(high):
        return None
    while low < high:
        middle = (low + high) // 2
        if works(middle):
            high = middle
        else:
            low = middle + 1
    return high


def hello_runs(guest, settings, seconds, **more):
    try:
        ended = guest.run(settings, seconds=seconds, **more)
    except BenchError:
        return False
    return ended.status == 0 and ended.out != b""


def least_memory(kit, options):
    """MiB with which the hello app boots and says its line."""
    hello = Ringlet(kit, "hello", kit.made("apps/hello"))
    iso = kit.iso("hello", hello.program)
    result = {
        "ringlet": least(lambda n: hello_runs(hello, kit.clock_settings(memory=n), 15),
                         1, MEMORY_TOP),
        "ringlet-iso": least(lambda n: hello_runs(hello, kit.clock_settings(memory=n), 20,
                                                  iso=iso), 1, 64),
    }
    if options.linux:
        guest = Linux(kit, "linux-hello", kit.program("hello"))
        result["linux"] = least(lambda n: hello_runs(guest, kit.clock_settings(memory=n), 25),
                                48, 160)
    for label, row in result.items():
        kit.note(f"  {label:<15} {row} MiB")
    return result


def sizes(kit, options):
    """Bytes of what is booted, with the hello app."""
    guest = Ringlet(kit, "hello-size", kit.made("apps/hello"))
    result = {
        "core": os.path.getsize(kit.core),
        "archive": os.path.getsize(guest.archive()),
        "iso": os.path.getsize(kit.iso("hello", kit.made("apps/hello"))),
    }
    if options.linux:
        linux = Linux(kit, "linux-size", kit.program("hello"))
        result["linux_kernel"] = os.path.getsize(linux.kernel)
        result["linux_initramfs"] = os.path.getsize(linux.initramfs(""))
    return result
