"""The golden results of lesson 1's sample submissions: `python -m grader.tests.submissions_golden --write`.

Without `--write` it prints what is different; names after it choose submissions. `--show` prints the
whole feedback as the student would see it, to be read by a person before a golden result is kept.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from grader.course import load_course
from grader.errors import SubmissionError
from grader.grading import Grader
from grader.render.markdown import to_markdown
from grader.result import CriterionResult, ExerciseResult, Result
from grader.sandbox import open_box
from grader.submission import read_submission

ROOT = Path(__file__).resolve().parents[2]
SUBMISSIONS = Path(__file__).with_name("submissions")
LESSON = "1"
BROKEN = "broken"
"""Single files, which have golden texts of their own (`course/test_broken.py`)."""
SECRET = b"the golden results of lesson one"


def names() -> list[str]:
    """List the sample submissions."""
    return sorted(folder.name for folder in SUBMISSIONS.iterdir() if (folder / "golden.json").is_file())


def grade(grader: Grader, name: str) -> Result:
    """Grade one sample submission with the secret of the golden results."""
    submission = read_submission(SUBMISSIONS / name, grader.course.package)
    return grader.grade(submission, lessons=[LESSON], secret=SECRET)


def compact(result: Result) -> dict[str, Any]:
    """Keep what a teacher would look at first; numbers of single tests and timings are left out."""
    exercises = [e for lesson in result.lessons for e in lesson.exercises]
    return {
        "score": f"{result.score}/{result.max_score}",
        "exercises": {e.id: _exercise(e) for e in exercises},
        "lost": {f"{e.id} {c.id}": _lost(c) for e in exercises for c in e.criteria if c.status != "passed"},
        "integrity": [f"{p.file}: {p.problem}" for p in result.integrity],
        "warnings": list(result.warnings),
    }


def _exercise(exercise: ExerciseResult) -> str:
    """Say status, score and place in one line: `failed 11/15 at minigpt/attention.py:8`."""
    place = f" at {exercise.location.file}:{exercise.location.line}" if exercise.location else ""
    return f"{exercise.status} {exercise.score}/{exercise.max_score}{place}"


def _lost(criterion: CriterionResult) -> str:
    """Say how a criterion was lost, and which mistakes were named: `failed: no_max (sure)`."""
    known = criterion.feedback.misconception if criterion.feedback else None
    if known is None:
        return criterion.status
    others = "".join(f", or {title!r}" for title in known.others)
    return f"{criterion.status}: {known.id} ({known.certainty}){others}"


def outcome(grader: Grader, name: str) -> dict[str, Any]:
    """Give the compact result of a sample submission, or the refusal to read it."""
    try:
        return compact(grade(grader, name))
    except SubmissionError as error:
        return {"refused": error.problem, "next": error.fix}


def golden(name: str) -> dict[str, Any]:
    """Read what a sample submission should give."""
    kept: dict[str, Any] = json.loads((SUBMISSIONS / name / "golden.json").read_text(encoding="utf-8"))
    return kept


def main() -> int:
    """Compare, show or write; exit code 1 when something is different and was not written."""
    parser = argparse.ArgumentParser(prog="python -m grader.tests.submissions_golden", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--write", action="store_true", help="keep what comes out now")
    parser.add_argument("--show", action="store_true", help="print the feedback of each")
    options = parser.parse_args()
    folders = sorted(f.name for f in SUBMISSIONS.iterdir() if f.is_dir() and f.name != BROKEN)
    different = False
    with open_box() as box, Grader(load_course(ROOT), box) as grader:
        for name in options.names or folders:
            if options.write:  # first, because a refusal names the files that it finds
                (SUBMISSIONS / name / "golden.json").touch()
            found = outcome(grader, name)
            if options.show and "refused" not in found:
                print(f"\n# {name}\n{to_markdown(grade(grader, name))}")
            different |= _settle(name, found, write=options.write)
    return int(different)


def _settle(name: str, found: dict[str, Any], *, write: bool) -> bool:
    """Keep a new outcome or tell of it; True when it is different and was not kept."""
    file = SUBMISSIONS / name / "golden.json"
    text = json.dumps(found, indent=2, ensure_ascii=False) + "\n"
    if file.is_file() and file.read_text(encoding="utf-8") == text:
        return False
    if write:
        file.write_text(text, encoding="utf-8")
    print(f"{name}: {'written' if write else 'is different now'}\n{text}")
    return not write


if __name__ == "__main__":
    sys.exit(main())
