"""Plan what students get: the course minus its secrets, as relative path -> bytes."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path, PurePosixPath

from grader.build.secrets import Secret, course_secrets, refuse_secrets, secret_of
from grader.build.stubs import DEFINITIONS, Module, stub_source, take_apart
from grader.course import Course, Lesson
from grader.course.answer_sheets import blank_sheet, sheet_name
from grader.course.checkpoints import questions_file
from grader.course.prerequisites import FILE as PREREQUISITES
from grader.course.prerequisites import read_quiz
from grader.course.shipped import SHIPPED, Shipped, content_digest, write_shipped
from grader.errors import CourseError

STARTER = "starter"
_NOT_SHIPPED = ("__pycache__", ".DS_Store")
_EDITION = re.compile(r"\s*edition\s*=")
_STUDENTS_FILES = (
    "rubric.toml", "README.md", "test_public.py", "example_*.py", "example_*.json", "*.svg", "*.png",
)


def plan_build(course: Course, *, path: str | None = None) -> dict[str, bytes]:
    """Plan the stub of each lesson's folder, and the whole of `starter/`, from the course's root.

    With `path`, the exercises that are not on it are given whole in the starter.
    Raises CourseError, and so writes nothing, if a secret would be in it.
    """
    # Late: it runs tests, and whoever only packs the grader has no NumPy and no pytest.
    from grader.build.fingerprints import plan_fingerprints

    _refuse_student_edition(course)
    if path is not None and path not in [known.id for known in course.paths]:
        raise CourseError(f"there is no path {path!r}", where="assignments/course.toml",
                          fix=f"The paths are: {', '.join(known.id for known in course.paths) or 'none'}.")
    output: dict[str, bytes] = {}
    secrets = list(course_secrets(course))
    for lesson in course.lessons:
        cut = _LessonCut(course, lesson, None)
        output[f"assignments/{lesson.folder.name}/{lesson.module}.py"] = cut.stub()
        chosen = _LessonCut(course, lesson, path)
        output[f"{STARTER}/{course.package}/{lesson.module}.py"] = chosen.stub()
        secrets += chosen.secrets()
    for name, data in (*_given_modules(course), *_students_course(course, path),
                       *plan_fingerprints(course, path), *_template(course)):
        if f"{STARTER}/{name}" in output:
            raise CourseError("the build makes this file itself", where=f"assignments/template/{name}",
                              fix="Take it out of the template.")
        output[f"{STARTER}/{name}"] = data
    output[f"{STARTER}/{SHIPPED}"] = shipped_file(course, output)
    _refuse_missing_modules(course, output)
    refuse_secrets(course, output, secrets)
    return dict(sorted(output.items()))


def _refuse_student_edition(course: Course) -> None:
    if course.edition == "student":
        raise CourseError("this is a student's copy: there is nothing to build it from",
                          where="assignments/course.toml", fix="Build in the teacher's repository.")


class _LessonCut:
    """How one lesson's reference module is cut for the students of one path (or of all)."""

    def __init__(self, course: Course, lesson: Lesson, path: str | None) -> None:
        module = course.reference / course.package / f"{lesson.module}.py"
        self._where = module.relative_to(course.root).as_posix()
        self._text = plain_lines(module.read_bytes().removeprefix(b"\xef\xbb\xbf")).decode("utf-8")
        asked = [e for e in lesson.exercises if path is None or path in e.paths]
        self._exercises = {exercise.function: exercise.id for exercise in asked}
        whole = [e.function for e in lesson.exercises if e.function not in self._exercises]
        # Exercises off the path are shipped whole, and the helpers that only they call with them.
        needed = _used(self._text, whole, self._exercises) - _used(self._text, self._exercises, whole)
        needed &= set(lesson.solution)
        self._given = [*lesson.given, *whole, *sorted(needed)]
        self._solution = [name for name in lesson.solution if name not in needed]

    def stub(self) -> bytes:
        """Make the module that students get."""
        return stub_source(self._text, exercises=self._exercises, given=self._given,
                           solution=self._solution, where=self._where).encode()

    def secrets(self) -> Iterator[Secret]:
        """List the bodies that this cut takes out."""
        module = take_apart(self._text, exercises=self._exercises, given=self._given,
                            solution=self._solution, where=self._where)
        for what, body in self._bodies(module):
            secret = secret_of(what, body, self._text)
            if secret:
                yield secret

    def _bodies(self, module: Module) -> Iterator[tuple[str, list[ast.stmt]]]:
        for name, body in module.bodies.items():
            yield f"the solution of {self._exercises[name]} `{name}`", list(body.taken)
        for name, helper in module.helpers.items():
            yield f"the solution helper `{name}`", helper.body


def _used(text: str, functions: Collection[str], beyond: Collection[str]) -> set[str]:
    """List every name that some functions use, directly or through others, but not `beyond` these."""
    defined = {node.name: node for node in ast.parse(text).body if isinstance(node, DEFINITIONS)}
    used: set[str] = set()
    waiting = list(functions)
    while waiting:
        node = defined.get(waiting.pop())
        names = {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)} if node else set()
        waiting += names - used - set(beyond)
        used |= names
    return used


def _given_modules(course: Course) -> Iterator[tuple[str, bytes]]:
    folder = course.reference / course.package
    for module in ("__init__", *course.given_modules):
        path = folder.joinpath(*module.split(".")).with_suffix(".py")
        yield f"{course.package}/{path.relative_to(folder).as_posix()}", plain_lines(path.read_bytes())
        for package in path.relative_to(folder).parents[:-1]:
            start = folder / package / "__init__.py"
            if start.is_file():
                name = f"{course.package}/{(package / '__init__.py').as_posix()}"
                yield name, plain_lines(start.read_bytes())


def _students_course(course: Course, path: str | None) -> Iterator[tuple[str, bytes]]:
    """Give the student edition of `assignments/`: an allow-list, so that a new file is private."""
    yield "assignments/course.toml", _student_edition(course, path)
    if read_quiz(course.root):
        yield f"assignments/{PREREQUISITES}", _plain_bytes(course, course.assignments / PREREQUISITES)
    for checkpoint in course.checkpoints:
        if checkpoint.questions:
            questions = questions_file(course.assignments, checkpoint.id)
            yield f"assignments/{questions.parent.name}/{questions.name}", _plain_bytes(course, questions)
            yield sheet_name(checkpoint), blank_sheet(checkpoint).encode()
    for lesson in course.lessons:
        read = {c.read.partition("#")[0] for e in lesson.exercises for c in e.criteria if c.read}
        for pattern in sorted({*_STUDENTS_FILES, *read}):
            for file in lesson.folder.glob(pattern):
                yield f"assignments/{lesson.folder.name}/{file.name}", _plain_bytes(course, file)


def shipped_file(course: Course, output: Mapping[str, bytes]) -> bytes:
    """Tell what the student's copy is like now: its files by digest, its stubs as they are."""
    files = {name.removeprefix(f"{STARTER}/"): data for name, data in output.items()
             if name.startswith(f"{STARTER}/")}
    files.pop(SHIPPED, None)
    stubs = {f"{course.package}/{lesson.module}.py": lesson.module for lesson in course.lessons}
    digests = {name: content_digest(data) for name, data in files.items() if name not in stubs}
    given = {name: digest for name, digest in digests.items()
             if name.startswith((f"{course.package}/", "assignments/", ".github/"))}
    others = {name: digest for name, digest in digests.items() if name not in given}
    texts = {stubs[name]: files[name].decode() for name in stubs}
    return write_shipped(Shipped(given, texts, others)).encode()


def _student_edition(course: Course, on_path: str | None) -> bytes:
    """Mark `course.toml` as the student's copy (of a path), at the top of its keys."""
    path = course.assignments / "course.toml"
    text = plain_lines(path.read_bytes().removeprefix(b"\xef\xbb\xbf")).decode("utf-8")
    lines = [line for line in text.split("\n") if not _EDITION.match(line)]
    first = next(n for n, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("#"))
    marks = {"edition": "student", **({"on_path": on_path} if on_path else {})}
    marked = "\n".join([*lines[:first], *(f'{k} = "{v}"' for k, v in marks.items()), *lines[first:]])
    assert tomllib.loads(marked) == {**tomllib.loads(text), **marks}
    return marked.encode()


def _template(course: Course) -> Iterator[tuple[str, bytes]]:
    folder = course.assignments / "template"
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_symlink():
            raise CourseError("a symbolic link cannot be shipped", where=_name(course, path),
                              fix="Put the file itself there.")
        if path.is_file() and not set(_NOT_SHIPPED) & set(name.parts) and path.suffix != ".pyc":
            yield name.as_posix(), _plain_bytes(course, path)


def _refuse_missing_modules(course: Course, output: dict[str, bytes]) -> None:
    """Refuse a shipped module that imports a module of the package which is not shipped."""
    shipped = f"{STARTER}/{course.package}/"
    for name, data in output.items():
        if not name.startswith(shipped) or not name.endswith(".py"):
            continue
        here = PurePosixPath(name.removeprefix(shipped)).parent.parts
        for line, module in _imports(ast.parse(data), course.package, here):
            wanted = course.reference.joinpath(course.package, *module)
            made = shipped + "/".join(module)
            if (wanted.with_suffix(".py").is_file() and f"{made}.py" not in output) or (
                wanted.is_dir() and f"{made}/__init__.py" not in output
            ):
                dotted = ".".join((course.package, *module))
                raise CourseError(f"this imports {dotted}, which students do not get",
                                  where=f"{name}:{line}",
                                  fix="Add that module to `given_modules`, or take the import out.")


def _imports(tree: ast.Module, package: str, here: tuple[str, ...]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """List the modules of the package that a module may import, as steps below the package."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found = [tuple(alias.name.split(".")) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = (package, *here[: len(here) - node.level + 1]) if node.level else ()
            base += tuple((node.module or "").split(".")) if node.module else ()
            found = [base, *((*base, alias.name) for alias in node.names)]
        else:
            continue
        yield from ((node.lineno, steps[1:]) for steps in found if steps[:1] == (package,) and steps[1:])


def _plain_bytes(course: Course, path: Path) -> bytes:
    """Read a file to ship; text gets plain line ends, so that every system builds the same bytes."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CourseError(f"this file cannot be read ({error.strerror})", where=_name(course, path),
                          fix="Make it a file that you may read.") from None
    return data if b"\0" in data else plain_lines(data)


def _name(course: Course, path: Path) -> str:
    return path.relative_to(course.root).as_posix()


def plain_lines(data: bytes) -> bytes:
    """Give the bytes of a text with plain line ends."""
    return data.replace(b"\r\n", b"\n")
