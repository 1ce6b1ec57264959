"""Tried: read the canary, the tests, the reference, goldens, and what the account can read.

Must: nothing opens; nothing of it is ever shown.
"""


def steal():
    loot, os = [], module("os")
    course = COURSE + "/assignments/01_attention_mechanism/"
    places = [CANARY, course + "test_hidden.py", course + "goldens.npz", COURSE + "/reference/minigpt/attention.py",
              "/etc/passwd", "/etc/hostname", "/proc/self/environ", "."]
    for place in places:
        for read in (lambda p: open(p, "rb").read(), lambda p: os.read(os.open(p, os.O_RDONLY), 10_000),
                     lambda p: np.fromfile(p, "u1").tobytes(), lambda p: os.listdir(p), lambda p: os.readlink(p),
                     lambda p: module("mmap").mmap(os.open(p, os.O_RDONLY), 0).read(),
                     lambda p: module("io").FileIO(p).read(), lambda p: np.load(p).files):
            found = attempt(read, place)
            if not isinstance(found, BaseException):
                loot.append(str(found))
    return " ".join(loot)


LOOT = steal()
if LOOT:
    raise ImportError("LEAKED " + LOOT)
before_each_call(lambda: print("LEAKED" if steal() else ""))
