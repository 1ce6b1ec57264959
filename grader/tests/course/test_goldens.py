"""The goldens of lesson 1: what PyTorch gives, packed so that the file never changes by chance."""

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


def committed() -> dict[str, np.ndarray]:
    """Read the committed goldens."""
    with np.load(GOLDENS.LESSON_01, allow_pickle=False) as file:
        return dict(file)


def test_goldens_are_small_and_finite() -> None:
    """The file is small, and holds float64 and bool arrays of finite numbers only."""
    assert GOLDENS.LESSON_01.stat().st_size < LIMIT
    for name, array in committed().items():
        assert array.dtype == (np.bool if name.endswith("_mask") else np.float64)
        assert np.isfinite(array).all()


def test_goldens_hold_the_inputs_that_the_script_draws() -> None:
    """The committed inputs are those that the script draws, and every query may see something."""
    for name, array in GOLDENS.inputs().items():
        np.testing.assert_array_equal(committed()[name], array)
    mask = committed()["masked_mask"]
    assert mask.any(axis=-1).all()
    assert not mask.all(axis=-1).any()


def test_packing_gives_the_committed_bytes() -> None:
    """Packing the committed arrays again gives the committed file, byte for byte, in any order."""
    arrays = committed()
    backwards = dict(reversed(arrays.items()))
    assert GOLDENS.packed(arrays) == GOLDENS.packed(backwards) == GOLDENS.LESSON_01.read_bytes()


def test_differences_are_named() -> None:
    """A changed, a missing and an extra array are named; rounding is not a difference."""
    old = {"same": np.ones(2), "changed": np.ones(2), "gone": np.ones(2)}
    new = {"same": np.ones(2) + 1e-15, "changed": np.ones(2) + 1e-9, "extra": np.ones(2)}
    assert GOLDENS.differences(old, new) == ["extra", "gone", "changed"]


def test_pytorch_still_gives_the_goldens() -> None:
    """Made again with PyTorch, the goldens are the same up to rounding."""
    pytest.importorskip("torch", reason="PyTorch is not installed, so the goldens are not made again")
    assert GOLDENS.differences(committed(), GOLDENS.make()) == []
