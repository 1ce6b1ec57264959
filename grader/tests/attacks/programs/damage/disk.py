"""Tried: fill the disk, /dev/shm and memory files; leave files behind anywhere.

Must: nothing is written.
"""


def fill():
    os = module("os")
    for folder in ("/tmp", "/var/tmp", "/dev/shm", ".", "/proc/self/cwd", os.environ.get("TMPDIR", "/tmp"), "/dev/mqueue"):
        attempt(lambda f=folder: open(f"{f}/{MARKER}", "wb").write(b"x" * (1 << 20)))
        attempt(lambda f=folder: os.mkdir(f"{f}/{MARKER}-d"))
        attempt(lambda f=folder: os.symlink("/etc/passwd", f"{f}/{MARKER}-l"))
        attempt(lambda f=folder: os.mkfifo(f"{f}/{MARKER}-f"))
    attempt(lambda: os.write(os.memfd_create(MARKER), b"x" * (1 << 20)))
    attempt(lambda: module("tempfile").mkdtemp(MARKER))
    attempt(lambda: np.save("/tmp/" + MARKER, np.zeros(9)))
    attempt(lambda: np.memmap("/tmp/" + MARKER, mode="w+", shape=9))
    attempt(lambda: os.unlink(CANARY))
    attempt(lambda: os.chmod(CANARY, 0o777))
    attempt(lambda: os.truncate(CANARY, 0))
    attempt(lambda: os.utime(CANARY))
    attempt(lambda: os.rename(CANARY, CANARY + ".gone"))
    attempt(lambda: open(CANARY, "a").write("changed"))


attempt(fill)
before_each_call(fill)
