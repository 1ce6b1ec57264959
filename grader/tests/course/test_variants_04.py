"""Lesson 4 as it may rightly be written in other ways: every one of them earns every point."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from grader.course import Course, load_course
from grader.grading import Grader
from grader.result import Result
from grader.verify.proofs import submission_of

ROOT = Path(__file__).resolve().parents[3]
REFERENCE = (ROOT / "reference" / "minigpt" / "positional.py").read_text(encoding="utf-8")
SECRET = b"right in another way"

LOOPS = '''
import math
import numpy as np

def _angle(position, pair, width, base):
    return float(position) / base ** (2 * pair / width)

def sinusoidal_encoding(n_positions, d_model, base=10000.0):
    table = []
    for t in range(n_positions):
        angles = [_angle(t, column // 2, d_model, base) for column in range(d_model)]
        table.append([math.cos(a) if column % 2 else math.sin(a) for column, a in enumerate(angles)])
    return np.array(table)

def add_positions(x, table, offset=0):
    n = x.shape[-2]
    if offset not in range(len(table) - n + 1):
        raise ValueError(f"no room for {n} tokens from position {offset} on")
    out = np.array(x, dtype=x.dtype if x.dtype.kind == "f" else np.float64)
    for t in range(n):
        out[..., t, :] += table[offset + t].astype(out.dtype)
    return out

def shift_matrix(k, d_model, base=10000.0):
    if d_model & 1:
        raise ValueError
    matrix = np.eye(d_model)
    for i in range(d_model // 2):
        angle = _angle(k, i, d_model, base)
        rows = slice(2 * i, 2 * i + 2)
        matrix[rows, rows] = [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
    return matrix

def rotary_angles(positions, d_head, base=10000.0):
    if d_head % 2 == 1:
        raise ValueError("odd")
    cos = np.zeros((*positions.shape, d_head // 2))
    sin = np.zeros((*positions.shape, d_head // 2))
    for place in np.ndindex(*cos.shape):
        angle = _angle(positions[place[:-1]], place[-1], d_head, base)
        cos[place], sin[place] = math.cos(angle), math.sin(angle)
    return cos, sin

def apply_rotary(x, cos, sin):
    out = np.zeros(x.shape, dtype=x.dtype if x.dtype.kind == "f" else np.float64)
    cos = np.broadcast_to(cos, (*x.shape[:-1], x.shape[-1] // 2))
    sin = np.broadcast_to(sin, cos.shape)
    for place in np.ndindex(*cos.shape):
        *rest, i = place
        a, b = float(x[(*rest, 2 * i)]), float(x[(*rest, 2 * i + 1)])
        out[(*rest, 2 * i)] = a * cos[place] - b * sin[place]
        out[(*rest, 2 * i + 1)] = a * sin[place] + b * cos[place]
    return out

def alibi_bias(n_head, t_q, t_k):
    bias = np.zeros((n_head, t_q, t_k))
    for h in range(n_head):
        for i in range(t_q):
            for j in range(i + t_k - t_q):
                bias[h, i, j] = -(i + t_k - t_q - j) / 2 ** (8 * (h + 1) / n_head)
    return bias
'''

COMPLEX = '''
import numpy as np

class Circle:
    """Points on the unit circle, one for each position and pair."""

    def __init__(self, positions, width, base):
        speeds = np.exp(np.arange((width + 1) // 2) * (-2 * np.log(base) / width))
        self.points = np.exp(1j * np.multiply.outer(np.asarray(positions, dtype=float), speeds))

def even(width):
    if width % 2:
        raise ValueError("the width must be even")

def sinusoidal_encoding(n_positions, d_model, base=10000.0):
    points = Circle(range(n_positions), d_model, base).points
    return np.ascontiguousarray((1j * points.conj()).view(float)[:, :d_model])

def add_positions(x, table, offset=0):
    places = offset + np.arange(x.shape[-2])
    if ((places < 0) | (places >= len(table))).any():
        raise ValueError("out of the table")
    dtype = np.result_type(x, np.float16) if x.dtype.kind == "f" else np.float64
    return np.add(x, np.take(table, places, axis=0), dtype=dtype, casting="same_kind")

def shift_matrix(k, d_model, base=10000.0):
    even(d_model)
    point = Circle([k], d_model, base).points[0]
    blocks = np.einsum("i,ij->ij", point, np.eye(d_model // 2))
    return np.kron(blocks.real, np.eye(2)) + np.kron(blocks.imag, np.array([[0, -1], [1, 0]]))

def rotary_angles(positions, d_head, base=10000.0):
    even(d_head)
    points = Circle(positions, d_head, base).points
    return points.real.copy(), points.imag.copy()

def apply_rotary(x, cos, sin):
    dtype = x.dtype if x.dtype.kind == "f" else np.float64
    pairs = np.ascontiguousarray(x, dtype=np.float64).view(complex)
    return (pairs * (cos + 1j * sin)).view(float).astype(dtype)

def alibi_bias(n_head, t_q, t_k):
    slopes = np.logspace(-8 / n_head, -8, n_head, base=2)
    distance = np.subtract.outer(np.arange(t_q) + t_k - t_q, np.arange(t_k))
    return np.einsum("h,ij->hij", -slopes, np.abs(distance))
'''

# The table padded to an even width and cut; tokens added as an outer sum; everything by einsum and stack.
OTHER_ORDER = '''
import numpy as np

def sinusoidal_encoding(n_positions, d_model, base=10000.0):
    column = np.arange(d_model)
    angles = np.arange(n_positions)[:, None] * np.power(base, -(column - column % 2) / d_model)
    return np.sin(angles + np.pi / 2 * (column % 2))

def add_positions(x, table, offset=0):
    if offset < 0 or len(table[offset:]) < x.shape[-2]:
        raise ValueError("out of the table")
    total = x.astype(np.float64) + table[offset:][:x.shape[-2]]
    return total.astype(x.dtype) if x.dtype.kind == "f" else total

def shift_matrix(k, d_model, base=10000.0):
    if d_model % 2:
        raise ValueError("odd")
    start = np.zeros((d_model, d_model))
    for i in range(0, d_model, 2):
        speed = base ** (-i / d_model)
        c, s = np.cos(speed), np.sin(speed)
        start[i:i + 2, i:i + 2] = np.array([[c, s], [-s, c]]).T
    return np.linalg.matrix_power(start, k)

def rotary_angles(positions, d_head, base=10000.0):
    if d_head % 2:
        raise ValueError("odd")
    inverse = 1.0 / base ** (np.arange(0, d_head, 2, dtype=float) / d_head)
    angles = np.einsum("...,f->...f", positions.astype(float), inverse)
    return np.cos(angles), np.sin(angles)

def apply_rotary(x, cos, sin):
    partner = np.stack([-x[..., 1::2], x[..., 0::2]], axis=-1).reshape(x.shape)
    turned = x * np.repeat(cos, 2, axis=-1) + partner * np.repeat(sin, 2, axis=-1)
    return turned.astype(x.dtype if x.dtype.kind == "f" else float)

def alibi_bias(n_head, t_q, t_k):
    slopes = 0.5 ** (8 * np.arange(1, n_head + 1) / n_head)
    distance = np.arange(t_k - t_q, t_k)[:, None] - np.arange(t_k)[None, :]
    return -slopes.reshape(-1, 1, 1) * distance
'''

# What may stand ahead of a query, and in front of a whole row: only the shares under the causal mask count.
BIASES = {
    "positive_ahead": "-slopes * (i - j)",
    "zero_ahead": "-slopes * np.maximum(i - j, 0)",
    "negative_ahead": "-slopes * np.abs(i - j)",
    "very_low_ahead": "np.where(j > i, -1e9, -slopes * (i - j))",
    "minus_infinity_ahead": "np.where(j > i, -np.inf, -slopes * (i - j))",
    "by_the_place_of_the_key": "slopes * j + 0.0 * i",
    "from_the_last_key": "slopes * (j - t_k + 1) + 0.0 * i",
    "aligned_at_the_top_both_ways": "-slopes * (i - (t_k - t_q) - j)",
}


def with_functions(source: str) -> str:
    """Put the functions of a text in the place of those of the reference that have the same names."""
    names = {node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}
    tree = ast.parse(REFERENCE)
    tree.body = [node for node in tree.body if not (isinstance(node, ast.FunctionDef) and node.name in names)]
    return f"{ast.unparse(tree)}\n\n{source}"


def bias_by(formula: str) -> str:
    """Write `alibi_bias` with one of the formulas."""
    return with_functions(
        "def alibi_bias(n_head, t_q, t_k):\n"
        "    slopes = 2.0 ** (-8 * np.arange(1, n_head + 1) / n_head)[:, None, None]\n"
        "    i, j = np.arange(t_q)[:, None] + t_k - t_q, np.arange(t_k)\n"
        f"    return {formula}\n")


VARIANTS = {"loops": LOOPS, "complex_numbers": COMPLEX, "other_order": OTHER_ORDER,
            **{name: bias_by(formula) for name, formula in BIASES.items()}}


def grade(course_grader: Grader, module: str) -> Result:
    """Grade lesson 4 with this module in the reference."""
    submission = submission_of({**course_grader.reference, "positional": module})
    return course_grader.grade(submission, lessons=["4"], secret=SECRET)


@pytest.mark.parametrize("name", VARIANTS)
def test_a_right_variant_earns_everything(name: str, course_grader: Grader) -> None:
    """No way of writing the right thing loses a point."""
    result = grade(course_grader, VARIANTS[name])
    exercises = [exercise for lesson in result.lessons for exercise in lesson.exercises]
    lost = [(e.id, c.id, c.feedback.summary if c.feedback else c.status)
            for e in exercises for c in e.criteria if c.status != "passed"]
    assert lost == []
    assert (result.score, result.max_score) == (100, 100)


@pytest.mark.parametrize(("known", "formula"), [
    ("sign_with_zeros_ahead", "slopes * np.maximum(i - j, 0)"), ("sign", "slopes * (i - j)"),
])
def test_a_wrong_bias_is_named_in_both_spellings(known: str, formula: str, course_grader: Grader) -> None:
    """A bias that rewards distance is recognised, whatever it holds ahead of a query."""
    result = grade(course_grader, bias_by(formula))
    found = [c for lesson in result.lessons for e in lesson.exercises for c in e.criteria if c.feedback]
    assert {c.feedback.misconception.id for c in found if c.feedback and c.feedback.misconception} == {known}


def test_lean_and_mostly_public() -> None:
    """The lesson has 70 to 75 public points, every exercise has some, and its misconceptions are many."""
    course: Course = load_course(ROOT)
    lesson = course.lesson("4")
    public = {e.id: sum(c.points for c in e.criteria if c.public) for e in lesson.exercises}
    assert 70 <= sum(public.values()) <= 75
    assert all(public.values())
    assert len(lesson.misconceptions) >= 35
