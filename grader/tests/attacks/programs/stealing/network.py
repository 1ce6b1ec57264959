"""Tried: a listener on this machine by TCP, UDP and Unix sockets; a name look-up; docker's socket.

Must: no socket can be made.
"""


def call_home():
    socket = module("socket")
    attempt(lambda: socket.create_connection(("127.0.0.1", PORT), 1).sendall(b"loot"))
    attempt(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"loot", ("127.0.0.1", PORT)))
    attempt(lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).sendto(b"loot", ("::ffff:127.0.0.1", PORT)))
    attempt(lambda: socket.getaddrinfo("example.invalid", 80))
    attempt(lambda: socket.socket(socket.AF_UNIX).connect("/var/run/docker.sock"))
    attempt(lambda: socket.socketpair())
    attempt(lambda: module("urllib.request").urlopen(f"http://127.0.0.1:{PORT}/loot", timeout=1))
    c = libc()
    handle = attempt(lambda: c.syscall(41, 2, 1, 0))
    address = b"\x02\x00" + PORT.to_bytes(2, "big") + bytes([127, 0, 0, 1]) + bytes(8)
    attempt(lambda: c.syscall(42, handle, address, 16))


attempt(call_home)
before_each_call(call_home)
