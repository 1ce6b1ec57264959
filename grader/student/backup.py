"""Keep a student's file as it was before a command changes it: `.grader/backup/`."""

from __future__ import annotations

import time
from pathlib import Path

from grader.result import write_bytes
from grader.student.journal import FOLDER, made_folder

BACKUP = "backup"


def keep_backup(root: Path, path: Path, label: str) -> str:
    """Copy a file under a name that tells when and why; give it from the root of the repository."""
    folder = made_folder(root, BACKUP)
    stamp = time.strftime("%Y-%m-%d_%H-%M-%S")
    name = f"{stamp}_{label}_{path.name}"
    number = 1
    while (folder / name).exists():
        number += 1
        name = f"{stamp}_{label}_{number}_{path.name}"
    write_bytes(path.read_bytes(), folder / name)
    return f"{FOLDER}/{BACKUP}/{name}"
