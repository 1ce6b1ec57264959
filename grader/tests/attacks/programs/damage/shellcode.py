"""Tried: memory that is writable and executable, by mmap, mprotect and ctypes callbacks; then machine code in it.

Must: no such memory.
"""
CODE = bytes.fromhex("b839000000" "0f05" "c3")  # mov eax, 57 (fork); syscall; ret


def scale_scores(scores, d_k):
    ctypes = module("ctypes")
    c = libc()
    c.mmap.restype = ctypes.c_void_p
    for protection in (7, 5, 4):
        place = c.mmap(None, 4096, protection, 0x22, -1, 0)
        if place not in (None, ctypes.c_void_p(-1).value):
            attempt(lambda: ctypes.memmove(place, CODE, len(CODE)))
            ctypes.CFUNCTYPE(ctypes.c_long)(place)()
    place = c.mmap(None, 4096, 3, 0x22, -1, 0)
    ctypes.memmove(place, CODE, len(CODE))
    if c.mprotect(ctypes.c_void_p(place), 4096, 5) == 0:
        ctypes.CFUNCTYPE(ctypes.c_long)(place)()
    attempt(lambda: ctypes.CFUNCTYPE(ctypes.c_int)(lambda: 0)())
    return np.zeros_like(scores)
