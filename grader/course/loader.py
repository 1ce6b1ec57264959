"""Find a course and read it whole, refusing what breaks a rule, with file, line and the next step."""

from __future__ import annotations

import re
from pathlib import Path

from grader.course.checkpoints import FOLDER, KEYS_FILE, read_questions
from grader.course.dates import read_dates
from grader.course.files import CourseFiles
from grader.course.model import Checkpoint, Course, Edition, Exercise, HeatMap, LearningPath, Lesson
from grader.course.rubric import KEBAB, KEBAB_MEANING, NAME, Surroundings, read_lesson
from grader.course.tables import Table
from grader.errors import CourseError

DATES = ("due", "late")
"""Keys that change no result, so they are not in the digest: a new date regrades nobody."""
COURSE_FILE = Path("assignments", "course.toml")
_FOLDER = re.compile(r"([0-9]{2})_[a-z0-9_]+")


def find_course(start: Path) -> Path:
    """Find the nearest folder at or above `start` that holds `assignments/course.toml`."""
    here = start.resolve()
    for folder in (here, *here.parents):
        if (folder / COURSE_FILE).is_file():
            return folder
    raise CourseError("there is no course here or above", where=str(start),
                      fix="Go to a folder with assignments/course.toml, or name it with --course DIR.")


def load_course(root: Path) -> Course:
    """Read the course in `root`; raises CourseError on the first rule that is broken."""
    files = CourseFiles(root.resolve())
    table = Table.parse(COURSE_FILE.as_posix(), files.text(files.root / COURSE_FILE))
    table.only("id", "title", "version", "edition", "on_path", "package", "given_modules", "lessons", "path",
               "checkpoint", "show", *DATES)
    edition = _edition(table)
    package = table.word("package", NAME, "the name of a Python package")
    reference = files.root / "reference" / package if edition == "teacher" else None
    course_id = table.word("id", KEBAB, KEBAB_MEANING)
    paths = _paths(table)
    lessons = _lessons(table, files, reference, tuple(path.id for path in paths))
    given_modules = table.texts("given_modules", ())
    _check_modules(table, files, reference, given_modules, lessons)
    checkpoints = _checkpoints(table, files, lessons)
    return Course(
        root=files.root, id=course_id, title=table.text("title"), version=table.text("version"),
        package=package, edition=edition,
        digest=files.digest(_that_can_change_a_score(files, lessons, reference),
                            {files.root / COURSE_FILE: table.without(*DATES)}),
        given_modules=given_modules, lessons=lessons, checkpoints=checkpoints, paths=paths,
        dates=read_dates(table, [lesson.id for lesson in lessons]),
        on_path=_on_path(table, edition, paths), maps=_maps(table, lessons, given_modules),
    )


def _edition(table: Table) -> Edition:
    return "student" if table.word("edition", "student|teacher", "student or teacher",
                                   default="teacher") == "student" else "teacher"


def _paths(table: Table) -> tuple[LearningPath, ...]:
    found: list[LearningPath] = []
    for row in table.tables("path"):
        row.only("id", "title", "text")
        path = LearningPath(row.word("id", KEBAB, KEBAB_MEANING), row.text("title"),
                            row.text("text", ""))
        if path.id in [earlier.id for earlier in found]:
            raise row.refuse(f"a second path {path.id!r}", "Give each path its own `id`.", "id")
        found.append(path)
    return tuple(found)


def _on_path(table: Table, edition: Edition, paths: tuple[LearningPath, ...]) -> str | None:
    path = table.text("on_path", "") or None
    if path and (edition == "teacher" or path not in [known.id for known in paths]):
        raise table.refuse(f"`on_path` is {path!r}", "Only `grader build --path` writes it. Take it out.",
                           "on_path")
    return path


def _lessons(
    table: Table, files: CourseFiles, reference: Path | None, paths: tuple[str, ...]
) -> tuple[Lesson, ...]:
    lessons: list[Lesson] = []
    earlier: dict[str, Exercise] = {}
    for name in table.texts("lessons"):
        lesson_id = _lesson_id(table, name, lessons)
        folder = files.root / "assignments" / name
        if not folder.is_dir():
            raise table.refuse(f"there is no folder assignments/{name}",
                               f"Run `grader new {name}`, or correct it.", "lessons")
        lesson = read_lesson(Surroundings(files, reference, paths, earlier), folder, lesson_id)
        _refuse_shared_module(files, lesson, lessons)
        earlier |= {exercise.id: exercise for exercise in lesson.exercises}
        lessons.append(lesson)
    return tuple(lessons)


def _lesson_id(table: Table, name: str, lessons: list[Lesson]) -> str:
    form = _FOLDER.fullmatch(name)
    if not form:
        raise table.refuse(f"the lesson folder {name!r} has no number and name",
                           "Name it like 01_first_lesson.", "lessons")
    lesson_id = str(int(form[1]))
    if lesson_id in [lesson.id for lesson in lessons]:
        raise table.refuse(f"a second lesson {lesson_id}: {name!r}", "Give each lesson its own number.",
                           "lessons")
    return lesson_id


def _refuse_shared_module(files: CourseFiles, lesson: Lesson, lessons: list[Lesson]) -> None:
    for other in lessons:
        if other.module == lesson.module:
            raise CourseError(f"lessons {other.id} and {lesson.id} share the module {lesson.module!r}",
                              where=files.name(lesson.folder / "rubric.toml"),
                              fix="Give each lesson a module of its own.")


def _check_modules(
    table: Table, files: CourseFiles, reference: Path | None, given: tuple[str, ...],
    lessons: tuple[Lesson, ...],
) -> None:
    """Refuse given modules that are exercises, or that the reference does not have."""
    for module in given:
        if not re.fullmatch(rf"{NAME}(\.{NAME})*|__main__", module):
            raise table.refuse(f"{module!r} is no name of a module", "Name modules below the package.",
                               "given_modules")
        if module in [lesson.module for lesson in lessons]:
            raise table.refuse(f"{module!r} holds exercises, so it cannot be given", "Take it out.",
                               "given_modules")
    if reference is None:
        return
    for module in ("__init__", *given):
        path = reference.joinpath(*module.split(".")).with_suffix(".py")
        if not path.is_file():
            raise table.refuse(f"the reference has no {files.name(path)}", "Write it; it may be empty.",
                               "given_modules")


def _maps(
    table: Table, lessons: tuple[Lesson, ...], given_modules: tuple[str, ...]
) -> tuple[HeatMap, ...]:
    """Read which function draws what for a lesson; it must be a given one, since students change others."""
    known = [lesson.id for lesson in lessons]
    found: list[HeatMap] = []
    for row in table.tables("show"):
        row.only("lesson", "module", "function", "sentence", "arrays", "made_by")
        arrays = row.word("arrays", r"[\w-]+\.npz|", "the name of an .npz file", "")
        one = HeatMap(row.text("lesson"), row.text("module"), row.word("function", NAME, "a function's name"),
                      row.text("sentence"), arrays, row.text("made_by") if arrays else "")
        if one.lesson not in known:
            raise row.refuse(f"there is no lesson {one.lesson!r}", f"The lessons are: {', '.join(known)}.",
                             "lesson")
        if one.lesson in [earlier.lesson for earlier in found]:
            raise row.refuse(f"lesson {one.lesson} has a map already", "Give a lesson one [[show]].",
                             "lesson")
        if one.module not in given_modules:
            raise row.refuse(f"{one.module!r} is no given module", "Add it to `given_modules`.", "module")
        found.append(one)
    return tuple(found)


def _checkpoints(
    table: Table, files: CourseFiles, lessons: tuple[Lesson, ...]
) -> tuple[Checkpoint, ...]:
    known = [lesson.id for lesson in lessons]
    found: list[Checkpoint] = []
    for row in table.tables("checkpoint"):
        row.only("id", "title", "lessons")
        checkpoint_id = row.word("id", KEBAB, KEBAB_MEANING)
        checkpoint = Checkpoint(checkpoint_id, row.text("title"), row.texts("lessons"),
                                read_questions(files, checkpoint_id))
        if checkpoint.id in [earlier.id for earlier in found]:
            raise row.refuse(f"a second checkpoint {checkpoint.id!r}", "Give each its own `id`.", "id")
        for lesson in checkpoint.lessons:
            _check_member(row, lesson, known, found)
        found.append(checkpoint)
    return tuple(found)


def _check_member(row: Table, lesson: str, known: list[str], earlier: list[Checkpoint]) -> None:
    if lesson not in known:
        raise row.refuse(f"there is no lesson {lesson!r}", f"The lessons are: {', '.join(known)}.", "lessons")
    for other in earlier:
        if lesson in other.lessons:
            raise row.refuse(f"lesson {lesson} is in checkpoint {other.id!r} already", "Name it once.",
                             "lessons")


def _that_can_change_a_score(
    files: CourseFiles, lessons: tuple[Lesson, ...], reference: Path | None
) -> list[Path]:
    names = ["rubric.toml", "test_public.py"]
    if reference:
        names += ["test_hidden.py", "misconceptions.py", "goldens.npz"]
    found = [files.root / COURSE_FILE, *(reference.rglob("*.py") if reference else ())]
    found += sorted((files.root / "assignments" / FOLDER).glob("*.toml"))
    found += [key for key in [files.root / "assignments" / FOLDER / KEYS_FILE] if reference and key.is_file()]
    return found + [path for lesson in lessons for name in names if (path := lesson.folder / name).is_file()]
