"""Tried: threads and daemons that go on after the answer.

Must: no thread can start; nothing goes on after the grade.
"""


def go_on():
    while True:
        attempt(lambda: open("/tmp/" + MARKER, "w"))


def start():
    threading = module("threading")
    for _ in range(20):
        threading.Thread(target=go_on, daemon=True).start()


attempt(start)
before_each_call(start)
