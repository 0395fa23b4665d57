# SPDX-License-Identifier: MIT
"""Linux as a guest: Debian's cloud kernel with busybox as its init, fetched, never installed.

The two packages come from this machine's own apt sources, or from files given by
RINGLET_BENCH_LINUX (a folder that holds linux-image-*-cloud-amd64*.deb and busybox-static*.deb).
"""
import glob
import lzma
import os
import re
import shutil
import tempfile

from machine import BenchError, Ended, Run, command_output

# Loaded after what they depend on; what a kernel has built in is no file and is passed over.
MODULES = ["virtio_pci", "virtio_rng", "virtio_net"]

INIT = """#!/bin/busybox sh
# What the program says goes to files first, so that no serial line runs beside it.
/bin/busybox mkdir -p /proc /sys /dev /tmp
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t devtmpfs dev /dev
for m in $(/bin/busybox cat /modules/order); do /bin/busybox insmod /modules/$m; done
/bin/busybox ifconfig lo 127.0.0.1 up
/bin/busybox stty -F /dev/ttyS0 raw
. /job
/bin/busybox poweroff -f
"""

# busybox sh: the program's two outputs, at most 16 MiB each, and its status.
JOB = """cd /
{line} >/tmp/out 2>/tmp/err </dev/null
status=$?
bounded() {{ /bin/busybox head -c 16777216 $1; }}
{{
    echo "bench-status $status $(bounded /tmp/out | /bin/busybox wc -c) $(bounded /tmp/err | /bin/busybox wc -c)"
    bounded /tmp/out
    bounded /tmp/err
}} >/dev/ttyS0
"""

FACTS = """{
    /bin/busybox uname -rv
    for f in /sys/devices/system/cpu/vulnerabilities/*; do
        echo "${f##*/}: $(/bin/busybox cat $f)"
    done
    /bin/busybox grep MemAvailable /proc/meminfo
    /bin/busybox grep MemTotal /proc/meminfo
} """


def shell_quote(word):
    return "'" + word.replace("'", "'\\''") + "'"


class Archive:
    """A cpio of the newc kind, in memory: what the kernel unpacks as its first file system."""

    def __init__(self):
        self.parts = []
        self.size = self.count = 0
        self.folders = set()

    def _entry(self, name, mode, data=b"", device=(0, 0)):
        self.count += 1
        encoded = name.encode() + b"\0"
        fields = [self.count, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(encoded), 0]
        head = b"070701" + b"".join(b"%08x" % f for f in fields) + encoded
        for piece in (head, data):
            self.parts += [piece, b"\0" * (-len(piece) % 4)]

    def _folder_of(self, name):
        folder = os.path.dirname(name)
        if folder and folder not in self.folders:
            self._folder_of(folder)
            self.folders.add(folder)
            self._entry(folder, 0o40755)

    def add(self, name, data, mode=0o100755):
        self._folder_of(name)
        self._entry(name, mode, data)

    def add_console(self):
        """The kernel opens it before init, which has devtmpfs mounted."""
        self._folder_of("dev/console")
        self._entry("dev/console", 0o20600, device=(5, 1))

    def add_tree(self, host, guest):
        for folder, _, names in sorted(os.walk(host)):
            for name in sorted(names):
                path = os.path.join(folder, name)
                with open(path, "rb") as f:
                    self.add(os.path.join(guest, os.path.relpath(path, host)), f.read(), 0o100644)

    def write(self, path):
        self._entry("TRAILER!!!", 0)
        with open(path, "wb") as f:
            f.write(b"".join(self.parts))


def _dependency():
    """The package the metapackage stands for: it changes with each kernel."""
    text = command_output(["apt-cache", "depends", "linux-image-cloud-amd64"])
    found = re.search(r"Depends: (linux-image-\S*cloud-amd64)", text)
    if not found:
        raise BenchError("apt knows no linux-image-cloud-amd64: run apt-get update")
    return found[1]


def fetch(work):
    """The folder of the unpacked kernel and busybox, fetched if it is not there yet."""
    folder = os.path.join(work, "linux")
    if os.path.exists(os.path.join(folder, "complete")):
        return folder
    given = os.environ.get("RINGLET_BENCH_LINUX")
    os.makedirs(work, exist_ok=True)
    new = tempfile.mkdtemp(prefix="linux-new-", dir=work)
    try:
        if given:
            packages = [max(glob.glob(os.path.join(given, p)), default=None)
                        for p in ("linux-image-*cloud-amd64*.deb", "busybox-static*.deb")]
            if None in packages:
                raise BenchError(f"RINGLET_BENCH_LINUX: {given} lacks a linux-image-*-cloud-amd64 "
                                 "or a busybox-static package")
        else:
            if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
                raise BenchError("the Linux guest is Debian's, and apt is not here: give its "
                                 "packages by RINGLET_BENCH_LINUX, or --no-linux")
            command_output(["sh", "-c", 'cd "$1" && shift && apt-get -q download "$@"', "sh", new,
                            _dependency(), "busybox-static"], timeout=300)
            packages = glob.glob(os.path.join(new, "*.deb"))
        for package in packages:
            command_output(["dpkg-deb", "-x", package, new])
        for package in glob.glob(os.path.join(new, "*.deb")):
            os.unlink(package)
        with open(os.path.join(new, "complete"), "w", encoding="ascii"):
            pass
        shutil.rmtree(folder, ignore_errors=True)
        os.rename(new, folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return folder


def one(pattern):
    found = sorted(glob.glob(pattern, recursive=True))
    if not found:
        raise BenchError(f"the Linux package holds no {pattern}")
    return found[-1]


class Linux:
    """words: more for the kernel's command line."""
    system = "linux"

    def __init__(self, kit, label, program, files=(), words=""):
        self.kit = kit
        self.label = label
        self.program = program
        self.files = list(files)
        self.kernel_words = words
        self.folder = fetch(kit.work)
        self.kernel = one(f"{self.folder}/boot/vmlinuz-*")

    def _module(self, name):
        """A module's bytes; its file's name may have - for _."""
        pattern = f"{self.folder}/lib/modules/**/{name.replace('_', '[-_]')}.ko*"
        path = next(iter(glob.glob(pattern, recursive=True)), None)
        if not path:
            return None
        with open(path, "rb") as f:
            data = f.read()
        return lzma.decompress(data) if path.endswith(".xz") else data

    def _add_module(self, archive, name, order):
        data = None if name in order else self._module(name)
        if data is None:
            return
        needs = re.search(rb"\0depends=([^\0]*)\0", data)
        for other in needs[1].decode().split(",") if needs and needs[1] else []:
            self._add_module(archive, other.replace("-", "_"), order)
        archive.add(f"modules/{name}", data)
        order.append(name)

    def _modules(self, archive):
        order = []
        for name in MODULES:
            self._add_module(archive, name, order)
        archive.add("modules/order", " ".join(order).encode(), 0o100644)

    def initramfs(self, job):
        """The file to give by -initrd."""
        archive = Archive()
        archive.add_console()
        with open(one(f"{self.folder}/**/bin/busybox"), "rb") as f:
            archive.add("bin/busybox", f.read())
        self._modules(archive)
        if self.program:
            with open(self.program, "rb") as f:
                archive.add("bin/" + os.path.basename(self.program), f.read())
        for item in self.files:
            host, _, guest = str(item).partition(":")
            if os.path.isdir(host):
                archive.add_tree(host, guest.strip("/"))
            else:
                with open(host, "rb") as f:
                    archive.add(guest.strip("/") or os.path.basename(host), f.read())
        archive.add("init", INIT.encode())
        archive.add("job", job.encode())
        path = os.path.join(self.kit.scratch, f"{self.label}.initramfs")
        archive.write(path)
        return path

    def start(self, settings, arguments=(), address=None, before="", job=None):
        """before: lines for the shell ahead of the program; job: what is done instead of it."""
        if address:
            before += f"/bin/busybox ifconfig eth0 {address} netmask 255.255.255.0 up\n"
        if job is None:
            words = ["/bin/" + os.path.basename(self.program), *arguments]
            job = JOB.format(line=" ".join(map(shell_quote, words)))
        words = f"console=ttyS0 quiet loglevel=0 panic=-1 {self.kernel_words}".strip()
        return Run(self.kit.qemu, settings,
                   ["-kernel", self.kernel, "-initrd", self.initramfs(before + job),
                    "-append", words])

    def finish(self, run, seconds):
        run.wait(seconds)
        data = run.read(run.serial)
        found = re.search(rb"bench-status (\d+) (\d+) (\d+)\n", data)
        if not found:
            raise BenchError(f"{self.label}: the machine ended without the program's status; its "
                             f"last words:\n{run.tail()}")
        status, out, err = map(int, found.groups())
        rest = data[found.end():]
        return Ended(status, rest[:out], rest[out:out + err])

    def run(self, settings, arguments=(), seconds=180, **more):
        with self.start(settings, arguments, **more) as run:
            return self.finish(run, seconds)

    def facts(self, settings):
        """The kernel's own word on its version, its mitigations and its memory, as lines."""
        job = FACTS + ">/tmp/out 2>/dev/null\n" + JOB.format(line="/bin/busybox cat /tmp/out").replace(
            "/tmp/out 2", "/tmp/facts 2").replace("bounded /tmp/out", "bounded /tmp/facts")
        with self.start(settings, job=job) as run:
            text = self.finish(run, 180).out.decode("utf-8", "replace")
        return [line for line in text.splitlines() if line.strip()]
