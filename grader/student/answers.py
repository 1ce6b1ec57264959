"""Give a student an id and numbers of their own, written beside the questions that ask for them."""

from __future__ import annotations

import secrets

from grader.course import Course
from grader.course.answer_sheets import FOLDER, blank_sheet, sheet_name, with_numbers
from grader.result import write_text
from grader.submission import Submission
from grader.submission.answers import ME

_ME = """# This id is yours: the numbers in the questions of the checkpoints are drawn from it.
# Leave it as it is, and commit it.
id = "{id}"
"""


def prepare_answers(course: Course, submission: Submission) -> list[str]:
    """Make `answers/me.toml` and the sheets if they are missing, and write the student's numbers in.

    Gives a sentence for each file that changed. A file that is damaged is left as it is.
    """
    answers = submission.answers
    asked = [checkpoint for checkpoint in course.checkpoints if checkpoint.questions]
    if not asked or ME in answers.problems or course.edition != "student":
        return []
    folder = course.root / FOLDER
    if not folder.exists():
        folder.mkdir()
    if folder.is_symlink() or not folder.is_dir():
        return [f"{FOLDER} is no folder, so your numbers cannot be written there. Move it away."]
    said = []
    student = answers.student
    if student is None:
        student = secrets.token_hex(6)
        write_text(_ME.format(id=student), course.root / FOLDER / ME)
        said.append(f"Made {FOLDER}/{ME}: your own numbers are drawn from it.")
    for checkpoint in asked:
        path = course.root / sheet_name(checkpoint)
        old = path.read_text(encoding="utf-8") if path.is_file() and not path.is_symlink() else None
        if path.name in answers.problems or (old is None and path.exists()):
            continue
        new = with_numbers(blank_sheet(checkpoint) if old is None else old, course, checkpoint, student)
        if new != old:
            write_text(new, path)
            said.append(f"Wrote your numbers into {sheet_name(checkpoint)}.")
    return said
