"""Write what the student reads about one criterion.

Built from an allow-list. A hidden test shows its sentence, the class of failure, the misconception and
where to read: never an input, an expected value, an answer, or the text of an error (which the
student's code could fill with the inputs it saw). A public test shows all of these.
"""

from __future__ import annotations

import builtins
import difflib
from collections.abc import Collection

from grader.course import Course, Criterion, Exercise
from grader.grading.diagnosis import Diagnosis
from grader.grading.evidence import ExerciseEvidence, TestEvidence
from grader.grading.failure_text import error_lines, warning_lines
from grader.grading.scoring import Verdict
from grader.render.text import neutralise
from grader.result import Feedback, Location, MisconceptionFound
from grader.testing import CheckFailed, StudentFailed
from grader.testing.compare import show
from grader.testing.failure import StudentFrame
from grader.testing.record import Call

_HIDDEN: dict[str, str] = {
    "wrong_error": "This input should raise another error than the one that came.",
    "unsupported": "The answer should be made of plain arrays, numbers, text, lists or dicts.",
}
"""For hidden tests: sentences without the name of a type, which could carry the inputs out."""


def write(
    course: Course, exercise: Exercise, verdict: Verdict, diagnosis: Diagnosis | None,
    functions: Collection[str],
) -> Feedback | None:
    """Give the feedback of a criterion that did not pass (None for one that did)."""
    if verdict.status == "passed":
        return None
    if verdict.status == "not_started":
        return Feedback(summary="Not started yet.", read=_read(course, exercise, verdict.criterion),
                        hint=exercise.hints[0], next=f"open {_file(course, exercise)}")
    test = verdict.decided_by
    failure = test.failure if test else None
    public = test is not None and test.function.public
    return Feedback(
        summary=test.function.sentence if test else verdict.criterion.text,
        detail=_detail(course, exercise, failure, test, functions),
        expected=_numbers(failure.expected) if public and isinstance(failure, CheckFailed) else None,
        actual=_numbers(failure.actual) if public and isinstance(failure, CheckFailed) else None,
        misconception=_misconception(diagnosis),
        hint=exercise.hints[0],
        read=_read(course, exercise, verdict.criterion),
        next=f"grader check {exercise.id}",
    )


def _numbers(text: str | None) -> str | None:
    return neutralise(text, multiline=True) if text else None


def _detail(
    course: Course, exercise: Exercise, failure: CheckFailed | StudentFailed | None,
    test: TestEvidence | None, functions: Collection[str],
) -> str:
    public = test is not None and test.function.public
    if failure is None:
        return "No answer was recorded, so no point can be given."
    if isinstance(failure, CheckFailed):
        lines = [failure.sentence if public else _HIDDEN.get(failure.kind, failure.sentence)]
        lines += warning_lines(failure, test.calls) if public and test else ()
    elif public and failure.kind in ("raised", "import_failed"):
        lines = list(error_lines(failure))
    else:
        lines = [_student_failed(course, exercise, failure, public, functions)]
    called = public and test and test.calls and getattr(failure, "kind", "") != "import_failed"
    if called and test:
        lines.insert(0, f"We called {_call_text(test.calls[-1])}")
    return neutralise("\n".join(lines), multiline=True)


def _student_failed(
    course: Course, exercise: Exercise, failure: StudentFailed, public: bool, functions: Collection[str]
) -> str:
    if failure.kind in ("raised", "import_failed"):
        # The name of a class, the text and even the line could carry the inputs out.
        what = "Your code" if failure.kind == "raised" else f"Importing {_file(course, exercise)}"
        return f"{what} raised {_builtin_error(failure)}."
    if not public and failure.kind in _HIDDEN:
        return _HIDDEN[failure.kind]
    if failure.kind == "missing":
        return _missing(course, exercise, functions) if functions else failure.sentence
    return failure.sentence


def _builtin_error(failure: StudentFailed) -> str:
    return next((name for name in (failure.error, *failure.bases) if hasattr(builtins, name)), "an exception")


def _missing(course: Course, exercise: Exercise, functions: Collection[str]) -> str:
    near = difflib.get_close_matches(exercise.function, functions, n=1)
    guess = f" There is a {near[0]}: was it renamed?" if near else " Was it renamed or deleted?"
    return f"{_file(course, exercise)} has no function {exercise.function}.{guess}"


def _call_text(call: Call) -> str:
    shown = [_argument(a) for a in call.args] + [f"{k}={_argument(v)}" for k, v in call.kwargs.items()]
    return f"{call.function}({', '.join(shown)})"


def _argument(value: object) -> str:
    text = " ".join(show(value).split())
    dtype = getattr(value, "dtype", None)
    return f"{text} ({dtype})" if dtype is not None and str(dtype) != "float64" else text


def _misconception(diagnosis: Diagnosis | None) -> MisconceptionFound | None:
    if diagnosis is None:
        return None
    found = diagnosis.found
    return MisconceptionFound(found.id, found.title, found.text, diagnosis.certainty,
                              tuple(m.title for m in diagnosis.others))


def _read(course: Course, exercise: Exercise, criterion: Criterion) -> str:
    """Name the place to read, as a path with an anchor from the root of the repository."""
    if not criterion.read:
        return ""
    folder = course.lesson(exercise.lesson).folder
    return f"{folder.relative_to(course.root).as_posix()}/{criterion.read}"


def _file(course: Course, exercise: Exercise) -> str:
    return f"{course.package}/{exercise.module.replace('.', '/')}.py"


def location(course: Course, exercise: Exercise, evidence: ExerciseEvidence) -> Location | None:
    """Give the line that raised in the first public test that did not pass, else the `def` line."""
    for test in evidence.tests:
        frames: tuple[StudentFrame, ...] = getattr(test.failure, "frames", ())
        if test.outcome != "passed" and test.function.public and frames:
            return Location(frames[-1].file, frames[-1].line)
    return Location(_file(course, exercise), evidence.line) if evidence.line else None
