"""The cells of the matrix: as which user, and with or without Landlock."""

from __future__ import annotations

import ctypes
import os
import pwd
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import grader
from grader.tests.attacks.pythons import THIS, Python

_LANDLOCK_CREATE = 444
_OTHERS_MAY_ENTER = 0o005


@dataclass(frozen=True)
class Cell:
    """One way of running the grader."""

    python: Python
    user: str
    uid: int | None
    """None: the user who runs the suite."""
    landlock: bool
    absent: str = ""
    """Why this cell does not exist here, if it does not."""

    @property
    def name(self) -> str:
        """Name it in a test's id."""
        name = f"{self.user}-{'landlock' if self.landlock else 'bare'}"
        return name if self.python.is_this else f"{name}-{self.python.version}"

    @property
    def is_main(self) -> bool:
        """Tell whether every program runs in it by default: the current user, with all layers."""
        return self.python.is_this and self.uid is None and (self.landlock or not _has_landlock())


@cache
def _has_landlock() -> bool:
    return bool(ctypes.CDLL(None).syscall(_LANDLOCK_CREATE, None, 0, 1) > 0)


@cache
def cells(python: Python = THIS) -> tuple[Cell, ...]:
    """List the matrix of one Python; where a cell cannot exist, it says why."""
    root = os.geteuid() == 0
    users = [("root", None), ("nobody", _nobody())] if root else [("root", None), ("self", None)]
    found = []
    for user, uid in users:
        for landlock in (True, False):
            absent = "" if root or user != "root" else "this is not root, and cannot become it"
            if landlock and not _has_landlock():
                absent = absent or "this kernel has no Landlock"
            if user == "nobody" and uid is None:
                absent = absent or "this system has no user nobody"
            found.append(Cell(python, user, uid, landlock, absent))
    return tuple(found)


def _nobody() -> int | None:
    try:
        return pwd.getpwnam("nobody").pw_uid
    except KeyError:
        return None


@cache
def hidden_folders(python: Python) -> dict[str, list[str]]:
    """Map each folder that closes the interpreter or the course to a stranger to what he needs in it."""
    roots = {Path(grader.__file__).parents[1], *python.folders}
    hidden: dict[str, list[str]] = {}
    for needed in sorted(root.resolve() for root in roots):
        closed = next((p for p in reversed(needed.parents) if not _open(p)), None)
        if closed is not None:
            hidden.setdefault(str(closed), []).append(str(needed))
    return {closed: _outermost(needed) for closed, needed in hidden.items()}


def _open(folder: Path) -> bool:
    return folder.stat().st_mode & _OTHERS_MAY_ENTER == _OTHERS_MAY_ENTER


def _outermost(folders: list[str]) -> list[str]:
    return [f for f in folders if not any(f != g and Path(f).is_relative_to(g) for g in folders)]
