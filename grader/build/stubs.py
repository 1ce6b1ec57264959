"""Make the student's stub of a module: the reference with the bodies of its exercises taken out.

Fail-closed: whatever is not plainly an exercise, given, a solution, an import or a constant is refused.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from grader.errors import CourseError

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_TODO = re.compile(r"#\s*todo\b", re.IGNORECASE)
_CONTINUATION = re.compile(r"#\s{2,}\S")


@dataclass(frozen=True)
class Body:
    """An exercise's function, cut at its first TODO."""

    function: ast.FunctionDef
    indent: str
    cut: int
    """Line of the first TODO: what is above it stays."""
    last: int
    todos: tuple[str, ...]
    taken: tuple[ast.stmt, ...]
    """The statements that the student has to write."""


@dataclass(frozen=True)
class Module:
    """A module of the reference, taken apart and found fit for a stub."""

    lines: tuple[str, ...]
    """Line 1 is at index 1, as in the syntax tree."""
    tree: ast.Module
    where: str
    bodies: Mapping[str, Body]
    """Function of an exercise -> its body."""
    helpers: Mapping[str, Definition]
    """Solution helper -> its definition, which students do not get."""


def stub_source(
    text: str, *, exercises: Mapping[str, str], given: Collection[str], solution: Collection[str], where: str
) -> str:
    """Make the stub of a module's text; `exercises` maps each function to its id ("1.5").

    An exercise keeps its signature, its docstring, the lines above its first TODO and all its TODO
    comments, and raises NotImplementedError. Solution helpers go; given functions stay whole.
    Raises CourseError at whatever is none of these.
    """
    module = take_apart(text, exercises=exercises, given=given, solution=solution, where=where)
    lines: dict[int, list[str]] = {number: [line] for number, line in enumerate(module.lines) if number}
    for body in module.bodies.values():
        name = body.function.name
        end = f'{body.indent}raise NotImplementedError("{exercises[name]} {name}")'
        _replace(lines, body.cut, body.last, [*body.todos, end])
    for helper in module.helpers.values():
        _replace(lines, *_whole(module.lines, helper), [])
    stub = "\n".join(line for number in sorted(lines) for line in lines[number]).rstrip("\n") + "\n"
    compile(stub, where, "exec", dont_inherit=True)
    return stub


def take_apart(
    text: str, *, exercises: Collection[str], given: Collection[str], solution: Collection[str], where: str
) -> Module:
    """Sort the definitions of a module into exercises, given and solution; refuse everything else."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", 1)
        raise _refuse(where, line, f"this is not Python: {error}", "Correct it.") from None
    lines = ("", *text.split("\n"))
    _check_names(tree, where, {"exercise": exercises, "given": given, "solution": solution})
    for node in tree.body:
        _check_statement(node, where)
    tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    defined = {node.name: node for node in tree.body if isinstance(node, DEFINITIONS)}
    bodies = {name: _body(_plain(defined[name], where), lines, tokens, where) for name in exercises}
    module = Module(lines, tree, where, bodies, {name: defined[name] for name in solution})
    _check_shipped(module)
    return module


def _refuse(where: str, line: int | None, problem: str, fix: str) -> CourseError:
    return CourseError(problem, where=f"{where}:{line or 1}", fix=fix)


# What may stand at the top level


def _check_names(tree: ast.Module, where: str, listed: Mapping[str, Collection[str]]) -> None:
    """Refuse a definition that is in no list or bound twice, and a listed name that is not defined."""
    kinds: dict[str, str] = {}
    for kind, names in listed.items():
        for name in names:
            if name in kinds:
                raise _refuse(where, 1, f"`{name}` is listed as {kinds[name]} and as {kind}", "List it once.")
            kinds[name] = kind
    defined = {node.name for node in tree.body if isinstance(node, DEFINITIONS)}
    seen: set[str] = set()
    for node in tree.body:
        if isinstance(node, DEFINITIONS) and node.name not in kinds:
            raise _refuse(where, node.lineno, f"`{node.name}` is neither an exercise nor given nor solution",
                          "List it in rubric.toml under `given` or `solution`.")
        for name in _bound(node):
            if name in seen and name in defined:
                raise _refuse(where, node.lineno, f"`{name}` is bound a second time",
                              "Give each its own name.")
            seen.add(name)
    for name, kind in kinds.items():
        if name not in defined:
            raise _refuse(where, 1, f"`{name}` is listed as {kind}, but no definition at the top level has "
                          "that name", "Define it, or correct rubric.toml.")


def _bound(node: ast.stmt) -> Iterator[str]:
    """List the names that a top-level statement binds."""
    if isinstance(node, DEFINITIONS):
        yield node.name
        return
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
            yield inner.id
        elif isinstance(inner, ast.alias):
            yield inner.asname or inner.name.split(".")[0]


def _check_statement(node: ast.stmt, where: str) -> None:
    """Refuse top-level code that could hide a solution or run one."""
    if isinstance(node, DEFINITIONS) or _is_import(node):
        return
    is_text = isinstance(node, ast.Expr) and _is_string(node.value)
    if not (is_text or isinstance(node, (ast.Assign, ast.AnnAssign))):
        raise _refuse(where, node.lineno,
                      "only imports, constants and definitions may stand at the top level",
                      "Move this into a function that is listed as given or solution.")
    for inner in ast.walk(node):
        if isinstance(inner, ast.Lambda):
            raise _refuse(where, inner.lineno, "a lambda at the top level is a function without a list",
                          "Write it as `def`, and list it as given or solution.")


def _is_import(node: ast.stmt) -> bool:
    if isinstance(node, ast.If):  # if TYPE_CHECKING:
        return all(_is_import(inner) for inner in (*node.body, *node.orelse))
    return isinstance(node, (ast.Import, ast.ImportFrom))


def _is_string(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _plain(node: Definition, where: str) -> ast.FunctionDef:
    if not isinstance(node, ast.FunctionDef):
        raise _refuse(where, node.lineno, f"the exercise `{node.name}` is not a plain function",
                      "Write it as `def`.")
    return node


# How a body is cut


def _body(
    node: ast.FunctionDef, lines: tuple[str, ...], tokens: list[tokenize.TokenInfo], where: str
) -> Body:
    """Cut a body at its first TODO; refuse one that cannot be cut cleanly."""
    header = _header_end(node, tokens)
    first = node.body[0]
    if _first_line(first) <= header:
        raise _refuse(where, node.lineno, f"the body of `{node.name}` stands on the line of its `def`",
                      "Start it on a line of its own, with a TODO above the code.")
    indent = lines[_first_line(first)][: _column(first, lines)]
    last = _last_line(lines, node)
    comments = (token for token in tokens if token.type == tokenize.COMMENT)
    inside = [token for token in comments if _start(node) <= token.start[0] <= last]
    todos = [token for token in inside if _TODO.match(token.string)]
    for token in todos:
        _check_todo(token, node, indent, header, where)
    if not todos:
        raise _refuse(where, node.lineno, f"`{node.name}` has no TODO for the student",
                      "Write `# TODO: …` in its body, above the code to take out.")
    cut = todos[0].start[0]
    taken = tuple(statement for statement in node.body if statement.lineno > cut)
    _check_cut(node, cut, taken, where)
    return Body(node, indent, cut, last, tuple(_with_continuations(todos, inside, lines)), taken)


def _header_end(node: ast.FunctionDef, tokens: list[tokenize.TokenInfo]) -> int:
    """Find the line of the colon that ends `def …:`."""
    depth = 0
    signs = (token for token in tokens if token.type == tokenize.OP and token.start[0] >= node.lineno)
    for token in signs:
        depth += (token.string in "([{") - (token.string in ")]}")
        if token.string == ":" and depth == 0:
            break
    return token.start[0]


def _column(statement: ast.stmt, lines: tuple[str, ...]) -> int:
    line = lines[_first_line(statement)]
    return len(line) - len(line.lstrip())


def _start(node: Definition) -> int:
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def _first_line(statement: ast.stmt) -> int:
    return _start(statement) if isinstance(statement, DEFINITIONS) else statement.lineno


def _end(node: ast.stmt) -> int:
    return node.end_lineno or node.lineno


def _last_line(lines: tuple[str, ...], node: Definition) -> int:
    """Find a definition's last line, with the indented comments below its code."""
    last = _end(node)
    for number in range(last + 1, len(lines)):
        line = lines[number]
        if line.strip() and not line.lstrip().startswith("#"):
            break
        last = number if line.strip() and line[0].isspace() else last
    return last


def _check_todo(
    token: tokenize.TokenInfo, node: ast.FunctionDef, indent: str, header: int, where: str
) -> None:
    """Refuse a TODO that is not a line of its own at the level of the body."""
    line, column = token.start
    nested = any(_first_line(statement) <= line <= _end(statement) for statement in node.body)
    if nested or line <= header or token.line[:column] != indent:
        raise _refuse(where, line,
                      f"this TODO of `{node.name}` is inside a block, a bracket or a line of code",
                      "Move it to a line of its own, indented like the body's first line.")
    if not re.match(r"# TODO\b", token.string):
        raise _refuse(where, line, f"this TODO of `{node.name}` is spelled another way", "Write `# TODO`.")


def _check_cut(node: ast.FunctionDef, cut: int, taken: tuple[ast.stmt, ...], where: str) -> None:
    """Refuse a cut that takes nothing out, or that leaves code which would answer for the student."""
    if not taken:
        raise _refuse(where, cut, f"`{node.name}` has no code below its first TODO",
                      "Move the TODO above the code that students write.")
    for statement in node.body[: len(node.body) - len(taken)]:
        if isinstance(statement, (ast.Return, ast.Raise)):
            raise _refuse(where, statement.lineno, f"`{node.name}` ends above its first TODO",
                          "Move the TODO up.")
        for inner in ast.walk(statement):
            if isinstance(inner, (*DEFINITIONS, ast.Lambda)):
                raise _refuse(where, inner.lineno,
                              f"a function inside `{node.name}` stays above its first TODO",
                              "Move it below the TODO, or to the top level and list it as given.")


def _with_continuations(
    todos: list[tokenize.TokenInfo], inside: list[tokenize.TokenInfo], lines: tuple[str, ...]
) -> Iterator[str]:
    """Give the TODO lines, each with the lines `#   more` that follow it at once."""
    at = {token.start[0]: token for token in inside}
    for todo in todos:
        line, column = todo.start
        yield lines[line].rstrip()
        while (more := at.get(line + 1)) and more.start[1] == column and _CONTINUATION.match(more.string):
            line += 1
            yield lines[line].rstrip()


def _replace(lines: dict[int, list[str]], first: int, last: int, new: list[str]) -> None:
    for number in range(first, last + 1):
        lines[number] = []
    lines[first] = new


def _whole(lines: tuple[str, ...], node: Definition) -> tuple[int, int]:
    """Span a definition with the comments right above it and the blank lines below it."""
    first, last = _start(node), _last_line(lines, node)
    while lines[first - 1].startswith("#"):
        first -= 1
    while last + 1 < len(lines) and not lines[last + 1].strip():
        last += 1
    return first, last


# What is shipped must stand on its own


def _check_shipped(module: Module) -> None:
    """Refuse a stub whose remaining code needs a helper, or runs an exercise while it is imported."""
    for node in module.tree.body:
        if isinstance(node, DEFINITIONS) and node.name in module.helpers:
            continue
        body = module.bodies.get(node.name) if isinstance(node, DEFINITIONS) else None
        taken = {id(inner) for statement in (body.taken if body else ()) for inner in ast.walk(statement)}
        for name, line in _words(inner for inner in ast.walk(node) if id(inner) not in taken):
            if name in module.helpers:
                raise _refuse(module.where, line, f"the student's copy needs `{name}`, which is taken out",
                              "List it as given, or move its use below a TODO.")
        for name, line in _words(_run_at_import(node)):
            if name in module.bodies:
                raise _refuse(module.where, line, f"importing the stub would run the exercise `{name}`",
                              "Call it inside a function only.")


def _words(nodes: Iterable[ast.AST]) -> Iterator[tuple[str, int]]:
    """List the names read, and the texts that could be in `__all__`."""
    for node in nodes:
        if isinstance(node, ast.Name):
            yield node.id, node.lineno
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value, node.lineno


def _run_at_import(node: ast.stmt) -> Iterator[ast.AST]:
    """List what Python evaluates when it imports a statement (a `__all__` only lists names)."""
    parts: list[ast.AST] = [node]
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        defaults = [*node.args.defaults, *(default for default in node.args.kw_defaults if default)]
        parts = [*node.decorator_list, *defaults]
    elif isinstance(node, ast.ClassDef):
        parts = [*node.decorator_list, *node.bases, *node.keywords]
        for inner in node.body:
            yield from _run_at_import(inner)
    for part in parts:
        yield from (inner for inner in ast.walk(part) if isinstance(inner, ast.Name))
