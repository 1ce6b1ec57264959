"""Syntax trees of a submission's modules: what a module binds, whether a body was touched, where doors go."""

from __future__ import annotations

import ast
import hashlib
from collections import Counter
from collections.abc import Collection, Iterator

from grader.sandbox.allowed import ALLOWED_MODULES
from grader.sandbox.answers import NAME_LIMIT, REFUSED_LIMIT, FunctionSeen
from grader.sandbox.cells import parse_source

FUNCTIONS_LIMIT = 500
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_BLOCKS = ("body", "orelse", "finalbody")


def bound_names(statement: ast.stmt) -> Iterator[str]:
    """Give every name that a statement binds in its own scope; `*` for a star import."""
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop()
        yield from _binds(node)
        if not isinstance(node, (*_SCOPES, ast.Lambda)):
            waiting.extend(ast.iter_child_nodes(node))


def _binds(node: ast.AST) -> Iterator[str]:
    if isinstance(node, _SCOPES):
        yield node.name
    elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        yield node.id
    elif isinstance(node, ast.alias):
        yield (node.asname or node.name).partition(".")[0]
    elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name:
        yield node.name
    elif isinstance(node, ast.MatchMapping) and node.rest:
        yield node.rest


def body_digest(function: ast.FunctionDef) -> str:
    """Digest a function's body without its docstring; comments and layout do not matter."""
    body = function.body[1:] if ast.get_docstring(function, clean=False) is not None else function.body
    dumped = "\n".join(ast.dump(statement) for statement in body)
    return hashlib.sha256(dumped.encode("utf-8", "backslashreplace")).hexdigest()


def functions_seen(text: str, filename: str) -> dict[str, FunctionSeen]:
    """List the names that a module binds at its top level; raise SyntaxError as `ast.parse` does."""
    tree = parse_source(text, filename)
    times: Counter[str] = Counter()
    seen: dict[str, FunctionSeen] = {}
    for statement in tree.body:
        for name in bound_names(statement):
            times[name] += 1
            line = seen[name].line if name in seen else statement.lineno
            seen[name] = FunctionSeen(line, _plain_body(statement) if times[name] == 1 else None)
    kept = [name for name in seen if len(name) <= NAME_LIMIT][:FUNCTIONS_LIMIT]
    return {name: seen[name] for name in kept}


def _plain_body(statement: ast.stmt) -> str | None:
    plain = isinstance(statement, ast.FunctionDef) and not statement.decorator_list
    return body_digest(statement) if plain and isinstance(statement, ast.FunctionDef) else None


def refused_imports(text: str, filename: str, package: str) -> list[tuple[int, str]]:
    """List imports inside of functions and blocks that will be refused once they run, with their lines.

    Those at the top of a module need no look ahead: they are refused when it is imported.
    """
    tree = parse_source(text, filename)
    top = set(map(id, tree.body))
    inner = [node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
    found = [(node.lineno, name) for node in inner if id(node) not in top
             for name in _imported(node) if name not in ALLOWED_MODULES and name.partition(".")[0] != package]
    return [(line, name) for line, name in sorted(found) if len(name) <= NAME_LIMIT][:REFUSED_LIMIT]


def _imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if node.module and not node.level else []


def hidden_name(function: str) -> str:
    """Name the global that holds a door; no source text can spell it."""
    return f"door:{function}"


def put_doors(tree: ast.Module, doors: Collection[str]) -> None:
    """Change a module's tree so that each door's name means the door, from its first binding on.

    A plain `def` is replaced whole. After any other statement that binds the name, in whatever block of
    the top level, the name is bound to the door again; so aliases, default arguments and tables built
    later in the module see the door.
    """
    tree.body = _with_doors(tree.body, frozenset(doors))


def _with_doors(block: list[ast.stmt], doors: frozenset[str]) -> list[ast.stmt]:
    result: list[ast.stmt] = []
    for statement in block:
        bound = set(bound_names(statement))
        names = sorted(doors if "*" in bound else doors & bound)
        if not names:
            result.append(statement)
        elif isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            result += _rebind(names, statement)
        else:
            _enter_blocks(statement, names, doors)
            result += [statement, *_rebind(names, statement)]
    return result


def _enter_blocks(statement: ast.stmt, names: list[str], doors: frozenset[str]) -> None:
    """Treat the blocks of a compound statement; its header may have bound a name before they run."""
    if isinstance(statement, ast.ClassDef):
        return
    parts: list[ast.AST] = [statement, *getattr(statement, "handlers", ()), *getattr(statement, "cases", ())]
    for part in parts:
        for name in _BLOCKS:
            block = getattr(part, name, None)
            if isinstance(block, list) and block:
                setattr(part, name, _rebind(names, block[0]) + _with_doors(block, doors))


def _rebind(names: list[str], at: ast.stmt) -> list[ast.stmt]:
    return [
        ast.fix_missing_locations(ast.copy_location(
            ast.Assign([ast.Name(name, ast.Store())], ast.Name(hidden_name(name), ast.Load())), at))
        for name in names
    ]
