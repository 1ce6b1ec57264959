"""What a probe has at hand. It runs in a copy of the grader in which rules were taken away.

A probe that comes to its end has got through; one that raises was held.
"""

import ctypes
import errno
import json
import os
import resource  # noqa: F401 - for the probes

libc = ctypes.CDLL(None, use_errno=True)


class Held(Exception):
    """The rule did its work."""


REFUSALS = (errno.EPERM, errno.EACCES, errno.EMFILE, errno.ENOSYS)


def call(number, *args):
    """Make a system call by its number; being refused is being held, any other error is not."""
    libc.syscall.restype = ctypes.c_long
    found = libc.syscall(ctypes.c_long(number), *(ctypes.c_long(a) if type(a) is int else a for a in args))
    if found < 0 and ctypes.get_errno() in REFUSALS:
        raise Held(os.strerror(ctypes.get_errno()))
    return found


def confined(code, without=()):
    """Run code in a child that is confined as a worker is; raise `Held` unless it comes to its end."""
    from grader.sandbox.confine import Confinement

    confinement, parent = Confinement(), os.getpid()
    heard, told = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.dup2(os.open(os.devnull, os.O_RDONLY), 3)
            os.dup2(told, 4)
            confinement.apply(parent, without)
            exec(code, globals())
            os.write(4, b"through")
        except BaseException as error:
            os.write(4, repr(error).encode()[:300])
        finally:
            os._exit(0)
    os.close(told)
    said = b""
    while part := os.read(heard, 4096):
        said += part
    status = os.waitpid(pid, 0)[1]
    if said != b"through":
        raise Held(said.decode("utf-8", "replace") or f"ended with {status}")


def decode(node, payload=b"", *, layout=False, done=True):
    """Decode a node as the trusted side does."""
    from grader.sandbox import values

    decoder = values.Decoder(memoryview(bytearray(payload)), layout=layout)
    found = decoder.decode(node)
    if done:
        decoder.done()
    return found


def header(text):
    """Parse a header's text."""
    from grader.sandbox import wire

    return wire.parse_header(text if isinstance(text, bytes) else text.encode("ascii"))


class Scripted:
    """A channel whose worker says what it was told to."""

    limits_itself = True

    def __init__(self, *frames):
        self.frames, self.number = list(frames), ""

    def send(self, pieces, limits):
        """Learn the number of the request."""
        data = b"".join(bytes(p) for p in pieces)
        size = int.from_bytes(data[:4], "little")
        self.number = json.loads(data[12 : 12 + size])["id"]

    def receive(self, limits):
        """Give the next frame."""
        frame, payload = self.frames.pop(0)
        frame = {"id": self.number, **frame}
        return memoryview(json.dumps(frame).encode()), memoryview(bytearray(payload))

    def cpu_seconds(self):
        """Say that no time was used."""
        return 0.0

    def limit_cpu(self, total):
        """Limit nothing."""

    def end(self, patience=0.0):
        """Be killed."""
        from grader.sandbox.answers import Exit

        return Exit(None, 9, 0.0, 0)


def answer(frame, payload=b"", operation="call"):
    """Let a worker give this answer; raise `Held` if the trusted side calls it a broken protocol."""
    from grader.sandbox import Door, Killed, Value, client

    worker = client.Worker(Scripted((frame, payload), ({"k": "value", "v": None, "g": [], "w": [], "p": 0}, b"")))
    worker._package, worker._modules = "pkg", {"main": "x\n" * 5}
    worker._texts = {"pkg/main.py": "x = a + b\n" * 5}
    worker._doors, worker._answer = (Door("a", "b"),), lambda door, args, kwargs: Value(1, "")
    found = worker.inspect("main") if operation == "inspect" else worker.call("f", (), {})
    if isinstance(found, Killed):
        raise Held(found.detail)
    return found


def raised(**changes):
    """Let a worker say that an exception was raised."""
    frame = {"k": "raised", "t": "ValueError", "b": ["ValueError"], "m": "m", "f": [], "o": [], "n": [], "s": "", "p": 0}
    return answer(frame | changes)


def value(**changes):
    """Let a worker give a value."""
    payload = changes.pop("payload", b"")
    return answer({"k": "value", "v": None, "g": [], "w": [], "p": 0} | changes, payload)


def need(condition):
    """Count as held what is not so."""
    if not condition:
        raise Held
