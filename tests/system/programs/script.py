# SPDX-License-Identifier: MIT
import errno, hashlib, json, os, queue, re, socket, struct, subprocess, sys, threading, time, zlib

# Threads, with a queue between them.
work, done = queue.Queue(), []
def worker():
    while (n := work.get()) is not None:
        done.append((n, hashlib.sha256(b"x" * n).hexdigest()[:8]))
threads = [threading.Thread(target=worker) for _ in range(4)]
for t in threads: t.start()
for n in range(50): work.put(n * 100)
for t in threads: work.put(None)
for t in threads: t.join()
print(len(done), hashlib.md5(repr(sorted(done)).encode()).hexdigest())

print(json.dumps(json.loads('{"a": [1, 2.5, null, "\\u00e4"], "b": {}}'), sort_keys=True))
for name in ("sha1", "sha512", "sha3_256", "blake2b"):
    print(name, hashlib.new(name, b"ringlet").hexdigest()[:16])
print(zlib.crc32(zlib.decompress(zlib.compress(b"abc" * 1000))), struct.pack(">hI", -2, 7).hex())
print(re.sub(r"(\w+)@(\w+)", r"\2 at \1", "who@where"), sys.version_info[:2], sys.byteorder)

# A server and a client in one process.
listener = socket.socket(); listener.bind(("127.0.0.1", 0)); listener.listen()
def serve():
    for _ in range(3):
        c, _ = listener.accept()
        with c: c.sendall(c.recv(100).upper())
server = threading.Thread(target=serve); server.start()
for text in (b"one", b"two", b"three"):
    with socket.create_connection(listener.getsockname()) as c:
        c.sendall(text); print(c.recv(100))
server.join()
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(("127.0.0.1", 0)); u.settimeout(5)
u.sendto(b"datagram", u.getsockname()); print(u.recvfrom(100)[0])

with open("/tmp/file", "w") as f: print("kept", file=f)
print(open("/tmp/file").read(), os.path.getsize("/tmp/file"), sorted(os.listdir("in"))[:3], end="\n")
try: open("in/none")
except FileNotFoundError as e: print(e)
print(0.1 + 0.2, 2 ** 200, round(time.time()) > 1_000_000_000)
sys.stdout.flush()
if "--refused" in sys.argv:
    for refused in (lambda: subprocess.run(["/bin/true"]), os.fork, lambda: os.execv("/bin/x", ["x"])):
        try: refused()
        except OSError as e: print("refused:", errno.errorcode[e.errno])
    sys.exit(5)
