"""Check scaling with numbers that nobody can guess."""

from grader.testing import check_array, criterion


@criterion("2.1", "values")
def test_a_table_is_scaled(student, rng):
    """Each number of a table is multiplied."""
    x, k = rng.normal(size=(2, 3)), float(rng.uniform(2.0, 3.0))
    check_array(student.scale(x, k), [[float(value) * k for value in row] for row in x])


@criterion("2.1", "negative")
def test_a_negative_factor_turns_the_sign(student, rng):
    """A negative factor turns the sign of every number."""
    x = rng.uniform(1.0, 2.0, size=5)
    check_array(student.scale(x, -2.0), [-2.0 * float(value) for value in x])
