"""What is asked of the engine, and what a run leaves behind."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from grader.course import Exercise
from grader.grading.evidence import ExerciseEvidence
from grader.sandbox import Inspection, Killed

PUBLIC_SECRET = b"public tests have fixed seeds"


@dataclass(frozen=True)
class Order:
    """What to grade of a submission, and how."""

    exercises: tuple[Exercise, ...]
    path: str | None = None
    secret: bytes = PUBLIC_SECRET
    public_only: bool = False
    questions: bool = False
    """Whether the checkpoints' questions count: not when only some lessons or exercises are asked for."""


@dataclass
class Run:
    """What one submission's run left behind."""

    evidence: dict[str, ExerciseEvidence]
    inspections: dict[str, Inspection | Killed]
    record: dict[str, Any]
    replaced: tuple[str, ...] = ()
    """Given modules that were changed; the course's were used."""


def seed_id(secret: bytes) -> str:
    """Name a secret without telling it."""
    return hashlib.sha256(b"seed-id\0" + secret).hexdigest()[:16]
