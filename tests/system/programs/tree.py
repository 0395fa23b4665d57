# SPDX-License-Identifier: MIT
"""The folder that the programs of test_programs.py work in: the same bytes each time."""
import base64
import bz2
import gzip
import hashlib
import io
import lzma
import os
import tarfile
import zipfile

DATE = 1700000000
WORDS = "one 1\ntwo 22\nthree 333\nabc4\nfour words on it\nfive\ttabs\tare here\n"
TEXT = "".join(f"{i}: the quick brown fox jumps over the lazy dog {i * i}\n" for i in range(40))
BINARY = bytes((i * 7 + i // 256) % 256 for i in range(1000))
SCRIPT = """echo "$# arguments: $1, $2"
f() { local a=$1; [ "$a" -gt 0 ] && f $((a - 1)); printf '%s ' "$a"; }
f 5; echo
while read -r line; do case $line in t*) echo "t: $line";; *4) echo four: ${line%4};; esac; done <in/words
set -- a b c; echo "$# $@"
x=${y:-default}; echo "$x ${x#de} ${#x}"; unset x; echo ${x+set}
trap 'echo trapped; exit 7' EXIT
cd in && pwd && cd .. && echo in/s* in/t*/*
"""
PATCH = "--- words\n+++ words\n@@ -1,3 +1,3 @@\n one 1\n-two 22\n+zwei 22\n three 333\n"
PASSWD = ("root:x:0:0:root:/:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/bin/false\n"
          "games:x:5:60:games:/usr/games:/bin/false\nsys:x:3:3:sys:/dev:/bin/false\n")


def archive(name, how):
    """A tar of two members, one in a folder."""
    out = io.BytesIO()
    with tarfile.open(name, how, fileobj=out) as tar:
        for member in ("tree/one1", "two"):
            info = tarfile.TarInfo(member)
            info.size, info.mtime, info.mode = len(WORDS), DATE, 0o640
            tar.addfile(info, io.BytesIO(WORDS.encode()))
    return out.getvalue()


def zipped():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr(zipfile.ZipInfo("a.txt", (2020, 1, 2, 3, 4, 6)), TEXT)
    return out.getvalue()


def ar():
    head = "one/            1700000000  0     0     100644  4         `\n"
    return b"!<arch>\n" + head.encode() + b"abc\n"


def cpio():
    def entry(name, data):
        fields = (1, 0o100644, 0, 0, 1, DATE, len(data), 0, 0, 0, 0, len(name) + 1, 0)
        head = b"070701" + b"".join(b"%08x" % f for f in fields) + name.encode() + b"\0"
        head += bytes(-len(head) % 4)
        return head + data + bytes(-len(data) % 4)
    return entry("a/b", b"hello\n") + entry("TRAILER!!!", b"")


def files():
    text = TEXT.encode()
    yield "words", WORDS
    yield "text", TEXT
    yield "binary", BINARY
    yield "numbers", "".join(f"{(i * 37) % 101}\n" for i in range(60))
    yield "passwd", PASSWD
    yield "sorted1", "a\nb\nd\nf\n"
    yield "sorted2", "b\nc\nd\ng\n"
    yield "repeated", "a\na\nb\nc\nc\nc\na\n"
    yield "pairs", "shoes laces\nsocks shoes\ntrousers shoes\nshirt tie\n"
    yield "tabs", "a\tb\tc\n\tindented\n"
    yield "spaces", "a       b       c\n        indented\n"
    yield "crlf", "one\r\ntwo\r\n"
    yield "sums.bc", "scale=10\n4*a(1)/3\n2^100\nfor (i=0;i<3;i++) i/7\nquit\n"
    yield "script.sh", SCRIPT
    yield "words.patch", PATCH
    yield "base64", base64.encodebytes(BINARY)
    yield "uu", "begin 644 x\n#86)C\n`\nend\n"
    yield "sums.sha256", f"{hashlib.sha256(text).hexdigest()}  in/text\n"
    yield "text.gz", gzip.compress(text, mtime=0)
    yield "text.bz2", bz2.compress(text)
    yield "text.xz", lzma.compress(text)
    yield "text.lzma", lzma.compress(text, lzma.FORMAT_ALONE)
    yield "a.tar", archive("a", "w")
    yield "a.zip", zipped()
    yield "a.ar", ar()
    yield "a.cpio", cpio()
    yield "tree/one1", WORDS
    yield "tree/deep/two2", TEXT


def make(root):
    """root/in, with the files; all dates are one."""
    base = root / "in"
    for name, data in files():
        path = base / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        path.chmod(0o755 if name.endswith(".sh") else 0o644)
    (base / "link").symlink_to("words")
    for folder, names, others in os.walk(base, topdown=False):
        os.chmod(folder, 0o755)
        for name in (*names, *others, "."):
            os.utime(os.path.join(folder, name), (DATE, DATE), follow_symlinks=False)
