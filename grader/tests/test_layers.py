"""The house rule: imports point down only, and the grader knows nothing of the course."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1]

LAYERS = {
    "errors": 1,
    "course": 2, "result": 2,
    "submission": 3, "testing": 3,
    "sandbox": 4, "render": 4, "exchange": 5,  # a format may use what shows text
    "grading": 5,
    "build": 6, "verify": 6, "student": 6, "classroom": 6,
    "cli": 7, "__main__": 8,
}
COURSE_WORDS = re.compile(r"attention|softmax|transformer(?!-classroom)|multi.?head|positional", re.I)


def modules(package: Path) -> list[Path]:
    """List the package's modules without its tests."""
    return [p for p in sorted(package.rglob("*.py")) if "tests" not in p.relative_to(package).parts]


def room(name: str) -> str:
    """Name the part of the house that a dotted module name lies in."""
    return name.split(".")[1] if "." in name else ""


def imports(source: str) -> list[str]:
    """List the grader modules that a text imports, at any depth of nesting."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [a.name for a in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "the package uses absolute imports"
            found += [_target(node.module or "", a.name) for a in node.names]
    return [name for name in found if name.startswith("grader.")]


def _target(module: str, name: str) -> str:
    """Resolve `from module import name`: a module of that name, or a name in the module."""
    path = PACKAGE.parent.joinpath(*module.split("."), name)
    is_module = path.is_dir() or path.with_suffix(".py").is_file()
    return f"{module}.{name}" if is_module else module


def upward(package: Path) -> list[str]:
    """List the arrows that do not point down."""
    arrows = []
    for file in modules(package):
        own = file.relative_to(package).parts[0].removesuffix(".py")
        if own == "__init__":
            assert not imports(file.read_text()), "grader/__init__.py imports nothing"
            continue
        for name in imports(file.read_text(encoding="utf-8")):
            if room(name) in LAYERS and room(name) != own and LAYERS[room(name)] >= LAYERS[own]:
                arrows.append(f"{file.relative_to(package)} -> {name}")
    return arrows


def test_imports_point_down() -> None:
    """No module imports one of its own layer or of a higher one."""
    assert upward(PACKAGE) == []


def test_every_room_has_a_layer() -> None:
    """A new module or folder must be given its place in the house."""
    rooms = {p.relative_to(PACKAGE).parts[0].removesuffix(".py") for p in modules(PACKAGE)}
    assert rooms - {"__init__"} <= set(LAYERS)


def test_a_planted_upward_import_is_found(tmp_path: Path) -> None:
    """The test can fail: an arrow from course to grading is reported."""
    (tmp_path / "course").mkdir()
    (tmp_path / "course" / "bad.py").write_text("def f():\n    from grader.grading import grade\n")
    assert upward(tmp_path) == ["course/bad.py -> grader.grading"]


def _cycle(package: Path) -> list[str]:
    graph = {}
    for file in modules(package):
        name = "grader." + ".".join(file.relative_to(package).with_suffix("").parts)
        graph[name.removesuffix(".__init__")] = file
    edges = {name: [i for i in imports(_top_level(file)) if i in graph and i != name]
             for name, file in graph.items()}
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> list[str]:
        if name in trail:
            return [*trail[trail.index(name):], name]
        if name in done:
            return []
        for target in edges[name]:
            if found := visit(target, (*trail, name)):
                return found
        done.add(name)
        return []

    return next((found for name in edges if (found := visit(name, ()))), [])


def _top_level(file: Path) -> str:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return "\n".join(ast.unparse(n) for n in tree.body if isinstance(n, (ast.Import, ast.ImportFrom)))


def test_no_modules_import_each_other() -> None:
    """There is no cycle among the imports at the top of modules."""
    assert _cycle(PACKAGE) == []


@pytest.mark.parametrize("file", modules(PACKAGE), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_no_word_of_the_course_in_the_grader(file: Path) -> None:
    """The grader does not know what is being taught."""
    assert COURSE_WORDS.findall(file.read_text(encoding="utf-8")) == []
