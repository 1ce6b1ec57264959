"""Read one submission: the modules of the student's package, and what had to be set aside."""

from __future__ import annotations

import hashlib
import keyword
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from grader.errors import SubmissionError
from grader.submission.answers import Answers, read_answers
from grader.submission.commit import read_commit
from grader.submission.folder import Folder, NotReadable, printable
from grader.submission.notebooks import ENDING, Notebook, read_notebooks
from grader.submission.notebooks import FOLDER as NOTEBOOKS
from grader.submission.source import NotText, source_text

FILE_BYTES = 1 << 20
TREE_BYTES = 8 << 20
FILES = 200
DEPTH = 6
NAMES = 2000
PROBLEMS = 100
_SHOWN_NAME = 120

_RUNNER_FILES = ("conftest.py", "sitecustomize.py", "usercustomize.py", "pytest.ini")
_RUNNER_ENDINGS = (".pth", ".so", ".pyd", ".dll", ".dylib")
_RUNNER_FOLDERS = ("numpy", "grader")


@dataclass(frozen=True)
class Problem:
    """A file that was set aside, and why."""

    file: str
    problem: str


@dataclass(frozen=True)
class Submission:
    """A student's tree, as text. Nothing of it was parsed or run."""

    id: str
    source: str
    """Where it came from: "folder", "zip" or "git"."""
    commit: str | None
    digest: str
    """sha256 over names and text of all modules and code cells, and over the answers."""
    modules: Mapping[str, str]
    """Dotted name below the package ("__init__", "sums", "sub.tables") -> source text."""
    rejected: Mapping[str, str]
    """Module -> sentence that says what is wrong with its file and what to do."""
    problems: tuple[Problem, ...]
    answers: Answers = field(default_factory=Answers)
    root: Path | None = None
    """The folder it was read from; None for one that was made in memory."""
    notebooks: Mapping[str, Notebook] = field(default_factory=dict)
    """File below `notebooks/`, without its ending -> its code cells."""


def read_submission(path: Path, package: str, *, id: str | None = None) -> Submission:
    """Read the package's modules in the folder `path`; one bad file only rejects that file.

    Raises SubmissionError where there is no folder, or neither the package nor a notebook in it.
    """
    with Folder.open_root(path) as root:
        return read_tree(root, package, id=id if id is not None else path.resolve().name or "submission",
                         place=path)


def read_tree(
    root: Folder, package: str, *, id: str, place: Path, source: str = "folder", commit: str | None = None
) -> Submission:
    """Read the package's modules in an open folder, be it on the disk, in an archive or in a commit.

    `place` is what an error names. Raises SubmissionError as `read_submission` does.
    """
    notebooks = read_notebooks(root)
    tree = _Tree(package)
    if root.kind(package) != "missing" or not any(notebooks):  # "" stands for the folder itself
        _read_package(root, place, tree)
    tree.misplaced(root)
    answers = read_answers(root)
    tree.problems += [Problem(f"answers/{shown(name)}", f"This file {problem}")
                      for name, problem in sorted(answers.problems.items())]
    tree.problems += [Problem(one.file, f"This file{one.rejected.removeprefix(one.file)}")
                      for one in notebooks.values() if one.rejected]
    return Submission(
        id=shown(id), source=source, commit=commit or read_commit(root),
        digest=_digest(tree.modules, answers, notebooks), problems=tree.shown_problems(),
        modules=dict(sorted(tree.modules.items())), rejected=dict(sorted(tree.rejected.items())),
        answers=answers, root=place if source == "folder" else None, notebooks=notebooks,
    )


def _read_package(root: Folder, path: Path, tree: _Tree) -> None:
    package = tree.package
    _require_package(root, path, package)
    try:
        with root.folder(package) as folder:
            tree.read_folder(folder, ())
    except NotReadable as error:
        raise SubmissionError(f"the folder {package}/ {error}", where=printable(str(path)),
                              fix=f"Make {package}/ a plain folder, with your modules only.") from None


def shown(name: str) -> str:
    """Make a stranger's name printable, and short."""
    text = printable(name)
    return text if len(text) <= _SHOWN_NAME else text[:_SHOWN_NAME] + "…"


def _require_package(root: Folder, path: Path, package: str) -> None:
    kind = root.kind(package)
    if kind == "folder":
        return
    if kind != "missing":
        raise SubmissionError(f"{package} is a {kind}, not a folder", where=printable(str(path)),
                              fix=f"Make {package}/ a plain folder with your modules in it.")
    names = _names(root)
    found = ", ".join(shown(name) for name in names[:8]) + (", …" if len(names) > 8 else "")  # noqa: PLR2004
    raise SubmissionError(f"there is no folder {package}/ here; found: {found or 'nothing'}",
                          where=printable(str(path)), fix=_where_to_look(root, path, package, names))


def _names(root: Folder) -> list[str]:
    try:
        return [name for name in root.names(NAMES) if not name.startswith(".")]
    except NotReadable:
        return []


def _where_to_look(root: Folder, path: Path, package: str, names: list[str]) -> str:
    """Guess the slip: one folder too deep, one too high, or modules beside the package's place."""
    if path.resolve().name == package:
        return f"Name the folder above {package}/, not {package}/ itself."
    for name in names:
        if _holds(root, name, package):
            return f"It is in {shown(name)}/: name that folder."
    if any(name.endswith(".py") for name in names):
        return f"Move your modules into a folder {package}/."
    return f"Name the folder of a student's repository: the one with {package}/ in it."


def _holds(root: Folder, name: str, package: str) -> bool:
    try:
        with root.folder(name) as folder:
            return folder.kind(package) == "folder"
    except NotReadable:
        return False


def _digest(modules: Mapping[str, str], answers: Answers, notebooks: Mapping[str, Notebook]) -> str:
    total = hashlib.sha256(answers.digest.encode())
    cells = {f"{one.file} {cell.number}": cell.text for one in notebooks.values() for cell in one.cells}
    for name, text in [*sorted(modules.items()), *cells.items()]:
        data = text.encode()
        total.update(f"{len(name.encode())}:{name}:{len(data)}:".encode() + data)
    return total.hexdigest()


@dataclass
class _Tree:
    """What has been read so far, and how much more may be."""

    package: str
    modules: dict[str, str] = field(default_factory=dict)
    rejected: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    files: int = 0
    size: int = 0

    def read_folder(self, folder: Folder, steps: tuple[str, ...]) -> None:
        """Read the modules of a folder, then the folders in it, both in the order of their names."""
        names = folder.names(NAMES + 1)
        if len(names) > NAMES:
            raise NotReadable(f"holds more than {NAMES} names")
        names = [name for name in names if not _is_ignored(name)]
        folders = [name for name in names if folder.kind(name) == "folder" and not name.endswith(".py")]
        for name in names:
            if name not in folders:
                self._read_file(folder, steps, name)
        for name in folders:
            self._enter(folder, steps, name)

    def _enter(self, folder: Folder, steps: tuple[str, ...], name: str) -> None:
        problem = _name_problem(name) or self._folder_problem(steps, name)
        if not problem:
            try:
                with folder.folder(name) as inner:
                    self.read_folder(inner, (*steps, name))
                return
            except NotReadable as error:
                problem = str(error)
        self._set_aside((*steps, name), f"This folder {problem}.")

    def _folder_problem(self, steps: tuple[str, ...], name: str) -> str | None:
        if name in _RUNNER_FOLDERS:
            return "has the name of a package that your code imports, and is not read"
        if len(steps) + 1 >= DEPTH:
            return f"is more than {DEPTH} folders deep"
        module = ".".join((*steps, name))
        if module in self.modules or module in self.rejected:
            return f"has the name of the module {name}.py beside it. Rename one of them"
        return None

    def _read_file(self, folder: Folder, steps: tuple[str, ...], name: str) -> None:
        if name in _RUNNER_FILES or name.endswith(_RUNNER_ENDINGS):
            self._set_aside((*steps, name), "This file would steer Python or pytest, and is not read.")
        elif name.endswith(".py"):
            stem = name.removesuffix(".py")
            problem = _name_problem(stem)
            if problem:
                self._set_aside((*steps, name), f"This file {problem}.")
            else:
                self._read_module(folder, (*steps, stem), name)
        elif folder.kind(name) != "file":
            self._set_aside((*steps, name), f"This is a {folder.kind(name)}, and is not read.")

    def _read_module(self, folder: Folder, module: tuple[str, ...], name: str) -> None:
        place = (*module[:-1], name)
        try:
            text = self._text(folder, name)
        except (NotReadable, NotText) as error:
            sentence = str(error) if isinstance(error, NotText) else f"{error}. {_NEXT}"
            self.rejected[".".join(module)] = f"{self._name(place)} {sentence}"
            self._set_aside(place, f"This file {sentence}")
            return
        self.modules[".".join(module)] = text

    def misplaced(self, root: Folder) -> None:
        """Name the notebooks that lie where they are not looked for."""
        for name in _names(root):
            if name.endswith(ENDING):
                self.problems.append(Problem(
                    shown(name), f"This notebook is not read here. Move it into {NOTEBOOKS}/."))

    def _text(self, folder: Folder, name: str) -> str:
        if self.files >= FILES:
            raise NotReadable(f"comes after the first {FILES} files")
        self.files += 1
        left = TREE_BYTES - self.size
        try:
            data = folder.read(name, min(FILE_BYTES, left))
        except NotReadable:
            if left < FILE_BYTES:
                whole = f"{TREE_BYTES >> 20} MiB"
                raise NotReadable(f"does not fit: all files together may have {whole}") from None
            raise
        self.size += len(data)
        return source_text(data)

    def _name(self, place: tuple[str, ...]) -> str:
        return "/".join(shown(step) for step in (self.package, *place))

    def _set_aside(self, place: tuple[str, ...], problem: str) -> None:
        self.problems.append(Problem(self._name(place), problem))

    def shown_problems(self) -> tuple[Problem, ...]:
        """Give the first problems, and say how many more there are."""
        more = len(self.problems) - PROBLEMS
        rest = [Problem(f"{self.package}/", f"{more} more files were set aside.")] if more > 0 else []
        return (*self.problems[:PROBLEMS], *rest)


_NEXT = "Put a plain Python file in its place."


def _is_ignored(name: str) -> bool:
    return name == "__pycache__" or name.startswith(".") or name.endswith((".pyc", ".pyo"))


def _name_problem(name: str) -> str | None:
    """Say why Python could not import a name, or two spellings of it would be one."""
    if not name.isidentifier():
        return "has a name that Python cannot import. Use letters, digits and _"
    if keyword.iskeyword(name):
        return "is named like a word of Python's own. Rename it"
    if unicodedata.normalize("NFKC", name) != name:
        return "has a name with letters that Python reads as others. Use plain letters"
    return None
