"""The goldens of the lessons: what PyTorch gives, packed so that the files never change by chance."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[3]
LIMIT = 64 * 1024


def script() -> ModuleType:
    """Load the script that makes the goldens."""
    spec = importlib.util.spec_from_file_location("make_goldens", ROOT / "reference/oracle/make_goldens.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GOLDENS = script()
LESSONS: dict[str, Path] = GOLDENS.lessons()
each_lesson = pytest.mark.parametrize("lesson", LESSONS)


def committed(lesson: str) -> dict[str, np.ndarray]:
    """Read the committed goldens of a lesson."""
    with np.load(LESSONS[lesson], allow_pickle=False) as file:
        return dict(file)


def test_every_file_of_goldens_has_a_script() -> None:
    """No goldens are committed that nobody can make again."""
    assert sorted(LESSONS.values()) == sorted((ROOT / "assignments").glob("*/goldens.npz"))


@each_lesson
def test_goldens_are_small_and_finite(lesson: str) -> None:
    """The file is small, and holds arrays of numbers or bools, finite ones only."""
    assert LESSONS[lesson].stat().st_size < LIMIT
    for array in committed(lesson).values():
        assert array.dtype.kind in "bif"
        assert np.isfinite(array).all()


@each_lesson
def test_goldens_hold_the_inputs_that_the_script_draws(lesson: str) -> None:
    """The committed inputs are those that the script draws; every row of a mask sees some keys, not all."""
    held = committed(lesson)
    for name, array in GOLDENS.maker(lesson).inputs().items():
        np.testing.assert_array_equal(held[name], array)
        if name.endswith("_mask"):
            assert array.any(axis=-1).all()
            assert not array.all()


@each_lesson
def test_packing_gives_the_committed_bytes(lesson: str) -> None:
    """Packing the committed arrays again gives the committed file, byte for byte, in any order."""
    arrays = committed(lesson)
    backwards = dict(reversed(arrays.items()))
    assert GOLDENS.packed(arrays) == GOLDENS.packed(backwards) == LESSONS[lesson].read_bytes()


def test_differences_are_named() -> None:
    """A changed, a missing and an extra array are named; rounding is not a difference."""
    old = {"same": np.ones(2), "changed": np.ones(2), "gone": np.ones(2)}
    new = {"same": np.ones(2) + 1e-15, "changed": np.ones(2) + 1e-9, "extra": np.ones(2)}
    assert GOLDENS.differences(old, new) == ["extra", "gone", "changed"]


@each_lesson
def test_pytorch_still_gives_the_goldens(lesson: str) -> None:
    """Made again with PyTorch, the goldens are the same up to rounding."""
    for name in ("torch", "transformers"):
        pytest.importorskip(name, reason=f"{name} is not installed, so the goldens are not made again")
    assert GOLDENS.differences(committed(lesson), GOLDENS.maker(lesson).make()) == []
