"""Read which commit is checked out, from the files of `.git`; git itself is never run."""

from __future__ import annotations

import re
from contextlib import ExitStack

from grader.submission.folder import Folder, NotReadable

_COMMIT = re.compile(rb"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_REF = re.compile(rb"ref: (refs(?:/[\w.@+-]+)+)")
_LIMIT = 1 << 20


def read_commit(root: Folder) -> str | None:
    """Give the 40 or 64 hex digits of HEAD, or None where there is no plain answer."""
    try:
        with root.folder(".git") as git:
            head = git.read("HEAD", _LIMIT).strip()
            ref = _REF.fullmatch(head)
            commit = _resolve(git, ref[1]) if ref else head
    except NotReadable:
        return None
    return commit.decode("ascii") if commit is not None and _COMMIT.fullmatch(commit) else None


def _resolve(git: Folder, ref: bytes) -> bytes | None:
    *folders, name = ref.decode("ascii", "replace").split("/")
    if {".", ".."} & {*folders, name}:
        return None
    try:
        with ExitStack() as opened:
            folder = git
            for step in folders:
                folder = opened.enter_context(folder.folder(step))
            return folder.read(name, _LIMIT).strip()
    except NotReadable:
        return _packed(git, ref)


def _packed(git: Folder, ref: bytes) -> bytes | None:
    for line in git.read("packed-refs", _LIMIT).split(b"\n"):
        commit, _, name = line.strip().partition(b" ")
        if name == ref:
            return commit
    return None
