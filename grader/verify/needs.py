"""Hold the reference to its own `needs`: what an exercise calls is what its doors will answer."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from grader.course import Course, Lesson


def undeclared_calls(course: Course, lesson: Lesson, reference: Mapping[str, str]) -> list[str]:
    """List, a line each, the exercises that the reference uses without declaring them in `needs`."""
    tree = ast.parse(reference[lesson.module])
    defs = {n.name: n for n in tree.body if isinstance(n, (ast.FunctionDef, ast.ClassDef))}
    problems = []
    for exercise in lesson.exercises:
        used = _names_used(exercise.function, defs, stop_at={e.function for e in lesson.exercises})
        for other in course.exercises.values():
            if other.function in used and other.id not in (exercise.id, *exercise.needs):
                problems.append(
                    f"{exercise.id} {exercise.function} uses {other.id} {other.function}, "
                    "which is not in its needs "
                    f"(reference/{course.package}/{lesson.module}.py:{defs[exercise.function].lineno})")
    return problems


def _names_used(function: str, defs: Mapping[str, ast.stmt], *, stop_at: set[str]) -> set[str]:
    """Collect the names that a function mentions, through its helpers but not through other exercises."""
    found: set[str] = set()
    waiting = [function]
    while waiting:
        node = defs.get(waiting.pop())
        if node is None:
            continue
        names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
        names |= {n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)}
        waiting += [n for n in names - found if n in defs and n not in stop_at]
        found |= names
    return found - {function}
