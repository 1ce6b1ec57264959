"""Tried: open the class's ledger with sqlite3 and give oneself full marks.

Must: nothing opens.
"""


def edit():
    sqlite3 = module("sqlite3")
    for place in ("gradebook.sqlite", "/proc/%d/cwd/gradebook.sqlite" % module("os").getppid(), "/tmp/" + MARKER):
        attempt(lambda p=place: sqlite3.connect(p).execute("create table results (score)"))


attempt(edit)
before_each_call(edit)
