"""Answer the questions of the checkpoints as students do: right, wrong, blank, in words."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from grader.course import Checkpoint, Course, Question, numbers_for
from grader.course.checkpoints import LETTERS
from grader.grading.questions import Keys

OPINIONS = (
    "I think it is because the numbers would get too large otherwise.",
    "It is the same as before, only in the other direction.",
    "I am not sure, but I would try it out on a small example first.",
)


@dataclass
class Pen:
    """What one student answers with; each question is right with the probability `skill`."""

    course: Course
    student: str
    random: Random
    skill: float

    def sheets(self) -> dict[str, str]:
        """Write the files of `answers/`."""
        asked = [checkpoint for checkpoint in self.course.checkpoints if checkpoint.questions]
        if not asked:
            return {}
        keys = Keys(self.course)
        sheets = {f"checkpoint_{c.id}.toml": self._sheet(c, keys) for c in asked}
        return {"me.toml": f"id = {json.dumps(self.student)}\n", **sheets}

    def _sheet(self, checkpoint: Checkpoint, keys: Keys) -> str:
        model = self._reference(checkpoint)
        parts = []
        for question in checkpoint.questions:
            if self.random.random() < (1 - self.skill) / 2:  # left blank
                continue
            right = self.random.random() < self.skill
            if question.kind in ("explain", "draw"):
                text = str(model.get(question.id, {}).get("text", "")).strip()
                fields: dict[str, Any] = {"text": text if right and text else self.random.choice(OPINIONS)}
            else:
                key = keys.key(checkpoint.id, question.id)
                fields = (self._worked_out(checkpoint, question, key, right=right) if callable(key)
                          else {"answer": key if right else self._wrong_letters(question)})
            lines = [f"{name} = {json.dumps(value)}" for name, value in fields.items()]
            parts.append("\n".join([f"[{question.id}]", *lines]))
        return "\n\n".join(parts) + "\n"

    def _reference(self, checkpoint: Checkpoint) -> dict[str, Any]:
        path = self.course.reference / "answers" / f"checkpoint_{checkpoint.id}.toml"
        return tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}

    def _worked_out(
        self, checkpoint: Checkpoint, question: Question, key: Callable[..., dict[str, Any]], *, right: bool
    ) -> dict[str, Any]:
        numbers = key(**numbers_for(self.course.id, checkpoint.id, question, self.student))
        return {name: value if right else _off(value) for name, value in numbers.items()}

    def _wrong_letters(self, question: Question) -> str | list[str]:
        letters = list(LETTERS[:len(question.options)])
        if question.kind == "order":
            return self.random.sample(letters, len(letters))
        letter = self.random.choice(letters)
        return [letter] if question.several else letter


def _off(value: Any) -> Any:
    """Be wrong by one, everywhere."""
    return [_off(item) for item in value] if isinstance(value, list) else value + 1
