"""`grader check --watch`: look at the files, and check again when one has changed."""

from __future__ import annotations

import time
from collections.abc import Callable

import click

from grader.cli.keys import Keys, reading_keys
from grader.cli.say import say
from grader.course import Course, Exercise
from grader.course.answer_sheets import FOLDER as ANSWERS
from grader.errors import GraderError
from grader.render.screen import Screen, open_console
from grader.result import Result
from grader.student.changes import Seen, changed_files, seen_files
from grader.student.hints import show_hint

POLL_SECONDS = 0.3
QUIET_SECONDS = 0.1
"""An editor may write a file in several steps: wait until it is done."""
_SHOWN_FILES = 3

CheckOnce = Callable[[frozenset[str] | None], Result]
"""Checks these exercises, or all, and prints the screen."""


def watch(course: Course, wanted: frozenset[str] | None, check_once: CheckOnce, *, plain: bool) -> int:
    """Check now and after every change, until q or Ctrl-C; give the exit code."""
    with reading_keys() as keys:
        return _Watch(course, wanted, check_once, keys, plain=plain).run()


class _Watch:
    def __init__(
        self, course: Course, wanted: frozenset[str] | None, check_once: CheckOnce, keys: Keys | None, *,
        plain: bool,
    ) -> None:
        self._course, self._wanted, self._check_once = course, wanted, check_once
        self._keys, self._plain = keys, plain
        self._result: Result | None = None
        self._runs = 0

    def run(self) -> int:
        """Go on until it is enough."""
        if self._keys is None:
            say("Watching your files; no keys can be typed here. Stop with Ctrl-C.")
        reason = ""
        while True:
            seen = self._check(reason)
            event = self._wait(seen)
            if event == "q":
                return 0 if self._result is not None and self._result.passed else 1
            reason = event

    def _check(self, reason: str) -> Seen:
        self._runs += 1
        if self._keys and not self._plain:
            click.clear()
        clock = time.strftime("%H:%M:%S")
        say(f"  Run {self._runs} · {clock}{f' · {reason}' if reason else ''}")
        before = self._look()
        try:
            self._result = self._check_once(self._wanted)
        except GraderError as error:  # a folder may be gone for the moment
            self._result = None
            say(f"Error: {error}")
        # The first run may write answer sheets; all else that is saved while it runs counts as a change.
        sheets = {name: now for name, now in self._look().items() if name.startswith(f"{ANSWERS}/")}
        self._say_keys()
        return {**sheets, **before}

    def _look(self) -> Seen:
        return seen_files(self._course.root, self._course.package)

    def _say_keys(self) -> None:
        say("")
        say("  Watching your files: h hint · n next exercise · q quit" if self._keys
            else "  Watching your files.")

    def _wait(self, seen: Seen) -> str:
        """Wait for a change or for a key that ends the waiting; give q, or why to check again."""
        while True:
            key = self._keys(POLL_SECONDS) if self._keys else _sleep()
            if key in ("q", "Q"):
                return "q"
            if key in ("h", "H"):
                self._hint()
            if key in ("n", "N") and self._next():
                return f"only {', '.join(sorted(self._wanted or ()))}"
            changed = changed_files(seen, self._look())
            if changed:
                return self._settled(changed)

    def _settled(self, changed: list[str]) -> str:
        """Wait until nothing changes any more, and name the files."""
        seen: Seen = {}
        while seen != (now := self._look()):
            seen = now
            time.sleep(QUIET_SECONDS)
        more = f" and {len(changed) - _SHOWN_FILES} more" if len(changed) > _SHOWN_FILES else ""
        return f"{', '.join(changed[:_SHOWN_FILES])}{more} changed"

    def _open(self) -> list[Exercise]:
        """List what has not passed, in the order of the course."""
        if self._result is None:
            return []
        return [self._course.exercises[e.id] for lesson in self._result.lessons
                for e in lesson.exercises if e.criteria and e.status != "passed"]

    def _hint(self) -> None:
        """Show the next hint of the first exercise that has not passed."""
        open_ = self._open()
        if not open_:
            say("  There is nothing to hint at: what was checked has passed.")
            return
        screen = Screen(open_console(plain=self._plain), plain=self._plain)
        show_hint(self._course, open_[0], screen)
        screen.show()
        self._say_keys()

    def _next(self) -> bool:
        """Turn to the first open exercise behind those that are watched; say so if there is none."""
        from grader.student.standing import read_standing

        known = list(self._course.exercises)
        last = max((known.index(name) for name in self._wanted or ()), default=-1)
        open_ = [one.exercise.id for one in read_standing(self._course).exercises if not one.passed]
        behind = [name for name in open_ if known.index(name) > last] or open_
        if not behind or self._wanted == frozenset(behind[:1]):
            say("  There is no other open exercise." if behind else "  Every exercise has passed.")
            return False
        self._wanted = frozenset(behind[:1])
        return True


def _sleep() -> str:
    time.sleep(POLL_SECONDS)
    return ""
