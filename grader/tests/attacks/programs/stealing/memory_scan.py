"""Tried: search the process's memory, and fresh memory that is not cleared, for the reference and the tests.

Must: the zygote never held them.
"""
WORDS = [b"def test_" + b"large", b"@crit" + b"erion(", b"@mis" + b"conception(", b"GRADER" + b"_SECRET=", b"check" + b"_array(student"]


def search():
    string_at = module("ctypes").string_at
    found = []
    for size in (1 << 12, 1 << 16, 1 << 20, 1 << 24):
        for _ in range(8):
            data = np.empty(size, "u1").tobytes()
            found += [w for w in WORDS if w in data]
    base = id(object()) & ~0xFFFFF
    data = attempt(string_at, base, 1 << 16)
    if isinstance(data, bytes):
        found += [w for w in WORDS if w in data]
    for thing in module("gc").get_objects():
        if isinstance(thing, dict):
            found += [v for v in list(thing.values()) if isinstance(v, str) and "@crit" + "erion(" in v and "Tried" not in v]
    return found


if search():
    raise ImportError("LEAKED " + repr(search())[:1000])
