"""Files as students break them: `grader check` in a built starter explains each in plain words.

To renew the golden texts after a wanted change: GRADER_WRITE_GOLDEN=1 pytest, then read the difference.
"""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from grader.grading import Grader
from grader.render.terminal import open_console, render_result
from grader.result import Result
from grader.submission import read_submission

BROKEN = Path(__file__).parents[1] / "submissions" / "broken"
NAMES = sorted(file.stem for file in BROKEN.glob("*.py"))
FILE = "minigpt/attention.py"

PLACES = {
    "assigns_into_input": 6, "axis_out_of_range": 6, "bracket_left_open": 6, "broadcast_in_helper": 8,
    "broadcast_shapes": 6, "calls_an_array": 6, "divides_by_zero": 6, "divides_by_zero_gives_inf": 7,
    "dot_shapes": 6, "einsum_shapes": 6, "endless_recursion": 6, "helper_without_return": 11,
    "import_inside_a_function": 6, "import_not_allowed": 3, "index_out_of_range": 9, "integer_in_place": 7,
    "list_index": 7, "math_of_an_array": 8, "matmul_shapes": 6, "method_of_a_list": 8,
    "missing_colon": 5, "missing_indent": 6, "missing_key": 9, "misspelt_method": 6, "misspelt_name": 7,
    "name_not_imported": 6, "no_such_numpy_function": 6, "numpy_name_that_is_gone": 6, "one_equals_sign": 6,
    "overflow_gives_nan": 6, "reshape_size": 6, "tabs_and_spaces": 7, "too_many_indices": 6,
    "transpose_axes": 6, "truth_of_an_array": 6, "uneven_indent": 7, "unexpected_argument": 6,
    "unpacks_too_much": 6, "used_before_it_is_set": 8, "writes_into_view": 7,
}
"""The line that each text must name: where the error is, else (in none of these) the `def`."""
OF_THE_FUNCTION = {
    "list_for_array": 5, "missing_argument": 5, "missing_return": 5, "too_few_parameters": 5,
    "tuple_too_long": 5, "wrong_shape": 5,
}
"""Where no line is to blame, the line of the `def`."""
SHAPES = {
    "matmul_shapes": ("q is float64 [2, 4], k is float64 [3, 4]", "Here they are 4 and 3 long."),
    "dot_shapes": ("q is float64 [2, 4], k is float64 [3, 4]", "The shapes [2, 4] and [3, 4] do not fit"),
    "einsum_shapes": ("q is float64 [2, 4], k is float64 [3, 4]", "The shapes [2, 4] and [3, 4] do not go"),
    "broadcast_shapes": ("x is float64 [2, 3]", "The shapes [2, 3] and [2] do not go together"),
    "broadcast_in_helper": ("e is float64 [2, 3], total is float64 [2]",
                            "Here 2 and 3 on axis -1 do not fit."),
    "axis_out_of_range": ("x is float64 [4]", "There is no axis 1: the array has 1 axis, 0 or -1."),
    "transpose_axes": ("k is float64 [3, 4]", "another number of axes"),
    "reshape_size": ("q is float64 [2, 4]", "8 numbers do not fill the shape [3, 3], which holds 9."),
    "index_out_of_range": ("scores is float64 [2, 3], j is an int, i is an int",
                           "There is no index 2 on axis 0, which is 2 long."),
    "too_many_indices": ("x is float64 [4]", "The array has 1 axis, and the brackets name 3."),
    "integer_in_place": ("result is int64 [2, 1]", "The result of divide is float64"),
    "writes_into_view": ("x is float64 [3]", "This array cannot be written to."),
    "assigns_into_input": ("scores is float64 [1, 3]", "An input belongs to the caller"),
    "truth_of_an_array": ("mask is bool [1, 3]", "np.where chooses entry by entry"),
    "unpacks_too_much": ("", "3 names stand on the left, and the right side has 2."),
    "math_of_an_array": ("x is float64 [4]", "those of NumPy (np.exp, np.sqrt) take a whole array"),
    "calls_an_array": ("q is float64 [2, 4], k is float64 [3, 4]", "Round brackets call a function"),
    "list_index": ("rows is a list of", "np.array(…) makes an array of it"),
    "misspelt_name": ("", "There is shifted: did you mean that?"),
    "misspelt_method": ("k is float64 [3, 4]", "There is .swapaxes: is that what you mean?"),
    "numpy_name_that_is_gone": ("", "NumPy no longer has np.float. Write float."),
    "unexpected_argument": ("", "max() has no argument called dim. NumPy calls it axis."),
    "overflow_gives_nan": ("", "The first number that grew too large came up in exp, in "
                               "minigpt/attention.py, line 6"),
    "missing_return": ("", "None (is a return missing?)"),
    "helper_without_return": ("e is None", "A function that ends without `return` gives None"),
}
"""What the text must say of the operands, and in its explanation."""


def check(grader: Grader, name: str) -> tuple[Result, str]:
    """Check a broken file in place of the starter's, and show the screen."""
    text = (BROKEN / f"{name}.py").read_text(encoding="utf-8")
    module = grader.course.root / FILE
    module.write_text(text, encoding="utf-8")
    submission = read_submission(grader.course.root, grader.course.package)
    result = grader.check(submission, exercises={text.split("\n", 1)[0].removeprefix("# ")})
    stream = io.StringIO()
    console = open_console(plain=False, file=stream)
    console.width, console.no_color = 80, True
    render_result(result, grader.course, mode="check", console=console, plain=False)
    return result, stream.getvalue()


@pytest.mark.parametrize("name", NAMES)
def test_a_broken_file_is_explained(name: str, student_grader: Grader) -> None:
    """The screen is the golden one, names the student's line, and says operands and shapes."""
    result, screen = check(student_grader, name)
    golden = BROKEN / f"{name}.txt"
    if os.environ.get("GRADER_WRITE_GOLDEN"):
        golden.write_text(screen, encoding="utf-8", newline="\n")
    assert screen == golden.read_text(encoding="utf-8")
    assert not result.passed
    assert f"{FILE}:{PLACES.get(name) or OF_THE_FUNCTION[name]}" in screen or name in FINITENESS
    said = " ".join(screen.split())
    assert all(words in said for words in SHAPES.get(name, ()))


FINITENESS = ("divides_by_zero_gives_inf", "overflow_gives_nan")
"""Here the function did answer: its head is the `def` line, and the text names the line of the operation."""


@pytest.mark.parametrize("name", FINITENESS)
def test_the_line_of_the_first_overflow_is_named(name: str, student_grader: Grader) -> None:
    """Where the first nan or infinity can be traced to an operation, its line is told."""
    said = " ".join(check(student_grader, name)[1].split())
    assert f"in {FILE}, line {PLACES[name]}, in" in said


def test_every_kind_of_breakage_is_there() -> None:
    """At least 25 files, each with a line that its text must name."""
    assert len(NAMES) >= 25
    assert sorted(PLACES | OF_THE_FUNCTION) == NAMES
